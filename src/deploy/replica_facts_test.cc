// What replicas tell: golden answers, counts that grow over restarts, what is seen from outside.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "core/counting.h"
#include "core/replace_file.h"
#include "deploy/counts.h"
#include "deploy/golden_requests.h"
#include "deploy/model_totals.h"
#include "deploy/sight.h"

namespace slipway::deploy {
namespace {

constexpr const char* kGolden =
    "{\"input\":{\"x\":1.5},\"label\":1,\"probabilities\":{\"0\":0.25,\"1\":0.75}}\n"
    "{\"input\":{\"x\":2.5},\"label\":0,\"probabilities\":{\"0\":0.9,\"1\":0.1}}\n";

TEST(GoldenRequestsTest, AsksForTheRowsAndKnowsTheirAnswers) {
  const auto requests = ReadGoldenRequests(kGolden, 10);
  ASSERT_TRUE(requests.ok());
  ASSERT_EQ(requests->size(), 2U);
  const GoldenRequest& first = requests->front();
  EXPECT_EQ(first.body, "{\"instances\":[{\"x\":1.5}]}");
  EXPECT_EQ(first.Mistake(200, R"({"predictions":[1],"probabilities":[{"0":0.25,"1":0.75}]})"), "");
  EXPECT_EQ(first.Mistake(200, R"({"predictions":[0],"probabilities":[{"0":0.25,"1":0.75}]})"),
            "predicted 0 instead of 1");
  EXPECT_EQ(first.Mistake(200, R"({"predictions":[1],"probabilities":[{"0":0.3,"1":0.7}]})"),
            "gave class 0 a probability of 0.3 instead of 0.25");
  EXPECT_EQ(first.Mistake(503, "{\"error\":\"busy\"}"), "answered 503 {\"error\":\"busy\"}");
  EXPECT_EQ(first.Mistake(200, "nonsense"), "answered what is no JSON object");
  EXPECT_NE(first.Mistake(200, "{}"), "");
}

TEST(GoldenRequestsTest, TakesEstimatesOfARegressionAndRefusesOtherRows) {
  const auto requests = ReadGoldenRequests("{\"input\":{\"x\":1},\"prediction\":12.5}\n", 1);
  ASSERT_TRUE(requests.ok());
  EXPECT_EQ(requests->front().Mistake(200, R"({"predictions":[12.5000001]})"), "");
  EXPECT_NE(requests->front().Mistake(200, R"({"predictions":[12.6]})"), "");
  EXPECT_FALSE(ReadGoldenRequests("{\"input\":{}}\n", 1).ok());
  EXPECT_FALSE(ReadGoldenRequests("nonsense", 1).ok());
}

Json MetricsOf(const std::string& instance, int64_t zeros, int64_t ones) {
  return {
      {"instance", instance},
      {"predictions", Json::array({{{"version", "3"},
                                    {"classes", {{"0", zeros}, {"1", ones}}},
                                    {"confidence_sum", 0.5 * static_cast<double>(zeros + ones)}}})},
      {"feedback", Json::array({{{"matched", ones}, {"correct", ones / 2}}})}};
}

TEST(ModelTotalsTest, GrowOverRestartsAndReplicasThatGo) {
  ModelTotals totals;
  totals.Take(7, "r7-1", ReadReplicaCounts(MetricsOf("a", 10, 4)));
  totals.Take(7, "r7-2", ReadReplicaCounts(MetricsOf("b", 5, 0)));
  totals.Take(7, "r7-1", ReadReplicaCounts(MetricsOf("a", 12, 4)));
  // It began anew: what it tells now came on top.
  totals.Take(7, "r7-1", ReadReplicaCounts(MetricsOf("c", 3, 2)));
  const ModelCounts& sum = totals.totals().at(7);
  EXPECT_EQ(sum.predictions.at("0"), 12 + 5 + 3);
  EXPECT_EQ(sum.predictions.at("1"), 4 + 2);
  EXPECT_EQ(sum.labelled, 6);
  EXPECT_EQ(sum.correct, 3);
  EXPECT_DOUBLE_EQ(sum.confidence_sum, 0.5 * (16 + 5 + 5));
}

// In the epoch that was named to the replica; 0: none was.
Json LabelsOf(const std::string& instance, int64_t epoch, int64_t all, int64_t in_epoch) {
  Json feedback = {{"matched", all}, {"correct", all}, {"labels", {{"1", all}}}};
  if (epoch != 0) {
    feedback["in_epoch"] = {{"epoch", epoch},
                            {"matched", in_epoch},
                            {"correct", in_epoch / 2},
                            {"labels", {{"1", in_epoch}}}};
  }
  return {{"instance", instance}, {"feedback", Json::array({std::move(feedback)})}};
}

TEST(ModelTotalsTest, LabelsOfAnEpochAreCountedOnce) {
  ModelTotals totals;
  const auto take = [&](const char* instance, int64_t epoch, int64_t all, int64_t in_epoch) {
    totals.Take(7, "r7-1", ReadReplicaCounts(LabelsOf(instance, epoch, all, in_epoch)));
    return totals.totals().at(7).in_epoch.labelled;
  };
  EXPECT_EQ(take("a", 0, 100, 0), 0);
  EXPECT_EQ(take("a", 5, 110, 4), 4);
  EXPECT_EQ(take("a", 5, 120, 10), 10);
  // Another begins with nothing, also where it has more at its first look than the one before.
  EXPECT_EQ(take("a", 6, 140, 12), 22);
  // None was named in between.
  EXPECT_EQ(take("a", 0, 150, 0), 22);
  EXPECT_EQ(take("a", 6, 160, 14), 24);
  // Another process knows of no epoch before it is named.
  EXPECT_EQ(take("b", 6, 3, 3), 27);
  const ModelCounts& sum = totals.totals().at(7);
  EXPECT_EQ(sum.labelled, 163);
  EXPECT_EQ(sum.in_epoch.correct, 5 + 6 + 1 + 1);
  EXPECT_EQ(sum.in_epoch.labels.at("1"), 27);
}

TEST(ModelTotalsTest, SumsOfErrorsThatAreNoNumbersAreNone) {
  const auto read = [](const Json& squares) {
    return ReadReplicaCounts({{"instance", "a"},
                              {"feedback", Json::array({{{"matched", 0},
                                                         {"in_epoch",
                                                          {{"epoch", 3},
                                                           {"matched", 20},
                                                           {"absolute_error_sum", 40},
                                                           {"squared_error_sum", squares}}}}})}})
        .counts.in_epoch.errors;
  };
  EXPECT_EQ(read(90), (analysis::NumberSums{20, 40, 90}));
  EXPECT_EQ(read(Json()), analysis::NumberSums{});
  EXPECT_EQ(read("inf"), analysis::NumberSums{});
}

TEST(ModelTotalsTest, ALabelThatIsCorrectedCountsAsItIsNow) {
  const auto metrics = [](int64_t correct) {
    return Json{{"instance", "a"},
                {"feedback", Json::array({{{"matched", 10}, {"correct", correct}}})}};
  };
  ModelTotals totals;
  totals.Take(7, "r7-1", ReadReplicaCounts(metrics(9)));
  totals.Take(7, "r7-1", ReadReplicaCounts(metrics(2)));
  EXPECT_EQ(totals.totals().at(7).labelled, 10);
  EXPECT_EQ(totals.totals().at(7).correct, 2);
  // Of trials none was new.
  const ModelCounts before{.labelled = 10, .correct = 9}, now{.labelled = 10, .correct = 2};
  EXPECT_EQ(Since(before, now).correct, 0);
  EXPECT_EQ(Change(before, now).correct, -7);
}

TEST(ModelTotalsTest, ARegressionIsCountedByItsBuckets) {
  const ReplicaCounts read = ReadReplicaCounts(
      {{"instance", "a"},
       {"predictions",
        Json::array({{{"scores", {{"bounds", {1.5, 2.5}}, {"counts", {1, 2, 3}}}}}})}});
  EXPECT_EQ(read.counts.predictions.at("≤ 1.5"), 1);
  EXPECT_EQ(read.counts.predictions.at("above"), 3);
  EXPECT_TRUE(ReadReplicaCounts(Json::array()).counts.predictions.empty());
  EXPECT_TRUE(ReadReplicaCounts({{"predictions", 5}}).counts.predictions.empty());
}

TEST(CountsTest, NumbersAreComparedByTheSameBucketsOnly) {
  const ClassCounts one = {{BucketUpTo(1.5), 1}, {BucketUpTo(2), 2}, {kBucketAbove, 0}};
  EXPECT_TRUE(AreCountedAlike(one, {{"≤ 1.5", 7}, {"≤ 2.0", 0}, {"above", 9}}));
  EXPECT_FALSE(AreCountedAlike(one, {{"≤ 1.5", 7}, {"≤ 2.5", 0}, {"above", 9}}));
  EXPECT_FALSE(AreCountedAlike(one, {{"above", 9}}));
  // Classes of which one side has seen more.
  EXPECT_TRUE(AreCountedAlike({{"no", 1}, {"above", 1}}, {{"no", 1}}));
  EXPECT_TRUE(AreCountedAlike(one, {}));
}

TEST(CountsTest, WhatCameSinceCountsFromZeroWhereAProcessBeganAnew) {
  const SetCounts before{.set = 1, .requests = 100, .errors = 7};
  EXPECT_EQ(Since(before, {.set = 1, .requests = 130, .errors = 9}).requests, 30);
  EXPECT_EQ(Since(before, {.set = 1, .requests = 130, .errors = 9}).errors, 2);
  EXPECT_EQ(Since(before, {.set = 1, .requests = 20, .errors = 1}).requests, 20);
  EXPECT_EQ(Since(before, {.set = 1, .requests = 20, .errors = 1}).errors, 1);
}

TEST(CountsTest, AreReadBackTheSame) {
  SetCounts counts{.set = 3, .requests = 5, .errors = 1, .client_errors = 2};
  counts.latencies.resize(LatencyBuckets::kCount);
  counts.latencies[17] = 4;
  const auto read = SetCountsFromJson(ToJson(counts));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->latencies, counts.latencies);
  EXPECT_EQ(read->client_errors, 2);
  EXPECT_FALSE(SetCountsFromJson(Json::object()).ok());
  EXPECT_FALSE(SetCountsFromJson({{"requests", 1}, {"latencies", {{99999, 1}}}}).ok());
}

TEST(CountsTest, PercentilesAreThoseOfTheBuckets) {
  std::vector<int64_t> latencies(LatencyBuckets::kCount);
  latencies[LatencyBuckets::IndexOf(10'000'000)] = 95;
  latencies[LatencyBuckets::IndexOf(80'000'000)] = 5;
  EXPECT_NEAR(Percentile(latencies, 0.5), 10, 0.2);
  EXPECT_NEAR(Percentile(latencies, 0.99), 80, 1.6);
  EXPECT_EQ(Percentile({}, 0.5), 0);
}

TEST(SightTest, RatesAreOfTheLastSecondsAndBeginAnewWithTheSplitter) {
  RateMeter meter(5);
  Observed seen;
  seen.now_ms = 1000;
  seen.traffic = Traffic{{}, "a", {{.set = 1, .requests = 100, .errors = 0}}};
  EXPECT_TRUE(meter.Take(seen).empty());
  seen.now_ms = 3000;
  seen.traffic->sets[0] = {.set = 1, .requests = 300, .errors = 20};
  const auto rates = meter.Take(seen);
  ASSERT_EQ(rates.size(), 1U);
  EXPECT_DOUBLE_EQ(rates[0].requests_per_second, 100);
  EXPECT_DOUBLE_EQ(rates[0].error_rate, 0.1);
  seen.now_ms = 4000;
  seen.traffic->instance = "b";
  seen.traffic->sets[0] = {.set = 1, .requests = 10};
  EXPECT_TRUE(meter.Take(seen).empty());
}

TEST(SightTest, IsReadBackAsItWasWritten) {
  const std::string folder = testing::TempDir() + "sight-" + RandomName();
  std::filesystem::create_directories(folder);
  const auto nothing = ReadSight(folder);
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->has_value());
  Sight sight;
  sight.at_ms = 5;
  sight.address = "http://127.0.0.1:8080";
  sight.observed.sets.push_back({.set = 2, .running = 3, .ready = 2, .trouble = "why"});
  sight.observed.traffic = Traffic{{.shares = {{2, 100}}}, "", {}};
  sight.rates.push_back({2, 10, std::nan(""), 4});
  ASSERT_TRUE(WriteSight(folder, sight).ok());
  const auto read = ReadSight(folder);
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_EQ((*read)->observed.sets[0].trouble, "why");
  EXPECT_EQ((*read)->observed.traffic->in_force.WeightOf(2), 100);
  EXPECT_TRUE(std::isnan((*read)->rates[0].error_rate));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace slipway::deploy
