#include <arrow/array.h>
#include <arrow/chunked_array.h>
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
#include "data/arrow_input_internal.h"
#include "data/arrow_values_internal.h"
#include "data/parquet_file_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {
namespace {

// Rows decoded at a time.
constexpr int64_t kBatchRows = int64_t{1} << 16U;

// Whether Arrow can hand out a text column as codes: not where a row group has another encoding
// than plain text or a dictionary. RLE and BIT_PACKED are those of the levels.
bool HasCodes(const parquet::FileMetaData& metadata, int column) {
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    // A range of a temporary ends with it before GCC 15.
    const auto row_group = metadata.RowGroup(group);
    const auto chunk = row_group->ColumnChunk(column);
    for (const parquet::Encoding::type encoding : chunk->encodings()) {
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
  std::shared_ptr<ArrowInput> input;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::shared_ptr<arrow::Schema> schema;
};

ParquetFile::ParquetFile() : state_(std::make_unique<State>()) {}
ParquetFile::ParquetFile(ParquetFile&&) noexcept = default;
ParquetFile::~ParquetFile() = default;

Result<ParquetFile> ParquetFile::Open(const ByteSource& file) {
  ParquetFile parquet;
  parquet.state_->input = std::make_shared<ArrowInput>(file, "Parquet");
  SLIPWAY_RETURN_IF_ERROR(parquet.ReadMetadata());
  return parquet;
}

Status ParquetFile::ReadMetadata() try {
  State& state = *state_;
  parquet::arrow::FileReaderBuilder builder;
  parquet::ReaderProperties reading = parquet::default_reader_properties();
  reading.set_page_checksum_verification(true);
  arrow::Status status = builder.Open(state.input, reading);
  if (!status.ok()) return state.input->Explain("", status);
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
  status = builder.Build(&state.reader);
  if (status.ok()) status = state.reader->GetSchema(&state.schema);
  if (!status.ok()) return state.input->Explain("", status);
  names_ = state.schema->field_names();
  rows_ = metadata->num_rows();
  if (const auto& notes = metadata->key_value_metadata()) {
    types_ = notes->Get(kParquetTypesKey).ValueOr("");
  }
  return {};
} catch (const std::exception& error) {
  return state_->input->Explain("", arrow::Status::Invalid(error.what()));
}

std::optional<ColumnType> ParquetFile::TypeOf(int column) const {
  return ColumnTypeOf(*state_->schema->field(column)->type());
}

std::string ParquetFile::TypeName(int column) const {
  const arrow::DataType& type = *state_->schema->field(column)->type();
  // That Arrow hands out codes says nothing of the file's own type.
  if (type.id() != arrow::Type::DICTIONARY) return type.ToString();
  return static_cast<const arrow::DictionaryType&>(type).value_type()->ToString();
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
  return state_->input->Explain(names_[static_cast<size_t>(column)], status);
} catch (const std::exception& error) {
  return state_->input->Explain(names_[static_cast<size_t>(column)],
                                arrow::Status::Invalid(error.what()));
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
  if (!status.ok()) return state_->input->Explain(name, status);
  if (piece.rows() == end) return {};
  return state_->input->Explain(
      name, arrow::Status::Invalid(fmt::format("it ends {} before its last row",
                                               Plural(end - piece.rows(), "row", "rows"))));
} catch (const std::exception& error) {
  return state_->input->Explain(names_[static_cast<size_t>(static_cast<Cursor&>(opened).column)],
                                arrow::Status::Invalid(error.what()));
}

Status ParquetFile::ReadColumn(int column, bool as_it_is, ColumnPiece& piece) const {
  SLIPWAY_ASSIGN_OR_RETURN(const std::unique_ptr<ColumnCursor> cursor, OpenColumn(column));
  return ReadNext(*cursor, rows_, as_it_is, piece);
}

}  // namespace slipway::data
