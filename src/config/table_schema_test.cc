#include "config/table_schema.h"

#include <gmock/gmock.h>

#include "config/test_directory_internal.h"
#include "core/time_text.h"

namespace slipway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kWhole = R"(# slipway table schema
version: 1
allow_extra_columns: false
ordered: true
rows: {min: 1000, max: 2e6}
columns:
  age:
    type: integer
    required: true
    nullable: false
    min: 18
    max: 120
  email: {type: text, pattern: '^[^@]+@[^@]+$', unique: true, length: {min: 3, max: 200}}
  plan: {type: category, categories: [basic, pro, 1, true], severity: warning, max_unexpected: 0.01}
  joined: {type: timestamp, min: 2019-01-01, max: now, max_age: 7d}
  score: {type: number, max_missing: 0.02, min: -1.5}
  active: boolean
  "unit price: net": {type: number, required: false}
checks:
  - {name: ends_after_start, check: end >= start, severity: warning, max_failing: 0.1}
  - total == price * quantity
)";

TableSchema Parsed(const std::string& text) {
  auto schema = ParseTableSchema(text, "s.yaml");
  EXPECT_TRUE(schema.ok()) << (schema.ok() ? "" : schema.error().Render());
  return schema.ok() ? *std::move(schema) : TableSchema();
}

std::string ErrorsOf(const std::string& text) {
  const auto schema = ParseTableSchema(text, "s.yaml");
  return schema.ok() ? "" : schema.error().Render();
}

std::string ErrorsOfColumn(const std::string& rules) {
  return ErrorsOf("columns:\n  a: {" + rules + "}\n");
}

TEST(TableSchema, ReadsEveryKey) {
  const TableSchema schema = Parsed(kWhole);
  EXPECT_FALSE(schema.allow_extra_columns);
  EXPECT_TRUE(schema.ordered);
  EXPECT_EQ(schema.rows, (CountRange{1000, 2'000'000}));
  ASSERT_EQ(schema.columns.size(), 7U);

  const ColumnSchema& age = schema.columns[0];
  EXPECT_EQ(age.name, "age");
  EXPECT_EQ(age.type, SchemaType::kInteger);
  EXPECT_EQ(age.max_missing, 0);
  EXPECT_EQ(age.min, (SchemaBound{18}));
  EXPECT_EQ(age.max, (SchemaBound{120}));
  EXPECT_EQ(age.at.line, 7);

  const ColumnSchema& email = schema.columns[1];
  EXPECT_EQ(email.pattern, "^[^@]+@[^@]+$");
  EXPECT_TRUE(email.unique);
  EXPECT_EQ(email.length, (CountRange{3, 200}));
  EXPECT_EQ(email.max_missing, 1);
  EXPECT_EQ(email.severity, SchemaSeverity::kError);

  const ColumnSchema& plan = schema.columns[2];
  EXPECT_THAT(plan.categories, ElementsAre("basic", "pro", "1", "true"));
  EXPECT_EQ(plan.severity, SchemaSeverity::kWarning);
  EXPECT_EQ(plan.max_unexpected, 0.01);

  const ColumnSchema& joined = schema.columns[3];
  EXPECT_EQ(joined.min, (SchemaBound{*ParseIsoTime("2019-01-01")}));
  EXPECT_TRUE(joined.max->now);
  EXPECT_EQ(joined.max_age, 7 * kSecondsPerDay);

  EXPECT_EQ(schema.columns[4].max_missing, 0.02);
  EXPECT_EQ(schema.columns[4].min, (SchemaBound{-1.5}));
  EXPECT_EQ(schema.columns[5].type, SchemaType::kBoolean);
  EXPECT_EQ(schema.columns[6].name, "unit price: net");
  EXPECT_FALSE(schema.columns[6].required);

  ASSERT_EQ(schema.checks.size(), 2U);
  EXPECT_EQ(schema.checks[0].name, "ends_after_start");
  EXPECT_EQ(schema.checks[0].expression, "end >= start");
  EXPECT_EQ(schema.checks[0].severity, SchemaSeverity::kWarning);
  EXPECT_EQ(schema.checks[0].max_failing, 0.1);
  EXPECT_EQ(schema.checks[1].name, "total == price * quantity");
  EXPECT_EQ(schema.checks[1].at.line, 21);
  EXPECT_EQ(schema.checks[1].at.column, 5);
}

