#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/text.h"
#include "report/drift_report.h"
#include "report/drift_summary_internal.h"
#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostCards = 100;
constexpr size_t kMostCardBytes = 600'000;
constexpr size_t kMostRowBytes = 1'200'000;
constexpr const char* kRest = "the JSON report";

double Share(int64_t count, int64_t rows) {
  return rows > 0 ? static_cast<double>(count) / static_cast<double>(rows) : 0;
}

std::string Badges(const data::ColumnDrift& column) {
  if (column.drifted) return Badge("fail", "Drifted");
  return NotCompared(column) ? Badge("quiet", "not compared") : Badge("pass", "No drift");
}

std::string Top(const DriftFindings& findings) {
  const data::DriftReport& drift = findings.drift;
  const auto side = [](const std::string& name, int64_t rows) {
    return Shorten(CleanText(name), 120) + " · " + Plural(rows, "row", "rows");
  };
  std::string facts = Fact("Reference", side(findings.reference, drift.reference_rows)) +
                      Fact("Current", side(findings.current, drift.current_rows));
  if (!findings.made_at.empty()) facts += Fact("Made", ReadableTime(findings.made_at));
  return TopMarkup({.eyebrow = "Slipway drift report",
                    .title = DriftTitle(findings),
                    .kind = drift.drift_detected ? "fail" : "pass",
                    .verdict = drift.drift_detected ? "Drift" : "No drift",
                    .lede = DriftSentence(drift),
                    .facts = facts});
}

std::string Legend() {
  return R"(<ul class="legend"><li><i class="key was"></i>reference</li><li><i class="key is"></i>current</li></ul>)"
         "\n";
}

std::string NumberPicture(const DistributionPair& pair) {
  const std::string low = FormatIn(pair.type, pair.integral, pair.low);
  const std::string high = FormatIn(pair.type, pair.integral, pair.high);
  std::string out =
      PairHistogramSvg(pair.reference, pair.reference_rows, pair.current, pair.current_rows,
                       "Distribution of " + Shorten(CleanText(pair.column), 60) + " in both tables",
                       fmt::format("From {} to {}.", low, high));
  out += fmt::format("<p class=\"ends\"><span>{}</span><span>{}</span></p>", low, high);
  if (pair.reference_beyond + pair.current_beyond > 0) {
    out += fmt::format("<p class=\"soft\">beyond these: {} → {}</p>",
                       FormatShare(Share(pair.reference_beyond, pair.reference_rows)),
                       FormatShare(Share(pair.current_beyond, pair.current_rows)));
  }
  return out;
}

std::string CategoryPicture(const DistributionPair& pair) {
  std::string rows;
  for (size_t i = 0; i < pair.categories.size(); ++i) {
    const double before =
        i < pair.reference.size() ? Share(pair.reference[i], pair.reference_rows) : 0;
    const double after = i < pair.current.size() ? Share(pair.current[i], pair.current_rows) : 0;
    const std::string& name = pair.categories[i];
    rows += BarLine(name.empty() ? "<em>empty</em>" : Label(name, 40), PairBarsSvg(before, after),
                    FormatShare(before) + " → " + FormatShare(after));
  }
  std::string out = "<ul class=\"tops\">" + rows + "</ul>";
  if (pair.other_categories > 0) {
    out += fmt::format("<p class=\"soft\">and {} that moved less</p>",
                       Plural(pair.other_categories, "other", "others"));
  }
  return out;
}

using Drifts = std::unordered_map<std::string, const data::ColumnDrift*>;

std::string Card(const DistributionPair& pair, const Drifts& drifts) {
  const auto found = drifts.find(pair.column);
  if (found == drifts.end()) return "";
  const data::ColumnDrift& column = *found->second;
  const std::string one_only = pair.reference_rows == 0 ? " · current only"
                               : pair.current_rows == 0 ? " · reference only"
                                                        : "";
  return fmt::format(
      R"(<article><h3 title="{}">{}</h3><p class="kind">{} {}{}</p>{}<p class="soft why">{}</p></article>)"
      "\n",
      Label(pair.column, 200), Label(pair.column, 48), Badges(column), data::ToString(pair.type),
      one_only,
      pair.type == data::ColumnType::kCategory ? CategoryPicture(pair) : NumberPicture(pair),
      Label(column.reason, 200));
}

