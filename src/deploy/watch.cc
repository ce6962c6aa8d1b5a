#include "deploy/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "analysis/confidence.h"
#include "core/text.h"
#include "deploy/threshold.h"

namespace slipway::deploy {
namespace {

constexpr double kPercent = 100;
constexpr int64_t kBetweenGlancesMs = 1000;

// Of the k-th look: these sum up to half of alpha over all looks; the other half is for the test of
// all requests together.
double AlphaOfLook(double alpha, int look) {
  const auto k = static_cast<double>(look);
  return alpha / 2 / (k * (k + 1));
}

CheckVerdict VerdictOf(bool exceeds, double value, double limit) {
  if (exceeds) return CheckVerdict::kFail;
  return value > limit ? CheckVerdict::kInconclusive : CheckVerdict::kPass;
}

std::string Beside(CheckVerdict verdict, const std::string& limit) {
  switch (verdict) {
    case CheckVerdict::kPass: return "within " + limit;
    case CheckVerdict::kFail: return "above " + limit;
    case CheckVerdict::kInconclusive: break;
  }
  return "above " + limit + ", which may be chance";
}

Check Undecided(int64_t at_ms, std::string metric, std::string text) {
  Check check{.at_ms = at_ms, .verdict = CheckVerdict::kInconclusive};
  check.findings.push_back({.metric = std::move(metric),
                            .verdict = CheckVerdict::kInconclusive,
                            .text = std::move(text)});
  return check;
}

std::string NoMetrics(const Observed& observed) {
  return "no metrics: " + (observed.traffic_trouble.empty() ? "the splitter does not answer"
                                                            : observed.traffic_trouble);
}

// What weighs most among the findings that are acted on.
CheckVerdict WorstOf(const std::vector<Finding>& findings) {
  const auto any = [&](CheckVerdict verdict) {
    return std::ranges::any_of(findings, [&](const Finding& finding) {
      return !finding.dry_run && finding.verdict == verdict;
    });
  };
  if (any(CheckVerdict::kFail)) return CheckVerdict::kFail;
  return any(CheckVerdict::kInconclusive) ? CheckVerdict::kInconclusive : CheckVerdict::kPass;
}

}  // namespace

std::string Check::Reason() const {
  for (const Finding& finding : findings)
    if (!finding.dry_run && finding.verdict == verdict) return finding.text;
  return "";
}

Result<Watch> Watch::Make(const CanarySettings& settings, int64_t stable_set, int64_t canary_set) {
  Watch watch(settings, stable_set, canary_set);
  for (const auto& [metric, limit] : settings.thresholds) {
    if (IsRequestMetric(metric)) continue;
    return Error(ErrorCode::kInvalidInput, fmt::format("a threshold on \"{}\"", metric))
        .Expected("error_rate, client_error_rate, latency_p50, latency_p95 or latency_p99");
  }
  SLIPWAY_RETURN_IF_ERROR(watch.Make());
  return watch;
}

Status Watch::Make() {
  if (stable_set_ == 0) return {};
  SLIPWAY_ASSIGN_OR_RETURN(comparison_, Comparison::Make(settings_.comparison, Alpha()));
  return {};
}

// Each metric that is acted on has the same share of alpha.
double Watch::Alpha() const {
  size_t metrics = 0;
  for (const auto& [metric, limit] : settings_.thresholds) metrics += IsDryRun(metric) ? 0 : 1;
  for (const std::string_view metric : kComparedMetrics) metrics += IsDryRun(metric) ? 0 : 1;
  if (settings_.shadow.seconds > 0) metrics += IsDryRun("disagreement") ? 0 : 1;
  return settings_.comparison.alpha / static_cast<double>(std::max<size_t>(metrics, 1));
}

bool Watch::IsDryRun(std::string_view metric) const {
  return std::ranges::find(settings_.dry_run, metric) != settings_.dry_run.end();
}

void Watch::Begin(const Observed& observed) {
  Rebase(observed);
  first_copy_ = canary_;
}

void Watch::Rebase(const Observed& observed) {
  canary_ = observed.traffic->CountsOf(canary_set_);
  RebaseGlance(observed);
}

void Watch::RebaseGlance(const Observed& observed) {
  stable_ = observed.traffic->CountsOf(stable_set_);
  canary_seen_ = observed.traffic->CountsOf(canary_set_);
  models_instance_ = observed.models_instance;
  stable_model_ = observed.ModelOf(stable_set_);
  canary_model_ = observed.ModelOf(canary_set_);
  glance_ms_ = observed.now_ms;
}

Status Watch::Collect(const Observed& observed) {
  if (!observed.traffic.has_value()) return {};
  const Traffic& traffic = *observed.traffic;
  if (instance_ != traffic.instance) {
    const bool first = instance_.empty();
    instance_ = traffic.instance;
    if (first) {
      Begin(observed);
    } else {
      // What the old splitter had counted since the last look is gone with it.
      stable_ = {.set = stable_set_};
      canary_ = canary_seen_ = {.set = canary_set_};
      first_copy_ = {.set = canary_set_};
    }
  }
  if (warm_) return {};
  const SetCounts canary = Since(canary_, traffic.CountsOf(canary_set_));
  if (canary.requests < settings_.comparison.warmup_requests) return {};
  warm_ = true;
  if (comparison_.has_value() && canary.requests > 0) {
    SLIPWAY_RETURN_IF_ERROR(
        comparison_->Learn(Since(stable_, traffic.CountsOf(stable_set_)), canary));
  }
  Rebase(observed);
  return {};
}

// Counts that began anew in between are begun from: what they hold may have been counted before.
ModelCounts Watch::MoreOf(const Observed& observed, int64_t set, const ModelCounts& before) const {
  if (observed.models_instance != models_instance_) return {.set = set};
  return Since(before, observed.ModelOf(set));
}

Status Watch::Compare(const Observed& observed) {
  if (!comparison_.has_value()) return {};
  SLIPWAY_RETURN_IF_ERROR(
      comparison_->Observe(Since(stable_, observed.traffic->CountsOf(stable_set_)),
                           Since(canary_seen_, observed.traffic->CountsOf(canary_set_))));
  SLIPWAY_RETURN_IF_ERROR(comparison_->ObserveModels(MoreOf(observed, stable_set_, stable_model_),
                                                     MoreOf(observed, canary_set_, canary_model_)));
  RebaseGlance(observed);
  return {};
}

Status Watch::Glance(const Observed& observed) {
  if (!observed.traffic.has_value() || !warm_ || !comparison_.has_value()) return {};
  if (observed.now_ms - glance_ms_ < kBetweenGlancesMs) return {};
  SLIPWAY_RETURN_IF_ERROR(Compare(observed));
  const SetCounts window = Since(canary_, canary_seen_);
  harmful_ = window.requests > 0 &&
             total_.requests + window.requests >= settings_.comparison.min_requests && HasHarm();
  return {};
}

bool Watch::HasHarm() const {
  return std::ranges::any_of(kComparedMetrics, [&](std::string_view metric) {
    return !IsDryRun(metric) && comparison_->IsWorseBy(metric);
  });
}

Result<Check> Watch::Judge(const Observed& observed) {
  if (!observed.traffic.has_value()) {
    Check check = Undecided(observed.now_ms, "metrics", NoMetrics(observed));
    check.missing = true;
    return check;
  }
  SLIPWAY_RETURN_IF_ERROR(Collect(observed));
  const SetCounts window = Since(canary_, observed.traffic->CountsOf(canary_set_));
  if (!warm_) {
    Check check = Undecided(observed.now_ms, "requests",
                            fmt::format("warming up: {} of {} requests", window.requests,
                                        settings_.comparison.warmup_requests));
    check.counts = false;
    return check;
  }
  ++looks_;
  harmful_ = false;
  SLIPWAY_RETURN_IF_ERROR(Compare(observed));
  Add(window, &total_);
  Rebase(observed);
  Check check{.at_ms = observed.now_ms};
  if (!enough()) {
    check = Undecided(observed.now_ms, "requests",
                      fmt::format("too few requests: {} of {}", total_.requests,
                                  settings_.comparison.min_requests));
    check.counts = false;
    return check;
  }
  if (window.requests == 0)
    return Undecided(observed.now_ms, "requests", "no request came since the last check");
  JudgeThresholds(window, &check);
  JudgeHarms(&check);
  check.verdict = WorstOf(check.findings);
  return check;
}

void Watch::JudgeThresholds(const SetCounts& window, Check* check) const {
  for (const auto& [metric, limit] : settings_.thresholds) {
    Finding finding = QuantileOf(metric) > 0 ? JudgeLatency(metric, limit, window)
                                             : JudgeRate(metric, limit, window);
    finding.metric = metric;
    finding.dry_run = IsDryRun(metric);
    check->findings.push_back(std::move(finding));
  }
}

Finding Watch::JudgeRate(const std::string& metric, double limit, const SetCounts& window) const {
  EventCounts now = EventsOf(metric, window);
  EventCounts all = EventsOf(metric, total_);
  all.cluster_size = std::max(all.cluster_size, settings_.comparison.cluster_size);
  now.cluster_size = all.cluster_size;
  const auto exceeds = [&](const EventCounts& events, double alpha) {
    return RateExceeds(events, limit, alpha);
  };
  const bool beyond_chance =
      exceeds(all, Alpha() / 2) || exceeds(now, AlphaOfLook(Alpha(), looks_));
  Finding finding{.verdict = VerdictOf(beyond_chance, now.rate(), limit)};
  finding.text = fmt::format("{} {:.2f} % of {} is {}", metric, kPercent * now.rate(),
                             Plural(now.trials, "request", "requests"),
                             Beside(finding.verdict, fmt::format("{:g} %", kPercent * limit)));
  finding.evidence = {{"value", now.rate()},        {"limit", limit},
                      {"requests", now.trials},     {"events", now.events},
                      {"all_requests", all.trials}, {"all_events", all.events}};
  return finding;
}

Finding Watch::JudgeLatency(const std::string& metric, double limit,
                            const SetCounts& window) const {
  const double quantile = QuantileOf(metric);
  const double value = Percentile(window.latencies, quantile);
  const double clusters = settings_.comparison.cluster_size;
  const bool beyond_chance =
      LatencyExceeds(total_.latencies, quantile, limit, Alpha() / 2, clusters) ||
      LatencyExceeds(window.latencies, quantile, limit, AlphaOfLook(Alpha(), looks_), clusters);
  Finding finding{.verdict = VerdictOf(beyond_chance, value, limit)};
  finding.text = fmt::format("{} {:.1f} ms is {}", metric, value,
                             Beside(finding.verdict, fmt::format("{:g} ms", limit)));
  finding.evidence = {{"value", value}, {"limit", limit}, {"requests", window.requests}};
  return finding;
}

void Watch::JudgeHarms(Check* check) const {
  if (!comparison_.has_value()) return;
  for (Harm& harm : comparison_->Harms()) {
    CheckVerdict verdict = harm.rejects ? CheckVerdict::kFail : CheckVerdict::kPass;
    if (!harm.known) verdict = CheckVerdict::kInconclusive;
    check->findings.push_back({.metric = harm.metric,
                               .verdict = verdict,
                               .dry_run = IsDryRun(harm.metric),
                               .text = std::move(harm.text),
                               .evidence = std::move(harm.evidence)});
  }
}

Check Watch::JudgeShadow(const Observed& observed) const {
  if (!observed.traffic.has_value()) {
    Check check = Undecided(observed.now_ms, "metrics", NoMetrics(observed));
    check.missing = true;
    return check;
  }
  const SetCounts seen = Since(first_copy_, observed.traffic->CountsOf(canary_set_));
  if (seen.mirrored < settings_.comparison.min_requests) {
    return Undecided(observed.now_ms, "disagreement",
                     fmt::format("too few copies of requests: {} of {}", seen.mirrored,
                                 settings_.comparison.min_requests));
  }
  const double limit = settings_.shadow.max_disagreement;
  const double value = static_cast<double>(seen.disagreed) / static_cast<double>(seen.mirrored);
  const bool beyond_chance =
      analysis::RateInterval(seen.disagreed, seen.mirrored, {.alpha = Alpha()}).lower > limit;
  Finding finding{.metric = "disagreement",
                  .verdict = VerdictOf(beyond_chance, value, limit),
                  .dry_run = IsDryRun("disagreement")};
  finding.text = fmt::format("disagreement {:.2f} % of {} is {}", kPercent * value,
                             Plural(seen.mirrored, "copy", "copies"),
                             Beside(finding.verdict, fmt::format("{:g} %", kPercent * limit)));
  finding.evidence = {{"value", value}, {"limit", limit}, {"copies", seen.mirrored}};
  Check check{.at_ms = observed.now_ms, .findings = {finding}};
  check.verdict = WorstOf(check.findings);
  return check;
}

}  // namespace slipway::deploy
