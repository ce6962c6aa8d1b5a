// Metrics of rows that occur several times: what the point estimates and the bootstrap share.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/target.h"
#include "model/types.h"
#include "train/metrics.h"

namespace slipway::train {

struct MetricValues {
  double accuracy = 0;
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  double auc = 0;
  double log_loss = 0;
  double balanced_accuracy = 0;
  double pr_auc = 0;
  double brier = 0;
  double calibration_error = 0;
};

// Names and members of an evaluator's values, in one place each.
template <typename Values>
struct MetricMember {
  const char* name;
  double Values::* member;
};

// The class whose score ranks the rows of two classes, and that `binary` counts; -1 of more.
int32_t PositiveClass(const data::Target& target, int classes);

inline constexpr size_t kCalibrationBins = 10;
// Of (0, 0.1], (0.1, 0.2] …, as scikit-learn's calibration_curve cuts them.
size_t CalibrationBinOf(double score);

// Sorts the scores once; each evaluation is then one pass over the rows a class (one pass in all
// for two classes). Immutable: Evaluate may run on several threads, with a workspace each.
class MetricEvaluator {
 public:
  using Values = MetricValues;
  static std::span<const MetricMember<Values>> Members();

  struct Workspace {
    std::vector<double> hits, supports, answers;  // By class.
    std::vector<double> bin_scores, bin_events;   // By bin of the score, for calibration.
  };

  MetricEvaluator(std::span<const int32_t> truth, const model::Predictions& predictions,
                  const data::Target& target, Averaging averaging);

  int64_t rows() const { return static_cast<int64_t>(truth_.size()); }
  // Passes over the rows that an evaluation takes.
  int64_t passes() const { return 1 + static_cast<int64_t>(rankings_.size()); }
  // `counts[i]` says how often row i occurs.
  MetricValues Evaluate(std::span<const uint32_t> counts, Workspace* workspace) const;

 private:
  // Rows by rising score of one class, and where a run of equal scores ends.
  struct Ranking {
    int32_t positive = 0;
    std::vector<uint32_t> order;
    std::vector<uint8_t> relevant;  // The row in that place is of class `positive`.
    std::vector<uint8_t> last_of_ties;
  };

  Ranking RankBy(int32_t positive, const model::Predictions& predictions) const;
  void SetEvents(const model::Predictions& predictions);
  // Of one class against the rest.
  struct Areas {
    double roc = 0;
    double precision_recall = 0;
  };
  static Areas AreasOf(const Ranking& ranking, std::span<const uint32_t> counts, double positives,
                       double total);
  void AddAreas(std::span<const uint32_t> counts, const Workspace& workspace,
                MetricValues* values) const;
  void Tally(std::span<const uint32_t> counts, Workspace* workspace, MetricValues* values) const;
  void Average(const Workspace& workspace, double total, MetricValues* values) const;

  Averaging averaging_;
  size_t classes_;
  int32_t positive_;
  std::vector<int32_t> truth_;
  std::vector<int32_t> labels_;
  std::vector<double> losses_;
  std::vector<double> squares_;  // Brier (1950): squared errors of a row's scores.
  // What calibration compares: the positive class's score and whether the row is of it; of more
  // than two classes the answer's score and whether it is right.
  std::vector<double> event_scores_;
  std::vector<uint8_t> events_;
  std::vector<uint8_t> bins_;  // Of event_scores_.
  std::vector<Ranking> rankings_;
};

}  // namespace slipway::train
