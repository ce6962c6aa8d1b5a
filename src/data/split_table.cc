#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "core/hash.h"
#include "data/messages_internal.h"
#include "data/split.h"

namespace slipway::data {
namespace {

constexpr std::array<Part, 3> kAllParts = {Part::kTrain, Part::kValidation, Part::kTest};

Column NumberColumn(std::string name) {
  Column column;
  column.name = std::move(name);
  column.integral = true;
  return column;
}

Column PartColumn(const Split& split) {
  Column column;
  column.name = "part";
  column.type = ColumnType::kCategory;
  for (const Part part : kAllParts) {
    if (std::ranges::find(split.parts, part) != split.parts.end()) {
      column.categories.emplace_back(ToString(part));
    }
  }
  std::ranges::sort(column.categories);
  std::array<int32_t, kAllParts.size()> codes{};
  for (const Part part : kAllParts) {
    const auto found = std::ranges::find(column.categories, ToString(part));
    codes[static_cast<size_t>(part)] = static_cast<int32_t>(found - column.categories.begin());
  }
  for (const Part part : split.parts) column.codes.push_back(codes[static_cast<size_t>(part)]);
  return column;
}

Error Malformed(int64_t row, std::string message) {
  return Error(ErrorCode::kInvalidInput, "not a split assignment: " + std::move(message))
      .At(AtRow(row, ""));
}

Result<const Column*> FindOfType(const Table& table, const char* name, bool category) {
  const Column* column = table.Find(name);
  if (column != nullptr && (column->type == ColumnType::kCategory) == category) return column;
  return Malformed(
      0, fmt::format("it needs a column '{}' of {}", name, category ? "text" : "numbers"));
}

Result<Part> ParsePart(const Column& column, int64_t row) {
  const std::string name = column.TextAt(row);
  for (const Part part : kAllParts) {
    if (name == ToString(part)) return part;
  }
  return Malformed(row + 1, fmt::format("part '{}'", name));
}

}  // namespace

std::vector<int64_t> Split::RowsOf(Part part) const {
  std::vector<int64_t> rows;
  for (size_t row = 0; row < parts.size(); ++row) {
    if (parts[row] == part) rows.push_back(static_cast<int64_t>(row));
  }
  return rows;
}

bool Split::forward() const {
  bool scored = false;
  bool only_learned_from = false;
  for (size_t row = 0; row < parts.size(); ++row) {
    if (parts[row] != Part::kTrain) continue;
    (folds[row] >= 0 ? scored : only_learned_from) = true;
  }
  return scored && only_learned_from;
}

std::string DigestOf(const Split& split) {
  static_assert(std::endian::native == std::endian::little, "digests are of little-endian bytes");
  Sha256 sha;
  sha.UpdateField({reinterpret_cast<const char*>(split.parts.data()), split.parts.size()});
  sha.UpdateField({reinterpret_cast<const char*>(split.folds.data()),
                   split.folds.size() * sizeof(split.folds[0])});
  return "sha256:" + sha.FinishHex();
}

Table ToTable(const Split& split) {
  Table table;
  table.rows = static_cast<int64_t>(split.parts.size());
  Column row = NumberColumn("row");
  Column fold = NumberColumn("fold");
  for (int64_t i = 0; i < table.rows; ++i) {
    row.numbers.push_back(static_cast<double>(i));
    fold.numbers.push_back(split.folds[static_cast<size_t>(i)]);
  }
  table.columns = {std::move(row), PartColumn(split), std::move(fold)};
  return table;
}

Result<Split> SplitFromTable(const Table& table) {
  SLIPWAY_ASSIGN_OR_RETURN(const Column* row, FindOfType(table, "row", false));
  SLIPWAY_ASSIGN_OR_RETURN(const Column* part, FindOfType(table, "part", true));
  SLIPWAY_ASSIGN_OR_RETURN(const Column* fold, FindOfType(table, "fold", false));
  Split split;
  for (int64_t i = 0; i < table.rows; ++i) {
    const auto index = static_cast<size_t>(i);
    if (row->numbers[index] != static_cast<double>(i)) {
      return Malformed(i + 1, fmt::format("row {}, expected {}", row->TextAt(i), i));
    }
    SLIPWAY_ASSIGN_OR_RETURN(const Part parsed, ParsePart(*part, i));
    const double number = fold->numbers[index];
    const bool whole = number >= -1 && number < 1e6 && number == std::trunc(number);
    if (!whole || (parsed != Part::kTrain && number != -1)) {
      return Malformed(i + 1,
                       fmt::format("fold '{}' in part {}", fold->TextAt(i), ToString(parsed)));
    }
    split.parts.push_back(parsed);
    split.folds.push_back(static_cast<int32_t>(number));
  }
  return split;
}

}  // namespace slipway::data