TEST(TableSchema, SeverityOfTheTableIsThatOfAllThatSayNone) {
  const TableSchema schema = Parsed(
      "columns: {a: text, b: {type: text, severity: error}}\nchecks: [a == b]\nseverity: "
      "warning\n");
  EXPECT_EQ(schema.severity, SchemaSeverity::kWarning);
  EXPECT_EQ(schema.columns[0].severity, SchemaSeverity::kWarning);
  EXPECT_EQ(schema.columns[1].severity, SchemaSeverity::kError);
  EXPECT_EQ(schema.checks[0].severity, SchemaSeverity::kWarning);
}

void ExpectSame(const TableSchema& left, const TableSchema& right) {
  EXPECT_EQ(left.allow_extra_columns, right.allow_extra_columns);
  EXPECT_EQ(left.ordered, right.ordered);
  EXPECT_EQ(left.rows, right.rows);
  EXPECT_EQ(left.severity, right.severity);
  ASSERT_EQ(left.columns.size(), right.columns.size());
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const ColumnSchema& a = left.columns[i];
    const ColumnSchema& b = right.columns[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.required, b.required);
    EXPECT_EQ(a.max_missing, b.max_missing);
    EXPECT_EQ(a.min, b.min);
    EXPECT_EQ(a.max, b.max);
    EXPECT_EQ(a.max_age, b.max_age);
    EXPECT_EQ(a.categories, b.categories);
    EXPECT_EQ(a.pattern, b.pattern);
    EXPECT_EQ(a.length, b.length);
    EXPECT_EQ(a.unique, b.unique);
    EXPECT_EQ(a.max_unexpected, b.max_unexpected);
    EXPECT_EQ(a.severity, b.severity);
  }
  ASSERT_EQ(left.checks.size(), right.checks.size());
  for (size_t i = 0; i < left.checks.size(); ++i) {
    EXPECT_EQ(left.checks[i].name, right.checks[i].name);
    EXPECT_EQ(left.checks[i].expression, right.checks[i].expression);
    EXPECT_EQ(left.checks[i].max_failing, right.checks[i].max_failing);
    EXPECT_EQ(left.checks[i].severity, right.checks[i].severity);
  }
}

TEST(TableSchema, WhatIsWrittenReadsBackTheSame) {
  const TableSchema schema = Parsed(kWhole);
  ExpectSame(Parsed(WriteTableSchema(schema)), schema);
}

TEST(TableSchema, NamesAndValuesThatYamlWouldTakeForOthersReadBackTheSame) {
  TableSchema schema;
  schema.severity = SchemaSeverity::kWarning;
  for (const char* name :
       {"1",    "true", "null", "~",          "a: b", "#a", "- a", "it's", "\"q\"", "ä ö",
        "a\nb", "{x}",  "<<",   "2019-01-01", " a ",  "*a", "&a",  "!a",   "%a",    "@a"}) {
    ColumnSchema column;
    column.name = name;
    column.note = "seen\n  b: text";
    column.categories = {name, "x, y", "[", "no", "1e3", "0x10", "'"};
    column.pattern = std::string("^'") + "\\d\\.\"#:$";
    schema.columns.push_back(column);
    schema.checks.push_back({.name = name, .expression = "`it's: #1` == 'x'", .max_failing = 0.25});
  }
  ColumnSchema numbers;
  numbers.name = "numbers";
  numbers.type = SchemaType::kNumber;
  numbers.min = SchemaBound{-1e300};
  numbers.max = SchemaBound{0.1};
  schema.columns.push_back(numbers);
  ExpectSame(Parsed(WriteTableSchema(schema)), schema);
}

