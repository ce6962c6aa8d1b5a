// The rules of a schema on one column, and what was counted of them over blocks of rows.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/table_schema.h"
#include "core/pattern.h"
#include "data/block.h"
#include "data/types.h"
#include "data/unique_values_internal.h"

namespace slipway::data {

// What one value can do wrong.
enum class Breach : uint8_t {
  kMissing,
  kWrongType,
  kBelow,
  kAbove,
  kUnexpected,
  kNoMatch,
  kTooShort,
  kTooLong,
};
inline constexpr size_t kBreaches = 8;

struct BreachTally {
  int64_t count = 0;
  std::vector<Example> examples;  // The first ten.

  void Add(int64_t row, std::string value, bool missing = false);
  // Of the rows that follow; `first_row` goes on top of theirs.
  void Merge(BreachTally later, int64_t first_row);
};

// Mergeable; of consecutive rows.
struct RuleTally {
  int64_t rows = 0;
  std::array<BreachTally, kBreaches> breaches;
  double least = std::numeric_limits<double>::infinity();  // Of numbers and times.
  double greatest = -std::numeric_limits<double>::infinity();
  UniqueValues values;  // Where they must be unique.

  const BreachTally& Of(Breach breach) const { return breaches[static_cast<size_t>(breach)]; }
  BreachTally& Of(Breach breach) { return breaches[static_cast<size_t>(breach)]; }
  int64_t present() const { return rows - Of(Breach::kMissing).count; }
  void Merge(RuleTally later, int64_t first_row);
};

// The column type that holds a schema's type.
ColumnType TypeFor(config::SchemaType type);
// A number or a time for people.
std::string ValueText(double value, ColumnType type);

// Immutable; several threads may count at once.
class ColumnRules {
 public:
  // `column` is the place in blocks, `type` what the table has there; `now` in seconds since the
  // epoch. The schema was checked: its pattern compiles.
  ColumnRules(const config::ColumnSchema& schema, size_t column, ColumnType type, double now);

  void Add(const Block& block, RuleTally* tally) const;

  const config::ColumnSchema& schema() const { return schema_; }
  size_t column() const { return column_; }
  ColumnType type() const { return type_; }
  // Whether the table's type can hold the schema's.
  bool fits() const { return fits_; }
  double min() const { return min_; }
  double max() const { return max_; }

 private:
  void AddNumbers(const Block& block, RuleTally* tally) const;
  void AddTexts(const Block& block, RuleTally* tally) const;
  void AddUniqueNumbers(const Block& block, UniqueValues* values) const;
  // One bit for each Breach of a text.
  uint8_t BreachesOf(const std::string& text) const;
  bool IsRightType(const std::string& text) const;

  config::ColumnSchema schema_;
  size_t column_;
  ColumnType type_;
  bool fits_;
  double min_ = -std::numeric_limits<double>::infinity();
  double max_ = std::numeric_limits<double>::infinity();
  std::optional<Pattern> pattern_;
  std::vector<std::string> categories_;  // Sorted.
};

}  // namespace slipway::data
