#include "core/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace slipway {

int64_t RaiseDescriptorLimit() {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMost;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  return static_cast<int64_t>(std::min(limit.rlim_cur, static_cast<rlim_t>(kMost)));
}

}  // namespace slipway
