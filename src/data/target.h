// The column to predict, as class indices (or numbers).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

enum class Task { kClassification, kRegression };
const char* ToString(Task task);

struct Target {
  std::string column;
  Task task = Task::kClassification;
  // Class index → label as text. Numbers in numeric order, text in byte order.
  std::vector<std::string> labels;
  bool integer_labels = false;   // Labels are whole numbers: the model answers with int64.
  int positive = -1;             // Index of the positive class of two, -1 otherwise.
  std::vector<int32_t> classes;  // One a row, classification only.
  std::vector<double> values;    // One a row, regression only.

  int class_count() const { return static_cast<int>(labels.size()); }
  int64_t rows() const {
    return static_cast<int64_t>(task == Task::kClassification ? classes.size() : values.size());
  }
};

// What the target is in these rows, in their order.
Target SelectRows(const Target& target, std::span<const int64_t> rows);

// How often each label of a column occurs, in the order of Target::labels; missing ones are not
// counted.
struct LabelCount {
  std::string label;
  double number = 0;  // The label of a numeric column.
  int32_t code = 0;   // The label of a category column.
  int64_t count = 0;
};
std::vector<LabelCount> CountLabels(const Column& column);

// What `auto` means for a target column: classification for text and for whole numbers with at most
// 20 values.
Task GuessTask(const Column& column);
Task GuessTask(const ColumnProfile& column);

// `auto` is classification for text and for whole numbers with at most 20 values. kInvalidInput for
// a missing label (with its row), one class only, or a positive class that does not occur.
Result<Target> EncodeTarget(const Table& table, const config::DataConfig& data,
                            const std::string& task);

}  // namespace slipway::data
