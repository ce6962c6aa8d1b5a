// How far two samples are apart, and how likely that is by chance: the statistics of drift. Pure
// functions, each equal to the SciPy function that it names on the same input.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slipway::data {

struct TestResult {
  double statistic = 0;
  double p_value = 1;
};

// Two-sample Kolmogorov-Smirnov test, two-sided: the largest distance between the empirical
// distribution functions. Both ascending, at least one value each. Exact for samples of up to
// 10,000, else by the distribution of the one-sample statistic with n·m/(n+m) rows, as
// scipy.stats.ks_2samp.
TestResult KolmogorovSmirnov(std::span<const double> left, std::span<const double> right);

// P(D ≥ distance) for the one-sample two-sided statistic of `n` rows: scipy.stats.kstwo.sf. Exact
// by Marsaglia, Tsang and Wang (2003) for few rows, twice the one-sided tail of Birnbaum and Tingey
// (1951) where the statistic is large, else by the series of Pelz and Good (1976); see Simard and
// L'Ecuyer (2011) for where each holds.
double KolmogorovTail(int64_t n, double distance);

// Chi-square test of two rows of counts by category: whether both come from one distribution. With
// Yates' correction for two categories: scipy.stats.chi2_contingency. Categories that both lack do
// not count; p is 1 where fewer than two are left, or one side has no rows.
TestResult ChiSquareTwoWay(std::span<const int64_t> left, std::span<const int64_t> right);

// Chi-square test of `observed` counts against the shares of `reference`: scipy.stats.chisquare, as
// Evidently calls it. A category that only `observed` has makes the statistic infinite and p 0.
TestResult ChiSquareOneWay(std::span<const int64_t> reference, std::span<const int64_t> observed);

// First Wasserstein distance of two ascending samples: scipy.stats.wasserstein_distance.
double Wasserstein(std::span<const double> left, std::span<const double> right);
// The same over the standard deviation of the reference (population), at least 0.001 (Evidently).
double NormedWasserstein(std::span<const double> reference, std::span<const double> current);

// What the normed distance comes to on average where both samples are of one distribution:
// √(2/π · (1/n + 1/m)) ∫ √(F (1 - F)) dx over the same deviation, F from both samples together.
double NoiseOfWasserstein(std::span<const double> reference, std::span<const double> current);

// Of two rows of counts, each taken as shares: 0 for equal ones. No rows on a side is NaN.
// scipy.spatial.distance.jensenshannon, natural logarithm: at most sqrt(ln 2).
double JensenShannon(std::span<const int64_t> left, std::span<const int64_t> right);
// Hellinger distance, in [0, 1].
double Hellinger(std::span<const int64_t> left, std::span<const int64_t> right);
// Population stability index; shares of 0 count as 0.0001 (Evidently).
double PopulationStability(std::span<const int64_t> reference, std::span<const int64_t> current);

// Which p-values are significant when many are looked at: adjusted p-values that keep the share of
// false discoveries below the level they are compared with, in the order given.
// scipy.stats.false_discovery_control, Benjamini and Hochberg (1995).
std::vector<double> FalseDiscoveryAdjusted(std::span<const double> p_values);

}  // namespace slipway::data
