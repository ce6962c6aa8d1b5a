// The hyper-parameters of linear regression and ridge, and what they come to.
#pragma once

#include <cstdint>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "train/trainer.h"

namespace slipway::train {

// Columns, whose products with one another are held in memory: 2 GB of them.
inline constexpr int64_t kMostLinearColumns = 16'384;

// LinearRegression's and Ridge's parameters by their names and defaults.
struct LeastSquaresOptions {
  double alpha = 0;  // Of ridge 1.
  bool fit_intercept = true;
  int64_t n_jobs = -1;
};

// What is minimized: the sum of squared errors plus alpha Σ w², over all weights but the
// intercept; of weights that do it equally well, those of the least Σ w².
struct LeastSquaresPlan {
  double alpha = 0;
  bool fit_intercept = true;
  int threads = 1;
};

const std::vector<HyperparameterDoc>& LinearHyperparameters();
const std::vector<HyperparameterDoc>& RidgeHyperparameters();

// All mistakes at once.
Result<LeastSquaresOptions> ParseLinearOptions(const Json& hyperparameters);
Result<LeastSquaresOptions> ParseRidgeOptions(const Json& hyperparameters);

LeastSquaresPlan PlanLeastSquares(const LeastSquaresOptions& options, int threads);

}  // namespace slipway::train
