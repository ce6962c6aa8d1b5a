// The rules of a table, each a test, as the data stage of a run asks them.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "pipeline/model_test_internal.h"

namespace slipway::pipeline {
namespace {

constexpr size_t kMostExamples = 5;

// What each test is made of: kinds of issues that are errors. Those that are nowhere belong to
// `schema` where there is one, else to `readable`.
struct Rule {
  const char* name;
  std::vector<const char*> kinds;
};

const std::vector<Rule>& DataRules() {
  static const std::vector<Rule> rules = {{"min_rows", {"too_few_rows"}},
                                          {"columns", {"missing_columns"}},
                                          {"max_missing_ratio", {"high_missing_values"}},
                                          {"max_duplicate_ratio", {"duplicate_rows"}},
                                          {"max_outlier_ratio", {"outliers"}},
                                          {"max_association", {"target_leakage"}},
                                          {"max_age_days", {"stale_data"}},
                                          {"target", {"missing_labels", "single_class_target"}},
                                          {"readable",
                                           {"unreadable_value", "unreadable_column",
                                            "infinite_values", "mixed_values", "invalid_utf8"}}};
  return rules;
}

// The name of the test that an issue belongs to.
std::string TestOf(const data::Issue& issue, bool has_schema) {
  for (const Rule& rule : DataRules()) {
    const bool known =
        std::ranges::any_of(rule.kinds, [&](const char* kind) { return issue.kind == kind; });
    if (known) return rule.name;
  }
  return has_schema ? "schema" : "readable";
}

std::string ExamplesText(const data::Issue& issue) {
  std::vector<std::string> parts;
  for (const data::Example& example : issue.examples) {
    if (parts.size() == kMostExamples) break;
    parts.push_back(fmt::format("row {} {}", FormatCount(example.row),
                                example.missing ? "missing" : "'" + example.value + "'"));
  }
  return Join(parts, ", ");
}

class DataTest : public ModelTest {
 public:
  DataTest(const std::string& name, std::string expected, bool has_schema)
      : ModelTest("data", name),
        rule_(name),
        expected_(std::move(expected)),
        has_schema_(has_schema) {}

  Needs needs() const override { return {.table = true}; }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    report::TestResult result = Start();
    Json issues = Json::array();
    std::vector<std::string> reasons;
    for (const data::Issue& issue : subject.dataset.issues) {
      if (TestOf(issue, has_schema_) != rule_) continue;
      issues.push_back(data::ToJson(issue));
      if (issue.severity == data::Severity::kWarning) continue;
      reasons.push_back(issue.message);
      const std::string examples = ExamplesText(issue);
      result.details.push_back(examples.empty() ? issue.message : issue.message + ": " + examples);
    }
    result.evidence = {{"issues", std::move(issues)}};
    const std::string target = subject.config.data.target_column;
    // Told as a column that is missing; no label is nevertheless no target.
    if (rule_ == "target" && subject.table.Find(target) == nullptr) {
      Decide(false, fmt::format("the table has no column '{}'", target), &result);
      return result;
    }
    const std::string more =
        reasons.size() > 1 ? fmt::format(", and {} more", reasons.size() - 1) : "";
    Decide(reasons.empty(),
           reasons.empty()
               ? fmt::format("{}: {}", Plural(subject.dataset.rows, "row", "rows"), expected_)
               : reasons.front() + more,
           &result);
    // One that repeats the reason tells nothing.
    if (result.details.size() == 1 && result.details.front() == result.reason)
      result.details.clear();
    return result;
  }

 private:
  std::string rule_, expected_;
  bool has_schema_;
};

}  // namespace

void AddDataTests(const config::Config& config, const config::TableSchema* schema,
                  ModelTests* tests) {
  const config::ValidationRules& rules = config.data.validation_rules;
  const auto add = [&](const char* name, std::string expected) {
    tests->push_back(std::make_unique<DataTest>(name, std::move(expected), schema != nullptr));
  };
  add("readable", "every value that is used is of its column's type");
  add("min_rows", fmt::format("at least {} expected", FormatCount(rules.min_rows.value_or(1))));
  add("columns", "every column that is needed is there");
  add("target", "every row has a label, and there is more than one");
  if (rules.max_missing_ratio)
    add("max_missing_ratio",
        fmt::format("at most {:g} of a column missing", *rules.max_missing_ratio));
  if (rules.max_duplicate_ratio)
    add("max_duplicate_ratio",
        fmt::format("at most {:g} repeat an earlier one", *rules.max_duplicate_ratio));
  if (rules.max_outlier_ratio)
    add("max_outlier_ratio",
        fmt::format("at most {:g} of a column are outliers", *rules.max_outlier_ratio));
  if (rules.max_association)
    add("max_association",
        fmt::format("no feature tells more than {:g} of the target", *rules.max_association));
  if (rules.max_age_days)
    add("max_age_days", fmt::format("the newest is at most {:g} days old", *rules.max_age_days));
  if (schema != nullptr) add("schema", "as " + config.data.schema + " says");
}

}  // namespace slipway::pipeline
