// Figures of scikit-learn 1.9: TargetEncoder and OneHotEncoder on the table of OracleTable, which
// numpy makes so:
//   i = np.arange(300); c = [f"c{k * k % 23:02d}" for k in i], missing where i % 17 == 0
//   two = (i * 7919 % 101 + 3 * (i * i % 23)) % 100 < 45; three = (i * i % 23 + i) % 3
//   number = i * 7919 % 101 / 10 + i * i % 23
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/random.h"
#include "data/category_encoding_internal.h"
#include "data/preprocessing.h"
#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

struct Oracle {
  Table table;
  Target two, three, number;
  std::vector<int32_t> folds;  // i % 5
};

Oracle MakeOracle() {
  Oracle oracle;
  std::vector<std::string> texts;
  oracle.two.labels = {"0", "1"};
  oracle.three.labels = {"a", "b", "c"};
  oracle.number.task = Task::kRegression;
  for (int i = 0; i < 300; ++i) {
    const int root = i * i % 23;
    texts.push_back(i % 17 == 0 ? "" : fmt::format("c{:02d}", root));
    oracle.two.classes.push_back((i * 7919 % 101 + 3 * root) % 100 < 45 ? 1 : 0);
    oracle.three.classes.push_back((root + i) % 3);
    oracle.number.values.push_back(i * 7919 % 101 / 10.0 + root);
    oracle.folds.push_back(i % 5);
  }
  oracle.table = MakeTable({Texts("c", texts)});
  return oracle;
}

config::PreprocessingStep EncodeStep(Json options) {
  return {.name = "encode", .options = std::move(options)};
}

PreprocessingPlan Fit(const Table& table, Json options, const Target* target) {
  const auto plan =
      FitPreprocessing(table, {"c"}, {EncodeStep(std::move(options))}, AllRows(table), target);
  EXPECT_TRUE(plan.ok()) << plan.error().ToString();
  return plan.ok() ? *plan : PreprocessingPlan{};
}

std::vector<float> Encoded(const PreprocessingPlan& plan, const std::vector<std::string>& texts) {
  const Table table = MakeTable({Texts("c", texts)});
  const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
  EXPECT_TRUE(matrix.ok());
  std::vector<float> by_row;
  for (int64_t row = 0; row < matrix->rows; ++row) {
    for (int64_t column = 0; column < matrix->columns; ++column) {
      by_row.push_back(matrix->Column(column)[row]);
    }
  }
  return by_row;
}

const std::vector<std::string> kAsked = {"c00", "c01", "c18", "", "zzz"};

TEST(TargetEncodingTest, AgreesWithScikitLearn) {
  const Oracle oracle = MakeOracle();
  const auto expect = [&](Json options, const Target& target, std::vector<float> values) {
    options["method"] = "target";
    EXPECT_THAT(Encoded(Fit(oracle.table, options, &target), kAsked),
                Pointwise(FloatNear(1e-6F), values));
  };
  expect(Json::object(), oracle.two,
         {0.6790159781117597F, 0.44139363888312816F, 0.3384631535748882F, 0.4461239701973367F,
          0.4766666666666667F});
  expect({{"smoothing", 10}}, oracle.two,
         {0.5985507246376811F, 0.4504761904761905F, 0.37549019607843137F, 0.45595238095238094F,
          0.4766666666666667F});
  expect(Json::object(), oracle.number,
         {3.7178497080074444F, 6.423753343144724F, 23.03588370697354F, 13.758289521952374F,
          12.970666666666666F});
  expect(Json::object(), oracle.three,
         {0.30967293783387706F, 0.3087821075820378F, 0.3812671808314641F, 0.2819748799025775F,
          0.32012753512197695F, 0.39753846153846156F, 0.3334660360632939F, 0.2928654222766945F,
          0.3735403627240335F, 0.4382073731056584F, 0.2799859525285349F, 0.28072197380972624F,
          0.33666666666666667F, 0.3233333333333333F, 0.34F});
}

TEST(TargetEncodingTest, NamesItsColumnsByClass) {
  const Oracle oracle = MakeOracle();
  const Json options = {{"method", "target"}};
  EXPECT_THAT(Fit(oracle.table, options, &oracle.two).OutputNames(), ElementsAre("c (target 1)"));
  EXPECT_THAT(Fit(oracle.table, options, &oracle.three).OutputNames(),
              ElementsAre("c (target a)", "c (target b)", "c (target c)"));
  EXPECT_THAT(Fit(oracle.table, options, &oracle.number).OutputNames(), ElementsAre("c (target)"));
}

