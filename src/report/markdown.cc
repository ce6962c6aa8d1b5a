#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/report.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// GitHub cuts a comment at 65,536 characters.
constexpr size_t kMostBytes = 59'000;
constexpr size_t kMostIssues = 20;
constexpr size_t kMostFolds = 20;
constexpr size_t kMostFeatures = 20;
constexpr size_t kMostColumns = 60;
constexpr size_t kMostLineage = 40;

// Words from the data as plain words: no markup, no table cells, no links, and nobody is mentioned
// by an @.
std::string Plain(std::string_view text, size_t limit = 300) {
  constexpr std::string_view kMarks = "\\`*_{}[]()<>#|~!$";
  std::string plain;
  for (const char c : Shorten(CleanText(text), limit)) {
    if (c == '\n' || c == '\t') {
      plain += ' ';
    } else if (c == '@') {
      plain += "@\xE2\x80\x8B";  // A zero-width space.
    } else if (c == '&') {
      plain += "&amp;";
    } else {
      if (kMarks.find(c) != std::string_view::npos) plain += '\\';
      plain += c;
    }
  }
  return plain;
}

// A name or a value in a code span, inside a table or out of one.
std::string Code(std::string_view text, size_t limit = 60) {
  std::string inside;
  size_t longest = 0;
  size_t ticks = 0;
  for (const char c : Shorten(CleanText(text), limit)) {
    ticks = c == '`' ? ticks + 1 : 0;
    longest = std::max(longest, ticks);
    if (c == '|') inside += '\\';
    inside += c == '\n' || c == '\t' ? ' ' : c;
  }
  if (inside.empty()) return "–";
  const std::string fence(longest + 1, '`');
  const char* room = longest > 0 ? " " : "";
  return fence + room + inside + room + fence;
}

std::string Details(const std::string& summary, const std::string& body) {
  if (body.empty()) return "";
  return fmt::format("<details><summary>{}</summary>\n\n{}\n</details>\n\n", summary, body);
}

std::string Head(const RunReport& report) {
  const bool passed = report.status == "passed";
  std::string facts = Code(report.environment);
  if (!report.label.empty()) facts += " · label " + Code(report.label);
  if (!report.algorithm.empty()) facts += " · " + Code(report.algorithm);
  facts += " · run " + Code(report.run_id);
  if (!report.digest.empty()) facts += " · " + Code(ShortDigest(report.digest));
  return fmt::format("### {} {} {}\n\n{}\n\n{}\n\n", passed ? "✓" : "✗",
                     Plain(Reference(report), 120), passed ? "passed" : "failed",
                     Plain(Conclusion(report), 600), facts);
}

std::string MetricRow(const RunReport& report, const std::string& metric) {
  const auto interval = report.intervals.find(metric);
  const auto train = report.train_metrics.find(metric);
  const gate::Verdict* limit = LimitFor(report, metric);
  std::string needs = "–";
  if (limit != nullptr) {
    needs = Plain(LimitText(*limit)) + (limit->outcome == gate::Outcome::kPass ? " ✓" : " ✗");
  }
  return fmt::format("| {} | **{}** | {} | {} | {} |\n", Plain(MetricTitle(metric)),
                     FormatMetric(report.metrics.at(metric)),
                     interval == report.intervals.end()
                         ? "–"
                         : FormatInterval(interval->second.first, interval->second.second),
                     needs,
                     train == report.train_metrics.end() ? "–" : FormatMetric(train->second));
}

std::string MetricTable(const RunReport& report) {
  std::string rows;
  for (const std::string& metric : ShownMetrics(report)) rows += MetricRow(report, metric);
  if (rows.empty()) return "";
  return "| Metric | Test | 95 % interval | Needs | Training |\n|:--|--:|:-:|:-:|--:|\n" + rows +
         "\n";
}

std::string GateTable(const RunReport& report) {
  if (report.gates.empty()) return "";
  std::string rows;
  for (const gate::Verdict& verdict : report.gates) {
    std::string outcome =
        verdict.outcome == gate::Outcome::kPass ? "✓ pass" : ToString(verdict.outcome);
    if (verdict.outcome == gate::Outcome::kFail) outcome = "**✗ fail**";
    if (verdict.dry_run) outcome += " (dry run)";
    rows +=
        fmt::format("| {} | {} | {} |\n", Plain(verdict.name, 60), outcome, Plain(verdict.reason));
  }
  return "| Gate | Verdict | Reason |\n|:--|:--|:--|\n" + rows + "\n";
}

std::string IssueList(const RunReport& report) {
  const data::DatasetReport& data = report.dataset;
  std::string out = fmt::format("**Data**: {} × {}, {}.\n", Plural(data.rows, "row", "rows"),
                                Plural(data.columns, "column", "columns"), IssueSummary(data));
  for (size_t i = 0; i < std::min(kMostIssues, data.issues.size()); ++i) {
    const data::Issue& issue = data.issues[i];
    out +=
        fmt::format("- {}: {}", issue.severity == data::Severity::kError ? "**error**" : "warning",
                    Plain(issue.message));
    std::string examples;
    for (size_t e = 0; e < std::min<size_t>(3, issue.examples.size()); ++e) {
      const data::Example& example = issue.examples[e];
      examples += fmt::format("{}row {} {}", e == 0 ? "" : ", ", FormatCount(example.row),
                              example.missing ? "missing" : Code(example.value, 40));
    }
    out += examples.empty() ? "\n" : " (" + examples + ")\n";
  }
  if (data.issues.size() > kMostIssues) {
    out += fmt::format("- {} more in `report.json`\n",
                       FormatCount(static_cast<int64_t>(data.issues.size() - kMostIssues)));
  }
  return out + "\n";
}

