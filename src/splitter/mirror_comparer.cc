#include <system_error>
#include <utility>

#include "core/signals_blocked.h"
#include "splitter/mirror_internal.h"

namespace slipway::splitter {
namespace {

constexpr size_t kMostPairs = 1024;

void Count(MirrorVerdict verdict, MirrorCounts* counts) {
  switch (verdict) {
    case MirrorVerdict::kEqual: ++counts->equal; break;
    case MirrorVerdict::kStatusDiffers: ++counts->status_differs; break;
    case MirrorVerdict::kPredictionDiffers: ++counts->prediction_differs; break;
    case MirrorVerdict::kSkipped: ++counts->skipped; break;
  }
}

}  // namespace

MirrorComparer::~MirrorComparer() { Stop(); }

void MirrorComparer::Add(MirrorPair&& pair) {
  const std::lock_guard lock(mutex_);
  const bool is_full = pairs_.size() >= kMostPairs || pair.bytes() > most_bytes_ - bytes_;
  if (stopping_ || is_full || !HasThread()) {
    ++pair.version->mirror.skipped;
    return;
  }
  bytes_ += pair.bytes();
  pairs_.push_back(std::move(pair));
  added_.notify_one();
}

// Where the system gives none now, the next pair asks again.
bool MirrorComparer::HasThread() {
  if (thread_.joinable()) return true;
  try {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { Run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void MirrorComparer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    added_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void MirrorComparer::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    added_.wait(lock, [this] { return stopping_ || !pairs_.empty(); });
    if (pairs_.empty()) return;
    MirrorPair pair = std::move(pairs_.front());
    pairs_.pop_front();
    bytes_ -= pair.bytes();
    lock.unlock();
    Count(Compare(&pair), &pair.version->mirror);
    lock.lock();
  }
}

}  // namespace slipway::splitter
