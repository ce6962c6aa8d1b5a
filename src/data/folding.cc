#include <utility>

#include "data/folding_internal.h"

namespace slipway::data {

void OrderedFolding::Add(size_t index, int64_t rows, std::unique_ptr<BlockDigest> digest) {
  std::unique_lock lock(mutex_);
  turn_.wait(lock, [&] { return abandoned_ || index == next_ || waiting_.size() < ahead_; });
  waiting_.emplace(index, Waiting{rows, std::move(digest)});
  if (folding_) return;
  folding_ = true;
  while (!waiting_.empty() && waiting_.begin()->first == next_) {
    Waiting turn = std::move(waiting_.extract(waiting_.begin()).mapped());
    const int64_t first_row = std::exchange(rows_, rows_ + turn.rows);
    lock.unlock();
    sink_.Fold(std::move(turn.digest), first_row, turn.rows);
    lock.lock();
    ++next_;
    turn_.notify_all();
  }
  folding_ = false;
}

void OrderedFolding::Abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  turn_.notify_all();
}

}  // namespace slipway::data
