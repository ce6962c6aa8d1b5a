#include "report/sample_rollout.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <utility>

#include "core/clock.h"
#include "deploy/plan.h"
#include "deploy/verbs.h"

namespace slipway::report {
namespace {

using deploy::Decision;
using deploy::Observed;
using deploy::Service;

constexpr int64_t kStart = 1795416067000;  // 2026-11-23T06:41:07Z
constexpr int64_t kSecond = 1000;
constexpr double kAll = 100;

// A sample that can't be made is a defect of the sample.
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) std::abort();
  return std::move(*result);
}

Json Deployment() {
  return {{"deployment_strategy", "canary"},
          {"scaling_config", {{"min_replicas", 4}}},
          {"canary",
           {{"stages", {10, 25, 50, 100}},
            {"stage_seconds", 60},
            {"check_interval_seconds", 10},
            {"thresholds", {{"error_rate", 0.05}, {"latency_p95", 20}}}}}};
}

deploy::Release ReleaseOf(const std::string& model, int64_t version) {
  deploy::Release release;
  release.model = model;
  release.version = version;
  release.label = "1.0." + std::to_string(version);
  release.digest = "sha256:" + std::string(63, '0') + std::to_string(version);
  release.deployment = Deployment();
  return release;
}

Service StableService(const std::string& name) {
  Service service;
  service.name = name;
  service.environment = "production";
  service.model = name;
  service.stable = ReleaseOf(name, 2);
  service.stable->set = 1;
  service.stable_ms = kStart - 86400 * kSecond;
  service.history = {{1, *service.stable, service.stable_ms}};
  service.next_revision = 2;
  service.next_set = 2;
  return service;
}

struct Behaviour {
  double requests_per_second = 200;
  double stable_errors = 0.01;
  double canary_errors = 0.01;
  double canary_errors_later = 0.01;  // From a quarter of the traffic.
  double canary_slower = 1;           // Times the stable version's latency.
};

// Replicas, traffic and counts as they become by what is decided.
class World {
 public:
  World(Service service, Behaviour behaviour) : behaviour_(behaviour) {
    report_.service = std::move(service);
    replicas_[1] = {4, kStart - kSecond * 1000};
    observed_.traffic.emplace();
    observed_.traffic->instance = "a";
    observed_.traffic->in_force.shares = {{1, kAll}};
    observed_.now_ms = kStart;
  }

  void Take(Decision decision) {
    for (const deploy::Note& note : decision.notes) Append(note, *decision.service.rollout);
    report_.service = std::move(decision.service);
    observed_.validation.reset();
    for (const deploy::Action& action : decision.actions)
      std::visit([this](const auto& one) { Do(one); }, action);
  }

