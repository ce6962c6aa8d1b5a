// `slipway up` and `slipway down`: who controls the services of this machine.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "cli/delivery.h"
#include "cli/machine.h"
#include "cli/server_process.h"
#include "cli/session.h"
#include "core/clock.h"
#include "core/text.h"
#include "deploy/controller.h"
#include "deploy/controller_process.h"
#include "deploy/sight.h"
#include "deploy/splitter_process.h"
#include "http/listener.h"
#include "registry/registry.h"

namespace slipway::cli {
namespace {

struct UpOptions {
  ServiceOptions service;
  bool foreground = false;
  double timeout_seconds = 60;
};

// A replica may take 70 s to end, and a splitter that hangs 10 s to be found out.
constexpr double kDownSeconds = 120;

// Until the next look is due, the store changes, a process ends or a signal comes.
void WaitForWork(deploy::RolloutStore& store, int64_t counter, int64_t due_ms,
                 const std::vector<int>& watches) {
  constexpr int kSliceMs = 10;
  constexpr double kMilliseconds = 1000;
  std::vector<pollfd> waited;
  for (const int watch : watches) waited.push_back({watch, POLLIN, 0});
  // The system's clock may be set meanwhile.
  const Stopwatch watch;
  const auto wait_ms = static_cast<double>(due_ms - NowMs());
  while (StopSignal() == 0) {
    const auto left = static_cast<int64_t>(wait_ms - watch.seconds() * kMilliseconds);
    if (left <= 0) return;
    const int slice = static_cast<int>(std::min<int64_t>(left, kSliceMs));
    if (::poll(waited.data(), waited.size(), slice) > 0) return;
    const Result<int64_t> now = store.ChangeCounter();
    if (!now.ok() || *now != counter) return;
  }
}

Result<int> Control(const Delivery& delivery, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const deploy::ControllerLock lock,
                           deploy::ControllerLock::Take(delivery.directory));
  TakeServerSignals();
  // A run that an alert began may take hours more.
  InterruptWorkBySignal();
  SLIPWAY_ASSIGN_OR_RETURN(const auto machine, Machine::Open(delivery, session));
  deploy::Controller controller(machine->Parts());
  machine->Tell("controls " + delivery.directory);
  int64_t shortened_ms = 0;
  while (StopSignal() == 0) {
    SLIPWAY_ASSIGN_OR_RETURN(const int64_t counter, delivery.store->ChangeCounter());
    const Result<int64_t> due = controller.Pass();
    if (!due.ok()) machine->Tell(due.error().ToString());
    constexpr int64_t kShortenEveryMs = 60'000;
    if (NowMs() - shortened_ms > kShortenEveryMs) {
      (void)deploy::ShortenControllerLog(delivery.directory);
      shortened_ms = NowMs();
    }
    constexpr int64_t kAfterAnError = 1000;
    const std::vector<int> watches = controller.ExitWatches();
    WaitForWork(*delivery.store, counter, due.ok() ? *due : NowMs() + kAfterAnError, watches);
    for (const int watch : watches) ::close(watch);
  }
  machine->Tell("ends; what serves goes on");
  return kExitDone;
}

Status SayToAll(const Delivery& delivery, const std::vector<deploy::ServiceRecord>& records,
                Result<deploy::Decision> (*verb)(const deploy::Service&,
                                                 const deploy::VerbContext&)) {
  for (const deploy::ServiceRecord& record : records) {
    const auto said = Say(delivery, record.name, verb);
    if (!said.ok() && said.error().code() != ErrorCode::kConflict) return said.error();
  }
  return {};
}

Result<std::vector<deploy::ServiceRecord>> Meant(const Delivery& delivery,
                                                 const ServiceOptions& options) {
  if (options.service.empty() && options.registry.environment.empty())
    return delivery.store->Services();
  SLIPWAY_ASSIGN_OR_RETURN(deploy::ServiceRecord record, FindService(delivery, options));
  return std::vector{std::move(record)};
}

// Whoever has the address of one that does not run would be found out by its splitter only.
Status CheckAddresses(const Delivery& delivery, const std::vector<deploy::ServiceRecord>& records) {
  for (const deploy::ServiceRecord& record : records) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool runs,
                             deploy::AnythingRuns(delivery.DirectoryOf(record.name)));
    if (runs) continue;
    SLIPWAY_ASSIGN_OR_RETURN(const deploy::Service service,
                             deploy::ServiceFromJson(record.document));
    const auto listened = http::Listen(service.host, service.port, 1);
    if (listened.ok()) continue;
    return Error(ErrorCode::kUnavailable, fmt::format("{} can't come up", record.name))
        .CausedBy(listened.error())
        .Try("ending what listens there, or another deployment.port with slipway deploy");
  }
  return {};
}

