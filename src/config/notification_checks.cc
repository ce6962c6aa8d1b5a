#include <fmt/format.h>

#include "config/resolve_internal.h"
#include "core/json.h"

namespace slipway::config {
namespace {

// What a type is told by, and no other one is.
std::string KeyOfType(const std::string& type) {
  if (type == "slack" || type == "webhook") return "url";
  return type == "command" ? "run" : "";
}

}  // namespace

void CheckNotifications(const Resolved& resolved, Problems* problems) {
  const auto found = resolved.environment.expanded.find("notifications");
  if (found == resolved.environment.expanded.end()) return;
  const auto tell = [&](const std::string& key, std::string message, std::string expected) {
    const auto at = resolved.values.find(key);
    problems->Add(
        Error(ErrorCode::kInvalidInput, std::move(message))
            .At(LocationAt(
                at == resolved.values.end() ? resolved.PositionOf("notifications") : at->second,
                key))
            .Expected(std::move(expected)));
  };
  for (size_t i = 0; i < found->size(); ++i) {
    const Json& one = found->at(i);
    const std::string type = GetString(one, "type");
    if (type.empty()) continue;  // Missing or unknown, which is told.
    const std::string needed = KeyOfType(type);
    const std::string place = fmt::format("notifications[{}]", i);
    // One that is written and left out is wrong by itself, which is told.
    const bool told =
        !one.contains(needed) && resolved.values.contains(fmt::format("{}.{}", place, needed));
    if (!needed.empty() && !told && GetString(one, needed.c_str()).empty()) {
      tell(place + ".type", fmt::format("{} needs {}", type, needed),
           needed == "url" ? "url: ${VARIABLE}" : "run: ./tell.sh");
    }
    for (const std::string key : {"url", "run"}) {
      if (key == needed || !one.contains(key)) continue;
      tell(fmt::format("{}.{}", place, key), fmt::format("not read by type: {}", type),
           key == "url" ? "type: slack or type: webhook" : "type: command");
    }
  }
}

}  // namespace slipway::config
