// How often the real Plan rolls a version back wrongly, and how soon rightly, with drawn requests
// and a clock that is made up: slipway_rollout_alarms ROLLOUTS [CASE]. Prints a line of JSON for
// each case. Beside it, on the same requests, two usual ways to decide.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <string>
#include <vector>

#include "core/counting.h"
#include "core/event_run.h"
#include "core/json.h"
#include "core/random.h"
#include "deploy/simulated_service.h"

namespace {

using slipway::Json;
using slipway::LatencyBuckets;
using slipway::Random;
using slipway::Result;
using slipway::Status;
namespace deploy = slipway::deploy;

constexpr int64_t kStable = 1, kCanary = 2;  // Versions.
constexpr int kTicks = 5;                    // Of a look: the controller passes more often.
constexpr int kInterval = 30;                // Seconds between looks.
constexpr int64_t kBurst = 5, kLong = 20;    // Requests.
constexpr double kUsualLatency = 20, kSigma = 0.5;
// One version's requests.
struct Quality {
  double error_rate = 0.01;
  double latency_ms = kUsualLatency;
};

// Of each version on its own: one request behind the other, or each second one.
enum class Bursts : uint8_t { kNone, kOfBoth, kOfEach, kOfEachSecond };

struct Case {
  std::string name;
  Quality stable = {}, canary = {};
  Bursts bursts = Bursts::kNone;
  int64_t burst = kBurst;
  double cluster_size = 1;
  int64_t cold_requests = 0;  // The canary's first ones: slower and failing more often.
  int replicas = 1;
  int weight = 25;
  int64_t look = 50;  // Requests of the canary.
  int looks = 20;     // Behind the one that the warm-up takes.
  bool detection = false;
  int good_looks = 0;  // Of a canary that is to be detected, before it turns bad.
};

// What came within a tick for a version.
struct Requests {
  int64_t count = 0, errors = 0, run_squares = 0;
  std::vector<double> latencies_ms = {};
};

double Normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.Uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.Uniform());
}

// The requests of both versions, tick by tick.
class World {
 public:
  World(const Case& what, uint64_t seed)
      : what_(what), stable_(slipway::DeriveSeed(seed, 0)), canary_(slipway::DeriveSeed(seed, 1)) {}

  void Tick(Requests* stable, Requests* canary) {
    canary->count = what_.look / kTicks;
    stable->count = canary->count * (100 - what_.weight) / what_.weight;
    Quality quality = seen_ < what_.good_looks * what_.look ? what_.stable : what_.canary;
    if (seen_ < what_.cold_requests) {
      constexpr double kColdErrors = 0.1, kColdTimes = 5;
      quality = {kColdErrors, kColdTimes * quality.latency_ms};
    }
    seen_ += canary->count;
    Draw(quality, canary_, &canary_burst_, canary);
    Draw(what_.stable, stable_, &stable_burst_, stable);
    if (what_.bursts != Bursts::kOfBoth) return;
    // What fails both fails the same share of each.
    stable->errors = canary->errors * stable->count / canary->count;
    stable->run_squares = canary->run_squares * stable->count / canary->count;
  }

 private:
  struct Burst {
    int64_t left = 0;  // Requests of the one that goes on.
    slipway::EventRun run = {};
  };

  void Draw(const Quality& quality, Random& random, Burst* burst, Requests* requests) const {
    const int64_t together = what_.bursts == Bursts::kNone ? 1 : what_.burst;
    const int64_t apart = what_.bursts == Bursts::kOfEachSecond ? 2 : 1;
    requests->errors = requests->run_squares = 0;
    for (int64_t i = 0; i < requests->count; ++i) {
      // As many of a burst as the rate has of requests.
      if (burst->left == 0 && random.Uniform() < quality.error_rate / static_cast<double>(together))
        burst->left = together * apart;
      const bool fails = burst->left > 0 && burst->left % apart == 0;
      burst->left -= burst->left > 0 ? 1 : 0;
      requests->errors += fails ? 1 : 0;
      requests->run_squares += burst->run.Add(fails);
    }
    requests->latencies_ms.clear();
    for (int64_t i = 0; i < requests->count; ++i)
      requests->latencies_ms.push_back(quality.latency_ms * std::exp(kSigma * Normal(random)));
  }

  const Case& what_;
  Random stable_, canary_;
  Burst stable_burst_, canary_burst_;
  int64_t seen_ = 0;
};

