#include "report/rollout_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/revision_summary.h"
#include "report/rollout_story_internal.h"
#include "report/sample_rollout.h"
#include "report/svg_internal.h"
#include "report/test_markup_internal.h"

namespace slipway::report {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(RolloutReportGoldenTest, Markdown) {
  ExpectGolden("rollout_rolled_back.md", RenderRolloutMarkdown(RolledBackRollout()));
  ExpectGolden("rollout_completed.md", RenderRolloutMarkdown(CompletedRollout()));
  ExpectGolden("rollout_paused.md", RenderRolloutMarkdown(PausedRollout()));
}

TEST(RolloutStoryTest, SharesGoUpByStagesAndBackToNothing) {
  const RolloutStory story = TellRollout(RolledBackRollout());
  std::vector<double> weights;
  for (const ShareStep& step : story.shares) weights.push_back(step.weight);
  EXPECT_THAT(weights, ElementsAre(0, 10, 25, 0));
  EXPECT_EQ(story.end_ms, story.shares.back().at_ms);
  EXPECT_EQ(story.checks.back().weight, 25);
  EXPECT_EQ(story.checks.back().check.verdict, deploy::CheckVerdict::kFail);
  EXPECT_EQ(story.checks.front().weight, 10);
}

TEST(RolloutStoryTest, EvidenceReachesItsThresholdWhereItDecided) {
  const std::vector<EvidenceSeries> all = EvidenceOf(TellRollout(RolledBackRollout()));
  ASSERT_THAT(all, Not(testing::IsEmpty()));
  const EvidenceSeries& errors = all.front();
  EXPECT_EQ(errors.metric, "errors");
  EXPECT_TRUE(errors.rejects);
  EXPECT_GE(errors.points.back().second, errors.threshold);
  EXPECT_LT(errors.points.front().second, errors.threshold);
  for (size_t i = 1; i < all.size(); ++i) EXPECT_FALSE(all[i].rejects) << all[i].metric;
}

TEST(RolloutStoryTest, AStageThatAPersonEndsIsTold) {
  const RolloutStory story = TellRollout(CompletedRollout());
  std::vector<std::string> actors;
  for (const deploy::RolloutEvent& event : story.decisions)
    if (event.kind == "verb") actors.push_back(GetString(event.detail, "actor"));
  EXPECT_THAT(actors, ElementsAre("ada", "grace"));
  EXPECT_EQ(story.revision.outcome, "completed");
  EXPECT_EQ(story.counts.failed, 0);
  EXPECT_EQ(story.shares.back().weight, 100);
}

TEST(RolloutHtmlTest, SaysHowItEndedAndWhy) {
  const std::string html = RenderRolloutHtml(RolledBackRollout());
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("<p class=\"verdict fail\">Rolled back</p>"));
  EXPECT_THAT(html, HasSubstr("<p class=\"lede\">Rolled back at 25 % of the traffic: error"));
  EXPECT_THAT(html, HasSubstr("<h1>ml-classifier:3</h1>"));
  for (const char* section :
       {"share", "evidence", "rates", "latencies", "checks", "decisions", "configured"}) {
    EXPECT_THAT(html, HasSubstr(std::string("<section id=\"") + section + "\""));
  }
  EXPECT_THAT(html, HasSubstr("10 % → 25 % → 50 % → 100 %, 1 min 00 s each"));
  EXPECT_LT(html.size(), 500'000U);
}

TEST(RolloutHtmlTest, EachPictureHasWordsForWhoDoesNotSeeIt) {
  const std::string html = RenderRolloutHtml(RolledBackRollout());
  const size_t pictures = Count(html, "role=\"img\"");
  EXPECT_GE(pictures, 6U);
  EXPECT_EQ(Count(html, "<desc>"), pictures);
  EXPECT_THAT(html, HasSubstr("it has reached 2."));
  EXPECT_THAT(html, HasSubstr("0 % from 06:41:07, 10 % from 06:41:1"));
}

TEST(RolloutHtmlTest, AnUnfinishedOneIsNoVerdict) {
  const RolloutReport paused = PausedRollout();
  const std::string html = RenderRolloutHtml(paused);
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("<p class=\"verdict warn\">Paused</p>"));
  EXPECT_THAT(html, HasSubstr("too few requests to judge by"));
  // Nothing was judged, so that there is nothing to draw.
  EXPECT_THAT(html, Not(HasSubstr("<section id=\"evidence\"")));
}

