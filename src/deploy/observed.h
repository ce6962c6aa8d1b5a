// What a controller sees of a service before it decides: replicas, traffic, counts. Plain data;
// times are milliseconds since the epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "deploy/counts.h"
#include "splitter/routes.h"

namespace slipway::deploy {

// The replicas of one release.
struct SetStatus {
  int64_t set = 0;
  int running = 0;
  int ready = 0;
  int available = 0;         // Ready for min_ready_seconds.
  double utilization = -1;   // Cores used of cores given, the mean; negative where not known.
  std::string trouble = {};  // Why one is not ready; "" where all is well.
};

struct Share {
  int64_t set = 0;
  double weight = 0;  // Percent.
  bool operator==(const Share&) const = default;
};

// Where requests go.
struct TrafficPlan {
  std::vector<Share> shares;  // The newest set first; without those that get nothing.
  int64_t mirror_set = 0;     // Gets copies; 0 for none.
  double mirror_share = 0;
  splitter::NumberTolerance mirror_tolerance = {};  // Of the numbers of their answers.
  int64_t header_set = 0;  // Gets the requests that bring the header; 0 for none.
  std::string header_name = {}, header_value = {};
  // Whose requests with the same value go to the same set; the salt draws them anew.
  std::string sticky_header = {}, sticky_cookie = {}, sticky_salt = {};
  // Which set has which percent of them, in their order; a set may have several parts. None where
  // the shares in their order say it.
  std::vector<Share> sticky_parts = {};

  bool operator==(const TrafficPlan&) const = default;
  // 0 of a set that gets nothing.
  double WeightOf(int64_t set) const;
};

struct Traffic {
  TrafficPlan in_force;
  std::string instance;  // Another one: counts began anew.
  std::vector<SetCounts> sets;

  // Empty counts of a set that is not there.
  SetCounts CountsOf(int64_t set) const;
};

// What was asked of a release's replicas, or through the service's address.
struct Validation {
  int64_t set = 0;
  bool through_address = false;
  int asked = 0;
  int right = 0;
  std::string trouble;  // Of the first that was not right.
};

struct Observed {
  int64_t now_ms = 0;
  std::vector<SetStatus> sets;
  std::optional<Traffic> traffic;  // None where the splitter does not answer.
  std::string traffic_trouble;     // Then, why; or why it did not take the last plan.
  std::vector<ModelCounts> models;
  std::string models_instance;  // Another one: counts of models began anew.
  std::optional<Validation> validation;

  // A status without replicas of a set that is not there.
  SetStatus StatusOf(int64_t set) const;
  ModelCounts ModelOf(int64_t set) const;
};

}  // namespace slipway::deploy
