#include "monitor/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace slipway::monitor {
namespace {

constexpr int64_t kLoadIntervalMs = 60'000;
constexpr size_t kMostTold = 50;

// Segments come once a minute or with 100,000 rows, and a listing costs; but each of the parts of a
// short window is to be seen.
int64_t DriftIntervalMs(const DriftRules& rules) {
  constexpr int64_t kParts = 24, kShortest = 1000, kLongest = 15'000;
  return std::clamp(rules.window_ms / kParts, kShortest, kLongest);
}

// Since `last_ms`; 0 is never. True where the clock was set back, too.
bool HasPassed(int64_t last_ms, int64_t interval_ms, int64_t now_ms) {
  return last_ms == 0 || now_ms < last_ms || now_ms - last_ms >= interval_ms;
}

bool LogsPredictions(const deploy::Release& release) {
  if (!release.deployment.is_object()) return false;
  const auto monitoring = release.deployment.find("monitoring_config");
  return monitoring != release.deployment.end() && monitoring->is_object() &&
         GetBool(*monitoring, "log_predictions");
}

}  // namespace

std::map<std::string, AlertStanding> OpenAlerts(const deploy::Service& service) {
  const auto alerts = service.watched.find("alerts");
  if (service.down || !service.stable || alerts == service.watched.end()) return {};
  if (GetInteger(*alerts, "set") != service.stable->set) return {};
  return OpenAlerts(*alerts);
}

void Monitor::TellOnce(const std::string& text, MonitorDecision* decision) {
  if (std::ranges::find(told_, text) != told_.end() || told_.size() >= kMostTold) return;
  told_.push_back(text);
  decision->notes.push_back({"monitor", text, Json::object()});
}

Result<MonitorDecision> Monitor::Look(const deploy::Service& service,
                                      const deploy::Observed& observed, int64_t now_ms) {
  MonitorDecision decision;
  if (service.down || !service.stable) return decision;
  const deploy::Release& release = *service.stable;
  if (CompactJson(service.watched) != handed_) TakeUp(service.watched);
  Follow(service, now_ms, &decision);
  LookAtDrift(release, now_ms, &decision);
  const std::vector<AlertTransition> changes =
      alerts_.Look(rules_, LookOf(service, observed, now_ms));
  Actions actions = actions_.Decide(service, rules_, changes, now_ms);
  // Silence leaves an alert open that nobody would hear of again.
  for (const AlertTransition& change : changes) {
    if (change.change == AlertChange::kNoTraffic && alerts_.any())
      actions.effects.push_back(NotifyOf(service, "no traffic", change.text, now_ms));
  }
  for (deploy::Note& note : actions.notes) decision.notes.push_back(std::move(note));
  decision.effects = std::move(actions.effects);
  decision.rollback = std::move(actions.rollback);
  if (!decision.empty()) {
    decision.decided = Decided();
    handed_ = CompactJson(decision.decided);
  }
  return decision;
}

Json Monitor::Decided() const {
  return {{"alerts", alerts_.Decided()}, {"actions", actions_.ToJson()}, {"told", told_}};
}

void Monitor::TakeUp(const Json& decided) {
  handed_ = CompactJson(decided);
  const auto alerts = decided.find("alerts");
  alerts_.TakeUp(alerts == decided.end() ? Json::object() : *alerts);
  const auto actions = decided.find("actions");
  Result<ActionState> read =
      actions == decided.end() ? ActionState() : ActionState::FromJson(*actions);
  actions_ = read.ok() ? *std::move(read) : ActionState();
  told_.clear();
  const auto told = decided.find("told");
  if (told == decided.end() || !told->is_array()) return;
  for (const Json& text : *told)
    if (text.is_string()) told_.push_back(text.get<std::string>());
}

