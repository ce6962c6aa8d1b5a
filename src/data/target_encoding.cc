#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "data/category_encoding_internal.h"

namespace slipway::data {
namespace {

bool IsOfClass(const Target& target, int series, int64_t row) {
  const int32_t cls = target.classes[static_cast<size_t>(row)];
  return cls == (target.class_count() == 2 ? 1 : series);
}

}  // namespace

int TargetSeriesCount(const Target& target) {
  const bool one = target.task == Task::kRegression || target.class_count() <= 2;
  return one ? 1 : target.class_count();
}

std::string TargetSeriesLabel(const Target& target, int series) {
  if (target.task == Task::kRegression || target.class_count() < 2) return "target";
  const int cls = target.class_count() == 2 ? 1 : series;
  return "target " + target.labels[static_cast<size_t>(cls)];
}

std::vector<double> TargetSeries(const TrainingRows& training, int series) {
  const Target& target = *training.target;
  std::vector<double> values;
  values.reserve(training.rows.size());
  for (const int64_t row : training.rows) {
    if (target.task == Task::kRegression) {
      values.push_back(target.values[static_cast<size_t>(row)]);
    } else {
      values.push_back(IsOfClass(target, series, row) ? 1.0 : 0.0);
    }
  }
  return values;
}

SmoothedMeans SmoothMeans(std::span<const int32_t> groups, int32_t group_count,
                          std::span<const double> values, std::optional<double> smoothing,
                          std::span<const int32_t> folds, int32_t left_out) {
  struct Sums {
    double rows = 0, sum = 0, squares = 0;
  };
  std::vector<Sums> by_group(static_cast<size_t>(group_count));
  Sums all;
  const auto for_rows = [&](auto work) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (folds.empty() || folds[i] != left_out) work(values[i], groups[i]);
    }
  };
  for_rows([&](double value, int32_t group) {
    all.rows += 1;
    all.sum += value;
    if (group < 0) return;
    by_group[static_cast<size_t>(group)].rows += 1;
    by_group[static_cast<size_t>(group)].sum += value;
  });
  SmoothedMeans means;
  means.overall = all.rows > 0 ? all.sum / all.rows : 0;
  for_rows([&](double value, int32_t group) {
    all.squares += (value - means.overall) * (value - means.overall);
    if (group < 0) return;
    Sums& sums = by_group[static_cast<size_t>(group)];
    const double difference = value - sums.sum / sums.rows;
    sums.squares += difference * difference;
  });
  for (const Sums& sums : by_group) {
    double mean = means.overall;
    if (smoothing) {
      const double weight = sums.rows + *smoothing;
      if (weight > 0) mean = (sums.sum + *smoothing * means.overall) / weight;
    } else if (sums.rows > 0) {
      const double between = all.squares / all.rows * sums.rows;
      const double own = between / (between + sums.squares / sums.rows);
      if (!std::isnan(own)) mean = own * (sums.sum / sums.rows) + (1 - own) * means.overall;
    }
    means.by_group.push_back(mean);
  }
  return means;
}

std::vector<int32_t> DealFolds(const TrainingRows& training, int32_t folds, uint64_t seed) {
  const bool classes = training.target->task == Task::kClassification;
  std::vector<std::vector<size_t>> decks(
      static_cast<size_t>(classes ? std::max(1, training.target->class_count()) : 1));
  for (size_t i = 0; i < training.rows.size(); ++i) {
    const auto row = static_cast<size_t>(training.rows[i]);
    decks[classes ? static_cast<size_t>(training.target->classes[row]) : 0].push_back(i);
  }
  std::vector<int32_t> dealt(training.rows.size());
  int32_t next = 0;
  for (size_t deck = 0; deck < decks.size(); ++deck) {
    Random random(DeriveSeed(seed, deck));
    random.Shuffle(std::span(decks[deck]));
    for (const size_t i : decks[deck]) {
      dealt[i] = next;
      next = (next + 1) % folds;
    }
  }
  return dealt;
}

}  // namespace slipway::data
