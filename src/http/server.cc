#include "http/server.h"

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/descriptor_limit.h"
#include "core/parallel.h"
#include "core/signals_blocked.h"
#include "http/event_loop_internal.h"

namespace slipway::http {
namespace {

// Waits longer than this are as good as forever, and far from overflow.
constexpr double kLongestWaitSeconds = 1e8;

class EpollServer : public Server {
 public:
  ~EpollServer() override { EpollServer::Stop(); }

  Status Open(const ServerOptions& options, Handler* handler) {
    RaiseDescriptorLimit();
    if (options.tls.wanted()) {
      SLIPWAY_ASSIGN_OR_RETURN(tls_, TlsContext::Make(options.tls));
    }
    const int count = options.threads > 0 ? options.threads : AvailableCores();
    SLIPWAY_ASSIGN_OR_RETURN(Listeners listeners, Listen(options.host, options.port, count));
    port_ = listeners.port;
    state_.loops = count;
    for (int number = 0; number < count; ++number) {
      loops_.push_back(
          std::make_unique<EventLoop>(&state_, handler, options.limits, tls_.get(), number,
                                      std::move(listeners.sockets[static_cast<size_t>(number)])));
      SLIPWAY_RETURN_IF_ERROR(loops_.back()->Open());
    }
    return StartThreads();
  }

  int port() const override { return port_; }
  int64_t connections() const override { return state_.connections.load(); }
  int64_t in_flight() const override {
    int64_t sum = 0;
    for (const auto& loop : loops_) sum += loop->in_flight();
    return sum;
  }

  void Complete(uint64_t ticket, Response&& response) override {
    loops_[ticket % loops_.size()]->Post(ticket, std::move(response));
  }

  void BeginDrain() override { SetPhase(Phase::kDrains); }

  bool FinishDrain(double seconds) override {
    SetPhase(Phase::kFinishes);
    const std::chrono::duration<double> most(std::clamp(seconds, 0.0, kLongestWaitSeconds));
    std::unique_lock<std::mutex> lock(state_.mutex);
    return state_.ended.wait_for(lock, most, [this] { return state_.all_ended(); });
  }

  void Stop() override {
    SetPhase(Phase::kStops);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const auto& loop : loops_) loop->Stop();
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
    if (state_.phase.load() < phase) state_.phase.store(phase);
    for (const auto& loop : loops_) loop->Wake();
  }

  ServerState state_;
  std::unique_ptr<TlsContext> tls_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
  int port_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Handler* handler) {
  auto server = std::make_unique<EpollServer>();
  SLIPWAY_RETURN_IF_ERROR(server->Open(options, handler));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace slipway::http