// Another release has another past, other limits and another profile.
void Monitor::Follow(const deploy::Service& service, int64_t now_ms, MonitorDecision* decision) {
  const deploy::Release& release = *service.stable;
  if (set_ != release.set) {
    set_ = release.set;
    loaded_ = false;
    load_ms_ = 0;
    drift_.reset();
    stored_drift_ = nullptr;
    drift_ms_ = 0;
    told_.clear();
    rules_ = ReadAlertRules(release.deployment, nullptr);
  }
  if (loaded_ || !HasPassed(load_ms_, kLoadIntervalMs, now_ms)) return;
  load_ms_ = now_ms;
  rules_ = ReadAlertRules(release.deployment, nullptr);
  Result<WatchedArtifact> artifact = options_.artifact(release);
  if (!artifact.ok()) {
    TellOnce(fmt::format("accuracy and drift of {} can't be watched: {}", release.reference(),
                         artifact.error().ToString()),
             decision);
    return;
  }
  loaded_ = true;
  rules_ = ReadAlertRules(release.deployment, artifact->metrics);
  for (const std::string& gap : rules_.gaps) TellOnce(gap, decision);
  StartDrift(service, std::move(artifact->bins), decision);
}

void Monitor::StartDrift(const deploy::Service& service, std::vector<FeatureBins> bins,
                         MonitorDecision* decision) {
  const deploy::Release& release = *service.stable;
  if (rules_.Find("drift") == nullptr) return;
  if (!LogsPredictions(release) || options_.predictions(release).empty()) {
    return TellOnce("drift can't be watched: monitoring_config.log_predictions is false", decision);
  }
  const DriftRules rules = ReadDriftRules(release.deployment);
  drift_every_ms_ = DriftIntervalMs(rules);
  if (!stored_drift_.is_null()) {
    Result<DriftWatch> read = DriftWatch::FromJson(stored_drift_, bins, rules);
    stored_drift_ = nullptr;
    if (read.ok()) {
      drift_ = *std::move(read);
      return;
    }
    TellOnce("drift is watched from the beginning: " + read.error().ToString(), decision);
  }
  Result<DriftWatch> made = DriftWatch::Make({.service = service.name,
                                              .model = release.model,
                                              .digest = release.digest,
                                              .since_ms = service.stable_ms},
                                             std::move(bins), rules);
  if (!made.ok()) return TellOnce("drift can't be watched: " + made.error().ToString(), decision);
  drift_ = *std::move(made);
}

void Monitor::LookAtDrift(const deploy::Release& release, int64_t now_ms,
                          MonitorDecision* decision) {
  if (!drift_ || !HasPassed(drift_ms_, drift_every_ms_, now_ms)) return;
  drift_ms_ = now_ms;
  const Result<LiveDrift> drift = drift_->Look(options_.predictions(release), now_ms);
  if (!drift.ok()) {
    return TellOnce("the prediction log can't be read: " + drift.error().ToString(), decision);
  }
  if (!drift->trouble.empty())
    TellOnce("a segment of the prediction log is passed over: " + drift->trouble, decision);
}

AlertLook Monitor::LookOf(const deploy::Service& service, const deploy::Observed& observed,
                          int64_t now_ms) const {
  AlertLook look;
  look.now_ms = now_ms;
  look.set = service.stable->set;
  look.release = service.stable->reference();
  look.model = observed.ModelOf(look.set);
  look.models_instance = observed.models_instance;
  if (observed.traffic) {
    look.has_counts = true;
    look.instance = observed.traffic->instance;
    look.requests = observed.traffic->CountsOf(look.set);
  }
  if (!drift_) return look;
  const LiveDrift drift = drift_->Current();
  if (drift.rows > 0 || drift.share > 0)
    look.drift = DriftReading{drift.share, drift.Text(), drift.Evidence()};
  return look;
}

Json Monitor::ToJson() const {
  return {{"set", set_},
          {"alerts", alerts_.ToJson()},
          {"drift", drift_ ? drift_->ToJson() : stored_drift_}};
}

Result<Monitor> Monitor::FromJson(const Json& json, MonitorOptions options) {
  if (!json.is_object() || !json.contains("alerts"))
    return Error(ErrorCode::kIntegrity, "the stored state of the monitor can't be read");
  Monitor monitor(std::move(options));
  monitor.set_ = GetInteger(json, "set");
  SLIPWAY_ASSIGN_OR_RETURN(monitor.alerts_, AlertState::FromJson(json["alerts"]));
  if (json.contains("drift")) monitor.stored_drift_ = json["drift"];
  return monitor;
}

}  // namespace slipway::monitor
