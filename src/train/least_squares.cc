// Linear regression and ridge by the normal equations, in double.
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/text.h"
#include "train/fits_internal.h"

namespace slipway::train {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Eigen::Index kTileColumns = 64;
constexpr Eigen::Index kBlockRows = 4096;

// Products of the columns with one another and with the numbers, around their means where there is
// an intercept; each row as often as it weighs.
class Products {
 public:
  Products(const TrainingSet& set, const LeastSquaresPlan& plan)
      : matrix_(set.features),
        values_(Eigen::Map<const VectorXd>(set.values.data(), set.features.rows)),
        means_(VectorXd::Zero(matrix_.columns)),
        gram_(MatrixXd::Zero(matrix_.columns, matrix_.columns)),
        with_values_(VectorXd::Zero(matrix_.columns)) {
    if (!set.row_weights.empty()) {
      weights_ = Eigen::Map<const VectorXd>(set.row_weights.data(), set.features.rows);
      roots_ = weights_.cwiseSqrt();
    }
    if (plan.fit_intercept) {
      value_mean_ = CentreOf(values_);
      values_.array() -= value_mean_;
      for (Eigen::Index column = 0; column < matrix_.columns; ++column)
        means_[column] = CentreOf(Column(column, 0, matrix_.rows));
    }
    if (roots_.size() > 0) values_.array() *= roots_.array();
  }

  // Each pair of tiles is summed over the rows in order: the same on any number of threads.
  Status Run(int threads) {
    struct Pair {
      Eigen::Index first, second;
    };
    std::vector<Pair> pairs;
    for (Eigen::Index first = 0; first < matrix_.columns; first += kTileColumns) {
      for (Eigen::Index second = first; second < matrix_.columns; second += kTileColumns)
        pairs.push_back({first, second});
    }
    return ParallelFor(pairs.size(), threads, [&](size_t i) -> Status {
      SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
      AddUp(pairs[i].first, pairs[i].second);
      return {};
    });
  }

  const VectorXd& means() const { return means_; }
  double value_mean() const { return value_mean_; }
  const MatrixXd& gram() const { return gram_; }  // Its upper triangle.
  const VectorXd& with_values() const { return with_values_; }

 private:
  double MeanOf(const VectorXd& numbers) const {
    if (weights_.size() == 0) return numbers.mean();
    return numbers.dot(weights_) / weights_.sum();
  }

  // The mean; of what does not vary its very value. Rounded sums would miss it by a little, which
  // in units of itself looks like any other column.
  double CentreOf(const VectorXd& numbers) const {
    const double* value = nullptr;
    for (Eigen::Index row = 0; row < numbers.size(); ++row) {
      if (weights_.size() > 0 && weights_[row] == 0) continue;
      if (value != nullptr && numbers[row] != *value) return MeanOf(numbers);
      value = &numbers[row];
    }
    return value == nullptr ? 0 : *value;
  }

  VectorXd Column(Eigen::Index column, Eigen::Index begin, Eigen::Index rows) const {
    return Eigen::Map<const Eigen::VectorXf>(matrix_.Column(static_cast<int>(column)) + begin, rows)
        .cast<double>();
  }

  MatrixXd Tile(Eigen::Index first, Eigen::Index begin, Eigen::Index rows) const {
    MatrixXd tile(rows, std::min(kTileColumns, matrix_.columns - first));
    for (Eigen::Index i = 0; i < tile.cols(); ++i)
      tile.col(i) = Column(first + i, begin, rows).array() - means_[first + i];
    if (roots_.size() > 0) tile.array().colwise() *= roots_.segment(begin, rows).array();
    return tile;
  }

  void AddUp(Eigen::Index first, Eigen::Index second) {
    for (Eigen::Index begin = 0; begin < matrix_.rows; begin += kBlockRows) {
      const Eigen::Index rows = std::min(kBlockRows, matrix_.rows - begin);
      const MatrixXd left = Tile(first, begin, rows);
      if (first == second) {
        gram_.block(first, first, left.cols(), left.cols()).noalias() += left.transpose() * left;
        with_values_.segment(first, left.cols()).noalias() +=
            left.transpose() * values_.segment(begin, rows);
        continue;
      }
      const MatrixXd right = Tile(second, begin, rows);
      gram_.block(first, second, left.cols(), right.cols()).noalias() += left.transpose() * right;
    }
  }

