#include "analysis/evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

TEST(EvidenceTest, NothingSeenIsNoEvidence) {
  const Evidence evidence;
  EXPECT_EQ(evidence.log_e(), 0);
  EXPECT_EQ(evidence.p_value(), 1);
  EXPECT_FALSE(evidence.Rejects(0.05));
}

TEST(EvidenceTest, RejectsAtTheThresholdAndStaysSo) {
  Evidence evidence;
  evidence.Move(std::nextafter(LogThreshold(0.05), 0));
  EXPECT_FALSE(evidence.Rejects(0.05));
  evidence.Move(LogThreshold(0.05));
  EXPECT_TRUE(evidence.Rejects(0.05));
  evidence.Move(-3);
  EXPECT_TRUE(evidence.Rejects(0.05));
  EXPECT_EQ(evidence.log_e(), -3);
  EXPECT_NEAR(evidence.p_value(), 0.05, 1e-15);
}

TEST(EvidenceTest, EvidenceForTheHypothesisLeavesThePValueAtOne) {
  Evidence evidence;
  evidence.Move(-10);
  EXPECT_EQ(evidence.p_value(), 1);
}

TEST(EvidenceTest, NoNumberIsNoChange) {
  Evidence evidence;
  evidence.Move(2);
  evidence.Move(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(evidence.log_e(), 2);
}

TEST(EvidenceTest, IsKeptBitForBit) {
  Evidence evidence;
  evidence.Move(1.0 / 3);
  evidence.Move(-std::exp(1.0));
  const Result<Evidence> read = Evidence::FromJson(testing::Kept(evidence.ToJson()));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, evidence);
}

TEST(EvidenceTest, AStateThatCantBeIsRefused) {
  EXPECT_FALSE(Evidence::FromJson(Json::object()).ok());
  EXPECT_FALSE(Evidence::FromJson(Json{{"log_e", 1}, {"max_log_e", nullptr}}).ok());
  // The largest so far is at least the current one, and at least that of the start.
  EXPECT_FALSE(Evidence::FromJson(Json{{"log_e", 2}, {"max_log_e", 1}}).ok());
  EXPECT_FALSE(Evidence::FromJson(Json{{"log_e", -2}, {"max_log_e", -1}}).ok());
}

}  // namespace
}  // namespace slipway::analysis
