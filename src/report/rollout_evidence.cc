// What the checks of a rollout saw, as series by their number.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "report/rollout_story_internal.h"

namespace slipway::report {
namespace {

using deploy::Finding;

const Finding* FindingOf(const deploy::Check& check, const std::string& metric) {
  const auto found = std::ranges::find(check.findings, metric, &Finding::metric);
  return found == check.findings.end() ? nullptr : &*found;
}

// {"trials": 400, "events": 4}; NaN of none.
double RateOf(const Json& evidence, const char* version) {
  const auto counts = evidence.find(version);
  if (counts == evidence.end() || !counts->is_object())
    return std::numeric_limits<double>::quiet_NaN();
  return GetNumber(*counts, "events") / GetNumber(*counts, "trials");
}

// [400, 4]: trials and events.
double RateOfPair(const Json& threshold, const char* version) {
  const auto counts = threshold.find(version);
  const bool pair = counts != threshold.end() && counts->is_array() && counts->size() == 2 &&
                    (*counts)[0].is_number() && (*counts)[1].is_number();
  return pair ? (*counts)[1].get<double>() / (*counts)[0].get<double>()
              : std::numeric_limits<double>::quiet_NaN();
}

// Each metric with a limit that is compared with a value, in the order of their first check.
std::vector<std::string> ThresholdMetrics(const RolloutStory& story) {
  std::vector<std::string> metrics;
  for (const CheckMark& mark : story.checks) {
    for (const Finding& finding : mark.check.findings) {
      const bool has_value = finding.evidence.is_object() && finding.evidence.contains("value");
      if (has_value && std::ranges::find(metrics, finding.metric) == metrics.end())
        metrics.push_back(finding.metric);
    }
  }
  return metrics;
}

// Adds what a finding says at the check of that number, from 1.
template <typename Take>
void ForEachFinding(const RolloutStory& story, const std::string& metric, const Take& take) {
  for (size_t i = 0; i < story.checks.size(); ++i) {
    const Finding* finding = FindingOf(story.checks[i].check, metric);
    if (finding != nullptr && finding->evidence.is_object())
      take(static_cast<double>(i + 1), *finding);
  }
}

}  // namespace

std::vector<EvidenceSeries> EvidenceOf(const RolloutStory& story) {
  static constexpr std::array kMetrics = {"errors", "latency", "accuracy", "predictions"};
  std::vector<EvidenceSeries> all;
  for (const char* metric : kMetrics) {
    EvidenceSeries series;
    series.metric = metric;
    ForEachFinding(story, metric, [&](double number, const Finding& finding) {
      const double alpha = GetNumber(finding.evidence, "alpha");
      const auto log_e = finding.evidence.find("log_e");
      if (alpha <= 0 || log_e == finding.evidence.end() || !log_e->is_number()) return;
      series.points.emplace_back(number, log_e->get<double>() / std::numbers::ln10);
      series.threshold = -std::log10(alpha);
      series.rejects = finding.verdict == deploy::CheckVerdict::kFail;
      series.dry_run = finding.dry_run;
      series.text = finding.text;
    });
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

std::vector<RateSeries> RatesOf(const RolloutStory& story) {
  std::vector<RateSeries> all;
  for (const char* metric : {"errors", "accuracy"}) {
    RateSeries series;
    series.metric = metric;
    ForEachFinding(story, metric, [&](double number, const Finding& finding) {
      const double stable = RateOf(finding.evidence, "stable");
      const double canary = RateOf(finding.evidence, "canary");
      series.margin = GetNumber(finding.evidence, "margin");
      if (std::isfinite(stable)) series.stable.emplace_back(number, stable);
      if (std::isfinite(canary)) series.canary.emplace_back(number, canary);
    });
    if (!series.canary.empty()) all.push_back(std::move(series));
  }
  return all;
}

std::vector<ThresholdSeries> ThresholdsOf(const RolloutStory& story) {
  std::vector<ThresholdSeries> all;
  for (const std::string& metric : ThresholdMetrics(story)) {
    ThresholdSeries series;
    series.metric = metric;
    series.is_share = !metric.starts_with("latency");
    ForEachFinding(story, metric, [&](double number, const Finding& finding) {
      series.values.emplace_back(number, GetNumber(finding.evidence, "value"));
      series.limit = GetNumber(finding.evidence, "limit");
    });
    all.push_back(std::move(series));
  }
  return all;
}

std::vector<LatencyRow> LatenciesOf(const RolloutStory& story) {
  std::vector<LatencyRow> rows;
  for (size_t i = story.checks.size(); i-- > 0 && rows.empty();) {
    const Finding* finding = FindingOf(story.checks[i].check, "latency");
    if (finding == nullptr || !finding->evidence.is_object()) continue;
    const auto thresholds = finding->evidence.find("thresholds");
    if (thresholds == finding->evidence.end() || !thresholds->is_array()) continue;
    for (const Json& threshold : *thresholds) {
      rows.push_back({GetNumber(threshold, "quantile"), GetNumber(threshold, "stable_ms"),
                      GetNumber(threshold, "canary_ms"), RateOfPair(threshold, "stable"),
                      RateOfPair(threshold, "canary")});
    }
  }
  return rows;
}

}  // namespace slipway::report
