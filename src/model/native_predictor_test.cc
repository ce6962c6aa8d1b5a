#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/onnx_writer.h"
#include "model/predictor.h"
#include "model/random_models_internal.h"

namespace slipway::model {
namespace {

using ::testing::HasSubstr;

// Says "big" for amounts above 2^53 - 1, and for the city 7.
std::unique_ptr<Predictor> TwoInputs() {
  data::PreprocessingPlan plan;
  plan.features.resize(2);
  plan.features[0].name = "amount";
  plan.features[0].shift = 0x1p53 - 1;
  plan.features[1].name = "city";
  plan.features[1].type = data::ColumnType::kCategory;
  plan.features[1].encoding = data::Encoding::kOneHot;
  plan.features[1].categories = {"7"};
  const FittedTree tree{
      {{0, 0.0, 1, 2}, {1, 0.5, 3, 4}, {-1, 0, 1, 0}, {-1, 0, 0, 0}, {-1, 0, 2, 0}},
      {1, 0, 0, 1, 0, 1}};
  const auto ensemble = AverageForest({tree}, 2, 2);
  const auto onnx = WriteOnnx(plan, Scorer{*ensemble}, MakeTarget({"small", "big"}, false));
  return LoadNativePredictor(*onnx).value();
}

data::Column Numbers(std::string name, std::vector<double> numbers) {
  data::Column column;
  column.name = std::move(name);
  column.numbers = std::move(numbers);
  return column;
}

data::Column Texts(std::string name, std::vector<std::string> texts) {
  return MakeCategoryColumn(std::move(name), texts);
}

data::Table MakeTable(std::vector<data::Column> columns) {
  data::Table table;
  table.rows = columns[0].size();
  table.columns = std::move(columns);
  return table;
}

TEST(NativePredictorTest, TellsIntegersApartUpTo2To53) {
  const auto predictor = TwoInputs();
  const auto answer = predictor->Predict(MakeTable(
      {Numbers("amount", {0x1p53 - 2, 0x1p53 - 1, 0x1p53}), Texts("city", {"", "x", "y"})}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->labels, (std::vector<int32_t>{0, 0, 1}));
}

TEST(NativePredictorTest, TakesNumbersWhereAFieldIsACategory) {
  const auto predictor = TwoInputs();
  const auto answer = predictor->Predict(
      MakeTable({Numbers("amount", {0, 0, 0}), Numbers("city", {7, 7.5, std::nan("")})}));
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->labels, (std::vector<int32_t>{1, 0, 0}));
}

TEST(NativePredictorTest, TakesTimesAsSecondsAndEmptyColumnsAsMissing) {
  const auto predictor = TwoInputs();
  data::Column time = Numbers("amount", {0, 0x1p54});
  time.type = data::ColumnType::kTimestamp;
  auto answer = predictor->Predict(MakeTable({time, Texts("city", {"x", "x"})}));
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->labels, (std::vector<int32_t>{0, 1}));
  answer = predictor->Predict(MakeTable({Texts("amount", {"", ""}), Texts("city", {"x", "7"})}));
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->labels, (std::vector<int32_t>{0, 1}));
}

TEST(NativePredictorTest, NamesTheRowOfTextAmongNumbers) {
  const auto answer = TwoInputs()->Predict(
      MakeTable({Texts("amount", {"", "", "many"}), Texts("city", {"", "", ""})}));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(answer.error().ToString(), "row 3: amount: 'many' is text; expected a number");
}

TEST(NativePredictorTest, NamesAMissingColumnAndTheNearest) {
  const auto answer =
      TwoInputs()->Predict(MakeTable({Numbers("amuont", {1}), Texts("city", {""})}));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(answer.error().ToString(), HasSubstr("amount: the model needs this column"));
  EXPECT_THAT(answer.error().ToString(), HasSubstr("renaming 'amuont'"));
}

TEST(NativePredictorTest, AnswersNoRowsWithNone) {
  const auto answer = TwoInputs()->Predict(MakeTable({Numbers("amount", {}), Texts("city", {})}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->rows, 0);
}

}  // namespace
}  // namespace slipway::model
