#include "pipeline/profile_source.h"

#include "core/file_system.h"
#include "core/json.h"
#include "core/text.h"
#include "data/scan.h"

namespace slipway::pipeline {
namespace {

constexpr const char* kProfileFile = "profile.json";

Error AtFile(const std::string& path, std::string message) {
  Location location;
  location.file = path;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

Result<data::TableProfile> ReadStored(const std::string& path) {
  FileSystem& files = LocalFileSystem();
  const std::string inside = JoinPath(path, kProfileFile);
  const std::string file = files.Exists(inside) ? inside : path;
  SLIPWAY_ASSIGN_OR_RETURN(const Json json, ReadJsonFile(files, file));
  Result<data::TableProfile> profile = data::TableProfileFromJson(json);
  if (profile.ok()) return profile;
  return AtFile(file, "this is no profile of a table")
      .Expected("what `slipway data profile FILE --save` or a run wrote")
      .CausedBy(std::move(profile).error());
}

}  // namespace

bool IsStoredProfile(const std::string& path) {
  return ToLower(path).ends_with(".json") || LocalFileSystem().Exists(JoinPath(path, kProfileFile));
}

Result<ProfiledSource> ProfileSource(const std::string& path, const data::ReadOptions& read,
                                     const data::ProfileOptions& options, ProgressSink& progress) {
  ProfiledSource source;
  if (IsStoredProfile(path)) {
    SLIPWAY_ASSIGN_OR_RETURN(source.profile, ReadStored(path));
    source.stored = true;
    return source;
  }
  data::TableProfiler profiler(options);
  SLIPWAY_ASSIGN_OR_RETURN(data::ScanResult scan, data::ScanTable(path, read, profiler, progress));
  if (scan.rows == 0) return AtFile(path, "no rows");
  source.profile = profiler.Finish(read.threads);
  source.issues = std::move(scan.issues);
  return source;
}

Status WriteProfile(const std::string& path, const data::TableProfile& profile) {
  return WriteFileAtomically(LocalFileSystem(), path,
                             CompactJson(data::ToStoredJson(profile)) + "\n");
}

}  // namespace slipway::pipeline
