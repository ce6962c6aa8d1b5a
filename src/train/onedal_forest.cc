// The plug-in libslipway_onedal.so: random forests by oneDAL's histogram method.
//
// Findings that shape it: Philox is the cheapest of oneDAL's engines to give each tree a stream of
// its own (a fit of 8,000 rows takes 0.14 CPU seconds with it, 0.20 with mt19937). Its importances
// depend on the number of threads, so they are taken from the trees. With weights its leaf
// probabilities don't sum to 1 but stay proportional to the leaf's weight by class. Where it merges
// values into bins, its thresholds lie a few rows beside the cuts that it learned with; so the bins
// are ours, and it sees one value a bin.
#define DAAL_HIDE_DEPRECATED  // Engines are deprecated as an interface of their own; the forest
                              // still takes one.

#include <daal.h>
#include <fmt/format.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <new>

#include "core/build_info.h"
#include "core/random.h"
#include "train/feature_bins_internal.h"
#include "train/forest_tree_internal.h"
#include "train/plugin_internal.h"

namespace slipway::train {
namespace {

namespace forest = daal::algorithms::decision_forest::classification;
namespace training = daal::algorithms::classifier::training;
namespace tree_utils = daal::algorithms::tree_utils;
using daal::data_management::HomogenNumericTable;
using daal::data_management::NumericTablePtr;
using daal::data_management::SOANumericTable;

// Rows × trees of one call into the library, which can't be interrupted: some ten seconds.
constexpr int64_t kWorkPerCall = 100'000'000;

// Tables over memory of ours, which oneDAL takes as mutable and only reads.
NumericTablePtr ColumnTable(std::span<const float> values) {
  return HomogenNumericTable<float>::create(const_cast<float*>(values.data()), 1, values.size());
}

NumericTablePtr FeatureTable(const data::Matrix& matrix) {
  auto table =
      SOANumericTable::create(static_cast<size_t>(matrix.columns), static_cast<size_t>(matrix.rows),
                              daal::data_management::DictionaryIface::equal);
  for (int64_t column = 0; column < matrix.columns; ++column) {
    table->setArray<float>(const_cast<float*>(matrix.Column(column)), static_cast<size_t>(column));
  }
  return table;
}

class Visitor final : public tree_utils::classification::TreeNodeVisitor {
 public:
  Visitor(const std::vector<ColumnBins>& columns, TreeBuilder* tree, int classes)
      : columns_(columns), tree_(tree), mass_(static_cast<size_t>(classes)) {}

  bool onSplitNode(const tree_utils::SplitNodeDescriptor& node) override {
    // The value is the last bin on the left, or half-way to the next.
    const auto bin = static_cast<size_t>(std::floor(node.featureValue));
    tree_->AddSplit(static_cast<int32_t>(node.featureIndex),
                    columns_[node.featureIndex].thresholds[bin]);
    return true;
  }

  bool onLeafNode(const tree_utils::classification::LeafNodeDescriptor& node) override {
    const auto samples = static_cast<double>(node.nNodeSampleCount);
    for (size_t i = 0; i < mass_.size(); ++i) mass_[i] = samples * node.prob[i];
    tree_->AddLeaf(mass_);
    return true;
  }

