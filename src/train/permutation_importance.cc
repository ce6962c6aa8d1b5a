#include "train/permutation_importance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/parallel.h"
#include "core/random.h"
#include "core/text.h"

namespace slipway::train {
namespace {

// The inputs alone, so that what is copied is what is shuffled.
Result<data::Table> InputsOf(const PermutationInput& input) {
  data::Table table;
  table.rows = input.rows.rows;
  for (const model::InputField& field : input.predictor.inputs()) {
    const data::Column* column = input.rows.Find(field.name);
    if (column == nullptr) {
      return Error(ErrorCode::kInvalidInput, "the rows lack the model's input " + field.name);
    }
    table.columns.push_back(*column);
  }
  return table;
}

Result<double> ScoreOf(const PermutationInput& input, const data::Table& table) {
  SLIPWAY_ASSIGN_OR_RETURN(const model::Predictions predictions, input.predictor.Predict(table, 1));
  const Metrics metrics = ComputeMetrics(input.truth, predictions, input.averaging);
  const auto found = metrics.find(input.metric);
  if (found != metrics.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, value] : metrics) names.push_back(name);
  Location location;
  location.field = "model.permutation_importance.metric";
  return Error(ErrorCode::kInvalidInput,
               fmt::format("there is no metric {} of this task", input.metric))
      .At(std::move(location))
      .Expected(JoinOr(names));
}

void Reorder(const data::Column& from, const std::vector<size_t>& order, data::Column* to) {
  for (size_t row = 0; row < order.size(); ++row) {
    if (from.type == data::ColumnType::kCategory) {
      to->codes[row] = from.codes[order[row]];
    } else {
      to->numbers[row] = from.numbers[order[row]];
    }
  }
}

PermutationImportance Summarize(std::string feature, std::vector<double> losses) {
  PermutationImportance importance{std::move(feature), 0, 0, std::move(losses)};
  const auto count = static_cast<double>(importance.losses.size());
  importance.mean =
      std::accumulate(importance.losses.begin(), importance.losses.end(), 0.0) / count;
  double squares = 0;
  for (const double loss : importance.losses) {
    squares += (loss - importance.mean) * (loss - importance.mean);
  }
  importance.deviation = std::sqrt(squares / count);
  return importance;
}

// Shuffles one feature of `shuffled`, which is a copy of `table`, and puts it back in order.
Result<PermutationImportance> Permute(const PermutationInput& input, const data::Table& table,
                                      double whole, size_t feature, data::Table* shuffled) {
  const double sign = LowerIsBetter(input.metric) ? -1 : 1;
  const data::Column& column = table.columns[feature];
  std::vector<size_t> order(static_cast<size_t>(table.rows));
  std::vector<double> losses;
  for (int repeat = 0; repeat < input.repeats; ++repeat) {
    std::iota(order.begin(), order.end(), size_t{0});
    Random random(DeriveSeed(DeriveSeed(input.seed, feature), static_cast<uint64_t>(repeat)));
    random.Shuffle(std::span(order));
    Reorder(column, order, &shuffled->columns[feature]);
    SLIPWAY_ASSIGN_OR_RETURN(const double score, ScoreOf(input, *shuffled));
    losses.push_back(sign * (whole - score));
  }
  shuffled->columns[feature] = column;
  return Summarize(column.name, std::move(losses));
}

// Highest first, what is unknown last.
bool Above(const PermutationImportance& a, const PermutationImportance& b) {
  const auto known = [](double mean) {
    return std::isnan(mean) ? -std::numeric_limits<double>::infinity() : mean;
  };
  return known(a.mean) != known(b.mean) ? known(a.mean) > known(b.mean) : a.feature < b.feature;
}

}  // namespace

Result<PermutationReport> PermuteFeatures(const PermutationInput& input) {
  SLIPWAY_ASSIGN_OR_RETURN(const data::Table table, InputsOf(input));
  PermutationReport report;
  report.metric = input.metric;
  report.rows = table.rows;
  report.repeats = input.repeats;
  SLIPWAY_ASSIGN_OR_RETURN(report.whole, ScoreOf(input, table));
  report.features.resize(table.columns.size());
  const int threads = input.threads > 0 ? input.threads : AvailableCores();
  // One copy of the rows a thread, which takes every so manieth feature.
  const size_t turns = std::min(static_cast<size_t>(threads), table.columns.size());
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(turns, threads, [&](size_t turn) -> Status {
    data::Table shuffled = table;
    for (size_t feature = turn; feature < table.columns.size(); feature += turns) {
      SLIPWAY_ASSIGN_OR_RETURN(report.features[feature],
                               Permute(input, table, report.whole, feature, &shuffled));
    }
    return {};
  }));
  std::ranges::sort(report.features, Above);
  return report;
}

Json ToJson(const PermutationReport& report) {
  Json features = Json::array();
  for (const PermutationImportance& one : report.features) {
    features.push_back({{"feature", one.feature},
                        {"mean", one.mean},
                        {"deviation", one.deviation},
                        {"losses", one.losses}});
  }
  return {{"metric", report.metric},
          {"whole", report.whole},
          {"rows", report.rows},
          {"repeats", report.repeats},
          {"features", std::move(features)}};
}

Result<PermutationReport> PermutationReportFromJson(const Json& json) {
  constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
  try {
    PermutationReport report;
    report.metric = json.at("metric");
    report.whole = GetNumber(json, "whole", kUndefined);
    report.rows = json.at("rows");
    report.repeats = json.at("repeats");
    for (const Json& feature : json.at("features")) {
      PermutationImportance one;
      one.feature = feature.at("feature");
      one.mean = GetNumber(feature, "mean", kUndefined);
      one.deviation = GetNumber(feature, "deviation", kUndefined);
      for (const Json& loss : feature.at("losses")) {
        one.losses.push_back(loss.is_number() ? loss.get<double>() : kUndefined);
      }
      report.features.push_back(std::move(one));
    }
    return report;
  } catch (const Json::exception& error) {
    return Error(ErrorCode::kInvalidInput,
                 std::string("not permutation importances: ") + error.what());
  }
}

}  // namespace slipway::train
