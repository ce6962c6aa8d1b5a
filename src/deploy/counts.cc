#include "deploy/counts.h"

#include <algorithm>
#include <numeric>

#include "core/counting.h"

namespace slipway::deploy {
namespace {

constexpr double kNanosecondsOfAMillisecond = 1e6;
constexpr const char* kUpTo = "≤ ";

Error BadCounts(const char* what) {
  return Error(ErrorCode::kIntegrity, std::string("stored counts lack ") + what);
}

int64_t Grown(int64_t before, int64_t now) { return now < before ? now : now - before; }
double Grown(double before, double now) { return now < before ? now : now - before; }

ClassCounts Grown(const ClassCounts& before, ClassCounts now) {
  for (auto& [name, count] : now) {
    if (const auto it = before.find(name); it != before.end()) count = Grown(it->second, count);
  }
  return now;
}

// Where counts began anew, all that there is now.
void SubtractRight(int64_t labelled, int64_t correct, auto* now) {
  if (now->labelled < labelled) return;
  now->labelled -= labelled;
  now->correct -= correct;
}

bool AreBuckets(const ClassCounts& counts) {
  return counts.contains(kBucketAbove) && std::ranges::all_of(counts, [](const auto& entry) {
           return entry.first == kBucketAbove || entry.first.starts_with(kUpTo);
         });
}

}  // namespace

std::string BucketUpTo(double bound) { return kUpTo + CompactJson(Json(bound)); }

bool AreCountedAlike(const ClassCounts& one, const ClassCounts& other) {
  if (!AreBuckets(one) || !AreBuckets(other)) return true;
  return std::ranges::equal(one, other, {}, &ClassCounts::value_type::first,
                            &ClassCounts::value_type::first);
}

int64_t SumOf(const ClassCounts& counts) {
  int64_t all = 0;
  for (const auto& [name, count] : counts) all += count;
  return all;
}

int64_t ModelCounts::predicted() const { return SumOf(predictions); }

SetCounts Since(const SetCounts& before, const SetCounts& now) {
  if (now.requests < before.requests || now.mirrored < before.mirrored) return now;
  SetCounts more = now;
  more.requests = now.requests - before.requests;
  more.errors = Grown(before.errors, now.errors);
  more.error_run_squares = Grown(before.error_run_squares, now.error_run_squares);
  more.client_errors = Grown(before.client_errors, now.client_errors);
  more.mirrored = now.mirrored - before.mirrored;
  more.disagreed = Grown(before.disagreed, now.disagreed);
  const size_t known = std::min(before.latencies.size(), more.latencies.size());
  for (size_t i = 0; i < known; ++i)
    more.latencies[i] = Grown(before.latencies[i], now.latencies[i]);
  return more;
}

LabelCounts Change(const LabelCounts& before, const LabelCounts& now) {
  LabelCounts more = now;
  SubtractRight(before.labelled, before.correct, &more);
  if (now.labelled >= before.labelled)
    for (const auto& [name, count] : before.labels) more.labels[name] -= count;
  if (now.errors.count < before.errors.count) return more;
  more.errors.count -= before.errors.count;
  more.errors.sum -= before.errors.sum;
  more.errors.squares -= before.errors.squares;
  return more;
}

LabelCounts Since(const LabelCounts& before, const LabelCounts& now) {
  LabelCounts more = Change(before, now);
  more.correct = std::clamp<int64_t>(more.correct, 0, more.labelled);
  for (auto& [name, count] : more.labels) count = std::max<int64_t>(0, count);
  return more;
}

ModelCounts Change(const ModelCounts& before, const ModelCounts& now) {
  ModelCounts more = now;
  more.predictions = Grown(before.predictions, now.predictions);
  more.confidence_sum = Grown(before.confidence_sum, now.confidence_sum);
  SubtractRight(before.labelled, before.correct, &more);
  more.in_epoch = Change(before.in_epoch, now.in_epoch);
  return more;
}

ModelCounts Since(const ModelCounts& before, const ModelCounts& now) {
  ModelCounts more = Change(before, now);
  more.correct = std::clamp<int64_t>(more.correct, 0, more.labelled);
  more.in_epoch = Since(before.in_epoch, now.in_epoch);
  return more;
}

void Add(const SetCounts& more, SetCounts* total) {
  total->requests += more.requests;
  total->errors += more.errors;
  total->error_run_squares += more.error_run_squares;
  total->client_errors += more.client_errors;
  total->mirrored += more.mirrored;
  total->disagreed += more.disagreed;
  total->latencies.resize(std::max(total->latencies.size(), more.latencies.size()));
  for (size_t i = 0; i < more.latencies.size(); ++i) total->latencies[i] += more.latencies[i];
}

void Add(const ClassCounts& more, ClassCounts* total) {
  for (const auto& [name, count] : more) (*total)[name] += count;
}

void Add(const LabelCounts& more, LabelCounts* total) {
  total->labelled += more.labelled;
  total->correct += more.correct;
  Add(more.labels, &total->labels);
  total->errors.count += more.errors.count;
  total->errors.sum += more.errors.sum;
  total->errors.squares += more.errors.squares;
}

void Add(const ModelCounts& more, ModelCounts* total) {
  Add(more.predictions, &total->predictions);
  total->confidence_sum += more.confidence_sum;
  total->labelled += more.labelled;
  total->correct += more.correct;
  Add(more.in_epoch, &total->in_epoch);
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
          {"error_run_squares", counts.error_run_squares},
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
  counts.error_run_squares = GetInteger(json, "error_run_squares");
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

Json ToJson(const ClassCounts& counts) { return counts; }

Result<ClassCounts> ClassCountsFromJson(const Json& json) {
  if (!json.is_object()) return BadCounts("classes");
  ClassCounts counts;
  for (const auto& [name, count] : json.items()) {
    if (!count.is_number_integer()) return BadCounts("a class");
    counts[name] = count.get<int64_t>();
  }
  return counts;
}

Json ToJson(const LabelCounts& counts) {
  return {{"labelled", counts.labelled},
          {"correct", counts.correct},
          {"labels", counts.labels},
          {"errors",
           {{"count", counts.errors.count},
            {"sum", counts.errors.sum},
            {"squares", counts.errors.squares}}}};
}

Result<LabelCounts> LabelCountsFromJson(const Json& json) {
  if (!json.is_object()) return BadCounts("labels");
  LabelCounts counts;
  counts.labelled = GetInteger(json, "labelled");
  counts.correct = GetInteger(json, "correct");
  const auto labels = json.find("labels");
  if (labels == json.end()) return BadCounts("labels");
  SLIPWAY_ASSIGN_OR_RETURN(counts.labels, ClassCountsFromJson(*labels));
  const auto errors = json.find("errors");
  if (errors == json.end() || !errors->is_object()) return BadCounts("errors");
  for (const char* key : {"count", "sum", "squares"}) {
    const auto number = errors->find(key);
    if (number == errors->end() || !number->is_number()) return BadCounts("errors");
  }
  counts.errors = {GetInteger(*errors, "count"), GetNumber(*errors, "sum"),
                   GetNumber(*errors, "squares")};
  return counts;
}

Json ToJson(const ModelCounts& counts) {
  return {{"set", counts.set},
          {"predictions", counts.predictions},
          {"confidence_sum", counts.confidence_sum},
          {"labelled", counts.labelled},
          {"correct", counts.correct},
          {"in_epoch", ToJson(counts.in_epoch)}};
}

Result<ModelCounts> ModelCountsFromJson(const Json& json) {
  const auto predictions = json.is_object() ? json.find("predictions") : json.end();
  if (predictions == json.end()) return BadCounts("predictions");
  ModelCounts counts;
  counts.set = GetInteger(json, "set");
  SLIPWAY_ASSIGN_OR_RETURN(counts.predictions, ClassCountsFromJson(*predictions));
  // What another build has kept has none.
  if (const auto labels = json.find("in_epoch"); labels != json.end()) {
    SLIPWAY_ASSIGN_OR_RETURN(counts.in_epoch, LabelCountsFromJson(*labels));
  }
  counts.confidence_sum = GetNumber(json, "confidence_sum");
  counts.labelled = GetInteger(json, "labelled");
  counts.correct = GetInteger(json, "correct");
  return counts;
}

}  // namespace slipway::deploy
