#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "core/hash.h"
#include "core/text.h"
#include "data/select_rows.h"
#include "model/predictor.h"
#include "pipeline/graph_model_internal.h"
#include "pipeline/settings_check.h"
#include "train/command_trainer.h"
#include "train/train.h"

namespace slipway::pipeline {
namespace {

constexpr const char* kOnnx = "onnx";
constexpr const char* kCommand = "command";
constexpr const char* kPathKey = "model.onnx.path";
constexpr int kFinalModel = -1;

std::string GraphPath(const config::Config& config) {
  return JoinPath(config.project_directory, config.model.onnx.path);
}

// Where the graph comes from, as the configuration names it.
Error AtGraph(const RunState& state, std::string message) {
  const bool file = state.config().model.model_type == kOnnx;
  return Error(ErrorCode::kInvalidInput, std::move(message))
      .At(state.loaded.PositionOf(file ? kPathKey : "model.command.run"));
}

Status CheckInput(const RunState& state, const model::InputField& field) {
  if (std::ranges::find(state.features, field.name) == state.features.end()) {
    const std::string nearest = NearestName(field.name, state.features);
    return AtGraph(state, fmt::format("the graph's input '{}' is no feature", field.name))
        .Expected("inputs named as columns of the table that are features")
        .Try(nearest.empty() ? "" : fmt::format("naming it '{}'", nearest));
  }
  const bool text = field.type == data::ColumnType::kCategory;
  const bool column_text = state.table.Find(field.name)->type == data::ColumnType::kCategory;
  if (text == column_text) return {};
  return AtGraph(state,
                 fmt::format("the graph's input '{}' takes {}, and the column has {}", field.name,
                             text ? "text" : "numbers", column_text ? "text" : "numbers"))
      .Expected("inputs of the columns' types")
      .Try(text ? fmt::format("data.categorical_columns: [{}]", field.name)
                : "a graph that encodes the text itself");
}

Status CheckClasses(const RunState& state, const model::Predictor& predictor) {
  const bool regression = state.target.task == data::Task::kRegression;
  if (regression != predictor.classes().empty()) {
    return AtGraph(state, fmt::format("the graph gives {}, and '{}' is {}",
                                      regression ? "classes" : "a number", state.target.column,
                                      regression ? "a number to estimate" : "one of some classes"))
        .Expected(fmt::format("a graph for a {}", data::ToString(state.target.task)))
        .Try(regression ? "model.task: classification" : "model.task: regression");
  }
  const std::vector<std::string>& ours = state.target.labels;
  const std::vector<std::string>& theirs = predictor.classes();
  if (ours == theirs) return {};
  const bool order = std::ranges::is_permutation(ours, theirs);
  return AtGraph(state, fmt::format("the graph's {} [{}], and those of '{}' are [{}]",
                                    order ? "classes are in the order" : "classes are",
                                    Join(theirs, ", "), state.target.column, Join(ours, ", ")))
      .Expected("the target's labels, numbers in their order and texts in that of their bytes")
      .Try(order
               ? "a graph whose scores are in that order"
               : "the key classes in the graph's metadata (docs/models.md, \"Graphs of others\")");
}

// A graph that this run can evaluate.
Result<std::unique_ptr<model::Predictor>> Load(const RunState& state, const std::string& onnx) {
  auto predictor = model::LoadPredictor(onnx, state.features);
  if (!predictor.ok()) {
    return std::move(predictor).error().At(AtGraph(state, "").location());
  }
  for (const model::InputField& field : (*predictor)->inputs()) {
    SLIPWAY_RETURN_IF_ERROR(CheckInput(state, field));
  }
  SLIPWAY_RETURN_IF_ERROR(CheckClasses(state, **predictor));
  return predictor;
}

// The graph's inputs with what the training rows tell of them.
model::InputField Described(const RunState& state, model::InputField field) {
  const data::Column& column = *state.table.Find(field.name);
  const auto profile =
      std::ranges::find(state.training_profile.columns, field.name, &data::ColumnProfile::name);
  field.type = column.type;
  field.any_category = false;
  if (profile != state.training_profile.columns.end()) {
    field.integral = profile->integral;
    field.nullable = profile->missing > 0;
    field.min = profile->min;
    field.max = profile->max;
  }
  if (column.type != data::ColumnType::kCategory) return field;
  std::set<int32_t> used;
  for (const int64_t row : state.split.RowsOf(data::Part::kTrain)) {
    used.insert(column.codes[static_cast<size_t>(row)]);
  }
  used.erase(data::kMissingCode);
  field.categories.clear();
  for (const int32_t code : used) {
    field.categories.push_back(column.categories[static_cast<size_t>(code)]);
  }
  return field;
}

model::ModelSchema SchemaOf(const RunState& state, const model::Predictor& predictor) {
  model::ModelSchema schema = SchemaOfTarget(state);
  for (const model::InputField& field : predictor.inputs()) {
    schema.inputs.push_back(Described(state, field));
  }
  schema.integer_labels = predictor.integer_labels();
  return schema;
}

// Said once a run, so that nobody thinks that it was done.
void WarnOfWhatAGraphDoesItself(RunState& state) {
  const config::ModelConfig& model = state.config().model;
  const auto warn = [&](const char* key, const char* why) {
    state.progress.Warn(fmt::format("{}: {}", key, why));
  };
  if (!state.config().data.preprocessing_steps.empty()) {
    warn("data.preprocessing_steps", "not done: the graph takes the columns as they are");
  }
  if (model.model_type != kOnnx) return;
  if (model.training_config.cross_validation > 0) {
    warn("model.training_config.cross_validation", "skipped: a ready graph is not fitted");
  }
  if (model.training_config.hyperparameter_tuning) {
    warn("model.training_config.hyperparameter_tuning", "skipped: a ready graph has none");
  }
}

// What is kept under a program's digest must be made by the program that has it.
Status CheckProgramUnchanged(const RunState& state) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string now, DigestOfGraphSource(state.loaded, state.files));
  if (now == state.graph_digest) return {};
  return Error(ErrorCode::kConflict, "the files of its folder changed while the run went on")
      .At(AtGraph(state, "").location())
      .Try("again; or another folder for what the program writes itself");
}

