#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "core/parallel.h"
#include "core/sort_numbers.h"
#include "data/category_encoding_internal.h"
#include "data/feature_fit_internal.h"
#include "data/messages_internal.h"
#include "data/preprocessing.h"
#include "data/quantile_internal.h"

namespace slipway::data {
namespace {

// Below this many values starting threads costs more than they save.
constexpr size_t kParallelValues = 500'000;

Error NoSuchFeature(const std::string& name, const Table& table) {
  return UnknownName(fmt::format("the data has no feature column '{}'", name),
                     "data.feature_columns", name, ColumnNames(table));
}

// A column and what of it becomes a feature.
struct FeatureSource {
  const Column* column = nullptr;
  TimeFeature time;
};

// An option that names a column must name a feature of the kind that the step is about.
template <typename Value>
Status CheckNamed(const std::vector<std::pair<std::string, Value>>& named, const char* step,
                  const char* kind, const std::vector<std::string>& fitting) {
  for (const auto& [name, value] : named) {
    if (std::ranges::find(fitting, name) != fitting.end()) continue;
    return UnknownName(fmt::format("no {} among the features is named '{}'", kind, name),
                       fmt::format("data.preprocessing_steps.{}.columns", step), name, fitting);
  }
  return {};
}

// Timestamps first become what timestamp_features makes of them, wherever it is listed: no other
// step leaves seconds that a calendar could read.
Result<std::vector<FeatureSource>> ListSources(const Table& table,
                                               const std::vector<std::string>& features,
                                               const std::vector<PreprocessingAction>& actions) {
  const auto step = FindStep<TimestampFeatures>(actions);
  std::vector<FeatureSource> sources;
  std::vector<std::string> timestamps;
  std::vector<std::string> categories;
  for (const std::string& name : features) {
    const Column* column = table.Find(name);
    if (column == nullptr) return NoSuchFeature(name, table);
    if (column->type == ColumnType::kCategory) categories.push_back(name);
    if (column->type != ColumnType::kTimestamp) {
      sources.push_back({column, {}});
      continue;
    }
    timestamps.push_back(name);
    const auto own =
        std::ranges::find(step.columns, name, [](const auto& entry) { return entry.first; });
    for (const TimeFeature& time : own == step.columns.end() ? step.features : own->second) {
      sources.push_back({column, time});
    }
  }
  SLIPWAY_RETURN_IF_ERROR(CheckNamed(step.columns, "timestamp_features", "timestamp", timestamps));
  SLIPWAY_RETURN_IF_ERROR(
      CheckNamed(FindStep<Encode>(actions).columns, "encode", "category column", categories));
  return sources;
}

Result<std::vector<FeatureFit>> MeasureFeatures(const std::vector<FeatureSource>& sources,
                                                std::span<const int64_t> rows, int threads) {
  std::vector<FeatureFit> fits(sources.size());
  if (rows.size() * sources.size() < kParallelValues) threads = 1;
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(sources.size(), threads, [&](size_t i) -> Status {
    const auto& [column, time] = sources[i];
    if (time.part == TimePart::kSeconds) {
      SLIPWAY_ASSIGN_OR_RETURN(fits[i], MeasureFeature(*column, rows));
    } else {
      SLIPWAY_ASSIGN_OR_RETURN(fits[i], DeriveFeature(*column, time, rows));
    }
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

Status ApplyStep(const PreprocessingAction& action, const TrainingRows& training, int threads,
                 std::vector<FeatureFit>* fits) {
  if (const auto* selection = std::get_if<FeatureSelection>(&action)) {
    return SelectFeatures(*selection, training, threads, fits);
  }
  // Outliers are rows, which RemoveOutliers took away before; times are parts by now, and
  // categories become numbers after the last step.
  const auto* handle_missing = std::get_if<HandleMissing>(&action);
  const auto* normalize = std::get_if<Normalize>(&action);
  for (FeatureFit& fit : *fits) {
    if (handle_missing != nullptr) Fill(*handle_missing, training.rows, &fit);
    if (normalize != nullptr) SLIPWAY_RETURN_IF_ERROR(Scale(*normalize, &fit));
  }
  return {};
}

Result<EncodedCategories> Complete(const Encode& step, const TrainingRows& training,
                                   FeatureFit* fit) {
  if (!fit->numeric()) {
    const auto own = std::ranges::find(step.columns, fit->plan.name,
                                       [](const auto& entry) { return entry.first; });
    return EncodeCategories(step, own == step.columns.end() ? step.method : own->second, training,
                            fit);
  }
  if (!fit->filled) Fill(HandleMissing{}, training.rows, fit);
  SLIPWAY_RETURN_IF_ERROR(CheckFloatRange(*fit));
  return EncodedCategories{};
}

// A plan, and of each of its features what target encoding needs.
struct FittedPlan {
  PreprocessingPlan plan;
  std::vector<EncodedCategories> encoded;
};

Result<FittedPlan> MakePlan(const Encode& step, const TrainingRows& training, int threads,
                            std::vector<FeatureFit> fits) {
  FittedPlan fitted;
  std::vector<FeatureFit*> kept;
  for (FeatureFit& fit : fits) {
    if (fit.dropped.empty()) {
      kept.push_back(&fit);
    } else {
      fitted.plan.dropped.push_back({.name = fit.column->name, .reason = fit.dropped});
    }
  }
  if (kept.empty()) {
    return Error(ErrorCode::kInvalidInput, fits.empty() ? "there are no features to train on"
                                                        : "feature_selection drops every feature")
        .At(AtField("data.preprocessing_steps"))
        .Expected("at least one feature that varies on the training rows");
  }
  fitted.encoded.resize(kept.size());
  if (training.rows.size() * kept.size() < kParallelValues) threads = 1;
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(kept.size(), threads, [&](size_t i) -> Status {
    SLIPWAY_ASSIGN_OR_RETURN(fitted.encoded[i], Complete(step, training, kept[i]));
    return {};
  }));
  for (FeatureFit* fit : kept) fitted.plan.features.push_back(std::move(fit->plan));
  return fitted;
}

Result<FittedPlan> FitPlan(const Table& table, const std::vector<std::string>& features,
                           const std::vector<PreprocessingAction>& actions,
                           const TrainingRows& training, int threads) {
  if (training.rows.empty()) {
    return Error(ErrorCode::kInvalidInput, "there are no training rows to fit preprocessing on");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<FeatureSource> sources,
                           ListSources(table, features, actions));
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<FeatureFit> fits,
                           MeasureFeatures(sources, training.rows, threads));
  for (const PreprocessingAction& action : actions) {
    SLIPWAY_RETURN_IF_ERROR(ApplyStep(action, training, threads, &fits));
  }
  return MakePlan(FindStep<Encode>(actions), training, threads, std::move(fits));
}

// The columns of one feature, each row's value from the rows of the other folds. `columns` are its
// columns of the matrix, one after the other.
void EncodeByOtherFolds(const Encode& step, const CategoryGroups& groups, const Column& column,
                        const TrainingRows& training, std::span<const int32_t> folds,
                        int32_t fold_count, float* columns) {
  const std::vector<int32_t> by_row = groups.OfRows(column, training.rows);
  for (int series = 0; series < TargetSeriesCount(*training.target); ++series) {
    const std::vector<double> values = TargetSeries(training, series);
    float* out = columns + static_cast<size_t>(series) * by_row.size();
    for (int32_t fold = 0; fold < fold_count; ++fold) {
      const SmoothedMeans means =
          SmoothMeans(by_row, groups.count, values, step.smoothing, folds, fold);
      for (size_t i = 0; i < by_row.size(); ++i) {
        if (folds[i] != fold) continue;
        out[i] = static_cast<float>(means.by_group[static_cast<size_t>(by_row[i])]);
      }
    }
  }
}

Status CrossFitTarget(const Encode& step, const Table& table, const FittedPlan& fitted,
                      const TrainingRows& training, uint64_t seed, int threads, Matrix* matrix) {
  const auto fold_count =
      static_cast<int32_t>(std::min<int64_t>(step.folds, std::ssize(training.rows)));
  const bool any = std::ranges::any_of(fitted.encoded, &EncodedCategories::by_target);
  // One row has no others to learn from.
  if (!any || fold_count < 2) return {};
  const std::vector<int32_t> folds = DealFolds(training, fold_count, seed);
  std::vector<float*> columns(fitted.encoded.size(), nullptr);
  const std::vector<int> sources = fitted.plan.OutputSources();
  for (size_t column = sources.size(); column-- > 0;) {
    columns[static_cast<size_t>(sources[column])] = matrix->Column(static_cast<int64_t>(column));
  }
  return ParallelFor(fitted.encoded.size(), threads, [&](size_t i) -> Status {
    if (!fitted.encoded[i].by_target) return {};
    EncodeByOtherFolds(step, fitted.encoded[i].groups, *table.Find(fitted.plan.features[i].name),
                       training, folds, fold_count, columns[i]);
    return {};
  });
}

}  // namespace

Status CheckPreprocessingSteps(const std::vector<config::PreprocessingStep>& steps) {
  const auto parsed = ParseSteps(steps);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<PreprocessingPlan> FitPreprocessing(const Table& table,
                                           const std::vector<std::string>& features,
                                           const std::vector<config::PreprocessingStep>& steps,
                                           std::span<const int64_t> rows, const Target* target,
                                           int threads) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<PreprocessingAction> actions, ParseSteps(steps));
  SLIPWAY_ASSIGN_OR_RETURN(FittedPlan fitted, FitPlan(table, features, actions, {rows, target},
                                                      threads > 0 ? threads : AvailableCores()));
  return std::move(fitted.plan);
}

Result<PreparedTraining> PrepareTraining(const Table& table,
                                         const std::vector<std::string>& features,
                                         const std::vector<config::PreprocessingStep>& steps,
                                         std::span<const int64_t> rows, const Target& target,
                                         uint64_t seed, int threads) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<PreprocessingAction> actions, ParseSteps(steps));
  if (threads <= 0) threads = AvailableCores();
  const TrainingRows training{rows, &target};
  SLIPWAY_ASSIGN_OR_RETURN(FittedPlan fitted, FitPlan(table, features, actions, training, threads));
  PreparedTraining prepared;
  SLIPWAY_ASSIGN_OR_RETURN(prepared.matrix, ApplyPreprocessing(fitted.plan, table, rows, threads));
  SLIPWAY_RETURN_IF_ERROR(CrossFitTarget(FindStep<Encode>(actions), table, fitted, training, seed,
                                         threads, &prepared.matrix));
  prepared.plan = std::move(fitted.plan);
  return prepared;
}

}  // namespace slipway::data
