// One of the two models that are compared, with all that is known of it.
#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "core/result.h"
#include "data/profile.h"
#include "pipeline/model_diff.h"
#include "pipeline/predict.h"
#include "registry/types.h"

namespace slipway::pipeline {

struct ComparedModel {
  ChosenModel chosen;
  registry::ModelVersion version;  // Of what is not registered, what its files tell.
  Json lineage, metrics;           // null where there is none, as beside a single ONNX file.
  Json data_config;                // The `data` section.
  std::optional<data::TableProfile> profile;
  std::string golden;  // "" for none.

  std::string name() const {
    return chosen.version.empty() ? chosen.name : chosen.name + ":" + chosen.version;
  }
  const model::ModelSchema& schema() const { return chosen.model.schema; }
};

// Verified first.
Result<ComparedModel> ReadComparedModel(const std::string& reference, const std::string& registry);

std::vector<MetricComparison> CompareMetrics(const ComparedModel& left, const ComparedModel& right);
Result<DataComparison> CompareData(const ComparedModel& left, const ComparedModel& right,
                                   int threads);
Result<PredictionComparison> ComparePredictions(const ComparedModel& left,
                                                const ComparedModel& right,
                                                const ModelDiffOptions& options,
                                                ProgressSink& progress);

}  // namespace slipway::pipeline
