#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <cmath>
#include <exception>
#include <functional>

#include "data/packed_parquet_internal.h"

namespace slipway::data {
namespace {

using ArrayResult = arrow::Result<std::shared_ptr<arrow::Array>>;

constexpr size_t kMostTextBytes = std::numeric_limits<int32_t>::max();
// A log is written once and read seldom, on a machine that has other things to do.
constexpr int kCompressionLevel = 1;

class StringOutput : public arrow::io::OutputStream {
 public:
  explicit StringOutput(std::string* bytes) : bytes_(*bytes) {}

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, int64_t size) override {
    bytes_.append(static_cast<const char*>(data), static_cast<size_t>(size));
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return std::ssize(bytes_); }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

 private:
  std::string& bytes_;
  bool closed_ = false;
};

template <typename T>
std::shared_ptr<arrow::Buffer> View(const std::vector<T>& values) {
  return std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(values.data()),
                                         std::ssize(values) * static_cast<int64_t>(sizeof(T)));
}

// Bits that are set where `missing` does not say so; null where it never does.
template <typename T, typename Missing>
std::shared_ptr<arrow::Buffer> Validity(const std::vector<T>& values, Missing missing) {
  constexpr size_t kBits = 8;
  std::vector<uint8_t> bits((values.size() + kBits - 1) / kBits);
  bool all = true;
  for (size_t row = 0; row < values.size(); ++row) {
    const bool present = !missing(values[row]);
    all = all && present;
    bits[row / kBits] |= static_cast<uint8_t>(static_cast<unsigned>(present) << (row % kBits));
  }
  return all ? nullptr : arrow::Buffer::FromVector(std::move(bits));
}

template <typename Number>
bool IsNan(Number value) {
  return std::isnan(value);
}
bool IsMissingTime(int64_t time) { return time == kMissingTime; }
bool IsMissingCode(int32_t code) { return code == kMissingCode; }
bool IsSet(uint8_t missing) { return missing != 0; }

ArrayResult TextArray(const PackedColumn& column) {
  if (column.texts.size() > kMostTextBytes) {
    return arrow::Status::CapacityError(column.name, ": more than 2 GB of text");
  }
  auto bytes = std::make_shared<arrow::Buffer>(column.texts);
  return std::make_shared<arrow::StringArray>(column.size(), View(column.offsets), std::move(bytes),
                                              Validity(column.missing, IsSet));
}

ArrayResult CategoryArray(const PackedColumn& column) {
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.AppendValues(column.categories));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> texts, builder.Finish());
  auto codes = std::make_shared<arrow::Int32Array>(column.size(), View(column.codes),
                                                   Validity(column.codes, IsMissingCode));
  return arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), arrow::utf8()), codes,
                                            texts);
}

ArrayResult BooleanArray(const PackedColumn& column) {
  arrow::BooleanBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(column.size()));
  for (const int32_t code : column.codes) {
    if (IsMissingCode(code)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(code != 0);
    }
  }
  return builder.Finish();
}

ArrayResult ToArray(const PackedColumn& column) {
  const int64_t rows = column.size();
  switch (column.type) {
    case PackedType::kDouble:
      return std::make_shared<arrow::DoubleArray>(rows, View(column.doubles),
                                                  Validity(column.doubles, IsNan<double>));
    case PackedType::kFloat:
      return std::make_shared<arrow::FloatArray>(rows, View(column.floats),
                                                 Validity(column.floats, IsNan<float>));
    case PackedType::kInteger:
      return std::make_shared<arrow::Int64Array>(rows, View(column.integers));
    case PackedType::kTime:
      return std::make_shared<arrow::TimestampArray>(
          arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), rows, View(column.integers),
          Validity(column.integers, IsMissingTime));
    case PackedType::kText: return TextArray(column);
    case PackedType::kCategory: return CategoryArray(column);
    case PackedType::kBoolean: return BooleanArray(column);
  }
  return arrow::Status::Invalid("a column of no type");
}

arrow::Result<std::shared_ptr<arrow::Table>> ToTable(std::span<const PackedColumn> columns,
                                                     int64_t rows) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const PackedColumn& column : columns) {
    if (column.size() != rows) {
      return arrow::Status::Invalid(column.name, " has ", column.size(), " rows of ", rows);
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> array, ToArray(column));
    fields.push_back(arrow::field(column.name, array->type()));
    arrays.push_back(std::move(array));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), arrays, rows);
}

std::shared_ptr<parquet::WriterProperties> Properties(std::span<const PackedColumn> columns) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)->compression_level(kCompressionLevel);
  builder.disable_dictionary()->disable_statistics();
  for (const PackedColumn& column : columns) {
    const bool category = column.type == PackedType::kCategory;
    if (column.repeats || category) builder.enable_dictionary(column.name);
    if (column.type == PackedType::kTime) {
      // Times of a log rise by little; readers that look for an hour skip the rest.
      builder.encoding(column.name, parquet::Encoding::DELTA_BINARY_PACKED);
      builder.enable_statistics(column.name);
    }
  }
  return builder.build();
}

class PackedParquet : public PackedFile {
 public:
  Status Add(std::span<const PackedColumn> columns, int64_t rows) override {
    return Try([&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Table> table, ToTable(columns, rows));
      if (writer_ == nullptr) ARROW_RETURN_NOT_OK(Open(*table, columns));
      return writer_->WriteTable(*table, std::max<int64_t>(rows, 1));
    });
  }

  Result<std::string> Finish(const FileMetadata& metadata) override {
    SLIPWAY_RETURN_IF_ERROR(Try([&]() -> arrow::Status {
      if (writer_ == nullptr) return arrow::Status::Invalid("no columns");
      std::vector<std::string> keys, values;
      for (const auto& [key, value] : metadata) {
        keys.push_back(key);
        values.push_back(value);
      }
      ARROW_RETURN_NOT_OK(writer_->AddKeyValueMetadata(arrow::key_value_metadata(keys, values)));
      return writer_->Close();
    }));
    return std::move(bytes_);
  }

 private:
  arrow::Status Open(const arrow::Table& table, std::span<const PackedColumn> columns) {
    // The system's memory goes back to it; what Arrow's own pool once took, it keeps.
    ARROW_ASSIGN_OR_RAISE(
        writer_, parquet::arrow::FileWriter::Open(*table.schema(), arrow::system_memory_pool(),
                                                  std::make_shared<StringOutput>(&bytes_),
                                                  Properties(columns)));
    return arrow::Status::OK();
  }

  static Status Try(const std::function<arrow::Status()>& write) try {
    const arrow::Status status = write();
    if (status.ok()) return {};
    return Error(ErrorCode::kInternal, "can't write Parquet: " + status.message());
  } catch (const std::exception& error) {
    return Error(ErrorCode::kInternal, fmt::format("can't write Parquet: {}", error.what()));
  }

  std::string bytes_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;  // Writes to them; goes first.
};

}  // namespace

std::unique_ptr<PackedFile> MakePackedParquet() { return std::make_unique<PackedParquet>(); }

}  // namespace slipway::data
