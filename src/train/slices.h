// How well a model does on parts of the test rows: parts that are named, and the worst that there
// are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/slices.h"
#include "data/target.h"
#include "model/types.h"
#include "train/metrics.h"

namespace slipway::train {

// "sex" and "= Female".
struct SliceCondition {
  std::string column;
  std::string part;
};

struct SliceMean {
  double mean = 0, deviation = 0;  // Standard deviation of the sample.
};

// What differences between groups are made of. Of two classes the first three, of a regression the
// rest.
struct SliceTally {
  int64_t positives = 0;                                     // Rows of the positive class,
  int64_t answers = 0;                                       // answered with it,
  int64_t hits = 0;                                          // and both.
  SliceMean absolute_error = {}, error = {}, estimate = {};  // `error` is estimate less truth.
};

struct Slice {
  std::vector<SliceCondition> conditions;  // All of them hold: one, or two.
  int64_t rows = 0;
  Metrics metrics;
  // 95 %: of accuracy Wilson's score interval (1927), of the others by bootstrap.
  Intervals intervals;
  SliceTally tally;
  double difference = 0;  // Of SliceReport::metric from all test rows.
  // How many standard deviations the mean loss lies above that of all other test rows (below where
  // it is negative): √2 (m - m') / √(v + v'), Chung et al. 2019, section 2. Within ±10^6, also
  // where neither varies.
  double effect = 0;
  // That it is as in all other rows (Welch 1947), and adjusted for all slices that were looked at
  // (Benjamini and Hochberg 1995). NaN where there are too few rows.
  double p_value = 0, q_value = 0;
};

struct SliceReport {
  std::string metric;  // What slices are compared by: "accuracy" (the loss is 1 for a wrong answer)
                       // or "mae" (it is the absolute error). "" where nothing was looked at.
  double whole = 0;    // Its value on all test rows.
  int64_t min_rows = 0;
  std::vector<Slice> named;   // By column, then by part.
  std::vector<Slice> found;   // Worst first.
  int64_t looked_at = 0;      // Slices among which `found` were,
  int64_t searched_rows = 0;  // by these rows.
};

struct SliceInput {
  const data::Target& truth;  // Of the test rows, as all that follows.
  const model::Predictions& predictions;
  std::span<const data::SlicedColumn> named;
  std::span<const data::SlicedColumn> searched;  // Of searched_rows.
  std::span<const int64_t> searched_rows;        // Which of the test rows; ascending.
  Averaging averaging = Averaging::kWeighted;
  int64_t min_rows = 30;
  uint64_t seed = 0;
  int threads = 0;
};

// `found` are Slice Finder's (Chung et al. 2019, Slice Finder: automated data slicing for model
// validation, ICDE): parts of one column, then of two whose parts alone were none, with an effect
// of at least 0.3 that is significant at 5 % among all slices of at least min_rows rows that were
// looked at, one-sided. At most five, those of one condition first, then by how much loss they hold
// beyond that of as many other rows. Pairs are made of the twenty columns whose parts differ most.
// Their figures are of the rows that were searched, and as they were looked for likely a little too
// bad. The same on any number of threads. Empty after an interrupt.
SliceReport EvaluateSlices(const SliceInput& input);

// Wilson's score interval (1927) of a share: `hits` of `rows`, `z` standard normal deviations wide.
// [0, 1] of no rows. statsmodels' proportion_confint(method="wilson").
std::pair<double, double> WilsonInterval(double hits, double rows, double z);

// "sex = Female and age > 37".
std::string NameOf(const Slice& slice);

Json ToJson(const SliceReport& report);
Result<SliceReport> SliceReportFromJson(const Json& json);

}  // namespace slipway::train
