#include "data/expression.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "core/random.h"
#include "core/time_text.h"
#include "data/test_blocks_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

using testing::HasSubstr;

constexpr double kNone = kMissingNumber;

Column Times(std::string name, const std::vector<std::string>& values) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::kTimestamp;
  for (const std::string& value : values) {
    column.numbers.push_back(value.empty() ? kNone : *ParseIsoTime(value));
  }
  return column;
}

Table Orders() {
  return MakeTable(
      {Numbers("a", {1, 2, 3, kNone}), Numbers("b", {3, 2, 1, 1}),
       Texts("plan", {"basic", "pro", "", "Pro"}), Texts("other", {"basic", "free", "x", ""}),
       Times("start", {"2024-01-01", "2024-02-29T10:00", "", "2023-12-31"}),
       Times("end", {"2024-01-02", "2024-02-29T09:00", "2024-01-01", "2024-01-01"}),
       Numbers("unit price", {0.1, 0.2, 0.3, 0}), Texts("active", {"True", "False", "", "True"})});
}

std::vector<ExpressionColumn> ColumnsOf(const Table& table) {
  std::vector<ExpressionColumn> columns;
  for (const Column& column : table.columns) columns.push_back({column.name, column.type});
  return columns;
}

std::string Letters(const std::vector<Truth>& truths) {
  std::string letters;
  for (const Truth truth : truths) letters += "F?T"[static_cast<size_t>(truth)];
  return letters;
}

// One letter a row: T, F, ? for unknown. The error where there is one.
std::string Evaluated(const std::string& text, const Table& table = Orders()) {
  const auto expression =
      CompiledExpression::Compile(text, ColumnsOf(table), *ParseIsoTime("2024-02-01"));
  if (!expression.ok()) return expression.error().ToString();
  std::vector<Truth> truths(static_cast<size_t>(table.rows));
  expression->Evaluate(BlockOf(table), truths);
  return Letters(truths);
}

std::string ErrorOf(const std::string& text) {
  const Table table = Orders();
  const auto expression = CompiledExpression::Compile(text, ColumnsOf(table));
  return expression.ok() ? "" : expression.error().ToString();
}

TEST(Expression, ComparesNumbers) {
  EXPECT_EQ(Evaluated("a < b"), "TFF?");
  EXPECT_EQ(Evaluated("a <= b"), "TTF?");
  EXPECT_EQ(Evaluated("a > b"), "FFT?");
  EXPECT_EQ(Evaluated("a >= b"), "FTT?");
  EXPECT_EQ(Evaluated("a == b"), "FTF?");
  EXPECT_EQ(Evaluated("a != b"), "TFT?");
  EXPECT_EQ(Evaluated("1 == 1"), "TTTT");
}

// SQL:1999, 8.12: the tables of truth of AND, OR and NOT.
TEST(Expression, ThreeValuedLogic) {
  const Table table = MakeTable({Numbers("p", {1, 1, 1, 0, 0, 0, kNone, kNone, kNone}),
                                 Numbers("q", {1, 0, kNone, 1, 0, kNone, 1, 0, kNone})});
  EXPECT_EQ(Evaluated("p == 1 and q == 1", table), "TF?FFF?F?");
  EXPECT_EQ(Evaluated("p == 1 or q == 1", table), "TTTTF?T??");
  EXPECT_EQ(Evaluated("not p == 1", table), "FFFTTT???");
  EXPECT_EQ(Evaluated("NOT NOT p == 1", table), "TTTFFF???");
  EXPECT_EQ(Evaluated("(p == 1) == (q == 1)", table), "TF?FT????");
  EXPECT_EQ(Evaluated("(p == 1) != (q == 1)", table), "FT?TF????");
  EXPECT_EQ(Evaluated("(p == q) is null", table), "FFTFFTTTT");
}

