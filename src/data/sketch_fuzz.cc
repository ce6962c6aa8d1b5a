// Stored sketches, by their first byte: what is read is written as the same bytes, and merges.
//
// The checksum is not part of an input: no mutation would have a right one.
#include "core/fuzzing.h"
#include "data/distinct_sketch.h"
#include "data/frequent_values.h"
#include "data/quantile_sketch.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

std::string WithChecksum(std::string_view body) {
  std::string bytes(body);
  uint64_t rest = HashOf(body);
  for (size_t i = 0; i < sizeof rest; ++i, rest >>= 8U) bytes += static_cast<char>(rest & 0xFFU);
  return bytes;
}

void Ask(const QuantileSketch& sketch) {
  const double middle = sketch.Quantile(0.5);
  const bool empty = sketch.count() == 0;
  slipway::testing::Require(empty || (middle >= sketch.min() && middle <= sketch.max()),
                            "the median is between the ends");
  const double rank = sketch.Rank(middle);
  slipway::testing::Require(rank >= 0 && rank <= 1, "a rank is a share");
}
void Ask(const DistinctSketch& sketch) {
  slipway::testing::Require(sketch.Estimate() >= 0, "no fewer than none");
}
void Ask(const FrequentValues& sketch) {
  int64_t sum = 0;
  for (const FrequentValue& value : sketch.All()) sum += value.count;
  slipway::testing::Require(sum <= sketch.total(), "no more than came");
}

int64_t CountOf(const QuantileSketch& sketch) { return sketch.count(); }
int64_t CountOf(const DistinctSketch& /*sketch*/) { return 0; }
int64_t CountOf(const FrequentValues& sketch) { return sketch.total(); }

template <typename Sketch>
void CheckSketch(std::string_view body) {
  const std::string bytes = WithChecksum(body);
  Result<Sketch> sketch = Sketch::FromBytes(bytes);
  if (!sketch.ok()) return slipway::testing::RequireGoodError(sketch.error());
  Ask(*sketch);
  const std::string written = sketch->ToBytes();
  const Result<Sketch> again = Sketch::FromBytes(written);
  slipway::testing::Require(again.ok(), "what was written is read",
                            again.ok() ? "" : again.error().ToString());
  slipway::testing::RequireSame(written, again->ToBytes(), "the same sketch comes back");
  Sketch merged = *sketch;
  merged.Merge(*again);
  Ask(merged);
  constexpr int64_t kMostStored = int64_t{1} << 53U;
  if (CountOf(merged) > kMostStored) return;
  slipway::testing::Require(Sketch::FromBytes(merged.ToBytes()).ok(), "a merged one is read");
}

void CheckSketches(std::string_view body) {
  CheckSketch<QuantileSketch>(body);
  CheckSketch<DistinctSketch>(body);
  CheckSketch<FrequentValues>(body);
}

}  // namespace
}  // namespace slipway::data

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body = slipway::testing::TextOf(data, size);
  slipway::data::CheckSketches(body);
  return 0;
}
