#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "train/tree_grower_internal.h"

namespace slipway::train {
namespace {

using ::testing::ElementsAre;

// One column 0, 1, 2, … with these classes, and a tree of it.
class Grown {
 public:
  Grown(const std::vector<int>& classes, const ForestPlan& changes,
        std::vector<double> class_weights = {1, 1}) {
    const auto rows = static_cast<int64_t>(classes.size());
    data::Matrix matrix{rows, 1, std::vector<float>(classes.size())};
    std::vector<TreeRow> tree_rows;
    for (size_t i = 0; i < classes.size(); ++i) {
      matrix.values[i] = static_cast<float>(i);
      tree_rows.push_back({static_cast<uint32_t>(i), static_cast<uint16_t>(classes[i]), 1});
    }
    const auto columns = *CutColumns(matrix, 256, 1);
    const auto binned = *BinRows<uint8_t>(matrix, columns, 1);
    ForestPlan plan = changes;
    plan.features_per_node = 1;
    plan.min_leaf = std::max<int64_t>(plan.min_leaf, 1);
    plan.min_split = std::max<int64_t>(plan.min_split, 2);
    TreeGrower<uint8_t> grower(binned, columns, plan,
                               {.class_weights = class_weights, .numbers = {}});
    grown_ = grower.Grow(tree_rows, Random(1));
  }

  const model::FittedTree& tree() const { return grown_.tree; }
  const std::vector<double>& importances() const { return grown_.importances; }
  std::vector<double> Thresholds() const {
    std::vector<double> thresholds;
    for (const auto& node : grown_.tree.nodes)
      if (node.feature >= 0) thresholds.push_back(node.threshold);
    std::ranges::sort(thresholds);
    return thresholds;
  }

 private:
  GrownTree grown_;
};

TEST(TreeGrower, GrowsUntilLeavesArePure) {
  const Grown grown({0, 0, 1, 1, 1, 0}, {});
  EXPECT_THAT(grown.Thresholds(), ElementsAre(1.5, 4.5));
  EXPECT_EQ(grown.tree().nodes.size(), 5U);
  for (const double probability : grown.tree().values)
    EXPECT_TRUE(probability == 0 || probability == 1);
  EXPECT_THAT(grown.importances(), ElementsAre(1));
}

TEST(TreeGrower, OneClassIsALeaf) {
  const Grown grown({1, 1, 1}, {});
  ASSERT_EQ(grown.tree().nodes.size(), 1U);
  EXPECT_THAT(grown.tree().values, ElementsAre(0, 1));
  EXPECT_THAT(grown.importances(), ElementsAre(0));
}

TEST(TreeGrower, LeavesOfNumbersAreMeansOfTheirRows) {
  const std::vector<double> numbers = {-4, -2, 10, 10, -14};
  data::Matrix matrix{5, 1, {0, 1, 2, 3, 4}};
  std::vector<TreeRow> rows;
  for (uint32_t row = 0; row < 5; ++row) rows.push_back({row, 0, row == 1 ? 3U : 1U});
  const auto columns = *CutColumns(matrix, 256, 1);
  const auto binned = *BinRows<uint8_t>(matrix, columns, 1);
  ForestPlan plan;
  plan.criterion = Criterion::kSquaredError;
  plan.features_per_node = plan.min_leaf = 1;
  plan.min_split = 2;
  plan.max_leaves = 3;
  TreeGrower<uint8_t> grower(binned, columns, plan,
                             {.class_weights = {}, .numbers = numbers, .unit = 0.5});
  const GrownTree grown = grower.Grow(rows, Random(1));
  std::vector<double> values = grown.tree.values;
  std::ranges::sort(values);
  // Half a unit each: (-4 - 3 * 2) / 4, the two equal ones, and the last.
  EXPECT_THAT(values, ElementsAre(-7, -1.25, 5));
  // Equal numbers are not parted.
  plan.max_leaves = 0;
  TreeGrower<uint8_t> whole(binned, columns, plan, {.class_weights = {}, .numbers = numbers});
  EXPECT_EQ(whole.Grow(rows, Random(1)).tree.values.size(), 4U);
}

TEST(TreeGrower, NoRowsAreALeafThatKnowsNothing) {
  const Grown grown({}, {});
  ASSERT_EQ(grown.tree().nodes.size(), 1U);
  EXPECT_THAT(grown.tree().values, ElementsAre(0.5, 0.5));
}

// scikit-learn's order: the split that lowers the weighted impurity most goes first, wherever it
// is. 40 rows of two halves behind the root beat the perfect split of 4.
TEST(TreeGrower, FewLeavesGoToTheBestSplits) {
  std::vector<int> classes(100, 0);
  std::fill(classes.begin() + 40, classes.begin() + 60, 1);
  classes[98] = classes[99] = 1;
  ForestPlan plan;
  plan.max_leaves = 3;
  EXPECT_THAT(Grown(classes, plan).Thresholds(), ElementsAre(39.5, 59.5));
  plan.max_leaves = 4;
  EXPECT_THAT(Grown(classes, plan).Thresholds(), ElementsAre(39.5, 59.5, 97.5));
}

TEST(TreeGrower, LimitsOfRows) {
  ForestPlan plan;
  plan.min_split = 5;
  EXPECT_EQ(Grown({0, 1, 0, 1}, plan).tree().nodes.size(), 1U);
  plan.min_split = 4;
  EXPECT_GT(Grown({0, 1, 0, 1}, plan).tree().nodes.size(), 1U);
  plan = {};
  plan.min_leaf = 2;
  EXPECT_THAT(Grown({0, 1, 1, 1}, plan).Thresholds(), ElementsAre(1.5));
  plan.min_leaf = 3;
  EXPECT_EQ(Grown({0, 1, 1, 1}, plan).tree().nodes.size(), 1U);
  plan = {};
  plan.max_depth = 1;
  EXPECT_EQ(Grown({0, 1, 0, 1}, plan).tree().nodes.size(), 3U);
}

TEST(TreeGrower, LimitsOfWorth) {
  ForestPlan plan;
  // Gini of the root is 0.5, and the one split takes all of it.
  plan.min_impurity_decrease = 0.5;
  EXPECT_EQ(Grown({0, 0, 1, 1}, plan).tree().nodes.size(), 3U);
  plan.min_impurity_decrease = 0.51;
  EXPECT_EQ(Grown({0, 0, 1, 1}, plan).tree().nodes.size(), 1U);
  plan = {};
  // Entropy of the root is 1 bit.
  plan.criterion = Criterion::kEntropy;
  plan.min_impurity_decrease = 1;
  EXPECT_EQ(Grown({0, 0, 1, 1}, plan).tree().nodes.size(), 3U);
  plan.min_impurity_decrease = 1.01;
  EXPECT_EQ(Grown({0, 0, 1, 1}, plan).tree().nodes.size(), 1U);
  plan = {};
  plan.min_weight_share = 0.3;
  EXPECT_EQ(Grown({0, 1, 1, 1}, plan).Thresholds(), std::vector<double>{1.5});
}

TEST(TreeGrower, ClassWeightsCount) {
  ForestPlan plan;
  plan.max_depth = 1;
  const Grown grown({0, 1, 0, 1, 1, 1}, plan, {3, 1});
  EXPECT_THAT(grown.Thresholds(), ElementsAre(2.5));
  // 6 of class 0 and 1 of class 1 on the left.
  EXPECT_DOUBLE_EQ(grown.tree().values[0], 6.0 / 7);
}

}  // namespace
}  // namespace slipway::train