std::string PicturesBody(const DriftFindings& findings) {
  if (findings.pairs.empty()) return "";
  Drifts drifts;
  for (const data::ColumnDrift& column : findings.drift.columns) {
    drifts.emplace(column.column, &column);
  }
  const Fitted cards = FitItems(findings.pairs, 0, kMostCards, kMostCardBytes,
                                [&](const DistributionPair& pair) { return Card(pair, drifts); });
  const std::string note =
      cards.shown < findings.drift.columns.size()
          ? fmt::format("<p class=\"soft\">{}, those that drifted first.</p>\n",
                        Plural(static_cast<int64_t>(cards.shown), "column", "columns"))
          : "";
  return Legend() + note + "<div class=\"cards\">\n" + cards.markup + "</div>\n";
}

std::string EffectCell(const data::ColumnDrift& column) {
  if (column.effect.empty()) return "–";
  return LimitBarSvg(column.effect_value, column.effect_limit) + Escape(EffectText(column));
}

std::string TestCell(const data::ColumnDrift& column) {
  if (column.test.empty()) return "–";
  return fmt::format("{}<br/>q {}", Escape(TestTitle(column)), FormatChance(column.q_value));
}

std::string MissingCell(const data::ColumnDrift& column) {
  if (column.missing_reference == 0 && column.missing_current == 0) return "none";
  return fmt::format("{} → {}<br/>q {}", FormatShare(column.missing_reference),
                     FormatShare(column.missing_current), FormatChance(column.missing_q_value));
}

std::string Row(const data::ColumnDrift* column) {
  return fmt::format(
      R"(<tr><td>{}</td><th scope="row">{}</th><td class="reason">{}</td><td class="effect">{}</td><td class="chance">{}</td><td class="chance">{}</td></tr>)"
      "\n",
      Badges(*column), Breakable(column->column), Label(FullReason(*column), 300),
      EffectCell(*column), TestCell(*column), MissingCell(*column));
}

std::string ColumnsTable(const DriftFindings& findings) {
  if (findings.drift.columns.empty()) return "";
  const std::vector<const data::ColumnDrift*> columns = DriftedFirst(findings.drift);
  const Fitted rows = FitItems(columns, 0, columns.size(), kMostRowBytes, Row);
  return TableMarkup(
             "Columns",
             R"(<th scope="col">Verdict</th><th scope="col">Column</th><th scope="col">Reason</th>)"
             R"(<th scope="col">Effect beside its limit</th><th scope="col">Test</th><th scope="col">Missing</th>)",
             rows.markup) +
         MoreIn(columns.size() - rows.shown, kRest) +
         "<p class=\"soft\">A column has drifted where the difference is significant, by q, the "
         "chance adjusted for all tests, and its effect reaches the limit: the line in the middle "
         "of the bar.</p>\n";
}

std::string TogetherBody(const DriftFindings& findings) {
  if (!findings.drift.multivariate) return "";
  const data::MultivariateDrift& together = *findings.drift.multivariate;
  std::string lines;
  for (const auto& [column, importance] : together.drivers) {
    lines += BarLine(Label(column, 48), BarSvg(importance), FormatShare(importance)) + "\n";
  }
  return "<p>" + (together.drifted ? Badge("fail", "Drifted") : Badge("pass", "No drift")) + " " +
         Escape(TogetherSentence(together)) + "</p>\n" +
         (lines.empty() ? ""
                        : "<h3>What it goes by</h3>\n<ul class=\"bars\">\n" + lines + "</ul>\n");
}

}  // namespace

std::string RenderDriftHtml(const DriftFindings& findings) {
  Page page;
  page.title =
      Label(DriftTitle(findings)) + (findings.drift.drift_detected ? " · drift" : " · no drift");
  page.top = Top(findings);
  page.sections = {{"together", "All columns together", TogetherBody(findings)},
                   {"pictures", "Distributions", PicturesBody(findings)},
                   {"columns", "Columns", ColumnsTable(findings)}};
  page.footer = FooterText(findings.slipway_version, findings.made_at);
  return PageMarkup(page);
}

}  // namespace slipway::report
