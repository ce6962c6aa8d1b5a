#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "data/reader_test_files_internal.h"

namespace slipway::data {
namespace {

using ::testing::HasSubstr;

class JsonLinesTest : public ReaderTestFiles {
 protected:
  std::string ReadLines(const std::string& text, const ReadOptions& options = {}) const {
    const Result<ReadResult> result = ReadTable(Write("t.jsonl", text), options);
    return result.ok() ? Describe(*result) : result.error().ToString();
  }
  std::string LinesError(const std::string& text) const { return ErrorOf(text, {}, "t.jsonl"); }
};

TEST_F(JsonLinesTest, TypesGoByTheValues) {
  EXPECT_EQ(ReadLines(R"({"n": 1, "s": "x", "t": "2024-01-01", "b": true, "m": null})"
                      "\n"
                      R"({"n": -2.5e1, "s": "NA", "t": "2024-01-02T03:00Z", "b": false})"
                      "\n"),
            "n numeric integral: 1 -25\ns category: x ~\nt timestamp: 1704067200 1704164400\n"
            "b category: True False\nm numeric: ~ ~\n");
  // Texts go through what texts of CSV go through.
  EXPECT_EQ(ReadLines("{\"a\": \"1\", \"c\": \"true\"}\n{\"a\": \" 2 \", \"c\": \"x\"}\n"),
            "a numeric integral: 1 2\nc category: True x\n");
  EXPECT_EQ(ReadLines("{\"a\": \"\\u00fc\\n\\\"\\u0041\"}"), "a category: ü\n\"A\n");
}

TEST_F(JsonLinesTest, BooleansAreNumbersWhereNumbersAreAskedFor) {
  ReadOptions options;
  options.columns = {"b"};
  options.numeric_columns = {"b"};
  EXPECT_EQ(ReadLines("{\"b\": true}\n{\"b\": false}\n{\"c\": 1}\n", options),
            "b numeric integral: 1 0 ~\n");
}

TEST_F(JsonLinesTest, KeysThatComeLaterAreColumnsWhereverTheyCome) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += i == 997 ? "{\"late\": 7, \"a\": 997}\n" : "{\"a\": " + std::to_string(i) + "}\n";
  }
  const std::string path = Write("t.jsonl", text);
  for (const size_t block_bytes : {size_t{16}, size_t{300}, size_t{1} << 20U}) {
    for (const int threads : {1, 4}) {
      ReadTuning tuning;
      tuning.block_bytes = block_bytes;
      ReadOptions options;
      options.threads = threads;
      const auto result = ReadTableInBlocks(path, options, tuning, SilentProgress());
      ASSERT_TRUE(result.ok()) << result.error().ToString();
      ASSERT_EQ(result->table.columns.size(), 2U);
      EXPECT_EQ(result->table.columns[0].name, "a");
      EXPECT_EQ(result->table.columns[1].name, "late");
      EXPECT_EQ(result->table.columns[1].CountMissing(), 999);
      EXPECT_EQ(result->table.columns[1].numbers[997], 7);
    }
  }
}

TEST_F(JsonLinesTest, NestedObjectsAreFlattened) {
  EXPECT_EQ(ReadLines(R"({"a": {"b": 1, "c": {"d": "x"}}, "e": 2})"
                      "\n"
                      R"({"e": 3, "a": {"c": null, "b": 2}})"
                      "\n"
                      R"({"a": null})"
                      "\n"
                      R"({"a": {}})"
                      "\n"),
            "a.b numeric integral: 1 2 ~ ~\na.c.d category: x ~ ~ ~\n"
            "e numeric integral: 2 3 ~ ~\n");
  // An object here and a value there are two columns.
  EXPECT_EQ(ReadLines("{\"a\": {\"b\": 1}}\n{\"a\": 2}\n"),
            "a numeric integral: ~ 2\na.b numeric integral: 1 ~\n");
}

TEST_F(JsonLinesTest, ArraysAreTheirText) {
  EXPECT_EQ(ReadLines("{\"a\": [1, {\"x\": \"y z\"}]}\n{\"a\": []}\n"),
            "a category: [1,{\"x\":\"y z\"}] []\n");
  EXPECT_EQ(ReadLines("{\"a\": 1}\n{\"a\": 2}\n{\"a\": [3]}\n"),
            "a category: 1 2 [3]\nmixed_values 1 of 3 values of a are no numbers, the first in row "
            "3: '[3]'; try data.categorical_columns: [a] 1 3=[3]\n");
}

TEST_F(JsonLinesTest, NumbersAreReadAsTheyAreWritten) {
  EXPECT_EQ(ReadLines("{\"a\": 123456789012345678901234567890}\n{\"a\": 1}\n"),
            "a numeric: 1.2345678901234568e+29 1\n"
            "precision_loss 1 whole number of a past 2^53 lost their last digits (an identifier "
            "belongs into id_columns or categorical_columns), the first in row 1: "
            "'123456789012345678901234567890' 1 1=123456789012345678901234567890\n");
  for (const char* number : {"01", "1.", ".5", "+1", "1e", "0x1", "1_0", "NaN", "-", "tru"}) {
    EXPECT_THAT(LinesError(std::string("{\"a\": ") + number + "}\n"), HasSubstr("not JSON"))
        << number;
  }
  // A decimal comma is for tables of text.
  ReadOptions options;
  options.decimal_comma = true;
  EXPECT_EQ(ReadLines("{\"a\": 1.234}\n", options), "a numeric: 1.234\n");
}

