#include "data/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "core/parallel.h"
#include "core/sort_numbers.h"
#include "core/text.h"
#include "data/two_sample.h"

namespace slipway::data {
namespace {

// The total variation that matters is this part of the Wasserstein distance that does: a shift by a
// tenth of a standard deviation is as much as 3 % of the rows in another category.
constexpr double kVariationPart = 0.3;
// Chi-square is not to be trusted with fewer expected rows in a cell (Cochran 1954).
constexpr double kLeastExpected = 5;
// Of the present rows; categories that are less often repeated are identifiers or free text.
constexpr double kMostDistinct = 0.5;
constexpr size_t kMostListed = 10;

std::vector<double> SortedValues(const Column& column) {
  std::vector<double> values;
  values.reserve(column.numbers.size());
  for (const double value : column.numbers) {
    if (!std::isnan(value)) values.push_back(value);
  }
  SortNumbers(&values);
  return values;
}

double MeanOf(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

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

std::string Percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

// Counts of the same categories in both tables.
struct Contingency {
  std::vector<std::string> categories;
  std::vector<int64_t> reference, current;
};

std::vector<int64_t> CountCodes(const Column& column) {
  std::vector<int64_t> counts(column.categories.size());
  for (const int32_t code : column.codes) {
    if (code != kMissingCode) ++counts[static_cast<size_t>(code)];
  }
  return counts;
}

// Both lists of categories are in byte order.
Contingency Align(const Column& reference, const Column& current) {
  const std::vector<int64_t> left = CountCodes(reference), right = CountCodes(current);
  Contingency aligned;
  size_t i = 0, j = 0;
  while (i < left.size() || j < right.size()) {
    const bool from_left =
        j == right.size() || (i < left.size() && reference.categories[i] <= current.categories[j]);
    const bool from_right =
        i == left.size() || (j < right.size() && current.categories[j] <= reference.categories[i]);
    aligned.categories.push_back(from_left ? reference.categories[i] : current.categories[j]);
    aligned.reference.push_back(from_left ? left[i] : 0);
    aligned.current.push_back(from_right ? right[j] : 0);
    i += from_left ? 1 : 0;
    j += from_right ? 1 : 0;
  }
  return aligned;
}

double Total(std::span<const int64_t> counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
}

// Rare categories as one.
Contingency Pool(const Contingency& all) {
  const double n = Total(all.reference), m = Total(all.current);
  const double least = kLeastExpected * (n + m) / std::min(n, m);
  Contingency pooled;
  int64_t rare_reference = 0, rare_current = 0;
  for (size_t i = 0; i < all.categories.size(); ++i) {
    if (static_cast<double>(all.reference[i] + all.current[i]) < least) {
      rare_reference += all.reference[i];
      rare_current += all.current[i];
    } else {
      pooled.reference.push_back(all.reference[i]);
      pooled.current.push_back(all.current[i]);
    }
  }
  if (rare_reference + rare_current > 0) {
    pooled.reference.push_back(rare_reference);
    pooled.current.push_back(rare_current);
  }
  return pooled;
}

void CompareNumbers(const Column& reference, const Column& current, double min_effect,
                    ColumnDrift* drift) {
  const std::vector<double> left = SortedValues(reference), right = SortedValues(current);
  if (left.empty() || right.empty()) {
    drift->reason = "no values to compare";
    return;
  }
  const TestResult test = KolmogorovSmirnov(left, right);
  drift->test = "ks";
  drift->statistic = test.statistic;
  drift->p_value = test.p_value;
  drift->effect = "wasserstein";
  drift->effect_value = NormedWasserstein(left, right);
  drift->effect_limit = LimitOf(min_effect, NoiseOfWasserstein(left, right));
  drift->reason = fmt::format("mean {:.4g} → {:.4g}, {:.3g} standard deviations apart",
                              MeanOf(left), MeanOf(right), drift->effect_value);
}

void CompareCategories(const Column& reference, const Column& current, double min_effect,
                       ColumnDrift* drift) {
  const Contingency all = Align(reference, current);
  const double n = Total(all.reference), m = Total(all.current);
  if (n == 0 || m == 0) {
    drift->reason = "no values to compare";
    return;
  }
  if (static_cast<double>(reference.categories.size()) > kMostDistinct * n) {
    drift->reason = "not compared: hardly any value repeats";
    return;
  }
  const Contingency pooled = Pool(all);
  const TestResult test = ChiSquareTwoWay(pooled.reference, pooled.current);
  drift->test = "chi_square";
  drift->statistic = test.statistic;
  drift->p_value = test.p_value;
  drift->effect = "total_variation";
  double noise = 0, widest = -1;
  size_t most_moved = 0;
  for (size_t i = 0; i < all.categories.size(); ++i) {
    const double p = static_cast<double>(all.reference[i]) / n;
    const double q = static_cast<double>(all.current[i]) / m;
    const double share = static_cast<double>(all.reference[i] + all.current[i]) / (n + m);
    drift->effect_value += std::abs(p - q) / 2;
    noise += NoiseOfShare(share, n, m) / 2;
    if (std::abs(p - q) > widest) {
      widest = std::abs(p - q);
      most_moved = i;
    }
    auto* list = all.reference[i] == 0 ? &drift->new_categories
                 : all.current[i] == 0 ? &drift->vanished_categories
                                       : nullptr;
    if (list != nullptr && list->size() < kMostListed) list->push_back(all.categories[i]);
  }
  drift->effect_limit = LimitOf(kVariationPart * min_effect, noise);
  drift->reason = fmt::format(
      "'{}' {} → {}, {} of rows in another category", all.categories[most_moved],
      Percent(static_cast<double>(all.reference[most_moved]) / n),
      Percent(static_cast<double>(all.current[most_moved]) / m), Percent(drift->effect_value));
}

// A test of one column: of its values, or of how many are missing.
struct MissingTest {
  double p_value = 1;
  double limit = 0;
};

MissingTest CompareMissing(const Column& reference, const Column& current, double min_effect,
                           ColumnDrift* drift) {
  const int64_t left = reference.CountMissing(), right = current.CountMissing();
  const auto n = static_cast<double>(reference.size()), m = static_cast<double>(current.size());
  drift->missing_reference = static_cast<double>(left) / n;
  drift->missing_current = static_cast<double>(right) / m;
  const int64_t before[] = {left, reference.size() - left};
  const int64_t after[] = {right, current.size() - right};
  const double share = static_cast<double>(left + right) / (n + m);
  return {ChiSquareTwoWay(before, after).p_value,
          LimitOf(kVariationPart * min_effect, NoiseOfShare(share, n, m))};
}

struct Compared {
  ColumnDrift drift;
  MissingTest missing;
  bool tested_missing = false;
};

// `near` is where the column is likely to be in both tables.
Compared Compare(const std::string& name, size_t near, const Table& reference, const Table& current,
                 double min_effect) {
  Compared compared;
  ColumnDrift& drift = compared.drift;
  drift.column = name;
  const Column* before = reference.Find(name, near);
  const Column* after = current.Find(name, near);
  drift.type = before != nullptr ? before->type : after->type;
  if (before == nullptr || after == nullptr) {
    drift.drifted = true;
    drift.reason = before == nullptr ? "not in the reference" : "gone: the current data lacks it";
    return compared;
  }
  // A column without a value has no type of its own.
  const bool empty =
      before->CountMissing() == before->size() || after->CountMissing() == after->size();
  if (before->type != after->type && !empty) {
    drift.drifted = true;
    drift.reason = fmt::format("was {}, is {}", ToString(before->type), ToString(after->type));
    return compared;
  }
  compared.missing = CompareMissing(*before, *after, min_effect, &drift);
  compared.tested_missing = true;
  if (empty) {
    drift.reason = "no values to compare";
  } else if (before->type == ColumnType::kCategory) {
    CompareCategories(*before, *after, min_effect, &drift);
  } else if (before->type == ColumnType::kNumeric) {
    CompareNumbers(*before, *after, min_effect, &drift);
  } else {
    drift.reason = "not compared: time moves on";
  }
  return compared;
}

// Significance over all tests at once.
void Adjust(std::vector<Compared>* all) {
  std::vector<double> p_values;
  std::vector<double*> q_values;
  for (Compared& one : *all) {
    if (!one.drift.test.empty()) {
      p_values.push_back(one.drift.p_value);
      q_values.push_back(&one.drift.q_value);
    }
    // Where nothing is missing there is no question.
    if (one.tested_missing && one.drift.missing_reference + one.drift.missing_current > 0) {
      p_values.push_back(one.missing.p_value);
      q_values.push_back(&one.drift.missing_q_value);
    }
  }
  const std::vector<double> adjusted = FalseDiscoveryAdjusted(p_values);
  for (size_t i = 0; i < adjusted.size(); ++i) *q_values[i] = adjusted[i];
}

void Decide(const Compared& compared, double alpha, ColumnDrift* drift) {
  if (drift->drifted) return;
  const double moved = std::abs(drift->missing_current - drift->missing_reference);
  const bool significant = !drift->test.empty() && drift->q_value <= alpha;
  const bool values = significant && drift->effect_value >= drift->effect_limit;
  const bool missing = drift->missing_q_value <= alpha && moved >= compared.missing.limit;
  drift->drifted = values || missing;
  if (!drift->test.empty()) {
    const char* verdict = values        ? "drifted"
                          : significant ? "significant, and too small to matter"
                                        : "not significant";
    drift->reason = fmt::format("{}: {} (limit {:.3g}, q {:.2g})", verdict, drift->reason,
                                drift->effect_limit, drift->q_value);
  }
  if (!drift->new_categories.empty())
    drift->reason += "; new: " + Join(drift->new_categories, ", ");
  if (missing) {
    drift->reason =
        fmt::format("missing {} → {} (q {:.2g}); {}", Percent(drift->missing_reference),
                    Percent(drift->missing_current), drift->missing_q_value, drift->reason);
  }
}

Result<std::vector<std::string>> NamesOf(const Table& reference, const Table& current,
                                         const std::vector<std::string>& wanted) {
  std::vector<std::string> names;
  for (const Table* table : {&reference, &current}) {
    for (size_t i = 0; i < table->columns.size(); ++i) {
      const std::string& name = table->columns[i].name;
      if (table == &reference || reference.Find(name, i) == nullptr) names.push_back(name);
    }
  }
  if (wanted.empty()) return names;
  for (const std::string& name : wanted) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const std::string nearest = NearestName(name, names);
    Error error =
        Error(ErrorCode::kInvalidInput, fmt::format("neither table has a column '{}'", name));
    return nearest.empty() ? error : std::move(error).Try(nearest);
  }
  return wanted;
}

}  // namespace

std::vector<std::string> DriftReport::DriftedFeatures() const {
  std::vector<std::string> names;
  for (const ColumnDrift& column : columns) {
    if (column.drifted) names.push_back(column.column);
  }
  return names;
}

Result<DriftReport> FindDrift(const Table& reference, const Table& current,
                              const DriftOptions& options) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           NamesOf(reference, current, options.columns));
  std::vector<Compared> all(names.size());
  const int threads = options.threads > 0 ? options.threads : AvailableCores();
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(names.size(), threads, [&](size_t i) -> Status {
    all[i] = Compare(names[i], i, reference, current, options.min_effect);
    return {};
  }));
  Adjust(&all);
  DriftReport report;
  report.reference_rows = reference.rows;
  report.current_rows = current.rows;
  for (Compared& one : all) {
    Decide(one, options.alpha, &one.drift);
    report.drift_detected = report.drift_detected || one.drift.drifted;
    report.columns.push_back(std::move(one.drift));
  }
  return report;
}