struct Sample {
  double count = 0, sum = 0, squares = 0;
  void Add(double value) {
    count += 1;
    sum += value;
    squares += value * value;
  }
  double mean() const { return sum / count; }
  double variance_of_mean() const { return (squares - sum * mean()) / (count - 1) / count; }
};

// Welch's test, one-sided at 5 %, of all that was seen.
bool IsWorse(const Sample& stable, const Sample& canary) {
  const double a = canary.variance_of_mean(), b = stable.variance_of_mean();
  if (a + b <= 0) return false;
  const double freedom =
      (a + b) * (a + b) / (a * a / (canary.count - 1) + b * b / (stable.count - 1));
  constexpr double kNormal = 1.6448536;  // Student's quantile by its expansion about this one.
  const double quantile = kNormal + (kNormal * kNormal * kNormal + kNormal) / (4 * freedom);
  return (canary.mean() - stable.mean()) / std::sqrt(a + b) > quantile;
}

// What people do: a fixed threshold on each look's error rate, or a test at each look.
class UsualWays {
 public:
  void Add(const Requests& stable, const Requests& canary) {
    Take(stable, &stable_errors_, &stable_latency_);
    Take(canary, &canary_errors_, &canary_latency_);
    look_requests_ += canary.count;
    look_errors_ += canary.errors;
  }

  void Look() {
    constexpr double kEnough = 100, kThreshold = 0.05;
    const double rate = static_cast<double>(look_errors_) / static_cast<double>(look_requests_);
    threshold = threshold || (canary_errors_.count >= kEnough && rate > kThreshold);
    errors_test = errors_test || IsWorse(stable_errors_, canary_errors_);
    latency_test = latency_test || IsWorse(stable_latency_, canary_latency_);
    look_requests_ = look_errors_ = 0;
  }

  bool threshold = false, errors_test = false, latency_test = false;

 private:
  static void Take(const Requests& requests, Sample* errors, Sample* latency) {
    for (int64_t i = 0; i < requests.count; ++i) errors->Add(i < requests.errors ? 1 : 0);
    for (const double ms : requests.latencies_ms) latency->Add(ms);
  }

  Sample stable_errors_, canary_errors_, stable_latency_, canary_latency_;
  int64_t look_requests_ = 0, look_errors_ = 0;
};

struct Outcome {
  bool rolled_back = false;
  // Of the canary, since it is bad and until it had none of the traffic; the warm-up is in.
  int64_t requests = 0;
  UsualWays usual = {};
};

Json DeploymentOf(const Case& what) {
  return {{"deployment_strategy", "canary"},
          {"scaling_config", {{"min_replicas", what.replicas}}},
          {"canary",
           {{"stages", {what.weight, 100}},
            // Longer than all looks: whether it is promoted is not the question.
            {"stage_seconds", (what.looks + 2) * kInterval},
            {"check_interval_seconds", kInterval},
            {"comparison", {{"cluster_size", what.cluster_size}}}}}};
}

// A canary has its share of the traffic, of which none has come yet.
Status BringCanary(double weight, deploy::SimulatedService* service) {
  constexpr int kLongest = 100;
  SLIPWAY_RETURN_IF_ERROR(service->DeployVersion(kStable));
  for (int second = 0; second < kLongest && service->service().in_progress(); ++second)
    SLIPWAY_RETURN_IF_ERROR(service->Step(1));
  SLIPWAY_RETURN_IF_ERROR(service->DeployVersion(kCanary));
  for (int second = 0; second < kLongest; ++second) {
    SLIPWAY_RETURN_IF_ERROR(service->Step(1));
    if (service->weight_of(kCanary) == weight && service->service().rollout->stage_ms != 0)
      return {};
  }
  return slipway::Error(slipway::ErrorCode::kInternal, "the canary gets no traffic");
}

// Hands out drawn requests: the service asks for those of its newest version first.
class Script {
 public:
  explicit Script(deploy::SimulatedService* service) {
    service->draw = [this](int64_t count, double) {
      const Requests& requests = next();
      if (requests.count != count) std::abort();
      return deploy::Failures{requests.errors, requests.run_squares};
    };
    service->draw_latencies = [this](int64_t, double, std::vector<int64_t>* latencies) {
      constexpr double kNanoseconds = 1e6;
      latencies->resize(LatencyBuckets::kCount);
      for (const double ms : next().latencies_ms)
        ++(*latencies)[LatencyBuckets::IndexOf(static_cast<int64_t>(kNanoseconds * ms))];
      ++answered;
    };
  }

