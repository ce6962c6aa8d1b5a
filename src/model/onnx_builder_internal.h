// Putting nodes and constants into an ONNX graph.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "model/types.h"
#include "onnx/onnx.pb.h"

namespace slipway::model {

// Values between nodes are named with `prefix`, which no input's or output's name starts with.
// Refers to the graph, which must outlive it.
class GraphBuilder {
 public:
  GraphBuilder(onnx::GraphProto* graph, std::string prefix)
      : graph_(*graph), prefix_(std::move(prefix)) {}

  std::string Internal(const std::string& name) const { return prefix_ + name; }
  // A name with the number of nodes so far: "rank_7".
  std::string Numbered(const std::string& name) const;

  onnx::GraphProto& graph() { return graph_; }
  onnx::NodeProto& AddNode(const char* op, std::initializer_list<std::string> inputs,
                           const std::string& output);
  // The same in the domain ai.onnx.ml.
  onnx::NodeProto& AddMlNode(const char* op, const std::string& input, const std::string& output);

  static onnx::AttributeProto& AddAttribute(onnx::NodeProto& node, const char* name,
                                            onnx::AttributeProto::AttributeType type);
  static void SetInt(onnx::NodeProto& node, const char* name, int64_t value);
  static void SetText(onnx::NodeProto& node, const char* name, const std::string& value);
  static onnx::AttributeProto& AddTexts(onnx::NodeProto& node, const char* name,
                                        const std::vector<std::string>& texts);

  onnx::TensorProto& AddTensor(const std::string& name, onnx::TensorProto::DataType type);
  // A tensor of rank 1, or one number of rank 0.
  void AddInts(const std::string& name, const std::vector<int64_t>& values, bool ranked);
  // The name of a number of rank 0, which all who ask for it share.
  std::string SharedInt(int64_t value);
  std::string SharedDouble(const std::string& name, double value);
  std::string SharedDoubles(const std::string& name, const std::vector<double>& values);

  static void SetType(onnx::ValueInfoProto& value, const std::string& name,
                      onnx::TensorProto::DataType type);

  // [N] as [N, 1]; and columns side by side. Both want AddColumnAxis once before.
  void AddColumnAxis();
  std::string AsColumn(const std::string& value, const std::string& name);
  std::string Concat(const std::vector<std::string>& values, const std::string& name);

 private:
  bool HasTensor(const std::string& name) const;

  onnx::GraphProto& graph_;
  std::string prefix_;
};

// The TreeEnsembleRegressor over `features`, and its sums as `output`.
void AddTrees(GraphBuilder& builder, const std::string& features, const TreeEnsemble& ensemble,
              const std::string& output);

// From `features` (float, [N, columns]) to the probabilities of the classes as `output` (float, [N,
// classes]).
void AddScorer(GraphBuilder& builder, const std::string& features, const Scorer& scorer,
               const std::string& output);

}  // namespace slipway::model
