// A service and its rollouts as plain data: what is kept, what is seen, what is to be done.
//
// A service is one address behind which one version of a model serves, or two while one takes over
// from the other. The replicas of a version are a set, known by a number. Times are milliseconds
// since the epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/json.h"
#include "deploy/goal.h"
#include "deploy/observed.h"
#include "deploy/settings.h"
#include "deploy/watch.h"

namespace slipway::deploy {

// A model version with the settings it is served by: code, configuration and model are one, and are
// gone back to as one.
struct Release {
  int64_t set = 0;  // Of its replicas; never of two releases at once.
  std::string model;
  int64_t version = 0;  // The registry's counter.
  std::string label;
  std::string digest;
  Json deployment = Json::object();  // The resolved section of the configuration.
  bool forced = false;               // Past a failed verdict.
  // Of a regression serve::PredictionBoundsOf, and where the estimates of its replicas are cut to
  // be counted: mostly where the stable release's were when the set began, so that both are counted
  // alike. Ascending; none of a classification.
  std::vector<double> own_bounds = {};
  std::vector<double> prediction_bounds = {};

  std::string reference() const { return model + ":" + std::to_string(version); }
};

enum class Phase : uint8_t {
  kStarting,     // Its replicas come up.
  kShadowing,    // It gets copies of requests, and answers none.
  kProgressing,  // Traffic or replicas move to it, or it is tried out.
  kPromoting,    // All is to be its own.
  kRollingBack,  // All is to be the stable version's again.
  kCompleted,    // It is the stable version.
  kRolledBack,   // The stable version serves as before.
  kFailed,       // It was the first, and nothing serves.
};
const char* ToString(Phase phase);
Result<Phase> ParsePhase(const std::string& name);
inline bool HasEnded(Phase phase) { return phase >= Phase::kCompleted; }

// Why a rollout stands still.
struct Pause {
  bool by_person = false;  // Else what was seen allows no answer.
  std::string reason;
};

struct StageCounts {
  int passed = 0;
  int failed = 0;
  int inconclusive = 0;
  int total() const { return passed + failed + inconclusive; }
};

// One of an experiment's new versions.
struct Arm {
  Release release;
  bool validated = false;  // Its replicas predicted rightly.
  std::string left = {};   // Why it takes part no longer; "" where it does.
  int64_t unready_ms = 0;  // Since when it has traffic and no replica; 0 where it has some.
  std::optional<Watch> watch = {};  // That it does no harm.
  std::optional<Goal> goal = {};
  std::optional<GoalResult> result = {};  // Of the last look.
  bool told_changed = false;              // That its difference changed while it was measured.

  bool takes_part() const { return left.empty(); }
  // One that has no replica for its share lends it to the stable version.
  bool has_share() const { return takes_part() && unready_ms == 0; }
};

// How far replicas are exchanged. Only what has come of it changes these numbers: a replica that
// ends meanwhile is started again.
struct Exchange {
  int fresh = 0;             // Replicas that the new version is to have,
  int old = 0;               // and the stable one.
  int64_t exchanged_ms = 0;  // Since when the new version alone serves; 0 before.
};

// New versions beside the stable one, until one is chosen or none.
struct Experiment {
  std::vector<Arm> arms;
  int64_t began_ms = 0;  // When all had their shares; 0 before.
  // Since when the traffic is shared as it is. Labels of predictions before that decide nothing:
  // how old the predictions are that labels come for must be the same of all versions.
  int64_t split_ms = 0;
  bool stable_ready = true;  // The stable version has replicas for its share.
  int64_t told_version = 0;  // That was told to be better, and a person was asked; 0 for none.
  bool told_at_end = false;  // Once the time was over.

