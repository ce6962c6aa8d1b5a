#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/random.h"
#include "data/reader_test_files_internal.h"

namespace slipway::data {
namespace {

using ::testing::HasSubstr;

class CsvReaderTest : public ReaderTestFiles {};

TEST_F(CsvReaderTest, TypesColumnsByTheirValues) {
  const ReadResult result = ReadCsvText(
      "age, income ,city,since,answer\n"
      "39, 1.5 , Berlin ,2024-01-01,true\n"
      "NA,.5,?,2024-01-02,false\n"
      "+41,1e3,Aachen,,true\n");
  EXPECT_EQ(result.table.rows, 3);
  EXPECT_EQ(Describe(result),
            "age numeric integral: 39 ~ 41\n"
            "income numeric: 1.5 0.5 1000\n"
            "city category: Berlin ~ Aachen\n"
            "since timestamp: 1704067200 1704153600 ~\n"
            "answer category: True False True\n");
  EXPECT_EQ(result.table.columns[2].categories, (std::vector<std::string>{"Aachen", "Berlin"}));
  EXPECT_GT(result.bytes, 0);
}

TEST_F(CsvReaderTest, WordsAmongNumbersAreUnreadable) {
  std::string text = "id,x\n";
  for (int i = 1; i <= 100; ++i) text += std::to_string(i) + (i % 10 == 0 ? ",oops\n" : ",0.5\n");
  const ReadResult result = ReadCsvText(text);
  EXPECT_EQ(result.table.columns[1].type, ColumnType::kNumeric);
  EXPECT_EQ(result.table.columns[1].CountMissing(), 10);
  ASSERT_EQ(result.issues.size(), 1U);
  const Issue& issue = result.issues[0];
  EXPECT_EQ(issue.kind, "unreadable_value");
  EXPECT_EQ(issue.severity, Severity::kError);
  EXPECT_EQ(issue.column, "x");
  EXPECT_EQ(issue.count, 10);
  EXPECT_DOUBLE_EQ(issue.value, 0.1);
  EXPECT_EQ(issue.limit, 0);
  ASSERT_EQ(issue.examples.size(), 10U);
  EXPECT_EQ(issue.examples[1].row, 20);
  EXPECT_EQ(issue.examples[1].value, "oops");
  EXPECT_EQ(issue.message, "10 values of x can't be read as numbers, the first in row 10: 'oops'");
}

// `words` of 100 rows are no numbers.
std::string NumbersAndWords(int words, const std::string& word) {
  std::string text = "x\n";
  for (int i = 1; i <= 100; ++i) {
    text += i <= words ? word + (word.empty() ? std::to_string(i) + "a" : "") : std::to_string(i);
    text += "\n";
  }
  return text;
}

TEST_F(CsvReaderTest, OneWordMoreIsAnErrorUntilHalfAreWords) {
  for (const int words : {11, 50}) {
    const ReadResult result = ReadCsvText(NumbersAndWords(words, "unknown"));
    EXPECT_EQ(result.table.columns[0].type, ColumnType::kCategory);
    ASSERT_EQ(result.issues.size(), 1U);
    const Issue& issue = result.issues[0];
    EXPECT_EQ(issue.kind, "mixed_values");
    EXPECT_EQ(issue.severity, Severity::kError);
    EXPECT_EQ(issue.count, words);
    EXPECT_EQ(issue.examples.size(), 10U);
    EXPECT_EQ(issue.message,
              std::to_string(words) +
                  " of 100 values of x are no numbers, the first in row 1: 'unknown'; try "
                  "data.missing_values: [..., 'unknown'], or data.categorical_columns: [x]");
  }
  EXPECT_TRUE(ReadCsvText(NumbersAndWords(51, "unknown")).issues.empty());
  const ReadResult words = ReadCsvText(NumbersAndWords(20, ""));
  ASSERT_EQ(words.issues.size(), 1U);
  EXPECT_EQ(words.issues[0].message,
            "20 of 100 values of x are no numbers, the first in row 1: '1a'; try "
            "data.categorical_columns: [x]");
  ReadOptions options;
  options.categorical_columns = {"x"};
  EXPECT_TRUE(ReadCsvText(NumbersAndWords(20, ""), options).issues.empty());
  options = {};
  options.missing_values = {"unknown"};
  EXPECT_TRUE(ReadCsvText(NumbersAndWords(20, "unknown"), options).issues.empty());
}

TEST_F(CsvReaderTest, UnreadableNumbersComeWithAHint) {
  const auto message = [&](const std::string& word) {
    const ReadResult result = ReadCsvText(NumbersAndWords(1, word));
    return result.issues.empty() ? "" : result.issues[0].message;
  };
  for (const char* word : {"N/A", "nan", "None"}) {
    EXPECT_THAT(message(word),
                HasSubstr("'; try data.missing_values: [..., '" + std::string(word) + "']"));
  }
  EXPECT_THAT(message("\"1,5\""), HasSubstr("'1,5'; try a decimal point, and no separators"));
  EXPECT_THAT(message("oops"), ::testing::EndsWith("'oops'"));
}

TEST_F(CsvReaderTest, DecimalCommasAreToldOf) {
  const ReadResult result = ReadCsvText("a;b\n1,5;x\n0,25;y\n2;1,5\n");
  EXPECT_EQ(Describe(result),
            "a category: 1,5 0,25 2\nb category: x y 1,5\n"
            "decimal_comma 2 values of a have a comma and are taken for text, the first in row 1: "
            "'1,5'; try data.decimal: ',', or a decimal point and no separators of thousands 2 "
            "1=1,5 2=0,25\n");
}

TEST_F(CsvReaderTest, InfiniteNumbersAreUnreadable) {
  std::string text = "x\ninf\n1e999\n";
  for (int i = 0; i < 30; ++i) text += "1\n";
  const ReadResult result = ReadCsvText(text);
  ASSERT_EQ(result.issues.size(), 1U);
  EXPECT_EQ(result.issues[0].count, 2);
}

TEST_F(CsvReaderTest, MissingNumbersHaveManySpellings) {
  ReadOptions options;
  options.missing_values = {"-999"};
  options.categorical_columns = {"code"};
  // A category is its text, and no number.
  EXPECT_EQ(Describe(ReadCsvText("x,code\n-999.0,-999\n-9.99e2,-999.0\n-999,1\n1,2\n", options)),
            "x numeric integral: ~ ~ ~ 1\ncode category: ~ -999.0 1 2\n");
}

TEST_F(CsvReaderTest, TypesCanBeForced) {
  ReadOptions options;
  options.categorical_columns = {"zip"};
  options.numeric_columns = {"n"};
  options.timestamp_columns = {"t"};
  const ReadResult result = ReadCsvText("zip,n,t\n01234,a,10\n99999,2,1970-01-02\n", options);
  EXPECT_EQ(
      Describe(result),
      "zip category: 01234 99999\n"
      "n numeric integral: ~ 2\n"
      "t timestamp: 10 86400\n"
      "unreadable_value 1 value of n can't be read as numbers, the first in row 1: 'a' 1 1=a\n");
}

TEST_F(CsvReaderTest, ChosenColumnsInTheOrderAsked) {
  ReadOptions options;
  options.columns = {"c", "a"};
  EXPECT_EQ(Describe(ReadCsvText("a,b,c\n1,2,3\n", options)),
            "c numeric integral: 3\na numeric integral: 1\n");
  options.columns = {"agee", "incme"};
  EXPECT_EQ(ErrorOf("age,income\n1,2\n", options),
            "table.csv: there is no column 'agee'; try 'age'");
}

TEST_F(CsvReaderTest, QuotesLineEndsAndMarks) {
  const std::string expected =
      "a category: x,y he said \"no\" two\nlines\nb numeric integral: 1 2 3\n";
  const std::string text = "a,b\n\"x,y\",1\n\"he said \"\"no\"\"\",2\n\"two\nlines\",\"3\"";
  EXPECT_EQ(Describe(ReadCsvText(text)), expected);
  EXPECT_EQ(Describe(ReadCsvText("\xEF\xBB\xBF" + text + "\n\n")), expected);
  EXPECT_EQ(Describe(ReadCsvText(
                "a,b\r\n\"x,y\",1\r\n\r\n\"he said \"\"no\"\"\",2\r\n\"two\nlines\",3\r\n")),
            expected);
  EXPECT_EQ(Describe(ReadCsvText("a,b\r1,2\r3,4\r")),
            "a numeric integral: 1 3\nb numeric integral: 2 4\n");
  EXPECT_EQ(Describe(ReadCsvText("a,b\n1,\"\"\n")), "a numeric integral: 1\nb numeric: ~\n");
}

TEST_F(CsvReaderTest, SeparatorsAreFound) {
  const std::string expected = "a numeric: 1.5\nb numeric integral: 2\n";
  EXPECT_EQ(Describe(ReadCsvText("a;b\n1.5;2\n")), expected);
  EXPECT_EQ(Describe(ReadCsvText("a|b\n1.5|2\n")), expected);
  EXPECT_EQ(Describe(ReadCsvText("a\tb\n1.5\t2\n")), expected);
  const Result<ReadResult> tsv = ReadTable(Write("t.tsv", "a\tb,c\n1.5\t2\n"), {});
  ASSERT_TRUE(tsv.ok());
  EXPECT_EQ(tsv->table.columns[1].name, "b,c");
}

TEST_F(CsvReaderTest, HeaderOnlyIsATableWithoutRows) {
  for (const char* text : {"a,b", "a,b\n", "a,b\r\n\r\n"}) {
    const ReadResult result = ReadCsvText(text);
    EXPECT_EQ(result.table.rows, 0);
    EXPECT_EQ(result.table.columns.size(), 2U);
  }
}

TEST_F(CsvReaderTest, BlankLinesOfOneColumnAreMissingValues) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string text;
    for (const char* line : {"x", "1", "", "3", "", "", "6"}) text += line + end;
    const std::string expected = "x numeric integral: 1 ~ 3 ~ ~ 6\n";
    EXPECT_EQ(Describe(ReadCsvText(text)), expected);
    EXPECT_EQ(Describe(ReadCsvText(text.substr(0, text.size() - end.size()))), expected);
    EXPECT_EQ(Describe(ReadCsvText(text + end)), "x numeric integral: 1 ~ 3 ~ ~ 6 ~\n");
    // Blocks that end anywhere, also within a line end.
    for (const size_t block : {size_t{1}, size_t{2}, size_t{3}, size_t{5}}) {
      ReadTuning tuning;
      tuning.block_bytes = block;
      const Result<ReadResult> result =
          ReadTableInBlocks(Write("blank.csv", text), {}, tuning, SilentProgress());
      ASSERT_TRUE(result.ok()) << result.error().ToString();
      EXPECT_EQ(Describe(*result), expected) << "blocks of " << block;
    }
  }
  EXPECT_EQ(ReadCsvText("x\n").table.rows, 0);
  EXPECT_EQ(ReadCsvText("a,b\n1,2\n\n3,4\n").table.rows, 2);
}

