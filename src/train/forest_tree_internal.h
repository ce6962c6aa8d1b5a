// From a tree as the library tells it, node by node, to a tree of ours and what its splits were
// worth.
#pragma once

#include <span>
#include <vector>

#include "model/tree_ensemble.h"

namespace slipway::train {

// Takes nodes in preorder: a split, its left subtree, its right subtree.
class TreeBuilder {
 public:
  explicit TreeBuilder(int classes) : classes_(static_cast<size_t>(classes)) {}

  void AddSplit(int32_t feature, double threshold);
  // `mass` is the weight of the leaf's rows by class, in any unit that is the same for the whole
  // tree; all 0 where every row weighs nothing.
  void AddLeaf(std::span<const double> mass);

  // Adds the tree's mean decrease in Gini impurity by feature (Breiman et al. 1984, section 5.3.4),
  // scaled to sum 1, to `importances`, in an order that depends on the tree alone. False, and
  // nothing added, for a tree without splits.
  bool AddImportances(std::span<double> importances) const;
  // The tree, with probabilities that sum to 1 a leaf.
  model::ProbabilityTree Finish() &&;

 private:
  int32_t Link();

  size_t classes_;
  model::ProbabilityTree tree_;  // Its probabilities hold the mass until Finish.
  std::vector<int32_t> open_;    // Splits that still lack a child.
};

}  // namespace slipway::train
