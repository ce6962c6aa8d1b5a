#include "data/schema_check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <set>

#include "core/file_system.h"
#include "core/random.h"
#include "core/source_folder.h"
#include "core/time_text.h"
#include "data/test_blocks_internal.h"

namespace slipway::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kNone = kMissingNumber;

config::TableSchema SchemaOf(const std::string& text) {
  auto schema = config::ParseTableSchema(text, "s.yaml");
  EXPECT_TRUE(schema.ok()) << (schema.ok() ? "" : schema.error().Render());
  return schema.ok() ? *std::move(schema) : config::TableSchema();
}

config::TableSchema ColumnsOf(const std::string& columns) {
  return SchemaOf("columns:\n  " + columns + "\n");
}

Clock::WallTime At(const std::string& time) {
  return Clock::WallTime(std::chrono::duration_cast<Clock::WallTime::duration>(
      std::chrono::duration<double>(*ParseIsoTime(time))));
}

Result<SchemaCheck> MakeCheck(const config::TableSchema& schema, const Table& table) {
  std::vector<std::string> names;
  std::vector<ColumnType> types;
  for (const Column& column : table.columns) {
    names.push_back(column.name);
    types.push_back(column.type);
  }
  return SchemaCheck::Make(schema, names, types, At("2024-03-01"));
}

// In `parts` partial tallies, merged; every other one counts its rows from 0.
std::vector<Issue> IssuesOf(const config::TableSchema& schema, const Table& table,
                            int64_t parts = 1) {
  const auto check = MakeCheck(schema, table);
  EXPECT_TRUE(check.ok()) << (check.ok() ? "" : check.error().Render());
  if (!check.ok()) return {};
  SchemaCheck::Partial all = check->Start();
  for (int64_t part = 0; part < parts; ++part) {
    SchemaCheck::Partial one = check->Start();
    const int64_t begin = table.rows * part / parts;
    const int64_t end = table.rows * (part + 1) / parts;
    const int64_t middle = (begin + end) / 2;
    const int64_t offset = part % 2 == 0 ? begin : 0;
    for (Block block : {BlockOf(table, begin, middle), BlockOf(table, middle, end)}) {
      block.first_row -= offset;
      one.Add(block);
    }
    all.Merge(std::move(one), offset);
  }
  return check->Issues(all, table.rows);
}

// "kind value limit count: message [row=value, …]", a warning with "?" before it.
std::string Line(const Issue& issue) {
  std::string line =
      fmt::format("{}{} {:.6g} {:.6g} {}: {} [", issue.severity == Severity::kError ? "" : "?",
                  issue.kind, issue.value, issue.limit, issue.count, issue.message);
  for (const Example& example : issue.examples) {
    if (line.back() != '[') line += " ";
    line += fmt::format("{}={}", example.row, example.missing ? "null" : example.value);
  }
  return line + "]";
}

std::vector<std::string> Lines(const config::TableSchema& schema, const Table& table,
                               int64_t parts = 1) {
  std::vector<std::string> lines;
  for (const Issue& issue : IssuesOf(schema, table, parts)) lines.push_back(Line(issue));
  return lines;
}

Column Times(std::string name, const std::vector<std::string>& values) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::kTimestamp;
  for (const std::string& value : values) {
    column.numbers.push_back(value.empty() ? kNone : *ParseIsoTime(value));
  }
  return column;
}

TEST(SchemaCheck, NothingToSayOfWhatFits) {
  const Table table = MakeTable({Numbers("age", {18, 120, kNone}), Texts("plan", {"a", "b", ""})});
  EXPECT_THAT(Lines(ColumnsOf("{age: {type: integer, min: 18, max: 120}, plan: {type: category, "
                              "categories: [a, b, c], length: {min: 1, max: 1}, unique: true}}"),
                    table),
              IsEmpty());
}

TEST(SchemaCheck, RangesOfNumbers) {
  const Table table = MakeTable({Numbers("age", {17, 18, 120, 121, -3, kNone})});
  EXPECT_THAT(
      Lines(ColumnsOf("age: {type: integer, min: 18, max: 120}"), table),
      ElementsAre("below_minimum 0.4 0 2: age: 2 values (40.0 %) below 18, the least -3 "
                  "[1=17 5=-3]",
                  "above_maximum 0.2 0 1: age: 1 value (20.0 %) above 120, the greatest 121 "
                  "[4=121]"));
  EXPECT_THAT(Lines(ColumnsOf("age: {type: integer, min: 18, max_unexpected: 0.4}"), table),
              IsEmpty());
  EXPECT_THAT(
      Lines(ColumnsOf("age: {type: integer, min: 18, max_unexpected: 0.3, severity: warning}"),
            table),
      ElementsAre("?below_minimum 0.4 0.3 2: age: 2 values (40.0 %) below 18, the least -3, above "
                  "the limit of 30.0 % [1=17 5=-3]"));
}

