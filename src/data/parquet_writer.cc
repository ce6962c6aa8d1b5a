#include "data/parquet_writer.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/interfaces.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <optional>

#include "core/file_system.h"
#include "core/json.h"
#include "core/parallel.h"
#include "core/replace_file.h"
#include "data/parquet_file_internal.h"

namespace slipway::data {
namespace {

constexpr int64_t kRowGroupRows = int64_t{1} << 20U;

// Lets Arrow write through our file system; keeps the first error, which Arrow would only know by
// its text.
class FileOutput : public arrow::io::OutputStream {
 public:
  explicit FileOutput(WritableFile& file) : file_(file) {}

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, int64_t size) override {
    if (!error_) {
      Status status = file_.Append({static_cast<const char*>(data), static_cast<size_t>(size)});
      if (!status.ok()) error_ = std::move(status).error();
    }
    if (error_) return arrow::Status::IOError(error_->message());
    position_ += size;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  WritableFile& file_;
  std::optional<Error> error_;
  int64_t position_ = 0;
  bool closed_ = false;
};

template <typename T>
std::shared_ptr<arrow::Buffer> View(const std::vector<T>& values) {
  return std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(values.data()),
                                         static_cast<int64_t>(values.size() * sizeof(T)));
}

// Bits that are set where `present` says so; null where all are.
template <typename Present>
std::shared_ptr<arrow::Buffer> Validity(int64_t rows, Present present) {
  std::vector<uint8_t> bits(static_cast<size_t>((rows + 7) / 8));
  bool all = true;
  for (int64_t row = 0; row < rows; ++row) {
    if (present(static_cast<size_t>(row))) {
      bits[static_cast<size_t>(row / 8)] |= static_cast<uint8_t>(1U << (row % 8));
    } else {
      all = false;
    }
  }
  return all ? nullptr : arrow::Buffer::FromVector(std::move(bits));
}

bool FitsInt64(const Column& column) {
  return column.integral && std::ranges::none_of(column.numbers, [](double value) {
           return std::isnan(value) || (value == 0 && std::signbit(value));
         });
}

std::shared_ptr<arrow::Array> NumberArray(const Column& column, ParquetUse use) {
  const int64_t rows = column.size();
  if (use == ParquetUse::kCache) {
    return std::make_shared<arrow::DoubleArray>(rows, View(column.numbers));
  }
  if (column.type == ColumnType::kNumeric && FitsInt64(column)) {
    std::vector<int64_t> whole(column.numbers.begin(), column.numbers.end());
    return std::make_shared<arrow::Int64Array>(rows, arrow::Buffer::FromVector(std::move(whole)));
  }
  auto validity = Validity(rows, [&](size_t row) { return !std::isnan(column.numbers[row]); });
  return std::make_shared<arrow::DoubleArray>(rows, View(column.numbers), std::move(validity));
}

arrow::Result<std::shared_ptr<arrow::Array>> CategoryArray(const Column& column) {
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues(column.categories));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> texts, builder.Finish());
  const int64_t rows = column.size();
  auto validity = Validity(rows, [&](size_t row) { return column.codes[row] != kMissingCode; });
  auto codes = std::make_shared<arrow::Int32Array>(rows, View(column.codes), std::move(validity));
  return arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), arrow::utf8()), codes,
                                            texts);
}

std::string DescribeTypes(const Table& table) {
  Json columns = Json::array();
  for (const Column& column : table.columns) {
    columns.push_back(
        {{"name", column.name}, {"type", ToString(column.type)}, {"integral", column.integral}});
  }
  return CompactJson({{"rows", table.rows}, {"columns", columns}});
}

arrow::Result<std::shared_ptr<arrow::Table>> ToArrow(const Table& table, ParquetUse use) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const Column& column : table.columns) {
    std::shared_ptr<arrow::Array> array;
    if (column.type == ColumnType::kCategory) {
      ARROW_ASSIGN_OR_RAISE(array, CategoryArray(column));
    } else {
      array = NumberArray(column, use);
    }
    // A column that can't be null has no levels to decode.
    const bool nullable = array->null_count() > 0 || column.type == ColumnType::kCategory;
    fields.push_back(arrow::field(column.name, array->type(), nullable));
    arrays.push_back(std::move(array));
  }
  return arrow::Table::Make(arrow::schema(fields), arrays, table.rows);
}

