// Row-level expressions over named columns, such as "end >= start or end is null": the rules
// between columns of a table's schema. docs/data.md documents the language.
//
// Three-valued logic as in SQL: what is compared with a missing value is unknown.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "data/block.h"

namespace slipway::data {

// In this order `and` is the least and `or` the greatest.
enum class Truth : uint8_t { kFalse, kUnknown, kTrue };

struct ExpressionColumn {
  std::string name;
  ColumnType type = ColumnType::kNumeric;
};

struct ExpressionTree;

// An expression that is true, false or unknown in each row. Immutable; copies share the compiled
// tree, and several threads may evaluate it at once.
class CompiledExpression {
 public:
  // `columns` are those of the blocks, in their order; `now` is what now() gives, seconds since the
  // epoch. kInvalidInput names the character (from 1, in code points) in the message and in
  // location().column: syntax, unknown columns with the nearest name, and types that do not go
  // together. Bounded: 10,000 bytes, 1,000 operations, 100 levels of nesting.
  static Result<CompiledExpression> Compile(const std::string& text,
                                            const std::vector<ExpressionColumn>& columns,
                                            double now = 0);

  // One result a row, `results.size() == block.rows`. What depends on text alone is computed once
  // per category of the block, not once per row.
  void Evaluate(const Block& block, std::span<Truth> results) const;

  // The columns it names: indices, each once, in the order in which they come.
  const std::vector<size_t>& columns() const;

 private:
  explicit CompiledExpression(std::shared_ptr<const ExpressionTree> tree)
      : tree_(std::move(tree)) {}

  std::shared_ptr<const ExpressionTree> tree_;
};

}  // namespace slipway::data
