// How numbers of one column are distributed in two tables, and how far apart they are. From all
// values, or from a sketch of them; each function equals the SciPy function that it names where the
// distributions are exact.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "data/two_sample.h"
#include "data/types.h"

namespace slipway::data {

// An empirical distribution.
struct Distribution {
  std::vector<double> values;        // Strictly ascending.
  std::vector<int64_t> at_or_below;  // Rows, by value; the last one is all of them.
  double mean = 0;
  double deviation = 0;   // Population standard deviation, of all values.
  double rank_error = 0;  // Shares of rows are wrong by at most this; 0 for all values.

  int64_t count() const { return at_or_below.empty() ? 0 : at_or_below.back(); }
};
Distribution DistributionOf(std::span<const double> ascending);
// Needs the sketches of the profile.
Distribution DistributionOf(const ColumnProfile& profile);

// All of them in one walk over both.
struct NumberDistances {
  // The largest distance between the distribution functions, in units of 1/(n·m), which are whole:
  // equal distances must not differ by rounding.
  double largest = 0;
  // First Wasserstein distance (scipy.stats.wasserstein_distance) over the standard deviation of
  // the reference, at least 0.001 (Evidently).
  double normed_wasserstein = 0;
  // What that comes to on average where both are samples of one distribution:
  // √(2/π · (1/n + 1/m)) ∫ √(F (1 - F)) dx over the same deviation, F from both together.
  double wasserstein_noise = 0;
};
NumberDistances Compare(const Distribution& reference, const Distribution& current);

// Two-sided Kolmogorov-Smirnov test; at least one value each. Exact for up to 10,000 rows each,
// else by the distribution of the one-sample statistic with n·m/(n+m) rows, as
// scipy.stats.ks_2samp. From sketches the distance that is tested is less by both their errors: no
// more is claimed than is known.
TestResult KolmogorovSmirnov(const Distribution& reference, const Distribution& current,
                             const NumberDistances& distances);

using CountPair = std::pair<std::vector<int64_t>, std::vector<int64_t>>;
// Counts of both in bins of equal width over both together, as many as Sturges (1926) says for
// `size` values: numpy.histogram_bin_edges(…, "sturges"). Whole numbers have no bins narrower than
// 1.
CountPair SturgesCounts(const Distribution& reference, const Distribution& current, double size,
                        bool whole_numbers);
// Counts of both by value.
CountPair CountsByValue(const Distribution& reference, const Distribution& current);

}  // namespace slipway::data
