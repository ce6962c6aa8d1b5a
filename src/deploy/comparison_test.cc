#include "deploy/comparison.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace slipway::deploy {
namespace {

using ::testing::HasSubstr;

// What is told of the predictions of two versions that are counted so, batch by batch; "" of none.
std::string ToldOf(const ClassCounts& stable, const ClassCounts& canary) {
  Result<Comparison> comparison = Comparison::Make(ComparisonSettings{}, 0.01);
  EXPECT_TRUE(comparison.ok());
  for (int batch = 0; batch < 50; ++batch) {
    const Status observed =
        comparison->ObserveModels({.predictions = stable}, {.predictions = canary});
    EXPECT_TRUE(observed.ok());
  }
  comparison = Comparison::FromJson(comparison->ToJson(), ComparisonSettings{}, 0.01);
  EXPECT_TRUE(comparison.ok());
  for (const Harm& harm : comparison->Harms())
    if (harm.metric == "predictions") return harm.text;
  return "";
}

TEST(Comparison, PredictionsOfARegressionAreComparedByTheirBuckets) {
  const ClassCounts known = {{"≤ 1.5", 20}, {"≤ 2.5", 20}, {"above", 20}};
  EXPECT_THAT(ToldOf(known, known), HasSubstr("predictions differ by > 10 points: no (e"));
  EXPECT_THAT(ToldOf(known, {{"≤ 1.5", 0}, {"≤ 2.5", 20}, {"above", 40}}),
              HasSubstr("predictions differ by > 10 points: yes"));
  // By other buckets the same numbers would look different.
  EXPECT_THAT(ToldOf(known, {{"≤ 1.6", 20}, {"≤ 2.6", 20}, {"above", 20}}),
              HasSubstr("can't be compared"));
}

// Feedback on a regression whose errors are exponential, of that mean.
class MeanErrorTest : public testing::Test {
 protected:
  // How often out of `rollouts` the version was told worse at one of 20 looks. From the 10th on it
  // has most of the traffic, and all errors are `later` times as large.
  static int Told(double stable_mean, double canary_mean, int rollouts, double later = 1) {
    Random random(7);
    int told = 0;
    for (int rollout = 0; rollout < rollouts; ++rollout) {
      Result<Comparison> comparison = Comparison::Make(ComparisonSettings{}, 0.05 / 3);
      EXPECT_TRUE(comparison.ok());
      bool worse = false;
      for (int look = 0; look < 20; ++look) {
        const bool is_late = look >= 10;
        const double level = is_late ? later : 1;
        const LabelCounts stable{.errors = Sums(is_late ? 30 : 180, level * stable_mean, &random)};
        const LabelCounts canary{.errors = Sums(is_late ? 180 : 30, level * canary_mean, &random)};
        EXPECT_TRUE(comparison->ObserveModels({.in_epoch = stable}, {.in_epoch = canary}).ok());
        worse |= comparison->IsWorseBy("accuracy");
      }
      told += worse ? 1 : 0;
    }
    return told;
  }

 private:
  static analysis::NumberSums Sums(int64_t count, double mean, Random* random) {
    analysis::NumberSums sums{.count = count};
    for (int64_t i = 0; i < count; ++i) {
      const double error = -mean * std::log1p(-random->Uniform());
      sums.sum += error;
      sums.squares += error * error;
    }
    return sums;
  }
};

TEST_F(MeanErrorTest, WithinTheMarginIsSeldomTold) {
  EXPECT_LE(Told(10, 10, 400), 4);
  EXPECT_LE(Told(10, 11, 400), 20);  // 5 %.
}

TEST_F(MeanErrorTest, BeyondTheMarginIsTold) { EXPECT_GE(Told(10, 15, 100), 95); }

// All labels together would compare most of the one version's late errors with the other's early
// ones.
TEST_F(MeanErrorTest, AnotherLevelInAnotherStageIsNoDifference) {
  EXPECT_LE(Told(10, 10, 400, 2), 4);
  EXPECT_LE(Told(10, 11, 400, 2), 20);
  EXPECT_GE(Told(10, 15, 100, 0.5), 95);
}

TEST_F(MeanErrorTest, CorrectedLabelsCountAsTheyAreInTheEnd) {
  Result<Comparison> comparison = Comparison::Make(ComparisonSettings{}, 0.01);
  ASSERT_TRUE(comparison.ok());
  const LabelCounts few{.errors = {.count = 10, .sum = 5000, .squares = 5e6}};
  const LabelCounts corrected{.errors = {.count = 0, .sum = -4900, .squares = -4.9e6}};
  const LabelCounts enough{.errors = {.count = 100, .sum = 1000, .squares = 20'000}};
  for (const LabelCounts& canary : {few, corrected, enough}) {
    const ModelCounts more{.in_epoch = Since(LabelCounts{}, canary)};
    ASSERT_TRUE(comparison->ObserveModels({.in_epoch = enough}, more).ok());
  }
  ASSERT_EQ(comparison->Harms().size(), 1U);
  EXPECT_NEAR(comparison->Harms().front().evidence["mae"].get<double>(), 10, 0.01);
}

TEST_F(MeanErrorTest, IsToldInWords) {
  Result<Comparison> comparison = Comparison::Make(ComparisonSettings{}, 0.01);
  ASSERT_TRUE(comparison.ok());
  const LabelCounts stable{.errors = {.count = 300, .sum = 3000, .squares = 40'000}};
  const LabelCounts canary{.errors = {.count = 100, .sum = 2000, .squares = 50'000}};
  ASSERT_TRUE(comparison->ObserveModels({.in_epoch = stable}, {.in_epoch = canary}).ok());
  comparison = Comparison::FromJson(comparison->ToJson(), ComparisonSettings{}, 0.01);
  ASSERT_TRUE(comparison.ok());
  ASSERT_EQ(comparison->Harms().size(), 1U);
  const Harm harm = comparison->Harms().front();
  EXPECT_EQ(harm.metric, "accuracy");
  EXPECT_EQ(harm.text, "mean absolute error worse by > 10 %: yes · 20 beside 10");
  EXPECT_TRUE(harm.rejects);
  EXPECT_NEAR(harm.evidence["stable_mae"].get<double>(), 10, 1e-9);
}

}  // namespace
}  // namespace slipway::deploy
