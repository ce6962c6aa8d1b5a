// The best split of one node of a forest's tree, by a histogram of each column that is tried.
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
  uint32_t cls : 12 = 0;    // 0 where numbers are learned.
  uint32_t times : 20 = 1;  // How often it was drawn.
};
static_assert(kMostClasses <= 1 << 12);
inline constexpr uint32_t kMostTimes = (1U << 20U) - 1;

// What a tree learns: classes, or numbers. A node keeps a tally of its rows, in whole numbers, so
// that sums of them are exact: of classes how often each is drawn; of numbers how often any row is,
// and the sum of what they are.
struct TreeGoal {
  std::span<const double> class_weights;  // One a class; none of numbers.
  // The numbers by row of the matrix, in units. All rows that a tree draws have sums below 2^53.
  std::span<const double> numbers;
  double unit = 1;  // What one unit of the numbers is worth.

  bool of_numbers() const { return class_weights.empty(); }
  size_t width() const { return of_numbers() ? 2 : class_weights.size(); }
};

// Minus the weighted impurity of rows, up to what no split of a node changes: for Gini Σ m²/M, for
// entropy Σ m log₂(m/M), where m is the weight of a class and M = Σ m; for the squared error S²/M,
// where S is the sum of M numbers (Breiman et al. 1984, sections 4.3 and 8.3). A split's worth is
// what it adds to this. 0 where nothing weighs. `mass` is a tally times the class weights.
double Purity(Criterion criterion, std::span<const double> mass);

// What a node holds.
struct NodeRows {
  std::span<const TreeRow> rows;
  std::span<const double> tally;
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
  // References outlive this, and so does what `goal` refers to.
  SplitSearch(const BinnedRows<Bin>& rows, const std::vector<ColumnBins>& columns,
              const ForestPlan& plan, const TreeGoal& goal);

  // Forgets what was drawn before, so that a tree does not depend on those that were grown before
  // it.
  void StartTree();

  // The best split of the node among `features_per_node` columns drawn by `random`, and further
  // ones while no drawn column has two values in the node, as scikit-learn does. A split leaves
  // `min_leaf` rows and `least_weight` on each side. The first of equal ones wins.
  Split Find(const NodeRows& node, double least_weight, Random* random);

  // The tally of the left side of the split that Find gave last.
  std::span<const double> left_tally() const { return left_tally_; }

 private:
  // Of each bin one a class, or two: rows in the lower half, draws in the upper; and of numbers
  // the sum of them, which may be negative.
  using Cell = uint64_t;
  // Columns of a row lie together, so that counting several at a time costs little more than one;
  // more would leave the first-level cache.
  static constexpr size_t kColumnsAtOnce = 4;

  // What the compiler knows of the goal.
  enum class Kind { kTwoClasses, kClasses, kNumbers };

  // Tries the columns drawn_[begin, end); true if one of them has two values in the node.
  template <Kind kKind>
  bool TryColumns(size_t begin, size_t end, const NodeRows& node, double least_weight, Split* best);
  // Fills the cells of at most kColumnsAtOnce columns.
  template <Kind kKind>
  void Count(std::span<const TreeRow> rows, std::span<const int32_t> columns);
  template <Kind kKind, size_t kColumns>
  void CountColumns(std::span<const TreeRow> rows, const int32_t* columns);
  // Fills bins_ with those that rows of the node are in, rising.
  template <Kind kKind>
  void ListBins(int32_t column, std::span<const TreeRow> rows, const Cell* cells);
  void ListBinsOfFew(int32_t column, std::span<const TreeRow> rows);
  // Fills the candidates: candidate i parts bins_[i] from bins_[i + 1].
  void ScoreTwoClassGini(const NodeRows& node, const Cell* cells);
  void ScoreClasses(const NodeRows& node, const Cell* cells);
  void ScoreNumbers(const NodeRows& node, const Cell* cells);
  template <Kind kKind>
  void Score(const NodeRows& node, const Cell* cells);
  // True if a candidate is better than `best`, which it then is.
  bool Choose(int32_t column, const NodeRows& node, double least_weight, Split* best) const;
  void AddUpLeft(int32_t last_left, const Cell* cells);
  // Cells of a bin.
  template <Kind kKind>
  size_t width() const {
    return kKind == Kind::kClasses ? width_ : 2;
  }

  const BinnedRows<Bin>& rows_;
  const std::vector<ColumnBins>& columns_;
  const ForestPlan& plan_;
  TreeGoal goal_;
  size_t width_;
  std::vector<int32_t> drawn_;                        // All columns, the last ones drawn first.
  std::array<size_t, kColumnsAtOnce> first_cells_{};  // Of each column that is being tried.
  std::vector<Cell> cells_;                           // By column and bin; all 0 between calls.
  std::vector<uint64_t> occupied_;                    // A bit a bin; all 0 between calls.
  std::vector<uint32_t> bins_;                        // The first bin_count_ are set.
  size_t bin_count_ = 0;
  std::vector<uint32_t> rows_left_;  // By candidate, as the next two.
  std::vector<double> weight_left_;
  std::vector<double> purity_;
  std::vector<double> first_class_, second_class_;  // Draws left of a candidate, of two classes.
  std::vector<double> class_draws_;                 // Left of a candidate, of any classes.
  std::vector<double> left_tally_;
  bool weighted_;  // A class weighs something else than 1.
};

}  // namespace slipway::train