// Rows of a program's fit. Both outlive the call.
struct GraphRows {
  std::span<const int64_t> train;
  std::span<const int64_t> validation;  // That it may look at.
};

// The graph that the program makes of the rows.
Result<std::string> FitGraph(RunState& state, const config::Config& config, const GraphRows& rows,
                             const std::string& name, int threads) {
  const std::string work =
      std::filesystem::absolute(JoinPath(state.directory, "command-" + name)).string();
  auto onnx = train::FitByCommand({config, state.table, state.features, state.target, rows.train,
                                   rows.validation, work, ModelSeed(config.model), threads},
                                  LocalProcessRunner(), state.files, [&](std::string_view line) {
                                    state.progress.Say("train", line);
                                  });
  // Nor is it kept that a trial failed which another program ran.
  const Status unchanged = CheckProgramUnchanged(state);
  if (onnx.ok()) {
    SLIPWAY_RETURN_IF_ERROR(unchanged);
    return onnx;
  }
  Error failure = Placed(std::move(onnx).error(), state.loaded);
  if (unchanged.ok() || failure.code() == ErrorCode::kInterrupted) return failure;
  return Error(unchanged.error()).CausedBy(std::move(failure));
}

// The fits of a program, one after another: each may use all cores.
class CommandFits {
 public:
  explicit CommandFits(RunState& state) : state_(state) {}

  // True where the cache had all of them.
  Result<bool> Run() {
    const int folds = state_.config().model.training_config.cross_validation;
    state_.folds.resize(static_cast<size_t>(folds));
    bool cached = true;
    for (int fold = kFinalModel; fold < folds; ++fold) {
      state_.progress.Advance("train", fold + 1, folds + 1, "fits");
      if (Take(fold)) continue;
      cached = false;
      SLIPWAY_RETURN_IF_ERROR(fold == kFinalModel ? FitFinal() : FitOne(fold));
    }
    return cached;
  }

 private:
  bool Take(int fold) {
    if (fold == kFinalModel) {
      std::optional<std::string> onnx = state_.cache.Get(state_.keys.train, "model.onnx");
      if (!onnx) return false;
      state_.onnx = *std::move(onnx);
      return true;
    }
    return TakeFold(state_, fold);
  }

