// What a controller saw last of a service, for those who look on: a small file beside the service's
// processes, written with each look and never read by the controller.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "deploy/observed.h"

namespace slipway::deploy {

// Of one set within the last seconds; NaN where there is nothing to know.
struct SetRate {
  int64_t set = 0;
  double requests_per_second = 0;
  double error_rate = 0;  // A share.
  double p95_ms = 0;
};

struct Sight {
  int64_t at_ms = 0;
  std::string address;
  Observed observed;  // Without counts.
  std::vector<SetRate> rates;
};

// From counts that only grow to what they grow by. A value; any thread's own.
class RateMeter {
 public:
  // Over the last `seconds`, as far as there are looks.
  explicit RateMeter(double seconds = 5) : seconds_(seconds) {}
  std::vector<SetRate> Take(const Observed& observed);

 private:
  struct Look {
    int64_t at_ms = 0;
    std::string instance;
    std::map<int64_t, SetCounts> sets;
  };
  double seconds_;
  std::deque<Look> looks_;
};

Json ToJson(const Sight& sight);
Result<Sight> SightFromJson(const Json& json);

// Replaced whole; not made durable.
Status WriteSight(const std::string& directory, const Sight& sight);
// Nothing where there is none yet.
Result<std::optional<Sight>> ReadSight(const std::string& directory);

}  // namespace slipway::deploy
