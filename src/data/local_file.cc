#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>
#include <vector>

#include "core/file_system.h"
#include "core/text.h"
#include "data/byte_source_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {
namespace {

Error FileError(ErrorCode code, const std::string& path, std::string message) {
  Location location;
  location.file = path;
  return Error(code, std::move(message)).At(std::move(location));
}

Error NotFound(const std::string& path) {
  const std::string directory = DirectoryOf(path);
  Result<std::vector<std::string>> names = LocalFileSystem().List(directory);
  if (!names.ok()) {
    return FileError(ErrorCode::kNotFound, path,
                     fmt::format("no such file: its directory {} can't be listed", directory));
  }
  // A link that leads nowhere is listed, and no hint.
  const bool link = std::erase(*names, BaseName(path)) > 0;
  Error error = FileError(ErrorCode::kNotFound, path,
                          link ? "a link to a file that is not there" : "no such file");
  const std::string nearest = NearestName(BaseName(path), *names);
  if (nearest.empty()) return error;
  return std::move(error).Try(path.find('/') == std::string::npos ? nearest
                                                                  : JoinPath(directory, nearest));
}

FileStat ToFileStat(const struct stat& info) {
  constexpr int64_t kNanoseconds = 1'000'000'000;
  FileStat result;
  result.size = info.st_size;
  result.modified_ns = info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec;
  result.inode = info.st_ino;
  result.device = info.st_dev;
  return result;
}

class LocalFile : public ByteSource {
 public:
  explicit LocalFile(const std::string& path) : ByteSource(path) {}
  ~LocalFile() override { Rest(); }

  Status Open() {
    SLIPWAY_ASSIGN_OR_RETURN(struct stat info, OpenDescriptor());
    if (S_ISDIR(info.st_mode)) return Invalid("is a directory").Expected(kReadableFile);
    if (!S_ISREG(info.st_mode)) {
      return Invalid("is a pipe or a device")
          .Expected(kReadableFile)
          .Try("writing it to a file first");
    }
    if (info.st_size == 0) return Invalid("the file is empty").Expected(kReadableFile);
    stat_ = ToFileStat(info);
    return {};
  }

  std::optional<int64_t> size() const override { return stat_.size; }
  int64_t stored_size() const override { return stat_.size; }
  int64_t StoredUntil(int64_t offset) const override { return std::min(offset, stat_.size); }

  Result<size_t> ReadAt(int64_t offset, char* out, size_t count) const override {
    SLIPWAY_ASSIGN_OR_RETURN(const int fd, Descriptor());
    size_t done = 0;
    while (done < count) {
      const ssize_t got =
          ::pread(fd, out + done, count - done, offset + static_cast<int64_t>(done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return SystemError("read", path(), errno);
      }
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  Status CheckUnchanged() const override {
    struct stat info{};
    const int fd = fd_;
    if (fd >= 0 ? ::fstat(fd, &info) != 0 : ::stat(path().c_str(), &info) != 0) {
      if (errno == ENOENT) return Changed("vanished");
      return SystemError("read", path(), errno);
    }
    if (ToFileStat(info) == stat_) return {};
    return Changed("changed");
  }

  void Rest() const override {
    if (const int fd = fd_.exchange(-1); fd >= 0) ::close(fd);
  }

 private:
  Result<struct stat> OpenDescriptor() const {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would hang.
    const int fd = ::open(path().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
      if (errno == ENOENT || errno == ENOTDIR) return NotFound(path());
      return SystemError("read", path(), errno);
    }
    fd_ = fd;
    struct stat info{};
    if (::fstat(fd, &info) != 0) return SystemError("read", path(), errno);
    return info;
  }

  // Opens it again after a rest.
  Result<int> Descriptor() const {
    if (const int fd = fd_; fd >= 0) return fd;
    const std::lock_guard lock(opening_);
    if (const int fd = fd_; fd >= 0) return fd;
    SLIPWAY_RETURN_IF_ERROR(CheckUnchanged());
    SLIPWAY_ASSIGN_OR_RETURN(const struct stat info, OpenDescriptor());
    if (ToFileStat(info) != stat_) return Changed("changed");
    return fd_.load();
  }

  Error Changed(const char* what) const {
    return FileError(ErrorCode::kConflict, path(),
                     fmt::format("the file {} while it was read", what))
        .Try("again when nothing writes to it");
  }

  FileStat stat_;
  mutable std::mutex opening_;
  mutable std::atomic<int> fd_{-1};
};

}  // namespace

Result<std::unique_ptr<ByteSource>> OpenLocalFile(const std::string& path) {
  auto file = std::make_unique<LocalFile>(path);
  SLIPWAY_RETURN_IF_ERROR(file->Open());
  return file;
}

}  // namespace slipway::data
