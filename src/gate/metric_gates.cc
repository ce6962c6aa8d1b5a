// Gates on what was measured on the test part: thresholds and the baseline.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

Verdict MissingMetric(const GateInput& input, Verdict verdict) {
  verdict.value = std::numeric_limits<double>::quiet_NaN();
  verdict.outcome = Outcome::kFail;
  verdict.reason =
      fmt::format("there is no metric {}; expected {}", verdict.name, KnownMetrics(input.metrics));
  return verdict;
}

Verdict ThresholdGate(const GateInput& input, const std::string& written, double limit) {
  Verdict verdict;
  verdict.name = train::CanonicalMetric(written);
  verdict.limit = limit;
  const auto metric = input.metrics.find(verdict.name);
  if (metric == input.metrics.end()) return MissingMetric(input, std::move(verdict));

  // A threshold on an error is its greatest allowed value.
  const bool at_most = train::LowerIsBetter(verdict.name);
  verdict.value = metric->second;
  verdict.evidence = {{"rows", input.truth.rows()},
                      {"comparison", at_most ? "at most" : "at least"}};
  AddInterval(input, &verdict);
  const auto [value, bound] = FormatApart(verdict.value, limit);
  if (!std::isfinite(verdict.value)) {
    verdict.outcome = Outcome::kFail;
    verdict.reason = fmt::format("{} can't be computed on the test rows, so {} {} is not shown",
                                 verdict.name, at_most ? "at most" : "at least", bound);
    return verdict;
  }
  const bool pass = at_most ? verdict.value <= limit : verdict.value >= limit;
  verdict.outcome = pass ? Outcome::kPass : Outcome::kFail;
  const char* relation = pass ? (at_most ? "at most" : "at least") : (at_most ? "above" : "below");
  verdict.reason = fmt::format("{} {} is {} {}", verdict.name, value, relation, bound);
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

}  // namespace slipway::gate
