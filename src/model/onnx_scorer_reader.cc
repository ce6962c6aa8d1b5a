#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/onnx_calibration_internal.h"
#include "model/onnx_graph_internal.h"
#include "model/onnx_reader_internal.h"

namespace slipway::model {
namespace {

Result<std::string> ReadCast(const GraphView& view, const std::string& value,
                             onnx::TensorProto::DataType type) {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* cast, view.Producer(value, "Cast", 1));
  SLIPWAY_RETURN_IF_ERROR(Attributes(*cast).CheckInt("to", 0, type));
  return cast->input(0);
}

// probabilities = Softmax(raw), or Concat(Sub(1, Sigmoid(raw)), Sigmoid(raw)), or raw itself.
Result<std::string> ReadLink(const GraphView& view, const std::string& probabilities, Link* link) {
  const std::string op = view.OperatorOf(probabilities);
  if (op == "Softmax") {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* node,
                             view.Producer(probabilities, "Softmax", 1));
    SLIPWAY_RETURN_IF_ERROR(Attributes(*node).CheckInt("axis", -1, 1));
    *link = Link::kSoftmax;
    return node->input(0);
  }
  if (op != "Concat") return probabilities;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string second, ReadBothClasses(view, probabilities));
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* sigmoid, view.Producer(second, "Sigmoid", 1));
  *link = Link::kLogit;
  return sigmoid->input(0);
}

// The matrix of weights, [features, outputs].
Result<std::vector<double>> ReadWeights(const GraphView& view, const onnx::NodeProto& product,
                                        int outputs, int features) {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::TensorProto* tensor, view.Constant(product.input(1)));
  if (tensor->dims_size() != 2 || tensor->dims(0) != features || tensor->dims(1) != outputs)
    return CannotRun(product, "with weights of another shape than its features and classes");
  onnx::TensorProto flat = *tensor;
  flat.clear_dims();
  flat.add_dims(int64_t{features} * outputs);
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> by_feature, DoublesOf(flat));
  std::vector<double> weights(by_feature.size());
  for (size_t i = 0; i < by_feature.size(); ++i) {
    const size_t feature = i / static_cast<size_t>(outputs), k = i % static_cast<size_t>(outputs);
    weights[k * static_cast<size_t>(features) + feature] = by_feature[i];
  }
  return weights;
}

bool AllFinite(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

Result<LinearScorer> ReadLinear(const GraphView& view, const ScorerNodes& nodes, int outputs,
                                int features) {
  LinearScorer linear;
  linear.outputs = outputs;
  linear.features = features;
  SLIPWAY_ASSIGN_OR_RETURN(linear.weights, ReadWeights(view, *nodes.linear, outputs, features));
  SLIPWAY_ASSIGN_OR_RETURN(linear.intercepts, view.Doubles(nodes.intercepts));
  if (linear.intercepts.size() != static_cast<size_t>(outputs) || !AllFinite(linear.intercepts) ||
      !AllFinite(linear.weights)) {
    return CannotRun(*nodes.linear, "without a finite number for each weight and intercept");
  }
  return linear;
}

Status FindLinear(const GraphView& view, const onnx::NodeProto& sum, ScorerNodes* nodes) {
  SLIPWAY_ASSIGN_OR_RETURN(nodes->linear, view.Producer(sum.input(0), "MatMul", 2));
  SLIPWAY_ASSIGN_OR_RETURN(nodes->features,
                           ReadCast(view, nodes->linear->input(0), onnx::TensorProto::DOUBLE));
  nodes->intercepts = sum.input(1);
  return {};
}

Status FindTrees(const GraphView& view, const std::string& sums, ScorerNodes* nodes) {
  SLIPWAY_ASSIGN_OR_RETURN(nodes->trees, view.Producer(sums, "TreeEnsembleRegressor", 1));
  nodes->features = nodes->trees->input(0);
  return {};
}

// The raw scores that `probabilities` are made of, by a link or by a calibration.
Result<std::string> ReadProbabilities(const GraphView& view, const std::string& probabilities,
                                      ScorerNodes* nodes) {
  SLIPWAY_ASSIGN_OR_RETURN(std::optional<ReadCalibrated> calibrated,
                           ReadCalibration(view, probabilities));
  if (!calibrated) return ReadLink(view, probabilities, &nodes->link);
  nodes->link = calibrated->link;
  nodes->calibration = std::move(calibrated->calibration);
  return calibrated->raw;
}

}  // namespace

