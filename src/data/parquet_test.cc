#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <bit>
#include <cmath>
#include <cstdint>

#include "core/random.h"
#include "data/parquet_writer.h"
#include "data/reader_test_files_internal.h"

namespace slipway::data {
namespace {

using ::testing::HasSubstr;

// Rows of all types with missing values, -0.0 among the numbers and "NA" among the categories.
Table MakeTable(int64_t rows) {
  Random random(7);
  Table table;
  table.rows = rows;
  for (const char* name : {"whole", "whole_missing", "number", "time", "category"}) {
    table.columns.emplace_back().name = name;
  }
  table.columns[0].integral = true;
  table.columns[1].integral = true;
  table.columns[3].type = ColumnType::kTimestamp;
  table.columns[4].type = ColumnType::kCategory;
  table.columns[4].categories = {" blank ", "NA", "a", "ü"};
  for (int64_t row = 0; row < rows; ++row) {
    const bool missing = random.Below(10) == 0;
    table.columns[0].numbers.push_back(static_cast<double>(random.Below(1000)));
    table.columns[1].numbers.push_back(missing ? kMissingNumber : static_cast<double>(row));
    table.columns[2].numbers.push_back(row == 3 ? -0.0 : random.Uniform());
    table.columns[3].numbers.push_back(missing ? kMissingNumber
                                               : 1.7e9 + 0.25 * static_cast<double>(row));
    table.columns[4].codes.push_back(row < 4 ? static_cast<int32_t>(row)
                                             : static_cast<int32_t>(random.Below(5)) - 1);
  }
  return table;
}

bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) ? !std::isnan(b[i])
                         : std::bit_cast<uint64_t>(a[i]) != std::bit_cast<uint64_t>(b[i]))
      return false;
  }
  return true;
}

void ExpectSame(const Table& a, const Table& b) {
  EXPECT_EQ(a.rows, b.rows);
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (size_t i = 0; i < a.columns.size(); ++i) {
    EXPECT_EQ(a.columns[i].name, b.columns[i].name);
    EXPECT_EQ(a.columns[i].type, b.columns[i].type);
    EXPECT_EQ(a.columns[i].integral, b.columns[i].integral) << a.columns[i].name;
    EXPECT_TRUE(SameBits(a.columns[i].numbers, b.columns[i].numbers)) << a.columns[i].name;
    EXPECT_EQ(a.columns[i].codes, b.columns[i].codes);
    EXPECT_EQ(a.columns[i].categories, b.columns[i].categories);
  }
}

class ParquetTest : public ReaderTestFiles {
 protected:
  // Writes arrays as another program would.
  std::string WriteArrow(const std::string& name, const arrow::FieldVector& fields,
                         const arrow::ArrayVector& arrays, int64_t row_group = 1000,
                         const std::shared_ptr<parquet::WriterProperties>& properties =
                             parquet::default_writer_properties()) {
    const std::string path = PathOf(name);
    const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
    auto output = arrow::io::FileOutputStream::Open(path).ValueOrDie();
    EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), output, row_group,
                                           properties)
                    .ok());
    EXPECT_TRUE(output->Close().ok());
    return path;
  }

  template <typename Builder, typename T>
  static std::shared_ptr<arrow::Array> ArrayOf(Builder& builder, const std::vector<T>& values) {
    for (const T& value : values) EXPECT_TRUE(builder.Append(value).ok());
    EXPECT_TRUE(builder.AppendNull().ok());
    return builder.Finish().ValueOrDie();
  }
};

TEST_F(ParquetTest, RoundTripIsExact) {
  for (const ParquetUse use : {ParquetUse::kKeep, ParquetUse::kCache}) {
    for (const int64_t rows : {4, 70000}) {
      const Table table = MakeTable(rows);
      const std::string path = PathOf("deep/er/table.parquet");
      ASSERT_TRUE(WriteParquet(path, table, use).ok());
      const Result<Table> again = ReadParquetExactly(path);
      ASSERT_TRUE(again.ok()) << again.error().ToString();
      ExpectSame(*again, table);
    }
  }
  // Nothing but the file is left.
  EXPECT_EQ(LocalFileSystem().List(PathOf("deep/er")).value(),
            std::vector<std::string>{"table.parquet"});
}

