#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

#include "model/leaf_values_internal.h"
#include "model/node_layout_internal.h"
#include "model/ordered_key_internal.h"

namespace slipway::model {
namespace {

// Levels that lie together below the top: of two, six nodes in 48 bytes.
constexpr int kClusterLevels = 2;
// Paths longer than most are walked to their end only while some row has not arrived.
constexpr int kSureLevels = 12;

// The places of one tree's nodes. It is used for one tree after another.
class TreeOrder {
 public:
  struct Place {
    int32_t node = 0;   // Of the tree.
    uint32_t step = 0;  // To the place of its left child; 0 where it stays.
  };

  void Arrange(const Tree& tree) {
    tree_ = &tree;
    places_.assign(1, {});
    depth_ = 0;
    ArrangeTop();
    const auto entries = static_cast<uint32_t>(places_.size());
    for (uint32_t place = kTopNodes; place < entries; ++place) open_.push_back({place, kTopLevels});
    // The last child of an entry would be the first to follow.
    std::ranges::reverse(open_);
    while (!open_.empty()) {
      const Level next = open_.back();
      open_.pop_back();
      ArrangeCluster(next);
    }
  }

  std::span<const Place> places() const { return places_; }
  int depth() const { return depth_; }

 private:
  struct Level {
    uint32_t place = 0;
    int level = 0;
  };

  const TreeNode& NodeAt(uint32_t place) const {
    return tree_->nodes[static_cast<size_t>(places_[place].node)];
  }

  void AddChildren(uint32_t place, int32_t left, int32_t right) {
    places_[place].step = static_cast<uint32_t>(places_.size()) - place;
    places_.push_back({left, 0});
    places_.push_back({right, 0});
  }

  // A leaf's children in the top are that leaf.
  void ArrangeTop() {
    for (uint32_t place = 0; place < kTopNodes; ++place) {
      const TreeNode& node = NodeAt(place);
      const int32_t self = places_[place].node;
      if (node.feature < 0) {
        AddChildren(place, self, self);
      } else {
        depth_ = std::max(depth_, static_cast<int>(std::bit_width(place + 1)));
        AddChildren(place, node.left, node.right);
      }
    }
  }

  void ArrangeCluster(Level from) {
    cluster_.assign(1, from);
    size_t next = 0;
    for (; next < cluster_.size(); ++next) {
      const auto [place, level] = cluster_[next];
      if (level == from.level + kClusterLevels) break;
      const TreeNode& node = NodeAt(place);
      if (node.feature < 0) continue;
      const auto left = static_cast<uint32_t>(places_.size());
      AddChildren(place, node.left, node.right);
      depth_ = std::max(depth_, level + 1);
      cluster_.push_back({left, level + 1});
      cluster_.push_back({left + 1, level + 1});
    }
    // What is left of the cluster are roots of the next ones.
    for (size_t i = cluster_.size(); i-- > next;) {
      if (NodeAt(cluster_[i].place).feature >= 0) open_.push_back(cluster_[i]);
    }
  }

  const Tree* tree_ = nullptr;
  int depth_ = 0;
  std::vector<Place> places_;
  std::vector<Level> open_, cluster_;
};

// Places that a tree takes at most: the top of one that ends in it is filled up with copies.
size_t RoomFor(const Tree& tree) { return tree.nodes.size() + 2 * size_t{kTopNodes}; }

template <typename Node>
void AddTree(const Tree& tree, const TreeEnsemble& ensemble, LeafValues* values, TreeOrder* order,
             std::vector<NodeLayout::TreePlace>* trees, std::vector<Node>* nodes) {
  order->Arrange(tree);
  NodeLayout::TreePlace& place = trees->emplace_back();
  place.root = static_cast<uint32_t>(nodes->size());
  const int depth = std::max(order->depth(), kTopLevels);
  place.levels = std::min(depth, std::max<int>(kSureLevels, std::bit_width(tree.nodes.size())));
  place.deep = depth > place.levels;
  const auto offset = [](int feature) { return static_cast<uint32_t>(feature) * kTileRows; };
  for (const auto& [node, step] : order->places()) {
    const TreeNode& from = tree.nodes[static_cast<size_t>(node)];
    Node& to = nodes->emplace_back();
    to.packed = step;
    to.packed =
        to.packed << Node::kHalf | offset(from.feature < 0 ? ensemble.features : from.feature);
    if (from.feature >= 0) {
      to.key = ThresholdKey(from.threshold);
    } else if (step == 0) {
      const auto leaf = static_cast<size_t>(from.left) * static_cast<size_t>(ensemble.outputs);
      to.key = values->Add(tree.leaf_values.data() + leaf);
    }
  }
}

template <typename Node>
void AddTrees(const TreeEnsemble& ensemble, NodeLayout* layout, std::vector<Node>* nodes) {
  size_t count = 0;
  for (const Tree& tree : ensemble.trees) count += RoomFor(tree);
  nodes->reserve(count);
  LeafValues values(&layout->leaf_values, static_cast<size_t>(ensemble.outputs));
  TreeOrder order;
  for (const Tree& tree : ensemble.trees)
    AddTree(tree, ensemble, &values, &order, &layout->trees, nodes);
}

bool FitsNarrow(const TreeEnsemble& ensemble) {
  constexpr size_t kMost = std::numeric_limits<uint16_t>::max();
  return static_cast<size_t>(ensemble.features) * kTileRows <= kMost &&
         std::ranges::all_of(ensemble.trees,
                             [](const Tree& tree) { return RoomFor(tree) <= kMost; });
}

}  // namespace

NodeLayout LayOutNodes(const TreeEnsemble& ensemble) {
  NodeLayout layout;
  if (FitsNarrow(ensemble)) {
    AddTrees(ensemble, &layout, &layout.narrow);
  } else {
    AddTrees(ensemble, &layout, &layout.wide);
  }
  // Neighbours of as many levels walk together. Sums are exact (docs/models.md): any order will do.
  std::ranges::stable_sort(layout.trees, {}, &NodeLayout::TreePlace::levels);
  return layout;
}

}  // namespace slipway::model
