// One thread's part of a splitter: its listening socket, its connections, what wakes it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/counting.h"
#include "core/descriptor.h"
#include "core/result.h"
#include "http/answer.h"
#include "http/tls.h"
#include "splitter/collected_internal.h"
#include "splitter/descriptor_room_internal.h"
#include "splitter/endpoint_internal.h"
#include "splitter/event_rate_internal.h"
#include "splitter/feedback_copies_internal.h"
#include "splitter/heads_internal.h"
#include "splitter/mirror_internal.h"
#include "splitter/picker_internal.h"
#include "splitter/route_book_internal.h"
#include "splitter/splitter.h"

namespace slipway::splitter {

// How far a splitter is with its end. Never back to an earlier one.
enum class Phase { kServes, kFinishes, kStops };

// What all loops share.
struct Shared {
  explicit Shared(SplitterOptions its_options, int its_loops)
      : options(std::move(its_options)),
        loops(its_loops),
        book(its_loops, options.on_drained),
        comparer(options.mirror_bytes) {}

  const SplitterOptions options;
  const int loops;
  RouteBook book;
  MirrorComparer comparer;
  DescriptorRoom room;                    // As all that follows, set before any loop runs.
  std::unique_ptr<http::TlsContext> tls;  // Null without.
  std::atomic<Phase> phase{Phase::kServes};
  std::atomic<int64_t> connections{0};
  std::atomic<int> listening{0};  // Loops that still take connections.
  std::mutex mutex;               // Of no data: for `ended`.
  std::condition_variable ended;  // There are no connections, and no more come.

  bool all_ended() const { return connections.load() == 0 && listening.load() == 0; }
};

class Client;

class Loop {
 public:
  Loop(Shared* shared, int number, Descriptor listener);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Status Open();
  // Until the phase is kStops; on one thread.
  void Run();
  // From any thread, after the phase or the routes have changed.
  void Wake();
  // Once Run has returned: ends all connections.
  void Stop();
  int64_t refused() const { return refused_.value(); }
  int64_t unrouted() const { return unrouted_.value(); }

  // The rest is for the endpoints, on the loop's thread.
  const SplitterOptions& options() const { return shared_->options; }
  const DescriptorRoom& room() const { return shared_->room; }
  int number() const { return number_; }
  size_t lane() const { return static_cast<size_t>(number_); }
  int64_t now_ns() const { return now_ns_; }
  bool finishing() const { return phase_ != Phase::kServes; }
  http::TimerLists& timers() { return timers_; }
  http::DateText& date() { return date_; }
  MirrorComparer& comparer() { return shared_->comparer; }
  // Follows the routes that count now, from here on: indices of versions end with it.
  void AdoptRoutes() {
    if (generation_ != shared_->book.generation()) Adopt();
  }
  Picker& picker() { return picker_; }
  // Takes it over. False, and the endpoint is gone, where the system has no room.
  bool Watch(int descriptor, Endpoint* endpoint);
  // One without a descriptor.
  void Own(Endpoint* endpoint) { endpoints_.insert(endpoint); }
  // It ends with this round.
  void Bury(Endpoint* endpoint);
  void Requeue(Endpoint* endpoint);
  void CountRefused() { refused_.Add(1); }
  void CountUnrouted() { unrouted_.Add(1); }
  void ClientEnded();
  // A request is in flight on the version, and is no more.
  void Enter(Version* version) const { version->lanes[lane()].in_flight.Add(1); }
  void Leave(Version* version);
  // A request has ended on something that is routed no more.
  void MayHaveDrained() { shared_->book.CheckDrained(); }
  FeedbackCopies& feedback() { return feedback_; }

  // Kept for their room, of the connection that has its turn.
  ResponseHead response_head;
  HopHeaders hops;
  int mirrors = 0;          // In flight.
  int64_t pooled = 0;       // Idle connections to replicas.
  CollectedBytes mirrored;  // Of these: requests, and answers that are not compared yet.

 private:
  int Wait() const;
  void Gather() const;
  void OnEvent(void* what, uint32_t events);
  void ServeQueued();
  void Expire();
  void Adopt();
  void FreeBuried();
  void OnPhase();
  bool Accept();
  void Welcome(Descriptor socket, std::string peer);
  bool EndOldestIdle();
  bool WatchOwn(int descriptor, void* what);
  void PauseListening();
  void CloseListener();
  void EndIdle();

  static constexpr int kMostEvents = 512;

  Shared* const shared_;
  const int number_;
  http::TimerLists timers_;
  http::DateText date_;
  Picker picker_;
  FeedbackCopies feedback_;
  EventRate events_;
  uint64_t generation_ = 0;
  int64_t now_ns_ = 0;  // When the loop was last woken.
  Descriptor listener_, epoll_, wake_;
  Phase phase_ = Phase::kServes;
  int64_t resume_ns_ = 0;  // When it listens again after the system had no room; 0 if it does.
  std::unordered_set<Endpoint*> endpoints_;
  std::vector<Endpoint*> queued_, serving_, buried_;
  Counter refused_, unrouted_;
};

}  // namespace slipway::splitter
