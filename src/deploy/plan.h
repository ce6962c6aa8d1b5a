// What is to be done about a service, given what is kept of it and what is seen: a pure function,
// called again and again by whoever controls. It may be called with anything seen, after any pause:
// what it decides follows from its arguments alone, so that a controller that was killed goes on
// where it was.
#pragma once

#include "core/result.h"
#include "deploy/types.h"

namespace slipway::deploy {

// kIntegrity or kInvalidInput where the service's record can't be worked with.
Result<Decision> Plan(const Service& service, const Observed& observed);

// While the splitter takes no plan, or does not answer, nothing is taken from who has requests: so
// many replicas stay of such a set as are ready.
void StopNone(const Observed& seen, SetReplicas* action);

// When it wants to be called again at the latest, if nothing happens: the next check or end of a
// stage, and a second from now at most.
int64_t NextLook(const Service& service, int64_t now_ms);

// The epoch that labels are counted in (DeployBackend::Observe), so that versions are compared by
// predictions that were made side by side: since when the traffic is shared as it is. 0 while no
// version is judged.
int64_t LabelEpoch(const Service& service);

// Replicas that whoever has all of the traffic is to have, as the load has it. While another
// release takes over the larger minimum and maximum of the two hold, so that it has as many as
// either says; one that is gone back to has its own.
int WantedReplicas(const Service& service);

// The same by that release's own settings: for one that serves, or is kept ready.
int WantedReplicas(const Service& service, const Release& release);

}  // namespace slipway::deploy
