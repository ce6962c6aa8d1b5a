#include "deploy/controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/unix_time.h"
#include "deploy/plan.h"
#include "deploy/verbs.h"

namespace slipway::deploy {
namespace {

constexpr int kMostSteps = 8;
// With some kilobytes for each check, a canary leaves a hundred kilobytes.
constexpr int64_t kKeptRevisions = 50;

// What changes with every look and may be lost: only what a decision rests on is written.
Json WithoutPassing(const Service& service) {
  Json json = ToJson(service);
  json["scaling"].erase("wishes");
  return json;
}

// What was found is told of the release that it was found of, also where that is gone back from.
Decision DecisionOf(const Service& service, Findings found, int64_t now_ms) {
  Decision decision;
  decision.service = service;
  const bool undo = found.undo_set != 0 && !service.in_progress() && service.stable &&
                    service.stable->set == found.undo_set && !service.history.empty();
  if (undo) {
    const int64_t revision = service.history.back().revision;
    for (Note& note : found.notes) note.revision = revision;
    // By its number: the newest rollout may be another one, which did not end well.
    Result<Decision> undone = Undo(service, found.undo_to, {now_ms, "monitor"}, found.undo_reason);
    const std::string text =
        undone.ok() ? "undone: " + found.undo_reason : "not undone: " + undone.error().message();
    found.notes.push_back({"alert", text, Json::object(), revision});
    if (undone.ok()) decision = *std::move(undone);
  }
  decision.notes.insert(decision.notes.begin(), found.notes.begin(), found.notes.end());
  decision.outside.insert(decision.outside.begin(), found.outside.begin(), found.outside.end());
  decision.service.watched = std::move(found.watched);
  return decision;
}

}  // namespace

ServiceChange ChangeOf(const Decision& decision, int64_t generation, int64_t now_ms) {
  ServiceChange change;
  change.service = decision.service.name;
  change.generation = generation;
  change.document = ToJson(decision.service);
  const int64_t revision = decision.service.rollout ? decision.service.rollout->revision : 0;
  if (revision > 0) {
    for (const Note& note : decision.notes) {
      RolloutEvent event;
      event.revision = note.revision > 0 ? note.revision : revision;
      event.at = FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(now_ms)));
      event.kind = note.kind;
      event.text = note.text;
      event.detail = note.detail;
      change.events.push_back(std::move(event));
    }
  }
  for (const Outside& outside : decision.outside) {
    Effect effect;
    effect.kind = outside.kind;
    effect.detail = outside.detail;
    effect.due_ms = now_ms;
    change.effects.push_back(std::move(effect));
  }
  return change;
}

Result<Service> ChangeService(
    RolloutStore& store, const std::string& service, const Clock& clock,
    const std::function<Result<Decision>(const std::optional<Service>&, int64_t now_ms)>& decide) {
  constexpr int kMostConflicts = 10;
  for (int tries = 0;; ++tries) {
    SLIPWAY_ASSIGN_OR_RETURN(const auto record, store.Find(service));
    std::optional<Service> now;
    if (record) {
      SLIPWAY_ASSIGN_OR_RETURN(now, ServiceFromJson(record->document));
    }
    const int64_t now_ms = UnixMilliseconds(clock);
    SLIPWAY_ASSIGN_OR_RETURN(Decision decision, decide(now, now_ms));
    const Result<int64_t> written =
        store.Write(ChangeOf(decision, record ? record->generation : 0, now_ms));
    if (written.ok()) return std::move(decision.service);
    if (written.error().code() != ErrorCode::kConflict || tries >= kMostConflicts)
      return written.error();
  }
}

Status AddNotes(
    RolloutStore& store, const std::string& service, const Clock& clock,
    const std::vector<Note>& notes,
    const std::function<std::vector<Outside>(const Service&, int64_t now_ms)>& outside) {
  const auto gone = Error(ErrorCode::kNotFound, "there is no service \"" + service + "\"");
  const Result<Service> kept =
      ChangeService(store, service, clock,
                    [&](const std::optional<Service>& now, int64_t now_ms) -> Result<Decision> {
                      if (!now) return gone;
                      Decision decision;
                      decision.service = *now;
                      decision.notes = notes;
                      if (outside) decision.outside = outside(*now, now_ms);
                      return decision;
                    });
  return kept.ok() || kept.error().code() == ErrorCode::kNotFound ? Status{} : kept.error();
}

int64_t Controller::NowMs() const { return UnixMilliseconds(*parts_.clock); }

void Controller::TellOnce(Held* held, const std::string& service, const std::string& trouble) {
  if (held->trouble == trouble) return;
  held->trouble = trouble;
  parts_.tell(trouble.empty() ? service + ": goes on" : service + ": " + trouble);
}

Result<int64_t> Controller::Pass() {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ServiceRecord> records, parts_.store->Services());
  constexpr int64_t kLongest = 1000;
  int64_t next = NowMs() + kLongest;
  for (const ServiceRecord& record : records) {
    const Result<int64_t> due = PassService(record);
    if (due.ok()) {
      next = std::min(next, *due);
      TellOnce(&held_[record.name], record.name, "");
    } else {
      TellOnce(&held_[record.name], record.name, due.error().ToString());
    }
  }
  std::erase_if(held_, [&](const auto& entry) {
    return std::ranges::none_of(
        records, [&](const ServiceRecord& record) { return record.name == entry.first; });
  });
  return next;
}