Result<int> Up(const UpOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string registry,
                           RegistryDirectory(options.service.registry, session));
  // Before anything is made where there is none.
  if (options.foreground) SLIPWAY_RETURN_IF_ERROR(registry::OpenExisting(registry));
  SLIPWAY_ASSIGN_OR_RETURN(const Delivery delivery, OpenDelivery(registry, options.foreground));
  if (options.foreground) return Control(delivery, session);
  SLIPWAY_ASSIGN_OR_RETURN(const auto records, Meant(delivery, options.service));
  if (records.empty()) {
    return Error(ErrorCode::kNotFound, "there is no service to bring up in " + registry)
        .Try("slipway deploy MODEL --env production");
  }
  SLIPWAY_RETURN_IF_ERROR(CheckAddresses(delivery, records));
  SLIPWAY_RETURN_IF_ERROR(SayToAll(delivery, records, deploy::BringUp));
  SLIPWAY_RETURN_IF_ERROR(EnsureController(delivery));
  const pid_t pid = deploy::FindController(delivery.directory);
  if (!session.json) {
    session.Print(fmt::format("{} process {} controls {}\n", session.Paint("32", "✓"), pid,
                              delivery.directory));
  }
  Json services = Json::array();
  for (const deploy::ServiceRecord& record : records) {
    SLIPWAY_ASSIGN_OR_RETURN(const RolloutSight sight,
                             AwaitAnswers(delivery, record.name, options.timeout_seconds));
    services.push_back(StatusJson(sight));
    if (session.json || !sight.service.stable) continue;
    session.Print(fmt::format("{} {} serves {} at {}\n", session.Paint("32", "✓"), record.name,
                              sight.service.stable->reference(), sight.address));
  }
  if (session.json) {
    session.PrintJson({{"controller", pid},
                       {"directory", delivery.directory},
                       {"services", std::move(services)}});
  }
  return kExitDone;
}

// Those of which something runs still.
Result<std::vector<std::string>> StillUp(const Delivery& delivery,
                                         const std::vector<deploy::ServiceRecord>& records) {
  std::vector<std::string> up;
  for (const deploy::ServiceRecord& record : records) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool runs,
                             deploy::AnythingRuns(delivery.DirectoryOf(record.name)));
    if (runs) up.push_back(record.name);
  }
  return up;
}

// Who controls ends what runs; where there is nobody, or nobody any more, one is started for that.
Status AwaitDown(const Delivery& delivery, const std::vector<deploy::ServiceRecord>& records,
                 double timeout_seconds) {
  const Stopwatch watch;
  while (true) {
    SLIPWAY_RETURN_IF_ERROR(EnsureController(delivery));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> up, StillUp(delivery, records));
    // Within this it has looked at least once since it was told.
    constexpr double kOneLookSeconds = 1.5;
    if (up.empty() && watch.seconds() > kOneLookSeconds) return {};
    if (!up.empty() && watch.seconds() > timeout_seconds) {
      return Error(ErrorCode::kTimeout, fmt::format("after {:g} s there still runs something of {}",
                                                    timeout_seconds, Join(up, ", ")))
          .Try("slipway down again, or slipway rollout list");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Result<int> Down(const UpOptions& options, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const Delivery delivery,
                           OpenDelivery(options.service.registry, session));
  SLIPWAY_ASSIGN_OR_RETURN(const auto records, Meant(delivery, options.service));
  if (records.empty()) {
    SLIPWAY_RETURN_IF_ERROR(deploy::StopController(delivery.directory));
    if (session.json) {
      session.PrintJson({{"down", 0}});
    } else {
      session.Print(fmt::format("there is no service in {}\n", delivery.registry));
    }
    return kExitDone;
  }
  SLIPWAY_RETURN_IF_ERROR(SayToAll(delivery, records, deploy::TakeDown));
  SLIPWAY_RETURN_IF_ERROR(AwaitDown(delivery, records, options.timeout_seconds));
  SLIPWAY_ASSIGN_OR_RETURN(const auto all, delivery.store->Services());
  bool any_up = false;
  for (const deploy::ServiceRecord& record : all)
    any_up = any_up || !GetBool(record.document, "down");
  if (!any_up) SLIPWAY_RETURN_IF_ERROR(deploy::StopController(delivery.directory));
  for (const deploy::ServiceRecord& record : records) {
    if (!session.json)
      session.Print(fmt::format("{} {} is down\n", session.Paint("32", "✓"), record.name));
  }
  if (session.json) session.PrintJson({{"down", records.size()}});
  return kExitDone;
}

void AddTimeout(CLI::App* command, const char* about, UpOptions* options) {
  command->add_option("--timeout", options->timeout_seconds, about)
      ->check(CLI::Range(1, 3600))
      ->type_name("SECONDS")
      ->capture_default_str();
}

}  // namespace

void AddUpCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("up", "Bring services up again, and control them");
  auto options = std::make_shared<UpOptions>();
  AddServiceOptions(command, &options->service, "all of them");
  command->add_flag("--foreground", options->foreground,
                    "Be the controller, until SIGTERM; what serves goes on");
  AddTimeout(command, "How long to wait until they answer", options.get());
  AddExamples(command, R"(
    slipway up
    slipway up --foreground        (as a unit of systemd runs it))");
  command->callback([options, &session] { session.Finish(Up(*options, session)); });
}

void AddDownCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("down", "End services, their replicas and addresses");
  auto options = std::make_shared<UpOptions>();
  options->timeout_seconds = kDownSeconds;
  AddServiceOptions(command, &options->service, "all of them");
  AddTimeout(command, "How long to wait for them", options.get());
  AddExamples(command, R"(
    slipway down ml-classifier-production
    slipway down)");
  command->callback([options, &session] { session.Finish(Down(*options, session)); });
}

}  // namespace slipway::cli
