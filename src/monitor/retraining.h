// What an alert with the action "retrain" comes to: `slipway run` in the project that the service
// was deployed from, then `slipway deploy` of the version that it registered, by the same gates and
// the same strategy as if a person had called them.
#pragma once

#include <string>

#include "core/file_system.h"
#include "core/json.h"
#include "core/process.h"
#include "core/result.h"
#include "deploy/rollout_store.h"

namespace slipway::monitor {

struct RetrainingParts {
  deploy::RolloutStore* store = nullptr;
  ProcessRunner* processes = nullptr;
  FileSystem* files = &LocalFileSystem();
  std::string program;    // slipway itself.
  std::string directory;  // For what the run says, retrain-SERVICE.jsonl; it must be there.
};

// What it came to, in words, and for machines: {"outcome": "deployed", "unchanged", "not passed",
// "not deployed" or "failed", "trained": "churn:4", where there is one}.
struct Retraining {
  std::string text;
  Json detail = Json::object();
};

// May take hours. A version is not deployed while another one is being rolled out or where the
// service was taken down meanwhile: whoever does that knows better. Errors are in words, too, but
// for kInterrupted, where it is to be done once more, and those of the store.
Result<Retraining> Retrain(const std::string& service, const RetrainingParts& parts);

}  // namespace slipway::monitor
