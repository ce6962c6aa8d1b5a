// The gate against the version in production: the same test rows, answered by both.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

// The score statistic at difference `lambda`: how many standard deviations the observed difference
// lies above it.
double TangoScore(const PairedCounts& counts, double lambda) {
  const double n = static_cast<double>(counts.rows);
  const double b = static_cast<double>(counts.only_candidate);
  const double c = static_cast<double>(counts.only_production);
  const double linear = -b - c + (2 * n - b + c) * lambda;
  const double constant = -c * lambda * (1 - lambda);
  const double root = std::sqrt(std::max(0.0, linear * linear - 8 * n * constant));
  const double share = (root - linear) / (4 * n);
  const double variance = n * (2 * share + lambda * (1 - lambda));
  const double distance = b - c - n * lambda;
  if (variance > 0) return distance / std::sqrt(variance);
  return distance == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), distance);
}

// The difference at which the score, which falls with it, crosses `z`.
double Crossing(const PairedCounts& counts, double z) {
  double low = -1;
  double high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (TangoScore(counts, middle) > z ? low : high) = middle;
  }
  return (low + high) / 2;
}

// A model and its answers to the test rows.
struct Answers {
  const model::Model& model;
  model::Predictions predictions;
};

Result<Answers> AnswersOf(const model::Model& model, const GateInput& input) {
  SLIPWAY_ASSIGN_OR_RETURN(model::Predictions predictions,
                           model.predictor->Predict(input.test_rows));
  if (predictions.regression() == (input.truth.task == data::Task::kRegression))
    return Answers{model, std::move(predictions)};
  return Error(ErrorCode::kInvalidInput, "it answers with another kind of prediction");
}

// Which of the test rows are answered rightly. Labels are compared as text: two versions may number
// them differently.
std::vector<bool> RightAnswers(const Answers& answers, const data::Target& truth) {
  const std::vector<std::string>& classes = answers.model.schema.classes;
  std::vector<bool> right;
  for (size_t row = 0; row < truth.classes.size(); ++row) {
    const std::string& label = truth.labels[static_cast<size_t>(truth.classes[row])];
    const size_t answer = static_cast<size_t>(answers.predictions.labels[row]);
    right.push_back(answer < classes.size() && classes[answer] == label);
  }
  return right;
}

PairedCounts Count(const std::vector<bool>& candidate, const std::vector<bool>& production) {
  PairedCounts counts;
  counts.rows = static_cast<int64_t>(candidate.size());
  for (size_t row = 0; row < candidate.size(); ++row) {
    counts.only_candidate += candidate[row] && !production[row];
    counts.only_production += !candidate[row] && production[row];
  }
  return counts;
}

Verdict Inconclusive(Verdict verdict, const std::string& why) {
  verdict.value = std::numeric_limits<double>::quiet_NaN();
  verdict.outcome = Outcome::kInconclusive;
  verdict.reason = why;
  return verdict;
}

// How much better the candidate is than the version in production, by a metric of which more is
// better.
struct Comparison {
  const char* metric;
  double difference = 0;
  DifferenceBounds bounds;
  Json evidence;
};

// Rows of one group are likely right or wrong together, so that they tell less than Tango's score
// takes them to. The bootstrap over few groups tells too much: the wider of both holds.
DifferenceBounds WidenForGroups(const std::vector<bool>& candidate,
                                const std::vector<bool>& production,
                                std::span<const int32_t> groups, double confidence,
                                const DifferenceBounds& bounds) {
  std::vector<double> gains(candidate.size());
  for (size_t row = 0; row < gains.size(); ++row) {
    if (candidate[row] != production[row]) gains[row] = candidate[row] ? 1 : -1;
  }
  const train::PairedDifference found = train::CompareAccuracy(gains, confidence, groups);
  return {std::min(bounds.lower, found.lower), std::max(bounds.upper, found.upper)};
}

Comparison CompareAccuracy(const Answers& candidate, const Answers& production,
                           const GateInput& input, double confidence) {
  const std::vector<bool> ours = RightAnswers(candidate, input.truth);
  const std::vector<bool> theirs = RightAnswers(production, input.truth);
  const PairedCounts counts = Count(ours, theirs);
  Comparison comparison{.metric = "accuracy",
                        .difference = counts.difference(),
                        .bounds = BoundDifference(counts, confidence),
                        .evidence = {{"only_candidate_right", counts.only_candidate},
                                     {"only_production_right", counts.only_production}}};
  if (!input.groups.empty()) {
    comparison.bounds = WidenForGroups(ours, theirs, input.groups, confidence, comparison.bounds);
  }
  return comparison;
}

