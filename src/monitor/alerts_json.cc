#include <fmt/format.h>

#include <array>
#include <deque>
#include <utility>

#include "monitor/alerts.h"

namespace slipway::monitor {
namespace {

constexpr std::array kChanges = {"raised", "warning", "recovered", "no traffic", "traffic"};
constexpr std::array kLevels = {"", "warning", "raised"};

Error BadState(const char* what) {
  return Error(ErrorCode::kIntegrity, fmt::format("the stored state of alerts has no {}", what));
}

Json TimeToJson(const std::optional<int64_t>& time_ms) {
  return time_ms ? Json(*time_ms) : Json(nullptr);
}

std::optional<int64_t> TimeFromJson(const Json& json, const char* key) {
  const auto it = json.find(key);
  if (it == json.end() || !it->is_number_integer()) return std::nullopt;
  return it->get<int64_t>();
}

Json ToJson(const AlertStanding& standing) {
  return {{"level", ToString(standing.level)},
          {"since_ms", standing.since_ms},
          {"below_since_ms", TimeToJson(standing.below_since_ms)},
          {"value", standing.value},
          {"limit", standing.limit},
          {"rows", standing.rows},
          {"text", standing.text}};
}

Result<AlertStanding> StandingFromJson(const Json& json) {
  if (!json.is_object()) return BadState("standing");
  AlertStanding standing;
  const std::string level = GetString(json, "level");
  size_t found = 0;
  while (found < kLevels.size() && level != kLevels.at(found)) ++found;
  if (found == kLevels.size()) return BadState("level");
  standing.level = static_cast<AlertLevel>(found);
  standing.since_ms = GetInteger(json, "since_ms");
  standing.below_since_ms = TimeFromJson(json, "below_since_ms");
  standing.value = GetNumber(json, "value");
  standing.limit = GetNumber(json, "limit");
  standing.rows = GetInteger(json, "rows");
  standing.text = GetString(json, "text");
  return standing;
}

Json ToJson(const ModelTally& tally) {
  return {{"rows", tally.rows},
          {"confidence_sum", tally.confidence_sum},
          {"labelled", tally.labelled},
          {"correct", tally.correct}};
}

Result<ModelTally> TallyFromJson(const Json& json) {
  if (!json.is_object()) return BadState("tally");
  return ModelTally{.rows = GetInteger(json, "rows"),
                    .confidence_sum = GetNumber(json, "confidence_sum"),
                    .labelled = GetInteger(json, "labelled"),
                    .correct = GetInteger(json, "correct")};
}

template <typename Counts, typename Write>
Json SlotsToJson(const SlidingSum<Counts>& sum, Write write) {
  Json slots = Json::array();
  for (const auto& slot : sum.slots())
    slots.push_back({{"number", slot.number}, {"counts", write(slot.counts)}});
  return slots;
}

template <typename Counts, typename Read>
Status ReadSlots(const Json& json, const char* key, Read read, SlidingSum<Counts>* sum) {
  const auto it = json.find(key);
  if (it == json.end() || !it->is_array()) return BadState(key);
  std::deque<typename SlidingSum<Counts>::Slot> slots;
  for (const Json& one : *it) {
    if (!one.is_object() || !one.contains("counts")) return BadState(key);
    SLIPWAY_ASSIGN_OR_RETURN(Counts counts, read(one["counts"]));
    slots.push_back({GetInteger(one, "number"), std::move(counts)});
  }
  sum->set_slots(std::move(slots));
  return {};
}

}  // namespace

const char* ToString(AlertChange change) { return kChanges.at(static_cast<size_t>(change)); }
const char* ToString(AlertLevel level) { return kLevels.at(static_cast<size_t>(level)); }

std::map<std::string, AlertStanding> OpenAlerts(const Json& decided) {
  std::map<std::string, AlertStanding> open;
  if (!decided.is_object()) return open;
  const auto found = decided.find("open");
  if (found == decided.end() || !found->is_object()) return open;
  for (const auto& [alert, json] : found->items()) {
    Result<AlertStanding> standing = StandingFromJson(json);
    if (!standing.ok()) continue;
    standing->below_since_ms.reset();
    open[alert] = *std::move(standing);
  }
  return open;
}

Json AlertState::ToJson() const {
  Json standings = Json::object();
  for (const auto& [alert, standing] : standings_) standings[alert] = monitor::ToJson(standing);
  return {{"set", set_},
          {"release", release_},
          {"instance", instance_},
          {"models_instance", models_instance_},
          {"window_ms", window_ms_},
          {"looked_ms", looked_ms_},
          {"requests", deploy::ToJson(requests_)},
          {"model", deploy::ToJson(model_)},
          {"window",
           SlotsToJson(window_, [](const deploy::SetCounts& c) { return deploy::ToJson(c); })},
          {"labels", SlotsToJson(labels_, [](const ModelTally& t) { return monitor::ToJson(t); })},
          {"standings", std::move(standings)},
          {"silent", silent_},
          {"request_ms", request_ms_},
          {"busy_since_ms", TimeToJson(busy_since_ms_)}};
}

Json AlertState::Decided() const {
  Json open = Json::object();
  for (const auto& [alert, standing] : standings_) {
    if (standing.level != AlertLevel::kNone) open[alert] = monitor::ToJson(standing);
  }
  return {{"set", set_},
          {"release", release_},
          {"window_ms", window_ms_},
          {"silent", silent_},
          {"open", std::move(open)}};
}

void AlertState::TakeUp(const Json& decided) {
  const int64_t set = GetInteger(decided, "set");
  const int64_t window_ms = GetInteger(decided, "window_ms");
  if (set != 0 && (set != set_ || window_ms != window_ms_)) {
    *this = {};
    set_ = set;
    release_ = GetString(decided, "release");
    window_ms_ = window_ms;
  }
  silent_ = GetBool(decided, "silent");
  standings_ = OpenAlerts(decided);
}

Result<AlertState> AlertState::FromJson(const Json& json) {
  if (!json.is_object()) return BadState("members");
  for (const char* key : {"requests", "model", "standings"})
    if (!json.contains(key)) return BadState(key);
  AlertState state;
  state.set_ = GetInteger(json, "set");
  state.release_ = GetString(json, "release");
  state.instance_ = GetString(json, "instance");
  state.models_instance_ = GetString(json, "models_instance");
  state.window_ms_ = GetInteger(json, "window_ms");
  state.looked_ms_ = GetInteger(json, "looked_ms");
  SLIPWAY_ASSIGN_OR_RETURN(state.requests_, deploy::SetCountsFromJson(json["requests"]));
  SLIPWAY_ASSIGN_OR_RETURN(state.model_, deploy::ModelCountsFromJson(json["model"]));
  SLIPWAY_RETURN_IF_ERROR(ReadSlots(json, "window", deploy::SetCountsFromJson, &state.window_));
  SLIPWAY_RETURN_IF_ERROR(ReadSlots(json, "labels", TallyFromJson, &state.labels_));
  for (const auto& [alert, standing] : json["standings"].items()) {
    SLIPWAY_ASSIGN_OR_RETURN(state.standings_[alert], StandingFromJson(standing));
  }
  state.silent_ = GetBool(json, "silent");
  state.request_ms_ = GetInteger(json, "request_ms");
  state.busy_since_ms_ = TimeFromJson(json, "busy_since_ms");
  return state;
}

}  // namespace slipway::monitor