// scores = trees, or Cast(link(raw)), or Cast(calibration(raw)); raw = Cast(trees), or
// Add(MatMul(Cast(features), weights), intercepts).
Result<ScorerNodes> FindScorer(const GraphView& view, const std::string& scores) {
  ScorerNodes nodes;
  std::string trees = scores;
  if (view.OperatorOf(scores) == "Cast") {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string probabilities,
                             ReadCast(view, scores, onnx::TensorProto::FLOAT));
    SLIPWAY_ASSIGN_OR_RETURN(const std::string raw, ReadProbabilities(view, probabilities, &nodes));
    if (view.OperatorOf(raw) == "Add") {
      SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* sum, view.Producer(raw, "Add", 2));
      SLIPWAY_RETURN_IF_ERROR(FindLinear(view, *sum, &nodes));
      return nodes;
    }
    SLIPWAY_ASSIGN_OR_RETURN(trees, ReadCast(view, raw, onnx::TensorProto::DOUBLE));
  }
  SLIPWAY_RETURN_IF_ERROR(FindTrees(view, trees, &nodes));
  return nodes;
}

// estimate = Add(Cast(trees), offset), or Add(MatMul(Cast(features), weights), intercepts).
Result<ScorerNodes> FindEstimate(const GraphView& view, const std::string& estimate) {
  ScorerNodes nodes;
  nodes.link = Link::kIdentity;
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* sum, view.Producer(estimate, "Add", 2));
  if (view.OperatorOf(sum->input(0)) == "MatMul") {
    SLIPWAY_RETURN_IF_ERROR(FindLinear(view, *sum, &nodes));
    return nodes;
  }
  nodes.offset = sum->input(1);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string sums,
                           ReadCast(view, sum->input(0), onnx::TensorProto::DOUBLE));
  SLIPWAY_RETURN_IF_ERROR(FindTrees(view, sums, &nodes));
  return nodes;
}

Result<Scorer> ReadScorer(const GraphView& view, const ScorerNodes& nodes, int classes,
                          int features) {
  if (nodes.link == Link::kLogit && classes != 2) {
    return CannotRun(fmt::format("a graph with one score for {} classes", classes));
  }
  if (nodes.calibration) {
    const size_t curves = classes == 2 ? 1 : static_cast<size_t>(classes);
    if (nodes.calibration->size() != curves)
      return CannotRun(fmt::format("a graph with {} calibrations for {} classes",
                                   nodes.calibration->size(), classes));
  }
  const bool one = nodes.link == Link::kLogit || nodes.link == Link::kIdentity;
  const int outputs = one ? 1 : classes;
  Scorer scorer;
  scorer.link = nodes.link;
  scorer.calibration = nodes.calibration;
  if (!nodes.offset.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> offset, view.Doubles(nodes.offset));
    if (offset.size() != 1 || !AllFinite(offset))
      return CannotRun(*nodes.trees, "whose offset is not one finite number");
    scorer.offset = offset.front();
  }
  if (nodes.trees != nullptr) {
    SLIPWAY_ASSIGN_OR_RETURN(scorer.body, ReadTrees(*nodes.trees, outputs, features));
  } else {
    SLIPWAY_ASSIGN_OR_RETURN(scorer.body, ReadLinear(view, nodes, outputs, features));
  }
  return scorer;
}

}  // namespace slipway::model
