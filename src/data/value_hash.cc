#include "data/value_hash.h"

#include <cstddef>
#include <cstring>

namespace slipway::data {
namespace {

// Digits of pi: odd constants with nothing up their sleeves.
constexpr uint64_t kFirst = 0x243f6a8885a308d3ULL;
constexpr uint64_t kSecond = 0x13198a2e03707345ULL;
constexpr uint64_t kThird = 0xa4093822299f31d1ULL;
constexpr size_t kWord = sizeof(uint64_t);
constexpr size_t kHalf = sizeof(uint32_t);
constexpr size_t kPair = 2 * kWord;

// Little-endian on every machine.
template <typename Word>
uint64_t Load(const char* bytes) {
  Word word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  return word;
}

uint64_t LoadWord(const char* bytes) { return Load<uint64_t>(bytes); }

uint64_t LoadHalf(const char* bytes) { return Load<uint32_t>(bytes); }

// One to three bytes: the first, the middle one and the last, which with the length are all.
uint64_t LoadFew(const char* bytes, size_t count) {
  auto at = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])); };
  return at(0) | at(count / 2) << 8U | at(count - 1) << 16U;
}

// Both halves of the product: each bit of either factor reaches about half of the result.
uint64_t Fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64U);
}

}  // namespace

uint64_t HashOf(std::string_view text) {
  const char* bytes = text.data();
  size_t left = text.size();
  uint64_t hash = kFirst ^ (text.size() * kThird);
  for (; left > kPair; bytes += kPair, left -= kPair) {
    hash = Fold(LoadWord(bytes) ^ hash, LoadWord(bytes + kWord) ^ kSecond);
  }
  // The last 1 to 16 bytes as two parts that may overlap: the length, mixed in, tells them apart.
  uint64_t low = 0;
  uint64_t high = 0;
  if (left >= kWord) {
    low = LoadWord(bytes);
    high = LoadWord(bytes + left - kWord);
  } else if (left >= kHalf) {
    low = LoadHalf(bytes);
    high = LoadHalf(bytes + left - kHalf);
  } else if (left > 0) {
    low = LoadFew(bytes, left);
  }
  return MixBits(Fold(low ^ hash, high ^ kSecond) ^ hash);
}

}  // namespace slipway::data
