#include "pipeline/profile_source.h"

#include <array>
#include <fstream>
#include <string_view>

#include "core/file_system.h"
#include "core/json.h"
#include "core/parallel.h"
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
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(file));
  Result<data::TableProfile> profile = data::ReadStoredProfile(text, file);
  if (profile.ok()) return profile;
  return AtFile(file, "this is no profile of a table")
      .Expected("what `slipway data profile FILE --save` or a run wrote")
      .CausedBy(std::move(profile).error());
}

}  // namespace

bool IsStoredProfile(const std::string& path, const std::string& format) {
  if (format != "auto") return false;
  if (LocalFileSystem().Exists(JoinPath(path, kProfileFile))) return true;
  if (!ToLower(path).ends_with(".json")) return false;
  std::array<char, 4096> head{};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), head.size());
  const std::string_view text(head.data(), static_cast<size_t>(file.gcount()));
  const auto has = [text](const char* key) { return text.find(key) != std::string_view::npos; };
  return Trim(text).starts_with('{') && has("\"rows\"") &&
         (has("\"repeated_rows\"") || has("\"columns\""));
}

Result<ProfiledSource> ProfileSource(const std::string& path, const data::ReadOptions& read,
                                     const data::ProfileOptions& options, ProgressSink& progress) {
  ProfiledSource source;
  if (IsStoredProfile(path, read.format)) {
    SLIPWAY_ASSIGN_OR_RETURN(source.profile, ReadStored(path));
    source.stored = true;
    return source;
  }
  data::TableProfiler profiler(options);
  SLIPWAY_ASSIGN_OR_RETURN(data::ScanResult scan, data::ScanTable(path, read, profiler, progress));
  if (scan.rows == 0) return AtFile(data::ShownSource(path), "no rows");
  source.profile = profiler.Finish(read.threads);
  source.issues = std::move(scan.issues);
  return source;
}

Result<std::pair<ProfiledSource, ProfiledSource>> ProfileTwo(const std::string& first,
                                                             const std::string& second,
                                                             const data::ReadOptions& read,
                                                             const data::ProfileOptions& options,
                                                             ProgressSink& progress) {
  // A table alone keeps all threads busy.
  const bool stored = IsStoredProfile(first, read.format) && IsStoredProfile(second, read.format);
  const int at_once = stored ? 2 : 1;
  std::pair<ProfiledSource, ProfiledSource> both;
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(2, at_once, [&](size_t i) -> Status {
    SLIPWAY_ASSIGN_OR_RETURN((i == 0 ? both.first : both.second),
                             ProfileSource(i == 0 ? first : second, read, options, progress));
    return {};
  }));
  return both;
}

Status WriteProfile(const std::string& path, const data::TableProfile& profile) {
  return WriteFileAtomically(LocalFileSystem(), path,
                             CompactJson(data::ToStoredJson(profile)) + "\n");
}

}  // namespace slipway::pipeline
