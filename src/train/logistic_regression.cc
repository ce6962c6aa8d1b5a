#include <fmt/format.h>
#include <lbfgs.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/interrupt.h"
#include "train/fits_internal.h"
#include "train/logistic_loss_internal.h"

namespace slipway::train {
namespace {

// What the progress callback answers to end the search.
constexpr int kDone = 1;

struct Moments {
  std::vector<double> means, deviations;  // One a column.
};

// Of columns that do not vary the deviation is 1.
Moments MomentsOf(const data::Matrix& matrix) {
  Moments moments;
  const auto rows = static_cast<double>(matrix.rows);
  for (int64_t column = 0; column < matrix.columns; ++column) {
    const std::span<const float> values(matrix.Column(column), static_cast<size_t>(matrix.rows));
    double sum = 0, squares = 0;
    for (const float value : values) sum += value;
    const double mean = sum / rows;
    for (const float value : values) squares += (value - mean) * (value - mean);
    const double deviation = std::sqrt(squares / rows);
    moments.means.push_back(mean);
    moments.deviations.push_back(deviation > 0 ? deviation : 1);
  }
  return moments;
}

// The search, in coordinates in which columns of any scale are alike: weights times the columns'
// deviations, and the intercept at the columns' means. The minimum is that of the plain ones.
class Search {
 public:
  Search(const TrainingSet& set, const LogisticPlan& plan)
      : plan_(plan),
        link_(set.raw_link()),
        loss_(set, plan.threads),
        moments_(MomentsOf(set.features)),
        columns_(static_cast<size_t>(set.features.columns)),
        outputs_(static_cast<size_t>(loss_.outputs())),
        weights_(outputs_ * columns_),
        intercepts_(outputs_),
        weight_gradient_(weights_.size()),
        intercept_gradient_(outputs_) {
    scales_ = moments_.deviations;
    // OWL-QN knows one strength for all coordinates.
    if (plan.l1 > 0) std::ranges::fill(scales_, 1.0);
    if (!plan.fit_intercept) std::ranges::fill(moments_.means, 0.0);
  }

  Status Run() {
    const size_t size = weights_.size() + (plan_.fit_intercept ? outputs_ : 0);
    const std::unique_ptr<lbfgsfloatval_t, decltype(&lbfgs_free)> point(
        lbfgs_malloc(static_cast<int>(size)), &lbfgs_free);
    if (point == nullptr) return Error(ErrorCode::kInternal, "no memory for the weights");
    std::fill_n(point.get(), size, 0.0);
    lbfgs_parameter_t parameters;
    lbfgs_parameter_init(&parameters);
    parameters.m = 10;
    parameters.epsilon = 0;  // IsDone decides.
    parameters.max_iterations = plan_.max_iter;
    parameters.max_linesearch = 50;
    if (plan_.l1 > 0) {
      parameters.orthantwise_c = plan_.l1;
      parameters.orthantwise_start = 0;
      parameters.orthantwise_end = static_cast<int>(weights_.size());
      parameters.linesearch = LBFGS_LINESEARCH_BACKTRACKING;
    }
    lbfgsfloatval_t value = 0;
    const int code =
        lbfgs(static_cast<int>(size), point.get(), &value, &Evaluate, &Progress, this, &parameters);
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    // Where no step lowers the value any more the minimum is as near as doubles tell.
    const bool ended = done_ || code == LBFGS_SUCCESS || code == LBFGS_ALREADY_MINIMIZED ||
                       code == LBFGSERR_ROUNDING_ERROR || code == LBFGSERR_MINIMUMSTEP ||
                       code == LBFGSERR_MAXIMUMLINESEARCH || code == LBFGSERR_WIDTHTOOSMALL;
    converged_ = ended;
    if (!ended && code != LBFGSERR_MAXIMUMITERATION) {
      return Error(ErrorCode::kInternal,
                   fmt::format("the search for the weights failed (L-BFGS, {})", code));
    }
    Take(point.get());
    return {};
  }

