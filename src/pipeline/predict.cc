#include "pipeline/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>

#include "core/file_system.h"
#include "core/text.h"
#include "data/parquet_writer.h"
#include "data/reader.h"
#include "pipeline/csv_text.h"
#include "registry/registry.h"

namespace slipway::pipeline {
namespace {

Error At(const std::string& file, const std::string& field, std::string message) {
  Location location;
  location.file = file;
  location.field = field;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

Status CheckIds(const std::vector<std::string>& ids, const model::ModelSchema& schema) {
  const std::vector<std::string> outputs = model::OutputNames(schema.classes);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (Contains(outputs, ids[i])) {
      return At("", "--id-columns", fmt::format("'{}' is a column of the predictions", ids[i]));
    }
    if (std::find(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(i), ids[i]) !=
        ids.begin() + static_cast<std::ptrdiff_t>(i)) {
      return At("", "--id-columns", fmt::format("'{}' is given twice", ids[i]));
    }
  }
  return {};
}

data::ReadOptions ReadOptionsFor(const model::ModelSchema& schema, const PredictOptions& options) {
  data::ReadOptions read;
  read.missing_values = schema.missing_values;
  read.threads = options.threads;
  for (const model::InputField& field : schema.inputs) {
    read.columns.push_back(field.name);
    switch (field.type) {
      case data::ColumnType::kNumeric: read.numeric_columns.push_back(field.name); break;
      case data::ColumnType::kCategory: read.categorical_columns.push_back(field.name); break;
      case data::ColumnType::kTimestamp: read.timestamp_columns.push_back(field.name); break;
    }
  }
  for (const std::string& id : options.id_columns) {
    if (Contains(read.columns, id)) continue;
    read.columns.push_back(id);
    read.categorical_columns.push_back(id);
  }
  return read;
}

// All values that can't be read at once, each with its first row. A warning stops nothing.
Status CheckReadable(const data::ReadResult& read, const std::string& path,
                     ProgressSink& progress) {
  std::optional<Error> unreadable;
  for (const data::Issue& issue : read.issues) {
    if (issue.severity == data::Severity::kWarning) {
      progress.Warn(issue.message);
      continue;
    }
    Location location;
    location.file = path;
    location.field = issue.column;
    std::string message = issue.message;
    if (!issue.examples.empty()) {
      location.row = issue.examples.front().row;
      message = fmt::format("can't read '{}'", issue.examples.front().value);
      if (issue.count > 1)
        message += fmt::format(", one of {} such values", FormatCount(issue.count));
    }
    Error error = Error(ErrorCode::kInvalidInput, std::move(message))
                      .At(std::move(location))
                      .Expected("a value of the type that the model was trained on");
    unreadable = unreadable ? std::move(*unreadable).Also(std::move(error)) : std::move(error);
  }
  if (unreadable) return *std::move(unreadable);
  return {};
}

// By code of the column: true for a text that is not among `known`.
std::vector<bool> UnknownCodes(const data::Column& column, const std::vector<std::string>& known) {
  const std::set<std::string_view> seen(known.begin(), known.end());
  std::vector<bool> unknown;
  for (const std::string& category : column.categories) {
    unknown.push_back(!category.empty() && !seen.contains(category));
  }
  return unknown;
}

std::vector<UnknownCategories> FindUnknown(const data::Table& table,
                                           const model::ModelSchema& schema) {
  std::vector<UnknownCategories> found;
  for (const model::InputField& field : schema.inputs) {
    const data::Column* column = table.Find(field.name);
    if (field.type != data::ColumnType::kCategory || column == nullptr ||
        column->type != data::ColumnType::kCategory) {
      continue;
    }
    const std::vector<bool> unknown = UnknownCodes(*column, field.categories);
    UnknownCategories one;
    one.column = field.name;
    one.categories = std::ranges::count(unknown, true);
    if (one.categories == 0) continue;
    for (int64_t row = 0; row < column->size(); ++row) {
      const int32_t code = column->codes[static_cast<size_t>(row)];
      if (code == data::kMissingCode || !unknown[static_cast<size_t>(code)]) continue;
      if (one.rows++ > 0) continue;
      one.row = row + 1;
      one.example = column->TextAt(row);
    }
    found.push_back(std::move(one));
  }
  return found;
}

void WarnOfUnknown(const std::vector<UnknownCategories>& unknown, const std::string& path,
                   ProgressSink& progress) {
  for (const UnknownCategories& one : unknown) {
    progress.Warn(fmt::format(
        "{}: {}: {} {} that training did not have, first '{}' in row {}; the model takes {} as "
        "unknown",
        path, one.column, Plural(one.rows, "row has", "rows have"),
        one.categories == 1 ? "a category"
                            : fmt::format("{} categories", FormatCount(one.categories)),
        one.example, one.row, one.categories == 1 ? "it" : "them"));
  }
}

Json LabelJson(const std::string& label, const model::ModelSchema& schema) {
  if (schema.integer_labels) return std::strtoll(label.c_str(), nullptr, 10);
  return label;
}

// A float32 with the digits that tell it from its neighbours, and not those of its double.
double ShortestDouble(float value) {
  return std::strtod(fmt::format("{}", value).c_str(), nullptr);
}

const std::string& LabelAt(const PredictedRows& rows, const model::ModelSchema& schema,
                           int64_t row) {
  const auto index = static_cast<size_t>(rows.predictions.labels[static_cast<size_t>(row)]);
  return schema.classes[index];
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

Result<ChosenModel> ChooseModel(const std::string& reference, const std::string& registry) {
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelReference parsed,
                           registry::ParseModelReference(reference));
  ChosenModel chosen;
  FileSystem& files = LocalFileSystem();
  if (parsed.kind == registry::ModelReference::Kind::kPath) {
    SLIPWAY_ASSIGN_OR_RETURN(chosen.model, model::LoadModel(files, parsed.path));
    chosen.name = parsed.path;
    return chosen;
  }
  const std::string directory = registry::FindRegistryDirectory(registry, ".", files);
  SLIPWAY_ASSIGN_OR_RETURN(const auto opened, registry::OpenExisting(directory));
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelVersion version, opened->Find(reference));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string path, opened->Fetch(version));
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
  SLIPWAY_RETURN_IF_ERROR(CheckReadable(read, shown, progress));
  PredictedRows rows;
  auto predictions = model.predictor->Predict(read.table, options.threads);
  if (!predictions.ok()) {
    Location location = predictions.error().location();
    location.file = shown;
    return std::move(predictions).error().At(std::move(location));
  }
  rows.predictions = *std::move(predictions);
  rows.unknown = FindUnknown(read.table, model.schema);
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
  table.columns.push_back(LabelColumn(rows, schema));
  const std::vector<std::string> names = model::OutputNames(schema.classes);
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

std::string ToCsv(const PredictedRows& rows, const model::ModelSchema& schema) {
  std::vector<std::string> header;
  for (const data::Column& id : rows.ids.columns) header.push_back(CsvField(id.name));
  for (const std::string& name : model::OutputNames(schema.classes)) {
    header.push_back(CsvField(name));
  }
  std::vector<std::string> labels;
  for (const std::string& label : schema.classes) labels.push_back(CsvField(label));
  std::string text = Join(header, ",") + "\n";
  auto out = std::back_inserter(text);
  for (int64_t row = 0; row < rows.predictions.rows; ++row) {
    for (const data::Column& id : rows.ids.columns) {
      text += CsvField(id.TextAt(row));
      text += ',';
    }
    text += labels[static_cast<size_t>(rows.predictions.labels[static_cast<size_t>(row)])];
    for (int cls = 0; cls < rows.predictions.classes; ++cls) {
      fmt::format_to(out, ",{}", rows.predictions.Score(row, cls));
    }
    text += '\n';
  }
  return text;
}

std::string ToJsonLines(const PredictedRows& rows, const model::ModelSchema& schema) {
  const std::vector<std::string> names = model::OutputNames(schema.classes);
  std::string text;
  for (int64_t row = 0; row < rows.predictions.rows; ++row) {
    Json line = Json::object();
    for (const data::Column& id : rows.ids.columns) {
      line[id.name] = id.IsMissing(row) ? Json() : Json(id.TextAt(row));
    }
    line[names[0]] = LabelJson(LabelAt(rows, schema, row), schema);
    for (int cls = 0; cls < rows.predictions.classes; ++cls) {
      line[names[static_cast<size_t>(cls) + 1]] = ShortestDouble(rows.predictions.Score(row, cls));
    }
    text += CompactJson(line) + "\n";
  }
  return text;
}

Json ToJson(const std::vector<UnknownCategories>& unknown) {
  Json json = Json::array();
  for (const UnknownCategories& one : unknown) {
    json.push_back({{"column", one.column},
                    {"rows", one.rows},
                    {"categories", one.categories},
                    {"example", one.example},
                    {"row", one.row}});
  }
  return json;
}

Json ToJson(const PredictedRows& rows, const ChosenModel& chosen) {
  const model::ModelSchema& schema = chosen.model.schema;
  Json predictions = Json::array();
  Json probabilities = Json::array();
  for (int64_t row = 0; row < rows.predictions.rows; ++row) {
    predictions.push_back(LabelJson(LabelAt(rows, schema, row), schema));
    Json scores = Json::object();
    for (int cls = 0; cls < rows.predictions.classes; ++cls) {
      scores[schema.classes[static_cast<size_t>(cls)]] =
          ShortestDouble(rows.predictions.Score(row, cls));
    }
    probabilities.push_back(std::move(scores));
  }
  Json json = {{"predictions", std::move(predictions)},
               {"probabilities", std::move(probabilities)},
               {"model", chosen.name},
               {"version", chosen.version}};
  for (const data::Column& id : rows.ids.columns) {
    Json values = Json::array();
    for (int64_t row = 0; row < rows.ids.rows; ++row) {
      values.push_back(id.IsMissing(row) ? Json() : Json(id.TextAt(row)));
    }
    json["ids"][id.name] = std::move(values);
  }
  if (!rows.unknown.empty()) json["unknown_categories"] = ToJson(rows.unknown);
  return json;
}

Status CheckOutputPath(const std::string& path) {
  const std::string lower = ToLower(path);
  for (const char* ending : {".csv", ".parquet", ".jsonl"}) {
    if (lower.ends_with(ending)) return {};
  }
  return At(path, "", "the ending does not tell how to write the predictions")
      .Expected("a file named *.csv, *.parquet or *.jsonl");
}

Status WritePredictions(const std::string& path, const PredictedRows& rows,
                        const model::ModelSchema& schema) {
  SLIPWAY_RETURN_IF_ERROR(CheckOutputPath(path));
  const std::string lower = ToLower(path);
  if (lower.ends_with(".parquet")) return data::WriteParquet(path, ToTable(rows, schema));
  return WriteFileAtomically(
      LocalFileSystem(), path,
      lower.ends_with(".csv") ? ToCsv(rows, schema) : ToJsonLines(rows, schema));
}

}  // namespace slipway::pipeline