  Status FitFinal() {
    const std::vector<int64_t> training = state_.split.RowsOf(data::Part::kTrain);
    const std::vector<int64_t> validation = state_.split.RowsOf(data::Part::kValidation);
    SLIPWAY_ASSIGN_OR_RETURN(
        state_.onnx,
        FitGraph(state_, state_.fit_config(), {training, validation}, "model", state_.threads));
    return state_.cache.Put(state_.keys.train, "model.onnx", state_.onnx);
  }

  Status FitOne(int fold) {
    SLIPWAY_ASSIGN_OR_RETURN(const train::FoldRows rows, train::RowsOfFold(state_.split, fold));
    SLIPWAY_ASSIGN_OR_RETURN(
        train::FoldResult result,
        FitGraphFold(state_, FitInputOf(state_, state_.fit_config(), state_.threads), rows, fold));
    return KeepFold(state_, std::move(result));
  }

  RunState& state_;
};

// The error of a key that `loaded` knows the place of.
Error AtKey(const config::LoadedConfig& loaded, const char* key, std::string message) {
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(loaded.PositionOf(key));
}

}  // namespace

bool ComesAsGraph(const config::ModelConfig& model) {
  return model.model_type == kOnnx || model.model_type == kCommand;
}

Status CheckGraphSettings(const config::LoadedConfig& loaded) {
  const config::ModelConfig& model = loaded.config.model;
  if (model.model_type == kCommand) {
    SLIPWAY_RETURN_IF_ERROR(train::CommandFolder(loaded.config, LocalFileSystem()));
    return {};
  }
  for (const auto& [name, value] : model.hyperparameters.items()) {
    if (name == "random_state") continue;  // The split's seed.
    return AtKey(loaded, "model.hyperparameters",
                 fmt::format("a ready graph has no '{}' to be told", name))
        .Expected("random_state or nothing");
  }
  const auto file = LocalFileSystem().Stat(GraphPath(loaded.config));
  if (file.ok() && !file->is_directory) return {};
  return AtKey(loaded, kPathKey, fmt::format("no file is at {}", GraphPath(loaded.config)))
      .Expected("an ONNX file, from the project's folder");
}

Result<std::string> DigestOfGraphSource(const config::LoadedConfig& loaded, FileSystem& files) {
  const config::Config& config = loaded.config;
  if (config.model.model_type == kOnnx) return DigestOfFile(GraphPath(config));
  if (config.model.model_type != kCommand) return std::string();
  SLIPWAY_ASSIGN_OR_RETURN(const std::string folder, train::CommandFolder(config, files));
  return train::DigestOfFolder(folder, files);
}

Result<train::FoldResult> FitGraphFold(RunState& state, const train::FitInput& input,
                                       const train::FoldRows& rows, int fold) {
  // Without folds a search scores the validation part, which the program must not see then.
  const bool scored = input.config.model.training_config.cross_validation == 0;
  const std::vector<int64_t> validation =
      scored ? std::vector<int64_t>() : state.split.RowsOf(data::Part::kValidation);
  SLIPWAY_ASSIGN_OR_RETURN(
      const std::string onnx,
      FitGraph(state, input.config, {rows.train, validation}, FoldName(fold), input.threads));
  SLIPWAY_ASSIGN_OR_RETURN(const auto predictor, Load(state, onnx));
  SLIPWAY_ASSIGN_OR_RETURN(
      const model::Predictions predictions,
      predictor->Predict(data::SelectRows(state.table, rows.test), input.threads));
  return train::ScoreFold(input, rows, fold, predictions);
}

Result<bool> MakeGraphModel(RunState& state) {
  WarnOfWhatAGraphDoesItself(state);
  bool cached = false;
  if (state.config().model.model_type == kOnnx) {
    SLIPWAY_ASSIGN_OR_RETURN(state.onnx, state.files.ReadFile(GraphPath(state.config())));
    if (DigestOf(state.onnx) != state.graph_digest) {
      return Error(ErrorCode::kConflict, "the file changed while the run went on")
          .At(AtGraph(state, "").location())
          .Try("again");
    }
  } else {
    SLIPWAY_ASSIGN_OR_RETURN(cached, CommandFits(state).Run());
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto predictor, Load(state, state.onnx));
  state.schema = SchemaOf(state, *predictor);
  state.notes.push_back(
      fmt::format("{} graph, run by {}", FormatBytes(std::ssize(state.onnx)), predictor->engine()));
  return cached;
}

}  // namespace slipway::pipeline