TEST(SchemaCheck, Types) {
  const Table table = MakeTable(
      {Numbers("n", {1, 1.5, INFINITY, kNone}), Texts("s", {"1", "x", "", "2.5"}),
       Texts("b", {"True", "False", "yes", ""}), Numbers("empty", {kNone, kNone, kNone, kNone})});
  EXPECT_THAT(
      Lines(ColumnsOf("{n: integer, s: integer, b: boolean, empty: text}"), table),
      ElementsAre("schema_type 0.666667 0 2: n: 2 values (66.7 %) not whole [2=1.5 3=inf]",
                  "schema_type 0.666667 0 2: s: text where the schema has integer; 2 values "
                  "(66.7 %) can't be read so [2=x 4=2.5]",
                  "schema_type 0.333333 0 1: b: 1 value (33.3 %) neither True nor False "
                  "[3=yes]"));
  EXPECT_THAT(
      Lines(ColumnsOf("{n: text, s: {type: number, min: 5}}"), table),
      ElementsAre("schema_type 1 0 3: n: numbers where the schema has text [1=1 2=1.5 3=inf]",
                  "schema_type 0.333333 0 1: s: text where the schema has number; 1 value "
                  "(33.3 %) can't be read so [2=x]"));
}

TEST(SchemaCheck, Texts) {
  const Table table = MakeTable({Texts("plan", {"basic", "Pro", "", "gold", "gold"})});
  EXPECT_THAT(
      Lines(ColumnsOf("plan: {type: category, categories: [basic, pro], pattern: '^[a-z]+$', "
                      "length: {min: 4, max: 4}}"),
            table),
      ElementsAre("unexpected_category 0.75 0 3: plan: 3 values (75.0 %) not among the 2 "
                  "categories, such as 'Pro' ('pro'?) [2=Pro 4=gold 5=gold]",
                  "pattern_mismatch 0.25 0 1: plan: 1 value (25.0 %) not matching ^[a-z]+$ [2=Pro]",
                  "too_short 0.25 0 1: plan: 1 value (25.0 %) shorter than 4 characters [2=Pro]",
                  "too_long 0.25 0 1: plan: 1 value (25.0 %) longer than 4 characters [1=basic]"));
  const Table accents = MakeTable({Texts("s", {"äöü", "abcd"})});
  EXPECT_THAT(Lines(ColumnsOf("s: {type: text, length: {max: 3}}"), accents),
              ElementsAre(HasSubstr("too_long 0.5 0 1")));
}

TEST(SchemaCheck, MissingValues) {
  const Table table =
      MakeTable({Numbers("a", {1, kNone, 3, kNone}), Texts("b", {"", "x", "y", "z"})});
  EXPECT_THAT(Lines(ColumnsOf("{a: {type: number, nullable: false}, b: {type: text, max_missing: "
                              "0.2}}"),
                    table),
              ElementsAre("not_nullable 0.5 0 2: a: 2 values (50.0 %) missing, none may be [2=null "
                          "4=null]",
                          "too_many_missing 0.25 0.2 1: b: 25.0 % missing, above the limit of 20.0 "
                          "% [1=null]"));
  EXPECT_THAT(Lines(ColumnsOf("{a: {type: number, max_missing: 0.5}, b: {type: text, nullable: "
                              "true}}"),
                    table),
              IsEmpty());
}

TEST(SchemaCheck, RepeatedValues) {
  const Table table = MakeTable({Numbers("id", {1, 2, 1, kNone, kNone, 1, -0.0, 0}),
                                 Texts("name", {"a", "b", "", "", "b", "c", "d", "e"})});
  EXPECT_THAT(
      Lines(ColumnsOf("{id: {type: integer, unique: true}, name: {type: text, unique: true}}"),
            table, 3),
      ElementsAre("not_unique 0.5 0 3: id: 3 rows (50.0 %) repeat an earlier value [3=1 8=0]",
                  "not_unique 0.166667 0 1: name: 1 row (16.7 %) repeat an earlier value "
                  "[5=b]"));
}

