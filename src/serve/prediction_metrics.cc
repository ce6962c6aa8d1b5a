#include "serve/prediction_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "serve/prometheus_format_internal.h"

namespace slipway::serve {
namespace {

// One model's, read once for all families.
struct Told {
  const ServedModel* model;
  const std::vector<double>* bounds;
  PredictionSum sum;
  std::string labels;  // model="…",version="…"

  const std::vector<std::string>& classes() const { return model->model.schema.classes; }
};

std::vector<Told> ReadAll(PredictionMetrics::Models models, PredictionMetrics* metrics) {
  std::vector<Told> all;
  for (const auto& model : models) {
    const PredictionCounts& counts = *metrics->Of(model);
    all.push_back({model.get(), &counts.bounds(), counts.Sum(),
                   fmt::format("model=\"{}\",version=\"{}\"", LabelValue(model->name),
                               LabelValue(model->version))});
  }
  return all;
}

Json JsonOf(const Told& told) {
  const int64_t rows = told.sum.rows();
  Json one = {{"model", told.model->name},
              {"version", told.model->version},
              {"digest", told.model->model.digest},
              {"rows", rows},
              {"not_finite", told.sum.not_finite}};
  if (!told.classes().empty()) {
    Json classes = Json::object();
    for (size_t cls = 0; cls < told.classes().size(); ++cls)
      classes[told.classes()[cls]] = told.sum.classes[cls];
    one["classes"] = std::move(classes);
    one["confidence_sum"] = told.sum.confidence;
    if (rows > 0) one["mean_confidence"] = told.sum.confidence / static_cast<double>(rows);
  }
  one["scores"] = {{"bounds", *told.bounds}, {"counts", told.sum.scores}, {"sum", told.sum.score}};
  return one;
}

void AppendClasses(const std::vector<Told>& all, std::string* text) {
  constexpr std::string_view kTotal = "slipway_predictions_total",
                             kConfidence = "slipway_prediction_confidence";
  const auto out = std::back_inserter(*text);
  AppendFamily(kTotal, "counter", "Rows by the class that was predicted.", text);
  for (const Told& told : all) {
    for (size_t cls = 0; cls < told.classes().size(); ++cls) {
      fmt::format_to(out, "{}{{{},class=\"{}\"}} {}\n", kTotal, told.labels,
                     LabelValue(told.classes()[cls]), told.sum.classes[cls]);
    }
  }
  AppendFamily(kConfidence, "summary", "Probabilities of the classes that were predicted.", text);
  for (const Told& told : all) {
    if (told.classes().empty()) continue;
    fmt::format_to(out, "{0}_sum{{{1}}} {2}\n{0}_count{{{1}}} {3}\n", kConfidence, told.labels,
                   told.sum.confidence, told.sum.rows());
  }
}

void AppendScores(const Told& told, std::string_view name, std::string* text) {
  const auto out = std::back_inserter(*text);
  int64_t rows = 0;
  for (size_t bucket = 0; bucket < told.bounds->size(); ++bucket) {
    rows += told.sum.scores[bucket];
    fmt::format_to(out, "{}_bucket{{{},le=\"{}\"}} {}\n", name, told.labels,
                   told.bounds->at(bucket), rows);
  }
  rows += told.sum.scores.back();
  fmt::format_to(out,
                 "{0}_bucket{{{1},le=\"+Inf\"}} {2}\n{0}_sum{{{1}}} {3}\n{0}_count{{{1}}} {2}\n",
                 name, told.labels, rows, told.sum.score);
}

}  // namespace

PredictionCounts* PredictionMetrics::Of(const std::shared_ptr<const ServedModel>& model) {
  const std::lock_guard lock(mutex_);
  std::erase_if(all_, [](const auto& one) { return one.first.expired(); });
  for (const auto& [known, counts] : all_) {
    if (known.lock() == model) return counts.get();
  }
  const std::vector<double>& bounds =
      told_bounds_.empty() ? model->prediction_bounds : told_bounds_;
  all_.emplace_back(model,
                    std::make_unique<PredictionCounts>(model->model.schema, bounds, shards_));
  return all_.back().second.get();
}

Json PredictionMetrics::ToJson(Models models) {
  Json json = Json::array();
  for (const Told& told : ReadAll(models, this)) json.push_back(JsonOf(told));
  return json;
}

void PredictionMetrics::AppendPrometheus(Models models, std::string* text) {
  constexpr std::string_view kScore = "slipway_prediction_score",
                             kNotFinite = "slipway_predictions_not_finite_total";
  const std::vector<Told> all = ReadAll(models, this);
  if (all.empty()) return;
  if (std::ranges::any_of(all, [](const Told& told) { return !told.classes().empty(); }))
    AppendClasses(all, text);
  AppendFamily(kScore, "histogram",
               "Estimates, probabilities of the second of two classes, or else of the predicted.",
               text);
  for (const Told& told : all) AppendScores(told, kScore, text);
  AppendFamily(kNotFinite, "counter", "Rows whose score is no finite number.", text);
  for (const Told& told : all) {
    fmt::format_to(std::back_inserter(*text), "{}{{{}}} {}\n", kNotFinite, told.labels,
                   told.sum.not_finite);
  }
}

}  // namespace slipway::serve
