#include "train/slices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "data/two_sample.h"

namespace slipway::train {
namespace {

using ::testing::IsEmpty;

// Rows of two classes of which some are answered wrongly, cut by columns that tests add.
struct Rows {
  data::Target truth;
  model::Predictions predictions;
  std::vector<data::SlicedColumn> columns;
  std::vector<int64_t> all;

  explicit Rows(int64_t count) : predictions(model::Predictions::Make(count, 2)) {
    truth.labels = {"no", "yes"};
    truth.positive = 1;
    for (int64_t row = 0; row < count; ++row) {
      truth.classes.push_back(static_cast<int32_t>(row % 2));
      all.push_back(row);
    }
  }
  void Answer(int64_t row, bool right) {
    const auto i = static_cast<size_t>(row);
    predictions.labels[i] = right ? truth.classes[i] : 1 - truth.classes[i];
    predictions.scores[2 * i] = predictions.labels[i] == 0 ? 0.75F : 0.25F;
    predictions.scores[2 * i + 1] = 1 - predictions.scores[2 * i];
  }
  template <typename Code>
  void Cut(const std::string& name, int parts, const Code& code) {
    data::SlicedColumn& column = columns.emplace_back();
    column.column = name;
    for (int part = 0; part < parts; ++part) column.parts.push_back("= " + std::to_string(part));
    for (const int64_t row : all) column.codes.push_back(static_cast<int32_t>(code(row)));
  }
  SliceReport Find(int threads = 1) const {
    return EvaluateSlices({.truth = truth,
                           .predictions = predictions,
                           .named = {},
                           .searched = columns,
                           .searched_rows = all,
                           .threads = threads});
  }
  SliceReport Named(int threads = 1) const {
    return EvaluateSlices({.truth = truth,
                           .predictions = predictions,
                           .named = columns,
                           .searched = {},
                           .searched_rows = {},
                           .threads = threads});
  }
};

// scipy.stats.binomtest(hits, rows).proportion_ci(method="wilson").
TEST(WilsonInterval, EqualsScipy) {
  constexpr double kZ = 1.959963984540054;
  const auto expect = [&](double hits, double rows, double low, double high) {
    const auto interval = WilsonInterval(hits, rows, kZ);
    EXPECT_NEAR(interval.first, low, 1e-12);
    EXPECT_NEAR(interval.second, high, 1e-12);
  };
  expect(0, 10, 0, 0.27753279986288926);
  expect(7, 10, 0.39677814746114526, 0.892208732593699);
  expect(50, 50, 0.9286524008666412, 1);
  expect(123, 456, 0.2310496275621628, 0.31227123667969053);
  expect(0, 0, 0, 1);
}

TEST(EvaluateSlices, HasTheFiguresOfEachPart) {
  Rows rows(200);
  // Part 0 has 50 rows of which 20 are wrong, part 1 150 with 15.
  for (const int64_t row : rows.all) rows.Answer(row, row < 50 ? row >= 20 : row % 10 != 0);
  rows.Cut("group", 2, [](int64_t row) { return row < 50 ? 0 : 1; });
  const SliceReport report = rows.Named();
  EXPECT_EQ(report.metric, "accuracy");
  EXPECT_DOUBLE_EQ(report.whole, 1 - 35.0 / 200);
  ASSERT_EQ(report.named.size(), 2U);
  EXPECT_THAT(report.found, IsEmpty());
  const Slice& first = report.named[0];
  EXPECT_EQ(NameOf(first), "group = 0");
  EXPECT_EQ(first.rows, 50);
  EXPECT_DOUBLE_EQ(first.metrics.at("accuracy"), 0.6);
  EXPECT_DOUBLE_EQ(first.difference, 0.6 - report.whole);
  EXPECT_EQ(first.intervals.at("accuracy"), WilsonInterval(30, 50, 1.959963984540054));
  EXPECT_LT(first.intervals.at("f1").first, first.metrics.at("f1"));
  EXPECT_EQ(first.tally.positives, 25);
  EXPECT_EQ(first.tally.hits, 15);
  EXPECT_EQ(first.tally.answers, 25);
  // Shares of wrong answers 0.4 and 0.1, with their variances of a sample.
  const double inside = 50 * 0.4 * 0.6 / 49, outside = 150 * 0.1 * 0.9 / 149;
  EXPECT_NEAR(first.effect, std::sqrt(2) * 0.3 / std::sqrt(inside + outside), 1e-12);
  const double p = data::WelchTest({50, 0.4, inside}, {150, 0.1, outside}).p_value;
  EXPECT_NEAR(first.p_value, p, 1e-12);
  EXPECT_NEAR(first.q_value, p, 1e-12);  // Both parts have the same p-value.
}

TEST(EvaluateSlices, ASliceOfFewRowsIsShownAndNotTested) {
  Rows rows(100);
  for (const int64_t row : rows.all) rows.Answer(row, row >= 10);
  rows.Cut("group", 2, [](int64_t row) { return row < 10 ? 0 : 1; });
  const SliceReport report = rows.Named();
  EXPECT_DOUBLE_EQ(report.named[0].metrics.at("accuracy"), 0);
  EXPECT_TRUE(std::isnan(report.named[0].q_value));
  rows.columns[0].codes.assign(100, 1);
  rows.columns[0].parts = {"= 1", "= 1"};
  EXPECT_TRUE(std::isnan(rows.Named().named[1].p_value));  // No rows are left to compare with.
}

TEST(FindSlices, FindsOneConditionAndThenNoPairOfIt) {
  Rows rows(1000);
  Random random(3);
  for (const int64_t row : rows.all)
    rows.Answer(row, random.Uniform() > (row % 5 == 0 ? 0.6 : 0.1));
  rows.Cut("bad", 5, [](int64_t row) { return row % 5; });
  rows.Cut("noise", 3, [](int64_t row) { return row % 3; });
  const SliceReport report = rows.Find();
  ASSERT_EQ(report.found.size(), 1U);
  EXPECT_EQ(NameOf(report.found[0]), "bad = 0");
  EXPECT_GT(report.found[0].effect, 0.8);
  EXPECT_LT(report.found[0].q_value, 1e-6);
  // Eight parts, and pairs of what was no slice: four parts by three.
  EXPECT_EQ(report.looked_at, 8 + 12);
}

// Neither part varies, so that there is nothing to measure the difference by.
TEST(FindSlices, FindsAPartThatIsAllWrongWhereAllElseIsRight) {
  Rows rows(200);
  for (const int64_t row : rows.all) rows.Answer(row, row >= 100);
  rows.Cut("bad", 2, [](int64_t row) { return row < 100 ? 0 : 1; });
  const SliceReport report = rows.Find();
  ASSERT_EQ(report.found.size(), 1U);
  EXPECT_EQ(NameOf(report.found[0]), "bad = 0");
  EXPECT_EQ(report.found[0].effect, 1e6);
  EXPECT_EQ(SliceReportFromJson(ToJson(report))->found[0].effect, 1e6);
}

TEST(FindSlices, FindsNothingInEqualErrors) {
  Rows rows(0);
  rows.truth.task = data::Task::kRegression;
  rows.truth.labels.clear();
  for (int64_t row = 0; row < 300; ++row) {
    rows.all.push_back(row);
    rows.truth.values.push_back(static_cast<double>(row));
    rows.predictions.values.push_back(static_cast<double>(row) + (row % 2 == 0 ? 0.1 : -0.1));
  }
  rows.predictions.rows = 300;
  rows.predictions.classes = 0;
  rows.Cut("part", 3, [](int64_t row) { return row % 3; });
  EXPECT_THAT(rows.Find().found, IsEmpty());
}

TEST(FindSlices, FindsAPairThatNeitherColumnShows) {
  Rows rows(4000);
  Random random(3);
  rows.Cut("a", 4, [](int64_t row) { return row % 4; });
  rows.Cut("b", 4, [](int64_t row) { return row / 4 % 4; });
  for (const int64_t row : rows.all) {
    const bool bad = row % 4 == 1 && row / 4 % 4 == 2;
    rows.Answer(row, random.Uniform() > (bad ? 0.45 : 0.2));
  }
  const SliceReport report = rows.Find();
  ASSERT_EQ(report.found.size(), 1U);
  EXPECT_EQ(NameOf(report.found[0]), "a = 1 and b = 2");
  EXPECT_EQ(report.found[0].rows, 250);
}

// In noise some slice is always significant by itself; of all that were looked at hardly ever.
TEST(FindSlices, HardlyFindsAnythingInNoise) {
  int found = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rows rows(600);
    Random random(seed);
    for (int column = 0; column < 8; ++column)
      rows.Cut("c" + std::to_string(column), 5, [&](int64_t) { return random.Below(5); });
    for (const int64_t row : rows.all) rows.Answer(row, random.Uniform() > 0.2);
    const SliceReport report = rows.Find();
    EXPECT_GT(report.looked_at, 40);
    found += report.found.empty() ? 0 : 1;
  }
  EXPECT_LE(found, 3);  // 5 % of 20 are one.
}

TEST(FindSlices, ErrorsOfARegressionAreLosses) {
  Rows rows(300);
  rows.truth.task = data::Task::kRegression;
  rows.truth.labels.clear();
  rows.truth.classes.clear();
  rows.truth.values.assign(300, 1e6);
  rows.predictions = model::Predictions::Make(300, 0);
  Random random(1);
  for (const int64_t row : rows.all) {
    const double error = (random.Uniform() - 0.5) * (row % 3 == 0 ? 40 : 10);
    rows.predictions.values[static_cast<size_t>(row)] = 1e6 + error;
  }
  rows.Cut("third", 3, [](int64_t row) { return row % 3; });
  const SliceReport report = rows.Find();
  EXPECT_EQ(report.metric, "mae");
  ASSERT_EQ(report.found.size(), 1U);
  EXPECT_EQ(NameOf(report.found[0]), "third = 0");
  EXPECT_NEAR(report.found[0].metrics.at("mae") - report.whole, report.found[0].difference, 1e-9);
  EXPECT_NEAR(report.found[0].tally.absolute_error.mean, report.found[0].metrics.at("mae"), 1e-9);
  EXPECT_FALSE(report.found[0].intervals.contains("accuracy"));
}

TEST(EvaluateSlices, IsTheSameOnAnyNumberOfThreadsAndAfterStoring) {
  Rows rows(1000);
  Random random(3);
  for (const int64_t row : rows.all)
    rows.Answer(row, random.Uniform() > (row % 5 == 0 ? 0.6 : 0.1));
  rows.Cut("bad", 5, [](int64_t row) { return row % 5; });
  const SliceReport report = EvaluateSlices({.truth = rows.truth,
                                             .predictions = rows.predictions,
                                             .named = rows.columns,
                                             .searched = rows.columns,
                                             .searched_rows = rows.all,
                                             .threads = 1});
  const std::string text = CompactJson(ToJson(report));
  EXPECT_EQ(CompactJson(ToJson(rows.Named(4))["named"]), CompactJson(ToJson(report)["named"]));
  const auto read = SliceReportFromJson(ParseJson(text, "text").value());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(CompactJson(ToJson(*read)), text);
  EXPECT_FALSE(SliceReportFromJson(Json{{"named", 1}}).ok());
}

}  // namespace
}  // namespace slipway::train
