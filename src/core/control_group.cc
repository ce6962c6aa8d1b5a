#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "core/control_group_internal.h"
#include "core/descriptor.h"
#include "core/file_system.h"

namespace slipway {
namespace {

constexpr int64_t kCpuPeriodMicroseconds = 100'000;
constexpr mode_t kFolderMode = 0755;

// The mount point of cgroup v2; "" where there is none.
std::string MountPoint(std::string_view mounts) {
  std::istringstream lines{std::string(mounts)};
  std::string device, place, type, rest;
  while (lines >> device >> place >> type && std::getline(lines, rest)) {
    if (type == "cgroup2") return place;
  }
  return "";
}

// The path of our group from there: "/user.slice/…".
std::string OwnGroup(std::string_view own_group) {
  std::istringstream lines{std::string(own_group)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return "";
}

// Such files take a value in one write, and say then whether it is one.
Status WriteValue(const std::string& path, const std::string& value) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.open() || ::write(file.number(), value.data(), value.size()) < 0)
    return SystemError("write", path, errno);
  return {};
}

Status SetLimits(const std::string& folder, const ControlGroupLimits& limits) {
  if (limits.memory_bytes > 0) {
    SLIPWAY_RETURN_IF_ERROR(
        WriteValue(folder + "/memory.max", std::to_string(limits.memory_bytes)));
    // Else what is too much would be swapped out instead. Kernels without swap have no such file.
    (void)WriteValue(folder + "/memory.swap.max", "0");
  }
  if (limits.cpu_cores <= 0) return {};
  const auto quota = static_cast<int64_t>(limits.cpu_cores * kCpuPeriodMicroseconds);
  constexpr int64_t kLeastQuota = 1000;
  return WriteValue(folder + "/cpu.max",
                    fmt::format("{} {}", std::max(quota, kLeastQuota), kCpuPeriodMicroseconds));
}

}  // namespace

std::vector<std::string> ControlGroupPlaces(std::string_view own_group, std::string_view mounts) {
  const std::string mount = MountPoint(mounts);
  std::string own = OwnGroup(own_group);
  if (mount.empty() || own.empty()) return {};
  if (own == "/") return {mount};
  // A group with processes has no groups with limits below it, so beside it is likelier.
  const std::string above = own.substr(0, own.rfind('/'));
  return {mount + above, mount + own};
}

Result<std::string> MakeControlGroup(const std::string& name, const ControlGroupLimits& limits) {
  const Result<std::string> own = LocalFileSystem().ReadFile("/proc/self/cgroup");
  const Result<std::string> mounts = LocalFileSystem().ReadFile("/proc/self/mounts");
  Error failure(ErrorCode::kUnavailable, "the system has no cgroup v2");
  if (!own.ok() || !mounts.ok()) return failure;
  for (const std::string& place : ControlGroupPlaces(*own, *mounts)) {
    std::string folder = JoinPath(place, name);
    if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
      failure = SystemError("make", folder, errno);
      continue;
    }
    const Status set = SetLimits(folder, limits);
    if (set.ok()) return folder;
    failure = set.error();
    RemoveControlGroup(folder);
  }
  return Error(ErrorCode::kUnavailable, "no control group can be made").CausedBy(failure);
}

void RemoveControlGroup(const std::string& folder) {
  if (!folder.empty()) ::rmdir(folder.c_str());
}

bool InControlGroup(pid_t pid, const std::string& folder) {
  const Result<std::string> text = LocalFileSystem().ReadFile(fmt::format("/proc/{}/cgroup", pid));
  return text.ok() && BaseName(OwnGroup(*text)) == BaseName(folder);
}

}  // namespace slipway
