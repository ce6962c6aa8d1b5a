#include "serve/reload_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace slipway::serve {

ReloadQueue::ReloadQueue() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ReloadQueue::~ReloadQueue() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ReloadQueue::Ask(Waiting waiting) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(waiting));
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t count = ::write(descriptor_, &one, sizeof(one));
}

std::vector<ReloadQueue::Waiting> ReloadQueue::Take() {
  const std::lock_guard lock(mutex_);
  uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t count = ::read(descriptor_, &ignored, sizeof(ignored));
  return std::exchange(waiting_, {});
}

}  // namespace slipway::serve