 private:
  const std::vector<ColumnBins>& columns_;
  TreeBuilder* tree_;
  std::vector<double> mass_;
};

using Algorithm = forest::training::Batch<float, forest::training::hist>;

// oneDAL's engines take 32 bits.
size_t EngineSeed(uint64_t seed, int64_t call) {
  if (call > 0) return DeriveSeed(seed, static_cast<uint64_t>(call)) >> 32U;
  return seed <= UINT32_MAX ? seed : Random(seed).Next() >> 32U;
}

void SetParameters(const ForestPlan& plan, int64_t rows, int64_t trees, size_t seed,
                   Algorithm* algorithm) {
  auto& parameter = algorithm->parameter();
  parameter.nTrees = static_cast<size_t>(trees);
  parameter.maxTreeDepth = static_cast<size_t>(plan.max_depth);
  parameter.featuresPerNode = static_cast<size_t>(plan.features_per_node);
  parameter.bootstrap = plan.bootstrap;
  // The library takes a share and rounds down; the half keeps it from losing a row.
  parameter.observationsPerTreeFraction =
      std::min(1.0, (static_cast<double>(plan.samples_per_tree) + 0.5) / static_cast<double>(rows));
  parameter.minObservationsInSplitNode = static_cast<size_t>(plan.min_split);
  parameter.minObservationsInLeafNode = static_cast<size_t>(plan.min_leaf);
  parameter.minWeightFractionInLeafNode = plan.min_weight_share;
  parameter.minImpurityDecreaseInSplitNode = plan.min_impurity_decrease;
  parameter.maxLeafNodes = static_cast<size_t>(plan.max_leaves);
  parameter.maxBins = static_cast<size_t>(std::max<int64_t>(rows, 2));  // No value shares a bin.
  parameter.minBinSize = 1;
  parameter.engine = daal::algorithms::engines::philox4x32x10::Batch<>::create(seed);
}

struct Inputs {
  const std::vector<ColumnBins>& columns;
  NumericTablePtr features;
  NumericTablePtr classes;
  NumericTablePtr weights;  // Null where all are 1.
};

// Adds `trees` trees to `fitted`; returns how many of them have splits.
Result<int64_t> FitSome(const TrainingSet& set, const Inputs& inputs, const ForestPlan& plan,
                        int64_t trees, size_t seed, FittedForest* fitted) {
  Algorithm algorithm(static_cast<size_t>(set.class_count));
  algorithm.input.set(training::data, inputs.features);
  algorithm.input.set(training::labels, inputs.classes);
  if (inputs.weights) algorithm.input.set(training::weights, inputs.weights);
  SetParameters(plan, set.features.rows, trees, seed, &algorithm);
  const daal::services::Status status = algorithm.compute();
  if (!status.ok()) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("oneDAL can't fit this forest: {}", status.getDescription()));
  }
  const forest::ModelPtr model = algorithm.getResult()->get(training::model);
  int64_t with_splits = 0;
  for (size_t i = 0; i < model->getNumberOfTrees(); ++i) {
    TreeBuilder tree(set.class_count);
    Visitor visitor(inputs.columns, &tree, set.class_count);
    model->traverseDFS(i, visitor);
    with_splits += tree.AddImportances(fitted->importances) ? 1 : 0;
    fitted->trees.push_back(std::move(tree).Finish());
  }
  return with_splits;
}

Result<FittedForest> FitAll(const TrainingSet& set, const ForestPlan& plan, bool (*interrupted)()) {
  SLIPWAY_ASSIGN_OR_RETURN(const BinnedMatrix binned,
                           BinColumns(set.features, plan.max_bins, plan.threads));
  // Once here, where oneDAL would convert them again and again.
  const std::vector<float> classes(set.classes.begin(), set.classes.end());
  const Inputs inputs{binned.columns, FeatureTable(binned.bins), ColumnTable(classes),
                      set.weights.empty() ? NumericTablePtr() : ColumnTable(set.weights)};
  FittedForest fitted;
  fitted.importances.resize(static_cast<size_t>(set.features.columns));
  const int64_t trees_per_call =
      std::clamp<int64_t>(kWorkPerCall / set.features.rows, 1, plan.trees);
  int64_t with_splits = 0;
  for (int64_t done = 0, call = 0; done < plan.trees; ++call) {
    if (interrupted()) return Error(ErrorCode::kInterrupted, "interrupted");
    const int64_t trees = std::min(trees_per_call, plan.trees - done);
    SLIPWAY_ASSIGN_OR_RETURN(const int64_t some, FitSome(set, inputs, plan, trees,
                                                         EngineSeed(plan.seed, call), &fitted));
    with_splits += some;
    done += trees;
  }
  for (double& importance : fitted.importances)
    importance /= static_cast<double>(std::max<int64_t>(with_splits, 1));
  return fitted;
}

// The arena bounds the threads of this call alone, so that several fits may run side by side.
Result<FittedForest> FitForest(const TrainingSet& set, const ForestPlan& plan,
                               bool (*interrupted)()) {
  try {
    tbb::task_arena arena(plan.threads);
    return arena.execute([&] { return FitAll(set, plan, interrupted); });
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kUnavailable, "not enough memory to fit the forest")
        .Try("a smaller max_depth, fewer n_estimators or a smaller max_samples");
  } catch (const std::exception& exception) {
    return Error(ErrorCode::kInternal, fmt::format("oneDAL failed: {}", exception.what()));
  }
}

}  // namespace
}  // namespace slipway::train

extern "C" __attribute__((visibility("default"))) const slipway::train::TrainerPlugin*
slipway_trainer_plugin_v1() {
  static const slipway::train::TrainerPlugin plugin{slipway::BuildId(), slipway::train::FitForest};
  return &plugin;
}