TEST(SchemaCheck, TimesAndFreshness) {
  const Table table =
      MakeTable({Times("joined", {"2018-12-31", "2024-02-20", "", "2024-01-01T10:00"})});
  EXPECT_THAT(
      Lines(ColumnsOf("joined: {type: timestamp, min: 2019-01-01, max: now, max_age: 7d}"), table),
      ElementsAre(
          "below_minimum 0.333333 0 1: joined: 1 value (33.3 %) below 2019-01-01, the least "
          "2018-12-31 [1=2018-12-31]",
          "too_old 864000 604800 1: joined: the newest value is 2024-02-20, 10.0 days ago; "
          "at most 1w expected []"));
  EXPECT_THAT(Lines(ColumnsOf("joined: {type: timestamp, max_age: 10d}"), table), IsEmpty());
  const Table future = MakeTable({Times("joined", {"2024-03-02"})});
  EXPECT_THAT(Lines(ColumnsOf("joined: {type: timestamp, max: now, max_age: 1s}"), future),
              ElementsAre("above_maximum 1 0 1: joined: 1 value (100.0 %) above 2024-03-01, the "
                          "greatest 2024-03-02 [1=2024-03-02]"));
}

TEST(SchemaCheck, ColumnsAndRows) {
  const Table table =
      MakeTable({Numbers("c", {1}), Numbers("Agee", {1}), Numbers("a", {1}), Numbers("b", {1})});
  EXPECT_THAT(
      Lines(
          SchemaOf("allow_extra_columns: false\nordered: true\nrows: {min: 1000}\ncolumns:\n  age: "
                   "number\n  maybe: {type: text, required: false}\n  a: number\n  b: number\n  c: "
                   "number\n"),
          table),
      ElementsAre("row_count 1 1000 1: 1 row, at least 1,000 expected []",
                  "missing_columns 1 0 1: age: the column is missing; did you mean 'Agee'? []",
                  "extra_columns 1 0 1: 1 column is not in the schema: 'Agee' []",
                  "column_order 3 0 3: 3 columns are out of the schema's order: 'c' stands where "
                  "'a' should []"));
  EXPECT_THAT(Lines(SchemaOf("rows: {max: 0}\nseverity: warning\ncolumns: {a: number}\n"), table),
              ElementsAre("?row_count 1 0 1: 1 row, at most 0 expected []"));
}

TEST(SchemaCheck, Expressions) {
  const Table table =
      MakeTable({Numbers("start", {5, 1, kNone, 4}), Numbers("end", {3, 2, 1, 2}),
                 Texts("plan", {"a", "b", "", "a"}), Times("day", {"2024-01-01", "", "", ""})});
  EXPECT_THAT(
      Lines(SchemaOf("columns: {}\nchecks:\n  - {name: order, check: end >= start, severity: "
                     "warning}\n  - {check: end >= start, max_failing: 0.5}\n  - plan == 'a'\n  - "
                     "start != 5 or day is null or plan == 'b'\n"),
            table),
      ElementsAre("?failed_check 0.5 0 2: order: 2 rows (50.0 %) fail end >= start [1=end=3, "
                  "start=5 4=end=2, start=4]",
                  "failed_check 0.25 0 1: 1 row (25.0 %) fail plan == 'a' [2=plan=b]",
                  "failed_check 0.25 0 1: 1 row (25.0 %) fail start != 5 or day is null or plan == "
                  "'b' [1=start=5, day=2024-01-01, plan=a]"));
}

TEST(SchemaCheck, ExpressionsOnColumnsThatAreToldOfAlreadyAreLeftOut) {
  const Table table = MakeTable({Texts("price", {"x"}), Numbers("total", {1})});
  EXPECT_THAT(Lines(SchemaOf("columns: {price: number, total: number, gone: number}\nchecks:\n  - "
                             "total == price\n  - total == gone\n  - total == 2\n"),
                    table),
              ElementsAre(HasSubstr("missing_columns"), HasSubstr("schema_type"),
                          HasSubstr("fail total == 2")));
}

TEST(SchemaCheck, AllWrongExpressionsAreToldAtOnceWithTheirPlaces) {
  const Table table = MakeTable({Numbers("start", {5}), Texts("plan", {"a"})});
  const auto check = MakeCheck(SchemaOf("columns: {end: {type: number}}\n"
                                        "checks:\n"
                                        "  - end >= strat\n"
                                        "  - {name: x, check: plan > 5}\n"
                                        "  - end > 5\n"),
                               table);
  ASSERT_FALSE(check.ok());
  EXPECT_EQ(check.error().Render(),
            "error: s.yaml:3:5: checks[0]: character 8: no column 'strat'; expected start, plan or "
            "end; try start\n"
            "error: s.yaml:4:22: checks[1]: character 8: a comparison with text and a number; "
            "expected one type\n");
}

