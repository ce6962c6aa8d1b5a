#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "core/clock.h"
#include "core/random.h"
#include "core/text.h"
#include "core/time_text.h"
#include "data/category_column.h"
#include "data/expression.h"
#include "data/select_rows.h"
#include "gate/types.h"
#include "pipeline/changed_rows_internal.h"
#include "pipeline/expectation_checks_internal.h"

namespace slipway::pipeline {
namespace {

using config::ColumnChange;

std::vector<std::string> TextsOf(const data::Column& column) {
  std::vector<std::string> texts;
  for (int64_t row = 0; row < column.size(); ++row) texts.push_back(column.TextAt(row));
  return texts;
}

// The column of a model's input, of these values.
data::Column ColumnOf(const model::InputField& field,
                      const std::vector<const config::PlacedValue*>& values) {
  data::Column column;
  column.name = field.name;
  column.type = field.type;
  std::vector<std::string> texts;
  for (const config::PlacedValue* value : values) {
    const bool missing = value == nullptr || value->missing;
    if (IsCategory(field)) {
      texts.push_back(missing ? "" : CategoryOf(*value));
    } else {
      column.numbers.push_back(missing ? data::kMissingNumber
                                       : NumberOf(*value, field.type).value_or(0));
    }
  }
  return IsCategory(field) ? data::MakeCategoryColumn(field.name, texts) : column;
}

void Shuffle(Random& random, data::Column* column) {
  random.Shuffle(std::span(column->numbers));
  random.Shuffle(std::span(column->codes));
}

// `variant` chooses among the values that it is set to.
data::Column Changed(const data::Column& before, const model::InputField& field,
                     const ColumnChange& change, size_t variant, double deviation, Random& random) {
  if (change.kind == ColumnChange::Kind::kSet) {
    const config::PlacedValue& value = change.values[std::min(variant, change.values.size() - 1)];
    return ColumnOf(field, std::vector(static_cast<size_t>(before.size()), &value));
  }
  data::Column column = before;
  if (change.kind == ColumnChange::Kind::kShuffle) {
    Shuffle(random, &column);
    return column;
  }
  column.integral = false;
  for (double& number : column.numbers) {
    if (change.kind == ColumnChange::Kind::kAdd) number += change.amount;
    if (change.kind == ColumnChange::Kind::kAddDeviations) number += change.amount * deviation;
    if (change.kind == ColumnChange::Kind::kNoise)
      number += (2 * random.Uniform() - 1) * change.amount * deviation;
  }
  return column;
}

bool SameValue(const data::Column& a, const data::Column& b, int64_t row) {
  if (a.IsMissing(row) || b.IsMissing(row)) return a.IsMissing(row) == b.IsMissing(row);
  if (a.type == b.type && a.type != data::ColumnType::kCategory)
    return a.numbers[static_cast<size_t>(row)] == b.numbers[static_cast<size_t>(row)];
  return a.TextAt(row) == b.TextAt(row);
}

Result<Variant> AnswerVariant(const TestSubject& subject, const config::ChangedRows& changes,
                              const InputRows& rows, size_t number, uint64_t seed) {
  Variant variant;
  variant.rows = rows.table;
  variant.changed.assign(static_cast<size_t>(rows.table.rows), false);
  for (size_t i = 0; i < changes.changes.size(); ++i) {
    const ColumnChange& change = changes.changes[i];
    Random random(DeriveSeed(seed, (number << 16U) + i + 1));
    data::Column* column = variant.rows.Find(change.column.text);
    *column = Changed(*column, *FindInput(subject.schema(), change.column.text), change, number,
                      DeviationOf(subject, change.column.text), random);
    const data::Column& before = *rows.table.Find(change.column.text);
    for (int64_t row = 0; row < rows.table.rows; ++row) {
      if (!SameValue(before, *column, row)) variant.changed[static_cast<size_t>(row)] = true;
    }
  }
  SLIPWAY_ASSIGN_OR_RETURN(variant.answers,
                           subject.predictor().Predict(variant.rows, subject.threads));
  return variant;
}

// `count` of them, in their order.
std::vector<int64_t> Sample(std::vector<int64_t> rows, int64_t count, uint64_t seed) {
  if (std::ssize(rows) <= count) return rows;
  Random random(seed);
  random.Shuffle(std::span(rows));
  rows.resize(static_cast<size_t>(count));
  std::ranges::sort(rows);
  return rows;
}

Result<InputRows> ChooseRows(const TestSubject& subject, const config::Expectations& file,
                             const config::ChangedRows& changes, uint64_t seed) {
  if (changes.rows.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(std::vector<int64_t> rows, FilterRows(subject, changes.where));
    return RowsOfTable(subject, Sample(std::move(rows), changes.sample, DeriveSeed(seed, 0)));
  }
  SLIPWAY_ASSIGN_OR_RETURN(const auto rows, RowsByName(file, changes.rows));
  return RowsOfFile(rows, subject.schema());
}

}  // namespace

InputRows RowsOfTable(const TestSubject& subject, std::span<const int64_t> rows) {
  data::Table inputs;
  inputs.rows = subject.table.rows;
  for (const model::InputField& field : subject.schema().inputs) {
    const data::Column* column = subject.table.Find(field.name);
    // The predictor tells of one that is not there.
    if (column != nullptr) inputs.columns.push_back(*column);
  }
  InputRows chosen{data::SelectRows(inputs, rows), {}};
  for (size_t i = 0; i < chosen.table.columns.size(); ++i) {
    data::Column& column = chosen.table.columns[i];
    const model::InputField& field = *FindInput(subject.schema(), column.name);
    if (IsCategory(field)) column = data::MakeCategoryColumn(column.name, TextsOf(column));
  }
  for (const int64_t row : rows) chosen.names.push_back("row " + FormatCount(row + 1));
  return chosen;
}

Result<std::vector<const config::RowExpectation*>> RowsByName(
    const config::Expectations& file, const std::vector<config::PlacedText>& names) {
  std::vector<const config::RowExpectation*> rows;
  for (const config::PlacedText& name : names) {
    const auto found = std::ranges::find(file.rows, name.text, &config::RowExpectation::name);
    if (found == file.rows.end()) {
      std::vector<std::string> known;
      for (const config::RowExpectation& row : file.rows) known.push_back(row.name);
      return Error(ErrorCode::kInvalidInput, fmt::format("no row has the name '{}'", name.text))
          .At(name.at)
          .Expected(known.empty() ? "a name of one of rows" : JoinOr(known))
          .Try(NearestName(name.text, known));
    }
    rows.push_back(&*found);
  }
  return rows;
}

InputRows RowsOfFile(const std::vector<const config::RowExpectation*>& rows,
                     const model::ModelSchema& schema) {
  InputRows chosen;
  chosen.table.rows = std::ssize(rows);
  for (const model::InputField& field : schema.inputs) {
    std::vector<const config::PlacedValue*> values;
    for (const config::RowExpectation* row : rows) {
      const auto cell = std::ranges::find_if(row->features, [&](const config::PlacedCell& one) {
        return one.column.text == field.name;
      });
      values.push_back(cell == row->features.end() ? nullptr : &cell->value);
    }
    chosen.table.columns.push_back(ColumnOf(field, values));
  }
  for (const config::RowExpectation* row : rows) chosen.names.push_back(row->name);
  return chosen;
}

Result<std::vector<int64_t>> FilterRows(const TestSubject& subject,
                                        const config::PlacedText& where) {
  std::vector<int64_t> rows(static_cast<size_t>(subject.table.rows));
  std::iota(rows.begin(), rows.end(), 0);
  if (where.text.empty()) return rows;
  std::vector<data::ExpressionColumn> columns;
  data::Block block{0, subject.table.rows, {}};
  for (const data::Column& column : subject.table.columns) {
    columns.push_back({column.name, column.type});
    block.columns.push_back({column.type, column.numbers, column.codes, &column.categories});
  }
  const double now = std::chrono::duration<double>(SystemClock().Now().time_since_epoch()).count();
  const auto expression = data::CompiledExpression::Compile(where.text, columns, now);
  if (!expression.ok()) {
    return Error(ErrorCode::kInvalidInput, expression.error().message())
        .At(where.at)
        .Expected(expression.error().expected())
        .Try(expression.error().hint());
  }
  std::vector<data::Truth> truths(rows.size());
  expression->Evaluate(block, truths);
  std::erase_if(
      rows, [&](int64_t row) { return truths[static_cast<size_t>(row)] != data::Truth::kTrue; });
  return rows;
}

Result<ChangedAnswers> AnswerChanged(const TestSubject& subject, const config::Expectations& file,
                                     const config::ChangedRows& changes, uint64_t seed) {
  ChangedAnswers answers;
  SLIPWAY_ASSIGN_OR_RETURN(answers.rows, ChooseRows(subject, file, changes, seed));
  SLIPWAY_ASSIGN_OR_RETURN(answers.before,
                           subject.predictor().Predict(answers.rows.table, subject.threads));
  size_t variants = 1;
  for (const ColumnChange& change : changes.changes)
    variants = std::max(variants, change.values.size());
  for (size_t number = 0; number < variants; ++number) {
    SLIPWAY_ASSIGN_OR_RETURN(Variant variant,
                             AnswerVariant(subject, changes, answers.rows, number, seed));
    answers.variants.push_back(std::move(variant));
  }
  return answers;
}

std::string CellText(const data::Column& column, int64_t row) {
  if (column.IsMissing(row)) return "missing";
  if (column.type == data::ColumnType::kTimestamp)
    return FormatIsoTime(column.numbers[static_cast<size_t>(row)]);
  return Printable(column.TextAt(row));
}

std::string ChangesText(const InputRows& rows, const Variant& variant, int64_t row) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < rows.table.columns.size(); ++i) {
    const data::Column& before = rows.table.columns[i];
    const data::Column& after = variant.rows.columns[i];
    if (SameValue(before, after, row)) continue;
    parts.push_back(
        fmt::format("{} {} → {}", before.name, CellText(before, row), CellText(after, row)));
  }
  return Join(parts, ", ");
}

std::pair<std::string, std::string> AnswersApart(const GivenAnswer& a, const GivenAnswer& b,
                                                 const model::ModelSchema& schema) {
  if (a.all.regression()) {
    return gate::FormatApart(a.all.values[static_cast<size_t>(a.row)],
                             b.all.values[static_cast<size_t>(b.row)]);
  }
  // Of one label, whichever probability moved most.
  const int32_t labels[] = {a.all.labels[static_cast<size_t>(a.row)],
                            b.all.labels[static_cast<size_t>(b.row)]};
  int shown[] = {labels[0], labels[1]};
  const auto moved = [&](int cls) { return std::abs(a.Score(cls) - b.Score(cls)); };
  for (int cls = 0; cls < a.all.classes && labels[0] == labels[1]; ++cls) {
    if (moved(cls) > moved(shown[0])) shown[0] = shown[1] = cls;
  }
  const auto [first, second] = gate::FormatApart(a.Score(shown[0]), b.Score(shown[1]));
  const auto name = [&](int cls) { return schema.classes[static_cast<size_t>(cls)]; };
  return {name(shown[0]) + " " + first, name(shown[1]) + " " + second};
}

}  // namespace slipway::pipeline
