// What differs between two models: what they were made of, how good they are, and what they say of
// the same rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "core/result.h"
#include "data/drift.h"
#include "registry/diff.h"

namespace slipway::pipeline {

struct MetricComparison {
  std::string metric;
  std::optional<double> left, right;                                       // Of the test parts.
  std::optional<std::pair<double, double>> left_interval, right_interval;  // 95 %.
  // Whether the difference is larger than both intervals together explain: the root of the sum of
  // squares of their half widths. Nothing where one is not known. Of models that were judged by the
  // same rows this is cautious, as what the rows have in common is no noise.
  std::optional<bool> beyond_noise;
};

// The training rows.
struct DataComparison {
  std::optional<int64_t> left_rows, right_rows;
  std::optional<data::DriftReport> drift;  // From the left to the right.
  std::string not_compared;                // Why there is none.
};

struct RowComparison {
  std::string row;          // "golden row 3 of m:1", "row 17"
  std::string left, right;  // "good 0.812", or the estimate.
  double difference = 0;    // Of the scores, the largest; or of the estimates.
};

struct PredictionComparison {
  std::string asked;  // What rows, in words.
  int64_t rows = 0;
  int64_t equal = 0;  // Of labels; of a regression, estimates to the last bit.
  double largest_difference = 0, mean_difference = 0;
  bool regression = false;
  std::vector<RowComparison> worst;  // At most ten, the largest difference first.
  std::string not_compared;          // Why no row was asked about.
};

struct ModelDiff {
  struct Side {
    std::string name;  // "credit-risk:3", or a path.
    std::string digest;
    int64_t size_bytes = 0;
  };
  Side left, right;
  // By section: "record", "metrics", "config", "deployment", "schema", "lineage".
  std::vector<registry::VersionDifference> differences;
  std::vector<MetricComparison> metrics;
  DataComparison data;
  PredictionComparison predictions;
};

struct ModelDiffOptions {
  std::string left, right;  // References, folders and ONNX files among them.
  std::string registry;     // As ChooseModel takes it.
  std::string data_path;    // Rows to ask both about; "" for their golden rows.
  int threads = 0;
};

Result<ModelDiff> CompareModels(const ModelDiffOptions& options, ProgressSink& progress);

Json ToJson(const ModelDiff& diff);

}  // namespace slipway::pipeline
