// What is told of a column's values besides the values: kinds of findings, counted, with the first
// of them, and what the texts look like. Tallies of blocks append in row order, so that the result
// does not depend on how the rows were cut or scheduled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/types.h"
#include "data/value_parser.h"

namespace slipway::data {

// What is known of a column before its values are read.
struct ColumnPlan {
  std::string name;
  int source = 0;  // Its index in the file.
  ColumnType type = ColumnType::kNumeric;
  bool forced =
      false;  // The user or the file's own types said so: values that do not fit are unreadable.
};

// A kind of finding: how often, and where first.
struct Findings {
  int64_t count = 0;
  bool one_text = true;           // Every finding is the same text.
  std::vector<Example> examples;  // At most ten, rows from 0.

  void Add(int64_t row, std::string_view text);
  // Findings of the rows that follow the first `rows`.
  void Append(const Findings& next, int64_t rows);
};

// What a column's present values look like, as text. No value is both a number and a timestamp.
struct Evidence {
  int64_t present = 0;
  int64_t numbers = 0;
  int64_t timestamps = 0;

  // Numeric from 90 % numbers on, timestamp from 90 % timestamps on, else category; numeric without
  // any value.
  ColumnType Type() const;
  // One more value, trimmed.
  void Look(std::string_view text, const ValueRules& rules);
  void Add(const Evidence& other);
};

struct ColumnTally {
  int64_t rows = 0;
  Evidence evidence;
  Findings unreadable;
  Findings precision_loss;
  // Of a column read as text.
  Findings invalid_utf8;
  Findings no_numbers;  // Values that are no numbers.
  Findings no_times;
  Findings decimal_commas;

  void Append(const ColumnTally& next);
};

// The verdict on a column once all of it was seen.
struct ColumnVerdict {
  std::vector<Issue> issues;
  // Set where the values speak against the planned type and nobody forced it: read the column again
  // as this.
  std::optional<ColumnType> better_type;
};
ColumnVerdict Judge(const ColumnPlan& plan, const ColumnTally& tally);

}  // namespace slipway::data
