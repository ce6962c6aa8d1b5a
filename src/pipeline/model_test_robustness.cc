// Odd rows that every model must have an answer for.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/text.h"
#include "data/category_column.h"
#include "data/select_rows.h"
#include "pipeline/changed_rows_internal.h"

namespace slipway::pipeline {
namespace {

constexpr int64_t kRows = 200;
constexpr int64_t kSingleRows = 50;
// What the contract promises of every engine.
constexpr double kTolerance = 1e-6;
constexpr double kSumTolerance = 1e-5;
// Ranges beyond what the table has.
constexpr double kFarAway = 1000;

// Evenly spread over the table.
InputRows SomeRows(const TestSubject& subject) {
  std::vector<int64_t> rows;
  const int64_t count = std::min(kRows, subject.table.rows);
  for (int64_t i = 0; i < count; ++i) rows.push_back(i * subject.table.rows / count);
  return RowsOfTable(subject, rows);
}

// "" for an answer that is one: a finite number, or probabilities that sum to 1.
std::string WhatIsWrong(const model::Predictions& answers, int64_t row) {
  if (answers.regression()) {
    const double value = answers.values[static_cast<size_t>(row)];
    return std::isfinite(value) ? "" : fmt::format("the prediction is {}", value);
  }
  double sum = 0;
  for (int cls = 0; cls < answers.classes; ++cls) {
    const auto score = static_cast<double>(answers.Score(row, cls));
    if (!(score >= 0 && score <= 1)) return fmt::format("a probability is {}", score);
    sum += score;
  }
  return std::abs(sum - 1) <= kSumTolerance ? ""
                                            : fmt::format("the probabilities sum to {:g}", sum);
}

// One odd table and what is odd in it.
struct OddRows {
  std::string what;  // "Income missing"
  data::Table rows;
};
using MakeOdd = std::function<std::vector<OddRows>(const InputRows&, const model::ModelSchema&)>;

void Replace(const InputRows& rows, data::Column column, std::string what,
             std::vector<OddRows>* odd) {
  OddRows one{std::move(what), rows.table};
  *one.rows.Find(column.name) = std::move(column);
  odd->push_back(std::move(one));
}

data::Column MissingColumn(const data::Column& column) {
  data::Column missing;
  missing.name = column.name;
  missing.type = column.type;
  const auto size = static_cast<size_t>(column.size());
  if (column.type == data::ColumnType::kCategory) {
    missing.codes.assign(size, data::kMissingCode);
  } else {
    missing.numbers.assign(size, data::kMissingNumber);
  }
  return missing;
}

std::vector<OddRows> WithMissing(const InputRows& rows, const model::ModelSchema& /*schema*/) {
  std::vector<OddRows> odd;
  OddRows all{"all inputs missing", rows.table};
  for (size_t i = 0; i < rows.table.columns.size(); ++i) {
    const data::Column& column = rows.table.columns[i];
    Replace(rows, MissingColumn(column), column.name + " missing", &odd);
    all.rows.columns[i] = MissingColumn(column);
  }
  odd.push_back(std::move(all));
  return odd;
}

std::vector<OddRows> WithUnknown(const InputRows& rows, const model::ModelSchema& schema) {
  std::vector<OddRows> odd;
  for (const model::InputField& field : schema.inputs) {
    if (field.type != data::ColumnType::kCategory || rows.table.Find(field.name) == nullptr)
      continue;
    const std::string text = "a text that training did not have";
    const std::vector<std::string> texts(static_cast<size_t>(rows.table.rows), text);
    Replace(rows, data::MakeCategoryColumn(field.name, texts), field.name + " '" + text + "'",
            &odd);
  }
  return odd;
}

std::vector<OddRows> WithExtremes(const InputRows& rows, const model::ModelSchema& /*schema*/) {
  std::vector<OddRows> odd;
  for (const data::Column& column : rows.table.columns) {
    if (column.type != data::ColumnType::kNumeric) continue;
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    for (const double number : column.numbers) {
      if (!std::isfinite(number)) continue;
      least = std::min(least, number);
      most = std::max(most, number);
    }
    if (least > most) continue;
    const double range = std::max(most - least, 1.0);
    for (const double value : {least - kFarAway * range, most + kFarAway * range}) {
      data::Column extreme = column;
      std::ranges::fill(extreme.numbers, value);
      Replace(rows, std::move(extreme), fmt::format("{} {:g}", column.name, value), &odd);
    }
  }
  return odd;
}

// The model has an answer for rows that are odd in one way after the other.
class OddRowsTest : public ModelTest {
 public:
  OddRowsTest(const char* name, const char* nothing, MakeOdd make)
      : ModelTest("robustness", name), nothing_(nothing), make_(std::move(make)) {}

