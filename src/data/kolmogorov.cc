#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "data/kolmogorov_internal.h"
#include "data/two_sample.h"

namespace slipway::data {
namespace {

// Where twice the one-sided tail is exact to double precision (Simard and L'Ecuyer 2011, table 2).
constexpr double kLargeStatistic = 2.2;  // n · distance².
// Up to here the matrix of Marsaglia, Tsang and Wang is small; beyond, the series is good to 1e-6.
constexpr int64_t kMostForMatrix = 1000;

// P(D+ ≥ distance), Birnbaum and Tingey (1951):
// distance · Σ_j C(n, j) (distance + j/n)^(j-1) (1 - distance - j/n)^(n-j) for j ≤ n (1 -
// distance).
double OneSidedTail(int64_t rows, double distance) {
  const auto n = static_cast<double>(rows);
  double sum = 0;
  double log_choose = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const auto j = static_cast<double>(i);
    const double rest = 1 - distance - j / n;
    if (rest <= 0) break;
    sum += std::exp(log_choose + (j - 1) * std::log(distance + j / n) + (n - j) * std::log(rest));
    log_choose += std::log((n - j) / (j + 1));
  }
  return std::min(1.0, distance * sum);
}

using Matrix = std::vector<double>;  // Square, row after row.

Matrix Product(const Matrix& a, const Matrix& b, size_t size) {
  Matrix product(size * size);
  for (size_t i = 0; i < size; ++i) {
    for (size_t k = 0; k < size; ++k) {
      const double factor = a[i * size + k];
      for (size_t j = 0; j < size; ++j) product[i * size + j] += factor * b[k * size + j];
    }
  }
  return product;
}

// A power with its exponent of ten kept apart, as the numbers leave the range of a double.
struct Scaled {
  Matrix matrix;
  int exponent = 0;
};

Scaled Power(const Scaled& base, int64_t n, size_t size) {
  if (n == 1) return base;
  const Scaled half = Power(base, n / 2, size);
  Scaled power{Product(half.matrix, half.matrix, size), 2 * half.exponent};
  if (n % 2 == 1) {
    power.matrix = Product(power.matrix, base.matrix, size);
    power.exponent += base.exponent;
  }
  constexpr double kLarge = 1e140;
  if (power.matrix[(size / 2) * size + size / 2] > kLarge) {
    for (double& value : power.matrix) value /= kLarge;
    power.exponent += 140;
  }
  return power;
}

// P(D < distance) by Durbin's matrix: Marsaglia, Tsang and Wang, Evaluating Kolmogorov's
// Distribution, Journal of Statistical Software 8 (2003). distance = (k - h) / n with 0 ≤ h < 1.
double ByMatrix(int64_t rows, double distance) {
  const auto n = static_cast<double>(rows);
  const auto k = static_cast<int64_t>(n * distance) + 1;
  const auto size = static_cast<size_t>(2 * k - 1);
  const double h = static_cast<double>(k) - n * distance;
  Matrix matrix(size * size);
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < std::min(i + 2, size); ++j) matrix[i * size + j] = 1;
  }
  for (size_t i = 0; i < size; ++i) {
    matrix[i * size] -= std::pow(h, static_cast<double>(i + 1));
    matrix[(size - 1) * size + i] -= std::pow(h, static_cast<double>(size - i));
  }
  if (2 * h > 1) matrix[(size - 1) * size] += std::pow(2 * h - 1, static_cast<double>(size));
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      matrix[i * size + j] /= std::tgamma(static_cast<double>(i - j + 2));
    }
  }
  const Scaled power = Power({std::move(matrix), 0}, rows, size);
  const auto middle = static_cast<size_t>(k - 1);
  double probability = power.matrix[middle * size + middle];
  int exponent = power.exponent;
  for (int64_t i = 1; i <= rows; ++i) {
    probability *= static_cast<double>(i) / n;
    if (probability < 1e-140) {
      probability *= 1e140;
      exponent -= 140;
    }
  }
  return probability * std::pow(10.0, exponent);
}