// TargetEncoder(cv=PredefinedSplit(i % 5)).fit_transform
TEST(TargetEncodingTest, MeansOfOtherFoldsAreThoseOfScikitLearn) {
  const Oracle oracle = MakeOracle();
  const std::vector<int64_t> rows = AllRows(oracle.table);
  const Column& column = oracle.table.columns[0];
  CategoryGroups groups;
  groups.count = static_cast<int32_t>(column.categories.size() + 1);
  for (int32_t i = 0; i < groups.count; ++i) groups.by_code.push_back(i);
  const std::vector<int32_t> by_row = groups.OfRows(column, rows);
  const std::vector<double> values = TargetSeries({rows, &oracle.two}, 0);
  const auto at = [&](size_t row, std::optional<double> smoothing) {
    const SmoothedMeans means =
        SmoothMeans(by_row, groups.count, values, smoothing, oracle.folds, oracle.folds[row]);
    return means.by_group[static_cast<size_t>(by_row[row])];
  };
  EXPECT_NEAR(at(0, std::nullopt), 0.43215631127692394, 1e-12);
  EXPECT_NEAR(at(1, std::nullopt), 0.45137793449011787, 1e-12);
  EXPECT_NEAR(at(2, std::nullopt), 0.39321875071423673, 1e-12);
  EXPECT_NEAR(at(299, std::nullopt), 0.6818443804034581, 1e-12);
  EXPECT_NEAR(at(0, 10), 0.45138888888888884, 1e-12);
  EXPECT_NEAR(at(299, 10), 0.5833333333333334, 1e-12);
}

TEST(TargetEncodingTest, AConstantTargetAndAnEmptyGroupHaveTheMean) {
  const std::vector<int32_t> groups = {0, 0, 1, -1};
  const std::vector<double> ones = {1, 1, 1, 1};
  EXPECT_THAT(SmoothMeans(groups, 3, ones, std::nullopt).by_group, ElementsAre(1, 1, 1));
  const std::vector<double> values = {0, 1, 1, 0};
  EXPECT_EQ(SmoothMeans(groups, 3, values, 0.0).by_group[2], 0.5);
  EXPECT_EQ(SmoothMeans(groups, 3, values, std::nullopt).by_group[2], 0.5);
}

// Every category is new to the other folds: by itself it would tell its row's label.
TEST(PrepareTrainingTest, ARowDoesNotTellItsOwnLabel) {
  std::vector<std::string> texts;
  Target target;
  target.labels = {"0", "1"};
  Random random(1);
  for (int i = 0; i < 400; ++i) {
    texts.push_back(fmt::format("id{}", i));
    target.classes.push_back(static_cast<int32_t>(random.Below(2)));
  }
  const Table table = MakeTable({Texts("c", texts)});
  const std::vector<config::PreprocessingStep> steps = {
      EncodeStep({{"method", "target"}, {"smoothing", 0}})};
  const auto prepared = PrepareTraining(table, {"c"}, steps, AllRows(table), target, 7);
  ASSERT_TRUE(prepared.ok()) << prepared.error().ToString();
  const auto applied = ApplyPreprocessing(prepared->plan, table, AllRows(table));
  double sum = 0;
  for (const int32_t cls : target.classes) sum += cls;
  for (int64_t row = 0; row < table.rows; ++row) {
    const auto at = static_cast<size_t>(row);
    EXPECT_EQ(applied->values[at], static_cast<float>(target.classes[at]));
    // The mean over the other folds, whatever the row's label is.
    EXPECT_NEAR(prepared->matrix.values[at], sum / 400, 0.02);
  }
}

