#include <algorithm>
#include <numeric>

#include "train/forest_tree_internal.h"

namespace slipway::train {
namespace {

constexpr int32_t kNoChild = -1;

// Total weight times Gini impurity.
double WeightedGini(std::span<const double> mass) {
  const double total = std::accumulate(mass.begin(), mass.end(), 0.0);
  if (total <= 0) return 0;
  const double squares = std::inner_product(mass.begin(), mass.end(), mass.begin(), 0.0);
  return total - squares / total;
}

}  // namespace

int32_t TreeBuilder::Link() {
  const auto index = static_cast<int32_t>(tree_.nodes.size());
  if (!open_.empty()) {
    model::ProbabilityTree::Node& parent = tree_.nodes[static_cast<size_t>(open_.back())];
    if (parent.left == kNoChild) {
      parent.left = index;
    } else {
      parent.right = index;
      open_.pop_back();
    }
  }
  return index;
}

void TreeBuilder::AddSplit(int32_t feature, double threshold) {
  const int32_t index = Link();
  tree_.nodes.push_back({feature, threshold, kNoChild, kNoChild});
  open_.push_back(index);
}

void TreeBuilder::AddLeaf(std::span<const double> mass) {
  Link();
  const auto leaf = static_cast<int32_t>(tree_.probabilities.size() / classes_);
  tree_.nodes.push_back({-1, 0, leaf, 0});
  tree_.probabilities.insert(tree_.probabilities.end(), mass.begin(), mass.end());
}

bool TreeBuilder::AddImportances(std::span<double> importances) const {
  // Backwards through preorder, a split finds its left child's mass on top of the stack and its
  // right child's below.
  std::vector<double> stack;
  std::vector<double> decrease(importances.size());
  for (size_t i = tree_.nodes.size(); i-- > 0;) {
    const model::ProbabilityTree::Node& node = tree_.nodes[i];
    if (node.feature < 0) {
      const auto mass =
          tree_.probabilities.begin() + node.left * static_cast<std::ptrdiff_t>(classes_);
      stack.insert(stack.end(), mass, mass + static_cast<std::ptrdiff_t>(classes_));
      continue;
    }
    const std::span<double> left(stack.data() + stack.size() - classes_, classes_);
    const std::span<double> right(left.data() - classes_, classes_);
    const double children = WeightedGini(left) + WeightedGini(right);
    std::ranges::transform(left, right, right.begin(), std::plus<>());
    decrease[static_cast<size_t>(node.feature)] += WeightedGini(right) - children;
    stack.resize(stack.size() - classes_);
  }
  const double total = std::accumulate(decrease.begin(), decrease.end(), 0.0);
  if (total <= 0) return false;
  for (size_t i = 0; i < decrease.size(); ++i) importances[i] += decrease[i] / total;
  return true;
}

model::ProbabilityTree TreeBuilder::Finish() && {
  for (size_t leaf = 0; leaf < tree_.probabilities.size(); leaf += classes_) {
    const std::span<double> values(tree_.probabilities.data() + leaf, classes_);
    const double total = std::accumulate(values.begin(), values.end(), 0.0);
    for (double& value : values)
      value = total > 0 ? value / total : 1.0 / static_cast<double>(classes_);
  }
  return std::move(tree_);
}

}  // namespace slipway::train
