// Small ONNX graphs as others export them, for tests.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "model/onnx_builder_internal.h"
#include "onnx/onnx.pb.h"

namespace slipway::model {

// A dimension of -1 has no fixed size.
inline void SetShape(onnx::ValueInfoProto& value, const std::string& name,
                     onnx::TensorProto::DataType type, std::initializer_list<int64_t> shape) {
  value.set_name(name);
  auto& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  for (const int64_t size : shape) {
    auto& dimension = *tensor.mutable_shape()->add_dim();
    if (size >= 0) dimension.set_dim_value(size);
  }
}

inline onnx::ModelProto EmptyModel() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  onnx::OperatorSetIdProto& ml = *model.add_opset_import();
  ml.set_domain("ai.onnx.ml");
  ml.set_version(3);
  model.mutable_graph()->set_name("foreign");
  return model;
}

// What skl2onnx makes of a logistic regression over a [N, 2] matrix of floats: no where the sum of
// both is below 0, else yes; with the probabilities as a sequence of maps, or as they are.
inline onnx::ModelProto SklearnClassifier(bool zip_map) {
  onnx::ModelProto model = EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  SetShape(*graph.add_input(), "X", onnx::TensorProto::FLOAT, {-1, 2});
  GraphBuilder builder(&graph, "");
  onnx::NodeProto& linear = builder.AddMlNode("LinearClassifier", "X", "label");
  linear.add_output("raw");
  GraphBuilder::AddTexts(linear, "classlabels_strings", {"no", "yes"});
  auto& weights = GraphBuilder::AddAttribute(linear, "coefficients", onnx::AttributeProto::FLOATS);
  for (const float weight : {-1.0F, -1.0F, 1.0F, 1.0F}) weights.add_floats(weight);
  auto& intercepts = GraphBuilder::AddAttribute(linear, "intercepts", onnx::AttributeProto::FLOATS);
  for (int cls = 0; cls < 2; ++cls) intercepts.add_floats(0);
  GraphBuilder::SetText(linear, "post_transform", "LOGISTIC");
  onnx::NodeProto& scale = builder.AddMlNode("Normalizer", "raw", "probabilities");
  GraphBuilder::SetText(scale, "norm", "L1");
  SetShape(*graph.add_output(), "label", onnx::TensorProto::STRING, {-1});
  if (!zip_map) {
    SetShape(*graph.add_output(), "probabilities", onnx::TensorProto::FLOAT, {-1, 2});
    return model;
  }
  onnx::NodeProto& zip = builder.AddMlNode("ZipMap", "probabilities", "output_probability");
  GraphBuilder::AddTexts(zip, "classlabels_strings", {"no", "yes"});
  onnx::ValueInfoProto& maps = *graph.add_output();
  maps.set_name("output_probability");
  auto& map =
      *maps.mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_map_type();
  map.set_key_type(onnx::TensorProto::STRING);
  map.mutable_value_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  return model;
}

// The columns of a [N, columns] matrix as `output`, as they are.
inline onnx::ModelProto Passing(const std::string& output, int64_t columns) {
  onnx::ModelProto model = EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  SetShape(*graph.add_input(), "x", onnx::TensorProto::FLOAT, {-1, columns});
  GraphBuilder(&graph, "").AddNode("Identity", {"x"}, output);
  SetShape(*graph.add_output(), output, onnx::TensorProto::FLOAT, {-1, columns});
  return model;
}

// A label of text, and the input as the score of each of these classes.
inline onnx::ModelProto ScoreAClass(const std::vector<std::string>& classes) {
  onnx::ModelProto model = EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  SetShape(*graph.add_input(), "x", onnx::TensorProto::FLOAT, {-1});
  GraphBuilder builder(&graph, "");
  onnx::NodeProto& cast = builder.AddNode("Cast", {"x"}, "label");
  GraphBuilder::SetInt(cast, "to", onnx::TensorProto::STRING);
  SetShape(*graph.add_output(), "label", onnx::TensorProto::STRING, {-1});
  for (const std::string& name : classes) {
    builder.AddNode("Identity", {"x"}, "probability_" + name);
    SetShape(*graph.add_output(), "probability_" + name, onnx::TensorProto::FLOAT, {-1});
  }
  return model;
}

inline void SetMetadata(onnx::ModelProto* model, const std::string& key, const std::string& value) {
  onnx::StringStringEntryProto& entry = *model->add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

}  // namespace slipway::model
