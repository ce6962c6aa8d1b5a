// `slipway data validate`: whether a configuration's table is fit to learn from.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/data_options.h"
#include "cli/data_reports.h"
#include "cli/table.h"
#include "core/clock.h"
#include "core/text.h"
#include "pipeline/data_check.h"
#include "pipeline/profile_source.h"

namespace slipway::cli {
namespace {

struct ValidateOptions {
  ConfigOptions config;
  std::string path;  // A table without a configuration.
  std::string data_path;
  std::string schema;
  std::string target;
  std::string fail_on = "error";
  ReadingOptions reading;  // Of `path`.
  std::vector<std::string> reports;
};

// "row 3: 'n/a', row 9: missing".
std::string ExamplesText(const data::Issue& issue) {
  constexpr size_t kShown = 3;
  std::vector<std::string> parts;
  for (const data::Example& example : issue.examples) {
    if (parts.size() == kShown) break;
    parts.push_back(fmt::format("row {}: {}", FormatCount(example.row),
                                example.missing ? "missing" : "'" + example.value + "'"));
  }
  return Join(parts, ", ");
}

void PrintIssues(const std::string& path, const data::DatasetReport& report, double seconds,
                 Session& session) {
  std::vector<Row> table = {{{""}, {"KIND"}, {"issue"}, {"examples"}}};
  int64_t errors = 0;
  for (const data::Issue& issue : report.issues) {
    const bool error = issue.severity == data::Severity::kError;
    errors += error ? 1 : 0;
    table.push_back({{error ? "✗" : "!", error ? "31" : "33"},
                     {issue.kind},
                     {issue.message},
                     {ExamplesText(issue)}});
  }
  if (!report.issues.empty()) session.Print(Table(table, session));
  session.Print(fmt::format(
      "{} · {} · {} × {} · {}, {}   {}\n",
      session.Paint(report.passed ? "32" : "31", report.passed ? "passed" : "failed"), path,
      Plural(report.rows, "row", "rows"), Plural(report.columns, "column", "columns"),
      Plural(errors, "error", "errors"),
      Plural(std::ssize(report.issues) - errors, "warning", "warnings"), FormatSeconds(seconds)));
}

// The configuration that is asked for, or one that says nothing but what the command line does.
Result<config::Config> ConfigFor(const ValidateOptions& options) {
  if (!options.path.empty()) {
    config::Config config;
    config.project_directory = ".";
    config.data.source_path = options.path;
    const ReadingOptions& reading = options.reading;
    config.data.format = reading.format;
    config.data.decimal = reading.decimal;
    config.data.query = reading.query;
    config.data.missing_values = reading.missing_values;
    config.data.schema = options.schema;
    config.data.target_column = options.target;
    return config;
  }
  config::LoadOptions load = ToLoadOptions(options.config);
  load.data_path = options.data_path;
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded, config::LoadConfig(load));
  SLIPWAY_RETURN_IF_ERROR(config::CheckDataSource(loaded));
  config::Config config = loaded.config;
  if (!options.schema.empty()) {
    // From where the command is called, as every path of a command line.
    config.data.schema = std::filesystem::absolute(options.schema).string();
  }
  if (!options.target.empty()) config.data.target_column = options.target;
  return config;
}

Result<int> Validate(const ValidateOptions& options, Session& session) {
  const Stopwatch watch;
  SLIPWAY_ASSIGN_OR_RETURN(const config::Config config, ConfigFor(options));
  SLIPWAY_ASSIGN_OR_RETURN(const std::optional<config::TableSchema> schema,
                           pipeline::LoadSchema(config));
  const std::string path = options.path.empty() ? config::DataPath(config) : options.path;
  if (pipeline::IsStoredProfile(path, config.data.format)) {
    Location location;
    location.file = path;
    return Error(ErrorCode::kInvalidInput, "this is a profile that was saved: it has no rows")
        .At(std::move(location))
        .Expected("a table");
  }
  const pipeline::Rules rules{config.data, schema ? &*schema : nullptr};
  SLIPWAY_ASSIGN_OR_RETURN(
      const pipeline::CheckedSource checked,
      pipeline::CheckSource(rules, path, options.reading.threads, SilentProgress()));
  // One that the command line names must be there; that of a configuration is a check of the table.
  SLIPWAY_RETURN_IF_ERROR(CheckTarget(options.target, checked.profile));
  const data::DatasetReport& report = checked.report;
  SLIPWAY_RETURN_IF_ERROR(WriteVerdictReports(options.reports, path, report,
                                              checked.profile.repeated, config.data.target_column));
  if (session.json) {
    Json json = data::ToJson(report);
    json.erase("profiles");
    session.PrintJson(json);
  } else {
    PrintIssues(data::ShownSource(path), report, watch.seconds(), session);
  }
  const bool bad = options.fail_on == "warning" ? !report.issues.empty() : !report.passed;
  return bad && options.fail_on != "never" ? kExitNo : kExitDone;
}

}  // namespace

void AddDataValidate(CLI::App* data, Session& session) {
  CLI::App* validate = data->add_subcommand(
      "validate",
      "Whether a table is fit to learn from, by the rules of a configuration, as a run "
      "would ask, or by a schema");
  auto options = std::make_shared<ValidateOptions>();
  validate->add_option("file", options->path, "A table to check without a configuration")
      ->type_name("FILE");
  AddConfigOptions(validate, &options->config);
  validate->add_option("--data", options->data_path, "Table to use in place of data.source_path")
      ->type_name("FILE");
  validate->add_option("--schema", options->schema, "Schema to check by (default: data.schema)")
      ->type_name("FILE.yaml");
  validate->add_option("--target", options->target, "The column to predict")->type_name("NAME");
  validate
      ->add_option("--fail-on", options->fail_on, "Exit code 1 from this on: warning, error, never")
      ->check(CLI::IsMember({"warning", "error", "never"}))
      ->type_name("SEVERITY")
      ->capture_default_str();
  validate->get_option("--data")->excludes(validate->get_option("file"));
  AddReportOption(validate, &options->reports);
  AddReadingOptions(validate, &options->reading);
  for (const char* name : {"--missing-values", "--format", "--decimal", "--query"}) {
    validate->get_option(name)->needs(validate->get_option("file"));
  }
  for (const char* name : {"--config", "--env", "--set"}) {
    validate->get_option(name)->excludes(validate->get_option("file"));
  }
  AddExamples(validate,
              "slipway data validate --env production\n"
              "slipway data validate --data data/new.csv --fail-on warning --output json\n"
              "slipway data validate data/new.csv --schema configs/schema.yaml --target churn");
  validate->callback([=, &session] { session.Finish(Validate(*options, session)); });
}

}  // namespace slipway::cli
