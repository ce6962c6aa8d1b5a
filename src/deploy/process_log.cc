#include <algorithm>

#include "deploy/process_log_internal.h"

namespace slipway::deploy {

Json LastListening(const std::string& log) {
  Json last;
  size_t begin = 0;
  while (begin < log.size()) {
    const size_t end = std::min(log.find('\n', begin), log.size());
    const std::string_view line(log.data() + begin, end - begin);
    begin = end + 1;
    if (!line.starts_with("{\"event\":\"listening\"")) continue;
    if (const Result<Json> event = ParseJson(line, "log"); event.ok()) last = *event;
  }
  return last;
}

}  // namespace slipway::deploy
