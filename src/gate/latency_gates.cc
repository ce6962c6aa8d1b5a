// Gates on the time a prediction takes, measured on the model as it was loaded again.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

constexpr int kWarmUp = 3;
constexpr int kSinglePredictions = 200;
// However long they take: one that a busy machine held up must not fail a model.
constexpr int kFewestSinglePredictions = 5;
constexpr double kSingleBudgetSeconds = 0.01;
constexpr int64_t kBatchRows = 1000;
constexpr int kWarmUpBatches = 1;
constexpr int kBatches = 3;

// By nearest rank; `sorted` is not empty.
double Percentile(const std::vector<double>& sorted, double share) {
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

Verdict NotMeasured(Verdict verdict, Outcome outcome, const std::string& why) {
  verdict.value = std::numeric_limits<double>::quiet_NaN();
  verdict.outcome = outcome;
  verdict.reason = "not measured: " + why;
  return verdict;
}

// A verdict for what forbids measuring, or nullopt.
std::optional<Verdict> Unmeasurable(const GateInput& input, const LoadedModel& loaded,
                                    const Verdict& verdict) {
  if (!loaded.ok()) {
    return NotMeasured(verdict, Outcome::kFail, "the artifact can't be loaded again");
  }
  if (input.test_rows.rows == 0) {
    return NotMeasured(verdict, Outcome::kInconclusive, "the test part has no rows");
  }
  return std::nullopt;
}

void Decide(const std::string& what, Verdict* verdict) {
  const bool pass = verdict->value < verdict->limit;
  verdict->outcome = pass ? Outcome::kPass : Outcome::kFail;
  verdict->reason = fmt::format("{} {}, {} {}", what, FormatValue(verdict->value, "s"),
                                pass ? "under" : "not under", FormatValue(verdict->limit, "s"));
}

// How many predictions are measured: `most`, but no more than `fewest` once `budget` seconds are
// spent. Those of the warm-up are not counted.
struct Effort {
  int warm_up = 0, fewest = 0, most = 0;
  double budget = 0;
};

// Seconds of each prediction, ascending. `predict(i)` answers the i-th.
template <typename Predict>
Result<std::vector<double>> Measure(const Clock& clock, const Effort& effort,
                                    const Predict& predict) {
  for (int i = 0; i < effort.warm_up; ++i) SLIPWAY_RETURN_IF_ERROR(predict(i));
  std::vector<double> seconds;
  const Stopwatch total(clock);
  for (int i = 0; i < effort.most; ++i) {
    if (i >= effort.fewest && total.seconds() >= effort.budget) break;
    const Stopwatch one(clock);
    SLIPWAY_RETURN_IF_ERROR(predict(i));
    seconds.push_back(one.seconds());
  }
  std::ranges::sort(seconds);
  return seconds;
}

Status PredictOnce(const model::Predictor& predictor, const data::Table& rows, int threads) {
  const Result<model::Predictions> answer = predictor.Predict(rows, threads);
  if (!answer.ok()) return answer.error();
  return {};
}

}  // namespace

data::Table SliceRows(const data::Table& table, const std::vector<model::InputField>& inputs,
                      int64_t first, int64_t count) {
  data::Table slice;
  slice.rows = std::clamp<int64_t>(table.rows - first, 0, count);
  const auto begin = first;
  const auto end = first + slice.rows;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const data::Column* from = table.Find(inputs[i].name, i);
    if (from == nullptr) continue;
    data::Column column;
    column.name = from->name;
    column.type = from->type;
    column.integral = from->integral;
    if (from->type != data::ColumnType::kCategory) {
      column.numbers.assign(from->numbers.begin() + begin, from->numbers.begin() + end);
    } else if (slice.rows == 1) {
      const int32_t code = from->codes[static_cast<size_t>(first)];
      column.codes = {code == data::kMissingCode ? data::kMissingCode : 0};
      if (code != data::kMissingCode)
        column.categories = {from->categories[static_cast<size_t>(code)]};
    } else {
      column.codes.assign(from->codes.begin() + begin, from->codes.begin() + end);
      column.categories = from->categories;
    }
    slice.columns.push_back(std::move(column));
  }
  return slice;
}

Verdict SingleLatencyGate(const GateInput& input, const LoadedModel& loaded, const Clock& clock) {
  Verdict verdict;
  verdict.name = "single_latency";
  verdict.unit = "s";
  verdict.limit = input.config.gates.single_latency_seconds;
  if (std::optional<Verdict> not_measured = Unmeasurable(input, loaded, verdict))
    return *not_measured;

  const model::Predictor& predictor = *loaded->predictor;
  std::vector<data::Table> rows;
  const int64_t distinct = std::min<int64_t>(input.test_rows.rows, kSinglePredictions);
  for (int64_t row = 0; row < distinct; ++row) {
    rows.push_back(SliceRows(input.test_rows, predictor.inputs(), row, 1));
  }
  const auto seconds = Measure(
      clock, {kWarmUp, kFewestSinglePredictions, kSinglePredictions, kSingleBudgetSeconds},
      [&](int i) { return PredictOnce(predictor, rows[static_cast<size_t>(i) % rows.size()], 1); });
  if (!seconds.ok()) return NotMeasured(verdict, Outcome::kFail, seconds.error().ToString());
  verdict.value = Percentile(*seconds, 0.5);
  verdict.evidence = {{"comparison", "under"},
                      {"predictions", seconds->size()},
                      {"median_seconds", verdict.value},
                      {"p99_seconds", Percentile(*seconds, 0.99)},
                      {"engine", predictor.engine()}};
  Decide("a single prediction takes", &verdict);
  return verdict;
}

Verdict BatchLatencyGate(const GateInput& input, const LoadedModel& loaded, const Clock& clock) {
  Verdict verdict;
  verdict.name = "batch_latency";
  verdict.unit = "s";
  verdict.limit = input.config.gates.batch_latency_seconds;
  if (std::optional<Verdict> not_measured = Unmeasurable(input, loaded, verdict))
    return *not_measured;

  const model::Predictor& predictor = *loaded->predictor;
  const data::Table rows = SliceRows(input.test_rows, predictor.inputs(), 0, kBatchRows);
  const auto seconds = Measure(clock, {kWarmUpBatches, kBatches, kBatches, 0},
                               [&](int) { return PredictOnce(predictor, rows, 0); });
  if (!seconds.ok()) return NotMeasured(verdict, Outcome::kFail, seconds.error().ToString());
  verdict.value = Percentile(*seconds, 0.5) / static_cast<double>(rows.rows);
  verdict.evidence = {{"comparison", "under"},
                      {"rows", rows.rows},
                      {"batches", seconds->size()},
                      {"batch_seconds", Percentile(*seconds, 0.5)},
                      {"engine", predictor.engine()}};
  Decide(fmt::format("a row in a batch of {} takes", FormatCount(rows.rows)), &verdict);
  return verdict;
}

}  // namespace slipway::gate
