#include "deploy/simulated_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/counting.h"

namespace slipway::deploy {
namespace {

constexpr double kPercent = 100;
constexpr double kMilliseconds = 1000;
constexpr double kNanosecondsOfAMillisecond = 1e6;

void OneLatency(int64_t requests, double latency_ms, std::vector<int64_t>* latencies) {
  latencies->resize(LatencyBuckets::kCount);
  const auto ns = static_cast<int64_t>(latency_ms * kNanosecondsOfAMillisecond);
  (*latencies)[LatencyBuckets::IndexOf(ns)] += requests;
}

}  // namespace

SimulatedService::SimulatedService(Json deployment)
    : draw_latencies(OneLatency), deployment_(std::move(deployment)) {}

void SimulatedService::RestartSplitter() {
  ++splitter_starts_;
  for (auto& [number, set] : sets_) set.counts = {.set = number};
}

void SimulatedService::KillReplica(int64_t version, int64_t in_flight) {
  for (auto& [number, set] : sets_) {
    if (set.version != version) continue;
    const auto ready = std::ranges::find_if(
        set.replicas, [&](const Replica& replica) { return replica.up_ms <= now_ms_; });
    if (ready == set.replicas.end()) continue;
    set.replicas.erase(ready);
    LeaveUnanswered(in_flight, &set);
    if (ReadyOf(set) > 0) return Answer(in_flight, &set);
    return AnswerFor(set, in_flight);
  }
}

const Behaviour& SimulatedService::BehaviourOf(const Set& set) const {
  static const Behaviour usual;
  const auto it = versions.find(set.version);
  return it == versions.end() ? usual : it->second;
}

int SimulatedService::ReadyOf(const Set& set) const {
  if (!BehaviourOf(set).comes_up) return 0;
  return static_cast<int>(std::ranges::count_if(
      set.replicas, [&](const Replica& replica) { return replica.up_ms <= now_ms_; }));
}

Status SimulatedService::Say(
    const std::function<Result<Decision>(const Service&, const VerbContext&)>& verb) {
  if (!service_) return Error(ErrorCode::kNotFound, "there is no service");
  SLIPWAY_ASSIGN_OR_RETURN(const Decision decision, verb(*service_, {now_ms_, "somebody"}));
  return Take(decision);
}

Status SimulatedService::DeployVersion(int64_t version, const Json& overrides,
                                       const std::vector<int64_t>& others) {
  NewRollout rollout;
  rollout.environment = "production";
  rollout.model = "m";
  rollout.actor = "somebody";
  Json deployment = deployment_;
  deployment.merge_patch(overrides);
  const auto release = [&](int64_t number) {
    return Release{.model = "m",
                   .version = number,
                   .label = {},
                   .digest = fmt::format("sha256:{:08}", number),
                   .deployment = deployment};
  };
  rollout.release = release(version);
  for (const int64_t other : others) rollout.others.push_back(release(other));
  SLIPWAY_ASSIGN_OR_RETURN(rollout.settings, ReadSettings(rollout.release.deployment));
  SLIPWAY_ASSIGN_OR_RETURN(const Decision decision,
                           Deploy(service_, "m-production", rollout, now_ms_));
  return Take(decision);
}

// What is decided is kept as a document, and read again.
Status SimulatedService::Keep(const Service& service) {
  if (decisions_++ % keep_documents != 0) {
    service_ = service;
    return {};
  }
  SLIPWAY_ASSIGN_OR_RETURN(const Json document, ParseJson(CompactJson(ToJson(service)), "service"));
  SLIPWAY_ASSIGN_OR_RETURN(service_, ServiceFromJson(document));
  return {};
}

Status SimulatedService::Take(const Decision& decision) {
  SLIPWAY_RETURN_IF_ERROR(Keep(decision.service));
  notes_.insert(notes_.end(), decision.notes.begin(), decision.notes.end());
  outside_.insert(outside_.end(), decision.outside.begin(), decision.outside.end());
  validation_.reset();
  if (!decision.actions.empty()) refused_.clear();
  // As the controller does.
  const Observed seen = Look();
  for (Action action : decision.actions) {
    auto* const replicas = std::get_if<SetReplicas>(&action);
    if (replicas != nullptr && !refused_.empty() && !service_->down) StopNone(seen, replicas);
    std::visit([&](const auto& one) { Act(one); }, action);
  }
  return {};
}

void SimulatedService::Act(const SetReplicas& action) {
  Set& set = sets_[action.release.set];
  if (action.release.version != 0) set.version = action.release.version;
  set.counts.set = set.model.set = action.release.set;
  const auto up = now_ms_ + static_cast<int64_t>(BehaviourOf(set).starts_seconds * kMilliseconds);
  while (static_cast<int>(set.replicas.size()) < action.replicas) set.replicas.push_back({up});
  set.replicas.resize(static_cast<size_t>(action.replicas));
}

void SimulatedService::Act(const SetTraffic& action) {
  refused_ = splitter_refuses;
  if (splitter_answers && splitter_refuses.empty()) traffic_ = action.plan;
}

void SimulatedService::Act(const Validate& action) {
  const Set& set = sets_[action.release.set];
  Validation seen{.set = action.release.set,
                  .through_address = action.through_address,
                  .asked = 0,
                  .right = 0,
                  .trouble = {}};
  seen.asked = action.through_address ? action.requests : action.requests * ReadyOf(set);
  if (BehaviourOf(set).predicts_rightly) {
    seen.right = seen.asked;
  } else {
    seen.trouble = "row 1: predicted 0 instead of 1";
  }
  validation_ = seen;
}

Failures SimulatedService::Fail(int64_t requests, double rate, Set* set) {
  if (draw) return draw(requests, rate);
  Failures failures;
  double& left = left_["errors" + std::to_string(set->counts.set)];
  for (int64_t i = 0; i < requests; ++i) {
    left += rate;
    const bool fails = left >= 1;
    if (fails) left -= 1;
    failures.errors += fails ? 1 : 0;
    failures.run_squares += set->error_run.Add(fails);
  }
  return failures;
}

// One behind the other.
void SimulatedService::LeaveUnanswered(int64_t requests, Set* set) {
  set->counts.requests += requests;
  set->counts.errors += requests;
  set->counts.error_run_squares += requests * requests;
}

// Those of another set that has a replica, if there is one.
void SimulatedService::AnswerFor(const Set& set, int64_t requests) {
  if (requests == 0) return;
  for (const Share& share : traffic_.shares) {
    Set& other = sets_[share.set];
    if (&other != &set && ReadyOf(other) > 0) return Answer(requests, &other);
  }
  lost_ += requests;
}

void SimulatedService::Answer(int64_t requests, Set* set) {
  const Behaviour& behaviour = BehaviourOf(*set);
  set->counts.requests += requests;
  const double fails = behaviour.error_rate + behaviour.dies_of;
  const Failures failures = Fail(requests, fails, set);
  if (behaviour.dies_of > 0)
    AnswerFor(*set, std::llround(static_cast<double>(failures.errors) * behaviour.dies_of / fails));
  set->counts.errors += failures.errors;
  set->counts.error_run_squares += failures.run_squares;
  draw_latencies(requests, behaviour.latency_ms, &set->counts.latencies);
  const auto second =
      static_cast<int64_t>(std::llround(static_cast<double>(requests) * behaviour.second_class));
  const bool counts_estimates = behaviour.bound != 0;
  set->model.predictions[counts_estimates ? kBucketAbove : "1"] += second;
  set->model.predictions[counts_estimates ? BucketUpTo(behaviour.bound) : "0"] += requests - second;
  Label(static_cast<int64_t>(static_cast<double>(requests) * behaviour.labelled), set);
}

void SimulatedService::Label(int64_t labelled, Set* set) {
  const Behaviour& behaviour = BehaviourOf(*set);
  const auto some = [&](double share) {
    return static_cast<int64_t>(std::llround(static_cast<double>(labelled) * share));
  };
  LabelCounts right, wrong;
  if (behaviour.off_by > 0) {
    const double off = behaviour.off_by;
    const auto count = static_cast<double>(labelled);
    constexpr double kApart = 0.5;
    right.errors = {labelled, count * off, count * off * off * (1 + kApart * kApart)};
    set->coming.push_back({now_ms_, now_ms_, std::move(right)});
    return;
  }
  const auto after = [&](double seconds) {
    return now_ms_ + static_cast<int64_t>(std::llround(seconds * kMilliseconds));
  };
  const int64_t correct = some(behaviour.accuracy), converted = some(behaviour.converts);
  right.correct = right.labelled = correct;
  wrong.labelled = labelled - correct;
  right.labels["1"] = std::min(converted, correct);
  right.labels["0"] = correct - right.labels["1"];
  wrong.labels["1"] = converted - right.labels["1"];
  wrong.labels["0"] = wrong.labelled - wrong.labels["1"];
  set->coming.push_back({now_ms_, after(behaviour.right_after_seconds), std::move(right)});
  set->coming.push_back({now_ms_, after(behaviour.wrong_after_seconds), std::move(wrong)});
}

// As replicas do: all labels that have come, and apart those of predictions since the epoch began.
void SimulatedService::TakeLabels(Set* set) {
  ModelCounts came;
  std::erase_if(set->coming, [&](const Labels& labels) {
    if (labels.known_ms > now_ms_) return false;
    came.labelled += labels.counts.labelled;
    came.correct += labels.counts.correct;
    if (set->epoch == 0 || labels.made_ms < set->epoch_ms) return true;
    ModelCounts apart;
    apart.in_epoch = labels.counts;
    Add(apart, &came);
    return true;
  });
  Add(came, &set->model);
}

void SimulatedService::NameEpoch(int64_t epoch) {
  if (epoch == 0) return;
  for (auto& [number, set] : sets_) {
    if (std::exchange(set.epoch, epoch) != epoch) set.epoch_ms = now_ms_ + 1;
  }
}

// Each set gets its share; one without replicas hands its requests to another that has some.
void SimulatedService::Serve(double seconds) {
  whole_ += requests_per_second * seconds;
  const auto all = static_cast<int64_t>(whole_);
  whole_ -= static_cast<double>(all);
  int64_t given = 0;
  for (size_t i = 0; i < traffic_.shares.size(); ++i) {
    const Share& share = traffic_.shares[i];
    double& left = left_["share" + std::to_string(share.set)];
    left += static_cast<double>(all) * share.weight / kPercent;
    const bool last = i + 1 == traffic_.shares.size();
    const int64_t requests = last ? all - given : static_cast<int64_t>(std::floor(left + 1e-6));
    left -= static_cast<double>(requests);
    given += requests;
    Set* set = &sets_[share.set];
    if (ReadyOf(*set) == 0) {
      const auto other = std::ranges::find_if(
          traffic_.shares, [&](const Share& one) { return ReadyOf(sets_[one.set]) > 0; });
      if (other == traffic_.shares.end()) {
        lost_ += requests;
        continue;
      }
      set = &sets_[other->set];
    }
    Answer(requests, set);
  }
  if (traffic_.shares.empty()) lost_ += all;
  if (traffic_.mirror_set == 0) return;
  Set& copy = sets_[traffic_.mirror_set];
  const auto copies = static_cast<int64_t>(static_cast<double>(all) * traffic_.mirror_share);
  copy.counts.mirrored += copies;
  copy.counts.disagreed +=
      static_cast<int64_t>(std::llround(static_cast<double>(copies) * BehaviourOf(copy).disagrees));
}

Observed SimulatedService::Look() const {
  Observed seen;
  seen.now_ms = now_ms_;
  seen.models_instance = "1";
  int all_ready = 0;
  for (const auto& [number, set] : sets_) all_ready += ReadyOf(set);
  for (const auto& [number, set] : sets_) {
    if (set.replicas.empty()) continue;
    SetStatus status{.set = number, .running = static_cast<int>(set.replicas.size())};
    status.ready = status.available = ReadyOf(set);
    if (status.ready > 0 && utilization >= 0) status.utilization = utilization / all_ready;
    if (!BehaviourOf(set).comes_up) status.trouble = "exit code 1: no such file";
    seen.sets.push_back(status);
    seen.models.push_back(set.model);
  }
  if (splitter_answers) {
    Traffic traffic{.in_force = traffic_, .instance = std::to_string(splitter_starts_), .sets = {}};
    for (const auto& [number, set] : sets_) traffic.sets.push_back(set.counts);
    seen.traffic = std::move(traffic);
    seen.traffic_trouble = refused_;
  }
  seen.validation = validation_;
  return seen;
}

Status SimulatedService::Step(double seconds, bool controls) {
  now_ms_ += static_cast<int64_t>(std::llround(seconds * kMilliseconds));
  Serve(seconds);
  for (auto& [number, set] : sets_) TakeLabels(&set);
  if (!controls || !service_) return {};
  NameEpoch(LabelEpoch(*service_));
  SLIPWAY_ASSIGN_OR_RETURN(const Decision decision, Plan(*service_, Look()));
  return Take(decision);
}

int64_t SimulatedService::version_of_set(int64_t set) const {
  const auto it = sets_.find(set);
  return it == sets_.end() ? 0 : it->second.version;
}

double SimulatedService::weight_of(int64_t version) const {
  double weight = 0;
  for (const Share& share : traffic_.shares)
    if (version_of_set(share.set) == version) weight += share.weight;
  return weight;
}

int SimulatedService::replicas_of(int64_t version) const {
  int replicas = 0;
  for (const auto& [number, set] : sets_)
    if (set.version == version) replicas += static_cast<int>(set.replicas.size());
  return replicas;
}

int64_t SimulatedService::requests_of(int64_t version) const {
  int64_t requests = 0;
  for (const auto& [number, set] : sets_)
    if (set.version == version) requests += set.counts.requests;
  return requests;
}

}  // namespace slipway::deploy
