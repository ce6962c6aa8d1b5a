#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "core/random.h"
#include "data/split.h"
#include "data/split_internal.h"

namespace slipway::data {
namespace {

// Rows by group: members of group g are rows[begin[g] .. begin[g + 1]).
struct GroupedRows {
  std::vector<size_t> begin;
  std::vector<size_t> positions;  // Into the rows that were given.

  size_t size(size_t group) const { return begin[group + 1] - begin[group]; }
  std::span<const size_t> members(size_t group) const {
    return std::span(positions).subspan(begin[group], size(group));
  }
};

GroupedRows CollectGroups(std::span<const int64_t> rows, std::span<const int32_t> groups) {
  const int32_t last = groups.empty() ? -1 : *std::ranges::max_element(groups);
  GroupedRows grouped;
  grouped.begin.assign(static_cast<size_t>(last) + 2, 0);
  auto group_at = [&](size_t i) {
    return static_cast<size_t>(groups[static_cast<size_t>(rows[i])]);
  };
  for (size_t i = 0; i < rows.size(); ++i) ++grouped.begin[group_at(i) + 1];
  std::partial_sum(grouped.begin.begin(), grouped.begin.end(), grouped.begin.begin());
  std::vector<size_t> next = grouped.begin;
  grouped.positions.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) grouped.positions[next[group_at(i)]++] = i;
  return grouped;
}

// Bins with the rows that each should get and has got, by class.
class Bins {
 public:
  Bins(std::span<const double> shares, std::vector<int64_t> class_sizes)
      : shares_(shares),
        class_sizes_(std::move(class_sizes)),
        filled_(shares.size() * class_sizes_.size()) {}

  // The bin in which `counts` rows of `classes` bring down the chi-square distance between filled
  // and wanted most.
  int Choose(std::span<const int32_t> classes, const std::vector<int64_t>& counts) const {
    int best = 0;
    double lowest = std::numeric_limits<double>::infinity();
    for (size_t bin = 0; bin < shares_.size(); ++bin) {
      if (shares_[bin] <= 0) continue;
      double change = 0;
      for (const int32_t cls : classes) {
        const auto c = static_cast<size_t>(cls);
        const auto added = static_cast<double>(counts[c]);
        const double wanted = shares_[bin] * static_cast<double>(class_sizes_[c]);
        change += added * (2 * (static_cast<double>(Filled(bin, c)) - wanted) + added) / wanted;
      }
      if (change < lowest) {
        lowest = change;
        best = static_cast<int>(bin);
      }
    }
    return best;
  }

  void Add(int bin, std::span<const int32_t> classes, const std::vector<int64_t>& counts) {
    for (const int32_t cls : classes) {
      const auto c = static_cast<size_t>(cls);
      filled_[static_cast<size_t>(bin) * class_sizes_.size() + c] += counts[c];
    }
  }

 private:
  int64_t Filled(size_t bin, size_t cls) const { return filled_[bin * class_sizes_.size() + cls]; }

  std::span<const double> shares_;
  std::vector<int64_t> class_sizes_;
  std::vector<int64_t> filled_;
};

// Groups that have rows, largest first, equal ones in a random order.
std::vector<size_t> DealingOrder(const GroupedRows& grouped, uint64_t seed) {
  std::vector<size_t> shuffled;
  for (size_t group = 0; group + 1 < grouped.begin.size(); ++group) {
    if (grouped.size(group) > 0) shuffled.push_back(group);
  }
  Random(seed).Shuffle(std::span(shuffled));
  std::vector<size_t> places(shuffled.size());
  std::iota(places.begin(), places.end(), 0);
  std::ranges::sort(places, [&](size_t a, size_t b) {
    const size_t size_a = grouped.size(shuffled[a]);
    const size_t size_b = grouped.size(shuffled[b]);
    return size_a != size_b ? size_a > size_b : a < b;
  });
  std::vector<size_t> order;
  order.reserve(places.size());
  for (const size_t place : places) order.push_back(shuffled[place]);
  return order;
}

}  // namespace

std::vector<int32_t> NumberGroups(const Column& column) {
  std::vector<int32_t> groups(static_cast<size_t>(column.size()));
  std::unordered_map<double, int32_t> seen;
  int32_t next = 0;
  for (size_t row = 0; row < groups.size(); ++row) {
    if (column.IsMissing(static_cast<int64_t>(row))) {
      groups[row] = next++;
      continue;
    }
    const double value =
        column.type == ColumnType::kCategory ? column.codes[row] : column.numbers[row];
    const auto [place, added] = seen.try_emplace(value, next);
    if (added) ++next;
    groups[row] = place->second;
  }
  return groups;
}

std::vector<int> DealGroups(std::span<const int64_t> rows, std::span<const int32_t> groups,
                            std::span<const int32_t> classes, int class_count,
                            std::span<const double> shares, uint64_t seed) {
  const GroupedRows grouped = CollectGroups(rows, groups);
  auto class_at = [&](size_t position) { return classes[static_cast<size_t>(rows[position])]; };
  std::vector<int64_t> counts(static_cast<size_t>(class_count));
  for (size_t i = 0; i < rows.size(); ++i) ++counts[static_cast<size_t>(class_at(i))];
  Bins bins(shares, counts);

  std::ranges::fill(counts, 0);
  std::vector<int> dealt(rows.size());
  std::vector<int32_t> present;  // Classes that the group has.
  for (const size_t group : DealingOrder(grouped, seed)) {
    present.clear();
    for (const size_t position : grouped.members(group)) {
      const int32_t cls = class_at(position);
      if (counts[static_cast<size_t>(cls)]++ == 0) present.push_back(cls);
    }
    const int bin = bins.Choose(present, counts);
    bins.Add(bin, present, counts);
    for (const size_t position : grouped.members(group)) dealt[position] = bin;
    for (const int32_t cls : present) counts[static_cast<size_t>(cls)] = 0;
  }
  return dealt;
}

}  // namespace slipway::data
