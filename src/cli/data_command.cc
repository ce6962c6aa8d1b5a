// `slipway data …`: the commands on tables, and what they share.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/data_options.h"
#include "core/text.h"

namespace slipway::cli {

void AddReadingOptions(CLI::App* command, ReadingOptions* options) {
  command
      ->add_option("--missing-values", options->missing_values,
                   "Texts that stand for a missing value, besides the empty one")
      ->delimiter(',')
      ->type_name("TEXT,...")
      ->capture_default_str();
  command->add_option("--format", options->format, "How files are written")
      ->check(CLI::IsMember({"auto", "csv", "tsv", "jsonl", "parquet", "arrow"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  command
      ->add_option("--decimal", options->decimal,
                   "What stands before the decimals of numbers in CSV and TSV")
      ->check(CLI::IsMember({".", ","}))
      ->type_name("MARK")
      ->capture_default_str();
  command
      ->add_option("--query", options->query,
                   "Rows to read of a database: SQL, where postgresql://… names no table")
      ->type_name("SQL");
  AddThreadsOption(command, &options->threads);
}

void AddColumnsOption(CLI::App* command, ReadingOptions* options) {
  command->add_option("--columns", options->columns, "Only these (default: all)")
      ->delimiter(',')
      ->type_name("NAME,...");
}

Status CheckTarget(const std::string& target, const data::TableProfile& profile) {
  if (target.empty()) return {};
  std::vector<std::string> names;
  for (const data::ColumnProfile& column : profile.columns) names.push_back(column.name);
  if (std::ranges::find(names, target) != names.end()) return {};
  Location location;
  location.field = "--target";
  return Error(ErrorCode::kInvalidInput, fmt::format("there is no column '{}'", target))
      .At(std::move(location))
      .Try(NearestName(target, names));
}

data::ReadOptions ToReadOptions(const ReadingOptions& options) {
  data::ReadOptions read;
  read.missing_values = options.missing_values;
  read.format = options.format;
  read.decimal_comma = options.decimal == ",";
  read.query = options.query;
  read.threads = options.threads;
  return read;
}

void WarnOfIssues(const std::string& path, const std::vector<data::Issue>& issues,
                  Session& session) {
  for (const data::Issue& issue : issues)
    session.Warn(data::ShownSource(path) + ": " + issue.message);
}

void AddDataCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("data", "Profile and validate tables, and find drift between them");
  command->require_subcommand(1);
  AddExamples(command,
              "slipway data profile data/train.csv\nslipway data validate --env development\n"
              "slipway data drift data/train.csv new.csv");
  AddDataProfile(command, session);
  AddDataSchema(command, session);
  AddDataValidate(command, session);
  AddDataDrift(command, session);
  AddDataSample(command, session);
  AddDataSnapshot(command, session);
}

}  // namespace slipway::cli
