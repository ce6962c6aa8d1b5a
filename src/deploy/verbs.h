// What a person says to a service: pure functions from what is kept to what is to be kept. Every
// verb has an answer in every state; one that makes no sense there is kConflict, and says what
// would.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "deploy/types.h"

namespace slipway::deploy {

struct NewRollout {
  std::string environment;
  std::string model;  // Name of the model; that of the service.
  std::string host = "127.0.0.1";
  int port = 8080;
  Json notifications = Json::array();
  Json origin = Json::object();
  Release release;                   // Without a set.
  std::vector<Release> others = {};  // Of an experiment: what is tried beside it, without sets.
  Settings settings;
  std::string actor;
  std::string reason = {};  // Why, where somebody says so.
};

struct VerbContext {
  int64_t now_ms = 0;
  std::string actor;
};

// Of a version that was rolled back or gone back from: "SERVICE revision N: why".
inline constexpr const char* kRollbackTag = "slipway.rollback";

// A service that there was not, or the next rollout of one: what was in progress is superseded, and
// its traffic goes back to the stable version. Where that version is stable already there is none:
// a service that is down comes up, by the settings of now; whom to tell, where to train anew and
// what to watch are exchanged where that is all that changed. kConflict where nothing did.
Result<Decision> Deploy(const std::optional<Service>& service, const std::string& name,
                        const NewRollout& rollout, int64_t now_ms);

// Ends a pause and the stage; `full` skips all that is left. An experiment ends with the version
// that was found to be better, or with `version`, one of its own, whatever was found.
Result<Decision> Promote(const Service& service, bool full, const VerbContext& context,
                         int64_t version = 0);
Result<Decision> PauseRollout(const Service& service, const std::string& reason,
                              const VerbContext& context);
// A paused stage begins anew.
Result<Decision> Resume(const Service& service, const VerbContext& context);
// Percent; of a canary.
Result<Decision> SetWeight(const Service& service, double percent, const VerbContext& context);
Result<Decision> Abort(const Service& service, const std::string& reason,
                       const VerbContext& context);
// The release of the last rollout, which did not end well, once more.
Result<Decision> Retry(const Service& service, const VerbContext& context);
// To the release that was stable before and was not gone back from for a reason, or to that of
// revision `to`. At once where it is still kept ready. What is in progress is aborted by it;
// without `to` that is all. People are told, and the version that is gone back from keeps the
// reason, as one that was rolled back does; without one, who said it.
Result<Decision> Undo(const Service& service, std::optional<int64_t> to, const VerbContext& context,
                      const std::string& reason = "");
// An undo's: as short as it can be for a release that has served before.
Settings ForUndo(Settings settings);
// Nothing runs any more, and what is kept stays; Start brings back the stable version.
Result<Decision> TakeDown(const Service& service, const VerbContext& context);
Result<Decision> BringUp(const Service& service, const VerbContext& context);

}  // namespace slipway::deploy
