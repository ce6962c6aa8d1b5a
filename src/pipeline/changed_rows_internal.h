// Rows that a test asks a model about: some of the table or of a file of expectations, and what
// becomes of them when columns are changed.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/expectations.h"
#include "core/result.h"
#include "data/types.h"
#include "model/types.h"
#include "pipeline/model_test_internal.h"

namespace slipway::pipeline {

// Columns are the model's inputs.
struct InputRows {
  data::Table table;
  std::vector<std::string> names;  // "row 17", or the name that a file gives it.
};

// The model's inputs of these rows of the table.
InputRows RowsOfTable(const TestSubject& subject, std::span<const int64_t> rows);
// Those of `file` that have these names, in their order; kInvalidInput for one that none has.
Result<std::vector<const config::RowExpectation*>> RowsByName(
    const config::Expectations& file, const std::vector<config::PlacedText>& names);
// `rows` in the types of the inputs; what they leave out is missing.
InputRows RowsOfFile(const std::vector<const config::RowExpectation*>& rows,
                     const model::ModelSchema& schema);

// The rows of the table, in order, for which `where` is true; all for "". kInvalidInput names the
// place of an expression that is wrong.
Result<std::vector<int64_t>> FilterRows(const TestSubject& subject,
                                        const config::PlacedText& where);

// One way to change all rows, and what the model says then.
struct Variant {
  data::Table rows;
  model::Predictions answers;
  std::vector<bool> changed;  // One a row: false where its values stayed what they were.
};
struct ChangedAnswers {
  InputRows rows;
  model::Predictions before;
  std::vector<Variant> variants;
};

// The same for the same table and seed. `file` has the rows that `changes` may name.
Result<ChangedAnswers> AnswerChanged(const TestSubject& subject, const config::Expectations& file,
                                     const config::ChangedRows& changes, uint64_t seed);

// "Income 100 → 150, Home owner → rent": what a variant changes in a row.
std::string ChangesText(const InputRows& rows, const Variant& variant, int64_t row);
// One of a model's answers.
struct GivenAnswer {
  const model::Predictions& all;
  int64_t row = 0;

  double Score(int cls) const { return static_cast<double>(all.Score(row, cls)); }
};
// Two answers, "good 0.812" and "bad 0.541" or the estimates, with as many figures as it takes to
// tell them apart.
std::pair<std::string, std::string> AnswersApart(const GivenAnswer& a, const GivenAnswer& b,
                                                 const model::ModelSchema& schema);
// A value for a person: "missing" for none.
std::string CellText(const data::Column& column, int64_t row);

}  // namespace slipway::pipeline