  Requests stable, canary;
  int answered = 0;  // Of the two, in the tick.

 private:
  const Requests& next() const { return answered == 0 ? canary : stable; }
};

Result<Outcome> Play(const Case& what, uint64_t seed) {
  World world(what, seed);
  deploy::SimulatedService service(DeploymentOf(what));
  service.keep_documents = 100;
  SLIPWAY_RETURN_IF_ERROR(BringCanary(what.weight, &service));
  Script script(&service);
  constexpr double kSeconds = static_cast<double>(kInterval) / kTicks;
  Outcome outcome;
  for (int tick = 1; tick <= kTicks * (what.looks + 1); ++tick) {
    world.Tick(&script.stable, &script.canary);
    outcome.usual.Add(script.stable, script.canary);
    if (tick % kTicks == 0) outcome.usual.Look();
    if (outcome.rolled_back) {
      if (what.detection) break;
      continue;  // The usual ways see the rest, too.
    }
    script.answered = 0;
    service.requests_per_second =
        static_cast<double>(script.stable.count + script.canary.count) / kSeconds;
    SLIPWAY_RETURN_IF_ERROR(service.Step(kSeconds));
    outcome.rolled_back = service.weight_of(kCanary) == 0;
  }
  outcome.requests = service.requests_of(kCanary) - what.good_looks * what.look;
  return outcome;
}

double Quantile(std::vector<int64_t> values, double share) {
  std::ranges::sort(values);
  const auto at = static_cast<size_t>(share * static_cast<double>(values.size()));
  return static_cast<double>(values[std::min(at, values.size() - 1)]);
}

Json LineOf(const Case& what, const std::vector<Outcome>& outcomes) {
  std::vector<int64_t> requests;
  for (const Outcome& outcome : outcomes) requests.push_back(outcome.requests);
  const auto share = [&](const auto& is_so) {
    return static_cast<double>(std::ranges::count_if(outcomes, is_so)) /
           static_cast<double>(outcomes.size());
  };
  Json line = {{"case", what.name}, {"rollouts", outcomes.size()}, {"weight", what.weight},
               {"look", what.look}, {"looks", what.looks},         {"good_looks", what.good_looks}};
  line["rolled_back"] = share([](const Outcome& one) { return one.rolled_back; });
  if (what.detection) {
    line["median"] = Quantile(requests, 0.5);
    line["p90"] = Quantile(requests, 0.9);
    return line;
  }
  line["threshold"] = share([](const Outcome& one) { return one.usual.threshold; });
  line["errors_test"] = share([](const Outcome& one) { return one.usual.errors_test; });
  line["latency_test"] = share([](const Outcome& one) { return one.usual.latency_test; });
  return line;
}

void Print(const Json& line) {
  fmt::print("{}\n", slipway::CompactJson(line));
  std::fflush(stdout);
}

Status Run(const Case& what, uint64_t seed, int rollouts) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < rollouts; ++i) {
    const uint64_t own = slipway::DeriveSeed(seed, static_cast<uint64_t>(i));
    SLIPWAY_ASSIGN_OR_RETURN(outcomes.emplace_back(), Play(what, own));
  }
  Print(LineOf(what, outcomes));
  return {};
}

// All of a canary's requests fail after some good checks.
struct Breach {
  std::string name;
  double requests_per_second = 0;
  int good_checks = 0;
};

// From the first of the requests that all fail to the moment at which none gets there any more.
Result<double> SecondsOfHarm(double requests_per_second, double interval, double begins) {
  constexpr double kTick = 0.05;
  constexpr int kStageChecks = 100;
  deploy::SimulatedService service({{"deployment_strategy", "canary"},
                                    {"canary",
                                     {{"stages", {25, 100}},
                                      {"stage_seconds", kStageChecks * interval},
                                      {"check_interval_seconds", interval}}}});
  service.keep_documents = 100;
  SLIPWAY_RETURN_IF_ERROR(BringCanary(25, &service));
  service.requests_per_second = requests_per_second;
  for (auto* quality : {&service.versions[kStable], &service.versions[kCanary]}) {
    quality->error_rate = 0.01;
    quality->latency_ms = kUsualLatency;
  }
  for (double now = 0; now + kTick < begins; now += kTick)
    SLIPWAY_RETURN_IF_ERROR(service.Step(kTick));
  service.versions[kCanary].error_rate = 1;
  const int64_t begun_ms = service.now_ms();
  const int64_t longest_ms = begun_ms + static_cast<int64_t>(1000 * kStageChecks * interval);
  while (service.weight_of(kCanary) > 0 && service.now_ms() < longest_ms)
    SLIPWAY_RETURN_IF_ERROR(service.Step(kTick));
  return static_cast<double>(service.now_ms() - begun_ms) / 1000;
}

