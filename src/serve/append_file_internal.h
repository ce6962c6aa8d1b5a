// A file, or standard output, that whole lines are appended to.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::serve {

// Of one thread at a time. Closes what it opened.
class AppendFile {
 public:
  // Made with mode 0640 where it is not there; "-" is standard output. kInvalidInput for a
  // directory or a pipe that nobody reads.
  static Result<AppendFile> Open(const std::string& path);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();

  // How many bytes of `lines` went out, and why not all did. Waits where a pipe is full; once
  // `stop` is asked for, no longer than two seconds more. A line that was written in part ends at
  // the next call, so that it spoils no other.
  struct Outcome {
    size_t written = 0;
    int error_number = 0;
  };
  Outcome Write(std::string_view lines, const std::stop_token& stop);

  const std::string& path() const { return path_; }

 private:
  AppendFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  Outcome WriteBytes(std::string_view bytes, const std::stop_token& stop);
  // 0 when it can be written to, else why not.
  int AwaitRoom(const std::stop_token& stop);
  std::string_view NextPiece(std::string_view lines) const;

  std::string path_;
  int descriptor_ = -1;
  bool regular_ = false;
  bool torn_ = false;  // The last line lacks its end.
  // How many more times it waits for room once it is to stop.
  static constexpr int kPatience = 20;
  int patience_ = kPatience;
};

}  // namespace slipway::serve