Result<int64_t> Controller::PassService(const ServiceRecord& record) {
  Held& held = held_[record.name];
  if (held.generation != record.generation) {
    SLIPWAY_ASSIGN_OR_RETURN(Service service, ServiceFromJson(record.document));
    // What the load asked for is not written with each look.
    service.scaling.wishes = std::move(held.service.scaling.wishes);
    held.service = std::move(service);
    held.generation = record.generation;
    held.kept = WithoutPassing(held.service);
  }
  const std::string address = fmt::format("{}:{}", held.service.host, held.service.port);
  if (held.backend == nullptr || held.address != address) {
    held.backend.reset();
    SLIPWAY_ASSIGN_OR_RETURN(held.backend, parts_.open_backend(held.service));
    held.address = address;
  }
  for (int step = 0; step < kMostSteps; ++step) {
    SLIPWAY_ASSIGN_OR_RETURN(const bool more, Step(&held));
    if (!more) break;
  }
  return NextLook(held.service, NowMs());
}

Result<Observed> Controller::Look(Held* held) const {
  Observed seen;
  seen.now_ms = NowMs();
  // Replicas that can't be seen are not gone: nothing is decided then.
  SLIPWAY_ASSIGN_OR_RETURN(seen.sets, held->backend->Observe(LabelEpoch(held->service)));
  seen.validation = std::exchange(held->validation, std::nullopt);
  seen.models = held->backend->Models();
  seen.models_instance = held->backend->models_instance();
  if (held->service.down && held->closed) return seen;
  Result<Traffic> traffic = held->backend->ObserveTraffic();
  if (traffic.ok()) {
    seen.traffic = *std::move(traffic);
    seen.traffic_trouble = held->refused;
  } else {
    seen.traffic_trouble = traffic.error().message();
  }
  return seen;
}

Result<bool> Controller::Step(Held* held) {
  SLIPWAY_ASSIGN_OR_RETURN(const Observed seen, Look(held));
  SLIPWAY_ASSIGN_OR_RETURN(Decision decision, Plan(held->service, seen));
  SLIPWAY_RETURN_IF_ERROR(Keep(held, decision));
  if (held->service.down) {
    const bool empty = seen.sets.empty();
    if (empty && !held->closed) {
      SLIPWAY_ASSIGN_OR_RETURN(held->closed, held->backend->CloseAddress());
    }
  } else {
    held->closed = false;
  }
  // Traffic first: who watches and tells may take its time. They do where it failed too, so that
  // people see why.
  Result<bool> more = Act(held, decision, seen);
  SLIPWAY_RETURN_IF_ERROR(TakeFindings(held, seen));
  return more;
}

// Written before it is done: who is killed in between does it again.
Status Controller::Keep(Held* held, Decision decision) {
  const Json now = WithoutPassing(decision.service);
  if (now == held->kept && decision.notes.empty() && decision.outside.empty()) {
    held->service = decision.service;
    return {};
  }
  if (parts_.split_outside)
    decision.outside = parts_.split_outside(decision.service, decision.outside);
  const ServiceChange change = ChangeOf(decision, held->generation, NowMs());
  SLIPWAY_ASSIGN_OR_RETURN(held->generation, parts_.store->Write(change));
  Prune(held->service, decision.service);
  held->service = decision.service;
  held->kept = now;
  for (const Note& note : decision.notes)
    parts_.tell(fmt::format("{}: {}", held->service.name, note.text));
  return {};
}

Status Controller::TakeFindings(Held* held, const Observed& seen) {
  if (!parts_.watch) return {};
  Findings found = parts_.watch(held->service, seen);
  if (found.notes.empty() && found.outside.empty() && found.undo_set == 0) return {};
  return Keep(held, DecisionOf(held->service, std::move(found), NowMs()));
}

Result<bool> Controller::Act(Held* held, const Decision& decision, const Observed& seen) {
  bool more = !decision.notes.empty();
  // Replicas are looked after all the same.
  Status applied;
  held->refused.clear();
  for (const Action& action : decision.actions) {
    if (const auto* traffic = std::get_if<SetTraffic>(&action)) {
      applied = held->backend->Apply(traffic->plan);
      if (!applied.ok())
        held->refused = "the splitter does not take it: " + applied.error().ToString();
      more = true;
    } else if (const auto* wanted = std::get_if<SetReplicas>(&action)) {
      SetReplicas replicas = *wanted;
      if (!applied.ok() && !held->service.down) StopNone(seen, &replicas);
      SLIPWAY_RETURN_IF_ERROR(held->backend->SetReplicas(replicas.release, replicas.replicas));
    } else if (const auto* validate = std::get_if<Validate>(&action)) {
      held->validation = held->backend->Ask(*validate);
      more = true;
    }
  }
  if (!held->service.down) {
    // A splitter that does not answer is seen, and told, with the next look.
    (void)held->backend->FollowReplicas();
  }
  if (!applied.ok()) return applied.error();
  return more;
}

void Controller::Prune(const Service& before, const Service& now) {
  const bool ended = now.rollout && HasEnded(now.rollout->phase) &&
                     (before.in_progress() || before.next_revision != now.next_revision);
  if (!ended) return;
  if (const Status pruned = parts_.store->Prune(now.name, kKeptRevisions); !pruned.ok())
    parts_.tell(pruned.error().ToString());
}

std::vector<int> Controller::ExitWatches() const {
  std::vector<int> watches;
  for (const auto& [name, held] : held_) {
    if (held.backend == nullptr) continue;
    for (const int watch : held.backend->ExitWatches()) watches.push_back(watch);
  }
  return watches;
}

}  // namespace slipway::deploy
