#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include "core/text.h"
#include "core/time_text.h"
#include "data/expression_evaluation_internal.h"

namespace slipway::data {
namespace {

bool IsClose(double a, double b) {
  constexpr double kRounding = 1e-12;
  return a == b || std::fabs(a - b) <= kRounding * std::min(std::fabs(a), std::fabs(b));
}

// One loop for each comparison, so that the compiler can vectorise it.
template <typename Holds>
void CompareAll(const double* left, const double* right, size_t count, Truth* results,
                Holds holds) {
  for (size_t i = 0; i < count; ++i) {
    const bool unknown = std::isunordered(left[i], right[i]);
    const auto known = static_cast<uint8_t>(2 * static_cast<int>(holds(left[i], right[i])));
    results[i] = unknown ? Truth::kUnknown : static_cast<Truth>(known);
  }
}

template <typename Use>
void WithRounding(Operation comparison, Use use) {
  switch (comparison) {
    case Operation::kEqual:
    case Operation::kIn: return use([](double a, double b) { return IsClose(a, b); });
    case Operation::kNotEqual: return use([](double a, double b) { return !IsClose(a, b); });
    case Operation::kLess: return use([](double a, double b) { return a < b && !IsClose(a, b); });
    case Operation::kLessEqual:
      return use([](double a, double b) { return a <= b || IsClose(a, b); });
    case Operation::kGreater:
      return use([](double a, double b) { return a > b && !IsClose(a, b); });
    default: return use([](double a, double b) { return a >= b || IsClose(a, b); });
  }
}

void CompareColumns(Operation comparison, bool computed, const double* left, const double* right,
                    size_t count, Truth* results) {
  const auto all = [&](auto holds) { CompareAll(left, right, count, results, holds); };
  if (computed) return WithRounding(comparison, all);
  WithExact<double>(comparison, all);
}

bool IsComputed(const ExpressionNode& left, const ExpressionNode& right) {
  return left.computed || right.computed;
}

Truth Greatest(Truth a, Truth b) { return std::max(a, b); }
Truth Negated(Truth a) { return static_cast<Truth>(2 - static_cast<int>(a)); }

double PartOfDate(Operation part, double seconds) {
  constexpr double kYears = 9e11;  // About 28,000 from 1970, within std::chrono::year.
  if (!(std::fabs(seconds) < kYears)) return kMissingNumber;
  const std::chrono::sys_days day{
      std::chrono::days(static_cast<int64_t>(std::floor(seconds / kSecondsPerDay)))};
  if (part == Operation::kWeekday) return std::chrono::weekday(day).iso_encoding();
  const std::chrono::year_month_day date(day);
  if (part == Operation::kYear) return static_cast<int>(date.year());
  if (part == Operation::kMonth) return static_cast<unsigned>(date.month());
  return static_cast<unsigned>(date.day());
}

double Rounded(double value, double digits) {
  const double unit = std::pow(10, digits);
  const double rounded = std::round(value * unit) / unit;
  return std::isfinite(rounded) ? rounded : value;
}

}  // namespace

bool CompareNumbers(Operation comparison, bool computed, double left, double right) {
  Truth result = Truth::kUnknown;
  CompareColumns(comparison, computed, &left, &right, 1, &result);
  return result == Truth::kTrue;
}

void ExpressionEvaluation::Run(std::span<Truth> results) {
  Prepare(tree_.root);
  for (size_t begin = 0; begin < results.size(); begin += kExpressionChunk) {
    const Rows rows = {begin, std::min(kExpressionChunk, results.size() - begin)};
    const Truth* chunk = Truths(tree_.root, rows);
    std::copy_n(chunk, rows.count, results.data() + begin);
  }
}

void ExpressionEvaluation::Prepare(const ExpressionNode& node) {
  for (const ExpressionNode& operand : node.operands) Prepare(operand);
  State& state = StateOf(node);
  if (IsConstant(node) || node.operation == Operation::kNow) {
    PrepareConstant(node, &state);
  } else if (node.type == ValueType::kTruth) {
    state.truths.resize(kExpressionChunk);
    const bool text = !node.operands.empty() && node.operands[0].type == ValueType::kText;
    if (text && node.operation != Operation::kIsMissing) PrepareTextTest(node, &state);
    if (node.operation == Operation::kIn && !text) {
      for (size_t i = 1; i < node.operands.size(); ++i) {
        state.listed.push_back(node.operands[i].number);
      }
      std::ranges::sort(state.listed);
    }
  } else if (node.type == ValueType::kText) {
    PrepareText(node, &state);
  } else if (node.operation != Operation::kColumn) {
    state.numbers.resize(kExpressionChunk);
    if (node.operation != Operation::kLength) return;
    const TextValues& values = ValuesOf(node.operands[0]);
    state.number_of.resize(values.entries.size());
    for (size_t code = 0; code < values.entries.size(); ++code) {
      if (!values.IsUsed(code)) continue;
      state.number_of[code] = static_cast<double>(TextWidth(values.entries[code]));
    }
  }
}

void ExpressionEvaluation::PrepareConstant(const ExpressionNode& node, State* state) const {
  if (node.type == ValueType::kText) {
    state->values.entries = {node.text};
    state->codes.assign(kExpressionChunk, 0);
  } else if (node.type == ValueType::kTruth) {
    state->truths.assign(kExpressionChunk, node.truth);
  } else {
    state->numbers.assign(kExpressionChunk, node.number);
  }
}

template <typename T>
void ExpressionEvaluation::Choose(const Truth* conditions, const T* yes, const T* no, T missing,
                                  Rows rows, T* results) {
  for (size_t i = 0; i < rows.count; ++i) {
    const T known = conditions[i] == Truth::kTrue ? yes[i] : no[i];
    results[i] = conditions[i] == Truth::kUnknown ? missing : known;
  }
}

const double* ExpressionEvaluation::Numbers(const ExpressionNode& node, Rows rows) {
  State& state = StateOf(node);
  double* results = state.numbers.data();
  switch (node.operation) {
    case Operation::kConstant:
    case Operation::kNow: return results;
    case Operation::kColumn: return block_.columns[node.column].numbers.data() + rows.begin;
    case Operation::kAdd:
    case Operation::kSubtract:
    case Operation::kMultiply:
    case Operation::kDivide:
    case Operation::kRemainder: TwoNumbers(node, rows, results); break;
    case Operation::kMin:
    case Operation::kMax: LeastOrGreatest(node, rows, results); break;
    case Operation::kIf: {
      const Truth* conditions = Truths(node.operands[0], rows);
      const double* yes = Numbers(node.operands[1], rows);
      const double* no = Numbers(node.operands[2], rows);
      Choose(conditions, yes, no, kMissingNumber, rows, results);
      break;
    }
    case Operation::kLength: {
      const int32_t* codes = Codes(node.operands[0], rows);
      for (size_t i = 0; i < rows.count; ++i) {
        results[i] = codes[i] < 0 ? kMissingNumber : state.number_of[static_cast<size_t>(codes[i])];
      }
      break;
    }
    default: OneNumber(node, rows, results);
  }
  return results;
}

void ExpressionEvaluation::OneNumber(const ExpressionNode& node, Rows rows, double* results) {
  const double* values = Numbers(node.operands[0], rows);
  const auto each = [&](auto function) {
    std::transform(values, values + rows.count, results, function);
  };
  if (node.operation == Operation::kNegate) return each([](double x) { return -x; });
  if (node.operation == Operation::kAbs) return each([](double x) { return std::fabs(x); });
  if (node.operation == Operation::kRound) {
    const double digits = node.operands.size() > 1 ? node.operands[1].number : 0;
    return each([=](double x) { return Rounded(x, digits); });
  }
  each([&](double x) { return PartOfDate(node.operation, x); });
}

void ExpressionEvaluation::TwoNumbers(const ExpressionNode& node, Rows rows, double* results) {
  const double* left = Numbers(node.operands[0], rows);
  const double* right = Numbers(node.operands[1], rows);
  const auto each = [&](auto function) {
    std::transform(left, left + rows.count, right, results, function);
  };
  // What is divided by zero is missing, not infinite.
  const auto missing_at_zero = [](double divisor, double value) {
    return divisor == 0 ? kMissingNumber : value;
  };
  switch (node.operation) {
    case Operation::kAdd: return each(std::plus<>());
    case Operation::kSubtract: return each(std::minus<>());
    case Operation::kMultiply: return each(std::multiplies<>());
    case Operation::kDivide:
      return each([=](double a, double b) { return missing_at_zero(b, a / b); });
    default: return each([=](double a, double b) { return missing_at_zero(b, std::fmod(a, b)); });
  }
}

// Missing where any is.
void ExpressionEvaluation::LeastOrGreatest(const ExpressionNode& node, Rows rows, double* results) {
  std::copy_n(Numbers(node.operands[0], rows), rows.count, results);
  const bool least = node.operation == Operation::kMin;
  for (size_t k = 1; k < node.operands.size(); ++k) {
    const double* values = Numbers(node.operands[k], rows);
    for (size_t i = 0; i < rows.count; ++i) {
      const bool better = least ? values[i] < results[i] : values[i] > results[i];
      if (better || std::isnan(values[i])) results[i] = values[i];
    }
  }
}

const Truth* ExpressionEvaluation::Truths(const ExpressionNode& node, Rows rows) {
  State& state = StateOf(node);
  Truth* results = state.truths.data();
  switch (node.operation) {
    case Operation::kConstant: break;
    case Operation::kAnd:
    case Operation::kOr:
    case Operation::kNot: Combine(node, rows, results); break;
    case Operation::kIsMissing: Missing(node, rows, results); break;
    case Operation::kMatches: LookUp(node, rows, results); break;
    case Operation::kIn: In(node, rows, results); break;
    case Operation::kBetween: Between(node, rows, results); break;
    case Operation::kIf: {
      const Truth* conditions = Truths(node.operands[0], rows);
      const Truth* yes = Truths(node.operands[1], rows);
      const Truth* no = Truths(node.operands[2], rows);
      Choose(conditions, yes, no, Truth::kUnknown, rows, results);
      break;
    }
    default: Compare(node, rows, results);
  }
  return results;
}

// Kleene's logic, with the order false, unknown, true.
void ExpressionEvaluation::Combine(const ExpressionNode& node, Rows rows, Truth* results) {
  std::copy_n(Truths(node.operands[0], rows), rows.count, results);
  if (node.operation == Operation::kNot) {
    std::transform(results, results + rows.count, results, Negated);
  }
  for (size_t k = 1; k < node.operands.size(); ++k) {
    const Truth* values = Truths(node.operands[k], rows);
    std::transform(results, results + rows.count, values, results,
                   node.operation == Operation::kAnd ? Least : Greatest);
  }
}

void ExpressionEvaluation::Missing(const ExpressionNode& node, Rows rows, Truth* results) {
  const ExpressionNode& operand = node.operands[0];
  const auto each = [&](const auto* values, auto is_missing) {
    std::transform(values, values + rows.count, results,
                   [&](auto value) { return TruthOf(is_missing(value)); });
  };
  if (operand.type == ValueType::kText) {
    each(Codes(operand, rows), [](int32_t code) { return code < 0; });
  } else if (operand.type == ValueType::kTruth) {
    each(Truths(operand, rows), [](Truth truth) { return truth == Truth::kUnknown; });
  } else {
    each(Numbers(operand, rows), [](double number) { return std::isnan(number); });
  }
}

void ExpressionEvaluation::Compare(const ExpressionNode& node, Rows rows, Truth* results) {
  const ExpressionNode& left = node.operands[0];
  const ExpressionNode& right = node.operands[1];
  if (left.type == ValueType::kText) return CompareTexts(node, rows, results);
  if (left.type != ValueType::kTruth) {
    const double* low = Numbers(left, rows);
    const double* high = Numbers(right, rows);
    return CompareColumns(node.operation, IsComputed(left, right), low, high, rows.count, results);
  }
  const Truth* a = Truths(left, rows);
  const Truth* b = Truths(right, rows);
  for (size_t i = 0; i < rows.count; ++i) {
    const bool unknown = a[i] == Truth::kUnknown || b[i] == Truth::kUnknown;
    const bool same = (a[i] == b[i]) == (node.operation == Operation::kEqual);
    results[i] = unknown ? Truth::kUnknown : TruthOf(same);
  }
}

void ExpressionEvaluation::Between(const ExpressionNode& node, Rows rows, Truth* results) {
  const ExpressionNode& value = node.operands[0];
  if (value.type == ValueType::kText) return BetweenTexts(node, rows, results);
  const double* values = Numbers(value, rows);
  std::vector<Truth>& below = StateOf(node).truth_of;
  below.resize(kExpressionChunk);
  CompareColumns(Operation::kGreaterEqual, IsComputed(value, node.operands[1]), values,
                 Numbers(node.operands[1], rows), rows.count, results);
  CompareColumns(Operation::kLessEqual, IsComputed(value, node.operands[2]), values,
                 Numbers(node.operands[2], rows), rows.count, below.data());
  std::transform(results, results + rows.count, below.data(), results, Least);
}

void ExpressionEvaluation::In(const ExpressionNode& node, Rows rows, Truth* results) {
  const ExpressionNode& value = node.operands[0];
  if (value.type == ValueType::kText) return LookUp(node, rows, results);
  if (value.type == ValueType::kTruth) {
    const Truth* truths = Truths(value, rows);
    for (size_t i = 0; i < rows.count; ++i) {
      const bool listed =
          std::any_of(node.operands.begin() + 1, node.operands.end(),
                      [&](const ExpressionNode& constant) { return constant.truth == truths[i]; });
      results[i] = truths[i] == Truth::kUnknown ? Truth::kUnknown : TruthOf(listed);
    }
    return;
  }
  const double* numbers = Numbers(value, rows);
  const std::vector<double>& listed = StateOf(node).listed;
  const auto equals = [&](double number, std::vector<double>::const_iterator place) {
    return place != listed.end() &&
           CompareNumbers(Operation::kEqual, value.computed, number, *place);
  };
  for (size_t i = 0; i < rows.count; ++i) {
    const auto place = std::ranges::lower_bound(listed, numbers[i]);
    const bool found =
        equals(numbers[i], place) || (place != listed.begin() && equals(numbers[i], place - 1));
    results[i] = std::isnan(numbers[i]) ? Truth::kUnknown : TruthOf(found);
  }
}

}  // namespace slipway::data
