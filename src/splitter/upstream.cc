#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "splitter/upstream_internal.h"

namespace slipway::splitter {
namespace {

constexpr double kNanosecondsASecond = 1e9;

}  // namespace

Upstream* Upstream::Take(Loop* loop, Replica* replica, UpstreamUser* user, bool fresh,
                         bool* refused) {
  ReplicaLane& lane = replica->lanes[loop->lane()];
  Upstream* taken = nullptr;
  if (!lane.idle.empty() && !fresh) {
    taken = lane.idle.back();
    lane.idle.pop_back();
    --loop->pooled;
    taken->reused_ = true;
    taken->sent_before_ = taken->sent_;
    http::TimerLists::Disarm(taken);
  } else {
    // In its place, so that those that wait do not become more.
    if (fresh && !lane.idle.empty()) lane.idle.front()->OnTimeout();
    std::unique_ptr<Upstream> made(new Upstream(loop, replica));
    const bool begun = made->Connect();
    if (refused != nullptr) *refused = made->refused_;
    if (!begun) return nullptr;
    taken = made.release();
    if (!loop->Watch(taken->socket_.number(), taken)) return nullptr;
    taken->Await(http::TimerKind::kConnect);
  }
  taken->user_ = user;
  lane.in_flight.Add(1);
  return taken;
}

// False where it is refused at once: then the replica is left out for a while.
bool Upstream::Connect() {
  const auto* const address = reinterpret_cast<const sockaddr*>(&replica_->address);
  socket_ = Descriptor(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.open()) return false;
  const int on = 1;
  ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(socket_.number(), address, replica_->address_size) == 0 || errno == EINPROGRESS)
    return true;
  // That this machine has no port left is not the replica's fault.
  return errno != EADDRNOTAVAIL && errno != EAGAIN && LeaveOut();
}

bool Upstream::LeaveOut() {
  const double span = loop_->options().left_out_seconds * kNanosecondsASecond;
  lane().left_out_until_ns.Set(loop_->now_ns() + static_cast<int64_t>(span));
  refused_ = true;
  return false;
}

void Upstream::Release(bool reusable) {
  ReplicaLane& its = lane();
  user_ = nullptr;
  const auto most = static_cast<size_t>(std::max(loop_->options().pooled_connections, 0));
  const bool sound = connected_ && !ended_ && !broken_ && !send_broken_ && !hung_up_;
  const bool has_room = its.idle.size() < most && loop_->pooled < loop_->room().pooled;
  if (reusable && sound && its.routed && has_room && !loop_->finishing()) {
    answer.Clear();
    Await(http::TimerKind::kPooled);
    its.idle.push_back(this);
    ++loop_->pooled;
    its.in_flight.Add(-1);
    return;
  }
  socket_.Close();
  loop_->Bury(this);
  const bool may_have_drained = !its.routed && its.in_flight.value() == 1;
  // The last look: one that is routed no more any loop may forget from here on.
  its.in_flight.Add(-1);
  if (may_have_drained) loop_->MayHaveDrained();
}

void Upstream::OnEvents(uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if (user_ == nullptr) {
    // Of an idle one any news are bad: its end, or an answer to what nobody asked.
    if (hung_up_ || (events & EPOLLIN) != 0) OnTimeout();
    return;
  }
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(socket_.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      LeaveOut();
    } else if ((events & EPOLLOUT) != 0) {
      connected_ = true;
    }
  }
  if ((events & EPOLLOUT) != 0) writable_ = true;
  if (hung_up_ || (events & EPOLLIN) != 0) readable_ = true;
  user_->OnUpstream();
}

void Upstream::OnTimeout() {
  if (user_ != nullptr) {
    if (!connected_) LeaveOut();
    user_->OnUpstreamTimeout();
    return;
  }
  std::erase(lane().idle, this);
  --loop_->pooled;
  socket_.Close();
  loop_->Bury(this);
}

void Upstream::OnStop() {
  if (user_ != nullptr) lane().in_flight.Add(-1);
}

size_t Upstream::Send(std::string_view bytes) {
  const ssize_t count = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) {
    const auto sent = static_cast<size_t>(count);
    sent_ += sent;
    writable_ = sent == bytes.size();
    return sent;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    writable_ = false;
  } else if (errno != EINTR) {
    send_broken_ = true;
    readable_ = true;
  }
  return 0;
}

size_t Upstream::Receive() {
  const auto [room, size] = answer.Room();
  if (size == 0) return 0;
  const ssize_t count = ::recv(socket_.number(), room, size, 0);
  if (count > 0) {
    const auto received = static_cast<size_t>(count);
    answer.Added(received);
    // Less than there was room for is all that there is; what comes later is an event of its own.
    readable_ = received == size || hung_up_;
    return received;
  }
  if (count == 0) {
    ended_ = true;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    readable_ = false;
  } else if (errno != EINTR) {
    ended_ = broken_ = true;
  }
  return 0;
}

bool Upstream::NothingTaken() const {
  if (!connected_) return true;
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(socket_.number(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  if (size < offsetof(tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked)) return false;
  // The system counts the start of a connection as one byte more.
  return info.tcpi_bytes_acked <= sent_before_ + 1;
}

void Upstream::Await(http::TimerKind what) { loop_->timers().Arm(this, what, loop_->now_ns()); }

}  // namespace slipway::splitter
