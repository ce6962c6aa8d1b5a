#include "monitor/actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace slipway::monitor {
namespace {

constexpr double kMilliseconds = 1000;
constexpr double kRetrainSeconds = 86400;
constexpr size_t kMostLeft = 20;

int64_t RetrainIntervalMs(const deploy::Release& release) {
  double seconds = kRetrainSeconds;
  if (release.deployment.is_object()) {
    const auto monitoring = release.deployment.find("monitoring_config");
    if (monitoring != release.deployment.end() && monitoring->is_object())
      seconds = GetNumber(*monitoring, "retrain_interval_seconds", seconds);
  }
  return static_cast<int64_t>(seconds * kMilliseconds);
}

std::string EventOf(AlertChange change) {
  switch (change) {
    case AlertChange::kRaised: return "alert raised";
    case AlertChange::kWarned: return "alert warning";
    case AlertChange::kRecovered: return "alert recovered";
    case AlertChange::kNoTraffic: return "no traffic";
    case AlertChange::kTraffic: break;
  }
  return "traffic";
}

bool IsOfTraffic(AlertChange change) {
  return change == AlertChange::kNoTraffic || change == AlertChange::kTraffic;
}

}  // namespace

deploy::Outside NotifyOf(const deploy::Service& service, const std::string& event,
                         const std::string& text, int64_t now_ms, Json more) {
  Json detail = {{"event", event},
                 {"at_ms", now_ms},
                 {"service", service.name},
                 {"environment", service.environment},
                 {"model", service.stable ? service.stable->model : service.model},
                 {"version", service.stable ? service.stable->version : 0},
                 {"revision", service.history.empty() ? 0 : service.history.back().revision},
                 {"text", text}};
  for (auto& [key, value] : more.items()) detail[key] = std::move(value);
  return {"notify", std::move(detail)};
}

Actions ActionState::Decide(const deploy::Service& service, const AlertRules& rules,
                            const std::vector<AlertTransition>& changes, int64_t now_ms) {
  Actions actions;
  for (const AlertTransition& change : changes) {
    const AlertRule* rule = rules.Find(change.alert);
    const std::string action = rule == nullptr ? "notify" : rule->action;
    Tell(service, change, action, now_ms, &actions);
    if (change.change == AlertChange::kRecovered && change.alert == waiting_alert_) {
      waiting_alert_.clear();
    }
    // An estimate is no ground to act on.
    if (change.change != AlertChange::kRaised || change.estimated) continue;
    if (action == "rollback") RollBack(service, change, &actions);
    if (action == "retrain" && waiting_alert_.empty()) {
      waiting_alert_ = change.alert;
      waiting_text_ = change.text;
      told_waiting_ = false;
    }
  }
  if (!waiting_alert_.empty()) Retrain(service, now_ms, &actions);
  return actions;
}

// Silence is told to people only where it leaves an alert open: a service that is not asked at
// night is no news.
void ActionState::Tell(const deploy::Service& service, const AlertTransition& change,
                       const std::string& action, int64_t now_ms, Actions* actions) {
  Json detail = {{"change", ToString(change.change)}};
  if (!IsOfTraffic(change.change)) {
    detail["alert"] = change.alert;
    detail["value"] = change.value;
    detail["limit"] = change.limit;
    detail["estimated"] = change.estimated;
    detail["action"] = action;
    detail["evidence"] = change.evidence;
  }
  actions->notes.push_back({"alert", change.text, detail});
  if (IsOfTraffic(change.change)) return;
  actions->effects.push_back(
      NotifyOf(service, EventOf(change.change), change.text, now_ms, std::move(detail)));
}

void ActionState::RollBack(const deploy::Service& service, const AlertTransition& change,
                           Actions* actions) {
  const deploy::Release& stable = *service.stable;
  const auto decline = [&](const std::string& why) {
    actions->notes.push_back(
        {"alert", fmt::format("no rollback for {}: {}", change.alert, why), Json::object()});
  };
  if (asked_set_ == stable.set || actions->rollback) return;
  if (service.in_progress()) return decline("another version is being rolled out");
  if (service.history.size() < 2) return decline("nothing served before");
  if (service.rollout && service.rollout->kind == "undo")
    return decline("the stable version was gone back to already");
  const deploy::Release& before = service.history[service.history.size() - 2].release;
  if (std::ranges::find(left_, before.digest) != left_.end() || before.digest == stable.digest)
    return decline(fmt::format("{} was gone back from before", before.reference()));
  asked_set_ = stable.set;
  left_.push_back(stable.digest);
  if (left_.size() > kMostLeft) left_.erase(left_.begin());
  actions->rollback = RollbackWish{stable.set, change.text};
}

void ActionState::Retrain(const deploy::Service& service, int64_t now_ms, Actions* actions) {
  const int64_t interval = RetrainIntervalMs(*service.stable);
  if (retrained_ms_ && now_ms - *retrained_ms_ < interval) {
    if (std::exchange(told_waiting_, true)) return;
    const double left = static_cast<double>(interval - (now_ms - *retrained_ms_)) / kMilliseconds;
    actions->notes.push_back({"alert",
                              fmt::format("a run for {} waits {}: there was one a short time ago",
                                          waiting_alert_, FormatSeconds(left)),
                              Json::object()});
    return;
  }
  retrained_ms_ = now_ms;
  const std::string text = fmt::format("a run on the newest data: {}", waiting_text_);
  actions->notes.push_back({"alert", text, {{"alert", waiting_alert_}}});
  deploy::Outside told = NotifyOf(service, "retraining", text, now_ms, {{"alert", waiting_alert_}});
  Json detail = told.detail;
  detail.erase("event");
  detail["digest"] = service.stable->digest;
  actions->effects.push_back({"retrain", std::move(detail)});
  actions->effects.push_back(std::move(told));
  waiting_alert_.clear();
}

Json ActionState::ToJson() const {
  return {{"left", left_},
          {"asked_set", asked_set_},
          {"retrained_ms", retrained_ms_ ? Json(*retrained_ms_) : Json(nullptr)},
          {"waiting_alert", waiting_alert_},
          {"waiting_text", waiting_text_},
          {"told_waiting", told_waiting_}};
}

Result<ActionState> ActionState::FromJson(const Json& json) {
  const auto left = json.find("left");
  if (!json.is_object() || left == json.end() || !left->is_array())
    return Error(ErrorCode::kIntegrity, "the stored state of actions can't be read");
  ActionState state;
  for (const Json& digest : *left)
    if (digest.is_string()) state.left_.push_back(digest.get<std::string>());
  state.asked_set_ = GetInteger(json, "asked_set");
  const auto retrained = json.find("retrained_ms");
  if (retrained != json.end() && retrained->is_number_integer())
    state.retrained_ms_ = retrained->get<int64_t>();
  state.waiting_alert_ = GetString(json, "waiting_alert");
  state.waiting_text_ = GetString(json, "waiting_text");
  state.told_waiting_ = GetBool(json, "told_waiting");
  return state;
}

}  // namespace slipway::monitor
