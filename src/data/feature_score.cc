// How much a feature tells of the target, by itself.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/parallel.h"
#include "core/sort_numbers.h"
#include "data/feature_fit_internal.h"
#include "data/messages_internal.h"
#include "data/quantile_internal.h"

namespace slipway::data {
namespace {

// Numbers with more values than this are cut into as many bins of equal frequency.
constexpr size_t kMostBins = 32;

// The feature's value in its unit of 2^exponent from its mean: neither squares nor sums overflow.
class CenteredValues {
 public:
  explicit CenteredValues(const FeatureFit& fit)
      : fit_(fit), unit_(std::ldexp(1.0, -fit.exponent)) {}

  double operator()(int64_t row) const {
    const double value = fit_.column->numbers[static_cast<size_t>(row)];
    return ((std::isnan(value) ? fit_.stand_in() : value) - fit_.mean) * unit_;
  }

 private:
  const FeatureFit& fit_;
  double unit_;
};

double Ratio(double explained, double rest) {
  if (explained == 0) return 0;
  return rest <= 0 ? std::numeric_limits<double>::infinity() : explained / rest;
}

double ClassFScore(const CenteredValues& values, const TrainingRows& training) {
  const Target& target = *training.target;
  const auto classes = static_cast<size_t>(target.class_count());
  std::vector<double> counts(classes);
  std::vector<double> means(classes);
  double overall = 0;
  for (const int64_t row : training.rows) {
    const auto cls = static_cast<size_t>(target.classes[static_cast<size_t>(row)]);
    counts[cls] += 1;
    means[cls] += values(row);
    overall += values(row);
  }
  const auto rows = static_cast<double>(training.rows.size());
  overall /= rows;
  double between = 0;
  double present = 0;
  for (size_t cls = 0; cls < classes; ++cls) {
    if (counts[cls] == 0) continue;
    means[cls] /= counts[cls];
    present += 1;
    between += counts[cls] * (means[cls] - overall) * (means[cls] - overall);
  }
  if (present < 2 || rows <= present) return 0;
  double within = 0;
  for (const int64_t row : training.rows) {
    const auto cls = static_cast<size_t>(target.classes[static_cast<size_t>(row)]);
    const double difference = values(row) - means[cls];
    within += difference * difference;
  }
  return Ratio(between / (present - 1), within / (rows - present));
}

double RegressionFScore(const CenteredValues& values, const TrainingRows& training) {
  const std::vector<double>& targets = training.target->values;
  const auto rows = static_cast<double>(training.rows.size());
  if (rows < 3) return 0;
  double mean = 0;
  for (const int64_t row : training.rows) mean += targets[static_cast<size_t>(row)];
  mean /= rows;
  double largest = 0;
  for (const int64_t row : training.rows) {
    largest = std::max(largest, std::abs(targets[static_cast<size_t>(row)] - mean));
  }
  if (largest == 0 || !std::isfinite(largest)) return 0;
  double product = 0;
  double of_feature = 0;
  double of_target = 0;
  for (const int64_t row : training.rows) {
    const double x = values(row);
    const double y = (targets[static_cast<size_t>(row)] - mean) / largest;
    product += x * y;
    of_feature += x * x;
    of_target += y * y;
  }
  const double explained = product * product / of_feature / of_target;
  return Ratio(explained, (1 - explained) / (rows - 2));
}

// Each number's bin; a missing number (NaN) has one of its own, the last.
std::vector<int32_t> BinNumbers(const std::vector<double>& numbers) {
  std::vector<double> values;
  for (const double number : numbers) {
    if (!std::isnan(number)) values.push_back(number);
  }
  SortNumbers(&values);
  std::vector<double> edges = values;  // The least value of each bin.
  edges.erase(std::ranges::unique(edges).begin(), edges.end());
  if (edges.size() > kMostBins) {
    edges.clear();
    for (size_t i = 0; i < kMostBins; ++i) {
      edges.push_back(Quantile(values, static_cast<double>(i) / kMostBins));
    }
    edges.erase(std::ranges::unique(edges).begin(), edges.end());
  }
  std::vector<int32_t> bins;
  for (const double number : numbers) {
    const auto bin = std::ranges::upper_bound(edges, number) - edges.begin();
    bins.push_back(static_cast<int32_t>(std::isnan(number) ? std::ssize(edges) + 1 : bin));
  }
  return bins;
}

std::vector<int32_t> BinFeature(const FeatureFit& fit, std::span<const int64_t> rows) {
  if (fit.numeric()) {
    std::vector<double> numbers;
    for (const int64_t row : rows) {
      const double value = fit.column->numbers[static_cast<size_t>(row)];
      numbers.push_back(std::isnan(value) && fit.filled ? fit.plan.fill : value);
    }
    return BinNumbers(numbers);
  }
  const std::vector<std::string>& categories = fit.column->categories;
  const auto fill = std::ranges::find(categories, fit.plan.fill_category);
  const int32_t missing = fit.filled && fill != categories.end()
                              ? static_cast<int32_t>(fill - categories.begin())
                              : static_cast<int32_t>(categories.size());
  std::vector<int32_t> bins;
  for (const int64_t row : rows) {
    const int32_t code = fit.column->codes[static_cast<size_t>(row)];
    const bool present = code != kMissingCode && !categories[static_cast<size_t>(code)].empty();
    bins.push_back(present ? code : missing);
  }
  return bins;
}

std::vector<int32_t> BinTarget(const TrainingRows& training) {
  const Target& target = *training.target;
  if (target.task == Task::kClassification) {
    std::vector<int32_t> classes;
    for (const int64_t row : training.rows) {
      classes.push_back(target.classes[static_cast<size_t>(row)]);
    }
    return classes;
  }
  std::vector<double> values;
  for (const int64_t row : training.rows) values.push_back(target.values[static_cast<size_t>(row)]);
  return BinNumbers(values);
}

std::vector<int64_t> CountBins(const std::vector<int32_t>& bins) {
  std::vector<int64_t> counts;
  for (const int32_t bin : bins) {
    if (static_cast<size_t>(bin) >= counts.size()) counts.resize(static_cast<size_t>(bin) + 1);
    ++counts[static_cast<size_t>(bin)];
  }
  return counts;
}

double InformationBetween(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  const std::vector<int64_t> of_a = CountBins(a);
  const std::vector<int64_t> of_b = CountBins(b);
  std::vector<uint64_t> pairs;
  pairs.reserve(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    pairs.push_back(static_cast<uint64_t>(a[i]) << 32U | static_cast<uint64_t>(b[i]));
  }
  std::ranges::sort(pairs);
  const auto rows = static_cast<double>(a.size());
  double information = 0;
  for (size_t begin = 0; begin < pairs.size();) {
    size_t end = begin;
    while (end < pairs.size() && pairs[end] == pairs[begin]) ++end;
    const auto count = static_cast<double>(end - begin);
    const auto expected = static_cast<double>(of_a[pairs[begin] >> 32U]) *
                          static_cast<double>(of_b[pairs[begin] & 0xffffffffU]) / rows;
    information += count / rows * std::log(count / expected);
    begin = end;
  }
  const auto used = [](const std::vector<int64_t>& counts) {
    return static_cast<double>(
        std::ranges::count_if(counts, [](int64_t count) { return count > 0; }));
  };
  // What two independent variables would show by chance (Miller 1955).
  const double by_chance = (used(of_a) - 1) * (used(of_b) - 1) / (2 * rows);
  return std::max(0.0, information - by_chance);
}

std::string ReasonToDrop(const FeatureSelection& step, const char* score_name, double score,
                         size_t better) {
  if (step.k && better >= static_cast<size_t>(*step.k)) {
    return fmt::format("{} {:.6g} is not among the {} best", score_name, score, *step.k);
  }
  if (step.min_score && score < *step.min_score) {
    return fmt::format("{} {:.6g} is below {:.6g}", score_name, score, *step.min_score);
  }
  return "";
}

}  // namespace

double FScore(const FeatureFit& fit, const TrainingRows& training) {
  if (fit.min == fit.max) return 0;
  const CenteredValues values(fit);
  return training.target->task == Task::kClassification ? ClassFScore(values, training)
                                                        : RegressionFScore(values, training);
}

double MutualInformation(const FeatureFit& fit, const TrainingRows& training) {
  return InformationBetween(BinFeature(fit, training.rows), BinTarget(training));
}

Status SelectByScore(const FeatureSelection& step, SelectionMethod method,
                     const TrainingRows& training, int threads, std::vector<FeatureFit>* features) {
  const bool f_test = method == SelectionMethod::kFTest;
  if (training.target == nullptr) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{} needs the target, which is not known here",
                             f_test ? "f_test" : "mutual_information"))
        .At(AtField("data.preprocessing_steps.feature_selection"));
  }
  std::vector<FeatureFit*> candidates;
  for (FeatureFit& fit : *features) {
    // Categories have no mean that the classes could differ in.
    if (fit.dropped.empty() && (!f_test || fit.numeric())) candidates.push_back(&fit);
  }
  std::vector<double> scores(candidates.size());
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(
      candidates.size(), threads > 0 ? threads : AvailableCores(), [&](size_t i) -> Status {
        scores[i] =
            f_test ? FScore(*candidates[i], training) : MutualInformation(*candidates[i], training);
        return {};
      }));
  std::vector<size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  for (size_t place = 0; place < order.size(); ++place) {
    candidates[order[place]]->dropped =
        ReasonToDrop(step, f_test ? "F" : "mutual information", scores[order[place]], place);
  }
  return {};
}

}  // namespace slipway::data
