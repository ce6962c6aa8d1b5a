#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <vector>

#include "config/config.h"
#include "config/variables_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

struct Reference {
  std::string name;  // "" where the text between the braces names no variable.
  std::optional<std::string> fallback;
  // After a name: what is none of the forms that there are, as shells have more.
  bool strange = false;
};

bool IsNameCharacter(char c) {
  return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
}

bool IsVariableName(std::string_view name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::ranges::all_of(name, IsNameCharacter);
}

// A piece of plain text, or a reference.
struct Piece {
  std::string text;
  std::optional<Reference> reference;
};

Reference ParseReference(std::string_view inside) {
  Reference reference;
  size_t end = 0;
  while (end < inside.size() && IsNameCharacter(inside[end])) ++end;
  const std::string_view name = inside.substr(0, end);
  if (!IsVariableName(name)) return reference;
  reference.name = std::string(name);
  const std::string_view rest = inside.substr(end);
  if (rest.starts_with(":-")) reference.fallback = std::string(rest.substr(2));
  reference.strange = !rest.empty() && !reference.fallback;
  return reference;
}

std::vector<Piece> Split(std::string_view text) {
  std::vector<Piece> pieces;
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("$$")) {
      plain += '$';
      ++i;
    } else if (rest.starts_with("${")) {
      const size_t end = rest.find('}');
      pieces.push_back({std::move(plain), std::nullopt});
      plain.clear();
      const bool closed = end != std::string_view::npos;
      pieces.push_back({"", closed ? ParseReference(rest.substr(2, end - 2)) : Reference()});
      i = closed ? i + end : text.size();
    } else {
      plain += text[i];
    }
  }
  pieces.push_back({std::move(plain), std::nullopt});
  return pieces;
}

// Whether `text` is one variable, without a default.
bool IsVariable(std::string_view text) {
  const std::vector<Piece> pieces = Split(text);
  return pieces.size() == 3 && pieces[0].text.empty() && pieces[2].text.empty() &&
         pieces[1].reference && !pieces[1].reference->fallback;
}

// "scheme://user:password@host", where the password is not a variable's.
bool HoldsPassword(std::string_view text) {
  for (size_t scheme = text.find("://"); scheme != std::string_view::npos;) {
    const std::string_view rest = text.substr(scheme + 3);
    scheme = text.find("://", scheme + 3);
    const std::string_view place = rest.substr(0, rest.find_first_of("?# "));
    const size_t colon = place.find(':');
    const size_t at = place.rfind('@');
    // A ':' behind the first '/' is part of a path; a number after it is a port.
    if (at == std::string_view::npos || colon >= at || colon > place.find('/')) continue;
    const std::string_view password = place.substr(colon + 1, at - colon - 1);
    const size_t digits = std::min(password.find_first_not_of("0123456789"), password.size());
    const bool port = digits > 0 && digits < password.size() && password[digits] == '/';
    if (!password.empty() && !port && !IsVariable(password)) return true;
  }
  return false;
}

// nullptr where unset; empty counts as unset when there is a default.
const char* Lookup(const Reference& reference) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing of ours changes the environment.
  const char* value = std::getenv(reference.name.c_str());
  if (value != nullptr && *value == '\0' && reference.fallback) return nullptr;
  return value;
}

}  // namespace

bool HasVariable(std::string_view text) {
  for (const Piece& piece : Split(text)) {
    if (piece.reference) return true;
  }
  return false;
}

// The file is read, kept and shown by many: run records, reports, the model's own directory.
std::optional<std::string> WithoutPassword(const std::string& text, const Position& at,
                                           const std::string& key, Problems* problems) {
  if (!HoldsPassword(text)) return text;
  problems->Add(Error(ErrorCode::kInvalidInput, "a password in clear")
                    .Expected("a variable in its place")
                    .Try("${NAME}, from the environment")
                    .At(LocationAt(at, key)));
  return std::nullopt;
}

std::optional<std::string> ExpandVariables(const std::string& text, const Position& at,
                                           const std::string& key, Problems* problems) {
  std::string expanded;
  bool good = WithoutPassword(text, at, key, problems).has_value();
  const auto tell = [&](Error error) {
    problems->Add(std::move(error).At(LocationAt(at, key)));
    good = false;
  };
  for (const Piece& piece : Split(text)) {
    expanded += piece.text;
    if (!piece.reference) continue;
    const Reference& reference = *piece.reference;
    if (reference.name.empty()) {
      tell(Error(ErrorCode::kInvalidInput, "\"${\" without a variable's name and \"}\"")
               .Expected("${NAME} or ${NAME:-default}")
               .Try("\"$$\" for a dollar"));
    } else if (reference.strange) {
      tell(Error(ErrorCode::kInvalidInput,
                 fmt::format("unknown form of variable {}", reference.name))
               .Expected(fmt::format("${{{0}}} or ${{{0}:-default}}", reference.name)));
    } else if (reference.fallback && reference.fallback->find("${") != std::string::npos) {
      tell(Error(ErrorCode::kInvalidInput,
                 fmt::format("\"${{\" inside the default of {}", reference.name))
               .Expected("a default without variables"));
    } else if (const char* value = Lookup(reference)) {
      expanded += value;
    } else if (reference.fallback) {
      expanded += *reference.fallback;
    } else {
      tell(Error(ErrorCode::kInvalidInput,
                 fmt::format("environment variable {} is not set", reference.name))
               .Try(fmt::format("export {0}=… or ${{{0}:-default}}", reference.name)));
    }
  }
  if (!good) return std::nullopt;
  return expanded;
}

Result<std::string> ExpandText(const std::string& text) {
  Problems problems;
  auto expanded = ExpandVariables(text, {}, "", &problems);
  if (!expanded) return problems.Join({});
  return *std::move(expanded);
}

std::string DescribeVariables(std::string_view text) {
  std::vector<std::string> parts;
  for (const Piece& piece : Split(text)) {
    if (!piece.reference || piece.reference->name.empty()) continue;
    const bool set = Lookup(*piece.reference) != nullptr;
    parts.push_back(piece.reference->name + (set ? " set" : " not set, its default"));
  }
  return Join(parts, ", ");
}

}  // namespace slipway::config
