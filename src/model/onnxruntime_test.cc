// Our graphs are answered by ONNX Runtime as by the native kernel, and graphs of others at all.
// Where its library is not there, this says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "core/file_system.h"
#include "model/artifact.h"
#include "model/foreign_graphs_testing_internal.h"
#include "model/onnx_writer.h"
#include "model/onnxruntime_library_internal.h"
#include "model/predictor.h"
#include "model/random_models_internal.h"

namespace slipway::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OnnxRuntimeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto library = ort::OpenLibrary();
    if (!library.ok()) GTEST_SKIP() << library.error().ToString();
  }
};

TEST(OnnxRuntimeLibrary, WhereItIsMissingTheErrorSaysWhatToDo) {
  const auto library = ort::OpenLibrary({"/nowhere/a", "/nowhere/b"});
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(library.error().ToString(),
              HasSubstr("ONNX Runtime (libonnxruntime.so.1) is missing; looked in /nowhere/a, "
                        "/nowhere/b; try to install Slipway whole, or to name the folder"));
}

TEST(OnnxRuntimeLibrary, AFileThatIsNoLibraryIsAnError) {
  const std::string folder = JoinPath(::testing::TempDir(), "no_runtime");
  ASSERT_TRUE(
      WriteFileAtomically(LocalFileSystem(), JoinPath(folder, ort::kLibraryFile), "text").ok());
  const auto library = ort::OpenLibrary({folder});
  ASSERT_FALSE(library.ok());
  EXPECT_THAT(library.error().ToString(), HasSubstr("ONNX Runtime can't be used"));
}

data::Table TableOf(std::vector<std::pair<std::string, std::vector<double>>> columns) {
  data::Table table;
  for (auto& [name, numbers] : columns) {
    data::Column& column = table.columns.emplace_back();
    column.name = name;
    column.numbers = std::move(numbers);
    table.rows = column.size();
  }
  return table;
}

std::unique_ptr<Predictor> Load(const onnx::ModelProto& model,
                                const std::vector<std::string>& features = {}) {
  return LoadPredictor(model.SerializeAsString(), features).value();
}

TEST_F(OnnxRuntimeTest, AnswersOurGraphsAsTheNativeKernelDoes) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed);
    const data::PreprocessingPlan plan = RandomPlan(random);
    const data::Target target =
        seed % 2 == 0 ? MakeTarget({"-3", "0", "12"}, true) : MakeTarget({"Ja", "né, 1"}, false);
    const TreeEnsemble forest =
        RandomForest(random, 12, 7, target.class_count(), static_cast<int>(plan.output_columns()));
    const std::string onnx = WriteOnnx(plan, Scorer{forest}, target).value();
    const data::Table table = RandomTable(random, plan, forest, 9000);
    const auto native = LoadNativePredictor(onnx).value();
    const auto other = LoadOnnxRuntimePredictor(onnx);
    ASSERT_TRUE(other.ok()) << other.error().ToString();
    EXPECT_STREQ((*other)->engine(), "onnxruntime");
    EXPECT_EQ((*other)->classes(), native->classes());
    EXPECT_EQ((*other)->integer_labels(), native->integer_labels());
    const Predictions expected = native->Predict(table).value();
    const auto answered = (*other)->Predict(table, 2);
    ASSERT_TRUE(answered.ok()) << answered.error().ToString();
    EXPECT_EQ(answered->labels, expected.labels);
    EXPECT_EQ(answered->scores, expected.scores) << "sums of a forest are exact in any order";
  }
}

TEST_F(OnnxRuntimeTest, AnswersAClassifierOfSklearn) {
  const data::Table table = TableOf({{"b", {1, -2, 0.5}}, {"more", {0, 0, 0}}, {"a", {1, -1, 0}}});
  for (const bool zip_map : {true, false}) {
    const auto predictor = Load(SklearnClassifier(zip_map), {"a", "b"});
    EXPECT_STREQ(predictor->engine(), "onnxruntime");
    const auto answer = predictor->Predict(table);
    ASSERT_TRUE(answer.ok()) << answer.error().ToString();
    EXPECT_THAT(answer->labels, ElementsAre(1, 0, 1));
    EXPECT_NEAR(answer->Score(0, 1), 1 / (1 + std::exp(-2.0)), 1e-6);
    EXPECT_NEAR(answer->Score(1, 0), 1 / (1 + std::exp(-3.0)), 1e-6);
  }
}

TEST_F(OnnxRuntimeTest, LogitsBecomeProbabilities) {
  const auto predictor = Load(Passing("logits", 2), {"a", "b"});
  const auto answer = predictor->Predict(TableOf({{"a", {0, 1}}, {"b", {std::log(3.0), 1}}}));
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_NEAR(answer->Score(0, 1), 0.75, 1e-6);
  EXPECT_THAT(answer->labels, ElementsAre(1, 0));
  const auto single = Load(Passing("logits", 1))->Predict(TableOf({{"x", {std::log(3.0), -1}}}));
  ASSERT_TRUE(single.ok()) << single.error().ToString();
  EXPECT_NEAR(single->Score(0, 1), 0.75, 1e-6);
  EXPECT_THAT(single->labels, ElementsAre(1, 0));
}

