#include "data/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "core/text.h"
#include "data/category_column.h"
#include "data/messages_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

// Whole numbers with at most this many values are taken for classes.
constexpr size_t kMaxGuessedClasses = 20;

std::vector<LabelCount> CountCategoryLabels(const Column& column) {
  std::vector<LabelCount> labels(column.categories.size());
  for (size_t code = 0; code < labels.size(); ++code) {
    labels[code].label = column.categories[code];
    labels[code].code = static_cast<int32_t>(code);
  }
  for (const int32_t code : column.codes) {
    if (code != kMissingCode) ++labels[static_cast<size_t>(code)].count;
  }
  std::erase_if(labels, [](const LabelCount& label) { return label.count == 0; });
  return labels;
}

std::vector<LabelCount> CountNumberLabels(const Column& column) {
  std::unordered_map<double, size_t> index;
  std::vector<LabelCount> labels;
  for (size_t row = 0; row < column.numbers.size(); ++row) {
    const double number = column.numbers[row] + 0.0;  // -0 is 0.
    if (std::isnan(number)) continue;
    const auto [place, added] = index.try_emplace(number, labels.size());
    if (added) {
      labels.push_back(
          {.label = fmt::format("{}", number), .number = number, .code = 0, .count = 0});
    }
    ++labels[place->second].count;
  }
  std::ranges::sort(labels, {}, &LabelCount::number);
  return labels;
}

// The label's index, or -1. Numbers are compared as numbers: "1.0" names 1; "true" names "True".
int FindLabel(const std::vector<LabelCount>& labels, const std::string& wanted, bool numeric) {
  const std::optional<double> number = numeric ? ParseNumber(Trim(wanted)) : std::nullopt;
  for (size_t i = 0; i < labels.size(); ++i) {
    const bool equal =
        number ? labels[i].number == *number
               : labels[i].label == wanted || labels[i].label == CanonicalBoolean(wanted);
    if (equal) return static_cast<int>(i);
  }
  return -1;
}

std::vector<std::string> NamesOf(const std::vector<LabelCount>& labels) {
  std::vector<std::string> names;
  names.reserve(labels.size());
  for (const LabelCount& label : labels) names.push_back(label.label);
  return names;
}

// The contract's rule: the configured class, else 1, true or yes in any case, else the last of two.
Result<int> FindPositive(const std::vector<LabelCount>& labels, const Column& column,
                         const std::string& configured) {
  const bool numeric = column.type != ColumnType::kCategory;
  if (!configured.empty()) {
    const int found = FindLabel(labels, configured, numeric);
    if (found < 0) {
      return UnknownName(
          fmt::format("the positive class '{}' does not occur in '{}'", configured, column.name),
          "data.positive_class", configured, NamesOf(labels));
    }
    return labels.size() == 2 ? found : -1;
  }
  if (labels.size() != 2) return -1;
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string label = ToLower(labels[i].label);
    if (label == "1" || label == "true" || label == "yes") return static_cast<int>(i);
  }
  return 1;
}

Status CheckNoneMissing(const Column& column) {
  for (int64_t row = 0; row < column.size(); ++row) {
    if (!column.IsMissing(row)) continue;
    const int64_t others = column.CountMissing() - 1;
    return Error(ErrorCode::kInvalidInput,
                 others == 0 ? std::string("the label is missing")
                             : fmt::format("the label is missing, here and in {}",
                                           Plural(others, "further row", "further rows")))
        .At(AtRow(row + 1, column.name))
        .Expected("a label in every row")
        .Try("removing such rows, or another data.target_column");
  }
  return {};
}

