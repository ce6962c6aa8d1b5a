// That a row's answer is its own. Odd rows are asked by the gate `robustness`.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "data/select_rows.h"
#include "pipeline/changed_rows_internal.h"

namespace slipway::pipeline {
namespace {

constexpr int64_t kRows = 200;
constexpr int64_t kSingleRows = 50;
// What the contract promises of every engine.
constexpr double kTolerance = 1e-6;

// Evenly spread over the table.
InputRows SomeRows(const TestSubject& subject) {
  std::vector<int64_t> rows;
  const int64_t count = std::min(kRows, subject.table.rows);
  for (int64_t i = 0; i < count; ++i) rows.push_back(i * subject.table.rows / count);
  return RowsOfTable(subject, rows);
}

// A row has the answer that it has among others.
class SingleRowsTest : public ModelTest {
 public:
  SingleRowsTest() : ModelTest("robustness", "one_by_one") {}

  Needs needs() const override { return {.table = true, .model = true}; }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    const InputRows rows = SomeRows(subject);
    if (rows.table.rows == 0) return Skipped(Start(), "there is no row to ask about");
    SLIPWAY_ASSIGN_OR_RETURN(const model::Predictions together,
                             subject.predictor().Predict(rows.table, subject.threads));
    report::TestResult result = Start();
    const int64_t count = std::min(kSingleRows, rows.table.rows);
    for (int64_t row = 0; row < count; ++row) {
      const std::vector<int64_t> one = {row};
      SLIPWAY_ASSIGN_OR_RETURN(const model::Predictions alone,
                               subject.predictor().Predict(data::SelectRows(rows.table, one), 1));
      if (Same(together, row, alone)) continue;
      const auto [by_itself, among] = AnswersApart({alone, 0}, {together, row}, subject.schema());
      result.details.push_back(fmt::format("{}: {} alone, {} among others",
                                           rows.names[static_cast<size_t>(row)], by_itself, among));
    }
    const auto bad = std::ssize(result.details);
    Decide(bad == 0,
           fmt::format("{} of {} have the same answer alone and among others", count - bad,
                       Plural(count, "row", "rows")),
           &result);
    result.evidence = {{"rows", count}, {"tolerance", kTolerance}};
    return result;
  }

 private:
  static bool Same(const model::Predictions& together, int64_t row,
                   const model::Predictions& alone) {
    if (together.regression()) {
      const double value = together.values[static_cast<size_t>(row)];
      return std::abs(value - alone.values[0]) <= kTolerance * std::max(1.0, std::abs(value));
    }
    if (together.labels[static_cast<size_t>(row)] != alone.labels[0]) return false;
    for (int cls = 0; cls < together.classes; ++cls) {
      if (!(std::abs(together.Score(row, cls) - alone.Score(0, cls)) <= kTolerance)) return false;
    }
    return true;
  }
};

}  // namespace

void AddRobustnessTests(ModelTests* tests) { tests->push_back(std::make_unique<SingleRowsTest>()); }

}  // namespace slipway::pipeline
