#include "analysis/event_runs.h"

#include <algorithm>
#include <cmath>

namespace slipway::analysis {

double MeasuredClusterSize(const EventRuns& runs) {
  // As if so many events had come alone, so that the first pair by chance says little.
  constexpr double kAlone = 2;
  const auto trials = static_cast<double>(runs.trials);
  const auto events = static_cast<double>(runs.events);
  if (runs.events >= runs.trials) return 1;
  const double ends = std::pow(1 - events / trials, EventRun::kGap + 1);
  const double independent = (2 - ends) / ends;
  const double measured =
      (static_cast<double>(runs.squares) + kAlone) / (events + kAlone) / independent;
  return std::clamp(measured, 1.0, kLargestMeasured);
}

}  // namespace slipway::analysis
