#include "train/types.h"

#include <cmath>
#include <limits>
#include <numeric>

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
