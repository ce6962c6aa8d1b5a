// The search for the slices on which a model does worst, by the losses of single rows.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "data/slices.h"
#include "data/two_sample.h"

namespace slipway::train {

// What the mean and the variance of some rows' losses follow from.
struct LossSums {
  double rows = 0, sum = 0, squares = 0;

  void Add(double loss) {
    ++rows;
    sum += loss;
    squares += loss * loss;
  }
  LossSums Without(const LossSums& part) const {
    return {rows - part.rows, sum - part.sum, squares - part.squares};
  }
  data::SampleMoments Moments() const;
};

// A part's losses against those of all other rows.
struct LossComparison {
  double effect = 0;   // Slice::effect.
  double p_value = 1;  // Two-sided.
  double p_above = 1;  // That the part's are not larger; 1 where they aren't.
};
LossComparison CompareLosses(const LossSums& part, const LossSums& all);

struct WorstSlice {
  std::vector<std::pair<size_t, int32_t>> conditions;  // Column and part, one or two.
  LossSums sums;
  LossComparison comparison;
  double q_value = 1;
};

struct SliceSearch {
  std::vector<WorstSlice> found;  // Worst first.
  int64_t looked_at = 0;
};

// As EvaluateSlices says. `losses` are one a row, as the columns' codes.
SliceSearch FindWorstSlices(std::span<const data::SlicedColumn> columns,
                            std::span<const double> losses, int64_t min_rows);

}  // namespace slipway::train
