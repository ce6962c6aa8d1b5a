#include "serve/request_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "core/random.h"
#include "core/text.h"
#include "data/category_column.h"

namespace {
int64_t allocations = 0;
}  // namespace

// Counts, for the tests that say how often memory is asked for.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace slipway::serve {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsNan;

model::ModelSchema Schema() {
  model::ModelSchema schema;
  schema.inputs.resize(4);
  schema.inputs[0].name = "age";
  schema.inputs[1].name = "income";
  schema.inputs[2].name = "city";
  schema.inputs[2].type = data::ColumnType::kCategory;
  schema.inputs[2].categories = {"Berlin", "Oslo", "Rome"};
  schema.inputs[3].name = "since";
  schema.inputs[3].type = data::ColumnType::kTimestamp;
  return schema;
}

class RequestReaderTest : public ::testing::Test {
 protected:
  void Use(const ReaderOptions& options) { reader_ = RequestReader::Make(schema_, options); }

  // "" where all is well, else "STATUS FIELD@ROW message".
  std::string Predict(std::string_view body) { return Told(reader_->ReadPredict(body, &rows_)); }
  std::string Invoke(std::string_view body) { return Told(reader_->ReadInvocation(body, &rows_)); }

  static std::string Told(const std::optional<Rejection>& rejection) {
    if (!rejection) return "";
    const std::string row = rejection->row ? std::to_string(*rejection->row) : "";
    return fmt::format("{} {}@{} {}", rejection->status, rejection->field, row, rejection->message);
  }

  // A row's values as text, "-" for missing.
  std::string Row(int64_t row) const {
    std::vector<std::string> values;
    for (const data::Column& column : rows_.table.columns)
      values.push_back(column.IsMissing(row) ? "-" : column.TextAt(row));
    return Join(values, " ");
  }

  const model::ModelSchema schema_ = Schema();
  std::unique_ptr<RequestReader> reader_ = RequestReader::Make(schema_, {});
  Rows rows_;
};

TEST_F(RequestReaderTest, OneRowInTheOrderOfTheInputs) {
  ASSERT_EQ(Predict(R"({"features": [41, 52000.5, "Oslo", "1970-01-02"]})"), "");
  EXPECT_EQ(rows_.shape, Shape::kOne);
  ASSERT_EQ(rows_.table.rows, 1);
  EXPECT_EQ(Row(0), "41 52000.5 Oslo 86400");
  EXPECT_EQ(rows_.table.columns[0].name, "age");
  EXPECT_EQ(rows_.table.columns[3].type, data::ColumnType::kTimestamp);
  EXPECT_EQ(rows_.request_id, "");
}

TEST_F(RequestReaderTest, OneRowByNames) {
  ASSERT_EQ(Predict(R"({"request_id": "a-7", "features": {"city": "Rome", "age": null}})"), "");
  EXPECT_EQ(rows_.shape, Shape::kOne);
  EXPECT_EQ(Row(0), "- - Rome -");
  EXPECT_EQ(rows_.request_id, "a-7");
  ASSERT_EQ(Predict(R"({"features": {}})"), "");
  EXPECT_EQ(Row(0), "- - - -");
  EXPECT_EQ(rows_.request_id, "");
}

TEST_F(RequestReaderTest, ManyRowsListsAndMappings) {
  ASSERT_EQ(Predict(R"({"instances": [[1, 2, "Rome", 3], {"since": 4, "city": "Oslo", "age": 5},
                        {"income": 6}, [7, 8, "Rome", null]]})"),
            "");
  EXPECT_EQ(rows_.shape, Shape::kMany);
  ASSERT_EQ(rows_.table.rows, 4);
  EXPECT_EQ(Row(0), "1 2 Rome 3");
  EXPECT_EQ(Row(1), "5 - Oslo 4");
  EXPECT_EQ(Row(2), "- 6 - -");
  EXPECT_EQ(Row(3), "7 8 Rome -");
  EXPECT_THAT(rows_.table.columns[2].categories, ElementsAre("Oslo", "Rome"));
  EXPECT_THAT(rows_.table.columns[2].codes, ElementsAre(1, 0, data::kMissingCode, 1));
}

TEST_F(RequestReaderTest, KeysWithEscapes) {
  ASSERT_EQ(Predict(R"({"\u0066eatures": {"\u0061ge": 1, "cit\u0079": "\u0052ome\ud83d\ude00"}})"),
            "");
  EXPECT_EQ(Row(0), "1 - Rome\U0001F600 -");
}

