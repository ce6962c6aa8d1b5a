#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "data/preprocessing.h"
#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Steps = std::vector<config::PreprocessingStep>;

config::PreprocessingStep Step(const std::string& name, Json options = Json::object()) {
  return {.name = name, .options = std::move(options)};
}

const Json kMedian = {{"numeric", "median"}};

Json Constant(double value) { return {{"numeric", "constant"}, {"fill_value", value}}; }

PreprocessingPlan Fit(const Table& table, const Steps& steps, std::vector<int64_t> rows) {
  std::vector<std::string> features;
  for (const Column& column : table.columns) features.push_back(column.name);
  auto plan = FitPreprocessing(table, features, steps, rows);
  EXPECT_TRUE(plan.ok()) << plan.error().ToString();
  return plan.ok() ? *plan : PreprocessingPlan{};
}

std::string FitError(const Table& table, const Steps& steps) {
  std::vector<std::string> features;
  for (const Column& column : table.columns) features.push_back(column.name);
  const auto plan = FitPreprocessing(table, features, steps, AllRows(table));
  return plan.ok() ? "" : plan.error().ToString();
}

struct OracleCase {
  Steps steps;
  std::vector<double> values;  // Of rows 0, 1, 2, 26, 500 and 999; rows 0 and 26 are missing.
};

// scikit-learn 1.9 pipelines of SimpleImputer, StandardScaler and MinMaxScaler in the same order,
// fitted on all rows of OracleColumn.
TEST(FitPreprocessingTest, AgreesWithScikitLearn) {
  const std::vector<OracleCase> cases = {
      {{Step("handle_missing"), Step("normalize")},
       {0, 1.3381502456316545, 0.5198954295915039, 0, -1.0593222662187458, -0.24429893356081123}},
      {{Step("normalize"), Step("handle_missing")},
       {0, 1.2855996000827725, 0.4994785589657018, 0, -1.0177215049321666, -0.23470504325781014}},
      {{Step("handle_missing", kMedian), Step("normalize")},
       {-0.2606551412334231, 1.3560974059736324, 0.5401647753072055, -0.2606551412334231,
        -1.034571142744762, -0.22186082459678277}},
      {{Step("handle_missing", Constant(5000)), Step("normalize")},
       {3.3716993578269263, 0.022721038503660196, -0.16316974027400408, 3.3716993578269263,
        -0.5219357402766625, -0.3367790885102319}},
      {{Step("normalize"), Step("handle_missing", Constant(-3))},
       {-3, 1.2855996000827725, 0.4994785589657018, -3, -1.0177215049321666, -0.23470504325781014}},
      {{Step("normalize", {{"method", "minmax"}}), Step("handle_missing", kMedian)},
       {0.2559870795413277, 0.7211511490921332, 0.48639503652824684, 0.2559870795413277,
        0.03331978430471339, 0.26714878900225675}},
      {{Step("handle_missing", Constant(5000)), Step("normalize", {{"method", "minmax"}})},
       {1, 0.1456729911874734, 0.09825210700837117, 1, 0.0067306176402818375,
        0.053964225440203864}}};
  const Table table = MakeTable({OracleColumn("x")});
  for (size_t i = 0; i < cases.size(); ++i) {
    const PreprocessingPlan plan = Fit(table, cases[i].steps, AllRows(table));
    const std::vector<int64_t> rows = {0, 1, 2, 26, 500, 999};
    const auto matrix = ApplyPreprocessing(plan, table, rows);
    ASSERT_TRUE(matrix.ok());
    for (size_t row = 0; row < rows.size(); ++row) {
      EXPECT_NEAR(matrix->values[row], cases[i].values[row], 3e-7)
          << "case " << i << ", row " << rows[row];
    }
  }
}

TEST(FitPreprocessingTest, LooksAtTrainingRowsOnly) {
  const Table table = MakeTable({OracleColumn("x")});
  std::vector<int64_t> rows = AllRows(table);
  rows.resize(500);
  const PreprocessingPlan plan = Fit(table, {Step("handle_missing"), Step("normalize")}, rows);
  const std::vector<int64_t> shown = {0, 1, 999};
  const auto matrix = ApplyPreprocessing(plan, table, shown);
  // make_pipeline(SimpleImputer(), StandardScaler()).fit(X[:500]).transform(X)[[0, 1, 999]]
  EXPECT_NEAR(matrix->values[0], 0, 1e-7);
  EXPECT_NEAR(matrix->values[1], 1.3455337304501285, 3e-7);
  EXPECT_NEAR(matrix->values[2], -0.24264014673570236, 3e-7);
}