TEST_F(ParquetTest, EmptyTablesRoundTrip) {
  Table table = MakeTable(0);
  table.columns[4].categories.clear();
  ASSERT_TRUE(WriteParquet(PathOf("t.parquet"), table).ok());
  Result<Table> again = ReadParquetExactly(PathOf("t.parquet"));
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  ExpectSame(*again, table);
}

TEST_F(ParquetTest, KeptFilesReadAsAnyParquet) {
  ASSERT_TRUE(WriteParquet(PathOf("t.parquet"), MakeTable(100)).ok());
  const Result<ReadResult> result = ReadTable(PathOf("t.parquet"), {});
  ASSERT_TRUE(result.ok()) << result.error().ToString();
  EXPECT_EQ(result->table.rows, 100);
  EXPECT_TRUE(result->table.Find("whole")->integral);
  EXPECT_TRUE(result->table.Find("whole_missing")->integral);
  // Foreign files are trimmed and have missing values.
  EXPECT_EQ(result->table.Find("category")->categories,
            (std::vector<std::string>{"a", "blank", "ü"}));
}

TEST_F(ParquetTest, ForeignTypesBecomeOurs) {
  arrow::Int64Builder big;
  arrow::BooleanBuilder flag;
  arrow::Date32Builder date;
  arrow::TimestampBuilder time(arrow::timestamp(arrow::TimeUnit::MILLI),
                               arrow::default_memory_pool());
  arrow::StringBuilder text;
  arrow::FloatBuilder real;
  arrow::Decimal128Builder money(arrow::decimal128(10, 2));
  const arrow::ArrayVector arrays = {
      ArrayOf(big, std::vector<int64_t>{9007199254740993, 1}),
      ArrayOf(flag, std::vector<bool>{true, false}),
      ArrayOf(date, std::vector<int32_t>{1, 2}),
      ArrayOf(time, std::vector<int64_t>{1500, 2000}),
      ArrayOf(text, std::vector<std::string>{" x ", "?"}),
      ArrayOf(real, std::vector<float>{0.5F, std::nanf("")}),
      ArrayOf(money,
              std::vector<arrow::Decimal128>{arrow::Decimal128(1250), arrow::Decimal128(-5)})};
  const std::vector<std::string> names = {"big", "flag", "date", "time", "text", "real", "money"};
  arrow::FieldVector fields;
  for (size_t i = 0; i < names.size(); ++i)
    fields.push_back(arrow::field(names[i], arrays[i]->type()));
  // Row groups of one row: values come in several pieces.
  const std::string path = WriteArrow("t.parquet", fields, arrays, 1);
  for (const int threads : {1, 2, 4}) {
    ReadOptions options;
    options.threads = threads;
    const Result<ReadResult> result = ReadTable(path, options);
    ASSERT_TRUE(result.ok()) << result.error().ToString();
    const std::string described = Describe(*result);
    EXPECT_THAT(described, HasSubstr("big numeric integral: 9007199254740992 1 ~\n"
                                     "flag category: True False ~\n"
                                     "date timestamp: 86400 172800 ~\n"
                                     "time timestamp: 1.5 2 ~\n"
                                     "text category: x ~ ~\n"
                                     "real numeric: 0.5 ~ ~\n"
                                     "money numeric: 12.5 -0.05 ~\n"));
    EXPECT_THAT(described, HasSubstr("precision_loss"));
  }
}

