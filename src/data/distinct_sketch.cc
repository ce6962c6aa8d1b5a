#include "data/distinct_sketch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "data/sketch_bytes_internal.h"

namespace slipway::data {
namespace {

constexpr char kKind = 'D';
constexpr uint8_t kVersion = 1;
constexpr unsigned kIndexBits = 12;
constexpr size_t kRegisters = size_t{1} << kIndexBits;
// Bits of a hash after those that choose the register, "q" in Ertl's paper.
constexpr unsigned kRankBits = 64 - kIndexBits;
constexpr unsigned kMaxRank = kRankBits + 1;
constexpr size_t kFirstSlots = 64;
// Ranks are stored in 6 bits, four of them in three bytes.
constexpr unsigned kStoredBits = 6;

// The place in a table of 2^n slots where the search for `hash` begins.
size_t Home(uint64_t hash, size_t slots) { return hash >> (64U - std::bit_width(slots - 1)); }

// True if it was not there.
bool Insert(uint64_t hash, std::vector<uint64_t>* slots) {
  const size_t mask = slots->size() - 1;
  size_t slot = Home(hash, slots->size());
  for (; (*slots)[slot] != 0; slot = (slot + 1) & mask) {
    if ((*slots)[slot] == hash) return false;
  }
  (*slots)[slot] = hash;
  return true;
}

// σ of Ertl's paper: x + Σ x^(2^k) · 2^(k-1); infinite at 1.
double Sigma(double x) {
  double sum = x;
  double factor = 1;
  double before = 0;
  if (x == 1) return INFINITY;
  do {
    x *= x;
    before = sum;
    sum += x * factor;
    factor += factor;
  } while (sum != before);
  return sum;
}

// τ of Ertl's paper: (1 - x - Σ (1 - x^(2^-k))² · 2^-k) / 3.
double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x;
  double factor = 1;
  double before = 0;
  do {
    x = std::sqrt(x);
    before = sum;
    factor *= 0.5;
    sum -= (1 - x) * (1 - x) * factor;
  } while (sum != before);
  return sum / 3;
}

double EstimateOf(const std::vector<uint8_t>& registers) {
  std::array<int, kMaxRank + 1> counts{};
  for (const uint8_t rank : registers) ++counts[rank];
  constexpr double kM = kRegisters;
  double z = kM * Tau(1 - counts[kMaxRank] / kM);
  for (size_t rank = kRankBits; rank >= 1; --rank) z = 0.5 * (z + counts[rank]);
  z += kM * Sigma(counts[0] / kM);
  return kM * kM / (2 * std::numbers::ln2 * z);
}

}  // namespace

void DistinctSketch::AddAll(std::span<const uint64_t> hashes) {
  const size_t taken = exact() ? AddExactly(hashes) : 0;
  AddToRegisters(hashes.subspan(taken));
}

size_t DistinctSketch::AddExactly(std::span<const uint64_t> hashes) {
  if (slots_.empty() && !hashes.empty()) slots_.resize(kFirstSlots);
  for (size_t i = 0; i < hashes.size(); ++i) {
    if (hashes[i] == 0) {
      has_zero_ = true;
    } else if (Insert(hashes[i], &slots_)) {
      ++filled_;
    } else {
      continue;
    }
    if (filled_ + (has_zero_ ? 1 : 0) > kExactLimit) {
      BeginRegisters();
      return i + 1;
    }
    if (2 * filled_ > slots_.size()) GrowSlots();
  }
  return hashes.size();
}

void DistinctSketch::AddToRegisters(std::span<const uint64_t> hashes) {
  uint8_t* const registers = registers_.data();
  for (const uint64_t hash : hashes) {
    uint8_t& highest = registers[hash >> kRankBits];
    // The bit set behind them bounds the run of zeros.
    const uint64_t rest = (hash << kIndexBits) | (uint64_t{1} << (kIndexBits - 1));
    const auto rank = static_cast<uint8_t>(std::countl_zero(rest) + 1);
    if (rank > highest) highest = rank;
  }
}

