#include "serve/open_inference.h"

#include <fmt/format.h>

#include <utility>

#include "core/build_info.h"
#include "serve/tensor_datatype_internal.h"

namespace slipway::serve {
namespace {

Json TensorOf(const std::string& name, Datatype datatype) {
  return {{"name", name}, {"datatype", NameOf(datatype)}, {"shape", {-1}}};
}

}  // namespace

Json ServerMetadata() {
  return {{"name", "slipway"}, {"version", Version()}, {"extensions", Json::array()}};
}

Json ModelMetadata(const model::ModelSchema& schema, const std::string& name,
                   const std::vector<std::string>& versions) {
  Json inputs = Json::array(), outputs = Json::array();
  for (const model::InputField& field : schema.inputs)
    inputs.push_back(TensorOf(field.name, DatatypeOf(field)));
  for (const auto& field : model::OutputFields(schema.classes, schema.integer_labels))
    outputs.push_back(TensorOf(field.name, DatatypeOf(field)));
  Json answer = {{"name", name}};
  if (!versions.empty()) answer["versions"] = versions;
  // The protocol has a list of names of platforms; this one is ONNX.
  answer["platform"] = "onnx_onnxv1";
  answer["inputs"] = std::move(inputs);
  answer["outputs"] = std::move(outputs);
  return answer;
}

void WriteLive(std::string* out) { *out += R"({"live":true})"; }

void WriteReady(bool ready, std::string* out) { *out += fmt::format(R"({{"ready":{}}})", ready); }

void WriteModelReady(const std::string& name, bool ready, std::string* out) {
  *out += CompactJson({{"name", name}, {"ready", ready}});
}

Rejection RefuseBinaryTensors() {
  return {.message = fmt::format("{}: tensors are taken in JSON only, as a list at 'data'; of "
                                 "tritonclient: InferInput.set_data_from_numpy(…, "
                                 "binary_data=False)",
                                 kBinaryTensorsHeader)};
}

}  // namespace slipway::serve
