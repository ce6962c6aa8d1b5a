// Who controls: looks at each service, asks Plan, keeps what it decides and does it; again and
// again. It holds nothing that can't be lost: what is kept is in the store, what runs is found by
// the backends. There is one at a time for a store.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "deploy/backend.h"
#include "deploy/rollout_store.h"
#include "deploy/types.h"

namespace slipway::deploy {

// What somebody who watches wants to be kept and done.
struct Findings {
  std::vector<Note> notes;
  std::vector<Outside> outside;
  int64_t undo_set = 0;  // Is to be gone back from, if it is still stable; 0 for none.
  int64_t undo_to = 0;   // The revision to go back to.
  std::string undo_reason;
  // Service::watched from then on. All of it is kept at once or, where somebody else changed the
  // service meanwhile, nothing: what the watcher finds there the next time is as it was before.
  Json watched = Json::object();
};

struct ControllerParts {
  RolloutStore* store = nullptr;
  const Clock* clock = &SystemClock();
  // The backend of a service, opened at its first sight. An error is told, and tried again.
  std::function<Result<std::unique_ptr<ServiceBackend>>(const Service&)> open_backend;
  // What is kept of what a decision leaves to be done: one to tell people is one for each whom it
  // goes to. May be empty.
  std::function<std::vector<Outside>(const Service&, const std::vector<Outside>&)> split_outside;
  // After each look; what it finds is kept. May be empty.
  std::function<Findings(const Service&, const Observed&)> watch;
  std::function<void(const std::string&)> tell = [](const std::string&) {};
};

// Not thread-safe.
class Controller {
 public:
  explicit Controller(ControllerParts parts) : parts_(std::move(parts)) {}

  // One look at everything. Returns when the next is due, in milliseconds since the epoch; sooner
  // where the store changes or something ends. An error of one service is told and holds up no
  // other; the store's is returned.
  Result<int64_t> Pass();
  // Descriptors that poll readable when a process ends; the caller closes them.
  std::vector<int> ExitWatches() const;

 private:
  struct Held {
    std::unique_ptr<ServiceBackend> backend;
    int64_t generation = 0;
    Service service;
    Json kept;  // As it was last written, without what may be lost.
    std::optional<Validation> validation;
    std::string trouble;  // That was told last.
    bool closed = false;
    std::string refused;  // Why the splitter did not take its last plan; "" where it did.
    std::string address;  // That the backend was opened for.
  };

  int64_t NowMs() const;
  // Looks and acts until nothing follows at once; returns when the next look is due.
  Result<int64_t> PassService(const ServiceRecord& record);
  Result<bool> Step(Held* held);
  Result<Observed> Look(Held* held) const;
  Status Keep(Held* held, Decision decision);
  Status TakeFindings(Held* held, const Observed& seen);
  // Whether something that follows at once may have changed.
  Result<bool> Act(Held* held, const Decision& decision, const Observed& seen);
  // Of revisions long ago nobody asks for the details any more.
  void Prune(const Service& before, const Service& now);
  void TellOnce(Held* held, const std::string& service, const std::string& trouble);

  ControllerParts parts_;
  std::map<std::string, Held> held_;
};

// The events and effects of a decision, as a store keeps them. Notes of a service that has had no
// rollout have nowhere to stand.
ServiceChange ChangeOf(const Decision& decision, int64_t generation, int64_t now_ms);

// Keeps what `decide` makes of the service as it is then, or of none; where somebody else changes
// it in between, it is asked once more. The service as it was kept.
Result<Service> ChangeService(
    RolloutStore& store, const std::string& service, const Clock& clock,
    const std::function<Result<Decision>(const std::optional<Service>&, int64_t now_ms)>& decide);

// Keeps notes about a service beside whatever else happens to it, and what is to be done outside,
// which `outside` makes of the service as it is then; one that is gone has none.
Status AddNotes(
    RolloutStore& store, const std::string& service, const Clock& clock,
    const std::vector<Note>& notes,
    const std::function<std::vector<Outside>(const Service&, int64_t now_ms)>& outside = {});

}  // namespace slipway::deploy
