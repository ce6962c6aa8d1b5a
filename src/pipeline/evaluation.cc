#include "pipeline/evaluation.h"

#include <algorithm>
#include <cmath>

#include "pipeline/evaluation_pictures_internal.h"

namespace slipway::pipeline {
namespace {

Json CurveJson(const std::vector<train::RocPoint>& curve) {
  Json points = Json::array();
  for (const train::RocPoint& point : curve) {
    points.push_back({point.false_positive_rate, point.true_positive_rate});
  }
  return points;
}

}  // namespace

Evaluation Evaluate(const model::Predictions& all, const data::Target& target,
                    const data::Split& split, train::Averaging averaging, uint64_t seed,
                    int threads, std::span<const int32_t> test_groups) {
  auto metrics_of = [&](data::Part part) -> train::Metrics {
    const std::vector<int64_t> rows = split.RowsOf(part);
    if (rows.empty()) return {};
    return train::ComputeMetrics(data::SelectRows(target, rows), SelectRows(all, rows), averaging);
  };
  Evaluation evaluation;
  evaluation.train = metrics_of(data::Part::kTrain);
  evaluation.validation = metrics_of(data::Part::kValidation);
  const std::vector<int64_t> test_rows = split.RowsOf(data::Part::kTest);
  const data::Target truth = data::SelectRows(target, test_rows);
  const model::Predictions predictions = SelectRows(all, test_rows);
  evaluation.test = train::ComputeMetrics(truth, predictions, averaging);
  evaluation.intervals =
      train::BootstrapIntervals(truth, predictions, averaging, seed, 1000, threads, test_groups);
  AddPictures(truth, predictions, &evaluation);
  return evaluation;
}

std::vector<int64_t> EvenlySpread(std::span<const int64_t> rows, size_t most) {
  std::vector<int64_t> spread(std::min(most, rows.size()));
  for (size_t i = 0; i < spread.size(); ++i) spread[i] = rows[i * rows.size() / spread.size()];
  return spread;
}

Json ToJson(const Evaluation& evaluation) {
  Json roc = Json::array();
  for (const auto& [label, curve] : evaluation.roc) {
    roc.push_back({{"class", label}, {"points", CurveJson(curve)}});
  }
  Json histograms = Json::array();
  for (const auto& histogram : evaluation.score_histograms) {
    histograms.push_back({{"truth", histogram.truth}, {"counts", histogram.counts}});
  }
  return {{"test", train::MetricsToJson(evaluation.test)},
          {"train", train::MetricsToJson(evaluation.train)},
          {"validation", train::MetricsToJson(evaluation.validation)},
          {"intervals", train::IntervalsToJson(evaluation.intervals)},
          {"roc", std::move(roc)},
          {"confusion", evaluation.confusion},
          {"score_histograms", std::move(histograms)},
          {"estimates", report::EstimatesJson(evaluation.estimates)},
          {"errors", report::ErrorsJson(evaluation.errors)},
          {"slices", train::ToJson(evaluation.slices)},
          {"permutation", train::ToJson(evaluation.permutation)}};
}

Result<Evaluation> EvaluationFromJson(const Json& json) {
  try {
    Evaluation evaluation;
    evaluation.test = train::MetricsFromJson(json.at("test"));
    evaluation.train = train::MetricsFromJson(json.at("train"));
    evaluation.validation = train::MetricsFromJson(json.at("validation"));
    evaluation.intervals = train::IntervalsFromJson(json.at("intervals"));
    for (const Json& entry : json.at("roc")) {
      std::vector<train::RocPoint> curve;
      for (const Json& point : entry.at("points")) curve.push_back({point.at(0), point.at(1)});
      evaluation.roc.emplace_back(entry.at("class"), std::move(curve));
    }
    evaluation.confusion = json.at("confusion").get<std::vector<int64_t>>();
    for (const Json& entry : json.at("score_histograms")) {
      evaluation.score_histograms.push_back({entry.at("truth"), entry.at("counts")});
    }
    for (const Json& point : json.at("estimates"))
      evaluation.estimates.push_back({point.at(0), point.at(1)});
    const Json& errors = json.at("errors");
    evaluation.errors = {errors.at("low"), errors.at("high"), errors.at("counts")};
    SLIPWAY_ASSIGN_OR_RETURN(evaluation.slices, train::SliceReportFromJson(json.at("slices")));
    SLIPWAY_ASSIGN_OR_RETURN(evaluation.permutation,
                             train::PermutationReportFromJson(json.at("permutation")));
    return evaluation;
  } catch (const Json::exception& error) {
    return Error(ErrorCode::kInternal, std::string("not an evaluation: ") + error.what());
  }
}

Json MetricsFile(const Evaluation& evaluation, const std::vector<train::FoldResult>& folds) {
  auto with_intervals = [&](const train::Metrics& metrics) {
    Json part = Json::object();
    for (const auto& [name, value] : metrics) {
      part[name] = {{"value", std::isfinite(value) ? Json(value) : Json(nullptr)}};
      const auto interval = evaluation.intervals.find(name);
      if (&metrics == &evaluation.test && interval != evaluation.intervals.end()) {
        part[name]["interval"] = {interval->second.first, interval->second.second};
      }
    }
    return part;
  };
  Json fold_list = Json::array();
  for (const train::FoldResult& fold : folds) fold_list.push_back(train::ToJson(fold));
  Json file = {{"confidence", 0.95}, {"test", with_intervals(evaluation.test)}};
  if (!evaluation.validation.empty()) file["validation"] = with_intervals(evaluation.validation);
  file["train"] = with_intervals(evaluation.train);
  file["cross_validation"] = std::move(fold_list);
  return file;
}

}  // namespace slipway::pipeline
