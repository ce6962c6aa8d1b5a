// What rollouts leave in the registry: stages of versions, and the reasons of rollbacks as tags. On
// a thread with connections of its own: who holds the registry's lock holds up no rollout.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "deploy/effect_thread.h"
#include "deploy/rollout_store.h"
#include "registry/registry.h"

namespace slipway::cli {

class RegistryEffects {
 public:
  // Begins at once with what is due. `registry` is the directory that holds the registry; `tell` is
  // called from another thread.
  static Result<std::unique_ptr<RegistryEffects>> Open(
      const std::string& registry, const std::function<void(const std::string&)>& tell);

 private:
  RegistryEffects() = default;
  Status Do(const deploy::Effect& effect);
  Status MoveStage(const deploy::Effect& effect, const registry::ModelVersion& version);

  std::unique_ptr<deploy::RolloutStore> store_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<deploy::EffectThread> thread_;  // Ends first.
};

}  // namespace slipway::cli