TEST_F(ParquetTest, TextCanBeForcedIntoNumbersAndBack) {
  arrow::StringBuilder text;
  arrow::Int32Builder code;
  const arrow::ArrayVector arrays = {ArrayOf(text, std::vector<std::string>{"1.5", "two"}),
                                     ArrayOf(code, std::vector<int32_t>{10, 9})};
  const std::string path = WriteArrow(
      "t.parquet", {arrow::field("text", arrow::utf8()), arrow::field("code", arrow::int32())},
      arrays);
  ReadOptions options;
  options.columns = {"code", "text"};
  options.numeric_columns = {"text"};
  options.categorical_columns = {"code"};
  const Result<ReadResult> result = ReadTable(path, options);
  ASSERT_TRUE(result.ok()) << result.error().ToString();
  EXPECT_EQ(Describe(*result),
            "code category: 10 9 ~\ntext numeric: 1.5 ~ ~\n"
            "unreadable_value 1 value of text can't be read as numbers, the first in row 2: 'two' "
            "1 2=two\n");
}

TEST_F(ParquetTest, TextOfAnyEncodingIsRead) {
  for (const auto encoding : {parquet::Encoding::PLAIN, parquet::Encoding::DELTA_BYTE_ARRAY,
                              parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY}) {
    arrow::StringBuilder text;
    const arrow::ArrayVector arrays = {
        ArrayOf(text, std::vector<std::string>{"one", "only", "one"})};
    parquet::WriterProperties::Builder properties;
    properties.disable_dictionary()->encoding(encoding);
    const std::string path = WriteArrow("t.parquet", {arrow::field("text", arrow::utf8())}, arrays,
                                        2, properties.build());
    const Result<ReadResult> result = ReadTable(path, {});
    ASSERT_TRUE(result.ok()) << result.error().ToString();
    EXPECT_EQ(Describe(*result), "text category: one only one ~\n");
  }
}

TEST_F(ParquetTest, CategoriesAreWhatTheCsvHas) {
  arrow::BooleanBuilder flag;
  arrow::DoubleBuilder code;
  arrow::Decimal128Builder money(arrow::decimal128(10, 2));
  const arrow::ArrayVector arrays = {
      ArrayOf(flag, std::vector<bool>{true, false}), ArrayOf(code, std::vector<double>{3, -0.5}),
      ArrayOf(money,
              std::vector<arrow::Decimal128>{arrow::Decimal128(300), arrow::Decimal128(250)})};
  const std::string path =
      WriteArrow("t.parquet",
                 {arrow::field("flag", arrow::boolean()), arrow::field("code", arrow::float64()),
                  arrow::field("money", arrays[2]->type())},
                 arrays);
  ReadOptions options;
  options.categorical_columns = {"flag", "code", "money"};
  const Result<ReadResult> result = ReadTable(path, options);
  ASSERT_TRUE(result.ok()) << result.error().ToString();
  const std::string expected =
      "flag category: True False ~\ncode category: 3 -0.5 ~\nmoney category: 3 2.5 ~\n";
  EXPECT_EQ(Describe(*result), expected);
  EXPECT_EQ(Describe(ReadCsvText("flag,code,money\ntrue,3,3\nFALSE,-0.5,2.5\n,,\n", options)),
            expected);
  ReadOptions numeric;
  numeric.columns = {"flag"};
  numeric.numeric_columns = {"flag"};
  EXPECT_EQ(Describe(*ReadTable(path, numeric)), "flag numeric integral: 1 0 ~\n");
}

TEST_F(ParquetTest, MissingNumbersAreMissing) {
  arrow::Int64Builder whole;
  arrow::DoubleBuilder real;
  const arrow::ArrayVector arrays = {ArrayOf(whole, std::vector<int64_t>{-999, 1}),
                                     ArrayOf(real, std::vector<double>{0.5, -999})};
  const std::string path = WriteArrow(
      "t.parquet", {arrow::field("whole", arrow::int64()), arrow::field("real", arrow::float64())},
      arrays);
  ReadOptions options;
  options.missing_values = {"-999"};
  EXPECT_EQ(Describe(*ReadTable(path, options)),
            "whole numeric integral: ~ 1 ~\nreal numeric: 0.5 ~ ~\n");
}

