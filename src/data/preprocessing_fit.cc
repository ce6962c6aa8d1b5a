#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "core/parallel.h"
#include "core/sort_numbers.h"
#include "data/feature_fit_internal.h"
#include "data/messages_internal.h"
#include "data/preprocessing.h"
#include "data/quantile_internal.h"

namespace slipway::data {
namespace {

// Below this many values starting threads costs more than they save.
constexpr size_t kParallelValues = 500'000;

Result<std::vector<FeatureFit>> MeasureFeatures(const Table& table,
                                                const std::vector<std::string>& features,
                                                std::span<const int64_t> rows, int threads) {
  std::vector<FeatureFit> fits(features.size());
  if (threads <= 0) threads = AvailableCores();
  if (rows.size() * features.size() < kParallelValues) threads = 1;
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(features.size(), threads, [&](size_t i) -> Status {
    const Column* column = table.Find(features[i]);
    if (column == nullptr) {
      return UnknownName(fmt::format("the data has no feature column '{}'", features[i]),
                         "data.feature_columns", features[i], ColumnNames(table));
    }
    SLIPWAY_ASSIGN_OR_RETURN(fits[i], MeasureFeature(*column, rows));
    return {};
  }));
  return fits;
}

double MedianOf(const Column& column, std::span<const int64_t> rows) {
  std::vector<double> values;
  for (const int64_t row : rows) {
    const double value = column.numbers[static_cast<size_t>(row)];
    if (!std::isnan(value)) values.push_back(value);
  }
  SortNumbers(&values);
  return Quantile(values, 0.5);
}

// Statistics as they are once the missing values have become `plan.fill` (Chan et al. 1979, two
// sets of which one has no spread).
void CountFilled(FeatureFit* fit) {
  fit->filled = true;
  if (fit->missing == 0) return;
  const double fill = fit->plan.fill;
  if (fit->present == 0) {
    fit->min = fit->max = fit->mean = fill;
    return;
  }
  const auto present = static_cast<double>(fit->present);
  const auto missing = static_cast<double>(fit->missing);
  const double difference = fill - fit->mean;
  fit->mean += difference * missing / (present + missing);
  if (difference != 0 && std::ilogb(difference) > fit->exponent) {
    const int exponent = std::ilogb(difference);
    fit->m2 = std::ldexp(fit->m2, 2 * (fit->exponent - exponent));
    fit->exponent = exponent;
  }
  const double scaled = std::ldexp(difference, -fit->exponent);
  fit->m2 += scaled * scaled * present * missing / (present + missing);
  fit->min = std::min(fit->min, fill);
  fit->max = std::max(fit->max, fill);
}

void Fill(const HandleMissing& step, std::span<const int64_t> rows, FeatureFit* fit) {
  if (!fit->numeric()) {
    fit->filled = step.most_frequent && fit->present > 0;
    if (!fit->filled) return;
    const auto most = std::ranges::max_element(fit->counts);  // The first of equals.
    fit->plan.fill_category =
        fit->column->categories[static_cast<size_t>(most - fit->counts.begin())];
    return;
  }
  FeaturePlan& plan = fit->plan;
  if (step.numeric == HandleMissing::Fill::kConstant) {
    plan.fill = step.fill_value * plan.scale + plan.shift;
  } else if (fit->present == 0) {
    plan.fill = 0;
  } else {
    plan.fill =
        step.numeric == HandleMissing::Fill::kMedian ? MedianOf(*fit->column, rows) : fit->mean;
  }
  CountFilled(fit);
}

Status Scale(const Normalize& step, FeatureFit* fit) {
  const int64_t values = fit->present + (fit->filled ? fit->missing : 0);
  if (!fit->numeric() || values == 0) return {};
  FeaturePlan& plan = fit->plan;
  plan.shift = step.min_max ? fit->min : fit->mean;
  plan.scale = step.min_max
                   ? fit->max - fit->min
                   : std::ldexp(std::sqrt(fit->m2 / static_cast<double>(values)), fit->exponent);
  if (!std::isfinite(plan.scale)) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("values from {} to {} are too far apart to normalise", fit->min,
                             fit->max))
        .At(AtField(plan.name))
        .Try("another unit, or leaving extreme values empty");
  }
  // A few of the least numbers among many zeros have a deviation that is none.
  if (plan.scale == 0) plan.scale = fit->min == fit->max ? 1 : fit->max - fit->min;
  return {};
}

