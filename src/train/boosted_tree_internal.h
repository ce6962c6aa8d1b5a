// Grows the trees of gradient boosting: regression trees of Newton steps over binned rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "core/result.h"
#include "model/types.h"
#include "train/boosting_options_internal.h"
#include "train/feature_bins_internal.h"

namespace slipway::train {

// A row's first and second derivative of the loss by its score as whole numbers, the first in the
// upper 32 bits, the second, which is never negative, in the lower ones: one addition sums both,
// and sums of whole numbers do not depend on their order. Their totals over all rows stay below
// 2^31, so that neither half overflows.
using Derivatives = int64_t;

// What one unit of each is worth.
struct DerivativeUnits {
  double first = 1;
  double second = 1;

  double First(Derivatives sum) const { return static_cast<double>(sum >> 32) * first; }
  double Second(Derivatives sum) const {
    return static_cast<double>(static_cast<uint32_t>(sum)) * second;
  }
};

// A tree whose leaves hold the steps, and where its rows ended.
struct BoostedTree {
  model::Tree tree;                // One output.
  std::vector<uint8_t> last_left;  // By node: the last bin that goes left.
  std::vector<double> gains;       // By column: what its splits gained.
  struct Leaf {
    uint32_t begin = 0, end = 0;  // Of the rows as Grow left them.
  };
  std::vector<Leaf> leaves;  // In the order of the tree's leaf values.

  // The step of a row that the tree did not learn from.
  float StepOf(const uint8_t* bins) const;
};

// Owned by one thread, which it lets share its work; grows any number of trees, one after another.
class BoostedTreeGrower {
 public:
  // References outlive this.
  BoostedTreeGrower(const BinnedRows<uint8_t>& rows, const std::vector<ColumnBins>& columns,
                    const BoostingPlan& plan);

  // `rows` is put in the order of the leaves; `derivatives` are those of all rows. Fails only when
  // interrupted. A split gains g²/(h + l2) of its sides less that of both together, where g and h
  // are sums of first and second derivatives, and a leaf's step is -g/(h + l2) times the learning
  // rate (Chen and Guestrin 2016, XGBoost: a scalable tree boosting system, equations 5 and 7).
  Result<BoostedTree> Grow(std::span<uint32_t> rows, std::span<const Derivatives> derivatives,
                           const DerivativeUnits& units, Random random);

 private:
  struct Split {
    int32_t column = -1;  // -1 where there is none.
    int32_t last_left = 0;
    double gain = 0;
    Derivatives left = 0;
  };
  struct Node {
    int32_t index = 0;  // In the tree.
    uint32_t begin = 0, end = 0;
    int32_t depth = 0;
    Derivatives sum = 0;
    size_t histogram = 0;  // Where its histogram is; not used by a node that stays a leaf.
    Split split;
    std::vector<int32_t> columns;  // Those that may be tried; empty for all.
  };
  // Neighbouring columns that are counted in one pass over the rows. Each has as many cells: a
  // power of two that holds the bins of any of them.
  struct ColumnGroup {
    size_t first = 0, last = 0;
    size_t stride = 0;  // Cells of a column.
    size_t cell = 0;    // Where the first column's begin in a histogram.

    size_t columns() const { return last - first; }
    size_t cells() const { return columns() * stride; }
    size_t CellOf(size_t column) const { return cell + (column - first) * stride; }
  };
  // By column and bin.
  struct Histogram {
    std::vector<Derivatives> sums;
    std::vector<uint32_t> rows;  // Empty where no leaf needs more than one row.
  };
  // Two children of a divided node: the histogram of one is counted, that of the other is what is
  // left of their parent's.
  struct Pair {
    size_t counted = 0;  // In the wave.
    size_t other = 0;    // The same as `counted` where there is no other.
  };

  static std::vector<ColumnGroup> GroupColumns(const std::vector<ColumnBins>& columns);
  bool MayDivide(const Node& node) const;
  size_t TakeHistogram();
  Node AddNode(uint32_t begin, uint32_t end, int32_t depth, Derivatives sum);
  void Count(const Node& node, const ColumnGroup& group);
  void FindSplit(Node* node) const;
  Status FillWave(std::vector<Node>* wave, const std::vector<Pair>& pairs);
  // Keeps a node for division; one without a split becomes a leaf.
  void Open(Node node);
  // Takes what is divided next out of `open_`: the last nodes, or the one of the largest gain where
  // the number of leaves is limited.
  std::vector<Node> TakeWave();
  static bool GainsLess(const Node& a, const Node& b);
  uint32_t PartRows(const Node& node);
  Status Divide(std::vector<Node> wave);
  void Finish(const Node& leaf);

  const BinnedRows<uint8_t>& rows_;
  const std::vector<ColumnBins>& columns_;
  const BoostingPlan& plan_;
  bool count_rows_;
  std::vector<ColumnGroup> groups_;
  std::vector<size_t> cell_of_;  // By column.
  size_t cells_;                 // Of a histogram.
  size_t wave_nodes_;            // At most.

  std::span<uint32_t> tree_rows_;
  std::span<const Derivatives> derivatives_;
  DerivativeUnits units_;
  Random random_{0};
  BoostedTree grown_;
  std::vector<Node> open_;  // With a split each; a heap where the number of leaves is limited.
  int64_t leaves_ = 0;
  std::vector<Histogram> histograms_;
  std::vector<size_t> free_;
  std::vector<uint32_t> right_;  // Rows that go right, while a node is divided.
};

}  // namespace slipway::train