TEST_F(ParquetTest, NestedColumnsAreNamedUnlessLeftOut) {
  arrow::ListBuilder list(arrow::default_memory_pool(), std::make_shared<arrow::Int32Builder>());
  ASSERT_TRUE(list.AppendNull().ok());
  arrow::Int32Builder plain;
  ASSERT_TRUE(plain.Append(7).ok());
  const std::string path = WriteArrow(
      "t.parquet",
      {arrow::field("tags", arrow::list(arrow::int32())), arrow::field("x", arrow::int32())},
      {list.Finish().ValueOrDie(), plain.Finish().ValueOrDie()});
  // Who reads all columns gets those that can be read, and is told of the other.
  const Result<ReadResult> all = ReadTable(path, {});
  ASSERT_TRUE(all.ok()) << all.error().ToString();
  ASSERT_EQ(all->table.columns.size(), 1U);
  ASSERT_EQ(all->issues.size(), 1U);
  EXPECT_EQ(all->issues[0].kind, "unreadable_column");
  EXPECT_EQ(all->issues[0].column, "tags");
  EXPECT_THAT(all->issues[0].message,
              HasSubstr("column 'tags' has the type list<element: int32>; expected numbers"));
  ReadOptions options;
  options.columns = {"x", "tags"};
  const Result<ReadResult> refused = ReadTable(path, options);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().ToString(), HasSubstr("column 'tags' has the type list<"));
  options.columns = {"x"};
  const Result<ReadResult> chosen = ReadTable(path, options);
  ASSERT_TRUE(chosen.ok()) << chosen.error().ToString();
  EXPECT_EQ(Describe(*chosen), "x numeric integral: 7\n");
}

TEST_F(ParquetTest, TruncatedFilesAreToldSo) {
  ASSERT_TRUE(WriteParquet(PathOf("t.parquet"), MakeTable(1000)).ok());
  const std::string bytes = Read(PathOf("t.parquet"));
  for (const size_t size : {size_t{4}, size_t{11}, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_THAT(ErrorOf(bytes.substr(0, size), {}, "cut.parquet"),
                HasSubstr("cut.parquet: the Parquet file is damaged or truncated; expected a whole "
                          "Parquet file"));
  }
  EXPECT_THAT(ErrorOf("a,b\n1,2\n", {}, "text.parquet"), HasSubstr("damaged or truncated"));
}

TEST_F(ParquetTest, ForeignFilesAreNoCache) {
  arrow::Int32Builder plain;
  const std::string path = WriteArrow("t.parquet", {arrow::field("x", arrow::int32())},
                                      {ArrayOf(plain, std::vector<int32_t>{1})});
  const Result<Table> table = ReadParquetExactly(path);
  ASSERT_FALSE(table.ok());
  EXPECT_THAT(table.error().ToString(), HasSubstr("was not written by Slipway"));
}

TEST_F(ParquetTest, UnwritablePlacesAreErrorsWithThePath) {
  const std::string file = Write("file", "x");
  const Status status = WriteParquet(file + "/t.parquet", MakeTable(4));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().ToString(), HasSubstr(file));
}

TEST_F(ParquetTest, FlippedBytesNeverCrash) {
  int refused = 0;
  for (const ParquetUse use : {ParquetUse::kKeep, ParquetUse::kCache}) {
    ASSERT_TRUE(WriteParquet(PathOf("t.parquet"), MakeTable(300), use).ok());
    const std::string good = Read(PathOf("t.parquet"));
    for (uint64_t seed = 0; seed < 700; ++seed) {
      Random random(seed);
      std::string bytes = good;
      for (uint64_t flips = 1 + random.Below(3); flips > 0; --flips) {
        bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
      }
      const std::string path = Write("fuzz.parquet", bytes);
      const Result<ReadResult> read = ReadTable(path, {});
      const Result<Table> exact = ReadParquetExactly(path);
      if (!read.ok()) ++refused;
      EXPECT_TRUE(read.ok() || read.error().code() == ErrorCode::kInvalidInput);
      EXPECT_TRUE(exact.ok() || exact.error().code() == ErrorCode::kInvalidInput);
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace slipway::data
