#include "core/durable_directories.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace slipway {

Status MakeDurableDirectories(FileSystem& files, const std::string& path) {
  std::vector<std::string> missing;
  for (std::string each = path; !files.Exists(each); each = DirectoryOf(each)) {
    missing.push_back(each);
    if (each == "/" || each == ".") break;
  }
  std::ranges::reverse(missing);
  for (const std::string& each : missing) {
    SLIPWAY_RETURN_IF_ERROR(files.CreateDirectories(each));
    std::error_code error;
    std::filesystem::permissions(each, std::filesystem::perms::owner_all, error);
    if (error) return SystemError("set the permissions of", each, error.value());
    SLIPWAY_RETURN_IF_ERROR(files.SyncDirectory(DirectoryOf(each)));
  }
  if (missing.empty()) return files.SyncDirectory(DirectoryOf(path));
  return {};
}

}  // namespace slipway
