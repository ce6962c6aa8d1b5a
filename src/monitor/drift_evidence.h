// Evidence that live traffic is not what the model was trained on, feature by feature, that may be
// looked at any number of times.
//
// The hypothesis of each feature is that its live distribution lies no further from training's than
// `min_effect`, in total variation, and the error that training's own shares are expected to have:
// those of 400 rows are no truth. Within a window (a day, say) each feature has an e-process, and
// e-BH over all features says which are rejected, so that of those that are called drifted the
// expected share of false ones is at most alpha, whenever one looks.
//
// Half of an e-process bets on the whole window; the other half is shared equally by its 24 slots,
// each of which bets by itself and is frozen when it ends. So evidence of a change in the middle of
// a window need not make up for all that came before. A mean of e-processes is one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/distribution_comparison.h"
#include "core/json.h"
#include "core/result.h"
#include "monitor/drift_bins.h"

namespace slipway::monitor {

struct DriftRules {
  double alpha = 0.05;
  double min_effect = 0.1;
  int64_t window_ms = 86'400'000;
};
// Of monitoring_config.drift of the resolved section.
DriftRules ReadDriftRules(const Json& deployment);

// What was counted of some rows: by feature, by bin.
struct DriftBatch {
  std::vector<std::vector<int64_t>> counts;
  int64_t rows = 0;
  int64_t requests = 0;  // That the rows came in.
};
DriftBatch EmptyBatch(const std::vector<FeatureBins>& bins);

struct FeatureDrift {
  std::string feature;
  bool drifted = false;
  int64_t rows = 0;                   // Of the window.
  double total_variation = 0;         // An estimate, too large where there are few rows.
  double limit = 0;                   // Of it.
  std::optional<double> wasserstein;  // Of numbers, over training's standard deviation.
  double log_e = 0;
};

// A value; any thread's own. The bins, which are not kept in its state, must be the same each time.
class DriftEvidence {
 public:
  // kInvalidInput for rules outside their ranges.
  static Result<DriftEvidence> Make(const std::vector<FeatureBins>& bins, const DriftRules& rules);

  // Takes what came since the last look, rows or none. Times go forward.
  Status Take(const std::vector<FeatureBins>& bins, const DriftBatch& batch, int64_t now_ms);
  // In the order of the bins. What drifted in the window before counts until this one has seen
  // enough rows to know better.
  std::vector<FeatureDrift> Judge(const std::vector<FeatureBins>& bins) const;

  int64_t rows() const { return rows_; }  // Of this window.

  Json ToJson() const;
  static Result<DriftEvidence> FromJson(const Json& json, const std::vector<FeatureBins>& bins,
                                        const DriftRules& rules);

 private:
  struct Feature {
    std::optional<analysis::DriftComparison> whole;  // None before the window's first rows.
    std::optional<analysis::DriftComparison> slot;
    double banked = 0;            // Of ended slots: the sum of their e-values' shares.
    std::vector<int64_t> counts;  // Of the window.
    int64_t rejected_rows = 0;    // Of the window when it was first rejected; 0 where it never was.
    int64_t carried_rows = 0;     // The same of the window before.
    double effect = 0;            // Total variation at the last look at which it was rejected.
  };

  explicit DriftEvidence(const DriftRules& rules) : rules_(rules) {}
  void Begin(const std::vector<FeatureBins>& bins, int64_t now_ms);
  void EndSlots(int64_t now_ms);
  Status Observe(const FeatureBins& bins, const std::vector<int64_t>& counts, Feature* feature);
  double LogE(const Feature& feature) const;
  std::vector<bool> Rejected() const;
  void Note(const std::vector<bool>& rejected);
  double LimitOf(const FeatureBins& bins) const;
  analysis::DistributionOptions Options(const FeatureBins& bins) const;
  Status ReadFeature(const Json& json, Feature* feature) const;

  DriftRules rules_;
  int64_t began_ms_ = 0;  // Of the window; 0 before the first look.
  int64_t slot_ = 0;      // Of the window, from 0.
  int64_t rows_ = 0;
  double cluster_size_ = 0;  // Rows that come together, as the window's first ones did; 0 before.
  std::vector<Feature> features_;
};

}  // namespace slipway::monitor
