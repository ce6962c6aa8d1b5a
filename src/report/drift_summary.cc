#include <fmt/format.h>

#include <algorithm>

#include "core/file_system.h"
#include "core/text.h"
#include "report/drift_summary_internal.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostNamed = 5;

// The first names, each cut to `limit` code points.
std::string Shown(const std::vector<std::string>& names, size_t limit) {
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(kMostNamed, names.size()); ++i) {
    shown.push_back(Shorten(CleanText(names[i]), limit));
  }
  if (names.size() > kMostNamed) shown.emplace_back("…");
  return Join(shown, ", ");
}

// "; new: a, b"
std::string Listed(const char* title, const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format("; {}: {}", title, Shown(names, 30));
}

}  // namespace

std::vector<const data::ColumnDrift*> DriftedFirst(const data::DriftReport& drift) {
  std::vector<const data::ColumnDrift*> columns;
  for (const data::ColumnDrift& column : drift.columns) columns.push_back(&column);
  std::ranges::stable_partition(columns, [](const auto* column) { return column->drifted; });
  return columns;
}

bool NotCompared(const data::ColumnDrift& column) { return column.test.empty() && !column.drifted; }

std::string DriftTitle(const DriftFindings& findings) {
  const std::string before = BaseName(findings.reference), after = BaseName(findings.current);
  return after + " against " + before;
}

std::string DriftSentence(const data::DriftReport& drift) {
  const std::vector<std::string> names = drift.DriftedFeatures();
  const std::string total = Plural(std::ssize(drift.columns), "column", "columns");
  std::string sentence = names.empty()
                             ? fmt::format("None of {} drifted.", total)
                             : fmt::format("{} of {} drifted: {}.", FormatCount(std::ssize(names)),
                                           total, Shown(names, 40));
  if (drift.multivariate) {
    sentence += drift.multivariate->drifted ? " All columns together have drifted."
                                            : " All columns together have not drifted.";
  }
  return sentence;
}

std::string TogetherSentence(const data::MultivariateDrift& drift) {
  return fmt::format(
      "A classifier tells new rows from old ones with AUC {:.3f} (limit {:.3f}, p {}), judged on "
      "{}.",
      drift.auc, drift.limit, FormatChance(drift.p_value), Plural(drift.rows, "row", "rows"));
}

std::string DriversText(const data::MultivariateDrift& drift) {
  std::vector<std::string> parts;
  for (const auto& [column, importance] : drift.drivers) {
    parts.push_back(Shorten(CleanText(column), 40) + " " + FormatShare(importance));
  }
  return Join(parts, ", ");
}

std::string EffectText(const data::ColumnDrift& column) {
  if (column.effect.empty()) return "";
  std::string name = column.effect;
  std::ranges::replace(name, '_', ' ');
  return fmt::format("{} {:.3g}, limit {:.3g}", name, column.effect_value, column.effect_limit);
}

std::string TestTitle(const data::ColumnDrift& column) {
  if (column.test == "ks") return "Kolmogorov-Smirnov";
  return column.test == "chi_square" ? "chi-square" : column.test;
}

std::string FullReason(const data::ColumnDrift& column) {
  std::string reason = column.reason + Listed("gone", column.vanished_categories);
  if (column.rank_error > 0) {
    reason += fmt::format("; from sketches, ranks ± {:.2g} %", 100 * column.rank_error);
  }
  return reason;
}

}  // namespace slipway::report
