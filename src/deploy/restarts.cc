#include "deploy/restarts.h"

#include <algorithm>
#include <utility>

namespace slipway::deploy {

void Restarts::NoteEnd(bool was_well, int64_t now_ms, std::string why) {
  trouble_ = std::move(why);
  ended_ = was_well ? 1 : ended_ + 1;
  constexpr int64_t kFirstMs = 1000;
  constexpr int kMostDoublings = 6;
  const int64_t wait = ended_ <= 1 ? 0 : kFirstMs << std::min(ended_ - 2, kMostDoublings);
  not_before_ms_ = now_ms + wait;
}

}  // namespace slipway::deploy
