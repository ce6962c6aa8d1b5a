#include <cmath>
#include <limits>

#include "train/metrics.h"

namespace slipway::train {
namespace {

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double NumberOrNan(const Json& json) {
  return json.is_number() ? json.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Json MetricsToJson(const Metrics& metrics) {
  Json json = Json::object();
  for (const auto& [name, value] : metrics) json[name] = NumberOrNull(value);
  return json;
}

Json IntervalsToJson(const Intervals& intervals) {
  Json json = Json::object();
  for (const auto& [name, interval] : intervals) {
    json[name] = {NumberOrNull(interval.first), NumberOrNull(interval.second)};
  }
  return json;
}

Metrics MetricsFromJson(const Json& json) {
  Metrics metrics;
  if (!json.is_object()) return metrics;
  for (const auto& [name, value] : json.items()) metrics[name] = NumberOrNan(value);
  return metrics;
}

Intervals IntervalsFromJson(const Json& json) {
  Intervals intervals;
  if (!json.is_object()) return intervals;
  for (const auto& [name, bounds] : json.items()) {
    if (!bounds.is_array() || bounds.size() != 2) continue;
    intervals[name] = {NumberOrNan(bounds[0]), NumberOrNan(bounds[1])};
  }
  return intervals;
}

}  // namespace slipway::train
