#include "deploy/replica_processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <utility>

#include "config/quantity.h"
#include "core/file_system.h"
#include "core/text.h"
#include "core/unix_time.h"
#include "deploy/number_internal.h"
#include "deploy/process_log_internal.h"
#include "http/feedback_header.h"

namespace slipway::deploy {
namespace {

constexpr double kMilliseconds = 1000;
// As Kubernetes counts: one probe that fails is no reason to send nobody.
constexpr int kMostFailures = 3;
constexpr double kProbeSeconds = 1;
constexpr int64_t kLogTail = 16 << 10;
constexpr const char* kLeavingFile = "leaving";

double QuantityOf(const Json& deployment, const char* key) {
  const auto resources = deployment.find("resource_requirements");
  if (resources == deployment.end() || !resources->is_object()) return 0;
  return config::ParseQuantity(GetString(*resources, key)).value_or(0);
}

int ThreadsOf(const Release& release) {
  return std::max(1, static_cast<int>(std::ceil(QuantityOf(release.deployment, "cpu"))));
}

// The last line that says what is wrong, without "error: ".
std::string LastWords(const std::string& log) {
  std::string last;
  size_t begin = 0;
  while (begin < log.size()) {
    const size_t end = std::min(log.find('\n', begin), log.size());
    const std::string line = log.substr(begin, end - begin);
    begin = end + 1;
    constexpr std::string_view kError = "error: ";
    if (line.starts_with(kError)) {
      last = line.substr(kError.size());
    } else if (last.empty() && !line.empty() && line[0] != '{') {
      last = line;
    }
  }
  constexpr size_t kLongest = 300;
  return Printable(last.substr(0, kLongest));
}

// The port that a program has told last in its log; 0 where there is none.
int PortInLog(const std::string& log) {
  const Json event = LastListening(log);
  if (!event.is_object()) return 0;
  const std::string url = GetString(event, "url");
  const size_t colon = url.rfind(':');
  if (colon == std::string::npos) return 0;
  return static_cast<int>(NumberIn(std::string_view(url).substr(colon + 1)));
}

}  // namespace

Result<ReplicaProcesses> ReplicaProcesses::Open(ReplicaOptions options) {
  SLIPWAY_ASSIGN_OR_RETURN(DetachedProcesses processes, DetachedProcesses::Open(options.directory));
  return ReplicaProcesses(std::move(options), std::move(processes));
}

int64_t ReplicaProcesses::NowMs() const { return UnixMilliseconds(*options_.clock); }

Status ReplicaProcesses::Refresh(int64_t label_epoch) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<DetachedProcess> processes, processes_.List());
  for (const DetachedProcess& process : processes) {
    if (process.alive) {
      Look(process, label_epoch);
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
  return {};
}

void ReplicaProcesses::Look(const DetachedProcess& process, int64_t label_epoch) {
  Replica& replica = replicas_[process.id];
  replica.id = process.id;
  replica.alive = true;
  replica.set = GetInteger(process.facts, "set");
  probes_[process.id].cores = GetNumber(process.facts, "threads", 1);
  const std::string mark = JoinPath(JoinPath(processes_.directory(), process.id), kLeavingFile);
  if (!replica.leaving && LocalFileSystem().Exists(mark)) {
    replica.leaving = true;
    replica.leaving_ms = NowMs();
  }
  TakeUtilization(process, &replica);
  if (replica.port == 0) FindPort(&replica);
  if (replica.port != 0) Ask(&replica, label_epoch);
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
    Past& past = pasts_[set];
    const Result<std::string> log = processes_.LogTail(process.id, kLogTail);
    const std::string words = log.ok() ? LastWords(*log) : "";
    past.trouble = words.empty() ? "a replica ended without a word" : words;
    past.ended = was_ready ? 1 : past.ended + 1;
    // As Kubernetes starts what crashes: later each time, from nothing to a minute.
    constexpr int kMostDoublings = 6;
    const int64_t wait =
        past.ended <= 1 ? 0 : int64_t{1000} << std::min(past.ended - 2, kMostDoublings);
    past.not_before_ms = NowMs() + wait;
  }
  (void)processes_.Remove(process.id);
}

void ReplicaProcesses::FindPort(Replica* replica) const {
  const Result<std::string> log = processes_.LogTail(replica->id, kLogTail);
  if (log.ok()) replica->port = PortInLog(*log);
}

void ReplicaProcesses::Ask(Replica* replica, int64_t label_epoch) {
  const bool was_ready = replica->ready;
  Probe& probe = probes_[replica->id];
  const Result<http::ClientResponse> ready =
      options_.client->Fetch({.url = replica->url() + "/ready", .timeout_seconds = kProbeSeconds});
  constexpr int kOk = 200;
  const bool yes = ready.ok() && ready->status == kOk;
  probe.failures = yes ? 0 : probe.failures + 1;
  replica->ready = yes || (was_ready && probe.failures < kMostFailures);
  if (replica->ready && !was_ready) {
    replica->ready_ms = NowMs();
    pasts_[replica->set] = {};
  }
  if (!replica->ready) {
    pasts_[replica->set].trouble = ready.ok() ? Printable(ready->body) : ready.error().message();
    return;
  }
  http::ClientRequest request{.url = replica->url() + "/metrics", .timeout_seconds = kProbeSeconds};
  if (label_epoch != 0) {
    request.headers.push_back({std::string(http::kFeedbackHeader),
                               fmt::format("{}{}", http::kFeedbackEpoch, label_epoch)});
  }
  const Result<http::ClientResponse> metrics = options_.client->Fetch(request);
  if (!metrics.ok() || metrics->status != kOk) return;
  const Result<Json> json = ParseJson(metrics->body, "metrics");
  if (json.ok()) totals_.Take(replica->set, replica->id, ReadReplicaCounts(*json));
}

std::string ReplicaProcesses::TroubleOf(int64_t set) const {
  const auto it = pasts_.find(set);
  return it == pasts_.end() ? "" : it->second.trouble;
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
                    "--output",
                    "json"};
  if (!GetBool(monitoring, "enable_metrics", true)) spec.arguments.emplace_back("--no-metrics");
  if (GetBool(monitoring, "log_predictions")) spec.arguments.emplace_back("--log-predictions");
  spec.environment = {{"MODEL_VERSION", std::to_string(release.version)},
                      {"SLIPWAY_REPLICA", spec.id},
                      {"SLIPWAY_SERVICE", options_.service}};
  spec.facts = {{"service", options_.service}, {"set", release.set}, {"threads", threads}};
  spec.memory_bytes = static_cast<int64_t>(QuantityOf(release.deployment, "memory"));
  return spec;
}

Status ReplicaProcesses::Start(const Release& release) {
  if (NowMs() < pasts_[release.set].not_before_ms) return {};
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
