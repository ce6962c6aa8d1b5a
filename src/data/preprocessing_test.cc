#include "data/preprocessing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FeaturePlan NumericPlan(const std::string& name, double fill, double shift, double scale) {
  FeaturePlan plan;
  plan.name = name;
  plan.fill = fill;
  plan.shift = shift;
  plan.scale = scale;
  return plan;
}

FeaturePlan CategoryPlan(const std::string& name, Encoding encoding,
                         std::vector<std::string> categories) {
  FeaturePlan plan;
  plan.name = name;
  plan.type = ColumnType::kCategory;
  plan.encoding = encoding;
  plan.categories = std::move(categories);
  return plan;
}

// One of each kind; the numeric feature stands last among the inputs and first among the outputs.
PreprocessingPlan MixedPlan() {
  PreprocessingPlan plan;
  plan.features = {CategoryPlan("work", Encoding::kOneHot, {"", "Private", "State"}),
                   CategoryPlan("city", Encoding::kRank, {"Paris", "Berlin"}),
                   NumericPlan("age", 40, 30, 4)};
  plan.dropped = {{.name = "flat", .reason = "constant"}};
  return plan;
}

std::vector<float> ColumnOf(const Matrix& matrix, int64_t column) {
  return {matrix.Column(column), matrix.Column(column) + matrix.rows};
}

TEST(PreprocessingPlanTest, NamesItsOutputsNumbersFirst) {
  const PreprocessingPlan plan = MixedPlan();
  EXPECT_EQ(plan.output_columns(), 5);
  EXPECT_THAT(plan.OutputNames(),
              ElementsAre("age", "work (missing)", "work=Private", "work=State", "city (rank)"));
  EXPECT_THAT(plan.OutputSources(), ElementsAre(2, 0, 0, 0, 1));
}

