// Limits of what a program and all that it starts may use, by control groups of Linux (cgroup v2).
//
// Whether a group can be made is the system's to say: it must let us write beside our own group, as
// systemd does with Delegate=, and have its controllers enabled there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway {

struct ControlGroupLimits {
  int64_t memory_bytes = 0;  // 0 for none.
  double cpu_cores = 0;
  bool any() const { return memory_bytes > 0 || cpu_cores > 0; }
};

// Folders in which a group of ours may be made, the likeliest first, by what /proc/self/cgroup and
// /proc/self/mounts say; none where there is no cgroup v2.
std::vector<std::string> ControlGroupPlaces(std::string_view own_group, std::string_view mounts);

// Makes the group of that name, or takes it as it is, and sets its limits: its folder. kUnavailable
// where none can be made.
Result<std::string> MakeControlGroup(const std::string& name, const ControlGroupLimits& limits);
// One without processes; others stay.
void RemoveControlGroup(const std::string& folder);
// Whether the process is in it.
bool InControlGroup(pid_t pid, const std::string& folder);

}  // namespace slipway
