#include "core/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "core/interrupt.h"

namespace slipway {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class LocalWritableFile : public WritableFile {
 public:
  LocalWritableFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return SystemError("write", path_, errno);
      }
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  }

  Status Sync() override {
    if (::fsync(fd_.get()) != 0) return SystemError("sync", path_, errno);
    return {};
  }

  Status Close() override {
    if (::close(fd_.release()) != 0) return SystemError("close", path_, errno);
    return {};
  }

 private:
  std::string path_;
  FileDescriptor fd_;
};

class PosixFileSystem : public FileSystem {
 public:
  Result<std::string> ReadFile(const std::string& path) override {
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return SystemError("open", path, errno);
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return SystemError("read", path, errno);
    if (S_ISDIR(info.st_mode)) return SystemError("read", path, EISDIR);
    // The file's size, one byte more to see its end, and more where it is longer than it said, as
    // those of /proc and pipes are.
    constexpr size_t kLeastRoom = size_t{1} << 16U;
    constexpr size_t kRoomForTheEnd = 1;
    const auto size = static_cast<size_t>(std::max<off_t>(info.st_size, 0));
    size_t room = size > 0 ? size + kRoomForTheEnd : kLeastRoom;
    std::string bytes;
    while (true) {
      const size_t used = bytes.size();
      ssize_t count = 0;
      bytes.resize_and_overwrite(used + room, [&](char* out, size_t) {
        count = ::read(fd.get(), out + used, room);
        return used + static_cast<size_t>(std::max<ssize_t>(count, 0));
      });
      if (count < 0) {
        // A pipe may never say more: waiting on would keep the user from stopping us.
        if (errno == EINTR && !Interrupted()) continue;
        return SystemError("read", path, errno);
      }
      if (count == 0) return bytes;
      const size_t left = room - static_cast<size_t>(count);
      room = left > 0 ? left : kLeastRoom;
    }
  }

  Result<std::unique_ptr<WritableFile>> CreateFile(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return SystemError("create", path, errno);
    return std::make_unique<LocalWritableFile>(path, fd);
  }

  Status CreateDirectories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return SystemError("create the directory", path, error.value());
    return {};
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return SystemError("rename to", to, errno);
    return {};
  }

  Status RemoveFile(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return SystemError("remove", path, errno);
    return {};
  }

  Status RemoveTree(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return SystemError("remove", path, error.value());
    return {};
  }

  Status SyncDirectory(const std::string& path) override {
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return SystemError("open", path, errno);
    if (::fsync(fd.get()) != 0) return SystemError("sync", path, errno);
    return {};
  }

  Result<FileStat> Stat(const std::string& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return SystemError("find", path, errno);
    constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
    FileStat result;
    result.size = info.st_size;
    result.modified_ns = info.st_mtim.tv_sec * kNanosecondsPerSecond + info.st_mtim.tv_nsec;
    result.changed_ns = info.st_ctim.tv_sec * kNanosecondsPerSecond + info.st_ctim.tv_nsec;
    result.inode = info.st_ino;
    result.device = info.st_dev;
    result.is_directory = S_ISDIR(info.st_mode);
    return result;
  }

  Result<std::vector<std::string>> List(const std::string& path) override {
    std::error_code error;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) return SystemError("list", path, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace

FileSystem& LocalFileSystem() {
  static PosixFileSystem instance;
  return instance;
}

std::string JoinPath(std::string_view a, std::string_view b) {
  if (a.empty() || b.starts_with('/')) return std::string(b);
  if (a.ends_with('/')) return fmt::format("{}{}", a, b);
  return fmt::format("{}/{}", a, b);
}

std::string DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  if (slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

std::string BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace slipway
