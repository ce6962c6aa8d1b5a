#include "registry/download.h"

#include <fmt/format.h>

#include "core/replace_file.h"
#include "registry/artifact_files_internal.h"

namespace slipway::registry {
namespace {

// The bytes are checked as they were read, so that what is written is what was verified.
Result<std::map<std::string, std::string>> ReadArtifact(FileSystem& files,
                                                        const std::string& directory,
                                                        const ModelVersion& version) {
  std::map<std::string, std::string> contents;
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    if (name == kMetadataFile) continue;
    SLIPWAY_ASSIGN_OR_RETURN(contents[name], files.ReadFile(JoinPath(directory, name)));
  }
  SLIPWAY_RETURN_IF_ERROR(CheckArtifactFiles(contents, version.digest));
  contents[kMetadataFile] = PrettyJson(ToJson(version));
  return contents;
}

}  // namespace

Status DownloadVersion(Registry& registry, FileSystem& files, const ModelVersion& version,
                       const std::string& given) {
  std::string directory = given;
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  if (directory.empty() || files.Exists(directory)) {
    Location location;
    location.file = directory;
    return Error(ErrorCode::kAlreadyExists, "something is there already")
        .At(std::move(location))
        .Expected("a directory that does not exist yet");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::string source, registry.Fetch(version));
  SLIPWAY_ASSIGN_OR_RETURN(auto contents, ReadArtifact(files, source, version));
  const std::string temporary =
      JoinPath(DirectoryOf(directory), fmt::format(".{}-{}", BaseName(directory), RandomName()));
  Status status = WriteFilesDurably(files, temporary, contents);
  if (status.ok()) status = files.Rename(temporary, directory);
  if (status.ok()) return files.SyncDirectory(DirectoryOf(directory));
  (void)files.RemoveTree(temporary);
  return status;
}

}  // namespace slipway::registry
