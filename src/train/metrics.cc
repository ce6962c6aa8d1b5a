#include "train/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/sort_numbers.h"
#include "core/text.h"
#include "train/metrics_internal.h"
#include "train/regression_metrics_internal.h"

namespace slipway::train {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

constexpr std::array kMembers = {
    MetricMember{"accuracy", &MetricValues::accuracy},
    MetricMember{"precision", &MetricValues::precision},
    MetricMember{"recall", &MetricValues::recall},
    MetricMember{"f1", &MetricValues::f1},
    MetricMember{"auc", &MetricValues::auc},
    MetricMember{"log_loss", &MetricValues::log_loss},
    MetricMember{"balanced_accuracy", &MetricValues::balanced_accuracy},
    MetricMember{"pr_auc", &MetricValues::pr_auc},
    MetricMember{"brier", &MetricValues::brier},
    MetricMember{"calibration_error", &MetricValues::calibration_error}};

struct Alias {
  const char* alias;
  const char* name;
};
constexpr std::array kAliases = {Alias{"f1_score", "f1"},
                                 Alias{"brier_score", "brier"},
                                 Alias{"average_precision", "pr_auc"},
                                 Alias{"ece", "calibration_error"},
                                 Alias{"root_mean_squared_error", "rmse"},
                                 Alias{"mean_squared_error", "mse"},
                                 Alias{"mean_absolute_error", "mae"},
                                 Alias{"r2_score", "r2"},
                                 Alias{"mean_absolute_percentage_error", "mape"}};

constexpr std::array kErrors = {"log_loss", "brier", "calibration_error", "rmse", "mse",
                                "mae",      "mape"};

// scikit-learn's zero_division=0.
double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

struct ClassRates {
  double precision = 0, recall = 0, f1 = 0;
};

ClassRates RatesOf(double hits, double support, double answers) {
  return {Ratio(hits, answers), Ratio(hits, support), Ratio(2 * hits, support + answers)};
}

}  // namespace

std::string CanonicalMetric(const std::string& name) {
  const auto found = std::ranges::find(kAliases, name, &Alias::alias);
  return found == kAliases.end() ? name : found->name;
}

bool LowerIsBetter(const std::string& metric) {
  return std::ranges::find(kErrors, metric) != kErrors.end();
}

std::span<const MetricMember<MetricValues>> MetricEvaluator::Members() { return kMembers; }

std::vector<std::string> MetricNames(data::Task task) {
  std::vector<std::string> names;
  if (task == data::Task::kRegression) {
    for (const auto& metric : RegressionEvaluator::Members()) names.emplace_back(metric.name);
  } else {
    for (const auto& metric : MetricEvaluator::Members()) names.emplace_back(metric.name);
  }
  return names;
}

Result<Averaging> ParseAveraging(const std::string& name) {
  if (name == "weighted") return Averaging::kWeighted;
  if (name == "macro") return Averaging::kMacro;
  if (name == "micro") return Averaging::kMicro;
  if (name == "binary") return Averaging::kBinary;
  const std::vector<std::string> names = {"weighted", "macro", "micro", "binary"};
  Location location;
  location.field = "model.averaging";
  return Error(ErrorCode::kInvalidInput, fmt::format("there is no averaging '{}'", name))
      .At(std::move(location))
      .Expected(JoinOr(names))
      .Try(NearestName(name, names));
}

MetricEvaluator::MetricEvaluator(std::span<const int32_t> truth,
                                 const model::Predictions& predictions, const data::Target& target,
                                 Averaging averaging)
    : averaging_(averaging),
      classes_(static_cast<size_t>(predictions.classes)),
      positive_(PositiveClass(target, predictions.classes)),
      truth_(truth.begin(), truth.end()),
      labels_(predictions.labels) {
  // scikit-learn keeps scores away from 0 and 1 by the precision of their type; ours are doubles
  // here.
  constexpr double kTiny = std::numeric_limits<double>::epsilon();
  losses_.reserve(truth_.size());
  for (size_t row = 0; row < truth_.size(); ++row) {
    const double score = predictions.Score(static_cast<int64_t>(row), truth_[row]);
    losses_.push_back(-std::log(std::clamp(score, kTiny, 1 - kTiny)));
  }
  SetEvents(predictions);
  if (positive_ >= 0) {
    rankings_.push_back(RankBy(positive_, predictions));
  } else {
    for (int32_t cls = 0; cls < predictions.classes; ++cls)
      rankings_.push_back(RankBy(cls, predictions));
  }
}

