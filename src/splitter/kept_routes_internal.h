// The file that a splitter started again reads its routes from.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/error.h"
#include "core/result.h"

namespace slipway::splitter {

// From any thread. What can't be written is tried again until it can be, or other routes come.
class KeptRoutes {
 public:
  KeptRoutes(std::string path, double retry_seconds);
  ~KeptRoutes();  // Tries for the last time.
  KeptRoutes(const KeptRoutes&) = delete;
  KeptRoutes& operator=(const KeptRoutes&) = delete;

  // kIo and others where the file can't be written now.
  Status Keep(std::string text);
  // Why the last ones are not in the file; nothing where they are.
  std::optional<Error> trouble() const;

 private:
  // Both with the mutex held.
  void Write();
  void StartThread();
  void Run();

  const std::string path_;
  const double retry_seconds_;
  mutable std::mutex mutex_;  // Of all that follows.
  std::condition_variable changed_;
  std::string text_;  // The last routes.
  std::optional<Error> trouble_;
  bool stopping_ = false;
  std::thread thread_;  // Begun with the first trouble.
};

}  // namespace slipway::splitter
