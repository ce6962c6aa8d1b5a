// The gates between a trained model and the registry.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/types.h"
#include "core/clock.h"
#include "core/file_system.h"
#include "data/target.h"
#include "data/types.h"
#include "gate/types.h"
#include "model/artifact.h"
#include "train/metrics.h"
#include "train/slices.h"

namespace slipway::gate {

struct ProductionVersion {
  model::Model model;
  // It was trained on the same split of the same data, so that the test part is new to it too.
  bool same_split = false;
  // It came as a ready graph, and what that has learned from is not known.
  bool ready_graph = false;
};

// The gate's question to the registry: what serves in production now. Implemented by who wires the
// stages.
class ProductionModel {
 public:
  virtual ~ProductionModel() = default;
  // nullopt where no version is in production.
  virtual Result<std::optional<ProductionVersion>> Load() = 0;
};

// What data and split say of how far the test part is new to the model.
struct LeakageFacts {
  std::vector<std::pair<std::string, double>> associations;  // Of features with the target.
  double shared_share = 0;  // Of test rows that equal a training row.
  int64_t shared_rows = 0;
};

struct GateInput {
  const config::ModelConfig& config;
  const train::Metrics& metrics;        // On the test part.
  const train::Metrics& train_metrics;  // On the training part.
  const train::Intervals& intervals;
  const train::SliceReport& slices;  // Of the test part.
  const LeakageFacts& leakage;
  const std::string& artifact_directory;  // Sealed; loaded again for parity and latency.
  const data::Table& test_rows;           // The test part's rows, all columns.
  const data::Target& truth;              // What the target is in them.
  double majority_share = 0;              // Share of the training part's most frequent class.
  ProductionModel* production = nullptr;
  // Of the test rows, where some belong together: rows of one group depend on each other.
  std::span<const int32_t> groups = {};
  // The model's inputs, for a graph of a matrix that does not name them.
  std::vector<std::string> features = {};
};

// All gates, in order: thresholds, slice_floor, group_gap, single_latency, batch_latency, size,
// parity, robustness, baseline, leakage, train_test_gap, production. An Error only where a gate
// could not be asked at all, as when the artifact can't be read or the version in production is
// damaged; a graph that can't be run is a failed parity gate. kInterrupted where it was.
Result<std::vector<Verdict>> RunGates(FileSystem& files, const Clock& clock,
                                      const GateInput& input);

// The names of the verdicts that RunGates gives of such a configuration, in its order, but for
// "production", which is there only where a version is.
std::vector<std::string> GateNames(const config::ModelConfig& config);

// True when no gate outside dry_run fails.
bool Passed(const std::vector<Verdict>& verdicts);

// True when asking again would say the same. A failed latency may be the machine's, which other
// work kept busy.
bool Repeatable(const std::vector<Verdict>& verdicts);

}  // namespace slipway::gate
