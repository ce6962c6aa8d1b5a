#include "pipeline/table_sample.h"

#include <fmt/format.h>

#include <cmath>

#include "core/file_system.h"
#include "core/text.h"
#include "core/time_text.h"
#include "data/parquet_writer.h"
#include "data/row_sampler.h"
#include "pipeline/csv_text.h"

namespace slipway::pipeline {
namespace {

std::string TextAt(const data::Column& column, int64_t row) {
  if (column.type != data::ColumnType::kTimestamp || column.IsMissing(row)) {
    return column.TextAt(row);
  }
  return FormatIsoTime(column.numbers[static_cast<size_t>(row)]);
}

Json ValueAt(const data::Column& column, int64_t row) {
  if (column.IsMissing(row)) return nullptr;
  if (column.type != data::ColumnType::kNumeric) return TextAt(column, row);
  const double value = column.numbers[static_cast<size_t>(row)];
  if (data::IsWholeNumber(value)) return static_cast<int64_t>(value);
  return value;
}

}  // namespace

Result<TableSample> SampleTable(const std::string& path, const data::ReadOptions& read,
                                const SampleOptions& options, ProgressSink& progress) {
  data::RowSampler sampler(options.rows, options.seed);
  SLIPWAY_ASSIGN_OR_RETURN(data::ScanResult scan, data::ScanTable(path, read, sampler, progress));
  return TableSample{sampler.Finish(), std::move(scan.issues)};
}

Status CheckSamplePath(const std::string& path) {
  const std::string lower = ToLower(path);
  if (lower.ends_with(".csv") || lower.ends_with(".parquet")) return {};
  Location location;
  location.file = path;
  return Error(ErrorCode::kInvalidInput, "the ending does not tell how to write the rows")
      .At(std::move(location))
      .Expected("a file named *.csv or *.parquet");
}

Status WriteSample(const std::string& path, const data::Table& table) {
  SLIPWAY_RETURN_IF_ERROR(CheckSamplePath(path));
  if (ToLower(path).ends_with(".parquet")) return data::WriteParquet(path, table);
  return WriteFileAtomically(LocalFileSystem(), path, TableToCsv(table));
}

std::string TableToCsv(const data::Table& table) {
  std::string text;
  const char* separator = "";
  for (const data::Column& column : table.columns) {
    text += separator + CsvField(column.name);
    separator = ",";
  }
  text += '\n';
  for (int64_t row = 0; row < table.rows; ++row) {
    separator = "";
    for (const data::Column& column : table.columns) {
      text += separator + CsvField(TextAt(column, row));
      separator = ",";
    }
    text += '\n';
  }
  return text;
}

std::vector<Json> RowsToJson(const data::Table& table) {
  std::vector<Json> rows;
  for (int64_t row = 0; row < table.rows; ++row) {
    Json object = Json::object();
    for (const data::Column& column : table.columns) object[column.name] = ValueAt(column, row);
    rows.push_back(std::move(object));
  }
  return rows;
}

}  // namespace slipway::pipeline
