#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/descriptor.h"
#include "core/file_system.h"
#include "core/log_files_internal.h"

namespace slipway {
namespace {

constexpr int kMoved = 2;
constexpr mode_t kOwnerOnly = 0600;

std::string MovedPath(const std::string& path, int number) {
  return path + "." + std::to_string(number);
}

bool CopyAll(int from, int to) {
  std::string block(size_t{1} << 16, '\0');
  for (off_t at = 0;;) {
    const ssize_t count = ::pread(from, block.data(), block.size(), at);
    if (count <= 0) return count == 0;
    if (::write(to, block.data(), static_cast<size_t>(count)) != count) return false;
    at += count;
  }
}

// The last `bytes` of one file as they are; `whole` where that is all of it.
struct End {
  std::string text;
  bool whole = true;
};
Result<End> ReadEnd(const std::string& path, int64_t bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open() && errno == ENOENT) return End();
  struct stat info{};
  if (!file.open() || ::fstat(file.number(), &info) != 0) return SystemError("read", path, errno);
  const int64_t size = std::clamp<int64_t>(bytes, 0, info.st_size);
  End end{std::string(static_cast<size_t>(size), '\0'), size == info.st_size};
  const ssize_t count =
      ::pread(file.number(), end.text.data(), end.text.size(), info.st_size - size);
  if (count < 0) return SystemError("read", path, errno);
  end.text.resize(static_cast<size_t>(count));
  return end;
}

}  // namespace

Status ShortenLog(const std::string& path, int64_t bytes) {
  const Descriptor log(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!log.open() && errno == ENOENT) return {};
  struct stat info{};
  if (!log.open() || ::fstat(log.number(), &info) != 0) return SystemError("shorten", path, errno);
  if (info.st_size < bytes) return {};
  for (int number = kMoved; number > 1; --number)
    (void)std::rename(MovedPath(path, number - 1).c_str(), MovedPath(path, number).c_str());
  const std::string moved = MovedPath(path, 1);
  const Descriptor copy(
      ::open(moved.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly));
  if (!copy.open() || !CopyAll(log.number(), copy.number())) ::unlink(moved.c_str());
  // Who appends goes on at the new end.
  if (::ftruncate(log.number(), 0) != 0) return SystemError("shorten", path, errno);
  return {};
}

Result<std::string> ReadLogEnd(const std::string& path, int64_t bytes) {
  SLIPWAY_ASSIGN_OR_RETURN(End end, ReadEnd(path, bytes));
  for (int number = 1; number <= kMoved && end.whole; ++number) {
    const std::string moved = MovedPath(path, number);
    if (!LocalFileSystem().Exists(moved)) break;
    SLIPWAY_ASSIGN_OR_RETURN(End before,
                             ReadEnd(moved, bytes - static_cast<int64_t>(end.text.size())));
    end.text.insert(0, before.text);
    end.whole = before.whole;
  }
  // What is left of a line says little, but a long one is better than nothing.
  const size_t line = end.text.find('\n');
  if (!end.whole && line != std::string::npos && line + 1 < end.text.size())
    end.text.erase(0, line + 1);
  return std::move(end.text);
}

}  // namespace slipway
