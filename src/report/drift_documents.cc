// A drift report in Markdown, JSON and JUnit.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/drift_report.h"
#include "report/drift_summary_internal.h"
#include "report/junit_internal.h"
#include "report/markdown_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostDrifted = 60;
constexpr size_t kMostOthers = 100;
constexpr const char* kRest = "--report FILE.json";

std::string Head(const DriftFindings& findings) {
  const data::DriftReport& drift = findings.drift;
  return fmt::format("### {} {}\n\n{}\n\n{} ({}) against {} ({})\n\n",
                     drift.drift_detected ? "✗ Drift:" : "✓ No drift:",
                     Plain(DriftTitle(findings), 120), Plain(DriftSentence(drift), 600),
                     Code(findings.current, 160), Plural(drift.current_rows, "row", "rows"),
                     Code(findings.reference, 160), Plural(drift.reference_rows, "row", "rows"));
}

std::string Columns(const DriftFindings& findings, bool drifted, size_t most) {
  std::string rows;
  size_t count = 0;
  for (const data::ColumnDrift& column : findings.drift.columns) {
    if (column.drifted != drifted || ++count > most) continue;
    const std::string effect = EffectText(column);
    rows += fmt::format("| {} | {} | {} | {} | {} |\n", CodeCell(column.column, 50),
                        data::ToString(column.type), Plain(FullReason(column), 200),
                        effect.empty() ? "–" : Plain(effect),
                        column.test.empty() ? "–" : FormatChance(column.q_value));
  }
  if (count > most) rows += fmt::format("| {} more in `{}` | | | | |\n", count - most, kRest);
  return rows.empty() ? ""
                      : "| Column | Type | Reason | Effect | q |\n|:--|:--|:--|:--|--:|\n" + rows;
}

std::string CaseText(const data::ColumnDrift& column) {
  std::string text = FullReason(column);
  if (!column.effect.empty()) text += "\neffect: " + EffectText(column);
  if (!column.test.empty()) {
    text +=
        fmt::format("\ntest: {}, statistic {:.4g}, p {}, q {}", TestTitle(column), column.statistic,
                    FormatChance(column.p_value), FormatChance(column.q_value));
  }
  if (column.missing_reference > 0 || column.missing_current > 0) {
    text += fmt::format("\nmissing: {} → {}, q {}", FormatShare(column.missing_reference),
                        FormatShare(column.missing_current), FormatChance(column.missing_q_value));
  }
  return text;
}

std::string TogetherPart(const data::DriftReport& drift) {
  if (!drift.multivariate) return "";
  const std::string drivers = DriversText(*drift.multivariate);
  return Plain(TogetherSentence(*drift.multivariate), 600) +
         (drivers.empty() ? "" : " It goes by " + Plain(drivers, 300) + ".") + "\n\n";
}

void AddTogether(Suite* suite, const data::MultivariateDrift& drift) {
  const std::string text =
      TogetherSentence(drift) + (drift.drivers.empty() ? "" : "\nby " + DriversText(drift));
  if (drift.drifted) {
    AddFailure(suite, "(all columns together)", "drift", TogetherSentence(drift), text);
  } else {
    AddCase(suite, "(all columns together)", "<system-out>" + Escape(text) + "</system-out>");
  }
}

void AddColumn(Suite* suite, const data::ColumnDrift& column) {
  if (column.drifted) {
    AddFailure(suite, column.column, "drift", column.reason, CaseText(column));
  } else if (NotCompared(column)) {
    AddSkipped(suite, column.column, column.reason);
  } else {
    AddCase(suite, column.column, "<system-out>" + Escape(CaseText(column)) + "</system-out>");
  }
}

}  // namespace

std::string RenderDriftMarkdown(const DriftFindings& findings) {
  const std::string drifted = Columns(findings, true, kMostDrifted);
  return FitParts(
      {Head(findings), TogetherPart(findings.drift), drifted.empty() ? "" : drifted + "\n",
       Details("Columns without drift", Columns(findings, false, kMostOthers))},
      kRest);
}

Json RenderDriftJson(const DriftFindings& findings) {
  Json json = {{"reference", findings.reference}, {"current", findings.current}};
  json.update(data::ToJson(findings.drift));
  return json;
}

std::string RenderDriftJUnit(const DriftFindings& findings) {
  Suite suite;
  suite.name = "drift";
  suite.timestamp = findings.made_at;
  suite.properties = {{"reference", findings.reference},
                      {"reference_rows", std::to_string(findings.drift.reference_rows)},
                      {"current", findings.current},
                      {"current_rows", std::to_string(findings.drift.current_rows)}};
  for (const data::ColumnDrift& column : findings.drift.columns) AddColumn(&suite, column);
  if (findings.drift.multivariate) AddTogether(&suite, *findings.drift.multivariate);
  return DocumentMarkup("slipway drift " + DriftTitle(findings), {suite}, 0);
}

}  // namespace slipway::report
