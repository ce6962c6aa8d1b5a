#include "deploy/fake_rollout_store.h"

#include <algorithm>
#include <functional>
#include <set>

#include "deploy/rollout_rules_internal.h"

namespace slipway::deploy {
namespace {

// As it would come back from a file.
Json Kept(const Json& value) { return Json::parse(CompactJson(value)); }

template <typename Row>
void KeepFirst(std::vector<Row>& rows, int64_t limit) {
  const auto most = static_cast<size_t>(std::max<int64_t>(limit, 0));
  if (rows.size() > most) rows.resize(most);
}

}  // namespace

Result<std::vector<ServiceRecord>> FakeRolloutStore::Services() {
  const std::scoped_lock lock(mutex_);
  std::vector<ServiceRecord> records;
  for (const auto& [name, record] : services_) records.push_back(record);
  return records;
}

Result<std::optional<ServiceRecord>> FakeRolloutStore::Find(const std::string& service) {
  const std::scoped_lock lock(mutex_);
  const auto found = services_.find(service);
  if (found == services_.end()) return std::optional<ServiceRecord>();
  return std::optional(found->second);
}

Result<int64_t> FakeRolloutStore::Write(const ServiceChange& change) {
  SLIPWAY_RETURN_IF_ERROR(CheckChange(change));
  const std::scoped_lock lock(mutex_);
  const auto found = services_.find(change.service);
  const int64_t present = found == services_.end() ? 0 : found->second.generation;
  SLIPWAY_RETURN_IF_ERROR(CheckGeneration(change.service, change.generation, present));
  const int64_t generation = ++last_generations_[change.service];
  services_[change.service] = {change.service, generation, Kept(change.document)};
  for (const RolloutEvent& given : change.events) {
    RolloutEvent& event = events_.emplace_back(given);
    event.id = ++last_event_;
    event.service = change.service;
    if (event.at.empty()) event.at = FormatTimestamp(clock_.Now());
    event.detail = Kept(given.detail);
  }
  for (const Effect& given : change.effects) {
    const int64_t id = ++last_effect_;
    effects_[id] = {.id = id,
                    .service = change.service,
                    .kind = given.kind,
                    .detail = Kept(given.detail),
                    .due_ms = given.due_ms,
                    .attempts = 0,
                    .last_error = ""};
  }
  ++changes_;
  return generation;
}

Status FakeRolloutStore::Remove(const std::string& service, int64_t generation) {
  const std::scoped_lock lock(mutex_);
  const auto found = services_.find(service);
  const int64_t present = found == services_.end() ? 0 : found->second.generation;
  SLIPWAY_RETURN_IF_ERROR(CheckGeneration(service, generation, present));
  if (found == services_.end()) return {};
  services_.erase(found);
  std::erase_if(events_, [&](const RolloutEvent& event) { return event.service == service; });
  std::erase_if(effects_, [&](const auto& entry) { return entry.second.service == service; });
  ++changes_;
  return {};
}

Result<std::vector<RolloutEvent>> FakeRolloutStore::Events(const std::string& service,
                                                           int64_t revision, int64_t after_id,
                                                           int64_t limit) {
  const std::scoped_lock lock(mutex_);
  std::vector<RolloutEvent> events;
  std::ranges::copy_if(events_, std::back_inserter(events), [&](const RolloutEvent& event) {
    return event.service == service && event.id > after_id &&
           (revision == 0 || event.revision == revision);
  });
  KeepFirst(events, limit);
  return events;
}

Status FakeRolloutStore::Prune(const std::string& service, int64_t keep_revisions) {
  const std::scoped_lock lock(mutex_);
  std::set<int64_t, std::greater<>> kept;  // Newest first.
  for (const RolloutEvent& event : events_) {
    if (event.service == service) kept.insert(event.revision);
  }
  const auto most = static_cast<size_t>(std::max<int64_t>(keep_revisions, 1));
  while (kept.size() > most) kept.erase(std::prev(kept.end()));
  std::erase_if(events_, [&](const RolloutEvent& event) {
    return event.service == service && !kept.contains(event.revision);
  });
  ++changes_;
  return {};
}

Result<std::vector<Effect>> FakeRolloutStore::DueEffects(int64_t now_ms, int64_t limit,
                                                         const std::vector<std::string>& kinds) {
  const std::scoped_lock lock(mutex_);
  std::vector<Effect> due;
  for (const auto& [id, effect] : effects_) {
    const bool is_due = effect.due_ms <= now_ms || effect.due_ms - kFarthestDueMs > now_ms;
    const bool is_meant = kinds.empty() || std::ranges::find(kinds, effect.kind) != kinds.end();
    if (is_due && is_meant) due.push_back(effect);
  }
  std::ranges::stable_sort(due, {}, &Effect::due_ms);
  KeepFirst(due, limit);
  return due;
}

Status FakeRolloutStore::FinishEffect(int64_t id) {
  const std::scoped_lock lock(mutex_);
  effects_.erase(id);
  ++changes_;
  return {};
}

Status FakeRolloutStore::RetryEffect(int64_t id, int64_t due_ms, const std::string& error) {
  const std::scoped_lock lock(mutex_);
  const auto found = effects_.find(id);
  if (found != effects_.end()) {
    found->second.due_ms = due_ms;
    found->second.last_error = error;
    ++found->second.attempts;
  }
  ++changes_;
  return {};
}

Result<int64_t> FakeRolloutStore::ChangeCounter() {
  const std::scoped_lock lock(mutex_);
  return changes_;
}

}  // namespace slipway::deploy
