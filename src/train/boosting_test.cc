#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "model/scorer.h"
#include "train/boosting_options_internal.h"
#include "train/test_sample_internal.h"
#include "train/trainer.h"

namespace slipway::train {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The class follows a product of the first two columns: no single split sees it.
Sample MakeSample(int64_t rows, int64_t columns, int classes, double noise = 0.3,
                  uint64_t seed = 1) {
  Random random(seed);
  Sample sample = UniformSample(rows, columns, classes, &random);
  for (int64_t row = 0; row < rows; ++row) {
    const double product =
        sample.matrix.Column(0)[row] * sample.matrix.Column(columns > 1 ? 1 : 0)[row];
    const double place = (product + noise * (random.Uniform() - 0.5) + 1) / 2 * classes;
    sample.classes.push_back(std::clamp(static_cast<int32_t>(place), 0, classes - 1));
  }
  return sample;
}

FittedModel FitOrDie(const Sample& sample, const Json& hyperparameters, int threads = 2) {
  auto fitted =
      (*MakeTrainer("gradient_boosting"))->Fit(sample.set(), hyperparameters, {1, threads});
  EXPECT_TRUE(fitted.ok()) << (fitted.ok() ? "" : fitted.error().ToString());
  return fitted.ok() ? *std::move(fitted) : FittedModel{};
}

const model::TreeEnsemble& TreesOf(const FittedModel& fitted) {
  return std::get<model::TreeEnsemble>(fitted.scorer.body);
}

double LossOf(const FittedModel& fitted, const Sample& sample) {
  const model::Predictions predictions = model::PredictMatrix(fitted.scorer, sample.matrix);
  double loss = 0;
  for (int64_t row = 0; row < sample.matrix.rows; ++row)
    loss -= std::log(predictions.Score(row, sample.classes[static_cast<size_t>(row)]));
  return loss / static_cast<double>(sample.matrix.rows);
}

int DepthOf(const model::Tree& tree, size_t node = 0) {
  const model::TreeNode& at = tree.nodes[node];
  if (at.feature < 0) return 0;
  return 1 + std::max(DepthOf(tree, static_cast<size_t>(at.left)),
                      DepthOf(tree, static_cast<size_t>(at.right)));
}

size_t LeafOf(const model::Tree& tree, const data::Matrix& matrix, int64_t row) {
  size_t at = 0;
  while (tree.nodes[at].feature >= 0) {
    const model::TreeNode& node = tree.nodes[at];
    at = static_cast<size_t>(matrix.Column(node.feature)[row] <= node.threshold ? node.left
                                                                                : node.right);
  }
  return static_cast<size_t>(tree.nodes[at].left);
}

TEST(GradientBoosting, LearnsWhatNoSingleSplitSees) {
  for (const int classes : {2, 3}) {
    const Sample train = MakeSample(4000, 5, classes), test = MakeSample(2000, 5, classes, 0.3, 2);
    const FittedModel few = FitOrDie(train, {{"n_estimators", 3}});
    const FittedModel many = FitOrDie(train, {{"n_estimators", 100}});
    EXPECT_EQ(TreesOf(many).trees.size(), classes == 2 ? 100U : 300U);
    EXPECT_LT(LossOf(many, test), 0.6 * LossOf(few, test));
    EXPECT_GT(many.importances[0] + many.importances[1], 0.9);
    EXPECT_THAT(many.notes, IsEmpty());
  }
}

// A leaf's step is a Newton step: -rate Σg / (Σh + l2) over the rows that reach it, with the scores
// before the tree.
TEST(GradientBoosting, StepsAreNewtons) {
  for (const bool weighted : {false, true}) {
    Sample sample = MakeSample(3000, 4, 2);
    if (weighted) sample.class_weights = {1, 4};
    const FittedModel fitted =
        FitOrDie(sample, {{"n_estimators", 2}, {"learning_rate", 0.5}, {"l2_regularization", 3.0}});
    const model::TreeEnsemble& trees = TreesOf(fitted);
    std::vector<double> scores(static_cast<size_t>(sample.matrix.rows), trees.base[0]);
    for (const model::Tree& tree : trees.trees) {
      std::vector<double> first(tree.leaf_values.size()), second(tree.leaf_values.size());
      for (int64_t row = 0; row < sample.matrix.rows; ++row) {
        const size_t leaf = LeafOf(tree, sample.matrix, row);
        const int32_t truth = sample.classes[static_cast<size_t>(row)];
        const double weight = weighted && truth == 1 ? 4 : 1;
        const double p = 1 / (1 + std::exp(-scores[static_cast<size_t>(row)]));
        first[leaf] += weight * (p - truth);
        second[leaf] += weight * p * (1 - p);
      }
      for (size_t leaf = 0; leaf < first.size(); ++leaf)
        EXPECT_NEAR(tree.leaf_values[leaf], -0.5 * first[leaf] / (second[leaf] + 3), 2e-5);
      for (int64_t row = 0; row < sample.matrix.rows; ++row)
        scores[static_cast<size_t>(row)] += tree.leaf_values[LeafOf(tree, sample.matrix, row)];
    }
  }
}

// The first tree's root against every threshold there is.
TEST(GradientBoosting, TheRootIsTheBestSplit) {
  Sample sample = MakeSample(200, 3, 2);
  for (int64_t row = 0; row < 200; ++row)
    sample.classes[static_cast<size_t>(row)] = sample.matrix.Column(2)[row] > 0.2F ? 1 : 0;
  const FittedModel fitted = FitOrDie(sample, {{"n_estimators", 1}, {"max_depth", 1}});
  const model::TreeEnsemble& trees = TreesOf(fitted);
  const double p = 1 / (1 + std::exp(-trees.base[0]));
  double best = 0;
  int best_column = -1;
  float best_value = 0;
  for (int column = 0; column < 3; ++column) {
    for (int64_t at = 0; at < 200; ++at) {
      const float value = sample.matrix.Column(column)[at];
      double g[2] = {0, 0}, h[2] = {0, 0};
      for (int64_t row = 0; row < 200; ++row) {
        const int side = sample.matrix.Column(column)[row] <= value ? 0 : 1;
        g[side] += p - sample.classes[static_cast<size_t>(row)];
        h[side] += p * (1 - p);
      }
      if (h[1] < 1e-3) continue;
      const double gain = g[0] * g[0] / h[0] + g[1] * g[1] / h[1];
      if (gain <= best) continue;
      best = gain;
      best_column = column;
      best_value = value;
    }
  }
  const model::TreeNode& root = trees.trees[0].nodes[0];
  EXPECT_EQ(root.feature, best_column);
  EXPECT_GE(root.threshold, best_value);
  EXPECT_LT(root.threshold - best_value, 0.1F);
}

TEST(GradientBoosting, IsTheSameOnAnyNumberOfThreads) {
  const Sample sample = MakeSample(20000, 13, 3);
  const Json options = {
      {"n_estimators", 5}, {"max_depth", 6}, {"subsample", 0.7}, {"max_features", 0.5}};
  const FittedModel one = FitOrDie(sample, options, 1), three = FitOrDie(sample, options, 3);
  ASSERT_EQ(TreesOf(one).trees.size(), TreesOf(three).trees.size());
  for (size_t i = 0; i < TreesOf(one).trees.size(); ++i)
    EXPECT_EQ(TreesOf(one).trees[i].leaf_values, TreesOf(three).trees[i].leaf_values);
  EXPECT_EQ(one.importances, three.importances);
}

TEST(GradientBoosting, LimitsHold) {
  const Sample sample = MakeSample(2000, 4, 2);
  const FittedModel shallow = FitOrDie(sample, {{"max_depth", 2}});
  for (const model::Tree& tree : TreesOf(shallow).trees) EXPECT_LE(DepthOf(tree), 2);
  const FittedModel narrow =
      FitOrDie(sample, {{"max_depth", nullptr}, {"max_leaf_nodes", 7}, {"n_estimators", 10}});
  for (const model::Tree& tree : TreesOf(narrow).trees) EXPECT_EQ(tree.leaf_values.size(), 7U);
  const FittedModel broad =
      FitOrDie(sample, {{"max_depth", nullptr}, {"min_samples_leaf", 90}, {"n_estimators", 10}});
  for (const model::Tree& tree : TreesOf(broad).trees) {
    std::vector<int> reached(tree.leaf_values.size());
    for (int64_t row = 0; row < sample.matrix.rows; ++row)
      ++reached[LeafOf(tree, sample.matrix, row)];
    EXPECT_GE(*std::ranges::min_element(reached), 90);
    EXPECT_GT(reached.size(), 4U);
  }
}

TEST(GradientBoosting, StopsWithoutProgress) {
  // Nothing to learn.
  Sample sample = MakeSample(2000, 4, 2);
  Random random(8);
  for (int32_t& cls : sample.classes) cls = static_cast<int32_t>(random.Below(2));
  const FittedModel fitted = FitOrDie(sample, {{"n_estimators", 500}, {"n_iter_no_change", 5}});
  EXPECT_LT(TreesOf(fitted).trees.size(), 100U);
  ASSERT_EQ(fitted.notes.size(), 1U);
  EXPECT_THAT(fitted.notes[0], HasSubstr("of 500 rounds, as 201 held-out rows saw no progress"));
}

TEST(GradientBoosting, OddShapes) {
  Sample constant = MakeSample(300, 3, 2);
  std::ranges::fill(constant.matrix.values, 1.5F);
  const FittedModel stumps = FitOrDie(constant, {{"n_estimators", 2}});
  EXPECT_EQ(TreesOf(stumps).trees[0].nodes.size(), 1U);
  Sample single = MakeSample(100, 2, 2);
  std::ranges::fill(single.classes, 1);
  const FittedModel sure = FitOrDie(single, {{"n_estimators", 3}});
  EXPECT_GT(model::PredictMatrix(sure.scorer, single.matrix).Score(0, 1), 0.999);
  FitOrDie(MakeSample(1, 1, 2), {{"n_estimators", 2}});
  FitOrDie(MakeSample(2000, 3, 20), {{"n_estimators", 3}});
  FitOrDie(MakeSample(500, 25, 2), {{"n_estimators", 3}, {"max_depth", nullptr}});
}

TEST(BoostingOptions, MistakesAreToldAtOnce) {
  const auto options = ParseBoostingOptions(
      {{"n_estimator", 5}, {"learning_rate", 0}, {"max_bins", 500}, {"loss", "exponential"}});
  ASSERT_FALSE(options.ok());
  const std::string text = options.error().Render();
  EXPECT_THAT(text, HasSubstr("try n_estimators"));
  EXPECT_THAT(text, HasSubstr("learning_rate: 0 can't be used; expected a number above 0"));
  EXPECT_THAT(text, HasSubstr("a whole number from 2 to 256, or null"));
  EXPECT_THAT(text, HasSubstr("loss: \"exponential\" can't be used"));
}

}  // namespace
}  // namespace slipway::train
