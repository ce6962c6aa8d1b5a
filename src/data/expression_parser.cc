// Recursive descent over the tokens, its depth bounded: expressions come from outside.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "data/expression_tree_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

struct Function {
  const char* name;
  Operation operation;
  size_t least;
  size_t most;
};
constexpr size_t kMany = kMaxExpressionNodes;
constexpr std::array<Function, 13> kFunctions = {{{"abs", Operation::kAbs, 1, 1},
                                                  {"min", Operation::kMin, 2, kMany},
                                                  {"max", Operation::kMax, 2, kMany},
                                                  {"length", Operation::kLength, 1, 1},
                                                  {"lower", Operation::kLower, 1, 1},
                                                  {"upper", Operation::kUpper, 1, 1},
                                                  {"round", Operation::kRound, 1, 2},
                                                  {"if", Operation::kIf, 3, 3},
                                                  {"year", Operation::kYear, 1, 1},
                                                  {"month", Operation::kMonth, 1, 1},
                                                  {"day", Operation::kDay, 1, 1},
                                                  {"weekday", Operation::kWeekday, 1, 1},
                                                  {"now", Operation::kNow, 0, 0}}};

struct Infix {
  std::string_view symbol;
  Operation operation;
};
constexpr std::array<Infix, 6> kComparisons = {{{"==", Operation::kEqual},
                                                {"!=", Operation::kNotEqual},
                                                {"<", Operation::kLess},
                                                {"<=", Operation::kLessEqual},
                                                {">", Operation::kGreater},
                                                {">=", Operation::kGreaterEqual}}};
constexpr std::array<Infix, 2> kSums = {{{"+", Operation::kAdd}, {"-", Operation::kSubtract}}};
constexpr std::array<Infix, 3> kProducts = {
    {{"*", Operation::kMultiply}, {"/", Operation::kDivide}, {"%", Operation::kRemainder}}};

constexpr std::string_view kKeywords[] = {"and", "or",   "not",     "in",   "between",
                                          "is",  "null", "matches", "true", "false"};

bool IsKeyword(const std::string& name) {
  return std::ranges::find(kKeywords, ToLower(name)) != std::end(kKeywords);
}

using Parsed = Result<ExpressionNode>;

class Parser {
 public:
  Parser(std::string_view text, const std::vector<Token>& tokens, double now)
      : text_(text), tokens_(tokens), now_(now) {}

  Parsed Run();

 private:
  const Token& Now() const { return tokens_[next_]; }
  const Token& Ahead() const { return tokens_[std::min(next_ + 1, tokens_.size() - 1)]; }
  bool IsSymbol(std::string_view symbol) const {
    return Now().kind == Token::Kind::kSymbol && Now().text == symbol;
  }
  static bool IsWord(const Token& token, std::string_view word) {
    return token.kind == Token::Kind::kName && ToLower(token.text) == word;
  }
  bool TakeSymbol(std::string_view symbol) { return IsSymbol(symbol) && Advance(); }
  bool TakeWord(std::string_view word) { return IsWord(Now(), word) && Advance(); }
  bool Advance() {
    ++next_;
    return true;
  }
  Error Fail(size_t at, const std::string& message) const {
    return ExpressionError(text_, at, message);
  }
  // The token that stands where `expected` should.
  Error Unexpected(std::string expected) const;
  Status Require(std::string_view symbol) {
    if (TakeSymbol(symbol)) return {};
    return Unexpected(fmt::format("'{}'", symbol));
  }
  // A node with operands, while there are not too many.
  Parsed Make(Operation operation, size_t at, std::vector<ExpressionNode> operands);

