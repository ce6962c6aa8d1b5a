// What watches a service in steady state: alerts, drift and what follows from them, look by look.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "deploy/observed.h"
#include "deploy/types.h"
#include "monitor/actions.h"
#include "monitor/alerts.h"
#include "monitor/drift_watch.h"
#include "monitor/watched_artifact.h"

namespace slipway::monitor {

struct MonitorOptions {
  // What the release's artifact tells. Called when a release becomes the stable one, and again
  // after a minute where it failed; may take its time.
  std::function<Result<WatchedArtifact>(const deploy::Release&)> artifact;
  // Where the release's replicas log their predictions: a folder or s3://…; "" for nowhere.
  std::function<std::string(const deploy::Release&)> predictions = [](const deploy::Release&) {
    return std::string();
  };
};

// To be written with the service, all at once: notes as events, effects into the outbox, what was
// decided as Service::watched. A rollback is to be done by deploy::Undo, where the set is still the
// stable one.
struct MonitorDecision {
  std::vector<deploy::Note> notes;
  std::vector<deploy::Outside> effects;
  std::optional<RollbackWish> rollback;
  Json decided = Json::object();

  bool empty() const { return notes.empty() && effects.empty() && !rollback; }
};

// The alerts that are open of the service's stable release, for people.
std::map<std::string, AlertStanding> OpenAlerts(const deploy::Service& service);

// Of one service. Any thread's own.
//
// What it decides is kept with the service, by whoever calls: each look goes on from what is found
// there, so that what was not kept is decided once more, and what was kept never. All else that it
// knows (what was counted, evidence of drift) is to be kept now and then; a part that is lost is
// gathered anew.
class Monitor {
 public:
  explicit Monitor(MonitorOptions options) : options_(std::move(options)) {}

  // Nothing is decided of a service that is down or has no stable release. What can't be watched is
  // told in a note, once; kInvalidInput for settings of the release that make no sense.
  Result<MonitorDecision> Look(const deploy::Service& service, const deploy::Observed& observed,
                               int64_t now_ms);

  Json ToJson() const;
  // The state as it was kept; what was decided is taken from the service all the same. Of drift it
  // is taken up with the stable release's artifact, at the next look.
  static Result<Monitor> FromJson(const Json& json, MonitorOptions options);

 private:
  void Follow(const deploy::Service& service, int64_t now_ms, MonitorDecision* decision);
  void StartDrift(const deploy::Service& service, std::vector<FeatureBins> bins,
                  MonitorDecision* decision);
  void LookAtDrift(const deploy::Release& release, int64_t now_ms, MonitorDecision* decision);
  AlertLook LookOf(const deploy::Service& service, const deploy::Observed& observed,
                   int64_t now_ms) const;
  Json Decided() const;
  void TakeUp(const Json& decided);
  // Each text once, as long as the release is the stable one.
  void TellOnce(const std::string& text, MonitorDecision* decision);

  MonitorOptions options_;
  int64_t set_ = 0;  // Of the release that is followed; 0 for none.
  bool loaded_ = false;
  int64_t load_ms_ = 0;  // When the artifact was last asked for.
  AlertRules rules_;
  AlertState alerts_;
  ActionState actions_;
  std::optional<DriftWatch> drift_;
  Json stored_drift_;     // As it was kept, until the artifact is there.
  int64_t drift_ms_ = 0;  // Of the last look at the log.
  int64_t drift_every_ms_ = 0;
  std::vector<std::string> told_;
  std::string handed_;  // What was decided last, which the service should have; "" before.
};

}  // namespace slipway::monitor
