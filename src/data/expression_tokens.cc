#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/text.h"
#include "core/time_text.h"
#include "data/expression_tree_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// Letters of other alphabets are bytes from 0x80 on.
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c) || c == '.'; }

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run();

 private:
  char At(size_t index) const { return index < text_.size() ? text_[index] : '\0'; }
  // Length of the run of digits at `at`.
  size_t Digits(size_t at) const {
    size_t end = at;
    while (IsDigit(At(end))) ++end;
    return end - at;
  }
  bool IsDate() const {
    return Digits(next_) == 4 && At(next_ + 4) == '-' && Digits(next_ + 5) == 2 &&
           At(next_ + 7) == '-' && Digits(next_ + 8) == 2;
  }

  Result<Token> Next();
  Result<Token> Quoted(char quote);
  Result<Token> Number();
  Result<Token> Time();
  Result<Token> Symbol();
  Token Name();
  Error Fail(size_t at, const std::string& message) const {
    return ExpressionError(text_, at, message);
  }

  std::string_view text_;
  size_t next_ = 0;
};

// Quotes are doubled inside: 'it''s'.
Result<Token> Tokenizer::Quoted(char quote) {
  Token token = {.kind = quote == '`' ? Token::Kind::kQuotedName : Token::Kind::kText, .at = next_};
  for (++next_; next_ < text_.size(); ++next_) {
    if (text_[next_] == quote) {
      if (At(next_ + 1) != quote) break;
      ++next_;
    }
    token.text += text_[next_];
  }
  if (next_ >= text_.size()) return Fail(token.at, fmt::format("a {} that is not closed", quote));
  ++next_;
  return token;
}

Result<Token> Tokenizer::Time() {
  Token token = {.kind = Token::Kind::kTime, .at = next_};
  constexpr size_t kDate = 10;
  size_t end = next_ + kDate;
  if ((At(end) == 'T' || At(end) == 't') && IsDigit(At(end + 1))) {
    for (++end; IsDigit(At(end)) || At(end) == ':' || At(end) == '.';) ++end;
    if (At(end) == 'Z' || At(end) == 'z') {
      ++end;
    } else if ((At(end) == '+' || At(end) == '-') && Digits(end + 1) >= 2) {
      for (++end; IsDigit(At(end)) || At(end) == ':';) ++end;
    }
  }
  token.text = text_.substr(next_, end - next_);
  const auto seconds = ParseIsoTime(token.text);
  if (!seconds) {
    return Fail(token.at, fmt::format("{} is no date or time", token.text))
        .Expected("such as 2019-01-31 or 2019-01-31T08:00Z");
  }
  token.number = *seconds;
  next_ = end;
  return token;
}

// A number, or a duration such as 7d: its seconds.
Result<Token> Tokenizer::Number() {
  Token token = {.kind = Token::Kind::kNumber, .at = next_};
  const char* begin = text_.data() + next_;
  const char* last = text_.data() + text_.size();
  const auto [end, error] = std::from_chars(begin, last, token.number);
  if (error != std::errc() || !std::isfinite(token.number)) {
    return Fail(token.at, "a number that is too large or too small");
  }
  next_ += static_cast<size_t>(end - begin);
  if (!IsNamePart(At(next_))) return token;
  const size_t first = token.at;
  while (IsNamePart(At(next_))) ++next_;
  const std::string_view word = text_.substr(first, next_ - first);
  const auto seconds = ParseDuration(word);
  if (!seconds) {
    return Fail(first, fmt::format("'{}' is no number", Excerpt(word)))
        .Expected("a number, or a duration such as 7d or 12h")
        .Try("backquotes around a column's name");
  }
  token.number = *seconds;
  return token;
}

Token Tokenizer::Name() {
  Token token = {.kind = Token::Kind::kName, .at = next_};
  while (IsNamePart(At(next_))) ++next_;
  token.text = text_.substr(token.at, next_ - token.at);
  return token;
}

Result<Token> Tokenizer::Symbol() {
  struct Foreign {
    std::string_view symbol;
    std::string_view ours;
  };
  static constexpr Foreign kForeign[] = {{"===", "=="}, {"&&", "and"},       {"||", "or"},
                                         {"<>", "!="},  {"**", "a product"}, {"=~", "matches"},
                                         {"&", "and"},  {"|", "or"}};
  static constexpr std::string_view kSymbols[] = {"==", "!=", "<=", ">=", "<", ">", "+", "-",
                                                  "*",  "/",  "%",  "(",  ")", "[", "]", ","};
  const std::string_view rest = text_.substr(next_);
  for (const Foreign& foreign : kForeign) {
    if (rest.starts_with(foreign.symbol)) {
      return Fail(next_, fmt::format("'{}' is no operator here", foreign.symbol))
          .Try(std::string(foreign.ours));
    }
  }
  for (const std::string_view symbol : kSymbols) {
    if (!rest.starts_with(symbol)) continue;
    Token token = {.kind = Token::Kind::kSymbol, .at = next_, .text = std::string(symbol)};
    next_ += symbol.size();
    return token;
  }
  if (rest.front() == '=') return Fail(next_, "'=' is no operator here").Try("==");
  if (rest.front() == '!') return Fail(next_, "'!' is no operator here").Try("not");
  return Fail(next_, fmt::format("unexpected '{}'", Printable(rest.substr(0, 1))))
      .Expected("a column, a value or an operator")
      .Try("backquotes around a column's name");
}

Result<Token> Tokenizer::Next() {
  const char c = text_[next_];
  if (c == '\'' || c == '"' || c == '`') return Quoted(c);
  if (IsDate()) return Time();
  if (IsDigit(c) || (c == '.' && IsDigit(At(next_ + 1)))) return Number();
  if (IsNameStart(c)) return Name();
  return Symbol();
}

Result<std::vector<Token>> Tokenizer::Run() {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<Token> tokens;
  while (true) {
    while (next_ < text_.size() && kBlanks.find(text_[next_]) != std::string_view::npos) ++next_;
    if (next_ == text_.size()) break;
    SLIPWAY_ASSIGN_OR_RETURN(Token token, Next());
    tokens.push_back(std::move(token));
  }
  tokens.push_back({.kind = Token::Kind::kEnd, .at = next_});
  return tokens;
}

}  // namespace

Error ExpressionError(std::string_view text, size_t at, const std::string& message) {
  Location location;
  location.column = static_cast<int64_t>(TextWidth(text.substr(0, at))) + 1;
  std::string whole = fmt::format("character {}: {}", location.column, message);
  return Error(ErrorCode::kInvalidInput, std::move(whole)).At(std::move(location));
}

Result<std::vector<Token>> Tokenize(std::string_view text) {
  if (text.size() > kMaxExpressionBytes) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("an expression of {} bytes",
                             FormatCount(static_cast<int64_t>(text.size()))))
        .Expected("at most " + FormatCount(kMaxExpressionBytes));
  }
  if (!IsValidUtf8(text)) return Error(ErrorCode::kInvalidInput, "an expression that is not UTF-8");
  return Tokenizer(text).Run();
}

}  // namespace slipway::data