TEST(TableSchema, WritesWhatPeopleEdit) {
  TableSchema schema;
  ColumnSchema age = {.name = "age", .type = SchemaType::kInteger, .max_missing = 0};
  age.min = SchemaBound{0};
  age.note = "18 to 95";
  schema.columns.push_back(age);
  ColumnSchema joined = {.name = "joined", .type = SchemaType::kTimestamp, .max_missing = 0.02};
  joined.min = SchemaBound{*ParseIsoTime("2019-01-01")};
  joined.max = SchemaBound{.now = true};
  schema.columns.push_back(joined);
  schema.checks.push_back({.name = "joined > '2019-01-01'", .expression = "joined > '2019-01-01'"});
  EXPECT_EQ(WriteTableSchema(schema),
            "# slipway table schema: what the data must look like. Edit it freely.\n"
            "# A rule that is not written is not checked; columns must be there unless `required: "
            "false`.\n"
            "version: 1\n"
            "allow_extra_columns: true\n"
            "ordered: false\n"
            "columns:\n"
            "  age:  # 18 to 95\n"
            "    type: integer\n"
            "    nullable: false\n"
            "    min: 0\n"
            "  joined:\n"
            "    type: timestamp\n"
            "    max_missing: 0.02\n"
            "    min: 2019-01-01\n"
            "    max: now\n"
            "checks:\n"
            "  - 'joined > ''2019-01-01'''\n");
}

