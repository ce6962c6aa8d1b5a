// What follows from an alert: people are told in any case; a rollback or a new run where the
// configuration says so and it makes sense. Pure, but for the state that it keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "deploy/types.h"
#include "monitor/alerts.h"

namespace slipway::monitor {

// For the verb Undo, of the set that was stable when it was wished for.
struct RollbackWish {
  int64_t set = 0;
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
  // out, there is a release to go back to, and neither was the stable one gone back to already nor
  // the one before it ever gone back from: two bad releases must not take turns.
  //
  // A run is asked for at most once in `retrain_interval_seconds`; one that comes too early waits,
  // and is dropped when its alert recovers.
  Actions Decide(const deploy::Service& service, const AlertRules& rules,
                 const std::vector<AlertTransition>& changes, int64_t now_ms);

  Json ToJson() const;
  static Result<ActionState> FromJson(const Json& json);

 private:
  void Tell(const deploy::Service& service, const AlertTransition& change,
            const std::string& action, int64_t now_ms, Actions* actions);
  void RollBack(const deploy::Service& service, const AlertTransition& change, Actions* actions);
  void Retrain(const deploy::Service& service, int64_t now_ms, Actions* actions);

  std::vector<std::string> left_;  // Digests of releases that were gone back from, oldest first.
  int64_t asked_set_ = 0;          // Of the last wish for a rollback.
  std::optional<int64_t> retrained_ms_;
  std::string waiting_alert_;  // That asks for a run; "" for none.
  std::string waiting_text_;
  bool told_waiting_ = false;
};

}  // namespace slipway::monitor
