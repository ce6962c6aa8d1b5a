#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "core/time_text.h"
#include "data/category_column.h"
#include "pipeline/changed_rows_internal.h"
#include "pipeline/expectation_checks_internal.h"

namespace slipway::pipeline {

using config::ColumnChange;

const model::InputField* FindInput(const model::ModelSchema& schema, const std::string& name) {
  const auto found = std::ranges::find(schema.inputs, name, &model::InputField::name);
  return found == schema.inputs.end() ? nullptr : &*found;
}

bool IsCategory(const model::InputField& field) {
  return field.type == data::ColumnType::kCategory;
}

std::optional<double> NumberOf(const config::PlacedValue& value, data::ColumnType type) {
  if (value.missing) return data::kMissingNumber;
  // A plain number would be seconds since 1970, and 2019 is meant as a year.
  if (type == data::ColumnType::kTimestamp) return ParseIsoTime(value.text);
  return value.number;
}

std::string CategoryOf(const config::PlacedValue& value) {
  return std::string(data::CanonicalBoolean(value.text));
}

std::optional<size_t> FindClass(const model::ModelSchema& schema, const std::string& label) {
  for (const std::string_view text : {std::string_view(label), data::CanonicalBoolean(label)}) {
    const auto found = std::ranges::find(schema.classes, text);
    if (found != schema.classes.end()) return static_cast<size_t>(found - schema.classes.begin());
  }
  return std::nullopt;
}

double DeviationOf(const TestSubject& subject, const std::string& column) {
  const auto& profiles = subject.dataset.profiles;
  const auto found = std::ranges::find(profiles, column, &data::ColumnProfile::name);
  if (found == profiles.end() || found->type == data::ColumnType::kCategory) return 0;
  const int64_t present = found->count - found->missing - found->infinite;
  return present <= 0 ? 0 : std::sqrt(found->m2 / static_cast<double>(present));
}

Status CheckColumn(const config::PlacedText& column, const model::ModelSchema& schema) {
  if (FindInput(schema, column.text) != nullptr) return {};
  std::vector<std::string> names;
  for (const model::InputField& field : schema.inputs) names.push_back(field.name);
  return Error(ErrorCode::kInvalidInput,
               fmt::format("the model has no input '{}'", Printable(column.text)))
      .At(column.at)
      .Expected(JoinOr(names))
      .Try(NearestName(column.text, names));
}

Status CheckCell(const config::PlacedText& column, const config::PlacedValue& value,
                 const model::ModelSchema& schema) {
  SLIPWAY_RETURN_IF_ERROR(CheckColumn(column, schema));
  const model::InputField& field = *FindInput(schema, column.text);
  if (IsCategory(field) || NumberOf(value, field.type)) return {};
  return Error(ErrorCode::kInvalidInput,
               fmt::format("'{}' is no value of '{}'", Printable(value.text), field.name))
      .At(value.at)
      .Expected(field.type == data::ColumnType::kTimestamp
                    ? "a date or time such as 2019-01-31 or 2019-01-31T08:00Z, or null"
                    : "a number, or null");
}

Status CheckLabel(const config::PlacedText& label, const model::ModelSchema& schema) {
  if (schema.classes.empty()) {
    return Error(ErrorCode::kInvalidInput, "the model estimates a number and has no classes")
        .At(label.at)
        .Expected("prediction");
  }
  if (FindClass(schema, label.text)) return {};
  return Error(ErrorCode::kInvalidInput,
               fmt::format("the model has no class '{}'", Printable(label.text)))
      .At(label.at)
      .Expected(JoinOr(schema.classes))
      .Try(NearestName(label.text, schema.classes));
}

Status CheckChanges(const config::ChangedRows& changes, const TestSubject& subject) {
  const model::ModelSchema& schema = subject.schema();
  for (const ColumnChange& change : changes.changes) {
    SLIPWAY_RETURN_IF_ERROR(CheckColumn(change.column, schema));
    for (const config::PlacedValue& value : change.values)
      SLIPWAY_RETURN_IF_ERROR(CheckCell(change.column, value, schema));
    if (change.kind == ColumnChange::Kind::kSet || change.kind == ColumnChange::Kind::kShuffle)
      continue;
    if (IsCategory(*FindInput(schema, change.column.text))) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("'{}' is a category, to which nothing is added", change.column.text))
          .At(change.column.at)
          .Expected("a value, a list of values, or {shuffle: true}");
    }
    if (change.kind != ColumnChange::Kind::kAdd && subject.dataset.passed &&
        !(DeviationOf(subject, change.column.text) > 0)) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("'{}' does not vary in the table", change.column.text))
          .At(change.column.at)
          .Expected("a value, or {add: …}");
    }
  }
  return CheckFilter(subject, changes.where);
}

Status CheckFilter(const TestSubject& subject, const config::PlacedText& where) {
  // What a table that is not fit lacks is no mistake of the file: the test is skipped.
  if (where.text.empty() || !subject.dataset.passed) return {};
  const auto rows = FilterRows(subject, where);
  return rows.ok() ? Status() : rows.error();
}

std::optional<std::string> UnknownCategoryNote(const config::PlacedText& column,
                                               const config::PlacedValue& value,
                                               const model::ModelSchema& schema) {
  const model::InputField* field = FindInput(schema, column.text);
  if (field == nullptr || !IsCategory(*field) || field->any_category || value.missing)
    return std::nullopt;
  const std::string text = CategoryOf(value);
  if (std::ranges::find(field->categories, text) != field->categories.end()) return std::nullopt;
  const std::string nearest = NearestName(text, field->categories);
  return fmt::format("{}: training had no '{}'{}", field->name, Printable(text),
                     nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest));
}

}  // namespace slipway::pipeline
