// One revision of a service in a line: what it was, who wanted it, how it ended and why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/rollout_store.h"
#include "deploy/types.h"

namespace slipway::report {

struct RevisionSummary {
  int64_t revision = 0;
  std::string model;
  int64_t version = 0;   // 0 where it is no longer known.
  std::string strategy;  // "canary", …; "" where it is no longer known.
  std::string kind;      // "deploy", "retry", "undo"
  std::string actor;
  int64_t began_ms = 0;  // Milliseconds since the epoch; 0 where not known.
  int64_t ended_ms = 0;  // 0 where it has not ended.
  // "completed", "rolled back", "failed", "superseded", "rolling back", "paused", "in progress".
  std::string outcome;
  // Of an end or a stop that was not wanted, or of an undo that was not a person's; in words.
  std::string reason;
  std::string left;            // Why it was gone back from later; "" where it was not.
  std::vector<int64_t> tried;  // Of an experiment all of its new versions; else none.
  bool forced = false;         // Its gates had not passed.

  // "ml-classifier:3", of an experiment that took none "ml-classifier:3 and :4"; "–" where it is
  // not known.
  std::string reference() const;
};

// From the events of one revision, ascending, and from what the service keeps of it. Without events
// that of the newest rollout.
RevisionSummary SummarizeRevision(const deploy::Service& service,
                                  const std::vector<deploy::RolloutEvent>& events);

// Of all revisions that there are events of, or that were stable; ascending.
std::vector<RevisionSummary> RevisionHistory(const deploy::Service& service,
                                             const std::vector<deploy::RolloutEvent>& events);

// Milliseconds since the epoch; 0 where its time can't be read.
int64_t EventMs(const deploy::RolloutEvent& event);
// "06:41:07" of milliseconds since the epoch, UTC.
std::string TimeOfDay(int64_t ms);

}  // namespace slipway::report
