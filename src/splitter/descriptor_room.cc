#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "splitter/descriptor_room_internal.h"

namespace slipway::splitter {
namespace {

// Of the process, its control and the file of its routes; and of each loop.
constexpr int64_t kOwn = 64, kOwnOfLoop = 4;
constexpr int64_t kLeast = 32, kLeastOfLoop = 16;  // Beside these.
constexpr int64_t kMostRejected = 64;
// Of what is left clients have as many parts, and their connections to replicas again.
constexpr int64_t kParts = 16, kPartsOfClients = 6;
constexpr int64_t kUsesOfLoop = 3;

}  // namespace

Result<DescriptorRoom> ShareDescriptors(int64_t descriptors, int loops, size_t connections) {
  const int64_t least = kOwn + kLeast + (kOwnOfLoop + kLeastOfLoop) * loops;
  if (descriptors < least)
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("this process may have {} files open at once", descriptors))
        .Expected(fmt::format("{} or more for {} threads", least, loops))
        .Try("ulimit -n 4096");
  const int64_t left = descriptors - kOwn - kOwnOfLoop * loops;
  constexpr auto kMost = static_cast<size_t>(std::numeric_limits<int64_t>::max());
  DescriptorRoom room;
  room.clients =
      std::min(static_cast<int64_t>(std::min(connections, kMost)), left / kParts * kPartsOfClients);
  room.rejected = std::min(kMostRejected, left / kParts);
  const int64_t of_use = (left - 2 * room.clients - room.rejected) / (kUsesOfLoop * loops);
  room.mirrors = room.labels = room.pooled = of_use;
  return room;
}

}  // namespace slipway::splitter