std::shared_ptr<parquet::WriterProperties> Properties(const Table& table, ParquetUse use) {
  parquet::WriterProperties::Builder builder;
  if (use == ParquetUse::kKeep) {
    builder.compression(parquet::Compression::ZSTD);
    return builder.build();
  }
  builder.compression(parquet::Compression::UNCOMPRESSED)->disable_statistics();
  // Numbers are copied as they are; only categories have few values each.
  for (const Column& column : table.columns) {
    if (column.type != ColumnType::kCategory) builder.disable_dictionary(column.name);
  }
  return builder.build();
}

arrow::Status WriteArrow(const arrow::Table& arrow_table,
                         const std::shared_ptr<arrow::io::OutputStream>& stream, const Table& table,
                         ParquetUse use) {
  ARROW_ASSIGN_OR_RAISE(
      const std::unique_ptr<parquet::arrow::FileWriter> writer,
      parquet::arrow::FileWriter::Open(*arrow_table.schema(), arrow::default_memory_pool(), stream,
                                       Properties(table, use)));
  ARROW_RETURN_NOT_OK(writer->WriteTable(arrow_table, kRowGroupRows));
  ARROW_RETURN_NOT_OK(writer->AddKeyValueMetadata(
      arrow::key_value_metadata({kParquetTypesKey}, {DescribeTypes(table)})));
  return writer->Close();
}

Status WriteTo(WritableFile& file, const std::string& path, const Table& table,
               ParquetUse use) try {
  FileOutput output(file);
  // Arrow holds it by a shared pointer, which must not outlive or delete it.
  const std::shared_ptr<arrow::io::OutputStream> stream(&output, [](auto*) {});
  auto arrow_table = ToArrow(table, use);
  arrow::Status status = arrow_table.status();
  if (status.ok()) {
    status = WriteArrow(**arrow_table, stream, table, use);
  }
  if (output.error()) return *output.error();
  if (status.ok()) return {};
  return Error(ErrorCode::kInternal, "can't write Parquet: " + status.message())
      .At({.file = path, .field = ""});
} catch (const std::exception& error) {
  return Error(ErrorCode::kInternal, fmt::format("can't write Parquet: {}", error.what()))
      .At({.file = path, .field = ""});
}

Result<ColumnType> ParseType(const std::string& name, const ByteSource& file) {
  for (const ColumnType type :
       {ColumnType::kNumeric, ColumnType::kCategory, ColumnType::kTimestamp}) {
    if (name == ToString(type)) return type;
  }
  return file.Invalid(fmt::format("its metadata has the unknown type '{}'", name));
}

}  // namespace

Status WriteParquetFile(const std::string& path, const Table& table, ParquetUse use) {
  return ReplaceFile(LocalFileSystem(), path, Durability::kSynced,
                     [&](WritableFile& file) { return WriteTo(file, path, table, use); });
}

Result<Table> ReadParquetFileExactly(const std::string& path, int threads) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> file, OpenLocalFile(path));
  SLIPWAY_ASSIGN_OR_RETURN(const ParquetFile parquet, ParquetFile::Open(*file));
  if (parquet.types().empty()) {
    return file->Invalid("this Parquet file was not written by Slipway")
        .Expected("metadata with the types of its columns");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const Json types, ParseJson(parquet.types(), path));
  const Json columns = types.is_object() ? types.value("columns", Json::array()) : Json::array();
  if (columns.size() != parquet.names().size()) {
    return file->Invalid("its metadata does not describe its columns");
  }
  Table table;
  table.rows = GetInteger(types, "rows");
  table.columns.resize(columns.size());
  const ValueRules rules{MissingValues({}), false};
  auto read_column = [&](size_t i) -> Status {
    ColumnPlan plan;
    plan.name = parquet.names()[i];
    plan.forced = true;
    SLIPWAY_ASSIGN_OR_RETURN(plan.type, ParseType(GetString(columns[i], "type"), *file));
    ColumnPiece piece(plan, rules);
    SLIPWAY_RETURN_IF_ERROR(parquet.ReadColumn(static_cast<int>(i), true, piece));
    ColumnPiece* const pieces[] = {&piece};
    table.columns[i] = MergePieces(plan, pieces).column;
    table.columns[i].integral = GetBool(columns[i], "integral");
    return {};
  };
  if (threads <= 0) threads = AvailableCores();
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(columns.size(), threads, read_column));
  return table;
}

}  // namespace slipway::data