  Parsed Or() { return Chain("or", Operation::kOr, &Parser::And); }
  Parsed And() { return Chain("and", Operation::kAnd, &Parser::Not); }
  Parsed Chain(std::string_view word, Operation operation, Parsed (Parser::*inner)());
  Parsed Not();
  Parsed Comparison();
  Parsed Test(ExpressionNode value);
  Parsed Between(ExpressionNode value, size_t at);
  Parsed In(ExpressionNode value, size_t at);
  Parsed Matches(ExpressionNode value, size_t at);
  Parsed Sum() { return LeftToRight(kSums, &Parser::Product); }
  Parsed Product() { return LeftToRight(kProducts, &Parser::Sign); }
  Parsed LeftToRight(std::span<const Infix> infixes, Parsed (Parser::*inner)());
  Parsed Sign();
  Parsed Primary();
  Parsed Named();
  Parsed Call(const Function& function);
  Parsed Literal();
  Parsed Constant();

  std::string_view text_;
  const std::vector<Token>& tokens_;
  double now_;
  size_t next_ = 0;
  size_t nodes_ = 0;
  int depth_ = 0;
};

Error Parser::Unexpected(std::string expected) const {
  const Token& token = Now();
  std::string what = "the end";
  if (token.kind != Token::Kind::kEnd) {
    const size_t end = std::max(Ahead().at, token.at + 1);
    what = fmt::format("'{}'", Excerpt(TrimValue(text_.substr(token.at, end - token.at))));
  }
  return Fail(token.at, "unexpected " + what).Expected(std::move(expected));
}

Parsed Parser::Make(Operation operation, size_t at, std::vector<ExpressionNode> operands) {
  if (++nodes_ > kMaxExpressionNodes) {
    return Fail(at, "too many operations").Expected("at most " + FormatCount(kMaxExpressionNodes));
  }
  ExpressionNode node;
  node.operation = operation;
  node.at = at;
  node.operands = std::move(operands);
  return node;
}

std::vector<ExpressionNode> Operands(ExpressionNode first) {
  std::vector<ExpressionNode> operands;
  operands.push_back(std::move(first));
  return operands;
}

std::vector<ExpressionNode> Operands(ExpressionNode first, ExpressionNode second) {
  std::vector<ExpressionNode> operands = Operands(std::move(first));
  operands.push_back(std::move(second));
  return operands;
}

Parsed Parser::Run() {
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode root, Or());
  if (Now().kind == Token::Kind::kEnd) return root;
  for (const Infix& infix : kComparisons) {
    if (IsSymbol(infix.symbol)) {
      return Unexpected("one comparison at a time").Try("between … and …, or and");
    }
  }
  const bool name = Now().kind == Token::Kind::kName;
  return Unexpected("an operator, such as >=, + or and")
      .Try(name ? "backquotes around a column's name with blanks" : "");
}

Parsed Parser::Chain(std::string_view word, Operation operation, Parsed (Parser::*inner)()) {
  const size_t at = Now().at;
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode first, (this->*inner)());
  if (!IsWord(Now(), word)) return first;
  std::vector<ExpressionNode> operands = Operands(std::move(first));
  while (TakeWord(word)) {
    SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode next, (this->*inner)());
    operands.push_back(std::move(next));
  }
  return Make(operation, at, std::move(operands));
}

Parsed Parser::Not() {
  size_t count = 0;
  const size_t at = Now().at;
  while (IsWord(Now(), "not") && Advance()) ++count;
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode node, Comparison());
  if (count == 0) return node;
  // Twice or more is once or never; the type must still be a condition.
  SLIPWAY_ASSIGN_OR_RETURN(node, Make(Operation::kNot, at, Operands(std::move(node))));
  if (count % 2 == 1) return node;
  return Make(Operation::kNot, at, Operands(std::move(node)));
}

Parsed Parser::Comparison() {
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode left, Sum());
  for (const Infix& infix : kComparisons) {
    const size_t at = Now().at;
    if (!TakeSymbol(infix.symbol)) continue;
    SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode right, Sum());
    return Make(infix.operation, at, Operands(std::move(left), std::move(right)));
  }
  return Test(std::move(left));
}

