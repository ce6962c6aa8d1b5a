#include "serve/prediction_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "serve/prediction_metrics.h"
#include "serve/service_testing_internal.h"

namespace slipway::serve {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

model::ModelSchema SchemaOf(std::vector<std::string> classes) {
  model::ModelSchema schema;
  schema.classes = std::move(classes);
  return schema;
}

// One row a pair of label and scores.
model::Predictions Classes(const std::vector<std::pair<int, std::vector<float>>>& rows) {
  model::Predictions predictions =
      model::Predictions::Make(std::ssize(rows), static_cast<int>(rows.front().second.size()));
  predictions.labels.clear();
  predictions.scores.clear();
  for (const auto& [label, scores] : rows) {
    predictions.labels.push_back(label);
    predictions.scores.insert(predictions.scores.end(), scores.begin(), scores.end());
  }
  return predictions;
}

model::Predictions Estimates(const std::vector<double>& values) {
  model::Predictions predictions = model::Predictions::Make(std::ssize(values), 0);
  predictions.values = values;
  return predictions;
}

// Of a model of two classes that is as sure as this of the second.
model::Predictions Shares(const std::vector<float>& shares) {
  std::vector<std::pair<int, std::vector<float>>> rows;
  for (const float share : shares) rows.push_back({share >= 0.5F ? 1 : 0, {1 - share, share}});
  return Classes(rows);
}

TEST(PredictionCountsTest, TwoClassesByLabelConfidenceAndTheSecondsProbability) {
  PredictionCounts counts(SchemaOf({"no", "yes"}), {}, 2);
  counts.Count(0, Classes({{0, {0.75F, 0.25F}}, {1, {0.25F, 0.75F}}}));
  // By a threshold the label need not be the likelier class.
  counts.Count(1, Classes({{1, {0.625F, 0.375F}}}));
  const PredictionSum sum = counts.Sum();
  EXPECT_THAT(sum.classes, ElementsAre(1, 2));
  EXPECT_EQ(sum.rows(), 3);
  EXPECT_DOUBLE_EQ(sum.confidence, 0.75 + 0.75 + 0.375);
  EXPECT_DOUBLE_EQ(sum.score, 0.25 + 0.75 + 0.375);
  ASSERT_THAT(sum.scores, SizeIs(kScoreBuckets));
  EXPECT_EQ(sum.scores[4], 1);   // (0.2, 0.25]
  EXPECT_EQ(sum.scores[7], 1);   // (0.35, 0.4]
  EXPECT_EQ(sum.scores[14], 1);  // (0.7, 0.75]
  EXPECT_EQ(sum.scored(), 3);
}

TEST(PredictionCountsTest, OfMoreClassesTheScoreIsThePredictedOnes) {
  PredictionCounts counts(SchemaOf({"a", "b", "c"}), {}, 1);
  counts.Count(0, Classes({{2, {0.25F, 0.125F, 0.625F}}, {0, {1, 0, 0}}}));
  const PredictionSum sum = counts.Sum();
  EXPECT_THAT(sum.classes, ElementsAre(1, 0, 1));
  EXPECT_DOUBLE_EQ(sum.confidence, 1.625);
  EXPECT_DOUBLE_EQ(sum.score, 1.625);
  EXPECT_EQ(sum.scores[12], 1);
  EXPECT_EQ(sum.scores[19], 1);
}

TEST(PredictionCountsTest, ManyClassesHaveACountEach) {
  constexpr int kClasses = 300;
  PredictionCounts counts(SchemaOf(std::vector<std::string>(kClasses, "x")), {}, 1);
  for (int cls = 0; cls < kClasses; ++cls) {
    std::vector<float> scores(kClasses);
    scores[static_cast<size_t>(cls)] = 1;
    counts.Count(0, Classes({{cls, scores}}));
  }
  EXPECT_THAT(counts.Sum().classes, Each(1));
  EXPECT_EQ(counts.Sum().rows(), kClasses);
}

// A probability that is answered as 0.15 is not above the bound 0.15, though the float is above the
// double; and the next float is.
TEST(PredictionCountsTest, ABucketHasItsUpperBoundAsItIsWritten) {
  PredictionCounts counts(SchemaOf({"no", "yes"}), {}, 1);
  ASSERT_THAT(counts.bounds(), SizeIs(kScoreBuckets - 1));
  for (size_t i = 0; i < counts.bounds().size(); ++i) {
    const auto bound = static_cast<float>(counts.bounds()[i]);
    EXPECT_DOUBLE_EQ(counts.bounds()[i], 0.05 * static_cast<double>(i + 1));
    PredictionCounts one(SchemaOf({"no", "yes"}), {}, 1);
    one.Count(0, Shares({std::nextafter(bound, 0.0F), bound, std::nextafter(bound, 1.0F)}));
    EXPECT_EQ(one.Sum().scores[i], 2) << bound;
    EXPECT_EQ(one.Sum().scores[i + 1], 1) << bound;
  }
  counts.Count(0, Shares({0, 1}));
  EXPECT_EQ(counts.Sum().scores.front(), 1);
  EXPECT_EQ(counts.Sum().scores.back(), 1);
}

TEST(PredictionCountsTest, EstimatesByTheBoundsThatThereAre) {
  const std::vector<double> bounds = {-1, 0, 2.5};
  PredictionCounts counts(SchemaOf({}), bounds, 1);
  counts.Count(0, Estimates({-7, -1, -0.5, 0, 2.5, 2.6, 1e300}));
  const PredictionSum sum = counts.Sum();
  EXPECT_THAT(sum.scores, ElementsAre(2, 2, 1, 2));
  EXPECT_THAT(sum.classes, ElementsAre());
  EXPECT_EQ(sum.rows(), 7);
  EXPECT_DOUBLE_EQ(sum.score, 1e300);
  PredictionCounts none(SchemaOf({}), {}, 1);
  none.Count(0, Estimates({1, 2}));
  EXPECT_THAT(none.Sum().scores, ElementsAre(2));
}

TEST(PredictionCountsTest, WhatIsNoFiniteNumberSpoilsNoSum) {
  PredictionCounts numbers(SchemaOf({}), std::vector<double>{0}, 1);
  numbers.Count(0, Estimates({std::nan(""), kInfinity, -kInfinity, 1}));
  EXPECT_EQ(numbers.Sum().not_finite, 3);
  EXPECT_EQ(numbers.Sum().rows(), 4);
  EXPECT_EQ(numbers.Sum().score, 1);
  EXPECT_THAT(numbers.Sum().scores, ElementsAre(0, 1));
  PredictionCounts classes(SchemaOf({"no", "yes"}), {}, 1);
  classes.Count(0, Classes({{0, {1, std::nanf("")}}, {0, {std::nanf(""), 1}}, {1, {0, 1}}}));
  EXPECT_EQ(classes.Sum().not_finite, 2);
  EXPECT_THAT(classes.Sum().classes, ElementsAre(2, 1));
  EXPECT_EQ(classes.Sum().confidence, 1);
  EXPECT_EQ(classes.Sum().scored(), 1);
}

TEST(PredictionCountsTest, WhatIsNoProbabilityCountsAtTheEnd) {
  PredictionCounts counts(SchemaOf({"no", "yes"}), {}, 1);
  counts.Count(0, Classes({{1, {-3, 4}}, {0, {4, -3}}}));
  EXPECT_EQ(counts.Sum().scores.front(), 1);
  EXPECT_EQ(counts.Sum().scores.back(), 1);
}

TEST(PredictionCountsTest, WhoReadsMeanwhileSeesNoMeanAboveOne) {
  constexpr int kRounds = 20'000;
  PredictionCounts counts(SchemaOf({"no", "yes"}), {}, 2);
  const model::Predictions sure = Shares({0, 1});
  std::vector<std::jthread> threads;
  for (int shard = 0; shard < 2; ++shard) {
    threads.emplace_back([&, shard] {
      for (int round = 0; round < kRounds; ++round) counts.Count(shard, sure);
    });
  }
  for (int look = 0; look < 1000; ++look) {
    const PredictionSum sum = counts.Sum();
    EXPECT_LE(sum.confidence, static_cast<double>(sum.rows()));
    EXPECT_LE(sum.scored(), sum.rows());
  }
  threads.clear();
  EXPECT_EQ(counts.Sum().rows(), 4 * kRounds);
  EXPECT_EQ(counts.Sum().confidence, 4 * kRounds);
}

std::shared_ptr<const ServedModel> Served(const std::string& version, bool regression = false,
                                          std::vector<double> bounds = {}) {
  LoadedModel loaded = AgeModel("a \"b\"", version, "sha256:" + version);
  if (regression) loaded.model.schema.classes.clear();
  loaded.prediction_bounds = std::move(bounds);
  return std::make_shared<const ServedModel>(std::move(loaded));
}

TEST(PredictionMetricsTest, TheJsonIsTheContracts) {
  PredictionMetrics metrics({}, 1);
  const std::vector models = {Served("1"), Served("2", true, {1, 2.5})};
  metrics.Of(models[0])->Count(0, Classes({{1, {0.25F, 0.75F}}, {0, {1, 0}}}));
  metrics.Of(models[1])->Count(0, Estimates({2, 3, 3}));
  const Json told = metrics.ToJson(models);
  ASSERT_EQ(told.size(), 2U);
  Json scores = told[0]["scores"];
  EXPECT_EQ(scores["bounds"].size(), 19U);
  EXPECT_EQ(CompactJson(scores["bounds"]).substr(0, 15), "[0.05,0.1,0.15,");
  EXPECT_EQ(scores["counts"].size(), 20U);
  Json first = told[0];
  first.erase("scores");
  EXPECT_EQ(CompactJson(first),
            R"({"model":"a \"b\"","version":"1","digest":"sha256:1","rows":2,"not_finite":0,)"
            R"("classes":{"young":1,"old":1},"confidence_sum":1.75,"mean_confidence":0.875})");
  EXPECT_EQ(CompactJson(told[1]),
            R"({"model":"a \"b\"","version":"2","digest":"sha256:2","rows":3,"not_finite":0,)"
            R"("scores":{"bounds":[1.0,2.5],"counts":[0,1,2],"sum":8.0}})");
}

