#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "core/random.h"
#include "train/feature_bins_internal.h"

namespace slipway::train {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FeatureBins, FewDistinctValuesKeepABinEach) {
  const ColumnBins bins = CutIntoBins(std::vector<float>{3, 1, 1, 1, 1, 1, 2, 3}, 3);
  EXPECT_THAT(bins.upper, ElementsAre(1, 2, 3));
  EXPECT_THAT(bins.thresholds, ElementsAre(1.5, 2.5));
}

TEST(FeatureBins, AConstantIsOneBin) {
  const ColumnBins bins = CutIntoBins(std::vector<float>(9, 4.0F), 256);
  EXPECT_THAT(bins.upper, ElementsAre(4));
  EXPECT_THAT(bins.thresholds, IsEmpty());
}

TEST(FeatureBins, ThresholdsPartNeighboursThatDifferInTheLastBit) {
  const float low = 1.0F, high = std::nextafterf(low, 2.0F);
  const ColumnBins bins = CutIntoBins(std::vector<float>{low, high}, 2);
  EXPECT_GT(bins.thresholds[0], low);
  EXPECT_LT(bins.thresholds[0], high);
  const float limit = std::numeric_limits<float>::max();
  EXPECT_EQ(CutIntoBins(std::vector<float>{-limit, limit}, 2).thresholds[0], 0);
}

TEST(FeatureBins, ManyValuesAreSharedEvenly) {
  Random random(3);
  std::vector<float> values(1001);
  for (float& value : values) value = static_cast<float>(random.Uniform());
  const ColumnBins bins = CutIntoBins(values, 16);
  ASSERT_EQ(bins.upper.size(), 16U);
  std::map<ptrdiff_t, int> counts;
  for (const float value : values)
    ++counts[std::ranges::lower_bound(bins.upper, value) - bins.upper.begin()];
  ASSERT_EQ(counts.size(), 16U);
  for (const auto& [bin, count] : counts)
    EXPECT_TRUE(count == 62 || count == 63) << bin << ": " << count;
}

TEST(FeatureBins, AFrequentValueTakesABinOfItsOwn) {
  std::vector<float> values(900, 0.0F);
  for (int i = 1; i <= 100; ++i) values.push_back(static_cast<float>(i));
  for (int i = 1; i <= 5; ++i) values.push_back(static_cast<float>(-i));
  const ColumnBins bins = CutIntoBins(values, 10);
  EXPECT_LE(bins.upper.size(), 10U);
  EXPECT_EQ(bins.upper[0], -1);
  EXPECT_EQ(bins.upper[1], 0);
}

TEST(FeatureBins, BinsAndThresholdsAgree) {
  Random random(4);
  data::Matrix matrix{700, 3, std::vector<float>(2100)};
  for (float& value : matrix.values) value = static_cast<float>(random.Below(400)) / 7;
  const auto one = BinColumns(matrix, 50, 1), two = BinColumns(matrix, 50, 2);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(one->bins.values, two->bins.values);
  for (int64_t column = 0; column < 3; ++column) {
    const auto& thresholds = one->columns[static_cast<size_t>(column)].thresholds;
    for (int64_t row = 0; row < 700; ++row) {
      for (size_t bin = 0; bin < thresholds.size(); ++bin) {
        ASSERT_EQ(matrix.Column(column)[row] <= thresholds[bin],
                  one->bins.Column(column)[row] <= static_cast<float>(bin));
      }
    }
  }
}

}  // namespace
}  // namespace slipway::train
