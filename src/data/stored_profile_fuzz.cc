// Stored profiles: one that is read is written as one that reads the same, and merges with itself.
#include "core/fuzzing.h"
#include "data/drift.h"
#include "data/profile.h"

namespace slipway::data {
namespace {

using slipway::testing::Require;
using slipway::testing::RequireGoodError;
using slipway::testing::RequireSame;

std::string Written(const TableProfile& profile) { return CompactJson(ToStoredJson(profile)); }

TableProfile ReadBack(const std::string& text) {
  Result<TableProfile> profile = ReadStoredProfile(text, "written.json");
  Require(profile.ok(), "what was written is read", text,
          profile.ok() ? "" : profile.error().ToString());
  return *std::move(profile);
}

void CheckMerging(const TableProfile& profile) {
  const Result<TableProfile> merged = MergeProfiles(profile, profile);
  if (!merged.ok()) return RequireGoodError(merged.error());
  Require(merged->rows == 2 * profile.rows, "rows add up");
  constexpr int64_t kMany = int64_t{1} << 50U;  // More than can be stored is no table.
  if (merged->rows < kMany) (void)ReadBack(Written(*merged));
}

void CheckProfile(std::string_view text) {
  const Result<TableProfile> profile = ReadStoredProfile(text, "profile.json");
  if (!profile.ok()) return RequireGoodError(profile.error());
  // Writing thins sketches that hold every value: what was written once stays as it is.
  const std::string written = Written(*profile);
  RequireSame(written, Written(ReadBack(written)), "the same profile comes back");
  CheckMerging(*profile);
  const Result<DriftReport> drift = FindDrift(*profile, *profile, {});
  if (!drift.ok()) return RequireGoodError(drift.error());
  Require(!drift->drift_detected, "nothing drifts from itself", text);
}

}  // namespace
}  // namespace slipway::data

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::data::CheckProfile(slipway::testing::TextOf(data, size));
  return 0;
}
