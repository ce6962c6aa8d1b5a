// `slipway run`: the whole line for one environment.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/session.h"
#include "cli/value_text.h"
#include "core/text.h"
#include "pipeline/run.h"

namespace slipway::cli {
namespace {

struct RunCommandOptions {
  ConfigOptions config;
  std::string data_path;
  pipeline::RunOptions run;
};

void PrintEnding(const pipeline::Run& run, Session& session) {
  if (run.unchanged) {
    const Json& record = run.record;
    const std::string status = GetString(record, "status");
    const int64_t version = GetInteger(record, "version");
    std::string model = GetString(record, "model");
    if (version > 0) model += fmt::format(":{}", version);
    session.Print(fmt::format("{} nothing changed since run {} · {} · {}\n",
                              session.Paint("32", "="), run.run_id, Printable(model),
                              session.Paint(run.passed ? "32" : "31", Printable(status))));
  }
  session.Print(fmt::format("  report       {}   total {}\n", Printable(ShortPath(run.report_path)),
                            FormatSeconds(run.seconds)));
}

// What is wrong with the data, as errors are told: the summary has room for the first only.
void TellDataErrors(const Json& record, const std::string& source) {
  constexpr int kMost = 20;
  int told = 0;
  int more = 0;
  for (const Json& issue : record.value("issues", Json::array())) {
    if (GetString(issue, "severity") != "error") continue;
    if (++told > kMost) {
      ++more;
      continue;
    }
    Location location;
    location.file = source;
    const Error error =
        Error(ErrorCode::kInvalidInput, GetString(issue, "message")).At(std::move(location));
    fmt::print(stderr, "{}", error.Render());
  }
  if (more > 0) fmt::print(stderr, "error: {} more in the report\n", more);
}

Result<int> Run(const RunCommandOptions& options, Session& session) {
  config::LoadOptions load = ToLoadOptions(options.config);
  load.data_path = options.data_path;
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded, config::LoadConfig(load));
  const config::Config& config = loaded.config;
  if (!session.json) {
    const std::string label = config.version.empty() ? "" : " " + config.version;
    session.Print(session.Paint("1", Printable(config.project_name + label)) + " · " +
                  Printable(config.environment) + "\n");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const pipeline::Run run,
                           pipeline::RunLine(loaded, options.run, session.progress()));
  if (session.json) {
    Json record = run.record;
    record["report"] = PlainPath(run.report_path);
    record["unchanged"] = run.unchanged;
    session.PrintJson(record);
  } else {
    if (GetString(run.record, "failed_step") == "data")
      TellDataErrors(run.record, config::ShownDataPath(config));
    PrintEnding(run, session);
  }
  return run.passed ? kExitDone : kExitNo;
}

}  // namespace

void AddRunCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "run", "Validate, train, gate and register: the whole line for one environment");
  auto options = std::make_shared<RunCommandOptions>();
  AddConfigOptions(command, &options->config);
  command->add_option("--data", options->data_path, "Table to use in place of data.source_path")
      ->type_name("FILE");
  command->add_flag("--verify", options->run.verify,
                    "Hash source files again, even those unchanged by size, times and inode");
  command->add_flag("--no-cache", options->run.no_cache, "Do every step again");
  AddThreadsOption(command, &options->run.threads);
  AddExamples(command, R"(
    slipway run --env development --local
    slipway run --env staging --data data/new.parquet --set model.hyperparameters.n_estimators=50
    slipway run --env production --output json | tail -n 1)");
  command->callback([options, &session] { session.Finish(Run(*options, session)); });
}

}  // namespace slipway::cli
