#include "model/onnx_builder_internal.h"
#include "model/onnx_names_internal.h"

namespace slipway::model {
namespace {

// The attributes of TreeEnsembleRegressor: parallel arrays over the nodes of all trees, and over
// leaf values.
class TreeAttributes {
 public:
  explicit TreeAttributes(onnx::NodeProto* node)
      : target_ids_(Ints(node, "target_ids")),
        target_nodeids_(Ints(node, "target_nodeids")),
        target_treeids_(Ints(node, "target_treeids")),
        nodeids_(Ints(node, "nodes_nodeids")),
        treeids_(Ints(node, "nodes_treeids")),
        featureids_(Ints(node, "nodes_featureids")),
        true_ids_(Ints(node, "nodes_truenodeids")),
        false_ids_(Ints(node, "nodes_falsenodeids")),
        weights_(Add(node, "target_weights", onnx::AttributeProto::FLOATS)),
        thresholds_(Add(node, "nodes_values", onnx::AttributeProto::FLOATS)),
        modes_(Add(node, "nodes_modes", onnx::AttributeProto::STRINGS)) {}

  void AddTree(int64_t id, const Tree& tree, int outputs) {
    for (size_t i = 0; i < tree.nodes.size(); ++i) {
      const TreeNode& node = tree.nodes[i];
      const bool leaf = node.feature < 0;
      treeids_->add_ints(id);
      nodeids_->add_ints(static_cast<int64_t>(i));
      modes_->add_strings(leaf ? onnx_names::kLeaf : onnx_names::kBranch);
      featureids_->add_ints(leaf ? 0 : node.feature);
      thresholds_->add_floats(leaf ? 0 : node.threshold);
      true_ids_->add_ints(leaf ? 0 : node.left);
      false_ids_->add_ints(leaf ? 0 : node.right);
      if (!leaf) continue;
      const float* values =
          tree.leaf_values.data() + static_cast<size_t>(node.left) * static_cast<size_t>(outputs);
      for (int output = 0; output < outputs; ++output) {
        // Zeros add nothing: most leaves of a deep tree know only one class.
        if (values[output] != 0) AddWeight(id, static_cast<int64_t>(i), output, values[output]);
      }
    }
  }

 private:
  static onnx::AttributeProto* Add(onnx::NodeProto* node, const char* name,
                                   onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }
  static onnx::AttributeProto* Ints(onnx::NodeProto* node, const char* name) {
    return Add(node, name, onnx::AttributeProto::INTS);
  }

  void AddWeight(int64_t tree, int64_t node, int output, float weight) {
    target_treeids_->add_ints(tree);
    target_nodeids_->add_ints(node);
    target_ids_->add_ints(output);
    weights_->add_floats(weight);
  }

  onnx::AttributeProto* target_ids_;
  onnx::AttributeProto* target_nodeids_;
  onnx::AttributeProto* target_treeids_;
  onnx::AttributeProto* nodeids_;
  onnx::AttributeProto* treeids_;
  onnx::AttributeProto* featureids_;
  onnx::AttributeProto* true_ids_;
  onnx::AttributeProto* false_ids_;
  onnx::AttributeProto* weights_;
  onnx::AttributeProto* thresholds_;
  onnx::AttributeProto* modes_;
};

}  // namespace

void AddTrees(GraphBuilder& builder, const std::string& features, const TreeEnsemble& ensemble,
              const std::string& output) {
  onnx::NodeProto& node = builder.AddMlNode("TreeEnsembleRegressor", features, output);
  GraphBuilder::SetInt(node, "n_targets", ensemble.outputs);
  GraphBuilder::SetText(node, "aggregate_function", "SUM");
  GraphBuilder::SetText(node, "post_transform", "NONE");
  if (!ensemble.base.empty()) {
    auto& base = GraphBuilder::AddAttribute(node, "base_values", onnx::AttributeProto::FLOATS);
    for (const float value : ensemble.base) base.add_floats(value);
  }
  TreeAttributes attributes(&node);
  int64_t id = 0;
  for (const Tree& tree : ensemble.trees) attributes.AddTree(id++, tree, ensemble.outputs);
}

}  // namespace slipway::model