TEST_F(CsvReaderTest, ValuesPastTheDoublesPrecisionWarn) {
  const ReadResult result = ReadCsvText("id\n9007199254740993\n1\n");
  ASSERT_EQ(result.issues.size(), 1U);
  EXPECT_EQ(result.issues[0].kind, "precision_loss");
  EXPECT_EQ(result.issues[0].severity, Severity::kWarning);
  EXPECT_EQ(result.issues[0].examples[0].row, 1);
}

TEST_F(CsvReaderTest, InvalidUtf8IsToldAndRepaired) {
  const ReadResult result = ReadCsvText("city\nBonn\nZ\xFCrich\nZ\xFCrich\n");
  EXPECT_EQ(Describe(result),
            "city category: Bonn Z\xEF\xBF\xBDrich Z\xEF\xBF\xBDrich\n"
            "invalid_utf8 invalid UTF-8 in 2 values of city; U+FFFD stands in its place, the first "
            "in row 2: "
            "'Z\xEF\xBF\xBDrich'; try iconv -f LATIN1 -t UTF-8, if it is Western European text 2 "
            "2=Z\xEF\xBF\xBDrich 3=Z\xEF\xBF\xBDrich\n");
}

TEST_F(CsvReaderTest, RaggedRowsNameLineAndRow) {
  EXPECT_EQ(ErrorOf("a,b\n1,2\n\n3,4,5\n"),
            "table.csv:4: row 2: the row has 3 fields; expected 2, as the header has; try quoting "
            "values that hold a "
            "','");
  EXPECT_EQ(ErrorOf("a,b\n\"1\n1\",2\n3\n5,6\n"),
            "table.csv:4: row 2: the row has 1 field; expected 2, as the header has");
  EXPECT_EQ(ErrorOf("a,b\n3"),
            "table.csv:2: row 1: the row has 1 field; expected 2, as the header has");
  EXPECT_THAT(ErrorOf("a,b\n1,2\n\"3\n4,5\n6\",7,8\n9,10\n"),
              HasSubstr("table.csv:3: row 2: the row has 3 fields; expected 2, as the header has; "
                        "try closing the quote"));
}

