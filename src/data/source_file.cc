#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/text.h"
#include "data/source_file_internal.h"

namespace slipway::data {
namespace {

constexpr const char* kReadable = "a CSV, TSV or Parquet file";

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
  if (nearest.empty()) return std::move(error).Try("--data FILE with the table's path");
  return std::move(error).Try(path.find('/') == std::string::npos ? nearest
                                                                  : JoinPath(directory, nearest));
}

Error IsDirectory(const std::string& path) {
  std::vector<std::string> tables;
  if (Result<std::vector<std::string>> names = LocalFileSystem().List(path); names.ok()) {
    for (const std::string& name : *names) {
      const bool table =
          name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".parquet");
      if (table && tables.size() < 3) tables.push_back(JoinPath(path, name));
    }
  }
  Error error = FileError(ErrorCode::kInvalidInput, path, "is a directory").Expected(kReadable);
  return tables.empty() ? error : std::move(error).Try(JoinOr(tables));
}

Error Remote(const std::string& path) {
  return FileError(ErrorCode::kInvalidInput, path, "this build reads local files only")
      .Expected(kReadable)
      .Try("--data FILE with a local copy");
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

}  // namespace

Result<SourceFile> SourceFile::Open(const std::string& path) {
  if (path.empty()) {
    return Error(ErrorCode::kInvalidInput, "no table was named")
        .Try("data.source_path or --data FILE");
  }
  if (path.find("://") != std::string::npos) return Remote(path);
  // Without O_NONBLOCK, opening a pipe that nobody writes to would hang.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return NotFound(path);
    return SystemError("read", path, errno);
  }
  SourceFile file(path, fd);
  struct stat info{};
  if (::fstat(fd, &info) != 0) return SystemError("read", path, errno);
  if (S_ISDIR(info.st_mode)) return IsDirectory(path);
  if (!S_ISREG(info.st_mode)) {
    return FileError(ErrorCode::kInvalidInput, path, "is a pipe or a device")
        .Expected(kReadable)
        .Try("writing it to a file first");
  }
  if (info.st_size == 0) {
    return FileError(ErrorCode::kInvalidInput, path, "the file is empty").Expected(kReadable);
  }
  file.stat_ = ToFileStat(info);
  return file;
}

SourceFile::SourceFile(SourceFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), stat_(other.stat_) {}

SourceFile::~SourceFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<size_t> SourceFile::ReadAt(int64_t offset, char* out, size_t count) const {
  size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(fd_, out + done, count - done, offset + static_cast<int64_t>(done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return SystemError("read", path_, errno);
    }
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

Result<int64_t> SourceFile::LineAt(int64_t offset) const {
  constexpr size_t kBlock = size_t{1} << 16U;
  std::vector<char> block(kBlock);
  int64_t line = 1;
  bool after_return = false;
  for (int64_t at = 0; at < offset;) {
    const size_t wanted = std::min<size_t>(kBlock, static_cast<size_t>(offset - at));
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count, ReadAt(at, block.data(), wanted));
    if (count == 0) break;
    for (size_t i = 0; i < count; ++i) {
      // "\r\n" ends one line; so does "\r" alone.
      if (block[i] == '\r' || (block[i] == '\n' && !after_return)) ++line;
      after_return = block[i] == '\r';
    }
    at += static_cast<int64_t>(count);
  }
  return line;
}

Result<int> SourceFile::Duplicate() const {
  const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return SystemError("read", path_, errno);
  return copy;
}

Status SourceFile::CheckUnchanged() const {
  struct stat info{};
  if (::fstat(fd_, &info) != 0) return SystemError("read", path_, errno);
  if (ToFileStat(info) == stat_) return {};
  return FileError(ErrorCode::kConflict, path_, "the file changed while it was read")
      .Try("again when nothing writes to it");
}

Error SourceFile::Invalid(std::string message, int64_t line, int64_t row) const {
  Location location;
  location.file = path_;
  location.line = line;
  location.row = row;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

}  // namespace slipway::data
