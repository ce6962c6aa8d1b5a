#include "cli/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/file_system.h"
#include "core/process.h"
#include "core/replace_file.h"
#include "deploy/local_backend.h"

namespace slipway::cli {
namespace {

constexpr const char* kMonitorFile = "monitor.json";
constexpr int64_t kKeepEveryMs = 30'000;

// A monitor sees a window a dozen times; the prediction log is looked at as often as its own pace
// says (monitor.cc).
int64_t LookEveryMs(const deploy::Service& service) {
  constexpr double kWindow = 60;
  constexpr double kLooks = 12;
  constexpr double kLongest = 15;
  constexpr double kMilliseconds = 1000;
  if (!service.stable) return static_cast<int64_t>(kMilliseconds);
  const Json monitoring = service.stable->deployment.value("monitoring_config", Json::object());
  const double seconds = GetNumber(monitoring, "window_seconds", kWindow) / kLooks;
  return static_cast<int64_t>(std::min(seconds, kLongest) * kMilliseconds);
}

}  // namespace

Result<std::unique_ptr<Machine>> Machine::Open(const Delivery& delivery, Session& session) {
  auto machine = std::unique_ptr<Machine>(new Machine(delivery, session));
  SLIPWAY_RETURN_IF_ERROR(machine->OpenParts());
  return machine;
}

Status Machine::OpenParts() {
  SLIPWAY_ASSIGN_OR_RETURN(registry_, registry::OpenExisting(delivery_.registry));
  SLIPWAY_ASSIGN_OR_RETURN(client_, http::MakeHttpClient());
  // A connection of its own, for a thread of its own.
  SLIPWAY_ASSIGN_OR_RETURN(Delivery own, OpenDelivery(delivery_.registry, true));
  outbox_store_ = std::move(own.store);
  monitor::NotifierOptions options;
  if (const char* secret = std::getenv("SLIPWAY_WEBHOOK_SECRET")) options.webhook_secret = secret;
  options.folder = JoinPath(delivery_.directory, "messages");
  SLIPWAY_RETURN_IF_ERROR(LocalFileSystem().CreateDirectories(options.folder));
  const auto tell = [this](const std::string& text) { Tell(text); };
  notifier_ = std::make_unique<monitor::Notifier>(*client_, LocalProcessRunner(), LocalFileSystem(),
                                                  tell, options);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string program, OwnProgram());
  outbox_ = std::make_unique<monitor::Outbox>(monitor::OutboxParts{
      .store = outbox_store_.get(),
      .notifier = notifier_.get(),
      .processes = &LocalProcessRunner(),
      .registered = [this](const std::string& model) { return VersionsOf(model); },
      .program = program,
      .directory = options.folder,
      .tell = tell});
  SLIPWAY_ASSIGN_OR_RETURN(registry_effects_, RegistryEffects::Open(delivery_.registry, tell));
  return {};
}

deploy::ControllerParts Machine::Parts() {
  deploy::ControllerParts parts;
  parts.store = delivery_.store.get();
  parts.open_backend = [this](const deploy::Service& service) { return OpenBackend(service); };
  parts.split_outside = [](const deploy::Service& service,
                           const std::vector<deploy::Outside>& outside) {
    return monitor::PerTarget(service, outside);
  };
  parts.watch = [this](const deploy::Service& service, const deploy::Observed& seen) {
    return Watch(service, seen);
  };
  parts.tell = [this](const std::string& text) { Tell(text); };
  return parts;
}

void Machine::Tell(const std::string& text) {
  const std::lock_guard lock(mutex_);
  session_.Print(fmt::format("{} {}\n", FormatTimestamp(SystemClock().Now()), text));
  session_.FlushOutput();
}

Result<std::string> Machine::ArtifactOf(const deploy::Release& release) {
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelVersion version,
                           registry_->Find(release.reference()));
  return registry_->Fetch(version);
}

Result<std::vector<monitor::Registered>> Machine::VersionsOf(const std::string& model) const {
  SLIPWAY_ASSIGN_OR_RETURN(const auto registry, registry::OpenExisting(delivery_.registry));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<registry::ModelVersion> versions,
                           registry->versions().List(model));
  std::vector<monitor::Registered> known;
  for (const registry::ModelVersion& version : versions) {
    const auto tag = version.tags.find(deploy::kRollbackTag);
    known.push_back({.digest = version.digest,
                     .at = version.created_at,
                     .rollback = tag == version.tags.end() ? "" : tag->second});
  }
  return known;
}

