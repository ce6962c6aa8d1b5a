// One connection to a replica.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/descriptor.h"
#include "splitter/endpoint_internal.h"
#include "splitter/loop_internal.h"
#include "splitter/relay_buffer_internal.h"
#include "splitter/route_table_internal.h"

namespace slipway::splitter {

// Who uses a connection: a client's request, or a mirrored one.
class UpstreamUser {
 public:
  // Something has come, or there is room to send, or it is connected, or it has ended.
  virtual void OnUpstream() = 0;
  // Not connected in time, or nothing came in time.
  virtual void OnUpstreamTimeout() = 0;

 protected:
  ~UpstreamUser() = default;
};

class Upstream final : public Endpoint {
 public:
  // An idle connection unless `fresh`, else a new one that may not be connected yet. It counts as
  // in flight on its replica until it is released. Null where there is none: `refused`, if it is
  // wanted, tells whether the replica refused it, or this machine had no room.
  static Upstream* Take(Loop* loop, Replica* replica, UpstreamUser* user, bool fresh,
                        bool* refused = nullptr);
  // To the idle ones where it may be used again, else it ends. The user is told of nothing more.
  void Release(bool reusable);

  Replica* replica() const { return replica_; }
  bool connected() const { return connected_; }
  bool refused() const { return refused_; }
  bool reused() const { return reused_; }
  bool writable() const { return connected_ && writable_ && !send_broken_; }
  bool readable() const { return connected_ && readable_ && !ended_; }
  // Nothing more comes.
  bool ended() const { return ended_; }
  bool broken() const { return broken_; }  // And not in good order.
  bool send_broken() const { return send_broken_; }
  // How much was taken. Where it is broken the answer may still be there to read.
  size_t Send(std::string_view bytes);
  // Puts what has come into `answer`, as far as there is room; how much.
  size_t Receive();
  // The replica's system has acknowledged nothing of what this user sent: nobody has read of it.
  bool NothingTaken() const;
  // Within which its user waits for something to happen.
  void Await(http::TimerKind what);

  RelayBuffer answer;

  void OnEvents(uint32_t events) override;
  void OnTimeout() override;
  void OnStop() override;

 private:
  Upstream(Loop* loop, Replica* replica) : loop_(loop), replica_(replica) {}
  bool Connect();
  bool LeaveOut();  // Always false, which is what Connect answers then.
  ReplicaLane& lane() const { return replica_->lanes[loop_->lane()]; }

  Loop* const loop_;
  Replica* replica_;
  UpstreamUser* user_ = nullptr;
  Descriptor socket_;
  uint64_t sent_ = 0;         // Of all users.
  uint64_t sent_before_ = 0;  // Of those before this one.
  bool connected_ = false, refused_ = false, reused_ = false;
  bool readable_ = false, writable_ = false;
  bool hung_up_ = false, ended_ = false, broken_ = false, send_broken_ = false;
};

}  // namespace slipway::splitter
