#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/io/file.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <atomic>
#include <exception>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "data/parquet_file_internal.h"
#include "data/parquet_values_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {
namespace {

// Rows decoded at a time.
constexpr int64_t kBatchRows = int64_t{1} << 16U;

Error Damaged(const SourceFile& file, const std::string& column, const std::string& detail) {
  Error error =
      file.Invalid(column.empty() ? "the Parquet file is damaged or truncated"
                                  : fmt::format("column '{}' is damaged or truncated", column));
  return std::move(error)
      .Expected("a whole Parquet file")
      .CausedBy(Error(ErrorCode::kInvalidInput, detail));
}

// What Arrow says of a file: that it is broken, or that it can't read a valid one. The second comes
// as a status or as an exception's text.
Error ReadError(const SourceFile& file, const std::string& column, const arrow::Status& status) {
  const bool unsupported = status.IsNotImplemented() ||
                           status.message().find("Not yet implemented") != std::string::npos;
  if (!unsupported) return Damaged(file, column, status.message());
  Error error = file.Invalid(
      fmt::format("{} uses a feature that this build can't read",
                  column.empty() ? "the Parquet file" : fmt::format("column '{}'", column)));
  return std::move(error)
      .Try("writing it anew with the default encoding and compression")
      .CausedBy(Error(ErrorCode::kInvalidInput, status.message()));
}

Error ReadError(const SourceFile& file, const std::string& column, const std::exception& error) {
  return ReadError(file, column, arrow::Status::Invalid(error.what()));
}

// Whether Arrow can hand out a text column as codes: not where a row group has another encoding
// than plain text or a dictionary. RLE and BIT_PACKED are those of the levels.
bool HasCodes(const parquet::FileMetaData& metadata, int column) {
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    for (const parquet::Encoding::type encoding :
         metadata.RowGroup(group)->ColumnChunk(column)->encodings()) {
      switch (encoding) {
        case parquet::Encoding::PLAIN:
        case parquet::Encoding::PLAIN_DICTIONARY:
        case parquet::Encoding::RLE_DICTIONARY:
        case parquet::Encoding::RLE:
        case parquet::Encoding::BIT_PACKED: break;
        default: return false;
      }
    }
  }
  return true;
}

}  // namespace

struct ParquetFile::State {
  const SourceFile* file = nullptr;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::shared_ptr<arrow::Schema> schema;
};

ParquetFile::ParquetFile() : state_(std::make_unique<State>()) {}
ParquetFile::ParquetFile(ParquetFile&&) noexcept = default;
ParquetFile::~ParquetFile() = default;

Result<ParquetFile> ParquetFile::Open(const SourceFile& file) try {
  SLIPWAY_ASSIGN_OR_RETURN(const int fd, file.Duplicate());
  auto input = arrow::io::ReadableFile::Open(fd);
  if (!input.ok()) return ReadError(file, "", input.status());
  parquet::arrow::FileReaderBuilder builder;
  arrow::Status status = builder.Open(*input);
  if (!status.ok()) return ReadError(file, "", status);
  // Strings come as codes where the file has them so: each text is looked at once.
  parquet::ArrowReaderProperties properties;
  const std::shared_ptr<parquet::FileMetaData> metadata = builder.raw_reader()->metadata();
  for (int i = 0; i < metadata->num_columns(); ++i) {
    const parquet::ColumnDescriptor* column = metadata->schema()->Column(i);
    if (column->physical_type() == parquet::Type::BYTE_ARRAY && HasCodes(*metadata, i)) {
      properties.set_read_dictionary(i, true);
    }
  }
  builder.properties(properties);
  ParquetFile parquet;
  State& state = *parquet.state_;
  state.file = &file;
  status = builder.Build(&state.reader);
  if (status.ok()) status = state.reader->GetSchema(&state.schema);
  if (!status.ok()) return ReadError(file, "", status);
  parquet.names_ = state.schema->field_names();
  parquet.rows_ = metadata->num_rows();
  if (const auto& notes = metadata->key_value_metadata()) {
    parquet.types_ = notes->Get(kParquetTypesKey).ValueOr("");
  }
  return parquet;
} catch (const std::exception& error) {
  return ReadError(file, "", error);
}

Result<ColumnType> ParquetFile::TypeOf(int column) const {
  const arrow::Field& field = *state_->schema->field(column);
  const std::optional<ColumnType> type = ColumnTypeOf(*field.type());
  if (type) return *type;
  return state_->file
      ->Invalid(fmt::format("column '{}' has the type {}", field.name(), field.type()->ToString()))
      .Expected("numbers, text, booleans, dates or timestamps")
      .Try("flattening it, or leaving it out where the file is written");
}

Status ParquetFile::ReadColumn(int column, bool as_it_is, ColumnPiece& piece) const try {
  const SourceFile& file = *state_->file;
  const std::string& name = names_[static_cast<size_t>(column)];
  const int leaf =
      state_->reader->manifest().schema_fields[static_cast<size_t>(column)].column_index;
  std::unique_ptr<parquet::arrow::ColumnReader> reader;
  arrow::Status status = state_->reader->GetColumn(leaf, &reader);
  while (status.ok() && piece.rows() < rows_) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    std::shared_ptr<arrow::ChunkedArray> batch;
    status = reader->NextBatch(kBatchRows, &batch);
    if (!status.ok() || !batch || batch->length() == 0) break;
    for (const std::shared_ptr<arrow::Array>& chunk : batch->chunks()) {
      // Damaged codes would point past their dictionary.
      status = chunk->ValidateFull();
      if (!status.ok()) break;
      AppendArray(*chunk, as_it_is, piece);
    }
  }
  if (!status.ok()) return ReadError(file, name, status);
  if (piece.rows() == rows_) return {};
  return Damaged(file, name, fmt::format("it has {} of {} rows", piece.rows(), rows_));
} catch (const std::exception& error) {
  return ReadError(*state_->file, names_[static_cast<size_t>(column)], error);
}

Result<ReadResult> ReadParquet(const SourceFile& file, const ReadOptions& options,
                               ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(const ParquetFile parquet, ParquetFile::Open(file));
  SLIPWAY_RETURN_IF_ERROR(CheckNames(parquet.names(), file, 0));
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<ColumnPlan> plans,
                           PlanColumns(parquet.names(), options, file));
  for (ColumnPlan& plan : plans) {
    SLIPWAY_ASSIGN_OR_RETURN(const ColumnType type, parquet.TypeOf(plan.source));
    if (!plan.forced) plan.type = type;
    // The file's own types stand: text is not looked through for numbers.
    plan.forced = true;
  }
  const MissingValues missing(options.missing_values);
  const int threads = options.threads > 0 ? options.threads : AvailableCores();
  std::vector<MergedColumn> columns(plans.size());
  std::atomic<int64_t> done{0};
  auto read_column = [&](size_t i) -> Status {
    ColumnPiece piece(plans[i], missing);
    SLIPWAY_RETURN_IF_ERROR(parquet.ReadColumn(plans[i].source, false, piece));
    ColumnPiece* const pieces[] = {&piece};
    columns[i] = MergePieces(plans[i], pieces);
    progress.Advance("data", file.size() * ++done / static_cast<int64_t>(plans.size()), file.size(),
                     "bytes");
    return {};
  };
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(plans.size(), threads, read_column));
  ReadResult result;
  result.table.rows = parquet.rows();
  for (MergedColumn& column : columns) {
    result.table.columns.push_back(std::move(column.column));
    result.issues.insert(result.issues.end(), column.issues.begin(), column.issues.end());
  }
  return result;
}

}  // namespace slipway::data
