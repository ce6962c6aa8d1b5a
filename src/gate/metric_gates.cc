// Gates on what was measured on the test part: thresholds and the baseline.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "core/text.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

constexpr const char* kAskedFor = "; model.gates.beats_baseline asks for it";

std::string KnownMetrics(const train::Metrics& metrics) {
  std::vector<std::string> names;
  for (const auto& [name, value] : metrics) names.push_back(name);
  return JoinOr(names);
}

void AddInterval(const GateInput& input, Verdict* verdict) {
  const auto interval = input.intervals.find(verdict->name);
  if (interval == input.intervals.end()) return;
  verdict->evidence["interval"] = {interval->second.first, interval->second.second};
  verdict->evidence["interval_confidence"] = 0.95;
}

// Metrics whose best is reached by answering every row rightly, and whose range is [0, 1].
bool IsShare(const std::string& metric) {
  constexpr std::array kShares = {
      "accuracy", "balanced_accuracy", "precision", "recall", "f1", "auc", "pr_auc",
      "brier",    "calibration_error"};
  return std::ranges::any_of(kShares, [&](const char* share) { return metric == share; });
}

// What of the test part is independent: its rows, or its groups where some belong together.
int64_t IndependentUnits(const GateInput& input) {
  if (input.groups.empty()) return input.truth.rows();
  return std::ssize(std::set<int32_t>(input.groups.begin(), input.groups.end()));
}

Verdict ThresholdGate(const GateInput& input, const std::string& written, double limit) {
  Verdict verdict;
  verdict.name = train::CanonicalMetric(written);
  verdict.limit = limit;
  const auto metric = input.metrics.find(verdict.name);
  if (metric == input.metrics.end()) return MissingMetric(input, verdict, verdict.name);

  // A threshold on an error is its greatest allowed value.
  const bool at_most = train::LowerIsBetter(verdict.name);
  const bool cautious = input.config.gates.lower_bound;
  const CautiousFigure figure = cautious
                                    ? CautiousFigureOf(verdict.name, input.metrics, input.intervals,
                                                       input.truth.rows(), IndependentUnits(input))
                                    : CautiousFigure{metric->second, verdict.name};
  verdict.value = figure.value;
  verdict.evidence = {{"rows", input.truth.rows()},
                      {"comparison", at_most ? "at most" : "at least"}};
  if (cautious) verdict.evidence["figure"] = metric->second;
  AddInterval(input, &verdict);
  const auto [value, bound] = FormatApart(verdict.value, limit);
  if (!std::isfinite(verdict.value)) {
    verdict.outcome = Outcome::kFail;
    verdict.reason = fmt::format("{} can't be computed on the test rows, so {} {} is not shown",
                                 figure.name, at_most ? "at most" : "at least", bound);
    return verdict;
  }
  const bool pass = at_most ? verdict.value <= limit : verdict.value >= limit;
  verdict.outcome = pass ? Outcome::kPass : Outcome::kFail;
  const char* relation = pass ? (at_most ? "at most" : "at least") : (at_most ? "above" : "below");
  verdict.reason = fmt::format("{} {} is {} {}", figure.name, value, relation, bound);
  return verdict;
}

// The accuracy of the most frequent class on the test rows; on the training part's where there are
// no test rows. The most frequent class of the test rows themselves is the hardest of all constant
// answers.
double MajorityAccuracy(const GateInput& input) {
  const std::vector<int32_t>& classes = input.truth.classes;
  if (classes.empty()) return input.majority_share;
  std::vector<int64_t> counts(static_cast<size_t>(std::max(1, input.truth.class_count())), 0);
  for (const int32_t cls : classes) ++counts[static_cast<size_t>(cls)];
  return static_cast<double>(*std::ranges::max_element(counts)) /
         static_cast<double>(classes.size());
}

// R² is what the model is better than the mean of the test rows, which is the hardest of all
// constant estimates.
Verdict RegressionBaseline(const GateInput& input, Verdict verdict) {
  const auto r2 = input.metrics.find("r2");
  verdict.value = r2 == input.metrics.end() ? std::numeric_limits<double>::quiet_NaN() : r2->second;
  verdict.evidence = {{"comparison", "above"}, {"rows", input.truth.rows()}};
  const bool known = std::isfinite(verdict.value);
  verdict.outcome = known && verdict.value > 0 ? Outcome::kPass : Outcome::kFail;
  if (!known) {
    verdict.reason = "r2 is unknown, so the model is not shown to beat the mean";
    return verdict;
  }
  verdict.reason =
      fmt::format("r2 {} is {} the 0 of always answering with the mean of the test rows",
                  FormatValue(verdict.value, ""), verdict.value > 0 ? "above" : "not above");
  if (verdict.value <= 0) verdict.reason += kAskedFor;
  return verdict;
}

}  // namespace