TEST_F(CsvReaderTest, OpenQuotesNameWhereTheyBegin) {
  EXPECT_EQ(ErrorOf("a,b\n1,2\n3,\"4\n5,6\n"),
            "table.csv:3: row 2: a quote is opened and never closed; expected a closing quote "
            "before the end of the "
            "value, quotes inside doubled");
  EXPECT_EQ(ErrorOf("a,\"b\n1,2\n"), "table.csv:1: a quote in the header is never closed");
}

TEST_F(CsvReaderTest, QuotesThatTakeInRowsAreTold) {
  std::string text = "a,b,c,y\n";
  for (int row = 1; row <= 3000; ++row) {
    const bool open = row == 1000 || row == 2500;
    text += std::to_string(row) + ",0.5," + (open ? "\"ab" : "ab") + ",1\n";
  }
  const std::string expected =
      "table.csv:1001: row 1000: the quote that is opened here takes in 1,499 lines that look like "
      "rows; try closing it, or doubling quotes inside a value";
  EXPECT_EQ(ErrorOf(text), expected);
  for (const size_t block : {size_t{64}, size_t{1000}}) {
    ReadTuning tuning;
    tuning.block_bytes = block;
    const Result<ReadResult> result =
        ReadTableInBlocks(PathOf("table.csv"), {}, tuning, SilentProgress());
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().ToString(), HasSubstr(expected));
  }
  // The rows behind the second quote are ragged: the first mistake is the one to tell.
  EXPECT_EQ(ErrorOf(text + "1,2\n"), expected);
  EXPECT_THAT(ErrorOf("a,b\r\n\"x,1\r\nu,2\r\nv,3\r\n\"y,4\r\n"),
              HasSubstr("table.csv:2: row 1: the quote that is opened here takes in 2 lines"));
}

