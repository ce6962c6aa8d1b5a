// Each column's distribution: a card with a picture, or a row of a table.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// With issues and all else they leave a page under 2 MB.
constexpr size_t kMostCardBytes = 1'100'000;
constexpr size_t kMostRowBytes = 500'000;
constexpr size_t kTopCategories = 5;
constexpr size_t kMedian = 4;  // In ColumnProfile::quantiles.

std::string MissingText(const data::ColumnProfile& column) {
  return column.missing == 0 ? "none missing" : FormatShare(MissingShare(column)) + " missing";
}

std::string SmallFact(const std::string& term, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", term, Escape(value));
}

std::string HistogramPicture(const data::ColumnProfile& column) {
  if (column.histogram.counts.empty()) return "";
  const std::string low = FormatIn(column, column.histogram.low);
  const std::string high = FormatIn(column, column.histogram.high);
  return HistogramSvg(
             column.histogram.counts, 0, "Distribution of " + Shorten(CleanText(column.name), 60),
             fmt::format("From {} to {}; {} at most in a bin.", low, high,
                         FormatCount(*std::ranges::max_element(column.histogram.counts)))) +
         fmt::format("<p class=\"ends\"><span>{}</span><span>{}</span></p>", low, high);
}

std::string NumberCard(const data::ColumnProfile& column) {
  std::string out = HistogramPicture(column);
  if (column.count == column.missing) return out;
  std::string facts;
  if (column.quantiles.size() > kMedian) {
    facts += SmallFact("median", (column.rank_error > 0 ? "≈ " : "") +
                                     FormatIn(column, column.quantiles[kMedian]));
  }
  if (column.type == data::ColumnType::kNumeric) {
    const auto present = static_cast<double>(column.count - column.missing - column.infinite);
    facts += SmallFact("mean", FormatNumber(column.mean, false));
    facts += SmallFact("sd", FormatNumber(std::sqrt(column.m2 / present), false));
  }
  facts += SmallFact("distinct", DistinctText(column));
  if (column.infinite > 0) facts += SmallFact("infinite", FormatCount(column.infinite));
  return out + "<dl class=\"small\">" + facts + "</dl>";
}

std::string CategoryCard(const data::ColumnProfile& column) {
  const int64_t present = column.count - column.missing;
  const size_t shown = std::min(kTopCategories, column.top.size());
  std::string rows;
  for (size_t i = 0; i < shown; ++i) {
    const data::CategoryCount& top = column.top[i];
    const double share =
        present > 0 ? static_cast<double>(top.count) / static_cast<double>(present) : 0;
    rows += BarLine(top.value.empty() ? "<em>empty</em>" : Label(top.value, 40), BarSvg(share),
                    FormatShare(share));
  }
  std::string out = "<ul class=\"tops\">" + rows + "</ul>";
  const int64_t others = column.distinct - static_cast<int64_t>(shown);
  if (others > 0) {
    out += fmt::format("<p class=\"soft\">and {}{}</p>", column.distinct_error > 0 ? "≈ " : "",
                       Plural(others, "other value", "other values"));
  }
  if (column.lengths.max > 0) {
    out += "<dl class=\"small\">" + SmallFact("length", LengthText(column.lengths)) +
           SmallFact("distinct", DistinctText(column)) + "</dl>";
  }
  return out;
}

std::string AssociationBar(const data::ColumnProfile& column) {
  if (std::isnan(column.association)) return "";
  return "<ul class=\"tops tells\">" +
         BarLine("tells of the target", BarSvg(column.association),
                 FormatShare(column.association)) +
         "</ul>";
}

std::string ErrorNote(const data::ColumnProfile& column) {
  const std::string errors = SketchErrors(column);
  return errors.empty() ? "" : "<p class=\"soft\">≈ " + errors + "</p>";
}

std::string ColumnCard(const data::ColumnProfile& column, bool is_target) {
  const std::string body =
      column.type == data::ColumnType::kCategory ? CategoryCard(column) : NumberCard(column);
  const std::string tag = is_target ? " " + Badge("quiet", "target") : "";
  return fmt::format(
      R"(<article><h3 title="{}">{}</h3><p class="kind">{}{} · <span class="{}">{}</span></p>{}{}{}</article>)"
      "\n",
      Label(column.name, 200), Label(column.name, 48), data::ToString(column.type), tag,
      column.missing > 0 ? "lacks" : "soft", MissingText(column), body, AssociationBar(column),
      ErrorNote(column));
}

std::string ColumnRow(const data::ColumnProfile& column) {
  std::string middle = "–";
  std::string range = "–";
  if (column.type == data::ColumnType::kCategory) {
    if (!column.top.empty()) middle = Label(column.top[0].value, 30);
  } else if (column.count > column.missing) {
    range = Escape(FormatIn(column, column.min) + " – " + FormatIn(column, column.max));
    if (column.quantiles.size() > kMedian)
      middle = Escape(FormatIn(column, column.quantiles[kMedian]));
  }
  return fmt::format(
      R"(<tr><th scope="row">{}</th><td>{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td><td class="num">{}</td></tr>)"
      "\n",
      Label(column.name, 60), data::ToString(column.type), FormatShare(MissingShare(column)),
      DistinctText(column), middle, range);
}

std::string OtherColumns(const std::vector<data::ColumnProfile>& profiles, size_t first,
                         std::string_view rest) {
  if (first >= profiles.size()) return "";
  const size_t others = profiles.size() - first;
  const Fitted rows = FitItems(profiles, first, others, kMostRowBytes, ColumnRow);
  std::string out = fmt::format("<h3>The other {}</h3>\n",
                                Plural(static_cast<int64_t>(others), "column", "columns"));
  out += TableMarkup(
      "Other columns",
      R"(<th scope="col">Column</th><th scope="col">Type</th><th scope="col" class="num">Missing</th>)"
      R"(<th scope="col" class="num">Distinct</th><th scope="col" class="num">Median or most frequent</th>)"
      R"(<th scope="col" class="num">Range</th>)",
      rows.markup);
  return out + MoreIn(others - rows.shown, rest);
}

std::string RowsNote(const std::vector<data::ColumnProfile>& profiles, const ColumnsView& view) {
  const bool estimated = std::ranges::any_of(
      profiles, [](const auto& column) { return !SketchErrors(column).empty(); });
  const char* note =
      estimated ? " ≈ marks estimates, with their errors: one standard error of how many distinct "
                  "values there are; for ranks, which quantiles and bins come from, the share of "
                  "rows that one may be off by, with 99 % confidence."
                : "";
  return "<p class=\"soft\">" + view.rows + note + "</p>\n";
}

}  // namespace

std::string ColumnsBody(const std::vector<data::ColumnProfile>& profiles, const ColumnsView& view) {
  if (profiles.empty()) return "";
  const Fitted cards =
      FitItems(profiles, 0, view.most_cards, kMostCardBytes,
               [&](const auto& column) { return ColumnCard(column, column.name == view.target); });
  return RowsNote(profiles, view) + "<div class=\"cards\">\n" + cards.markup + "</div>\n" +
         OtherColumns(profiles, cards.shown, view.rest);
}

}  // namespace slipway::report
