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

// Nothing would ever follow from it.
void CheckActions(const Resolved& resolved, Problems* problems) {
  const std::string section = "deployment.monitoring_config";
  const auto find = [&](const char* key) {
    return resolved.environment.expanded.value(
        Json::json_pointer(std::string("/deployment/monitoring_config/") + key), Json::object());
  };
  const Json limits = find("alert_thresholds");
  const Json actions = find("actions");
  for (const auto& [alert, action] : actions.items()) {
    const std::string limit = fmt::format("{}.alert_thresholds.{}", section, alert);
    // One that is wrong by itself is told.
    if (limits.contains(alert) || resolved.positions.contains(limit)) continue;
    const std::string key = fmt::format("{}.actions.{}", section, alert);
    problems->Add(Error(ErrorCode::kInvalidInput, "there is no alert that it follows from")
                      .At(LocationAt(resolved.PositionOf(key), key))
                      .Expected("its limit in alert_thresholds")
                      .Try(fmt::format("alert_thresholds: {{{}: …}}", alert)));
  }
}

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