TEST(Expression, Precedence) {
  EXPECT_EQ(Evaluated("1 + 2 * 3 == 7"), "TTTT");
  EXPECT_EQ(Evaluated("(1 + 2) * 3 == 9"), "TTTT");
  EXPECT_EQ(Evaluated("10 - 4 - 3 == 3 and 16 / 4 / 2 == 2"), "TTTT");
  EXPECT_EQ(Evaluated("-2 * -3 == 6 and - - 2 == +2"), "TTTT");
  EXPECT_EQ(Evaluated("true or true and false"), "TTTT");
  EXPECT_EQ(Evaluated("not true or true"), "TTTT");
  EXPECT_EQ(Evaluated("not 1 == 2"), "TTTT");
  EXPECT_EQ(Evaluated("a between 1 and 2 and b == 3"), "TFFF");
}

TEST(Expression, Arithmetic) {
  EXPECT_EQ(Evaluated("a + b == 4"), "TTT?");
  EXPECT_EQ(Evaluated("a * b == 3 and a - b == -2"), "TFF?");
  EXPECT_EQ(Evaluated("a % 2 == 1"), "TFT?");
  EXPECT_EQ(Evaluated("-5 % 3 == -2"), "TTTT");  // As SQL and C: the sign of what is divided.
  EXPECT_EQ(Evaluated("a / (b - 1) == 0.5"), "TF??");
  EXPECT_EQ(Evaluated("1 / 0 == 1 or 1 % 0 == 1"), "????");
  EXPECT_EQ(Evaluated("1e308 * 10 > 1e308"), "TTTT");
}

TEST(Expression, WhatWasComputedIsComparedWithinRounding) {
  ASSERT_NE(0.1 * 3, 0.3);
  EXPECT_EQ(Evaluated("`unit price` * 3 == 0.3"), "TFFF");
  EXPECT_EQ(Evaluated("`unit price` * 3 <= 0.3"), "TFFT");
  EXPECT_EQ(Evaluated("`unit price` * 3 > 0.3"), "FTTF");
  EXPECT_EQ(Evaluated("`unit price` * 3 in [0.3, 0.9]"), "TFTF");
  EXPECT_EQ(Evaluated("`unit price` * 3 between 0.1 and 0.3"), "TFFF");
  // Values as they stand are not.
  const Table table = MakeTable({Numbers("x", {1, 1 + 1e-15})});
  EXPECT_EQ(Evaluated("x == 1", table), "TF");
}

TEST(Expression, Texts) {
  EXPECT_EQ(Evaluated("plan == 'pro'"), "FT?F");
  EXPECT_EQ(Evaluated("'pro' != plan"), "TF?T");
  EXPECT_EQ(Evaluated("plan == other"), "TF??");
  EXPECT_EQ(Evaluated("plan > other"), "FT??");
  EXPECT_EQ(Evaluated("plan < \"c\""), "TF?T");
  EXPECT_EQ(Evaluated("'c' > plan"), "TF?T");
  EXPECT_EQ(Evaluated("lower(plan) == 'pro'"), "FT?T");
  EXPECT_EQ(Evaluated("upper(plan) == upper('pro')"), "FT?T");
  EXPECT_EQ(Evaluated("lower(upper(plan)) == lower(other)"), "TF??");
  EXPECT_EQ(Evaluated("length(plan) == 3"), "FT?T");
  EXPECT_EQ(Evaluated("length('äöü') == 3"), "TTTT");
  EXPECT_EQ(Evaluated("plan matches '^[Pp]ro$'"), "FT?T");
  EXPECT_EQ(Evaluated("plan not matches '^[Pp]ro$'"), "TF?F");
  EXPECT_EQ(Evaluated("plan between 'a' and 'c'"), "TF?F");
  EXPECT_EQ(Evaluated("'b' between plan and other"), "FF??");
  EXPECT_EQ(Evaluated("plan == 'it''s' or plan == \"a\"\"b\""), "FF?F");
  EXPECT_EQ(Evaluated("'a' == 'a'"), "TTTT");
}

