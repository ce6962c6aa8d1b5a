// How a QuantileSketch is stored.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "data/quantile_sketch.h"
#include "data/sketch_bytes_internal.h"

namespace slipway::data {
namespace {

constexpr char kKind = 'Q';
constexpr uint8_t kVersion = 2;
constexpr size_t kMaxLevels = 48;
// Beyond any stream; sums of such counts do not overflow.
constexpr int64_t kMaxCount = int64_t{1} << 53U;

// Most columns were written with few decimals: such values are whole numbers of 10^-decimals, which
// in ascending order are small steps. The quotient of two numbers that a double holds exactly is
// rounded once, as the reading of the decimal was, so that it is the same value.
constexpr std::array<double, 9> kPowersOfTen = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
constexpr uint8_t kPlain = 255;
constexpr int64_t kMostUnits = int64_t{1} << 52U;

int64_t UnitsOf(double value, double power) {
  return static_cast<int64_t>(std::llround(value * power));
}

bool HasDecimals(const std::vector<double>& values, double power) {
  return std::ranges::all_of(values, [power](double value) {
    return std::abs(value * power) < static_cast<double>(kMostUnits) &&
           static_cast<double>(UnitsOf(value, power)) / power == value;
  });
}

uint8_t DecimalsOf(const std::vector<double>& values) {
  for (size_t decimals = 0; decimals < kPowersOfTen.size(); ++decimals) {
    if (HasDecimals(values, kPowersOfTen[decimals])) return static_cast<uint8_t>(decimals);
  }
  return kPlain;
}

void Write(const std::vector<double>& values, SketchWriter* writer) {
  writer->Count(static_cast<int64_t>(values.size()));
  if (values.empty()) return;
  const uint8_t decimals = DecimalsOf(values);
  writer->Byte(decimals);
  if (decimals == kPlain) {
    for (const double value : values) writer->Number(value);
    return;
  }
  const double power = kPowersOfTen[decimals];
  int64_t last = UnitsOf(values.front(), power);
  writer->Word(static_cast<uint64_t>(last));
  for (size_t i = 1; i < values.size(); ++i) {
    const int64_t units = UnitsOf(values[i], power);
    writer->Count(units - last);
    last = units;
  }
}

void ReadPlain(SketchReader* reader, std::vector<double>* values) {
  for (double& value : *values) value = reader->Number() + 0.0;
}

void ReadUnits(SketchReader* reader, double power, std::vector<double>* values) {
  int64_t units = static_cast<int64_t>(reader->Word());
  for (size_t i = 0; i < values->size(); ++i) {
    // Anybody may have written steps whose sum no double holds.
    if (i > 0) units = std::min(units, kMostUnits) + std::min(reader->Count(), kMostUnits);
    (*values)[i] = static_cast<double>(units) / power;
  }
}

// Ascending values in [min, max]; false where they are not.
bool Read(SketchReader* reader, double min, double max, std::vector<double>* values) {
  const int64_t size = reader->Count();
  // No value takes less than a byte.
  if (static_cast<uint64_t>(size) > reader->remaining()) return false;
  values->resize(static_cast<size_t>(size));
  if (size == 0) return reader->ok();
  const uint8_t decimals = reader->Byte();
  if (decimals == kPlain) {
    ReadPlain(reader, values);
  } else if (decimals < kPowersOfTen.size()) {
    ReadUnits(reader, kPowersOfTen[decimals], values);
  } else {
    return false;
  }
  // Written so that NaN fails.
  double last = min;
  for (const double value : *values) {
    if (!(value >= last && value <= max)) return false;
    last = value;
  }
  return reader->ok();
}

// Adds `size` values of weight 2^level to `sum`, if that can be counted.
bool AddWeight(size_t size, size_t level, int64_t* sum) {
  if (size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max() - *sum) >> level) {
    return false;
  }
  *sum += static_cast<int64_t>(size) << level;
  return true;
}

}  // namespace

std::string QuantileSketch::ToBytes() const {
  SketchWriter writer(kKind, kVersion);
  writer.Count(k_);
  writer.Count(smallest_k_);
  writer.Count(exact_limit_);
  writer.Count(count_);
  writer.Number(min_);
  writer.Number(max_);
  writer.Word(coin_);
  writer.Count(static_cast<int64_t>(runs_.size()));
  for (const Values& run : runs_) Write(run, &writer);
  writer.Count(static_cast<int64_t>(levels_.size()));
  for (size_t level = 1; level < levels_.size(); ++level) Write(levels_[level], &writer);
  return writer.Finish();
}

Result<QuantileSketch> QuantileSketch::FromBytes(std::string_view bytes) {
  SLIPWAY_ASSIGN_OR_RETURN(SketchReader reader,
                           SketchReader::Open(bytes, kKind, kVersion, "sketch of quantiles"));
  const int64_t k = reader.Count();
  const int64_t smallest_k = reader.Count();
  if (k < kMinK || k > kMaxK || smallest_k < kMinK || smallest_k > k) {
    return reader.Damaged("k is out of range");
  }
  QuantileSketch sketch(static_cast<int>(k), reader.Count());
  sketch.smallest_k_ = static_cast<int>(smallest_k);
  sketch.count_ = reader.Count();
  sketch.min_ = reader.Number();
  sketch.max_ = reader.Number();
  sketch.coin_ = reader.Word();
  const bool finite = std::isfinite(sketch.min_) && std::isfinite(sketch.max_);
  const QuantileSketch empty;
  const bool limits_of_none = sketch.min_ == empty.min_ && sketch.max_ == empty.max_;
  if (sketch.count_ == 0 ? !limits_of_none : !finite || sketch.min_ > sketch.max_) {
    return reader.Damaged("its minimum and maximum can't be");
  }
  int64_t sum = 0;
  const int64_t runs = reader.Count();
  for (int64_t run = 0; run < runs; ++run) {
    Values& values = sketch.runs_.emplace_back();
    if (!Read(&reader, sketch.min_, sketch.max_, &values) || values.empty() ||
        !AddWeight(values.size(), 0, &sum)) {
      return reader.Damaged("its values are not in order");
    }
  }
  const auto levels = static_cast<size_t>(reader.Count());
  if (levels == 0 || levels > kMaxLevels) return reader.Damaged("its levels can't be");
  sketch.levels_.resize(levels);
  for (size_t level = 1; level < levels; ++level) {
    Values& values = sketch.levels_[level];
    if (!Read(&reader, sketch.min_, sketch.max_, &values) ||
        !AddWeight(values.size(), level, &sum)) {
      return reader.Damaged("its values are not in order");
    }
  }
  if (!reader.ok() || !reader.at_end() || sum != sketch.count_ || sum > kMaxCount) {
    return reader.Damaged("its values are not as many as it says");
  }
  return sketch;
}

}  // namespace slipway::data
