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
};

struct VerbContext {
  int64_t now_ms = 0;
  std::string actor;
};

// A service that there was not, or the next rollout of one: what was in progress is superseded, and
// its traffic goes back to the stable version. kConflict where that version is stable already, by
// the same settings.
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
// To the release that was stable before, or that of revision `to`. At once where it is still kept
// ready. What is in progress is aborted by it; without `to` that is all. People are told, and the
// version that is gone back from keeps the reason, as one that was rolled back does.
Result<Decision> Undo(const Service& service, std::optional<int64_t> to, const VerbContext& context,
                      const std::string& reason = "");
// Nothing runs any more, and what is kept stays; Start brings back the stable version.
Result<Decision> TakeDown(const Service& service, const VerbContext& context);
Result<Decision> BringUp(const Service& service, const VerbContext& context);

}  // namespace slipway::deploy
