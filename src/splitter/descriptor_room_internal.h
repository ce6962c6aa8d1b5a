// How the descriptors that a process may have are shared out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/result.h"

namespace slipway::splitter {

// Each use has a part of its own, so that none can take what another needs: a splitter that is full
// still takes orders, keeps them in its file, and asks replicas for the clients that it has.
struct DescriptorRoom {
  int64_t clients = 0;   // Of all loops. As many connections to replicas are left to them.
  int64_t rejected = 0;  // Clients beyond that are told so; yet more are closed without a word.
  // Of one loop: connections to replicas for mirrored requests, for labels, and idle ones.
  int64_t mirrors = 0;
  int64_t labels = 0;
  int64_t pooled = 0;
};

// `connections` is the most clients that are wanted. kInvalidInput for too few descriptors.
Result<DescriptorRoom> ShareDescriptors(int64_t descriptors, int loops, size_t connections);

}  // namespace slipway::splitter
