#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/text.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

std::vector<std::string> FailedGates(const RunReport& report) {
  std::vector<std::string> names;
  for (const gate::Verdict& verdict : report.gates) {
    if (!verdict.dry_run && verdict.outcome == gate::Outcome::kFail) names.push_back(verdict.name);
  }
  return names;
}

// "All 7 gates passed", "6 of 7 gates passed, 1 is inconclusive", "2 of 7 gates failed: accuracy,
// size".
std::string GateSentence(const RunReport& report) {
  const GateCounts counts = CountGates(report);
  const auto total = static_cast<int64_t>(report.gates.size());
  if (total == 0) return "No gate was asked";
  if (counts.failed > 0) {
    return fmt::format("{} of {} failed: {}", counts.failed, Plural(total, "gate", "gates"),
                       Join(FailedGates(report), ", "));
  }
  if (counts.passed == total)
    return total == 1 ? "The gate passed" : fmt::format("All {} gates passed", total);
  std::string text = fmt::format("{} of {} passed", counts.passed, Plural(total, "gate", "gates"));
  if (counts.inconclusive > 0) {
    text += fmt::format(", {} {} inconclusive", counts.inconclusive,
                        counts.inconclusive == 1 ? "is" : "are");
  }
  if (counts.dry_run > 0) text += fmt::format(", {} failed as a dry run", counts.dry_run);
  return text;
}

double Ratio(int64_t part, int64_t whole) {
  return whole == 0 ? std::numeric_limits<double>::quiet_NaN()
                    : static_cast<double>(part) / static_cast<double>(whole);
}

void FlattenInto(const Json& value, const std::string& prefix,
                 std::vector<std::pair<std::string, std::string>>* rows) {
  for (const auto& [key, member] : value.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (member.is_object()) {
      FlattenInto(member, name, rows);
    } else {
      rows->emplace_back(name,
                         member.is_string() ? member.get<std::string>() : CompactJson(member));
    }
  }
}

}  // namespace

GateCounts CountGates(const RunReport& report) {
  GateCounts counts;
  for (const gate::Verdict& verdict : report.gates) {
    if (verdict.outcome == gate::Outcome::kPass) {
      ++counts.passed;
    } else if (verdict.dry_run) {
      ++counts.dry_run;
    } else {
      ++(verdict.outcome == gate::Outcome::kFail ? counts.failed : counts.inconclusive);
    }
  }
  return counts;
}

IssueCounts CountIssues(const data::DatasetReport& dataset) {
  IssueCounts counts;
  for (const data::Issue& issue : dataset.issues) {
    ++(issue.severity == data::Severity::kError ? counts.errors : counts.warnings);
  }
  return counts;
}

std::string IssueSummary(const data::DatasetReport& dataset) {
  const IssueCounts counts = CountIssues(dataset);
  return Plural(counts.errors, "error", "errors") + ", " +
         Plural(counts.warnings, "warning", "warnings");
}

bool HasModel(const RunReport& report) { return !report.metrics.empty(); }

std::string Reference(const RunReport& report) {
  const std::string& name = report.model_name.empty() ? report.project : report.model_name;
  return report.version > 0 ? fmt::format("{}:{}", name, report.version) : name;
}

std::string Conclusion(const RunReport& report) {
  if (!HasModel(report)) {
    const std::string step = report.failed_step.empty() ? "training" : report.failed_step;
    const IssueCounts counts = CountIssues(report.dataset);
    const std::string why =
        counts.errors > 0 ? fmt::format(" with {}", Plural(counts.errors, "error", "errors")) : "";
    return fmt::format(
        "The run ended at the step “{}”{}. Nothing was trained and nothing was registered.", step,
        why);
  }
  std::string text = GateSentence(report) + ". ";
  if (report.version == 0) return text + "Nothing was registered.";
  text += "Registered as " + Reference(report);
  return text + (report.status == "passed" ? "." : ", marked as not passed: it can’t be deployed.");
}

