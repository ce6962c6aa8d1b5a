#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <new>
#include <span>
#include <utility>

#include "http/event_loop_internal.h"

namespace slipway::http {
namespace {

// A handler that is told how long the queue is sees as much of it.
constexpr int kMostEvents = 1024;
// Between two looks at whether the system has descriptors again.
constexpr int64_t kPauseNs = 100'000'000;
constexpr int64_t kNanosecondsAMillisecond = 1'000'000;
// More of them than this are closed without a word.
constexpr int kMostRejected = 64;
// What a connection that comes while the server ends gets to begin its request.
constexpr double kDrainIdleSeconds = 1;

// Where memory runs out in a connection's turn, it ends and no other does.
template <typename Turn>
Connection::Fate Give(Connection* connection, const Turn& turn) {
  try {
    return turn();
  } catch (const std::bad_alloc&) {
    connection->Abandon();
    return Connection::Fate::kEnds;
  }
}

}  // namespace

EventLoop::EventLoop(ServerState* server, Handler* handler, const Limits& limits,
                     const TlsContext* tls, int number, Descriptor listener)
    : server_(server),
      tls_(tls),
      state_(limits, handler, number, server->loops, &server->phase),
      listener_(std::move(listener)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Stop() {
  // First, so that nothing is kept that the handler posts as it is told of the end.
  posted_.Close();
  CloseListener();
  for (size_t kind = 0; kind < kTimerKinds; ++kind) {
    while (Timer* timer = state_.timers.First(static_cast<TimerKind>(kind)))
      End(static_cast<Connection*>(timer));
  }
}

bool EventLoop::Watch(int descriptor, uint32_t events, void* what) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = what;
  return ::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

Status EventLoop::Open() {
  if (!epoll_.open() || !wake_.open() || !Watch(wake_.number(), EPOLLIN, &wake_) ||
      !Watch(listener_.number(), EPOLLIN, &listener_)) {
    return SystemError("wait for connections", "", errno);
  }
  ++server_->listening;
  return {};
}

void EventLoop::Wake() {
  const uint64_t one = 1;
  // It fails only where the loop has not yet seen the last 2^64 calls.
  [[maybe_unused]] const ssize_t count = ::write(wake_.number(), &one, sizeof(one));
}

void EventLoop::Post(uint64_t ticket, Response&& response) {
  if (posted_.Post(ticket, std::move(response))) Wake();
}

int EventLoop::Wait() {
  if (!ready_.empty()) return 0;
  const int wait = state_.timers.MillisecondsToNext(state_.now_ns);
  if (resume_ns_ == 0) return wait;
  const int64_t left = std::max<int64_t>(resume_ns_ - state_.now_ns, 0);
  const auto pause = static_cast<int>(left / kNanosecondsAMillisecond + 1);
  return wait < 0 ? pause : std::min(wait, pause);
}

void EventLoop::Run() {
  std::array<epoll_event, kMostEvents> events;
  state_.now_ns = MonotonicNow();
  while (phase_ != Phase::kStops) {
    const int count = ::epoll_wait(epoll_.number(), events.data(), kMostEvents, Wait());
    state_.now_ns = MonotonicNow();
    const std::span reported(events.data(), static_cast<size_t>(std::max(count, 0)));
    for (const epoll_event& event : reported) CountDue(event.data.ptr, event.events);
    for (const epoll_event& event : reported) OnEvent(event.data.ptr, event.events);
    // Behind the events: a connection that ends here may be one of theirs.
    if (posted_any_) Deliver();
    ServeReady();
    // Whoever is not read yet may have sent in time.
    if (count < kMostEvents) Expire();
    if (resume_ns_ != 0 && resume_ns_ <= state_.now_ns) ResumeListening();
    const Phase phase = server_->phase.load();
    if (phase != phase_) OnPhase(phase);
  }
}

Connection* EventLoop::ConnectionOf(void* what) const {
  return what == &wake_ || what == &listener_ ? nullptr : static_cast<Connection*>(what);
}

void EventLoop::CountDue(void* what, uint32_t events) {
  Connection* const connection = ConnectionOf(what);
  if (connection == nullptr || (events & EPOLLIN) == 0) return;
  connection->due = connection->takes_requests();
  if (connection->due) ++state_.due;
}

void EventLoop::OnEvent(void* what, uint32_t events) {
  if (what == &wake_) {
    uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t count = ::read(wake_.number(), &ignored, sizeof(ignored));
    posted_any_ = true;
  } else if (what == &listener_) {
    Accept();
  } else {
    auto* const connection = static_cast<Connection*>(what);
    if (std::exchange(connection->due, false)) --state_.due;
    Apply(connection, Give(connection, [&] { return connection->OnReady(events); }));
  }
}

void EventLoop::Deliver() {
  posted_any_ = false;
  posted_.Take(&delivering_);
  for (const PostedAnswer& answer : delivering_) {
    const auto found = state_.deferred.find(answer.ticket);
    if (found == state_.deferred.end()) continue;
    Connection* const connection = found->second;
    Apply(connection, Give(connection, [&] { return connection->OnCompleted(answer.response); }));
  }
  delivering_.clear();
}

void EventLoop::Apply(Connection* connection, Connection::Fate fate) {
  if (fate == Connection::Fate::kEnds) {
    End(connection);
  } else if (fate == Connection::Fate::kAgain && !connection->queued) {
    connection->queued = true;
    ready_.push_back(connection);
  }
}

void EventLoop::End(Connection* connection) {
  if (connection->queued) std::erase(ready_, connection);
  const bool rejected = connection->rejected();
  delete connection;
  if (rejected) {
    --rejected_;
    return;
  }
  --server_->connections;
  if (phase_ == Phase::kServes || !server_->all_ended()) return;
  const std::lock_guard<std::mutex> lock(server_->mutex);
  server_->ended.notify_all();
}

void EventLoop::ServeReady() {
  if (ready_.empty()) return;
  serving_.swap(ready_);
  for (Connection* connection : serving_) connection->queued = false;
  for (Connection* connection : serving_)
    Apply(connection, Give(connection, [&] { return connection->OnReady(0); }));
  serving_.clear();
}

void EventLoop::Expire() {
  while (Timer* timer = state_.timers.Expired(state_.now_ns)) {
    auto* const connection = static_cast<Connection*>(timer);
    Apply(connection, Give(connection, [&] { return connection->OnTimeout(); }));
  }
}

bool EventLoop::Accept() {
  const auto accepting = AcceptWaiting(
      listener_.number(),
      [this](Descriptor socket, std::string peer) { Welcome(std::move(socket), std::move(peer)); });
  if (accepting == Accepting::kNoRoom) PauseListening();
  return accepting == Accepting::kMayBeMore;
}

void EventLoop::Welcome(Descriptor socket, std::string peer) {
  const bool rejects =
      std::cmp_greater_equal(server_->connections.fetch_add(1), state_.limits.connections);
  // To be told in TLS takes a handshake, which is what there is no room for.
  const bool dropped = rejects && (tls_ != nullptr || rejected_ >= kMostRejected);
  std::unique_ptr<TlsSession> session;
  if (tls_ != nullptr && !dropped) session = tls_->NewSession(socket.number());
  if (rejects) --server_->connections;
  if (dropped) return;
  Connection* connection = nullptr;
  if (tls_ == nullptr || session != nullptr) {
    // Ours from now on, by the list of timers that it is in, until End.
    connection = new (std::nothrow)
        Connection(&state_, std::move(socket), std::move(peer), std::move(session));
  }
  if (connection == nullptr) {
    if (!rejects) --server_->connections;
    return;
  }
  Connection::Fate fate = Connection::Fate::kWaits;
  if (rejects) {
    ++rejected_;
    fate = Give(connection, [&] { return connection->Reject(); });
  }
  const uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  if (fate != Connection::Fate::kEnds && !Watch(connection->socket(), events, connection))
    fate = Connection::Fate::kEnds;
  Apply(connection, fate);
}

// Where the system has no descriptors left, those who wait stay where they are for a while: the
// listening socket would be ready again and again.
void EventLoop::PauseListening() {
  ::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, listener_.number(), nullptr);
  resume_ns_ = state_.now_ns + kPauseNs;
}

void EventLoop::ResumeListening() {
  resume_ns_ = 0;
  if (!listener_.open()) return;
  if (!Watch(listener_.number(), EPOLLIN, &listener_)) resume_ns_ = state_.now_ns + kPauseNs;
}

void EventLoop::OnPhase(Phase phase) {
  const Phase before = std::exchange(phase_, phase);
  if (phase == Phase::kStops) return;
  if (phase != Phase::kFinishes || before == Phase::kFinishes) return;
  DrainIdle();
  StopListening();
}

void EventLoop::DrainIdle() {
  std::vector<Connection*> idle;
  while (Timer* timer = state_.timers.First(TimerKind::kIdle)) {
    TimerLists::Disarm(timer);
    idle.push_back(static_cast<Connection*>(timer));
  }
  state_.timers.SetSpan(TimerKind::kIdle, std::min(state_.limits.idle_seconds, kDrainIdleSeconds));
  // Each is in a list again before it is served, which is where it is looked for at the end.
  for (Connection* connection : idle)
    state_.timers.Arm(connection, TimerKind::kIdle, state_.now_ns);
  for (Connection* connection : idle)
    Apply(connection, Give(connection, [&] { return connection->OnDrain(); }));
}

void EventLoop::StopListening() {
  // Clients whose connections stand already are served; closing would reset them.
  while (Accept()) {
  }
  CloseListener();
}

void EventLoop::CloseListener() {
  if (!listener_.open()) return;
  listener_.Close();
  resume_ns_ = 0;
  --server_->listening;
  const std::lock_guard<std::mutex> lock(server_->mutex);
  server_->ended.notify_all();
}

}  // namespace slipway::http