Parsed Parser::Test(ExpressionNode value) {
  const size_t at = Now().at;
  if (TakeWord("is")) {
    const bool negated = TakeWord("not");
    if (!TakeWord("null")) return Unexpected(negated ? "null" : "null or not null");
    SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode test,
                             Make(Operation::kIsMissing, at, Operands(std::move(value))));
    if (!negated) return test;
    return Make(Operation::kNot, at, Operands(std::move(test)));
  }
  const bool negated = TakeWord("not");
  Parsed test = ExpressionNode();
  if (TakeWord("between")) {
    test = Between(std::move(value), at);
  } else if (TakeWord("in")) {
    test = In(std::move(value), at);
  } else if (TakeWord("matches")) {
    test = Matches(std::move(value), at);
  } else if (negated) {
    return Unexpected("in, between or matches");
  } else {
    return value;
  }
  if (!test.ok() || !negated) return test;
  return Make(Operation::kNot, at, Operands(*std::move(test)));
}

Parsed Parser::Between(ExpressionNode value, size_t at) {
  std::vector<ExpressionNode> operands = Operands(std::move(value));
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode low, Sum());
  operands.push_back(std::move(low));
  if (!TakeWord("and")) return Unexpected("and");
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode high, Sum());
  operands.push_back(std::move(high));
  return Make(Operation::kBetween, at, std::move(operands));
}

Parsed Parser::In(ExpressionNode value, size_t at) {
  SLIPWAY_RETURN_IF_ERROR(Require("["));
  std::vector<ExpressionNode> operands = Operands(std::move(value));
  do {
    SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode item, Constant());
    operands.push_back(std::move(item));
  } while (TakeSymbol(","));
  if (!TakeSymbol("]")) return Unexpected("',' or ']'");
  return Make(Operation::kIn, at, std::move(operands));
}

Parsed Parser::Matches(ExpressionNode value, size_t at) {
  const Token& token = Now();
  if (token.kind != Token::Kind::kText) return Unexpected("a regular expression in quotes");
  auto pattern = Pattern::Make(token.text);
  if (!pattern.ok()) {
    return Fail(token.at, pattern.error().message()).Expected(pattern.error().expected());
  }
  Advance();
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode node,
                           Make(Operation::kMatches, at, Operands(std::move(value))));
  node.pattern = *std::move(pattern);
  return node;
}

Parsed Parser::LeftToRight(std::span<const Infix> infixes, Parsed (Parser::*inner)()) {
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode left, (this->*inner)());
  while (true) {
    const auto infix = std::ranges::find_if(
        infixes, [&](const Infix& candidate) { return IsSymbol(candidate.symbol); });
    if (infix == infixes.end()) return left;
    const size_t at = Now().at;
    Advance();
    SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode right, (this->*inner)());
    SLIPWAY_ASSIGN_OR_RETURN(
        left, Make(infix->operation, at, Operands(std::move(left), std::move(right))));
  }
}

Parsed Parser::Sign() {
  const size_t at = Now().at;
  bool negative = false;
  bool any = false;
  while (IsSymbol("-") || IsSymbol("+")) {
    negative = negative != IsSymbol("-");
    any = Advance();
  }
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode node, Primary());
  if (!any) return node;
  SLIPWAY_ASSIGN_OR_RETURN(node, Make(Operation::kNegate, at, Operands(std::move(node))));
  if (negative) return node;
  return Make(Operation::kNegate, at, Operands(std::move(node)));
}

Parsed Parser::Primary() {
  if (Now().kind == Token::Kind::kName || Now().kind == Token::Kind::kQuotedName) return Named();
  const size_t at = Now().at;
  if (!TakeSymbol("(")) return Literal();
  if (++depth_ > kMaxExpressionDepth) {
    return Fail(at, "nested too deep")
        .Expected(fmt::format("at most {} levels", kMaxExpressionDepth));
  }
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode inner, Or());
  --depth_;
  SLIPWAY_RETURN_IF_ERROR(Require(")"));
  return inner;
}

