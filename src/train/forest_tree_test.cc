#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "train/forest_tree_internal.h"

namespace slipway::train {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

// 10 rows, 6 of class 0: feature 1 parts them 5:0 and 1:4, feature 0 the latter 1:0 and 0:4.
TreeBuilder SmallTree() {
  TreeBuilder tree(2);
  tree.AddSplit(1, 0.5);
  tree.AddLeaf(std::array{5.0, 0.0});
  tree.AddSplit(0, -2.0);
  tree.AddLeaf(std::array{1.0, 0.0});
  tree.AddLeaf(std::array{0.0, 4.0});
  return tree;
}

TEST(TreeBuilder, LinksNodesInPreorder) {
  const model::ProbabilityTree tree = SmallTree().Finish();
  ASSERT_EQ(tree.nodes.size(), 5U);
  EXPECT_EQ(tree.nodes[0].feature, 1);
  EXPECT_EQ(tree.nodes[0].left, 1);
  EXPECT_EQ(tree.nodes[0].right, 2);
  EXPECT_EQ(tree.nodes[2].left, 3);
  EXPECT_EQ(tree.nodes[2].right, 4);
  EXPECT_EQ(tree.nodes[2].threshold, -2.0);
  EXPECT_EQ(tree.nodes[4].feature, -1);
  EXPECT_EQ(tree.nodes[4].left, 2);
  EXPECT_THAT(tree.probabilities, ElementsAre(1, 0, 1, 0, 0, 1));
}

TEST(TreeBuilder, ImportancesAreTheDecreaseOfGini) {
  std::vector<double> importances(3);
  EXPECT_TRUE(SmallTree().AddImportances(importances));
  // By hand: the root's 10 × 0.48 falls to 5 × 0.32 at feature 1, and that to 0 at feature 0.
  EXPECT_THAT(importances,
              ElementsAre(DoubleNear(1.6 / 4.8, 1e-12), DoubleNear(3.2 / 4.8, 1e-12), 0));
}

TEST(TreeBuilder, AStumpIsWorthNothing) {
  TreeBuilder tree(3);
  tree.AddLeaf(std::array{2.0, 1.0, 1.0});
  std::vector<double> importances(2);
  EXPECT_FALSE(tree.AddImportances(importances));
  EXPECT_THAT(importances, ElementsAre(0, 0));
  EXPECT_THAT(std::move(tree).Finish().probabilities, ElementsAre(0.5, 0.25, 0.25));
}

TEST(TreeBuilder, ALeafOfWeightlessRowsKnowsNothing) {
  TreeBuilder tree(4);
  tree.AddLeaf(std::array{0.0, 0.0, 0.0, 0.0});
  EXPECT_THAT(std::move(tree).Finish().probabilities, ElementsAre(0.25, 0.25, 0.25, 0.25));
}

}  // namespace
}  // namespace slipway::train