Comparison CompareR2(const Answers& candidate, const Answers& production, const GateInput& input,
                     double confidence) {
  const train::PairedDifference found =
      train::CompareR2(input.truth.values, candidate.predictions.values,
                       production.predictions.values, confidence, input.groups);
  return {.metric = "r2",
          .difference = found.difference,
          .bounds = {found.lower, found.upper},
          .evidence = Json::object()};
}

// Not worse than the margin: pass. Shown to be worse, and not shown to be within the margin: fail.
// Between the two the rows are too few to tell.
void Decide(const Comparison& comparison, int64_t rows, const config::ProductionGate& gate,
            Verdict* verdict) {
  const DifferenceBounds& bounds = comparison.bounds;
  verdict->value = comparison.difference;
  verdict->evidence.update(comparison.evidence);
  verdict->evidence.update(Json{{"metric", comparison.metric},
                                {"rows", rows},
                                {"lower", bounds.lower},
                                {"upper", bounds.upper},
                                {"confidence", gate.confidence}});
  const std::string measured =
      fmt::format("{} {:+.3f} against production [{:+.3f}, {:+.3f}] on {}", comparison.metric,
                  verdict->value, bounds.lower, bounds.upper, Plural(rows, "row", "rows"));
  const std::string margin = FormatValue(gate.margin, "");
  if (bounds.lower >= -gate.margin) {
    verdict->outcome = Outcome::kPass;
    verdict->reason = fmt::format("{}: not worse by more than {}", measured, margin);
  } else if (bounds.upper < 0) {
    verdict->outcome = Outcome::kFail;
    verdict->reason = fmt::format("{}: worse, and not shown to be within {}", measured, margin);
  } else {
    verdict->outcome = Outcome::kInconclusive;
    verdict->reason = fmt::format("{}: too few rows to tell whether it is worse by more than {}",
                                  measured, margin);
  }
}

// Why the test rows can't decide between both; "" where they can.
std::string WhyNotCompared(const GateInput& input, const ProductionVersion& production) {
  if (input.truth.rows() == 0) return "the test part has no rows";
  if (!production.same_split) {
    return "the version in production learned from another split, or from other data, and may know "
           "these test rows";
  }
  if (production.ready_graph) {
    return "the version in production came as a ready graph, which may have learned from these "
           "test rows";
  }
  return "";
}

}  // namespace

// By bisection on the complementary error function.
double NormalQuantile(double p) {
  double low = -10;
  double high = 10;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

DifferenceBounds BoundDifference(const PairedCounts& counts, double confidence) {
  if (counts.rows == 0) return {-1, 1};
  const double z = NormalQuantile(confidence);
  return {Crossing(counts, z), Crossing(counts, -z)};
}

Result<std::optional<Verdict>> ProductionVerdict(const GateInput& input,
                                                 const LoadedModel& loaded) {
  if (input.production == nullptr) return std::optional<Verdict>();
  Verdict verdict;
  verdict.name = "production";
  verdict.limit = -input.config.gates.production.margin;
  const Result<std::optional<ProductionVersion>> production = input.production->Load();
  if (!production.ok()) {
    // A damaged version in production must not wave a candidate through; one that this build can't
    // run decides nothing.
    if (production.error().code() != ErrorCode::kInvalidInput) return production.error();
    return Inconclusive(
        verdict, "the version in production can't be loaded: " + production.error().ToString());
  }
  if (!production->has_value()) return std::optional<Verdict>();
  const model::Model& other = (*production)->model;
  verdict.evidence = {{"comparison", "at least"}, {"production_digest", other.digest}};
  if (!loaded.ok())
    return Inconclusive(verdict, "not compared: the artifact can't be loaded again");
  if (other.digest == loaded->digest) {
    verdict.reason = "the same model is in production";
    return verdict;
  }
  if (const std::string why = WhyNotCompared(input, **production); !why.empty())
    return Inconclusive(verdict, "not compared: " + why);
  const auto theirs = AnswersOf(other, input);
  if (!theirs.ok()) {
    return Inconclusive(
        verdict, "the version in production can't answer these rows: " + theirs.error().ToString());
  }
  const auto ours = AnswersOf(*loaded, input);
  if (!ours.ok()) return Inconclusive(verdict, "not compared: " + ours.error().ToString());
  const config::ProductionGate& gate = input.config.gates.production;
  const bool regression = input.truth.task == data::Task::kRegression;
  Decide(regression ? CompareR2(*ours, *theirs, input, gate.confidence)
                    : CompareAccuracy(*ours, *theirs, input, gate.confidence),
         input.truth.rows(), gate, &verdict);
  return verdict;
}

}  // namespace slipway::gate
