#include "sqlite/fault_injecting_vfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <new>
#include <utility>

namespace slipway::sqlite {
namespace {

// What SQLite sees of an open file; the file of the real layer stands after it in the same memory.
struct OpenFile {
  sqlite3_file base;
  const char* path;  // SQLite keeps it as long as the file is open; null for a nameless temporary.
  bool syncs_names;  // A new journal or WAL that was not synced yet.
};

constexpr size_t kRealOffset = (sizeof(OpenFile) + alignof(std::max_align_t) - 1) /
                               alignof(std::max_align_t) * alignof(std::max_align_t);

sqlite3_file* RealFile(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kRealOffset);
}

OpenFile* Opened(sqlite3_file* file) { return reinterpret_cast<OpenFile*>(file); }

bool FileExists(const char* path) { return path != nullptr && ::access(path, F_OK) == 0; }

}  // namespace

// The C functions that SQLite calls.
struct VfsCalls {
  static FaultInjectingVfs& Vfs() { return FaultInjectingVfs::Instance(); }

  static void Remember(sqlite3_file* file, int64_t offset, int64_t length) {
    const OpenFile* opened = Opened(file);
    if (opened->path == nullptr) return;
    FaultInjectingVfs::Change change{FaultInjectingVfs::ChangeKind::kBytes, opened->path, offset,
                                     "", 0};
    sqlite3_file* real = RealFile(file);
    sqlite3_int64 size = 0;
    real->pMethods->xFileSize(real, &size);
    change.old_size = size;
    const int64_t present = std::clamp<int64_t>(size - offset, 0, length);
    change.old_bytes.resize(static_cast<size_t>(present));
    if (present > 0)
      real->pMethods->xRead(real, change.old_bytes.data(), static_cast<int>(present), offset);
    Vfs().changes_.push_back(std::move(change));
  }

  static int Close(sqlite3_file* file) { return RealFile(file)->pMethods->xClose(RealFile(file)); }
  static int Read(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
    return RealFile(file)->pMethods->xRead(RealFile(file), out, count, offset);
  }
  static int Write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    if (const int failure = Vfs().Begin(); failure != SQLITE_OK) return failure;
    Remember(file, offset, count);
    return RealFile(file)->pMethods->xWrite(RealFile(file), bytes, count, offset);
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (const int failure = Vfs().Begin(); failure != SQLITE_OK) return failure;
    sqlite3_int64 old_size = 0;
    RealFile(file)->pMethods->xFileSize(RealFile(file), &old_size);
    Remember(file, size, std::max<int64_t>(0, old_size - size));
    return RealFile(file)->pMethods->xTruncate(RealFile(file), size);
  }
  static int Sync(sqlite3_file* file, int flags) {
    if (const int failure = Vfs().Begin(); failure != SQLITE_OK) return failure;
    OpenFile* opened = Opened(file);
    if (opened->path != nullptr) Vfs().Forget(FaultInjectingVfs::ChangeKind::kBytes, opened->path);
    if (std::exchange(opened->syncs_names, false)) Vfs().NamesSynced();
    return RealFile(file)->pMethods->xSync(RealFile(file), flags);
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    return RealFile(file)->pMethods->xFileSize(RealFile(file), size);
  }
  static int Lock(sqlite3_file* file, int level) {
    return RealFile(file)->pMethods->xLock(RealFile(file), level);
  }
  static int Unlock(sqlite3_file* file, int level) {
    return RealFile(file)->pMethods->xUnlock(RealFile(file), level);
  }
  static int CheckReservedLock(sqlite3_file* file, int* out) {
    return RealFile(file)->pMethods->xCheckReservedLock(RealFile(file), out);
  }
  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    return RealFile(file)->pMethods->xFileControl(RealFile(file), operation, argument);
  }
  static int SectorSize(sqlite3_file* file) {
    return RealFile(file)->pMethods->xSectorSize(RealFile(file));
  }
  static int DeviceCharacteristics(sqlite3_file* file) {
    return RealFile(file)->pMethods->xDeviceCharacteristics(RealFile(file));
  }
  // The WAL's index is shared memory: recovery makes it anew, so what is lost of it does not
  // matter.
  static int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return RealFile(file)->pMethods->xShmMap(RealFile(file), page, size, extend, out);
  }
  static int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
    return RealFile(file)->pMethods->xShmLock(RealFile(file), offset, count, flags);
  }
  static void ShmBarrier(sqlite3_file* file) {
    RealFile(file)->pMethods->xShmBarrier(RealFile(file));
  }
  static int ShmUnmap(sqlite3_file* file, int remove) {
    return RealFile(file)->pMethods->xShmUnmap(RealFile(file), remove);
  }

  static int Open(sqlite3_vfs* /*vfs*/, const char* path, sqlite3_file* file, int flags,
                  int* out_flags) {
    static const sqlite3_io_methods methods = {2,
                                               Close,
                                               Read,
                                               Write,
                                               Truncate,
                                               Sync,
                                               FileSize,
                                               Lock,
                                               Unlock,
                                               CheckReservedLock,
                                               FileControl,
                                               SectorSize,
                                               DeviceCharacteristics,
                                               ShmMap,
                                               ShmLock,
                                               ShmBarrier,
                                               ShmUnmap,
                                               nullptr,
                                               nullptr};
    const bool creates = (flags & SQLITE_OPEN_CREATE) != 0 && path != nullptr && !FileExists(path);
    if (creates) {
      if (const int failure = Vfs().Begin(); failure != SQLITE_OK) return failure;
    }
    auto* opened = new (file) OpenFile{};
    const int code = Vfs().base_->xOpen(Vfs().base_, path, RealFile(file), flags, out_flags);
    if (code != SQLITE_OK) return code;
    opened->base.pMethods = &methods;
    opened->path = path;
    opened->syncs_names = creates && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    if (creates)
      Vfs().changes_.push_back({FaultInjectingVfs::ChangeKind::kCreated, path, 0, "", 0});
    return SQLITE_OK;
  }

  static int Delete(sqlite3_vfs* /*vfs*/, const char* path, int sync_names) {
    if (const int failure = Vfs().Begin(); failure != SQLITE_OK) return failure;
    if (FileExists(path)) {
      std::ifstream in(path, std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
      Vfs().changes_.push_back(
          {FaultInjectingVfs::ChangeKind::kDeleted, path, 0, std::move(bytes), 0});
    }
    const int code = Vfs().base_->xDelete(Vfs().base_, path, sync_names);
    if (sync_names != 0) Vfs().NamesSynced();
    return code;
  }
};