TEST(RolloutHtmlTest, OneThatHasJustBegunIsAPageToo) {
  RolloutReport report = PausedRollout();
  report.events.resize(1);
  report.service.rollout->pause.reset();
  const std::string html = RenderRolloutHtml(report);
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("It has 0 % of the traffic. No check was taken."));
  report.events.clear();
  ExpectBalanced(RenderRolloutHtml(report));
}

TEST(RolloutHtmlTest, TextFromOutsideStaysText) {
  const std::string html = RenderRolloutHtml(HostileRollout(2));
  ExpectBalanced(html);
  for (const char* forbidden :
       {"<script", "http://", "https://", "src=\"", "url(", "\x1b", "\u202e", "nan"}) {
    EXPECT_THAT(html, Not(HasSubstr(forbidden)));
  }
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
}

TEST(RolloutHtmlTest, NoRolloutMakesAPageOverTwoMegabytes) {
  const std::string html = RenderRolloutHtml(HostileRollout(20'000));
  ExpectBalanced(html);
  EXPECT_LT(html.size(), 2'000'000U);
  EXPECT_THAT(html, HasSubstr("more in the JSON report."));
}

TEST(RolloutMarkdownTest, FitsACommentAndMakesNoMarkup) {
  const std::string text = RenderRolloutMarkdown(HostileRollout(20'000));
  EXPECT_LT(text.size(), 60'000U);
  for (const char* forbidden : {"\\|@team", " @team", "\x1b", "\u202e"}) {
    EXPECT_THAT(text, Not(HasSubstr(forbidden)));
  }
}

TEST(RolloutJsonTest, HasEachCheckWithItsEvidenceAndEachDecision) {
  const RolloutReport report = RolledBackRollout();
  const Json json = RenderRolloutJson(report);
  EXPECT_EQ(json["outcome"], "rolled back");
  EXPECT_EQ(json["began_at"], "2026-11-23T06:41:07.000Z");
  EXPECT_EQ(json["checks"].size() + json["decisions"].size(), report.events.size());
  const Json& last = json["checks"].back();
  EXPECT_EQ(last["verdict"], "fail");
  EXPECT_EQ(last["weight"], 25);
  EXPECT_EQ(json["shares"].back()["weight"], 0);
  EXPECT_EQ(json["deployment"]["deployment_strategy"], "canary");
}

TEST(RevisionSummaryTest, AnOlderRevisionIsReadFromItsEvents) {
  RolloutReport report = RolledBackRollout();
  report.service.rollout.reset();
  const RevisionSummary summary = SummarizeRevision(report.service, report.events);
  EXPECT_EQ(summary.revision, 2);
  EXPECT_EQ(summary.reference(), "ml-classifier:3");
  EXPECT_EQ(summary.strategy, "canary");
  EXPECT_EQ(summary.kind, "deploy");
  EXPECT_EQ(summary.actor, "ada");
  EXPECT_EQ(summary.outcome, "rolled back");
  EXPECT_THAT(summary.reason, HasSubstr("error"));
  EXPECT_GT(summary.ended_ms, summary.began_ms);
}

TEST(RevisionSummaryTest, TheSameFromWhatIsKeptAndFromEvents) {
  for (RolloutReport report : {RolledBackRollout(), CompletedRollout()}) {
    const RevisionSummary kept = SummarizeRevision(report.service, report.events);
    report.service.rollout.reset();
    const RevisionSummary read = SummarizeRevision(report.service, report.events);
    EXPECT_EQ(kept.reference(), read.reference());
    EXPECT_EQ(kept.outcome, read.outcome);
    EXPECT_EQ(kept.reason, read.reason);
    EXPECT_EQ(kept.began_ms, read.began_ms);
    EXPECT_EQ(kept.ended_ms, read.ended_ms);
  }
}

TEST(RevisionSummaryTest, HistoryHasEachRevisionOnceAndWhatMadeWay) {
  RolloutReport report = PausedRollout();
  std::vector<deploy::RolloutEvent> events = report.events;
  deploy::RolloutEvent undo = events.front();
  undo.revision = 3;
  undo.text = "undo to ml-classifier:2 of revision 1, which is kept ready";
  undo.detail = {{"verb", "undo"}, {"actor", "grace"}};
  events.push_back(undo);
  report.service.rollout.reset();
  const std::vector<RevisionSummary> history = RevisionHistory(report.service, events);
  ASSERT_THAT(history, SizeIs(3));
  EXPECT_THAT(history[0], AllOf(Field(&RevisionSummary::revision, 1),
                                Field(&RevisionSummary::outcome, "completed"),
                                Field(&RevisionSummary::strategy, "canary")));
  EXPECT_EQ(history[1].outcome, "superseded");
  EXPECT_EQ(history[1].reason, "revision 3 came");
  EXPECT_EQ(history[2].reference(), "ml-classifier:2");
  EXPECT_EQ(history[2].strategy, "blue-green");
  EXPECT_EQ(history[2].actor, "grace");
}

TEST(RevisionSummaryTest, AnUndoKeepsItsReason) {
  RolloutReport report = PausedRollout();
  deploy::RolloutEvent undo = report.events.front();
  undo.kind = "verb";
  undo.text = "undo to ml-classifier:2 of revision 1";
  undo.detail = {{"verb", "undo"}, {"actor", "monitor"}, {"reason", "wrong too often"}};
  deploy::RolloutEvent ended = undo;
  ended.kind = "phase";
  ended.text = "ml-classifier:2 is stable";
  ended.detail = {{"phase", "completed"}};
  report.service.rollout.reset();
  const RevisionSummary summary = SummarizeRevision(report.service, {undo, ended});
  EXPECT_EQ(summary.outcome, "completed");
  EXPECT_EQ(summary.reason, "wrong too often");
}

TEST(RevisionSummaryTest, AnAbortIsTheReason) {
  RolloutReport report = PausedRollout();
  deploy::RolloutEvent abort = report.events.back();
  abort.kind = "verb";
  abort.text = "aborted by grace: not today";
  abort.detail = {{"verb", "abort"}, {"actor", "grace"}};
  report.events.push_back(abort);
  deploy::RolloutEvent ended = abort;
  ended.kind = "phase";
  ended.text = "ml-classifier:2 has all traffic again";
  ended.detail = {{"phase", "rolled back"}};
  report.events.push_back(ended);
  report.service.rollout.reset();
  const RevisionSummary summary = SummarizeRevision(report.service, report.events);
  EXPECT_EQ(summary.outcome, "rolled back");
  EXPECT_EQ(summary.reason, "aborted by grace: not today");
}

// What began a rollout that was superseded long ago.
TEST(RolloutStoryTest, ARevisionKeepsItsSettingsWhenTheServiceHasGoneOn) {
  for (RolloutReport report : {RolledBackRollout(), PausedRollout()}) {
    report.service.rollout.reset();
    const std::string html = RenderRolloutHtml(report);
    EXPECT_THAT(html, HasSubstr("<section id=\"configured\""));
    EXPECT_THAT(html, HasSubstr("10 % → 25 % → 50 % → 100 %, 1 min 00 s each"));
    EXPECT_EQ(RenderRolloutJson(report)["deployment"]["deployment_strategy"], "canary");
  }
}

TEST(RevisionSummaryTest, WhatWasForcedAndGoneBackFromIsTold) {
  RolloutReport report = CompletedRollout();
  report.service.history.back().left = "wrong too often";
  report.service.rollout.reset();
  report.events.front().detail["forced"] = true;
  const RevisionSummary summary = SummarizeRevision(report.service, report.events);
  EXPECT_TRUE(summary.forced);
  EXPECT_EQ(summary.left, "wrong too often");
  const std::string html = RenderRolloutHtml(report);
  EXPECT_THAT(html, HasSubstr("gates not passed"));
  EXPECT_THAT(html, HasSubstr("Later it was gone back from: wrong too often."));
  EXPECT_THAT(RenderRolloutMarkdown(report), HasSubstr("forced: gates not passed"));
}

// Three looks at two versions: the second turns out better.
RolloutReport Experiment() {
  RolloutReport report = RolledBackRollout();
  report.service.rollout.reset();
  deploy::RolloutEvent begun = report.events.front();
  begun.kind = "verb";
  begun.text = "deploy ml-classifier:4 and ml-classifier:5 by experiment";
  begun.detail = {{"verb", "deploy"},
                  {"actor", "ada"},
                  {"sets", {{{"set", 2}, {"version", 4}}, {{"set", 3}, {"version", 5}}}},
                  {"deployment", {{"deployment_strategy", "experiment"}}}};
  std::vector<deploy::RolloutEvent> events = {begun};
  for (int look = 1; look <= 3; ++look) {
    deploy::Check check{.at_ms = EventMs(begun) + 1000 * look};
    for (const int version : {4, 5}) {
      deploy::GoalResult result;
      result.labels = result.stable_labels = 100 * look;
      result.value = version == 5 ? 0.93 : 0.9;
      result.stable_value = 0.9;
      result.improvement = result.value - result.stable_value;
      result.interval = {result.improvement - 0.06 / look, result.improvement + 0.06 / look};
      if (result.interval.lower > 0) result.verdict = deploy::GoalVerdict::kBetter;
      check.findings.push_back({.metric = ":" + std::to_string(version) + " goal",
                                .text = result.InWords(),
                                .evidence = deploy::ToJson(result)});
    }
    deploy::RolloutEvent event = begun;
    event.kind = "check";
    event.detail = deploy::ToJson(check);
    events.push_back(std::move(event));
  }
  report.events = std::move(events);
  return report;
}

TEST(RolloutHtmlTest, AnExperimentNamesAllOfItsVersionsAndDrawsTheirIntervals) {
  const RolloutReport report = Experiment();
  const std::vector<GoalSeries> goals = GoalsOf(TellRollout(report));
  ASSERT_THAT(goals, SizeIs(2));
  EXPECT_EQ(goals[1].version, ":5");
  EXPECT_THAT(goals[1].lower, SizeIs(3));
  EXPECT_NEAR(goals[1].lower.back().second, 1, 1e-9) << "points";
  const std::string html = RenderRolloutHtml(report);
  ExpectBalanced(html);
  EXPECT_THAT(html, HasSubstr("<h1>ml-classifier:4 and :5</h1>"));
  EXPECT_THAT(html, HasSubstr("<section id=\"experiment\""));
  EXPECT_THAT(html, HasSubstr("Improvement by check: :5"));
  EXPECT_THAT(html, HasSubstr("+3 at the last of 3 looks, between +1 and +5"));
  EXPECT_THAT(html, HasSubstr("(2.0 worse to 2.0 better)"));
  EXPECT_EQ(RenderRolloutJson(report)["versions"], Json({4, 5}));
  EXPECT_THAT(RenderRolloutHtml(RolledBackRollout()), Not(HasSubstr("id=\"experiment\"")));
}

TEST(LinesSvgTest, LinesAndTheLimitLieInThePlot) {
  LinesPlot plot;
  plot.x_low = 1;
  plot.x_high = 3;
  plot.y_high = 10;
  plot.lines = {{.series = 1, .points = {{1, 0}, {2, 5}, {3, 70}}}};
  plot.limit = 10;
  const std::string svg = LinesSvg(plot);
  EXPECT_THAT(svg, HasSubstr("class=\"curve s1\" d=\"M46 330L206 170L366 10\""));
  EXPECT_THAT(svg, HasSubstr("class=\"limit\" d=\"M46 10H366\""));
  EXPECT_EQ(Count(svg, "<circle"), 3U);
}

}  // namespace
}  // namespace slipway::report