Result<Target> EncodeClasses(const Column& column, const config::DataConfig& data, Target target) {
  const std::vector<LabelCount> labels = CountLabels(column);
  if (labels.size() < 2) {
    return Error(ErrorCode::kInvalidInput,
                 labels.empty()
                     ? fmt::format("the target column '{}' has no rows", column.name)
                     : fmt::format("the target column '{}' has one class only, '{}' in all of {}",
                                   column.name, labels.front().label,
                                   Plural(labels.front().count, "row", "rows")))
        .At(AtField(column.name))
        .Expected("at least two classes");
  }
  SLIPWAY_ASSIGN_OR_RETURN(target.positive, FindPositive(labels, column, data.positive_class));
  target.labels = NamesOf(labels);
  target.integer_labels = column.type != ColumnType::kCategory && column.integral;
  target.classes.resize(static_cast<size_t>(column.size()));
  if (column.type == ColumnType::kCategory) {
    std::vector<int32_t> class_of(column.categories.size());
    for (size_t i = 0; i < labels.size(); ++i) {
      class_of[static_cast<size_t>(labels[i].code)] = static_cast<int32_t>(i);
    }
    std::ranges::transform(column.codes, target.classes.begin(),
                           [&](int32_t code) { return class_of[static_cast<size_t>(code)]; });
    return target;
  }
  std::ranges::transform(column.numbers, target.classes.begin(), [&](double number) {
    const auto found = std::ranges::lower_bound(labels, number, {}, &LabelCount::number);
    return static_cast<int32_t>(found - labels.begin());
  });
  return target;
}

Result<Target> EncodeValues(const Column& column, Target target) {
  if (column.type == ColumnType::kCategory) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the target column '{}' holds text, which regression can't predict",
                             column.name))
        .At(AtField("model.task"))
        .Expected("a column of numbers")
        .Try("task: classification");
  }
  for (size_t row = 0; row < column.numbers.size(); ++row) {
    if (std::isfinite(column.numbers[row])) continue;
    return Error(ErrorCode::kInvalidInput, "the target is infinite")
        .At(AtRow(static_cast<int64_t>(row) + 1, column.name))
        .Expected("a finite number");
  }
  target.values = column.numbers;
  return target;
}

Result<Task> ParseTask(const std::string& name, const Column& column) {
  if (name == "auto") return GuessTask(column);
  for (const Task task : {Task::kClassification, Task::kRegression}) {
    if (name == ToString(task)) return task;
  }
  return UnknownName(fmt::format("unknown task '{}'", name), "model.task", name,
                     {"auto", "classification", "regression"});
}

}  // namespace

const char* ToString(Task task) {
  return task == Task::kClassification ? "classification" : "regression";
}

std::vector<LabelCount> CountLabels(const Column& column) {
  return column.type == ColumnType::kCategory ? CountCategoryLabels(column)
                                              : CountNumberLabels(column);
}

Target SelectRows(const Target& target, std::span<const int64_t> rows) {
  Target selected = {.column = target.column,
                     .task = target.task,
                     .labels = target.labels,
                     .integer_labels = target.integer_labels,
                     .positive = target.positive,
                     .classes = {},
                     .values = {}};
  const auto select = [&](const auto& from, auto* to) {
    to->reserve(rows.size());
    for (const int64_t row : rows) to->push_back(from[static_cast<size_t>(row)]);
  };
  target.task == Task::kClassification ? select(target.classes, &selected.classes)
                                       : select(target.values, &selected.values);
  return selected;
}

Task GuessTask(const Column& column) {
  if (column.type == ColumnType::kCategory) return Task::kClassification;
  if (column.type == ColumnType::kTimestamp || !column.integral) return Task::kRegression;
  std::vector<double> seen;
  for (const double number : column.numbers) {
    if (std::isnan(number) || std::ranges::find(seen, number) != seen.end()) continue;
    seen.push_back(number);
    if (seen.size() > kMaxGuessedClasses) return Task::kRegression;
  }
  return Task::kClassification;
}

Task GuessTask(const ColumnProfile& column) {
  if (column.type == ColumnType::kCategory) return Task::kClassification;
  const bool few = column.integral && column.distinct <= static_cast<int64_t>(kMaxGuessedClasses);
  return few && column.type == ColumnType::kNumeric ? Task::kClassification : Task::kRegression;
}

Result<Target> EncodeTarget(const Table& table, const config::DataConfig& data,
                            const std::string& task) {
  const Column* column = table.Find(data.target_column);
  if (column == nullptr) {
    return UnknownName(fmt::format("the data has no target column '{}'", data.target_column),
                       "data.target_column", data.target_column, ColumnNames(table));
  }
  Target target;
  target.column = column->name;
  SLIPWAY_ASSIGN_OR_RETURN(target.task, ParseTask(task, *column));
  SLIPWAY_RETURN_IF_ERROR(CheckNoneMissing(*column));
  return target.task == Task::kClassification ? EncodeClasses(*column, data, std::move(target))
                                              : EncodeValues(*column, std::move(target));
}

}  // namespace slipway::data
