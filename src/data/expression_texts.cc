// Texts in expressions: what is asked of them is computed once a category, and rows look it up.
#include <algorithm>

#include "core/text.h"
#include "data/expression_evaluation_internal.h"

namespace slipway::data {
namespace {

// ASCII only: other alphabets have rules of their own for each language.
std::string ToUpper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

}  // namespace

void ExpressionEvaluation::PrepareColumn(const ExpressionNode& node, State* state) const {
  const ColumnView& column = block_.columns[node.column];
  TextValues& values = state->values;
  if (column.categories == nullptr) return;
  values.entries.assign(column.categories->begin(), column.categories->end());
  // A dictionary that grew over many blocks: most of it is none of this one's business.
  if (values.entries.size() <= 2 * column.codes.size()) return;
  values.used.assign(values.entries.size(), 0);
  for (const int32_t code : column.codes) {
    if (code >= 0) values.used[static_cast<size_t>(code)] = 1;
  }
}

void ExpressionEvaluation::PrepareText(const ExpressionNode& node, State* state) {
  if (node.operation == Operation::kColumn) return PrepareColumn(node, state);
  TextValues& values = state->values;
  if (node.operation == Operation::kIf) {  // Both branches' values, one after the other.
    state->codes.resize(kExpressionChunk);
    values.entries = ValuesOf(node.operands[1]).entries;  // The branches own what is behind them.
    values.used = ValuesOf(node.operands[1]).used;
    const TextValues& no = ValuesOf(node.operands[2]);
    if (!values.used.empty() || !no.used.empty()) {
      values.used.resize(values.entries.size(), 1);
      for (size_t code = 0; code < no.entries.size(); ++code) {
        values.used.push_back(no.IsUsed(code) ? 1 : 0);
      }
    }
    values.entries.insert(values.entries.end(), no.entries.begin(), no.entries.end());
    return;
  }
  const TextValues& from = ValuesOf(node.operands[0]);
  values.used = from.used;
  values.owned.resize(from.entries.size());
  values.entries.resize(from.entries.size());
  for (size_t code = 0; code < from.entries.size(); ++code) {
    if (!from.IsUsed(code)) continue;
    values.owned[code] = node.operation == Operation::kLower ? ToLower(from.entries[code])
                                                             : ToUpper(from.entries[code]);
    values.entries[code] = values.owned[code];
  }
}

// Truths by category, where one text decides.
void ExpressionEvaluation::PrepareTextTest(const ExpressionNode& node, State* state) {
  const ExpressionNode& text = node.operands[0];
  const auto tabulate = [&](const TextValues& values, auto holds) {
    state->truth_of.resize(values.entries.size());
    for (size_t code = 0; code < values.entries.size(); ++code) {
      if (values.IsUsed(code)) state->truth_of[code] = TruthOf(holds(values.entries[code]));
    }
  };
  if (node.operation == Operation::kMatches) {
    return tabulate(ValuesOf(text),
                    [&](std::string_view value) { return node.pattern->Matches(value); });
  }
  if (node.operation == Operation::kIn) {
    std::vector<std::string_view> listed;
    for (size_t i = 1; i < node.operands.size(); ++i) listed.emplace_back(node.operands[i].text);
    std::ranges::sort(listed);
    return tabulate(ValuesOf(text), [&](std::string_view value) {
      return std::ranges::binary_search(listed, value);
    });
  }
  if (node.operation == Operation::kBetween) return;  // Two comparisons, by rank.
  const ExpressionNode& other = node.operands[1];
  if (!IsConstant(text) && !IsConstant(other)) {
    return RankTexts(ValuesOf(text), ValuesOf(other), state);
  }
  WithExact<std::string_view>(node.operation, [&](auto holds) {
    if (IsConstant(other)) {
      tabulate(ValuesOf(text), [&](std::string_view value) { return holds(value, other.text); });
    } else {
      tabulate(ValuesOf(other), [&](std::string_view value) { return holds(text.text, value); });
    }
  });
}

// Places of both texts' values in one order, equal values on one place.
void ExpressionEvaluation::RankTexts(const TextValues& left, const TextValues& right,
                                     State* state) const {
  std::vector<std::string_view> order;
  for (const TextValues* values : {&left, &right}) {
    for (size_t code = 0; code < values->entries.size(); ++code) {
      if (values->IsUsed(code)) order.push_back(values->entries[code]);
    }
  }
  std::ranges::sort(order);
  order.erase(std::ranges::unique(order).begin(), order.end());
  const auto rank = [&](const TextValues& values, std::vector<int32_t>* ranks) {
    ranks->resize(values.entries.size());
    for (size_t code = 0; code < values.entries.size(); ++code) {
      const auto place = std::ranges::lower_bound(order, values.entries[code]);
      (*ranks)[code] = static_cast<int32_t>(place - order.begin());
    }
  };
  rank(left, &state->left_rank);
  rank(right, &state->right_rank);
}

const int32_t* ExpressionEvaluation::Codes(const ExpressionNode& node, Rows rows) {
  State& state = StateOf(node);
  if (node.operation == Operation::kColumn) {
    return block_.columns[node.column].codes.data() + rows.begin;
  }
  if (node.operation == Operation::kLower || node.operation == Operation::kUpper) {
    return Codes(node.operands[0], rows);
  }
  if (node.operation != Operation::kIf) return state.codes.data();  // A constant.
  const Truth* conditions = Truths(node.operands[0], rows);
  const int32_t* yes = Codes(node.operands[1], rows);
  const int32_t* no = Codes(node.operands[2], rows);
  const auto offset = static_cast<int32_t>(ValuesOf(node.operands[1]).entries.size());
  for (size_t i = 0; i < rows.count; ++i) {
    const int32_t other = no[i] < 0 ? kMissingCode : no[i] + offset;
    const int32_t known = conditions[i] == Truth::kTrue ? yes[i] : other;
    state.codes[i] = conditions[i] == Truth::kUnknown ? kMissingCode : known;
  }
  return state.codes.data();
}

// By the table of the one text that is no constant.
void ExpressionEvaluation::LookUp(const ExpressionNode& node, Rows rows, Truth* results) {
  const State& state = StateOf(node);
  const bool second = node.operands.size() == 2 && node.operation != Operation::kIn &&
                      !IsConstant(node.operands[1]);
  const int32_t* codes = Codes(node.operands[second ? 1 : 0], rows);
  for (size_t i = 0; i < rows.count; ++i) {
    results[i] = codes[i] < 0 ? Truth::kUnknown : state.truth_of[static_cast<size_t>(codes[i])];
  }
}

void ExpressionEvaluation::CompareTexts(const ExpressionNode& node, Rows rows, Truth* results) {
  const State& state = StateOf(node);
  if (!state.truth_of.empty()) return LookUp(node, rows, results);
  const int32_t* left = Codes(node.operands[0], rows);
  const int32_t* right = Codes(node.operands[1], rows);
  WithExact<int32_t>(node.operation, [&](auto holds) {
    for (size_t i = 0; i < rows.count; ++i) {
      if (left[i] < 0 || right[i] < 0) {
        results[i] = Truth::kUnknown;
        continue;
      }
      results[i] = TruthOf(holds(state.left_rank[static_cast<size_t>(left[i])],
                                 state.right_rank[static_cast<size_t>(right[i])]));
    }
  });
}

void ExpressionEvaluation::BetweenTexts(const ExpressionNode& node, Rows rows, Truth* results) {
  const int32_t* codes[3] = {};
  for (size_t k = 0; k < 3; ++k) codes[k] = Codes(node.operands[k], rows);
  const auto in_order = [&](size_t smaller, size_t larger, size_t row) {
    const int32_t low = codes[smaller][row];
    const int32_t high = codes[larger][row];
    if (low < 0 || high < 0) return Truth::kUnknown;
    return TruthOf(ValuesOf(node.operands[smaller]).entries[static_cast<size_t>(low)] <=
                   ValuesOf(node.operands[larger]).entries[static_cast<size_t>(high)]);
  };
  for (size_t i = 0; i < rows.count; ++i) results[i] = Least(in_order(1, 0, i), in_order(0, 2, i));
}

}  // namespace slipway::data
