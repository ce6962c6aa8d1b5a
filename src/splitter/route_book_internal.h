// All versions and replicas that are routed, or end what they have begun.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "splitter/own_address_internal.h"
#include "splitter/route_table_internal.h"
#include "splitter/types.h"

namespace slipway::splitter {

// From any thread. A version or replica lives until no loop follows a table that has it, and
// nothing is in flight on it: so loops hold plain pointers for as long as they count it in flight.
class RouteBook {
 public:
  using DrainedCallback = std::function<void(const std::string& version)>;

  RouteBook(int loops, DrainedCallback on_drained);

  // No replica may be there. Before any routes.
  void SetOwnAddress(const OwnAddress& own) { own_ = own; }
  Status Apply(const Routes& routes);
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  std::shared_ptr<const RouteTable> table() const;
  // A loop follows the table of that generation from now on.
  void Adopted(int loop, uint64_t generation);
  // Something that is routed no more may have ended.
  void CheckDrained();
  bool WaitDrained(const std::string& version, double seconds);
  std::vector<VersionSnapshot> Snapshot() const;

 private:
  struct VersionEntry {
    std::shared_ptr<Version> version;
    uint64_t left_at = 0;  // The generation that has it no more; 0 where it is routed.
    bool drained = false;
  };
  struct ReplicaEntry {
    std::shared_ptr<Replica> replica;
    const Version* version = nullptr;
    uint64_t left_at = 0;
  };

  // Each with the mutex held.
  std::shared_ptr<Version> TakeVersion(const std::string& id);
  std::shared_ptr<Replica> TakeReplica(const Version* version, const Replica& resolved);
  void Retire(const RouteTable& table);
  bool Ended(uint64_t left_at, int64_t in_flight) const;
  void Forget();
  std::vector<std::string> FindDrained();
  const VersionEntry* Find(const std::string& id) const;
  VersionSnapshot SnapshotOf(const VersionEntry& entry, int64_t now_ns) const;

  const int loops_;
  const DrainedCallback on_drained_;
  std::optional<OwnAddress> own_;
  std::atomic<uint64_t> generation_{0};
  std::mutex applying_;       // One Apply at a time; before the other mutex.
  mutable std::mutex mutex_;  // Of all that follows.
  std::condition_variable drained_;
  std::shared_ptr<const RouteTable> table_;
  std::vector<uint64_t> adopted_;  // By loops.
  std::vector<VersionEntry> versions_;
  std::vector<ReplicaEntry> replicas_;
};

}  // namespace slipway::splitter