Json ToJson(const ColumnDrift& drift) {
  Json json = {
      {"column", drift.column}, {"type", ToString(drift.type)}, {"drifted", drift.drifted}};
  if (!drift.test.empty()) {
    json.update({{"test", drift.test},
                 {"statistic", std::isfinite(drift.statistic) ? Json(drift.statistic) : Json()},
                 {"p_value", drift.p_value},
                 {"q_value", drift.q_value},
                 {"effect", drift.effect},
                 {"effect_value", drift.effect_value},
                 {"effect_limit", drift.effect_limit}});
  }
  json["missing"] = {{"reference", drift.missing_reference},
                     {"current", drift.missing_current},
                     {"q_value", drift.missing_q_value}};
  if (drift.type == ColumnType::kCategory) {
    json["new_categories"] = drift.new_categories;
    json["vanished_categories"] = drift.vanished_categories;
  }
  json["reason"] = drift.reason;
  return json;
}

Json ToJson(const DriftReport& report) {
  Json columns = Json::array();
  for (const ColumnDrift& column : report.columns) columns.push_back(ToJson(column));
  return {{"drift_detected", report.drift_detected},
          {"drifted_features", report.DriftedFeatures()},
          {"reference_rows", report.reference_rows},
          {"current_rows", report.current_rows},
          {"columns", std::move(columns)}};
}

}  // namespace slipway::data
