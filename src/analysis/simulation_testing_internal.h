// Random traffic and stored states, for the tests of this folder. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "analysis/log_math_internal.h"
#include "core/json.h"
#include "core/random.h"

namespace slipway::analysis::testing {

// What two versions answer, reproducibly.
class Traffic {
 public:
  explicit Traffic(uint64_t seed) : random_(seed) {}

  int64_t Events(int64_t trials, double rate) {
    int64_t events = 0;
    for (int64_t i = 0; i < trials; ++i) events += random_.Uniform() < rate ? 1 : 0;
    return events;
  }

  // Log-normal by Box and Muller.
  double Latency(double median, double sigma) {
    const double radius = std::sqrt(-2 * std::log1p(-random_.Uniform()));
    const double normal = radius * std::cos(2 * std::numbers::pi * random_.Uniform());
    return median * std::exp(sigma * normal);
  }

  std::vector<int64_t> Latencies(std::span<const double> bounds, int trials, double median) {
    constexpr double kSigma = 0.5;
    std::vector<int64_t> counts(bounds.size() + 1);
    for (int i = 0; i < trials; ++i) {
      const auto bucket = std::ranges::lower_bound(bounds, Latency(median, kSigma));
      ++counts[static_cast<size_t>(bucket - bounds.begin())];
    }
    return counts;
  }

  std::vector<int64_t> Categories(std::span<const double> shares, int trials) {
    std::vector<int64_t> counts(shares.size());
    for (int i = 0; i < trials; ++i) {
      double left = random_.Uniform();
      size_t category = 0;
      while (category + 1 < shares.size() && left >= shares[category]) left -= shares[category++];
      ++counts[category];
    }
    return counts;
  }

  Random& random() { return random_; }

 private:
  Random random_;
};

inline double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

inline double BinomialChance(int64_t trials, int64_t events, double rate) {
  double chance = 1;
  for (int64_t i = 0; i < events; ++i) {
    chance *= static_cast<double>(trials - i) / static_cast<double>(events - i);
  }
  return chance * std::pow(rate, static_cast<double>(events)) *
         std::pow(1 - rate, static_cast<double>(trials - events));
}

inline double LogChoose(int64_t of, int64_t chosen) {
  const auto n = static_cast<double>(of);
  const auto k = static_cast<double>(chosen);
  return LogGamma(n + 1) - LogGamma(k + 1) - LogGamma(n - k + 1);
}

// What a controller that was killed reads: through text, as it is kept.
inline Json Kept(const Json& state) { return *ParseJson(CompactJson(state), "state.json"); }

// Calls `read` with the state spoilt in every member in turn. Whatever it says, it must not crash;
// what it must refuse is counted by the caller.
inline void ForEachSpoilt(const Json& state, const std::function<void(const Json&)>& read) {
  const std::vector<Json> spoils = {
      nullptr, -1, 1e308, "x", true, Json::array(), Json::object(), 1.5, 18446744073709551615ULL};
  const Json flat = state.flatten();
  for (const auto& [path, value] : flat.items()) {
    for (const Json& spoil : spoils) {
      Json spoilt = state;
      spoilt[Json::json_pointer(path)] = spoil;
      read(spoilt);
    }
  }
  for (const auto& [key, value] : state.items()) {
    Json without = state;
    without.erase(key);
    read(without);
  }
  for (const Json& spoil : spoils) read(spoil);
}

}  // namespace slipway::analysis::testing
