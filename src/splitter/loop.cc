#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <random>
#include <utility>

#include "core/random.h"
#include "http/listener.h"
#include "splitter/client_internal.h"
#include "splitter/loop_internal.h"
#include "splitter/upstream_internal.h"

namespace slipway::splitter {
namespace {

// Between two looks at whether the system has descriptors again.
constexpr int64_t kPauseNs = 100'000'000;
constexpr int64_t kNanosecondsAMillisecond = 1'000'000;
// Longer than most answers of the loop take, shorter than anybody notices.
constexpr int64_t kGatherNs = 15'000;
// What a connection gets to begin its request while the splitter ends.
constexpr double kFinishSeconds = 1;

}  // namespace

Loop::Loop(Shared* shared, int number, Descriptor listener)
    : mirrored{.most = shared->options.mirror_bytes},
      shared_(shared),
      number_(number),
      timers_(shared->options.limits),
      picker_(number, DeriveSeed(std::random_device{}(), static_cast<uint64_t>(number))),
      feedback_(this, shared->options.feedback_bytes),
      listener_(std::move(listener)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  timers_.SetSpan(http::TimerKind::kConnect, shared->options.connect_seconds);
  timers_.SetSpan(http::TimerKind::kAnswer, shared->options.answer_seconds);
  timers_.SetSpan(http::TimerKind::kPooled, shared->options.pooled_seconds);
  timers_.SetSpan(http::TimerKind::kDeferred, shared->options.half_closed_seconds);
}

Loop::~Loop() { Stop(); }

void Loop::Stop() {
  CloseListener();
  for (Endpoint* const endpoint : endpoints_) endpoint->OnStop();
  for (Endpoint* const endpoint : endpoints_) delete endpoint;
  endpoints_.clear();
  FreeBuried();
}

bool Loop::WatchOwn(int descriptor, void* what) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = what;
  return ::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

Status Loop::Open() {
  if (!epoll_.open() || !wake_.open() || !WatchOwn(wake_.number(), &wake_) ||
      !WatchOwn(listener_.number(), &listener_)) {
    return SystemError("wait for connections", "", errno);
  }
  ++shared_->listening;
  return {};
}

void Loop::Wake() {
  const uint64_t one = 1;
  // It fails only where the loop has not yet seen the last 2^64 calls.
  [[maybe_unused]] const ssize_t count = ::write(wake_.number(), &one, sizeof(one));
}

bool Loop::Watch(int descriptor, Endpoint* endpoint) {
  endpoints_.insert(endpoint);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = endpoint;
  if (::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event) == 0) return true;
  Bury(endpoint);
  return false;
}

void Loop::Bury(Endpoint* endpoint) {
  if (std::exchange(endpoint->dead, true)) return;
  if (endpoint->armed()) http::TimerLists::Disarm(endpoint);
  endpoints_.erase(endpoint);
  buried_.push_back(endpoint);
}

void Loop::FreeBuried() {
  for (Endpoint* const endpoint : buried_) {
    if (endpoint->queued) std::erase(queued_, endpoint);
    delete endpoint;
  }
  buried_.clear();
}

void Loop::Leave(Version* version) {
  VersionLane& its = version->lanes[lane()];
  const bool may_have_drained = !its.routed && its.in_flight.value() == 1;
  // The last look: one that is routed no more any loop may forget from here on.
  its.in_flight.Add(-1);
  if (may_have_drained) MayHaveDrained();
}

void Loop::Requeue(Endpoint* endpoint) {
  if (endpoint->dead || std::exchange(endpoint->queued, true)) return;
  queued_.push_back(endpoint);
}

void Loop::Adopt() {
  const std::shared_ptr<const RouteTable> table = shared_->book.table();
  const std::shared_ptr<const RouteTable> before = picker_.shared_table();
  if (before != nullptr) {
    for (const TableVersion& version : before->versions) {
      version.version->lanes[lane()].routed = false;
      for (const auto& replica : version.replicas) replica->lanes[lane()].routed = false;
    }
  }
  for (const TableVersion& version : table->versions) {
    version.version->lanes[lane()].routed = true;
    for (const auto& replica : version.replicas) replica->lanes[lane()].routed = true;
  }
  picker_.SetTable(table);
  feedback_.Follow(*table);
  generation_ = table->generation;
  if (before != nullptr) {
    for (const TableVersion& version : before->versions) {
      for (const auto& replica : version.replicas) {
        ReplicaLane& its = replica->lanes[lane()];
        // They end as if their time were over.
        while (!its.routed && !its.idle.empty()) its.idle.back()->OnTimeout();
      }
    }
  }
  shared_->book.Adopted(number_, generation_);
}

int Loop::Wait() const {
  if (!queued_.empty()) return 0;
  const int wait = timers_.MillisecondsToNext(now_ns_);
  if (resume_ns_ == 0) return wait;
  const int64_t left = std::max<int64_t>(resume_ns_ - now_ns_, 0);
  const auto pause = static_cast<int>(left / kNanosecondsAMillisecond + 1);
  return wait < 0 ? pause : std::min(wait, pause);
}

