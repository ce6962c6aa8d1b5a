// How well a growing forest answers the rows that its trees did not draw (Breiman 2001, Random
// forests, section 3.1).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "core/result.h"
#include "train/trainer.h"
#include "train/tree_grower_internal.h"

namespace slipway::train {

// Rows of the set that a tree did not draw.
using RowsOut = std::vector<uint32_t>;

class OutOfBag {
 public:
  // `offset` is what the trees' numbers are differences from. The set outlives this.
  OutOfBag(const TrainingSet& set, double offset, int threads);

  // Adds the trees' answers, in their order: the same on any number of threads.
  Status Add(std::span<const GrownTree> trees, std::span<const RowsOut> out);

  // Over the rows that some tree did not draw, by their weight, the mean squared error: of the mean
  // estimate, or of the mean probabilities summed over classes. NaN where there are none of some
  // weight.
  double Loss() const;

 private:
  void AddTree(const GrownTree& grown, std::span<const uint32_t> rows);

  const TrainingSet& set_;
  double offset_;
  int threads_;
  size_t width_;                // Values of a leaf.
  std::vector<double> sums_;    // rows × width.
  std::vector<int32_t> trees_;  // That did not draw the row.
};

// Whether a loss still falls: false once none of the last `patience` was lower than the best before
// them by more than the share `least`. NaN tells nothing and does not count.
class Plateau {
 public:
  Plateau(int patience, double least) : patience_(patience), least_(least) {}

  bool Progresses(double loss);

 private:
  int patience_;
  double least_;
  double best_ = std::numeric_limits<double>::infinity();
  int without_ = 0;  // Losses since the best.
};

}  // namespace slipway::train
