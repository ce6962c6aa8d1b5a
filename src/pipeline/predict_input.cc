#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/text.h"
#include "pipeline/predict_input_internal.h"

namespace slipway::pipeline {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

Error AtIds(std::string message) {
  Location location;
  location.field = "--id-columns";
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

// By code of the column: true for a text that is not among `known`.
std::vector<bool> UnknownCodes(const data::Column& column, const std::vector<std::string>& known) {
  const std::set<std::string_view> seen(known.begin(), known.end());
  std::vector<bool> unknown;
  for (const std::string& category : column.categories) {
    unknown.push_back(!category.empty() && !seen.contains(category));
  }
  return unknown;
}

}  // namespace

Status CheckIds(const std::vector<std::string>& ids, const model::ModelSchema& schema) {
  const std::vector<std::string> outputs = model::OutputNames(schema.classes);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (Contains(outputs, ids[i])) {
      return AtIds(fmt::format("'{}' is a column of the predictions", ids[i]));
    }
    if (std::find(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(i), ids[i]) !=
        ids.begin() + static_cast<std::ptrdiff_t>(i)) {
      return AtIds(fmt::format("'{}' is given twice", ids[i]));
    }
  }
  return {};
}

void AddInputTypes(const model::ModelSchema& schema, data::ReadOptions* read) {
  for (const model::InputField& field : schema.inputs) {
    switch (field.type) {
      case data::ColumnType::kNumeric: read->numeric_columns.push_back(field.name); break;
      case data::ColumnType::kCategory: read->categorical_columns.push_back(field.name); break;
      case data::ColumnType::kTimestamp: read->timestamp_columns.push_back(field.name); break;
    }
  }
}

data::ReadOptions ReadOptionsFor(const model::ModelSchema& schema, const PredictOptions& options) {
  data::ReadOptions read;
  read.missing_values = schema.missing_values;
  read.threads = options.threads;
  for (const model::InputField& field : schema.inputs) read.columns.push_back(field.name);
  AddInputTypes(schema, &read);
  for (const std::string& id : options.id_columns) {
    if (Contains(read.columns, id)) continue;
    read.columns.push_back(id);
    read.categorical_columns.push_back(id);
  }
  return read;
}

// All values that can't be read at once, each with its first row. A warning stops nothing.
Status CheckReadable(const std::vector<data::Issue>& issues, const std::string& path,
                     ProgressSink& progress) {
  std::optional<Error> unreadable;
  for (const data::Issue& issue : issues) {
    if (issue.severity == data::Severity::kWarning) {
      progress.Warn(issue.message);
      continue;
    }
    Location location;
    location.file = path;
    location.field = issue.column;
    std::string message = issue.message;
    if (!issue.examples.empty()) {
      location.row = issue.examples.front().row;
      message = fmt::format("can't read '{}'", issue.examples.front().value);
      if (issue.count > 1)
        message += fmt::format(", one of {} such values", FormatCount(issue.count));
    }
    Error error = Error(ErrorCode::kInvalidInput, std::move(message))
                      .At(std::move(location))
                      .Expected("a value of the type that the model was trained on");
    unreadable = unreadable ? std::move(*unreadable).Also(std::move(error)) : std::move(error);
  }
  if (unreadable) return *std::move(unreadable);
  return {};
}

UnknownTally::UnknownTally(const data::Table& table, const model::ModelSchema& schema)
    : inputs_(schema.inputs.size()) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const model::InputField& field = schema.inputs[i];
    const data::Column* column = table.Find(field.name);
    inputs_[i].told.column = field.name;
    if (field.type != data::ColumnType::kCategory || field.any_category || column == nullptr ||
        column->type != data::ColumnType::kCategory) {
      continue;
    }
    const std::vector<bool> unknown = UnknownCodes(*column, field.categories);
    if (std::ranges::count(unknown, true) == 0) continue;
    UnknownCategories& told = inputs_[i].told;
    for (int64_t row = 0; row < column->size(); ++row) {
      const int32_t code = column->codes[static_cast<size_t>(row)];
      if (code == data::kMissingCode || !unknown[static_cast<size_t>(code)]) continue;
      inputs_[i].different.insert(column->TextAt(row));
      if (told.rows++ > 0) continue;
      told.row = row + 1;
      told.example = column->TextAt(row);
    }
  }
}

void UnknownTally::Add(const UnknownTally& later, int64_t first_row) {
  if (inputs_.empty()) inputs_.resize(later.inputs_.size());
  for (size_t i = 0; i < later.inputs_.size(); ++i) {
    const UnknownCategories& from = later.inputs_[i].told;
    UnknownCategories& told = inputs_[i].told;
    told.column = from.column;
    if (from.rows == 0) continue;
    if (told.rows == 0) {
      told.example = from.example;
      told.row = first_row + from.row;
    }
    told.rows += from.rows;
    inputs_[i].different.insert(later.inputs_[i].different.begin(),
                                later.inputs_[i].different.end());
  }
}

std::vector<UnknownCategories> UnknownTally::Finish() const {
  std::vector<UnknownCategories> found;
  for (const OfInput& input : inputs_) {
    if (input.told.rows == 0) continue;
    found.push_back(input.told);
    found.back().categories = std::ssize(input.different);
  }
  return found;
}

void WarnOfUnknown(const std::vector<UnknownCategories>& unknown, const std::string& path,
                   ProgressSink& progress) {
  for (const UnknownCategories& one : unknown) {
    progress.Warn(fmt::format(
        "{}: {}: {} {} that training did not have, first '{}' in row {}; the model takes {} as "
        "unknown",
        path, one.column, Plural(one.rows, "row has", "rows have"),
        one.categories == 1 ? "a category"
                            : fmt::format("{} categories", FormatCount(one.categories)),
        one.example, one.row, one.categories == 1 ? "it" : "them"));
  }
}

}  // namespace slipway::pipeline