// What the reader of files makes of it.
TEST_F(RequestReaderTest, CategoriesOfOtherTypes) {
  ASSERT_EQ(Predict(R"({"instances": [{"city": true}, {"city": 1.50}, {"city": 1e3 },
                        {"city": " Rome "}, {"city": "FALSE"}, {"city": "NA"}, {"city": ""}]})"),
            "");
  EXPECT_THAT(rows_.table.columns[2].categories,
              ElementsAre("1.50", "1e3", "False", "Rome", "True"));
  EXPECT_THAT(rows_.table.columns[2].codes, ElementsAre(4, 0, 1, 3, 2, -1, -1));
}

TEST_F(RequestReaderTest, NumbersAndTimesOfOtherTypes) {
  ASSERT_EQ(Predict(R"({"instances": [{"age": true}, {"age": false}, {"since": "NA"},
                        {"since": "1970-01-01T01:00:00+00:30"}, {"since": -1.5}]})"),
            "");
  EXPECT_THAT(rows_.table.columns[0].numbers, ElementsAre(1, 0, IsNan(), IsNan(), IsNan()));
  EXPECT_THAT(rows_.table.columns[3].numbers, ElementsAre(IsNan(), IsNan(), IsNan(), 1800, -1.5));
}

// A table's file may have all values as texts.
TEST_F(RequestReaderTest, TextsForNumbersAndTimes) {
  ASSERT_EQ(Predict(R"({"instances": [{"age": "40"}, {"age": " +1.5e1\t"}, {"age": ""},
                        {"age": "NA"}, {"since": "1609459200.5"}, {"since": " 1970-01-02 "}]})"),
            "");
  EXPECT_THAT(rows_.table.columns[0].numbers,
              ElementsAre(40, 15, IsNan(), IsNan(), IsNan(), IsNan()));
  EXPECT_THAT(rows_.table.columns[3].numbers,
              ElementsAre(IsNan(), IsNan(), IsNan(), IsNan(), 1609459200.5, 86400));
}

// What stands for a missing value in the table that the model was trained on: of numbers every
// spelling, of times and categories the one that is listed.
TEST_F(RequestReaderTest, MissingValuesOfTraining) {
  model::ModelSchema schema = Schema();
  schema.missing_values = {"none", " -999 ", "1"};
  reader_ = RequestReader::Make(schema, {});
  ASSERT_EQ(
      Predict(R"({"instances": [[-999, -9.99e2, -999, -999], ["-999.0", true, "none ", "none"],
                        ["none", 2, -999.0, -999.0], ["", 3, "", ""]]})"),
      "");
  EXPECT_EQ(Row(0), "- - - -");
  EXPECT_EQ(Row(1), "- - - -");
  EXPECT_EQ(Row(2), "- 2 -999.0 -999");
  EXPECT_EQ(Row(3), "- 3 - -");
  EXPECT_EQ(Predict(R"({"features": {"age": "NA"}})"),
            "400 age@0 a text where a number is expected: 'NA'");
  reader_ = RequestReader::Make(schema_, {});
}

TEST_F(RequestReaderTest, ShapesOfMlflow) {
  ASSERT_EQ(Invoke(R"({"dataframe_split": {"index": [0, [1]], "columns": ["city", "age"],
                       "data": [["Rome", 1], ["Oslo", 2]]}})"),
            "");
  EXPECT_EQ(rows_.shape, Shape::kMany);
  EXPECT_EQ(Row(0) + ", " + Row(1), "1 - Rome -, 2 - Oslo -");
  ASSERT_EQ(Invoke(R"({"dataframe_split": {"data": [["Rome", 1]], "columns": ["city", "age"]},
                       "params": {"a": [1]}})"),
            "");
  EXPECT_EQ(Row(0), "1 - Rome -");
  ASSERT_EQ(Invoke(R"({"dataframe_records": [{"age": 3}, {"income": 4}]})"), "");
  EXPECT_EQ(Row(0) + ", " + Row(1), "3 - - -, - 4 - -");
  ASSERT_EQ(Invoke(R"({"instances": [[1, 2, "Rome", 3]]})"), "");
  EXPECT_EQ(Row(0), "1 2 Rome 3");
  ASSERT_EQ(Invoke(R"({"inputs": {"city": ["Rome", null], "age": [5, 6]}})"), "");
  EXPECT_EQ(Row(0) + ", " + Row(1), "5 - Rome -, 6 - - -");
  ASSERT_EQ(Invoke(R"({"inputs": [[1, 2, "Rome", 3]]})"), "");
  ASSERT_EQ(Invoke(R"({"inputs": [{"age": 9}]})"), "");
  EXPECT_EQ(Row(0), "9 - - -");
}

