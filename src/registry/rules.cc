#include <fmt/format.h>

#include <algorithm>

#include "core/hash.h"
#include "core/text.h"
#include "registry/registry.h"
#include "registry/rules_internal.h"

namespace slipway::registry {
namespace {

constexpr size_t kShown = 10;

// At most ten of them, then "…".
std::string Some(std::vector<std::string> names) {
  const bool more = names.size() > kShown;
  if (more) names.resize(kShown);
  return Join(names, ", ") + (more ? ", …" : "");
}

bool IsPrintable(const std::string& text) {
  return std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

}  // namespace

Status CheckNewVersion(const ModelVersion& version) {
  SLIPWAY_RETURN_IF_ERROR(CheckModelName(version.name));
  if (!IsDigest(version.digest)) {
    return Error(ErrorCode::kInvalidInput, "a version needs the digest of its artifact")
        .Expected("\"sha256:\" and 64 hex digits");
  }
  if (version.verdict != "passed" && version.verdict != "failed") {
    return Error(ErrorCode::kInvalidInput, "a version has no verdict").Expected("passed or failed");
  }
  constexpr size_t kMaxLabel = 250;
  if (!IsPrintable(version.version) || version.version.size() > kMaxLabel) {
    return Error(ErrorCode::kInvalidInput, "the version's label is too long or not printable")
        .Expected("at most 250 printable characters, such as 1.0.0");
  }
  // They may come from somebody else's metadata.json and are shown on terminals.
  for (const std::string* text :
       {&version.framework, &version.algorithm, &version.task, &version.run_id}) {
    if (IsPrintable(*text)) continue;
    return Error(ErrorCode::kInvalidInput, "the version's record holds control characters")
        .Expected("printable framework, algorithm, task and run_id");
  }
  for (const auto& [key, value] : version.tags) SLIPWAY_RETURN_IF_ERROR(CheckTag(key, value));
  return {};
}

ModelVersion NewVersion(ModelVersion given, const Clock& clock) {
  given.status = "development";
  given.aliases.clear();
  given.created_at = FormatTimestamp(clock.Now());
  if (given.created_by.empty()) given.created_by = CurrentActor();
  return given;
}

Json RegisterDetail(const ModelVersion& version) {
  Json detail{{"digest", version.digest}, {"verdict", version.verdict}, {"label", version.version}};
  if (!version.imported_from.empty()) detail["imported_from"] = version.imported_from;
  return detail;
}

Json PromoteDetail(const std::string& from, const std::string& to, const Json& more) {
  Json detail{{"from", from}, {"to", to}};
  for (const auto& [key, value] : more.items()) detail[key] = value;
  return detail;
}

Json DisplacedDetail(const std::string& stage, int64_t by) {
  return Json{{"from", stage}, {"to", "archived"}, {"displaced_by", by}};
}

Json DeleteDetail(const ModelVersion& version) {
  return Json{{"digest", version.digest}, {"label", version.version}, {"aliases", version.aliases}};
}

bool IsExclusiveStage(const std::string& stage) {
  return stage == "staging" || stage == "production";
}

Error NoSuchModel(const std::string& name, const std::vector<std::string>& names) {
  Error error(ErrorCode::kNotFound, fmt::format("there is no model '{}'", name));
  if (names.empty()) return std::move(error).Expected("a registered model; there is none yet");
  error = std::move(error).Expected(Some(names));
  const std::string nearest = NearestName(name, names);
  return nearest.empty() ? error : std::move(error).Try(fmt::format("'{}'", nearest));
}

Error NoSuchVersion(const std::string& name, int64_t version, const std::vector<int64_t>& numbers) {
  Error error(ErrorCode::kNotFound, fmt::format("model '{}' has no version {}", name, version));
  if (numbers.empty()) return std::move(error).Expected("a version; all of them were deleted");
  std::vector<std::string> names;
  for (const int64_t number : numbers) names.push_back(fmt::format("{}", number));
  return std::move(error).Expected(Some(names));
}

Error NoSuchAlias(const std::string& name, const std::string& alias,
                  const std::vector<std::string>& present) {
  Error error(ErrorCode::kNotFound, fmt::format("model '{}' has no version at '{}'", name, alias));
  if (present.empty()) return error;
  error = std::move(error).Expected(Some(present));
  const std::string nearest = NearestName(alias, present);
  return nearest.empty() ? error : std::move(error).Try(fmt::format("'{}@{}'", name, nearest));
}

Error NoSuchDigest(const std::string& digest) {
  return Error(ErrorCode::kNotFound, fmt::format("no version has the digest {}", digest));
}

Error NoSuchTag(const ModelVersion& version, const std::string& key) {
  std::vector<std::string> keys;
  for (const auto& [present, value] : version.tags) keys.push_back(present);
  Error error(ErrorCode::kNotFound,
              fmt::format("{}:{} has no tag '{}'", version.name, version.registry_version, key));
  return keys.empty() ? error : std::move(error).Expected(Some(keys));
}

Error AmbiguousDigest(const std::string& digest, const std::vector<std::string>& candidates) {
  return Error(ErrorCode::kInvalidInput, fmt::format("{} names several artifacts", digest))
      .Expected(Some(candidates))
      .Try("more digits");
}

Error StillInUse(const ModelVersion& version) {
  return Error(ErrorCode::kConflict,
               fmt::format("{}:{} is in {} and can't be deleted", version.name,
                           version.registry_version, version.status))
      .Try(fmt::format("slipway models promote {}:{} --to archived", version.name,
                       version.registry_version));
}

Error NoRegistry(const std::string& directory) {
  Location location;
  location.file = directory;
  return Error(ErrorCode::kNotFound, "no registry here")
      .At(std::move(location))
      .Try("slipway run, which makes one, or --registry DIR");
}

Error PathIsNoVersion(const std::string& path) {
  return Error(ErrorCode::kInvalidInput,
               fmt::format("'{}' is a path, not a registered version", path))
      .Expected("NAME, NAME:7, NAME@production or sha256:ab12…");
}

}  // namespace slipway::registry
