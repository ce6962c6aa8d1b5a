// The single gates, and the seam at which tests put a model of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gate/gate.h"

namespace slipway::gate {

// How an artifact directory becomes a model: model::LoadModel, or a test's fake.
using ModelLoader = std::function<Result<model::Model>(FileSystem&, const std::string&)>;

Result<std::vector<Verdict>> RunGatesWith(FileSystem& files, const Clock& clock,
                                          const GateInput& input, const ModelLoader& loader);

// One verdict a configured threshold. A metric that there is not, or that is NaN, fails.
std::vector<Verdict> ThresholdGates(const GateInput& input);

// What a cautious reader takes for a metric, and how it is called: the worse end of its interval,
// of accuracy no better than Wilson's. A metric at its best is so in every resample, and its
// interval has no width: then, for shares, the rule of three (Hanley and Lippman-Hand 1983, If
// nothing goes wrong, is everything all right?, JAMA 249) of `units` that are independent. NaN
// where there is no interval.
struct CautiousFigure {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::string name;
};
CautiousFigure CautiousFigureOf(const std::string& metric, const train::Metrics& metrics,
                                const train::Intervals& intervals, int64_t rows, int64_t units);

// Fails: the metric that it is about is not among those of the task.
Verdict MissingMetric(const GateInput& input, Verdict verdict, const std::string& metric);

// The predictor that the latency gates measure, or why there is none.
using LoadedModel = Result<model::Model>;

// Value: the median of single-row predictions, one after another on one thread; evidence has the
// 99th percentile. The median is what is compared, so that one descheduling of a busy machine
// doesn't fail a model.
Verdict SingleLatencyGate(const GateInput& input, const LoadedModel& loaded, const Clock& clock);

// Value: seconds a row of the median of three batches of up to 1,000 test rows.
Verdict BatchLatencyGate(const GateInput& input, const LoadedModel& loaded, const Clock& clock);

// Value: bytes of all files of the artifact directory / 10^6.
Result<Verdict> SizeGate(FileSystem& files, const GateInput& input);

// Value: the largest difference of any score from golden.jsonl, after loading again.
Result<Verdict> ParityGate(FileSystem& files, const GateInput& input, const LoadedModel& loaded);

// Value: accuracy minus the accuracy of always answering with the most frequent class; of a
// regression R².
Verdict BaselineGate(const GateInput& input);

// The floors of slices: value and limit of the slice that is furthest below its floor, or least
// above it. A slice with fewer than `model.slices.min_rows` rows, or without the metric, makes it
// inconclusive unless another one is below. nullopt where no floor is configured.
std::optional<Verdict> SliceFloorGate(const GateInput& input);

// The gaps between groups: value and limit of the worst of them. Whether a gap is within its limit
// is decided by its interval, as in the production gate. nullopt where none is configured.
std::optional<Verdict> GroupGapGate(const GateInput& input);

// Value: how many checks failed; where all held and a limit of the drop is configured, the drop.
// Reordered and missing columns must be answered. What lies outside of all training may be refused
// with an error, and is otherwise to be answered by finite scores that sum to 1 and go with the
// label.
Verdict RobustnessGate(const GateInput& input, const LoadedModel& loaded);

// Value: the association, or the share of shared rows, that exceeds its limit most. nullopt where
// no limit is configured.
std::optional<Verdict> LeakageGate(const GateInput& input);

// Value: accuracy, or R², of the training part less that of the test part; nullopt where no limit
// is configured.
std::optional<Verdict> GapGate(const GateInput& input);

// nullopt where nothing is in production. An Error where what is there can't be read or does not
// verify.
Result<std::optional<Verdict>> ProductionVerdict(const GateInput& input, const LoadedModel& loaded);

// The first `count` rows (all where there are fewer) from `first` of those columns that `inputs`
// name; one row's categories are only its own.
data::Table SliceRows(const data::Table& table, const std::vector<model::InputField>& inputs,
                      int64_t first, int64_t count);

// Two classifiers on the same rows: how many only the candidate, and only the other, got right.
struct PairedCounts {
  int64_t rows = 0;
  int64_t only_candidate = 0;
  int64_t only_production = 0;

  double difference() const {
    return rows == 0
               ? 0
               : static_cast<double>(only_candidate - only_production) / static_cast<double>(rows);
  }
};

struct DifferenceBounds {
  double lower = 0;
  double upper = 0;
};

// The z with P(Z <= z) = p of a standard normal Z.
double NormalQuantile(double p);

// A group's figure: a share of its rows, or a mean of them.
struct GroupFigure {
  std::string group;
  double rows = 0;  // That the figure is made of.
  double value = 0;
  std::optional<double> hits;  // Of a share: `value` times `rows`.
  double deviation = 0;        // Of a mean: of its rows.
};

// The interval of a difference a - b, `z` standard deviations wide: of two shares Newcombe's hybrid
// of score intervals (1998, Interval estimation for the difference between independent proportions,
// Statistics in Medicine 17, method 10), of two means the normal one.
DifferenceBounds BoundGroupDifference(const GroupFigure& a, const GroupFigure& b, double z);

// One-sided bounds, each at `confidence`, of the difference of two accuracies on paired rows, from
// Tango's score test (Tango 1998, Equivalence test and confidence interval for the difference in
// proportions for the paired-sample design, Statistics in Medicine 17, equations 9 to 12). Unlike
// Wald's, they hold when few rows disagree.
DifferenceBounds BoundDifference(const PairedCounts& counts, double confidence);

}  // namespace slipway::gate
