// All that a run's reports show: plain data, filled by the pipeline.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/types.h"
#include "gate/types.h"
#include "report/card.h"
#include "train/calibration.h"
#include "train/decision_threshold.h"
#include "train/permutation_importance.h"
#include "train/slices.h"
#include "train/types.h"

namespace slipway::report {

struct RunReport {
  std::string run_id;
  std::string status;  // "passed", "failed"
  std::string project, environment, label;
  std::string model_name;
  int64_t version = 0;  // 0 where nothing was registered.
  std::string digest;
  std::string started_at, slipway_version;
  std::string failed_step;  // "" or the step that ended the run: "data", "gates".

  std::string source_path;
  std::string source_digest;
  data::DatasetReport
      dataset;  // `profiles` are of the training part where there was one, else of all rows.
  std::string target;
  int64_t train_rows = 0, validation_rows = 0, test_rows = 0;

  std::string algorithm;
  Json hyperparameters = Json::object();
  train::SearchOutcome search;  // Without trials where nothing was looked for.
  std::string task = "classification";
  std::vector<std::string> classes;
  int positive = -1;
  std::vector<train::FoldResult> folds;
  train::Metrics metrics;        // On the test part.
  train::Metrics train_metrics;  // On the training part.
  train::Intervals intervals;
  std::vector<std::string> shown_metrics;  // `evaluation_metrics`, in order.
  std::vector<std::pair<std::string, std::vector<train::RocPoint>>>
      roc;                         // Class name → curve; one for binary.
  std::vector<int64_t> confusion;  // classes × classes, truth by row.
  std::vector<train::FeatureImportance> importances;
  train::PermutationReport permutation;  // Empty where it was not asked for.
  train::SliceReport slices;
  std::vector<data::DroppedFeature> dropped;  // By feature_selection, from the training rows.
  int64_t outlier_rows = 0;                   // Training rows that outlier_removal left out.
  struct ScoreHistogram {
    std::string truth;            // Rows whose label this is.
    std::vector<int64_t> counts;  // 20 bins over [0, 1] of the positive (or own) class's score.
  };
  std::vector<ScoreHistogram> score_histograms;
  struct Estimate {
    double truth = 0, estimate = 0;
  };
  std::vector<Estimate> estimates;  // Of a regression: test rows, evenly spread, at most 500.
  struct ErrorHistogram {
    double low = 0, high = 0;  // Of estimate less truth.
    std::vector<int64_t> counts;
  };
  ErrorHistogram errors;  // Of a regression, over all test rows.
  std::optional<train::CalibrationResult> calibration;
  std::optional<train::ThresholdResult> threshold;

  std::vector<gate::Verdict> gates;
  std::vector<std::pair<std::string, double>> timings;  // Step → seconds, in order.
  std::vector<std::string> cached;                      // Steps taken from the cache.
  Json lineage = Json::object();
  Card card;  // Empty where there is no model.
};

// `shown_metrics` that there are, f1_score as f1; the task's usual three where none is.
std::vector<std::string> ShownMetrics(const RunReport& report);

// [[truth, estimate], …], and {"low", "high", "counts"}.
Json EstimatesJson(const std::vector<RunReport::Estimate>& estimates);
Json ErrorsJson(const RunReport::ErrorHistogram& errors);

}  // namespace slipway::report