MetricEvaluator::Ranking MetricEvaluator::RankBy(int32_t positive,
                                                 const model::Predictions& predictions) const {
  Ranking ranking;
  ranking.positive = positive;
  std::vector<float> scores(truth_.size());
  for (size_t row = 0; row < scores.size(); ++row)
    scores[row] = predictions.Score(static_cast<int64_t>(row), positive);
  ranking.order = OrderOf(scores);
  for (size_t i = 0; i < ranking.order.size(); ++i) {
    ranking.relevant.push_back(truth_[ranking.order[i]] == positive ? 1 : 0);
    const bool last =
        i + 1 == ranking.order.size() || scores[ranking.order[i]] != scores[ranking.order[i + 1]];
    ranking.last_of_ties.push_back(last ? 1 : 0);
  }
  return ranking;
}

void MetricEvaluator::SetEvents(const model::Predictions& predictions) {
  for (size_t row = 0; row < truth_.size(); ++row) {
    const auto score_of = [&](int32_t cls) -> double {
      return predictions.Score(static_cast<int64_t>(row), cls);
    };
    const int32_t looked_at = positive_ >= 0 ? positive_ : labels_[row];
    const double score = score_of(looked_at);
    event_scores_.push_back(score);
    events_.push_back(truth_[row] == looked_at ? 1 : 0);
    bins_.push_back(static_cast<uint8_t>(CalibrationBinOf(score)));
    double square = 0;
    if (positive_ >= 0) {
      square = (score - events_.back()) * (score - events_.back());
    } else {
      for (int32_t cls = 0; cls < predictions.classes; ++cls) {
        const double error = score_of(cls) - (truth_[row] == cls ? 1 : 0);
        square += error * error;
      }
    }
    squares_.push_back(square);
  }
}

// Under ROC: the share of pairs, one of the class and one not, that the score puts in order; ties
// count half (Hanley and McNeil 1982). Twice that is summed in whole numbers. Under precision and
// recall: the mean precision at each threshold, weighted by what recall it adds, without
// interpolation (scikit-learn's average_precision_score).
MetricEvaluator::Areas MetricEvaluator::AreasOf(const Ranking& ranking,
                                                std::span<const uint32_t> counts, double positives,
                                                double total) {
  uint64_t below = 0, ordered = 0, positives_below = 0;
  uint64_t tied[2] = {0, 0};
  double precision_sum = 0;
  for (size_t i = 0; i < ranking.order.size(); ++i) {
    tied[ranking.relevant[i]] += counts[ranking.order[i]];
    if (ranking.last_of_ties[i] == 0) continue;
    ordered += tied[1] * (2 * below + tied[0]);
    if (tied[1] > 0) {
      const double reached = total - static_cast<double>(below + positives_below);
      precision_sum += static_cast<double>(tied[1]) *
                       (positives - static_cast<double>(positives_below)) / reached;
    }
    positives_below += tied[1];
    below += tied[0];
    tied[0] = tied[1] = 0;
  }
  if (positives_below == 0) return {kUndefined, kUndefined};
  const double pairs = 2.0 * static_cast<double>(positives_below) * static_cast<double>(below);
  return {below == 0 ? kUndefined : static_cast<double>(ordered) / pairs,
          precision_sum / positives};
}

void MetricEvaluator::AddAreas(std::span<const uint32_t> counts, const Workspace& workspace,
                               MetricValues* values) const {
  const double total = std::accumulate(workspace.supports.begin(), workspace.supports.end(), 0.0);
  double roc = 0, precision_recall = 0, weights = 0;
  for (const Ranking& ranking : rankings_) {
    const double support = workspace.supports[static_cast<size_t>(ranking.positive)];
    const bool alone = rankings_.size() == 1;
    const double weight = alone || averaging_ == Averaging::kMacro ? 1 : support;
    const Areas areas = AreasOf(ranking, counts, support, total);
    roc += weight * areas.roc;
    precision_recall += weight * areas.precision_recall;
    weights += weight;
  }
  values->auc = roc / weights;
  values->pr_auc = precision_recall / weights;
}

