// What is counted of a set of replicas; counts only grow, until a process begins anew. Only a label
// that takes the place of another one may make what is counted of labels smaller.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/mean_difference.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::deploy {

// By the splitter, since it began, of requests for predictions: health, metrics and feedback say
// nothing of a version. An attempt that a replica left without an answer is a request and an error
// of its set, and so is the answer of whoever was asked then of his.
struct SetCounts {
  int64_t set = 0;
  int64_t requests = 0;
  int64_t errors = 0;             // 5xx.
  int64_t error_run_squares = 0;  // Of the lengths of runs of errors, added up.
  int64_t client_errors = 0;      // 4xx.
  int64_t in_flight = 0;
  std::vector<int64_t> latencies = {};  // By slipway::LatencyBuckets; empty for none.
  int64_t mirrored = 0;                 // Copies whose answer was compared, or never came.
  int64_t disagreed = 0;                // Of these: another answer, or none.
};

// By class, or by bucket of a number: "≤ 10", "≤ 20.5", "above".
using ClassCounts = std::map<std::string, int64_t>;

// The bucket of what is not above a bound, and of what is above all.
std::string BucketUpTo(double bound);
inline constexpr const char* kBucketAbove = "above";
// False where both count a number, and by other buckets: then they tell nothing of each other.
bool AreCountedAlike(const ClassCounts& one, const ClassCounts& other);

// What turned out to be true of predictions.
struct LabelCounts {
  int64_t labelled = 0;  // Predictions of classes whose label came.
  int64_t correct = 0;
  ClassCounts labels = {};           // Of the labelled, by the class that is true.
  analysis::NumberSums errors = {};  // Absolute errors of a regression's.
};

// By the set's replicas: what was predicted, and what turned out to be true.
struct ModelCounts {
  int64_t set = 0;
  ClassCounts predictions = {};
  double confidence_sum = 0;          // Of the predicted classes' probabilities.
  int64_t labelled = 0, correct = 0;  // Of all predictions, as LabelCounts has them.
  // Of those only that were made while versions shared the traffic as they do: labels may come
  // late, and a new version has none of what was predicted before it.
  LabelCounts in_epoch = {};
  int64_t predicted() const;  // Of all classes.
};

int64_t SumOf(const ClassCounts& counts);

// What came between two looks. A count that is smaller than before began anew in between, and
// counts from 0.
SetCounts Since(const SetCounts& before, const SetCounts& now);
// Of feedback as trials that are new: a replaced label is none, but its part of the errors' sums.
ModelCounts Since(const ModelCounts& before, const ModelCounts& now);
LabelCounts Since(const LabelCounts& before, const LabelCounts& now);
// The same with what such labels changed: all but their number may be negative.
ModelCounts Change(const ModelCounts& before, const ModelCounts& now);
LabelCounts Change(const LabelCounts& before, const LabelCounts& now);
void Add(const SetCounts& more, SetCounts* total);
void Add(const ClassCounts& more, ClassCounts* total);
void Add(const LabelCounts& more, LabelCounts* total);
void Add(const ModelCounts& more, ModelCounts* total);

// In milliseconds, the middle of the bucket that the share lies in, by nearest rank; 0 of none.
double Percentile(const std::vector<int64_t>& latencies, double share);
// The upper bounds of all buckets but the last, in nanoseconds.
const std::vector<double>& LatencyBounds();

// Latencies as pairs of bucket and count.
Json ToJson(const SetCounts& counts);
Result<SetCounts> SetCountsFromJson(const Json& json);
Json ToJson(const ClassCounts& counts);
Result<ClassCounts> ClassCountsFromJson(const Json& json);
Json ToJson(const LabelCounts& counts);
Result<LabelCounts> LabelCountsFromJson(const Json& json);
Json ToJson(const ModelCounts& counts);
Result<ModelCounts> ModelCountsFromJson(const Json& json);

}  // namespace slipway::deploy
