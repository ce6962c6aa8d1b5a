// model.onnx back into its parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "data/preprocessing.h"
#include "model/onnx_graph_internal.h"
#include "model/types.h"
#include "onnx/onnx.pb.h"

namespace slipway::model {

struct OnnxModel {
  std::vector<InputField> inputs;  // In the order of the graph.
  data::PreprocessingPlan plan;    // Numeric features first, as the graph joins them.
  Scorer scorer;
  std::vector<std::string> classes;
  bool integer_labels = false;
};

// Follows the graph from its outputs back to its inputs; every number comes from the operators
// themselves. kInvalidInput for bytes that are no ONNX model and for graphs of another shape than
// WriteOnnx makes.
Result<OnnxModel> ReadOnnx(std::string_view bytes);

// What makes `scores` from the prepared features.
struct ScorerNodes {
  std::string features;
  const onnx::NodeProto* trees = nullptr;   // A TreeEnsembleRegressor, or
  const onnx::NodeProto* linear = nullptr;  // the MatMul, whose intercepts are below.
  std::string intercepts;
  std::string offset;  // Of trees under kIdentity.
  Link link = Link::kProbability;
  std::optional<Calibration> calibration;
};
Result<ScorerNodes> FindScorer(const GraphView& view, const std::string& scores);
// What makes `estimate`, the double of a regression.
Result<ScorerNodes> FindEstimate(const GraphView& view, const std::string& estimate);

// Every number of it, checked.
Result<Scorer> ReadScorer(const GraphView& view, const ScorerNodes& nodes, int classes,
                          int features);

// The trees of a TreeEnsembleRegressor, every index checked: each node but a root has one parent,
// which stands before it, so that no walk can be endless.
Result<TreeEnsemble> ReadTrees(const onnx::NodeProto& node, int outputs, int features);

}  // namespace slipway::model
