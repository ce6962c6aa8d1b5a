#include <gtest/gtest.h>

#include <cmath>

#include "train/out_of_bag_internal.h"
#include "train/test_sample_internal.h"

namespace slipway::train {
namespace {

// Left where the first column is at most 0.
GrownTree Stump(std::vector<double> values) {
  GrownTree grown;
  grown.tree.nodes = {{0, 0.0, 1, 2}, {-1, 0, 0, 0}, {-1, 0, 1, 0}};
  grown.tree.values = std::move(values);
  return grown;
}

TEST(OutOfBag, IsTheErrorOfTheMeanOfTheTreesThatDidNotDrawTheRow) {
  Sample sample;
  sample.matrix = {3, 1, {-1, 1, 1}};
  sample.class_count = 0;
  sample.values = {10, 20, 30};
  const TrainingSet set = sample.set();
  OutOfBag bag(set, 10, 1);
  EXPECT_TRUE(std::isnan(bag.Loss()));
  const std::vector<GrownTree> trees = {Stump({1, 12}), Stump({3, 6})};
  // Row 2 was drawn by both.
  ASSERT_TRUE(bag.Add(trees, std::vector<RowsOut>{{0, 1}, {1}}).ok());
  // Row 0: 1 for 0; row 1: (12 + 6) / 2 for 10.
  EXPECT_DOUBLE_EQ(bag.Loss(), (1 + 1) / 2.0);
  ASSERT_TRUE(bag.Add(std::span(trees).first(1), std::vector<RowsOut>{{2}}).ok());
  EXPECT_DOUBLE_EQ(bag.Loss(), (1 + 1 + 64) / 3.0);
}

TEST(OutOfBag, OfClassesIsTheSquaredErrorOfTheirProbabilities) {
  Sample sample;
  sample.matrix = {2, 1, {-1, 1}};
  sample.classes = {0, 1};
  sample.class_weights = {1, 3};
  const TrainingSet set = sample.set();
  OutOfBag bag(set, 0, 2);
  const std::vector<GrownTree> trees = {Stump({0.75, 0.25, 0.5, 0.5})};
  ASSERT_TRUE(bag.Add(trees, std::vector<RowsOut>{{0, 1}}).ok());
  EXPECT_DOUBLE_EQ(bag.Loss(), (2 * 0.0625 + 3 * 2 * 0.25) / 4);
}

TEST(Plateau, EndsAfterSomeLossesThatAreNoLowerByTheShare) {
  Plateau plateau(3, 0.01);
  for (const double loss : {1.0, 0.5, 0.499, 0.498}) EXPECT_TRUE(plateau.Progresses(loss));
  EXPECT_FALSE(plateau.Progresses(0.4951));
  Plateau other(2, 0.01);
  for (const double loss : {1.0, 1.1, 0.9, 2.0}) EXPECT_TRUE(other.Progresses(loss));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(other.Progresses(std::nan(""))) << "tells nothing";
  EXPECT_FALSE(other.Progresses(2.0));
}

// Forests that stop: fewer trees than allowed, the same on any number of threads, and those that a
// forest of so many trees has.
TEST(EarlyStopping, EndsAForestOnThePlateau) {
  Random random(7);
  Sample sample = UniformSample(2000, 3, 2, &random);
  for (int64_t row = 0; row < 2000; ++row)
    sample.classes.push_back(sample.matrix.Column(0)[row] + random.Uniform() > 0.5 ? 1 : 0);
  const auto trainer = *MakeTrainer("random_forest");
  const Json options = {{"n_estimators", 1000}, {"max_depth", 5}};
  const auto one = trainer->Fit(sample.set(), options, {1, 1, true});
  const auto three = trainer->Fit(sample.set(), options, {1, 3, true});
  ASSERT_TRUE(one.ok() && three.ok());
  const auto& trees = std::get<model::TreeEnsemble>(one->scorer.body).trees;
  EXPECT_LT(trees.size(), 600U);
  EXPECT_GE(trees.size(), 60U);
  EXPECT_EQ(trees.size(), std::get<model::TreeEnsemble>(three->scorer.body).trees.size());
  ASSERT_EQ(one->notes.size(), 1U);
  EXPECT_NE(one->notes[0].find("of 1000 trees"), std::string::npos) << one->notes[0];
  const auto same =
      trainer->Fit(sample.set(), {{"n_estimators", trees.size()}, {"max_depth", 5}}, {1, 2, false});
  ASSERT_TRUE(same.ok());
  const auto& again = std::get<model::TreeEnsemble>(same->scorer.body).trees;
  for (size_t tree = 0; tree < trees.size(); ++tree)
    EXPECT_EQ(trees[tree].leaf_values, again[tree].leaf_values);
}

TEST(EarlyStopping, SaysWhereThereIsNothingToStop) {
  Random random(7);
  Sample sample = UniformSample(100, 3, 2, &random);
  for (int64_t row = 0; row < 100; ++row) sample.classes.push_back(row % 2 == 0 ? 1 : 0);
  const auto notes = [&](const char* name, const Json& options) {
    return (*MakeTrainer(name))->Fit(sample.set(), options, {1, 1, true})->notes;
  };
  EXPECT_EQ(
      notes("random_forest", {{"n_estimators", 20}, {"bootstrap", false}}),
      std::vector<std::string>{"nothing to stop early by: without bootstrap no row is out of bag"});
  EXPECT_EQ(notes("logistic_regression", Json::object()),
            std::vector<std::string>{"nothing to stop early: it does not learn in rounds"});
  EXPECT_EQ(notes("random_forest", {{"n_estimators", 20}}), std::vector<std::string>());
}

// Every tree draws the only row.
TEST(EarlyStopping, AForestWithoutRowsOutOfBagGrowsWhole) {
  Sample sample;
  sample.matrix = {1, 1, {0.5F}};
  sample.classes = {1};
  const auto fitted =
      (*MakeTrainer("random_forest"))->Fit(sample.set(), {{"n_estimators", 80}}, {1, 1, true});
  ASSERT_TRUE(fitted.ok()) << fitted.error().ToString();
  EXPECT_EQ(std::get<model::TreeEnsemble>(fitted->scorer.body).trees.size(), 80U);
  EXPECT_EQ(fitted->notes,
            std::vector<std::string>{"nothing to stop early by: no row that counts is out of bag"});
}

TEST(EarlyStopping, BoostingKeepsRowsToLearnFrom) {
  Random random(7);
  Sample sample = UniformSample(40, 3, 2, &random);
  for (int64_t row = 0; row < 40; ++row) sample.classes.push_back(row == 0 ? 1 : 0);
  const auto fit = [&](const Json& options) {
    return (*MakeTrainer("gradient_boosting"))->Fit(sample.set(), options, {1, 1, true});
  };
  // Half of one row rounds up to it; who learned from none of its class would never answer it.
  const auto half = fit({{"n_estimators", 5}, {"validation_fraction", 0.5}});
  ASSERT_TRUE(half.ok()) << half.error().ToString();
  EXPECT_NEAR(std::get<model::TreeEnsemble>(half->scorer.body).base[0], std::log(1.0 / 19), 0.01);
  // A hundredth of 39 rows is none.
  const auto none = fit({{"n_estimators", 30}, {"validation_fraction", 0.01}});
  ASSERT_TRUE(none.ok()) << none.error().ToString();
  EXPECT_EQ(std::get<model::TreeEnsemble>(none->scorer.body).trees.size(), 30U);
  EXPECT_EQ(none->notes,
            std::vector<std::string>{"nothing to stop early by: no row that counts is held out"});
}

}  // namespace
}  // namespace slipway::train