TEST_F(RequestReaderTest, WrongTypes) {
  EXPECT_EQ(Predict(R"({"features": ["41 years", 1, "Rome", 1]})"),
            "400 age@0 a text where a number is expected: '41 years'");
  EXPECT_EQ(Predict(R"({"features": {"age": "true"}})"),
            "400 age@0 a text where a number is expected: 'true'");
  EXPECT_EQ(Predict(R"({"instances": [[1, 1, "Rome", 1], [1, [2], "Rome", 1]]})"),
            "400 income@1 a list where a number is expected");
  EXPECT_EQ(Predict(R"({"features": {"city": {"a": 1}}})"),
            "400 city@0 a mapping where a text is expected");
  EXPECT_EQ(Predict(R"({"features": {"since": true}})"),
            "400 since@0 true or false where a time is expected");
  EXPECT_THAT(Predict(R"({"features": {"since": "31.1.2024"}})"),
              HasSubstr("400 since@0 '31.1.2024' is no time; expected one such as 2024-01-31"));
  EXPECT_THAT(Predict(R"({"features": {"age": 1e400}})"),
              HasSubstr("400 age@0 1e400 is beyond the numbers that a double can hold"));
  EXPECT_THAT(Invoke(R"({"inputs": {"age": [1, "two"]}})"),
              HasSubstr("400 age@1 a text where a number is expected"));
  EXPECT_EQ(Invoke(R"({"inputs": {"age": 1}})"),
            "400 age@ a number where a list of values is expected");
}

TEST_F(RequestReaderTest, WrongShapes) {
  EXPECT_EQ(Predict(R"({"features": [1, 2, "Rome"]})"), "400 @0 the row has 3 values for 4 inputs");
  EXPECT_EQ(Predict(R"({"instances": [[1, 2, "Rome", 3], [1, 2, "Rome", 3, {"a": []}]]})"),
            "400 @1 the row has 5 values for 4 inputs");
  EXPECT_EQ(Predict(R"({"instances": []})"), "400 @ instances: no row is given");
  EXPECT_EQ(Predict(R"({"instances": [[1, 2, "Rome", 3], 5]})"),
            "400 @1 instances: a number where a row, a list or a mapping, is expected");
  EXPECT_EQ(Predict(R"({"instances": {"age": 1}})"),
            "400 @ instances: a mapping where a list of rows is expected");
  EXPECT_THAT(Predict("{}"), HasSubstr("400 @ the body has no rows; expected {\"features\""));
  EXPECT_THAT(Predict("[1]"), HasSubstr("400 @ the body is a list; expected {\"features\""));
  EXPECT_THAT(Predict("null "), HasSubstr("400 @ the body is null; expected {\"features\""));
  EXPECT_THAT(Predict("nonsense"), HasSubstr("400 @ the body is not JSON in line 1, column 1"));
  EXPECT_THAT(Predict("true 1"), HasSubstr("400 @ the body is not JSON in line 1, column 6"));
  EXPECT_EQ(Predict(R"({"features": {}, "instances": []})"),
            "400 @ both 'features' and 'instances' are there");
  EXPECT_EQ(Predict(R"({"features": {}, "features": {}})"), "400 @ 'features' is there twice");
  EXPECT_EQ(Predict(R"({"features": {}, "request_id": "a b"})"),
            "400 @ request_id: expected 1 to 128 characters of ASCII without blanks");
  EXPECT_EQ(Invoke(R"({"inputs": {"age": [1, 2], "city": ["a"]}})"),
            "400 city@ 1 value where 'age' has 2");
  EXPECT_THAT(Invoke(R"({"dataframe_split": {"columns": []}})"),
              HasSubstr("400 @ dataframe_split: 'data' is not there"));
  EXPECT_THAT(Invoke(R"({"dataframe_split": {"data": [[1]]}})"),
              HasSubstr("400 @ dataframe_split: 'columns' is not there"));
  EXPECT_EQ(Invoke(R"({"dataframe_split": {"columns": ["age"], "data": [[1, 2]]}})"),
            "400 @0 the row has 2 values for 1 column");
}