TEST(PredictionMetricsTest, OfNoRowsThereIsNoMean) {
  PredictionMetrics metrics({}, 1);
  const Json told = metrics.ToJson(std::vector{Served("1")});
  EXPECT_EQ(told[0]["rows"], 0);
  EXPECT_EQ(told[0]["confidence_sum"], 0);
  EXPECT_FALSE(told[0].contains("mean_confidence"));
}

TEST(PredictionMetricsTest, ThePrometheusTextIsCumulative) {
  PredictionMetrics metrics({}, 1);
  const std::vector models = {Served("1"), Served("2", true, {1, 2.5})};
  metrics.Of(models[0])->Count(0, Classes({{1, {0.25F, 0.75F}}}));
  metrics.Of(models[1])->Count(0, Estimates({2, 3, 3}));
  std::string text;
  metrics.AppendPrometheus(models, &text);
  const std::string first = R"(model="a \"b\"",version="1")",
                    second = R"(model="a \"b\"",version="2")";
  for (const std::string& line : {"slipway_predictions_total{" + first + ",class=\"young\"} 0\n",
                                  "slipway_predictions_total{" + first + ",class=\"old\"} 1\n",
                                  "slipway_prediction_confidence_sum{" + first + "} 0.75\n",
                                  "slipway_prediction_confidence_count{" + first + "} 1\n",
                                  "slipway_prediction_score_bucket{" + first + ",le=\"0.7\"} 0\n",
                                  "slipway_prediction_score_bucket{" + first + ",le=\"0.75\"} 1\n",
                                  "slipway_prediction_score_bucket{" + first + ",le=\"+Inf\"} 1\n",
                                  "slipway_prediction_score_bucket{" + second + ",le=\"1\"} 0\n",
                                  "slipway_prediction_score_bucket{" + second + ",le=\"2.5\"} 1\n",
                                  "slipway_prediction_score_bucket{" + second + ",le=\"+Inf\"} 3\n",
                                  "slipway_prediction_score_sum{" + second + "} 8\n",
                                  "slipway_prediction_score_count{" + second + "} 3\n",
                                  "slipway_predictions_not_finite_total{" + second + "} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("slipway_predictions_total{" + second)));
  EXPECT_THAT(text, Not(HasSubstr("slipway_prediction_confidence_sum{" + second)));
  std::string none;
  metrics.AppendPrometheus({}, &none);
  EXPECT_EQ(none, "");
}

TEST(PredictionMetricsTest, ToldBoundsStandInThePlaceOfARegressionsOwn) {
  PredictionMetrics metrics({10, 20}, 1);
  EXPECT_THAT(metrics.Of(Served("1", true, {1, 2.5}))->bounds(), ElementsAre(10, 20));
  EXPECT_THAT(metrics.Of(Served("1"))->bounds(), SizeIs(kScoreBuckets - 1));
}

TEST(PredictionMetricsTest, CountsLiveAsLongAsTheModel) {
  PredictionMetrics metrics({}, 1);
  auto model = Served("1");
  metrics.Of(model)->Count(0, Shares({1}));
  const auto other = Served("1");
  EXPECT_EQ(metrics.Of(other)->Sum().rows(), 0);
  EXPECT_EQ(metrics.Of(model)->Sum().rows(), 1);
  const std::weak_ptr<const ServedModel> gone = model;
  model = nullptr;
  EXPECT_TRUE(gone.expired());
}

}  // namespace
}  // namespace slipway::serve