std::string FoldTable(const RunReport& report) {
  if (report.folds.empty()) return "";
  const std::vector<std::string> metrics = ShownMetrics(report);
  std::string head = "| Fold |";
  std::string rule = "\n|--:|";
  std::string mean = "| mean ± sd |";
  for (const std::string& metric : metrics) {
    const train::Spread statistics = train::SpreadOf(train::FoldValues(report.folds, metric));
    head += " " + Plain(MetricTitle(metric)) + " |";
    rule += "--:|";
    mean += fmt::format(" {} ± {} |", FormatMetric(statistics.mean),
                        FormatMetric(statistics.deviation));
  }
  std::string rows;
  for (size_t i = 0; i < std::min(kMostFolds, report.folds.size()); ++i) {
    rows += fmt::format("| {} |", report.folds[i].fold + 1);
    for (const std::string& metric : metrics) {
      const auto it = report.folds[i].metrics.find(metric);
      rows += fmt::format(" {} |",
                          it == report.folds[i].metrics.end() ? "–" : FormatMetric(it->second));
    }
    rows += "\n";
  }
  return head + rule + "\n" + rows + mean + "\n";
}

std::string ImportanceTable(const RunReport& report) {
  if (report.importances.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostFeatures, report.importances.size()); ++i) {
    const train::FeatureImportance& feature = report.importances[i];
    rows += fmt::format("| {} | {} |\n", Code(feature.feature), FormatShare(feature.importance));
  }
  return "| Feature | Importance |\n|:--|--:|\n" + rows;
}

std::string DroppedTable(const RunReport& report) {
  if (report.dropped.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostFeatures, report.dropped.size()); ++i) {
    rows += fmt::format("| {} | {} |\n", Code(report.dropped[i].name, 50),
                        Plain(report.dropped[i].reason, 120));
  }
  if (report.dropped.size() > kMostFeatures) {
    rows += fmt::format("| {} more in `report.html` | |\n", report.dropped.size() - kMostFeatures);
  }
  return "| Feature | Why |\n|:--|:--|\n" + rows;
}

std::string ColumnTable(const RunReport& report) {
  const std::vector<data::ColumnProfile>& profiles = report.dataset.profiles;
  if (profiles.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostColumns, profiles.size()); ++i) {
    const data::ColumnProfile& column = profiles[i];
    const double missing =
        column.count > 0 ? static_cast<double>(column.missing) / static_cast<double>(column.count)
                         : 0;
    std::string range = "–";
    if (column.type != data::ColumnType::kCategory) {
      if (column.count > column.missing)
        range = FormatIn(column, column.min) + " – " + FormatIn(column, column.max);
    } else if (!column.top.empty()) {
      range = "mostly " + Code(column.top[0].value, 30);
    }
    rows += fmt::format("| {} | {} | {} | {} | {} |\n", Code(column.name, 50),
                        data::ToString(column.type), FormatShare(missing),
                        FormatCount(column.distinct), range);
  }
  if (profiles.size() > kMostColumns) {
    rows += fmt::format("| {} more in `report.html` | | | | |\n", profiles.size() - kMostColumns);
  }
  return "| Column | Type | Missing | Distinct | Range |\n|:--|:--|--:|--:|:--|\n" + rows;
}

std::string TimingTable(const RunReport& report) {
  if (report.timings.empty()) return "";
  std::string rows;
  for (const auto& [step, seconds] : report.timings) {
    const bool cached = std::ranges::find(report.cached, step) != report.cached.end();
    rows += fmt::format("| {} | {}{} |\n", Plain(step, 40), FormatStepSeconds(seconds),
                        cached ? ", cached" : "");
  }
  return "| Step | Time |\n|:--|--:|\n" + rows;
}

std::string LineageTable(const RunReport& report) {
  std::string rows;
  const auto lineage = LineageRows(report);
  for (size_t i = 0; i < std::min(kMostLineage, lineage.size()); ++i) {
    rows += fmt::format("| {} | {} |\n", Plain(lineage[i].first, 80), Code(lineage[i].second, 100));
  }
  return rows.empty() ? "" : "| What | Digest or value |\n|:--|:--|\n" + rows;
}

std::string CommandBlock(const RunReport& report) {
  std::string lines;
  for (const Command& command : NextCommands(report)) {
    lines += CleanText(command.line) + "  # " + command.meaning + "\n";
  }
  return "```sh\n" + lines + "```\n";
}

}  // namespace

std::string RenderMarkdown(const RunReport& report) {
  const std::vector<std::string> parts = {
      Head(report),
      MetricTable(report),
      GateTable(report),
      IssueList(report),
      Details(
          "Cross-validation, " + Plural(static_cast<int64_t>(report.folds.size()), "fold", "folds"),
          FoldTable(report)),
      Details("Feature importances", ImportanceTable(report)),
      Details("Left out by feature selection", DroppedTable(report)),
      Details("Next", CommandBlock(report)),
      Details("Timings", TimingTable(report)),
      Details("Lineage", LineageTable(report)),
      Details("Columns", ColumnTable(report)),
  };
  std::string text;
  bool dropped = false;
  for (const std::string& part : parts) {
    if (text.size() + part.size() > kMostBytes) {
      dropped = true;
    } else {
      text += part;
    }
  }
  if (dropped) text += "Some parts are too long for a comment; `report.html` has all.\n";
  return text;
}

}  // namespace slipway::report