TEST(FitPreprocessingTest, FillsWithTheMeanWithoutBeingAsked) {
  const PreprocessingPlan plan =
      Fit(MakeTable({Numbers("x", {1, kMissingNumber, 5})}), {}, {0, 1, 2});
  EXPECT_EQ(plan.features[0].fill, 3);
  EXPECT_EQ(plan.features[0].shift, 0);
  EXPECT_EQ(plan.features[0].scale, 1);
}

TEST(FitPreprocessingTest, ConstantAndEmptyColumnsHaveScaleOne) {
  const Table table = MakeTable({Numbers("constant", std::vector<double>(1000, 0.1)),
                                 Numbers("none", std::vector<double>(1000, kMissingNumber))});
  for (const char* method : {"standard", "minmax"}) {
    const Steps steps = {Step("handle_missing"), Step("normalize", {{"method", method}})};
    const PreprocessingPlan plan = Fit(table, steps, AllRows(table));
    EXPECT_EQ(plan.features[0].scale, 1);
    EXPECT_EQ(plan.features[0].shift, 0.1);
    EXPECT_EQ(plan.features[1].fill, 0);
    EXPECT_EQ(plan.features[1].scale, 1);
  }
}

TEST(FitPreprocessingTest, NormalizesTheLeastAndTheLargestNumbers) {
  for (const double unit : {1.0, 1e-170, 1e-300, 1e160, 1e300}) {
    const Table table = MakeTable({Numbers("x", {0, unit, 2 * unit, kMissingNumber})});
    const Steps steps = {Step("handle_missing"), Step("normalize")};
    const PreprocessingPlan plan = Fit(table, steps, AllRows(table));
    EXPECT_NEAR(plan.features[0].scale / unit, 0.70710678118654757, 1e-12) << unit;
    const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
    EXPECT_NEAR(matrix->values[0], -1.414213562, 1e-6) << unit;
    EXPECT_NEAR(matrix->values[2], 1.414213562, 1e-6) << unit;
  }
  // What fills a missing value may be of another size than all others.
  const Table table = MakeTable({Numbers("x", {0, 1e-170, kMissingNumber, kMissingNumber})});
  const Steps steps = {Step("handle_missing", {{"numeric", "constant"}, {"fill_value", 1}}),
                       Step("normalize")};
  EXPECT_NEAR(Fit(table, steps, AllRows(table)).features[0].scale, 0.5, 1e-12);
}

TEST(FitPreprocessingTest, KeepsWholeNumbersBeyondFloatApart) {
  // 2^24 + 1 and its neighbours are one float32 before scaling, and three after.
  const Table table = MakeTable({Numbers("id", {16777216, 16777217, 16777218})});
  const PreprocessingPlan plan = Fit(table, {Step("normalize")}, {0, 1, 2});
  const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
  EXPECT_NEAR(matrix->values[0], -1.224744871, 1e-6);
  EXPECT_EQ(matrix->values[1], 0);
  EXPECT_NEAR(matrix->values[2], 1.224744871, 1e-6);
}

TEST(FitPreprocessingTest, EncodesCategoriesInByteOrderWithMissingFirst) {
  const Table table = MakeTable({Texts("c", {"b", "", "a", "b", "z"})});
  const PreprocessingPlan plan = Fit(table, {}, {0, 1, 2, 3});
  EXPECT_EQ(plan.features[0].encoding, Encoding::kOneHot);
  EXPECT_THAT(plan.features[0].categories, ElementsAre("", "a", "b"));
  EXPECT_EQ(plan.features[0].fill_category, "");
}

TEST(FitPreprocessingTest, FillsCategoriesWithTheMostFrequentWhereAsked) {
  const Table table =
      MakeTable({Texts("c", {"b", "", "a", "b", "a"}), Texts("none", {"", "", "", "", ""})});
  const Steps steps = {Step("handle_missing", {{"categorical", "most_frequent"}})};
  const PreprocessingPlan plan = Fit(table, steps, AllRows(table));
  EXPECT_EQ(plan.features[0].fill_category, "a");
  EXPECT_THAT(plan.features[0].categories, ElementsAre("a", "b"));
  EXPECT_EQ(plan.features[1].fill_category, "");
  EXPECT_THAT(plan.features[1].categories, ElementsAre(""));
}

