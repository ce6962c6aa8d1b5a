#include "model/tree_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/random_models_internal.h"
#include "model/scorer.h"

namespace slipway::model {
namespace {

FittedTree Stump(double threshold, std::vector<double> probabilities) {
  return {{{0, threshold, 1, 2}, {-1, 0, 0, 0}, {-1, 0, 1, 0}}, std::move(probabilities)};
}

data::Matrix RandomMatrix(Random& random, int64_t rows, int64_t columns) {
  data::Matrix matrix;
  matrix.rows = rows;
  matrix.columns = columns;
  for (int64_t i = 0; i < rows * columns; ++i) {
    matrix.values.push_back(static_cast<float>(random.Uniform() * 4 - 2));
  }
  return matrix;
}

size_t LeafOf(const Tree& tree, const data::Matrix& matrix, int64_t row) {
  size_t at = 0;
  while (tree.nodes[at].feature >= 0) {
    const TreeNode& node = tree.nodes[at];
    const bool left = matrix.Column(node.feature)[row] <= node.threshold;
    at = static_cast<size_t>(left ? node.left : node.right);
  }
  return static_cast<size_t>(tree.nodes[at].left);
}

TEST(AverageForestTest, RoundsThresholdsDownToFloat) {
  const float third = 1.0F / 3.0F;  // Above the double 1 / 3.
  ASSERT_GT(static_cast<double>(third), 1.0 / 3.0);
  const std::vector<std::pair<double, float>> cases = {
      {0.5, 0.5F},
      {1.0 / 3.0, std::nextafter(third, 0.0F)},
      {-1.0 / 3.0, -third},
      {1e300, std::numeric_limits<float>::max()},
      {-1e300, -std::numeric_limits<float>::infinity()},
      {0.0, 0.0F}};
  for (const auto& [threshold, expected] : cases) {
    const auto ensemble = AverageForest({Stump(threshold, {1, 0, 0, 1})}, 2, 1);
    ASSERT_TRUE(ensemble.ok());
    EXPECT_EQ(ensemble->trees[0].nodes[0].threshold, expected) << threshold;
  }
}

TEST(AverageForestTest, DecidesLikeTheDoubleThresholdForEachFloat) {
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    const double threshold = (random.Uniform() - 0.5) * std::pow(10, random.Uniform() * 40 - 20);
    const auto ensemble = AverageForest({Stump(threshold, {1, 0, 0, 1})}, 2, 1);
    const float rounded = ensemble->trees[0].nodes[0].threshold;
    float value = std::nextafter(static_cast<float>(threshold), -1e38F);
    for (int step = 0; step < 3; ++step, value = std::nextafter(value, 1e38F)) {
      EXPECT_EQ(static_cast<double>(value) <= threshold, value <= rounded);
    }
  }
}

TEST(AverageForestTest, SharesOutByLargestRemainderTiesToTheLowerClass) {
  const auto ensemble =
      AverageForest({Stump(0, {0.5, 0.25, 0.25, 1.0 / 3, 1.0 / 3, 1.0 / 3})}, 3, 1);
  ASSERT_TRUE(ensemble.ok());
  // 2^23 = 3 * 2796202 + 2: the two units left go to the first two.
  const float unit = 0x1p-23F;
  EXPECT_THAT(
      ensemble->trees[0].leaf_values,
      ::testing::ElementsAre(0.5F, 0.25F, 0.25F, 2796203 * unit, 2796203 * unit, 2796202 * unit));
}

TEST(AverageForestTest, SumsAreTheSameInEveryOrder) {
  Random random(11);
  for (const int trees : {1, 3, 100}) {
    for (const int classes : {1, 2, 5}) {
      const TreeEnsemble ensemble = RandomForest(random, trees, 6, classes, 4);
      const data::Matrix matrix = RandomMatrix(random, 50, 4);
      const Predictions predictions = PredictMatrix(Scorer{ensemble}, matrix, 1);
      for (int64_t row = 0; row < matrix.rows; ++row) {
        float total = 0;
        for (int cls = 0; cls < classes; ++cls) total += predictions.Score(row, cls);
        EXPECT_EQ(total, 1.0F);
        std::vector<float> parts;
        for (const Tree& tree : ensemble.trees) {
          parts.push_back(
              tree.leaf_values[LeafOf(tree, matrix, row) * static_cast<size_t>(classes)]);
        }
        for (int order = 0; order < 5; ++order) {
          random.Shuffle(std::span(parts));
          EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), 0.0F), predictions.Score(row, 0));
        }
      }
    }
  }
}

