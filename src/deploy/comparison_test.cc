#include "deploy/comparison.h"

#include <gmock/gmock.h>

#include <algorithm>

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

}  // namespace
}  // namespace slipway::deploy
