#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/card_internal.h"
#include "report/markdown_internal.h"
#include "report/report.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostFolds = 20;
constexpr size_t kMostTrials = 10;
constexpr size_t kMostFeatures = 20;
constexpr size_t kMostSlices = 30;
constexpr size_t kMostLineage = 40;
constexpr const char* kRest = "report.json";

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

std::string DataPart(const data::DatasetReport& data) {
  return fmt::format("**Data**: {} × {}, {}.\n", Plural(data.rows, "row", "rows"),
                     Plural(data.columns, "column", "columns"), IssueSummary(data)) +
         IssueList(data, kRest);
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
    rows += '\n';
  }
  const std::string note = FoldNote(report);
  return head + rule + "\n" + rows + mean + "\n" + (note.empty() ? "" : "\n" + Plain(note) + "\n");
}

std::string AnswerPart(const RunReport& report) {
  std::string out;
  if (report.threshold)
    out += "**Threshold**: " + Plain(ThresholdSentence(*report.threshold), 600) + "\n\n";
  if (!report.calibration) return out;
  out += "**Calibration**: " + Plain(CalibrationSentence(*report.calibration), 600) +
         "\n\n| On the test part | Before | Calibrated |\n|:--|--:|--:|\n";
  for (const auto& [metric, after] : report.calibration->metrics_after) {
    out += fmt::format("| {} | {} | {} |\n", Plain(MetricTitle(metric)),
                       FormatMetric(report.calibration->metrics_before.at(metric)),
                       FormatMetric(after));
  }
  return out + "\n";
}

std::string TrialTable(const RunReport& report) {
  const train::SearchOutcome& search = report.search;
  if (search.trials.empty()) return "";
  std::string rows;
  const std::vector<train::Trial> best = BestTrials(search);
  for (size_t i = 0; i < std::min(kMostTrials, best.size()); ++i) {
    const train::Trial& trial = best[i];
    const bool scored = !trial.rungs.empty();
    rows += fmt::format("| {}{} | {} | {} | {} |\n", trial.number,
                        trial.number == search.chosen().number ? " ✓" : "",
                        Plain(trial.failure.empty() ? train::InWords(trial) : trial.failure, 160),
                        scored ? FormatCount(trial.rungs.back().rows) : "–",
                        scored ? FormatMetric(trial.rungs.back().mean()) : "–");
  }
  return fmt::format("| Trial | Hyper-parameters | Rows | {} |\n|--:|:--|--:|--:|\n{}\n{}\n",
                     Plain(MetricTitle(search.metric)), rows, SearchSentence(search));
}

std::string ImportanceTable(const RunReport& report) {
  if (report.importances.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostFeatures, report.importances.size()); ++i) {
    const train::FeatureImportance& feature = report.importances[i];
    rows +=
        fmt::format("| {} | {} |\n", CodeCell(feature.feature), FormatShare(feature.importance));
  }
  return "| Feature | Importance |\n|:--|--:|\n" + rows;
}

std::string PermutationTable(const RunReport& report) {
  const train::PermutationReport& permutation = report.permutation;
  if (permutation.features.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostFeatures, permutation.features.size()); ++i) {
    const train::PermutationImportance& one = permutation.features[i];
    rows += fmt::format("| {} | {} ± {} |\n", CodeCell(one.feature), FormatMetric(one.mean),
                        FormatMetric(one.deviation));
  }
  return fmt::format("| Feature, shuffled {} | {} is {} by |\n|:--|--:|\n",
                     Plural(permutation.repeats, "time", "times"),
                     Plain(MetricTitle(permutation.metric)),
                     train::LowerIsBetter(permutation.metric) ? "greater" : "lower") +
         rows;
}

std::string SliceTable(const RunReport& report, const std::vector<train::Slice>& slices) {
  const std::vector<std::string> metrics = SliceMetrics(report);
  std::string head = "| Slice | Rows |", rule = "\n|:--|--:|";
  for (const std::string& metric : metrics) {
    head += " " + Plain(MetricTitle(metric)) + " |";
    rule += "--:|";
  }
  std::string rows;
  for (size_t i = 0; i < std::min(kMostSlices, slices.size()); ++i) {
    const train::Slice& slice = slices[i];
    rows += fmt::format("| {} | {} |", Plain(train::NameOf(slice), 120), FormatCount(slice.rows));
    for (const std::string& metric : metrics) {
      const auto value = slice.metrics.find(metric);
      rows +=
          fmt::format(" {} |", value == slice.metrics.end() ? "–" : FormatMetric(value->second));
    }
    rows += fmt::format(" {} | {} |\n", FormatDifference(slice.difference),
                        FormatChance(slice.q_value));
  }
  if (slices.size() > kMostSlices)
    rows += fmt::format("\n{} more in `{}`\n", slices.size() - kMostSlices, kRest);
  return head + " Against all | q |" + rule + "--:|--:|\n" + rows + "\n";
}

std::string SlicesPart(const RunReport& report) {
  const train::SliceReport& slices = report.slices;
  std::string out;
  if (!slices.named.empty())
    out += SliceTable(report, slices.named) + Plain(NamedSlicesNote(report), 600) + "\n\n";
  if (slices.looked_at == 0) return out;
  if (!slices.found.empty()) out += "**Worst found**\n\n" + SliceTable(report, slices.found);
  return out + Plain(FoundSlicesNote(report), 600) + "\n";
}

std::string DroppedTable(const RunReport& report) {
  if (report.dropped.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostFeatures, report.dropped.size()); ++i) {
    rows += fmt::format("| {} | {} |\n", CodeCell(report.dropped[i].name, 50),
                        Plain(report.dropped[i].reason, 120));
  }
  if (report.dropped.size() > kMostFeatures) {
    rows += fmt::format("| {} more in `report.html` | |\n", report.dropped.size() - kMostFeatures);
  }
  return "| Feature | Why |\n|:--|:--|\n" + rows;
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
    rows +=
        fmt::format("| {} | {} |\n", Plain(lineage[i].first, 80), CodeCell(lineage[i].second, 100));
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

std::string CardPart(const RunReport& report) {
  std::string text;
  for (const char* id : {"intended-use", "limits"}) {
    const CardSection* section = FindSection(report.card, id);
    if (section != nullptr) text += "**" + section->title + "**\n\n" + SectionMarkdown(*section);
  }
  return text;
}

}  // namespace

std::string RenderMarkdown(const RunReport& report) {
  const std::vector<std::string> parts = {
      Head(report),
      MetricTable(report),
      GateTable(report),
      AnswerPart(report),
      DataPart(report.dataset),
      Details(
          "Cross-validation, " + Plural(static_cast<int64_t>(report.folds.size()), "fold", "folds"),
          FoldTable(report)),
      Details("Search for hyper-parameters", TrialTable(report)),
      Details("Slices", SlicesPart(report)),
      Details("Feature importances", ImportanceTable(report)),
      Details("Feature importances by shuffling", PermutationTable(report)),
      Details("Left out by feature selection", DroppedTable(report)),
      Details("Intended use and limits", CardPart(report)),
      Details("Next", CommandBlock(report)),
      Details("Timings", TimingTable(report)),
      Details("Lineage", LineageTable(report)),
      Details("Columns", ColumnTable(report.dataset.profiles, "report.html")),
  };
  return FitParts(parts, "report.html");
}

}  // namespace slipway::report
