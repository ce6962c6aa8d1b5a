#include <fmt/format.h>

#include <algorithm>

#include "model/onnx_builder_internal.h"
#include "model/onnx_names_internal.h"

namespace slipway::model {

std::string GraphBuilder::Numbered(const std::string& name) const {
  return fmt::format("{}_{}", name, graph_.node_size());
}

onnx::NodeProto& GraphBuilder::AddNode(const char* op, std::initializer_list<std::string> inputs,
                                       const std::string& output) {
  onnx::NodeProto& node = *graph_.add_node();
  node.set_name(fmt::format("{}_{}", op, graph_.node_size()));
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

onnx::NodeProto& GraphBuilder::AddMlNode(const char* op, const std::string& input,
                                         const std::string& output) {
  onnx::NodeProto& node = AddNode(op, {input}, output);
  node.set_domain(onnx_names::kMlDomain);
  return node;
}

onnx::AttributeProto& GraphBuilder::AddAttribute(onnx::NodeProto& node, const char* name,
                                                 onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

void GraphBuilder::SetInt(onnx::NodeProto& node, const char* name, int64_t value) {
  AddAttribute(node, name, onnx::AttributeProto::INT).set_i(value);
}

void GraphBuilder::SetText(onnx::NodeProto& node, const char* name, const std::string& value) {
  AddAttribute(node, name, onnx::AttributeProto::STRING).set_s(value);
}

onnx::AttributeProto& GraphBuilder::AddTexts(onnx::NodeProto& node, const char* name,
                                             const std::vector<std::string>& texts) {
  onnx::AttributeProto& attribute = AddAttribute(node, name, onnx::AttributeProto::STRINGS);
  for (const std::string& text : texts) attribute.add_strings(text);
  return attribute;
}

onnx::TensorProto& GraphBuilder::AddTensor(const std::string& name,
                                           onnx::TensorProto::DataType type) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(Internal(name));
  tensor.set_data_type(type);
  return tensor;
}

void GraphBuilder::AddInts(const std::string& name, const std::vector<int64_t>& values,
                           bool ranked) {
  onnx::TensorProto& tensor = AddTensor(name, onnx::TensorProto::INT64);
  if (ranked) tensor.add_dims(static_cast<int64_t>(values.size()));
  for (const int64_t value : values) tensor.add_int64_data(value);
}

bool GraphBuilder::HasTensor(const std::string& name) const {
  return std::ranges::any_of(graph_.initializer(),
                             [&](const auto& tensor) { return tensor.name() == Internal(name); });
}

std::string GraphBuilder::SharedInt(int64_t value) {
  const std::string name = fmt::format("int_{}", value);
  if (!HasTensor(name)) AddInts(name, {value}, false);
  return Internal(name);
}

std::string GraphBuilder::SharedDouble(const std::string& name, double value) {
  if (!HasTensor(name)) AddTensor(name, onnx::TensorProto::DOUBLE).add_double_data(value);
  return Internal(name);
}

std::string GraphBuilder::SharedDoubles(const std::string& name,
                                        const std::vector<double>& values) {
  if (!HasTensor(name)) {
    onnx::TensorProto& tensor = AddTensor(name, onnx::TensorProto::DOUBLE);
    tensor.add_dims(static_cast<int64_t>(values.size()));
    for (const double value : values) tensor.add_double_data(value);
  }
  return Internal(name);
}

void GraphBuilder::SetType(onnx::ValueInfoProto& value, const std::string& name,
                           onnx::TensorProto::DataType type) {
  value.set_name(name);
  onnx::TypeProto::Tensor& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape()->add_dim()->set_dim_param("N");
}

void GraphBuilder::AddColumnAxis() { AddInts("axis_1", {1}, true); }

std::string GraphBuilder::AsColumn(const std::string& value, const std::string& name) {
  AddNode("Unsqueeze", {value, Internal("axis_1")}, Internal(name));
  return Internal(name);
}

std::string GraphBuilder::Concat(const std::vector<std::string>& values, const std::string& name) {
  onnx::NodeProto& node = AddNode("Concat", {}, Internal(name));
  for (const std::string& value : values) node.add_input(value);
  SetInt(node, "axis", 1);
  return Internal(name);
}

}  // namespace slipway::model