TEST(Expression, Lists) {
  EXPECT_EQ(Evaluated("plan in ['pro', 'basic']"), "TT?F");
  EXPECT_EQ(Evaluated("plan not in ['pro']"), "TF?T");
  EXPECT_EQ(Evaluated("a in [3, 1, -1]"), "TFT?");
  EXPECT_EQ(Evaluated("a not in [3]"), "TTF?");
  EXPECT_EQ(Evaluated("start in [2024-01-01, '2023-12-31']"), "TF?T");
  EXPECT_EQ(Evaluated("active in [true]"), "TF?T");
}

TEST(Expression, MissingValues) {
  EXPECT_EQ(Evaluated("a is null"), "FFFT");
  EXPECT_EQ(Evaluated("a is not null"), "TTTF");
  EXPECT_EQ(Evaluated("plan is null or plan != 'basic'"), "FTTT");
  EXPECT_EQ(Evaluated("start is null"), "FFTF");
  EXPECT_EQ(Evaluated("a between 1 and b"), "TTF?");
  EXPECT_EQ(Evaluated("a not between 1 and b"), "FFT?");
}

TEST(Expression, Booleans) {
  EXPECT_EQ(Evaluated("active == true"), "TF?T");
  EXPECT_EQ(Evaluated("active != True"), "FT?F");
  EXPECT_EQ(Evaluated("active == 'True' and a >= 1"), "TF??");
}

TEST(Expression, Times) {
  EXPECT_EQ(Evaluated("end >= start"), "TF?T");
  EXPECT_EQ(Evaluated("start >= 2024-01-01"), "TT?F");
  EXPECT_EQ(Evaluated("start >= '2024-01-01'"), "TT?F");
  EXPECT_EQ(Evaluated("start == 2024-02-29T11:00:00+01:00"), "FT?F");
  EXPECT_EQ(Evaluated("start == '2024-02-29 10:00'"), "FT?F");
  EXPECT_EQ(Evaluated("end - start == 86400"), "TF?T");
  EXPECT_EQ(Evaluated("end - start <= 12h"), "FT?F");
  EXPECT_EQ(Evaluated("end == start + 1d"), "TF?T");
  EXPECT_EQ(Evaluated("start < now() and now() - 5w < start"), "TF?T");
  EXPECT_EQ(Evaluated("year(start) == 2024 and month(start) == 2 and day(start) == 29"), "FT?F");
  // 1 January 2024 was a Monday, 31 December 2023 a Sunday.
  EXPECT_EQ(Evaluated("weekday(start) == 1"), "TF?F");
  EXPECT_EQ(Evaluated("weekday(start) == 7"), "FF?T");
  EXPECT_EQ(Evaluated("year('1969-12-31') == 1969 and weekday('1969-12-31') == 3"), "TTTT");
  EXPECT_EQ(Evaluated("max(start, end) == end"), "TF?T");
}

TEST(Expression, Functions) {
  EXPECT_EQ(Evaluated("abs(a - b) == 2"), "TFT?");
  EXPECT_EQ(Evaluated("min(a, b, 2) == 1"), "TFT?");
  EXPECT_EQ(Evaluated("max(a, b) == 3"), "TFT?");
  EXPECT_EQ(Evaluated("round(2.5) == 3 and round(-2.5) == -3 and round(1.234, 2) == 1.23"), "TTTT");
  EXPECT_EQ(Evaluated("round(1e308, 15) == 1e308"), "TTTT");
  EXPECT_EQ(Evaluated("if(plan == 'pro', a, b) == 3"), "TF?F");
  EXPECT_EQ(Evaluated("if(a > 1, plan, other) == 'basic'"), "TF??");
  EXPECT_EQ(Evaluated("if(a > 1, 'x', other) == 'x'"), "FTT?");
  EXPECT_EQ(Evaluated("if(a > 1, b == 2, true)"), "TTF?");
  EXPECT_EQ(Evaluated("length(if(b > 2, lower('ABC'), 'd')) == 3"), "TFFF");
  EXPECT_EQ(Evaluated("if(b == 1, start, end) > 2024-01-01"), "TT?F");
}

