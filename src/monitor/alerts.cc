#include "monitor/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/confidence.h"
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
  return now.labelled < before.labelled || now.confidence_sum < before.confidence_sum ||
         std::ranges::any_of(before.predictions, shrank);
}

ModelTally TallySince(const deploy::ModelCounts& before, const deploy::ModelCounts& now) {
  if (HasRestarted(before, now)) return {};
  ModelTally tally;
  tally.rows = RowsOf(now) - RowsOf(before);
  tally.confidence_sum =
      std::min(now.confidence_sum - before.confidence_sum, static_cast<double>(tally.rows));
  // A label that took the place of another one may have made fewer of them right, or more.
  tally.labelled = now.labelled - before.labelled;
  tally.correct = now.correct - before.correct;
  return tally;
}

// Rows with labels, and how many of them were right. Where more were corrected than there are
// labels of the window, these are of rows before it, and each is a row more.
struct Labelled {
  int64_t rows = 0;
  int64_t right = 0;
};
Labelled LabelledOf(const ModelTally& tally) {
  if (tally.correct < 0) return {tally.labelled - tally.correct, 0};
  return {std::max(tally.labelled, tally.correct), tally.correct};
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

// Enough labels to say that all is well, or no worse than scores let expect.
constexpr int64_t kEnoughLabels = 100;

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
  if (look.set == set_) EndWithoutRule(rules, &changes);
  if (look.set != set_ || rules.window_ms != window_ms_) {
    EndAll(look.set == set_ ? "window_seconds is another one"
                            : fmt::format("it was of {}, which is watched no longer", release_),
           &changes);
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
    standing.limit = reading ? reading->limit : rule.limit;
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

void AlertState::EndAll(const std::string& why, std::vector<AlertTransition>* changes) {
  for (const auto& [alert, standing] : standings_) End(alert, standing, why, changes);
}

// Nobody would hear again of an alert whose threshold was taken out of the configuration.
void AlertState::EndWithoutRule(const AlertRules& rules, std::vector<AlertTransition>* changes) {
  std::erase_if(standings_, [&](const auto& entry) {
    const auto& [alert, standing] = entry;
    if (rules.Find(alert) != nullptr) return false;
    End(alert, standing, "alert_thresholds names it no longer", changes);
    return true;
  });
}

void AlertState::End(const std::string& alert, const AlertStanding& standing,
                     const std::string& why, std::vector<AlertTransition>* changes) {
  if (standing.level == AlertLevel::kNone) return;
  changes->push_back({.change = AlertChange::kRecovered,
                      .alert = alert,
                      .value = standing.value,
                      .limit = standing.limit,
                      .text = fmt::format("{} is over: {}", alert, why)});
}

// Nobody looked for longer than a window, or never did, or the clock was set back: what came
// meanwhile came at no known time.
// A window may be shorter than the controller's own pace; then it is that of one look.
bool AlertState::Pausing(const AlertLook& look) const {
  constexpr int64_t kPace = 3000;
  return looked_ms_ == 0 || look.now_ms < looked_ms_ ||
         look.now_ms - looked_ms_ > std::max(window_ms_, kPace);
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

// By labels where there are enough of them, or where they are wrong beyond chance, else by what
// scores say of themselves.
std::optional<AlertState::Reading> AlertState::ReadAccuracy(const AlertRules& rules,
                                                            const AlertRule& rule) const {
  if (!rules.test_accuracy) return std::nullopt;
  const ModelTally tally = labels_.Total();
  const Labelled labelled = LabelledOf(tally);
  std::optional<Reading> reading;
  if (labelled.rows > 0) {
    reading = AccuracyOf(rules, rule, labelled.rows, static_cast<double>(labelled.right), false);
    const auto standing = standings_.find(rule.alert);
    const int64_t needed = standing == standings_.end() || standing->second.rows == 0
                               ? kEnoughLabels
                               : std::min(standing->second.rows, kEnoughLabels);
    reading->enough = reading->enough || labelled.rows >= needed;
  }
  if (reading && (reading->exceeds || reading->enough)) return reading;
  if (tally.rows == 0 || !rules.calibration_error) return reading;
  return AccuracyOf(rules, rule, tally.rows, tally.confidence_sum, true);
}

// The mean probability of the predicted classes is the accuracy of a calibrated model
// (confidence-based performance estimation), and misses it by no more than the calibration error.
// The accuracy on the test part is known as well as its interval says.
AlertState::Reading AlertState::AccuracyOf(const AlertRules& rules, const AlertRule& rule,
                                           int64_t rows, double right, bool estimated) {
  const double test = *rules.test_accuracy;
  const double open = test - rules.test_accuracy_low.value_or(test);
  const double accuracy = right / static_cast<double>(rows);
  Reading reading{.value = test - accuracy, .limit = rule.limit + open, .estimated = estimated};
  std::vector<std::string> parts = {fmt::format("{:.4g} %", kPercent * rule.limit)};
  if (open > 0) {
    parts.push_back(
        fmt::format("{:.4g} % that the size of the test part leaves open", kPercent * open));
  }
  if (estimated) {
    reading.limit += *rules.calibration_error;
    parts.push_back(
        fmt::format("{:.4g} % by which scores miss", kPercent * *rules.calibration_error));
  }
  if (parts.size() > 1) reading.limit_text = fmt::format(" ({})", Join(parts, ", and "));
  const auto wrong =
      std::max<int64_t>(static_cast<int64_t>(std::floor(static_cast<double>(rows) - right)), 0);
  const analysis::Interval wrong_rate = analysis::RateInterval(wrong, rows, {.alpha = kAlpha});
  reading.exceeds = wrong_rate.lower > 1 - test + reading.limit;
  reading.enough = estimated || wrong_rate.upper <= 1 - test + reading.limit;
  reading.rows = estimated ? 0 : rows;
  reading.text = fmt::format(
      "accuracy{} {:.1f} % of {}, {:.1f} % on the test part: accuracy_drop {:.1f} %",
      estimated ? " estimated from scores" : "", kPercent * accuracy,
      estimated ? Plural(rows, "row", "rows") : Plural(rows, "labelled row", "labelled rows"),
      kPercent * test, kPercent * std::max(reading.value, 0.0));
  reading.evidence = {
      {"accuracy", accuracy},    {"test_accuracy", test}, {"test_accuracy_low", test - open},
      {"threshold", rule.limit}, {"rows", rows},          {"estimated", estimated}};
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
    standing.rows = kind == AlertChange::kRaised ? reading.rows : 0;
    standing.text = fmt::format("{} {} {}{}", reading.text, words, LimitText(alert, reading.limit),
                                reading.limit_text);
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
  if (reading.value > reading.limit || standing.level == AlertLevel::kNone || !reading.enough) {
    standing.below_since_ms.reset();
    return;
  }
  if (!standing.below_since_ms) standing.below_since_ms = now_ms;
  if (now_ms - *standing.below_since_ms < kCalmWindows * window_ms_) return;
  change(AlertChange::kRecovered, AlertLevel::kNone, "is within");
}

}  // namespace slipway::monitor
