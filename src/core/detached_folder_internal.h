// The folder of one detached program: its lock, its pid, and which process they tell of.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/descriptor.h"
#include "core/result.h"

namespace slipway {

// Where a program has its lock. Who holds one without being it has it elsewhere.
inline constexpr int kLockDescriptor = 3;
inline constexpr int kFirstOtherDescriptor = 10;

class DetachedFolder {
 public:
  DetachedFolder(const std::string& directory, const std::string& id);

  const std::string& path() const { return path_; }
  std::string lock_path() const { return path_ + "/lock"; }
  std::string pid_path() const { return path_ + "/pid"; }
  std::string spec_path() const { return path_ + "/spec.json"; }
  std::string log_path() const { return path_ + "/log"; }
  std::string id() const { return id_; }

  // The lock, taken, in a descriptor of at least kFirstOtherDescriptor; makes the folder. Not open
  // where somebody holds it.
  Result<Descriptor> TakeLock() const;

  struct Holder {
    bool lives = false;
    pid_t pid = 0;  // 0 where which process it is does not show, even after a while.
    Descriptor descriptor =
        Descriptor();  // A pidfd of that process; not open where the system has none.
  };
  Result<Holder> FindHolder() const;

 private:
  enum class Lock { kFree, kHeld };
  Result<Lock> LookAtLock() const;
  Holder ReadHolder() const;
  bool HasLockOpen(pid_t pid) const;

  std::string id_, path_;
};

}  // namespace slipway