std::vector<std::string> ShownMetrics(const RunReport& report) {
  std::vector<std::string> shown;
  const auto add = [&](const std::string& written) {
    const std::string name = train::CanonicalMetric(written);
    if (report.metrics.contains(name) && std::ranges::find(shown, name) == shown.end())
      shown.push_back(name);
  };
  for (const std::string& name : report.shown_metrics) add(name);
  if (shown.empty()) {
    for (const char* name : {"accuracy", "f1", "auc", "r2", "rmse", "mae"}) add(name);
  }
  return shown;
}

const gate::Verdict* LimitFor(const RunReport& report, const std::string& metric) {
  for (const gate::Verdict& verdict : report.gates) {
    if (verdict.name == metric) return &verdict;
  }
  return nullptr;
}

std::string LimitText(const gate::Verdict& verdict) {
  const std::string limit = gate::FormatValue(verdict.limit, verdict.unit);
  const std::string sign = ComparisonSign(GetString(verdict.evidence, "comparison"));
  return sign.empty() ? limit : sign + " " + limit;
}

const char* OutcomeTitle(gate::Outcome outcome) {
  switch (outcome) {
    case gate::Outcome::kPass: return "Pass";
    case gate::Outcome::kFail: return "Fail";
    case gate::Outcome::kInconclusive: return "Inconclusive";
  }
  return "Inconclusive";
}

bool HasConfusion(const RunReport& report) {
  const size_t n = report.classes.size();
  return n > 0 && report.confusion.size() == n * n;
}

std::vector<ClassFigures> FiguresByClass(const RunReport& report) {
  std::vector<ClassFigures> figures;
  if (!HasConfusion(report)) return figures;
  const size_t n = report.classes.size();
  for (size_t cls = 0; cls < n; ++cls) {
    ClassFigures one;
    int64_t predicted = 0;
    for (size_t other = 0; other < n; ++other) {
      one.rows += report.confusion[cls * n + other];
      predicted += report.confusion[other * n + cls];
    }
    const int64_t right = report.confusion[cls * n + cls];
    one.precision = Ratio(right, predicted);
    one.recall = Ratio(right, one.rows);
    one.f1 = Ratio(2 * right, predicted + one.rows);
    figures.push_back(one);
  }
  return figures;
}

std::vector<Command> NextCommands(const RunReport& report) {
  const std::string env = report.environment.empty() ? "development" : report.environment;
  const std::string run = "slipway run --env " + ShellWord(env);
  std::vector<Command> commands;
  if (!HasModel(report)) {
    commands.push_back({"slipway config show --env " + ShellWord(env),
                        "the rules that the data was held against"});
    commands.push_back({run, "run again, once the data or the rules are right"});
    return commands;
  }
  const std::string reference = ShellWord(Reference(report));
  if (report.version > 0) {
    if (report.status == "passed") {
      commands.push_back({"slipway models promote " + reference + " --to staging",
                          "make it the version in staging"});
    }
    commands.push_back(
        {"slipway predict " + reference + " --input rows.csv", "answers for rows of your own"});
    commands.push_back(
        {"slipway models verify " + reference, "check every file against its digest"});
  }
  commands.push_back(
      {"slipway runs show " + ShellWord(report.run_id), "this run again, in the terminal"});
  commands.push_back({run, "the same input, configuration and seed give the same digest"});
  return commands;
}

std::vector<std::pair<std::string, std::string>> Flatten(const Json& object) {
  std::vector<std::pair<std::string, std::string>> rows;
  if (object.is_object()) FlattenInto(object, "", &rows);
  return rows;
}

std::vector<std::pair<std::string, std::string>> LineageRows(const RunReport& report) {
  std::vector<std::pair<std::string, std::string>> rows;
  const auto add = [&](const std::string& name, const std::string& value) {
    const auto same = [&](const auto& row) { return row.second == value; };
    if (!value.empty() && std::ranges::none_of(rows, same)) rows.emplace_back(name, value);
  };
  add("model", report.digest);
  add("source data", report.source_digest);
  for (const auto& [name, value] : Flatten(report.lineage)) add(name, value);
  return rows;
}

}  // namespace slipway::report
