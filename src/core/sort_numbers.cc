#include "core/sort_numbers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

namespace slipway {
namespace {

constexpr size_t kDigits = sizeof(uint64_t);
constexpr size_t kBuckets = 256;
constexpr size_t kSmall = 256;  // Below this the histograms cost more than comparing does.
constexpr uint64_t kSign = uint64_t{1} << 63U;

// Doubles as integers of the same order: negative ones reversed, positive ones above them.
uint64_t ToKey(double value) {
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double FromKey(uint64_t key) {
  return std::bit_cast<double>((key & kSign) != 0 ? key & ~kSign : ~key);
}

using Counts = std::array<std::array<uint32_t, kBuckets>, kDigits>;

size_t Digit(uint64_t key, size_t digit) { return (key >> (8 * digit)) & 0xffU; }

// Moves keys to `to`, ordered by one digit and stable otherwise.
void Scatter(std::span<const uint64_t> from, std::span<uint64_t> to, size_t digit,
             const std::array<uint32_t, kBuckets>& counts) {
  std::array<uint32_t, kBuckets> next{};
  for (size_t bucket = 1; bucket < kBuckets; ++bucket) {
    next[bucket] = next[bucket - 1] + counts[bucket - 1];
  }
  for (const uint64_t key : from) to[next[Digit(key, digit)]++] = key;
}

}  // namespace

void SortNumbers(std::vector<double>* values) {
  if (values->size() < kSmall) {
    for (double& value : *values) value += 0.0;
    std::ranges::sort(*values);
    return;
  }
  std::vector<uint64_t> keys(values->size());
  std::vector<uint64_t> other(values->size());
  Counts counts{};
  for (size_t i = 0; i < keys.size(); ++i) {
    keys[i] = ToKey((*values)[i]);
    for (size_t digit = 0; digit < kDigits; ++digit) ++counts[digit][Digit(keys[i], digit)];
  }
  for (size_t digit = 0; digit < kDigits; ++digit) {
    // A digit that all keys share, as the low ones of whole numbers, needs no pass.
    if (counts[digit][Digit(keys.front(), digit)] == keys.size()) continue;
    Scatter(keys, other, digit, counts[digit]);
    keys.swap(other);
  }
  std::ranges::transform(keys, values->begin(), FromKey);
}

}  // namespace slipway