  const data::Matrix& matrix_;
  VectorXd values_;
  VectorXd weights_, roots_;  // Of the rows and of their weights; empty where all weigh 1.
  VectorXd means_;
  double value_mean_ = 0;
  MatrixXd gram_;
  VectorXd with_values_;
};

// Of all weights that do it equally well those of the least length: what they have in the
// directions in which the columns do not vary is taken out. `still` spans these directions.
VectorXd Shortest(const VectorXd& weights, const MatrixXd& still) {
  if (still.cols() == 0) return weights;
  return weights - still * (still.transpose() * still).ldlt().solve(still.transpose() * weights);
}

// In coordinates in which columns of any scale are alike.
VectorXd Solve(const Products& products, double alpha) {
  MatrixXd system = products.gram().selfadjointView<Eigen::Upper>();
  system.diagonal().array() += alpha;
  VectorXd scales = system.diagonal().cwiseSqrt();
  scales = (scales.array() > 0).select(scales, 1.0);
  const VectorXd inverse = scales.cwiseInverse();
  system = inverse.asDiagonal() * system * inverse.asDiagonal();
  const VectorXd right = inverse.asDiagonal() * products.with_values();
  if (alpha > 0) return inverse.asDiagonal() * system.ldlt().solve(right);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> parts(system);
  const VectorXd& sizes = parts.eigenvalues();  // Rising.
  const double least = sizes[sizes.size() - 1] * static_cast<double>(sizes.size()) *
                       std::numeric_limits<double>::epsilon() * 16;
  const auto still = (sizes.array() <= least).count();
  const auto moving = sizes.size() - still;
  const MatrixXd directions = parts.eigenvectors().rightCols(moving);
  const VectorXd along = (directions.transpose() * right).cwiseQuotient(sizes.tail(moving));
  return Shortest(inverse.asDiagonal() * (directions * along),
                  inverse.asDiagonal() * parts.eigenvectors().leftCols(still));
}

// A weight times its column's deviation: what it does to the answers.
std::vector<double> ImportancesOf(const VectorXd& weights, const MatrixXd& gram) {
  const VectorXd effects = weights.cwiseAbs().cwiseProduct(gram.diagonal().cwiseSqrt());
  const double sum = effects.sum();
  std::vector<double> importances;
  for (const double effect : effects) importances.push_back(sum > 0 ? effect / sum : 0);
  return importances;
}

Status CheckWidth(int64_t columns) {
  if (columns <= kMostLinearColumns) return {};
  return Error(ErrorCode::kInvalidInput, fmt::format("{} prepared columns", FormatCount(columns)))
      .Expected(fmt::format("at most {}", FormatCount(kMostLinearColumns)))
      .Try(
          "fewer categories (encode: {max_categories: …}), feature_selection, or "
          "gradient_boosting");
}

}  // namespace

Result<FittedModel> FitLeastSquares(const TrainingSet& set, const LeastSquaresPlan& plan) {
  SLIPWAY_RETURN_IF_ERROR(CheckWidth(set.features.columns));
  Products products(set, plan);
  SLIPWAY_RETURN_IF_ERROR(products.Run(plan.threads));
  const VectorXd weights = Solve(products, plan.alpha);
  if (!weights.allFinite()) {
    return Error(ErrorCode::kInvalidInput, "the columns have no finite least-squares solution")
        .Try("normalize among the preprocessing steps");
  }
  FittedModel fitted;
  model::LinearScorer linear;
  linear.outputs = 1;
  linear.features = static_cast<int>(set.features.columns);
  linear.weights.assign(weights.begin(), weights.end());
  linear.intercepts = {products.value_mean() - weights.dot(products.means())};
  fitted.scorer.body = std::move(linear);
  fitted.scorer.link = model::Link::kIdentity;
  fitted.importances = ImportancesOf(weights, products.gram());
  return fitted;
}

}  // namespace slipway::train