TEST(PrepareTrainingTest, IsTheSameOnAnyNumberOfThreadsAndLeavesOtherColumnsAlone) {
  Oracle oracle = MakeOracle();
  Column other = oracle.table.columns[0];
  other.name = "d";
  oracle.table.columns.push_back(other);
  oracle.table.columns.push_back(Numbers("x", oracle.number.values));
  const std::vector<std::string> features = {"c", "x", "d"};
  const std::vector<config::PreprocessingStep> steps = {
      EncodeStep({{"method", "target"}, {"columns", {{"d", "frequency"}}}})};
  const std::vector<int64_t> rows = AllRows(oracle.table);
  const auto one = PrepareTraining(oracle.table, features, steps, rows, oracle.three, 7, 1);
  const auto four = PrepareTraining(oracle.table, features, steps, rows, oracle.three, 7, 4);
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->matrix.values, four->matrix.values);
  EXPECT_NE(one->matrix.values,
            PrepareTraining(oracle.table, features, steps, rows, oracle.three, 8)->matrix.values);
  const auto applied = ApplyPreprocessing(one->plan, oracle.table, rows);
  EXPECT_THAT(one->plan.OutputNames(),
              ElementsAre("x", "c (target a)", "c (target b)", "c (target c)", "d (frequency)"));
  for (const int64_t column : {0, 4}) {
    EXPECT_TRUE(std::equal(applied->Column(column), applied->Column(column) + applied->rows,
                           one->matrix.Column(column)));
  }
  EXPECT_NE(one->matrix.Column(1)[0], applied->Column(1)[0]);
}

TEST(PrepareTrainingTest, DealsEachClassIntoEveryFold) {
  const Oracle oracle = MakeOracle();
  const std::vector<int64_t> rows = AllRows(oracle.table);
  const std::vector<int32_t> folds = DealFolds({rows, &oracle.three}, 5, 3);
  for (int32_t cls = 0; cls < 3; ++cls) {
    std::vector<int> counts(5);
    int all = 0;
    for (size_t i = 0; i < folds.size(); ++i) {
      if (oracle.three.classes[i] != cls) continue;
      ++counts[static_cast<size_t>(folds[i])];
      ++all;
    }
    for (const int count : counts) EXPECT_NEAR(count, all / 5.0, 1);
  }
}

// OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist"): "c00" has 13 rows, missing
// 18.
TEST(OneHotTest, TakesRareCategoriesTogetherAsScikitLearnDoes) {
  const Oracle oracle = MakeOracle();
  const Json options = {{"min_frequency", 20}, {"unknown", "infrequent"}};
  const PreprocessingPlan plan = Fit(oracle.table, options, nullptr);
  const std::vector<std::string> names = plan.OutputNames();
  ASSERT_EQ(names.size(), 12U);
  EXPECT_EQ(names.front(), "c=c01");
  EXPECT_EQ(names.back(), "c (infrequent)");
  EXPECT_THAT(plan.features[0].infrequent, ElementsAre("", "c00"));
  const std::vector<float> encoded = Encoded(plan, kAsked);
  const auto column_of = [&](size_t row) {
    std::vector<size_t> ones;
    for (size_t i = 0; i < 12; ++i) {
      if (encoded[row * 12 + i] == 1) ones.push_back(i);
    }
    return ones;
  };
  EXPECT_THAT(column_of(0), ElementsAre(11));
  EXPECT_THAT(column_of(1), ElementsAre(0));
  EXPECT_THAT(column_of(2), ElementsAre(10));
  EXPECT_THAT(column_of(3), ElementsAre(11));
  EXPECT_THAT(column_of(4), ElementsAre(11));
  // A share of the 300 rows: 0.08 is 24 of them.
  EXPECT_EQ(Fit(oracle.table, {{"min_frequency", 0.08}}, nullptr).OutputNames(), names);
}

TEST(EncodeTest, AnUnknownCategoryHasAnAnswerInEachEncoding) {
  const Table table = MakeTable({Texts("c", {"a", "a", "a", "b", "b", "r", "s", "a", "b", ""})});
  Target target;
  target.labels = {"0", "1"};
  target.classes = {1, 1, 0, 0, 0, 1, 1, 1, 0, 0};
  const auto values = [&](const char* method, const char* unknown) {
    const Json options = {
        {"method", method}, {"min_frequency", 2}, {"unknown", unknown}, {"smoothing", 0}};
    return Encoded(Fit(table, options, &target), {"a", "r", "", "new"});
  };
  // "a", "b"; "r", "s" and missing are infrequent.
  EXPECT_THAT(values("one_hot", "ignore"), ElementsAre(1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0));
  EXPECT_THAT(values("one_hot", "infrequent"), ElementsAre(1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1));
  EXPECT_THAT(values("rank", "ignore"), ElementsAre(1, 3, 0, 0));
  EXPECT_THAT(values("rank", "infrequent"), ElementsAre(1, 3, 0, 3));
  EXPECT_THAT(values("frequency", "ignore"), ElementsAre(0.4F, 0.3F, 0.3F, 0));
  EXPECT_THAT(values("frequency", "infrequent"), ElementsAre(0.4F, 0.3F, 0.3F, 0.3F));
  const auto third = static_cast<float>(2.0 / 3);
  EXPECT_THAT(values("target", "ignore"), ElementsAre(0.75F, third, third, 0.5F));
  EXPECT_THAT(values("target", "infrequent"), ElementsAre(0.75F, third, third, third));
}