  Needs needs() const override { return {.table = true, .model = true}; }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    const InputRows rows = SomeRows(subject);
    const std::vector<OddRows> odd = make_(rows, subject.schema());
    if (odd.empty() || rows.table.rows == 0) return Skipped(Start(), nothing_);
    report::TestResult result = Start();
    std::vector<std::string> refused;
    for (const OddRows& one : odd) {
      const auto answers = subject.predictor().Predict(one.rows, subject.threads);
      if (!answers.ok()) {
        refused.push_back(one.what + ": " + answers.error().ToString());
        continue;
      }
      for (int64_t row = 0; row < answers->rows; ++row) {
        const std::string wrong = WhatIsWrong(*answers, row);
        if (wrong.empty()) continue;
        result.details.push_back(
            fmt::format("{}: {}: {}", one.what, rows.names[static_cast<size_t>(row)], wrong));
        break;
      }
    }
    result.details.insert(result.details.end(), refused.begin(), refused.end());
    const auto bad = std::ssize(result.details);
    Decide(bad == 0,
           fmt::format("{} of {} have an answer for every row", std::ssize(odd) - bad,
                       Plural(std::ssize(odd), "way to be odd", "ways to be odd")),
           &result);
    result.evidence = {{"tables", odd.size()}, {"rows", rows.table.rows}};
    return result;
  }

 private:
  std::string nothing_;
  MakeOdd make_;
};

// A row has the answer that it has among others.
class SingleRowsTest : public ModelTest {
 public:
  SingleRowsTest() : ModelTest("robustness", "one_by_one") {}

  Needs needs() const override { return {.table = true, .model = true}; }

  Result<report::TestResult> Run(const TestSubject& subject) const override {
    const InputRows rows = SomeRows(subject);
    SLIPWAY_ASSIGN_OR_RETURN(const model::Predictions together,
                             subject.predictor().Predict(rows.table, subject.threads));
    report::TestResult result = Start();
    const int64_t count = std::min(kSingleRows, rows.table.rows);
    for (int64_t row = 0; row < count; ++row) {
      const std::vector<int64_t> one = {row};
      SLIPWAY_ASSIGN_OR_RETURN(const model::Predictions alone,
                               subject.predictor().Predict(data::SelectRows(rows.table, one), 1));
      if (Same(together, row, alone)) continue;
      result.details.push_back(fmt::format(
          "{}: {} alone, {} among others", rows.names[static_cast<size_t>(row)],
          AnswerText(alone, subject.schema(), 0), AnswerText(together, subject.schema(), row)));
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

void AddRobustnessTests(ModelTests* tests) {
  tests->push_back(
      std::make_unique<OddRowsTest>("missing_values", "the table has no rows", WithMissing));
  tests->push_back(std::make_unique<OddRowsTest>("unknown_categories",
                                                 "the model has no categories", WithUnknown));
  tests->push_back(
      std::make_unique<OddRowsTest>("extreme_values", "the model has no numbers", WithExtremes));
  tests->push_back(std::make_unique<SingleRowsTest>());
}

}  // namespace slipway::pipeline