TEST_F(OnnxRuntimeTest, ARegressionHasValuesAlone) {
  const auto answer = Load(Passing("variable", 1))->Predict(TableOf({{"x", {2.5, -1}}}));
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_THAT(answer->values, ElementsAre(2.5, -1));
  EXPECT_EQ(answer->classes, 0);
  EXPECT_TRUE(answer->labels.empty() && answer->scores.empty());
}

TEST_F(OnnxRuntimeTest, AnyNumberOfThreadsGivesTheSame) {
  std::vector<double> numbers;
  for (int i = 0; i < 40'000; ++i) numbers.push_back(std::sin(i));
  const data::Table table = TableOf({{"a", numbers}, {"b", numbers}});
  const auto predictor = Load(SklearnClassifier(true), {"a", "b"});
  const Predictions one = predictor->Predict(table, 1).value();
  EXPECT_EQ(predictor->Predict(table, 7).value().scores, one.scores);
}

TEST_F(OnnxRuntimeTest, ScoresThatAreNoProbabilitiesAreRefused) {
  const auto answer = Load(Passing("probabilities", 2), {"a", "b"})
                          ->Predict(TableOf({{"a", {0.5, -2}}, {"b", {0.5, 3}}}));
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().ToString(),
              HasSubstr("row 2: the graph's score of the class '0' is -2; expected a probability"));
}

TEST_F(OnnxRuntimeTest, AMissingValueThatBecomesNaNIsNamed) {
  const double missing = data::kMissingNumber;
  const auto location = [](const Predictor& predictor, std::vector<double> a,
                           std::vector<double> b) {
    return predictor.Predict(TableOf({{"a", std::move(a)}, {"b", std::move(b)}}))
        .error()
        .location();
  };
  const auto classes = Load(Passing("probabilities", 2), {"a", "b"});
  const Location score = location(*classes, {0.5, 0.5, 1}, {0.5, missing, -7});
  EXPECT_EQ(score.field, "b");
  EXPECT_EQ(score.row, 2);
  // No answer is NaN here, whatever is missing elsewhere.
  EXPECT_EQ(location(*classes, {2, missing}, {-1, 0}).field, "");
  const auto regression = Load(Passing("variable", 1));
  const auto estimate = regression->Predict(TableOf({{"x", {1, missing}}}));
  EXPECT_EQ(estimate.error().location().field, "x");
  EXPECT_EQ(estimate.error().location().row, 2);
}

TEST_F(OnnxRuntimeTest, WholeNumbersAreAskedForWhereTheGraphTakesThem) {
  onnx::ModelProto model = EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  SetShape(*graph.add_input(), "n", onnx::TensorProto::INT64, {-1});
  onnx::NodeProto& cast = GraphBuilder(&graph, "").AddNode("Cast", {"n"}, "variable");
  GraphBuilder::SetInt(cast, "to", onnx::TensorProto::DOUBLE);
  SetShape(*graph.add_output(), "variable", onnx::TensorProto::DOUBLE, {-1});
  const auto predictor = Load(model);
  EXPECT_THAT(predictor->Predict(TableOf({{"n", {-7, 0x1p53}}})).value().values,
              ElementsAre(-7, 0x1p53));
  const auto message = [&](double value) {
    return predictor->Predict(TableOf({{"n", {1, value}}})).error().ToString();
  };
  EXPECT_THAT(message(0.5), HasSubstr("row 2: n: 0.5 is no whole number of 64 bits"));
  EXPECT_THAT(message(0x1p63), HasSubstr("is no whole number of 64 bits"));
  EXPECT_THAT(message(std::nan("")), HasSubstr("row 2: n: missing"));
}

TEST_F(OnnxRuntimeTest, WhatItCantRunIsToldInItsWords) {
  onnx::ModelProto model = Passing("logits", 2);
  model.mutable_graph()->mutable_node(0)->set_op_type("NoSuchOperator");
  const auto loaded = LoadPredictor(model.SerializeAsString(), {"a", "b"});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(loaded.error().ToString(), HasSubstr("ONNX Runtime can't load the graph: "));
  EXPECT_THAT(loaded.error().ToString(), HasSubstr("NoSuchOperator"));
}

TEST_F(OnnxRuntimeTest, AFileIsLoadedByItself) {
  const std::string path = JoinPath(::testing::TempDir(), "sklearn.onnx");
  (void)LocalFileSystem().RemoveFile(path);
  ASSERT_TRUE(
      WriteFileAtomically(LocalFileSystem(), path, SklearnClassifier(true).SerializeAsString())
          .ok());
  const auto model = LoadModel(LocalFileSystem(), path, "", {"a", "b"});
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ(model->schema.task, "classification");
  EXPECT_THAT(model->schema.classes, ElementsAre("no", "yes"));
}

}  // namespace
}  // namespace slipway::model