TEST_F(RequestReaderTest, Names) {
  EXPECT_EQ(Predict(R"({"instances": [{"age": 1}, {"aeg": 1}]})"),
            "400 aeg@1 the model has no such input; did you mean 'age'?");
  EXPECT_EQ(Predict(R"({"features": {"zzzzzz": 1}})"), "400 zzzzzz@0 the model has no such input");
  EXPECT_EQ(Predict(R"({"features": {"age": 1, "\u0061ge": 2}})"),
            "400 age@0 the field is there twice");
  EXPECT_EQ(Predict(R"({"instance": []})"),
            "400 instance@ 'instance' is unknown here; did you mean 'instances'?");
  EXPECT_EQ(Invoke(R"({"dataframe_split": {"columns": ["age", "ctiy"], "data": []}})"),
            "400 ctiy@ the model has no such input; did you mean 'city'?");
  EXPECT_EQ(Invoke(R"({"dataframe_split": {"columns": ["age", "age"], "data": []}})"),
            "400 age@ the column is there twice");
}

TEST_F(RequestReaderTest, WhatIsNoJson) {
  EXPECT_EQ(Predict(""), "400 @ the body is empty; expected a JSON object");
  EXPECT_EQ(Predict(R"({"features": {}} 1)"), "400 @ the body is not JSON in line 1, column 18");
  EXPECT_EQ(Predict(R"({"features": {}}})"), "400 @ the body is not JSON in line 1, column 17");
  EXPECT_EQ(Predict(R"({"features": [1, )"),
            "400 income@0 the body is not JSON: it ends too early");
  EXPECT_EQ(Predict("{\"features\": {\"age\":\n NaN}}"),
            "400 age@0 the body is not JSON in line 2, column 2; null stands for a number that is "
            "missing");
  EXPECT_EQ(Invoke(R"({"inputs": {"age": [1, 2], "income": [1, -Infinity]}})"),
            "400 income@1 the body is not JSON in line 1, column 43; null stands for a number that "
            "is missing");
  EXPECT_EQ(Predict("{\"features\": {\"city\": \"\xff\"}}"),
            "400 city@0 the body is not valid UTF-8 in line 1, column 24");
  EXPECT_EQ(Predict(R"({"features": {"city": "a}})"),
            "400 city@0 the body is not JSON: a text in it does not end");
  EXPECT_THAT(Predict("{\"features\": {\"city\": \"a\nb\"}}"),
              HasSubstr("in line 1, column 25: a control character in a text"));
  for (const char* number : {"01", "1.", ".5", "+1", "-", "0x1", "1e", "--1", "1_0", "1a", "1.5.2",
                             "12345678901.", "-Infinity", "1 2", "tru", "nul"}) {
    EXPECT_THAT(Predict(fmt::format(R"({{"features": {{"age": {}}}}})", number)),
                AnyOf(HasSubstr("400 age@0 the body is not JSON in line 1"),
                      HasSubstr("400 @ the body is not JSON in line 1")))
        << number;
  }
}

TEST_F(RequestReaderTest, Depth) {
  const auto nested = [](size_t depth) {
    return R"({"params": )" + std::string(depth, '[') + std::string(depth, ']') +
           R"(, "inputs": {"age": [1]}})";
  };
  EXPECT_EQ(Invoke(nested(31)), "");
  EXPECT_EQ(Invoke(nested(32)), "400 @ the body is nested more than 32 deep in line 1, column 43");
  EXPECT_THAT(Invoke(nested(1'000'000)), HasSubstr("nested more than 32 deep"));
}

