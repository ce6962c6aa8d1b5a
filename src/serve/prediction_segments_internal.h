// From a spool of the log to its segment: Parquet where it belongs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/file_system.h"
#include "core/result.h"
#include "data/object_store.h"
#include "data/packed_columns.h"
#include "serve/prediction_spool_internal.h"

namespace slipway::serve {

// The columns of a segment, filled by the records of its spool.
class SegmentColumns {
 public:
  virtual ~SegmentColumns() = default;
  static std::unique_ptr<SegmentColumns> Make(const SpoolHeader& header);

  // False, and nothing is taken, where the record is damaged or of another kind.
  virtual bool Append(std::string_view record) = 0;

  // Empty again, for more rows of the same columns.
  void Clear();
  int64_t rows() const { return rows_; }
  const std::vector<data::PackedColumn>& columns() const { return columns_; }

 protected:
  std::vector<data::PackedColumn> columns_;
  int64_t rows_ = 0;
};

// Where a segment that begins at `now` belongs, and which name it has that no other one has:
// "churn/predictions/2026-11-23/20261123T064107.123Z-1f2e3d4c5b6a7988.parquet".
std::string SegmentKey(SpoolKind kind, const std::string& model, Clock::WallTime now);

// A model's name as one part of a key: what is no letter, digit, '-', '_' or '.' is written as %XX,
// as is what would hide a folder from readers.
std::string KeyPartOf(std::string_view name);

// Puts the segment of the spool at `path` into `store` and removes the spool; returns the segment's
// rows. One without rows is only removed. kInvalidInput for what is no spool; then it stays.
Result<int64_t> PublishSpool(FileSystem& files, data::ObjectStore& store, const std::string& path);

}  // namespace slipway::serve
