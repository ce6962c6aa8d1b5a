// Which trainer answers to which `model_type`, and which plug-in it lives in: the one list.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/plugin.h"
#include "core/text.h"
#include "train/boosting_options_internal.h"
#include "train/forest_options_internal.h"
#include "train/linear_options_internal.h"
#include "train/logistic_options_internal.h"
#include "train/plugin_internal.h"
#include "train/trainer.h"

namespace slipway::train {
namespace {

// Trees sum float32 numbers.
Status CheckValues(std::span<const double> values) {
  constexpr double kMost = 1e30;
  const auto far = std::ranges::find_if(values, [](double v) { return !(std::abs(v) <= kMost); });
  if (far == values.end()) return {};
  return Error(ErrorCode::kInvalidInput, fmt::format("a number to estimate is {}", *far))
      .Expected(fmt::format("at most {}, above or below 0", kMost));
}

Status CheckTrainingSet(const TrainingSet& set) {
  if (set.features.rows == 0 || set.features.columns == 0) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("nothing to learn from: {} rows and {} feature columns",
                             set.features.rows, set.features.columns))
        .Try("fewer exclusions, or a larger training part");
  }
  if (set.features.rows > kMostRows) {
    return Error(ErrorCode::kInvalidInput, FormatCount(set.features.rows) + " rows to learn from")
        .Expected(fmt::format("at most {}", FormatCount(kMostRows)));
  }
  if (set.class_count > kMostClasses) {
    return Error(ErrorCode::kInvalidInput, fmt::format("{} classes", FormatCount(set.class_count)))
        .Expected(fmt::format("at most {}", FormatCount(kMostClasses)))
        .Try("another target: this one looks like an identifier");
  }
  SLIPWAY_RETURN_IF_ERROR(CheckValues(set.values));
  // A bin of these would mean nothing.
  const auto bad =
      std::ranges::find_if(set.features.values, [](float value) { return !std::isfinite(value); });
  if (bad == set.features.values.end()) return {};
  const int64_t index = bad - set.features.values.begin();
  return Error(
             ErrorCode::kInvalidInput,
             fmt::format("prepared column {} has a value that is not a finite number in its row {}",
                         index / set.features.rows + 1, index % set.features.rows + 1))
      .Try("handle_missing among the preprocessing steps");
}

Result<const TrainerFunctions*> OpenTrainers() {
  SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
  SLIPWAY_ASSIGN_OR_RETURN(const void* plugin, LoadPlugin(kTrainerPlugin, PluginFolders()));
  return static_cast<const TrainerFunctions*>(plugin);
}

Result<FittedModel> FitForest(const TrainingSet& set, const Json& hyperparameters,
                              const FitSettings& settings) {
  SLIPWAY_ASSIGN_OR_RETURN(const ForestOptions options, ParseForestOptions(hyperparameters));
  SLIPWAY_RETURN_IF_ERROR(CheckTrainingSet(set));
  SLIPWAY_ASSIGN_OR_RETURN(const ForestPlan plan, PlanForest(options, set.shape(), settings));
  SLIPWAY_ASSIGN_OR_RETURN(const TrainerFunctions* trainers, OpenTrainers());
  return trainers->fit_forest(set, plan);
}

Result<FittedModel> FitBoosting(const TrainingSet& set, const Json& hyperparameters,
                                const FitSettings& settings) {
  SLIPWAY_ASSIGN_OR_RETURN(const BoostingOptions options, ParseBoostingOptions(hyperparameters));
  SLIPWAY_RETURN_IF_ERROR(CheckTrainingSet(set));
  SLIPWAY_ASSIGN_OR_RETURN(const BoostingPlan plan, PlanBoosting(options, set.shape(), settings));
  SLIPWAY_ASSIGN_OR_RETURN(const TrainerFunctions* trainers, OpenTrainers());
  return trainers->fit_boosting(set, plan);
}

Result<FittedModel> FitLogistic(const TrainingSet& set, const Json& hyperparameters,
                                const FitSettings& settings) {
  SLIPWAY_ASSIGN_OR_RETURN(const LogisticOptions options, ParseLogisticOptions(hyperparameters));
  SLIPWAY_RETURN_IF_ERROR(CheckTrainingSet(set));
  const LogisticPlan plan = PlanLogistic(options, set.TotalWeight(), settings.threads);
  SLIPWAY_ASSIGN_OR_RETURN(const TrainerFunctions* trainers, OpenTrainers());
  return trainers->fit_logistic(set, plan);
}

template <auto kParse>
Result<FittedModel> FitLeastSquares(const TrainingSet& set, const Json& hyperparameters,
                                    const FitSettings& settings) {
  SLIPWAY_ASSIGN_OR_RETURN(const LeastSquaresOptions options, kParse(hyperparameters));
  SLIPWAY_RETURN_IF_ERROR(CheckTrainingSet(set));
  const LeastSquaresPlan plan = PlanLeastSquares(options, settings.threads);
  SLIPWAY_ASSIGN_OR_RETURN(const TrainerFunctions* trainers, OpenTrainers());
  return trainers->fit_least_squares(set, plan);
}

template <auto kParse>
Status Check(const Json& hyperparameters) {
  SLIPWAY_RETURN_IF_ERROR(kParse(hyperparameters));
  return {};
}

// A number to estimate is a task of its own.
enum class Tasks { kClasses, kNumbers, kBoth };

