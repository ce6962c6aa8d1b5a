#include "cli/version_uses.h"

#include <fmt/format.h>

#include "cli/delivery.h"

namespace slipway::cli {

std::vector<std::string> UsesOf(const deploy::Service& service, const std::string& model,
                                int64_t version) {
  std::vector<std::string> uses;
  const auto is_it = [&](const deploy::Release& release) {
    return release.model == model && release.version == version;
  };
  const bool stable = service.stable && is_it(*service.stable);
  if (stable) uses.push_back("is stable in " + service.name);
  if (service.standby && is_it(service.standby->release))
    uses.push_back("is kept ready for an undo of " + service.name);
  if (service.in_progress()) {
    const deploy::Rollout& rollout = *service.rollout;
    bool part = is_it(rollout.release);
    if (rollout.experiment) {
      for (const deploy::Arm& arm : rollout.experiment->arms) part |= is_it(arm.release);
    }
    if (part)
      uses.push_back(fmt::format("is in revision {} of {}, which is in progress", rollout.revision,
                                 service.name));
  }
  for (const deploy::HistoryEntry& entry : service.history) {
    // What is stable has been told.
    if (!is_it(entry.release) || stable) continue;
    uses.push_back(fmt::format("is revision {} of {}, which can be gone back to", entry.revision,
                               service.name));
  }
  return uses;
}

Result<std::vector<std::string>> UsesOf(const std::string& registry, const std::string& model,
                                        int64_t version) {
  std::vector<std::string> uses;
  const Result<Delivery> delivery = OpenDelivery(registry, false);
  if (!delivery.ok()) {
    if (delivery.error().code() == ErrorCode::kNotFound) return uses;
    return delivery.error();
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto records, delivery->store->Services());
  for (const deploy::ServiceRecord& record : records) {
    SLIPWAY_ASSIGN_OR_RETURN(const deploy::Service service,
                             deploy::ServiceFromJson(record.document));
    for (std::string& use : UsesOf(service, model, version)) uses.push_back(std::move(use));
  }
  return uses;
}

}  // namespace slipway::cli
