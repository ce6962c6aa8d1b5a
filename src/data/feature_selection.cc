#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>
#include <unordered_map>

#include "data/feature_fit_internal.h"

namespace slipway::data {
namespace {

bool IsConstant(const FeatureFit& fit) {
  if (fit.numeric()) return fit.min == fit.max;
  const auto used = std::ranges::count_if(fit.counts, [](int64_t count) { return count > 0; });
  return used + (fit.missing > 0 && !fit.filled ? 1 : 0) <= 1;
}

// In the unit that earlier steps left.
double Variance(const FeatureFit& fit) {
  const int64_t values = fit.present + (fit.filled ? fit.missing : 0);
  // By powers of two apart, so that neither square overflows.
  const int exponent = std::ilogb(fit.plan.scale);
  const double scale = std::ldexp(fit.plan.scale, -exponent);
  return std::ldexp(fit.m2 / static_cast<double>(values) / (scale * scale),
                    2 * (fit.exponent - exponent));
}

std::string ReasonToDrop(const FeatureFit& fit, double min_variance) {
  if (fit.present == 0) return "has no values";
  if (IsConstant(fit)) return "constant";
  if (!fit.numeric() || min_variance <= 0 || Variance(fit) > min_variance) return "";
  return fmt::format("variance {:.6g}, not above {:.6g}", Variance(fit), min_variance);
}

bool SameNumber(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

std::string_view TextOf(const Column& column, int64_t row) {
  const int32_t code = column.codes[static_cast<size_t>(row)];
  return code == kMissingCode ? std::string_view() : column.categories[static_cast<size_t>(code)];
}

bool SameValues(const Column& a, const Column& b, std::span<const int64_t> rows) {
  if ((a.type == ColumnType::kCategory) != (b.type == ColumnType::kCategory)) return false;
  if (a.type == ColumnType::kCategory) {
    return std::ranges::all_of(rows, [&](int64_t row) { return TextOf(a, row) == TextOf(b, row); });
  }
  return std::ranges::all_of(rows, [&](int64_t row) {
    return SameNumber(a.numbers[static_cast<size_t>(row)], b.numbers[static_cast<size_t>(row)]);
  });
}

// Columns that hold the same values have the same hash, whatever their codes.
uint64_t HashValues(const Column& column, std::span<const int64_t> rows) {
  const std::hash<std::string_view> hash_text;
  std::vector<uint64_t> by_code;
  for (const std::string& category : column.categories) by_code.push_back(hash_text(category));
  const uint64_t missing = hash_text("");
  uint64_t hash = 0;
  for (const int64_t row : rows) {
    const auto at = static_cast<size_t>(row);
    uint64_t value = missing;
    if (column.type != ColumnType::kCategory) {
      if (!std::isnan(column.numbers[at]))
        value = std::bit_cast<uint64_t>(column.numbers[at] + 0.0);
    } else if (column.codes[at] != kMissingCode) {
      value = by_code[static_cast<size_t>(column.codes[at])];
    }
    hash = (std::rotl(hash, 23) ^ value) * 0x9e3779b97f4a7c15ULL;
  }
  return hash;
}

void DropRepeated(std::span<const int64_t> rows, std::vector<FeatureFit>* features) {
  std::unordered_multimap<uint64_t, const FeatureFit*> kept;
  for (FeatureFit& fit : *features) {
    if (!fit.dropped.empty()) continue;
    const uint64_t hash = HashValues(*fit.column, rows);
    const auto [begin, end] = kept.equal_range(hash);
    const auto same = std::find_if(begin, end, [&](const auto& entry) {
      return SameValues(*entry.second->column, *fit.column, rows);
    });
    if (same == end) {
      kept.emplace(hash, &fit);
    } else {
      fit.dropped = fmt::format("the same as '{}'", same->second->column->name);
    }
  }
}

}  // namespace

void SelectByVariance(const FeatureSelection& step, std::span<const int64_t> rows,
                      std::vector<FeatureFit>* features) {
  for (FeatureFit& fit : *features) {
    if (fit.dropped.empty()) fit.dropped = ReasonToDrop(fit, step.min_variance);
  }
  DropRepeated(rows, features);
}

Status SelectFeatures(const FeatureSelection& step, const TrainingRows& training, int threads,
                      std::vector<FeatureFit>* features) {
  for (const SelectionMethod method : step.methods) {
    switch (method) {
      case SelectionMethod::kVariance: SelectByVariance(step, training.rows, features); break;
      case SelectionMethod::kCorrelation:
        SLIPWAY_RETURN_IF_ERROR(SelectByCorrelation(step, training.rows, threads, features));
        break;
      case SelectionMethod::kFTest:
      case SelectionMethod::kMutualInformation:
        SLIPWAY_RETURN_IF_ERROR(SelectByScore(step, method, training, threads, features));
        break;
    }
  }
  return {};
}

}  // namespace slipway::data