TEST(AverageForestTest, StaysNearTheMeanOfProbabilities) {
  Random random(5);
  std::vector<FittedTree> trees;
  double mean = 0;
  for (int i = 0; i < 100; ++i) {
    const double p = random.Uniform();
    trees.push_back(Stump(0, {p, 1 - p, 0.5, 0.5}));
    mean += p / 100;
  }
  data::Matrix matrix{1, 1, {-1.0F}};
  EXPECT_NEAR(PredictMatrix(Scorer{*AverageForest(trees, 2, 1)}, matrix).Score(0, 0), mean, 6e-6);
}

TEST(AverageForestTest, RefusesWhatIsNoForest) {
  const std::vector<double> p = {1, 0, 0, 1};
  const double nan = std::nan("");
  const std::vector<std::pair<FittedTree, const char*>> cases = {
      {{{}, {}}, "has no nodes"},
      {{{{0, 0, 0, 1}, {-1, 0, 0, 0}}, p}, "is not a tree"},
      {{{{0, 0, 1, 1}, {-1, 0, 0, 0}}, p}, "is not a tree"},
      {{{{-1, 0, 0, 0}, {-1, 0, 1, 0}}, p}, "nodes without a parent"},
      {{{{0, 0, 1, 9}, {-1, 0, 0, 0}, {-1, 0, 1, 0}}, p}, "names a child"},
      {{{{3, 0, 1, 2}, {-1, 0, 0, 0}, {-1, 0, 1, 0}}, p}, "feature 3 of 1"},
      {{{{-1, 0, 2, 0}}, p}, "names a leaf"},
      {Stump(nan, p), "not a number"},
      {Stump(0, {0.5, 0.2, 0, 1}), "sum to"},
      {Stump(0, {-1, 2, 0, 1}), "negative"},
      {Stump(0, {nan, 1, 0, 1}), "negative"}};
  for (const auto& [tree, message] : cases) {
    const auto ensemble = AverageForest({tree}, 2, 1);
    ASSERT_FALSE(ensemble.ok()) << message;
    EXPECT_THAT(ensemble.error().message(), ::testing::HasSubstr(message));
  }
  EXPECT_FALSE(AverageForest({}, 2, 1).ok());
  EXPECT_FALSE(AverageForest({Stump(0, p)}, 0, 1).ok());
}

// Whatever the order of the trees, and whatever their values, a float32 sum is exact.
TEST(SumTreesTest, SumsAreTheSameInEveryOrder) {
  Random random(11);
  for (const float scale : {1e-6F, 1.0F, 1e6F}) {
    TreeEnsemble raw = RandomSum(random, 60, 5, 2, 3);
    for (Tree& tree : raw.trees) {
      for (float& value : tree.leaf_values) value *= scale;
    }
    const auto sum = SumTrees(raw.trees, std::vector<double>{0.3 * scale, -0.7 * scale}, 2, 3);
    ASSERT_TRUE(sum.ok());
    TreeEnsemble reversed = *sum;
    std::ranges::reverse(reversed.trees);
    const data::Matrix matrix = RandomMatrix(random, 300, 3);
    const Scorer forwards{*sum, Link::kSoftmax}, backwards{reversed, Link::kSoftmax};
    EXPECT_EQ(PredictMatrix(forwards, matrix).scores, PredictMatrix(backwards, matrix).scores);
    // Rounding moves no value by more than half of 2^-22 of the largest sum.
    for (size_t i = 0; i < raw.trees.size(); ++i) {
      for (size_t j = 0; j < raw.trees[i].leaf_values.size(); ++j) {
        EXPECT_NEAR(sum->trees[i].leaf_values[j], raw.trees[i].leaf_values[j],
                    scale * 31 * std::ldexp(1.0, -22));
      }
    }
  }
}

