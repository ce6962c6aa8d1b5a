// Alerts on a version that serves alone: what is measured of it against the limits that a person
// has set, look by look.
//
// An alert is raised where a value is above its limit beyond chance, and once; it has recovered
// where the value has not been above the limit for two whole windows in which there were requests,
// and that is told once, too. What decides nothing changes nothing: no requests, no counts, a pause
// of the watching.
//
// Values are those of a window that slides with time. Each of its slots begins a sequence that is
// looked at any number of times (analysis/confidence.h), so that at a limit which is just met a
// false alert comes at most once in ten thousand windows, and below it more rarely.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "deploy/counts.h"
#include "monitor/sliding_sum.h"

namespace slipway::monitor {

struct AlertRule {
  std::string
      alert;  // "error_rate", "client_error_rate", "latency_p95", …, "accuracy_drop", "drift"
  double limit = 0;
  std::string action = "notify";  // Or "rollback", "retrain".
};

struct AlertRules {
  std::vector<AlertRule> rules;
  int64_t window_ms = 60'000;
  std::optional<double> test_accuracy;      // None of a regression.
  std::optional<double> test_accuracy_low;  // The lower end of its interval.
  std::optional<double> calibration_error;  // By how much scores miss, on the test part.
  // Of rules that nothing can be said of, and why.
  std::vector<std::string> gaps;

  // nullptr of an alert without a limit.
  const AlertRule* Find(const std::string& alert) const;
};

// `deployment` is the resolved section, `metrics` the version's metrics.json (null where it has
// none).
AlertRules ReadAlertRules(const Json& deployment, const Json& metrics);

// What the drift watch knows.
struct DriftReading {
  double share = 0;  // Of the features that drifted.
  std::string text = {};
  Json evidence = Json::object();
};

struct AlertLook {
  int64_t now_ms = 0;
  int64_t set = 0;              // The stable release's.
  std::string release;          // "churn:3", for texts.
  bool has_counts = false;      // False where the splitter does not answer.
  std::string instance;         // Of the splitter.
  std::string models_instance;  // Another one: counts of the model began anew.
  deploy::SetCounts requests;
  deploy::ModelCounts model;
  std::optional<DriftReading> drift;
};

enum class AlertChange : uint8_t {
  kRaised,
  kWarned,     // By an estimate alone: told, and nothing else is done.
  kRecovered,  // Or over, as its version serves no longer or its limit was taken away.
  kNoTraffic,
  kTraffic,  // Again.
};
// "raised", "warning", "recovered", "no traffic", "traffic".
const char* ToString(AlertChange change);

struct AlertTransition {
  AlertChange change = AlertChange::kRaised;
  std::string alert = {};  // "" of traffic.
  double value = 0;
  double limit = 0;
  bool estimated = false;  // From scores, as there are no labels.
  std::string text = {};
  Json evidence = Json::object();
};

// Rows, and what is known of them with labels or without.
struct ModelTally {
  int64_t rows = 0;
  double confidence_sum = 0;
  int64_t labelled = 0;
  int64_t correct = 0;
};
void Add(const ModelTally& more, ModelTally* total);

enum class AlertLevel : uint8_t { kNone, kWarning, kRaised };
// "", "warning", "raised".
const char* ToString(AlertLevel level);

// One alert as it stands.
struct AlertStanding {
  AlertLevel level = AlertLevel::kNone;
  int64_t since_ms = 0;                   // Of the level.
  std::optional<int64_t> below_since_ms;  // Within the limit at each look since.
  double value = 0;                       // Of the last look that had one.
  double limit = 0;                       // That it is held against.
  int64_t rows = 0;                       // With labels, that it was raised by.
  std::string text = {};
};

// Those that AlertState::Decided tells of; what can't be read is left out.
std::map<std::string, AlertStanding> OpenAlerts(const Json& decided);

// A value; any thread's own.
class AlertState {
 public:
  // What changed since the last look. One that is before the last one is as after a pause.
  std::vector<AlertTransition> Look(const AlertRules& rules, const AlertLook& look);

  const std::map<std::string, AlertStanding>& standings() const { return standings_; }
  // At least one alert is raised, or warned of.
  bool any() const;
  bool silent() const { return silent_; }

  Json ToJson() const;
  static Result<AlertState> FromJson(const Json& json);

  // What was decided, without what was counted: whose alerts are open. It may be read by others.
  Json Decided() const;
  // Goes on from what was decided, here or where this state is lost; null, {} or nothing that can
  // be read is taken as nothing. What was counted stays where it is of the same release.
  void TakeUp(const Json& decided);

 private:
  struct Reading {
    double value = 0;
    double limit = 0;
    std::string limit_text = {};  // What it is made of, where that is more than the threshold.
    bool exceeds = false;
    bool enough = true;  // To say that all is well.
    bool estimated = false;
    int64_t rows = 0;  // With labels.
    std::string text = {};
    Json evidence = Json::object();
  };

  void Begin(const AlertRules& rules, const AlertLook& look);
  void EndAll(const std::string& why, std::vector<AlertTransition>* changes);
  void EndWithoutRule(const AlertRules& rules, std::vector<AlertTransition>* changes);
  static void End(const std::string& alert, const AlertStanding& standing, const std::string& why,
                  std::vector<AlertTransition>* changes);
  bool Pausing(const AlertLook& look) const;
  void Rebase(const AlertLook& look);
  // What came since the last look; how many requests.
  int64_t Collect(const AlertLook& look);
  void JudgeTraffic(int64_t requests, int64_t now_ms, std::vector<AlertTransition>* changes);
  std::optional<Reading> Read(const AlertRules& rules, const AlertRule& rule,
                              const deploy::SetCounts& window, const AlertLook& look) const;
  std::optional<Reading> ReadAccuracy(const AlertRules& rules, const AlertRule& rule) const;
  static Reading AccuracyOf(const AlertRules& rules, const AlertRule& rule, int64_t rows,
                            double right, bool estimated);
  void Step(const std::string& alert, const Reading& reading, int64_t now_ms,
            std::vector<AlertTransition>* changes);

  int64_t set_ = 0;  // 0 before the first look.
  std::string release_;
  std::string instance_;
  std::string models_instance_;
  int64_t window_ms_ = 0;
  int64_t looked_ms_ = 0;
  deploy::SetCounts requests_;  // As they were at the last look.
  deploy::ModelCounts model_;
  SlidingSum<deploy::SetCounts> window_;
  SlidingSum<ModelTally> labels_;
  std::map<std::string, AlertStanding> standings_;
  bool silent_ = false;
  int64_t request_ms_ = 0;                // The last look that had requests, or the first one.
  std::optional<int64_t> busy_since_ms_;  // While silent: requests in each window since.
};

}  // namespace slipway::monitor
