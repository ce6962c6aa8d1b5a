// How far two rows of counts are apart, and how likely that is by chance. Pure functions, each
// equal to the SciPy function that it names on the same input.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slipway::data {

struct TestResult {
  double statistic = 0;
  double p_value = 1;
};

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

// Of two rows of counts, each taken as shares: 0 for equal ones. No rows on a side is NaN.
// scipy.spatial.distance.jensenshannon, natural logarithm: at most sqrt(ln 2).
double JensenShannon(std::span<const int64_t> left, std::span<const int64_t> right);
// Hellinger distance, in [0, 1].
double Hellinger(std::span<const int64_t> left, std::span<const int64_t> right);
// Population stability index; a share of 0 counts as 0.0001, or where the least other share of its
// row is not above that, as a millionth of it (Evidently).
double PopulationStability(std::span<const int64_t> reference, std::span<const int64_t> current);

// P(T ≥ t) for Student's distribution: scipy.stats.t.sf.
double StudentTail(double t, double degrees);

// What is known of a sample: its mean and its variance with n - 1.
struct SampleMoments {
  double count = 0, mean = 0, variance = 0;
};
// Whether two means differ, without taking the variances for equal (Welch 1947). The p-value is
// two-sided: scipy.stats.ttest_ind(equal_var=False). 1 where a side has fewer than two values, or
// neither side varies and the means are equal; 0 where neither varies and they are not.
TestResult WelchTest(const SampleMoments& left, const SampleMoments& right);

// Which p-values are significant when many are looked at: adjusted p-values that keep the share of
// false discoveries below the level they are compared with, in the order given.
// scipy.stats.false_discovery_control, Benjamini and Hochberg (1995).
std::vector<double> FalseDiscoveryAdjusted(std::span<const double> p_values);

}  // namespace slipway::data
