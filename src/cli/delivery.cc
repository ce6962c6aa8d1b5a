#include "cli/delivery.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "cli/progress_view.h"
#include "core/clock.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "core/unix_time.h"
#include "deploy/controller.h"
#include "deploy/controller_process.h"
#include "monitor/notify.h"
#include "registry/registry.h"

namespace slipway::cli {
namespace {

constexpr const char* kStateFile = "rollouts.db";
constexpr const char* kUpDirectory = "up";
constexpr std::chrono::milliseconds kLook{100};

bool IsMeant(const deploy::ServiceRecord& record, const std::string& said) {
  return record.name == said || GetString(record.document, "model") == said ||
         record.name == said + "-" + GetString(record.document, "environment");
}

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

}  // namespace

Result<std::string> OwnProgram() {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return SystemError("can't find this program", "/proc/self/exe", errno);
  path.resize(static_cast<size_t>(size));
  return path;
}

void AddServiceOptions(CLI::App* command, ServiceOptions* options, const char* usual) {
  command->add_option("SERVICE", options->service,
                      fmt::format("Name of the service, or of its model (default: {})", usual));
  AddRegistryOptions(command, &options->registry);
}

std::string Delivery::DirectoryOf(const std::string& service) const {
  return JoinPath(directory, service);
}

Result<Delivery> OpenDelivery(const std::string& registry, bool create) {
  Delivery delivery;
  // Who controls may have another working directory.
  delivery.registry = std::filesystem::absolute(registry).lexically_normal();
  delivery.directory = JoinPath(delivery.registry, kUpDirectory);
  auto store = deploy::OpenRolloutStore(JoinPath(delivery.directory, kStateFile), SystemClock(),
                                        {.create = create});
  if (!store.ok()) {
    if (store.error().code() != ErrorCode::kNotFound) return store.error();
    return Error(ErrorCode::kNotFound, fmt::format("nothing has been deployed from {}", registry))
        .Try("slipway deploy MODEL --env production");
  }
  delivery.store = *std::move(store);
  return delivery;
}

Result<Delivery> OpenDelivery(const RegistryOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string registry, RegistryDirectory(options, session));
  return OpenDelivery(registry, false);
}

Result<deploy::ServiceRecord> FindService(const Delivery& delivery, const ServiceOptions& options) {
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<deploy::ServiceRecord> records, delivery.store->Services());
  std::vector<std::string> names;
  for (const deploy::ServiceRecord& record : records) names.push_back(record.name);
  if (records.empty()) {
    return Error(ErrorCode::kNotFound, "there is no service")
        .Try("slipway deploy MODEL --env production");
  }
  std::erase_if(records, [&](const deploy::ServiceRecord& record) {
    if (!options.service.empty() && !IsMeant(record, options.service)) return true;
    return !options.registry.environment.empty() &&
           GetString(record.document, "environment") != options.registry.environment;
  });
  if (records.size() == 1) return records.front();
  if (records.empty()) {
    return Error(ErrorCode::kNotFound, fmt::format("there is no service \"{}\"{}", options.service,
                                                   options.registry.environment.empty()
                                                       ? ""
                                                       : " in " + options.registry.environment))
        .Expected(JoinOr(names));
  }
  return Error(ErrorCode::kInvalidInput, "more than one service may be meant")
      .Expected(JoinOr(names));
}

int64_t NowMs() { return UnixMilliseconds(); }

Result<deploy::Service> Say(const Delivery& delivery, const std::string& service,
                            const std::function<Result<deploy::Decision>(
                                const deploy::Service&, const deploy::VerbContext&)>& verb) {
  return deploy::ChangeService(
      *delivery.store, service, SystemClock(),
      [&](const std::optional<deploy::Service>& now, int64_t now_ms) -> Result<deploy::Decision> {
        if (!now) return Error(ErrorCode::kNotFound, "there is no service \"" + service + "\"");
        SLIPWAY_ASSIGN_OR_RETURN(deploy::Decision decision,
                                 verb(*now, {now_ms, registry::CurrentActor()}));
        decision.outside = monitor::PerTarget(decision.service, decision.outside);
        return decision;
      });
}

Status EnsureController(const Delivery& delivery) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string program, OwnProgram());
  return deploy::StartController(delivery.directory,
                                 {program, "up", "--foreground", "--registry", delivery.registry});
}

Result<RolloutSight> LookAt(const Delivery& delivery, const deploy::ServiceRecord& record) {
  RolloutSight sight;
  SLIPWAY_ASSIGN_OR_RETURN(sight.service, deploy::ServiceFromJson(record.document));
  SLIPWAY_ASSIGN_OR_RETURN(const auto seen, deploy::ReadSight(delivery.DirectoryOf(record.name)));
  sight.now_ms = NowMs();
  sight.address = fmt::format("http://{}:{}", sight.service.host, sight.service.port);
  sight.controller_runs = deploy::FindController(delivery.directory) != 0;
  if (seen) {
    sight.observed = seen->observed;
    sight.rates = seen->rates;
  }
  sight.observed.now_ms = sight.now_ms;
  return sight;
}

int ExitCodeOf(const deploy::Service& service) {
  if (!service.rollout) return kExitDone;
  const deploy::Rollout& rollout = *service.rollout;
  const bool found = rollout.experiment && rollout.experiment->Best() != nullptr;
  const bool undecided = rollout.pause && !rollout.pause->by_person && !found;
  const bool bad = rollout.phase == deploy::Phase::kRolledBack ||
                   rollout.phase == deploy::Phase::kRollingBack ||
                   rollout.phase == deploy::Phase::kFailed;
  return undecided || bad ? kExitNo : kExitDone;
}

Result<int> WatchRollout(const Delivery& delivery, const std::string& service, bool follow,
                         Session& session) {
  const bool live = !session.json && ::isatty(STDOUT_FILENO) != 0;
  LiveView view(session);
  EventLog log(session);
  while (true) {
    SLIPWAY_ASSIGN_OR_RETURN(const auto record, delivery.store->Find(service));
    if (!record) return Error(ErrorCode::kNotFound, "there is no service \"" + service + "\"");
    SLIPWAY_ASSIGN_OR_RETURN(const RolloutSight sight, LookAt(delivery, *record));
    const int64_t revision = sight.service.rollout ? sight.service.rollout->revision : 0;
    if (live) {
      view.Show(sight);
    } else {
      SLIPWAY_RETURN_IF_ERROR(log.Show(*delivery.store, service, revision));
    }
    if (!follow && StandsStill(sight.service)) {
      if (!live && !session.json) session.Print(RolloutTree(sight, session, 0));
      if (session.json) session.PrintJson(StatusJson(sight));
      return ExitCodeOf(sight.service);
    }
    if (!CheckInterrupted().ok()) {
      return Error(ErrorCode::kInterrupted, "no longer shown; the rollout goes on")
          .Try("slipway rollout watch, or abort");
    }
    if (!sight.controller_runs) {
      return Error(ErrorCode::kUnavailable, "nobody controls " + service + " any more")
          .Try("slipway up");
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace slipway::cli
