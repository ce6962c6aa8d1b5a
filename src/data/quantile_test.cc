#include <gtest/gtest.h>

#include <vector>

#include "data/quantile_internal.h"

namespace slipway::data {
namespace {

TEST(QuantileTest, InterpolatesBetweenNeighbours) {
  const std::vector<double> sorted = {1, 2, 4, 8};
  // numpy.quantile([1, 2, 4, 8], …).
  EXPECT_DOUBLE_EQ(Quantile(sorted, 0), 1);
  EXPECT_DOUBLE_EQ(Quantile(sorted, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(Quantile(sorted, 0.5), 3);
  EXPECT_DOUBLE_EQ(Quantile(sorted, 0.9), 6.8);
  EXPECT_DOUBLE_EQ(Quantile(sorted, 1), 8);
  EXPECT_DOUBLE_EQ(Quantile(std::vector<double>{7}, 0.3), 7);
}

}  // namespace
}  // namespace slipway::data
