// The best split of one node of a classification tree, by a histogram of each column that is tried.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/random.h"
#include "train/feature_bins_internal.h"
#include "train/forest_options_internal.h"

namespace slipway::train {

// A row as a tree learns from it, in 8 bytes: nodes pass over millions of them.
struct TreeRow {
  uint32_t row = 0;
  uint32_t cls : 12 = 0;
  uint32_t times : 20 = 1;  // How often it was drawn.
};
static_assert(kMostClasses <= 1 << 12);
inline constexpr uint32_t kMostTimes = (1U << 20U) - 1;

// Minus the weighted impurity of rows, up to their total weight, which no split of a node changes:
// for Gini Σ m²/M, for entropy Σ m log₂(m/M), where m is the weight of a class and M = Σ m (Breiman
// et al. 1984, section 4.3). A split's worth is what it adds to this. 0 where nothing weighs.
double Purity(Criterion criterion, std::span<const double> mass);

// What a node holds.
struct NodeRows {
  std::span<const TreeRow> rows;
  std::span<const double> draws;  // By class: whole numbers, so that sums of them are exact.
};

struct Split {
  int32_t column = -1;  // -1 where there is none.
  int32_t last_left = 0;
  int32_t first_right = 0;  // The next bin that a row of the node is in.
  uint32_t rows_left = 0;
  double purity = -std::numeric_limits<double>::infinity();  // Of both sides together.
};

// Owned by one thread, for all nodes of any number of trees.
template <typename Bin>
class SplitSearch {
 public:
  // References outlive this. `class_weights` has one a class.
  SplitSearch(const BinnedRows<Bin>& rows, const std::vector<ColumnBins>& columns,
              const ForestPlan& plan, std::span<const double> class_weights);

  // Forgets what was drawn before, so that a tree does not depend on those that were grown before
  // it.
  void StartTree();

  // The best split of the node among `features_per_node` columns drawn by `random`, and further
  // ones while no drawn column has two values in the node, as scikit-learn does. A split leaves
  // `min_leaf` rows and `least_weight` on each side. The first of equal ones wins.
  Split Find(const NodeRows& node, double least_weight, Random* random);

  // Draws by class on the left side of the split that Find gave last.
  std::span<const double> left_draws() const { return left_draws_; }

 private:
  // Rows in the lower half, draws in the upper.
  using Cell = uint64_t;
  // Columns of a row lie together, so that counting several at a time costs little more than one;
  // more would leave the first-level cache.
  static constexpr size_t kColumnsAtOnce = 4;

  // Tries the columns drawn_[begin, end); true if one of them has two values in the node. The
  // number of classes is known to the compiler where it is kClasses, and classes_ where that is 0.
  template <size_t kClasses>
  bool TryColumns(size_t begin, size_t end, const NodeRows& node, double least_weight, Split* best);
  // Fills the cells of at most kColumnsAtOnce columns.
  template <size_t kClasses>
  void Count(std::span<const TreeRow> rows, std::span<const int32_t> columns);
  template <size_t kClasses, size_t kColumns>
  void CountColumns(std::span<const TreeRow> rows, const int32_t* columns);
  // Fills bins_ with those that rows of the node are in, rising.
  template <size_t kClasses>
  void ListBins(int32_t column, std::span<const TreeRow> rows, const Cell* cells);
  void ListBinsOfFew(int32_t column, std::span<const TreeRow> rows);
  // Fills the candidates: candidate i parts bins_[i] from bins_[i + 1].
  void ScoreTwoClassGini(const NodeRows& node, const Cell* cells);
  void ScoreAny(const NodeRows& node, const Cell* cells);
  // True if a candidate is better than `best`, which it then is.
  bool Choose(int32_t column, const NodeRows& node, double least_weight, Split* best) const;
  void AddUpLeft(int32_t last_left, const Cell* cells);
  template <size_t kClasses>
  size_t classes() const {
    return kClasses > 0 ? kClasses : classes_;
  }

  const BinnedRows<Bin>& rows_;
  const std::vector<ColumnBins>& columns_;
  const ForestPlan& plan_;
  std::span<const double> class_weights_;
  size_t classes_;
  std::vector<int32_t> drawn_;                        // All columns, the last ones drawn first.
  std::array<size_t, kColumnsAtOnce> first_cells_{};  // Of each column that is being tried.
  std::vector<Cell> cells_;         // By column, bin and class; all 0 between calls.
  std::vector<uint64_t> occupied_;  // A bit a bin; all 0 between calls.
  std::vector<uint32_t> bins_;      // The first bin_count_ are set.
  size_t bin_count_ = 0;
  std::vector<uint32_t> rows_left_;  // By candidate, as the next two.
  std::vector<double> weight_left_;
  std::vector<double> purity_;
  std::vector<double> first_class_, second_class_;  // Draws left of a candidate, of two classes.
  std::vector<double> class_draws_;                 // Left of a candidate, of any classes.
  std::vector<double> left_draws_;
  bool weighted_;  // A class weighs something else than 1.
};

}  // namespace slipway::train
