#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gate/gate.h"
#include "gate/types.h"

namespace slipway::gate {
namespace {

Verdict Sample() {
  Verdict verdict;
  verdict.name = "size";
  verdict.outcome = Outcome::kFail;
  verdict.value = 120.5;
  verdict.limit = 100;
  verdict.unit = "MB";
  verdict.reason = "the artifact is 120.5 MB, not under 100.0 MB";
  verdict.dry_run = true;
  verdict.evidence = {{"bytes", 120500000}};
  return verdict;
}

TEST(VerdictTest, InBriefShowsWhatWasMeasuredOrAskedFor) {
  EXPECT_EQ(InBrief(Sample()), "size 120.5 MB");
  Verdict verdict;
  verdict.name = "accuracy";
  verdict.limit = 0.85;
  verdict.evidence = {{"comparison", "at least"}};
  EXPECT_EQ(InBrief(verdict), "accuracy ≥ 0.85");
  verdict.name = "log_loss";
  verdict.evidence = {{"comparison", "at most"}};
  EXPECT_EQ(InBrief(verdict), "log_loss ≤ 0.85");
  verdict.name = "parity";
  EXPECT_EQ(InBrief(verdict), "parity");
}

TEST(VerdictTest, ValuesThatDifferAreShownToDiffer) {
  using Texts = std::pair<std::string, std::string>;
  EXPECT_EQ(FormatApart(0.9167, 0.917), Texts("0.9167", "0.9170"));
  EXPECT_EQ(FormatApart(0.8, 0.9), Texts("0.800", "0.900"));
  EXPECT_EQ(FormatApart(0.8, 0.8), Texts("0.800", "0.800"));
}

TEST(VerdictTest, JsonRoundTrip) {
  const Json json = ToJson(Sample());
  EXPECT_EQ(json["verdict"], "fail");
  const Result<Verdict> back = VerdictFromJson(json);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(CompactJson(ToJson(*back)), CompactJson(json));
}

TEST(VerdictTest, AnUnknownValueIsNullInJson) {
  Verdict verdict = Sample();
  verdict.value = std::numeric_limits<double>::quiet_NaN();
  const Json json = ToJson(verdict);
  EXPECT_TRUE(json["value"].is_null());
  const Result<Verdict> back = VerdictFromJson(json);
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(std::isnan(back->value));
}

TEST(VerdictTest, RefusesWhatIsNoVerdict) {
  EXPECT_FALSE(VerdictFromJson(Json::array()).ok());
  EXPECT_FALSE(VerdictFromJson(Json{{"verdict", "pass"}}).ok());
  // A verdict that is not known must not become a pass.
  const Result<Verdict> unknown = VerdictFromJson(Json{{"name", "size"}, {"verdict", "maybe"}});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().ToString().find("inconclusive"), std::string::npos);
}

TEST(VerdictTest, ValuesReadLikeAPersonWouldWriteThem) {
  EXPECT_EQ(FormatValue(0.893, ""), "0.893");
  EXPECT_EQ(FormatValue(0, ""), "0");
  EXPECT_EQ(FormatValue(3.4e-8, ""), "3.4e-08");
  EXPECT_EQ(FormatValue(0.000021, "s"), "0.021 ms");
  EXPECT_EQ(FormatValue(0.0042, "s"), "4.2 ms");
  EXPECT_EQ(FormatValue(0.1, "s"), "100 ms");
  EXPECT_EQ(FormatValue(2.5, "s"), "2.50 s");
  EXPECT_EQ(FormatValue(1.1, "MB"), "1.1 MB");
  EXPECT_EQ(FormatValue(std::numeric_limits<double>::quiet_NaN(), "s"), "unknown");
}

TEST(VerdictTest, OnlyAFailureOutsideDryRunFailsTheRun) {
  Verdict verdict = Sample();
  EXPECT_TRUE(Passed({verdict}));
  verdict.dry_run = false;
  EXPECT_FALSE(Passed({verdict}));
  verdict.outcome = Outcome::kInconclusive;
  EXPECT_TRUE(Passed({verdict}));
  EXPECT_TRUE(Passed({}));
}

}  // namespace
}  // namespace slipway::gate