// A missing value has no rank, so a rare one is no reason for a last one.
TEST(EncodeTest, RareMissingValuesMakeNoRank) {
  const Table table = MakeTable({Texts("c", {"a", "a", "b", "b", "b", ""})});
  const Json options = {{"method", "rank"}, {"min_frequency", 2}, {"unknown", "infrequent"}};
  EXPECT_THAT(Encoded(Fit(table, options, nullptr), {"a", "b", "", "new"}),
              ElementsAre(2, 1, 0, 0));
}

TEST(EncodeTest, AFilledCategoryCountsAsWhatFillsIt) {
  const Table table = MakeTable({Texts("c", {"a", "a", "b", "", ""})});
  const std::vector<config::PreprocessingStep> steps = {
      EncodeStep({{"method", "frequency"}}),
      {.name = "handle_missing", .options = {{"categorical", "most_frequent"}}}};
  const auto plan = FitPreprocessing(table, {"c"}, steps, AllRows(table));
  EXPECT_THAT(Encoded(*plan, {"a", "b", "", "new"}), ElementsAre(0.8F, 0.2F, 0.8F, 0));
}

TEST(EncodeTest, ChoosesByTheNumberOfFrequentCategories) {
  const Oracle oracle = MakeOracle();
  const auto encoding = [&](Json options) {
    return Fit(oracle.table, std::move(options), &oracle.two).features[0];
  };
  EXPECT_EQ(encoding(Json::object()).encoding, Encoding::kOneHot);
  EXPECT_EQ(encoding({{"max_one_hot", 12}}).encoding, Encoding::kOneHot);
  EXPECT_EQ(encoding({{"max_one_hot", 11}}).encoding, Encoding::kRank);
  EXPECT_EQ(encoding({{"max_one_hot", 11}, {"min_frequency", 20}}).encoding, Encoding::kOneHot);
  EXPECT_EQ(encoding({{"max_one_hot", 11}, {"high_cardinality", "target"}}).lookups[0].label,
            "target 1");
  EXPECT_EQ(encoding({{"method", "one_hot"}, {"columns", {{"c", "frequency"}}}}).lookups[0].label,
            "frequency");
}

TEST(EncodeTest, AFeatureWithoutValuesHasAColumn) {
  const Table table = MakeTable({Texts("c", {"", ""})});
  for (const char* method : {"one_hot", "rank", "frequency"}) {
    const PreprocessingPlan plan = Fit(table, {{"method", method}}, nullptr);
    EXPECT_EQ(plan.output_columns(), 1);
    EXPECT_FALSE(plan.features[0].categories.empty()) << method;
  }
}

TEST(EncodeTest, SaysWhatCannotBeDone) {
  const Oracle oracle = MakeOracle();
  const auto error = [&](const Table& table, Json options) {
    const auto plan =
        FitPreprocessing(table, {"c"}, {EncodeStep(std::move(options))}, AllRows(table));
    return plan.ok() ? "" : plan.error().ToString();
  };
  EXPECT_THAT(error(oracle.table, {{"method", "target"}}), HasSubstr("needs the target"));
  EXPECT_THAT(error(oracle.table, {{"columns", {{"d", "rank"}}}}),
              HasSubstr("no category column among the features is named 'd'"));
  std::vector<std::string> many;
  for (int i = 0; i < 10'001; ++i) many.push_back(std::to_string(i));
  EXPECT_THAT(error(MakeTable({Texts("c", many)}), {{"method", "one_hot"}}),
              HasSubstr("c: one_hot would make 10,001 columns"));
}

}  // namespace
}  // namespace slipway::data
