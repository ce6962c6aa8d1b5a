// What clients tell of predictions (POST …/feedback), for the replica that predicted: one replica
// answers, and all others are told the same by copies, of which each takes what it knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/types.h"
#include "splitter/collected_internal.h"
#include "splitter/route_table_internal.h"

namespace slipway::splitter {

class Loop;
class LabelSender;

// One loop's; of its thread. No client waits for a copy: they are sent behind the answer, a few to
// a replica at once, and others wait for these. What there is no room for, or what is for a replica
// that takes no connections, is dropped, and counted by the version that it was for.
class FeedbackCopies {
 public:
  FeedbackCopies(Loop* loop, size_t most_bytes) : loop_(loop), bytes_{.most = most_bytes} {}
  FeedbackCopies(const FeedbackCopies&) = delete;
  FeedbackCopies& operator=(const FeedbackCopies&) = delete;

  // Copies go to the replicas of that table from now on.
  void Follow(const RouteTable& table);
  // Whether others than the one that answers are to be told.
  bool Share(const http::Request& request) const;
  std::shared_ptr<Collected> Collect();
  // To one replica.
  int64_t copies_at_once() const;
  // It is whole, and was taken by `answered`.
  void Send(const std::shared_ptr<const Collected>& request, const Replica* answered);

 private:
  Loop* const loop_;
  CollectedBytes bytes_;  // Of requests that come, wait, or are sent.
  bool on_ = false;
  std::vector<LabelSender*> senders_;  // The loop's, one a replica.
};

}  // namespace slipway::splitter
