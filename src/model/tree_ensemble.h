// From what trainers grow to ensembles whose sums are exact.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"
#include "model/types.h"

namespace slipway::model {

// A tree as a trainer gives it: thresholds in double, leaves with class probabilities that sum
// to 1, or with a number.
struct FittedTree {
  struct Node {
    int32_t feature = -1;  // -1 for a leaf; then `left` is the leaf's index.
    double threshold = 0;
    int32_t left = 0;
    int32_t right = 0;
  };
  std::vector<Node> nodes;
  std::vector<double> values;  // leaves × outputs.
};

// The largest float32 that is not above `threshold`: for a float32 value, being <= the one or <=
// the other is the same.
float RoundDown(double threshold);

// With more trees a tree's share of 1 would be too few units to tell probabilities apart.
inline constexpr int64_t kMostTrees = int64_t{1} << 15;

// The mean of at most kMostTrees trees' probabilities. Thresholds are rounded down to float32
// (which decides the same for every float32 value); leaf values are put on the grid of 2^-23 by
// largest remainder, so that each row's scores sum to exactly 1.
Result<TreeEnsemble> AverageForest(const std::vector<FittedTree>& trees, int classes, int features);

// The mean of at most kMostTrees trees with a number a leaf, on the grid of SumTrees.
Result<TreeEnsemble> AverageTrees(const std::vector<FittedTree>& trees, int features);

// Trees whose leaf values add up, and what their sums start from (one an output, or empty): every
// value is put on one grid, a power of two, that is fine enough for float32 sums to be exact and
// their rounding to be at most 2^-22 of the largest sum a tree. kInternal where the largest
// possible sum is not finite.
Result<TreeEnsemble> SumTrees(std::vector<Tree> trees, std::span<const double> base, int outputs,
                              int features);

}  // namespace slipway::model
