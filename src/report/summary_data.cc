#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// "± 1.6 %".
std::string Uncertainty(double share) { return fmt::format("± {:.2g} %", 100 * share); }

}  // namespace

double MissingShare(const data::ColumnProfile& column) {
  return column.count > 0 ? static_cast<double>(column.missing) / static_cast<double>(column.count)
                          : 0;
}

std::string DistinctText(const data::ColumnProfile& column) {
  const std::string count = FormatCount(column.distinct);
  return column.distinct_error > 0 ? "≈ " + count + " " + Uncertainty(column.distinct_error)
                                   : count;
}

std::string LengthText(const data::TextLengths& lengths) {
  if (lengths.min == lengths.max) return FormatCount(lengths.max);
  return fmt::format("{} – {}, mean {}", FormatCount(lengths.min), FormatCount(lengths.max),
                     FormatNumber(lengths.mean, false));
}

std::string SketchErrors(const data::ColumnProfile& column) {
  std::vector<std::string> errors;
  if (column.distinct_error > 0) errors.push_back("distinct " + Uncertainty(column.distinct_error));
  if (column.rank_error > 0) errors.push_back("ranks " + Uncertainty(column.rank_error));
  if (column.top_error > 0 && column.type == data::ColumnType::kCategory) {
    const auto present = static_cast<double>(std::max<int64_t>(1, column.count - column.missing));
    errors.push_back(fmt::format("shares up to {} too low",
                                 FormatShare(static_cast<double>(column.top_error) / present)));
  }
  return Join(errors, ", ");
}

std::vector<int64_t> CountTypes(const std::vector<data::ColumnProfile>& profiles) {
  std::vector<int64_t> counts(3, 0);
  for (const data::ColumnProfile& column : profiles) ++counts[static_cast<size_t>(column.type)];
  return counts;
}

MissingCells CountMissing(const std::vector<data::ColumnProfile>& profiles) {
  MissingCells cells;
  int64_t missing = 0, all = 0;
  for (const data::ColumnProfile& column : profiles) {
    missing += column.missing;
    all += column.count;
    cells.columns += column.missing > 0 ? 1 : 0;
  }
  if (all > 0) cells.share = static_cast<double>(missing) / static_cast<double>(all);
  return cells;
}

std::string DataSentence(const DataReport& report) {
  const std::string size = Plural(report.dataset.rows, "row", "rows") + " × " +
                           Plural(report.dataset.columns, "column", "columns");
  if (report.judged) return size + ": " + IssueSummary(report.dataset) + ".";
  const std::vector<int64_t> types = CountTypes(report.dataset.profiles);
  std::vector<std::string> parts;
  if (types[0] > 0) parts.push_back(FormatCount(types[0]) + " numeric");
  if (types[1] > 0) parts.push_back(Plural(types[1], "category", "categories"));
  if (types[2] > 0) parts.push_back(Plural(types[2], "timestamp", "timestamps"));
  return size + ": " + Join(parts, ", ") + ".";
}

std::string FooterText(const std::string& version, const std::string& made_at) {
  return Escape("Slipway " + version + (made_at.empty() ? "" : " · " + ReadableTime(made_at)));
}

std::string RepeatedText(const data::RepeatedRowsSummary& repeated) {
  std::string count = FormatCount(repeated.repeated);
  if (repeated.sampled_share >= 1) return count;
  return "≈ " + count + " " + Uncertainty(repeated.relative_error);
}

}  // namespace slipway::report
