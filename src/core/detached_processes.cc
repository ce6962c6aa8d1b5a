#include "core/detached_processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/clock.h"
#include "core/control_group_internal.h"
#include "core/detached_folder_internal.h"
#include "core/detached_launch_internal.h"
#include "core/durable_directories.h"
#include "core/file_system.h"
#include "core/hash.h"
#include "core/log_files_internal.h"
#include "core/replace_file.h"
#include "core/text.h"

namespace slipway {
namespace {

constexpr size_t kLongestId = 100;
constexpr size_t kGroupDigits = 16;
// A folder that goes away: no id begins so.
constexpr std::string_view kRemovedPrefix = ".removed-";

bool IsId(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !id.empty() && id.size() <= kLongestId && id.front() != '.' &&
         std::ranges::all_of(id, allowed);
}

Status CheckId(const std::string& id) {
  if (IsId(id)) return {};
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" can't name a process", Printable(id)))
      .Expected(fmt::format("up to {} letters, digits, hyphens, underscores and dots, no dot first",
                            kLongestId));
}

Status CheckSpec(const DetachedSpec& spec) {
  SLIPWAY_RETURN_IF_ERROR(CheckId(spec.id));
  const auto has_end = [](const std::string& text) { return text.contains('\0'); };
  bool bad = spec.arguments.empty() || spec.arguments.front().empty() ||
             std::ranges::any_of(spec.arguments, has_end);
  for (const auto& [name, value] : spec.environment)
    bad |= name.empty() || name.contains('=') || has_end(name) || has_end(value);
  if (!bad) return {};
  return Error(ErrorCode::kInvalidInput,
               fmt::format("{}: the arguments or the environment can't be a program's", spec.id))
      .Expected("a program first, variables with names, and no NUL");
}

Error NotAlive(const std::string& id) {
  return {ErrorCode::kNotFound, fmt::format("the process {} does not live", id)};
}

// The same for each start of that id, so that what a crash leaves is used again.
std::string GroupName(const DetachedFolder& folder) {
  return fmt::format("slipway-{}", HexOf(DigestOf(folder.path())).substr(0, kGroupDigits));
}

void FindGroup(const DetachedFolder& folder, DetachedRecord* record) {
  const ControlGroupLimits limits{record->spec.memory_bytes, record->spec.cpu_cores};
  if (!limits.any()) return;
  const Result<std::string> made = MakeControlGroup(GroupName(folder), limits);
  if (made.ok()) {
    record->control_group = *made;
  } else {
    record->notes.push_back("it runs without its limits: " + made.error().ToString());
  }
}

// Fields of /proc/PID/stat (proc(5)), counted from the one behind the program's name, which may
// hold anything.
struct Used {
  double cpu_seconds = 0;
  int64_t resident_bytes = 0;
};
Used ReadUsed(pid_t pid) {
  const Result<std::string> text = LocalFileSystem().ReadFile(fmt::format("/proc/{}/stat", pid));
  if (!text.ok()) return {};
  const size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return {};
  constexpr size_t kUserTicks = 11, kSystemTicks = 12, kResidentPages = 21;
  std::istringstream rest(text->substr(name_end + 1));
  std::array<int64_t, kResidentPages + 1> fields{};
  std::string state;
  rest >> state;
  for (size_t i = 1; i < fields.size(); ++i) rest >> fields[i];
  const auto ticks = static_cast<double>(fields[kUserTicks] + fields[kSystemTicks]);
  return {ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)),
          fields[kResidentPages] * ::sysconf(_SC_PAGESIZE)};
}

Result<DetachedProcess> Describe(const DetachedFolder& folder) {
  SLIPWAY_ASSIGN_OR_RETURN(const DetachedFolder::Holder holder, folder.FindHolder());
  DetachedRecord record = ReadRecord(folder);
  DetachedProcess process{.id = folder.id()};
  process.pid = holder.pid;
  process.alive = holder.lives;
  process.started_ms = record.started_ms;
  process.facts = std::move(record.spec.facts);
  process.notes = std::move(record.notes);
  if (!process.alive) return process;
  if (process.pid == 0) {
    process.notes.emplace_back("its lock is held by what it started, or it is just being started");
    return process;
  }
  const Used used = ReadUsed(process.pid);
  process.cpu_seconds = used.cpu_seconds;
  process.resident_bytes = used.resident_bytes;
  if (!record.control_group.empty() && !InControlGroup(process.pid, record.control_group))
    process.notes.push_back("it runs without its limits: it is not in " + record.control_group);
  return process;
}

}  // namespace

Result<DetachedProcesses> DetachedProcesses::Open(const std::string& directory) {
  std::error_code failure;
  const std::string path = std::filesystem::absolute(directory, failure).lexically_normal();
  if (failure) return SystemError("find", directory, failure.value());
  FileSystem& files = LocalFileSystem();
  SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(files, path));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(path));
  // What a Remove that was killed left.
  for (const std::string& name : names) {
    if (name.starts_with(kRemovedPrefix)) (void)files.RemoveTree(JoinPath(path, name));
  }
  return DetachedProcesses(path);
}

