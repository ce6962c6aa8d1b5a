#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/text.h"
#include "core/time_text.h"
#include "data/expression_tree_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

const char* Words(ValueType type) {
  switch (type) {
    case ValueType::kNumber: return "a number";
    case ValueType::kText: return "text";
    case ValueType::kTime: return "a time";
    case ValueType::kTruth: return "a condition";
  }
  return "";
}

ValueType TypeOf(ColumnType type) {
  switch (type) {
    case ColumnType::kNumeric: return ValueType::kNumber;
    case ColumnType::kTimestamp: return ValueType::kTime;
    case ColumnType::kCategory: break;
  }
  return ValueType::kText;
}

bool IsConstant(const ExpressionNode& node, ValueType type) {
  return node.operation == Operation::kConstant && node.type == type;
}

class Typing {
 public:
  Typing(std::string_view text, const std::vector<ExpressionColumn>& columns)
      : text_(text), columns_(columns) {
    for (size_t i = 0; i < columns.size(); ++i) places_.emplace(columns[i].name, i);
  }

  // Depth is bounded by the parser: nesting, and one level for each operation in a row.
  Status Resolve(ExpressionNode* node);
  Status RequireCondition(const ExpressionNode& node) const;
  size_t nodes() const { return nodes_; }
  std::vector<size_t> TakeColumns() { return std::move(used_); }

 private:
  Error Fail(const ExpressionNode& node, const std::string& message) const {
    return ExpressionError(text_, node.at, message);
  }
  Status Require(const ExpressionNode& node, ValueType type, std::string_view by) const;
  Status Agree(std::vector<ExpressionNode>* operands, size_t first, std::string_view by) const;
  Status MakeTime(ExpressionNode* constant) const;

  Status Column(ExpressionNode* node);
  Status Arithmetic(ExpressionNode* node) const;
  Status Comparison(ExpressionNode* node) const;
  Status Round(ExpressionNode* node) const;
  Status Same(ExpressionNode* node) const;
  Status OneOperand(ExpressionNode* node, ValueType operand, ValueType result,
                    std::string_view by) const;
  Status Operate(ExpressionNode* node);

  std::string_view text_;
  const std::vector<ExpressionColumn>& columns_;
  std::unordered_map<std::string_view, size_t> places_;
  std::vector<size_t> used_;
  size_t nodes_ = 0;
};

Status Typing::Require(const ExpressionNode& node, ValueType type, std::string_view by) const {
  if (node.type == type) return {};
  return Fail(node, fmt::format("{} takes {}, not {}", by, Words(type), Words(node.type)));
}

Status Typing::RequireCondition(const ExpressionNode& node) const {
  if (node.type == ValueType::kTruth) return {};
  const bool column = node.operation == Operation::kColumn;
  const bool text = node.type == ValueType::kText;
  return Fail(node, fmt::format("{} where a condition is expected", Words(node.type)))
      .Expected("a comparison, such as price >= 0")
      .Try(column ? fmt::format("{} {}", node.text, text ? "== true" : "!= 0") : "");
}

Status Typing::Column(ExpressionNode* node) {
  const auto found = places_.find(node->text);
  if (found == places_.end()) {
    constexpr size_t kListed = 12;
    std::vector<std::string> names;
    names.reserve(columns_.size());
    for (const ExpressionColumn& column : columns_) names.push_back(column.name);
    return Fail(*node, fmt::format("no column '{}'", Excerpt(node->text)))
        .Expected(names.size() <= kListed ? JoinOr(names) : "")
        .Try(NearestName(node->text, names));
  }
  node->column = found->second;
  node->type = TypeOf(columns_[node->column].type);
  if (std::ranges::find(used_, node->column) == used_.end()) used_.push_back(node->column);
  return {};
}

// A text in quotes stands for a time where a time is expected.
Status Typing::MakeTime(ExpressionNode* constant) const {
  const auto seconds = ParseIsoTime(constant->text);
  if (!seconds) {
    return Fail(*constant, fmt::format("'{}' is no date or time", Excerpt(constant->text)))
        .Expected("such as '2019-01-31' or '2019-01-31 08:00'");
  }
  constant->type = ValueType::kTime;
  constant->number = *seconds;
  return {};
}