TEST(ApplyPreprocessingTest, ComputesWhatThePlanSays) {
  const Table table =
      MakeTable({Numbers("age", {30, kMissingNumber, 50, 0}), Numbers("extra", {1, 2, 3, 4}),
                 Texts("city", {"Berlin", "Rome", "", "Paris"}),
                 Texts("work", {"State", "", "Never", "Private"})});
  const std::vector<int64_t> rows = {2, 1, 0, 3};
  const auto matrix = ApplyPreprocessing(MixedPlan(), table, rows);
  ASSERT_TRUE(matrix.ok()) << matrix.error().ToString();
  EXPECT_EQ(matrix->rows, 4);
  EXPECT_EQ(matrix->columns, 5);
  EXPECT_THAT(ColumnOf(*matrix, 0), ElementsAre(5, 2.5, 0, -7.5));
  EXPECT_THAT(ColumnOf(*matrix, 1), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(ColumnOf(*matrix, 2), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(ColumnOf(*matrix, 3), ElementsAre(0, 0, 1, 0));
  EXPECT_THAT(ColumnOf(*matrix, 4), ElementsAre(0, 0, 2, 1));
}

TEST(ApplyPreprocessingTest, FillsMissingCategories) {
  PreprocessingPlan plan;
  plan.features = {CategoryPlan("c", Encoding::kOneHot, {"a", "b"}),
                   CategoryPlan("r", Encoding::kRank, {"x", "y"})};
  plan.features[0].fill_category = "b";
  plan.features[1].fill_category = "x";
  const Table table = MakeTable({Texts("c", {"a", "", "new"}), Texts("r", {"y", "", "new"})});
  const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
  EXPECT_THAT(ColumnOf(*matrix, 0), ElementsAre(1, 0, 0));
  EXPECT_THAT(ColumnOf(*matrix, 1), ElementsAre(0, 1, 0));
  EXPECT_THAT(ColumnOf(*matrix, 2), ElementsAre(2, 1, 0));
}

TEST(ApplyPreprocessingTest, TakesAnEmptyTextForMissing) {
  PreprocessingPlan plan;
  plan.features = {CategoryPlan("c", Encoding::kOneHot, {"", "a"})};
  Column column = Texts("c", {"a", "b"});
  column.categories = {"", "a"};  // As a reader gives it where "" is not among the missing values.
  column.codes = {1, 0};
  const auto matrix = ApplyPreprocessing(plan, MakeTable({column}), std::vector<int64_t>{0, 1});
  EXPECT_THAT(ColumnOf(*matrix, 0), ElementsAre(0, 1));
  EXPECT_THAT(ColumnOf(*matrix, 1), ElementsAre(1, 0));
}

TEST(ApplyPreprocessingTest, RoundsOnceAfterScalingInDouble) {
  PreprocessingPlan plan;
  plan.features = {NumericPlan("x", 0, 16777216, 3)};
  const Table table = MakeTable({Numbers("x", {16777217})});
  EXPECT_EQ(ApplyPreprocessing(plan, table, AllRows(table))->values[0],
            static_cast<float>(1.0 / 3.0));
}

TEST(ApplyPreprocessingTest, IsTheSameOnAnyNumberOfThreads) {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (int i = 0; i < 60'000; ++i) {
    numbers.push_back(i % 7 == 0 ? kMissingNumber : i * 0.37);
    texts.emplace_back(1, static_cast<char>('a' + i % 5));
  }
  const Table table = MakeTable({Numbers("x", numbers), Texts("c", texts)});
  PreprocessingPlan plan;
  plan.features = {NumericPlan("x", 1, 2, 3),
                   CategoryPlan("c", Encoding::kOneHot, {"a", "b", "c"})};
  EXPECT_EQ(ApplyPreprocessing(plan, table, AllRows(table), 1)->values,
            ApplyPreprocessing(plan, table, AllRows(table), 4)->values);
}

TEST(ApplyPreprocessingTest, NamesWhatIsMissingOrOfTheWrongType) {
  PreprocessingPlan plan;
  plan.features = {NumericPlan("age", 0, 0, 1)};
  const auto error = [&](const Table& table) {
    const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
    return matrix.ok() ? "" : matrix.error().ToString();
  };
  EXPECT_THAT(error(MakeTable({Numbers("agee", {1})})),
              HasSubstr("no column 'age', which the model takes"));
  EXPECT_EQ(error(MakeTable({Texts("age", {"young", ""})})),
            "age: the column holds text; expected numbers, as in training");
  plan.features = {CategoryPlan("age", Encoding::kOneHot, {"a"})};
  EXPECT_THAT(error(MakeTable({Numbers("age", {1})})), HasSubstr("expected categories"));
}

TEST(ApplyPreprocessingTest, AColumnWithoutValuesFitsEitherType) {
  PreprocessingPlan plan;
  plan.features = {NumericPlan("n", 7, 1, 2), CategoryPlan("c", Encoding::kOneHot, {"", "a"})};
  const Table table =
      MakeTable({Texts("n", {"", ""}), Numbers("c", {kMissingNumber, kMissingNumber})});
  const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
  ASSERT_TRUE(matrix.ok()) << matrix.error().ToString();
  EXPECT_THAT(ColumnOf(*matrix, 0), ElementsAre(3, 3));
  EXPECT_THAT(ColumnOf(*matrix, 1), ElementsAre(1, 1));
}

TEST(PreprocessingPlanJsonTest, ReadsBackWhatItWrote) {
  PreprocessingPlan plan = MixedPlan();
  plan.features[2].shift = 0.1 + 0.2;
  plan.features[2].scale = 1e-300;
  plan.features[1].fill_category = "Paris";
  const std::string text = CompactJson(ToJson(plan));
  const auto read = PreprocessingPlanFromJson(*ParseJson(text, "plan.json"));
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(CompactJson(ToJson(*read)), text);
  EXPECT_EQ(read->features[2].shift, 0.1 + 0.2);
  EXPECT_EQ(read->features[2].scale, 1e-300);
  EXPECT_EQ(read->features[1].fill_category, "Paris");
  EXPECT_EQ(read->OutputNames(), plan.OutputNames());
  EXPECT_EQ(read->dropped[0].reason, "constant");
}

TEST(PreprocessingPlanJsonTest, ReadsBackEveryKindOfFeature) {
  PreprocessingPlan plan = MixedPlan();
  plan.outlier_rows = 3;
  FeaturePlan hour = NumericPlan("at", 12, 11.5, 3);
  hour.type = ColumnType::kTimestamp;
  hour.time = {TimePart::kHour, TimeForm::kCosine};
  FeaturePlan grouped = CategoryPlan("g", Encoding::kOneHot, {"a", "b"});
  grouped.infrequent = {"", "c"};
  grouped.unknown_is_infrequent = true;
  FeaturePlan lookup = CategoryPlan("l", Encoding::kLookup, {"a", "b"});
  lookup.lookups = {{"target x", {0.1F, 1e-30F}, 0.3F}, {"target y", {0.9F, 2}, -0.0F}};
  plan.features.insert(plan.features.end(), {hour, grouped, lookup});
  const std::string text = CompactJson(ToJson(plan));
  const auto read = PreprocessingPlanFromJson(*ParseJson(text, "plan.json"));
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(CompactJson(ToJson(*read)), text);
  EXPECT_EQ(read->OutputNames(), plan.OutputNames());
  EXPECT_EQ(read->outlier_rows, 3);
  EXPECT_EQ(read->features[5].lookups[0].values, plan.features[5].lookups[0].values);
  const Table table =
      MakeTable({Numbers("age", {1, 2, 3}), Texts("work", {"", "State", "x"}),
                 Texts("city", {"Paris", "", "x"}), Numbers("at", {0, 1e9, kMissingNumber}),
                 Texts("g", {"a", "c", "new"}), Texts("l", {"b", "new", ""})});
  EXPECT_EQ(ApplyPreprocessing(*read, table, AllRows(table))->values,
            ApplyPreprocessing(plan, table, AllRows(table))->values);
}

TEST(PreprocessingPlanJsonTest, RefusesPlansThatCannotBeApplied) {
  const auto error = [](const char* path, const Json& value) {
    Json json = ToJson(MixedPlan());
    json[Json::json_pointer(path)] = value;
    const auto plan = PreprocessingPlanFromJson(json);
    return plan.ok() ? "" : plan.error().message();
  };
  EXPECT_THAT(error("/features/2/scale", 0), HasSubstr("not usable"));
  EXPECT_THAT(error("/features/2/fill", nullptr), HasSubstr("not usable"));
  EXPECT_THAT(error("/features/0/encoding", "hash"), HasSubstr("'encoding'"));
  EXPECT_THAT(error("/features/0/type", "numeric"), HasSubstr("do not fit"));
  EXPECT_THAT(error("/features/0/categories", Json::array({1})), HasSubstr("a list of texts"));
  EXPECT_THAT(error("/features/2/time", "hour"), HasSubstr("'time' is no part"));
  EXPECT_THAT(error("/features/1/infrequent", Json::array({"x"})),
              HasSubstr("'unknown_is_infrequent'"));
  EXPECT_THAT(error("/features/1/encoding", "lookup"), HasSubstr("'lookups'"));
  EXPECT_THAT(error("/dropped", 1), HasSubstr("'dropped' is not a list"));
}

}  // namespace
}  // namespace slipway::data
