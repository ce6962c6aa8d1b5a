#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "data/distribution.h"
#include "report/drift_report.h"
#include "report/drift_summary_internal.h"

namespace slipway::report {
namespace {

constexpr int kBins = 24;
// A picture of all values is of its outliers where they reach this much farther than the central
// 98 % of both tables.
constexpr double kFarOut = 3;
constexpr size_t kLowTail = 1, kHighTail = 7;  // 0.01 and 0.99 in ColumnProfile::quantiles.
constexpr size_t kMostCategories = 6;

using Profiles = std::unordered_map<std::string, const data::ColumnProfile*>;

Profiles ByName(const data::TableProfile& table) {
  Profiles profiles;
  for (const data::ColumnProfile& column : table.columns) profiles.emplace(column.name, &column);
  return profiles;
}

bool HasValues(const data::ColumnProfile* profile) {
  return profile != nullptr && profile->sketches != nullptr && profile->missing < profile->count;
}

int64_t AtOrBelow(const data::Distribution& distribution, double value) {
  const auto end = std::ranges::upper_bound(distribution.values, value);
  return end == distribution.values.begin()
             ? 0
             : distribution.at_or_below[static_cast<size_t>(end - distribution.values.begin()) - 1];
}

int64_t Below(const data::Distribution& distribution, double value) {
  return AtOrBelow(distribution, std::nextafter(value, -HUGE_VAL));
}

// Rows of equal bins over [low, high], each without its upper end but the last.
std::vector<int64_t> Bins(const data::Distribution& distribution, double low, double high,
                          int bins) {
  std::vector<int64_t> counts;
  int64_t before = Below(distribution, low);
  for (int bin = 1; bin <= bins; ++bin) {
    const int64_t upto = bin == bins ? AtOrBelow(distribution, high)
                                     : Below(distribution, low + (high - low) * bin / bins);
    counts.push_back(upto - before);
    before = upto;
  }
  return counts;
}

struct Range {
  double low = HUGE_VAL, high = -HUGE_VAL;
  double width() const { return high - low; }
  void Cover(double from, double to) {
    low = std::min(low, from);
    high = std::max(high, to);
  }
};

Range ShownRange(const std::vector<const data::ColumnProfile*>& profiles) {
  Range all, central;
  for (const data::ColumnProfile* profile : profiles) {
    if (!HasValues(profile) || profile->quantiles.size() <= kHighTail) continue;
    all.Cover(profile->min, profile->max);
    central.Cover(profile->quantiles[kLowTail], profile->quantiles[kHighTail]);
  }
  return central.width() > 0 && all.width() > kFarOut * central.width() ? central : all;
}

void PairNumbers(const data::ColumnProfile* reference, const data::ColumnProfile* current,
                 DistributionPair* pair) {
  Range range = ShownRange({reference, current});
  if (range.width() < 0) return;  // Infinite values only.
  if (pair->integral) range = {std::floor(range.low), std::ceil(range.high)};
  pair->low = range.low;
  pair->high = range.high;
  double end = range.high;
  int bins = range.width() > 0 ? kBins : 1;
  if (pair->integral && range.width() + 1 <= kBins) {
    // A bin for each whole number.
    bins = static_cast<int>(range.width()) + 1;
    end = range.high + 1;
  }
  const auto fill = [&](const data::ColumnProfile* profile, std::vector<int64_t>* counts,
                        int64_t* rows, int64_t* beyond) {
    if (!HasValues(profile)) return;
    const data::Distribution distribution = data::DistributionOf(*profile);
    *counts = Bins(distribution, range.low, end, bins);
    *rows = distribution.count();
    *beyond = Below(distribution, range.low) + *rows - AtOrBelow(distribution, range.high);
  };
  fill(reference, &pair->reference, &pair->reference_rows, &pair->reference_beyond);
  fill(current, &pair->current, &pair->current_rows, &pair->current_beyond);
}

struct Category {
  std::string name;
  int64_t reference = 0, current = 0;
  double moved = 0;  // Difference of the shares.
};

// Those whose share moved most come first, then the most frequent ones.
std::vector<Category> MostMoved(const data::ColumnProfile* reference,
                                const data::ColumnProfile* current, DistributionPair* pair) {
  std::map<std::string, Category> both;
  const auto add = [&](const data::ColumnProfile* profile, int64_t Category::* count,
                       int64_t* rows) {
    if (!HasValues(profile)) return;
    *rows = profile->sketches->frequent.total();
    for (const data::FrequentValue& item : profile->sketches->frequent.All()) {
      both[item.value].*count = item.count;
    }
  };
  add(reference, &Category::reference, &pair->reference_rows);
  add(current, &Category::current, &pair->current_rows);
  const auto share = [](int64_t count, int64_t rows) {
    return rows > 0 ? static_cast<double>(count) / static_cast<double>(rows) : 0;
  };
  std::vector<Category> categories;
  for (auto& [name, category] : both) {
    category.name = name;
    category.moved = std::abs(share(category.reference, pair->reference_rows) -
                              share(category.current, pair->current_rows));
    categories.push_back(category);
  }
  std::ranges::stable_sort(categories, [](const Category& a, const Category& b) {
    return a.moved != b.moved ? a.moved > b.moved
                              : a.reference + a.current > b.reference + b.current;
  });
  return categories;
}

void PairCategories(const data::ColumnProfile* reference, const data::ColumnProfile* current,
                    DistributionPair* pair) {
  std::vector<Category> categories = MostMoved(reference, current, pair);
  const size_t shown = std::min(kMostCategories, categories.size());
  pair->other_categories = static_cast<int64_t>(categories.size() - shown);
  for (size_t i = 0; i < shown; ++i) {
    pair->categories.push_back(categories[i].name);
    pair->reference.push_back(categories[i].reference);
    pair->current.push_back(categories[i].current);
  }
}

}  // namespace

std::vector<DistributionPair> DistributionPairs(const data::TableProfile& reference,
                                                const data::TableProfile& current,
                                                const data::DriftReport& drift, size_t most) {
  const Profiles before = ByName(reference), after = ByName(current);
  std::vector<DistributionPair> pairs;
  for (const data::ColumnDrift* column : DriftedFirst(drift)) {
    if (pairs.size() == most) break;
    const auto left = before.find(column->column), right = after.find(column->column);
    const data::ColumnProfile* was = left == before.end() ? nullptr : left->second;
    const data::ColumnProfile* is = right == after.end() ? nullptr : right->second;
    const bool both = HasValues(was) && HasValues(is);
    if ((!HasValues(was) && !HasValues(is)) || (both && was->type != is->type)) continue;
    DistributionPair pair;
    pair.column = column->column;
    pair.type = HasValues(was) ? was->type : is->type;
    pair.integral = (!HasValues(was) || was->integral) && (!HasValues(is) || is->integral);
    (pair.type == data::ColumnType::kCategory ? PairCategories : PairNumbers)(was, is, &pair);
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

}  // namespace slipway::report
