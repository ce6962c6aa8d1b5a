#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <set>

#include "data/distribution.h"
#include "data/drift_columns_internal.h"
#include "data/two_sample.h"

namespace slipway::data {
namespace {

// The total variation that matters is this part of the Wasserstein distance that does: a shift by a
// tenth of a standard deviation is as much as 3 % of the rows in another category.
constexpr double kVariationPart = 0.3;
constexpr int64_t kLeastValues = 5;  // On either side: fewer say nothing.
// Of the effect that matters: 1 % of the rows.
constexpr double kAbruptPart = 0.1;
constexpr double kAbruptErrors = 4;
constexpr double kAbruptChance = 1e-6;
// Chi-square is not to be trusted with fewer expected rows in a cell (Cochran 1954).
constexpr double kLeastExpected = 5;
// Of the present rows; categories that are less often repeated are identifiers or free text.
constexpr double kMostDistinct = 0.5;
constexpr size_t kMostListed = 10;
// Significance alone alarms in 5 % of data sets without drift of 1,000 rows, with this in 3 %.
constexpr double kNoiseMargin = 1.5;

// What must be reached to matter, where samples differ by `noise` on average without any drift.
double LimitOf(double min_effect, double noise) {
  return std::hypot(min_effect, kNoiseMargin * noise);
}

// Mean absolute difference of two shares of n and m rows whose true share is `share`.
double NoiseOfShare(double share, double n, double m) {
  return std::sqrt(2 / std::numbers::pi * share * (1 - share) * (1 / n + 1 / m));
}

double Total(std::span<const int64_t> counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
}

// Counts of the same categories, or bins, in both tables.
struct Contingency {
  std::vector<int64_t> reference, current;

