#include <cmath>

#include "report/report.h"
#include "report/summary_internal.h"

namespace slipway::report {
namespace {

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json FoldsJson(const RunReport& report) {
  Json json = Json::array();
  for (const train::FoldResult& fold : report.folds) {
    json.push_back({{"fold", fold.fold},
                    {"train_rows", fold.train_rows},
                    {"test_rows", fold.test_rows},
                    {"metrics", train::MetricsToJson(fold.metrics)}});
  }
  return json;
}

Json RocJson(const RunReport& report) {
  Json json = Json::array();
  for (const auto& [name, curve] : report.roc) {
    Json points = Json::array();
    for (const train::RocPoint& point : curve) {
      points.push_back(
          {NumberOrNull(point.false_positive_rate), NumberOrNull(point.true_positive_rate)});
    }
    json.push_back({{"class", name}, {"points", std::move(points)}});
  }
  return json;
}

// A list a true class, in the order of `classes`.
Json ConfusionJson(const RunReport& report) {
  Json json = Json::array();
  if (!HasConfusion(report)) return json;
  const size_t n = report.classes.size();
  for (size_t row = 0; row < n; ++row) {
    Json counts = Json::array();
    for (size_t column = 0; column < n; ++column)
      counts.push_back(report.confusion[row * n + column]);
    json.push_back(std::move(counts));
  }
  return json;
}

Json ImportancesJson(const RunReport& report) {
  Json json = Json::array();
  for (const train::FeatureImportance& feature : report.importances) {
    json.push_back(
        {{"feature", feature.feature}, {"importance", NumberOrNull(feature.importance)}});
  }
  return json;
}

Json DroppedJson(const RunReport& report) {
  Json json = Json::array();
  for (const data::DroppedFeature& feature : report.dropped) {
    json.push_back({{"name", feature.name}, {"reason", feature.reason}});
  }
  return json;
}

Json HistogramsJson(const RunReport& report) {
  Json json = Json::array();
  for (const RunReport::ScoreHistogram& histogram : report.score_histograms) {
    json.push_back({{"truth", histogram.truth}, {"counts", histogram.counts}});
  }
  return json;
}

Json TimingsJson(const RunReport& report) {
  Json json = Json::object();
  for (const auto& [step, seconds] : report.timings) json[step] = NumberOrNull(seconds);
  return json;
}

Json GatesJson(const RunReport& report) {
  Json json = Json::array();
  for (const gate::Verdict& verdict : report.gates) json.push_back(gate::ToJson(verdict));
  return json;
}

}  // namespace

Json EstimatesJson(const std::vector<RunReport::Estimate>& estimates) {
  Json json = Json::array();
  for (const RunReport::Estimate& point : estimates) json.push_back({point.truth, point.estimate});
  return json;
}

Json ErrorsJson(const RunReport::ErrorHistogram& errors) {
  return {{"low", errors.low}, {"high", errors.high}, {"counts", errors.counts}};
}

Json RenderJson(const RunReport& report) {
  return Json{
      {"run_id", report.run_id},
      {"status", report.status},
      {"failed_step", report.failed_step},
      {"project", report.project},
      {"environment", report.environment},
      {"label", report.label},
      {"model", report.model_name},
      {"version", report.version},
      {"digest", report.digest},
      {"started_at", report.started_at},
      {"slipway_version", report.slipway_version},
      {"source", {{"path", report.source_path}, {"digest", report.source_digest}}},
      {"dataset", data::ToJson(report.dataset)},
      {"target", report.target},
      {"split",
       {{"train", report.train_rows},
        {"validation", report.validation_rows},
        {"test", report.test_rows}}},
      {"algorithm", report.algorithm},
      {"hyperparameters", report.hyperparameters},
      {"search", report.search.trials.empty() ? Json(nullptr) : train::ToJson(report.search)},
      {"task", report.task},
      {"classes", report.classes},
      {"positive_class",
       report.positive >= 0 && static_cast<size_t>(report.positive) < report.classes.size()
           ? Json(report.classes[static_cast<size_t>(report.positive)])
           : Json(nullptr)},
      {"metrics", train::MetricsToJson(report.metrics)},
      {"intervals", train::IntervalsToJson(report.intervals)},
      {"train_metrics", train::MetricsToJson(report.train_metrics)},
      {"shown_metrics", report.shown_metrics},
      {"folds", FoldsJson(report)},
      {"roc", RocJson(report)},
      {"confusion", ConfusionJson(report)},
      {"importances", ImportancesJson(report)},
      {"permutation_importances", train::ToJson(report.permutation)},
      {"slices", train::ToJson(report.slices)},
      {"dropped_features", DroppedJson(report)},
      {"outlier_rows", report.outlier_rows},
      {"score_histograms", HistogramsJson(report)},
      {"estimates", EstimatesJson(report.estimates)},
      {"errors", ErrorsJson(report.errors)},
      {"calibration", report.calibration ? train::ToJson(*report.calibration) : Json()},
      {"decision_threshold", report.threshold ? train::ToJson(*report.threshold) : Json()},
      {"gates", GatesJson(report)},
      {"timings", TimingsJson(report)},
      {"cached", report.cached},
      {"lineage", report.lineage},
      {"card", report.card.sections.empty() ? Json() : RenderCardJson(report.card)},
  };
}

}  // namespace slipway::report
