#include "model/tree_ensemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

namespace slipway::model {
namespace {

// Leaf values count in units of 2^-23: a float32 holds every multiple of it up to 2.
constexpr int64_t kUnitsOfOne = int64_t{1} << 23;
constexpr float kUnit = 0x1.0p-23F;
// What rounding may take a leaf's probabilities away from a sum of 1.
constexpr double kSumTolerance = 1e-3;

Error Malformed(size_t tree, const std::string& what) {
  return Error(ErrorCode::kInternal, fmt::format("tree {} of the trained forest {}", tree, what));
}

// Shares units out in proportion by largest remainder, ties to the lower class.
class Sharing {
 public:
  explicit Sharing(size_t classes) : remainders_(classes), parts_(classes), order_(classes) {}

  void ShareOut(std::span<const double> shares, double sum, int64_t units,
                std::span<float> values) {
    int64_t left = units;
    for (size_t i = 0; i < shares.size(); ++i) {
      const double quota = shares[i] / sum * static_cast<double>(units);
      parts_[i] = std::min(static_cast<int64_t>(quota), left);
      remainders_[i] = quota - static_cast<double>(parts_[i]);
      left -= parts_[i];
    }
    if (left > 0) HandOut(left);
    for (size_t i = 0; i < parts_.size(); ++i) values[i] = static_cast<float>(parts_[i]) * kUnit;
  }

 private:
  void HandOut(int64_t left) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::ranges::sort(order_, [&](size_t a, size_t b) {
      return remainders_[a] != remainders_[b] ? remainders_[a] > remainders_[b] : a < b;
    });
    for (size_t i = 0; left > 0; i = (i + 1) % order_.size(), --left) ++parts_[order_[i]];
  }

  std::vector<double> remainders_;
  std::vector<int64_t> parts_;
  std::vector<size_t> order_;
};

// Fills the values of a leaf of the copy from those of the original.
using CopyLeaf = std::function<Status(std::span<const double> from, std::span<float> to)>;

// Copies one tree in preorder, so that children follow their parents whatever order the trainer
// has.
class TreeCopy {
 public:
  TreeCopy(const FittedTree& from, size_t index, int outputs, int features, CopyLeaf copy_leaf)
      : from_(from),
        index_(index),
        outputs_(static_cast<size_t>(outputs)),
        features_(features),
        copy_leaf_(std::move(copy_leaf)) {
    tree_.nodes.reserve(from.nodes.size());
    tree_.leaf_values.reserve(from.values.size());
  }

  Result<Tree> Run() {
    if (from_.nodes.empty()) return Malformed(index_, "has no nodes");
    std::vector<Pending> stack = {{0, -1, false}};
    while (!stack.empty()) {
      const Pending next = stack.back();
      stack.pop_back();
      // Visiting more nodes than there are means that one has two parents.
      if (tree_.nodes.size() >= from_.nodes.size()) return Malformed(index_, "is not a tree");
      const auto self = static_cast<int32_t>(tree_.nodes.size());
      if (next.parent >= 0) {
        TreeNode& parent = tree_.nodes[static_cast<size_t>(next.parent)];
        (next.is_right ? parent.right : parent.left) = self;
      }
      const FittedTree::Node& node = from_.nodes[static_cast<size_t>(next.node)];
      if (node.feature < 0) {
        SLIPWAY_RETURN_IF_ERROR(AddLeaf(node.left));
        continue;
      }
      SLIPWAY_RETURN_IF_ERROR(CheckBranch(node));
      tree_.nodes.push_back({node.feature, RoundDown(node.threshold), 0, 0});
      stack.push_back({node.right, self, true});
      stack.push_back({node.left, self, false});
    }
    if (tree_.nodes.size() != from_.nodes.size())
      return Malformed(index_, "has nodes without a parent");
    return std::move(tree_);
  }

 private:
  struct Pending {
    int32_t node;
    int32_t parent;
    bool is_right;
  };

  Status CheckBranch(const FittedTree::Node& node) const {
    const auto count = static_cast<int32_t>(from_.nodes.size());
    if (node.feature >= features_) {
      return Malformed(index_, fmt::format("asks for feature {} of {}", node.feature, features_));
    }
    if (std::isnan(node.threshold))
      return Malformed(index_, "has a threshold that is not a number");
    if (std::min(node.left, node.right) < 0 || std::max(node.left, node.right) >= count) {
      return Malformed(index_, "names a child that it lacks");
    }
    return {};
  }

  Status AddLeaf(int32_t leaf) {
    if (leaf < 0 || (static_cast<size_t>(leaf) + 1) * outputs_ > from_.values.size()) {
      return Malformed(index_, "names a leaf that it lacks");
    }
    const size_t offset = tree_.leaf_values.size();
    tree_.nodes.push_back({-1, 0, static_cast<int32_t>(offset / outputs_), 0});
    tree_.leaf_values.resize(offset + outputs_);
    return copy_leaf_(
        std::span(from_.values).subspan(static_cast<size_t>(leaf) * outputs_, outputs_),
        std::span(tree_.leaf_values).subspan(offset));
  }

