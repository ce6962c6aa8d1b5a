// Evidence that a new version does harm beside the stable one while both serve: e-processes of
// harm beyond the margins that a person has set (slipway::analysis has the method), and what they
// come to in words.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/difference_bounds.h"
#include "analysis/distribution_comparison.h"
#include "analysis/latency_comparison.h"
#include "analysis/mean_difference.h"
#include "analysis/rate_comparison.h"
#include "core/json.h"
#include "core/result.h"
#include "deploy/counts.h"
#include "deploy/settings.h"

namespace slipway::deploy {

// What is compared, in the order in which it is told.
inline constexpr std::array<std::string_view, 4> kComparedMetrics = {"errors", "latency",
                                                                     "accuracy", "predictions"};

// One metric's evidence.
struct Harm {
  std::string metric;  // One of kComparedMetrics.
  bool rejects = false;
  std::string text;
  Json evidence;
  bool known = true;  // False where the two can't be compared by it.
};

// A value; any thread's own.
class Comparison {
 public:
  // `alpha` is each metric's own: that of the settings, shared out. kInvalidInput for settings
  // outside their ranges.
  static Result<Comparison> Make(const ComparisonSettings& settings, double alpha);

  // What both answered since the last look. It is evidence as soon as there is enough of it: where
  // few requests come, looks would else find one of the versions without any, and the promise of
  // rate_comparison.h for faults that hit both asks for batches that are not tiny. Sizes alone
  // decide where a batch ends.
  Status Observe(const SetCounts& stable, const SetCounts& canary);
  // The same without evidence: what a warm-up shows is only learned from.
  Status Learn(const SetCounts& stable, const SetCounts& canary);
  Status ObserveModels(const ModelCounts& stable, const ModelCounts& canary);

  // In a fixed order; without those of which nothing was seen.
  std::vector<Harm> Harms() const;
  // Whether it is worse by that metric, without the words: it is asked with each glance.
  bool IsWorseBy(std::string_view metric) const;
  // The version's error rate minus the stable one's is at most this, at all looks; 1 at first.
  double MostHarm() const { return bounds_.bounds().upper; }

  Json ToJson() const;
  static Result<Comparison> FromJson(const Json& json, const ComparisonSettings& settings,
                                     double alpha);

 private:
  Comparison(const ComparisonSettings& settings, double alpha, analysis::RateComparison errors,
             analysis::LatencyComparison latency, analysis::RateComparison accuracy,
             analysis::DifferenceBounds bounds, analysis::MeanDifference mean_errors);
  // What came since the last batch.
  template <typename Counts>
  struct Held {
    Counts stable = {}, canary = {};
    void Add(const Counts& more_stable, const Counts& more_canary);
    Json ToJson() const;
  };
  Status ReadHeld(const Json& json);
  Status ObserveBatch(const SetCounts& stable, const SetCounts& canary);
  Status ObservePredictions(const ClassCounts& stable, const ClassCounts& canary);
  std::vector<int64_t> InClasses(const ClassCounts& counts) const;
  bool Rejects(const analysis::Evidence& evidence) const { return evidence.Rejects(alpha_); }
  // Whether the lower bound of the difference is above 0.
  static bool Rejects(const analysis::MeanDifference& difference);
  // "no (e = 0.2 of 100)", and "not shown yet" where so far it looks so.
  std::string InWords(const analysis::Evidence& evidence, bool looks_so = false) const;
  Harm Errors() const;
  Harm Latency() const;
  Harm Accuracy() const;
  Harm MeanErrors() const;
  Harm Predictions() const;

  ComparisonSettings settings_;
  double alpha_;
  analysis::RateComparison errors_;
  analysis::LatencyComparison latency_;
  analysis::RateComparison accuracy_;  // Its events are predictions that turned out wrong.
  analysis::DifferenceBounds bounds_;
  // Of a regression: absolute errors, the stable version's with the margin added to each.
  analysis::MeanDifference mean_errors_;
  Held<SetCounts> requests_;
  Held<LabelCounts> labels_;
  Held<ClassCounts> rows_;  // Predicted ones.
  // Made with the first predictions; classes that come later count as another.
  std::optional<analysis::DistributionComparison> predictions_;
  std::vector<std::string> classes_;
  bool counted_alike_ = true;
};

}  // namespace slipway::deploy
