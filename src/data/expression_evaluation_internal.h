// One evaluation of an expression over one block: in chunks of rows that stay in the processor's
// cache, one operation over a chunk at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/block.h"
#include "data/expression_tree_internal.h"

namespace slipway::data {

// The distinct values of a text in a block, which rows point into by code.
struct TextValues {
  std::vector<std::string_view> entries;
  std::vector<std::string> owned;  // Behind `entries`, where they are no column's own.
  // Which entries the block has; empty where all of them count as used.
  std::vector<uint8_t> used;

  bool IsUsed(size_t code) const { return used.empty() || used[code] != 0; }
};

// Rows that are evaluated at once.
inline constexpr size_t kExpressionChunk = 1024;

class ExpressionEvaluation {
 public:
  ExpressionEvaluation(const ExpressionTree& tree, const Block& block)
      : tree_(tree), block_(block), states_(tree.nodes) {}

  void Run(std::span<Truth> results);

 private:
  // What belongs to one node: results of a chunk, and what was computed once for the block.
  struct State {
    std::vector<double> numbers;
    std::vector<Truth> truths;
    std::vector<int32_t> codes;
    TextValues values;                           // Of a text.
    std::vector<Truth> truth_of;                 // By the code of the text that the node looks at.
    std::vector<double> number_of;               // The same, of length.
    std::vector<int32_t> left_rank, right_rank;  // Of two texts that are compared, by code.
    std::vector<double> listed;                  // Constants of `in`, sorted.
  };
  struct Rows {
    size_t begin = 0;
    size_t count = 0;
  };

  State& StateOf(const ExpressionNode& node) { return states_[node.index]; }
  const TextValues& ValuesOf(const ExpressionNode& node) { return StateOf(node).values; }

  // Once a block.
  void Prepare(const ExpressionNode& node);
  void PrepareConstant(const ExpressionNode& node, State* state) const;
  void PrepareText(const ExpressionNode& node, State* state);
  void PrepareColumn(const ExpressionNode& node, State* state) const;
  void PrepareTextTest(const ExpressionNode& node, State* state);
  void PrepareComparison(const ExpressionNode& node, State* state);
  void RankTexts(const TextValues& left, const TextValues& right, State* state) const;

  // Once a chunk: one value a row of `rows`.
  const double* Numbers(const ExpressionNode& node, Rows rows);
  const Truth* Truths(const ExpressionNode& node, Rows rows);
  const int32_t* Codes(const ExpressionNode& node, Rows rows);
  void OneNumber(const ExpressionNode& node, Rows rows, double* results);
  void TwoNumbers(const ExpressionNode& node, Rows rows, double* results);
  void LeastOrGreatest(const ExpressionNode& node, Rows rows, double* results);
  void Compare(const ExpressionNode& node, Rows rows, Truth* results);
  void CompareTexts(const ExpressionNode& node, Rows rows, Truth* results);
  void Between(const ExpressionNode& node, Rows rows, Truth* results);
  void BetweenTexts(const ExpressionNode& node, Rows rows, Truth* results);
  void Missing(const ExpressionNode& node, Rows rows, Truth* results);
  void In(const ExpressionNode& node, Rows rows, Truth* results);
  void Combine(const ExpressionNode& node, Rows rows, Truth* results);
  void LookUp(const ExpressionNode& node, Rows rows, Truth* results);
  // The branch of kIf that each row takes; `missing` where the condition is unknown.
  template <typename T>
  void Choose(const Truth* conditions, const T* yes, const T* no, T missing, Rows rows, T* results);

  const ExpressionTree& tree_;
  const Block& block_;
  std::vector<State> states_;
};

// Numbers that were computed are compared within rounding: as equal up to 1e-12 of the smaller one.
bool CompareNumbers(Operation comparison, bool computed, double left, double right);

inline bool IsConstant(const ExpressionNode& node) {
  return node.operation == Operation::kConstant;
}
inline Truth TruthOf(bool value) { return value ? Truth::kTrue : Truth::kFalse; }
inline Truth Least(Truth a, Truth b) { return std::min(a, b); }

// Calls `use` with the comparison as a function of two values.
template <typename T, typename Use>
void WithExact(Operation comparison, Use use) {
  switch (comparison) {
    case Operation::kEqual:
    case Operation::kIn: return use(std::equal_to<T>());
    case Operation::kNotEqual: return use(std::not_equal_to<T>());
    case Operation::kLess: return use(std::less<T>());
    case Operation::kLessEqual: return use(std::less_equal<T>());
    case Operation::kGreater: return use(std::greater<T>());
    default: return use(std::greater_equal<T>());
  }
}

}  // namespace slipway::data
