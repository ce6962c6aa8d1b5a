#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/hash.h"
#include "core/text.h"
#include "registry/types.h"

namespace slipway::registry {
namespace {

constexpr std::string_view kDigestPrefix = "sha256:";
constexpr size_t kMinDigestDigits = 8;
constexpr size_t kDigestDigits = 64;

bool IsAsciiAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What a message may quote: control characters of a hostile name must not reach the terminal.
std::string Quoted(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 80)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return fmt::format("'{}{}'", shown, text.size() > 80 ? "…" : "");
}

Status CheckWord(const char* what, const std::string& word) {
  const bool good = !word.empty() && word.size() <= 128 && IsAsciiAlphanumeric(word.front()) &&
                    std::ranges::all_of(word, [](char c) {
                      return IsAsciiAlphanumeric(c) || c == '.' || c == '_' || c == '-';
                    });
  if (good) return {};
  return Error(ErrorCode::kInvalidInput, fmt::format("{} is not {}", Quoted(word), what))
      .Expected("1 to 128 letters, digits, '.', '_' or '-', starting with a letter or a digit");
}

Error NotAReference(const std::string& text) {
  return Error(ErrorCode::kInvalidInput, fmt::format("{} is not a model reference", Quoted(text)))
      .Expected(
          "NAME, NAME:7, NAME@production, sha256:ab12… (at least 8 hex digits) or a path (./dir, "
          "x.onnx)");
}

Result<ModelReference> ParseDigest(const std::string& text) {
  const std::string digits = ToLower(text.substr(kDigestPrefix.size()));
  const bool hex = std::ranges::all_of(
      digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!hex || digits.size() < kMinDigestDigits || digits.size() > kDigestDigits) {
    return Error(ErrorCode::kInvalidInput, fmt::format("{} is not a digest", Quoted(text)))
        .Expected("sha256: and 8 to 64 hex digits");
  }
  ModelReference reference;
  reference.kind = ModelReference::Kind::kDigest;
  reference.digest = fmt::format("{}{}", kDigestPrefix, digits);
  return reference;
}

Result<ModelReference> ParseVersion(const std::string& text, size_t colon) {
  ModelReference reference;
  reference.kind = ModelReference::Kind::kVersion;
  reference.name = text.substr(0, colon);
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(begin, end, reference.version);
  if (code != std::errc() || rest != end || reference.version < 1) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{} is not a version number", Quoted(text.substr(colon + 1))))
        .Expected("NAME:7, a number from 1")
        .Try(
            "NAME@ALIAS for an alias; slipway models list has the number of a label such as 1.0.0");
  }
  return reference;
}

}  // namespace

Result<ModelReference> ParseModelReference(const std::string& text) {
  if (text.empty() || text.find('\0') != std::string::npos) return NotAReference(text);
  ModelReference reference;
  if (text.front() == '.' || text.find('/') != std::string::npos || text.ends_with(".onnx")) {
    reference.kind = ModelReference::Kind::kPath;
    reference.path = text;
    return reference;
  }
  if (text.starts_with(kDigestPrefix)) return ParseDigest(text);
  if (const size_t colon = text.find(':'); colon != std::string::npos) {
    SLIPWAY_ASSIGN_OR_RETURN(reference, ParseVersion(text, colon));
  } else if (const size_t at = text.find('@'); at != std::string::npos) {
    reference.name = text.substr(0, at);
    reference.alias = text.substr(at + 1);
    reference.kind = ModelReference::Kind::kAlias;
    SLIPWAY_RETURN_IF_ERROR(CheckWord("a stage or an alias", reference.alias));
    if (reference.alias == "latest") {
      reference.kind = ModelReference::Kind::kNewest;
      reference.alias.clear();
    }
  } else {
    reference.name = text;
  }
  if (!CheckModelName(reference.name).ok()) return NotAReference(text);
  return reference;
}

std::string ToString(const ModelReference& reference) {
  switch (reference.kind) {
    case ModelReference::Kind::kNewest: return reference.name;
    case ModelReference::Kind::kVersion:
      return fmt::format("{}:{}", reference.name, reference.version);
    case ModelReference::Kind::kAlias: return fmt::format("{}@{}", reference.name, reference.alias);
    case ModelReference::Kind::kDigest: return reference.digest;
    case ModelReference::Kind::kPath: return reference.path;
  }
  return "";
}

Status CheckModelName(const std::string& name) {
  SLIPWAY_RETURN_IF_ERROR(CheckWord("a model name", name));
  if (name == "sha256" || name.ends_with(".onnx")) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("'{}' can't name a model: references would read it otherwise", name))
        .Try("another model.name");
  }
  return {};
}

Status CheckAlias(const std::string& alias) {
  SLIPWAY_RETURN_IF_ERROR(CheckWord("an alias", alias));
  if (alias == "latest") {
    return Error(ErrorCode::kInvalidInput, "'latest' always means the newest version")
        .Expected("another alias");
  }
  if (std::ranges::find(Stages(), alias) != Stages().end()) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("'{}' is a stage and can't be an alias", alias))
        .Try(fmt::format("slipway models promote REF --to {}", alias));
  }
  return {};
}

Status CheckTag(const std::string& key, const std::string& value) {
  constexpr size_t kMaxKey = 250;
  constexpr size_t kMaxValue = 8192;
  const bool printable = std::ranges::all_of(key, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f && c != '=';
  });
  if (key.empty() || key.size() > kMaxKey || !printable) {
    return Error(ErrorCode::kInvalidInput, fmt::format("{} can't be a tag's key", Quoted(key)))
        .Expected("1 to 250 printable characters without '='");
  }
  if (value.size() > kMaxValue || value.find('\0') != std::string::npos) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the value of tag '{}' is too long or not text", key))
        .Expected("at most 8,192 bytes");
  }
  return {};
}

const std::vector<std::string>& Stages() {
  static const std::vector<std::string> stages = {"development", "staging", "production",
                                                  "archived"};
  return stages;
}

Status CheckStage(const std::string& stage) {
  if (std::ranges::find(Stages(), stage) != Stages().end()) return {};
  Error error(ErrorCode::kInvalidInput, fmt::format("{} is not a stage", Quoted(stage)));
  const std::string nearest = NearestName(stage, Stages());
  if (nearest.empty()) return std::move(error).Expected(JoinOr(Stages()));
  return std::move(error).Expected(JoinOr(Stages())).Try(fmt::format("'{}'", nearest));
}

}  // namespace slipway::registry