// Makes operands from `first` on one type, constants by what they stand with.
Status Typing::Agree(std::vector<ExpressionNode>* operands, size_t first,
                     std::string_view by) const {
  const auto any = [&](ValueType type) {
    return std::any_of(operands->begin() + static_cast<ptrdiff_t>(first), operands->end(),
                       [&](const ExpressionNode& node) { return node.type == type; });
  };
  const bool time = any(ValueType::kTime);
  const bool text = any(ValueType::kText);
  for (size_t i = first; i < operands->size(); ++i) {
    ExpressionNode& node = (*operands)[i];
    if (time && IsConstant(node, ValueType::kText)) SLIPWAY_RETURN_IF_ERROR(MakeTime(&node));
    if (text && !time && IsConstant(node, ValueType::kTruth)) {  // As a reader writes booleans.
      node.type = ValueType::kText;
      node.text = node.truth == Truth::kTrue ? "True" : "False";
    }
    const ExpressionNode& model = (*operands)[first];
    if (node.type == model.type) continue;
    const bool quoted = IsConstant(node, ValueType::kText) && ParseNumber(node.text);
    return Fail(node, fmt::format("{} with {} and {}", by, Words(model.type), Words(node.type)))
        .Expected("one type")
        .Try(quoted && model.type == ValueType::kNumber ? node.text + " without quotes" : "");
  }
  return {};
}

Status Typing::Arithmetic(ExpressionNode* node) const {
  const ValueType left = node->operands[0].type;
  const ValueType right = node->operands[1].type;
  const bool sum = node->operation == Operation::kAdd;
  const bool difference = node->operation == Operation::kSubtract;
  node->computed = true;
  const auto numbers = [](ValueType a, ValueType b) {
    return a == ValueType::kNumber && b == ValueType::kNumber;
  };
  if (numbers(left, right) ||
      (difference && left == ValueType::kTime && right == ValueType::kTime)) {
    node->type = ValueType::kNumber;
    return {};
  }
  const bool shifted = left == ValueType::kTime && right == ValueType::kNumber;
  const bool shifts = left == ValueType::kNumber && right == ValueType::kTime;
  if ((shifted && (sum || difference)) || (shifts && sum)) {
    node->type = ValueType::kTime;
    return {};
  }
  return Fail(*node, fmt::format("{} and {} can't be calculated with", Words(left), Words(right)))
      .Expected("two numbers, two times to subtract, or a time and seconds");
}

Status Typing::Comparison(ExpressionNode* node) const {
  SLIPWAY_RETURN_IF_ERROR(Agree(&node->operands, 0, "a comparison"));
  node->type = ValueType::kTruth;
  const bool equality = node->operation == Operation::kEqual ||
                        node->operation == Operation::kNotEqual ||
                        node->operation == Operation::kIn;
  if (equality || node->operands[0].type != ValueType::kTruth) return {};
  return Fail(*node, "conditions have no order").Expected("== or !=");
}

Status Typing::Round(ExpressionNode* node) const {
  constexpr double kMostDigits = 15;
  SLIPWAY_RETURN_IF_ERROR(Require(node->operands[0], ValueType::kNumber, "round"));
  node->type = ValueType::kNumber;
  if (node->operands.size() == 1) return {};
  const ExpressionNode& digits = node->operands[1];
  const bool right = IsConstant(digits, ValueType::kNumber) && digits.number <= kMostDigits &&
                     digits.number == std::floor(digits.number);
  if (right) return {};
  return Fail(digits, "round takes a constant number of digits").Expected("0 to 15");
}