TEST(SchemaCheck, TheExampleOfTheDocumentationIsOne) {
  const auto text = LocalFileSystem().ReadFile(SourceFolder() + "/docs/data.md");
  ASSERT_TRUE(text.ok());
  const size_t begin = text->find("# slipway table schema");
  const config::TableSchema schema =
      SchemaOf(text->substr(begin, text->find("```", begin) - begin));
  EXPECT_EQ(schema.columns.size(), 5U);
  const Table table =
      MakeTable({Numbers("start", {1}), Numbers("end", {2}), Numbers("total", {0.3}),
                 Numbers("price", {0.1}), Numbers("quantity", {3})});
  const std::vector<std::string> lines = Lines(schema, table);
  EXPECT_EQ(lines.size(), 6U);  // Too few rows, and the five columns that are not there.
}

TEST(SchemaCheck, AnEmptyTable) {
  const Table table = MakeTable({Numbers("a", {}), Texts("b", {}), Times("t", {})});
  EXPECT_THAT(
      Lines(SchemaOf("columns: {a: {type: number, nullable: false, min: 1}, b: {type: text, "
                     "unique: true, max_missing: 0}, t: {type: timestamp, max_age: 1d}}\n"
                     "checks: [a > 1]\n"),
            table),
      IsEmpty());
}

// A table with all that can be wrong, in any number of parts.
TEST(SchemaCheck, HowRowsAreDividedMakesNoDifference) {
  Random random(17);
  std::vector<double> id;
  std::vector<double> x;
  std::vector<std::string> s;
  for (int i = 0; i < 3'000; ++i) {
    id.push_back(static_cast<double>(random.Below(2'000)));
    x.push_back(random.Below(20) == 0 ? kNone : static_cast<double>(random.Below(1'000)) / 8);
    s.push_back(random.Below(20) == 0 ? "" : "v" + std::to_string(random.Below(500)));
  }
  const Table table = MakeTable({Numbers("id", id), Numbers("x", x), Texts("s", s)});
  const config::TableSchema schema = SchemaOf(
      "columns:\n  id: {type: integer, unique: true}\n  x: {type: integer, nullable: false, "
      "min: 10, max: 90}\n  s: {type: text, unique: true, nullable: false, pattern: '[1-9]$', "
      "length: {min: 3, max: 3}}\nchecks:\n  - x > id / 20\n  - s matches '1' or x > 50\n");
  const std::vector<std::string> whole = Lines(schema, table);
  EXPECT_EQ(whole.size(), 12U);
  for (const int64_t parts : {2, 7, 100, 3'000}) EXPECT_EQ(Lines(schema, table, parts), whole);
}

// Counted by hand, with another way to each figure.
TEST(SchemaCheck, FiguresAreThoseOfAPlainCount) {
  Random random(23);
  std::vector<double> x;
  std::set<double> seen;
  int64_t below = 0;
  int64_t fractions = 0;
  int64_t repeats = 0;
  int64_t missing = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value =
        random.Below(7) == 0 ? kNone : static_cast<double>(random.Below(20'000)) / 4;
    x.push_back(value);
    if (std::isnan(value)) {
      ++missing;
      continue;
    }
    if (value < 1'000) ++below;
    if (std::fmod(value, 1) != 0) ++fractions;
    if (!seen.insert(value).second) ++repeats;
  }
  const auto issues =
      IssuesOf(ColumnsOf("x: {type: integer, min: 1000, unique: true, nullable: false}"),
               MakeTable({Numbers("x", x)}), 5);
  ASSERT_EQ(issues.size(), 4U);
  EXPECT_EQ(issues[0].count, missing);
  EXPECT_EQ(issues[0].value, static_cast<double>(missing) / 10'000);
  EXPECT_EQ(issues[1].count, fractions);
  EXPECT_EQ(issues[2].count, below);
  EXPECT_EQ(issues[3].count, repeats);
  EXPECT_EQ(issues[3].value, static_cast<double>(repeats) / static_cast<double>(10'000 - missing));
  EXPECT_EQ(issues[3].examples.size(), 10U);
}

TEST(SchemaCheck, ASampleIsSaidToBeOne) {
  std::vector<double> id;
  for (int i = 0; i < 2'400'000; ++i) id.push_back(i);
  for (int i = 0; i < 240'000; ++i) id.push_back(i);  // 1 in 11 rows repeats.
  const auto issues =
      IssuesOf(ColumnsOf("id: {type: integer, unique: true}"), MakeTable({Numbers("id", id)}));
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_THAT(issues[0].message, HasSubstr("checked on a sample of 1 in 2 values"));
  // 240,000 ± 5 standard deviations of what a half draws.
  EXPECT_NEAR(static_cast<double>(issues[0].count), 240'000, 5 * std::sqrt(2 * 240'000.0));
}

}  // namespace
}  // namespace slipway::data
