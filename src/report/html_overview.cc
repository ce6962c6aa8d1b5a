// The top of the page: what was decided, the figures that decided it, and what to do next.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/text.h"
#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

const char* KindOf(gate::Outcome outcome) {
  switch (outcome) {
    case gate::Outcome::kPass: return "pass";
    case gate::Outcome::kFail: return "fail";
    case gate::Outcome::kInconclusive: return "warn";
  }
  return "warn";
}

std::string Tile(const RunReport& report, const std::string& metric) {
  const double value = report.metrics.at(metric);
  RangeMarks marks = {value, kNone, kNone, kNone};
  std::string notes;
  if (const auto it = report.intervals.find(metric); it != report.intervals.end()) {
    marks.low = it->second.first;
    marks.high = it->second.second;
    notes += fmt::format("<span>95 %: {}</span>", FormatInterval(marks.low, marks.high));
  }
  std::string kind;
  if (const gate::Verdict* verdict = LimitFor(report, metric)) {
    marks.limit = verdict->limit;
    kind = std::string(" ") + KindOf(verdict->outcome);
    notes += fmt::format("<span>needs {}</span>", Escape(LimitText(*verdict)));
  }
  const bool has_scale =
      std::isfinite(value) && (std::isfinite(marks.low) || std::isfinite(marks.limit));
  return fmt::format(
      R"(<div class="tile{}"><h3>{}</h3><p class="figure">{}</p>{}<p class="notes">{}</p></div>)"
      "\n",
      kind, Escape(MetricTitle(metric)), FormatMetric(value), has_scale ? RangeSvg(marks) : "",
      notes);
}

std::string GateRow(const gate::Verdict& verdict) {
  std::string badge = Badge(KindOf(verdict.outcome), OutcomeTitle(verdict.outcome));
  if (verdict.dry_run) badge += " " + Badge("quiet", "dry run");
  return fmt::format(
      R"(<tr><td>{}</td><th scope="row">{}</th><td class="num wide">{}</td><td class="num wide">{}</td><td class="reason">{}</td></tr>)"
      "\n",
      badge, Breakable(verdict.name), Escape(gate::FormatValue(verdict.value, verdict.unit)),
      Escape(LimitText(verdict)), Label(verdict.reason, 400));
}

}  // namespace

std::string Masthead(const RunReport& report) {
  const bool passed = report.status == "passed";
  std::string facts = Fact("Environment", report.environment);
  if (!report.label.empty()) facts += Fact("Label", report.label);
  if (!report.algorithm.empty()) facts += Fact("Algorithm", report.algorithm);
  facts += Fact("Run", report.run_id) + Fact("Started", ReadableTime(report.started_at));
  if (!report.digest.empty()) {
    facts += fmt::format(R"(<div><dt>Digest</dt><dd><code title="{}">{}</code></dd></div>)",
                         Escape(report.digest), Escape(ShortDigest(report.digest)));
  }
  return TopMarkup({"Slipway run report", Reference(report), passed ? "pass" : "fail",
                    passed ? "Passed" : "Failed", Conclusion(report), facts});
}

std::string MetricTiles(const RunReport& report) {
  std::string tiles;
  for (const std::string& metric : ShownMetrics(report)) tiles += Tile(report, metric);
  return tiles.empty() ? "" : "<div class=\"tiles\">\n" + tiles + "</div>\n";
}

std::string GatesBody(const RunReport& report) {
  if (report.gates.empty()) return "";
  std::string rows;
  for (const gate::Verdict& verdict : report.gates) rows += GateRow(verdict);
  return TableMarkup(
      "Gates",
      R"(<th scope="col">Verdict</th><th scope="col">Gate</th><th scope="col" class="num wide">Value</th>)"
      R"(<th scope="col" class="num wide">Limit</th><th scope="col">Reason</th>)",
      rows);
}

std::string CommandsBody(const RunReport& report) {
  std::string out = "<dl class=\"commands\">";
  for (const Command& command : NextCommands(report)) {
    out += fmt::format("<div><dt>{}</dt><dd><code>{}</code></dd></div>\n", Escape(command.meaning),
                       Escape(command.line));
  }
  return out + "</dl>\n";
}

}  // namespace slipway::report