TEST_F(CsvReaderTest, QuotedTextOfSeveralLinesIsNoMistake) {
  // As many commas as a row has, but words where the table has numbers.
  const ReadResult prose = ReadCsvText(
      "id,text\n1,\"Well,\nI liked it, really\nand, as you know\nso does she, too\nend\"\n2,x\n");
  EXPECT_EQ(prose.table.rows, 2);
  // Numbers, but other fields than a row.
  const ReadResult lists =
      ReadCsvText("id,text,n\n1,\"a\n1,2\n3,4\n5,6,7,8\n\",1\n2,\"one\n1,2,3\nline\",2\n");
  EXPECT_EQ(lists.table.rows, 2);
  // Of one column every line would be a row.
  EXPECT_EQ(ReadCsvText("text\n\"a\nb\nc\nd\"\nx\n").table.rows, 2);
}

TEST_F(CsvReaderTest, RowsLongerThanAllowedAreErrorsNotMemory) {
  ReadTuning tuning;
  tuning.block_bytes = 64;
  tuning.max_row_bytes = 1000;
  const std::string quote = Write("q.csv", "a,b\n1,2\n3,\"" + std::string(5000, 'x'));
  Result<ReadResult> result = ReadTableInBlocks(quote, {}, tuning, SilentProgress());
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().ToString(), HasSubstr(":3: row 2: the row is longer than"));
  const std::string row = Write("r.csv", "a,b\n1,2\n3," + std::string(5000, 'x') + "\n");
  result = ReadTableInBlocks(row, {}, tuning, SilentProgress());
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().ToString(), HasSubstr(":3: row 2: the row is longer than"));
}

