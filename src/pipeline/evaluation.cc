#include "pipeline/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway::pipeline {
namespace {

constexpr int kScoreBins = 20;
// More curves than this are not a picture any more.
constexpr int kMaxCurves = 10;

std::vector<int32_t> ClassesOf(const data::Target& target, std::span<const int64_t> rows) {
  std::vector<int32_t> classes;
  classes.reserve(rows.size());
  for (const int64_t row : rows) classes.push_back(target.classes[static_cast<size_t>(row)]);
  return classes;
}

report::RunReport::ScoreHistogram ScoresOf(int truth_class, int score_class,
                                           std::span<const int32_t> truth,
                                           const model::Predictions& predictions,
                                           const std::string& label) {
  report::RunReport::ScoreHistogram histogram{label, std::vector<int64_t>(kScoreBins)};
  for (size_t row = 0; row < truth.size(); ++row) {
    if (truth[row] != truth_class) continue;
    const float score = predictions.Score(static_cast<int64_t>(row), score_class);
    const int bin = std::clamp(static_cast<int>(score * kScoreBins), 0, kScoreBins - 1);
    ++histogram.counts[static_cast<size_t>(bin)];
  }
  return histogram;
}

void AddPictures(std::span<const int32_t> truth, const model::Predictions& predictions,
                 const data::Target& target, Evaluation* evaluation) {
  const bool binary = target.positive >= 0;
  const int curves = std::min(target.class_count(), kMaxCurves);
  for (int cls = 0; cls < curves; ++cls) {
    const std::string& label = target.labels[static_cast<size_t>(cls)];
    if (!binary || cls == target.positive) {
      evaluation->roc.emplace_back(label, train::RocCurve(truth, predictions, cls));
    }
    evaluation->score_histograms.push_back(
        ScoresOf(cls, binary ? target.positive : cls, truth, predictions, label));
  }
  evaluation->confusion = train::ConfusionMatrix(truth, predictions);
}

train::Metrics MetricsFromJson(const Json& json) {
  train::Metrics metrics;
  if (!json.is_object()) return metrics;
  for (const auto& [name, value] : json.items()) {
    metrics[name] =
        value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
  }
  return metrics;
}

Json IntervalsJson(const train::Intervals& intervals) {
  Json json = Json::object();
  for (const auto& [name, interval] : intervals) json[name] = {interval.first, interval.second};
  return json;
}

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
                    int threads) {
  auto metrics_of = [&](data::Part part) -> train::Metrics {
    const std::vector<int64_t> rows = split.RowsOf(part);
    if (rows.empty()) return {};
    return train::ComputeMetrics(ClassesOf(target, rows), SelectRows(all, rows), target, averaging);
  };
  Evaluation evaluation;
  evaluation.train = metrics_of(data::Part::kTrain);
  evaluation.validation = metrics_of(data::Part::kValidation);
  const std::vector<int64_t> test_rows = split.RowsOf(data::Part::kTest);
  const std::vector<int32_t> truth = ClassesOf(target, test_rows);
  const model::Predictions predictions = SelectRows(all, test_rows);
  evaluation.test = train::ComputeMetrics(truth, predictions, target, averaging);
  evaluation.intervals =
      train::BootstrapIntervals(truth, predictions, target, averaging, seed, 1000, threads);
  AddPictures(truth, predictions, target, &evaluation);
  return evaluation;
}

model::Predictions SelectRows(const model::Predictions& predictions,
                              std::span<const int64_t> rows) {
  model::Predictions selected;
  selected.rows = static_cast<int64_t>(rows.size());
  selected.classes = predictions.classes;
  selected.labels.reserve(rows.size());
  selected.scores.reserve(rows.size() * static_cast<size_t>(predictions.classes));
  for (const int64_t row : rows) {
    selected.labels.push_back(predictions.labels[static_cast<size_t>(row)]);
    for (int cls = 0; cls < predictions.classes; ++cls)
      selected.scores.push_back(predictions.Score(row, cls));
  }
  return selected;
}

Json MetricsJson(const train::Metrics& metrics) {
  Json json = Json::object();
  for (const auto& [name, value] : metrics)
    json[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
  return json;
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
  return {{"test", MetricsJson(evaluation.test)},
          {"train", MetricsJson(evaluation.train)},
          {"validation", MetricsJson(evaluation.validation)},
          {"intervals", IntervalsJson(evaluation.intervals)},
          {"roc", std::move(roc)},
          {"confusion", evaluation.confusion},
          {"score_histograms", std::move(histograms)}};
}

Result<Evaluation> EvaluationFromJson(const Json& json) {
  try {
    Evaluation evaluation;
    evaluation.test = MetricsFromJson(json.at("test"));
    evaluation.train = MetricsFromJson(json.at("train"));
    evaluation.validation = MetricsFromJson(json.at("validation"));
    for (const auto& [name, interval] : json.at("intervals").items()) {
      const auto bound = [&](size_t at) {
        return interval.at(at).is_number() ? interval.at(at).get<double>()
                                           : std::numeric_limits<double>::quiet_NaN();
      };
      evaluation.intervals[name] = {bound(0), bound(1)};
    }
    for (const Json& entry : json.at("roc")) {
      std::vector<train::RocPoint> curve;
      for (const Json& point : entry.at("points")) curve.push_back({point.at(0), point.at(1)});
      evaluation.roc.emplace_back(entry.at("class"), std::move(curve));
    }
    evaluation.confusion = json.at("confusion").get<std::vector<int64_t>>();
    for (const Json& entry : json.at("score_histograms")) {
      evaluation.score_histograms.push_back({entry.at("truth"), entry.at("counts")});
    }
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