TEST(Expression, NamesOfColumns) {
  const Table table = MakeTable({Numbers("min", {1}), Numbers("a.b", {1}), Numbers("größe", {1}),
                                 Numbers("and", {1}), Numbers("x`y", {1}), Numbers("_1", {1})});
  EXPECT_EQ(Evaluated("min == 1 and min(min, 2) == 1", table), "T");
  EXPECT_EQ(Evaluated("a.b == größe and `and` == 1 and `x``y` == _1", table), "T");
  const auto expression = CompiledExpression::Compile("_1 > min and _1 < 3", ColumnsOf(table));
  EXPECT_THAT(expression->columns(), testing::ElementsAre(5, 0));
}

TEST(Expression, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_EQ(ErrorOf("end >= strat"),
            "character 8: no column 'strat'; expected a, b, plan, other, start, end, unit price or "
            "active; try start");
  EXPECT_EQ(ErrorOf("plan < 5"),
            "character 8: a comparison with text and a number; expected one type");
  EXPECT_EQ(ErrorOf("a == '5'"),
            "character 6: a comparison with a number and text; expected one type; try 5 without "
            "quotes");
  EXPECT_EQ(ErrorOf("start > 'soon'"),
            "character 9: 'soon' is no date or time; expected such as '2019-01-31' or '2019-01-31 "
            "08:00'");
  EXPECT_EQ(ErrorOf("start > 2024-13-01"),
            "character 9: 2024-13-01 is no date or time; expected such as 2019-01-31 or "
            "2019-01-31T08:00Z");
  EXPECT_EQ(ErrorOf("a = 1"), "character 3: '=' is no operator here; try ==");
  EXPECT_EQ(ErrorOf("a > 1 && b > 1"), "character 7: '&&' is no operator here; try and");
  EXPECT_EQ(
      ErrorOf("a > 1 b"),
      "character 7: unexpected 'b'; expected an operator, such as >=, + or and; try backquotes "
      "around a column's name with blanks");
  EXPECT_EQ(ErrorOf("1 < a < 3"),
            "character 7: unexpected '<'; expected one comparison at a time; try between … and …, "
            "or and");
  EXPECT_EQ(ErrorOf("a >"), "character 4: unexpected the end; expected a column or a value");
  EXPECT_EQ(ErrorOf(""), "character 1: unexpected the end; expected a column or a value");
  EXPECT_EQ(ErrorOf("(a > 1"), "character 7: unexpected the end; expected ')'");
  EXPECT_EQ(ErrorOf("'ä' == 'b"), "character 8: a ' that is not closed");
  EXPECT_EQ(ErrorOf("a + 1"),
            "character 3: a number where a condition is expected; expected a comparison, such as "
            "price >= 0");
  EXPECT_EQ(ErrorOf("active and a > 1"),
            "character 1: text where a condition is expected; expected a comparison, such as price "
            ">= 0; try active == true");
  EXPECT_EQ(ErrorOf("a == null"),
            "character 6: unexpected 'null'; expected a value; try is null or is not null");
  EXPECT_EQ(ErrorOf("lenght(plan) > 3"),
            "character 1: unknown function 'lenght'; expected abs, min, max, length, lower, upper, "
            "round, if, year, month, day, weekday or now; try length");
  EXPECT_EQ(ErrorOf("length(a) > 3"), "character 8: length takes text, not a number");
  EXPECT_EQ(ErrorOf("if(a > 1, b) > 3"), "character 1: if with 2 values; expected 3");
  EXPECT_EQ(
      ErrorOf("plan matches '('"),
      "character 14: no valid pattern: missing ): (; expected a regular expression as RE2 has "
      "it");
  EXPECT_THAT(ErrorOf("plan in 'a'"), HasSubstr("character 9: unexpected ''a''; expected '['"));
  EXPECT_THAT(ErrorOf("a in [b]"), HasSubstr("a number, a date or a text in quotes"));
  EXPECT_THAT(ErrorOf("a in [1, 'x']"), HasSubstr("one type"));
  EXPECT_THAT(ErrorOf("plan + 'x' == 'y'"), HasSubstr("can't be calculated with"));
  EXPECT_THAT(ErrorOf("start + end > start"), HasSubstr("can't be calculated with"));
  EXPECT_THAT(ErrorOf("true < false"), HasSubstr("conditions have no order"));
  EXPECT_THAT(ErrorOf("a > 12abc"), HasSubstr("'12abc' is no number"));
  EXPECT_THAT(ErrorOf("a > 1e999"), HasSubstr("too large"));
  EXPECT_THAT(ErrorOf("a $ b"), HasSubstr("character 3: unexpected '$'"));
  EXPECT_THAT(ErrorOf("unit price > 0"),
              HasSubstr("try backquotes around a column's name with blanks"));
}

