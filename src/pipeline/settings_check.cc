#include "pipeline/settings_check.h"

#include <optional>

#include "data/preprocessing.h"
#include "data/target.h"
#include "pipeline/graph_model_internal.h"
#include "train/trainer.h"

namespace slipway::pipeline {
namespace {

constexpr const char* kSteps = "data.preprocessing_steps";

// The same error at the place of its key.
Error Placed(const Error& error, const config::LoadedConfig& loaded) {
  return Error(error.code(), error.message())
      .At(loaded.PositionOf(error.location().field))
      .Expected(error.expected())
      .Try(error.hint());
}

// A list has one place as a whole; the error names what in it is wrong.
Error PlacedInSteps(const Error& error, const config::LoadedConfig& loaded) {
  Location location = loaded.PositionOf(kSteps);
  location.field = error.location().field;
  return Error(error.code(), error.message())
      .At(std::move(location))
      .Expected(error.expected())
      .Try(error.hint());
}

// nullopt where the data decides.
std::optional<data::Task> TaskNamed(const std::string& name) {
  for (const data::Task task : {data::Task::kClassification, data::Task::kRegression}) {
    if (name == data::ToString(task)) return task;
  }
  return std::nullopt;
}

}  // namespace

Status CheckSettings(const config::LoadedConfig& loaded) {
  Status all;
  const auto add = [&](Error error) {
    all = all.ok() ? std::move(error) : Error(all.error()).Also(std::move(error));
  };
  const Status steps = data::CheckPreprocessingSteps(loaded.config.data.preprocessing_steps);
  if (!steps.ok()) add(PlacedInSteps(steps.error(), loaded));
  const config::ModelConfig& model = loaded.config.model;
  if (ComesAsGraph(model)) {
    const Status graph = CheckGraphSettings(loaded);
    if (!graph.ok()) add(Placed(graph.error(), loaded));
    return all;
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto trainer, train::MakeTrainer(model.model_type));
  const auto task = TaskNamed(model.task);
  if (task) {
    const Status learns = train::CheckLearns(*trainer, *task);
    if (!learns.ok()) add(Placed(learns.error(), loaded));
  }
  const Status checked = trainer->CheckHyperparameters(model.hyperparameters);
  if (checked.ok()) return all;
  add(Placed(checked.error(), loaded));
  for (const Error& other : checked.error().others()) add(Placed(other, loaded));
  return all;
}

}  // namespace slipway::pipeline
