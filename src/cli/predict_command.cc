// `slipway predict`: a registered model, or one in a directory, on a file of rows.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "cli/registry_options.h"
#include "cli/session.h"
#include "cli/warnings.h"
#include "core/clock.h"
#include "core/text.h"
#include "pipeline/predict.h"

namespace slipway::cli {
namespace {

struct PredictCommandOptions {
  std::string reference;
  std::string output_path;
  std::vector<std::string> features;
  RegistryOptions registry;
  pipeline::PredictOptions predict;
};

void Report(const PredictCommandOptions& options, const pipeline::ChosenModel& chosen,
            const pipeline::PredictedFile& predicted, double seconds, Session& session) {
  if (session.json) {
    Json json = {{"model", chosen.name},
                 {"version", chosen.version},
                 {"digest", chosen.model.digest},
                 {"rows", predicted.rows},
                 {"output_file", options.output_path},
                 {"seconds", seconds}};
    if (!predicted.unknown.empty()) {
      json["unknown_categories"] = pipeline::ToJson(predicted.unknown);
    }
    session.PrintJson(json);
    return;
  }
  std::string name = chosen.name;
  if (!chosen.version.empty()) name += ":" + chosen.version;
  session.Print(fmt::format("{} {} by {} in {}   {}\n", session.Paint("32", "✓"),
                            Plural(predicted.rows, "row", "rows"), name, FormatSeconds(seconds),
                            options.output_path));
}

Result<int> Predict(const PredictCommandOptions& options, Session& session) {
  const Stopwatch watch;
  if (!options.output_path.empty()) {
    SLIPWAY_RETURN_IF_ERROR(pipeline::CheckOutputPath(options.output_path));
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::string registry,
                           RegistryOf({options.reference}, options.registry, session));
  SLIPWAY_ASSIGN_OR_RETURN(const pipeline::ChosenModel chosen,
                           pipeline::ChooseModel(options.reference, registry, options.features));
  Warnings warnings(session);
  if (!options.output_path.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(
        const pipeline::PredictedFile predicted,
        pipeline::PredictToFile(chosen.model, options.predict, options.output_path, warnings));
    Report(options, chosen, predicted, watch.seconds(), session);
  } else if (session.json) {
    SLIPWAY_ASSIGN_OR_RETURN(const pipeline::PredictedRows rows,
                             pipeline::PredictFile(chosen.model, options.predict, warnings));
    session.PrintJson(pipeline::ToJson(rows, chosen));
  } else {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string csv,
                             pipeline::PredictToCsv(chosen.model, options.predict, warnings));
    session.Print(csv);
  }
  return kExitDone;
}

}  // namespace

void AddPredictCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "predict", "Predict each row of a file; CSV on standard output unless a file is named");
  auto options = std::make_shared<PredictCommandOptions>();
  command
      ->add_option("MODEL", options->reference,
                   "NAME, NAME:7, NAME@production, sha256:…, a directory or an ONNX file")
      ->required();
  command
      ->add_option("--input", options->predict.input_path,
                   "Rows to predict: a table's file, pattern, folder or URI")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--output-file", options->output_path,
                   "Where predictions go, by its ending: .csv, .parquet or .jsonl")
      ->type_name("FILE");
  command
      ->add_option("--id-columns", options->predict.id_columns,
                   "Columns of the input to copy before the predictions")
      ->type_name("NAME,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option(
          "--feature-columns", options->features,
          "Columns of the input, in order, for an ONNX file that takes one matrix and does "
          "not name them")
      ->type_name("NAME,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  AddThreadsOption(command, &options->predict.threads);
  AddRegistryOptions(command, &options->registry);
  AddExamples(command, R"(
    slipway predict ml-classifier@production --input new.csv
    slipway predict ml-classifier:3 --input new.parquet --output-file scores.parquet --id-columns id
    slipway predict ./model --input new.csv --output json
    slipway predict iris.onnx --input new.csv --feature-columns length,width)");
  command->callback([options, &session] { session.Finish(Predict(*options, session)); });
}

}  // namespace slipway::cli
