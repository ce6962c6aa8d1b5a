// Which stages of the registry versions have, by what serves where: a pure function, as the planner
// is. Staging and production hold one version of a model each, and several services may serve it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/rollout_store.h"

namespace slipway::deploy {

// Of a model; 0 where no version has that stage.
struct StageHolders {
  int64_t staging = 0;
  int64_t production = 0;
};

struct StageMove {
  int64_t version = 0;
  std::string stage;
  bool forced = false;  // Past a failed verdict.
};

struct StageDecision {
  std::vector<StageMove> moves = {};  // In this order.
  std::string note = {};              // Why the version has not got the stage, for people; "" else.
};

// What an effect of the kind "stage" is to do, given the services of the store as they are now.
//
// A version that is not the service's stable one any more moves nothing: another effect follows, or
// was done before. One that serves in production keeps that stage whatever staging does. No version
// is archived that is stable in a service: it gets the stage that it serves in or, where another
// one has that, development; and of two services in one environment the first keeps the stage.
StageDecision DecideStage(const Effect& effect, const std::vector<ServiceRecord>& services,
                          const StageHolders& holders);

}  // namespace slipway::deploy
