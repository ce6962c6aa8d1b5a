// `slipway data schema`: a schema to begin with, from what a table holds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iterator>
#include <memory>

#include "cli/data_options.h"
#include "core/file_system.h"
#include "core/text.h"
#include "pipeline/profile_source.h"
#include "pipeline/table_schema.h"

namespace slipway::cli {
namespace {

struct SchemaOptions {
  std::string path;
  ReadingOptions reading;
  std::string save;
  bool force = false;
};

Result<int> Schema(const SchemaOptions& options, Session& session) {
  FileSystem& files = LocalFileSystem();
  if (!options.save.empty() && files.Exists(options.save) && !options.force) {
    Location location;
    location.file = options.save;
    return Error(ErrorCode::kInvalidInput, "the file exists; somebody may have edited it")
        .At(std::move(location))
        .Try("--force, or another name");
  }
  data::ReadOptions read = ToReadOptions(options.reading);
  read.columns = options.reading.columns;
  data::ProfileOptions what;
  what.sample_rows = 0;
  what.repeated_rows = false;
  SLIPWAY_ASSIGN_OR_RETURN(const pipeline::ProfiledSource source,
                           pipeline::ProfileSource(options.path, read, what));
  WarnOfIssues(options.path, source.issues, session);
  const std::string text = config::WriteTableSchema(pipeline::SchemaOf(source.profile));
  if (!options.save.empty()) {
    SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(files, options.save, text));
  }
  if (session.json) {
    session.PrintJson({{"rows", source.profile.rows},
                       {"columns", std::ssize(source.profile.columns)},
                       {"schema", text}});
  } else if (options.save.empty()) {
    session.Print(text);
  } else {
    session.Print(fmt::format("{}   {} of {}\n", options.save,
                              Plural(std::ssize(source.profile.columns), "column", "columns"),
                              options.path));
  }
  return kExitDone;
}

}  // namespace

void AddDataSchema(CLI::App* data, Session& session) {
  CLI::App* schema = data->add_subcommand(
      "schema", "A schema to begin with, from what a table holds: YAML, to be edited");
  auto options = std::make_shared<SchemaOptions>();
  schema
      ->add_option("file", options->path,
                   "CSV, TSV or Parquet, a saved profile, or a model's folder")
      ->required()
      ->type_name("FILE");
  schema->add_option("--save", options->save, "Write it here and not to standard output")
      ->type_name("FILE.yaml");
  schema->add_flag("--force", options->force, "Write over a file that exists");
  AddReadingOptions(schema, &options->reading);
  AddColumnsOption(schema, &options->reading);
  AddExamples(schema,
              "slipway data schema data/train.csv\n"
              "slipway data schema data/train.csv --save configs/schema.yaml\n"
              "slipway data validate data/new.csv --schema configs/schema.yaml");
  schema->callback([=, &session] { session.Finish(Schema(*options, session)); });
}

}  // namespace slipway::cli
