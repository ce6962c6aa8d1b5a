// What each served version predicted, for /metrics.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "serve/model_host.h"
#include "serve/prediction_counts.h"

namespace slipway::serve {

// All calls from any thread; none is for the path of a request.
class PredictionMetrics {
 public:
  using Models = std::span<const std::shared_ptr<const ServedModel>>;

  // `told_bounds` stand in the place of those of each regression, unless there are none. `shards`
  // as PredictionCounts has them.
  PredictionMetrics(std::vector<double> told_bounds, int shards)
      : told_bounds_(std::move(told_bounds)), shards_(shards) {}

  // The counts of this model, which begin when they are first asked for and live as long as it.
  PredictionCounts* Of(const std::shared_ptr<const ServedModel>& model);

  // [{"model","version","digest","rows","not_finite","classes":{"0":n},"confidence_sum",
  // "mean_confidence","scores":{"bounds":[…],"counts":[…],"sum"}}] in the order of the models. Of a
  // regression without classes and confidence; without a mean where there are no rows.
  Json ToJson(Models models);
  // slipway_predictions_total{model,version,class}, slipway_prediction_confidence_sum and _count,
  // slipway_prediction_score as a histogram, slipway_predictions_not_finite_total.
  void AppendPrometheus(Models models, std::string* text);

 private:
  const std::vector<double> told_bounds_;
  const int shards_;
  std::mutex mutex_;  // Guards what follows.
  std::vector<std::pair<std::weak_ptr<const ServedModel>, std::unique_ptr<PredictionCounts>>> all_;
};

}  // namespace slipway::serve
