// What an alert with the action "retrain" comes to: `slipway run` in the project that the service
// was deployed from, then `slipway deploy` of the version that it registered, by the same gates and
// the same strategy as if a person had called them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/json.h"
#include "core/process.h"
#include "core/result.h"
#include "deploy/rollout_store.h"

namespace slipway::monitor {

// A version as the registry has it.
struct Registered {
  std::string digest;
  std::string at;        // When: "2026-11-23T06:41:07.123Z".
  std::string rollback;  // Its tag slipway.rollback; "" for none.
};

struct RetrainingParts {
  deploy::RolloutStore* store = nullptr;
  // All versions of a model.
  std::function<Result<std::vector<Registered>>(const std::string& model)> registered =
      [](const std::string&) { return std::vector<Registered>(); };
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

// What the effect "retrain" asks for: its detail has "at_ms", when it was asked for, and "reason".
//
// May take hours. A version is not deployed while another one is being rolled out or where the
// service was taken down meanwhile: whoever does that knows better. Nor is one that was registered
// before the run was asked for, as nothing new was learnt, or one that this service has gone back
// from. Errors are in words, too, but for kInterrupted, where it is to be done once more, and those
// of the store.
Result<Retraining> Retrain(const deploy::Effect& effect, const RetrainingParts& parts);

}  // namespace slipway::monitor
