#include <fmt/format.h>

#include "deploy/rollout_rules_internal.h"

namespace slipway::deploy {
namespace {

Error BadChange(const ServiceChange& change, const char* what) {
  return Error(ErrorCode::kInternal,
               fmt::format("a change of service '{}' {}", change.service, what));
}

}  // namespace

Status CheckChange(const ServiceChange& change) {
  if (change.service.empty()) return BadChange(change, "names no service");
  if (change.generation < 0) return BadChange(change, "has a negative generation");
  for (const RolloutEvent& event : change.events) {
    if (event.revision < 1) return BadChange(change, "has an event of no revision");
    if (event.kind.empty()) return BadChange(change, "has an event of no kind");
  }
  for (const Effect& effect : change.effects) {
    if (effect.kind.empty()) return BadChange(change, "has an effect of no kind");
  }
  return {};
}

Status CheckGeneration(const std::string& service, int64_t read, int64_t present) {
  if (read == present) return {};
  if (read == 0) {
    return Error(ErrorCode::kConflict, fmt::format("service '{}' is there already", service));
  }
  if (present == 0) {
    return Error(ErrorCode::kConflict, fmt::format("service '{}' was removed meanwhile", service));
  }
  return Error(ErrorCode::kConflict,
               fmt::format("service '{}' was changed meanwhile (generation {}, read at {})",
                           service, present, read))
      .Try("again");
}

}  // namespace slipway::deploy
