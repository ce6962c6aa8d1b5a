// What went wrong, where, and what to do next: the one error type of the program.
//
// An Error is a value: copied, stored and compared freely, safe to pass between threads. It never
// carries a secret, because it may reach a terminal, a log or a report.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace slipway {

enum class ErrorCode {
  kInvalidInput,   // The user's data, configuration or command line is wrong.
  kNotFound,       // What was named does not exist.
  kAlreadyExists,  // What was to be made is there already.
  kConflict,       // Somebody else changed it first, or its state forbids the call.
  kPermission,     // The operating system or a service says no.
  kIo,             // Reading or writing failed: a full disk, a broken device, a vanished file.
  kUnavailable,    // A service or an optional library can't be reached.
  kTimeout,        // A deadline passed.
  kIntegrity,      // A digest does not match what was recorded.
  kInterrupted,    // The user or the system asked us to stop.
  kInternal,       // A defect of ours.
};

// The code in words, as JSON shows it: "invalid_input", "not_found", …
const char* ToString(ErrorCode code);

// Where in the user's input. Lines, columns and rows count from 1; 0 means that it is not known.
// `row` counts data rows, without the header.
struct Location {
  std::string file;
  int64_t line = 0;
  int64_t column = 0;
  int64_t row = 0;
  std::string field;
};

class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  // Builders, so that a return statement reads as the sentence that the user will see. By value, so
  // that `error = std::move(error).Try(…)` is no move onto itself.
  [[nodiscard]] Error At(Location location) &&;
  [[nodiscard]] Error Expected(std::string expected) &&;
  [[nodiscard]] Error Try(std::string hint) &&;
  [[nodiscard]] Error CausedBy(Error cause) &&;
  // Adds an error found in the same pass: all of a configuration's mistakes are told at once.
  [[nodiscard]] Error Also(Error other) &&;

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const Location& location() const { return location_; }
  const std::string& expected() const { return expected_; }
  const std::string& hint() const { return hint_; }
  const Error* cause() const { return cause_.get(); }
  const std::vector<Error>& others() const { return others_; }

  // "file:line:column: what; expected …; try …", its causes after it, without the leading "error:
  // ".
  std::string ToString() const;
  // One "error: …" line for this error and each of its `others`, newline after each.
  std::string Render() const;

 private:
  ErrorCode code_;
  std::string message_;
  Location location_;
  std::string expected_;
  std::string hint_;
  std::shared_ptr<const Error> cause_;
  std::vector<Error> others_;
};

// What the process ends with, as the contract lists them: 0 done, 1 the answer is no, 2 wrong
// input, 3 a service failed, 4 integrity, 130 interrupted.
inline constexpr int kExitDone = 0;
inline constexpr int kExitNo = 1;
int ExitCodeFor(ErrorCode code);

// An Error for the current `errno` of a system call on `path`: "can't open: No space left on
// device".
Error SystemError(const std::string& action, const std::string& path, int error_number);

}  // namespace slipway
