// Where the state of rollouts is kept: what is deployed, what happened to it, and what is still to
// be done outside. One conformance suite (rollout_store_conformance.h) runs on every
// implementation.
//
// Documents and details are JSON that the store does not look into. They come back as CompactJson()
// writes them: numbers that are none become null.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::deploy {

// One a deployed service.
struct ServiceRecord {
  std::string name;
  int64_t generation = 0;  // Grows with every change, from 1.
  Json document = Json::object();
};

// What happened, for people and reports. Never changed, and gone only by Remove() and Prune().
struct RolloutEvent {
  int64_t id = 0;  // Given by the store, in the order of writing over all services.
  std::string service;
  int64_t revision = 0;  // From 1.
  std::string at;    // "2026-11-23T06:41:07.123Z"; where it is empty, the store's clock gives it.
  std::string kind;  // "stage", "check", "verdict", "verb", "phase", "alert", …
  std::string text;
  Json detail = Json::object();
};

// What is to be done at least once outside of the store, however often the process ends before: an
// entry of a durable outbox. Doing it must be idempotent.
struct Effect {
  int64_t id = 0;  // Given by the store and never used again.
  std::string service;
  std::string kind;  // "stage", "tag", "notify", "retrain", …
  Json detail = Json::object();
  int64_t due_ms = 0;  // Not before this time, in milliseconds since 1970 UTC.
  int64_t attempts = 0;
  std::string last_error;
};

// Nobody lets an effect wait for longer, in milliseconds.
inline constexpr int64_t kFarthestDueMs = int64_t{7} * 3'600'000;

struct ServiceChange {
  std::string service;
  int64_t generation = 0;  // As it was read; 0 for a service that must not exist yet.
  Json document = Json::object();
  // The store gives them their ids and the service; effects begin without attempts.
  std::vector<RolloutEvent> events;
  std::vector<Effect> effects;
};

// Safe to use from several threads and several processes at once. Every call is atomic and, once it
// returned, durable. Besides what is said below: kTimeout where another process holds the lock too
// long, kIntegrity where the store is damaged, kIo and kPermission where the system says no.
class RolloutStore {
 public:
  virtual ~RolloutStore() = default;

  // Ordered by name.
  virtual Result<std::vector<ServiceRecord>> Services() = 0;
  virtual Result<std::optional<ServiceRecord>> Find(const std::string& service) = 0;
  // All of the change, or nothing of it. Returns the new generation; kConflict where the service is
  // at another one than was read. A generation is never used again, not even of a service that was
  // removed meanwhile and deployed anew.
  virtual Result<int64_t> Write(const ServiceChange& change) = 0;
  // With its events and effects. kConflict as above.
  virtual Status Remove(const std::string& service, int64_t generation) = 0;

  // In the order of writing; of all revisions where `revision` is 0. The first `limit` of those
  // with an id above `after_id`, none of a service that is not there.
  virtual Result<std::vector<RolloutEvent>> Events(const std::string& service, int64_t revision,
                                                   int64_t after_id, int64_t limit) = 0;
  // Events of the newest `keep_revisions` revisions stay (at least of one), older ones go.
  virtual Status Prune(const std::string& service, int64_t keep_revisions) = 0;

  // The first `limit` of those of one of these kinds (none: of all) that are due at `now_ms` or
  // before, oldest due first. One that is due later than kFarthestDueMs is due now: it was written
  // before the clock was set back.
  virtual Result<std::vector<Effect>> DueEffects(int64_t now_ms, int64_t limit,
                                                 const std::vector<std::string>& kinds) = 0;
  Result<std::vector<Effect>> DueEffects(int64_t now_ms, int64_t limit) {
    return DueEffects(now_ms, limit, {});
  }
  // An id that is not there is no error: somebody else finished it, or its service was removed.
  virtual Status FinishEffect(int64_t id) = 0;
  // Counts an attempt that failed. The same goes for its id.
  virtual Status RetryEffect(int64_t id, int64_t due_ms, const std::string& error) = 0;

  // Another number whenever this object or anybody else has changed the store since. Cheap enough
  // to be asked many times a second; means nothing to another object.
  virtual Result<int64_t> ChangeCounter() = 0;
};

struct RolloutStoreOptions {
  bool create = true;            // Else kNotFound where there is none.
  int busy_timeout_ms = 10'000;  // How long to wait for another process that writes.
};

// SQLite in WAL mode with synchronous=FULL; makes the file and its directory if needed, readable by
// their owner only. kInvalidInput where the file is no rollout store or was written by a newer
// Slipway. The clock must outlive the store.
Result<std::unique_ptr<RolloutStore>> OpenRolloutStore(const std::string& path,
                                                       const Clock& clock = SystemClock(),
                                                       RolloutStoreOptions options = {});

}  // namespace slipway::deploy