CautiousFigure CautiousFigureOf(const std::string& metric, const train::Metrics& metrics,
                                const train::Intervals& intervals, int64_t rows, int64_t units) {
  constexpr double kNormal95 = 1.959963984540054;
  constexpr double kRounding = 1e-12;
  const bool error = train::LowerIsBetter(metric);
  CautiousFigure figure;
  figure.name = fmt::format("the {} end of {}'s interval", error ? "upper" : "lower", metric);
  const auto interval = intervals.find(metric);
  if (interval == intervals.end()) return figure;
  const auto [low, high] = interval->second;
  figure.value = error ? high : low;
  if (high - low < kRounding && units > 0 && IsShare(metric)) {
    const double moved = 3 / static_cast<double>(units);
    figure.value = error ? std::max(high, std::min(1.0, high + moved)) : std::max(0.0, low - moved);
    figure.name = fmt::format("{} by the rule of three", metric);
  }
  const auto found = metrics.find(metric);
  if (metric != "accuracy" || found == metrics.end()) return figure;
  const auto count = static_cast<double>(rows);
  const double wilson = train::WilsonInterval(found->second * count, count, kNormal95).first;
  if (wilson < figure.value) figure = {wilson, "the lower end of accuracy's Wilson interval"};
  return figure;
}

Verdict MissingMetric(const GateInput& input, Verdict verdict, const std::string& metric) {
  verdict.value = std::numeric_limits<double>::quiet_NaN();
  verdict.outcome = Outcome::kFail;
  verdict.reason =
      fmt::format("there is no metric {}; expected {}", metric, KnownMetrics(input.metrics));
  return verdict;
}

std::vector<Verdict> ThresholdGates(const GateInput& input) {
  std::vector<Verdict> verdicts;
  for (const auto& [metric, limit] : input.config.performance_thresholds) {
    verdicts.push_back(ThresholdGate(input, metric, limit));
  }
  return verdicts;
}

Verdict BaselineGate(const GateInput& input) {
  Verdict verdict;
  verdict.name = "baseline";
  if (input.truth.task == data::Task::kRegression)
    return RegressionBaseline(input, std::move(verdict));
  const double majority = MajorityAccuracy(input);
  const auto accuracy = input.metrics.find("accuracy");
  verdict.value = accuracy == input.metrics.end() ? std::numeric_limits<double>::quiet_NaN()
                                                  : accuracy->second - majority;
  verdict.evidence = {{"comparison", "above"},
                      {"majority_accuracy", majority},
                      {"training_majority_share", input.majority_share}};
  if (!std::isfinite(verdict.value)) {
    verdict.outcome = Outcome::kFail;
    verdict.reason =
        "accuracy is unknown, so the model is not shown to beat the most frequent class";
    return verdict;
  }
  verdict.evidence["accuracy"] = accuracy->second;
  verdict.outcome = verdict.value > 0 ? Outcome::kPass : Outcome::kFail;
  const auto [value, bound] = FormatApart(accuracy->second, majority);
  verdict.reason =
      fmt::format("accuracy {} {} {} of always answering with the most frequent class", value,
                  verdict.value > 0 ? "is above the" : "is not above the", bound);
  if (verdict.value <= 0) verdict.reason += kAskedFor;
  return verdict;
}

std::optional<Verdict> GapGate(const GateInput& input) {
  if (!input.config.gates.max_train_test_gap) return std::nullopt;
  Verdict verdict;
  verdict.name = "train_test_gap";
  verdict.limit = *input.config.gates.max_train_test_gap;
  const char* metric = input.truth.task == data::Task::kRegression ? "r2" : "accuracy";
  const auto value_in = [&](const train::Metrics& metrics) {
    const auto found = metrics.find(metric);
    return found == metrics.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  };
  const double train = value_in(input.train_metrics), test = value_in(input.metrics);
  verdict.value = train - test;
  verdict.evidence = {
      {"comparison", "at most"}, {"metric", metric}, {"train", train}, {"test", test}};
  if (!std::isfinite(verdict.value)) {
    verdict.outcome = Outcome::kFail;
    verdict.reason = fmt::format("{} is unknown, so the gap is not shown to be small", metric);
    return verdict;
  }
  const bool pass = verdict.value <= verdict.limit;
  verdict.outcome = pass ? Outcome::kPass : Outcome::kFail;
  const auto [value, bound] = FormatApart(verdict.value, verdict.limit);
  verdict.reason = fmt::format(
      "{} is {:.3f} on the training part and {:.3f} on the test part: the gap {} is {} {}", metric,
      train, test, value, pass ? "at most" : "above", bound);
  return verdict;
}

}  // namespace slipway::gate
