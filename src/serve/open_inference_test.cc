#include "serve/open_inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace slipway::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

model::InputField FieldOf(const char* name, data::ColumnType type = data::ColumnType::kNumeric) {
  model::InputField field;
  field.name = name;
  field.type = type;
  return field;
}

model::ModelSchema SchemaOf(bool with_text = true) {
  model::ModelSchema schema;
  schema.inputs.push_back(FieldOf("age"));
  schema.inputs.push_back(FieldOf("income"));
  if (with_text) schema.inputs.push_back(FieldOf("city", data::ColumnType::kCategory));
  schema.classes = {"0", "1"};
  schema.integer_labels = true;
  return schema;
}

InferRequest Read(const std::string& body, const model::ModelSchema& schema = SchemaOf()) {
  InferRequest request;
  const auto refused = ReadInfer(body, schema, 100, &request);
  EXPECT_FALSE(refused) << refused->message;
  return request;
}

Rejection Refuse(const std::string& body, const model::ModelSchema& schema = SchemaOf()) {
  InferRequest request;
  const auto refused = ReadInfer(body, schema, 3, &request);
  EXPECT_TRUE(refused) << body;
  return refused.value_or(Rejection{});
}

TEST(OpenInferenceTest, InputsAreNamedInAnyOrder) {
  const InferRequest request = Read(R"({"id": "42", "inputs": [
      {"name": "city", "shape": [2], "datatype": "BYTES", "data": ["Bern", null]},
      {"name": "age", "shape": [2, 1], "datatype": "INT64", "data": [[41], [null]]}]})");
  EXPECT_EQ(request.id, "42");
  ASSERT_EQ(request.rows.rows, 2);
  EXPECT_EQ(request.rows.columns[0].numbers[0], 41);
  EXPECT_TRUE(request.rows.columns[0].IsMissing(1));
  EXPECT_TRUE(request.rows.columns[1].IsMissing(0)) << "left out";
  EXPECT_EQ(request.rows.columns[2].TextAt(0), "Bern");
  EXPECT_TRUE(request.rows.columns[2].IsMissing(1));
}

TEST(OpenInferenceTest, OneMatrixNestedOrFlat) {
  for (const char* data : {"[1, 2, 3, 4]", "[[1, 2], [3, 4]]"}) {
    const InferRequest request = Read(
        std::string(R"({"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": )") +
            data + "}]}",
        SchemaOf(false));
    EXPECT_THAT(request.rows.columns[0].numbers, ElementsAre(1, 3));
    EXPECT_THAT(request.rows.columns[1].numbers, ElementsAre(2, 4));
  }
}

TEST(OpenInferenceTest, WhatIsWrongIsTold) {
  EXPECT_EQ(Refuse("{").status, 400);
  EXPECT_THAT(Refuse("{}").message, HasSubstr("no list of inputs"));
  EXPECT_THAT(
      Refuse(R"({"inputs": [{"name": "age", "shape": [1], "datatype": "FP128", "data": [1]}]})")
          .message,
      HasSubstr("'FP128' is no datatype"));
  EXPECT_THAT(
      Refuse(R"({"inputs": [{"name": "age", "shape": [2], "datatype": "FP64", "data": [1]}]})")
          .message,
      HasSubstr("1 values for a shape of 2"));
  const Rejection unknown =
      Refuse(R"({"inputs": [{"name": "agee", "shape": [1], "datatype": "FP64", "data": [1]}]})");
  EXPECT_EQ(unknown.field, "agee");
  EXPECT_THAT(unknown.message, HasSubstr("try age"));
  const Rejection text = Refuse(
      R"({"inputs": [{"name": "age", "shape": [2], "datatype": "BYTES", "data": [1, "x"]}]})");
  EXPECT_EQ(text.field, "age");
  EXPECT_EQ(text.row, 1);
  EXPECT_EQ(
      Refuse(
          R"({"inputs": [{"name": "age", "shape": [4], "datatype": "FP64", "data": [1, 2, 3, 4]}]})")
          .status,
      413);
  EXPECT_THAT(Refuse(R"({"inputs": [{"name": "age", "shape": [1], "datatype": "FP64", "data": [1]}],
                         "outputs": [{"name": "lable"}]})")
                  .message,
              HasSubstr("no output 'lable'"));
  EXPECT_THAT(
      Refuse(R"({"inputs": [{"name": "age", "shape": [-1], "datatype": "FP64", "data": []}]})")
          .message,
      HasSubstr("a shape is"));
}

TEST(OpenInferenceTest, AnswersAreTheGraphsOutputs) {
  model::Predictions predictions = model::Predictions::Make(2, 2);
  predictions.labels = {1, 0};
  predictions.scores = {0.1F, 0.9F, 0.75F, 0.25F};
  InferRequest request;
  request.id = "a";
  const Json all = WriteInfer(predictions, SchemaOf(), "churn", "3", request);
  EXPECT_EQ(CompactJson(all),
            R"({"model_name":"churn","model_version":"3","id":"a","outputs":[)"
            R"({"name":"label","shape":[2],"datatype":"INT64","data":[1,0]},)"
            R"({"name":"probability_0","shape":[2],"datatype":"FP32","data":[0.1,0.75]},)"
            R"({"name":"probability_1","shape":[2],"datatype":"FP32","data":[0.9,0.25]}]})");
  request.outputs = {"probability_1"};
  EXPECT_EQ(WriteInfer(predictions, SchemaOf(), "churn", "", request)["outputs"].size(), 1U);
}

TEST(OpenInferenceTest, MetadataNamesTensors) {
  const Json json = ModelMetadata(SchemaOf(), "churn", "3");
  EXPECT_EQ(json["inputs"][2]["datatype"], "BYTES");
  EXPECT_EQ(json["inputs"][0]["shape"], Json::array({-1}));
  EXPECT_EQ(json["outputs"][0]["datatype"], "INT64");
  EXPECT_EQ(json["versions"], Json::array({"3"}));
}

}  // namespace
}  // namespace slipway::serve
