#include <fmt/format.h>

#include "core/hash.h"
#include "model/artifact.h"

namespace slipway::model {
namespace {

// JSON strings are YAML strings.
std::string Quote(const std::string& text) { return CompactJson(Json(text)); }

Json SignatureInputs(const ModelSchema& schema) {
  Json inputs = Json::array();
  for (const InputField& field : schema.inputs) {
    const char* type = field.type == data::ColumnType::kCategory ? "string" : "double";
    // Values may be missing where the field is nullable; the graph needs the column all the same.
    inputs.push_back({{"type", type}, {"name", field.name}, {"required", true}});
  }
  return inputs;
}

Json SignatureOutputs(const ModelSchema& schema) {
  Json outputs = Json::array();
  for (const OutputField& field : OutputFields(schema.classes, schema.integer_labels)) {
    // MLflow's word for 64 bits.
    const std::string type = field.type == "int64" ? "long" : field.type;
    outputs.push_back({{"type", type}, {"name", field.name}, {"required", true}});
  }
  return outputs;
}

}  // namespace

std::string WriteMlModel(const ModelSchema& schema, const std::string& model_digest) {
  // Nothing here changes from one writing to the next: no time, no version of a library.
  return fmt::format(
      "flavors:\n"
      "  onnx:\n"
      "    data: model.onnx\n"
      "    providers:\n"
      "    - CPUExecutionProvider\n"
      "  python_function:\n"
      "    data: model.onnx\n"
      "    loader_module: mlflow.onnx\n"
      "model_uuid: {}\n"
      "signature:\n"
      "  inputs: {}\n"
      "  outputs: {}\n"
      "  params: null\n",
      Quote(std::string(HexOf(model_digest).substr(0, 32))),
      Quote(CompactJson(SignatureInputs(schema))), Quote(CompactJson(SignatureOutputs(schema))));
}

}  // namespace slipway::model
