#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/text.h"
#include "deploy/verbs.h"
#include "report/rollout_story_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

using deploy::CheckVerdict;
using deploy::RolloutEvent;

constexpr double kAll = 100;

void AddShare(int64_t at_ms, double weight, RolloutStory* story) {
  if (story->shares.back().weight != weight) story->shares.push_back({at_ms, weight});
}

void TakeShare(const RolloutEvent& event, RolloutStory* story) {
  const auto weight = event.detail.find("weight");
  if (event.kind == "stage" && weight != event.detail.end() && weight->is_number())
    AddShare(EventMs(event), weight->get<double>(), story);
  if (event.kind != "phase") return;
  const std::string phase = GetString(event.detail, "phase");
  if (phase == "completed") AddShare(EventMs(event), kAll, story);
  if (phase == "rolled back" || phase == "failed") AddShare(EventMs(event), 0, story);
}

void Count(const deploy::Check& check, CheckCounts* counts) {
  if (!check.counts) {
    ++counts->not_counted;
    return;
  }
  switch (check.verdict) {
    case CheckVerdict::kPass: ++counts->passed; break;
    case CheckVerdict::kFail: ++counts->failed; break;
    case CheckVerdict::kInconclusive: ++counts->inconclusive; break;
  }
}

// What the event that began it says.
Json DeploymentIn(const std::vector<RolloutEvent>& events) {
  for (const RolloutEvent& event : events) {
    if (event.kind == "verb" && event.detail.is_object() && event.detail.contains("deployment"))
      return event.detail["deployment"];
  }
  return nullptr;
}

// By what it was delivered, as far as it is still known.
void TakeSettings(const deploy::Service& service, const std::vector<RolloutEvent>& events,
                  RolloutStory* story) {
  const auto& rollout = service.rollout;
  if (rollout && rollout->revision == story->revision.revision) {
    story->settings = rollout->settings;
    story->deployment = rollout->release.deployment;
    return;
  }
  const auto kept =
      std::ranges::find(service.history, story->revision.revision, &deploy::HistoryEntry::revision);
  story->deployment = DeploymentIn(events);
  if (!story->deployment.is_object() && kept != service.history.end())
    story->deployment = kept->release.deployment;
  if (!story->deployment.is_object()) return;
  auto settings = deploy::ReadSettings(story->deployment);
  if (!settings.ok()) return;
  story->settings =
      story->revision.kind == "undo" ? deploy::ForUndo(*std::move(settings)) : *std::move(settings);
}

// The share that it had last before it lost all.
double ShareReached(const RolloutStory& story) {
  double reached = 0;
  for (const ShareStep& step : story.shares)
    if (step.weight > 0) reached = step.weight;
  return reached;
}

std::string Took(const RolloutStory& story) {
  constexpr double kMilliseconds = 1000;
  return FormatSeconds(static_cast<double>(story.end_ms - story.begin_ms) / kMilliseconds);
}

std::string Because(const std::string& reason) {
  return reason.empty() ? "." : ": " + reason + ".";
}

}  // namespace

RolloutStory TellRollout(const RolloutReport& report) {
  RolloutStory story;
  story.revision = SummarizeRevision(report.service, report.events);
  story.begin_ms = story.revision.began_ms;
  if (story.begin_ms == 0 && !report.events.empty())
    story.begin_ms = EventMs(report.events.front());
  story.end_ms = story.revision.ended_ms != 0 ? story.revision.ended_ms : report.now_ms;
  story.end_ms = std::max(story.end_ms, story.begin_ms);
  story.shares.push_back({story.begin_ms, 0});
  for (const RolloutEvent& event : report.events) {
    TakeShare(event, &story);
    if (event.kind == "check") {
      auto check = deploy::CheckFromJson(event.detail);
      if (check.ok()) {
        Count(*check, &story.counts);
        story.checks.push_back({story.shares.back().weight, std::move(*check)});
        continue;
      }
    }
    story.decisions.push_back(event);
  }
  TakeSettings(report.service, report.events, &story);
  return story;
}

const char* KindOfOutcome(const std::string& outcome) {
  if (outcome == "completed") return "pass";
  return outcome == "in progress" || outcome == "paused" || outcome == "superseded" ? "warn"
                                                                                    : "fail";
}

const char* KindOfCheck(const deploy::Check& check) {
  if (!check.counts) return "quiet";
  switch (check.verdict) {
    case CheckVerdict::kPass: return "pass";
    case CheckVerdict::kFail: return "fail";
    case CheckVerdict::kInconclusive: break;
  }
  return "warn";
}

std::string CheckWords(const deploy::Check& check) {
  return check.counts ? deploy::ToString(check.verdict) : "does not count";
}

std::string OutcomeWords(const std::string& outcome) {
  std::string words = outcome;
  if (!words.empty())
    words[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(words[0])));
  return words;
}

std::string RolloutSentence(const RolloutStory& story) {
  const RevisionSummary& revision = story.revision;
  const std::string share = WeightText(ShareReached(story));
  if (revision.outcome == "completed") {
    const std::string why = revision.reason.empty() ? "" : " Why: " + revision.reason + ".";
    const std::string left =
        revision.left.empty() ? "" : " Later it was gone back from: " + revision.left + ".";
    return fmt::format("{} {} stable, {} after it began. {}.{}{}", revision.reference(),
                       left.empty() ? "is" : "was", Took(story), CountsText(story.counts), why,
                       left);
  }
  if (revision.outcome == "rolled back" && revision.strategy == "experiment")
    return "All traffic is the stable version's again" + Because(revision.reason);
  if (revision.outcome == "rolled back" || revision.outcome == "rolling back") {
    return fmt::format("{} {}{}", OutcomeWords(revision.outcome),
                       ShareReached(story) > 0 ? "at " + share + " of the traffic"
                                               : "before it had any of the traffic",
                       Because(revision.reason));
  }
  if (revision.outcome == "paused")
    return fmt::format("Paused at {} of the traffic{}", share, Because(revision.reason));
  if (revision.outcome == "in progress")
    return fmt::format("It has {} of the traffic. {}.", share, CountsText(story.counts));
  return OutcomeWords(revision.outcome) + Because(revision.reason);
}

std::string WeightText(double weight) { return fmt::format("{:.4g} %", weight); }

std::string SharesText(const RolloutStory& story) {
  // More steps than that are a person's, who set weights by hand again and again.
  constexpr size_t kMostSteps = 20;
  std::vector<std::string> steps;
  for (const ShareStep& step : story.shares) {
    if (steps.size() == kMostSteps) {
      steps.emplace_back("…");
      break;
    }
    steps.push_back(WeightText(step.weight) + " from " + TimeOfDay(step.at_ms));
  }
  return Join(steps, ", ");
}

std::string CountsText(const CheckCounts& counts) {
  const int all = counts.passed + counts.failed + counts.inconclusive + counts.not_counted;
  if (all == 0) return "No check was taken";
  std::vector<std::string> parts;
  const auto add = [&](int count, const char* words) {
    if (count > 0) parts.push_back(fmt::format("{} {}", FormatCount(count), words));
  };
  add(counts.passed, "passed");
  add(counts.failed, "failed");
  add(counts.inconclusive, "inconclusive");
  add(counts.not_counted, counts.not_counted == 1 ? "does not count" : "do not count");
  return Plural(all, "check", "checks") + ": " + Join(parts, ", ");
}

std::string FindingTitle(const std::string& metric) {
  return MetricTitle(Shorten(CleanText(metric), 40));
}

}  // namespace slipway::report