// In ascending order.
std::vector<uint64_t> DistinctSketch::Hashes() const {
  std::vector<uint64_t> hashes;
  hashes.reserve(filled_ + 1);
  if (has_zero_) hashes.push_back(0);
  std::ranges::copy_if(slots_, std::back_inserter(hashes), [](uint64_t hash) { return hash != 0; });
  std::ranges::sort(hashes);
  return hashes;
}

void DistinctSketch::GrowSlots() {
  std::vector<uint64_t> larger(2 * slots_.size());
  for (const uint64_t hash : slots_) {
    if (hash != 0) Insert(hash, &larger);
  }
  slots_ = std::move(larger);
}

void DistinctSketch::BeginRegisters() {
  const std::vector<uint64_t> hashes = Hashes();
  registers_.resize(kRegisters);
  AddToRegisters(hashes);
  slots_ = {};
  filled_ = 0;
  has_zero_ = false;
}

void DistinctSketch::Merge(const DistinctSketch& other) {
  if (&other == this) return;
  if (other.exact()) return AddAll(other.Hashes());
  if (exact()) BeginRegisters();
  for (size_t i = 0; i < kRegisters; ++i) {
    registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
}

int64_t DistinctSketch::Estimate() const {
  if (exact()) return static_cast<int64_t>(filled_) + (has_zero_ ? 1 : 0);
  // All registers at their highest rank would be infinitely many; 2^63 hashes can't come.
  return static_cast<int64_t>(std::min(std::round(EstimateOf(registers_)), 0x1.0p62));
}

double DistinctSketch::relative_error() const {
  return exact() ? 0 : 1.04 / std::sqrt(static_cast<double>(kRegisters));
}

std::string DistinctSketch::ToBytes() const {
  SketchWriter writer(kKind, kVersion);
  writer.Byte(exact() ? 1 : 0);
  if (exact()) {
    const std::vector<uint64_t> hashes = Hashes();
    writer.Count(static_cast<int64_t>(hashes.size()));
    for (const uint64_t hash : hashes) writer.Word(hash);
    return writer.Finish();
  }
  for (size_t i = 0; i < kRegisters; i += 4) {
    uint32_t four = 0;
    for (size_t j = 0; j < 4; ++j) {
      four |= static_cast<uint32_t>(registers_[i + j]) << (kStoredBits * j);
    }
    for (unsigned shift = 0; shift < 24; shift += 8)
      writer.Byte(static_cast<uint8_t>(four >> shift));
  }
  return writer.Finish();
}

Result<DistinctSketch> DistinctSketch::FromBytes(std::string_view bytes) {
  SLIPWAY_ASSIGN_OR_RETURN(SketchReader reader,
                           SketchReader::Open(bytes, kKind, kVersion, "sketch of distinct values"));
  DistinctSketch sketch;
  const uint8_t form = reader.Byte();
  if (form > 1) return reader.Damaged("its form is unknown");
  if (form == 1) {
    const int64_t count = reader.Count();
    if (count > static_cast<int64_t>(kExactLimit))
      return reader.Damaged("it holds too many values");
    uint64_t last = 0;
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t hash = reader.Word();
      if (i > 0 && hash <= last) return reader.Damaged("its values are not in order");
      sketch.Add(hash);
      last = hash;
    }
  } else {
    sketch.registers_.resize(kRegisters);
    const std::string_view packed = reader.Take(kRegisters / 4 * 3);
    for (size_t i = 0; i < kRegisters && reader.ok(); i += 4) {
      uint32_t four = 0;
      for (size_t byte = 0; byte < 3; ++byte) {
        four |= static_cast<uint32_t>(static_cast<uint8_t>(packed[i / 4 * 3 + byte])) << (8 * byte);
      }
      for (size_t j = 0; j < 4; ++j) {
        const auto rank = static_cast<uint8_t>((four >> (kStoredBits * j)) & 0x3fU);
        if (rank > kMaxRank) return reader.Damaged("a register is out of range");
        sketch.registers_[i + j] = rank;
      }
    }
  }
  if (!reader.ok() || !reader.at_end()) return reader.Damaged("its length is wrong");
  return sketch;
}

}  // namespace slipway::data