TEST(SumTreesTest, RefusesSumsThatAreNotFinite) {
  Tree leaf;
  leaf.nodes.push_back({-1, 0, 0, 0});
  leaf.leaf_values = {std::numeric_limits<float>::infinity()};
  EXPECT_EQ(SumTrees({leaf}, {}, 1, 1).error().code(), ErrorCode::kInternal);
}

TEST(PredictMatrixTest, LinksGiveProbabilities) {
  LinearScorer linear;
  linear.features = 1;
  linear.outputs = 1;
  linear.weights = {2};
  linear.intercepts = {-1};
  data::Matrix matrix;
  matrix.rows = 3;
  matrix.columns = 1;
  matrix.values = {0, 0.5, 1000};
  const Predictions logit = PredictMatrix({linear, Link::kLogit}, matrix);
  EXPECT_FLOAT_EQ(logit.Score(0, 1), static_cast<float>(1 / (1 + std::exp(1.0))));
  EXPECT_EQ(logit.Score(1, 1), 0.5F);
  EXPECT_EQ(logit.Score(2, 1), 1);
  EXPECT_EQ(logit.labels, (std::vector<int32_t>{0, 0, 1}));
  linear.outputs = 3;
  linear.weights = {0, 1, -1};
  linear.intercepts = {0, 0, 0};
  const Predictions softmax = PredictMatrix({linear, Link::kSoftmax}, matrix);
  EXPECT_FLOAT_EQ(softmax.Score(0, 2), 1.0F / 3);
  EXPECT_EQ(softmax.Score(2, 1), 1);
  EXPECT_EQ(softmax.labels, (std::vector<int32_t>{0, 1, 1}));
}

TEST(PredictMatrixTest, EqualsAPlainWalkForEveryNumberOfRowsAndThreads) {
  Random random(3);
  for (const int features : {1, 4, 700}) {
    const TreeEnsemble ensemble = RandomForest(random, 17, 9, 3, features);
    for (const int64_t rows : {0, 1, 15, 16, 17, 513, 9001}) {
      const data::Matrix matrix = RandomMatrix(random, rows, features);
      const Predictions predictions = PredictMatrix(Scorer{ensemble}, matrix, 3);
      ASSERT_EQ(predictions.rows, rows);
      ASSERT_EQ(predictions.labels.size(), static_cast<size_t>(rows));
      for (int64_t row = 0; row < rows; row += 1 + rows / 100) {
        std::vector<float> sums(3);
        for (const Tree& tree : ensemble.trees) {
          for (size_t k = 0; k < 3; ++k)
            sums[k] += tree.leaf_values[LeafOf(tree, matrix, row) * 3 + k];
        }
        for (int k = 0; k < 3; ++k)
          EXPECT_EQ(predictions.Score(row, k), sums[static_cast<size_t>(k)]);
        EXPECT_EQ(predictions.labels[static_cast<size_t>(row)],
                  std::max_element(sums.begin(), sums.end()) - sums.begin());
      }
    }
  }
}

TEST(PredictMatrixTest, ATieGoesToTheFirstClassAndNotANumberGoesRight) {
  const auto ensemble = AverageForest({Stump(0, {1, 0, 0.5, 0.5})}, 2, 1);
  const data::Matrix matrix{3, 1, {-1.0F, 1.0F, std::nanf("")}};
  const Predictions predictions = PredictMatrix(Scorer{*ensemble}, matrix);
  EXPECT_EQ(predictions.labels, (std::vector<int32_t>{0, 0, 0}));
  EXPECT_EQ(predictions.scores, (std::vector<float>{1, 0, 0.5, 0.5, 0.5, 0.5}));
}

}  // namespace
}  // namespace slipway::model