TEST(TableSchema, LongListsAreBrokenIntoLines) {
  TableSchema schema;
  ColumnSchema column = {.name = "c", .type = SchemaType::kCategory};
  for (int i = 0; i < 50; ++i) column.categories.push_back("category_" + std::to_string(i));
  schema.columns.push_back(column);
  const std::string text = WriteTableSchema(schema);
  EXPECT_EQ(Parsed(text).columns[0].categories, column.categories);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(TableSchema, AllMistakesAreToldAtOnceWithTheirPlaces) {
  EXPECT_EQ(ErrorsOf("version: 2\n"
                     "ordred: true\n"
                     "rows: {min: 5, max: 2}\n"
                     "columns:\n"
                     "  age: {type: integr, min: 1}\n"
                     "  plan: {type: category, categores: [a], min: 2}\n"
                     "  joined: {type: timestamp, min: 2019, max_age: 7 days}\n"
                     "  id: {type: text, pattern: '[a-'}\n"
                     "checks:\n"
                     "  - {chek: a > b}\n"
                     "  - {check: a > b, severity: fatal}\n"),
            "error: s.yaml:1:10: version: version 2 is not read by this build; expected 1\n"
            "error: s.yaml:2:1: unknown key \"ordred\"; expected version, allow_extra_columns, "
            "ordered, rows, severity, columns or checks; try ordered\n"
            "error: s.yaml:3:7: rows: min 5 is above max 2; expected min at most max\n"
            "error: s.yaml:5:15: columns.age.type: unknown name: the text \"integr\"; expected "
            "integer, number, text, category, timestamp or boolean; try integer\n"
            "error: s.yaml:6:26: columns.plan: unknown key \"categores\"; expected type, required, "
            "nullable, max_missing, min, max, max_age, categories, pattern, length, unique, "
            "max_unexpected or severity; try categories\n"
            "error: s.yaml:6:42: columns.plan: min is no rule for a category column; expected it "
            "for integer, number and timestamp only\n"
            "error: s.yaml:7:34: columns.joined.min: wrong type: the number 2019; expected a date "
            "or time such as 2019-01-31 or 2019-01-31T08:00Z, or now\n"
            "error: s.yaml:7:49: columns.joined.max_age: wrong type: the text \"7 days\"; expected "
            "a number with s, m, h, d or w, such as 7d or 12h\n"
            "error: s.yaml:8:29: columns.id.pattern: no valid pattern: missing ]: [a-; expected a "
            "regular expression as RE2 has it\n"
            "error: s.yaml:10:5: checks[0]: no check; expected check: an expression, such as end "
            ">= start\n"
            "error: s.yaml:11:30: checks[1].severity: unknown name: the text \"fatal\"; expected "
            "warning or error\n");
}

TEST(TableSchema, SingleValuesAreChecked) {
  EXPECT_THAT(ErrorsOfColumn("nullable: false"), HasSubstr("no type"));
  EXPECT_THAT(ErrorsOfColumn("type: text, nullable: maybe"), HasSubstr("true or false"));
  EXPECT_THAT(ErrorsOfColumn("type: text, nullable: true, max_missing: 0.5"),
              HasSubstr("nullable and max_missing at once"));
  EXPECT_THAT(ErrorsOfColumn("type: text, max_missing: 5"), HasSubstr("try 0.05 for 5 %"));
  EXPECT_THAT(ErrorsOfColumn("type: text, max_missing: -1"), HasSubstr("out of range"));
  EXPECT_THAT(ErrorsOfColumn("type: number, min: '1'"), HasSubstr("expected a number"));
  EXPECT_THAT(ErrorsOfColumn("type: number, min: .inf"), HasSubstr("expected a number"));
  EXPECT_THAT(ErrorsOfColumn("type: number, min: 1e999"), HasSubstr("expected a number"));
  EXPECT_THAT(ErrorsOfColumn("type: number, min: 2, max: 1"), HasSubstr("min is above max"));
  EXPECT_THAT(ErrorsOfColumn("type: text, length: {min: -1}"), HasSubstr("whole number"));
  EXPECT_THAT(ErrorsOfColumn("type: text, length: {least: 1}"), HasSubstr("min or max"));
  EXPECT_THAT(ErrorsOfColumn("type: text, categories: [a, a]"), HasSubstr("listed twice"));
  EXPECT_THAT(ErrorsOfColumn("type: text, categories: []"), HasSubstr("an empty list"));
  EXPECT_THAT(ErrorsOfColumn("type: text, categories: [{}]"), HasSubstr("wrong type"));
  EXPECT_THAT(ErrorsOfColumn("type: boolean, categories: [True]"), HasSubstr("no rule for"));
  EXPECT_THAT(ErrorsOf("columns: {a: strings}\n"), HasSubstr("unknown name"));
  EXPECT_THAT(ErrorsOf("columns: {a: [text]}\n"), HasSubstr("wrong type: a list"));
  EXPECT_THAT(ErrorsOf("columns: {a: text, a: text}\n"), HasSubstr("duplicate key"));
  EXPECT_THAT(ErrorsOf("columns: [a]\n"), HasSubstr("mapping of names"));
  EXPECT_THAT(ErrorsOf("version: 1\n"), HasSubstr("columns: missing key"));
  EXPECT_THAT(ErrorsOf("columns: {a: text}\nchecks: {a: b}\n"), HasSubstr("not a list"));
  EXPECT_THAT(ErrorsOf("columns: {a: text}\nchecks: ['']\n"), HasSubstr("an empty text"));
  EXPECT_THAT(ErrorsOf(""), HasSubstr("s.yaml: an empty file"));
  EXPECT_THAT(ErrorsOf("[]"), HasSubstr("no table schema"));
}

TEST(TableSchema, WideTablesFit) {
  std::string text = "columns:\n";
  for (int i = 0; i < 5'000; ++i) {
    text += "  column" + std::to_string(i) +
            ": {type: number, required: true, nullable: false, min: 0, max: 1, unique: true}\n";
  }
  EXPECT_EQ(Parsed(text).columns.size(), 5'000U);
}

TEST(TableSchema, HostileTextIsRefused) {
  EXPECT_THAT(ErrorsOf("columns: " + std::string(10'000, '{')), HasSubstr("nested too deep"));
  EXPECT_NE(ErrorsOf(std::string(1'000'000, 'x')), "");
  EXPECT_NE(ErrorsOf(std::string("\0\xFF\x01", 3)), "");
  EXPECT_NE(ErrorsOf("? " + std::string(1'000'000, 'y') + "\n: 1\n"), "");
  EXPECT_LT(ErrorsOf("columns: {" + std::string(500, 'k') + ": {typ: text}}\n").size(), 1'000U);
  std::string checks = "columns: {a: text}\nchecks:\n";
  for (int i = 0; i < 1'001; ++i) checks += "  - a == 'b'\n";
  EXPECT_THAT(ErrorsOf(checks), HasSubstr("1,001 checks; expected at most 1,000"));
}

TEST(TableSchema, LoadsAFile) {
  const TestDirectory directory;
  const std::string path = directory.Write("schema.yaml", kWhole);
  const auto schema = LoadTableSchema(path);
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(schema->columns[0].at.file, path);
  EXPECT_EQ(LoadTableSchema(directory.path() + "/none.yaml").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace slipway::config
