#include "core/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "core/text.h"

namespace slipway {

const char* ToString(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput: return "invalid_input";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kAlreadyExists: return "already_exists";
    case ErrorCode::kConflict: return "conflict";
    case ErrorCode::kPermission: return "permission";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kIntegrity: return "integrity";
    case ErrorCode::kInterrupted: return "interrupted";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

int ExitCodeFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict: return 2;
    case ErrorCode::kPermission:
    case ErrorCode::kIo:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kInternal: return 3;
    case ErrorCode::kIntegrity: return 4;
    case ErrorCode::kInterrupted: return 130;
  }
  return 3;
}

Error Error::At(Location location) && {
  location_ = std::move(location);
  return std::move(*this);
}

Error Error::Expected(std::string expected) && {
  expected_ = std::move(expected);
  return std::move(*this);
}

Error Error::Try(std::string hint) && {
  hint_ = std::move(hint);
  return std::move(*this);
}

Error Error::CausedBy(Error cause) && {
  cause_ = std::make_shared<const Error>(std::move(cause));
  return std::move(*this);
}

Error Error::Also(Error other) && {
  std::vector<Error> nested = std::move(other.others_);
  other.others_.clear();
  others_.push_back(std::move(other));
  for (Error& error : nested) others_.push_back(std::move(error));
  return std::move(*this);
}

std::string Error::ToString() const {
  std::string text;
  if (!location_.file.empty()) {
    text += location_.file;
    if (location_.line > 0) text += fmt::format(":{}", location_.line);
    if (location_.line > 0 && location_.column > 0) text += fmt::format(":{}", location_.column);
    text += ": ";
  }
  if (location_.row > 0) text += fmt::format("row {}: ", location_.row);
  if (!location_.field.empty()) text += fmt::format("{}: ", location_.field);
  text += message_;
  if (!expected_.empty()) text += "; expected " + expected_;
  if (!hint_.empty()) text += "; try " + hint_;
  if (cause_) text += " (" + cause_->ToString() + ")";
  return Printable(text);
}

std::string Error::Render() const {
  std::string text = "error: " + ToString() + "\n";
  for (const Error& other : others_) text += "error: " + other.ToString() + "\n";
  return text;
}

Error SystemError(const std::string& action, const std::string& path, int error_number) {
  ErrorCode code = ErrorCode::kIo;
  if (error_number == ENOENT || error_number == ENOTDIR) code = ErrorCode::kNotFound;
  if (error_number == EEXIST) code = ErrorCode::kAlreadyExists;
  // Signals interrupt a system call only where we handle them: those that ask us to stop.
  if (error_number == EINTR) code = ErrorCode::kInterrupted;
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS) {
    code = ErrorCode::kPermission;
  }
  Error error(code,
              fmt::format("can't {}: {}", action, std::generic_category().message(error_number)));
  Location location;
  location.file = path;
  return std::move(error).At(std::move(location));
}

}  // namespace slipway
