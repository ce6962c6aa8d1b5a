// Reproducible random numbers: the same seed gives the same numbers on every machine and compiler,
// which the standard library's distributions do not promise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace slipway {

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

  // Uniform in [0, bound), bound > 0; without modulo bias (Lemire 2019).
  uint64_t Below(uint64_t bound) {
    while (true) {
      const unsigned __int128 product = static_cast<unsigned __int128>(Next()) * bound;
      const auto low = static_cast<uint64_t>(product);
      // The remainder is below bound: the division is rarely needed.
      if (low >= bound || low >= (0 - bound) % bound) return static_cast<uint64_t>(product >> 64U);
    }
  }

  // Uniform in [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11U) * 0x1.0p-53; }

  // Fisher-Yates.
  template <typename T>
  void Shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }

 private:
  uint64_t state_;
};

// A seed for stream `index` of `seed`, so that parallel parts are independent of how they are
// scheduled.
inline uint64_t DeriveSeed(uint64_t seed, uint64_t index) {
  Random random(seed ^ (0xd1342543de82ef95ULL * (index + 1)));
  return random.Next();
}

}  // namespace slipway
