// Looking things up in an ONNX graph of unknown origin. Nothing here trusts the graph: every name,
// type and size is checked, and what the native kernel can't run is an Error that names the
// operator.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "onnx/onnx.pb.h"

namespace slipway::model {

// A model as protobuf reads it, in an arena: one of many trees has a text for each node, which
// takes half the time and less memory there.
class ParsedOnnx {
 public:
  // kInvalidInput for bytes that are no ONNX model with a graph.
  static Result<ParsedOnnx> Make(std::string_view bytes);

  const onnx::ModelProto& model() const { return *model_; }
  onnx::ModelProto& model() { return *model_; }

 private:
  explicit ParsedOnnx(size_t bytes);

  std::unique_ptr<google::protobuf::Arena> arena_;
  onnx::ModelProto* model_;  // Of the arena.
};

// kInvalidInput: "the native kernel can't run …".
Error CannotRun(const std::string& what);
Error CannotRun(const onnx::NodeProto& node, const std::string& what);

// Values by name. Refers to the graph, which must outlive it.
class GraphView {
 public:
  // Fails when two values have the same name.
  static Result<GraphView> Make(const onnx::GraphProto& graph);

  // The node that makes `value`, if its operator is `op` (in any domain) and takes `inputs` inputs;
  // 0 for any number.
  Result<const onnx::NodeProto*> Producer(const std::string& value, const char* op,
                                          int inputs) const;
  // The node that makes `value` as its only output; nullptr for graph inputs, constants and unknown
  // names.
  const onnx::NodeProto* NodeOf(const std::string& value) const;
  // The operator that makes `value`, "" for graph inputs, constants and unknown names.
  std::string OperatorOf(const std::string& value) const;

  // The graph input `value`, if it is a tensor of rank 1 with that element type.
  Status CheckInput(const std::string& value, onnx::TensorProto::DataType type) const;

  // Constants, with their one dimension (or none, for one element) checked against their contents.
  Result<std::vector<double>> Doubles(const std::string& value) const;
  Result<std::vector<float>> Floats(const std::string& value) const;
  Result<std::vector<int64_t>> Ints(const std::string& value) const;
  Result<const onnx::TensorProto*> Constant(const std::string& value) const;

 private:
  std::map<std::string, const onnx::NodeProto*, std::less<>> producers_;
  std::map<std::string, const onnx::TensorProto*, std::less<>> constants_;
  std::map<std::string, const onnx::ValueInfoProto*, std::less<>> inputs_;
};

// The elements of a constant of at most one dimension.
Result<std::vector<double>> DoublesOf(const onnx::TensorProto& tensor);
// Text of a string constant or the digits of an int64 one.
Result<std::vector<std::string>> TextsOf(const onnx::TensorProto& tensor);

// Attributes of one node by name.
class Attributes {
 public:
  explicit Attributes(const onnx::NodeProto& node);

  // Fails for an attribute whose name is not in `known`.
  Status CheckKnown(const std::vector<std::string_view>& known) const;
  int64_t Int(std::string_view name, int64_t fallback) const;
  std::string Text(std::string_view name, const std::string& fallback) const;
  // Fails unless the integer (with its default `fallback`) has the value `expected`.
  Status CheckInt(std::string_view name, int64_t fallback, int64_t expected) const;
  // Null where the attribute is absent.
  const onnx::AttributeProto* Find(std::string_view name) const;

 private:
  const onnx::NodeProto& node_;
};

}  // namespace slipway::model
