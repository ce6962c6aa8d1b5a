#include "train/command_trainer.h"

#include <fmt/format.h>

#include <sstream>

#include "config/quantity.h"
#include "core/hash.h"
#include "core/json.h"
#include "data/parquet_writer.h"
#include "data/select_rows.h"

namespace slipway::train {
namespace {

constexpr const char* kRunKey = "model.command.run";

Error AtRun(ErrorCode code, std::string message) {
  Location location;
  location.field = kRunKey;
  return Error(code, std::move(message)).At(std::move(location));
}

// Features, target and weight of these rows.
Status WriteRows(const CommandFit& fit, std::span<const int64_t> rows, const std::string& path) {
  data::Table chosen;
  chosen.rows = fit.table.rows;
  for (const std::string& feature : fit.features)
    chosen.columns.push_back(*fit.table.Find(feature));
  chosen.columns.push_back(*fit.table.Find(fit.target.column));
  const std::string& weight = fit.config.data.weight_column;
  if (!weight.empty()) chosen.columns.push_back(*fit.table.Find(weight));
  return data::WriteParquet(path, data::SelectRows(chosen, rows));
}

std::map<std::string, std::string> Variables(const CommandFit& fit, const std::string& output) {
  const Json labels = fit.target.labels;
  return {{"SLIPWAY_TRAIN", JoinPath(fit.work, "train.parquet")},
          {"SLIPWAY_VALIDATION",
           fit.validation_rows.empty() ? "" : JoinPath(fit.work, "validation.parquet")},
          {"SLIPWAY_OUTPUT", output},
          {"SLIPWAY_TARGET", fit.target.column},
          {"SLIPWAY_WEIGHT", fit.config.data.weight_column},
          {"SLIPWAY_FEATURES", CompactJson(fit.features)},
          {"SLIPWAY_TASK", data::ToString(fit.target.task)},
          {"SLIPWAY_CLASSES", CompactJson(labels)},
          {"SLIPWAY_HYPERPARAMETERS", CompactJson(fit.config.model.hyperparameters)},
          {"SLIPWAY_SEED", std::to_string(fit.seed)},
          {"SLIPWAY_THREADS", std::to_string(fit.threads)}};
}

// What it said last, as most programs say there why they failed.
Error Failed(const std::string& how, const std::string& last_line) {
  std::string message = "the program " + how;
  if (!last_line.empty()) message += fmt::format(", and said last: {}", last_line);
  return AtRun(ErrorCode::kInvalidInput, std::move(message))
      .Try("the lines of `train` in .slipway/last-failed.log");
}

Status RunProgram(const CommandFit& fit, const std::string& output, ProcessRunner& runner,
                  const std::function<void(std::string_view line)>& say) {
  const config::CommandTrainer& command = fit.config.model.command;
  std::string last_line;
  ProcessOptions options;
  options.command = command.run;
  options.directory = fit.config.project_directory;
  options.environment = Variables(fit, output);
  options.timeout_seconds = command.timeout_seconds;
  options.memory_bytes = static_cast<int64_t>(config::ParseQuantity(command.memory).value_or(0));
  options.output = [&](std::string_view line) {
    last_line = line;
    say(line);
  };
  const auto ended = runner.Run(options);
  if (!ended.ok() && ended.error().code() == ErrorCode::kTimeout) {
    return AtRun(ErrorCode::kTimeout, ended.error().message())
        .Try("a longer model.command.timeout_seconds");
  }
  if (!ended.ok()) return ended.error();
  const std::string memory =
      command.memory.empty() ? "" : fmt::format(" (model.command.memory is {})", command.memory);
  if (ended->exit_code < 0)
    return Failed(fmt::format("was ended by signal {}{}", ended->signal, memory), last_line);
  if (ended->exit_code > 0)
    return Failed(fmt::format("ended with exit code {}{}", ended->exit_code, memory), last_line);
  return {};
}

// Relative names of the files below `folder`, sorted within each folder.
Status ListFiles(const std::string& folder, const std::string& inside, FileSystem& files,
                 std::vector<std::string>* found) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           files.List(JoinPath(folder, inside)));
  for (const std::string& name : names) {
    if (name.starts_with('.') || name == "__pycache__" || name.ends_with(".pyc")) continue;
    const std::string path = JoinPath(inside, name);
    SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(JoinPath(folder, path)));
    if (stat.is_directory) {
      SLIPWAY_RETURN_IF_ERROR(ListFiles(folder, path, files, found));
    } else {
      found->push_back(path);
    }
  }
  return {};
}

