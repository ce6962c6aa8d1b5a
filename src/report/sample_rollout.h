// Rollouts that never were: what the tests of their reports show. Each is decided by deploy::Plan
// over a small made-up world, second by second, so that what is shown is what can come.
#pragma once

#include "report/rollout_report.h"

namespace slipway::report {

// Its errors go from 1 % to 9 % once it has a quarter of the traffic.
RolloutReport RolledBackRollout();
// As good as the stable version, through all stages; the first is ended by hand.
RolloutReport CompletedRollout();
// So few requests that the first stage ends in a pause.
RolloutReport PausedRollout();
// Names, reasons and actors that try to be markup and to turn text around, and `checks` checks.
RolloutReport HostileRollout(int checks);

}  // namespace slipway::report