Status CheckFloatRange(const FeatureFit& fit) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  for (const double value : {fit.min, fit.max}) {
    if (std::abs((value - fit.plan.shift) / fit.plan.scale) <= kLargest) continue;
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{} is too large for a model's float32", value))
        .At(AtField(fit.plan.name))
        .Try("normalize among the preprocessing steps");
  }
  return {};
}

// Used categories by code; "" is not among them, it counts as missing.
void Encode(FeatureFit* fit) {
  FeaturePlan& plan = fit->plan;
  std::vector<size_t> codes;
  for (size_t code = 0; code < fit->counts.size(); ++code) {
    if (fit->counts[code] > 0) codes.push_back(code);
  }
  const bool rank = static_cast<int64_t>(codes.size()) > kMaxOneHot;
  plan.encoding = rank ? Encoding::kRank : Encoding::kOneHot;
  if (rank) {
    std::ranges::sort(codes, [&](size_t a, size_t b) {
      return fit->counts[a] != fit->counts[b] ? fit->counts[a] > fit->counts[b] : a < b;
    });
  } else if (fit->missing > 0 && !fit->filled) {
    plan.categories.emplace_back();
  }
  for (const size_t code : codes) plan.categories.push_back(fit->column->categories[code]);
}

Status ApplyStep(const PreprocessingAction& action, std::span<const int64_t> rows,
                 std::vector<FeatureFit>* fits) {
  if (const auto* selection = std::get_if<FeatureSelection>(&action)) {
    SelectByVariance(*selection, rows, fits);
    return {};
  }
  // Outliers are rows, which RemoveOutliers took away before.
  if (std::holds_alternative<OutlierRemoval>(action)) return {};
  const auto* handle_missing = std::get_if<HandleMissing>(&action);
  const auto* normalize = std::get_if<Normalize>(&action);
  for (FeatureFit& fit : *fits) {
    if (handle_missing != nullptr) Fill(*handle_missing, rows, &fit);
    if (normalize != nullptr) SLIPWAY_RETURN_IF_ERROR(Scale(*normalize, &fit));
  }
  return {};
}

Result<PreprocessingPlan> MakePlan(std::span<const int64_t> rows, std::vector<FeatureFit> fits) {
  PreprocessingPlan plan;
  for (FeatureFit& fit : fits) {
    if (!fit.dropped.empty()) {
      plan.dropped.push_back({.name = fit.plan.name, .reason = fit.dropped});
      continue;
    }
    if (fit.numeric()) {
      if (!fit.filled) Fill(HandleMissing{}, rows, &fit);
      SLIPWAY_RETURN_IF_ERROR(CheckFloatRange(fit));
    } else {
      Encode(&fit);
    }
    plan.features.push_back(std::move(fit.plan));
  }
  if (plan.features.empty()) {
    return Error(ErrorCode::kInvalidInput, plan.dropped.empty()
                                               ? "there are no features to train on"
                                               : "feature_selection drops every feature")
        .At(AtField("data.preprocessing_steps"))
        .Expected("at least one feature that varies on the training rows");
  }
  return plan;
}

}  // namespace

Result<PreprocessingPlan> FitPreprocessing(const Table& table,
                                           const std::vector<std::string>& features,
                                           const std::vector<config::PreprocessingStep>& steps,
                                           std::span<const int64_t> rows, int threads) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<PreprocessingAction> actions, ParseSteps(steps));
  if (rows.empty()) {
    return Error(ErrorCode::kInvalidInput, "there are no training rows to fit preprocessing on");
  }
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<FeatureFit> fits,
                           MeasureFeatures(table, features, rows, threads));
  for (const PreprocessingAction& action : actions) {
    SLIPWAY_RETURN_IF_ERROR(ApplyStep(action, rows, &fits));
  }
  return MakePlan(rows, std::move(fits));
}

}  // namespace slipway::data
