#include "analysis/confidence.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "analysis/simulation_testing_internal.h"

namespace slipway::analysis {
namespace {

using testing::Traffic;

// Oracle: confseq 0.0.11 of PyPI, whose sources were built against pybind11 3.1.
//
//   from confseq import boundaries, quantiles
//   boundaries.bernoulli_confidence_interval(events, trials, alpha, planned, alpha)
struct RateOracle {
  int64_t events;
  int64_t trials;
  Confidence confidence;
  Interval interval;
};
const std::array kRateOracles{
    RateOracle{0, 50, {0.05, 1000}, {0.0, 0.28531490435648266}},
    RateOracle{10, 1000, {0.05, 1000}, {0.0029169944202135424, 0.022370820540234457}},
    RateOracle{250, 5000, {0.01, 2000}, {0.039563058041426305, 0.061845857176334104}},
    RateOracle{500, 500, {0.05, 100}, {0.9934474419737853, 1.0}},
    RateOracle{3, 10, {0.05, 10}, {0.006984722275610976, 0.8016560947969082}},
    RateOracle{1234, 98765, {0.025, 5000}, {0.011270898843237424, 0.013791460318625043}}};

// confseq bisects to 40 bits.
constexpr double kOracleError = 1e-9;

TEST(ConfidenceTest, RateIntervalsAreThoseOfConfseq) {
  for (const RateOracle& oracle : kRateOracles) {
    const Interval interval = RateInterval(oracle.events, oracle.trials, oracle.confidence);
    EXPECT_NEAR(interval.lower, oracle.interval.lower, kOracleError) << oracle.trials;
    EXPECT_NEAR(interval.upper, oracle.interval.upper, kOracleError) << oracle.trials;
  }
}

TEST(ConfidenceTest, ClustersCountAsOneTrialEach) {
  const Confidence clusters{.cluster_size = 5};
  EXPECT_EQ(RateInterval(50, 1000, clusters), RateInterval(10, 200, {}));
  EXPECT_EQ(QuantileShares(0.95, 1000, clusters), QuantileShares(0.95, 200, {}));
}

//   v = lambda t: t * p * (1 - p)
//   p + boundaries.beta_binomial_mixture_bound(v(n), alpha, v(planned), p, 1 - p, alpha, False) / n
//   p - boundaries.beta_binomial_mixture_bound(v(n), alpha, v(planned), 1 - p, p, alpha, False) / n
struct QuantileOracle {
  double quantile;
  int64_t trials;
  Confidence confidence;
  Interval shares;
};
const std::array kQuantileOracles{
    QuantileOracle{0.95, 1000, {0.05, 1000}, {0.9274190661244865, 0.9692087360582377}},
    QuantileOracle{0.5, 20000, {0.025, 1000}, {0.4873961395679558, 0.5126038604320442}},
    QuantileOracle{0.9, 300, {0.05, 5000}, {0.8189500048678667, 0.9727010268635695}},
    QuantileOracle{0.99, 100000, {0.01, 2000}, {0.9887231479759996, 0.9912158431205552}}};

TEST(ConfidenceTest, QuantileSharesAreThoseOfConfseq) {
  for (const QuantileOracle& oracle : kQuantileOracles) {
    const Interval shares = QuantileShares(oracle.quantile, oracle.trials, oracle.confidence);
    EXPECT_NEAR(shares.lower, oracle.shares.lower, kOracleError) << oracle.quantile;
    EXPECT_NEAR(shares.upper, oracle.shares.upper, kOracleError) << oracle.quantile;
  }
}

//   quantiles.empirical_process_lil_bound(trials, alpha, first)
TEST(ConfidenceTest, DistributionRadiusIsThatOfConfseq) {
  // The constant is found by minimising, which confseq does to 24 bits.
  EXPECT_NEAR(DistributionRadius(100, 0.05, 100), 0.24225327092462232, 1e-7);
  EXPECT_NEAR(DistributionRadius(1000, 0.05, 100), 0.08204778770914738, 1e-7);
  EXPECT_NEAR(DistributionRadius(100000, 0.05, 100), 0.008580607197406036, 1e-7);
  EXPECT_NEAR(DistributionRadius(5000, 0.025, 50), 0.03866582396013185, 1e-7);
  EXPECT_NEAR(DistributionRadius(3, 0.2, 1), 1.3762742380770654, 1e-6);
  EXPECT_TRUE(std::isinf(DistributionRadius(99, 0.05, 100)));
  EXPECT_TRUE(std::isinf(DistributionRadius(0, 0.05, 0)));
}

TEST(ConfidenceTest, WithoutTrialsNothingIsKnown) {
  EXPECT_EQ(RateInterval(0, 0, {}), (Interval{0, 1}));
  EXPECT_EQ(QuantileShares(0.5, 0, {}), (Interval{0, 1}));
  const std::vector<double> bounds{1, 2};
  const std::vector<int64_t> counts{0, 0, 0};
  const Interval interval = QuantileInterval(bounds, counts, 0.5, {});
  EXPECT_EQ(interval.lower, 0);
  EXPECT_TRUE(std::isinf(interval.upper));
}

TEST(ConfidenceTest, IntervalsHoldTheEstimateAndNarrow) {
  double width = 1;
  for (int64_t trials = 100; trials < int64_t{1} << 40U; trials *= 10) {
    const Interval interval = RateInterval(trials / 50, trials, {});
    EXPECT_LE(interval.lower, 0.02);
    EXPECT_GE(interval.upper, 0.02);
    EXPECT_LT(interval.upper - interval.lower, width);
    width = interval.upper - interval.lower;
  }
  EXPECT_LT(width, 1e-5);
}

TEST(ConfidenceTest, AQuantileLiesBetweenBounds) {
  // 1000 values, a hundred a bucket: the median's shares are 0.5 ± 0.05 and a little.
  const std::vector<double> bounds{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<int64_t> counts(10, 100);
  const Interval shares = QuantileShares(0.5, 1000, {});
  ASSERT_GT(shares.lower, 0.4);
  ASSERT_LT(shares.upper, 0.6);
  EXPECT_EQ(QuantileInterval(bounds, counts, 0.5, {}), (Interval{4, 6}));
  // What is beyond the last bound is not known.
  EXPECT_TRUE(std::isinf(QuantileInterval(bounds, counts, 0.95, {}).upper));
  EXPECT_EQ(QuantileInterval(bounds, counts, 0.05, {}).lower, 0);
}

// How often an interval is ever wrong, looked at after each of many batches.
TEST(ConfidenceTest, RateIntervalsAreSeldomEverWrong) {
  constexpr int kRuns = 400;
  int wrong = 0;
  int wrong_by_the_usual = 0;
  for (uint64_t run = 0; run < kRuns; ++run) {
    Traffic traffic(DeriveSeed(21, run));
    int64_t events = 0;
    bool missed = false;
    bool usual_missed = false;
    for (int64_t trials = 20; trials <= 2000; trials += 20) {
      events += traffic.Events(20, 0.1);
      const Interval interval =
          RateInterval(events, trials, {.alpha = 0.05, .planned_trials = 500});
      missed |= interval.lower > 0.1 || interval.upper < 0.1;
      const double rate = static_cast<double>(events) / static_cast<double>(trials);
      const double error = 1.96 * std::sqrt(rate * (1 - rate) / static_cast<double>(trials));
      usual_missed |= std::fabs(rate - 0.1) > error;
    }
    wrong += missed ? 1 : 0;
    wrong_by_the_usual += usual_missed ? 1 : 0;
  }
  EXPECT_LE(wrong, kRuns / 20);
  EXPECT_GT(wrong_by_the_usual, kRuns / 5);
}

TEST(ConfidenceTest, QuantileIntervalsAreSeldomEverWrong) {
  constexpr int kRuns = 300;
  const std::vector<double> bounds{5,  8,  10, 12, 14, 16, 18, 20, 22,
                                   25, 28, 32, 36, 42, 50, 60, 80};
  // exp(1.2815515655446004 / 2) is the 0.9 quantile of a log-normal with sigma 0.5, times 20.
  const double truth = 20 * std::exp(1.2815515655446004 / 2);
  int wrong = 0;
  int tight = 0;
  for (uint64_t run = 0; run < kRuns; ++run) {
    Traffic traffic(DeriveSeed(22, run));
    std::vector<int64_t> counts(bounds.size() + 1);
    bool missed = false;
    Interval interval;
    for (int look = 0; look < 30; ++look) {
      const std::vector<int64_t> more = traffic.Latencies(bounds, 60, 20);
      for (size_t i = 0; i < counts.size(); ++i) counts[i] += more[i];
      interval = QuantileInterval(bounds, counts, 0.9, {});
      missed |= interval.lower > truth || interval.upper < truth;
    }
    wrong += missed ? 1 : 0;
    tight += interval.upper <= 50 && interval.lower >= 28 ? 1 : 0;
  }
  EXPECT_LE(wrong, kRuns / 20);
  EXPECT_GT(tight, kRuns * 9 / 10);
}

}  // namespace
}  // namespace slipway::analysis
