#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "model/forest_kernel_internal.h"

namespace slipway::model {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Values that thresholds have too, so that equal ones meet, and those that order in odd ways.
constexpr float kValues[] = {-kInfinity, -1e30F, -2, -1, -1e-40F, -0.0F, 0.0F,
                             1e-40F,     0.5F,   1,  2,  3,       1e30F, kInfinity};

struct Shape {
  int features = 1;
  int outputs = 1;
  int splits = 0;
  bool chain = false;  // Each split is a child of the one before.
};

class Forests {
 public:
  float Value() { return kValues[Below(std::size(kValues))]; }
  size_t Below(size_t count) {
    return std::uniform_int_distribution<size_t>(0, count - 1)(random_);
  }

  Tree MakeTree(const Shape& shape) {
    Tree tree;
    std::vector<int32_t> leaves = {0};
    tree.nodes.resize(1);
    for (int split = 0; split < shape.splits; ++split) {
      const size_t at = shape.chain ? leaves.size() - 1 : Below(leaves.size());
      const int32_t parent = leaves[at];
      const auto left = static_cast<int32_t>(tree.nodes.size());
      tree.nodes.resize(tree.nodes.size() + 2);
      auto& node = tree.nodes[static_cast<size_t>(parent)];
      node.feature = static_cast<int32_t>(Below(static_cast<size_t>(shape.features)));
      node.threshold = Below(50) == 0 ? kNan : Value();
      node.left = left;
      node.right = left + 1;
      leaves[at] = left;
      leaves.push_back(left + 1);
    }
    for (const int32_t leaf : leaves) {
      tree.nodes[static_cast<size_t>(leaf)].left =
          static_cast<int32_t>(tree.leaf_values.size()) / shape.outputs;
      for (int output = 0; output < shape.outputs; ++output)
        tree.leaf_values.push_back(static_cast<float>(Below(64)) / 64);
    }
    return tree;
  }

  TreeEnsemble MakeEnsemble(int trees, Shape shape) {
    TreeEnsemble ensemble;
    ensemble.features = shape.features;
    ensemble.outputs = shape.outputs;
    const int most = shape.splits;
    for (int tree = 0; tree < trees; ++tree) {
      // Of every size, the first as large as asked.
      if (tree > 0) shape.splits = static_cast<int>(Below(static_cast<size_t>(most) + 1));
      ensemble.trees.push_back(MakeTree(shape));
    }
    if (Below(2) == 0) ensemble.base.assign(static_cast<size_t>(shape.outputs), 0.25F);
    return ensemble;
  }

  data::Matrix MakeRows(int64_t rows, int features) {
    data::Matrix matrix;
    matrix.rows = rows;
    matrix.columns = features;
    for (int64_t i = 0; i < rows * features; ++i)
      matrix.values.push_back(Below(20) == 0 ? kNan : Value());
    return matrix;
  }

 private:
  std::mt19937 random_{7};
};

// What types.h says.
std::vector<float> Expected(const TreeEnsemble& ensemble, const data::Matrix& matrix, int64_t begin,
                            int64_t end) {
  std::vector<float> scores;
  for (int64_t row = begin; row < end; ++row) {
    for (int output = 0; output < ensemble.outputs; ++output) {
      float sum = ensemble.base.empty() ? 0 : ensemble.base[static_cast<size_t>(output)];
      for (const Tree& tree : ensemble.trees) {
        const TreeNode* node = tree.nodes.data();
        while (node->feature >= 0) {
          const bool left = matrix.Column(node->feature)[row] <= node->threshold;
          node = &tree.nodes[static_cast<size_t>(left ? node->left : node->right)];
        }
        sum += tree.leaf_values[static_cast<size_t>(node->left * ensemble.outputs + output)];
      }
      scores.push_back(sum);
    }
  }
  return scores;
}

void ExpectScores(const TreeEnsemble& ensemble, const data::Matrix& matrix, int64_t begin,
                  int64_t end) {
  const auto expected = Expected(ensemble, matrix, begin, end);
  const auto expect = [&](const auto& forest, const char* name) {
    std::vector<float> scores(expected.size(), kNan);
    forest.Score(matrix, begin, end, scores.data());
    EXPECT_EQ(scores, expected) << name << ", " << ensemble.features << " features, "
                                << ensemble.outputs << " outputs, rows " << begin << " to " << end;
  };
  expect(ForestKernel(ensemble), "kernel");
  expect(NodeForest(ensemble), "nodes");
  if (const auto blocks = BlockForest::Make(ensemble)) expect(*blocks, "blocks");
}

TEST(ForestKernelTest, WalksTreesOfEverySize) {
  Forests forests;
  const auto rows = forests.MakeRows(100, 5);
  for (int splits = 0; splits < 40; ++splits) {
    for (const int outputs : {1, 2, 3})
      ExpectScores(forests.MakeEnsemble(1 + splits, {5, outputs, splits}), rows, 0, 100);
  }
}

TEST(ForestKernelTest, AnswersAnyRangeOfRows) {
  Forests forests;
  const auto rows = forests.MakeRows(2500, 5);
  const auto ensemble = forests.MakeEnsemble(23, {5, 2, 300});
  for (const int64_t count : {0, 1, 2, 3, 15, 16, 17, 18, 19, 1023, 1024, 1025, 1027, 2400})
    ExpectScores(ensemble, rows, 7, 7 + count);
}

TEST(ForestKernelTest, WalksChainsDeeperThanAnyTreeThatIsWalkedBlindly) {
  Forests forests;
  const auto rows = forests.MakeRows(50, 3);
  for (const int splits : {3, 4, 11, 12, 13, 14, 60, 3000})
    ExpectScores(forests.MakeEnsemble(3, {3, 2, splits, true}), rows, 0, 50);
}

TEST(ForestKernelTest, AWideForestAnswersAsANarrowOne) {
  Forests forests;
  // One node too many for 16 bits, and a feature too many.
  ExpectScores(forests.MakeEnsemble(2, {5, 2, 40'000}), forests.MakeRows(40, 5), 0, 40);
  for (const int features : {4095, 4096}) {
    ExpectScores(forests.MakeEnsemble(12, {features, 1, 100}), forests.MakeRows(40, features), 0,
                 40);
  }
  const auto narrow = LayOutNodes(forests.MakeEnsemble(2, {4095, 1, 9}));
  const auto wide = LayOutNodes(forests.MakeEnsemble(2, {4096, 1, 9}));
  EXPECT_TRUE(narrow.wide.empty());
  EXPECT_TRUE(wide.narrow.empty());
}

TEST(ForestKernelTest, BlocksAreForFewFeaturesAndThatManyBlocks) {
  Forests forests;
  EXPECT_TRUE(LayOutBlocks(forests.MakeEnsemble(2, {8, 2, 500})));
  EXPECT_FALSE(LayOutBlocks(forests.MakeEnsemble(2, {9, 2, 500})));
  // A chain has a block for each third split.
  EXPECT_TRUE(LayOutBlocks(forests.MakeEnsemble(1, {8, 1, 196'000, true})));
  EXPECT_FALSE(LayOutBlocks(forests.MakeEnsemble(1, {8, 1, 197'000, true})));
}

TEST(ForestKernelTest, KeepsEqualLeavesOnce) {
  Forests forests;
  const auto layout = LayOutNodes(forests.MakeEnsemble(30, {5, 1, 500}));
  EXPECT_EQ(layout.leaf_values.size(), 64);
  EXPECT_EQ(LayOutBlocks(forests.MakeEnsemble(30, {5, 1, 500}))->leaf_values.size(), 64);
}

}  // namespace
}  // namespace slipway::model
