#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "core/detached_launch_internal.h"
#include "core/file_system.h"
#include "core/json.h"
#include "core/prepared_program_internal.h"
#include "core/signals_blocked.h"
#include "core/text.h"

namespace slipway {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr int kFailureDescriptor = kLockDescriptor + 1;
constexpr int kDecimal = 10;

// Children of this process, whichever object started them. Never wait(-1): other code waits for
// children of its own.
class Launched {
 public:
  void Add(pid_t pid) {
    const std::lock_guard lock(mutex_);
    pids_.insert(pid);
  }
  void Reap() {
    const std::lock_guard lock(mutex_);
    // Those of who forked this process are none of its.
    std::erase_if(pids_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  }
  // For one that is about to end.
  void Await(pid_t pid) {
    const std::lock_guard lock(mutex_);
    if (pids_.erase(pid) > 0) ::waitpid(pid, nullptr, 0);
  }

 private:
  std::mutex mutex_;  // Of pids_.
  std::set<pid_t> pids_;
};

Launched& LaunchedHere() {
  static Launched launched;
  return launched;
}

// The path of a program, as a shell finds it.
Result<std::string> FindProgram(const std::string& name) {
  if (name.contains('/')) return name;
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "/usr/bin:/bin" : variable;
  while (true) {
    const size_t end = std::min(rest.find(':'), rest.size());
    std::string path = JoinPath(end == 0 ? "." : rest.substr(0, end), name);
    struct stat info{};
    if (::access(path.c_str(), X_OK) == 0 && ::stat(path.c_str(), &info) == 0 &&
        S_ISREG(info.st_mode))
      return path;
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  return Error(ErrorCode::kNotFound,
               fmt::format("there is no program \"{}\" on PATH", Printable(name)));
}

// Away from the numbers that the program's own get.
Result<Descriptor> MovedUp(Descriptor descriptor) {
  Descriptor moved(::fcntl(descriptor.number(), F_DUPFD_CLOEXEC, kFirstOtherDescriptor));
  if (!moved.open()) return SystemError("move a descriptor", "", errno);
  return moved;
}

// All that the new process uses, made before the fork.
struct Parts {
  Descriptor lock = Descriptor(), log = Descriptor(), failure = Descriptor();
  Descriptor group = Descriptor();  // The group's cgroup.procs; not open for none.
  std::string pid_path = {};
};

// As std::to_string, without memory of its own.
bool WritePid(const char* path) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return false;
  constexpr size_t kMost = 16;
  std::array<char, kMost> text{};
  size_t at = text.size();
  text[--at] = '\n';
  for (pid_t left = ::getpid(); left > 0; left /= kDecimal)
    text[--at] = static_cast<char>('0' + left % kDecimal);
  const auto size = static_cast<ssize_t>(text.size() - at);
  const bool written = ::write(file, text.data() + at, text.size() - at) == size;
  ::close(file);
  return written;
}

void ResetSignals() {
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  // Two can't be set, and some are the C library's.
  for (int signal = 1; signal <= SIGRTMAX; ++signal) ::sigaction(signal, &usual, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In the new process; returns only with what failed in errno. From when it has written its pid on
// it needs nobody who started it.
void BecomeDetached(const PreparedProgram& program, const Parts& parts) {
  // Else nobody could be told.
  if (::dup3(parts.failure.number(), kFailureDescriptor, O_CLOEXEC) < 0) ::_exit(1);
  if (::dup2(parts.lock.number(), kLockDescriptor) < 0) return;
  ::setsid();
  // What it can't be limited by is told by who looks for it there.
  if (parts.group.open()) (void)!::write(parts.group.number(), "0", 1);
  if (!WritePid(parts.pid_path.c_str())) return;
  ResetSignals();
  if (::dup2(parts.log.number(), STDERR_FILENO) < 0) return;
  ::closefrom(kFailureDescriptor + 1);
  program.Become(STDERR_FILENO);
}

Result<Parts> MakeParts(const DetachedFolder& folder, const DetachedRecord& record, Descriptor lock,
                        Descriptor failure) {
  Parts parts{.lock = std::move(lock)};
  parts.pid_path = folder.pid_path();
  SLIPWAY_ASSIGN_OR_RETURN(parts.failure, MovedUp(std::move(failure)));
  Descriptor log(
      ::open(folder.log_path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kOwnerOnly));
  if (!log.open()) return SystemError("open", folder.log_path(), errno);
  SLIPWAY_ASSIGN_OR_RETURN(parts.log, MovedUp(std::move(log)));
  if (record.control_group.empty()) return parts;
  Descriptor group(::open((record.control_group + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (group.open()) {
    SLIPWAY_ASSIGN_OR_RETURN(parts.group, MovedUp(std::move(group)));
  }
  return parts;
}

}  // namespace

std::string RecordText(const DetachedRecord& record) {
  Json environment = Json::object();
  for (const auto& [name, value] : record.spec.environment) environment[name] = value;
  return PrettyJson({{"id", record.spec.id},
                     {"arguments", record.spec.arguments},
                     {"environment", std::move(environment)},
                     {"directory", record.spec.directory},
                     {"memory_bytes", record.spec.memory_bytes},
                     {"cpu_cores", record.spec.cpu_cores},
                     {"started_ms", record.started_ms},
                     {"control_group", record.control_group},
                     {"notes", record.notes},
                     {"facts", record.spec.facts}});
}

DetachedRecord ReadRecord(const DetachedFolder& folder) {
  DetachedRecord record;
  record.spec.id = folder.id();
  const Result<Json> json = ReadJsonFile(LocalFileSystem(), folder.spec_path());
  if (!json.ok() || !json->is_object()) return record;
  record.started_ms = GetInteger(*json, "started_ms");
  record.control_group = GetString(*json, "control_group");
  record.spec.facts = json->value("facts", Json());
  const Json notes = json->value("notes", Json::array());
  for (const Json& note : notes) {
    if (note.is_string()) record.notes.push_back(note.get<std::string>());
  }
  return record;
}

Status Launch(const DetachedFolder& folder, Descriptor lock, const DetachedRecord& record) {
  SLIPWAY_ASSIGN_OR_RETURN(std::string program, FindProgram(record.spec.arguments.front()));
  SLIPWAY_ASSIGN_OR_RETURN(Pipe failure, MakePipe());
  SLIPWAY_ASSIGN_OR_RETURN(Parts parts,
                           MakeParts(folder, record, std::move(lock), std::move(failure.write)));
  const PreparedProgram prepared(std::move(program), record.spec.arguments, record.spec.directory,
                                 record.spec.environment);
  pid_t child = 0;
  {
    // No handler of ours runs in the new process.
    const SignalsBlocked blocked;
    child = ::fork();
    if (child == 0) {
      BecomeDetached(prepared, parts);
      TellFailure(kFailureDescriptor, errno);
    }
  }
  if (child < 0) return SystemError("start a process", prepared.program(), errno);
  LaunchedHere().Add(child);
  parts = Parts();
  const int error = ReadFailure(failure.read.number());
  if (error == 0) return {};
  LaunchedHere().Await(child);
  if (error == ENOENT && !record.spec.directory.empty())
    return SystemError("start " + prepared.program() + " in", record.spec.directory, error);
  return SystemError("start", prepared.program(), error);
}

void ReapLaunched() { LaunchedHere().Reap(); }

}  // namespace slipway
