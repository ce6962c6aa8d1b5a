#include "train/permutation_importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/random.h"

namespace slipway::train {
namespace {

// Answers with 3 · strong + weak, or by class whether that is above 0. The third input is ignored.
class WeightedSum : public model::Predictor {
 public:
  explicit WeightedSum(bool classes) : inputs_(3) {
    if (classes) classes_ = {"no", "yes"};
    inputs_[0].name = "weak";
    inputs_[1].name = "strong";
    inputs_[2].name = "text";
    inputs_[2].type = data::ColumnType::kCategory;
  }

  Result<model::Predictions> Predict(const data::Table& table, int) const override {
    model::Predictions predictions =
        model::Predictions::Make(table.rows, static_cast<int>(classes_.size()));
    for (size_t row = 0; row < static_cast<size_t>(table.rows); ++row) {
      const double sum = 3 * table.Find("strong")->numbers[row] + table.Find("weak")->numbers[row];
      if (classes_.empty()) {
        predictions.values[row] = sum;
        continue;
      }
      predictions.labels[row] = sum > 0 ? 1 : 0;
      predictions.scores[2 * row + 1] = static_cast<float>(1 / (1 + std::exp(-sum)));
      predictions.scores[2 * row] = 1 - predictions.scores[2 * row + 1];
    }
    return predictions;
  }
  const std::vector<model::InputField>& inputs() const override { return inputs_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const char* engine() const override { return "fake"; }

 private:
  std::vector<model::InputField> inputs_;
  std::vector<std::string> classes_;
};

struct Case {
  data::Table rows;
  data::Target truth;

  explicit Case(bool classes, int64_t count = 400) {
    Random random(5);
    rows.rows = count;
    rows.columns.resize(4);
    const char* names[] = {"strong", "beside", "text", "weak"};
    for (size_t i = 0; i < 4; ++i) rows.columns[i].name = names[i];
    rows.columns[2].type = data::ColumnType::kCategory;
    rows.columns[2].categories = {"a", "b"};
    for (int64_t row = 0; row < count; ++row) {
      for (data::Column& column : rows.columns) {
        if (column.type == data::ColumnType::kCategory) {
          column.codes.push_back(static_cast<int32_t>(random.Below(2)));
        } else {
          column.numbers.push_back(random.Uniform() - 0.5);
        }
      }
      const double sum = 3 * rows.columns[0].numbers.back() + rows.columns[3].numbers.back();
      truth.values.push_back(sum);
      truth.classes.push_back(sum > 0 ? 1 : 0);
    }
    if (classes) {
      truth.labels = {"no", "yes"};
      truth.positive = 1;
      truth.values.clear();
    } else {
      truth.task = data::Task::kRegression;
      truth.classes.clear();
    }
  }
};

PermutationReport Permute(const Case& rows, const model::Predictor& predictor,
                          const std::string& metric, int threads = 1) {
  return PermuteFeatures({.predictor = predictor,
                          .rows = rows.rows,
                          .truth = rows.truth,
                          .metric = metric,
                          .repeats = 8,
                          .seed = 7,
                          .threads = threads})
      .value();
}

TEST(PermuteFeatures, RanksWhatTheModelLeansOn) {
  const Case rows(false);
  const PermutationReport report = Permute(rows, WeightedSum(false), "r2");
  EXPECT_DOUBLE_EQ(report.whole, 1);
  EXPECT_EQ(report.rows, 400);
  ASSERT_EQ(report.features.size(), 3U);
  EXPECT_EQ(report.features[0].feature, "strong");
  EXPECT_EQ(report.features[1].feature, "weak");
  // Var(w (x - x')) is twice w² Var(x), and Var(y) is (9 + 1) Var(x).
  EXPECT_NEAR(report.features[0].mean, 2 * 9.0 / 10, 0.2);
  EXPECT_NEAR(report.features[1].mean, 2 * 1.0 / 10, 0.05);
  EXPECT_EQ(report.features[2].feature, "text");
  EXPECT_EQ(report.features[2].mean, 0);
  EXPECT_EQ(report.features[2].deviation, 0);
}

TEST(PermuteFeatures, MeanAndDeviationAreThoseOfTheLossesWithN) {
  const PermutationReport report = Permute(Case(false), WeightedSum(false), "r2");
  for (const PermutationImportance& one : report.features) {
    ASSERT_EQ(one.losses.size(), 8U);
    const double mean = std::accumulate(one.losses.begin(), one.losses.end(), 0.0) / 8;
    double squares = 0;
    for (const double loss : one.losses) squares += (loss - mean) * (loss - mean);
    EXPECT_DOUBLE_EQ(one.mean, mean);
    EXPECT_DOUBLE_EQ(one.deviation, std::sqrt(squares / 8));
  }
}

// The same shuffle, done here: the second input with the seeds that its place and the repeat give.
TEST(PermuteFeatures, ALossIsWhatTheMetricFallsByInTheShuffledRows) {
  const Case rows(true);
  const WeightedSum predictor(true);
  const PermutationReport report = Permute(rows, predictor, "accuracy");
  EXPECT_DOUBLE_EQ(report.whole, 1);
  for (int repeat = 0; repeat < 8; ++repeat) {
    Case shuffled = rows;
    Random random(DeriveSeed(DeriveSeed(7, 1), static_cast<uint64_t>(repeat)));
    random.Shuffle(std::span(shuffled.rows.columns[0].numbers));
    const model::Predictions answers = predictor.Predict(shuffled.rows, 1).value();
    const double accuracy =
        ComputeMetrics(rows.truth, answers, Averaging::kWeighted).at("accuracy");
    EXPECT_DOUBLE_EQ(report.features[0].losses[static_cast<size_t>(repeat)], 1 - accuracy);
  }
}

TEST(PermuteFeatures, AnErrorThatGrowsIsALoss) {
  const PermutationReport report = Permute(Case(true), WeightedSum(true), "log_loss");
  EXPECT_EQ(report.features[0].feature, "strong");
  EXPECT_GT(report.features[0].mean, 0.1);
}

TEST(PermuteFeatures, IsTheSameOnAnyNumberOfThreadsAndAfterStoring) {
  const Case rows(true);
  const std::string text = CompactJson(ToJson(Permute(rows, WeightedSum(true), "auc", 1)));
  for (const int threads : {2, 3, 16})
    EXPECT_EQ(CompactJson(ToJson(Permute(rows, WeightedSum(true), "auc", threads))), text);
  const auto read = PermutationReportFromJson(ParseJson(text, "text").value());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(CompactJson(ToJson(*read)), text);
}

TEST(PermuteFeatures, NamesAMetricThatThereIsNot) {
  const Case rows(true);
  const WeightedSum predictor(true);
  const auto report = PermuteFeatures(
      {.predictor = predictor, .rows = rows.rows, .truth = rows.truth, .metric = "rmse"});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().location().field, "model.permutation_importance.metric");
}

}  // namespace
}  // namespace slipway::train