// Valid UTF-8 of every length, and what only looks like it.
TEST_F(RequestReaderTest, Utf8) {
  const auto told = [&](const std::string& text) {
    return Predict("{\"features\": {\"city\": \"" + text + "\"}}");
  };
  for (const char* text :
       {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(told(text), "");
    EXPECT_THAT(rows_.table.columns[2].categories, ElementsAre(text));
  }
  for (const char* text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x9f\x98"}) {
    EXPECT_THAT(told(text), HasSubstr("not valid UTF-8"));
    EXPECT_THAT(told(std::string("1234567") + text), HasSubstr("not valid UTF-8"));
  }
}

TEST_F(RequestReaderTest, TooManyRows) {
  Use({.max_rows = 2});
  EXPECT_EQ(Predict(R"({"instances": [{}, {}]})"), "");
  EXPECT_EQ(Predict(R"({"instances": [{}, {}, {}]})"),
            "413 @ more than 2 rows; send them in several requests");
  EXPECT_THAT(Invoke(R"({"inputs": {"age": [1, 2, 3]}})"), HasSubstr("413"));
}

// Rows that say nothing take their inputs' room all the same.
TEST_F(RequestReaderTest, TooManyValues) {
  Use({.max_values = 11});
  EXPECT_EQ(Predict(R"({"instances": [{}, {}]})"), "");
  EXPECT_EQ(Predict(R"({"instances": [{}, {}, {}]})"),
            "413 @ more than 11 values at 4 a row; send rows in several requests");
  EXPECT_THAT(Invoke(R"({"inputs": {"age": [1, 2, 3]}})"), HasSubstr("413 @ more than 11 values"));
  Use({.max_values = 1});
  EXPECT_EQ(Predict(R"({"instances": [{}]})"), "");
  EXPECT_THAT(Predict(R"({"instances": [{}, {}]})"), HasSubstr("413 @ more than 1 value"));
}

TEST_F(RequestReaderTest, UnknownCategories) {
  Use({.unknown = UnknownCategory::kReject});
  EXPECT_EQ(Predict(R"({"instances": [{"city": "Oslo"}, {"city": null}, {}]})"), "");
  EXPECT_EQ(Predict(R"({"instances": [{"city": "Oslo"}, {"city": "Rmoe"}, {"city": "A"}, {}]})"),
            "422 city@1 'Rmoe' is a category that training did not have; did you mean 'Rome'?");
  Use({});
  EXPECT_EQ(Predict(R"({"features": {"city": "Rmoe"}})"), "");
  EXPECT_EQ(Row(0), "- - Rmoe -");
}

// Beyond what the table of recent texts remembers.
TEST_F(RequestReaderTest, ManyCategories) {
  std::vector<std::string> texts;
  Random random(3);
  std::string body;
  for (int i = 0; i < 3000; ++i) {
    texts.push_back(fmt::format("c{}", random.Below(900)));
    body += fmt::format(R"({}{{"city": "{}"}})", i == 0 ? "" : ",", texts.back());
  }
  ASSERT_EQ(Predict(R"({"instances": [)" + body + "]}"), "");
  const data::Column expected = data::MakeCategoryColumn("city", texts);
  EXPECT_EQ(rows_.table.columns[2].categories, expected.categories);
  EXPECT_EQ(rows_.table.columns[2].codes, expected.codes);
}

TEST_F(RequestReaderTest, KeepsItsRoom) {
  const std::string many =
      R"({"request_id": "0123456789abcdef0123456789abcdef", "instances": [
          {"age": 1, "city": "a long name of a city that nobody has"},
          {"city": "another long name of a city", "since": "2024-01-01", "age": 0.1234567890123}]})";
  const std::string split =
      R"({"dataframe_split": {"data": [["a long name of a city that nobody has", 1]],
          "columns": ["city", "age"]}})";
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Predict(many), "");
    ASSERT_EQ(Invoke(split), "");
  }
  const int64_t before = allocations;
  const bool refused = reader_->ReadPredict(many, &rows_) || reader_->ReadInvocation(split, &rows_);
  EXPECT_EQ(allocations - before, 0);
  EXPECT_FALSE(refused);
}

// The columns' too, though a caller keeps the table.
TEST_F(RequestReaderTest, GivesBackUnusualRoom) {
  std::string rows = "{}";
  for (int i = 1; i < 60'000; ++i) rows += fmt::format(R"(,{{"city": "{}"}})", i);
  const auto room = [&] {
    const std::vector<data::Column>& columns = rows_.table.columns;
    return columns[0].numbers.capacity() + columns[2].codes.capacity() +
           columns[2].categories.capacity();
  };
  ASSERT_EQ(Predict(R"({"instances": [)" + rows + "]}"), "");
  EXPECT_GE(room(), 180'000U);
  ASSERT_EQ(Predict(R"({"features": {"city": "Rome"}})"), "");
  EXPECT_LT(room(), 100U);
  EXPECT_EQ(Row(0), "- - Rome -");
}

// After a body that took much memory.
TEST_F(RequestReaderTest, LargeBodies) {
  const std::string long_text(3 << 20, 'x');
  ASSERT_EQ(Predict(fmt::format(R"({{"features": {{"city": "{}"}}}})", long_text)), "");
  EXPECT_EQ(rows_.table.columns[2].categories, std::vector<std::string>{long_text});
  ASSERT_EQ(Predict(R"({"features": {"city": "Rome"}})"), "");
  EXPECT_EQ(Row(0), "- - Rome -");
  EXPECT_THAT(Predict(fmt::format(R"({{"features": {{"age": "{}"}}}})", long_text)),
              HasSubstr("xxx…'"));
}

}  // namespace
}  // namespace slipway::serve
