#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "core/random.h"
#include "train/feature_bins_internal.h"

namespace slipway::train {
namespace {

using ::testing::ElementsAre;

TEST(FeatureBins, FewDistinctValuesKeepABinEach) {
  const ColumnBins bins = CutIntoBins(std::vector<float>{3, 1, 1, 1, 1, 1, 2, 3}, 3);
  EXPECT_THAT(bins.upper, ElementsAre(1, 2, 3));
  EXPECT_EQ(bins.lower, bins.upper);
  EXPECT_EQ(bins.Threshold(0, 1), 1.5);
  EXPECT_EQ(bins.Threshold(0, 2), 2);
}

TEST(FeatureBins, AConstantIsOneBin) {
  const ColumnBins bins = CutIntoBins(std::vector<float>(9, 4.0F), 256);
  EXPECT_THAT(bins.lower, ElementsAre(4));
  EXPECT_THAT(bins.upper, ElementsAre(4));
}

TEST(FeatureBins, ThresholdsPartNeighboursThatDifferInTheLastBit) {
  const float low = 1.0F, high = std::nextafterf(low, 2.0F);
  const ColumnBins bins = CutIntoBins(std::vector<float>{low, high}, 2);
  EXPECT_GT(bins.Threshold(0, 1), low);
  EXPECT_LT(bins.Threshold(0, 1), high);
  const float limit = std::numeric_limits<float>::max();
  EXPECT_EQ(CutIntoBins(std::vector<float>{-limit, limit}, 2).Threshold(0, 1), 0);
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
  data::Matrix matrix{9000, 3, std::vector<float>(27000)};
  for (float& value : matrix.values) value = static_cast<float>(random.Below(400)) / 7;
  const auto columns = CutColumns(matrix, 50, 2);
  ASSERT_TRUE(columns.ok());
  const auto one = BinRows<uint8_t>(matrix, *columns, 1),
             two = BinRows<uint8_t>(matrix, *columns, 2);
  const auto wide = BinRows<uint16_t>(matrix, *columns, 2);
  ASSERT_TRUE(one.ok() && two.ok() && wide.ok());
  EXPECT_EQ(one->values, two->values);
  EXPECT_TRUE(std::ranges::equal(one->values, wide->values));
  for (int64_t column = 0; column < 3; ++column) {
    const ColumnBins& bins = (*columns)[static_cast<size_t>(column)];
    for (size_t row = 0; row < 9000; ++row) {
      const size_t bin = one->Row(row)[column];
      const float value = matrix.Column(column)[row];
      ASSERT_TRUE(bins.lower[bin] <= value && value <= bins.upper[bin]);
      for (size_t left = 0; left + 1 < bins.upper.size(); ++left)
        ASSERT_EQ(value <= bins.Threshold(left, left + 1), bin <= left);
    }
  }
}

}  // namespace
}  // namespace slipway::train