Status RunBreach(const Breach& breach, int rollouts) {
  constexpr double kBreachInterval = 5;
  std::vector<int64_t> ms;
  Random random(1);
  for (int i = 0; i < rollouts; ++i) {
    const double begins = kBreachInterval * (breach.good_checks + random.Uniform());
    SLIPWAY_ASSIGN_OR_RETURN(const double seconds,
                             SecondsOfHarm(breach.requests_per_second, kBreachInterval, begins));
    ms.push_back(std::llround(1000 * seconds));
  }
  Print({{"case", breach.name},
         {"rollouts", rollouts},
         {"interval_ms", 1000 * kBreachInterval},
         {"requests_per_second", breach.requests_per_second},
         {"good_checks", breach.good_checks},
         {"median_ms", Quantile(ms, 0.5)},
         {"most_ms", Quantile(ms, 1)}});
  return {};
}

std::vector<Case> Cases() {
  const Quality slightly{.error_rate = 0.011}, failing{.error_rate = 0.05};
  const Quality slower{.latency_ms = 1.3 * kUsualLatency};
  std::vector<Case> cases = {
      {.name = "identical"},
      {.name = "slightly-more-errors", .canary = slightly},
      {.name = "bursts-of-both", .bursts = Bursts::kOfBoth},
      {.name = "bursts-of-each", .bursts = Bursts::kOfEach},
      {.name = "bursts-of-each-second", .bursts = Bursts::kOfEachSecond},
      {.name = "long-bursts-of-each-second", .bursts = Bursts::kOfEachSecond, .burst = kLong},
      {.name = "bursts-of-each-clusters", .bursts = Bursts::kOfEach, .cluster_size = kBurst},
      {.name = "cold-start", .cold_requests = 50},
      {.name = "unequal-replicas", .replicas = 5}};
  for (const int64_t look : {20, 40, 60}) {
    for (const int weight : {10, 25, 50})
      cases.push_back({.name = fmt::format("errors-weight-{}-look-{}", weight, look),
                       .canary = failing,
                       .weight = weight,
                       .look = look,
                       .looks = 200,
                       .detection = true});
    cases.push_back({.name = fmt::format("latency-weight-25-look-{}", look),
                     .canary = slower,
                     .look = look,
                     .looks = 200,
                     .detection = true});
  }
  for (const int good : {10, 20, 40})
    cases.push_back({.name = fmt::format("late-errors-after-{}", good),
                     .canary = failing,
                     .looks = 300,
                     .detection = true,
                     .good_looks = good});
  return cases;
}

Status RunAll(int rollouts, const std::string& only) {
  for (uint64_t seed = 0; const Case& what : Cases()) {
    ++seed;
    if (only.empty() || what.name == only) SLIPWAY_RETURN_IF_ERROR(Run(what, seed, rollouts));
  }
  constexpr int kFewer = 10;  // They are all much alike.
  constexpr double kBusy = 1000, kQuiet = 20;
  for (const Breach& breach : {Breach{"breach-busy", kBusy, 5}, Breach{"breach-late", kBusy, 50},
                               Breach{"breach-quiet", kQuiet, 5}})
    if (only.empty() || breach.name == only)
      SLIPWAY_RETURN_IF_ERROR(RunBreach(breach, std::max(rollouts / kFewer, 1)));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kDecimal = 10;
  const auto rollouts = argc > 1 ? static_cast<int>(std::strtol(argv[1], nullptr, kDecimal)) : 0;
  if (argc > 3 || rollouts < 1) {
    fmt::print(stderr, "usage: slipway_rollout_alarms ROLLOUTS [CASE]\n");
    return 2;
  }
  const Status status = RunAll(rollouts, argc == 3 ? argv[2] : "");
  if (!status.ok()) fmt::print(stderr, "{}", status.error().Render());
  return status.ok() ? 0 : 1;
}
