#include "deploy/replica_processes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <optional>
#include <utility>

#include "config/quantity.h"
#include "core/file_system.h"
#include "core/parallel.h"
#include "core/text.h"
#include "core/unix_time.h"
#include "deploy/number_internal.h"
#include "deploy/process_words_internal.h"
#include "http/feedback_header.h"

namespace slipway::deploy {
namespace {

constexpr double kMilliseconds = 1000;
// As Kubernetes counts: one probe that fails is no reason to send nobody.
constexpr int kMostFailures = 3;
constexpr double kProbeSeconds = 1;
// Who is sent nobody any more is asked no oftener, for the sake of those who wait meanwhile.
constexpr int64_t kPauseMs = 1000;
// Its liveness: so long without any answer.
constexpr int64_t kMostSilentMs = 10'000;
constexpr int kAskedAtOnce = 16;
constexpr const char* kLeavingFile = "leaving";

double QuantityOf(const Json& deployment, const char* key) {
  const auto resources = deployment.find("resource_requirements");
  if (resources == deployment.end() || !resources->is_object()) return 0;
  return config::ParseQuantity(GetString(*resources, key)).value_or(0);
}

int ThreadsOf(const Release& release) {
  return std::max(1, static_cast<int>(std::ceil(QuantityOf(release.deployment, "cpu"))));
}

// 0 where it has not told.
int PortOf(const Json& event) {
  const std::string url = event.is_object() ? GetString(event, "url") : "";
  const size_t colon = url.rfind(':');
  if (colon == std::string::npos) return 0;
  return static_cast<int>(NumberIn(std::string_view(url).substr(colon + 1)));
}

}  // namespace

struct ReplicaProcesses::Told {
  bool answered = false, ready = false;
  std::string trouble = {};
  bool late = false;  // It was waited for.
  Json metrics = {};  // null where it tells none.
};

Result<ReplicaProcesses> ReplicaProcesses::Open(ReplicaOptions options) {
  SLIPWAY_ASSIGN_OR_RETURN(DetachedProcesses processes, DetachedProcesses::Open(options.directory));
  return ReplicaProcesses(std::move(options), std::move(processes));
}

int64_t ReplicaProcesses::NowMs() const { return UnixMilliseconds(*options_.clock); }

Status ReplicaProcesses::Refresh(int64_t label_epoch) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<DetachedProcess> processes, processes_.List());
  for (const DetachedProcess& process : processes) {
    if (process.alive) {
      Look(process);
    } else {
      NoteEnd(process);
    }
  }
  std::erase_if(replicas_, [&](const auto& entry) {
    return std::ranges::none_of(processes, [&](const DetachedProcess& process) {
      return process.alive && process.id == entry.first;
    });
  });
  std::erase_if(probes_, [&](const auto& entry) { return !replicas_.contains(entry.first); });
  AskAll(label_epoch);
  return {};
}

void ReplicaProcesses::Look(const DetachedProcess& process) {
  Replica& replica = replicas_[process.id];
  replica.id = process.id;
  replica.alive = true;
  replica.set = GetInteger(process.facts, "set");
  Probe& probe = probes_[process.id];
  probe.cores = GetNumber(process.facts, "threads", 1);
  probe.ready_timeout_seconds = GetNumber(process.facts, "ready_timeout_seconds");
  if (!replica.ready && probe.unready_ms == 0) probe.unready_ms = NowMs();
  (void)processes_.ShortenLog(process.id);
  const std::string mark = JoinPath(JoinPath(processes_.directory(), process.id), kLeavingFile);
  if (!replica.leaving && LocalFileSystem().Exists(mark)) {
    replica.leaving = true;
    replica.leaving_ms = NowMs();
  }
  TakeUtilization(process, &replica);
  if (replica.port == 0) replica.port = PortOf(ListeningOf(processes_, process));
}

void ReplicaProcesses::TakeUtilization(const DetachedProcess& process, Replica* replica) {
  Probe& probe = probes_[process.id];
  const int64_t now = NowMs();
  if (probe.cpu_ms != 0 && now > probe.cpu_ms) {
    const double seconds = static_cast<double>(now - probe.cpu_ms) / kMilliseconds;
    constexpr double kLeast = 0.5;
    if (seconds < kLeast) return;
    replica->utilization = (process.cpu_seconds - probe.cpu_seconds) / seconds / probe.cores;
  }
  probe.cpu_ms = now;
  probe.cpu_seconds = process.cpu_seconds;
}