  const FittedTree& from_;
  size_t index_;
  size_t outputs_;
  int features_;
  CopyLeaf copy_leaf_;
  Tree tree_;
};

// A leaf that shares out `units` of 2^-23.
Status CopyShares(size_t tree, int64_t units, std::span<const double> shares, Sharing* sharing,
                  std::span<float> to) {
  double sum = 0;
  for (const double share : shares) {
    if (!(share >= 0)) return Malformed(tree, "has a leaf with a negative probability");
    sum += share;
  }
  if (!(std::abs(sum - 1) <= kSumTolerance))
    return Malformed(tree, fmt::format("has a leaf whose probabilities sum to {}", sum));
  sharing->ShareOut(shares, sum, units, to);
  return {};
}

Status CheckForest(size_t trees, int outputs, int features) {
  if (trees == 0 || trees > kMostTrees) {
    return Error(ErrorCode::kInvalidInput, fmt::format("a forest of {} trees", trees))
        .Expected(fmt::format("1 to {} trees", kMostTrees));
  }
  if (outputs >= 1 && features >= 1) return {};
  return Error(ErrorCode::kInternal,
               fmt::format("a forest of {} outputs and {} features", outputs, features));
}

}  // namespace

float RoundDown(double threshold) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  if (threshold > kLargest) {
    return std::isinf(threshold) ? std::numeric_limits<float>::infinity()
                                 : std::numeric_limits<float>::max();
  }
  if (threshold < -kLargest) return -std::numeric_limits<float>::infinity();
  const auto rounded = static_cast<float>(threshold);
  return rounded > threshold ? std::nextafter(rounded, -std::numeric_limits<float>::infinity())
                             : rounded;
}

Result<TreeEnsemble> AverageForest(const std::vector<FittedTree>& trees, int classes,
                                   int features) {
  SLIPWAY_RETURN_IF_ERROR(CheckForest(trees.size(), classes, features));
  TreeEnsemble ensemble;
  ensemble.outputs = classes;
  ensemble.features = features;
  Sharing sharing(static_cast<size_t>(classes));
  const auto count = static_cast<int64_t>(trees.size());
  for (size_t i = 0; i < trees.size(); ++i) {
    // Trees weigh the same, but for one unit: their weights sum to exactly 1.
    const int64_t units =
        kUnitsOfOne / count + (static_cast<int64_t>(i) < kUnitsOfOne % count ? 1 : 0);
    const auto share_out = [&](std::span<const double> from, std::span<float> to) {
      return CopyShares(i, units, from, &sharing, to);
    };
    SLIPWAY_ASSIGN_OR_RETURN(Tree tree, TreeCopy(trees[i], i, classes, features, share_out).Run());
    ensemble.trees.push_back(std::move(tree));
  }
  return ensemble;
}

Result<TreeEnsemble> AverageTrees(const std::vector<FittedTree>& trees, int features) {
  SLIPWAY_RETURN_IF_ERROR(CheckForest(trees.size(), 1, features));
  const auto count = static_cast<double>(trees.size());
  const auto divide = [&](std::span<const double> from, std::span<float> to) -> Status {
    to[0] = static_cast<float>(from[0] / count);
    return {};
  };
  std::vector<Tree> shares;
  for (size_t i = 0; i < trees.size(); ++i) {
    SLIPWAY_ASSIGN_OR_RETURN(Tree tree, TreeCopy(trees[i], i, 1, features, divide).Run());
    shares.push_back(std::move(tree));
  }
  return SumTrees(std::move(shares), {}, 1, features);
}

Result<TreeEnsemble> SumTrees(std::vector<Tree> trees, std::span<const double> base, int outputs,
                              int features) {
  double largest = 0;
  for (const double one : base) largest = std::max(largest, std::abs(one));
  for (const Tree& tree : trees) {
    float in_tree = 0;
    for (const float value : tree.leaf_values) in_tree = std::max(in_tree, std::abs(value));
    largest += in_tree;
  }
  if (!std::isfinite(largest))
    return Error(ErrorCode::kInternal, "the sums of the trees are not finite");
  // Every sum is below 2^exponent, with room for what rounding adds.
  int exponent = 0;
  std::frexp(largest, &exponent);
  const double quantum = std::ldexp(1.0, std::max(exponent - 22, -126));
  const auto on_grid = [&](double value) {
    return static_cast<float>(std::nearbyint(value / quantum) * quantum);
  };
  TreeEnsemble ensemble;
  ensemble.outputs = outputs;
  ensemble.features = features;
  ensemble.trees = std::move(trees);
  for (Tree& tree : ensemble.trees) {
    for (float& value : tree.leaf_values) value = on_grid(value);
  }
  for (const double one : base) ensemble.base.push_back(on_grid(one));
  return ensemble;
}

}  // namespace slipway::model
