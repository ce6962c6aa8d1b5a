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

uint32_t ToHalfKey(float value) {
  constexpr uint32_t kFloatSign = uint32_t{1} << 31U;
  const auto bits = std::bit_cast<uint32_t>(value + 0.0F);
  return (bits & kFloatSign) != 0 ? ~bits : bits | kFloatSign;
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

// Sorts by the digits from `first` on, each of which is one pass.
void SortByDigits(std::vector<uint64_t>& keys, std::vector<uint64_t>& other, size_t first) {
  Counts counts{};
  for (const uint64_t key : keys) {
    for (size_t digit = first; digit < kDigits; ++digit) ++counts[digit][Digit(key, digit)];
  }
  for (size_t digit = first; digit < kDigits; ++digit) {
    // A digit that all keys share, as the low ones of whole numbers, needs no pass.
    if (counts[digit][Digit(keys.front(), digit)] == keys.size()) continue;
    Scatter(keys, other, digit, counts[digit]);
    keys.swap(other);
  }
}

// Insertion sort of what is nearly sorted; false, half done, where it is not.
bool FinishByInsertion(std::vector<uint64_t>& keys) {
  size_t moves = 2 * keys.size();
  for (size_t i = 1; i < keys.size(); ++i) {
    const uint64_t key = keys[i];
    size_t at = i;
    for (; at > 0 && keys[at - 1] > key; --at) {
      if (moves-- == 0) return false;
      keys[at] = keys[at - 1];
    }
    keys[at] = key;
  }
  return true;
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
  std::ranges::transform(*values, keys.begin(), ToKey);
  // Sign, exponent and 20 bits of the fraction tell nearly all numbers apart.
  SortByDigits(keys, other, kDigits / 2);
  if (!FinishByInsertion(keys)) {
    std::ranges::transform(*values, keys.begin(), ToKey);
    SortByDigits(keys, other, 0);
  }
  std::ranges::transform(keys, values->begin(), FromKey);
}

std::vector<uint32_t> OrderOf(std::span<const float> values) {
  std::vector<uint64_t> keys(values.size());
  for (size_t i = 0; i < values.size(); ++i) keys[i] = uint64_t{ToHalfKey(values[i])} << 32U | i;
  if (keys.size() < kSmall) {
    std::ranges::sort(keys);
  } else {
    // The places stand in the lower half, in order already.
    std::vector<uint64_t> other(keys.size());
    SortByDigits(keys, other, kDigits / 2);
  }
  std::vector<uint32_t> order(keys.size());
  std::ranges::transform(keys, order.begin(),
                         [](uint64_t key) { return static_cast<uint32_t>(key); });
  return order;
}

}  // namespace slipway
