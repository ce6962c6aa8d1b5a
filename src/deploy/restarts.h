// When what ended is started again, as Kubernetes does: at once, then after 1 s, 2 s … a minute, as
// long as none of them was well in between.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace slipway::deploy {

// A value; any thread's own. Times are milliseconds since the epoch.
class Restarts {
 public:
  // One ended; `was_well`: it did its work before.
  void NoteEnd(bool was_well, int64_t now_ms, std::string why);
  void NoteTrouble(std::string why) { trouble_ = std::move(why); }
  void NoteWell() { *this = {}; }

  bool MayStart(int64_t now_ms) const { return now_ms >= not_before_ms_; }
  // Why the last one ended, or is not well; "" where all is well.
  const std::string& trouble() const { return trouble_; }

 private:
  std::string trouble_;
  int ended_ = 0;  // In a row, before any was well.
  int64_t not_before_ms_ = 0;
};

}  // namespace slipway::deploy
