// What fuzz targets of several folders share. Included by tests only.
//
// A target is a file *_fuzz.cc with LLVMFuzzerTestOneInput: it feeds bytes to a reader of ours and
// aborts where what must always hold does not.
#pragma once

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/text.h"

// What libFuzzer calls, and AddressSanitizer; a target needs only the first.
extern "C" {
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerInitialize(int* argc, char*** argv);
const char* __asan_default_options();
}

namespace slipway::testing {

inline std::string_view TextOf(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the process where `holds` is false, with the names and values of what was compared.
inline void Require(bool holds, std::string_view what, std::string_view left = "",
                    std::string_view right = "") {
  if (holds) return;
  fmt::print(stderr, "does not hold: {}\n{}\n----\n{}\n", what, left, right);
  std::abort();
}

inline void RequireSame(std::string_view left, std::string_view right, std::string_view what) {
  Require(left == right, what, left, right);
}

// Whatever the bytes are, the fault is theirs: never a defect of ours, nothing unsaid, and nothing
// that steers a terminal.
inline void RequireGoodError(const Error& error) {
  const std::string text = error.ToString();
  Require(error.code() != ErrorCode::kInternal, "no error is a defect of ours", text);
  Require(!error.message().empty(), "an error says what happened", text);
  RequireSame(text, Printable(text), "an error is printable");
  if (error.cause() != nullptr) RequireGoodError(*error.cause());
  for (const Error& other : error.others()) RequireGoodError(other);
}

// A file in memory with a path of its own, for readers that take one.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    Require(fd_ >= 0, "memfd_create");
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count = ::write(fd_, bytes.data() + done, bytes.size() - done);
      Require(count > 0, "write");
      done += static_cast<size_t>(count);
    }
    path_ = fmt::format("/proc/self/fd/{}", fd_);
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  const int fd_;
  std::string path_;
};

}  // namespace slipway::testing
