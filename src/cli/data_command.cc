// `slipway data profile|validate|drift`: what a table holds, whether it is fit to learn from, and
// whether a new one differs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>

#include "cli/session.h"
#include "cli/table.h"
#include "core/clock.h"
#include "core/text.h"
#include "data/drift.h"
#include "data/profile.h"
#include "data/reader.h"
#include "pipeline/data_check.h"

namespace slipway::cli {
namespace {

constexpr bool kRight = true;

struct ReadingOptions {
  std::vector<std::string> missing_values = data::ReadOptions().missing_values;
  std::vector<std::string> columns;
  int threads = 0;
};

void AddReadingOptions(CLI::App* command, ReadingOptions* options) {
  command
      ->add_option("--missing-values", options->missing_values,
                   "Texts that stand for a missing value, besides the empty one")
      ->delimiter(',')
      ->type_name("TEXT,...")
      ->capture_default_str();
  command->add_option("--columns", options->columns, "Only these (default: all)")
      ->delimiter(',')
      ->type_name("NAME,...");
  AddThreadsOption(command, &options->threads);
}

// `columns` only, or all where it is empty. Values that can't be read count as missing, and are
// told.
Result<data::Table> Read(const std::string& path, const ReadingOptions& options,
                         const std::vector<std::string>& columns, Session& session) {
  data::ReadOptions read;
  read.columns = columns;
  read.missing_values = options.missing_values;
  read.threads = options.threads;
  SLIPWAY_ASSIGN_OR_RETURN(data::ReadResult result, data::ReadTable(path, read));
  for (const data::Issue& issue : result.issues) session.Warn(path + ": " + issue.message);
  if (result.table.rows > 0) return std::move(result.table);
  Location location;
  location.file = path;
  return Error(ErrorCode::kInvalidInput, "no rows").At(std::move(location));
}

std::string NumberText(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : "–";
}

// "min / median / max" of numbers, the most frequent of categories.
std::string ValuesText(const data::ColumnProfile& column) {
  if (column.count == column.missing) return "–";
  if (column.type == data::ColumnType::kCategory) {
    std::vector<std::string> parts;
    constexpr size_t kShown = 3;
    for (size_t i = 0; i < std::min(kShown, column.top.size()); ++i) {
      const double share = static_cast<double>(column.top[i].count) /
                           static_cast<double>(column.count - column.missing);
      parts.push_back(fmt::format("{} {:.0f} %", column.top[i].value, 100 * share));
    }
    return Join(parts, " · ");
  }
  if (column.quantiles.empty()) return "–";
  const double median = column.quantiles[column.quantiles.size() / 2];
  return fmt::format("{} … {} … {}", NumberText(column.min), NumberText(median),
                     NumberText(column.max));
}

void PrintProfile(const std::string& path, int64_t rows,
                  const std::vector<data::ColumnProfile>& columns, double seconds,
                  Session& session) {
  session.Print(
      fmt::format("{}   {} × {}   {}\n", session.Paint("1", path), Plural(rows, "row", "rows"),
                  Plural(std::ssize(columns), "column", "columns"), FormatSeconds(seconds)));
  std::vector<Row> table = {{{"COLUMN"},
                             {"type"},
                             {"missing", "", kRight},
                             {"distinct", "", kRight},
                             {"mean", "", kRight},
                             {"deviation", "", kRight},
                             {"min … median … max, or most frequent"}}};
  for (const data::ColumnProfile& column : columns) {
    const auto present = static_cast<double>(column.count - column.missing);
    const bool numeric = column.type == data::ColumnType::kNumeric && present > 0;
    table.push_back(
        {{column.name},
         {data::ToString(column.type)},
         {fmt::format("{:.1f} %", 100 * static_cast<double>(column.missing) /
                                      static_cast<double>(std::max<int64_t>(column.count, 1))),
          column.missing > 0 ? "33" : "", kRight},
         {FormatCount(column.distinct), "", kRight},
         {numeric ? NumberText(column.mean) : "", "", kRight},
         {numeric ? NumberText(std::sqrt(column.m2 / present)) : "", "", kRight},
         {ValuesText(column)}});
  }
  session.Print(Table(table, session));
}

Result<int> Profile(const std::string& path, const ReadingOptions& options, Session& session) {
  const Stopwatch watch;
  SLIPWAY_ASSIGN_OR_RETURN(const data::Table table, Read(path, options, options.columns, session));
  const std::vector<data::ColumnProfile> columns = data::ProfileTable(table, options.threads);
  if (!session.json) {
    PrintProfile(path, table.rows, columns, watch.seconds(), session);
    return kExitDone;
  }
  Json list = Json::array();
  for (const data::ColumnProfile& column : columns) list.push_back(data::ToJson(column));
  session.PrintJson({{"rows", table.rows}, {"columns", std::move(list)}});
  return kExitDone;
}

struct ValidateOptions {
  ConfigOptions config;
  std::string data_path;
  std::string fail_on = "error";
  int threads = 0;
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

Result<int> Validate(const ValidateOptions& options, Session& session) {
  const Stopwatch watch;
  config::LoadOptions load = ToLoadOptions(options.config);
  load.data_path = options.data_path;
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded, config::LoadConfig(load));
  SLIPWAY_RETURN_IF_ERROR(config::CheckDataSource(loaded));
  const std::string path = config::DataPath(loaded.config);
  SLIPWAY_ASSIGN_OR_RETURN(
      const pipeline::CheckedTable checked,
      pipeline::ReadAndCheck(loaded.config.data, path, options.threads, SilentProgress()));
  const data::DatasetReport& report = checked.report;
  if (session.json) {
    Json json = data::ToJson(report);
    json.erase("profiles");
    session.PrintJson(json);
  } else {
    PrintIssues(path, report, watch.seconds(), session);
  }
  const bool bad = options.fail_on == "warning" ? !report.issues.empty() : !report.passed;
  return bad && options.fail_on != "never" ? kExitNo : kExitDone;
}

struct DriftCommandOptions {
  std::string reference, current;
  ReadingOptions reading;
  data::DriftOptions drift;
  bool fail_on_drift = false;
};

void PrintDrift(const data::DriftReport& report, double seconds, Session& session) {
  std::vector<Row> table = {{{""}, {"COLUMN"}, {"type"}, {"reason"}}};
  // What drifted first, each in the order of the table.
  for (const bool drifted : {true, false}) {
    for (const data::ColumnDrift& column : report.columns) {
      if (column.drifted != drifted) continue;
      table.push_back({{drifted ? "✗" : "✓", drifted ? "31" : "32"},
                       {column.column},
                       {data::ToString(column.type)},
                       {column.reason}});
    }
  }
  session.Print(Table(table, session));
  const std::vector<std::string> features = report.DriftedFeatures();
  const std::string verdict =
      features.empty() ? session.Paint("32", "no drift")
                       : session.Paint("31", fmt::format("{} of {} columns drifted",
                                                         features.size(), report.columns.size()));
  session.Print(fmt::format("{} · {} against {}   {}\n", verdict,
                            Plural(report.current_rows, "row", "rows"),
                            Plural(report.reference_rows, "row", "rows"), FormatSeconds(seconds)));
}

Result<int> Drift(const DriftCommandOptions& options, Session& session) {
  const Stopwatch watch;
  // All columns, as one of the two tables may lack those that are asked for.
  SLIPWAY_ASSIGN_OR_RETURN(const data::Table reference,
                           Read(options.reference, options.reading, {}, session));
  SLIPWAY_ASSIGN_OR_RETURN(const data::Table current,
                           Read(options.current, options.reading, {}, session));
  data::DriftOptions drift = options.drift;
  drift.columns = options.reading.columns;
  drift.threads = options.reading.threads;
  SLIPWAY_ASSIGN_OR_RETURN(const data::DriftReport report,
                           data::FindDrift(reference, current, drift));
  if (session.json) {
    session.PrintJson(data::ToJson(report));
  } else {
    PrintDrift(report, watch.seconds(), session);
  }
  return report.drift_detected && options.fail_on_drift ? kExitNo : kExitDone;
}

void AddProfile(CLI::App* command, Session& session) {
  CLI::App* profile = command->add_subcommand("profile", "What each column of a table holds");
  auto path = std::make_shared<std::string>();
  auto options = std::make_shared<ReadingOptions>();
  profile->add_option("file", *path, "CSV, TSV or Parquet")->required()->type_name("FILE");
  AddReadingOptions(profile, options.get());
  AddExamples(profile,
              "slipway data profile data/train.csv\n"
              "slipway data profile data/train.parquet --columns age,income --output json");
  profile->callback([=, &session] { session.Finish(Profile(*path, *options, session)); });
}

void AddValidate(CLI::App* command, Session& session) {
  CLI::App* validate = command->add_subcommand(
      "validate", "Whether a configuration's table is fit to learn from, as a run would ask");
  auto options = std::make_shared<ValidateOptions>();
  AddConfigOptions(validate, &options->config);
  validate->add_option("--data", options->data_path, "Table to use in place of data.source_path")
      ->type_name("FILE");
  validate
      ->add_option("--fail-on", options->fail_on, "Exit code 1 from this on: warning, error, never")
      ->check(CLI::IsMember({"warning", "error", "never"}))
      ->type_name("SEVERITY")
      ->capture_default_str();
  AddThreadsOption(validate, &options->threads);
  AddExamples(validate,
              "slipway data validate --env production\n"
              "slipway data validate --data data/new.csv --fail-on warning --output json");
  validate->callback([=, &session] { session.Finish(Validate(*options, session)); });
}

void AddDrift(CLI::App* command, Session& session) {
  CLI::App* drift = command->add_subcommand(
      "drift", "Whether new data differs from reference data, significantly and enough to matter");
  auto options = std::make_shared<DriftCommandOptions>();
  drift->add_option("reference", options->reference, "What the model was trained on")
      ->required()
      ->type_name("REFERENCE");
  drift->add_option("current", options->current, "What it meets now")
      ->required()
      ->type_name("CURRENT");
  drift
      ->add_option("--alpha", options->drift.alpha,
                   "Share of false alarms among columns that is put up with")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE")
      ->capture_default_str();
  drift
      ->add_option("--min-effect", options->drift.min_effect,
                   "Smaller differences are no drift, in standard deviations of a number; for "
                   "categories 0.3 of that, as a share of rows")
      ->check(CLI::Range(0.0, 1000.0))
      ->type_name("X")
      ->capture_default_str();
  drift->add_flag("--fail-on-drift", options->fail_on_drift, "Exit code 1 where there is drift");
  AddReadingOptions(drift, &options->reading);
  AddExamples(drift,
              "slipway data drift data/train.csv data/today.csv\n"
              "slipway data drift data/train.csv data/today.parquet --fail-on-drift --output json");
  drift->callback([=, &session] { session.Finish(Drift(*options, session)); });
}

}  // namespace

void AddDataCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("data", "Profile and validate tables, and find drift between them");
  command->require_subcommand(1);
  AddExamples(command,
              "slipway data profile data/train.csv\nslipway data validate --env development\n"
              "slipway data drift data/train.csv new.csv");
  AddProfile(command, session);
  AddValidate(command, session);
  AddDrift(command, session);
}

}  // namespace slipway::cli
