// `slipway data sample`: some rows of a table, drawn at random.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/data_options.h"
#include "pipeline/table_sample.h"

namespace slipway::cli {
namespace {

struct SampleCommandOptions {
  std::string path;
  ReadingOptions reading;
  pipeline::SampleOptions sample;
  std::string save;
};

Result<int> Sample(const SampleCommandOptions& options, Session& session) {
  if (!options.save.empty()) SLIPWAY_RETURN_IF_ERROR(pipeline::CheckSamplePath(options.save));
  data::ReadOptions read = ToReadOptions(options.reading);
  read.columns = options.reading.columns;
  SLIPWAY_ASSIGN_OR_RETURN(const pipeline::TableSample sample,
                           pipeline::SampleTable(options.path, read, options.sample));
  WarnOfIssues(options.path, sample.issues, session);
  if (!options.save.empty()) {
    SLIPWAY_RETURN_IF_ERROR(pipeline::WriteSample(options.save, sample.table));
    return kExitDone;
  }
  if (session.json) {
    for (const Json& row : pipeline::RowsToJson(sample.table)) session.PrintJson(row);
  } else {
    session.Print(pipeline::TableToCsv(sample.table));
  }
  return kExitDone;
}

}  // namespace

void AddDataSample(CLI::App* data, Session& session) {
  CLI::App* sample =
      data->add_subcommand("sample", "Some rows of a table of any size, drawn at random");
  auto options = std::make_shared<SampleCommandOptions>();
  sample->add_option("file", options->path, "CSV, TSV or Parquet")->required()->type_name("FILE");
  sample->add_option("--rows", options->sample.rows, "How many rows")
      ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}))
      ->type_name("N")
      ->capture_default_str();
  sample->add_option("--seed", options->sample.seed, "Another seed draws other rows")
      ->type_name("N")
      ->capture_default_str();
  sample->add_option("--save", options->save, "Write them here: .csv or .parquet")
      ->type_name("FILE");
  AddReadingOptions(sample, &options->reading);
  AddColumnsOption(sample, &options->reading);
  AddExamples(sample,
              "slipway data sample data/train.csv --rows 20\n"
              "slipway data sample data/train.parquet --rows 10000 --seed 7 --save small.csv");
  sample->callback([=, &session] { session.Finish(Sample(*options, session)); });
}

}  // namespace slipway::cli