void MetricEvaluator::Tally(std::span<const uint32_t> counts, Workspace* workspace,
                            MetricValues* values) const {
  workspace->hits.assign(classes_, 0);
  workspace->supports.assign(classes_, 0);
  workspace->answers.assign(classes_, 0);
  workspace->bin_scores.assign(kCalibrationBins, 0);
  workspace->bin_events.assign(kCalibrationBins, 0);
  double loss = 0, square = 0, total = 0, hits = 0;
  for (size_t row = 0; row < truth_.size(); ++row) {
    const double count = counts[row];
    const auto truth = static_cast<size_t>(truth_[row]);
    const auto answer = static_cast<size_t>(labels_[row]);
    const double hit = truth == answer ? count : 0;
    workspace->hits[truth] += hit;
    workspace->supports[truth] += count;
    workspace->answers[answer] += count;
    workspace->bin_scores[bins_[row]] += count * event_scores_[row];
    workspace->bin_events[bins_[row]] += count * events_[row];
    hits += hit;
    loss += count * losses_[row];
    square += count * squares_[row];
    total += count;
  }
  values->accuracy = hits / total;
  values->log_loss = loss / total;
  values->brier = square / total;
  // Guo et al. 2017, equation 3: a bin counts by its rows, which cancel out of its means.
  double apart = 0;
  for (size_t bin = 0; bin < kCalibrationBins; ++bin)
    apart += std::abs(workspace->bin_events[bin] - workspace->bin_scores[bin]);
  values->calibration_error = apart / total;
  double recalls = 0, present = 0;
  for (size_t cls = 0; cls < classes_; ++cls) {
    if (workspace->supports[cls] == 0) continue;
    recalls += workspace->hits[cls] / workspace->supports[cls];
    ++present;
  }
  values->balanced_accuracy = recalls / present;
  Average(*workspace, total, values);
}

void MetricEvaluator::Average(const Workspace& workspace, double total,
                              MetricValues* values) const {
  ClassRates mean;
  if (averaging_ == Averaging::kMicro) {
    mean = {values->accuracy, values->accuracy, values->accuracy};
  } else if (averaging_ == Averaging::kBinary) {
    const auto cls = static_cast<size_t>(positive_);
    mean = positive_ < 0
               ? ClassRates{kUndefined, kUndefined, kUndefined}
               : RatesOf(workspace.hits[cls], workspace.supports[cls], workspace.answers[cls]);
  } else {
    double weights = 0;
    for (size_t cls = 0; cls < classes_; ++cls) {
      const double support = workspace.supports[cls];
      // As in scikit-learn, a class that neither the truth nor the answers have does not count.
      if (support + workspace.answers[cls] == 0) continue;
      const double weight = averaging_ == Averaging::kMacro ? 1 : support;
      const ClassRates rates = RatesOf(workspace.hits[cls], support, workspace.answers[cls]);
      mean.precision += weight * rates.precision;
      mean.recall += weight * rates.recall;
      mean.f1 += weight * rates.f1;
      weights += weight;
    }
    const double scale = total > 0 ? 1 / weights : kUndefined;
    mean = {mean.precision * scale, mean.recall * scale, mean.f1 * scale};
  }
  values->precision = mean.precision;
  values->recall = mean.recall;
  values->f1 = mean.f1;
}

MetricValues MetricEvaluator::Evaluate(std::span<const uint32_t> counts,
                                       Workspace* workspace) const {
  MetricValues values;
  Tally(counts, workspace, &values);
  AddAreas(counts, *workspace, &values);
  return values;
}

namespace {

template <typename Evaluator>
Metrics ValuesOf(const Evaluator& evaluator) {
  const std::vector<uint32_t> once(static_cast<size_t>(evaluator.rows()), 1);
  typename Evaluator::Workspace workspace;
  const auto values = evaluator.Evaluate(once, &workspace);
  Metrics metrics;
  for (const auto& metric : Evaluator::Members()) metrics[metric.name] = values.*metric.member;
  return metrics;
}

}  // namespace

Metrics ComputeMetrics(const data::Target& truth, const model::Predictions& predictions,
                       Averaging averaging) {
  if (truth.task == data::Task::kRegression)
    return ValuesOf(RegressionEvaluator(truth.values, predictions.values));
  return ValuesOf(MetricEvaluator(truth.classes, predictions, truth, averaging));
}

std::vector<int64_t> ConfusionMatrix(std::span<const int32_t> truth,
                                     const model::Predictions& predictions) {
  const auto classes = static_cast<size_t>(predictions.classes);
  std::vector<int64_t> counts(classes * classes);
  for (size_t row = 0; row < truth.size(); ++row) {
    ++counts[static_cast<size_t>(truth[row]) * classes +
             static_cast<size_t>(predictions.labels[row])];
  }
  return counts;
}

}  // namespace slipway::train
