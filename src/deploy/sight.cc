#include "deploy/sight.h"

#include <limits>

#include "core/file_system.h"
#include "core/replace_file.h"

namespace slipway::deploy {
namespace {

constexpr double kMilliseconds = 1000;
constexpr const char* kFile = "seen.json";
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

Json PlanToJson(const TrafficPlan& plan) {
  Json shares = Json::array();
  for (const Share& share : plan.shares)
    shares.push_back({{"set", share.set}, {"weight", share.weight}});
  return {{"shares", std::move(shares)},
          {"mirror_set", plan.mirror_set},
          {"mirror_share", plan.mirror_share},
          {"header_set", plan.header_set},
          {"header_name", plan.header_name},
          {"header_value", plan.header_value}};
}

TrafficPlan PlanFromJson(const Json& json) {
  TrafficPlan plan;
  for (const Json& share : json.value("shares", Json::array()))
    plan.shares.push_back({GetInteger(share, "set"), GetNumber(share, "weight")});
  plan.mirror_set = GetInteger(json, "mirror_set");
  plan.mirror_share = GetNumber(json, "mirror_share");
  plan.header_set = GetInteger(json, "header_set");
  plan.header_name = GetString(json, "header_name");
  plan.header_value = GetString(json, "header_value");
  return plan;
}

Json SetsToJson(const std::vector<SetStatus>& sets) {
  Json json = Json::array();
  for (const SetStatus& status : sets) {
    json.push_back({{"set", status.set},
                    {"running", status.running},
                    {"ready", status.ready},
                    {"available", status.available},
                    {"utilization", status.utilization},
                    {"trouble", status.trouble}});
  }
  return json;
}

SetStatus StatusFromJson(const Json& json) {
  return {.set = GetInteger(json, "set"),
          .running = static_cast<int>(GetInteger(json, "running")),
          .ready = static_cast<int>(GetInteger(json, "ready")),
          .available = static_cast<int>(GetInteger(json, "available")),
          .utilization = GetNumber(json, "utilization", -1),
          .trouble = GetString(json, "trouble")};
}

}  // namespace

std::vector<SetRate> RateMeter::Take(const Observed& observed) {
  std::vector<SetRate> rates;
  if (!observed.traffic) return rates;
  if (!looks_.empty() && looks_.back().instance != observed.traffic->instance) looks_.clear();
  Look look{observed.now_ms, observed.traffic->instance, {}};
  for (const SetCounts& counts : observed.traffic->sets) look.sets[counts.set] = counts;
  // The oldest look that is kept is at least so old, once there are enough of them.
  const auto oldest = observed.now_ms - static_cast<int64_t>(seconds_ * kMilliseconds);
  while (looks_.size() > 1 && looks_[1].at_ms <= oldest) looks_.pop_front();
  if (!looks_.empty()) {
    const Look& before = looks_.front();
    const double seconds = static_cast<double>(look.at_ms - before.at_ms) / kMilliseconds;
    for (const auto& [set, counts] : look.sets) {
      const auto was = before.sets.find(set);
      const SetCounts more = was == before.sets.end() ? counts : Since(was->second, counts);
      if (seconds <= 0) continue;
      const auto requests = static_cast<double>(more.requests);
      rates.push_back({set, requests / seconds,
                       more.requests == 0 ? kUnknown : static_cast<double>(more.errors) / requests,
                       more.requests == 0 ? kUnknown : Percentile(more.latencies, 0.95)});
    }
  }
  constexpr int64_t kLeastApartMs = 200;
  if (looks_.empty() || look.at_ms - looks_.back().at_ms >= kLeastApartMs)
    looks_.push_back(std::move(look));
  return rates;
}

Json ToJson(const Sight& sight) {
  Json json = {{"at_ms", sight.at_ms},
               {"address", sight.address},
               {"sets", SetsToJson(sight.observed.sets)},
               {"traffic_trouble", sight.observed.traffic_trouble}};
  if (sight.observed.traffic) json["in_force"] = PlanToJson(sight.observed.traffic->in_force);
  Json rates = Json::array();
  for (const SetRate& rate : sight.rates) {
    rates.push_back({{"set", rate.set},
                     {"requests_per_second", rate.requests_per_second},
                     {"error_rate", rate.error_rate},
                     {"p95_ms", rate.p95_ms}});
  }
  json["rates"] = std::move(rates);
  return json;
}

Result<Sight> SightFromJson(const Json& json) {
  if (!json.is_object()) return Error(ErrorCode::kIntegrity, "what was seen is no object");
  Sight sight;
  sight.at_ms = GetInteger(json, "at_ms");
  sight.address = GetString(json, "address");
  sight.observed.now_ms = sight.at_ms;
  sight.observed.traffic_trouble = GetString(json, "traffic_trouble");
  for (const Json& status : json.value("sets", Json::array()))
    sight.observed.sets.push_back(StatusFromJson(status));
  if (json.contains("in_force")) {
    sight.observed.traffic = Traffic{PlanFromJson(json["in_force"]), "", {}};
  }
  for (const Json& rate : json.value("rates", Json::array())) {
    sight.rates.push_back({GetInteger(rate, "set"), GetNumber(rate, "requests_per_second"),
                           GetNumber(rate, "error_rate", kUnknown),
                           GetNumber(rate, "p95_ms", kUnknown)});
  }
  return sight;
}

Status WriteSight(const std::string& directory, const Sight& sight) {
  return ReplaceFile(LocalFileSystem(), JoinPath(directory, kFile), Durability::kUnsynced,
                     [&](WritableFile& file) { return file.Append(CompactJson(ToJson(sight))); });
}

Result<std::optional<Sight>> ReadSight(const std::string& directory) {
  const std::string path = JoinPath(directory, kFile);
  if (!LocalFileSystem().Exists(path)) return std::optional<Sight>();
  SLIPWAY_ASSIGN_OR_RETURN(const Json json, ReadJsonFile(LocalFileSystem(), path));
  SLIPWAY_ASSIGN_OR_RETURN(Sight sight, SightFromJson(json));
  return std::optional(std::move(sight));
}

}  // namespace slipway::deploy
