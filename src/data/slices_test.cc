#include "data/slices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/time_text.h"
#include "data/profile.h"
#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;

// The column of all rows, cut by what the first `training` rows say.
SlicedColumn Cut(const Column& column, int64_t training, size_t most = 20) {
  const Table table = MakeTable({column});
  std::vector<int64_t> rows = AllRows(table);
  const TableProfile profile =
      ProfileTable(table, std::span(rows).first(static_cast<size_t>(training)));
  return SliceColumn(table.columns[0], profile.columns[0], rows, most);
}

TEST(SliceColumn, CategoriesAreCutByValueTheMostFrequentFirst) {
  const SlicedColumn cut = Cut(Texts("c", {"b", "a", "b", "", "z", "a"}), 4);
  EXPECT_EQ(cut.column, "c");
  EXPECT_THAT(cut.parts, ElementsAre("= b", "= a", "any other", "missing"));
  EXPECT_THAT(cut.codes, ElementsAre(0, 1, 0, 3, 2, 1));
}

TEST(SliceColumn, RareCategoriesAreOneAndPartsWithoutRowsAreNone) {
  const Table table = MakeTable({Texts("c", {"b", "a", "b", "x", "z", "b", "a"})});
  const TableProfile profile = ProfileTable(table);
  const std::vector<int64_t> rows = {0, 3, 4};  // Neither "a" nor a missing value.
  const SlicedColumn cut = SliceColumn(table.columns[0], profile.columns[0], rows, 2);
  EXPECT_THAT(cut.parts, ElementsAre("= b", "any other"));
  EXPECT_THAT(cut.codes, ElementsAre(0, 1, 1));
}

TEST(SliceColumn, FewNumbersAreValues) {
  const SlicedColumn cut = Cut(Numbers("n", {2, 0.5, 2, kMissingNumber, 7}), 4);
  EXPECT_THAT(cut.parts, ElementsAre("= 0.5", "= 2", "any other", "missing"));
  EXPECT_THAT(cut.codes, ElementsAre(1, 0, 1, 3, 2));
}

// numpy.quantile(range(1, 13), [0.25, 0.5, 0.75]) is 3.75, 6.5 and 9.25; ranges are closed on the
// right, as pandas.cut has them.
TEST(SliceColumn, ManyNumbersAreCutAtTheQuartilesOfTraining) {
  std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  for (const double later : {3.75, 3.76, -100.0, 1e9}) values.push_back(later);
  const SlicedColumn cut = Cut(Numbers("n", values), 12);
  EXPECT_THAT(cut.parts, ElementsAre("≤ 3.75", "in (3.75, 6.5]", "in (6.5, 9.25]", "> 9.25"));
  EXPECT_THAT(cut.codes, ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 1, 0, 3));
}

TEST(SliceColumn, EqualQuartilesAreOneEdge) {
  std::vector<double> values(40, 0);
  for (int i = 0; i < 11; ++i) values.push_back(i + 1);
  const SlicedColumn cut = Cut(Numbers("n", values), std::ssize(values));
  EXPECT_THAT(cut.parts, ElementsAre("≤ 0", "> 0"));
}

Column Times(const std::vector<std::string>& texts) {
  Column column = Numbers("t", {});
  column.type = ColumnType::kTimestamp;
  for (const std::string& text : texts) column.numbers.push_back(*ParseIsoTime(text));
  return column;
}

TEST(SliceColumn, TimesAreCutByTheCoarsestUnitThatTellsThemApart) {
  EXPECT_THAT(Cut(Times({"2021-05-01", "2023-01-01", "2021-12-31"}), 3).parts,
              ElementsAre("in 2021", "in 2023"));
  EXPECT_THAT(Cut(Times({"2021-05-01", "2021-01-31", "2021-06-30"}), 3).parts,
              ElementsAre("in 2021 Q1", "in 2021 Q2"));
  EXPECT_THAT(Cut(Times({"2021-05-01", "2021-04-30"}), 2).parts,
              ElementsAre("in 2021-04", "in 2021-05"));
  EXPECT_THAT(Cut(Times({"2021-05-01", "2021-05-01T20:00:00Z", "2021-05-03"}), 3).codes,
              ElementsAre(0, 0, 1));
}

TEST(SliceColumn, AColumnWithoutValuesHasOnePart) {
  EXPECT_THAT(Cut(Numbers("n", {kMissingNumber, kMissingNumber}), 2).parts, ElementsAre("missing"));
}

}  // namespace
}  // namespace slipway::data
