// Random forests by histograms (docs/design/0005).
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "model/tree_ensemble.h"
#include "train/fits_internal.h"
#include "train/out_of_bag_internal.h"
#include "train/tree_grower_internal.h"

namespace slipway::train {
namespace {

constexpr int64_t kBinsOfAByte = 256;

// The rows of each tree, as often as it draws them.
class RowDraws {
 public:
  // `class_weights` has one a class. With weights a bootstrap draws rows by them, as scikit-learn
  // does since 1.9; without bootstrap each row of some weight comes once.
  RowDraws(const TrainingSet& set, const ForestPlan& plan, std::span<const double> class_weights)
      : set_(set),
        plan_(plan),
        weights_(class_weights),
        times_(static_cast<size_t>(set.features.rows)) {
    if (!plan.bootstrap) return;
    if (!set.row_weights.empty()) {
      for (size_t row = 0; row < times_.size(); ++row)
        weight_up_to_.push_back(total_weight_ += set.WeightOf(row));
      return;
    }
    if (set.class_weights.empty()) return;
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

  // Of the last call.
  RowsOut RowsNotDrawn() const {
    RowsOut rows;
    for (size_t row = 0; row < times_.size(); ++row) {
      if (times_[row] == 0) rows.push_back(static_cast<uint32_t>(row));
    }
    return rows;
  }

 private:
  size_t DrawRow(Random* random) const {
    if (total_weight_ <= 0) return random->Below(times_.size());
    // The product may round up to the total, which is past the last class or row.
    const double place =
        std::min(random->Uniform() * total_weight_, std::nextafter(total_weight_, 0.0));
    const auto found =
        static_cast<size_t>(std::ranges::upper_bound(weight_up_to_, place) - weight_up_to_.begin());
    if (rows_of_.empty()) return found;
    return rows_of_[found][random->Below(rows_of_[found].size())];
  }

  const TrainingSet& set_;
  const ForestPlan& plan_;
  std::span<const double> weights_;
  std::vector<uint32_t> times_;
  std::vector<std::vector<uint32_t>> rows_of_;  // By class, where rows of one weigh the same.
  // Of the classes up to each, or of the rows where each has a weight; empty where all have one.
  std::vector<double> weight_up_to_;
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

// What is remembered of rows out of bag: 512 MB of it at most.
constexpr int64_t kMostSums = int64_t{1} << 26;

bool StopsEarly(const TrainingSet& set, const ForestPlan& plan) {
  const int64_t sums = set.features.rows * std::max(set.class_count, 1);
  return plan.early_stopping && plan.bootstrap && sums <= kMostSums;
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

// Early stopping: a look at the rows out of bag every so many trees, and how many looks without a
// loss that is lower by this share end the forest.
constexpr size_t kTreesPerLook = 10;
constexpr int kLooksWithoutProgress = 5;
constexpr double kLeastProgress = 0.001;

// What a thread grows trees with.
template <typename Bin>
struct ForestWorker {
  RowDraws draws;
  TreeGrower<Bin> grower;
};

template <typename Bin>
class ForestGrower {
 public:
  // References outlive this, and so does what `goal` refers to. `row_weights` has one a class.
  ForestGrower(const TrainingSet& set, const ForestPlan& plan, const BinnedRows<Bin>& rows,
               const std::vector<ColumnBins>& columns, std::span<const double> row_weights,
               const TreeGoal& goal)
      : plan_(plan) {
    const int64_t workers = std::min<int64_t>(plan.threads, plan.trees);
    for (int64_t i = 0; i < workers; ++i) {
      workers_.push_back(std::make_unique<ForestWorker<Bin>>(
          RowDraws(set, plan, row_weights), TreeGrower<Bin>(rows, columns, plan, goal)));
    }
  }

  // All trees; or so many that more answer the rows out of bag no better.
  Result<std::vector<GrownTree>> Grow(OutOfBag* out_of_bag) {
    trees_.resize(static_cast<size_t>(plan_.trees));
    const size_t wave = out_of_bag == nullptr ? trees_.size() : kTreesPerLook;
    Plateau plateau(kLooksWithoutProgress, kLeastProgress);
    for (size_t first = 0; first < trees_.size(); first += wave) {
      const size_t last = std::min(first + wave, trees_.size());
      SLIPWAY_RETURN_IF_ERROR(GrowWave(first, last, out_of_bag != nullptr));
      if (out_of_bag == nullptr) continue;
      SLIPWAY_RETURN_IF_ERROR(
          out_of_bag->Add(std::span(trees_).subspan(first, last - first), rows_out_));
      if (plateau.Progresses(out_of_bag->Loss())) continue;
      trees_.resize(last);
      break;
    }
    return std::move(trees_);
  }

 private:
  Status GrowWave(size_t first, size_t last, bool note_rows_out) {
    rows_out_.resize(note_rows_out ? last - first : 0);
    std::atomic<size_t> next{first};
    return ParallelFor(workers_.size(), plan_.threads, [&](size_t worker) -> Status {
      try {
        for (size_t tree = next++; tree < last; tree = next++) {
          GrowTree(workers_[worker].get(), tree);
          if (note_rows_out) rows_out_[tree - first] = workers_[worker]->draws.RowsNotDrawn();
          SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
        }
        return {};
      } catch (...) {
        next = last;  // The others need not go on.
        throw;
      }
    });
  }

  void GrowTree(ForestWorker<Bin>* worker, size_t tree) {
    Random random(DeriveSeed(plan_.seed, tree));
    const std::span<TreeRow> drawn = worker->draws.Draw(&random);
    trees_[tree] = worker->grower.Grow(drawn, random);
  }

  const ForestPlan& plan_;
  std::vector<std::unique_ptr<ForestWorker<Bin>>> workers_;
  std::vector<GrownTree> trees_;
  std::vector<RowsOut> rows_out_;  // Of the wave's trees.
};

struct GrownForest {
  std::vector<GrownTree> trees;
  bool none_out = false;  // No row that counts was out of bag, to stop early by.
};

template <typename Bin>
Result<GrownForest> GrowTrees(const TrainingSet& set, const ForestPlan& plan,
                              const std::vector<ColumnBins>& columns, const Numbers& numbers) {
  SLIPWAY_ASSIGN_OR_RETURN(const BinnedRows<Bin> rows,
                           BinRows<Bin>(set.features, columns, plan.threads));
  const std::vector<double> ones(static_cast<size_t>(set.class_count), 1.0);
  const std::vector<double> weights =
      set.class_weights.empty() ? ones : Relative(set.class_weights);
  // What is drawn by weight has no other weight.
  const TreeGoal goal{plan.bootstrap ? ones : weights, numbers.units, numbers.unit};
  ForestGrower<Bin> grower(set, plan, rows, columns, weights, goal);
  GrownForest grown;
  if (!StopsEarly(set, plan)) {
    SLIPWAY_ASSIGN_OR_RETURN(grown.trees, grower.Grow(nullptr));
    return grown;
  }
  OutOfBag out_of_bag(set, numbers.mean, plan.threads);
  SLIPWAY_ASSIGN_OR_RETURN(grown.trees, grower.Grow(&out_of_bag));
  grown.none_out = std::isnan(out_of_bag.Loss());
  return grown;
}

std::vector<std::string> NotesOf(const TrainingSet& set, const ForestPlan& plan,
                                 const GrownForest& grown) {
  if (plan.early_stopping && !plan.bootstrap)
    return {"nothing to stop early by: without bootstrap no row is out of bag"};
  if (plan.early_stopping && !StopsEarly(set, plan))
    return {"not stopped early: rows times classes are too many to answer out of bag"};
  if (grown.none_out) return {"nothing to stop early by: no row that counts is out of bag"};
  if (std::ssize(grown.trees) == plan.trees) return {};
  return {fmt::format("stopped after {} of {} trees, as more answered rows out of bag no better",
                      grown.trees.size(), plan.trees)};
}

}  // namespace

Result<FittedModel> FitForest(const TrainingSet& set, const ForestPlan& plan) {
  if (!plan.bootstrap && !set.row_weights.empty()) {
    Location location;
    location.field = "model.hyperparameters.bootstrap";
    return Error(ErrorCode::kInvalidInput, "a forest without bootstrap does not weigh its rows")
        .At(std::move(location))
        .Try("bootstrap: true, gradient_boosting, or no data.weight_column");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ColumnBins> columns,
                           CutColumns(set.features, plan.max_bins, plan.threads));
  const Numbers numbers(set.values, std::max(plan.samples_per_tree, set.features.rows));
  SLIPWAY_ASSIGN_OR_RETURN(GrownForest grown,
                           plan.max_bins <= kBinsOfAByte
                               ? GrowTrees<uint8_t>(set, plan, columns, numbers)
                               : GrowTrees<uint16_t>(set, plan, columns, numbers));
  FittedModel fitted;
  fitted.notes = NotesOf(set, plan, grown);
  fitted.importances = MeanImportances(grown.trees, columns.size());
  std::vector<model::FittedTree> forest;
  for (GrownTree& tree : grown.trees) forest.push_back(std::move(tree.tree));
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
