// Whether what a file expects fits the model and the table, and what its values are there. Errors
// name the places in the file.
#pragma once

#include <optional>
#include <string>

#include "config/expectations.h"
#include "core/result.h"
#include "model/types.h"
#include "pipeline/model_test_internal.h"

namespace slipway::pipeline {

// Null where the model has no such input.
const model::InputField* FindInput(const model::ModelSchema& schema, const std::string& name);
bool IsCategory(const model::InputField& field);
// The text that a value is in a category column, as readers of tables take it.
std::string CategoryOf(const config::PlacedValue& value);
// The class that a label names; where it is a boolean, in any case.
std::optional<size_t> FindClass(const model::ModelSchema& schema, const std::string& label);
// The number that a value stands for in a column of numbers or times; NaN for missing.
std::optional<double> NumberOf(const config::PlacedValue& value, data::ColumnType type);
// Of a column of the table; 0 where it is not known.
double DeviationOf(const TestSubject& subject, const std::string& column);

// Whether the model has the column, and the value is of its type.
Status CheckColumn(const config::PlacedText& column, const model::ModelSchema& schema);
Status CheckCell(const config::PlacedText& column, const config::PlacedValue& value,
                 const model::ModelSchema& schema);
// Whether it is one of the model's classes.
Status CheckLabel(const config::PlacedText& label, const model::ModelSchema& schema);

// Also that what is added to varies, and that the filter is an expression.
Status CheckChanges(const config::ChangedRows& changes, const TestSubject& subject);
// Whether it is an expression on the table, where that is fit to be asked.
Status CheckFilter(const TestSubject& subject, const config::PlacedText& where);

// A text that training did not have, of which the model knows nothing, is likely a slip of the pen:
// says so, with the nearest that it had.
std::optional<std::string> UnknownCategoryNote(const config::PlacedText& column,
                                               const config::PlacedValue& value,
                                               const model::ModelSchema& schema);

}  // namespace slipway::pipeline
