// A file system that fails on purpose: crashes at a chosen operation and forgets what was not
// synced. For tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/file_system.h"

namespace slipway {

// Passes everything to another file system, counts the operations that change something (creating a
// directory or a file, appending, syncing, closing, renaming, removing) and remembers what a power
// failure could still undo:
//   - a file's bytes are durable once the file was synced;
//   - a name (made, moved or removed) is durable once its directory was synced, for a move the
//   directory moved to.
// Paths must be on one device. Not thread-safe.
class FaultInjectingFileSystem : public FileSystem {
 public:
  // What a crash takes with it.
  enum class Loss {
    kNothing,     // The process died, the machine lives.
    kContents,    // Unsynced bytes; names stay, as ext4's delayed allocation may leave them.
    kNames,       // Names whose directory was not synced.
    kEverything,  // Both.
  };

  // Files that are replaced or removed wait in `trash` until that is durable; it must lie outside
  // of what is tested.
  FaultInjectingFileSystem(FileSystem& base, std::string trash);

  // The operation with this number (from 1) and all calls after it fail. A crashing append writes
  // half of its bytes.
  void CrashAt(int64_t operation) { crash_at_ = operation; }
  // Called at the moment of the crash, before the failing call returns.
  void OnCrash(std::function<void()> callback) { on_crash_ = std::move(callback); }
  // Only the operation with this number fails, with this error: a full disk for one write.
  void FailAt(int64_t operation, Error error);

  int64_t operations() const { return operations_; }
  bool crashed() const { return crashed_; }

  // Undoes what was not synced, below this object: reopen with the real file system afterwards.
  Status LoseUnsynced(Loss loss);

  Result<std::string> ReadFile(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> CreateFile(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status RemoveFile(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<FileStat> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;

 private:
  class File;
  enum class ChangeKind { kCreated, kRenamed, kRemoved };
  struct Change {
    ChangeKind kind;
    std::string path;
    std::string from;   // kRenamed.
    std::string saved;  // In the trash: what was replaced or removed; "" for nothing.
  };

  bool NextFails() const;
  // Counts an operation; an error if it must fail.
  Status Begin();
  Status CheckAlive() const;
  Result<std::string> MoveToTrash(const std::string& path);
  Status Remove(const std::string& path);
  // What was at or below `from` is now at or below `to`.
  void Moved(const std::string& from, const std::string& to);
  Status Undo(const Change& change);

  FileSystem& base_;
  std::string trash_;
  int64_t trashed_ = 0;
  int64_t operations_ = 0;
  int64_t crash_at_ = 0;
  bool crashed_ = false;
  std::function<void()> on_crash_;
  std::optional<std::pair<int64_t, Error>> fail_at_;
  std::vector<Change> changes_;              // Not durable yet, oldest first.
  std::map<std::string, int64_t> unsynced_;  // Path → bytes that are durable.
};

}  // namespace slipway