Parsed Parser::Named() {
  const Token& token = Now();
  const bool bare = token.kind == Token::Kind::kName;
  const bool call = Ahead().kind == Token::Kind::kSymbol && Ahead().text == "(";
  if (bare && call && !IsKeyword(token.text)) {
    const auto function = std::ranges::find(kFunctions, ToLower(token.text), &Function::name);
    if (function != kFunctions.end()) return Call(*function);
    std::vector<std::string> names;
    for (const Function& known : kFunctions) names.emplace_back(known.name);
    return Fail(token.at, fmt::format("unknown function '{}'", Excerpt(token.text)))
        .Expected(JoinOr(names))
        .Try(NearestName(token.text, names));
  }
  if (bare && IsKeyword(token.text)) return Literal();
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode node, Make(Operation::kColumn, token.at, {}));
  node.text = token.text;
  Advance();
  return node;
}

Parsed Parser::Call(const Function& function) {
  const size_t at = Now().at;
  next_ += 2;  // The name and the parenthesis.
  if (++depth_ > kMaxExpressionDepth) {
    return Fail(at, "nested too deep")
        .Expected(fmt::format("at most {} levels", kMaxExpressionDepth));
  }
  std::vector<ExpressionNode> operands;
  if (!IsSymbol(")")) {
    do {
      SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode operand, Or());
      operands.push_back(std::move(operand));
    } while (TakeSymbol(","));
  }
  --depth_;
  if (!TakeSymbol(")")) return Unexpected("',' or ')'");
  if (operands.size() < function.least || operands.size() > function.most) {
    const std::string count = function.least == function.most
                                  ? fmt::format("{}", function.least)
                                  : fmt::format("{} or more", function.least);
    return Fail(at, fmt::format("{} with {}", function.name,
                                Plural(static_cast<int64_t>(operands.size()), "value", "values")))
        .Expected(function.operation == Operation::kRound ? "1 or 2" : count);
  }
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode node, Make(function.operation, at, std::move(operands)));
  node.number = now_;  // Of now().
  return node;
}

Parsed Parser::Literal() {
  const Token& token = Now();
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode node, Make(Operation::kConstant, token.at, {}));
  node.number = token.number;
  node.text = token.text;
  const bool truth = IsWord(token, "true");
  if (token.kind == Token::Kind::kNumber) {
    node.type = ValueType::kNumber;
  } else if (token.kind == Token::Kind::kTime) {
    node.type = ValueType::kTime;
  } else if (token.kind == Token::Kind::kText) {
    node.type = ValueType::kText;
  } else if (truth || IsWord(token, "false")) {
    node.type = ValueType::kTruth;
    node.truth = truth ? Truth::kTrue : Truth::kFalse;
  } else if (IsWord(token, "null")) {
    return Unexpected("a value").Try("is null or is not null");
  } else if (token.kind == Token::Kind::kName) {
    return Unexpected("a column or a value").Try(fmt::format("`{}` for a column", token.text));
  } else {
    return Unexpected("a column or a value");
  }
  Advance();
  return node;
}

// What may stand in a list.
Parsed Parser::Constant() {
  const bool negative = TakeSymbol("-");
  const bool literal = Now().kind != Token::Kind::kQuotedName &&
                       Now().kind != Token::Kind::kSymbol &&
                       (Now().kind != Token::Kind::kName || IsKeyword(Now().text));
  if (!literal || (negative && Now().kind != Token::Kind::kNumber)) {
    return Unexpected("a number, a date or a text in quotes");
  }
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode node, Literal());
  if (negative) node.number = -node.number;
  return node;
}

}  // namespace

Parsed ParseExpression(std::string_view text, const std::vector<Token>& tokens, double now) {
  return Parser(text, tokens, now).Run();
}

}  // namespace slipway::data