struct TableEntry {
  const char* model_type;
  Tasks tasks;
  bool in_rounds;            // Of which early stopping can leave some out.
  const char* search_space;  // JSON.
  const std::vector<HyperparameterDoc>& (*hyperparameters)();
  Status (*check)(const Json& hyperparameters);
  Result<FittedModel> (*fit)(const TrainingSet& set, const Json& hyperparameters,
                             const FitSettings& settings);
};

constexpr const char* kForestSpace = R"({
  "max_depth": [null, 6, 10, 15, 20],
  "min_samples_leaf": {"low": 1, "high": 20, "log": true},
  "max_features": ["sqrt", 0.3, 0.5, 0.8]
})";
constexpr const char* kBoostingSpace = R"({
  "learning_rate": {"low": 0.02, "high": 0.3, "log": true},
  "n_estimators": {"low": 50, "high": 400, "log": true},
  "max_depth": {"low": 2, "high": 8},
  "min_samples_leaf": {"low": 1, "high": 50, "log": true},
  "subsample": {"low": 0.5, "high": 1.0},
  "l2_regularization": {"low": 0.001, "high": 10.0, "log": true}
})";
constexpr const char* kLogisticSpace = R"({"C": {"low": 0.0001, "high": 1000.0, "log": true}})";
constexpr const char* kRidgeSpace = R"({"alpha": {"low": 0.0001, "high": 10000.0, "log": true}})";

constexpr std::array kTrainers = {
    TableEntry{"random_forest", Tasks::kBoth, true, kForestSpace, ForestHyperparameters,
               Check<ParseForestOptions>, FitForest},
    TableEntry{"gradient_boosting", Tasks::kBoth, true, kBoostingSpace, BoostingHyperparameters,
               Check<ParseBoostingOptions>, FitBoosting},
    TableEntry{"logistic_regression", Tasks::kClasses, false, kLogisticSpace,
               LogisticHyperparameters, Check<ParseLogisticOptions>, FitLogistic},
    TableEntry{"linear_regression", Tasks::kNumbers, false, "{}", LinearHyperparameters,
               Check<ParseLinearOptions>, FitLeastSquares<ParseLinearOptions>},
    TableEntry{"ridge", Tasks::kNumbers, false, kRidgeSpace, RidgeHyperparameters,
               Check<ParseRidgeOptions>, FitLeastSquares<ParseRidgeOptions>},
};

bool Learns(const TableEntry& entry, data::Task task) {
  if (entry.tasks == Tasks::kBoth) return true;
  return (task == data::Task::kRegression) == (entry.tasks == Tasks::kNumbers);
}

class TableTrainer : public Trainer {
 public:
  explicit TableTrainer(const TableEntry& entry) : entry_(entry) {}

  std::string name() const override { return entry_.model_type; }
  bool Learns(data::Task task) const override { return train::Learns(entry_, task); }
  std::vector<HyperparameterDoc> hyperparameters() const override {
    return entry_.hyperparameters();
  }
  Json search_space() const override { return Json::parse(entry_.search_space); }
  Status CheckHyperparameters(const Json& hyperparameters) const override {
    return entry_.check(hyperparameters);
  }
  Result<FittedModel> Fit(const TrainingSet& set, const Json& hyperparameters,
                          const FitSettings& settings) const override {
    FitSettings own = settings;
    if (own.threads <= 0) own.threads = AvailableCores();
    SLIPWAY_ASSIGN_OR_RETURN(FittedModel fitted, entry_.fit(set, hyperparameters, own));
    if (own.early_stopping && !entry_.in_rounds)
      fitted.notes.push_back("nothing to stop early: it does not learn in rounds");
    return fitted;
  }

 private:
  const TableEntry& entry_;  // Of kTrainers.
};

}  // namespace

std::vector<std::string> TrainerNames() {
  std::vector<std::string> names;
  for (const TableEntry& entry : kTrainers) names.emplace_back(entry.model_type);
  return names;
}

Status CheckLearns(const Trainer& trainer, data::Task task) {
  if (trainer.Learns(task)) return {};
  std::vector<std::string> others;
  for (const TableEntry& entry : kTrainers) {
    if (Learns(entry, task)) others.emplace_back(entry.model_type);
  }
  Location location;
  location.field = "model.model_type";
  const bool regression = task == data::Task::kRegression;
  return Error(ErrorCode::kInvalidInput,
               regression ? fmt::format("{} learns classes, and the target is a number to estimate",
                                        trainer.name())
                          : fmt::format("{} estimates numbers, and the target has classes",
                                        trainer.name()))
      .At(std::move(location))
      .Expected(JoinOr(others))
      .Try(fmt::format(
          "model.task: {}, if the target is one",
          data::ToString(regression ? data::Task::kClassification : data::Task::kRegression)));
}

Result<std::unique_ptr<Trainer>> MakeTrainer(const std::string& model_type) {
  for (const TableEntry& entry : kTrainers) {
    if (model_type == entry.model_type) return std::make_unique<TableTrainer>(entry);
  }
  Location location;
  location.field = "model.model_type";
  return Error(ErrorCode::kInvalidInput, fmt::format("there is no trainer '{}'", model_type))
      .At(std::move(location))
      .Expected(JoinOr(TrainerNames()))
      .Try(NearestName(model_type, TrainerNames()));
}

}  // namespace slipway::train
