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

#include <algorithm>
#include <exception>

#include "core/interrupt.h"
#include "core/text.h"
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

namespace {

struct Cursor : ParquetFile::ColumnCursor {
  int column = 0;
  std::unique_ptr<parquet::arrow::ColumnReader> reader;
};

}  // namespace

Result<std::unique_ptr<ParquetFile::ColumnCursor>> ParquetFile::OpenColumn(int column) const try {
  auto cursor = std::make_unique<Cursor>();
  cursor->column = column;
  const int leaf =
      state_->reader->manifest().schema_fields[static_cast<size_t>(column)].column_index;
  const arrow::Status status = state_->reader->GetColumn(leaf, &cursor->reader);
  if (status.ok()) return cursor;
  return ReadError(*state_->file, names_[static_cast<size_t>(column)], status);
} catch (const std::exception& error) {
  return ReadError(*state_->file, names_[static_cast<size_t>(column)], error);
}

Status ParquetFile::ReadNext(ColumnCursor& opened, int64_t rows, bool as_it_is,
                             ColumnPiece& piece) const try {
  auto& cursor = static_cast<Cursor&>(opened);
  const int64_t end = piece.rows() + rows;
  arrow::Status status;
  while (status.ok() && piece.rows() < end) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    std::shared_ptr<arrow::ChunkedArray> batch;
    status = cursor.reader->NextBatch(std::min(kBatchRows, end - piece.rows()), &batch);
    if (!status.ok() || !batch || batch->length() == 0) break;
    for (const std::shared_ptr<arrow::Array>& chunk : batch->chunks()) {
      // Damaged codes would point past their dictionary.
      status = chunk->ValidateFull();
      if (!status.ok()) break;
      AppendArray(*chunk, as_it_is, piece);
    }
  }
  const std::string& name = names_[static_cast<size_t>(cursor.column)];
  if (!status.ok()) return ReadError(*state_->file, name, status);
  if (piece.rows() == end) return {};
  return Damaged(
      *state_->file, name,
      fmt::format("it ends {} before its last row", Plural(end - piece.rows(), "row", "rows")));
} catch (const std::exception& error) {
  return ReadError(*state_->file, names_[static_cast<size_t>(static_cast<Cursor&>(opened).column)],
                   error);
}

Status ParquetFile::ReadColumn(int column, bool as_it_is, ColumnPiece& piece) const {
  SLIPWAY_ASSIGN_OR_RETURN(const std::unique_ptr<ColumnCursor> cursor, OpenColumn(column));
  return ReadNext(*cursor, rows_, as_it_is, piece);
}

}  // namespace slipway::data
