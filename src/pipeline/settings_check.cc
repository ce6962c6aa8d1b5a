#include "pipeline/settings_check.h"

#include "train/trainer.h"

namespace slipway::pipeline {
namespace {

// The same error at the place of its key.
Error Placed(const Error& error, const config::LoadedConfig& loaded) {
  return Error(error.code(), error.message())
      .At(loaded.PositionOf(error.location().field))
      .Expected(error.expected())
      .Try(error.hint());
}

}  // namespace

Status CheckSettings(const config::LoadedConfig& loaded) {
  const config::ModelConfig& model = loaded.config.model;
  SLIPWAY_ASSIGN_OR_RETURN(const auto trainer, train::MakeTrainer(model.model_type));
  const Status checked = trainer->CheckHyperparameters(model.hyperparameters);
  if (checked.ok()) return {};
  Error placed = Placed(checked.error(), loaded);
  for (const Error& other : checked.error().others()) {
    placed = std::move(placed).Also(Placed(other, loaded));
  }
  return placed;
}

}  // namespace slipway::pipeline