TEST(FitPreprocessingTest, RanksManyCategoriesByFrequency) {
  std::vector<std::string> values;
  for (int i = 0; i < 65; ++i) values.push_back(std::to_string(100 + i));
  values.insert(values.end(), {"130", "130", "120", ""});
  const PreprocessingPlan plan =
      Fit(MakeTable({Texts("c", values)}), {}, AllRows(MakeTable({Texts("c", values)})));
  EXPECT_EQ(plan.features[0].encoding, Encoding::kRank);
  ASSERT_EQ(plan.features[0].categories.size(), 65U);
  EXPECT_EQ(plan.features[0].categories[0], "130");
  EXPECT_EQ(plan.features[0].categories[1], "120");
  EXPECT_EQ(plan.features[0].categories[2], "100");
  values.erase(values.begin());
  EXPECT_EQ(Fit(MakeTable({Texts("c", values)}), {}, {0, 1}).features[0].encoding,
            Encoding::kOneHot);
}

TEST(FeatureSelectionTest, DropsConstantAndRepeatedFeatures) {
  const Table table =
      MakeTable({Numbers("a", {1, 2, kMissingNumber, 9}), Numbers("constant", {4, 4, 4, 9}),
                 Numbers("copy", {1, 2, kMissingNumber, 8}), Texts("c", {"x", "y", "x", "z"}),
                 Texts("c_copy", {"x", "y", "x", "y"}), Texts("same", {"q", "q", "q", "r"}),
                 Numbers("none", {kMissingNumber, kMissingNumber, kMissingNumber, 1})});
  const PreprocessingPlan plan = Fit(table, {Step("feature_selection")}, {0, 1, 2});
  std::vector<std::string> kept;
  for (const FeaturePlan& feature : plan.features) kept.push_back(feature.name);
  EXPECT_THAT(kept, ElementsAre("a", "c"));
  std::vector<std::string> reasons;
  for (const DroppedFeature& dropped : plan.dropped)
    reasons.push_back(dropped.name + ": " + dropped.reason);
  EXPECT_THAT(reasons,
              ElementsAre("constant: constant", "copy: the same as 'a'", "c_copy: the same as 'c'",
                          "same: constant", "none: has no values"));
}

TEST(FeatureSelectionTest, MissingCountsAsACategoryUntilItIsFilled) {
  const Table table = MakeTable({Texts("c", {"x", "", "x"}), Numbers("n", {1, 2, 3})});
  EXPECT_THAT(Fit(table, {Step("feature_selection")}, {0, 1, 2}).dropped, IsEmpty());
  const Steps steps = {Step("handle_missing", {{"categorical", "most_frequent"}}),
                       Step("feature_selection")};
  EXPECT_EQ(Fit(table, steps, {0, 1, 2}).dropped.size(), 1U);
}

TEST(FeatureSelectionTest, MeasuresVarianceInTheUnitThatEarlierStepsLeft) {
  const Table table = MakeTable({Numbers("narrow", {0, 0.1, 0.2}), Numbers("wide", {0, 10, 20})});
  const Json options = {{"min_variance", 0.5}};
  EXPECT_EQ(Fit(table, {Step("feature_selection", options)}, {0, 1, 2}).dropped[0].reason,
            "variance 0.00666667, not above 0.5");
  EXPECT_THAT(
      Fit(table, {Step("normalize"), Step("feature_selection", options)}, {0, 1, 2}).dropped,
      IsEmpty());
}

TEST(FeatureSelectionTest, RefusesToDropEverything) {
  EXPECT_THAT(FitError(MakeTable({Numbers("x", {1, 1})}), {Step("feature_selection")}),
              HasSubstr("drops every feature"));
}

TEST(OutlierRemovalTest, DropsRowsBeyondTukeysFences) {
  const Table table = MakeTable({OracleColumn("x")});
  const auto kept = [&](double factor) {
    return RemoveOutliers(table, {"x"}, {Step("outlier_removal", {{"factor", factor}})},
                          AllRows(table))
        ->size();
  };
  // numpy: 91 rows beyond np.nanquantile(x, .25) - 0.5 IQR … .75 + 0.5 IQR, none beyond 1.5 IQR.
  EXPECT_EQ(kept(0.5), 909U);
  EXPECT_EQ(kept(1.5), 1000U);
}