TEST(Expression, ErrorsHoldTheCharacterForPrograms) {
  const Table table = Orders();
  const auto expression = CompiledExpression::Compile("'ä' == strat", ColumnsOf(table));
  ASSERT_FALSE(expression.ok());
  EXPECT_EQ(expression.error().location().column, 8);
}

TEST(Expression, HostileTextIsRefusedInTime) {
  const auto repeated = [](const std::string& part, size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += part;
    return text;
  };
  EXPECT_THAT(ErrorOf(std::string(4'000, '(') + "a" + std::string(4'000, ')')),
              HasSubstr("nested too deep; expected at most 100 levels"));
  EXPECT_THAT(ErrorOf(std::string(10'000, '(')), HasSubstr("nested too deep"));
  EXPECT_THAT(ErrorOf(repeated("abs(", 2'000)), HasSubstr("nested too deep"));
  EXPECT_THAT(ErrorOf("a > " + repeated("1 + ", 2'000) + "1"), HasSubstr("too many operations"));
  EXPECT_THAT(ErrorOf(repeated("a > 1 and ", 900) + "a > 1"), HasSubstr("too many operations"));
  EXPECT_THAT(ErrorOf("a in [" + repeated("1,", 4'000) + "1]"), HasSubstr("too many operations"));
  EXPECT_EQ(ErrorOf(repeated("not ", 2'000) + "a > 1"), "");
  EXPECT_EQ(ErrorOf("a > " + repeated("-", 9'000) + "1"), "");
  EXPECT_EQ(Evaluated(repeated("a + ", 450) + "a == 451 * a"), "TTT?");
  EXPECT_EQ(Evaluated(std::string(100, '(') + "a > 1" + std::string(100, ')')), "FTT?");
  EXPECT_THAT(ErrorOf(std::string(1'000'000, 'a')), HasSubstr("at most 10,000"));
  EXPECT_THAT(ErrorOf(std::string("\0\x01", 2)), HasSubstr("unexpected ' '"));
  EXPECT_THAT(ErrorOf("\xFF\xFE"), HasSubstr("not UTF-8"));
  EXPECT_THAT(ErrorOf("a == " + std::string(9'000, '9')), HasSubstr("too large"));
}

// Any text is an expression or an error.
TEST(Expression, RandomTextsNeverFailOtherwise) {
  const std::vector<std::string> parts = {
      "a",       "plan",       "start", "(",  ")",  "[",    "]",       ",",    "'x'",
      "1",       "2024-01-01", "==",    "<",  "+",  "-",    "*",       "/",    "%",
      "and",     "or",         "not",   "in", "is", "null", "if(",     "min(", "between",
      "matches", "round(",     "true",  "`",  "'",  "7d",   "\xC3\xA4"};
  Random random(7);
  const Table table = Orders();
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint64_t k = random.Below(12) + 1; k > 0; --k)
      text += parts[random.Below(parts.size())] + " ";
    const std::string result = Evaluated(text, table);
    EXPECT_FALSE(result.empty()) << text;
  }
}

// Rows in blocks of any size, with dictionaries that hold more than the block does, give the same.
TEST(Expression, BlocksGiveWhatTheTableGives) {
  Random random(3);
  const int64_t rows = 5'000;
  std::vector<double> x;
  std::vector<std::string> s;
  std::vector<std::string> t;
  for (int64_t i = 0; i < rows; ++i) {
    x.push_back(random.Below(10) == 0 ? kNone : static_cast<double>(random.Below(100)));
    s.push_back(random.Below(10) == 0 ? "" : "v" + std::to_string(random.Below(900)));
    t.push_back(random.Below(10) == 0 ? "" : "V" + std::to_string(random.Below(900)));
  }
  const Table table = MakeTable({Numbers("x", x), Texts("s", s), Texts("t", t)});
  for (const std::string text :
       {"x * 2 >= 50 or s matches '7'", "s == lower(t)", "if(x > 50, s, lower(t)) < 'v5'",
        "length(if(x > 50, s, 'abc')) == 3", "s not in ['v1', 'v2'] and upper(s) > t",
        "s between 'v2' and lower(t)"}) {
    const auto expression = CompiledExpression::Compile(text, ColumnsOf(table));
    ASSERT_TRUE(expression.ok()) << expression.error().ToString();
    std::vector<Truth> whole(rows);
    expression->Evaluate(BlockOf(table), whole);
    std::vector<Truth> parts(rows);
    for (int64_t begin = 0; begin < rows;) {
      const int64_t end = std::min(rows, begin + 1 + static_cast<int64_t>(random.Below(1'500)));
      expression->Evaluate(
          BlockOf(table, begin, end),
          std::span(parts).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
      begin = end;
    }
    EXPECT_EQ(Letters(whole), Letters(parts)) << text;
    // And what each row says by itself.
    for (size_t i = 0; i < 200; ++i) {
      Truth one = Truth::kUnknown;
      expression->Evaluate(BlockOf(table, static_cast<int64_t>(i), static_cast<int64_t>(i) + 1),
                           std::span(&one, 1));
      EXPECT_EQ(one, whole[i]) << text;
    }
  }
}

// Columns are read by one parser, constants by another.
TEST(Expression, TimesAreReadAsTheReaderReadsThem) {
  const std::string seed = "2024-02-29T12:34:56.25+01:30";
  Random random(13);
  int64_t times = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = seed.substr(0, random.Below(seed.size() + 1));
    for (uint64_t k = random.Below(4); k > 0 && !text.empty(); --k) {
      text[random.Below(text.size())] = "0123456789-:.,TtZz+ "[random.Below(20)];
    }
    if (ParseTimestamp(text)) ++times;
    EXPECT_EQ(ParseIsoTime(text), ParseTimestamp(text)) << text;
  }
  EXPECT_GT(times, 10'000);
}

TEST(Expression, SeveralThreadsEvaluateAtOnce) {
  const Table table = Orders();
  const auto expression =
      CompiledExpression::Compile("plan matches 'pro' or lower(other) == plan", ColumnsOf(table));
  ASSERT_TRUE(expression.ok());
  std::vector<std::string> results(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& result : results) {
      threads.emplace_back([&] {
        std::vector<Truth> truths(static_cast<size_t>(table.rows));
        for (int i = 0; i < 200; ++i) expression->Evaluate(BlockOf(table), truths);
        result = Letters(truths);
      });
    }
  }
  EXPECT_THAT(results, testing::Each("TT??"));
}

TEST(Expression, AMillionRowsTakeMilliseconds) {
  constexpr size_t kRows = 1'000'000;
  std::vector<double> a(kRows);
  std::vector<double> b(kRows);
  Random random(1);
  for (size_t i = 0; i < kRows; ++i) {
    a[i] = random.Uniform();
    b[i] = random.Uniform();
  }
  const Table table = MakeTable({Numbers("a", std::move(a)), Numbers("b", std::move(b))});
  const auto expression = CompiledExpression::Compile("a >= b", ColumnsOf(table));
  std::vector<Truth> truths(kRows);
  const Block block = BlockOf(table);
  double best = 1;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    expression->Evaluate(block, truths);
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  RecordProperty("milliseconds", std::to_string(1e3 * best));
  EXPECT_LT(best, 0.1);  // Sanitizers included.
}

}  // namespace
}  // namespace slipway::data
