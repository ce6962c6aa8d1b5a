#include "pipeline/settings_check.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "data/preprocessing.h"
#include "data/target.h"
#include "pipeline/graph_model_internal.h"
#include "train/search_space.h"
#include "train/trainer.h"

namespace slipway::pipeline {
namespace {

constexpr const char* kSearchSpace = "model.search_space";
constexpr std::string_view kSteps = "data.preprocessing_steps";
constexpr std::string_view kHyperparameters = "model.hyperparameters";

// Without those that were found in the same pass.
Error PlacedAlone(const Error& error, const config::LoadedConfig& loaded) {
  return Placed(Error(error.code(), error.message())
                    .At(error.location())
                    .Expected(error.expected())
                    .Try(error.hint()),
                loaded);
}

// Where what an error says of `field` is written.
Location PlaceOf(const std::string& field, const config::LoadedConfig& loaded) {
  Location location = loaded.PositionOf(field);
  if (!location.file.empty()) return location;
  // A list has one place as a whole, and what a search tries stands in its space.
  if (field.starts_with(kSteps)) return loaded.PositionOf(std::string(kSteps));
  if (field.starts_with(kHyperparameters))
    return loaded.PositionOf(kSearchSpace + field.substr(kHyperparameters.size()));
  return location;
}

// nullopt where the data decides.
std::optional<data::Task> TaskNamed(const std::string& name) {
  for (const data::Task task : {data::Task::kClassification, data::Task::kRegression}) {
    if (name == data::ToString(task)) return task;
  }
  return std::nullopt;
}

constexpr const char* kTuning = "model.training_config.hyperparameter_tuning";

Error AtField(const char* field, std::string message) {
  Location location;
  location.field = field;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

// Whether the trainer would take the values of a dimension beside what is configured.
Status CheckDimension(const train::SearchDimension& dimension, const config::ModelConfig& model,
                      const train::Trainer& trainer) {
  const std::string key = fmt::format("{}.{}", kSearchSpace, dimension.name);
  if (dimension.name == "random_state") {
    return AtField(key.c_str(), "a seed is nothing to look for");
  }
  for (const Json& value : dimension.Extremes()) {
    Json tried = model.hyperparameters;
    tried[dimension.name] = value;
    const Status checked = trainer.CheckHyperparameters(tried);
    if (checked.ok()) continue;
    const Error& error = checked.error();
    return AtField(key.c_str(), error.message()).Expected(error.expected()).Try(error.hint());
  }
  return {};
}

// `trainer` is null for a program of the user's, whose hyper-parameters nobody else knows.
Status CheckSearch(const config::LoadedConfig& loaded, const train::Trainer* trainer) {
  const config::ModelConfig& model = loaded.config.model;
  if (!Searches(model)) return {};
  if (model.training_config.cross_validation == 0 && loaded.config.data.split.validation == 0) {
    return AtField(kTuning, "a search has no rows to judge by")
        .Expected(
            "folds in model.training_config.cross_validation, or a part for data.split.validation");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const Json written, SearchSpaceOf(model));
  SLIPWAY_ASSIGN_OR_RETURN(const train::SearchSpace space, train::ParseSearchSpace(written));
  if (space.empty()) return AtField(kSearchSpace, "there is nothing to try");
  if (trainer == nullptr) return {};
  Status all;
  for (const train::SearchDimension& dimension : space) {
    Status checked = CheckDimension(dimension, model, *trainer);
    if (checked.ok()) continue;
    all = all.ok() ? std::move(checked) : Error(all.error()).Also(std::move(checked).error());
  }
  return all;
}

}  // namespace

Error Placed(Error error, const config::LoadedConfig& loaded) {
  const std::string field = error.location().field;
  // What is no dotted key, or of a row, is a column.
  if (field.find('.') == std::string::npos || error.location().row > 0) return error;
  if (!error.location().file.empty()) return error;
  Location location = PlaceOf(field, loaded);
  if (location.file.empty()) return error;
  location.field = field;
  return std::move(error).At(std::move(location));
}

bool Searches(const config::ModelConfig& model) {
  return model.training_config.hyperparameter_tuning && model.model_type != "onnx";
}

Result<Json> SearchSpaceOf(const config::ModelConfig& model) {
  if (!model.search_space.is_null()) return model.search_space;
  Json own = Json::object();
  if (!ComesAsGraph(model)) {
    SLIPWAY_ASSIGN_OR_RETURN(const auto trainer, train::MakeTrainer(model.model_type));
    own = trainer->search_space();
  }
  if (!own.empty()) return own;
  return AtField(kTuning,
                 fmt::format("{} has no hyper-parameters to try of its own", model.model_type))
      .Expected("false, or what to try in model.search_space");
}

Status CheckSettings(const config::LoadedConfig& loaded) {
  Status all;
  const auto add = [&](Error error) {
    all = all.ok() ? std::move(error) : Error(all.error()).Also(std::move(error));
  };
  const Status steps = data::CheckPreprocessingSteps(loaded.config.data.preprocessing_steps);
  if (!steps.ok()) add(PlacedAlone(steps.error(), loaded));
  const auto add_all = [&](const Status& status) {
    if (status.ok()) return;
    add(PlacedAlone(status.error(), loaded));
    for (const Error& other : status.error().others()) add(PlacedAlone(other, loaded));
  };
  const config::ModelConfig& model = loaded.config.model;
  if (ComesAsGraph(model)) {
    add_all(CheckGraphSettings(loaded));
    add_all(CheckSearch(loaded, nullptr));
    return all;
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto trainer, train::MakeTrainer(model.model_type));
  const auto task = TaskNamed(model.task);
  if (task) {
    const Status learns = train::CheckLearns(*trainer, *task);
    if (!learns.ok()) add(PlacedAlone(learns.error(), loaded));
  }
  const Status checked = trainer->CheckHyperparameters(model.hyperparameters);
  add_all(checked);
  // What is tried stands beside these.
  if (checked.ok()) add_all(CheckSearch(loaded, trainer.get()));
  return all;
}

}  // namespace slipway::pipeline
