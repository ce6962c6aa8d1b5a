#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/text.h"
#include "data/select_rows.h"
#include "data/slices.h"
#include "pipeline/evaluation_slices_internal.h"

namespace slipway::pipeline {
namespace {

constexpr size_t kMostNamedParts = 20;
// Of the search, whose cost is rows times columns times parts.
constexpr size_t kMostSearchedRows = 20'000;
constexpr size_t kMostSearchedColumns = 200;
constexpr size_t kMostSearchedParts = 10;

Status CheckColumn(const config::LoadedConfig& loaded, const data::Table& table,
                   const std::string& name, const char* key) {
  if (table.Find(name) != nullptr) return {};
  std::vector<std::string> names;
  for (const data::Column& column : table.columns) names.push_back(column.name);
  return Error(ErrorCode::kInvalidInput, fmt::format("the data has no column '{}'", name))
      .At(loaded.PositionOf(key))
      .Try(NearestName(name, names));
}

// Columns that are named, those that gates compare groups of among them, each once.
std::vector<std::string> NamedColumns(const config::ModelConfig& model) {
  std::vector<std::string> names = model.slices.columns;
  for (const config::GroupGap& gap : model.gates.group_gap) {
    if (std::ranges::find(names, gap.column) == names.end()) names.push_back(gap.column);
  }
  return names;
}

std::vector<data::SlicedColumn> Cut(const SliceSource& source, std::span<const std::string> names,
                                    std::span<const int64_t> rows, size_t most_parts) {
  std::vector<data::SlicedColumn> cut;
  for (const std::string& name : names) {
    const data::Column& column = *source.table.Find(name);
    const auto profile =
        std::ranges::find(source.training_profile.columns, name, &data::ColumnProfile::name);
    cut.push_back(data::SliceColumn(
        column, profile == source.training_profile.columns.end() ? data::ColumnProfile{} : *profile,
        rows, most_parts));
  }
  return cut;
}

}  // namespace

Status CheckSliceColumns(const config::LoadedConfig& loaded, const data::Table& table) {
  const config::ModelConfig& model = loaded.config.model;
  for (const std::string& name : model.slices.columns) {
    SLIPWAY_RETURN_IF_ERROR(CheckColumn(loaded, table, name, "model.slices.columns"));
  }
  for (const config::GroupGap& gap : model.gates.group_gap) {
    SLIPWAY_RETURN_IF_ERROR(CheckColumn(loaded, table, gap.column, "model.gates.group_gap"));
  }
  return {};
}

std::vector<std::string> SearchedColumns(const RunState& state) {
  if (!state.config().model.slices.search) return {};
  std::vector<std::string> names = state.features;
  const auto rank = [&](const std::string& name) {
    return std::ranges::find(state.importances, name, &train::FeatureImportance::feature) -
           state.importances.begin();
  };
  if (names.size() > kMostSearchedColumns) {
    std::ranges::stable_sort(names, {}, rank);
    names.resize(kMostSearchedColumns);
  }
  return names;
}

train::SliceReport SlicesOf(const SliceSource& source, const model::Predictions& all,
                            train::Averaging averaging) {
  const config::ModelConfig& model = source.model;
  const std::vector<int64_t> test = source.split.RowsOf(data::Part::kTest);
  std::vector<int64_t> places(test.size());
  std::iota(places.begin(), places.end(), int64_t{0});
  const std::vector<int64_t> searched = EvenlySpread(places, kMostSearchedRows);
  const auto named_columns = Cut(source, NamedColumns(model), test, kMostNamedParts);
  const auto searched_columns =
      Cut(source, source.searched, EvenlySpread(test, kMostSearchedRows), kMostSearchedParts);
  const data::Target truth = data::SelectRows(source.target, test);
  const model::Predictions predictions = SelectRows(all, test);
  return train::EvaluateSlices({.truth = truth,
                                .predictions = predictions,
                                .named = named_columns,
                                .searched = searched_columns,
                                .searched_rows = searched,
                                .averaging = averaging,
                                .min_rows = model.slices.min_rows,
                                .seed = ModelSeed(model),
                                .threads = source.threads});
}

Result<train::PermutationReport> PermutationOf(const RunState& state,
                                               const model::Predictor& predictor,
                                               train::Averaging averaging) {
  const config::PermutationConfig& config = state.config().model.permutation_importance;
  if (config.repeats == 0) return train::PermutationReport();
  const std::vector<int64_t> rows =
      EvenlySpread(state.split.RowsOf(data::Part::kTest), static_cast<size_t>(config.rows));
  const data::Table table = data::SelectRows(state.table, rows);
  const data::Target truth = data::SelectRows(state.target, rows);
  auto report = train::PermuteFeatures({.predictor = predictor,
                                        .rows = table,
                                        .truth = truth,
                                        .metric = MetricOr(state, config.metric),
                                        .averaging = averaging,
                                        .repeats = config.repeats,
                                        .seed = ModelSeed(state.config().model),
                                        .threads = state.threads});
  if (report.ok()) return report;
  const std::string key = report.error().location().field;
  if (!key.starts_with("model.")) return report;
  return std::move(report).error().At(state.loaded.PositionOf(key));
}

}  // namespace slipway::pipeline