TEST_F(CsvReaderTest, HeadersMustNameEachColumnOnce) {
  EXPECT_EQ(ErrorOf("a,b,a\n1,2,3\n"),
            "table.csv:1: columns 1 and 3 are both named 'a'; expected a name of its own for each "
            "column");
  EXPECT_THAT(ErrorOf("\n,b\n1,2\n"), HasSubstr("table.csv:2: column 1 of 2 has no name"));
}

TEST_F(CsvReaderTest, EndlessNamesAreRefused) {
  EXPECT_THAT(ErrorOf("a," + std::string(3'000'000, 'x') + "\n1,2\n"),
              HasSubstr("table.csv: the header has a name of 3.0 MB: 'xxx"));
  EXPECT_EQ(ReadCsvText("a," + std::string(1000, 'x') + "\n1,2\n").table.columns.size(), 2U);
}

TEST_F(CsvReaderTest, GarbageIsNoTable) {
  EXPECT_THAT(ErrorOf(std::string("a\0b\n", 4)),
              HasSubstr("not a text table: it holds zero bytes"));
  EXPECT_THAT(ErrorOf(std::string("a,b\x01\n1,2\n")),
              HasSubstr("not a text table: the header holds control characters"));
  EXPECT_THAT(ErrorOf("a\xFF,b\n1,2\n"),
              HasSubstr("not a text table: the header is not valid UTF-8; expected CSV or TSV in "
                        "UTF-8, with a header line; try iconv -f LATIN1 -t UTF-8"));
  EXPECT_THAT(ErrorOf("\n\n\n"), HasSubstr("there are only blank lines"));
  EXPECT_THAT(ErrorOf("\xFF\xFE"
                      "a"),
              HasSubstr("this is UTF-16 text"));
  EXPECT_THAT(ErrorOf("BZh91AY"), HasSubstr("this is bzip2 data; expected CSV, TSV, JSON Lines"));
  ReadTuning tuning;
  tuning.block_bytes = 16;
  const std::string late =
      Write("late.csv", "a,b\n1,2\n3,4\n5,6\n7,8\n9,1\n1,\x01" + std::string(1, '\0') + "\n");
  const Result<ReadResult> result = ReadTableInBlocks(late, {}, tuning, SilentProgress());
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().ToString(),
              HasSubstr("late.csv:7: not a text table: there is a zero byte"));
}

// A table that has something of everything, with types that its first rows do not show.
std::string MixedTable(uint64_t seed, int rows) {
  Random random(seed);
  std::string text = "n,late_text,late_number,late_date,city,note\r\n";
  for (int row = 0; row < rows; ++row) {
    const bool late = row > rows / 20;
    text += random.Below(50) == 0 ? "bad" : std::to_string(random.Uniform());
    text += late ? ",word" + std::to_string(random.Below(9)) : "," + std::to_string(row);
    text += late ? "," + std::to_string(random.Below(1000)) : ",none";
    text += late ? ",2024-01-" + std::to_string(10 + random.Below(20)) : ",17";
    text += ",\"city, " + std::to_string(random.Below(30)) + "\"";
    text += random.Below(3) == 0 ? ",\"two\r\nlines \"\"" + std::to_string(row) + "\"\"\""
                                 : ", Z\xFCrich ";
    text += random.Below(4) == 0 ? "\n" : "\r\n";
  }
  return text;
}

TEST_F(CsvReaderTest, ResultIsTheSameForAllThreadsAndBlocks) {
  const std::string path = Write("mixed.csv", MixedTable(1, 2000));
  const Result<ReadResult> whole = ReadTable(path, {});
  ASSERT_TRUE(whole.ok()) << whole.error().ToString();
  EXPECT_EQ(whole->table.rows, 2000);
  EXPECT_EQ(whole->table.Find("late_text")->type, ColumnType::kCategory);
  EXPECT_EQ(whole->table.Find("late_number")->type, ColumnType::kNumeric);
  EXPECT_EQ(whole->table.Find("late_date")->type, ColumnType::kTimestamp);
  const std::string expected = Describe(*whole);
  EXPECT_THAT(expected, HasSubstr("invalid_utf8"));
  EXPECT_THAT(expected, HasSubstr("unreadable_value"));
  for (const int threads : {1, 2, 4}) {
    for (const size_t block : {size_t{1}, size_t{64}, size_t{97}, size_t{4096}, size_t{1} << 20U}) {
      ReadOptions options;
      options.threads = threads;
      ReadTuning tuning;
      tuning.block_bytes = block;
      const Result<ReadResult> result = ReadTableInBlocks(path, options, tuning, SilentProgress());
      ASSERT_TRUE(result.ok()) << result.error().ToString();
      ASSERT_EQ(Describe(*result), expected) << threads << " threads, blocks of " << block;
    }
  }
}