  void Add(int64_t left, int64_t right) {
    reference.push_back(left);
    current.push_back(right);
  }
  std::size_t used() const {
    size_t count = 0;
    for (size_t i = 0; i < reference.size(); ++i) count += reference[i] + current[i] > 0 ? 1 : 0;
    return count;
  }
};

// The measures that Evidently has, of shares; Hellinger's of other bins where these are given.
void AddShareMeasures(const Contingency& table, const Contingency& for_hellinger,
                      ColumnDrift* drift) {
  drift->measures.emplace_back("jensen_shannon", JensenShannon(table.reference, table.current));
  drift->measures.emplace_back("hellinger",
                               Hellinger(for_hellinger.reference, for_hellinger.current));
  drift->measures.emplace_back("psi", PopulationStability(table.reference, table.current));
}

// How Evidently bins numbers: few different ones are counted one by one, others in as many bins as
// Sturges says for the number of values, and for Hellinger's distance for that of different values.
struct NumberBins {
  Contingency shares, hellinger;
};
NumberBins BinNumbers(const ColumnProfile& reference, const ColumnProfile& current,
                      const Distribution& before, const Distribution& after) {
  constexpr int64_t kFewValues = 20;
  // A data frame has whole numbers as integers only where none is missing.
  const bool whole =
      reference.integral && current.integral && reference.missing + current.missing == 0;
  DistinctSketch both = reference.sketches->distinct;
  both.Merge(current.sketches->distinct);
  const auto distinct = static_cast<double>(both.Estimate());
  const auto rows = static_cast<double>(before.count() + after.count());
  NumberBins bins;
  std::tie(bins.shares.reference, bins.shares.current) =
      reference.distinct <= kFewValues ? CountsByValue(before, after)
                                       : SturgesCounts(before, after, rows, whole);
  std::tie(bins.hellinger.reference, bins.hellinger.current) =
      SturgesCounts(before, after, distinct, whole);
  return bins;
}

// What samples of n and m rows over so many categories come to on average without drift. The
// divergences are an eighth of chi-square over rows (Jensen-Shannon, Hellinger; their roots are the
// distances), the index is all of it; chi-square's mean are its degrees of freedom.
double NoiseOfShares(const std::string& effect, size_t categories, double n, double m) {
  const double mean = static_cast<double>(categories - 1) * (1 / n + 1 / m);
  return effect == "psi" ? mean : std::sqrt(mean / 8);
}

// Where another measure than ours was asked for.
void UseEffect(const DriftOptions& options, const Contingency& table, ColumnDrift* drift) {
  if (options.effect == "auto" || table.used() < 1) return;
  const auto found =
      std::ranges::find(drift->measures, options.effect, &std::pair<std::string, double>::first);
  drift->effect = options.effect;
  drift->effect_value = found->second;
  drift->effect_limit = LimitOf(
      options.min_effect,
      NoiseOfShares(options.effect, table.used(), Total(table.reference), Total(table.current)));
}

// Values where the reference has none. That k of m values, of n + m from one distribution, lie
// beyond all n others has a chance of at most (k + 1) (m / (n + m))^k.
std::string OutsideRange(const ColumnProfile& reference, const ColumnProfile& current,
                         double min_effect) {
  const QuantileSketch& values = current.sketches->values;
  const auto n = static_cast<double>(reference.sketches->values.count());
  const auto m = static_cast<double>(values.count());
  const double below = values.Rank(std::nextafter(reference.min, -INFINITY));
  const double above = 1 - values.Rank(reference.max);
  const double share = below + above - 2 * values.rank_error();
  const double beyond = share * m;
  const double chance = (beyond + 1) * std::pow(m / (n + m), beyond);
  if (share < kAbruptPart * min_effect || chance > kAbruptChance) return "";
  return fmt::format("{} of the values outside the reference's {:.4g} … {:.4g}",
                     DriftPercent(share), reference.min, reference.max);
}

void CompareNumbers(const ColumnProfile& reference, const ColumnProfile& current,
                    const DriftOptions& options, ComparedColumn* compared) {
  ColumnDrift* const drift = &compared->drift;
  const Distribution before = DistributionOf(reference), after = DistributionOf(current);
  if (before.count() == 0 || after.count() == 0) {
    drift->reason = "no values to compare";
    return;
  }
  const NumberDistances distances = Compare(before, after);
  const TestResult test = KolmogorovSmirnov(before, after, distances);
  drift->test = "ks";
  drift->statistic = test.statistic;
  drift->p_value = test.p_value;
  drift->effect = "wasserstein";
  drift->effect_value = distances.normed_wasserstein;
  drift->effect_limit = LimitOf(options.min_effect, distances.wasserstein_noise);
  drift->rank_error = std::max(before.rank_error, after.rank_error);
  drift->measures = {{"ks", test.statistic}, {"wasserstein", distances.normed_wasserstein}};
  const NumberBins bins = BinNumbers(reference, current, before, after);
  AddShareMeasures(bins.shares, bins.hellinger, drift);
  UseEffect(options, options.effect == "hellinger" ? bins.hellinger : bins.shares, drift);
  drift->reason = fmt::format("mean {:.4g} → {:.4g}, {:.3g} standard deviations apart", before.mean,
                              after.mean, distances.normed_wasserstein);
  if (drift->effect != "wasserstein") {
    drift->reason += fmt::format(", {} {:.3g}", drift->effect, drift->effect_value);
  }
  if (options.effect == "auto")
    compared->abrupt = OutsideRange(reference, current, options.min_effect);
}

// Categories side by side, in byte order; last those that neither sketch kept, as one.
struct AlignedCategories {
  std::vector<std::string> names;
  Contingency counts;
  int64_t error = 0;  // By which counts may be too low.
};

AlignedCategories Align(const FrequentValues& reference, const FrequentValues& current) {
  std::map<std::string, std::pair<int64_t, int64_t>> both;
  for (auto& item : reference.All()) both[item.value].first = item.count;
  for (auto& item : current.All()) both[item.value].second = item.count;
  AlignedCategories aligned;
  int64_t left = reference.total(), right = current.total();
  for (const auto& [name, counts] : both) {
    aligned.names.push_back(name);
    aligned.counts.Add(counts.first, counts.second);
    left -= counts.first;
    right -= counts.second;
  }
  if (left + right > 0) {
    aligned.names.emplace_back("(rarer ones)");
    aligned.counts.Add(left, right);
  }
  aligned.error = std::max(reference.error(), current.error());
  return aligned;
}

// Rare categories as one.
Contingency Pool(const Contingency& all) {
  const double n = Total(all.reference), m = Total(all.current);
  const double least = kLeastExpected * (n + m) / std::min(n, m);
  Contingency pooled;
  int64_t rare_reference = 0, rare_current = 0;
  for (size_t i = 0; i < all.reference.size(); ++i) {
    if (static_cast<double>(all.reference[i] + all.current[i]) < least) {
      rare_reference += all.reference[i];
      rare_current += all.current[i];
    } else {
      pooled.Add(all.reference[i], all.current[i]);
    }
  }
  if (rare_reference + rare_current > 0) pooled.Add(rare_reference, rare_current);
  return pooled;
}

// Fills the effect, its limit, the reason, and the categories that came and went.
void MeasureVariation(const AlignedCategories& all, double min_effect, ColumnDrift* drift) {
  const double n = Total(all.counts.reference), m = Total(all.counts.current);
  double noise = 0, widest = -1;
  size_t most_moved = 0;
  for (size_t i = 0; i < all.names.size(); ++i) {
    const int64_t left = all.counts.reference[i], right = all.counts.current[i];
    const double p = static_cast<double>(left) / n, q = static_cast<double>(right) / m;
    drift->effect_value += std::abs(p - q) / 2;
    noise += NoiseOfShare(static_cast<double>(left + right) / (n + m), n, m) / 2;
    if (std::abs(p - q) > widest) {
      widest = std::abs(p - q);
      most_moved = i;
    }
    auto* list = left == 0 && right > all.error   ? &drift->new_categories
                 : right == 0 && left > all.error ? &drift->vanished_categories
                                                  : nullptr;
    if (list != nullptr && list->size() < kMostListed) list->push_back(all.names[i]);
  }
  drift->effect = "total_variation";
  drift->effect_limit = LimitOf(kVariationPart * min_effect, noise);
  drift->reason =
      fmt::format("'{}' {} → {}, {} of rows in another category", all.names[most_moved],
                  DriftPercent(static_cast<double>(all.counts.reference[most_moved]) / n),
                  DriftPercent(static_cast<double>(all.counts.current[most_moved]) / m),
                  DriftPercent(drift->effect_value));
}

// A category more than twice or less than half as frequent as it was, by at least kAbruptPart of
// the effect that matters, and by four standard errors, which chance reaches in 1 of 16,000
// categories.
std::string AbruptCategory(const AlignedCategories& all, double min_effect) {
  const double n = Total(all.counts.reference), m = Total(all.counts.current);
  const double unsure = static_cast<double>(all.error) * (1 / n + 1 / m);
  std::string found;
  double widest = 0;
  for (size_t i = 0; i < all.names.size(); ++i) {
    const auto left = static_cast<double>(all.counts.reference[i]);
    const auto right = static_cast<double>(all.counts.current[i]);
    const double p = left / n, q = right / m, both = (left + right) / (n + m);
    const double moved = std::abs(q - p) - unsure;
    const double error = std::sqrt(both * (1 - both) * (1 / n + 1 / m));
    const bool abrupt = std::max(p, q) >= 2 * std::min(p, q) && moved >= kAbruptPart * min_effect &&
                        moved >= kAbruptErrors * error;
    if (!abrupt || moved <= widest) continue;
    widest = moved;
    found = fmt::format("'{}' {} → {}, {}", all.names[i], DriftPercent(p), DriftPercent(q),
                        left == 0    ? "which the reference has not"
                        : right == 0 ? "gone"
                        : q > p      ? fmt::format("{:.2g} times as often", q / p)
                                     : fmt::format("{:.2g} times less often", p / q));
  }
  return found;
}

void CompareCategories(const ColumnProfile& reference, const ColumnProfile& current,
                       const DriftOptions& options, ComparedColumn* compared) {
  ColumnDrift* const drift = &compared->drift;
  const AlignedCategories all = Align(reference.sketches->frequent, current.sketches->frequent);
  const double n = Total(all.counts.reference), m = Total(all.counts.current);
  if (n == 0 || m == 0) {
    drift->reason = "no values to compare";
    return;
  }
  if (static_cast<double>(reference.distinct) > kMostDistinct * n) {
    drift->reason = "not compared: hardly any value repeats";
    return;
  }
  const Contingency pooled = Pool(all.counts);
  const TestResult test = ChiSquareTwoWay(pooled.reference, pooled.current);
  drift->test = "chi_square";
  drift->statistic = test.statistic;
  drift->p_value = test.p_value;
  MeasureVariation(all, options.min_effect, drift);
  drift->measures = {
      {"chi_square", test.statistic},
      {"chi_square_one_way", ChiSquareOneWay(all.counts.reference, all.counts.current).statistic},
      {"total_variation", drift->effect_value}};
  AddShareMeasures(all.counts, all.counts, drift);
  UseEffect(options, all.counts, drift);
  if (drift->effect != "total_variation") {
    drift->reason += fmt::format(", {} {:.3g}", drift->effect, drift->effect_value);
  }
  if (options.effect == "auto") compared->abrupt = AbruptCategory(all, options.min_effect);
}

void CompareMissing(const ColumnProfile& reference, const ColumnProfile& current,
                    const DriftOptions& options, ComparedColumn* compared) {
  const auto n = static_cast<double>(reference.count), m = static_cast<double>(current.count);
  ColumnDrift& drift = compared->drift;
  drift.missing_reference = n > 0 ? static_cast<double>(reference.missing) / n : 0;
  drift.missing_current = m > 0 ? static_cast<double>(current.missing) / m : 0;
  const int64_t before[] = {reference.missing, reference.count - reference.missing};
  const int64_t after[] = {current.missing, current.count - current.missing};
  const double share = static_cast<double>(reference.missing + current.missing) / (n + m);
  // Where nothing is missing there is no question.
  compared->tested_missing = n > 0 && m > 0 && share > 0;
  if (!compared->tested_missing) return;
  compared->missing_p_value = ChiSquareTwoWay(before, after).p_value;
  compared->missing_limit = LimitOf(kVariationPart * options.min_effect, NoiseOfShare(share, n, m));
}

bool IsEmpty(const ColumnProfile& profile) { return profile.missing == profile.count; }

}  // namespace

std::string DriftPercent(double share) { return fmt::format("{:.1f} %", 100 * share); }

ComparedColumn CompareColumn(const ColumnProfile* reference, const ColumnProfile* current,
                             const DriftOptions& options) {
  ComparedColumn compared;
  ColumnDrift& drift = compared.drift;
  const ColumnProfile& known = reference != nullptr ? *reference : *current;
  drift.column = known.name;
  drift.type = known.type;
  if (reference == nullptr || current == nullptr) {
    drift.drifted = true;
    drift.reason =
        reference == nullptr ? "not in the reference" : "gone: the current data lacks it";
    return compared;
  }
  // A column without a value has no type of its own.
  const bool empty = IsEmpty(*reference) || IsEmpty(*current);
  if (reference->type != current->type && !empty) {
    drift.drifted = true;
    drift.reason = fmt::format("was {}, is {}", ToString(reference->type), ToString(current->type));
    return compared;
  }
  CompareMissing(*reference, *current, options, &compared);
  const int64_t present =
      std::min(reference->count - reference->missing, current->count - current->missing);
  if (empty) {
    drift.reason = "no values to compare";
  } else if (present < kLeastValues) {
    drift.reason = fmt::format("not compared: fewer than {} values", kLeastValues);
  } else if (reference->type == ColumnType::kCategory) {
    CompareCategories(*reference, *current, options, &compared);
  } else if (reference->type == ColumnType::kNumeric) {
    CompareNumbers(*reference, *current, options, &compared);
  } else {
    drift.reason = "not compared: time moves on";
  }
  return compared;
}

}  // namespace slipway::data
