#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/onnx_graph_internal.h"
#include "model/onnx_names_internal.h"
#include "model/onnx_reader_internal.h"

namespace slipway::model {
namespace {

// 1 GB of leaf values: what a small file could otherwise make us ask for has no limit.
constexpr size_t kMaxLeafValues = size_t{1} << 28;

const std::vector<std::string_view> kKnownAttributes = {
    "aggregate_function", "base_values",    "n_targets",      "nodes_falsenodeids",
    "nodes_featureids",   "nodes_modes",    "nodes_nodeids",  "nodes_treeids",
    "nodes_truenodeids",  "nodes_values",   "post_transform", "target_ids",
    "target_nodeids",     "target_treeids", "target_weights"};

class TreeReader {
 public:
  TreeReader(const onnx::NodeProto& node, int outputs, int features)
      : node_(node), attributes_(node), outputs_(outputs), features_(features) {}

  Result<TreeEnsemble> Run() {
    SLIPWAY_RETURN_IF_ERROR(CheckSettings());
    SLIPWAY_RETURN_IF_ERROR(FindArrays());
    ensemble_.outputs = outputs_;
    ensemble_.features = features_;
    SLIPWAY_RETURN_IF_ERROR(AddNodes());
    for (size_t tree = 0; tree < ensemble_.trees.size(); ++tree)
      SLIPWAY_RETURN_IF_ERROR(CheckParents(tree));
    SLIPWAY_RETURN_IF_ERROR(AddWeights());
    SLIPWAY_RETURN_IF_ERROR(AddBase());
    return std::move(ensemble_);
  }

 private:
  using Ints = google::protobuf::RepeatedField<int64_t>;
  using Floats = google::protobuf::RepeatedField<float>;

  Status CheckSettings() const {
    SLIPWAY_RETURN_IF_ERROR(attributes_.CheckKnown(kKnownAttributes));
    SLIPWAY_RETURN_IF_ERROR(attributes_.CheckInt("n_targets", 0, outputs_));
    if (attributes_.Text("aggregate_function", "SUM") != "SUM")
      return CannotRun(node_, "without the sum of its trees");
    if (attributes_.Text("post_transform", "NONE") != "NONE")
      return CannotRun(node_, "with a post_transform");
    return {};
  }

  Status FindInts(const char* name, const Ints** values, const Ints* like) const {
    const onnx::AttributeProto* attribute = attributes_.Find(name);
    if (attribute == nullptr) return CannotRun(node_, fmt::format("without {}", name));
    *values = &attribute->ints();
    if (like != nullptr && like->size() != (*values)->size()) return WrongSize(name);
    return {};
  }

  Status WrongSize(const char* name) const {
    return CannotRun(node_, fmt::format("whose {} has another size than its tree ids", name));
  }

  Status FindArrays() {
    SLIPWAY_RETURN_IF_ERROR(FindInts("nodes_treeids", &trees_, nullptr));
    SLIPWAY_RETURN_IF_ERROR(FindInts("nodes_nodeids", &ids_, trees_));
    SLIPWAY_RETURN_IF_ERROR(FindInts("nodes_featureids", &splits_, trees_));
    SLIPWAY_RETURN_IF_ERROR(FindInts("nodes_truenodeids", &lefts_, trees_));
    SLIPWAY_RETURN_IF_ERROR(FindInts("nodes_falsenodeids", &rights_, trees_));
    SLIPWAY_RETURN_IF_ERROR(FindInts("target_treeids", &target_trees_, nullptr));
    SLIPWAY_RETURN_IF_ERROR(FindInts("target_nodeids", &target_nodes_, target_trees_));
    SLIPWAY_RETURN_IF_ERROR(FindInts("target_ids", &target_ids_, target_trees_));
    modes_ = attributes_.Find("nodes_modes");
    thresholds_ = attributes_.Find("nodes_values");
    weights_ = attributes_.Find("target_weights");
    if (modes_ == nullptr || modes_->strings_size() != trees_->size())
      return WrongSize("nodes_modes");
    if (thresholds_ == nullptr || thresholds_->floats_size() != trees_->size())
      return WrongSize("nodes_values");
    if (weights_ == nullptr || weights_->floats_size() != target_trees_->size())
      return WrongSize("target_weights");
    return {};
  }

  Status AddNodes() {
    for (int i = 0; i < trees_->size(); ++i) {
      const auto last = static_cast<int64_t>(ensemble_.trees.size()) - 1;
      if ((*trees_)[i] == last + 1) {
        ensemble_.trees.emplace_back().nodes.reserve(NodesFrom(i));
      } else if ((*trees_)[i] != last) {
        return CannotRun(node_, "whose trees are not in order");
      }
      Tree& tree = ensemble_.trees.back();
      if ((*ids_)[i] != static_cast<int64_t>(tree.nodes.size()))
        return CannotRun(node_, "whose nodes are not in order");
      SLIPWAY_RETURN_IF_ERROR(AddTreeNode(i, &tree));
    }
    if (ensemble_.trees.empty()) return CannotRun(node_, "without trees");
    return {};
  }

  // How many nodes of one tree stand from `first` on.
  size_t NodesFrom(int first) const {
    const auto from = trees_->begin() + first;
    const auto end = std::find_if(from, trees_->end(), [&](int64_t id) { return id != *from; });
    return static_cast<size_t>(end - from);
  }

