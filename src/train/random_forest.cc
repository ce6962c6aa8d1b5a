// The plug-in libslipway_trainers.so: random forests by histograms (docs/design/0005).
#include <atomic>
#include <numeric>

#include "core/build_info.h"
#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/plugin.h"
#include "train/plugin_internal.h"
#include "train/tree_grower_internal.h"

namespace slipway::train {
namespace {

constexpr int64_t kBinsOfAByte = 256;

// Rows that weigh something, as often as a tree drew them.
class RowDraws {
 public:
  RowDraws(const TrainingSet& set, const ForestPlan& plan, std::span<const double> class_weights)
      : set_(set),
        plan_(plan),
        class_weights_(class_weights),
        times_(static_cast<size_t>(set.features.rows)) {}

  std::span<TreeRow> Draw(Random* random) {
    std::ranges::fill(times_, plan_.bootstrap ? 0 : 1);
    for (int64_t i = 0; plan_.bootstrap && i < plan_.samples_per_tree; ++i) {
      ++times_[random->Below(times_.size())];
    }
    rows_.clear();
    for (size_t row = 0; row < times_.size(); ++row) {
      const auto cls = static_cast<uint16_t>(set_.classes[row]);
      if (times_[row] > 0 && class_weights_[cls] > 0) {
        rows_.push_back({static_cast<uint32_t>(row), cls, times_[row]});
      }
    }
    return rows_;
  }

 private:
  const TrainingSet& set_;
  const ForestPlan& plan_;
  std::span<const double> class_weights_;
  std::vector<uint16_t> times_;  // At most as many draws as rows: 65,536 for one is out of reach.
  std::vector<TreeRow> rows_;
};

// The mean over the trees that have splits.
std::vector<double> MeanImportances(const std::vector<GrownTree>& trees, size_t columns) {
  std::vector<double> mean(columns);
  int64_t with_splits = 0;
  for (const GrownTree& grown : trees) {
    if (grown.tree.nodes.size() > 1) ++with_splits;
    for (size_t i = 0; i < columns; ++i) mean[i] += grown.importances[i];
  }
  for (double& importance : mean)
    importance /= static_cast<double>(std::max<int64_t>(with_splits, 1));
  return mean;
}

template <typename Bin>
Result<FittedForest> GrowForest(const TrainingSet& set, const ForestPlan& plan,
                                const std::vector<ColumnBins>& columns) {
  SLIPWAY_ASSIGN_OR_RETURN(const BinnedRows<Bin> rows,
                           BinRows<Bin>(set.features, columns, plan.threads));
  const std::vector<double> ones(static_cast<size_t>(set.class_count), 1.0);
  const std::span<const double> weights = set.class_weights.empty() ? ones : set.class_weights;
  std::vector<GrownTree> trees(static_cast<size_t>(plan.trees));
  std::atomic<size_t> next{0};
  const auto threads = static_cast<size_t>(std::min<int64_t>(plan.threads, plan.trees));
  const auto grow = [&](size_t) -> Status {
    RowDraws draws(set, plan, weights);
    TreeGrower<Bin> grower(rows, columns, plan, weights);
    for (size_t tree = next++; tree < trees.size(); tree = next++) {
      SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
      Random random(DeriveSeed(plan.seed, tree));
      const std::span<TreeRow> drawn = draws.Draw(&random);
      trees[tree] = grower.Grow(drawn, random);
    }
    return {};
  };
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(threads, plan.threads, grow));
  FittedForest fitted;
  fitted.importances = MeanImportances(trees, columns.size());
  for (GrownTree& grown : trees) fitted.trees.push_back(std::move(grown.tree));
  return fitted;
}

Result<FittedForest> FitForest(const TrainingSet& set, const ForestPlan& plan) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ColumnBins> columns,
                           CutColumns(set.features, plan.max_bins, plan.threads));
  return plan.max_bins <= kBinsOfAByte ? GrowForest<uint8_t>(set, plan, columns)
                                       : GrowForest<uint16_t>(set, plan, columns);
}

}  // namespace
}  // namespace slipway::train

extern "C" __attribute__((visibility("default"))) const slipway::Plugin* slipway_plugin_v1(
    const slipway::PluginHost& host) {
  static const slipway::train::TrainerFunctions functions{slipway::train::FitForest};
  static const slipway::Plugin plugin{slipway::BuildId(), &functions};
  slipway::FollowInterrupts(host.interrupted);
  return &plugin;
}
