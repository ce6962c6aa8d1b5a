// Limits of metrics on a part of the rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "data/select_rows.h"
#include "gate/types.h"
#include "pipeline/changed_rows_internal.h"
#include "pipeline/evaluation.h"
#include "pipeline/expectation_checks_internal.h"
#include "train/metrics.h"

namespace slipway::pipeline {
namespace {

class SliceTest : public ModelTest {
 public:
  explicit SliceTest(const config::MetricExpectation& expected)
      : ModelTest("metrics", expected.name + ": " + expected.metric, expected.at),
        expected_(expected) {}

  Needs needs() const override { return {.table = true, .model = true, .parts = true}; }

  Status Check(const TestSubject& subject) const override {
    SLIPWAY_RETURN_IF_ERROR(CheckFilter(subject, expected_.where));
    if (!subject.unfit.empty()) return {};
    // One row is enough to know which metrics the task has.
    const train::Metrics metrics = MetricsOf(subject, {0});
    if (metrics.contains(train::CanonicalMetric(expected_.metric))) return {};
    std::vector<std::string> names;
    for (const auto& [name, value] : metrics) names.push_back(name);
    return Error(ErrorCode::kInvalidInput, fmt::format("{} is no metric of a {}", expected_.metric,
                                                       data::ToString(subject.target.task)))
        .At(expected_.limit_at)
        .Expected(JoinOr(names));
  }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    SLIPWAY_ASSIGN_OR_RETURN(std::vector<int64_t> rows, FilterRows(subject, expected_.where));
    if (!expected_.all_rows) {
      std::erase_if(rows, [&](int64_t row) {
        return subject.split.parts[static_cast<size_t>(row)] != data::Part::kTest;
      });
    }
    report::TestResult result = Start();
    const std::string where = expected_.all_rows
                                  ? Plural(std::ssize(rows), "row", "rows")
                                  : Plural(std::ssize(rows), "test row", "test rows");
    if (rows.empty()) {
      Decide(false, "no row to ask about: where is true of none", &result);
      return result;
    }
    const std::string metric = train::CanonicalMetric(expected_.metric);
    const double value = MetricsOf(subject, rows).at(metric);
    const bool at_most = train::LowerIsBetter(metric);
    const bool passed = at_most ? value <= expected_.limit : value >= expected_.limit;
    const auto [shown, limit] = gate::FormatApart(value, expected_.limit);
    Decide(passed,
           std::isnan(value) ? fmt::format("{} can't be computed on {}", metric, where)
                             : fmt::format("{} {} on {}, {} {} expected", metric, shown, where,
                                           at_most ? "at most" : "at least", limit),
           &result);
    result.evidence = {{"rows", rows.size()},
                       {"metric", metric},
                       {"value", std::isnan(value) ? Json() : Json(value)},
                       {"limit", expected_.limit}};
    return result;
  }

 private:
  static train::Metrics MetricsOf(const TestSubject& subject, const std::vector<int64_t>& rows) {
    const auto averaging = train::ParseAveraging(subject.config.model.averaging);
    return train::ComputeMetrics(data::SelectRows(subject.target, rows),
                                 SelectRows(subject.predictions, rows),
                                 averaging.ok() ? *averaging : train::Averaging::kWeighted);
  }

  const config::MetricExpectation& expected_;
};

}  // namespace

void AddSliceTests(const config::Expectations& expectations, ModelTests* tests) {
  for (const config::MetricExpectation& one : expectations.metrics)
    tests->push_back(std::make_unique<SliceTest>(one));
}

}  // namespace slipway::pipeline