TEST_F(JsonLinesTest, BlankLinesAreNoRows) {
  EXPECT_EQ(ReadLines("\xEF\xBB\xBF{\"a\": 1}\r\n\r\n  \n\t{\"a\": 2} "),
            "a numeric integral: 1 2\n");
}

TEST_F(JsonLinesTest, BrokenLinesAreToldByPlace) {
  EXPECT_EQ(LinesError("{\"a\": 1}\n\n{\"a\": 1,}\n"),
            "t.jsonl:3:9: row 2: the line is not JSON; expected one JSON object a line");
  EXPECT_EQ(LinesError("{\"a\": 1}\n {\"a\": NaN}\n"),
            "t.jsonl:2:8: row 2: the line is not JSON; expected one JSON object a line; try null "
            "for a number that is missing");
  EXPECT_THAT(LinesError("{\"a\": 1} {\"a\": 2}\n"), HasSubstr("t.jsonl:1:10: row 1: the line is"));
  EXPECT_THAT(LinesError("{\"a\": \"x\xFF\"}\n"),
              HasSubstr("t.jsonl:1:9: row 1: the line is not valid UTF-8; expected one JSON object "
                        "a line; try iconv"));
  EXPECT_THAT(LinesError("{\"a\": 1}\n[1, 2]\n"),
              HasSubstr("t.jsonl:2:1: row 2: the line is an array; expected one JSON object"));
  EXPECT_THAT(LinesError("{\"a\": 1}\n12\n"), HasSubstr("row 2: the line is no object"));
  EXPECT_THAT(LinesError("{\"a\": [1, tru]}\n"), HasSubstr("t.jsonl:1:14: row 1: the line is not"));
}

TEST_F(JsonLinesTest, OtherShapesOfJsonNameTheWayOut) {
  EXPECT_THAT(
      ErrorOf("[{\"a\": 1},\n {\"a\": 2}]\n", {}, "t.json"),
      HasSubstr("t.json: the file is one JSON array, or its lines are; expected JSON Lines: "
                "one object a line; try jq -c '.[]' "));
  EXPECT_THAT(ErrorOf("{\n  \"a\": 1\n}\n", {}, "t.json"),
              HasSubstr("t.json:1:2: row 1: the line ends in the middle of a JSON value; expected "
                        "one JSON object a line; try jq -c . FILE"));
}

TEST_F(JsonLinesTest, KeysThatComeTwiceAreErrors) {
  EXPECT_EQ(LinesError("{\"a\": 1, \"b\": {\"a\": 2}}\n{\"b\": {\"a\": 1, \"a\": 2}}\n"),
            "t.jsonl:2: row 2: key 'a' is there twice in one object");
  EXPECT_THAT(LinesError("{\"a\": {\"b\": 1}, \"a.b\": 2}\n"),
              HasSubstr("columns 1 and 2 are both named 'a.b'"));
}

TEST_F(JsonLinesTest, HostileLinesEndInErrors) {
  std::string deep = "{\"a\": 1}\n";
  for (int i = 0; i < 100; ++i) deep += "{\"a\":";
  EXPECT_THAT(LinesError(deep + "1" + std::string(100, '}') + "\n"),
              HasSubstr("t.jsonl:2: row 2: objects are nested more than 32 deep"));
  EXPECT_THAT(LinesError("{\"a\": " + std::string(100000, '[') + std::string(100000, ']') + "}"),
              HasSubstr("t.jsonl:1: row 1: arrays are nested more than 1,000 deep"));
  std::string many = "{";
  for (int i = 0; i < 70000; ++i) many += fmt::format("{}\"k{}\": 1", i > 0 ? "," : "", i);
  EXPECT_THAT(LinesError(many + "}"), HasSubstr("there are more than 65,536 different keys"));
  ReadTuning tuning;
  tuning.block_bytes = 64;
  tuning.max_row_bytes = 1000;
  const std::string path =
      Write("t.jsonl", "{\"a\": 1}\n{\"a\": \"" + std::string(5000, 'x') + "\"}\n");
  const auto result = ReadTableInBlocks(path, {}, tuning, SilentProgress());
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().ToString(), HasSubstr("t.jsonl:2: row 2: the line is longer than 1"));
}

TEST_F(JsonLinesTest, FlippedBytesNeverCrash) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += fmt::format(R"({{"a": {}, "b": {{"c": "x\u00e9{}"}}, "d": [1, {{"e": null}}]}})", i, i);
    text += "\n";
  }
  Random random(3);
  for (int round = 0; round < 400; ++round) {
    std::string damaged = text;
    for (int i = 0; i < 3; ++i) {
      damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    }
    (void)ReadTable(Write("t.jsonl", damaged), {});
  }
}

TEST_F(JsonLinesTest, ErrorsAreTheSameForAllThreadsAndBlocks) {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += i == 1500 || i == 2500 ? "{\"a\": }\n" : "{\"a\": " + std::to_string(i) + "}\n";
  }
  const std::string path = Write("t.jsonl", text);
  for (const size_t block_bytes : {size_t{20}, size_t{500}, size_t{1} << 20U}) {
    for (const int threads : {1, 4}) {
      ReadTuning tuning;
      tuning.block_bytes = block_bytes;
      ReadOptions options;
      options.threads = threads;
      const auto result = ReadTableInBlocks(path, options, tuning, SilentProgress());
      ASSERT_FALSE(result.ok());
      EXPECT_THAT(result.error().ToString(), HasSubstr("t.jsonl:1501:7: row 1501: the line"));
    }
  }
}

}  // namespace
}  // namespace slipway::data
