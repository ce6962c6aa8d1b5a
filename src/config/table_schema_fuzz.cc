// A table's schema: what is read and written again is the same schema.
#include "config/table_schema.h"
#include "core/fuzzing.h"

namespace slipway::config {
namespace {

using slipway::testing::Require;
using slipway::testing::RequireGoodError;
using slipway::testing::RequireSame;

// Places in the file and notes are not part of a schema.
bool Same(const ColumnSchema& a, const ColumnSchema& b) {
  return a.name == b.name && a.type == b.type && a.required == b.required &&
         a.max_missing == b.max_missing && a.min == b.min && a.max == b.max &&
         a.max_age == b.max_age && a.categories == b.categories && a.pattern == b.pattern &&
         a.length == b.length && a.unique == b.unique && a.max_unexpected == b.max_unexpected &&
         a.severity == b.severity;
}

bool Same(const RowCheck& a, const RowCheck& b) {
  return a.name == b.name && a.expression == b.expression && a.max_failing == b.max_failing &&
         a.severity == b.severity;
}

template <typename T>
bool Same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Same(a[i], b[i])) return false;
  }
  return true;
}

bool Same(const TableSchema& a, const TableSchema& b) {
  return a.allow_extra_columns == b.allow_extra_columns && a.ordered == b.ordered &&
         a.rows == b.rows && a.severity == b.severity && Same(a.columns, b.columns) &&
         Same(a.checks, b.checks);
}

void CheckSchema(const std::string& text) {
  const Result<TableSchema> schema = ParseTableSchema(text, "schema.yaml");
  if (!schema.ok()) return RequireGoodError(schema.error());
  const std::string written = WriteTableSchema(*schema);
  const Result<TableSchema> again = ParseTableSchema(written, "written.yaml");
  Require(again.ok(), "what was written is read", written,
          again.ok() ? "" : again.error().Render());
  Require(Same(*schema, *again), "the same schema comes back", text, written);
  RequireSame(written, WriteTableSchema(*again), "it is written the same way");
}

}  // namespace
}  // namespace slipway::config

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::config::CheckSchema(std::string(slipway::testing::TextOf(data, size)));
  return 0;
}
