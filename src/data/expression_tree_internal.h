// What the files of the expression language share: tokens, the tree, and errors with their place.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pattern.h"
#include "core/result.h"
#include "data/expression.h"

namespace slipway::data {

enum class ValueType : uint8_t { kNumber, kText, kTime, kTruth };

enum class Operation : uint8_t {
  kColumn,
  kConstant,  // `number`, `text` or `truth` by its type.
  kNegate,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kRemainder,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kBetween,  // value, low, high
  kAnd,
  kOr,
  kNot,
  kIn,  // value, then constants
  kIsMissing,
  kMatches,
  kAbs,
  kMin,
  kMax,
  kLength,
  kLower,
  kUpper,
  kRound,  // value, and a constant of digits
  kIf,
  kYear,
  kMonth,
  kDay,
  kWeekday,
  kNow,
};

struct ExpressionNode {
  Operation operation = Operation::kConstant;
  ValueType type = ValueType::kNumber;  // Of columns and of what has operands: after typing.
  size_t at = 0;                        // Byte in the text.
  std::vector<ExpressionNode> operands = {};
  double number = 0;
  std::string text = {};  // A constant, a column's name.
  Truth truth = Truth::kUnknown;
  size_t column = 0;
  std::optional<Pattern> pattern = {};
  size_t index = 0;  // Among all nodes of the tree.
  // A number that was computed: compared within rounding.
  bool computed = false;
};

struct ExpressionTree {
  ExpressionNode root;
  size_t nodes = 0;
  std::vector<size_t> columns;
};

inline constexpr size_t kMaxExpressionBytes = 10'000;
inline constexpr size_t kMaxExpressionNodes = 1'000;
inline constexpr int kMaxExpressionDepth = 100;

// kInvalidInput at byte `at` of `text`: "character 8: message".
Error ExpressionError(std::string_view text, size_t at, const std::string& message);

struct Token {
  enum class Kind : uint8_t { kEnd, kNumber, kTime, kText, kName, kQuotedName, kSymbol };
  Kind kind = Kind::kEnd;
  size_t at = 0;
  std::string text = {};  // Of a name or a text without its quotes; of a symbol.
  double number = 0;
};

// One pass over the text, all tokens at once, kEnd last.
Result<std::vector<Token>> Tokenize(std::string_view text);

// Names of columns are not looked up yet, and only constants have types.
Result<ExpressionNode> ParseExpression(std::string_view text, const std::vector<Token>& tokens,
                                       double now);

// Looks up columns, sets types, and checks that they go together.
Result<ExpressionTree> ResolveTypes(std::string_view text, ExpressionNode root,
                                    const std::vector<ExpressionColumn>& columns);

}  // namespace slipway::data
