// Random forests by histograms (docs/design/0005).
#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "model/tree_ensemble.h"
#include "train/fits_internal.h"
#include "train/tree_grower_internal.h"

namespace slipway::train {
namespace {

constexpr int64_t kBinsOfAByte = 256;

// The rows of each tree, as often as it draws them.
class RowDraws {
 public:
  // `class_weights` has one a class. With them a bootstrap draws rows by their weight, as
  // scikit-learn does since 1.9; without bootstrap each row of some weight comes once.
  RowDraws(const TrainingSet& set, const ForestPlan& plan, std::span<const double> class_weights)
      : set_(set),
        plan_(plan),
        weights_(class_weights),
        times_(static_cast<size_t>(set.features.rows)) {
    if (!plan.bootstrap || set.class_weights.empty()) return;
    rows_of_.resize(class_weights.size());
    for (size_t row = 0; row < set.classes.size(); ++row)
      rows_of_[static_cast<size_t>(set.classes[row])].push_back(static_cast<uint32_t>(row));
    for (size_t cls = 0; cls < rows_of_.size(); ++cls) {
      total_weight_ += class_weights[cls] * static_cast<double>(rows_of_[cls].size());
      weight_up_to_.push_back(total_weight_);
    }
  }

  std::span<TreeRow> Draw(Random* random) {
    std::ranges::fill(times_, plan_.bootstrap ? 0U : 1U);
    if (plan_.bootstrap) {
      for (int64_t i = 0; i < plan_.samples_per_tree; ++i) ++times_[DrawRow(random)];
    }
    rows_.clear();
    for (size_t row = 0; row < times_.size(); ++row) {
      const auto cls = set_.regression() ? 0U : static_cast<uint32_t>(set_.classes[row]);
      if (times_[row] == 0 || (!weights_.empty() && weights_[cls] == 0)) continue;
      // Who outweighs a million others decides alone in any case.
      rows_.push_back({static_cast<uint32_t>(row), cls, std::min(times_[row], kMostTimes)});
    }
    return rows_;
  }

 private:
  size_t DrawRow(Random* random) const {
    if (rows_of_.empty() || total_weight_ <= 0) return random->Below(times_.size());
    // The product may round up to the total, which is past the last class.
    const double place =
        std::min(random->Uniform() * total_weight_, std::nextafter(total_weight_, 0.0));
    const auto found = std::ranges::upper_bound(weight_up_to_, place);
    const std::vector<uint32_t>& rows =
        rows_of_[static_cast<size_t>(found - weight_up_to_.begin())];
    return rows[random->Below(rows.size())];
  }

  const TrainingSet& set_;
  const ForestPlan& plan_;
  std::span<const double> weights_;
  std::vector<uint32_t> times_;
  std::vector<std::vector<uint32_t>> rows_of_;  // By class; empty where all rows weigh the same.
  std::vector<double> weight_up_to_;            // Of the classes up to each.
  double total_weight_ = 0;
  std::vector<TreeRow> rows_;
};

// Of sum 1, or all 0 where no tree has a split.
std::vector<double> MeanImportances(const std::vector<GrownTree>& trees, size_t columns) {
  std::vector<double> mean(columns);
  double sum = 0;
  for (const GrownTree& grown : trees) {
    for (size_t i = 0; i < columns; ++i) {
      mean[i] += grown.importances[i];
      sum += grown.importances[i];
    }
  }
  if (sum > 0) {
    for (double& importance : mean) importance /= sum;
  }
  return mean;
}

// Weights only count by their ratio; large and tiny ones would leave the range of their squares.
std::vector<double> Relative(std::span<const double> weights) {
  const double largest = *std::ranges::max_element(weights);
  std::vector<double> relative(weights.begin(), weights.end());
  for (double& weight : relative) weight = largest > 0 ? weight / largest : 1;
  return relative;
}

// The numbers to learn as differences from their mean, in units so small that what is lost is less
// than doubles lose in sums, and so large that sums of whole ones are exact.
struct Numbers {
  double mean = 0;
  double unit = 1;
  std::vector<double> units;  // By row.

  Numbers(std::span<const double> values, int64_t draws) {
    if (values.empty()) return;
    for (const double value : values) mean += value;
    mean /= static_cast<double>(values.size());
    double largest = 0;
    for (const double value : values) largest = std::max(largest, std::abs(value - mean));
    constexpr double kMostUnits = 0x1p52;
    if (largest > 0) unit = largest * static_cast<double>(draws) / kMostUnits;
    for (const double value : values) units.push_back(std::nearbyint((value - mean) / unit));
  }
};

template <typename Bin>
Result<std::vector<GrownTree>> GrowTrees(const TrainingSet& set, const ForestPlan& plan,
                                         const std::vector<ColumnBins>& columns,
                                         const Numbers& numbers) {
  SLIPWAY_ASSIGN_OR_RETURN(const BinnedRows<Bin> rows,
                           BinRows<Bin>(set.features, columns, plan.threads));
  const std::vector<double> ones(static_cast<size_t>(set.class_count), 1.0);
  const std::vector<double> weights =
      set.class_weights.empty() ? ones : Relative(set.class_weights);
  // What is drawn by weight has no other weight.
  const TreeGoal goal{plan.bootstrap ? ones : weights, numbers.units, numbers.unit};
  std::vector<GrownTree> trees(static_cast<size_t>(plan.trees));
  std::atomic<size_t> next{0};
  const auto grow_trees = [&](size_t) -> Status {
    RowDraws draws(set, plan, weights);
    TreeGrower<Bin> grower(rows, columns, plan, goal);
    for (size_t tree = next++; tree < trees.size(); tree = next++) {
      Random random(DeriveSeed(plan.seed, tree));
      const std::span<TreeRow> drawn = draws.Draw(&random);
      trees[tree] = grower.Grow(drawn, random);
      SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    }
    return {};
  };
  const auto threads = static_cast<size_t>(std::min<int64_t>(plan.threads, plan.trees));
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(threads, plan.threads, [&](size_t worker) -> Status {
    try {
      return grow_trees(worker);
    } catch (...) {
      next = trees.size();  // The others need not go on.
      throw;
    }
  }));
  return trees;
}

}  // namespace

Result<FittedModel> FitForest(const TrainingSet& set, const ForestPlan& plan) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ColumnBins> columns,
                           CutColumns(set.features, plan.max_bins, plan.threads));
  const Numbers numbers(set.values, std::max(plan.samples_per_tree, set.features.rows));
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<GrownTree> trees,
                           plan.max_bins <= kBinsOfAByte
                               ? GrowTrees<uint8_t>(set, plan, columns, numbers)
                               : GrowTrees<uint16_t>(set, plan, columns, numbers));
  FittedModel fitted;
  fitted.importances = MeanImportances(trees, columns.size());
  std::vector<model::FittedTree> forest;
  for (GrownTree& grown : trees) forest.push_back(std::move(grown.tree));
  const int features = static_cast<int>(columns.size());
  if (set.regression()) {
    SLIPWAY_ASSIGN_OR_RETURN(fitted.scorer.body, model::AverageTrees(forest, features));
    fitted.scorer.link = model::Link::kIdentity;
    fitted.scorer.offset = numbers.mean;
  } else {
    SLIPWAY_ASSIGN_OR_RETURN(fitted.scorer.body,
                             model::AverageForest(forest, set.class_count, features));
  }
  return fitted;
}

}  // namespace slipway::train
