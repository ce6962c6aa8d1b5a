// Grows the trees of a forest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "model/tree_ensemble.h"
#include "train/split_search_internal.h"

namespace slipway::train {

struct GrownTree {
  model::FittedTree tree;
  // Mean decrease in impurity by column (Breiman et al. 1984, section 5.3.4), sum 1; all 0 for a
  // tree without splits.
  std::vector<double> importances;
};

// Owned by one thread; grows any number of trees, one after another.
template <typename Bin>
class TreeGrower {
 public:
  // References outlive this, and so does what `goal` refers to.
  TreeGrower(const BinnedRows<Bin>& rows, const std::vector<ColumnBins>& columns,
             const ForestPlan& plan, const TreeGoal& goal);

  // `rows` is put in the order of the leaves. All of a tree's randomness comes from `random`. After
  // an interrupt the tree is not whole.
  GrownTree Grow(std::span<TreeRow> rows, Random random);

 private:
  struct Node {
    int32_t index = 0;            // In the tree.
    size_t tally = 0;             // Where its tally begins in tallies_.
    uint32_t begin = 0, end = 0;  // Its rows.
    int32_t depth = 0;
  };
  // A node that will be divided, as long as leaves are left.
  struct OpenNode {
    Node node;
    Split split;
    double decrease = 0;        // Of the weighted impurity.
    size_t children_tally = 0;  // Of the left child, then of the right.
  };

  // Adds a leaf, and an open node where it has a split that is good enough.
  Node AddNode(size_t tally, uint32_t begin, uint32_t end, int32_t depth);
  bool MayDivide(const Node& node) const;
  void Tally();
  bool AllEqual(std::span<const TreeRow> rows) const;
  void Consider(const Node& node);
  // Depth first, or by the largest decrease where the number of leaves is limited.
  OpenNode TakeOpen();
  void Divide(const OpenNode& open);
  void PartRows(const OpenNode& open);
  std::span<const double> TallyAt(size_t tally) const;
  // The tally times the class weights; valid until the next call.
  std::span<const double> MassAt(size_t tally);
  double WeightOf(std::span<const double> mass) const;
  void AddLeafValues(std::span<const double> mass);
  GrownTree Finish();

  const BinnedRows<Bin>& rows_;
  const std::vector<ColumnBins>& columns_;
  const ForestPlan& plan_;
  TreeGoal goal_;
  SplitSearch<Bin> search_;

  std::span<TreeRow> tree_rows_;
  Random random_{0};
  double total_weight_ = 0;
  GrownTree grown_;
  std::vector<double> tallies_;  // Of nodes.
  std::vector<OpenNode> open_;   // A heap where the number of leaves is limited, else a stack.
  std::vector<TreeRow> right_;
  std::vector<double> mass_;
};

}  // namespace slipway::train