// Who is handed one message at a time is woken for each, which costs clients and replicas more than
// the message does. Until some have come, the core is theirs.
void Loop::Gather() const {
  const int64_t until = http::MonotonicNow() + kGatherNs;
  do {
    ::sched_yield();
  } while (http::MonotonicNow() < until);
}

void Loop::Run() {
  std::array<epoll_event, kMostEvents> events;
  now_ns_ = http::MonotonicNow();
  AdoptRoutes();
  while (phase_ != Phase::kStops) {
    if (queued_.empty() && events_.pays_to_wait()) Gather();
    const int count = ::epoll_wait(epoll_.number(), events.data(), kMostEvents, Wait());
    now_ns_ = http::MonotonicNow();
    events_.Add(std::max(count, 0), now_ns_);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      OnEvent(event.data.ptr, event.events);
    }
    ServeQueued();
    // Whoever is not read yet may have sent in time.
    if (count < kMostEvents) Expire();
    if (resume_ns_ != 0 && resume_ns_ <= now_ns_) {
      resume_ns_ = 0;
      if (listener_.open() && !WatchOwn(listener_.number(), &listener_)) PauseListening();
    }
    AdoptRoutes();
    OnPhase();
    FreeBuried();
  }
}

void Loop::OnEvent(void* what, uint32_t events) {
  if (what == &wake_) {
    uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t count = ::read(wake_.number(), &ignored, sizeof(ignored));
  } else if (what == &listener_) {
    Accept();
  } else {
    auto* const endpoint = static_cast<Endpoint*>(what);
    if (!endpoint->dead) endpoint->OnEvents(events);
  }
}

void Loop::ServeQueued() {
  serving_.swap(queued_);
  for (Endpoint* const endpoint : serving_) endpoint->queued = false;
  for (Endpoint* const endpoint : serving_) {
    if (!endpoint->dead) endpoint->OnTurn();
  }
  serving_.clear();
}

void Loop::Expire() {
  while (http::Timer* const timer = timers_.Expired(now_ns_)) {
    http::TimerLists::Disarm(timer);
    static_cast<Endpoint*>(timer)->OnTimeout();
  }
}

bool Loop::Accept() {
  const auto accepting = http::AcceptWaiting(
      listener_.number(),
      [this](Descriptor socket, std::string peer) { Welcome(std::move(socket), std::move(peer)); });
  if (accepting == http::Accepting::kNoRoom) PauseListening();
  return accepting == http::Accepting::kMayBeMore;
}

void Loop::Welcome(Descriptor socket, std::string peer) {
  const int64_t before = shared_->connections.fetch_add(1);
  const int64_t most = room().clients;
  const bool rejects = before >= most && !EndOldestIdle();
  // To be told in TLS takes a handshake, which is what there is no room for.
  const bool dropped = rejects && (shared_->tls != nullptr || before >= most + room().rejected);
  std::unique_ptr<http::TlsSession> session;
  if (shared_->tls != nullptr && !dropped) session = shared_->tls->NewSession(socket.number());
  if (dropped || (shared_->tls != nullptr && session == nullptr)) {
    ClientEnded();
    return;
  }
  const int number = socket.number();
  auto client =
      std::make_unique<Client>(this, std::move(socket), std::move(peer), std::move(session));
  Client* const owned = client.release();
  if (!Watch(number, owned)) {
    ClientEnded();
    return;
  }
  if (rejects) owned->Reject();
}

// Of the loop's clients that ask for nothing now, as if its time were over. False where there is
// none.
bool Loop::EndOldestIdle() {
  while (http::Timer* const oldest = timers_.First(http::TimerKind::kIdle)) {
    auto* const client = static_cast<Endpoint*>(oldest);
    // Unless it has asked meanwhile.
    client->OnFinish();
    if (client->dead) return true;
    if (timers_.First(http::TimerKind::kIdle) == oldest) return false;
  }
  return false;
}

void Loop::ClientEnded() {
  --shared_->connections;
  if (phase_ == Phase::kServes || !shared_->all_ended()) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->ended.notify_all();
}

// Where the system has no descriptors left, those who wait stay where they are for a while: the
// listening socket would be ready again and again.
void Loop::PauseListening() {
  ::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, listener_.number(), nullptr);
  resume_ns_ = now_ns_ + kPauseNs;
}

void Loop::OnPhase() {
  const Phase phase = shared_->phase.load();
  const Phase before = std::exchange(phase_, phase);
  if (phase != Phase::kFinishes || before == Phase::kFinishes) return;
  // Those whose answer is on the way already are not told to go elsewhere.
  timers_.SetSpan(http::TimerKind::kIdle, std::min(options().limits.idle_seconds, kFinishSeconds));
  EndIdle();
  // Clients whose connections stand already are served; closing would reset them.
  while (Accept()) {
  }
  CloseListener();
}

void Loop::EndIdle() {
  std::vector<Endpoint*> idle;
  for (Endpoint* const endpoint : endpoints_) idle.push_back(endpoint);
  for (Endpoint* const endpoint : idle) {
    if (!endpoint->dead) endpoint->OnFinish();
  }
}

void Loop::CloseListener() {
  if (!listener_.open()) return;
  listener_.Close();
  resume_ns_ = 0;
  --shared_->listening;
  const std::lock_guard lock(shared_->mutex);
  shared_->ended.notify_all();
}

}  // namespace slipway::splitter