// min, max and the branches of if.
Status Typing::Same(ExpressionNode* node) const {
  const bool branches = node->operation == Operation::kIf;
  const size_t first = branches ? 1 : 0;
  if (branches) SLIPWAY_RETURN_IF_ERROR(RequireCondition(node->operands[0]));
  SLIPWAY_RETURN_IF_ERROR(Agree(&node->operands, first, branches ? "if" : "min and max"));
  node->type = node->operands[first].type;
  node->computed =
      std::any_of(node->operands.begin() + static_cast<ptrdiff_t>(first), node->operands.end(),
                  [](const ExpressionNode& operand) { return operand.computed; });
  const bool ordered = node->type == ValueType::kNumber || node->type == ValueType::kTime;
  if (branches || ordered) return {};
  return Fail(*node, fmt::format("min and max take numbers or times, not {}", Words(node->type)));
}

Status Typing::OneOperand(ExpressionNode* node, ValueType operand, ValueType result,
                          std::string_view by) const {
  if (operand == ValueType::kTime && IsConstant(node->operands[0], ValueType::kText)) {
    SLIPWAY_RETURN_IF_ERROR(MakeTime(node->operands.data()));
  }
  SLIPWAY_RETURN_IF_ERROR(Require(node->operands[0], operand, by));
  node->type = result;
  node->computed = node->operands[0].computed && result == ValueType::kNumber;
  return {};
}

Status Typing::Operate(ExpressionNode* node) {
  constexpr ValueType kNumber = ValueType::kNumber;
  constexpr ValueType kText = ValueType::kText;
  constexpr ValueType kTime = ValueType::kTime;
  switch (node->operation) {
    case Operation::kConstant: return {};
    case Operation::kColumn: return Column(node);
    case Operation::kNow: node->type = kTime; return {};
    case Operation::kNegate: return OneOperand(node, kNumber, kNumber, "a sign");
    case Operation::kAbs: return OneOperand(node, kNumber, kNumber, "abs");
    case Operation::kLength: return OneOperand(node, kText, kNumber, "length");
    case Operation::kLower: return OneOperand(node, kText, kText, "lower");
    case Operation::kUpper: return OneOperand(node, kText, kText, "upper");
    case Operation::kMatches: return OneOperand(node, kText, ValueType::kTruth, "matches");
    case Operation::kYear: return OneOperand(node, kTime, kNumber, "year");
    case Operation::kMonth: return OneOperand(node, kTime, kNumber, "month");
    case Operation::kDay: return OneOperand(node, kTime, kNumber, "day");
    case Operation::kWeekday: return OneOperand(node, kTime, kNumber, "weekday");
    case Operation::kIsMissing: node->type = ValueType::kTruth; return {};
    case Operation::kRound: return Round(node);
    case Operation::kMin:
    case Operation::kMax:
    case Operation::kIf: return Same(node);
    case Operation::kAdd:
    case Operation::kSubtract:
    case Operation::kMultiply:
    case Operation::kDivide:
    case Operation::kRemainder: return Arithmetic(node);
    case Operation::kEqual:
    case Operation::kNotEqual:
    case Operation::kLess:
    case Operation::kLessEqual:
    case Operation::kGreater:
    case Operation::kGreaterEqual:
    case Operation::kBetween:
    case Operation::kIn: return Comparison(node);
    case Operation::kAnd:
    case Operation::kOr:
    case Operation::kNot: break;
  }
  node->type = ValueType::kTruth;
  for (const ExpressionNode& operand : node->operands) {
    SLIPWAY_RETURN_IF_ERROR(RequireCondition(operand));
  }
  return {};
}

Status Typing::Resolve(ExpressionNode* node) {
  for (ExpressionNode& operand : node->operands) SLIPWAY_RETURN_IF_ERROR(Resolve(&operand));
  node->index = nodes_++;
  return Operate(node);
}

}  // namespace

Result<ExpressionTree> ResolveTypes(std::string_view text, ExpressionNode root,
                                    const std::vector<ExpressionColumn>& columns) {
  Typing typing(text, columns);
  SLIPWAY_RETURN_IF_ERROR(typing.Resolve(&root));
  SLIPWAY_RETURN_IF_ERROR(typing.RequireCondition(root));
  return ExpressionTree{std::move(root), typing.nodes(), typing.TakeColumns()};
}

}  // namespace slipway::data