void ReplicaProcesses::NoteEnd(const DetachedProcess& process) {
  const int64_t set = GetInteger(process.facts, "set");
  const auto known = replicas_.find(process.id);
  const bool was_ready = known != replicas_.end() && known->second.ready_ms != 0;
  const bool wanted = known == replicas_.end() || !known->second.leaving;
  const std::string mark = JoinPath(JoinPath(processes_.directory(), process.id), kLeavingFile);
  if (wanted && !LocalFileSystem().Exists(mark)) {
    std::string why = probes_[process.id].killed_for;
    if (why.empty()) why = LastWords(processes_, process.id);
    restarts_[set].NoteEnd(was_ready, NowMs(),
                           why.empty() ? "a replica ended without a word" : why);
  }
  (void)processes_.Remove(process.id);
}

// All at once: one that hangs is waited for, and others are not late for it.
void ReplicaProcesses::AskAll(int64_t label_epoch) {
  std::vector<Replica*> asked;
  for (auto& [id, replica] : replicas_) {
    if (replica.port != 0 && NowMs() >= probes_[id].not_before_ms) asked.push_back(&replica);
  }
  std::vector<std::optional<Told>> told(asked.size());
  // Where a signal ends it early, of those that were not asked what was known is true.
  (void)ParallelFor(asked.size(), kAskedAtOnce, [&](size_t i) -> Status {
    told[i] = Ask(*asked[i], label_epoch);
    return {};
  });
  for (size_t i = 0; i < asked.size(); ++i) {
    if (told[i]) Take(*told[i], asked[i]);
  }
  for (auto& [id, replica] : replicas_) KillHung(&replica);
}

ReplicaProcesses::Told ReplicaProcesses::Ask(const Replica& replica, int64_t label_epoch) const {
  const auto fetch = [&](const char* page, std::vector<http::ClientHeader> headers) {
    return options_.client->Fetch({.url = replica.url() + page,
                                   .headers = std::move(headers),
                                   .timeout_seconds = kProbeSeconds});
  };
  constexpr int kOk = 200;
  const Result<http::ClientResponse> ready = fetch("/ready", {});
  if (!ready.ok()) {
    return {.trouble = ready.error().message(),
            .late = ready.error().code() == ErrorCode::kTimeout};
  }
  Told told{.answered = true, .ready = ready->status == kOk};
  if (!told.ready) {
    told.trouble = Printable(ready->body);
    return told;
  }
  std::vector<http::ClientHeader> headers;
  if (label_epoch != 0) {
    headers.push_back({std::string(http::kFeedbackHeader),
                       fmt::format("{}{}", http::kFeedbackEpoch, label_epoch)});
  }
  const Result<http::ClientResponse> metrics = fetch("/metrics", std::move(headers));
  if (!metrics.ok() || metrics->status != kOk) return told;
  if (Result<Json> json = ParseJson(metrics->body, "metrics"); json.ok())
    told.metrics = *std::move(json);
  return told;
}

void ReplicaProcesses::Take(const Told& told, Replica* replica) {
  const int64_t now = NowMs();
  const bool was_ready = replica->ready;
  Probe& probe = probes_[replica->id];
  probe.failures = told.ready ? 0 : probe.failures + 1;
  if (told.answered) {
    probe.silent_ms = 0;
  } else if (probe.silent_ms == 0) {
    probe.silent_ms = now;
  }
  replica->ready = told.ready || (was_ready && probe.failures < kMostFailures);
  if (replica->ready && !was_ready) {
    replica->ready_ms = now;
    restarts_[replica->set].NoteWell();
  }
  if (replica->ready) {
    probe.unready_ms = 0;
  } else {
    if (probe.unready_ms == 0) probe.unready_ms = now;
    if (told.late) probe.not_before_ms = now + kPauseMs;
    restarts_[replica->set].NoteTrouble(told.trouble);
  }
  if (!told.metrics.is_null())
    totals_.Take(replica->set, replica->id, ReadReplicaCounts(told.metrics));
}

