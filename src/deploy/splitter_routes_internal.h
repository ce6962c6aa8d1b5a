// What a service's traffic is to its splitter, and what the splitter says of it. Pure functions.
#pragma once

#include <map>
#include <string>

#include "deploy/observed.h"
#include "deploy/replica_processes.h"
#include "splitter/routes.h"
#include "splitter/types.h"

namespace slipway::deploy {

// To those replicas that are ready and stay. A version is called by the number of its set.
splitter::Routes RoutesOf(const TrafficPlan& plan, const std::map<std::string, Replica>& replicas);
// The plan that the routes were made of.
TrafficPlan PlanOf(const splitter::Routes& routes);
// Of requests for predictions alone.
SetCounts CountsOf(const splitter::VersionSnapshot& version);

}  // namespace slipway::deploy