FaultInjectingVfs& FaultInjectingVfs::Instance() {
  static FaultInjectingVfs instance;
  return instance;
}

void FaultInjectingVfs::Install() {
  base_ = sqlite3_vfs_find(nullptr);
  vfs_ = *base_;
  vfs_.zName = "slipway-faults";
  vfs_.szOsFile = static_cast<int>(kRealOffset) + base_->szOsFile;
  vfs_.xOpen = VfsCalls::Open;
  vfs_.xDelete = VfsCalls::Delete;
  sqlite3_vfs_register(&vfs_, 1);
}

void FaultInjectingVfs::CrashAt(int64_t operation, std::function<void()> crash) {
  crash_at_ = operation;
  crash_ = std::move(crash);
}

void FaultInjectingVfs::FillDiskAt(int64_t operation) { full_from_ = operation; }

int FaultInjectingVfs::Begin() {
  if (++operations_ == crash_at_) crash_();
  return full_from_ != 0 && operations_ >= full_from_ ? SQLITE_FULL : SQLITE_OK;
}

void FaultInjectingVfs::Forget(ChangeKind kind, const std::string& path) {
  std::erase_if(changes_,
                [&](const Change& change) { return change.kind == kind && change.path == path; });
}

void FaultInjectingVfs::NamesSynced() {
  std::vector<std::string> deleted;
  for (const Change& change : changes_) {
    if (change.kind == ChangeKind::kDeleted) deleted.push_back(change.path);
  }
  for (const std::string& path : deleted) Forget(ChangeKind::kBytes, path);
  std::erase_if(changes_, [](const Change& change) { return change.kind != ChangeKind::kBytes; });
}

void FaultInjectingVfs::LoseUnsynced() {
  for (; !changes_.empty(); changes_.pop_back()) {
    const Change& change = changes_.back();
    if (change.kind == ChangeKind::kCreated) {
      ::unlink(change.path.c_str());
      continue;
    }
    if (change.kind == ChangeKind::kDeleted) {
      std::ofstream(change.path, std::ios::binary) << change.old_bytes;
      continue;
    }
    const int fd = ::open(change.path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;  // Its name was lost, and with it the bytes.
    const bool restored =
        ::pwrite(fd, change.old_bytes.data(), change.old_bytes.size(), change.offset) >= 0 &&
        ::ftruncate(fd, change.old_size) == 0;
    ::close(fd);
    if (!restored) ::_exit(99);  // The test would not test what it says.
  }
}

}  // namespace slipway::sqlite
