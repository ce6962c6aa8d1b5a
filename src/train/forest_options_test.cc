#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "train/forest_options_internal.h"

namespace slipway::train {
namespace {

using ::testing::HasSubstr;

Json Parsed(const char* text) { return Json::parse(text); }

TEST(ForestOptions, DefaultsAreThoseOfScikitLearn) {
  const auto options = ParseForestOptions(Json::object());
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->n_estimators, 100);
  EXPECT_EQ(options->max_depth, 0);
  const auto plan = PlanForest(*options, {1000, 20}, {9, 2});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->trees, 100);
  EXPECT_EQ(plan->features_per_node, 4);  // int(sqrt(20))
  EXPECT_EQ(plan->samples_per_tree, 1000);
  EXPECT_EQ(plan->min_split, 2);
  EXPECT_EQ(plan->min_leaf, 1);
  EXPECT_TRUE(plan->bootstrap);
  EXPECT_EQ(plan->seed, 9U);
  EXPECT_EQ(plan->threads, 2);
}

TEST(ForestOptions, AllMistakesAreToldAtOnce) {
  const auto options = ParseForestOptions(Parsed(
      R"({"n_estimator": 10, "max_depth": -1, "criterion": "chi2", "max_features": "auto",
          "bootstrap": "yes", "min_samples_split": 1, "n_jobs": 0, "random_state": -3})"));
  ASSERT_FALSE(options.ok());
  const Error& error = options.error();
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(error.others().size(), 7U);
  const std::string text = error.Render();
  EXPECT_THAT(text, HasSubstr("model.hyperparameters.n_estimator: random_forest has no such "
                              "hyper-parameter; expected one of n_estimators, criterion"));
  EXPECT_THAT(text, HasSubstr("try n_estimators"));
  EXPECT_THAT(text, HasSubstr("max_depth: -1 can't be used; expected a whole number from 1"));
  EXPECT_THAT(text, HasSubstr("criterion: \"chi2\" can't be used; expected \"gini\", \"entropy\""));
  EXPECT_THAT(text, HasSubstr("max_features: \"auto\""));
}

TEST(ForestOptions, PythonsNoneIsExplained) {
  const auto options = ParseForestOptions(Parsed(R"({"max_depth": "None"})"));
  ASSERT_FALSE(options.ok());
  EXPECT_THAT(options.error().ToString(), HasSubstr("try null"));
  const auto count = ParseForestOptions(Parsed(R"({"n_estimators": "None"})"));
  ASSERT_FALSE(count.ok());
  EXPECT_THAT(count.error().hint(), "");
}

TEST(ForestOptions, UnusableValues) {
  for (const char* text :
       {R"({"n_estimators": 0})", R"({"n_estimators": 10.5})", R"({"n_estimators": "10"})",
        R"({"n_estimators": 18446744073709551615})", R"({"max_leaf_nodes": 1})",
        R"({"max_samples": 1.5})", R"({"max_samples": 0})", R"({"min_samples_leaf": 1.0})",
        R"({"min_weight_fraction_leaf": 0.6})", R"({"min_impurity_decrease": -0.1})",
        R"({"max_bins": 1})", R"({"random_state": 4294967296})",
        R"({"class_weight": "balanced_subsample"})", R"({"class_weight": {"1": "x"}})",
        R"({"max_samples": 0.5, "bootstrap": false})", R"([1])"}) {
    EXPECT_FALSE(ParseForestOptions(Parsed(text)).ok()) << text;
  }
}

// Expected values are those of scikit-learn 1.9's _get_n_samples_bootstrap and
// BaseDecisionTree.fit.
TEST(ForestOptions, CountsAndSharesComeToWhatScikitLearnMakesOfThem) {
  const auto options = ParseForestOptions(
      Parsed(R"({"max_features": 0.3, "max_samples": 0.2507, "min_samples_split": 0.011,
                 "min_samples_leaf": 0.0101, "random_state": 42, "max_leaf_nodes": 31})"));
  ASSERT_TRUE(options.ok());
  const auto plan = PlanForest(*options, {1001, 7}, {9, 4});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->features_per_node, 2);   // int(2.1)
  EXPECT_EQ(plan->samples_per_tree, 250);  // int(250.95)
  EXPECT_EQ(plan->min_leaf, 11);           // ceil(10.1)
  EXPECT_EQ(plan->min_split, 12);          // ceil(11.01)
  EXPECT_EQ(plan->seed, 42U);
  EXPECT_EQ(plan->max_leaves, 31);
}

TEST(ForestOptions, EveryNameOfACriterion) {
  for (const auto& [name, criterion] : {std::pair{"gini", Criterion::kGini},
                                        {"entropy", Criterion::kEntropy},
                                        {"log_loss", Criterion::kEntropy}}) {
    const auto options = ParseForestOptions(Json{{"criterion", name}});
    ASSERT_TRUE(options.ok());
    EXPECT_EQ(PlanForest(*options, {10, 3}, {0, 1})->criterion, criterion);
  }
}

// What RandomForestClassifier().get_params() says.
TEST(ForestOptions, TakesScikitLearnsDefaults) {
  EXPECT_TRUE(ParseForestOptions(Parsed(R"({"ccp_alpha": 0.0, "oob_score": false, "verbose": 0,
      "warm_start": false, "monotonic_cst": null, "criterion": "gini", "max_features": "sqrt"})"))
                  .ok());
  EXPECT_FALSE(ParseForestOptions(Parsed(R"({"ccp_alpha": 0.1})")).ok());
}

TEST(ForestOptions, FeatureRules) {
  const auto features = [](const char* text, int64_t columns) {
    return PlanForest(*ParseForestOptions(Json{{"max_features", Parsed(text)}}), {100, columns},
                      {0, 1})
        ->features_per_node;
  };
  EXPECT_EQ(features("null", 9), 9);
  EXPECT_EQ(features("\"log2\"", 9), 3);
  EXPECT_EQ(features("\"log2\"", 1), 1);
  EXPECT_EQ(features("4", 9), 4);
  EXPECT_EQ(features("40", 9), 9);
  EXPECT_EQ(features("1.0", 9), 9);
  EXPECT_EQ(features("0.01", 9), 1);
}

TEST(ForestOptions, JobsLimitThreads) {
  const auto threads = [](int jobs) {
    return PlanForest(*ParseForestOptions(Json{{"n_jobs", jobs}}), {100, 3}, {0, 4})->threads;
  };
  EXPECT_EQ(threads(-1), 4);
  EXPECT_EQ(threads(-2), 3);
  EXPECT_EQ(threads(-99), 1);
  EXPECT_EQ(threads(1), 1);
  EXPECT_EQ(threads(16), 4);
}

TEST(ForestOptions, BinsFitAByteUnlessTold) {
  const auto bins = [](const char* text) {
    return PlanForest(*ParseForestOptions(Json{{"max_bins", Parsed(text)}}), {500, 3}, {0, 1})
        ->max_bins;
  };
  EXPECT_EQ(bins("null"), 256);
  EXPECT_EQ(bins("1000"), 1000);
}

TEST(ForestOptions, MoreSamplesThanRows) {
  const auto plan =
      PlanForest(*ParseForestOptions(Parsed(R"({"max_samples": 2000})")), {1000, 3}, {0, 1});
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().ToString(), HasSubstr("2,000 rows a tree, and training has 1,000"));
}

}  // namespace
}  // namespace slipway::train
