#include "model/onnx_builder_internal.h"
#include "model/onnx_calibration_internal.h"
#include "model/scorer.h"

namespace slipway::model {
namespace {

void AddCast(GraphBuilder& builder, const std::string& from, onnx::TensorProto::DataType type,
             const std::string& output) {
  GraphBuilder::SetInt(builder.AddNode("Cast", {from}, output), "to", type);
}

void AddDoubles(GraphBuilder& builder, const char* name, const std::vector<int64_t>& dims,
                const std::vector<double>& values) {
  onnx::TensorProto& tensor = builder.AddTensor(name, onnx::TensorProto::DOUBLE);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  for (const double value : values) tensor.add_double_data(value);
}

// [N, features] by [features, outputs], which is how operators want weights.
void AddLinear(GraphBuilder& builder, const std::string& features, const LinearScorer& linear,
               const std::string& output) {
  std::vector<double> by_feature;
  for (int feature = 0; feature < linear.features; ++feature) {
    for (int k = 0; k < linear.outputs; ++k) by_feature.push_back(WeightOf(linear, k, feature));
  }
  AddDoubles(builder, "weights", {linear.features, linear.outputs}, by_feature);
  AddDoubles(builder, "intercepts", {linear.outputs}, linear.intercepts);
  AddCast(builder, features, onnx::TensorProto::DOUBLE, builder.Internal("exact"));
  builder.AddNode("MatMul", {builder.Internal("exact"), builder.Internal("weights")},
                  builder.Internal("product"));
  builder.AddNode("Add", {builder.Internal("product"), builder.Internal("intercepts")}, output);
}

// Probabilities of raw scores, both in double.
void AddLink(GraphBuilder& builder, Link link, const std::string& raw, const std::string& output) {
  if (link == Link::kSoftmax) {
    GraphBuilder::SetInt(builder.AddNode("Softmax", {raw}, output), "axis", 1);
    return;
  }
  builder.AddNode("Sigmoid", {raw}, builder.Internal("second"));
  AddBothClasses(builder, builder.Internal("second"), output);
}

}  // namespace

void AddScorer(GraphBuilder& builder, const std::string& features, const Scorer& scorer,
               const std::string& output) {
  const auto* trees = std::get_if<TreeEnsemble>(&scorer.body);
  if (trees != nullptr && scorer.link == Link::kProbability && !scorer.calibration) {
    AddTrees(builder, features, *trees, output);
    return;
  }
  std::string raw = builder.Internal("raw");
  if (trees == nullptr) {
    const bool last = scorer.link == Link::kIdentity;
    AddLinear(builder, features, std::get<LinearScorer>(scorer.body), last ? output : raw);
    if (last) return;
  } else {
    AddTrees(builder, features, *trees, builder.Internal("sums"));
    AddCast(builder, builder.Internal("sums"), onnx::TensorProto::DOUBLE, raw);
  }
  if (scorer.link == Link::kIdentity) {
    builder.AddNode("Add", {raw, builder.SharedDouble("offset", scorer.offset)}, output);
    return;
  }
  if (scorer.calibration) {
    raw = AddCalibration(builder, *scorer.calibration, scorer.outputs(), raw);
  } else if (scorer.link != Link::kProbability) {
    AddLink(builder, scorer.link, raw, builder.Internal("probabilities"));
    raw = builder.Internal("probabilities");
  }
  AddCast(builder, raw, onnx::TensorProto::FLOAT, output);
}

}  // namespace slipway::model