Result<std::unique_ptr<deploy::ServiceBackend>> Machine::OpenBackend(
    const deploy::Service& service) {
  deploy::LocalBackendOptions options;
  SLIPWAY_ASSIGN_OR_RETURN(options.program, OwnProgram());
  options.registry = delivery_.registry;
  options.directory = delivery_.DirectoryOf(service.name);
  options.service = service.name;
  options.host = service.host;
  options.port = service.port;
  options.client = client_.get();
  options.golden = [this](const deploy::Release& release) -> Result<std::string> {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, ArtifactOf(release));
    return LocalFileSystem().ReadFile(JoinPath(directory, "golden.jsonl"));
  };
  SLIPWAY_ASSIGN_OR_RETURN(auto backend, deploy::LocalBackend::Open(options));
  return std::unique_ptr<deploy::ServiceBackend>(std::move(backend));
}

monitor::MonitorOptions Machine::MonitorOptions() {
  monitor::MonitorOptions options;
  options.artifact = [this](const deploy::Release& release) -> Result<monitor::WatchedArtifact> {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, ArtifactOf(release));
    return monitor::ReadWatchedArtifact(LocalFileSystem(), directory);
  };
  options.predictions = [this](const deploy::Release& release) -> std::string {
    const Json monitoring = release.deployment.value("monitoring_config", Json::object());
    if (!GetBool(monitoring, "log_predictions")) return "";
    return JoinPath(delivery_.registry, "predictions");
  };
  return options;
}

std::unique_ptr<monitor::Monitor> Machine::OpenMonitor(const std::string& service) {
  const std::string path = JoinPath(delivery_.DirectoryOf(service), kMonitorFile);
  if (LocalFileSystem().Exists(path)) {
    const Result<Json> json = ReadJsonFile(LocalFileSystem(), path);
    Result<monitor::Monitor> kept = json.ok() ? monitor::Monitor::FromJson(*json, MonitorOptions())
                                              : Result<monitor::Monitor>(json.error());
    if (kept.ok()) return std::make_unique<monitor::Monitor>(*std::move(kept));
    Tell(fmt::format("{}: what was watched begins anew: {}", service, kept.error().ToString()));
  }
  return std::make_unique<monitor::Monitor>(MonitorOptions());
}

void Machine::KeepMonitor(const std::string& service, const monitor::Monitor& monitor) {
  const std::string path = JoinPath(delivery_.DirectoryOf(service), kMonitorFile);
  const Status kept =
      ReplaceFile(LocalFileSystem(), path, Durability::kUnsynced,
                  [&](WritableFile& file) { return file.Append(CompactJson(monitor.ToJson())); });
  if (!kept.ok()) Tell(kept.error().ToString());
}

void Machine::Show(const deploy::Service& service, const deploy::Observed& seen,
                   Watched* watched) const {
  deploy::Sight sight;
  sight.at_ms = seen.now_ms;
  sight.address = fmt::format("http://{}:{}", service.host, service.port);
  sight.observed = seen;
  sight.rates = watched->meter.Take(seen);
  // Who looks on sees what was before; nothing else depends on it.
  (void)deploy::WriteSight(delivery_.DirectoryOf(service.name), sight);
}

deploy::Findings Machine::Watch(const deploy::Service& service, const deploy::Observed& seen) {
  deploy::Findings findings;
  Watched& watched = watched_[service.name];
  Show(service, seen, &watched);
  // The system's clock may be set.
  const int64_t now_ms = time_.NowMs();
  if (now_ms < watched.next_ms || !service.rollout) return findings;
  watched.next_ms = now_ms + LookEveryMs(service);
  if (watched.monitor == nullptr) watched.monitor = OpenMonitor(service.name);
  Result<monitor::MonitorDecision> decision = watched.monitor->Look(service, seen, seen.now_ms);
  if (!decision.ok()) {
    Tell(fmt::format("{}: not watched: {}", service.name, decision.error().ToString()));
    return findings;
  }
  if (!decision->empty() || now_ms - watched.kept_ms > kKeepEveryMs) {
    KeepMonitor(service.name, *watched.monitor);
    watched.kept_ms = now_ms;
  }
  findings.notes = std::move(decision->notes);
  findings.outside = std::move(decision->effects);
  if (decision->rollback) {
    findings.undo_set = decision->rollback->set;
    findings.undo_to = decision->rollback->to;
    findings.undo_reason = decision->rollback->reason;
  }
  findings.watched = std::move(decision->decided);
  return findings;
}

}  // namespace slipway::cli
