#include "deploy/local_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "core/file_system.h"
#include "core/replace_file.h"
#include "core/text.h"
#include "core/unix_time.h"
#include "deploy/splitter_routes_internal.h"

namespace slipway::deploy {
namespace {

constexpr double kAnswerSeconds = 5;
constexpr double kMilliseconds = 1000;
// From out of traffic to SIGTERM, where something is still in flight; and from there to SIGKILL.
constexpr int64_t kMostDrainMs = 30'000;
constexpr int64_t kMostEndMs = 70'000;

template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.ok() ? Status() : Status(result.error());
}

}  // namespace

LocalBackend::LocalBackend(LocalBackendOptions options, ReplicaProcesses replicas,
                           SplitterProcess splitter, std::string instance)
    : options_(std::move(options)),
      replicas_(std::move(replicas)),
      splitter_(std::move(splitter)),
      instance_(std::move(instance)) {}

Result<std::unique_ptr<LocalBackend>> LocalBackend::Open(const LocalBackendOptions& options) {
  SLIPWAY_ASSIGN_OR_RETURN(SplitterProcess splitter,
                           SplitterProcess::Open({.program = options.program,
                                                  .directory = options.directory,
                                                  .host = options.host,
                                                  .port = options.port,
                                                  .threads = options.splitter_threads,
                                                  .clock = options.clock,
                                                  .client = options.client}));
  SLIPWAY_ASSIGN_OR_RETURN(
      ReplicaProcesses replicas,
      ReplicaProcesses::Open({.program = options.program,
                              .registry = options.registry,
                              .directory = JoinPath(options.directory, "replicas"),
                              .service = options.service,
                              .clock = options.clock,
                              .client = options.client}));
  return std::unique_ptr<LocalBackend>(
      new LocalBackend(options, std::move(replicas), std::move(splitter), RandomName()));
}

int64_t LocalBackend::NowMs() const { return UnixMilliseconds(*options_.clock); }

std::string LocalBackend::address() const {
  return fmt::format("http://{}:{}", options_.host, options_.port);
}

Result<std::vector<SetStatus>> LocalBackend::Observe(int64_t label_epoch) {
  SLIPWAY_RETURN_IF_ERROR(replicas_.Refresh(label_epoch));
  std::map<int64_t, SetStatus> sets;
  std::map<int64_t, std::pair<double, int>> used;
  for (const auto& [id, replica] : replicas_.replicas()) {
    SetStatus& status = sets[replica.set];
    status.set = replica.set;
    // Who is on the way out serves nobody, and still is there.
    ++status.running;
    if (replica.leaving || !replica.ready) continue;
    ++status.ready;
    const double ready_seconds = static_cast<double>(NowMs() - replica.ready_ms) / kMilliseconds;
    if (ready_seconds >= wishes_[replica.set].min_ready_seconds) ++status.available;
    if (replica.utilization < 0) continue;
    used[replica.set].first += replica.utilization;
    ++used[replica.set].second;
  }
  // A set whose replicas all ended is there as long as it is to have some.
  for (const auto& [set, wish] : wishes_)
    if (wish.replicas > 0) sets[set].set = set;
  std::vector<SetStatus> seen;
  for (auto& [set, status] : sets) {
    if (const auto it = used.find(set); it != used.end())
      status.utilization = it->second.first / it->second.second;
    if (status.ready < wishes_[set].replicas) status.trouble = replicas_.TroubleOf(set);
    seen.push_back(status);
  }
  return seen;
}

Status LocalBackend::SetReplicas(const Release& release, int replicas) {
  Wish& wish = wishes_[release.set];
  wish.replicas = replicas;
  if (const auto settings = ReadSettings(release.deployment); settings.ok())
    wish.min_ready_seconds = settings->rolling.min_ready_seconds;
  std::vector<const Replica*> staying;
  for (const auto& [id, replica] : replicas_.replicas()) {
    if (replica.set == release.set && !replica.leaving) staying.push_back(&replica);
  }
  for (auto more = static_cast<int>(staying.size()); more < replicas; ++more)
    SLIPWAY_RETURN_IF_ERROR(replicas_.Start(release));
  if (static_cast<int>(staying.size()) <= replicas) return {};
  // Those first that are not ready, then the newest.
  std::ranges::sort(staying, [](const Replica* a, const Replica* b) {
    return std::pair(a->ready, -a->ready_ms) < std::pair(b->ready, -b->ready_ms);
  });
  const auto going = staying.size() - static_cast<size_t>(replicas);
  for (size_t i = 0; i < going; ++i) SLIPWAY_RETURN_IF_ERROR(replicas_.Leave(staying[i]->id));
  // A splitter that does not answer holds up nothing here: it is seen with the next look.
  (void)FollowReplicas();
  return {};
}

std::vector<ModelCounts> LocalBackend::Models() {
  std::vector<ModelCounts> models;
  for (const auto& [set, counts] : replicas_.models()) models.push_back(counts);
  return models;
}

