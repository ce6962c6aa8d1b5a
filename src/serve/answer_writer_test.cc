#include "serve/answer_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/json.h"

namespace slipway::serve {
namespace {

model::ModelSchema Classes(const std::vector<std::string>& classes, bool integers) {
  model::ModelSchema schema;
  schema.classes = classes;
  schema.integer_labels = integers;
  return schema;
}

model::Predictions TwoRows() {
  model::Predictions predictions = model::Predictions::Make(2, 2);
  predictions.labels = {1, 0};
  predictions.scores = {0.1F, 0.9F, 1.0F, 0.0F};
  return predictions;
}

model::Predictions Numbers(const std::vector<double>& values) {
  model::Predictions predictions = model::Predictions::Make(std::ssize(values), 0);
  predictions.values = values;
  return predictions;
}

std::string Predict(const AnswerWriter& writer, const model::Predictions& predictions,
                    Shape shape) {
  std::string out = "before ";
  writer.WritePredict(predictions, shape, "id-1", &out);
  return out;
}

std::string Invoke(const AnswerWriter& writer, const model::Predictions& predictions) {
  std::string out;
  writer.WriteInvocation(predictions, &out);
  return out;
}

std::string Reject(const Rejection& rejection) {
  std::string out;
  AnswerWriter::WriteRejection(rejection, &out);
  return out;
}

TEST(AnswerWriterTest, OneRowAndMany) {
  const AnswerWriter writer(Classes({"0", "1"}, true), "churn", "3");
  EXPECT_EQ(Predict(writer, TwoRows(), Shape::kOne),
            R"(before {"prediction":1,"probability":{"0":0.1,"1":0.9},"model":"churn",)"
            R"("version":"3","request_id":"id-1"})");
  EXPECT_EQ(Predict(writer, TwoRows(), Shape::kMany),
            R"(before {"predictions":[1,0],"probabilities":[{"0":0.1,"1":0.9},{"0":1,"1":0}],)"
            R"("model":"churn","version":"3","request_id":"id-1"})");
}

TEST(AnswerWriterTest, Regressions) {
  const AnswerWriter writer(Classes({}, false), "price", "1");
  const model::Predictions numbers = Numbers({0.1, 300000, -1e-7});
  EXPECT_EQ(Predict(writer, numbers, Shape::kOne),
            R"(before {"prediction":0.1,"model":"price","version":"1","request_id":"id-1"})");
  EXPECT_EQ(Predict(writer, numbers, Shape::kMany),
            R"(before {"predictions":[0.1,300000,-1e-07],"model":"price","version":"1",)"
            R"("request_id":"id-1"})");
  EXPECT_EQ(Invoke(writer, numbers),
            R"({"predictions":[{"prediction":0.1},{"prediction":300000},{"prediction":-1e-07}]})");
}

TEST(AnswerWriterTest, Invocations) {
  const AnswerWriter writer(Classes({"no", "yes"}, false), "churn", "3");
  EXPECT_EQ(Invoke(writer, TwoRows()),
            R"({"predictions":[{"label":"yes","probability_no":0.1,"probability_yes":0.9},)"
            R"({"label":"no","probability_no":1,"probability_yes":0}]})");
}

std::string Infer(const AnswerWriter& writer, const model::Predictions& predictions,
                  const InferRequest& request) {
  std::string out;
  writer.WriteInfer(predictions, request, &out);
  return out;
}

TEST(AnswerWriterTest, TensorsAreTheGraphsOutputs) {
  const AnswerWriter writer(Classes({"0", "1"}, true), "churn", "3");
  InferRequest request;
  request.id = "a";
  EXPECT_EQ(Infer(writer, TwoRows(), request),
            R"({"model_name":"churn","model_version":"3","id":"a","outputs":[)"
            R"({"name":"label","shape":[2],"datatype":"INT64","data":[1,0]},)"
            R"({"name":"probability_0","shape":[2],"datatype":"FP32","data":[0.1,1]},)"
            R"({"name":"probability_1","shape":[2],"datatype":"FP32","data":[0.9,0]}]})");
  request.id = "";
  request.outputs = {false, false, true};
  EXPECT_EQ(Infer(writer, TwoRows(), request),
            R"({"model_name":"churn","model_version":"3","id":"","outputs":[)"
            R"({"name":"probability_1","shape":[2],"datatype":"FP32","data":[0.9,0]}]})");
  request = {};
  request.outputs = {true, false, false};
  const AnswerWriter texts(Classes({"no", "y\"es"}, false), "churn", "");
  EXPECT_EQ(Infer(texts, TwoRows(), request),
            R"({"model_name":"churn","outputs":[)"
            R"({"name":"label","shape":[2],"datatype":"BYTES","data":["y\"es","no"]}]})");
  const AnswerWriter regression(Classes({}, false), "price", "1");
  EXPECT_EQ(Infer(regression, Numbers({0.5, NAN}), {}),
            R"({"model_name":"price","model_version":"1","outputs":[)"
            R"({"name":"prediction","shape":[2],"datatype":"FP64","data":[0.5,null]}]})");
}

TEST(AnswerWriterTest, NamesAreEscaped) {
  const std::vector<std::string> classes = {"a\"b", "ü\n"};
  const AnswerWriter writer(Classes(classes, false), "m\\", "\x01");
  std::string out;
  writer.WritePredict(TwoRows(), Shape::kOne, "x\"y", &out);
  const Json json = Json::parse(out);
  EXPECT_EQ(json["prediction"], classes[1]);
  EXPECT_EQ(json["probability"][classes[0]], 0.1);
  EXPECT_EQ(json["model"], "m\\");
  EXPECT_EQ(json["version"], "\x01");
  EXPECT_EQ(json["request_id"], "x\"y");
  EXPECT_EQ(Json::parse(Invoke(writer, TwoRows()))["predictions"][0]["probability_" + classes[1]],
            0.9);
}

// Read back as a float32, each is the same; JSON has no infinities.
TEST(AnswerWriterTest, NumbersAreShortest) {
  const AnswerWriter writer(Classes({"0", "1"}, true), "m", "1");
  constexpr float kLeast = std::numeric_limits<float>::denorm_min();
  for (const float value : {0.1F, 1.0F / 3, 0.0001F, 1e-30F, kLeast, 0.99999994F}) {
    model::Predictions predictions = TwoRows();
    predictions.scores[0] = value;
    const Json json = Json::parse(Predict(writer, predictions, Shape::kOne).substr(7));
    EXPECT_EQ(json["probability"]["0"].get<float>(), value);
    EXPECT_EQ(json["probability"]["0"], model::ShortestNumber(value));
  }
  model::Predictions predictions = TwoRows();
  predictions.scores[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(
      Json::parse(Invoke(writer, predictions))["predictions"][0]["probability_0"].is_null());
  const AnswerWriter regression(Classes({}, false), "m", "1");
  EXPECT_EQ(Invoke(regression, Numbers({-HUGE_VAL, -2.2250738585072014e-308})),
            R"({"predictions":[{"prediction":null},{"prediction":-2.2250738585072014e-308}]})");
}

TEST(AnswerWriterTest, Rejections) {
  EXPECT_EQ(Reject({.message = "no model"}), R"({"error":"no model"})");
  EXPECT_EQ(Reject({.message = "age: \"x\"", .field = "age", .row = 0}),
            R"({"error":"age: \"x\"","field":"age","row":0})");
  EXPECT_EQ(Json::parse(Reject({.message = "ü\n…"}))["error"], "ü\n…");
}

}  // namespace
}  // namespace slipway::serve
