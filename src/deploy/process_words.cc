#include <algorithm>
#include <string_view>

#include "core/file_system.h"
#include "core/text.h"
#include "deploy/process_words_internal.h"

namespace slipway::deploy {

std::string ListeningPath(const DetachedProcesses& processes, const std::string& id) {
  return JoinPath(JoinPath(processes.directory(), id), "listening.json");
}

Json ListeningOf(const DetachedProcesses& processes, const DetachedProcess& process) {
  const std::string path = ListeningPath(processes, process.id);
  const Result<std::string> text = LocalFileSystem().ReadFile(path);
  if (!text.ok()) return {};
  const Result<Json> event = ParseJson(*text, path);
  // Another one may have had the folder before.
  if (!event.ok() || !event->is_object() || process.pid == 0) return {};
  return GetInteger(*event, "pid") == process.pid ? *event : Json();
}

std::string LastWords(const DetachedProcesses& processes, const std::string& id) {
  constexpr int64_t kTail = 16 << 10;
  const Result<std::string> log = processes.LogTail(id, kTail);
  if (!log.ok()) return "";
  std::string_view last;
  for (size_t begin = 0; begin < log->size();) {
    const size_t end = std::min(log->find('\n', begin), log->size());
    const std::string_view line(log->data() + begin, end - begin);
    begin = end + 1;
    constexpr std::string_view kError = "error: ";
    if (line.starts_with(kError)) {
      last = line.substr(kError.size());
    } else if (last.empty() && !line.empty() && line[0] != '{') {
      last = line;
    }
  }
  constexpr size_t kLongest = 300;
  return Printable(last.substr(0, kLongest));
}

}  // namespace slipway::deploy
