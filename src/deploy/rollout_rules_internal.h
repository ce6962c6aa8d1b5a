// What every RolloutStore refuses, in the same words.
#pragma once

#include <cstdint>
#include <string>

#include "deploy/rollout_store.h"

namespace slipway::deploy {

// What can't be a change of any service is a defect of the caller: kInternal.
Status CheckChange(const ServiceChange& change);

// kConflict unless they are the same. `present` is 0 where there is no such service.
Status CheckGeneration(const std::string& service, int64_t read, int64_t present);

}  // namespace slipway::deploy
