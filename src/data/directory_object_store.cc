// A directory of files as an ObjectStore.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "core/clock.h"
#include "core/durable_directories.h"
#include "core/replace_file.h"
#include "core/text.h"
#include "data/object_store.h"

namespace slipway::data {
namespace {

constexpr auto kLeftoverAge = std::chrono::hours(1);

Error At(ErrorCode code, const std::string& path, std::string message) {
  Location location;
  location.file = path;
  return Error(code, std::move(message)).At(std::move(location));
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// What git's index tells a file's content by.
std::string EtagOf(const struct stat& info) {
  return fmt::format("{:x}-{:x}.{:x}-{:x}.{:x}-{:x}", info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec, info.st_ino);
}

class DirectoryUpload : public WritableFile {
 public:
  DirectoryUpload(FileSystem& files, std::string temporary, std::string path,
                  std::unique_ptr<WritableFile> file)
      : files_(files),
        temporary_(std::move(temporary)),
        path_(std::move(path)),
        file_(std::move(file)) {}
  ~DirectoryUpload() override {
    if (!done_) (void)files_.RemoveFile(temporary_);
  }
  DirectoryUpload(const DirectoryUpload&) = delete;
  DirectoryUpload& operator=(const DirectoryUpload&) = delete;

  Status Append(std::string_view bytes) override { return file_->Append(bytes); }
  Status Sync() override { return {}; }
  Status Close() override {
    SLIPWAY_RETURN_IF_ERROR(file_->Sync());
    SLIPWAY_RETURN_IF_ERROR(file_->Close());
    SLIPWAY_RETURN_IF_ERROR(files_.Rename(temporary_, path_));
    done_ = true;
    return files_.SyncDirectory(DirectoryOf(path_));
  }

 private:
  FileSystem& files_;
  std::string temporary_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;
  bool done_ = false;
};

class DirectoryObjectStore : public ObjectStore {
 public:
  DirectoryObjectStore(FileSystem& files, std::string root)
      : files_(files), root_(std::move(root)) {}

  std::string Describe() const override { return root_; }
  std::string UriOf(const std::string& key) const override {
    return key.empty() ? root_ : JoinPath(root_, key);
  }

  Status Check() override {
    const Result<FileStat> found = files_.Stat(root_);
    // One that is not there yet will be made.
    if (!found.ok()) {
      return found.error().code() == ErrorCode::kNotFound ? Status() : found.error();
    }
    return found->is_directory ? Status() : At(ErrorCode::kInvalidInput, root_, "is no directory");
  }

  Result<ObjectInfo> Head(const std::string& key) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
    const std::string path = UriOf(key);
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return NotOpened(path, errno);
    if (S_ISDIR(info.st_mode)) return At(ErrorCode::kNotFound, path, "is a directory");
    if (!S_ISREG(info.st_mode)) {
      return At(ErrorCode::kInvalidInput, path, "is a pipe or a device")
          .Try("writing it to a file first");
    }
    constexpr int64_t kNanoseconds = 1'000'000'000;
    ObjectInfo object;
    object.key = key;
    object.size = info.st_size;
    object.etag = EtagOf(info);
    object.modified_ns = info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec;
    return object;
  }

  Result<size_t> ReadAt(const ObjectInfo& object, int64_t offset, char* out,
                        size_t count) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(object.key));
    const std::string path = UriOf(object.key);
    const OpenFile file(path);
    if (file.fd() < 0) return NotOpened(path, errno);
    size_t done = 0;
    while (done < count) {
      const ssize_t got =
          ::pread(file.fd(), out + done, count - done, offset + static_cast<int64_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemError("read", path, errno);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    struct stat info{};
    if (::fstat(file.fd(), &info) != 0) return SystemError("read", path, errno);
    if (object.etag.empty() || EtagOf(info) == object.etag) return done;
    return At(ErrorCode::kConflict, path, "the file was replaced or changed while it was read")
        .Try("again when nothing writes to it");
  }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& key) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
    const std::string path = UriOf(key);
    const std::string directory = DirectoryOf(path);
    SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(files_, directory));
    RemoveLeftovers(directory);
    std::string temporary = TemporaryPathIn(directory);
    SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_.CreateFile(temporary));
    return std::make_unique<DirectoryUpload>(files_, std::move(temporary), path, std::move(file));
  }

  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override {
    if (!prefix.empty()) SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(prefix));
    std::vector<ObjectInfo> objects;
    SLIPWAY_RETURN_IF_ERROR(Collect(prefix, &objects));
    std::ranges::sort(objects, {}, &ObjectInfo::key);
    return objects;
  }

  Status Delete(const std::string& key) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
    const std::string path = UriOf(key);
    if (const Status removed = files_.RemoveFile(path); !removed.ok()) {
      return removed.error().code() == ErrorCode::kNotFound ? Status() : removed;
    }
    return files_.SyncDirectory(DirectoryOf(path));
  }

 private:
  Error NotOpened(const std::string& path, int error_number) {
    if (error_number != ENOENT && error_number != ENOTDIR) {
      return SystemError("read", path, error_number);
    }
    Error error = At(ErrorCode::kNotFound, path, "no such file");
    const Result<std::vector<std::string>> names = files_.List(DirectoryOf(path));
    if (!names.ok()) return error;
    const std::string nearest = NearestName(BaseName(path), *names);
    return nearest.empty() ? error : std::move(error).Try(JoinPath(DirectoryOf(path), nearest));
  }

  Status Collect(const std::string& prefix, std::vector<ObjectInfo>* objects) {
    const std::string directory = UriOf(prefix);
    const Result<std::vector<std::string>> names = files_.List(directory);
    if (!names.ok()) {
      return names.error().code() == ErrorCode::kNotFound ? Status() : names.error();
    }
    for (const std::string& name : *names) {
      if (IsTemporaryName(name)) continue;
      ObjectInfo object;
      object.key = prefix.empty() ? name : fmt::format("{}/{}", prefix, name);
      const Result<FileStat> stat = files_.Stat(JoinPath(directory, name));
      if (!stat.ok()) continue;  // Gone by now, or a link that leads nowhere.
      if (stat->is_directory) {
        SLIPWAY_RETURN_IF_ERROR(Collect(object.key, objects));
        continue;
      }
      object.size = stat->size;
      object.modified_ns = stat->modified_ns;
      objects->push_back(std::move(object));
    }
    return {};
  }

  // Of processes that were killed. Failing here fails nothing: the next one tries again.
  void RemoveLeftovers(const std::string& directory) {
    const Result<std::vector<std::string>> names = files_.List(directory);
    if (!names.ok()) return;
    const int64_t oldest = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               (SystemClock().Now() - kLeftoverAge).time_since_epoch())
                               .count();
    for (const std::string& name : *names) {
      if (!IsTemporaryName(name)) continue;
      const Result<FileStat> stat = files_.Stat(JoinPath(directory, name));
      if (stat.ok() && stat->changed_ns < oldest) {
        (void)files_.RemoveFile(JoinPath(directory, name));
      }
    }
  }

  FileSystem& files_;
  const std::string root_;
};

}  // namespace

std::unique_ptr<ObjectStore> OpenDirectoryObjectStore(FileSystem& files, const std::string& root) {
  std::string path = root;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return std::make_unique<DirectoryObjectStore>(files, std::move(path));
}

}  // namespace slipway::data
