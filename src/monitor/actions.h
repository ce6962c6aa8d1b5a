// What follows from an alert: people are told in any case; a rollback or a new run where the
// configuration says so and it makes sense. Pure, but for the state that it keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "deploy/types.h"
#include "monitor/alerts.h"

namespace slipway::monitor {

// For the verb Undo, of the set that was stable when it was wished for.
struct RollbackWish {
  int64_t set = 0;
  int64_t to = 0;  // The revision to go back to.
  std::string reason;
};

struct Actions {
  std::vector<deploy::Note> notes;
  std::vector<deploy::Outside> effects;  // "notify" and "retrain".
  std::optional<RollbackWish> rollback;
};

// A "notify" about the stable release, with what else is to be told. `event` is what people see
// first: "alert raised", "alert recovered", "alert warning", "no traffic", "retraining".
deploy::Outside NotifyOf(const deploy::Service& service, const std::string& event,
                         const std::string& text, int64_t now_ms, Json more = Json::object());

// A value; any thread's own.
class ActionState {
 public:
  // What follows from what changed. The service has a stable release.
  //
  // A rollback is wished for where an alert was raised (no warning), nothing else is being rolled
  // out, another version served before, and neither was the stable one gone back to already nor the
  // other one ever gone back from: two bad releases must not take turns. What stands in its way is
  // told, and the wish waits until it can be done, its alert recovers, the configuration has
  // another action for it or another release is stable.
  //
  // A run is asked for at most once in `retrain_interval_seconds`; one that comes too early waits,
  // and is dropped when its alert recovers or has another action.
  Actions Decide(const deploy::Service& service, const AlertRules& rules,
                 const std::vector<AlertTransition>& changes, int64_t now_ms);

  Json ToJson() const;
  static Result<ActionState> FromJson(const Json& json);
  // Digests of releases that were gone back from because of an alert, as Service::watched has them.
  static std::vector<std::string> GoneBackFrom(const deploy::Service& service);

 private:
  // An alert that waits for its action.
  struct Waiting {
    std::string alert;
    std::string text;
    std::string told;  // Why it waits, as it was told last.
  };

  void Tell(const deploy::Service& service, const AlertTransition& change,
            const std::string& action, int64_t now_ms, Actions* actions);
  void RollBack(const deploy::Service& service, Actions* actions);
  void Retrain(const deploy::Service& service, int64_t now_ms, Actions* actions);
  static Json ToJson(const std::vector<Waiting>& all);
  static void Await(const AlertTransition& change, std::vector<Waiting>* all);
  // Those for which the configuration has another action by now.
  static void DropOthers(const AlertRules& rules, std::string_view action,
                         std::vector<Waiting>* all, Actions* actions);
  // Each reason once.
  static void TellWaiting(Waiting* waiting, const std::string& why, std::string text,
                          Actions* actions);

  std::vector<std::string> left_;  // Digests of releases that were gone back from, oldest first.
  int64_t asked_set_ = 0;          // Of the last wish for a rollback.
  // Oldest first: the first is told of, and what is done for it is done for all.
  std::vector<Waiting> rollbacks_;
  int64_t rollback_set_ = 0;  // That these are to go back from.
  std::optional<int64_t> retrained_ms_;
  std::vector<Waiting> runs_;
};

}  // namespace slipway::monitor
