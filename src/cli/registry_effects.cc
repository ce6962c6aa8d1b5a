#include "cli/registry_effects.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cli/delivery.h"
#include "deploy/controller.h"
#include "deploy/stage_moves.h"

namespace slipway::cli {
namespace {

constexpr const char* kController = "slipway-controller";

}  // namespace

Result<std::unique_ptr<RegistryEffects>> RegistryEffects::Open(
    const std::string& registry, const std::function<void(const std::string&)>& tell) {
  auto effects = std::unique_ptr<RegistryEffects>(new RegistryEffects());
  SLIPWAY_ASSIGN_OR_RETURN(effects->registry_, registry::OpenExisting(registry));
  SLIPWAY_ASSIGN_OR_RETURN(Delivery delivery, OpenDelivery(registry, true));
  effects->store_ = std::move(delivery.store);
  RegistryEffects* own = effects.get();
  effects->thread_ = std::make_unique<deploy::EffectThread>(deploy::EffectParts{
      .store = effects->store_.get(),
      .kinds = {"stage", "tag"},
      .do_effect = [own](const deploy::Effect& effect) { return own->Do(effect); },
      .tell = tell});
  return effects;
}

// What can't ever be done, as the version is not there any more, is let go.
Status RegistryEffects::Do(const deploy::Effect& effect) {
  const Result<registry::ModelVersion> version = registry_->Find(fmt::format(
      "{}:{}", GetString(effect.detail, "model"), GetInteger(effect.detail, "version")));
  if (!version.ok()) {
    if (version.error().code() == ErrorCode::kNotFound) return {};
    return version.error();
  }
  if (effect.kind == "stage") return MoveStage(effect, *version);
  return registry_->SetTag(*version, GetString(effect.detail, "key"),
                           GetString(effect.detail, "value"), kController);
}

Status RegistryEffects::MoveStage(const deploy::Effect& effect,
                                  const registry::ModelVersion& version) {
  deploy::StageHolders holders;
  for (auto& [stage, holder] :
       {std::pair("staging", &holders.staging), std::pair("production", &holders.production)}) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::optional<registry::ModelVersion> held,
                             registry_->InStage(version.name, stage));
    *holder = held ? held->registry_version : 0;
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto services, store_->Services());
  const deploy::StageDecision decision = deploy::DecideStage(effect, services, holders);
  for (const deploy::StageMove& move : decision.moves) {
    SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelVersion moved,
                             registry_->Find(fmt::format("{}:{}", version.name, move.version)));
    SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelVersion now,
                             registry_->Promote(moved, move.stage, kController, move.forced));
    static_cast<void>(now);
  }
  if (decision.note.empty()) return {};
  return deploy::AddNotes(*store_, effect.service, SystemClock(), {{"registry", decision.note}});
}

}  // namespace slipway::cli
