// Whether new data still is what a model was trained on.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "data/profile.h"
#include "data/types.h"

namespace slipway::data {

struct DriftOptions {
  double alpha = 0.05;  // Share of false discoveries over all columns that is put up with.
  // Least effect that matters, in the unit of the measure; docs/data.md says which.
  double min_effect = 0.1;
  // What the effect is measured by: "auto" (Wasserstein distance of numbers, total variation of
  // categories with 0.3 of min_effect), or one of EffectNames() for both kinds of columns.
  std::string effect = "auto";
  std::vector<std::string> columns;  // Only these; empty for all that are in either table.
  int threads = 0;                   // 0 for all available cores.
};
// "auto", "jensen_shannon", "hellinger", "psi".
const std::vector<std::string>& EffectNames();

struct ColumnDrift {
  std::string column;
  ColumnType type = ColumnType::kNumeric;
  bool drifted = false;
  std::string test;  // "ks", "chi_square"; "" where nothing was tested, and `reason` says why.
  double statistic = 0;
  double p_value = 1;
  double q_value = 1;  // Adjusted for all tests of all columns.
  std::string effect;  // "wasserstein" (normed), "total_variation", or as asked for.
  double effect_value = 0;
  double effect_limit = 0;
  // All that is known of the distance, by name: "ks", "wasserstein", "jensen_shannon", "hellinger",
  // "psi", "chi_square", "chi_square_one_way", "total_variation".
  std::vector<std::pair<std::string, double>> measures;
  // Of each distribution function that came from a sketch; 0 for exact ones.
  double rank_error = 0;
  double missing_reference = 0, missing_current = 0;  // Shares of rows.
  double missing_q_value = 1;
  double missing_limit = 0;  // Of |current - reference| of these shares.
  std::vector<std::string> new_categories, vanished_categories;  // At most ten each.
  std::string reason;                                            // In words.
};

// Of all columns together: how well a classifier tells new rows from old ones.
struct MultivariateDrift {
  bool drifted = false;
  int64_t rows = 0;  // That it was judged on.
  double auc = 0.5;
  double p_value = 1;
  double limit = 0.5;
  // What it goes by: column and share of the importance, highest first, at most five.
  std::vector<std::pair<std::string, double>> drivers;
};

struct DriftReport {
  bool drift_detected = false;
  int64_t reference_rows = 0, current_rows = 0;
  std::vector<ColumnDrift> columns;  // In the order of the reference, then new ones.
  std::optional<MultivariateDrift> multivariate;

  std::vector<std::string> DriftedFeatures() const;
};

// Compares column by column. A column has drifted where its values, or how many are missing, differ
// significantly (Kolmogorov-Smirnov for numbers, two-way chi-square for categories and for
// missingness; Benjamini and Hochberg over all of these tests) and by an effect that matters: the
// Wasserstein distance over the reference's standard deviation is at least `min_effect`, or the
// total variation distance of categories or of missingness at least 0.3 of that. The limit grows by
// 1.5 times what such samples differ by without any drift (as the root of
// the sum of squares). A column that is gone, new, or of another type has drifted. Timestamps, and
// categories that hardly repeat, are not tested. The result does not depend on the number of
// threads. Neither table may be empty.
// Profiles need their sketches. kInvalidInput for an unknown column or effect.
Result<DriftReport> FindDrift(const TableProfile& reference, const TableProfile& current,
                              const DriftOptions& options);

Json ToJson(const ColumnDrift& drift);
Json ToJson(const MultivariateDrift& drift);
Json ToJson(const DriftReport& report);

}  // namespace slipway::data
