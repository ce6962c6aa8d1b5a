#include <chrono>
#include <system_error>
#include <utility>

#include "core/file_system.h"
#include "core/replace_file.h"
#include "core/signals_blocked.h"
#include "splitter/kept_routes_internal.h"

namespace slipway::splitter {

KeptRoutes::KeptRoutes(std::string path, double retry_seconds)
    : path_(std::move(path)), retry_seconds_(retry_seconds) {}

KeptRoutes::~KeptRoutes() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (trouble_) Write();
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

Status KeptRoutes::Keep(std::string text) {
  const std::lock_guard lock(mutex_);
  text_ = std::move(text);
  Write();
  if (!trouble_) return {};
  StartThread();
  changed_.notify_all();
  return *trouble_;
}

std::optional<Error> KeptRoutes::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void KeptRoutes::Write() {
  const Status kept = WriteFileAtomically(LocalFileSystem(), path_, text_);
  trouble_ = kept.ok() ? std::nullopt : std::optional(kept.error());
}

// Where the system gives none now, the next routes ask again.
void KeptRoutes::StartThread() {
  if (thread_.joinable()) return;
  try {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    return;
  }
}

void KeptRoutes::Run() {
  const std::chrono::duration<double> pause(retry_seconds_);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (trouble_) {
      changed_.wait_for(lock, pause, [this] { return stopping_; });
      if (!stopping_ && trouble_) Write();
    } else {
      changed_.wait(lock, [this] { return stopping_ || trouble_; });
    }
  }
}

}  // namespace slipway::splitter