  // Until it stands or ends, or that many seconds have passed.
  void Run(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      const auto& rollout = report_.service.rollout;
      if (deploy::HasEnded(rollout->phase) || rollout->pause) return;
      observed_.now_ms += kSecond;
      Serve();
      Take(Must(deploy::Plan(report_.service, observed_)));
    }
  }

  const Service& service() const { return report_.service; }
  deploy::VerbContext By(const std::string& actor) const { return {observed_.now_ms, actor}; }

  RolloutReport Report() {
    report_.now_ms = observed_.now_ms;
    report_.slipway_version = "0.1.0";
    return report_;
  }

 private:
  struct Replicas {
    int count = 0;
    int64_t since_ms = 0;
  };

  void Append(const deploy::Note& note, const deploy::Rollout& rollout) {
    deploy::RolloutEvent event;
    event.id = std::ssize(report_.events) + 1;
    event.service = report_.service.name;
    event.revision = rollout.revision;
    event.at = FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(observed_.now_ms)));
    event.kind = note.kind;
    event.text = note.text;
    event.detail = note.detail;
    report_.events.push_back(std::move(event));
  }

  void Do(const deploy::SetReplicas& action) {
    Replicas& replicas = replicas_[action.release.set];
    if (replicas.count < action.replicas) replicas.since_ms = observed_.now_ms;
    replicas.count = action.replicas;
  }
  void Do(const deploy::SetTraffic& action) { observed_.traffic->in_force = action.plan; }
  void Do(const deploy::Validate& action) {
    observed_.validation = deploy::Validation{action.release.set, action.through_address,
                                              action.requests, action.requests, ""};
  }

  void Serve() {
    constexpr int64_t kComesUp = 3 * kSecond;
    observed_.sets.clear();
    for (const auto& [set, replicas] : replicas_) {
      if (replicas.count == 0) continue;
      const bool ready = observed_.now_ms - replicas.since_ms >= kComesUp;
      const int count = ready ? replicas.count : 0;
      deploy::SetStatus& status = observed_.sets.emplace_back();
      status.set = set;
      status.running = replicas.count;
      status.ready = count;
      status.available = count;
    }
    for (const deploy::Share& share : observed_.traffic->in_force.shares) Answer(share);
  }

  double ErrorRate(const deploy::Share& share) const {
    constexpr double kLater = 25;
    if (share.set == 1) return behaviour_.stable_errors;
    return share.weight >= kLater ? behaviour_.canary_errors_later : behaviour_.canary_errors;
  }

  // A second's requests to one set, without chance: shares of a request are kept for the next.
  void Answer(const deploy::Share& share) {
    constexpr double kYes = 0.3;
    static constexpr std::array kLatencies = {2.1, 2.4, 2.6, 2.8, 2.9, 3.0, 3.1, 3.2, 3.3, 3.4,
                                              3.5, 3.6, 3.7, 3.9, 4.0, 4.2, 4.5, 4.9, 5.6, 7.8};
    auto& sets = observed_.traffic->sets;
    auto counts = std::ranges::find(sets, share.set, &deploy::SetCounts::set);
    if (counts == sets.end()) {
      sets.push_back({.set = share.set});
      counts = sets.end() - 1;
      counts->latencies.resize(deploy::LatencyBounds().size() + 1);
    }
    Remainders& left = left_[share.set];
    const int64_t requests =
        left.requests.Take(behaviour_.requests_per_second * share.weight / kAll);
    counts->requests += requests;
    counts->errors += left.errors.Take(static_cast<double>(requests) * ErrorRate(share));
    for (int64_t i = 0; i < requests; ++i) {
      const double slower = share.set == 1 ? 1 : behaviour_.canary_slower;
      constexpr double kNanoseconds = 1e6;
      const double latency = kLatencies.at(left.at++ % kLatencies.size()) * slower * kNanoseconds;
      const auto& bounds = deploy::LatencyBounds();
      const auto bucket = std::ranges::lower_bound(bounds, latency) - bounds.begin();
      ++counts->latencies[static_cast<size_t>(bucket)];
    }
    Predict(share.set, requests, left.yes.Take(kYes * static_cast<double>(requests)));
  }

  void Predict(int64_t set, int64_t requests, int64_t yes) {
    auto& models = observed_.models;
    auto counts = std::ranges::find(models, set, &deploy::ModelCounts::set);
    if (counts == models.end()) {
      models.emplace_back();
      counts = models.end() - 1;
      counts->set = set;
    }
    counts->predictions["yes"] += yes;
    counts->predictions["no"] += requests - yes;
  }

  struct Remainder {
    double left = 0;
    int64_t Take(double more) {
      constexpr double kRounding = 1e-9;
      left += more;
      const auto whole = static_cast<int64_t>(std::floor(left + kRounding));
      left -= static_cast<double>(whole);
      return whole;
    }
  };
  struct Remainders {
    Remainder requests, errors, yes;
    size_t at = 0;
  };

  Behaviour behaviour_;
  RolloutReport report_;
  Observed observed_;
  std::map<int64_t, Replicas> replicas_;
  std::map<int64_t, Remainders> left_;
};

constexpr int kLongest = 600;

World Begun(const Behaviour& behaviour) {
  World world(StableService("ml-classifier"), behaviour);
  deploy::NewRollout wanted;
  wanted.environment = "production";
  wanted.model = "ml-classifier";
  wanted.release = ReleaseOf("ml-classifier", 3);
  wanted.settings = Must(deploy::ReadSettings(wanted.release.deployment));
  wanted.actor = "ada";
  world.Take(Must(deploy::Deploy(world.service(), "ml-classifier", wanted, kStart)));
  return world;
}

}  // namespace

RolloutReport RolledBackRollout() {
  constexpr double kBroken = 0.09;
  World world = Begun({.canary_errors_later = kBroken});
  world.Run(kLongest);
  return world.Report();
}

RolloutReport CompletedRollout() {
  constexpr int kUntilPromoted = 40;
  World world = Begun({});
  world.Run(kUntilPromoted);
  world.Take(Must(deploy::Promote(world.service(), false, world.By("grace"))));
  world.Run(kLongest);
  return world.Report();
}

RolloutReport PausedRollout() {
  World world = Begun({.requests_per_second = 4});
  world.Run(kLongest);
  return world.Report();
}

RolloutReport HostileRollout(int checks) {
  const std::string hostile = "<script>alert('x')</script>\x1b[2J\u202e|@team `x` & \"y\"";
  RolloutReport report = RolledBackRollout();
  report.service.name = hostile;
  report.service.environment = hostile;
  report.service.rollout->release.model = hostile;
  report.service.rollout->actor = hostile;
  report.service.rollout->reason = hostile;
  deploy::RolloutEvent last_check;
  for (deploy::RolloutEvent& event : report.events) {
    event.text = hostile;
    if (event.kind != "check") continue;
    for (Json& finding : event.detail["findings"]) {
      finding["text"] = hostile;
      finding["metric"] = finding["metric"] == "errors" ? "errors" : hostile;
    }
    last_check = event;
  }
  deploy::RolloutEvent decision = report.events.front();
  decision.kind = hostile;
  decision.detail = Json::array();
  report.events.push_back(decision);
  report.events.insert(report.events.end(), static_cast<size_t>(checks), last_check);
  return report;
}

}  // namespace slipway::report