TEST(OutlierRemovalTest, FitsItsFencesOnTheGivenRowsAndKeepsTheirOrder) {
  const Table table = MakeTable({Numbers("x", {1, 2, 3, 4, 100, kMissingNumber, -50}),
                                 Texts("c", {"a", "b", "a", "b", "a", "b", "a"})});
  const std::vector<int64_t> rows = {5, 4, 3, 2, 1, 0};
  EXPECT_THAT(
      *RemoveOutliers(table, {"x", "c"}, {Step("normalize"), Step("outlier_removal")}, rows),
      ElementsAre(5, 3, 2, 1, 0));
  EXPECT_EQ(*RemoveOutliers(table, {"x", "c"}, {Step("normalize")}, rows), rows);
}

TEST(OutlierRemovalTest, LeavesFeaturesAloneWhoseQuartilesAreEqual) {
  const Table table = MakeTable({Numbers("capital_gain", {0, 0, 0, 0, 0, 0, 0, 99999})});
  EXPECT_EQ(
      RemoveOutliers(table, {"capital_gain"}, {Step("outlier_removal")}, AllRows(table))->size(),
      8U);
}

TEST(StepOptionsTest, NamesWhatIsUnknownOrWrong) {
  const Table table = MakeTable({Numbers("x", {1, 2})});
  const auto error = [&](const std::string& name, Json options) {
    return FitError(table, {Step(name, std::move(options))});
  };
  EXPECT_EQ(error("normalise", Json::object()),
            "data.preprocessing_steps: unknown preprocessing step 'normalise'; expected "
            "handle_missing, normalize, feature_selection, outlier_removal, timestamp_features or "
            "encode; try 'normalize'");
  EXPECT_EQ(error("normalize", {{"metod", "minmax"}}),
            "data.preprocessing_steps.normalize: normalize has no option 'metod'; expected method; "
            "try 'method'");
  EXPECT_EQ(error("normalize", {{"method", "min_max"}}),
            "data.preprocessing_steps.normalize.method: 'min_max' is not a method of normalize; "
            "expected standard or "
            "minmax; try 'minmax'");
  EXPECT_THAT(error("handle_missing", {{"fill_value", 3}}),
              HasSubstr("a mean needs no fill_value"));
  EXPECT_THAT(error("handle_missing", {{"numeric", 3}}),
              HasSubstr("'3' is not a numeric of handle_missing"));
  EXPECT_THAT(error("handle_missing", {{"numeric", "constant"}, {"fill_value", "x"}}),
              HasSubstr("\"x\" is not a valid fill_value"));
  EXPECT_THAT(error("outlier_removal", {{"factor", -1}}), HasSubstr("a number, at least 0"));
  EXPECT_THAT(error("feature_selection", {{"best", 3}}),
              HasSubstr("expected method, methods, min_variance, max_correlation, k or min_score"));
  EXPECT_THAT(error("encode", {{"method", "onehot"}}), HasSubstr("try 'one_hot'"));
  EXPECT_THAT(error("encode", {{"unknown", "error"}}), HasSubstr("expected ignore or infrequent"));
  EXPECT_THAT(error("encode", {{"columns", {{"c", "targt"}}}}),
              HasSubstr("encode.columns.c: 'targt' is not a columns of encode"));
  EXPECT_THAT(error("encode", {{"folds", 1}}), HasSubstr("a whole number, at least 2"));
  EXPECT_THAT(error("timestamp_features", {{"features", {"hours"}}}), HasSubstr("try 'hour'"));
  EXPECT_THAT(error("timestamp_features", {{"features", Json::array()}}), HasSubstr("not a list"));
  EXPECT_THAT(error("timestamp_features", {{"cyclic", "yes"}}), HasSubstr("true or false"));
  EXPECT_THAT(error("timestamp_features", {{"columns", {{"x", {"hour"}}}}}),
              HasSubstr("no timestamp among the features is named 'x'"));
  EXPECT_THAT(error("normalize", Json::array({1})), HasSubstr("not a mapping"));
  EXPECT_THAT(FitError(table, {Step("normalize"), Step("normalize")}), HasSubstr("listed twice"));
}

Column Times(std::string name, std::vector<double> seconds) {
  Column column = Numbers(std::move(name), std::move(seconds));
  column.type = ColumnType::kTimestamp;
  return column;
}

