#include "deploy/counts.h"

#include <algorithm>
#include <numeric>

#include "core/counting.h"

namespace slipway::deploy {
namespace {

constexpr double kNanosecondsOfAMillisecond = 1e6;

int64_t Grown(int64_t before, int64_t now) { return now < before ? now : now - before; }

Error BadCounts(const char* what) {
  return Error(ErrorCode::kIntegrity, std::string("stored counts lack ") + what);
}

}  // namespace

SetCounts Since(const SetCounts& before, const SetCounts& now) {
  if (now.requests < before.requests || now.mirrored < before.mirrored) return now;
  SetCounts more = now;
  more.requests = now.requests - before.requests;
  more.errors = Grown(before.errors, now.errors);
  more.client_errors = Grown(before.client_errors, now.client_errors);
  more.mirrored = now.mirrored - before.mirrored;
  more.disagreed = Grown(before.disagreed, now.disagreed);
  const size_t known = std::min(before.latencies.size(), more.latencies.size());
  for (size_t i = 0; i < known; ++i)
    more.latencies[i] = Grown(before.latencies[i], now.latencies[i]);
  return more;
}

ModelCounts Since(const ModelCounts& before, const ModelCounts& now) {
  ModelCounts more = now;
  for (auto& [name, count] : more.predictions) {
    if (const auto it = before.predictions.find(name); it != before.predictions.end())
      count = Grown(it->second, count);
  }
  more.confidence_sum = now.confidence_sum < before.confidence_sum
                            ? now.confidence_sum
                            : now.confidence_sum - before.confidence_sum;
  more.labelled = Grown(before.labelled, now.labelled);
  more.correct = std::min(Grown(before.correct, now.correct), more.labelled);
  return more;
}

void Add(const SetCounts& more, SetCounts* total) {
  total->requests += more.requests;
  total->errors += more.errors;
  total->client_errors += more.client_errors;
  total->mirrored += more.mirrored;
  total->disagreed += more.disagreed;
  total->latencies.resize(std::max(total->latencies.size(), more.latencies.size()));
  for (size_t i = 0; i < more.latencies.size(); ++i) total->latencies[i] += more.latencies[i];
}

double Percentile(const std::vector<int64_t>& latencies, double share) {
  const int64_t all = std::accumulate(latencies.begin(), latencies.end(), int64_t{0});
  if (all == 0) return 0;
  const auto rank = static_cast<int64_t>(share * static_cast<double>(all - 1)) + 1;
  int64_t below = 0;
  for (size_t i = 0; i < latencies.size(); ++i) {
    below += latencies[i];
    if (below >= rank) return LatencyBuckets::MiddleOf(i) / kNanosecondsOfAMillisecond;
  }
  return 0;
}

const std::vector<double>& LatencyBounds() {
  static const std::vector<double> bounds = [] {
    std::vector<double> made;
    for (size_t i = 1; i < LatencyBuckets::kCount; ++i)
      made.push_back(static_cast<double>(LatencyBuckets::LowOf(i)));
    return made;
  }();
  return bounds;
}

Json ToJson(const SetCounts& counts) {
  Json latencies = Json::array();
  for (size_t i = 0; i < counts.latencies.size(); ++i) {
    if (counts.latencies[i] != 0) latencies.push_back(Json::array({i, counts.latencies[i]}));
  }
  return {{"set", counts.set},
          {"requests", counts.requests},
          {"errors", counts.errors},
          {"client_errors", counts.client_errors},
          {"mirrored", counts.mirrored},
          {"disagreed", counts.disagreed},
          {"latencies", std::move(latencies)}};
}

Result<SetCounts> SetCountsFromJson(const Json& json) {
  if (!json.is_object() || !json.contains("requests")) return BadCounts("requests");
  SetCounts counts;
  counts.set = GetInteger(json, "set");
  counts.requests = GetInteger(json, "requests");
  counts.errors = GetInteger(json, "errors");
  counts.client_errors = GetInteger(json, "client_errors");
  counts.mirrored = GetInteger(json, "mirrored");
  counts.disagreed = GetInteger(json, "disagreed");
  const auto latencies = json.find("latencies");
  if (latencies == json.end() || !latencies->is_array()) return BadCounts("latencies");
  if (latencies->empty()) return counts;
  counts.latencies.resize(LatencyBuckets::kCount);
  for (const Json& pair : *latencies) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() ||
        !pair[1].is_number_integer() || pair[0].get<size_t>() >= LatencyBuckets::kCount)
      return BadCounts("a bucket");
    counts.latencies[pair[0].get<size_t>()] = pair[1].get<int64_t>();
  }
  return counts;
}

Json ToJson(const ModelCounts& counts) {
  return {{"set", counts.set},
          {"predictions", counts.predictions},
          {"confidence_sum", counts.confidence_sum},
          {"labelled", counts.labelled},
          {"correct", counts.correct}};
}

Result<ModelCounts> ModelCountsFromJson(const Json& json) {
  const auto predictions = json.is_object() ? json.find("predictions") : json.end();
  if (predictions == json.end() || !predictions->is_object()) return BadCounts("predictions");
  ModelCounts counts;
  counts.set = GetInteger(json, "set");
  for (const auto& [name, count] : predictions->items()) {
    if (!count.is_number_integer()) return BadCounts("a class");
    counts.predictions[name] = count.get<int64_t>();
  }
  counts.confidence_sum = GetNumber(json, "confidence_sum");
  counts.labelled = GetInteger(json, "labelled");
  counts.correct = GetInteger(json, "correct");
  return counts;
}

}  // namespace slipway::deploy
