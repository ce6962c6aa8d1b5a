// Expressions: what one means does not depend on how rows come, nor on parentheses around it, and
// `not` turns it round.
#include <algorithm>

#include "core/fuzzing.h"
#include "data/expression.h"
#include "data/test_blocks_internal.h"

namespace slipway::data {
namespace {

using slipway::testing::Require;

constexpr double kNow = 1.7e9;

Column Times(std::string name, std::vector<double> seconds) {
  Column column = Numbers(std::move(name), std::move(seconds));
  column.type = ColumnType::kTimestamp;
  column.integral = false;
  return column;
}

const Table& Orders() {
  static const Table table = MakeTable(
      {Numbers("a", {1, -2.5, 3, kMissingNumber, 1e300}), Numbers("b", {3, 2, 0, 1, -1e300}),
       Texts("s", {"basic", "Pro", "", "ü", "2024-01-01"}),
       Texts("t", {"basic", "free", "x", "", "True"}),
       Times("start", {0, 1.7e9, kMissingNumber, -1e11, 4e9}),
       Times("end", {86'400, 1.6e9, 1.7e9, 0.25, kMissingNumber})});
  return table;
}

Result<CompiledExpression> Compiled(const std::string& text) {
  std::vector<ExpressionColumn> columns;
  for (const Column& column : Orders().columns) columns.push_back({column.name, column.type});
  return CompiledExpression::Compile(text, columns, kNow);
}

// One letter a row.
std::string Evaluated(const CompiledExpression& expression, const Block& block) {
  std::vector<Truth> truths(static_cast<size_t>(block.rows));
  expression.Evaluate(block, truths);
  std::string letters;
  for (const Truth truth : truths) letters += "F?T"[static_cast<size_t>(truth)];
  return letters;
}

std::string Turned(std::string letters) {
  for (char& letter : letters) letter = letter == 'T' ? 'F' : letter == 'F' ? 'T' : letter;
  return letters;
}

void CheckExpression(const std::string& text) {
  const Result<CompiledExpression> expression = Compiled(text);
  if (!expression.ok()) {
    slipway::testing::RequireGoodError(expression.error());
    const int64_t column = expression.error().location().column;
    Require(column >= 0 && column <= static_cast<int64_t>(TextWidth(text)) + 1,
            "an error is inside the text", text);
    return;
  }
  const std::string whole = Evaluated(*expression, BlockOf(Orders()));
  std::string rows;
  for (int64_t row = 0; row < Orders().rows; ++row) {
    rows += Evaluated(*expression, BlockOf(Orders(), row, row + 1));
  }
  slipway::testing::RequireSame(whole, rows, "rows by themselves");
  Require(std::ranges::all_of(expression->columns(),
                              [](size_t column) { return column < Orders().columns.size(); }),
          "its columns are of the table");
  // Too long or too deep is all that these may be.
  if (const auto same = Compiled("(" + text + ")"); same.ok()) {
    slipway::testing::RequireSame(whole, Evaluated(*same, BlockOf(Orders())), "in parentheses");
  }
  if (const auto turned = Compiled("not (" + text + ")"); turned.ok()) {
    slipway::testing::RequireSame(Turned(whole), Evaluated(*turned, BlockOf(Orders())), "turned");
  }
}

}  // namespace
}  // namespace slipway::data

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::data::CheckExpression(std::string(slipway::testing::TextOf(data, size)));
  return 0;
}