void ReplicaProcesses::KillHung(Replica* replica) {
  // Who leaves is ended by whoever waits for what it has begun.
  if (replica->leaving) return;
  Probe& probe = probes_[replica->id];
  const int64_t now = NowMs();
  const bool silent = probe.silent_ms != 0 && probe.failures >= kMostFailures &&
                      now - probe.silent_ms >= kMostSilentMs;
  const bool late =
      probe.unready_ms != 0 && probe.ready_timeout_seconds > 0 &&
      static_cast<double>(now - probe.unready_ms) >= probe.ready_timeout_seconds * kMilliseconds;
  if (!silent && !late) return;
  if (probe.killed_for.empty()) {
    const std::string& trouble = restarts_[replica->set].trouble();
    probe.killed_for = fmt::format(
        "a replica was killed: it {}{}",
        silent ? fmt::format("answered nothing for {} s", kMostSilentMs / 1000)
               : fmt::format("was not ready within {:g} s", probe.ready_timeout_seconds),
        trouble.empty() ? "" : " (" + trouble + ")");
  }
  (void)Kill(replica->id);
}

std::string ReplicaProcesses::TroubleOf(int64_t set) const {
  const auto it = restarts_.find(set);
  return it == restarts_.end() ? "" : it->second.trouble();
}

std::string ReplicaProcesses::NextId(int64_t set) const {
  for (int number = 1;; ++number) {
    std::string id = fmt::format("r{}-{}", set, number);
    if (!replicas_.contains(id) && !LocalFileSystem().Exists(JoinPath(processes_.directory(), id)))
      return id;
  }
}

DetachedSpec ReplicaProcesses::SpecOf(const Release& release) const {
  const int threads = ThreadsOf(release);
  const Json monitoring = release.deployment.value("monitoring_config", Json::object());
  DetachedSpec spec;
  spec.id = NextId(release.set);
  spec.arguments = {options_.program,
                    "serve",
                    release.reference(),
                    "--registry",
                    options_.registry,
                    "--host",
                    "127.0.0.1",
                    "--port",
                    "0",
                    "--threads",
                    std::to_string(threads),
                    "--drain",
                    "0",
                    "--listening-file",
                    ListeningPath(processes_, spec.id),
                    "--output",
                    "json"};
  if (!GetBool(monitoring, "enable_metrics", true)) spec.arguments.emplace_back("--no-metrics");
  if (GetBool(monitoring, "log_predictions")) spec.arguments.emplace_back("--log-predictions");
  if (!release.prediction_bounds.empty())
    spec.arguments.push_back(
        fmt::format("--prediction-bounds={}", fmt::join(release.prediction_bounds, ",")));
  spec.environment = {{"MODEL_VERSION", std::to_string(release.version)},
                      {"SLIPWAY_REPLICA", spec.id},
                      {"SLIPWAY_SERVICE", options_.service}};
  spec.facts = {{"service", options_.service}, {"set", release.set}, {"threads", threads}};
  if (const auto settings = ReadSettings(release.deployment); settings.ok())
    spec.facts["ready_timeout_seconds"] = settings->ready_timeout_seconds();
  spec.memory_bytes = static_cast<int64_t>(QuantityOf(release.deployment, "memory"));
  return spec;
}

Status ReplicaProcesses::Start(const Release& release) {
  if (!restarts_[release.set].MayStart(NowMs())) return {};
  const DetachedSpec spec = SpecOf(release);
  SLIPWAY_RETURN_IF_ERROR(processes_.Start(spec));
  replicas_[spec.id] = {.id = spec.id, .set = release.set, .alive = true};
  return {};
}

Status ReplicaProcesses::Leave(const std::string& id) {
  const auto it = replicas_.find(id);
  if (it == replicas_.end() || it->second.leaving) return {};
  const std::string mark = JoinPath(JoinPath(processes_.directory(), id), kLeavingFile);
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(LocalFileSystem(), mark, ""));
  it->second.leaving = true;
  it->second.leaving_ms = NowMs();
  return {};
}

Status ReplicaProcesses::Terminate(const std::string& id) { return processes_.Signal(id, SIGTERM); }

Status ReplicaProcesses::Kill(const std::string& id) { return processes_.Signal(id, SIGKILL); }

std::vector<int> ReplicaProcesses::ExitWatches() const {
  std::vector<int> watches;
  for (const auto& [id, replica] : replicas_) {
    const int watch = processes_.ExitWatch(id);
    if (watch >= 0) watches.push_back(watch);
  }
  return watches;
}

}  // namespace slipway::deploy
