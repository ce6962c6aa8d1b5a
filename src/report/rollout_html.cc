// The page of a rollout.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/clock.h"
#include "core/text.h"
#include "report/html_internal.h"
#include "report/rollout_story_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostRows = 400;
constexpr size_t kMostRowBytes = 500'000;
constexpr const char* kRest = "the JSON report";
constexpr double kPercent = 100;

// "2026-11-23 06:41 UTC".
std::string Moment(int64_t ms) {
  return ReadableTime(FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(ms))));
}

std::string Top(const RolloutReport& report, const RolloutStory& story) {
  const RevisionSummary& revision = story.revision;
  std::string facts = Fact("Service", Shorten(CleanText(report.service.name), 80)) +
                      Fact("Environment", Shorten(CleanText(report.service.environment), 80)) +
                      Fact("Revision", fmt::format("{}, {}", revision.revision, revision.kind));
  if (!revision.strategy.empty()) facts += Fact("Strategy", revision.strategy);
  if (!revision.actor.empty()) facts += Fact("By", Shorten(CleanText(revision.actor), 80));
  if (revision.forced) facts += Fact("Forced", "gates not passed");
  if (story.begin_ms != 0) facts += Fact("Began", Moment(story.begin_ms));
  if (revision.ended_ms != 0) facts += Fact("Ended", Moment(revision.ended_ms));
  return TopMarkup({.eyebrow = "Slipway rollout report",
                    .title = revision.reference(),
                    .kind = KindOfOutcome(revision.outcome),
                    .verdict = OutcomeWords(revision.outcome),
                    .lede = RolloutSentence(story),
                    .facts = facts});
}

std::string Legend() {
  std::string items;
  const auto add = [&](const char* kind, const char* words) {
    items += "<li>" + SignSvg(kind) + words + "</li>";
  };
  add("verb", "a person's word");
  add("pass", "check passed");
  add("fail", "failed");
  add("warn", "inconclusive");
  add("quiet", "does not count");
  return "<ul class=\"legend\">" + items + "</ul>\n";
}

std::string ShareBody(const RolloutStory& story) {
  return ShareSvg(story) +
         fmt::format("<p class=\"ends\"><span>{}</span><span>{}</span></p>\n",
                     TimeOfDay(story.begin_ms), TimeOfDay(story.end_ms)) +
         Legend() + "<p class=\"soft\">Lines at 0, 50 and 100 %. " + Escape(SharesText(story)) +
         ", UTC.</p>\n";
}

std::string Figure(const std::string& title, const std::string& picture, const std::string& text) {
  return fmt::format("<figure><h3>{}</h3>{}<figcaption>{}</figcaption></figure>\n", title, picture,
                     text);
}

std::string BothVersions(const char* third) {
  return fmt::format(
      R"(<ul class="legend"><li><i class="key s0"></i>stable</li><li><i class="key s1"></i>new</li></ul>{})",
      third);
}

std::string EvidenceBody(const RolloutStory& story) {
  std::string figures;
  for (const EvidenceSeries& series : EvidenceOf(story)) {
    std::string title = Escape(FindingTitle(series.metric));
    if (series.rejects) title += " " + Badge("fail", "Harm");
    if (series.dry_run) title += " " + Badge("quiet", "told only");
    figures += Figure(title, EvidenceSvg(series, story.checks.size()), Label(series.text, 300));
  }
  if (figures.empty()) return "";
  return "<div class=\"figures\">\n" + figures +
         "</div>\n<p class=\"soft\">The e-value starts at 1 and stays small while the new version "
         "is worse by no more than the margin. At the line, 1 over its share of alpha, it is harm "
         "beyond chance, however often it was looked at.</p>\n";
}

std::string RatesBody(const RolloutStory& story) {
  std::string figures;
  for (const RateSeries& series : RatesOf(story)) {
    figures += Figure(series.metric == "errors" ? "Errors" : "Wrong predictions",
                      RatesSvg(series, story.checks.size()),
                      BothVersions("Of all requests so far. Dashed: the stable version's share and "
                                   "the margin."));
  }
  for (const ThresholdSeries& series : ThresholdsOf(story)) {
    figures +=
        Figure(Escape(FindingTitle(series.metric)), ThresholdSeriesSvg(series, story.checks.size()),
               "Of the requests since the check before; the line is the limit.");
  }
  return figures.empty() ? "" : "<div class=\"figures\">\n" + figures + "</div>\n";
}

