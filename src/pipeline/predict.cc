#include "pipeline/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "core/file_system.h"
#include "core/replace_file.h"
#include "core/text.h"
#include "data/parquet_writer.h"
#include "data/reader.h"
#include "pipeline/predict_blocks_internal.h"
#include "pipeline/predict_input_internal.h"
#include "registry/registry.h"

namespace slipway::pipeline {
namespace {

Error At(const std::string& file, const std::string& field, std::string message) {
  Location location;
  location.file = file;
  location.field = field;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

data::Column LabelColumn(const PredictedRows& rows, const model::ModelSchema& schema) {
  data::Column column;
  column.name = "label";
  if (schema.integer_labels) {
    column.integral = true;
    for (const int32_t label : rows.predictions.labels) {
      column.numbers.push_back(
          std::strtod(schema.classes[static_cast<size_t>(label)].c_str(), nullptr));
    }
    return column;
  }
  // Categories stand in byte order, each used.
  column.type = data::ColumnType::kCategory;
  std::vector<int32_t> codes(schema.classes.size(), data::kMissingCode);
  for (const int32_t label : rows.predictions.labels) codes[static_cast<size_t>(label)] = 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] == 0) column.categories.push_back(schema.classes[i]);
  }
  std::ranges::sort(column.categories);
  for (size_t i = 0; i < codes.size(); ++i) {
    const auto at = std::ranges::find(column.categories, schema.classes[i]);
    codes[i] = static_cast<int32_t>(at - column.categories.begin());
  }
  for (const int32_t label : rows.predictions.labels) {
    column.codes.push_back(codes[static_cast<size_t>(label)]);
  }
  return column;
}

}  // namespace

Result<ChosenModel> ChooseModel(const std::string& reference, const std::string& registry,
                                const std::vector<std::string>& features) {
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelReference parsed,
                           registry::ParseModelReference(reference));
  ChosenModel chosen;
  FileSystem& files = LocalFileSystem();
  if (parsed.kind == registry::ModelReference::Kind::kPath) {
    SLIPWAY_ASSIGN_OR_RETURN(chosen.model, model::LoadModel(files, parsed.path, "", features));
    chosen.name = parsed.path;
    return chosen;
  }
  const std::string directory = registry::FindRegistryDirectory(registry, ".", files);
  SLIPWAY_ASSIGN_OR_RETURN(const auto opened, registry::OpenExisting(directory));
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelVersion version, opened->Find(reference));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string path, opened->Locate(version));
  SLIPWAY_ASSIGN_OR_RETURN(chosen.model, model::LoadModel(files, path, version.digest));
  chosen.name = version.name;
  chosen.version = std::to_string(version.registry_version);
  return chosen;
}

Result<PredictedRows> PredictFile(const model::Model& model, const PredictOptions& options,
                                  ProgressSink& progress) {
  SLIPWAY_RETURN_IF_ERROR(CheckIds(options.id_columns, model.schema));
  SLIPWAY_ASSIGN_OR_RETURN(
      data::ReadResult read,
      data::ReadTable(options.input_path, ReadOptionsFor(model.schema, options), progress));
  const std::string shown = data::ShownSource(options.input_path);
  SLIPWAY_RETURN_IF_ERROR(CheckReadable(read.issues, shown, progress));
  PredictedRows rows;
  auto predictions = model.predictor->Predict(read.table, options.threads);
  if (!predictions.ok()) {
    Location location = predictions.error().location();
    location.file = shown;
    return std::move(predictions).error().At(std::move(location));
  }
  rows.predictions = *std::move(predictions);
  rows.unknown = UnknownTally(read.table, model.schema).Finish();
  WarnOfUnknown(rows.unknown, shown, progress);
  rows.ids.rows = read.table.rows;
  for (const std::string& id : options.id_columns) {
    rows.ids.columns.push_back(*read.table.Find(id));
  }
  return rows;
}

data::Table ToTable(const PredictedRows& rows, const model::ModelSchema& schema) {
  data::Table table = rows.ids;
  table.rows = rows.predictions.rows;
  const std::vector<std::string> names = model::OutputNames(schema.classes);
  if (rows.predictions.regression()) {
    data::Column column;
    column.name = names.front();
    column.numbers = rows.predictions.values;
    table.columns.push_back(std::move(column));
    return table;
  }
  table.columns.push_back(LabelColumn(rows, schema));
  for (int cls = 0; cls < rows.predictions.classes; ++cls) {
    data::Column column;
    column.name = names[static_cast<size_t>(cls) + 1];
    column.numbers.reserve(static_cast<size_t>(table.rows));
    for (int64_t row = 0; row < table.rows; ++row) {
      column.numbers.push_back(static_cast<double>(rows.predictions.Score(row, cls)));
    }
    table.columns.push_back(std::move(column));
  }
  return table;
}

data::TableProfile ProfilePredictions(model::Predictions predictions,
                                      const model::ModelSchema& schema, int threads) {
  PredictedRows rows;
  rows.predictions = std::move(predictions);
  data::Table table = ToTable(rows, schema);
  table.columns.front().name = "prediction";
  data::ProfileOptions options;
  options.sample_rows = 0;
  options.repeated_rows = false;
  return data::ProfileTable(table, options, threads);
}

Status CheckOutputPath(const std::string& path) {
  const std::string lower = ToLower(path);
  for (const char* ending : {".csv", ".parquet", ".jsonl"}) {
    if (lower.ends_with(ending)) return {};
  }
  return At(path, "", "the ending does not tell how to write the predictions")
      .Expected("a file named *.csv, *.parquet or *.jsonl");
}

Result<PredictedFile> PredictToFile(const model::Model& model, const PredictOptions& options,
                                    const std::string& path, ProgressSink& progress) {
  SLIPWAY_RETURN_IF_ERROR(CheckOutputPath(path));
  const std::string lower = ToLower(path);
  if (lower.ends_with(".parquet")) {
    SLIPWAY_ASSIGN_OR_RETURN(const PredictedRows rows, PredictFile(model, options, progress));
    SLIPWAY_RETURN_IF_ERROR(data::WriteParquet(path, ToTable(rows, model.schema)));
    return PredictedFile{rows.predictions.rows, rows.unknown};
  }
  const bool csv = lower.ends_with(".csv");
  PredictedFile predicted;
  SLIPWAY_RETURN_IF_ERROR(
      ReplaceFile(LocalFileSystem(), path, Durability::kSynced, [&](WritableFile& file) -> Status {
        SLIPWAY_ASSIGN_OR_RETURN(
            predicted, PredictInBlocks(
                           model, options, csv ? PredictionText::kCsv : PredictionText::kJsonLines,
                           [&file](std::string_view text) { return file.Append(text); }, progress));
        return {};
      }));
  return predicted;
}

Result<std::string> PredictToCsv(const model::Model& model, const PredictOptions& options,
                                 ProgressSink& progress) {
  std::string csv;
  const auto append = [&csv](std::string_view text) -> Status {
    csv += text;
    return {};
  };
  SLIPWAY_RETURN_IF_ERROR(PredictInBlocks(model, options, PredictionText::kCsv, append, progress));
  return csv;
}

}  // namespace slipway::pipeline
