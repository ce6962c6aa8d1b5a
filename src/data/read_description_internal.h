// What was read, as text that tests compare.
#pragma once

#include <string>

#include "data/reader.h"

namespace slipway::data {

// One line a column: name, type, values, so that a difference shows itself.
inline std::string Describe(const ReadResult& result) {
  std::string text;
  for (const Column& column : result.table.columns) {
    text += column.name + " " + ToString(column.type) + (column.integral ? " integral:" : ":");
    for (int64_t row = 0; row < column.size(); ++row) {
      text += column.IsMissing(row) ? " ~" : " " + column.TextAt(row);
    }
    text += '\n';
  }
  for (const Issue& issue : result.issues) {
    text += issue.kind + " " + issue.message + " " + std::to_string(issue.count);
    for (const Example& example : issue.examples) {
      text += " " + std::to_string(example.row) + "=" + example.value;
    }
    text += '\n';
  }
  return text;
}

}  // namespace slipway::data
