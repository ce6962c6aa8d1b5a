#include "deploy/goal.h"

#include <gtest/gtest.h>

#include <cmath>

namespace slipway::deploy {
namespace {

constexpr int64_t kStable = 1, kNew = 2;

Observed Seen(const ModelCounts& stable, const ModelCounts& version,
              const std::string& instance = "a") {
  Observed seen;
  seen.models = {stable, version};
  seen.models[0].set = kStable;
  seen.models[1].set = kNew;
  seen.models_instance = instance;
  return seen;
}

ExperimentSettings Aims(GoalKind goal) {
  ExperimentSettings settings;
  settings.goal = goal;
  settings.outcome = "1";
  return settings;
}

ModelCounts Right(int64_t labelled, int64_t correct) {
  ModelCounts counts;
  counts.in_epoch = {.labelled = labelled,
                     .correct = correct,
                     .labels = {{"0", labelled - correct}, {"1", correct}}};
  return counts;
}

ModelCounts Off(int64_t count, double by) {
  const auto number = static_cast<double>(count);
  ModelCounts counts;
  counts.in_epoch.errors = {count, number * by, number * by * by * 1.2};
  return counts;
}

// Looks at counts that grow evenly up to these.
GoalResult JudgeGrowth(const ExperimentSettings& settings, const ModelCounts& stable,
                       const ModelCounts& version, int looks = 10) {
  Goal goal = *Goal::Make(settings, 1);
  EXPECT_TRUE(goal.Observe(Seen({}, {}), kStable, kNew).ok());
  const auto part = [&](const ModelCounts& whole, int64_t look) {
    const LabelCounts& all = whole.in_epoch;
    ModelCounts counts = Right(all.labelled * look / looks, all.correct * look / looks);
    const double share = static_cast<double>(look) / looks;
    counts.in_epoch.errors = {all.errors.count * look / looks, all.errors.sum * share,
                              all.errors.squares * share};
    return counts;
  };
  for (int look = 1; look <= looks; ++look) {
    // Kept and read in between, as by a controller that is killed.
    goal = *Goal::FromJson(goal.ToJson(), settings);
    EXPECT_TRUE(goal.Observe(Seen(part(stable, look), part(version, look)), kStable, kNew).ok());
  }
  return goal.Judge();
}

TEST(GoalTest, TheBetterIsFoundByEachGoal) {
  const GoalResult accuracy = JudgeGrowth({}, Right(1000, 800), Right(1000, 900));
  EXPECT_EQ(accuracy.verdict, GoalVerdict::kBetter);
  EXPECT_NEAR(accuracy.improvement, 0.1, 1e-12);
  EXPECT_GT(accuracy.interval.lower, 0);
  EXPECT_LT(accuracy.interval.lower, 0.1);
  EXPECT_GT(accuracy.interval.upper, 0.1);
  const GoalResult outcome =
      JudgeGrowth(Aims(GoalKind::kOutcome), Right(1000, 100), Right(1000, 200));
  EXPECT_EQ(outcome.verdict, GoalVerdict::kBetter);
  EXPECT_EQ(outcome.value, 0.2);
  // Less is better.
  const GoalResult error = JudgeGrowth(Aims(GoalKind::kError), Off(1000, 4), Off(1000, 3));
  EXPECT_EQ(error.verdict, GoalVerdict::kBetter);
  EXPECT_NEAR(error.improvement, 1, 1e-9);
  EXPECT_GT(error.interval.lower, 0);
}

TEST(GoalTest, TheWorseIsNotBetterAndTheSameIsUndecided) {
  EXPECT_EQ(JudgeGrowth({}, Right(1000, 900), Right(1000, 800)).verdict, GoalVerdict::kNotBetter);
  EXPECT_EQ(JudgeGrowth(Aims(GoalKind::kError), Off(1000, 3), Off(1000, 4)).verdict,
            GoalVerdict::kNotBetter);
  EXPECT_EQ(JudgeGrowth({}, Right(1000, 850), Right(1000, 850)).verdict, GoalVerdict::kUndecided);
}

// They would say for good what the next errors may belie.
TEST(GoalTest, ErrorsThatAreAlikeOrMostly0DecideNothing) {
  const auto judge = [](analysis::NumberSums stable, analysis::NumberSums version) {
    ModelCounts known, tried;
    known.in_epoch.errors = stable;
    tried.in_epoch.errors = version;
    return JudgeGrowth(Aims(GoalKind::kError), known, tried);
  };
  for (const double error : {0.0, 2.0, 0.1}) {
    const analysis::NumberSums alike{1000, 1000 * error, 1000 * error * error};
    const GoalResult result = judge(alike, alike);
    EXPECT_EQ(result.verdict, GoalVerdict::kUndecided) << error;
    EXPECT_TRUE(std::isinf(result.interval.upper)) << error;
  }
  // One error of 1e50 among a thousand of 4 that the better version has not.
  const analysis::NumberSums one{1000, 1e50, 1e100};
  EXPECT_EQ(judge(one, {1000, 3000, 10'000}).verdict, GoalVerdict::kUndecided);
  EXPECT_EQ(judge({1000, 4000, 17'000}, one).verdict, GoalVerdict::kUndecided);
}

TEST(GoalTest, LabelsOfPredictionsBeforeTheSplitAreLeftOut) {
  Goal goal = *Goal::Make({}, 1);
  const auto old = [](int64_t labelled) {
    ModelCounts counts;
    counts.labelled = labelled;
    return counts;
  };
  ASSERT_TRUE(goal.Observe(Seen(old(0), {}), kStable, kNew).ok());
  ASSERT_TRUE(goal.Observe(Seen(old(1000), Right(1000, 1000)), kStable, kNew).ok());
  EXPECT_EQ(goal.Judge().stable_labels, 0);
  EXPECT_EQ(goal.Judge().labels, 1000);
}

TEST(GoalTest, ADifferenceThatChangesDecidesNothing) {
  Goal goal = *Goal::Make({}, 1);
  ASSERT_TRUE(goal.Observe(Seen({}, {}), kStable, kNew).ok());
  int64_t labels = 0, right = 0;
  const auto look = [&](int64_t more) {
    labels += 100;
    right += more;
    return goal.Observe(Seen(Right(labels, labels * 8 / 10), Right(labels, right)), kStable, kNew);
  };
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(look(95).ok());
  EXPECT_EQ(goal.Judge().verdict, GoalVerdict::kBetter);
  EXPECT_FALSE(goal.Judge().changed());
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(look(60).ok());
  const GoalResult result = goal.Judge();
  EXPECT_TRUE(result.changed());
  EXPECT_EQ(result.verdict, GoalVerdict::kUndecided);
  EXPECT_EQ(result.InWords(),
            "accuracy 67.0 % beside 80.0 %, but the difference changed while it was measured");
}

TEST(GoalTest, FewLabelsDecideNothing) {
  ExperimentSettings settings;
  settings.min_labels = 1001;
  const GoalResult result = JudgeGrowth(settings, Right(1000, 500), Right(1000, 900));
  EXPECT_EQ(result.verdict, GoalVerdict::kUndecided);
  EXPECT_GT(result.interval.lower, 0);
  const GoalResult none = JudgeGrowth(Aims(GoalKind::kError), Off(1000, 4), {});
  EXPECT_EQ(none.verdict, GoalVerdict::kUndecided);
  EXPECT_TRUE(std::isinf(none.interval.upper));
}

TEST(GoalTest, AnEffectThatIsTooSmallIsNoBetter) {
  // Off the grid of bounds, so that it is one of its own.
  ExperimentSettings settings;
  settings.min_effect = 0.17;
  EXPECT_EQ(JudgeGrowth(settings, Right(3000, 2100), Right(3000, 2400)).verdict,
            GoalVerdict::kNotBetter);
  EXPECT_EQ(JudgeGrowth(settings, Right(3000, 1500), Right(3000, 2400)).verdict,
            GoalVerdict::kBetter);
}

TEST(GoalTest, MoreVersionsAskForMore) {
  const auto lower = [](size_t versions) {
    Goal goal = *Goal::Make({}, versions);
    EXPECT_TRUE(goal.Observe(Seen({}, {}), kStable, kNew).ok());
    for (int look = 1; look <= 5; ++look) {
      EXPECT_TRUE(goal.Observe(Seen(Right(60L * look, 36L * look), Right(60L * look, 54L * look)),
                               kStable, kNew)
                      .ok());
    }
    return goal.Judge().interval.lower;
  };
  EXPECT_GT(lower(1), lower(50));
}

TEST(GoalTest, WhatAnotherCountedIsLeftOut) {
  Goal goal = *Goal::Make({}, 1);
  // Before the first look, and with another process.
  ASSERT_TRUE(goal.Observe(Seen(Right(500, 1), Right(500, 499)), kStable, kNew).ok());
  EXPECT_EQ(goal.Judge().labels, 0);
  ASSERT_TRUE(goal.Observe(Seen(Right(510, 9), Right(520, 509)), kStable, kNew).ok());
  EXPECT_EQ(goal.Judge().labels, 20);
  EXPECT_EQ(goal.Judge().stable_labels, 10);
  ASSERT_TRUE(goal.Observe(Seen(Right(900, 9), Right(900, 899), "b"), kStable, kNew).ok());
  EXPECT_EQ(goal.Judge().labels, 20);
  ASSERT_TRUE(goal.Observe(Seen(Right(901, 10), Right(902, 901), "b"), kStable, kNew).ok());
  EXPECT_EQ(goal.Judge().labels, 22);
}

TEST(GoalTest, SaysItInWords) {
  GoalResult result{.verdict = GoalVerdict::kBetter, .stable_value = 0.88, .value = 0.912};
  result.improvement = 0.032;
  result.interval = {0.004, 0.06};
  EXPECT_EQ(result.InWords(),
            "accuracy 91.2 % beside 88.0 %, better by 3.2 points (0.4 to 6.0 better)");
  result.improvement = -0.02;
  result.interval = {-0.05, 0.01};
  EXPECT_EQ(result.InWords(),
            "accuracy 91.2 % beside 88.0 %, worse by 2.0 points (1.0 better to 5.0 worse)");
  result.kind = GoalKind::kError;
  result.value = 3.25;
  result.stable_value = 4;
  result.improvement = 0.75;
  result.interval = {-HUGE_VAL, HUGE_VAL};
  EXPECT_EQ(result.InWords(), "error 3.25 beside 4, better by 0.75");
}

TEST(GoalTest, ResultsAreKept) {
  for (const GoalResult& result : {JudgeGrowth({}, Right(100, 80), Right(100, 90)),
                                   JudgeGrowth(Aims(GoalKind::kError), Off(10, 4), Off(10, 3))}) {
    const Result<GoalResult> read =
        GoalResultFromJson(*ParseJson(CompactJson(ToJson(result)), "result"));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(ToJson(*read), ToJson(result));
  }
  for (const char* text : {"null", "[]", "{}", R"({"goal":"joy","verdict":"better"})",
                           R"({"goal":"error","verdict":"joy"})"})
    EXPECT_FALSE(GoalResultFromJson(*ParseJson(text, "result")).ok()) << text;
  for (const char* text : {"null", "{}", R"({"bounds":{},"stable":{},"version":{}})"})
    EXPECT_FALSE(Goal::FromJson(*ParseJson(text, "goal"), {}).ok()) << text;
}

}  // namespace
}  // namespace slipway::deploy
