// Ties a key of the field table to a member of Config: how to set it, and what it is by default.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/types.h"

namespace slipway::config {

struct Binding {
  std::function<void(Config&, const Json&)> set;  // Takes a checked value.
  // The member's initial value, so that types.h alone says defaults; null where that is "nothing"
  // ("", none, empty).
  Json fallback;
};

// A whole number for a number without a fraction, so that 100 and 100.0 are one value.
Json CanonicalNumber(double value);

// "normalize" or {"handle_missing": {…}}.
Json StepToJson(const PreprocessingStep& step);
PreprocessingStep StepFromJson(const Json& json);

template <typename T>
void Assign(T& to, const Json& value) {
  to = value.get<T>();
}
template <typename T>
void Assign(std::optional<T>& to, const Json& value) {
  to = value.get<T>();
}
inline void Assign(Json& to, const Json& value) { to = value; }
template <typename T>
void Assign(std::vector<std::pair<std::string, T>>& to, const Json& value) {
  to.clear();
  for (const auto& [name, item] : value.items()) to.emplace_back(name, item.template get<T>());
}
// A number, "auto", or {"maximize": …, "cost": {…}}.
void Assign(DecisionThresholdConfig& to, const Json& value);
inline void Assign(std::vector<GroupGap>& to, const Json& value) {
  to.clear();
  for (const Json& gap : value) to.push_back({gap.at("column"), gap.at("metric"), gap.at("max")});
}
inline void Assign(std::vector<PreprocessingStep>& to, const Json& value) {
  to.clear();
  for (const Json& step : value) to.push_back(StepFromJson(step));
}

inline Json FallbackOf(const std::string& value) { return value.empty() ? Json() : Json(value); }
inline Json FallbackOf(bool value) { return value; }
inline Json FallbackOf(int value) { return value; }
inline Json FallbackOf(double value) { return CanonicalNumber(value); }
inline Json FallbackOf(const Json& value) { return value.empty() ? Json() : value; }
inline Json FallbackOf(const std::vector<std::string>& value) {
  return value.empty() ? Json() : Json(value);
}
// Optionals, maps and lists of pairs start empty.
template <typename T>
Json FallbackOf(const T& /*value*/) {
  return nullptr;
}

// `access` is a generic lambda: [](auto& c) -> auto& { return c.data.format; }.
template <typename Access>
Binding Into(Access access) {
  const Config defaults{};
  return {[access](Config& config, const Json& value) { Assign(access(config), value); },
          FallbackOf(access(defaults))};
}

}  // namespace slipway::config
