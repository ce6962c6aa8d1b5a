#include <algorithm>
#include <utility>

#include "deploy/number_internal.h"
#include "deploy/splitter_routes_internal.h"

namespace slipway::deploy {
namespace {

std::string NameOf(int64_t set) { return std::to_string(set); }

splitter::Stickiness StickinessOf(const TrafficPlan& plan) {
  splitter::Stickiness sticky{.header = plan.sticky_header,
                              .cookie = plan.sticky_cookie,
                              .salt = plan.sticky_salt,
                              .parts = {}};
  for (const Share& part : plan.sticky_parts)
    sticky.parts.push_back({NameOf(part.set), part.weight});
  return sticky;
}

}  // namespace

splitter::Routes RoutesOf(const TrafficPlan& plan, const std::map<std::string, Replica>& replicas) {
  splitter::Routes routes;
  routes.idempotent = true;  // A prediction that is asked for twice is the same.
  const auto add = [&](int64_t set, double weight) {
    if (set == 0 || std::ranges::any_of(routes.versions, [&](const splitter::VersionRoute& one) {
          return one.id == NameOf(set);
        }))
      return;
    splitter::VersionRoute version{.id = NameOf(set), .weight = weight, .replicas = {}};
    for (const auto& [id, replica] : replicas) {
      if (replica.set == set && replica.ready && !replica.leaving && replica.port != 0)
        version.replicas.push_back({"127.0.0.1", replica.port});
    }
    routes.versions.push_back(std::move(version));
  };
  for (const Share& share : plan.shares) add(share.set, share.weight);
  add(plan.mirror_set, 0);
  add(plan.header_set, 0);
  routes.sticky = StickinessOf(plan);
  if (plan.header_set != 0)
    routes.header_routes.push_back({plan.header_name, plan.header_value, NameOf(plan.header_set)});
  if (plan.mirror_set != 0)
    routes.mirror = {NameOf(plan.mirror_set), plan.mirror_share, plan.mirror_tolerance};
  return routes;
}

TrafficPlan PlanOf(const splitter::Routes& routes) {
  TrafficPlan plan;
  for (const splitter::VersionRoute& version : routes.versions) {
    if (version.weight > 0) plan.shares.push_back({NumberIn(version.id), version.weight});
  }
  if (!routes.mirror.version.empty()) {
    plan.mirror_set = NumberIn(routes.mirror.version);
    plan.mirror_share = routes.mirror.share;
    plan.mirror_tolerance = routes.mirror.tolerance;
  }
  if (!routes.header_routes.empty()) {
    const splitter::HeaderRoute& header = routes.header_routes.front();
    plan.header_set = NumberIn(header.version);
    plan.header_name = header.name;
    plan.header_value = header.value;
  }
  plan.sticky_header = routes.sticky.header;
  plan.sticky_cookie = routes.sticky.cookie;
  plan.sticky_salt = routes.sticky.salt;
  for (const splitter::StickyPart& part : routes.sticky.parts)
    plan.sticky_parts.push_back({NumberIn(part.version), part.weight});
  return plan;
}

SetCounts CountsOf(const splitter::VersionSnapshot& version) {
  SetCounts counts;
  counts.set = NumberIn(version.id);
  counts.requests = version.requests;
  counts.errors = version.errors();
  counts.error_run_squares = version.error_run_squares;
  constexpr size_t kClientErrors = 2;
  counts.client_errors = version.answers[kClientErrors];
  counts.in_flight = version.in_flight;
  counts.latencies = version.latencies;
  const splitter::MirrorSnapshot& mirror = version.mirror;
  counts.disagreed = mirror.status_differs + mirror.prediction_differs + mirror.failed;
  counts.mirrored = mirror.equal + counts.disagreed;
  return counts;
}

}  // namespace slipway::deploy
