#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "analysis/rate_pair_internal.h"
#include "analysis/state_internal.h"

namespace slipway::analysis {
namespace {

// Numbers are written by core/json.h, which writes those that are not finite as null.
bool IsFinite(const Json& json) { return json.is_number() && std::isfinite(json.get<double>()); }

bool IsCount(const Json& json) {
  if (json.is_number_unsigned()) {
    return json.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()};
  }
  return json.is_number_integer() && json.get<int64_t>() >= 0;
}

Result<const Json*> ReadArray(const Json& object, const char* key, size_t size) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* array, ReadMember(object, key));
  if (!array->is_array() || array->size() != size) return BadState(key);
  return array;
}

}  // namespace

Error BadState(const char* key) {
  return Error(ErrorCode::kInvalidInput, fmt::format("stored evidence has no usable \"{}\"", key))
      .Expected("what ToJson of the same build wrote")
      .Try("abort the rollout and start it again: its evidence can't be continued");
}

Result<const Json*> ReadMember(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_structured()) return BadState(key);
  return &*it;
}

Result<bool> ReadBool(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_boolean()) return BadState(key);
  return it->get<bool>();
}

Result<double> ReadNumber(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !IsFinite(*it)) return BadState(key);
  return it->get<double>();
}

Result<int64_t> ReadCount(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !IsCount(*it)) return BadState(key);
  return it->get<int64_t>();
}

Result<std::vector<double>> ReadNumbers(const Json& object, const char* key, size_t size) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* array, ReadArray(object, key, size));
  std::vector<double> numbers;
  for (const Json& item : *array) {
    if (!IsFinite(item)) return BadState(key);
    numbers.push_back(item.get<double>());
  }
  return numbers;
}

Result<std::vector<int64_t>> ReadCounts(const Json& object, const char* key, size_t size) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* array, ReadArray(object, key, size));
  std::vector<int64_t> counts;
  for (const Json& item : *array) {
    if (!IsCount(item)) return BadState(key);
    counts.push_back(item.get<int64_t>());
  }
  return counts;
}

Json CountsToJson(const RateCounts& counts) {
  return Json{{"stable_trials", counts.stable_trials},
              {"stable_events", counts.stable_events},
              {"canary_trials", counts.canary_trials},
              {"canary_events", counts.canary_events}};
}

Result<RateCounts> ReadRateCounts(const Json& object, const char* key) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* json, ReadMember(object, key));
  RateCounts counts;
  SLIPWAY_ASSIGN_OR_RETURN(counts.stable_trials, ReadCount(*json, "stable_trials"));
  SLIPWAY_ASSIGN_OR_RETURN(counts.stable_events, ReadCount(*json, "stable_events"));
  SLIPWAY_ASSIGN_OR_RETURN(counts.canary_trials, ReadCount(*json, "canary_trials"));
  SLIPWAY_ASSIGN_OR_RETURN(counts.canary_events, ReadCount(*json, "canary_events"));
  if (!AreCounts(counts)) return BadState(key);
  return counts;
}

Json ProcessToJson(const MarginProcess& process) {
  Json json = process.parts();
  json.push_back(process.kept());
  return json;
}

Result<MarginProcess> ReadProcessIn(const Json& object, const char* key) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* stored, ReadMember(object, key));
  return ReadProcess(*stored, key);
}

Result<MarginProcess> ReadProcess(const Json& stored, const char* key) {
  constexpr size_t kParts = MarginProcess::kParts;
  const bool is_process = stored.is_array() &&
                          (stored.size() == kParts || stored.size() == kParts + 1) &&
                          std::ranges::all_of(stored, IsFinite);
  if (!is_process) return BadState(key);
  const auto numbers = stored.get<std::vector<double>>();
  std::array<double, kParts> parts{};
  std::copy_n(numbers.begin(), kParts, parts.begin());
  const double kept = numbers.size() == kParts ? 0 : numbers.back();
  if (kept < 0 || kept > MarginProcess::kHalf) return BadState(key);
  return MarginProcess::Of(parts, kept);
}

Result<Evidence> ReadEvidence(const Json& object) {
  SLIPWAY_ASSIGN_OR_RETURN(const Json* evidence, ReadMember(object, "evidence"));
  return Evidence::FromJson(*evidence);
}

}  // namespace slipway::analysis