Status DetachedProcesses::Start(const DetachedSpec& spec) {
  SLIPWAY_RETURN_IF_ERROR(CheckSpec(spec));
  ReapLaunched();
  FileSystem& files = LocalFileSystem();
  const DetachedFolder folder(directory_, spec.id);
  SLIPWAY_ASSIGN_OR_RETURN(Descriptor lock, folder.TakeLock());
  if (!lock.open())
    return Error(ErrorCode::kAlreadyExists, fmt::format("the process {} lives already", spec.id));
  // Before anybody could take it for the pid of the one that is to come.
  if (::unlink(folder.pid_path().c_str()) != 0 && errno != ENOENT)
    return SystemError("remove", folder.pid_path(), errno);
  RemoveControlGroup(ReadRecord(folder).control_group);
  DetachedRecord record{.spec = spec};
  record.started_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(SystemClock().Now().time_since_epoch())
          .count();
  FindGroup(folder, &record);
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(files, folder.spec_path(), RecordText(record)));
  return Launch(folder, std::move(lock), record);
}

Result<std::vector<DetachedProcess>> DetachedProcesses::List() {
  ReapLaunched();
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           LocalFileSystem().List(directory_));
  std::vector<DetachedProcess> found;
  for (const std::string& name : names) {
    if (!IsId(name)) continue;
    SLIPWAY_ASSIGN_OR_RETURN(found.emplace_back(), Describe(DetachedFolder(directory_, name)));
  }
  return found;
}

Status DetachedProcesses::Signal(const std::string& id, int signal) {
  SLIPWAY_RETURN_IF_ERROR(CheckId(id));
  ReapLaunched();
  SLIPWAY_ASSIGN_OR_RETURN(const DetachedFolder::Holder holder,
                           DetachedFolder(directory_, id).FindHolder());
  if (!holder.lives) return NotAlive(id);
  if (holder.pid == 0)
    return Error(
               ErrorCode::kConflict,
               fmt::format("the process {} can't be signalled: which one it is does not show", id))
        .Expected("a process that holds its lock itself");
  if (!holder.descriptor.open())
    return Error(ErrorCode::kUnavailable, fmt::format("the process {} can't be signalled", id))
        .Expected("Linux 5.3 or newer, with pidfd_open");
  // The library's header declares it for C alone.
  if (::syscall(SYS_pidfd_send_signal, holder.descriptor.number(), signal, nullptr, 0) == 0)
    return {};
  if (errno == ESRCH) return NotAlive(id);
  return SystemError("signal the process", id, errno);
}

Status DetachedProcesses::Remove(const std::string& id) {
  SLIPWAY_RETURN_IF_ERROR(CheckId(id));
  ReapLaunched();
  FileSystem& files = LocalFileSystem();
  const DetachedFolder folder(directory_, id);
  if (!files.Exists(folder.path()))
    return Error(ErrorCode::kNotFound, fmt::format("there is no process {}", id));
  SLIPWAY_ASSIGN_OR_RETURN(const Descriptor lock, folder.TakeLock());
  if (!lock.open())
    return Error(ErrorCode::kConflict, fmt::format("the process {} lives", id)).Try("ending it");
  RemoveControlGroup(ReadRecord(folder).control_group);
  // Away at once, so that nobody meets a half of it.
  const std::string removed = fmt::format("{}/{}{}", directory_, kRemovedPrefix, RandomName());
  SLIPWAY_RETURN_IF_ERROR(files.Rename(folder.path(), removed));
  SLIPWAY_RETURN_IF_ERROR(files.RemoveTree(removed));
  return files.SyncDirectory(directory_);
}

Result<std::string> DetachedProcesses::LogTail(const std::string& id, int64_t bytes) const {
  SLIPWAY_RETURN_IF_ERROR(CheckId(id));
  return ReadLogEnd(DetachedFolder(directory_, id).log_path(), bytes);
}

Status DetachedProcesses::ShortenLog(const std::string& id, int64_t bytes) const {
  SLIPWAY_RETURN_IF_ERROR(CheckId(id));
  return slipway::ShortenLog(DetachedFolder(directory_, id).log_path(), bytes);
}

int DetachedProcesses::ExitWatch(const std::string& id) const {
  if (!IsId(id)) return -1;
  Result<DetachedFolder::Holder> holder = DetachedFolder(directory_, id).FindHolder();
  if (!holder.ok() || holder->pid == 0 || !holder->descriptor.open()) return -1;
  // The caller's from now on.
  return ::fcntl(holder->descriptor.number(), F_DUPFD_CLOEXEC, 0);
}

}  // namespace slipway
