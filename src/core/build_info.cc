#include "core/build_info.h"

#include <unistd.h>

#include <array>

#include "core/build_id.h"
#include "core/file_system.h"

namespace slipway {

const char* Version() { return SLIPWAY_VERSION; }

const char* BuildId() { return SLIPWAY_BUILD_ID; }

std::string ExecutableDirectory() {
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return size > 0 ? DirectoryOf(std::string(path.data(), static_cast<size_t>(size))) : "";
}

}  // namespace slipway
