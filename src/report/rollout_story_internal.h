// What a rollout's events come to: shared by its reports, so that they say the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deploy/watch.h"
#include "report/revision_summary.h"
#include "report/rollout_report.h"
#include "report/svg_internal.h"

namespace slipway::report {

// From then on it had that share of the traffic, in percent.
struct ShareStep {
  int64_t at_ms = 0;
  double weight = 0;
};

struct CheckMark {
  double weight = 0;  // Share of the traffic that it was taken at, in percent.
  deploy::Check check;
};

struct CheckCounts {
  int passed = 0;
  int failed = 0;
  int inconclusive = 0;
  int not_counted = 0;  // Too few requests to judge by.
};

struct RolloutStory {
  RevisionSummary revision;
  int64_t begin_ms = 0;
  int64_t end_ms = 0;                           // Now, where it has not ended.
  std::vector<ShareStep> shares;                // Begins with 0 %.
  std::vector<CheckMark> checks;                // In their order.
  std::vector<deploy::RolloutEvent> decisions;  // All that is no check.
  std::optional<deploy::Settings> settings;     // "nullopt" where they are no longer known.
  Json deployment;                              // The section they were read from; null likewise.
  CheckCounts counts;
};
RolloutStory TellRollout(const RolloutReport& report);

// "pass", "fail", "warn" or "quiet": the colour of an outcome, and of a check.
const char* KindOfOutcome(const std::string& outcome);
const char* KindOfCheck(const deploy::Check& check);
// "pass", "fail", "inconclusive", "does not count".
std::string CheckWords(const deploy::Check& check);
// "Rolled back".
std::string OutcomeWords(const std::string& outcome);
// How it ended and why, in one or two plain sentences.
std::string RolloutSentence(const RolloutStory& story);
// "25 %".
std::string WeightText(double weight);
// "10 % from 06:41:09, 25 % from 06:42:09".
std::string SharesText(const RolloutStory& story);
// "12 checks: 10 passed, 1 failed, 1 does not count".
std::string CountsText(const CheckCounts& counts);
// "Errors", "latency p95".
std::string FindingTitle(const std::string& metric);

// One line of figures by the number of the check, from 1.
using CheckPoints = std::vector<std::pair<double, double>>;

// The evidence that a metric is worse beyond its margin.
struct EvidenceSeries {
  std::string metric;
  CheckPoints points;    // log10 of the e-value.
  double threshold = 0;  // log10 of 1 / alpha.
  bool rejects = false;
  bool dry_run = false;
  std::string text;  // The last finding.
};
// In the order errors, latency, accuracy, predictions; without those that were not seen.
std::vector<EvidenceSeries> EvidenceOf(const RolloutStory& story);

// The share of requests with an error (or of predictions that were wrong) so far, of both versions.
struct RateSeries {
  std::string metric;
  CheckPoints stable, canary;
  double margin = 0;
};
std::vector<RateSeries> RatesOf(const RolloutStory& story);

// A fixed threshold's value since the check before.
struct ThresholdSeries {
  std::string metric;
  CheckPoints values;
  double limit = 0;
  bool is_share = false;  // Else milliseconds.
};
std::vector<ThresholdSeries> ThresholdsOf(const RolloutStory& story);

// How many requests took longer than a quantile of the stable version's latency, and than that with
// the margin.
struct LatencyRow {
  double quantile = 0;
  double stable_ms = 0, canary_ms = 0;
  double stable_share = 0, canary_share = 0;  // NaN of none.
};
// At the last check that has them.
std::vector<LatencyRow> LatenciesOf(const RolloutStory& story);

// An experiment's version beside the stable one, look by look; in points, or in what is estimated.
struct GoalSeries {
  std::string version = {};                              // ":4"
  CheckPoints improvement = {}, lower = {}, upper = {};  // Where an interval was known.
  deploy::GoalResult last = {};
  double min_effect = 0;
};
std::vector<GoalSeries> GoalsOf(const RolloutStory& story);
// A section of the page; "" of what is no experiment, or had no look yet.
std::string ExperimentBody(const RolloutStory& story);

// What was configured, in words, in the order of the strategy's course.
std::vector<std::pair<std::string, std::string>> ConfiguredFacts(const deploy::Settings& settings);

// Pictures.
// The frame of a plot by checks.
LinesPlot PlotByCheck(size_t checks, std::string title, std::string told);
std::string ShareSvg(const RolloutStory& story);
// The sign of a check or of a person's word beside its name; `kind` as KindOfCheck has it, or
// "verb".
std::string SignSvg(const std::string& kind);
std::string EvidenceSvg(const EvidenceSeries& series, size_t checks);
std::string RatesSvg(const RateSeries& series, size_t checks);
std::string ThresholdSeriesSvg(const ThresholdSeries& series, size_t checks);

}  // namespace slipway::report
