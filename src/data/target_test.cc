#include "data/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<Target> Encode(Column column, const std::string& task = "auto",
                      const std::string& positive = "") {
  config::DataConfig config;
  config.target_column = "y";
  config.positive_class = positive;
  column.name = "y";
  return EncodeTarget(MakeTable({std::move(column)}), config, task);
}

std::string ErrorOf(const Result<Target>& result) {
  return result.ok() ? "" : result.error().ToString();
}

TEST(TargetTest, EncodesTextInByteOrder) {
  const auto target = Encode(Texts("", {"Yes", "No", "No", "Yes"}));
  ASSERT_TRUE(target.ok()) << ErrorOf(target);
  EXPECT_EQ(target->task, Task::kClassification);
  EXPECT_THAT(target->labels, ElementsAre("No", "Yes"));
  EXPECT_THAT(target->classes, ElementsAre(1, 0, 0, 1));
  EXPECT_EQ(target->positive, 1);
  EXPECT_FALSE(target->integer_labels);
  EXPECT_THAT(target->values, IsEmpty());
}

TEST(TargetTest, EncodesNumbersInNumericOrder) {
  const auto target = Encode(Numbers("", {10, 9, -1, 9}));
  ASSERT_TRUE(target.ok()) << ErrorOf(target);
  EXPECT_THAT(target->labels, ElementsAre("-1", "9", "10"));
  EXPECT_THAT(target->classes, ElementsAre(2, 1, 0, 1));
  EXPECT_TRUE(target->integer_labels);
  EXPECT_EQ(target->positive, -1);
}

TEST(TargetTest, FindsThePositiveClassByTheContractsRule) {
  EXPECT_EQ(Encode(Numbers("", {0, 1}))->positive, 1);
  EXPECT_EQ(Encode(Numbers("", {1, 2}))->positive, 0);
  EXPECT_EQ(Encode(Texts("", {"TRUE", "zero"}))->positive, 0);
  EXPECT_EQ(Encode(Texts("", {"yes", "zero"}))->positive, 0);
  EXPECT_EQ(Encode(Texts("", {"<=50K", ">50K"}))->positive, 1);
  EXPECT_EQ(Encode(Texts("", {"a", "b"}), "auto", "a")->positive, 0);
  // As YAML and people write it.
  EXPECT_EQ(Encode(Texts("", {"True", "False"}), "auto", "false")->positive, 0);
  EXPECT_EQ(Encode(Numbers("", {0, 1}), "auto", "0.0")->positive, 0);
  EXPECT_EQ(Encode(Texts("", {"a", "b", "c"}), "auto", "b")->positive, -1);
}

TEST(TargetTest, RefusesAPositiveClassThatDoesNotOccur) {
  const auto target = Encode(Texts("", {"yes", "no"}), "auto", "Yes");
  EXPECT_EQ(ErrorOf(target),
            "data.positive_class: the positive class 'Yes' does not occur in 'y'; expected no or "
            "yes; try 'yes'");
}

TEST(TargetTest, GuessesTheTask) {
  std::vector<double> numbers;
  for (int i = 0; i < 20; ++i) numbers.push_back(i);
  EXPECT_EQ(GuessTask(Numbers("y", numbers)), Task::kClassification);
  numbers.push_back(20);
  EXPECT_EQ(GuessTask(Numbers("y", numbers)), Task::kRegression);
  EXPECT_EQ(GuessTask(Numbers("y", {0.5, 1})), Task::kRegression);
  EXPECT_EQ(GuessTask(Texts("y", {"a", "b"})), Task::kClassification);
}

TEST(TargetTest, TakesNumbersAsClassesOrValuesWhereTold) {
  const auto classes = Encode(Numbers("", {0.5, 1.25, 0.5}), "classification");
  ASSERT_TRUE(classes.ok());
  EXPECT_THAT(classes->labels, ElementsAre("0.5", "1.25"));
  EXPECT_FALSE(classes->integer_labels);
  const auto values = Encode(Numbers("", {0, 1, 1}), "regression");
  ASSERT_TRUE(values.ok());
  EXPECT_THAT(values->values, ElementsAre(0, 1, 1));
  EXPECT_THAT(values->classes, IsEmpty());
  EXPECT_EQ(values->class_count(), 0);
}

TEST(TargetTest, NamesTheRowOfAMissingLabel) {
  const auto target = Encode(Texts("", {"a", "b", "", ""}));
  EXPECT_EQ(target.error().location().row, 3);
  EXPECT_EQ(ErrorOf(target),
            "row 3: y: the label is missing, here and in 1 further row; expected a label in every "
            "row; try "
            "removing such rows, or another data.target_column");
}

TEST(TargetTest, RefusesWhatCannotBeLearned) {
  EXPECT_THAT(ErrorOf(Encode(Texts("", {"a", "a"}))),
              HasSubstr("one class only, 'a' in all of 2 rows"));
  EXPECT_THAT(ErrorOf(Encode(Texts("", {"a", "b"}), "regression")), HasSubstr("holds text"));
  EXPECT_THAT(ErrorOf(Encode(Texts("", {"a", "b"}), "clasification")),
              HasSubstr("try 'classification'"));
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(ErrorOf(Encode(Numbers("", {1, infinity}), "regression")),
              HasSubstr("row 2: y: the target is infinite"));
}

TEST(TargetTest, NamesTheNearestColumnWhereTheTargetIsMissing) {
  config::DataConfig config;
  config.target_column = "chrun";
  const auto target =
      EncodeTarget(MakeTable({Numbers("age", {1}), Numbers("churn", {0})}), config, "auto");
  EXPECT_EQ(ErrorOf(target),
            "data.target_column: the data has no target column 'chrun'; expected age or churn; try "
            "'churn'");
}

}  // namespace
}  // namespace slipway::data
