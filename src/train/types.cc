#include "train/types.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "core/text.h"

namespace slipway::train {

std::vector<double> FoldValues(const std::vector<FoldResult>& folds, const std::string& metric) {
  std::vector<double> values;
  for (const FoldResult& fold : folds) {
    const auto it = fold.metrics.find(metric);
    if (it != fold.metrics.end() && std::isfinite(it->second)) values.push_back(it->second);
  }
  return values;
}

Spread SpreadOf(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, values.size() > 1 ? std::sqrt(squares / (count - 1)) : 0};
}

std::string InWords(const Trial& trial) {
  std::vector<std::string> words;
  for (const auto& [name, value] : trial.hyperparameters.items()) {
    words.push_back(fmt::format("{} {}", name,
                                value.is_string() ? value.get<std::string>() : CompactJson(value)));
  }
  return words.empty() ? "as configured" : Join(words, ", ");
}

bool IsBetter(const Trial& a, const Trial& b, const std::string& metric) {
  if (a.rungs.size() != b.rungs.size()) return a.rungs.size() > b.rungs.size();
  if (a.rungs.empty()) return false;
  const double difference = a.rungs.back().mean() - b.rungs.back().mean();
  return LowerIsBetter(metric) ? difference < 0 : difference > 0;
}

namespace {

Json ToJson(const Trial& trial) {
  Json rungs = Json::array();
  for (const RungScore& rung : trial.rungs) {
    const Spread spread = SpreadOf(rung.scores);
    rungs.push_back({{"rows", rung.rows},
                     {"mean", spread.mean},
                     {"deviation", spread.deviation},
                     {"scores", rung.scores}});
  }
  return {{"trial", trial.number},
          {"hyperparameters", trial.hyperparameters},
          {"rungs", std::move(rungs)},
          {"failure", trial.failure}};
}

Error NoSearch() {
  return Error(ErrorCode::kInvalidInput, "this is no search's outcome")
      .Expected("an object with metric, chosen and trials");
}

Result<Trial> TrialFromJson(const Json& json) {
  if (!json.is_object() || !json.contains("hyperparameters") || !json.contains("rungs")) {
    return NoSearch();
  }
  Trial trial;
  trial.number = static_cast<int>(GetInteger(json, "trial"));
  trial.hyperparameters = json["hyperparameters"];
  trial.failure = GetString(json, "failure");
  for (const Json& rung : json["rungs"]) {
    RungScore score;
    score.rows = GetInteger(rung, "rows");
    if (!rung.contains("scores") || !rung["scores"].is_array()) return NoSearch();
    for (const Json& value : rung["scores"]) {
      if (!value.is_number()) return NoSearch();
      score.scores.push_back(value.get<double>());
    }
    trial.rungs.push_back(std::move(score));
  }
  return trial;
}

}  // namespace

Json ToJson(const SearchOutcome& outcome) {
  Json trials = Json::array();
  for (const Trial& trial : outcome.trials) trials.push_back(ToJson(trial));
  return {{"metric", outcome.metric},
          {"out_of_time", outcome.out_of_time},
          {"chosen", outcome.best < 0 ? 0 : outcome.chosen().number},
          {"trials", std::move(trials)}};
}

Result<SearchOutcome> SearchOutcomeFromJson(const Json& json) {
  if (!json.is_object() || !json.contains("trials") || !json["trials"].is_array()) {
    return NoSearch();
  }
  SearchOutcome outcome;
  outcome.metric = GetString(json, "metric");
  outcome.out_of_time = json.value("out_of_time", Json()) == Json(true);
  for (const Json& trial : json["trials"]) {
    SLIPWAY_ASSIGN_OR_RETURN(Trial parsed, TrialFromJson(trial));
    outcome.trials.push_back(std::move(parsed));
  }
  const int64_t chosen = GetInteger(json, "chosen");
  if (chosen < 1 || chosen > std::ssize(outcome.trials)) return NoSearch();
  outcome.best = static_cast<int>(chosen) - 1;
  return outcome;
}

Json ToJson(const FoldResult& fold) {
  Json json = {{"fold", fold.fold}, {"train_rows", fold.train_rows}, {"test_rows", fold.test_rows}};
  json["metrics"] = Json::object();
  for (const auto& [name, value] : fold.metrics) json["metrics"][name] = value;
  return json;
}

Result<FoldResult> FoldResultFromJson(const Json& json) {
  const auto metrics = json.is_object() ? json.find("metrics") : json.end();
  if (metrics == json.end() || !metrics->is_object()) {
    return Error(ErrorCode::kInvalidInput, "this is no fold's result")
        .Expected("an object with fold, train_rows, test_rows and metrics");
  }
  FoldResult fold;
  fold.fold = static_cast<int>(GetInteger(json, "fold"));
  fold.train_rows = GetInteger(json, "train_rows");
  fold.test_rows = GetInteger(json, "test_rows");
  for (const auto& [name, value] : metrics->items()) {
    // JSON has no NaN: an undefined metric is written as null.
    fold.metrics[name] =
        value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
  }
  return fold;
}

}  // namespace slipway::train
