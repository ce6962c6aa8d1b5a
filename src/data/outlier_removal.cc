#include <algorithm>
#include <cmath>

#include "core/sort_numbers.h"
#include "data/messages_internal.h"
#include "data/preprocessing.h"
#include "data/preprocessing_options_internal.h"
#include "data/quantile_internal.h"

namespace slipway::data {
namespace {

// Marks, by position in `rows`, what lies beyond the fences of one feature.
void MarkOutliers(const Column& column, double factor, std::span<const int64_t> rows,
                  std::vector<bool>* outlier) {
  std::vector<double> values;
  for (const int64_t row : rows) {
    const double value = column.numbers[static_cast<size_t>(row)];
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.empty()) return;
  SortNumbers(&values);
  const double first = Quantile(values, 0.25);
  const double third = Quantile(values, 0.75);
  // Where half of the values are one, as in counts that are mostly 0, every other would lie beyond.
  if (!(third > first)) return;
  const double low = first - factor * (third - first);
  const double high = third + factor * (third - first);
  for (size_t i = 0; i < rows.size(); ++i) {
    const double value = column.numbers[static_cast<size_t>(rows[i])];
    if (value < low || value > high) (*outlier)[i] = true;
  }
}

}  // namespace

Result<std::vector<int64_t>> RemoveOutliers(const Table& table,
                                            const std::vector<std::string>& features,
                                            const std::vector<config::PreprocessingStep>& steps,
                                            std::span<const int64_t> rows) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<PreprocessingAction> actions, ParseSteps(steps));
  const auto step = std::ranges::find_if(actions, [](const PreprocessingAction& action) {
    return std::holds_alternative<OutlierRemoval>(action);
  });
  std::vector<int64_t> kept(rows.begin(), rows.end());
  if (step == actions.end()) return kept;
  std::vector<bool> outlier(rows.size());
  for (const std::string& name : features) {
    const Column* column = table.Find(name);
    if (column == nullptr) {
      return UnknownName("the data has no feature column '" + name + "'", "data.feature_columns",
                         name, ColumnNames(table));
    }
    if (column->type == ColumnType::kCategory) continue;
    MarkOutliers(*column, std::get<OutlierRemoval>(*step).factor, rows, &outlier);
  }
  kept.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!outlier[i]) kept.push_back(rows[i]);
  }
  if (kept.empty()) {
    return Error(ErrorCode::kInvalidInput, "outlier_removal drops every training row")
        .At(AtField("data.preprocessing_steps.outlier_removal.factor"))
        .Try("a larger factor");
  }
  return kept;
}

}  // namespace slipway::data
