#include "serve/open_inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::serve {
namespace {

using ::testing::HasSubstr;

model::ModelSchema Schema() {
  model::ModelSchema schema;
  schema.inputs.resize(2);
  schema.inputs[0].name = "age";
  schema.inputs[1].name = "city";
  schema.inputs[1].type = data::ColumnType::kCategory;
  schema.classes = {"0", "1"};
  schema.integer_labels = true;
  return schema;
}

TEST(OpenInferenceTest, MetadataNameTensors) {
  EXPECT_EQ(CompactJson(ModelMetadata(Schema(), "churn", {"3", "4"})),
            R"({"name":"churn","versions":["3","4"],"platform":"onnx_onnxv1","inputs":[)"
            R"({"name":"age","datatype":"FP64","shape":[-1]},)"
            R"({"name":"city","datatype":"BYTES","shape":[-1]}],"outputs":[)"
            R"({"name":"label","datatype":"INT64","shape":[-1]},)"
            R"({"name":"probability_0","datatype":"FP32","shape":[-1]},)"
            R"({"name":"probability_1","datatype":"FP32","shape":[-1]}]})");
  EXPECT_FALSE(ModelMetadata(Schema(), "churn", {}).contains("versions"));
  EXPECT_EQ(ServerMetadata()["extensions"], Json::array());
}

TEST(OpenInferenceTest, Health) {
  std::string out;
  WriteLive(&out);
  WriteReady(false, &out);
  WriteModelReady("a \"b\"", true, &out);
  EXPECT_EQ(out, R"({"live":true}{"ready":false}{"name":"a \"b\"","ready":true})");
}

TEST(OpenInferenceTest, BinaryTensorsAreRefused) {
  const Rejection rejection = RefuseBinaryTensors();
  EXPECT_EQ(rejection.status, 400);
  EXPECT_THAT(rejection.message, HasSubstr("binary_data=False"));
}

}  // namespace
}  // namespace slipway::serve