  Status AddTreeNode(int i, Tree* tree) {
    const std::string& mode = modes_->strings(i);
    if (mode == onnx_names::kLeaf) {
      // Leaves are numbered in order.
      tree->nodes.push_back(
          {-1, 0, static_cast<int32_t>(tree->leaf_values.size() / static_cast<size_t>(outputs_)),
           0});
      leaf_values_ += static_cast<size_t>(outputs_);
      if (leaf_values_ > kMaxLeafValues) return CannotRun(node_, "with more than 2^28 leaf values");
      tree->leaf_values.resize(tree->leaf_values.size() + static_cast<size_t>(outputs_));
      return {};
    }
    if (mode != onnx_names::kBranch)
      return CannotRun(node_, fmt::format("with the node mode {}", mode));
    const float threshold = thresholds_->floats(i);
    const int64_t feature = (*splits_)[i];
    if (feature < 0 || feature >= features_ || std::isnan(threshold)) {
      return CannotRun(node_, fmt::format("with a split of feature {} of {} at {}", feature,
                                          features_, threshold));
    }
    constexpr int64_t kMaxId = std::numeric_limits<int32_t>::max();
    const int64_t left = (*lefts_)[i];
    const int64_t right = (*rights_)[i];
    if (left < 0 || left > kMaxId || right < 0 || right > kMaxId)
      return CannotRun(node_, "with a node id out of range");
    tree->nodes.push_back({static_cast<int32_t>(feature), threshold, static_cast<int32_t>(left),
                           static_cast<int32_t>(right)});
    return {};
  }

  Status CheckParents(size_t index) const {
    const std::vector<TreeNode>& nodes = ensemble_.trees[index].nodes;
    std::vector<bool> has_parent(nodes.size());
    size_t children = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].feature < 0) continue;
      for (const int32_t child : {nodes[i].left, nodes[i].right}) {
        const auto at = static_cast<size_t>(child);
        if (at <= i || at >= nodes.size() || has_parent[at]) {
          return CannotRun(node_, fmt::format("whose tree {} is not a tree at node {}", index, i));
        }
        has_parent[at] = true;
        ++children;
      }
    }
    if (children + 1 == nodes.size()) return {};
    return CannotRun(node_, fmt::format("whose tree {} has nodes without a parent", index));
  }

  Status AddWeights() {
    std::vector<std::vector<bool>> given(ensemble_.trees.size());
    for (int i = 0; i < target_trees_->size(); ++i) {
      const int64_t tree_id = (*target_trees_)[i];
      const int64_t node_id = (*target_nodes_)[i];
      const int64_t output = (*target_ids_)[i];
      const float weight = weights_->floats(i);
      if (tree_id < 0 || tree_id >= static_cast<int64_t>(ensemble_.trees.size()))
        return WrongWeight(i);
      Tree& tree = ensemble_.trees[static_cast<size_t>(tree_id)];
      if (node_id < 0 || node_id >= static_cast<int64_t>(tree.nodes.size())) return WrongWeight(i);
      const TreeNode& node = tree.nodes[static_cast<size_t>(node_id)];
      if (node.feature >= 0 || output < 0 || output >= outputs_ || !std::isfinite(weight))
        return WrongWeight(i);
      const size_t at = static_cast<size_t>(node.left) * static_cast<size_t>(outputs_) +
                        static_cast<size_t>(output);
      std::vector<bool>& seen = given[static_cast<size_t>(tree_id)];
      seen.resize(tree.leaf_values.size());
      if (seen[at]) return WrongWeight(i);
      seen[at] = true;
      tree.leaf_values[at] = weight;
    }
    return {};
  }

  Status AddBase() {
    const onnx::AttributeProto* base = attributes_.Find("base_values");
    if (base == nullptr) return {};
    ensemble_.base.assign(base->floats().begin(), base->floats().end());
    const bool finite =
        std::ranges::all_of(ensemble_.base, [](float value) { return std::isfinite(value); });
    if (finite && base->floats_size() == outputs_) return {};
    return CannotRun(node_, "without one finite base value an output");
  }

  Status WrongWeight(int i) const {
    return CannotRun(node_,
                     fmt::format("whose leaf value {} is given twice or belongs to no leaf", i));
  }

  const onnx::NodeProto& node_;
  Attributes attributes_;
  int outputs_;
  int features_;
  const Ints* trees_ = nullptr;
  const Ints* ids_ = nullptr;
  const Ints* splits_ = nullptr;
  const Ints* lefts_ = nullptr;
  const Ints* rights_ = nullptr;
  const Ints* target_trees_ = nullptr;
  const Ints* target_nodes_ = nullptr;
  const Ints* target_ids_ = nullptr;
  const onnx::AttributeProto* modes_ = nullptr;
  const onnx::AttributeProto* thresholds_ = nullptr;
  const onnx::AttributeProto* weights_ = nullptr;
  size_t leaf_values_ = 0;
  TreeEnsemble ensemble_;
};

}  // namespace

Result<TreeEnsemble> ReadTrees(const onnx::NodeProto& node, int outputs, int features) {
  return TreeReader(node, outputs, features).Run();
}

}  // namespace slipway::model