TEST_F(CsvReaderTest, ErrorsAreTheSameForAllThreadsAndBlocks) {
  std::string text = MixedTable(2, 500);
  text += "1,2,3\n" + MixedTable(3, 100) + "4,5\n";
  const std::string path = Write("wrong.csv", text);
  const Result<ReadResult> whole = ReadTable(path, {});
  ASSERT_FALSE(whole.ok());
  EXPECT_EQ(whole.error().location().row, 501);
  for (const int threads : {1, 2, 4}) {
    for (const size_t block : {size_t{64}, size_t{1000}, size_t{8192}}) {
      ReadOptions options;
      options.threads = threads;
      ReadTuning tuning;
      tuning.block_bytes = block;
      const Result<ReadResult> result = ReadTableInBlocks(path, options, tuning, SilentProgress());
      ASSERT_FALSE(result.ok());
      ASSERT_EQ(result.error().ToString(), whole.error().ToString());
    }
  }
}

TEST_F(CsvReaderTest, FlippedBytesNeverCrash) {
  const std::string good = MixedTable(4, 60);
  int read = 0;
  int refused = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    Random random(seed);
    std::string text = good;
    for (uint64_t flips = 1 + random.Below(4); flips > 0; --flips) {
      text[random.Below(text.size())] = static_cast<char>(random.Below(256));
    }
    if (random.Below(4) == 0) text.resize(random.Below(text.size()));
    ReadTuning tuning;
    tuning.block_bytes = 1 + random.Below(512);
    tuning.max_row_bytes = 4096;
    ReadOptions options;
    options.threads = 2;
    const Result<ReadResult> result =
        ReadTableInBlocks(Write("fuzz.csv", text), options, tuning, SilentProgress());
    if (result.ok()) {
      ++read;
      for (const Column& column : result->table.columns)
        ASSERT_EQ(column.size(), result->table.rows);
    } else {
      ++refused;
      ASSERT_NE(result.error().code(), ErrorCode::kInternal) << result.error().ToString();
    }
  }
  EXPECT_GT(read, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(CsvReaderTest, RealTables) {
  const char* data = std::getenv("SLIPWAY_DATA");
  if (data == nullptr) GTEST_SKIP() << "SLIPWAY_DATA is not set: Telco and Adult were not read";
  const Result<ReadResult> telco = ReadTable(std::string(data) + "/telco-churn.csv", {});
  ASSERT_TRUE(telco.ok()) << telco.error().ToString();
  EXPECT_EQ(telco->table.rows, 7043);
  const Column* charges = telco->table.Find("TotalCharges");
  EXPECT_EQ(charges->type, ColumnType::kNumeric);
  EXPECT_EQ(charges->CountMissing(), 11);
  EXPECT_EQ(telco->table.Find("customerID")->categories.size(), 7043U);
  EXPECT_TRUE(telco->issues.empty());

  const Result<ReadResult> adult = ReadTable(std::string(data) + "/adult-train.csv", {});
  ASSERT_TRUE(adult.ok()) << adult.error().ToString();
  EXPECT_EQ(adult->table.rows, 32561);
  EXPECT_EQ(adult->table.Find("workclass")->CountMissing(), 1836);
  EXPECT_EQ(adult->table.Find("occupation")->CountMissing(), 1843);
  EXPECT_TRUE(adult->table.Find("age")->integral);
  EXPECT_EQ(adult->table.Find("income")->categories, (std::vector<std::string>{"<=50K", ">50K"}));
  EXPECT_TRUE(adult->issues.empty());
}

}  // namespace
}  // namespace slipway::data
