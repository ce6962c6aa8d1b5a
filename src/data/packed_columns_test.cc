#include "data/packed_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "data/reader_test_files_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// `times` groups of the same rows.
Result<std::string> Encode(const std::vector<PackedColumn>& columns, int64_t rows, int times = 1) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto file, MakePackedFile());
  for (int i = 0; i < times; ++i) SLIPWAY_RETURN_IF_ERROR(file->Add(columns, rows));
  return file->Finish({{"key", "value"}});
}

class PackedColumnsTest : public ReaderTestFiles {
 protected:
  Table ReadBack(const std::vector<PackedColumn>& columns, int64_t rows) {
    const Result<std::string> bytes = Encode(columns, rows);
    EXPECT_TRUE(bytes.ok()) << bytes.error().ToString();
    if (!bytes.ok()) return {};
    Result<ReadResult> read = ReadTable(Write("packed.parquet", *bytes), {});
    EXPECT_TRUE(read.ok()) << read.error().ToString();
    return read.ok() ? std::move(read->table) : Table{};
  }
};

std::vector<std::string> TextsOf(const Table& table, const std::string& name) {
  std::vector<std::string> texts;
  const Column* const column = table.Find(name);
  if (column == nullptr) return {"no such column"};
  for (int64_t row = 0; row < column->size(); ++row)
    texts.push_back(column->IsMissing(row) ? "-" : column->TextAt(row));
  return texts;
}

TEST_F(PackedColumnsTest, EachTypeComesBackWithWhatIsMissing) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::vector<PackedColumn> columns(7);
  columns[0] = {.name = "input.double", .type = PackedType::kDouble, .doubles = {0.1, kNone, -2}};
  columns[1] = {.name = "float", .type = PackedType::kFloat, .floats = {0.5F, std::nanf(""), 2}};
  columns[2] = {.name = "integer", .type = PackedType::kInteger, .repeats = true};
  columns[2].integers = {7, 7, -(int64_t{1} << 40U)};
  columns[3] = {.name = "time", .type = PackedType::kTime};
  columns[3].integers = {1'700'000'000'250'000, kMissingTime, 0};
  columns[4] = {.name = "text", .type = PackedType::kText, .repeats = true};
  columns[4].AddText("a");
  columns[4].AddMissingText();
  columns[4].AddText("größer");
  columns[5] = {.name = "category", .type = PackedType::kCategory, .codes = {1, 0, kMissingCode}};
  columns[5].categories = {"no", "yes"};
  columns[6] = {.name = "boolean", .type = PackedType::kBoolean, .codes = {1, kMissingCode, 0}};
  const Table table = ReadBack(columns, 3);
  EXPECT_EQ(table.rows, 3);
  EXPECT_THAT(TextsOf(table, "input.double"), ElementsAre("0.1", "-", "-2"));
  EXPECT_THAT(TextsOf(table, "float"), ElementsAre("0.5", "-", "2"));
  EXPECT_THAT(TextsOf(table, "integer"), ElementsAre("7", "7", "-1099511627776"));
  EXPECT_EQ(table.Find("time")->type, ColumnType::kTimestamp);
  EXPECT_DOUBLE_EQ(table.Find("time")->numbers[0], 1'700'000'000.25);
  EXPECT_TRUE(table.Find("time")->IsMissing(1));
  EXPECT_EQ(table.Find("time")->numbers[2], 0);
  EXPECT_THAT(TextsOf(table, "text"), ElementsAre("a", "-", "größer"));
  EXPECT_THAT(TextsOf(table, "category"), ElementsAre("yes", "no", "-"));
  EXPECT_THAT(TextsOf(table, "boolean"), ElementsAre("True", "-", "False"));
}

TEST_F(PackedColumnsTest, ManyRowsAreCompressed) {
  constexpr int64_t kRows = 100'000;
  std::vector<PackedColumn> columns(2);
  columns[0] = {.name = "time", .type = PackedType::kTime};
  columns[1] = {.name = "text", .type = PackedType::kText};
  for (int64_t row = 0; row < kRows; ++row) {
    columns[0].integers.push_back(1'700'000'000'000'000 + 20 * row);
    columns[1].AddText("always the same");
  }
  const Result<std::string> bytes = Encode(columns, kRows);
  ASSERT_TRUE(bytes.ok()) << bytes.error().ToString();
  EXPECT_LT(std::ssize(*bytes), kRows);
  const Table table = ReadBack(columns, kRows);
  EXPECT_EQ(table.rows, kRows);
  EXPECT_EQ(table.Find("text")->categories.size(), 1U);
  EXPECT_DOUBLE_EQ(table.Find("time")->numbers.back(), 1'700'000'001.99998);
}

TEST_F(PackedColumnsTest, GroupsFollowEachOther) {
  std::vector<PackedColumn> columns(2);
  columns[0] = {.name = "category", .type = PackedType::kCategory, .codes = {1, 0}};
  columns[0].categories = {"no", "yes"};
  columns[1] = {.name = "text", .type = PackedType::kText};
  columns[1].AddText("a");
  columns[1].AddMissingText();
  const Result<std::string> bytes = Encode(columns, 2, 3);
  ASSERT_TRUE(bytes.ok()) << bytes.error().ToString();
  const Result<ReadResult> read = ReadTable(Write("groups.parquet", *bytes), {});
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_THAT(TextsOf(read->table, "category"), ElementsAre("yes", "no", "yes", "no", "yes", "no"));
  EXPECT_THAT(TextsOf(read->table, "text"), ElementsAre("a", "-", "a", "-", "a", "-"));
  for (PackedColumn& column : columns) {
    column.Clear();
    EXPECT_EQ(column.size(), 0);
  }
}

TEST_F(PackedColumnsTest, WithoutColumnsThereIsNoFile) {
  const auto file = MakePackedFile();
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  EXPECT_FALSE((*file)->Finish({}).ok());
}

TEST_F(PackedColumnsTest, ColumnsThatDoNotFitTogetherAreAnError) {
  std::vector<PackedColumn> columns(1);
  columns[0] = {.name = "short", .type = PackedType::kDouble, .doubles = {1}};
  const Result<std::string> bytes = Encode(columns, 2);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code(), ErrorCode::kInternal);
  EXPECT_THAT(bytes.error().message(), HasSubstr("short"));
}

TEST_F(PackedColumnsTest, NoRowsAreAFileToo) {
  std::vector<PackedColumn> columns(2);
  columns[0] = {.name = "number", .type = PackedType::kDouble};
  columns[1] = {.name = "text", .type = PackedType::kText};
  EXPECT_TRUE(Encode(columns, 0).ok());
}

}  // namespace
}  // namespace slipway::data
