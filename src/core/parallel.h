// Fork and join over an index range.
#pragma once

#include <cstddef>
#include <functional>

#include "core/result.h"

namespace slipway {

// Cores this process may use: affinity and the cgroup's CPU quota (v1, v2) respected, at least 1.
int AvailableCores();

// Calls `work(i)` for each i in [0, count), on up to `threads` threads, each index once; returns
// when all are done. After a failure or an interrupt no further index begins; the error with the
// lowest index is returned. What `work` throws is a failure too: kUnavailable where memory ran out,
// else kInternal. Where the system gives fewer threads, those do all the work.
Status ParallelFor(size_t count, int threads, const std::function<Status(size_t)>& work);

}  // namespace slipway