std::string LatencyBody(const RolloutStory& story) {
  std::string rows;
  for (const LatencyRow& row : LatenciesOf(story)) {
    rows += fmt::format(
        R"(<tr><th scope="row">{:g} %</th><td class="num">{:.3g} ms</td><td class="num">{}</td><td class="num">{:.3g} ms</td><td class="num">{}</td><td class="effect">{}</td></tr>)"
        "\n",
        kPercent * row.quantile, row.stable_ms, FormatShare(row.stable_share), row.canary_ms,
        FormatShare(row.canary_share), PairBarsSvg(row.stable_share, row.canary_share));
  }
  if (rows.empty()) return "";
  return TableMarkup(
             "Latencies",
             R"(<th scope="col">Quantile</th><th scope="col" class="num">Stable: above</th><th scope="col" class="num">Share</th>)"
             R"(<th scope="col" class="num">New: above</th><th scope="col" class="num">Share</th><th scope="col">Beside each other</th>)",
             rows) +
         R"(<ul class="legend"><li><i class="key was"></i>stable</li><li><i class="key is"></i>new</li></ul>)"
         "\n<p class=\"soft\">Of the stable version's first requests so many were quicker than the "
         "first bound. The new version's bound is that with the margin: its share above it is "
         "compared with the stable version's above the first.</p>\n";
}

std::string FindingItem(const deploy::Finding& finding) {
  const bool conspicuous = finding.verdict != deploy::CheckVerdict::kPass;
  std::string text = Label(finding.text, 300);
  if (conspicuous) text = "<b>" + text + "</b>";
  return "<li>" + text + (finding.dry_run ? " " + Badge("quiet", "told only") : "") + "</li>";
}

std::string CheckRow(const CheckMark& mark) {
  std::string findings;
  for (const deploy::Finding& finding : mark.check.findings) findings += FindingItem(finding);
  return fmt::format(
      R"(<tr><th scope="row">{}</th><td>{}</td><td class="num">{}</td><td class="reason"><ul class="findings">{}</ul></td></tr>)"
      "\n",
      TimeOfDay(mark.check.at_ms), Badge(KindOfCheck(mark.check), CheckWords(mark.check)),
      WeightText(mark.weight), findings);
}

std::string ChecksBody(const RolloutStory& story) {
  if (story.checks.empty()) return "";
  // The last ones: they are those that decided.
  const size_t first = story.checks.size() - std::min(story.checks.size(), kMostRows);
  const Fitted rows = FitItems(story.checks, first, kMostRows, kMostRowBytes, CheckRow);
  return "<p>" + CountsText(story.counts) + ".</p>\n" +
         TableMarkup("Checks",
                     R"(<th scope="col">Time</th><th scope="col">Verdict</th>)"
                     R"(<th scope="col" class="num">Share</th><th scope="col">Findings</th>)",
                     rows.markup) +
         MoreIn(story.checks.size() - rows.shown, kRest);
}

std::string DecisionRow(const deploy::RolloutEvent& event) {
  const std::string actor = GetString(event.detail, "actor");
  return fmt::format(
      R"(<tr><th scope="row">{}</th><td>{}</td><td class="reason">{}</td><td>{}</td></tr>)"
      "\n",
      TimeOfDay(EventMs(event)), Label(event.kind, 20), Label(event.text, 400),
      actor.empty() ? "–" : Label(actor, 60));
}

std::string DecisionsBody(const RolloutStory& story) {
  if (story.decisions.empty()) return "";
  const Fitted rows = FitItems(story.decisions, 0, kMostRows, kMostRowBytes, DecisionRow);
  return TableMarkup("Decisions",
                     R"(<th scope="col">Time</th><th scope="col">Kind</th>)"
                     R"(<th scope="col">What</th><th scope="col">By</th>)",
                     rows.markup) +
         MoreIn(story.decisions.size() - rows.shown, kRest);
}

std::string ConfiguredBody(const RolloutStory& story) {
  if (!story.settings) return "";
  std::string rows;
  for (const auto& [name, value] : ConfiguredFacts(*story.settings)) {
    rows += fmt::format(R"(<tr><th scope="row">{}</th><td>{}</td></tr>)"
                        "\n",
                        Label(name, 80), Label(value, 200));
  }
  return TableMarkup("Configuration", R"(<th scope="col">Setting</th><th scope="col">Value</th>)",
                     rows);
}

}  // namespace

std::string RenderRolloutHtml(const RolloutReport& report) {
  const RolloutStory story = TellRollout(report);
  Page page;
  page.title = Label(story.revision.reference()) + " · " + Escape(story.revision.outcome);
  page.top = Top(report, story);
  page.sections = {{"share", "Share of the traffic", ShareBody(story)},
                   {"evidence", "Evidence of harm", EvidenceBody(story)},
                   {"rates", "Rates and limits", RatesBody(story)},
                   {"latencies", "Latencies beside each other", LatencyBody(story)},
                   {"experiment", "Which is better", ExperimentBody(story)},
                   {"checks", "Checks", ChecksBody(story)},
                   {"decisions", "Decisions", DecisionsBody(story)},
                   {"configured", "Configured", ConfiguredBody(story)}};
  page.footer =
      FooterText(report.slipway_version,
                 FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(report.now_ms))));
  return PageMarkup(page);
}

}  // namespace slipway::report