  // Percent of the traffic that each has. Those that leave give theirs to the stable version, so
  // that others keep their own.
  double WeightOfEach(const ExperimentSettings& settings) const;
  // Of those that take part and are better than the stable version the best by what is seen;
  // nullptr where none is.
  const Arm* Best() const;
};

// One move from one release to another.
struct Rollout {
  int64_t revision = 0;  // 1, 2, 3 … of the service, never reused.
  Release release;
  std::string kind = "deploy";  // "deploy", "retry", "undo"
  std::string actor;
  Settings settings;  // Of the release; of an undo, those that make it short.
  Phase phase = Phase::kStarting;
  std::string reason;  // Of an end that was not wanted.
  std::optional<Pause> pause;
  int64_t began_ms = 0;
  int64_t phase_ms = 0;  // When the phase began, or the stage in it.
  int64_t ended_ms = 0;
  int stage = 0;                 // Of canary.stages, from 0.
  int64_t unready_ms = 0;        // Since when it has traffic and no replica; 0 where it has some.
  int64_t stage_ms = 0;          // Since when its share is in force; 0 where it is not.
  std::optional<double> weight;  // Set by hand, until the next stage; percent.
  int64_t next_check_ms = 0;
  int missing_in_a_row = 0;  // Checks without metrics.
  StageCounts counts;        // Of the stage.
  std::optional<Check> last_check;
  std::optional<Watch> watch;        // Made before it gets its first requests, or copies of some.
  bool replicas_validated = false;   // Each new replica predicted rightly.
  int most_available = 0;            // Rolling: how far it has come; phase_ms says when.
  std::optional<Exchange> exchange;  // Of rolling.
  bool told_stuck = false;           // The stable version does not come up.
  std::optional<Experiment> experiment;  // Its release is the first of them, then the chosen one.

  // What goes back with it: its release, or those that take part in the experiment that it is.
  std::vector<Release> TriedReleases() const;
  // Of canary.stages the first with a larger share than it has; as many as there are for none.
  int NextStage() const;
};

// A release that has served, for `undo`.
struct HistoryEntry {
  int64_t revision = 0;
  Release release;
  int64_t from_ms = 0;
  std::string left = {};  // Why it was gone back from; "" where it was not, or nobody said.
};

// The release before, kept ready.
struct Standby {
  Release release;
  int64_t until_ms = 0;
};

// What the load asked for within the last minutes.
struct ScalingState {
  int replicas = 0;  // 0: not known yet.
  struct Wish {
    int64_t at_ms = 0;
    int replicas = 0;
  };
  std::vector<Wish> wishes;
};

struct Service {
  std::string name;
  std::string environment;
  std::string model;
  std::string host = "127.0.0.1";  // Of its address.
  int port = 8080;
  Json notifications = Json::array();  // Whom to tell, as the configuration has it.
  // Where it was deployed from, to train and deploy anew: {"project", "config", "overrides",
  // "local"}.
  Json origin = Json::object();
  bool down = false;  // Nothing is to run.
  int64_t next_revision = 1;
  int64_t next_set = 1;
  std::optional<Release> stable;
  int64_t stable_ms = 0;
  std::optional<Standby> standby;
  std::optional<Rollout> rollout;     // The newest, ended or not.
  std::vector<HistoryEntry> history;  // Ascending by revision; the last is the stable one.
  ScalingState scaling;
  // What whoever watches it has decided: kept with what follows from it, and theirs to read.
  Json watched = Json::object();

  bool in_progress() const { return rollout.has_value() && !HasEnded(rollout->phase); }
};

// What is to be done. Each may be done again without harm.

// As many replicas as that, of that release; 0 ends those that are there, drained.
struct SetReplicas {
  Release release;
  int replicas = 0;
};
struct SetTraffic {
  TrafficPlan plan;
};
// Predictions that the artifact has the answers of.
struct Validate {
  Release release;
  int requests = 0;
  bool through_address = false;
};
using Action = std::variant<SetReplicas, SetTraffic, Validate>;

// What happened, to be kept and told.
struct Note {
  std::string kind;  // "phase", "stage", "check", "verdict", "pause", "verb", "scale", "alert"
  std::string text;
  Json detail = Json::object();
  int64_t revision = 0;  // That it is about; 0 for the newest.
};

// What has to be done outside, at least once and sooner or later: "stage" moves the model version,
// "archive" the one before, "tag" leaves the reason of a rollback on it, "notify" tells people.
struct Outside {
  std::string kind;
  Json detail;
};

struct Decision {
  Service service;  // To be written before the actions are taken.
  std::vector<Action> actions;
  std::vector<Note> notes;
  std::vector<Outside> outside;
};

// The document that a store keeps.
Json ToJson(const Service& service);
Result<Service> ServiceFromJson(const Json& json);

}  // namespace slipway::deploy
