// SQLite's file layer with a crash or a full disk at a chosen operation. For tests, in a process of
// their own.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace slipway::sqlite {

// Becomes the default VFS of this process when it is installed, passes everything to the former
// default one, counts what changes files (creating, writing, truncating, syncing, deleting) and
// remembers what a power failure could undo: bytes of files not synced since, and names. As
// SQLite's own layer does, syncing a new journal or WAL syncs the names of its directory, and so
// does a deletion that asks for it.
class FaultInjectingVfs {
 public:
  static FaultInjectingVfs& Instance();
  void Install();

  // At the operation with this number (from 1), `crash` is called in its place; it must not return.
  void CrashAt(int64_t operation, std::function<void()> crash);
  // From the operation with this number on the disk is full; 0: there is room again.
  void FillDiskAt(int64_t operation);
  int64_t operations() const { return operations_; }
  // Undoes what was not synced.
  void LoseUnsynced();

 private:
  friend struct VfsCalls;
  enum class ChangeKind { kBytes, kCreated, kDeleted };
  struct Change {
    ChangeKind kind;
    std::string path;
    int64_t offset = 0;
    std::string old_bytes;  // kBytes: from `offset`; kDeleted: all.
    int64_t old_size = 0;
  };

  // What the operation that begins is to end with.
  int Begin();
  void Forget(ChangeKind kind, const std::string& path);
  void NamesSynced();

  sqlite3_vfs vfs_{};
  sqlite3_vfs* base_ = nullptr;
  int64_t operations_ = 0;
  int64_t crash_at_ = 0;
  int64_t full_from_ = 0;
  std::function<void()> crash_;
  std::vector<Change> changes_;  // Not durable yet, oldest first.
};

}  // namespace slipway::sqlite
