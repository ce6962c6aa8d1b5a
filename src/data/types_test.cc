#include "data/types.h"

#include <gtest/gtest.h>

namespace slipway::data {
namespace {

TEST(ColumnTest, TextOfNumbersIsTheShortestThatReadsBack) {
  Column column;
  column.numbers = {1, 0.5, -0.1, 1e300, 9007199254740993.0, kMissingNumber};
  EXPECT_EQ(column.TextAt(0), "1");
  EXPECT_EQ(column.TextAt(1), "0.5");
  EXPECT_EQ(column.TextAt(2), "-0.1");
  EXPECT_EQ(column.TextAt(3), "1e+300");
  EXPECT_EQ(column.TextAt(4), "9007199254740992");
  EXPECT_EQ(column.TextAt(5), "");
  EXPECT_EQ(column.CountMissing(), 1);
  EXPECT_EQ(column.size(), 6);
}

TEST(ColumnTest, CategoriesAnswerWithTheirText) {
  Column column;
  column.type = ColumnType::kCategory;
  column.codes = {1, kMissingCode, 0};
  column.categories = {"a", "b"};
  EXPECT_EQ(column.TextAt(0), "b");
  EXPECT_TRUE(column.IsMissing(1));
  EXPECT_EQ(column.TextAt(1), "");
  EXPECT_EQ(column.TextAt(2), "a");
  EXPECT_EQ(column.CountMissing(), 1);
}

TEST(TableTest, FindsByExactName) {
  Table table;
  table.columns.emplace_back().name = "Age";
  ASSERT_NE(table.Find("Age"), nullptr);
  EXPECT_EQ(table.Find("age"), nullptr);
}

TEST(TypesTest, NamesOfTypesAndParts) {
  EXPECT_STREQ(ToString(ColumnType::kTimestamp), "timestamp");
  EXPECT_STREQ(ToString(ColumnType::kNumeric), "numeric");
  EXPECT_STREQ(ToString(ColumnType::kCategory), "category");
  EXPECT_STREQ(ToString(Part::kTrain), "train");
  EXPECT_STREQ(ToString(Part::kValidation), "validation");
  EXPECT_STREQ(ToString(Part::kTest), "test");
}

}  // namespace
}  // namespace slipway::data
