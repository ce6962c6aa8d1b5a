#include <algorithm>
#include <cmath>

#include "monitor/alerts.h"

namespace slipway::monitor {
namespace {

constexpr double kMilliseconds = 1000;

// Nothing where there is no such section.
const Json* Section(const Json& parent, const char* key) {
  if (!parent.is_object()) return nullptr;
  const auto it = parent.find(key);
  return it != parent.end() && it->is_object() ? &*it : nullptr;
}

const Json* TestPart(const Json& metrics, const char* name) {
  const Json* test = Section(metrics, "test");
  return test == nullptr ? nullptr : Section(*test, name);
}

std::optional<double> TestMetric(const Json& metrics, const char* name) {
  const Json* metric = TestPart(metrics, name);
  if (metric == nullptr) return std::nullopt;
  const double value = GetNumber(*metric, "value", std::nan(""));
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

// The lower end of its interval.
std::optional<double> LowerEnd(const Json& metrics, const char* name) {
  const Json* metric = TestPart(metrics, name);
  if (metric == nullptr) return std::nullopt;
  const auto interval = metric->find("interval");
  if (interval == metric->end() || !interval->is_array() || interval->empty() ||
      !interval->front().is_number())
    return std::nullopt;
  return std::min(interval->front().get<double>(), GetNumber(*metric, "value"));
}

}  // namespace

const AlertRule* AlertRules::Find(const std::string& alert) const {
  for (const AlertRule& rule : rules)
    if (rule.alert == alert) return &rule;
  return nullptr;
}

AlertRules ReadAlertRules(const Json& deployment, const Json& metrics) {
  AlertRules read;
  const Json* monitoring = Section(deployment, "monitoring_config");
  if (monitoring == nullptr) return read;
  const double seconds = GetNumber(*monitoring, "window_seconds");
  if (seconds > 0) read.window_ms = std::llround(std::ceil(seconds * kMilliseconds));
  read.test_accuracy = TestMetric(metrics, "accuracy");
  read.test_accuracy_low = LowerEnd(metrics, "accuracy");
  read.calibration_error = TestMetric(metrics, "calibration_error");
  const Json* limits = Section(*monitoring, "alert_thresholds");
  if (limits == nullptr) return read;
  const Json* actions = Section(*monitoring, "actions");
  for (const auto& [alert, limit] : limits->items()) {
    if (!limit.is_number()) continue;
    const std::string action = actions == nullptr ? "" : GetString(*actions, alert.c_str());
    read.rules.push_back({alert, limit.get<double>(), action.empty() ? "notify" : action});
    if (alert == "accuracy_drop" && !read.test_accuracy) {
      read.gaps.emplace_back(
          "accuracy_drop can't be judged: the version has no accuracy on a test part");
    }
  }
  return read;
}

}  // namespace slipway::monitor
