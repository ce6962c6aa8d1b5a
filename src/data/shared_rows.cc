#include "data/shared_rows.h"

#include <fmt/format.h>

#include <unordered_map>
#include <vector>

#include "core/text.h"
#include "data/validation_internal.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

// 64 well mixed bits of each row: that two different rows of a million share them has a chance of
// one in 10^7.
std::vector<uint64_t> HashRows(const Table& table) {
  std::vector<uint64_t> hashes(static_cast<size_t>(table.rows));
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const uint64_t salt = MixBits(i) | 1U;
    for (size_t row = 0; row < hashes.size(); ++row) {
      const uint64_t value =
          column.type == ColumnType::kCategory ? MixBits(static_cast<uint32_t>(column.codes[row]))
          : column.IsMissing(static_cast<int64_t>(row)) ? 0
                                                        : HashOf(column.numbers[row]);
      hashes[row] += value * salt;
    }
  }
  return hashes;
}

}  // namespace

std::optional<Issue> FindSharedRows(const Table& table, const Split& split) {
  const std::vector<uint64_t> hashes = HashRows(table);
  const std::vector<int64_t> tested = split.RowsOf(Part::kTest);
  // The first training row of each hash that the test part has: those are fewer to keep.
  constexpr int64_t kNone = -1;
  std::unordered_map<uint64_t, int64_t> trained(tested.size());
  for (const int64_t row : tested) trained.emplace(hashes[static_cast<size_t>(row)], kNone);
  for (const int64_t row : split.RowsOf(Part::kTrain)) {
    const auto found = trained.find(hashes[static_cast<size_t>(row)]);
    if (found != trained.end() && found->second == kNone) found->second = row;
  }
  Issue issue;
  for (const int64_t row : tested) {
    const auto found = trained.find(hashes[static_cast<size_t>(row)]);
    if (found->second == kNone) continue;
    ++issue.count;
    if (issue.examples.size() == kMaxExamples) continue;
    issue.examples.push_back({.row = row + 1,
                              .value = fmt::format("row {} of training", found->second + 1),
                              .missing = false});
  }
  if (issue.count == 0) return std::nullopt;
  issue.kind = kSharedRowsKind;
  issue.severity = Severity::kWarning;
  issue.value = static_cast<double>(issue.count) / static_cast<double>(tested.size());
  issue.message = fmt::format("{} of the test part ({}) that training has, too",
                              Plural(issue.count, "row", "rows"), FormatPercent(issue.value));
  return issue;
}

}  // namespace slipway::data