// P(D < distance) by the first four terms of the series in 1/√n: Pelz and Good, Approximating the
// Lower Tail-areas of the Kolmogorov-Smirnov One-sample Statistic, Journal of the Royal Statistical
// Society B 38 (1976).
double BySeries(int64_t rows, double distance) {
  const auto n = static_cast<double>(rows);
  const double z = distance * std::sqrt(n);
  constexpr double kPi2 = std::numbers::pi * std::numbers::pi;
  const double z2 = z * z, z4 = z2 * z2, z6 = z4 * z2;
  double k0 = 0, k1 = 0, k2 = 0, k3 = 0;
  constexpr int kTerms = 30;
  for (int i = 0; i < kTerms; ++i) {
    const double half = (i + 0.5) * (i + 0.5) * kPi2;
    const double e = std::exp(-half / (2 * z2));
    k0 += e;
    k1 += (half - z2) * e;
    k2 += ((6 * z6 + 2 * z4) + half * (2 * z4 - 5 * z2) + half * half * (1 - 2 * z2)) * e;
    k3 += (half * half * half * (5 - 30 * z2) + half * half * (-60 * z2 + 212 * z4) +
           half * (135 * z4 - 96 * z6) - 30 * z6 - 90 * z4 * z4) *
          e;
  }
  double k2_whole = 0, k3_whole = 0;
  for (int i = 1; i <= kTerms; ++i) {
    const double whole = static_cast<double>(i) * i * kPi2;
    const double e = std::exp(-whole / (2 * z2));
    k2_whole += whole * e;
    k3_whole += (-whole * whole + 3 * whole * z2) * e;
  }
  // Sums over all integers are twice those over one half.
  const double root = 2 * std::sqrt(std::numbers::pi / 2);
  const double first = root / z * k0;
  const double second = root / (6 * z4) * k1;
  const double third = root / (72 * z6 * z) * k2 - root / (36 * z2 * z) * k2_whole;
  const double fourth = root / (6480 * z6 * z4) * k3 + root / (108 * z6) * k3_whole;
  return first + second / std::sqrt(n) + third / n + fourth / (n * std::sqrt(n));
}

}  // namespace

double KolmogorovTail(int64_t n, double distance) {
  if (n < 1 || distance <= 0.5 / static_cast<double>(n)) return 1;
  if (distance >= 1) return 0;
  if (static_cast<double>(n) * distance * distance >= kLargeStatistic)
    return std::min(1.0, 2 * OneSidedTail(n, distance));
  const double below = n <= kMostForMatrix ? ByMatrix(n, distance) : BySeries(n, distance);
  return std::clamp(1 - below, 0.0, 1.0);
}

// A random path from (0, 0) to (n, m) comes to (i, j) from (i - 1, j) with probability i / (i + j).
// This adds up, over all paths, the probability of having left the band |i·m - j·n| < distance by
// then: sums of positive numbers, so that small tails are as exact as large ones.
double ExactTwoSampleTail(int64_t n, int64_t m, double distance) {
  if (distance <= 0) return 1;
  const auto dn = static_cast<double>(n), dm = static_cast<double>(m);
  const auto outside = [&](int64_t i, int64_t j) {
    return std::abs(static_cast<double>(i) * dm - static_cast<double>(j) * dn) >= distance;
  };
  // Of one i, by j; those outside of the band are 1.
  std::vector<double> left(static_cast<size_t>(m) + 1, 1.0);
  for (int64_t i = 0; i <= n; ++i) {
    const double center = static_cast<double>(i) * dm;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>((center - distance) / dn) - 1);
    const auto last = std::min<int64_t>(m, static_cast<int64_t>((center + distance) / dn) + 1);
    if (first > 0) left[static_cast<size_t>(first - 1)] = 1;
    for (int64_t j = first; j <= last; ++j) {
      double& here = left[static_cast<size_t>(j)];
      if (outside(i, j)) {
        here = 1;
      } else if (i + j == 0) {
        here = 0;
      } else {
        const double steps = static_cast<double>(i + j);
        const double from_left = i > 0 ? static_cast<double>(i) / steps * here : 0;
        const double from_below =
            j > 0 ? static_cast<double>(j) / steps * left[static_cast<size_t>(j - 1)] : 0;
        here = from_left + from_below;
      }
    }
  }
  return left[static_cast<size_t>(m)];
}

}  // namespace slipway::data
