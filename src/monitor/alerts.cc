#include "monitor/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/text.h"
#include "deploy/threshold.h"

namespace slipway::monitor {
namespace {

constexpr double kPercent = 100;
constexpr double kMilliseconds = 1000;
// Chance of a false alert in a window, shared over the sequences that begin in it.
constexpr double kWindowAlpha = 1e-4;
constexpr double kAlpha = kWindowAlpha / static_cast<double>(SlidingSum<ModelTally>::kSlots);
// Windows without a breach, or without requests, that are needed to say so.
constexpr int64_t kCalmWindows = 2;
// Labels are few and come late: they are looked at over so many windows.
constexpr int64_t kLabelWindows = 10;

int64_t RowsOf(const deploy::ModelCounts& counts) {
  int64_t rows = 0;
  for (const auto& [name, count] : counts.predictions) rows += count;
  return rows;
}

// Counts are sums over replicas: where one began anew, what the sum grew by means nothing.
bool HasRestarted(const deploy::ModelCounts& before, const deploy::ModelCounts& now) {
  const auto shrank = [&](const auto& entry) {
    const auto it = now.predictions.find(entry.first);
    return it == now.predictions.end() || it->second < entry.second;
  };
  return now.labelled < before.labelled || now.correct < before.correct ||
         now.confidence_sum < before.confidence_sum ||
         std::ranges::any_of(before.predictions, shrank);
}

ModelTally TallySince(const deploy::ModelCounts& before, const deploy::ModelCounts& now) {
  if (HasRestarted(before, now)) return {};
  ModelTally tally;
  tally.rows = RowsOf(now) - RowsOf(before);
  tally.confidence_sum =
      std::min(now.confidence_sum - before.confidence_sum, static_cast<double>(tally.rows));
  tally.labelled = now.labelled - before.labelled;
  tally.correct = std::min(now.correct - before.correct, tally.labelled);
  return tally;
}

std::string Seconds(int64_t milliseconds) {
  return FormatSeconds(static_cast<double>(milliseconds) / kMilliseconds);
}

std::string RequestText(const std::string& metric, double value, int64_t requests) {
  const std::string shown = deploy::QuantileOf(metric) > 0
                                ? fmt::format("{:.1f} ms", value)
                                : fmt::format("{:.2f} %", kPercent * value);
  return fmt::format("{} {} of {}", metric, shown, Plural(requests, "request", "requests"));
}

std::string LimitText(const std::string& alert, double limit) {
  if (deploy::QuantileOf(alert) > 0) return fmt::format("{:g} ms", limit);
  return fmt::format("{:.4g} %", kPercent * limit);
}

}  // namespace

void Add(const ModelTally& more, ModelTally* total) {
  total->rows += more.rows;
  total->confidence_sum += more.confidence_sum;
  total->labelled += more.labelled;
  total->correct += more.correct;
}

bool AlertState::any() const {
  return std::ranges::any_of(
      standings_, [](const auto& entry) { return entry.second.level != AlertLevel::kNone; });
}

std::vector<AlertTransition> AlertState::Look(const AlertRules& rules, const AlertLook& look) {
  std::vector<AlertTransition> changes;
  if (look.set != set_ || rules.window_ms != window_ms_) {
    EndAll(&changes);
    Begin(rules, look);
    return changes;
  }
  if (!look.has_counts || rules.rules.empty()) return changes;
  if (Pausing(look)) {
    Rebase(look);
    return changes;
  }
  JudgeTraffic(Collect(look), look.now_ms, &changes);
  const deploy::SetCounts window = window_.Total();
  for (const AlertRule& rule : rules.rules) {
    const std::optional<Reading> reading = Read(rules, rule, window, look);
    AlertStanding& standing = standings_[rule.alert];
    standing.limit = rule.limit;
    // An estimate does not take back what labels have shown.
    if (!reading || (reading->estimated && standing.level == AlertLevel::kRaised)) {
      standing.below_since_ms.reset();
      continue;
    }
    Step(rule.alert, *reading, look.now_ms, &changes);
  }
  return changes;
}

void AlertState::Begin(const AlertRules& rules, const AlertLook& look) {
  *this = {};
  set_ = look.set;
  release_ = look.release;
  window_ms_ = rules.window_ms;
  if (look.has_counts) Rebase(look);
}

void AlertState::EndAll(std::vector<AlertTransition>* changes) {
  for (const auto& [alert, standing] : standings_) {
    if (standing.level == AlertLevel::kNone) continue;
    changes->push_back({.change = AlertChange::kRecovered,
                        .alert = alert,
                        .value = standing.value,
                        .limit = standing.limit,
                        .text = fmt::format("{} is over: it was of {}, which is watched no longer",
                                            alert, release_)});
  }
}

// Nobody looked for longer than a window, or never did: what came meanwhile came at no known time.
// A window may be shorter than the controller's own pace; then it is that of one look.
bool AlertState::Pausing(const AlertLook& look) const {
  constexpr int64_t kPace = 3000;
  return looked_ms_ == 0 || look.now_ms - looked_ms_ > std::max(window_ms_, kPace);
}

void AlertState::Rebase(const AlertLook& look) {
  instance_ = look.instance;
  models_instance_ = look.models_instance;
  looked_ms_ = look.now_ms;
  requests_ = look.requests;
  model_ = look.model;
  request_ms_ = look.now_ms;
  busy_since_ms_.reset();
  window_ = {};
  labels_ = {};
  for (auto& [alert, standing] : standings_) standing.below_since_ms.reset();
}

int64_t AlertState::Collect(const AlertLook& look) {
  // Another splitter has counted from 0.
  const deploy::SetCounts before =
      instance_ == look.instance ? requests_ : deploy::SetCounts{.set = set_};
  const deploy::SetCounts more = deploy::Since(before, look.requests);
  window_.Take(more, look.now_ms, window_ms_);
  const ModelTally tally =
      models_instance_ == look.models_instance ? TallySince(model_, look.model) : ModelTally();
  labels_.Take(tally, look.now_ms, kLabelWindows * window_ms_);
  instance_ = look.instance;
  models_instance_ = look.models_instance;
  looked_ms_ = look.now_ms;
  requests_ = look.requests;
  model_ = look.model;
  return more.requests;
}

// With the same patience both ways, so that a service that is seldom asked is told of once.
void AlertState::JudgeTraffic(int64_t requests, int64_t now_ms,
                              std::vector<AlertTransition>* changes) {
  const int64_t patience = kCalmWindows * window_ms_;
  if (requests > 0) request_ms_ = now_ms;
  if (!silent_) {
    if (now_ms - request_ms_ < patience) return;
    silent_ = true;
    busy_since_ms_.reset();
    changes->push_back({.change = AlertChange::kNoTraffic,
                        .text = fmt::format("no request for {}: nothing can be said of {}",
                                            Seconds(now_ms - request_ms_), release_)});
    return;
  }
  if (now_ms - request_ms_ >= window_ms_) {
    busy_since_ms_.reset();
  } else if (!busy_since_ms_) {
    busy_since_ms_ = now_ms;
  } else if (now_ms - *busy_since_ms_ >= patience) {
    silent_ = false;
    changes->push_back({.change = AlertChange::kTraffic, .text = release_ + " has requests again"});
  }
}

std::optional<AlertState::Reading> AlertState::Read(const AlertRules& rules, const AlertRule& rule,
                                                    const deploy::SetCounts& window,
                                                    const AlertLook& look) const {
  if (rule.alert == "accuracy_drop") return ReadAccuracy(rules, rule);
  if (rule.alert == "drift") {
    if (!look.drift) return std::nullopt;
    return Reading{.value = look.drift->share,
                   .limit = rule.limit,
                   .exceeds = look.drift->share > rule.limit,
                   .text = fmt::format("{}; a share of {:.1f} %", look.drift->text,
                                       kPercent * look.drift->share),
                   .evidence = look.drift->evidence};
  }
  if (!deploy::IsRequestMetric(rule.alert) || window.requests == 0) return std::nullopt;
  Reading reading{.value = deploy::ValueOf(rule.alert, window), .limit = rule.limit};
  reading.exceeds = deploy::Exceeds(rule.alert, window, rule.limit, kAlpha);
  reading.text = RequestText(rule.alert, reading.value, window.requests);
  reading.evidence = {{"requests", window.requests}};
  return reading;
}

// By labels where there are some, else by what scores say of themselves: the mean probability of
// the predicted classes is the accuracy of a calibrated model (confidence-based performance
// estimation), and misses it by no more than the calibration error.
std::optional<AlertState::Reading> AlertState::ReadAccuracy(const AlertRules& rules,
                                                            const AlertRule& rule) const {
  const ModelTally tally = labels_.Total();
  const bool estimated = tally.labelled == 0;
  const int64_t rows = estimated ? tally.rows : tally.labelled;
  if (!rules.test_accuracy || rows == 0) return std::nullopt;
  if (estimated && !rules.calibration_error) return std::nullopt;
  Reading reading{.limit = rule.limit, .estimated = estimated};
  if (estimated) reading.limit += *rules.calibration_error;
  const double right = estimated ? tally.confidence_sum : static_cast<double>(tally.correct);
  const double accuracy = right / static_cast<double>(rows);
  reading.value = *rules.test_accuracy - accuracy;
  const auto wrong = static_cast<int64_t>(std::floor(static_cast<double>(rows) - right));
  reading.exceeds = deploy::RateExceeds({.trials = rows, .events = std::max<int64_t>(wrong, 0)},
                                        1 - *rules.test_accuracy + reading.limit, kAlpha);
  reading.text = fmt::format(
      "accuracy{} {:.1f} % of {}, {:.1f} % on the test part: accuracy_drop {:.1f} %",
      estimated ? " estimated from scores" : "", kPercent * accuracy,
      estimated ? Plural(rows, "row", "rows") : Plural(rows, "labelled row", "labelled rows"),
      kPercent * *rules.test_accuracy, kPercent * std::max(reading.value, 0.0));
  reading.evidence = {{"accuracy", accuracy},
                      {"test_accuracy", *rules.test_accuracy},
                      {"rows", rows},
                      {"estimated", estimated}};
  return reading;
}

void AlertState::Step(const std::string& alert, const Reading& reading, int64_t now_ms,
                      std::vector<AlertTransition>* changes) {
  AlertStanding& standing = standings_[alert];
  standing.value = reading.value;
  const auto change = [&](AlertChange kind, AlertLevel level, const char* words) {
    standing.level = level;
    standing.since_ms = now_ms;
    standing.below_since_ms.reset();
    standing.text = fmt::format("{} {} {}", reading.text, words, LimitText(alert, reading.limit));
    changes->push_back({.change = kind,
                        .alert = alert,
                        .value = reading.value,
                        .limit = reading.limit,
                        .estimated = reading.estimated,
                        .text = standing.text,
                        .evidence = reading.evidence});
  };
  if (reading.exceeds) {
    standing.below_since_ms.reset();
    const AlertLevel level = reading.estimated ? AlertLevel::kWarning : AlertLevel::kRaised;
    if (standing.level >= level) return;
    return change(reading.estimated ? AlertChange::kWarned : AlertChange::kRaised, level,
                  "is above");
  }
  if (reading.value > reading.limit || standing.level == AlertLevel::kNone) {
    standing.below_since_ms.reset();
    return;
  }
  if (!standing.below_since_ms) standing.below_since_ms = now_ms;
  if (now_ms - *standing.below_since_ms < kCalmWindows * window_ms_) return;
  change(AlertChange::kRecovered, AlertLevel::kNone, "is within");
}

}  // namespace slipway::monitor
