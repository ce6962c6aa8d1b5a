#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/feature_fit_internal.h"
#include "data/messages_internal.h"

namespace slipway::data {
namespace {

void MeasureSpread(std::span<const int64_t> rows, FeatureFit* fit) {
  const double largest = std::max(fit->max - fit->mean, fit->mean - fit->min);
  if (largest == 0 || !std::isfinite(largest)) {
    fit->m2 = largest;
    return;
  }
  fit->exponent = std::ilogb(largest);
  // The reciprocal of the least numbers is none: they are as large as it can be.
  fit->exponent = std::max(fit->exponent, std::numeric_limits<double>::min_exponent);
  const double unit = std::ldexp(1.0, -fit->exponent);
  const double* numbers = fit->column->numbers.data();
  for (const int64_t row : rows) {
    const double difference = (numbers[row] - fit->mean) * unit;
    if (!std::isnan(difference)) fit->m2 += difference * difference;
  }
}

Status MeasureNumbers(std::span<const int64_t> rows, FeatureFit* fit) {
  const double* numbers = fit->column->numbers.data();
  fit->min = std::numeric_limits<double>::infinity();
  fit->max = -fit->min;
  double sum = 0;
  for (const int64_t row : rows) {
    const double value = numbers[row];
    if (std::isnan(value)) continue;
    ++fit->present;
    sum += value;
    fit->min = std::min(fit->min, value);
    fit->max = std::max(fit->max, value);
  }
  fit->missing = static_cast<int64_t>(rows.size()) - fit->present;
  if (fit->present == 0) {
    fit->min = fit->max = 0;
    return {};
  }
  if (std::isinf(fit->min) || std::isinf(fit->max)) {
    const auto at =
        std::ranges::find_if(rows, [&](int64_t row) { return std::isinf(numbers[row]); });
    return Error(ErrorCode::kInvalidInput, "the value is infinite")
        .At(AtRow(*at + 1, fit->column->name))
        .Expected("a finite number")
        .Try("leaving it empty if it is not known");
  }
  // A constant's mean may miss it by a rounding.
  fit->mean = fit->min == fit->max ? fit->min : sum / static_cast<double>(fit->present);
  MeasureSpread(rows, fit);
  return {};
}

void MeasureCategories(std::span<const int64_t> rows, FeatureFit* fit) {
  const Column& column = *fit->column;
  fit->counts.assign(column.categories.size(), 0);
  for (const int64_t row : rows) {
    const int32_t code = column.codes[static_cast<size_t>(row)];
    const bool missing =
        code == kMissingCode || column.categories[static_cast<size_t>(code)].empty();
    ++(missing ? fit->missing : fit->counts[static_cast<size_t>(code)]);
  }
  fit->present = static_cast<int64_t>(rows.size()) - fit->missing;
}

}  // namespace

Result<FeatureFit> MeasureFeature(const Column& column, std::span<const int64_t> rows) {
  FeatureFit fit;
  fit.column = &column;
  fit.plan.name = column.name;
  fit.plan.type = column.type;
  if (fit.numeric()) {
    SLIPWAY_RETURN_IF_ERROR(MeasureNumbers(rows, &fit));
  } else {
    MeasureCategories(rows, &fit);
  }
  return fit;
}

Result<FeatureFit> DeriveFeature(const Column& column, TimeFeature feature,
                                 std::span<const int64_t> rows) {
  auto derived = std::make_shared<Column>();
  derived->name = fmt::format("{} ({})", column.name, NameOf(feature));
  derived->type = ColumnType::kTimestamp;
  // The other rows are never looked at.
  derived->numbers.resize(column.numbers.size());
  for (const int64_t row : rows) {
    const auto at = static_cast<size_t>(row);
    derived->numbers[at] = TimeValue(feature, column.numbers[at]);
  }
  SLIPWAY_ASSIGN_OR_RETURN(FeatureFit fit, MeasureFeature(*derived, rows));
  fit.derived = std::move(derived);
  fit.plan.name = column.name;
  fit.plan.time = feature;
  return fit;
}

}  // namespace slipway::data
