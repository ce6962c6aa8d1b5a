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
    if (change.change == AlertChange::kRecovered) {
      for (std::vector<Waiting>* all : {&rollbacks_, &runs_})
        std::erase_if(*all, [&](const Waiting& one) { return one.alert == change.alert; });
    }
    // An estimate is no ground to act on.
    if (change.change != AlertChange::kRaised || change.estimated) continue;
    if (action == "rollback") {
      if (rollback_set_ != service.stable->set) rollbacks_.clear();
      rollback_set_ = service.stable->set;
      Await(change, &rollbacks_);
    }
    if (action == "retrain") Await(change, &runs_);
  }
  DropOthers(rules, "rollback", &rollbacks_, &actions);
  DropOthers(rules, "retrain", &runs_, &actions);
  if (!rollbacks_.empty()) RollBack(service, &actions);
  if (!runs_.empty()) Retrain(service, now_ms, &actions);
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

void ActionState::Await(const AlertTransition& change, std::vector<Waiting>* all) {
  if (std::ranges::find(*all, change.alert, &Waiting::alert) == all->end())
    all->push_back({.alert = change.alert, .text = change.text, .told = {}});
}

void ActionState::DropOthers(const AlertRules& rules, std::string_view action,
                             std::vector<Waiting>* all, Actions* actions) {
  std::erase_if(*all, [&](const Waiting& one) {
    const AlertRule* rule = rules.Find(one.alert);
    if (rule != nullptr && rule->action == action) return false;
    actions->notes.push_back({"alert",
                              fmt::format("no {} for {}: its action is {} now", action, one.alert,
                                          rule == nullptr ? "none" : rule->action),
                              Json::object()});
    return true;
  });
}

void ActionState::TellWaiting(Waiting* waiting, const std::string& why, std::string text,
                              Actions* actions) {
  if (std::exchange(waiting->told, why) == why) return;
  actions->notes.push_back({"alert", std::move(text), Json::object()});
}

void ActionState::RollBack(const deploy::Service& service, Actions* actions) {
  const deploy::Release& stable = *service.stable;
  if (rollback_set_ != stable.set || asked_set_ == stable.set) {
    rollbacks_.clear();
    return;
  }
  Waiting& first = rollbacks_.front();
  const auto decline = [&](const std::string& why) {
    TellWaiting(&first, why, fmt::format("no rollback for {}: {}", first.alert, why), actions);
  };
  if (service.in_progress()) return decline("another version is being rolled out");
  if (service.rollout && service.rollout->kind == "undo")
    return decline("the stable version was gone back to already");
  // The same version may have been deployed again, with other settings: it is no other one.
  const auto is_other = [&](const deploy::HistoryEntry& entry) {
    return entry.release.digest != stable.digest;
  };
  const auto is_left = [&](const deploy::HistoryEntry& entry) {
    return std::ranges::find(left_, entry.release.digest) != left_.end();
  };
  const auto& history = service.history;
  const auto other = std::find_if(history.rbegin(), history.rend(), is_other);
  if (other == history.rend()) {
    return decline(history.size() < 2 ? "nothing served before"
                                      : "no other version served before " + stable.reference());
  }
  const auto before = std::find_if(other, history.rend(), [&](const deploy::HistoryEntry& entry) {
    return is_other(entry) && !is_left(entry);
  });
  if (before == history.rend())
    return decline(other->release.reference() + " was gone back from before");
  asked_set_ = stable.set;
  left_.push_back(stable.digest);
  if (left_.size() > kMostLeft) left_.erase(left_.begin());
  actions->rollback = RollbackWish{stable.set, before->revision, first.text};
  rollbacks_.clear();
}

void ActionState::Retrain(const deploy::Service& service, int64_t now_ms, Actions* actions) {
  const int64_t interval = RetrainIntervalMs(*service.stable);
  // A clock that was set back would else make it wait for as long as that.
  if (retrained_ms_) retrained_ms_ = std::min(*retrained_ms_, now_ms);
  Waiting& first = runs_.front();
  if (retrained_ms_ && now_ms - *retrained_ms_ < interval) {
    const double left = static_cast<double>(interval - (now_ms - *retrained_ms_)) / kMilliseconds;
    return TellWaiting(&first, "early",
                       fmt::format("a run for {} waits {}: there was one a short time ago",
                                   first.alert, FormatSeconds(left)),
                       actions);
  }
  retrained_ms_ = now_ms;
  const std::string text = fmt::format("a run on the newest data: {}", first.text);
  actions->notes.push_back({"alert", text, {{"alert", first.alert}}});
  deploy::Outside told = NotifyOf(service, "retraining", text, now_ms, {{"alert", first.alert}});
  Json detail = told.detail;
  detail.erase("event");
  detail["digest"] = service.stable->digest;
  detail["reason"] = first.text;
  actions->effects.push_back({"retrain", std::move(detail)});
  actions->effects.push_back(std::move(told));
  runs_.clear();
}

Json ActionState::ToJson(const std::vector<Waiting>& all) {
  Json json = Json::array();
  for (const Waiting& one : all)
    json.push_back({{"alert", one.alert}, {"text", one.text}, {"told", one.told}});
  return json;
}

Json ActionState::ToJson() const {
  return {{"left", left_},
          {"asked_set", asked_set_},
          {"retrained_ms", retrained_ms_ ? Json(*retrained_ms_) : Json(nullptr)},
          {"rollback_set", rollback_set_},
          {"rollbacks", ToJson(rollbacks_)},
          {"runs", ToJson(runs_)}};
}

Result<ActionState> ActionState::FromJson(const Json& json) {
  const auto left = json.find("left");
  if (!json.is_object() || left == json.end() || !left->is_array())
    return Error(ErrorCode::kIntegrity, "the stored state of actions can't be read");
  ActionState state;
  for (const Json& digest : *left)
    if (digest.is_string()) state.left_.push_back(digest.get<std::string>());
  state.asked_set_ = GetInteger(json, "asked_set");
  state.rollback_set_ = GetInteger(json, "rollback_set");
  const auto retrained = json.find("retrained_ms");
  if (retrained != json.end() && retrained->is_number_integer())
    state.retrained_ms_ = retrained->get<int64_t>();
  for (const auto& [key, all] :
       {std::pair("rollbacks", &state.rollbacks_), std::pair("runs", &state.runs_)}) {
    const auto kept = json.find(key);
    if (kept == json.end() || !kept->is_array()) continue;
    for (const Json& one : *kept)
      all->push_back({GetString(one, "alert"), GetString(one, "text"), GetString(one, "told")});
  }
  return state;
}

std::vector<std::string> ActionState::GoneBackFrom(const deploy::Service& service) {
  const auto actions = service.watched.find("actions");
  if (actions == service.watched.end()) return {};
  const Result<ActionState> state = FromJson(*actions);
  return state.ok() ? state->left_ : std::vector<std::string>();
}

}  // namespace slipway::monitor
