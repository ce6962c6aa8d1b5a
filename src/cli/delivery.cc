#include "cli/delivery.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "cli/rollout_sight_internal.h"
#include "core/clock.h"
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

bool IsMeant(const deploy::ServiceRecord& record, const std::string& said) {
  return record.name == said || GetString(record.document, "model") == said ||
         record.name == said + "-" + GetString(record.document, "environment");
}

bool IsUnknown(const RolloutSight& sight, int64_t set) {
  const std::vector<SetSight> sets = SetsOf(sight);
  const auto found = std::ranges::find(sets, set, &SetSight::set);
  return found != sets.end() && !found->release;
}

// What the rollouts before say of sets that leave still, and that the service has no more.
Status AddFormer(const Delivery& delivery, RolloutSight* sight) {
  constexpr int64_t kRevisionsBack = 5;
  constexpr int64_t kFirstEvents = 10;
  const bool all_known = std::ranges::none_of(
      sight->observed.sets, [&](const auto& status) { return IsUnknown(*sight, status.set); });
  if (all_known) return {};
  const int64_t newest = sight->service.next_revision - 1;
  for (int64_t revision = newest; revision > std::max<int64_t>(newest - kRevisionsBack, 0);
       --revision) {
    SLIPWAY_ASSIGN_OR_RETURN(
        const auto events, delivery.store->Events(sight->service.name, revision, 0, kFirstEvents));
    for (const deploy::RolloutEvent& event : events) {
      if (!event.detail.is_object()) continue;
      for (const Json& set : event.detail.value("sets", Json::array())) {
        deploy::Release release;
        release.set = GetInteger(set, "set");
        release.model = GetString(set, "model");
        release.version = GetInteger(set, "version");
        sight->former.push_back(std::move(release));
      }
    }
  }
  return {};
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
  command->get_option("--env")->description(
      "Of the services of that name, the one of this environment (default: the only one)");
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
    sight.seen_ms = seen->at_ms;
  }
  sight.observed.now_ms = sight.now_ms;
  SLIPWAY_RETURN_IF_ERROR(AddFormer(delivery, &sight));
  return sight;
}

void Show(const RolloutSight& sight, Session& session) {
  if (session.json) {
    session.PrintJson(StatusJson(sight));
  } else {
    session.Print(RolloutTree(sight, session, 0));
  }
}

int ExitCodeOf(const RolloutSight& sight) {
  if (sight.service.down) return kExitDone;
  // Nobody is sent to the version that is to serve, whatever its rollout came to.
  const bool serves_nobody = sight.service.stable && !sight.observed.traffic;
  return IsAbandoned(sight) || serves_nobody ? ExitCodeFor(ErrorCode::kUnavailable)
                                             : ExitCodeOf(sight.service);
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

}  // namespace slipway::cli
