// Rows for the tests of trainers.
#pragma once

#include <cstdint>
#include <vector>

#include "core/random.h"
#include "data/types.h"
#include "train/trainer.h"

namespace slipway::train {

struct Sample {
  data::Matrix matrix;
  std::vector<int32_t> classes;
  int class_count = 2;
  std::vector<double> class_weights;
  std::vector<double> values;  // Where class_count is 0.

  TrainingSet set() const { return {matrix, classes, class_count, class_weights, values}; }
};

// Values from -1 to 1; no classes yet.
inline Sample UniformSample(int64_t rows, int64_t columns, int classes, Random* random) {
  Sample sample;
  sample.class_count = classes;
  sample.matrix.rows = rows;
  sample.matrix.columns = columns;
  sample.matrix.values.resize(static_cast<size_t>(rows * columns));
  for (float& value : sample.matrix.values) value = static_cast<float>(random->Uniform() * 2 - 1);
  return sample;
}

}  // namespace slipway::train
