#include "data/schema_sink.h"

#include <utility>

namespace slipway::data {
namespace {

struct SchemaDigest : BlockDigest {
  explicit SchemaDigest(SchemaCheck::Partial counted) : partial(std::move(counted)) {}
  SchemaCheck::Partial partial;
};

struct GroupDigest : BlockDigest {
  std::vector<std::unique_ptr<BlockDigest>> parts;
};

}  // namespace

Status SchemaSink::Begin(const std::vector<ColumnHeader>& columns) {
  std::vector<std::string> names;
  std::vector<ColumnType> types;
  for (const ColumnHeader& column : columns) {
    names.push_back(column.name);
    types.push_back(column.type);
  }
  SLIPWAY_ASSIGN_OR_RETURN(check_, SchemaCheck::Make(schema_, names, types, clock_.Now()));
  all_.emplace(check_->Start());
  rows_ = 0;
  return {};
}

std::unique_ptr<BlockDigest> SchemaSink::Reduce(const Block& block, int /*threads*/) const {
  auto digest = std::make_unique<SchemaDigest>(check_->Start());
  digest->partial.Add(block);
  return digest;
}

void SchemaSink::Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) {
  all_->Merge(std::move(static_cast<SchemaDigest&>(*digest).partial), first_row);
  rows_ += rows;
}

std::vector<Issue> SchemaSink::Issues() const { return check_->Issues(*all_, rows_); }

Status SinkGroup::Begin(const std::vector<ColumnHeader>& columns) {
  for (BlockSink* sink : sinks_) SLIPWAY_RETURN_IF_ERROR(sink->Begin(columns));
  return {};
}

std::unique_ptr<BlockDigest> SinkGroup::Reduce(const Block& block, int threads) const {
  auto digest = std::make_unique<GroupDigest>();
  for (const BlockSink* sink : sinks_) digest->parts.push_back(sink->Reduce(block, threads));
  return digest;
}

void SinkGroup::Fold(std::unique_ptr<BlockDigest> digest, int64_t first_row, int64_t rows) {
  auto& parts = static_cast<GroupDigest&>(*digest).parts;
  for (size_t i = 0; i < sinks_.size(); ++i) sinks_[i]->Fold(std::move(parts[i]), first_row, rows);
}

}  // namespace slipway::data
