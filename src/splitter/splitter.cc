#include "splitter/splitter.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/descriptor_limit.h"
#include "core/parallel.h"
#include "core/signals_blocked.h"
#include "http/listener.h"
#include "splitter/loop_internal.h"

namespace slipway::splitter {
namespace {

// Waits longer than this are as good as forever, and far from overflow.
constexpr double kLongestWaitSeconds = 1e8;

SplitterOptions Bounded(SplitterOptions options) {
  // Of bodies that are handed on nothing is held.
  options.limits.body_bytes = SIZE_MAX;
  return options;
}

class EpollSplitter : public Splitter {
 public:
  EpollSplitter(const SplitterOptions& options, int loops) : shared_(Bounded(options), loops) {}
  ~EpollSplitter() override { EpollSplitter::Stop(0); }

  Status Open(const Routes& routes) {
    const SplitterOptions& options = shared_.options;
    const int64_t allowed = RaiseDescriptorLimit();
    SLIPWAY_ASSIGN_OR_RETURN(
        shared_.room, ShareDescriptors(options.descriptors > 0 ? options.descriptors : allowed,
                                       shared_.loops, options.limits.connections));
    if (options.tls.wanted()) {
      SLIPWAY_ASSIGN_OR_RETURN(shared_.tls, http::TlsContext::Make(options.tls));
    }
    SLIPWAY_ASSIGN_OR_RETURN(http::Listeners listeners,
                             http::Listen(options.host, options.port, shared_.loops));
    port_ = listeners.port;
    SLIPWAY_ASSIGN_OR_RETURN(OwnAddress own, OwnAddress::Of(listeners.sockets.front().number()));
    shared_.book.SetOwnAddress(own);
    SLIPWAY_RETURN_IF_ERROR(shared_.book.Apply(routes));
    for (int number = 0; number < shared_.loops; ++number) {
      loops_.push_back(std::make_unique<Loop>(
          &shared_, number, std::move(listeners.sockets[static_cast<size_t>(number)])));
      SLIPWAY_RETURN_IF_ERROR(loops_.back()->Open());
    }
    return StartThreads();
  }

  int port() const override { return port_; }

  Status Apply(const Routes& routes) override {
    SLIPWAY_RETURN_IF_ERROR(shared_.book.Apply(routes));
    for (const auto& loop : loops_) loop->Wake();
    return {};
  }

  Routes routes() const override { return shared_.book.table()->routes; }

  bool WaitDrained(const std::string& version, double seconds) override {
    return shared_.book.WaitDrained(version, seconds);
  }

  SplitterSnapshot Snapshot() const override {
    SplitterSnapshot snapshot;
    snapshot.versions = shared_.book.Snapshot();
    snapshot.connections = shared_.connections.load();
    for (const VersionSnapshot& version : snapshot.versions)
      snapshot.in_flight += version.in_flight;
    for (const auto& loop : loops_) {
      snapshot.refused += loop->refused();
      snapshot.unrouted += loop->unrouted();
    }
    return snapshot;
  }

  bool Stop(double seconds) override {
    const std::lock_guard stopping(stopping_);
    if (seconds > 0) SetPhase(Phase::kFinishes);
    const std::chrono::duration<double> most(std::clamp(seconds, 0.0, kLongestWaitSeconds));
    bool all_ended = false;
    {
      std::unique_lock lock(shared_.mutex);
      all_ended = shared_.ended.wait_for(lock, most, [this] { return shared_.all_ended(); });
    }
    SetPhase(Phase::kStops);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const auto& loop : loops_) loop->Stop();
    shared_.comparer.Stop();
    return all_ended;
  }

 private:
  Status StartThreads() {
    // OpenSSL, which writes without MSG_NOSIGNAL, then raises SIGPIPE nowhere.
    const SignalsBlocked blocked;
    for (const auto& loop : loops_) {
      try {
        threads_.emplace_back([&loop] { loop->Run(); });
      } catch (const std::system_error& error) {
        return SystemError("start a thread", "", error.code().value());
      }
    }
    return {};
  }

  // Never back to an earlier one.
  void SetPhase(Phase phase) {
    if (shared_.phase.load() < phase) shared_.phase.store(phase);
    for (const auto& loop : loops_) loop->Wake();
  }

  Shared shared_;
  std::mutex stopping_;  // One Stop at a time.
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
  int port_ = 0;
};

}  // namespace

Result<std::unique_ptr<Splitter>> Splitter::Start(const SplitterOptions& options,
                                                  const Routes& routes) {
  const int loops = options.threads > 0 ? options.threads : AvailableCores();
  auto splitter = std::make_unique<EpollSplitter>(options, loops);
  SLIPWAY_RETURN_IF_ERROR(splitter->Open(routes));
  return std::unique_ptr<Splitter>(std::move(splitter));
}

}  // namespace slipway::splitter