// 1970-01-01 was a Thursday, 2000-02-29 a Tuesday.
const std::vector<double> kTwoTimes = {0, 951'825'600 /* noon of 2000-02-29 */};

TEST(TimestampFeaturesTest, ReplacesATimeByItsParts) {
  const Table table = MakeTable({Numbers("x", {1, 2}), Times("at", kTwoTimes)});
  const PreprocessingPlan plan = Fit(table, {Step("timestamp_features")}, {0, 1});
  EXPECT_THAT(plan.OutputNames(), ElementsAre("x", "at", "at (month)", "at (day_of_month)",
                                              "at (day_of_week)", "at (hour)"));
  EXPECT_THAT(plan.InputFeatures(), ElementsAre(0, 1));
  const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
  EXPECT_THAT(matrix->values, ElementsAre(1, 2, 0, 951'825'600, 1, 2, 1, 29, 3, 1, 0, 12));
}

TEST(TimestampFeaturesTest, WithoutTheStepATimeIsItsSeconds) {
  const Table table = MakeTable({Numbers("x", {1, 2}), Times("at", kTwoTimes)});
  const PreprocessingPlan plan = Fit(table, {}, {0, 1});
  EXPECT_THAT(plan.OutputNames(), ElementsAre("x", "at"));
  const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
  EXPECT_THAT(matrix->values, ElementsAre(1, 2, 0, 951'825'600));
}

TEST(TimestampFeaturesTest, LaterStepsSeeThePartsWhereverItIsListed) {
  const Table table =
      MakeTable({Times("at", {0, 12 * 3'600, kMissingNumber, 1e300}), Numbers("x", {1, 2, 3, 4})});
  const Steps steps = {Step("normalize", {{"method", "minmax"}}), Step("feature_selection"),
                       Step("handle_missing", Constant(0.25)),
                       Step("timestamp_features",
                            {{"features", {"hour", "day_of_week", "month"}}, {"cyclic", true}})};
  const PreprocessingPlan plan = Fit(table, steps, {0, 1, 2, 3});
  std::vector<std::string> dropped;
  for (const DroppedFeature& feature : plan.dropped) dropped.push_back(feature.name);
  // The day and the month are those of one day.
  EXPECT_THAT(dropped, ElementsAre("at (hour sin)", "at (day_of_week sin)", "at (day_of_week cos)",
                                   "at (month sin)", "at (month cos)"));
  EXPECT_THAT(plan.OutputNames(), ElementsAre("at (hour cos)", "x"));
  const auto matrix = ApplyPreprocessing(plan, table, AllRows(table));
  // A time of no year is missing.
  for (size_t row = 0; row < 4; ++row) {
    EXPECT_EQ(matrix->values[row], std::vector<float>({1, 0, 0.25F, 0.25F})[row]);
  }
}

TEST(TimestampFeaturesTest, AColumnMayHaveItsOwn) {
  const Table table = MakeTable({Times("a", kTwoTimes), Times("b", kTwoTimes)});
  const Json options = {{"features", {"year"}}, {"columns", {{"b", {"hour", "elapsed"}}}}};
  const PreprocessingPlan plan = Fit(table, {Step("timestamp_features", options)}, {0, 1});
  EXPECT_THAT(plan.OutputNames(), ElementsAre("a (year)", "b (hour)", "b"));
}

TEST(FitPreprocessingTest, RefusesValuesThatAModelCannotTake) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(FitError(MakeTable({Numbers("x", {1, 2, -infinity})}), {}),
              HasSubstr("row 3: x: the value is infinite"));
  const Table large = MakeTable({Numbers("x", {1, 1e39})});
  EXPECT_THAT(FitError(large, {}), HasSubstr("1e+39 is too large for a model's float32"));
  EXPECT_EQ(FitError(large, {Step("normalize")}), "");
  EXPECT_THAT(FitError(MakeTable({Numbers("x", {-1e308, 1e308})}),
                       {Step("normalize", {{"method", "minmax"}})}),
              HasSubstr("too far apart"));
}

TEST(FitPreprocessingTest, NamesAMissingFeature) {
  const Table table = MakeTable({Numbers("age", {1, 2})});
  const auto plan = FitPreprocessing(table, {"agee"}, {}, AllRows(table));
  EXPECT_EQ(plan.error().ToString(),
            "data.feature_columns: the data has no feature column 'agee'; expected age; try 'age'");
}

}  // namespace
}  // namespace slipway::data
