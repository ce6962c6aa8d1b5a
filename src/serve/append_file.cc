#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "serve/append_file_internal.h"

namespace slipway::serve {
namespace {

constexpr mode_t kMode = 0640;
constexpr int kWaitMs = 100;

}  // namespace

Result<AppendFile> AppendFile::Open(const std::string& path) {
  // O_NONBLOCK: a pipe without a reader is an error at once, not a server that does not start.
  // Standard output's own flags are others' too and stay.
  const int descriptor =
      path == "-"
          ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
          : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                   kMode);
  if (descriptor < 0) {
    const int error_number = errno;
    Error error = SystemError("append to", path, error_number);
    if (error_number == ENOENT) return std::move(error).Try("a folder that is there");
    if (error_number == ENXIO) return std::move(error).Try("a file, or a pipe that is read");
    return error;
  }
  AppendFile file(path, descriptor);
  struct stat info{};
  file.regular_ = ::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
  return file;
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      regular_(other.regular_),
      torn_(other.torn_) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(regular_, other.regular_);
  std::swap(torn_, other.torn_);
  return *this;
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int AppendFile::AwaitRoom(const std::stop_token& stop) {
  if (regular_) return 0;
  pollfd wanted{descriptor_, POLLOUT, 0};
  while (true) {
    const int ready = ::poll(&wanted, 1, kWaitMs);
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
    if (stop.stop_requested() && --patience_ <= 0) return ETIMEDOUT;
  }
}

// A pipe that has room has it for PIPE_BUF bytes; more would block. Whole lines where one ends
// within them: others may write to the same pipe in between.
std::string_view AppendFile::NextPiece(std::string_view lines) const {
  if (regular_ || lines.size() <= PIPE_BUF) return lines;
  const size_t end = lines.rfind('\n', PIPE_BUF - 1);
  return lines.substr(0, end == std::string_view::npos ? PIPE_BUF : end + 1);
}

AppendFile::Outcome AppendFile::WriteBytes(std::string_view bytes, const std::stop_token& stop) {
  Outcome outcome;
  while (outcome.written < bytes.size()) {
    outcome.error_number = AwaitRoom(stop);
    if (outcome.error_number != 0) break;
    const std::string_view piece = NextPiece(bytes.substr(outcome.written));
    const ssize_t count = ::write(descriptor_, piece.data(), piece.size());
    if (count >= 0) {
      outcome.written += static_cast<size_t>(count);
    } else if (errno != EINTR && errno != EAGAIN) {
      outcome.error_number = errno;
      break;
    }
  }
  if (outcome.written > 0) torn_ = bytes[outcome.written - 1] != '\n';
  return outcome;
}

AppendFile::Outcome AppendFile::Write(std::string_view lines, const std::stop_token& stop) {
  if (!torn_) return WriteBytes(lines, stop);
  Outcome outcome = WriteBytes(std::string("\n").append(lines), stop);
  if (outcome.written > 0) --outcome.written;
  return outcome;
}

}  // namespace slipway::serve
