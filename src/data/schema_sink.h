// A schema checked while a table is scanned, and several sinks on one scan.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "config/table_schema.h"
#include "core/clock.h"
#include "data/scan.h"
#include "data/schema_check.h"

namespace slipway::data {

class SchemaSink : public BlockSink {
 public:
  // Both must outlive it.
  SchemaSink(const config::TableSchema& schema, const Clock& clock)
      : schema_(schema), clock_(clock) {}

  // kInvalidInput, with the places in the schema's file, for expressions that are wrong.
  Status Begin(const std::vector<ColumnHeader>& columns) override;
  std::unique_ptr<BlockDigest> Reduce(const Block& block, int threads) const override;
  void Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) override;

  // After the scan.
  std::vector<Issue> Issues() const;

 private:
  const config::TableSchema& schema_;
  const Clock& clock_;
  std::optional<SchemaCheck> check_;
  std::optional<SchemaCheck::Partial> all_;
  int64_t rows_ = 0;
};

// Shows every block to each of its sinks, which must outlive it.
class SinkGroup : public BlockSink {
 public:
  explicit SinkGroup(std::vector<BlockSink*> sinks) : sinks_(std::move(sinks)) {}

  Status Begin(const std::vector<ColumnHeader>& columns) override;
  std::unique_ptr<BlockDigest> Reduce(const Block& block, int threads) const override;
  void Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) override;

 private:
  const std::vector<BlockSink*> sinks_;
};

}  // namespace slipway::data
