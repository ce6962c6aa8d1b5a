// 64-bit hashes of values, well mixed in every bit. The same on every machine and in every version:
// profiles store what was made of them. Not for keys that an enemy may choose.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace slipway::data {

// A bijection under which every bit of the input reaches every bit of the result: the finaliser of
// SplitMix64 (Steele, Lea, Flood 2014), with its increment so that 0 is mixed too.
inline uint64_t MixBits(uint64_t bits) {
  bits += 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebULL;
  return bits ^ (bits >> 31U);
}

// Different numbers have different hashes; -0 is 0. NaN with other bits is another value.
inline uint64_t HashOf(double value) { return MixBits(std::bit_cast<uint64_t>(value + 0.0)); }

// Of the bytes; texts of other lengths differ, too: "a" and "a\0".
uint64_t HashOf(std::string_view text);

}  // namespace slipway::data