// What the program makes of its rows, in a folder that is not there yet.
Result<std::string> FitInFolder(const CommandFit& fit, ProcessRunner& runner, FileSystem& files,
                                const std::function<void(std::string_view line)>& say) {
  const std::string output = JoinPath(fit.work, "output");
  SLIPWAY_RETURN_IF_ERROR(files.CreateDirectories(output));
  SLIPWAY_RETURN_IF_ERROR(WriteRows(fit, fit.train_rows, JoinPath(fit.work, "train.parquet")));
  if (!fit.validation_rows.empty()) {
    SLIPWAY_RETURN_IF_ERROR(
        WriteRows(fit, fit.validation_rows, JoinPath(fit.work, "validation.parquet")));
  }
  SLIPWAY_RETURN_IF_ERROR(RunProgram(fit, output, runner, say));
  const std::string path = JoinPath(output, "model.onnx");
  if (!files.Exists(path)) {
    return AtRun(ErrorCode::kInvalidInput, "the program ended well and wrote no model.onnx")
        .Expected("the file model.onnx in the folder that SLIPWAY_OUTPUT names");
  }
  return files.ReadFile(path);
}

}  // namespace

Result<std::string> FitByCommand(const CommandFit& fit, ProcessRunner& runner, FileSystem& files,
                                 const std::function<void(std::string_view line)>& say) {
  // The graph of another fit must not pass for this one's.
  SLIPWAY_RETURN_IF_ERROR(files.RemoveTree(fit.work));
  Result<std::string> onnx = FitInFolder(fit, runner, files, say);
  const Status removed = files.RemoveTree(fit.work);
  if (onnx.ok() && !removed.ok()) return removed.error();
  return onnx;
}

Result<std::string> CommandFolder(const config::Config& config, FileSystem& files) {
  const config::CommandTrainer& command = config.model.command;
  if (!command.folder.empty()) return JoinPath(config.project_directory, command.folder);
  std::istringstream words(command.run);
  std::string found;
  for (std::string word; words >> word;) {
    const auto stat = files.Stat(JoinPath(config.project_directory, word));
    if (word.starts_with('/') || !stat.ok() || stat->is_directory) continue;
    const std::string folder = DirectoryOf(word);
    if (folder == "." || folder == found) continue;
    if (!found.empty()) {
      return AtRun(ErrorCode::kInvalidInput,
                   fmt::format("its words are files in two folders, '{}' and '{}', so that it is "
                               "not known which of them the model is made by",
                               found, folder))
          .Expected("the program and what it reads in one folder")
          .Try("model.command.folder");
    }
    found = folder;
  }
  if (!found.empty()) return JoinPath(config.project_directory, found);
  return AtRun(ErrorCode::kInvalidInput,
               "no word of it is a file in a folder of the project, so that it is not known what "
               "the model is made by")
      .Expected("the program in a folder of its own, such as python3 training/train.py")
      .Try("model.command.folder");
}

Result<std::string> DigestOfFolder(const std::string& folder, FileSystem& files) {
  std::vector<std::string> names;
  SLIPWAY_RETURN_IF_ERROR(ListFiles(folder, "", files, &names));
  Sha256 hash;
  for (const std::string& name : names) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string bytes, files.ReadFile(JoinPath(folder, name)));
    hash.UpdateField(name);
    hash.UpdateField(bytes);
  }
  return "sha256:" + hash.FinishHex();
}

}  // namespace slipway::train
