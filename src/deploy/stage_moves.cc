#include "deploy/stage_moves.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace slipway::deploy {
namespace {

constexpr const char* kProduction = "production";
constexpr const char* kStaging = "staging";
constexpr const char* kDevelopment = "development";

// A version of the model that is stable somewhere.
struct Serving {
  std::string service;
  std::string environment;
  int64_t version = 0;
};

// Read without the rest of the document: a service that can't be worked with still serves.
std::vector<Serving> ServingOf(const std::vector<ServiceRecord>& services,
                               const std::string& model) {
  std::vector<Serving> servings;
  for (const ServiceRecord& record : services) {
    const auto stable = record.document.find("stable");
    if (stable == record.document.end() || !stable->is_object()) continue;
    if (GetString(*stable, "model") != model) continue;
    servings.push_back(
        {record.name, GetString(record.document, "environment"), GetInteger(*stable, "version")});
  }
  return servings;
}

std::string ServiceWith(const std::vector<Serving>& servings, int64_t version,
                        const std::string& environment) {
  const auto found = std::ranges::find_if(servings, [&](const Serving& one) {
    return one.version == version && one.environment == environment;
  });
  return found == servings.end() ? "" : found->service;
}

bool Serves(const std::vector<Serving>& servings, int64_t version) {
  return std::ranges::find(servings, version, &Serving::version) != servings.end();
}

// Of a version that leaves `stage` and serves elsewhere.
std::string NextStage(const std::vector<Serving>& servings, int64_t version,
                      const std::string& stage, const StageHolders& holders) {
  const auto may_have = [&](const char* next, int64_t holder) {
    return stage != next && !ServiceWith(servings, version, next).empty() &&
           (holder == 0 || holder == version || !Serves(servings, holder));
  };
  if (may_have(kProduction, holders.production)) return kProduction;
  if (may_have(kStaging, holders.staging)) return kStaging;
  return kDevelopment;
}

}  // namespace

StageDecision DecideStage(const Effect& effect, const std::vector<ServiceRecord>& services,
                          const StageHolders& holders) {
  const std::string model = GetString(effect.detail, "model");
  const int64_t version = GetInteger(effect.detail, "version");
  const std::string stage = GetString(effect.detail, "stage");
  const std::vector<Serving> servings = ServingOf(services, model);
  const auto own = std::ranges::find(servings, effect.service, &Serving::service);
  if (own == servings.end() || own->version != version) return {};
  if (stage == kStaging) {
    const std::string above = ServiceWith(servings, version, kProduction);
    if (!above.empty()) {
      return {.note = fmt::format("{}:{} keeps its stage in the registry, production: {} serves it",
                                  model, version, above)};
    }
  }
  const int64_t holder = stage == kProduction ? holders.production : holders.staging;
  StageDecision decision;
  if (holder != 0 && holder != version && Serves(servings, holder)) {
    const std::string beside = ServiceWith(servings, holder, stage);
    if (!beside.empty()) {
      return {.note = fmt::format("{}:{} does not get the stage {} in the registry: {} serves "
                                  "{}:{}, which has it",
                                  model, version, stage, beside, model, holder)};
    }
    // It was forced where it did not pass its gates, and serves.
    decision.moves.push_back({holder, NextStage(servings, holder, stage, holders), true});
  }
  decision.moves.push_back({version, stage, GetBool(effect.detail, "forced")});
  return decision;
}

}  // namespace slipway::deploy