Validation LocalBackend::Ask(const Validate& what) {
  Validation seen{.set = what.release.set,
                  .through_address = what.through_address,
                  .asked = 0,
                  .right = 0,
                  .trouble = {}};
  const Result<std::string> golden = options_.golden(what.release);
  const Result<std::vector<GoldenRequest>> requests =
      golden.ok() ? ReadGoldenRequests(*golden, static_cast<size_t>(what.requests))
                  : Result<std::vector<GoldenRequest>>(golden.error());
  if (!requests.ok() || requests->empty()) {
    seen.trouble =
        requests.ok() ? "its artifact has no rows to ask for" : requests.error().message();
    seen.asked = 1;
    return seen;
  }
  if (what.through_address) {
    AskOne(address(), *requests, what.requests, &seen);
    return seen;
  }
  for (const auto& [id, replica] : replicas_.replicas()) {
    if (replica.set == what.release.set && replica.ready && !replica.leaving)
      AskOne(replica.url(), *requests, what.requests, &seen);
  }
  return seen;
}

void LocalBackend::AskOne(const std::string& url, const std::vector<GoldenRequest>& requests,
                          int count, Validation* seen) {
  for (int i = 0; i < count; ++i) {
    const GoldenRequest& request = requests[static_cast<size_t>(i) % requests.size()];
    ++seen->asked;
    const Result<http::ClientResponse> answer =
        options_.client->Fetch({.method = "POST",
                                .url = url + "/predict",
                                .headers = {{"Content-Type", "application/json"}},
                                .body = request.body,
                                .timeout_seconds = kAnswerSeconds});
    const std::string mistake =
        answer.ok() ? request.Mistake(answer->status, answer->body) : answer.error().message();
    if (mistake.empty()) {
      ++seen->right;
    } else if (seen->trouble.empty()) {
      seen->trouble = mistake;
    }
    // One that hangs is not waited for again and again.
    if (!answer.ok()) return;
  }
}

Result<splitter::SplitterClient> LocalBackend::FindSplitter() {
  return splitter_.Find(
      std::ranges::any_of(wishes_, [](const auto& wish) { return wish.second.replicas > 0; }));
}

Result<Traffic> LocalBackend::ObserveTraffic() {
  Result<splitter::SplitterClient> control = FindSplitter();
  Result<Traffic> traffic = control.ok() ? AskSplitter(*control) : Result<Traffic>(control.error());
  if (traffic.ok()) return traffic;
  // Without a splitter nobody is sent anything. One that does not tell may still send, and who
  // leaves has the longest time to wait for.
  EndLeaving([&](const Replica& /*replica*/) { return splitter_.lives(); });
  return traffic;
}

Result<Traffic> LocalBackend::AskSplitter(splitter::SplitterClient& control) {
  Result<splitter::Routes> routes = control.CurrentRoutes();
  splitter_.Note(StatusOf(routes));
  if (!routes.ok()) return routes.error();
  routes_ = *std::move(routes);
  plan_ = PlanOf(routes_);
  const Result<splitter::InstanceSnapshot> seen = control.Snapshot();
  splitter_.Note(StatusOf(seen));
  if (!seen.ok()) return seen.error();
  EndLeaving([&](const Replica& replica) {
    return std::ranges::any_of(seen->snapshot.versions, [&](const auto& version) {
      return std::ranges::any_of(version.replicas, [&](const splitter::ReplicaSnapshot& one) {
        return one.port == replica.port && (one.routed || one.in_flight > 0);
      });
    });
  });
  Traffic traffic{.in_force = plan_, .instance = seen->instance, .sets = {}};
  for (const splitter::VersionSnapshot& version : seen->snapshot.versions)
    traffic.sets.push_back(CountsOf(version));
  return traffic;
}

// Who is sent nothing any more ends once what was in flight is answered.
void LocalBackend::EndLeaving(const std::function<bool(const Replica&)>& is_busy) {
  const int64_t now = NowMs();
  for (const auto& [id, replica] : replicas_.replicas()) {
    if (!replica.leaving) continue;
    const int64_t waited = now - replica.leaving_ms;
    if (waited > kMostEndMs) {
      (void)replicas_.Kill(id);
    } else if (!is_busy(replica) || waited > kMostDrainMs) {
      (void)replicas_.Terminate(id);
    }
  }
}

Status LocalBackend::Apply(const TrafficPlan& plan) {
  SLIPWAY_ASSIGN_OR_RETURN(splitter::SplitterClient control, FindSplitter());
  const splitter::Routes routes = RoutesOf(plan, replicas_.replicas());
  const Status applied = control.Apply(routes);
  splitter_.Note(applied);
  SLIPWAY_RETURN_IF_ERROR(applied);
  routes_ = routes;
  plan_ = plan;
  return {};
}

Status LocalBackend::FollowReplicas() {
  const splitter::Routes routes = RoutesOf(plan_, replicas_.replicas());
  if (ToJson(routes) == ToJson(routes_)) return {};
  return Apply(TrafficPlan(plan_));
}

Result<bool> LocalBackend::CloseAddress() { return splitter_.End(); }

std::vector<int> LocalBackend::ExitWatches() const {
  std::vector<int> watches = replicas_.ExitWatches();
  const int watch = splitter_.ExitWatch();
  if (watch >= 0) watches.push_back(watch);
  return watches;
}

}  // namespace slipway::deploy
