// A rollout in Markdown and JSON.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/clock.h"
#include "core/text.h"
#include "report/markdown_internal.h"
#include "report/rollout_story_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostRows = 60;
constexpr const char* kRest = "--report FILE.json";

const char* Sign(const std::string& kind) {
  if (kind == "pass") return "✓";
  return kind == "fail" ? "✗" : "…";
}

std::string Head(const RolloutReport& report, const RolloutStory& story) {
  const RevisionSummary& revision = story.revision;
  std::string text = fmt::format("### {} {}: {}\n\n{}\n\n", Sign(KindOfOutcome(revision.outcome)),
                                 OutcomeWords(revision.outcome), Plain(revision.reference(), 120),
                                 Plain(RolloutSentence(story), 900));
  std::vector<std::string> facts = {
      Code(report.service.name, 80), Plain(report.service.environment, 80),
      fmt::format("revision {}, {}", revision.revision, revision.kind)};
  if (!revision.strategy.empty()) facts.push_back(revision.strategy);
  if (!revision.actor.empty()) facts.push_back("by " + Plain(revision.actor, 80));
  if (revision.forced) facts.emplace_back("forced: gates not passed");
  return text + Join(facts, " · ") + "\n\n" + "Share of the traffic: " + SharesText(story) +
         " (UTC)\n\n";
}

// The last check that could judge, metric by metric.
std::string LastCheck(const RolloutStory& story) {
  const auto last = std::find_if(story.checks.rbegin(), story.checks.rend(),
                                 [](const CheckMark& mark) { return mark.check.counts; });
  if (last == story.checks.rend()) return "";
  std::string rows;
  for (const deploy::Finding& finding : last->check.findings) {
    rows += fmt::format("| {} | {}{} | {} |\n", CodeCell(finding.metric, 40),
                        deploy::ToString(finding.verdict), finding.dry_run ? ", told only" : "",
                        Plain(finding.text));
  }
  return fmt::format("{}. The last, at {} and {} of the traffic:\n\n", CountsText(story.counts),
                     TimeOfDay(last->check.at_ms), WeightText(last->weight)) +
         "| Metric | Verdict | Finding |\n|:--|:--|:--|\n" + rows + "\n";
}

std::string Checks(const RolloutStory& story) {
  const size_t first = story.checks.size() - std::min(story.checks.size(), kMostRows);
  std::string rows;
  for (size_t i = first; i < story.checks.size(); ++i) {
    const CheckMark& mark = story.checks[i];
    rows +=
        fmt::format("| {} | {} | {} | {} |\n", TimeOfDay(mark.check.at_ms), WeightText(mark.weight),
                    CheckWords(mark.check), Plain(mark.check.Reason(), 200));
  }
  if (rows.empty()) return "";
  if (first > 0) rows += fmt::format("| {} before these in `{}` | | | |\n", first, kRest);
  return "| Time | Share | Verdict | Reason |\n|:--|--:|:--|:--|\n" + rows;
}

std::string Decisions(const RolloutStory& story) {
  std::string rows;
  for (size_t i = 0; i < std::min(story.decisions.size(), kMostRows); ++i) {
    const deploy::RolloutEvent& event = story.decisions[i];
    const std::string actor = GetString(event.detail, "actor");
    rows += fmt::format("| {} | {} | {} | {} |\n", TimeOfDay(EventMs(event)), Plain(event.kind, 20),
                        Plain(event.text), actor.empty() ? "–" : Plain(actor, 60));
  }
  if (rows.empty()) return "";
  if (story.decisions.size() > kMostRows) {
    rows += fmt::format("| {} more in `{}` | | | |\n", story.decisions.size() - kMostRows, kRest);
  }
  return "| Time | Kind | What | By |\n|:--|:--|:--|:--|\n" + rows;
}

std::string Configured(const RolloutStory& story) {
  if (!story.settings) return "";
  std::string rows;
  for (const auto& [name, value] : ConfiguredFacts(*story.settings))
    rows += fmt::format("| {} | {} |\n", Plain(name), Plain(value));
  return "| Setting | Value |\n|:--|:--|\n" + rows;
}

// Null of 0.
Json Moment(int64_t ms) {
  return ms == 0 ? Json() : Json(FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(ms))));
}

Json SharesJson(const RolloutStory& story) {
  Json shares = Json::array();
  for (const ShareStep& step : story.shares)
    shares.push_back({{"at", Moment(step.at_ms)}, {"weight", step.weight}});
  return shares;
}

Json ChecksJson(const RolloutStory& story) {
  Json checks = Json::array();
  for (const CheckMark& mark : story.checks) {
    Json check = {{"at", Moment(mark.check.at_ms)}, {"weight", mark.weight}};
    check.update(deploy::ToJson(mark.check));
    check.erase("at_ms");
    checks.push_back(std::move(check));
  }
  return checks;
}

Json DecisionsJson(const RolloutStory& story) {
  Json decisions = Json::array();
  for (const deploy::RolloutEvent& event : story.decisions) {
    decisions.push_back(
        {{"at", event.at}, {"kind", event.kind}, {"text", event.text}, {"detail", event.detail}});
  }
  return decisions;
}

}  // namespace

std::string RenderRolloutMarkdown(const RolloutReport& report) {
  const RolloutStory story = TellRollout(report);
  return FitParts({Head(report, story), LastCheck(story), Details("Decisions", Decisions(story)),
                   Details("Checks", Checks(story)), Details("Configured", Configured(story))},
                  kRest);
}

Json RenderRolloutJson(const RolloutReport& report) {
  const RolloutStory story = TellRollout(report);
  const RevisionSummary& revision = story.revision;
  return {{"service", report.service.name},
          {"environment", report.service.environment},
          {"revision", revision.revision},
          {"model", revision.model},
          {"version", revision.version == 0 ? Json() : Json(revision.version)},
          {"versions", revision.tried},
          {"kind", revision.kind},
          {"strategy", revision.strategy},
          {"actor", revision.actor},
          {"forced", revision.forced},
          {"outcome", revision.outcome},
          {"reason", revision.reason},
          {"left", revision.left},
          {"began_at", Moment(story.begin_ms)},
          {"ended_at", Moment(revision.ended_ms)},
          {"counts",
           {{"passed", story.counts.passed},
            {"failed", story.counts.failed},
            {"inconclusive", story.counts.inconclusive},
            {"not_counted", story.counts.not_counted}}},
          {"shares", SharesJson(story)},
          {"checks", ChecksJson(story)},
          {"decisions", DecisionsJson(story)},
          {"deployment", story.deployment}};
}

}  // namespace slipway::report
