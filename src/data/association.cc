#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "core/parallel.h"
#include "core/sort_numbers.h"
#include "data/profile.h"

namespace slipway::data {
namespace {

constexpr int kBins = 16;
// Texts that are rarer than this in the sample are one: a column of identifiers tells nothing.
constexpr int64_t kLeastCount = 5;

// Each row's bin, from 0; missing values have one of their own.
struct Binned {
  std::vector<int32_t> bins;
  size_t count = 0;
};

Binned BinNumbers(const std::vector<double>& numbers) {
  std::vector<double> sorted;
  for (const double value : numbers) {
    if (std::isfinite(value)) sorted.push_back(value);
  }
  SortNumbers(&sorted);
  // Few different numbers are as many bins, many are cut at quantiles.
  std::vector<double> ends;
  std::set<double> distinct;
  for (size_t i = 0; i < sorted.size() && distinct.size() <= kBins; ++i) distinct.insert(sorted[i]);
  if (distinct.size() <= kBins) {
    ends.assign(distinct.begin(), distinct.end());
  } else {
    for (size_t bin = 1; bin <= kBins; ++bin) {
      const double end = sorted[bin * sorted.size() / kBins - 1];
      if (ends.empty() || end > ends.back()) ends.push_back(end);
    }
  }
  Binned binned;
  binned.count = ends.size() + 1;
  for (const double value : numbers) {
    const bool present = std::isfinite(value) && !ends.empty();
    const auto bin = present ? std::ranges::lower_bound(ends, value) - ends.begin()
                             : static_cast<std::ptrdiff_t>(ends.size());
    binned.bins.push_back(static_cast<int32_t>(
        std::min<std::ptrdiff_t>(bin, static_cast<std::ptrdiff_t>(ends.size()))));
  }
  return binned;
}

Binned BinCategories(const Column& column, int64_t least) {
  std::vector<int64_t> counts(column.categories.size());
  for (const int32_t code : column.codes) {
    if (code != kMissingCode) ++counts[static_cast<size_t>(code)];
  }
  // The first bin is of missing values, the second of rare ones.
  std::vector<int32_t> bin_of(counts.size(), 1);
  int32_t next = 2;
  for (size_t code = 0; code < counts.size(); ++code) {
    if (counts[code] >= least) bin_of[code] = next++;
  }
  Binned binned;
  binned.count = static_cast<size_t>(next);
  for (const int32_t code : column.codes) {
    binned.bins.push_back(code == kMissingCode ? 0 : bin_of[static_cast<size_t>(code)]);
  }
  return binned;
}

Binned Bin(const Column& column, int64_t least) {
  return column.type == ColumnType::kCategory ? BinCategories(column, least)
                                              : BinNumbers(column.numbers);
}

// Σ -p ln p of counts, and how many are not 0.
struct Entropy {
  double value = 0;
  int64_t used = 0;
};
Entropy EntropyOf(std::span<const int64_t> counts, double total) {
  Entropy entropy;
  for (const int64_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / total;
    entropy.value -= share * std::log(share);
    ++entropy.used;
  }
  return entropy;
}

double UncertaintyCoefficient(const Binned& column, const Binned& target) {
  std::vector<int64_t> both(column.count * target.count);
  std::vector<int64_t> columns(column.count), targets(target.count);
  for (size_t row = 0; row < column.bins.size(); ++row) {
    const auto x = static_cast<size_t>(column.bins[row]);
    const auto y = static_cast<size_t>(target.bins[row]);
    ++both[x * target.count + y];
    ++columns[x];
    ++targets[y];
  }
  const auto rows = static_cast<double>(column.bins.size());
  const Entropy of_target = EntropyOf(targets, rows);
  if (of_target.used < 2) return std::numeric_limits<double>::quiet_NaN();
  const Entropy of_column = EntropyOf(columns, rows), joint = EntropyOf(both, rows);
  // Miller (1955): counting makes information up, half a cell a row.
  const auto cells = static_cast<double>(joint.used - of_column.used - of_target.used + 1);
  const double information = of_column.value + of_target.value - joint.value - cells / (2 * rows);
  return std::clamp(information / of_target.value, 0.0, 1.0);
}

}  // namespace

std::vector<double> Associations(const Table& sample, const std::string& target, int threads) {
  std::vector<double> associations(sample.columns.size(), std::numeric_limits<double>::quiet_NaN());
  const Column* labels = sample.Find(target);
  if (labels == nullptr || sample.rows == 0) return associations;
  const Binned binned = Bin(*labels, 1);
  if (threads <= 0) threads = AvailableCores();
  // Cannot fail; an interrupt is left to the caller, who checks for it between steps.
  (void)ParallelFor(sample.columns.size(), threads, [&](size_t i) -> Status {
    if (&sample.columns[i] == labels) return {};
    associations[i] = UncertaintyCoefficient(Bin(sample.columns[i], kLeastCount), binned);
    return {};
  });
  return associations;
}

}  // namespace slipway::data
