// A Parquet file open for reading, column by column.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "data/byte_source_internal.h"
#include "data/column_builder_internal.h"
#include "data/parquet_writer.h"

namespace slipway::data {

// The key under which WriteParquet keeps a table's types, as JSON, in the file's metadata.
inline constexpr const char* kParquetTypesKey = "slipway";

// Damage of any kind is kInvalidInput, or kIo where the disk fails.
class ParquetFile {
 public:
  // `file` must outlive it.
  static Result<ParquetFile> Open(const ByteSource& file);
  ParquetFile(ParquetFile&&) noexcept;
  ~ParquetFile();

  const std::vector<std::string>& names() const { return names_; }
  int64_t rows() const { return rows_; }
  // What WriteParquet said of the types; "" in files of others.
  const std::string& types() const { return types_; }

  // How the file types a column; nothing for what is no column of a table, as nested ones are not.
  std::optional<ColumnType> TypeOf(int column) const;
  // The file's own name of it.
  std::string TypeName(int column) const;

  // Reads one column from its first row on.
  class ColumnCursor {
   public:
    virtual ~ColumnCursor() = default;
  };
  Result<std::unique_ptr<ColumnCursor>> OpenColumn(int column) const;
  // Appends the next `rows` values to `piece`, or all that are left; used by one thread at a time.
  Status ReadNext(ColumnCursor& cursor, int64_t rows, bool as_it_is, ColumnPiece& piece) const;

  // Appends all values of a column to `piece`. With `as_it_is` nothing is trimmed and only null is
  // missing. Safe from several threads on different columns.
  Status ReadColumn(int column, bool as_it_is, ColumnPiece& piece) const;

 private:
  struct State;
  ParquetFile();
  Status ReadMetadata();

  std::unique_ptr<State> state_;
  std::vector<std::string> names_;
  int64_t rows_ = 0;
  std::string types_;
};

// What parquet_writer.h promises, in the plug-in.
Status WriteParquetFile(const std::string& path, const Table& table, ParquetUse use);
Result<Table> ReadParquetFileExactly(const std::string& path, int threads);

}  // namespace slipway::data
