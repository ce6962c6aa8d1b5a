// Looking on until something has happened.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "cli/delivery.h"
#include "cli/progress_view.h"
#include "core/clock.h"
#include "core/interrupt.h"

namespace slipway::cli {
namespace {

constexpr std::chrono::milliseconds kLook{100};

// A tree that is drawn over the one before, on a terminal.
class LiveView {
 public:
  explicit LiveView(Session& session) : session_(session) {}
  void Show(const RolloutSight& sight) {
    const std::string next = RolloutTree(sight, session_, TerminalWidth(stdout));
    if (next == drawn_) return;
    session_.Print(Redrawn(drawn_, next));
    session_.FlushOutput();
    drawn_ = next;
  }

 private:
  Session& session_;
  std::string drawn_;
};

// A line an event, where there is no terminal; JSON for a machine.
class EventLog {
 public:
  explicit EventLog(Session& session) : session_(session) {}
  Status Show(deploy::RolloutStore& store, const std::string& service, int64_t revision) {
    constexpr int64_t kAtOnce = 1000;
    SLIPWAY_ASSIGN_OR_RETURN(const auto events, store.Events(service, revision, last_, kAtOnce));
    for (const deploy::RolloutEvent& event : events) {
      last_ = event.id;
      if (session_.json) {
        session_.PrintJson({{"event", event.kind},
                            {"at", event.at},
                            {"service", event.service},
                            {"revision", event.revision},
                            {"text", event.text},
                            {"detail", event.detail}});
      } else {
        session_.Print(RolloutEventLine(event, session_));
      }
    }
    session_.FlushOutput();
    return {};
  }

 private:
  Session& session_;
  int64_t last_ = 0;
};

bool StandsStill(const deploy::Service& service) {
  return !service.in_progress() || service.rollout->pause.has_value();
}

// What is shown of an end is what was seen behind it: who controls looks again at once.
bool IsSeenToTheEnd(const RolloutSight& sight) {
  constexpr int64_t kLongestMs = 3000;
  const auto& rollout = sight.service.rollout;
  if (!rollout || !deploy::HasEnded(rollout->phase) || !sight.controller_runs) return true;
  return sight.seen_ms > rollout->ended_ms || sight.now_ms - rollout->ended_ms > kLongestMs;
}

Error NobodyControls(const std::string& service) {
  return Error(ErrorCode::kUnavailable, "nobody controls " + service + " any more")
      .Try("slipway up");
}

Result<RolloutSight> LookAtNow(const Delivery& delivery, const std::string& service) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto record, delivery.store->Find(service));
  if (!record) return Error(ErrorCode::kNotFound, "there is no service \"" + service + "\"");
  return LookAt(delivery, *record);
}

}  // namespace

Result<int> WatchRollout(const Delivery& delivery, const std::string& service, bool follow,
                         Session& session) {
  const bool live = !session.json && ::isatty(STDOUT_FILENO) != 0;
  LiveView view(session);
  EventLog log(session);
  while (true) {
    SLIPWAY_ASSIGN_OR_RETURN(const RolloutSight sight, LookAtNow(delivery, service));
    const int64_t revision = sight.service.rollout ? sight.service.rollout->revision : 0;
    if (live) {
      view.Show(sight);
    } else {
      SLIPWAY_RETURN_IF_ERROR(log.Show(*delivery.store, service, revision));
    }
    if (!follow && StandsStill(sight.service) && IsSeenToTheEnd(sight)) {
      if (!live) Show(sight, session);
      return ExitCodeOf(sight);
    }
    if (!CheckInterrupted().ok()) {
      return Error(ErrorCode::kInterrupted, "no longer shown; the rollout goes on")
          .Try("slipway rollout watch, or abort");
    }
    if (!sight.controller_runs) return NobodyControls(service);
    std::this_thread::sleep_for(kLook);
  }
}

Result<RolloutSight> AwaitAnswers(const Delivery& delivery, const std::string& service,
                                  double seconds) {
  const int64_t begun_ms = NowMs();
  const Stopwatch watch;
  while (true) {
    SLIPWAY_ASSIGN_OR_RETURN(RolloutSight sight, LookAtNow(delivery, service));
    const auto& stable = sight.service.stable;
    if (!stable || sight.service.down) return sight;
    const deploy::SetStatus status = sight.observed.StatusOf(stable->set);
    const bool routed =
        sight.observed.traffic && sight.observed.traffic->in_force.WeightOf(stable->set) > 0;
    if (sight.seen_ms >= begun_ms && routed && status.ready > 0) return sight;
    if (!CheckInterrupted().ok())
      return Error(ErrorCode::kInterrupted, "no longer waited for; it comes up all the same");
    if (!sight.controller_runs) return NobodyControls(service);
    if (watch.seconds() > seconds) {
      const std::string& trouble =
          sight.observed.traffic_trouble.empty() ? status.trouble : sight.observed.traffic_trouble;
      return Error(ErrorCode::kTimeout, fmt::format("{} does not answer after {:g} s{}", service,
                                                    seconds, trouble.empty() ? "" : ": " + trouble))
          .Try("slipway rollout status " + service);
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace slipway::cli
