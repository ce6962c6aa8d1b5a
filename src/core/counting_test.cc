#include "core/counting.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace slipway {
namespace {

TEST(LatencyBucketsTest, CoverTheRangeWithoutGapsAndLieWithin16PerMille) {
  EXPECT_LE(LatencyBuckets::LowOf(0), 1000);
  EXPECT_GE(LatencyBuckets::LowOf(LatencyBuckets::kCount), 100'000'000'000);
  for (size_t bucket = 0; bucket < LatencyBuckets::kCount; ++bucket) {
    const int64_t low = LatencyBuckets::LowOf(bucket), high = LatencyBuckets::LowOf(bucket + 1) - 1;
    ASSERT_EQ(LatencyBuckets::IndexOf(low), bucket);
    ASSERT_EQ(LatencyBuckets::IndexOf(high), bucket);
    const double middle = LatencyBuckets::MiddleOf(bucket);
    ASSERT_LE(std::abs(middle / static_cast<double>(low) - 1), 0.016);
    ASSERT_LE(std::abs(middle / static_cast<double>(high) - 1), 0.016);
  }
}

TEST(LatencyBucketsTest, CountWhatIsOutsideAtTheEnds) {
  EXPECT_EQ(LatencyBuckets::IndexOf(-5), 0U);
  EXPECT_EQ(LatencyBuckets::IndexOf(0), 0U);
  EXPECT_EQ(LatencyBuckets::IndexOf(INT64_MAX), LatencyBuckets::kCount - 1);
}

}  // namespace
}  // namespace slipway
