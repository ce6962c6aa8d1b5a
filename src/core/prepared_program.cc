#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "core/prepared_program_internal.h"

namespace slipway {
namespace {

// As a shell has it for a program that can't be started.
constexpr int kExitNoProgram = 127;

std::vector<char*> PointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return SystemError("make a pipe", "", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

PreparedProgram::PreparedProgram(std::string program, std::vector<std::string> arguments,
                                 std::string directory,
                                 const std::map<std::string, std::string>& environment)
    : program_(std::move(program)),
      arguments_(std::move(arguments)),
      directory_(std::move(directory)) {
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (!environment.contains(std::string(text.substr(0, text.find('=')))))
      variables_.emplace_back(text);
  }
  for (const auto& [name, value] : environment) variables_.push_back(name + "=" + value);
  argument_pointers_ = PointersTo(arguments_);
  variable_pointers_ = PointersTo(variables_);
}

void PreparedProgram::Become(int output) const {
  if (!directory_.empty() && ::chdir(directory_.c_str()) != 0) return;
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0) return;
  if (::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0) return;
  if (nothing > STDERR_FILENO) ::close(nothing);
  ::execve(program_.c_str(), argument_pointers_.data(), variable_pointers_.data());
}

void TellFailure(int pipe, int error) {
  (void)!::write(pipe, &error, sizeof(error));
  ::_exit(kExitNoProgram);
}

int ReadFailure(int pipe) {
  int error = 0;
  ssize_t count = 0;
  do {
    count = ::read(pipe, &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  // Closed without a word where the program is there.
  return count == sizeof(error) ? error : 0;
}

}  // namespace slipway
