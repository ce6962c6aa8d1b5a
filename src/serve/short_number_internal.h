// Most numbers of requests are short: a few digits before and behind the point, no exponent. They
// are read eight bytes at once, some three times as fast as one by one; all others are left to the
// parser of JSON.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace slipway::serve {

static_assert(std::endian::native == std::endian::little, "the first digit is the lowest byte");

struct ShortDigits {
  int count = 0;       // Of decimal digits at the beginning; 8 for that many or more.
  uint64_t value = 0;  // That they write; of less than eight.
};

// Looks at eight bytes.
inline ShortDigits TakeShortDigits(const char* text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof(bytes));
  bytes ^= 0x3030303030303030U;  // Digits become 0 to 9.
  // The top bit of each byte above 9. What a byte carries reaches only those behind it.
  const uint64_t others = ((bytes + 0x7676767676767676U) | bytes) & 0x8080808080808080U;
  const int count = std::countr_zero(others) / 8;
  if (count == 0 || count == 8) return {count, 0};
  bytes <<= 64 - 8 * count;            // Zeros before them.
  bytes = bytes * 10 + (bytes >> 8U);  // Pairs of digits, in every second byte.
  constexpr uint64_t kPairs = 0x000000FF000000FFU;
  const uint64_t high = (bytes & kPairs) * (100 + (uint64_t{1000000} << 32U));
  const uint64_t low = ((bytes >> 16U) & kPairs) * (1 + (uint64_t{10000} << 32U));
  return {count, (high + low) >> 32U};
}

// The number of at most seven digits before and behind the point that begins at `text` and ends
// before a blank or a mark of JSON; the eight bytes behind whatever is looked at must be readable.
// Both parts of the division are exact, so that its result is the nearest double.
inline std::optional<double> ShortNumber(const char* text) {
  constexpr std::array<double, 8> kPowers = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
  const bool negative = *text == '-';
  if (negative) ++text;
  const ShortDigits whole = TakeShortDigits(text);
  const bool padded = *text == '0' && whole.count > 1;
  if (whole.count == 0 || whole.count == 8 || padded) return std::nullopt;
  text += whole.count;
  auto number = static_cast<double>(whole.value);
  if (*text == '.') {
    const ShortDigits part = TakeShortDigits(++text);
    if (part.count == 0 || part.count == 8) return std::nullopt;
    text += part.count;
    const double power = kPowers[static_cast<size_t>(part.count)];
    number = (number * power + static_cast<double>(part.value)) / power;
  }
  const char end = *text;
  if (end != ',' && end != ']' && end != '}' && end != ' ' && end != '\n' && end != '\r' &&
      end != '\t') {
    return std::nullopt;
  }
  return negative ? -number : number;
}

}  // namespace slipway::serve