  FittedModel Finish() {
    FittedModel fitted;
    model::LinearScorer linear;
    linear.outputs = static_cast<int>(outputs_);
    linear.features = static_cast<int>(columns_);
    linear.weights = weights_;
    linear.intercepts = intercepts_;
    fitted.importances.assign(columns_, 0);
    double sum = 0;
    for (size_t i = 0; i < weights_.size(); ++i) {
      const double effect = std::abs(weights_[i]) * moments_.deviations[i % columns_];
      fitted.importances[i % columns_] += effect;
      sum += effect;
    }
    if (sum > 0) {
      for (double& importance : fitted.importances) importance /= sum;
    }
    fitted.scorer.body = std::move(linear);
    fitted.scorer.link = link_;
    if (!converged_) {
      fitted.notes.push_back(fmt::format(
          "logistic_regression stopped after {} iterations, before its gradient was below tol",
          plan_.max_iter));
    }
    return fitted;
  }

 private:
  static lbfgsfloatval_t Evaluate(void* self, const lbfgsfloatval_t* point,
                                  lbfgsfloatval_t* gradient, int, lbfgsfloatval_t) {
    return static_cast<Search*>(self)->EvaluateAt(point, gradient);
  }

  static int Progress(void* self, const lbfgsfloatval_t*, const lbfgsfloatval_t*, lbfgsfloatval_t,
                      lbfgsfloatval_t, lbfgsfloatval_t, lbfgsfloatval_t, int, int, int) {
    return static_cast<Search*>(self)->IsDone() || Interrupted() ? kDone : 0;
  }

  // Plain weights and intercepts of a point.
  void Take(const double* point) {
    for (size_t i = 0; i < weights_.size(); ++i) weights_[i] = point[i] / scales_[i % columns_];
    if (!plan_.fit_intercept) return;
    for (size_t k = 0; k < outputs_; ++k) {
      double intercept = point[weights_.size() + k];
      for (size_t column = 0; column < columns_; ++column)
        intercept -= weights_[k * columns_ + column] * moments_.means[column];
      intercepts_[k] = intercept;
    }
  }

  double EvaluateAt(const double* point, double* gradient) {
    Take(point);
    double value = loss_.Evaluate(weights_, intercepts_, weight_gradient_, intercept_gradient_);
    for (size_t i = 0; i < weights_.size(); ++i) {
      value += plan_.l2 / 2 * weights_[i] * weights_[i];
      weight_gradient_[i] += plan_.l2 * weights_[i];
      const size_t column = i % columns_;
      gradient[i] =
          (weight_gradient_[i] - moments_.means[column] * intercept_gradient_[i / columns_]) /
          scales_[column];
    }
    if (plan_.fit_intercept) std::ranges::copy(intercept_gradient_, gradient + weights_.size());
    return value;
  }

  // By the plain gradient at the point that was looked at last, as scikit-learn's lbfgs does.
  bool IsDone() {
    double largest = 0;
    for (size_t i = 0; i < weights_.size(); ++i) {
      const double slope = weight_gradient_[i];
      double left = std::abs(slope);
      if (plan_.l1 > 0) {
        left = weights_[i] == 0 ? std::max(0.0, left - plan_.l1)
                                : std::abs(slope + std::copysign(plan_.l1, weights_[i]));
      }
      largest = std::max(largest, left);
    }
    if (plan_.fit_intercept) {
      for (const double slope : intercept_gradient_) largest = std::max(largest, std::abs(slope));
    }
    done_ = largest <= plan_.tol;
    return done_;
  }

  const LogisticPlan& plan_;
  model::Link link_;
  LogisticLoss loss_;
  Moments moments_;
  std::vector<double> scales_;  // What a column's weight is multiplied by in the search.
  size_t columns_, outputs_;
  std::vector<double> weights_, intercepts_, weight_gradient_, intercept_gradient_;
  bool done_ = false;
  bool converged_ = false;
};

}  // namespace

Result<FittedModel> FitLogistic(const TrainingSet& set, const LogisticPlan& plan) {
  Search search(set, plan);
  SLIPWAY_RETURN_IF_ERROR(search.Run());
  return search.Finish();
}

}  // namespace slipway::train
