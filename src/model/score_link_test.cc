// Calibrations and thresholds, by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "model/random_models_internal.h"
#include "model/score_link_internal.h"
#include "model/scorer.h"

namespace slipway::model {
namespace {

Scorer WithOutputs(int outputs, Link link) {
  Scorer scorer{LinearScorer{outputs, 0, {}, {}}, link};
  return scorer;
}

TEST(ScoreLinkTest, ASigmoidReplacesTheLink) {
  Scorer scorer = WithOutputs(1, Link::kLogit);
  scorer.calibration = Calibration{std::vector<SigmoidCurve>{{2, -1}}};
  const Predictions predictions = PredictRaw(scorer, {0.5, 2});
  EXPECT_FLOAT_EQ(predictions.Score(0, 1), 0.5F);
  EXPECT_FLOAT_EQ(predictions.Score(1, 1), static_cast<float>(1 / (1 + std::exp(-3.0))));
  EXPECT_FLOAT_EQ(predictions.Score(1, 0), static_cast<float>(1 - 1 / (1 + std::exp(-3.0))));
  EXPECT_EQ(predictions.labels, (std::vector<int32_t>{0, 1})) << "the first class of equal ones";
}

TEST(ScoreLinkTest, OfTwoProbabilitiesTheSecondIsCalibrated) {
  Scorer scorer = WithOutputs(2, Link::kProbability);
  scorer.calibration = Calibration{std::vector<IsotonicCurve>{{{0.25, 0.5}, {0.125, 0.625}}}};
  const Predictions predictions = PredictRaw(scorer, {1, 0, 0.75, 0.25, 0.625, 0.375, 0, 1});
  const std::vector<float> second = {0.125F, 0.125F, 0.375F, 0.625F};
  for (int row = 0; row < 4; ++row) {
    EXPECT_EQ(predictions.Score(row, 1), second[static_cast<size_t>(row)]);
    EXPECT_EQ(predictions.Score(row, 0), 1 - second[static_cast<size_t>(row)]);
  }
}

TEST(ScoreLinkTest, OfMoreClassesEachHasACurveAndAllSumToOne) {
  Scorer scorer = WithOutputs(3, Link::kSoftmax);
  const IsotonicCurve flat{{0, 1}, {0, 0}}, rising{{0, 1}, {0, 0.5}}, one{{7}, {0.25}};
  scorer.calibration = Calibration{std::vector<IsotonicCurve>{flat, rising, one}};
  const Predictions predictions = PredictRaw(scorer, {5, 1, -3, 9, -1, 100});
  EXPECT_EQ(predictions.scores, (std::vector<float>{0, static_cast<float>(0.5 / 0.75),
                                                    static_cast<float>(0.25 / 0.75), 0, 0, 1}));
  scorer.calibration = Calibration{std::vector<IsotonicCurve>{flat, flat, flat}};
  const float third = static_cast<float>(1 / 3.0);
  EXPECT_EQ(PredictRaw(scorer, {1, 2, 3}).scores, (std::vector<float>{third, third, third}));
}

TEST(ScoreLinkTest, AThresholdIsReachedByItself) {
  Scorer scorer = WithOutputs(2, Link::kProbability);
  scorer.threshold = DecisionThreshold{1, 0.25F};
  const std::vector<double> raw = {0.75, 0.25, 0.751, 0.249, 0, 1};
  EXPECT_EQ(PredictRaw(scorer, raw).labels, (std::vector<int32_t>{1, 0, 1}));
  scorer.threshold = DecisionThreshold{0, 0.75F};
  EXPECT_EQ(PredictRaw(scorer, raw).labels, (std::vector<int32_t>{0, 0, 1}));
}

TEST(ScoreLinkTest, RawScoresAreWhatAnswersAreMadeOf) {
  Random random(5);
  data::Matrix matrix;
  matrix.rows = 3000;
  matrix.columns = 4;
  matrix.values.resize(12'000);
  for (float& value : matrix.values) value = static_cast<float>(random.Uniform() * 4 - 2);
  for (const Scorer& body : {Scorer{RandomForest(random, 9, 5, 3, 4), Link::kProbability},
                             Scorer{RandomSum(random, 9, 5, 1, 4), Link::kLogit},
                             Scorer{RandomLinear(random, 3, 4), Link::kSoftmax}}) {
    for (const bool calibrated : {false, true}) {
      Scorer scorer = body;
      if (calibrated) scorer.calibration = RandomCalibration(random, true, body.classes(), -1, 1);
      const Predictions expected = PredictMatrix(scorer, matrix, 2);
      const Predictions again = PredictRaw(scorer, RawScores(scorer, matrix, 2));
      EXPECT_EQ(again.labels, expected.labels);
      EXPECT_EQ(again.scores, expected.scores);
    }
  }
}

}  // namespace
}  // namespace slipway::model
