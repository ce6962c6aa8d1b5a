#include <algorithm>
#include <cstring>

#include "core/interrupt.h"
#include "data/forward_source_internal.h"

namespace slipway::data {

Result<size_t> ForwardSource::ReadAt(int64_t offset, char* out, size_t count) const {
  const std::lock_guard lock(mutex_);
  SLIPWAY_RETURN_IF_ERROR(BeginIfNeeded(offset));
  size_t done = 0;
  while (done < count) {
    const auto skipped = static_cast<size_t>(offset + static_cast<int64_t>(done) - window_offset_);
    if (skipped >= window_.size()) {
      SLIPWAY_ASSIGN_OR_RETURN(const bool more, Next());
      if (!more) break;
      continue;
    }
    const size_t some = std::min(count - done, window_.size() - skipped);
    std::memcpy(out + done, window_.data() + skipped, some);
    done += some;
  }
  return done;
}

Status ForwardSource::CheckWhole() const {
  constexpr int64_t kMostBytes = int64_t{1} << 30U;
  const std::lock_guard lock(mutex_);
  SLIPWAY_RETURN_IF_ERROR(BeginIfNeeded(window_offset_));
  for (const int64_t until = window_offset_ + kMostBytes; window_offset_ < until;) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool more, Next());
    if (!more) return {};
  }
  return {};
}

void ForwardSource::Rest() const {
  const std::lock_guard lock(mutex_);
  begun_ = false;
  window_ = {};
  End();
}

Status ForwardSource::BeginIfNeeded(int64_t offset) const {
  if (begun_ && offset >= window_offset_) return {};
  window_offset_ = 0;
  window_.clear();
  SLIPWAY_RETURN_IF_ERROR(Begin());
  begun_ = true;
  return {};
}

Result<bool> ForwardSource::Next() const {
  SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
  const auto size = static_cast<int64_t>(window_.size());
  SLIPWAY_ASSIGN_OR_RETURN(const bool more, Advance(window_));
  window_offset_ += size;
  if (!more) window_.clear();
  return more;
}

}  // namespace slipway::data
