// A schema to begin with, from what was seen of a table. People edit it afterwards: what is
// uncertain is left out rather than guessed. docs/data.md has the rules in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/table_schema.h"
#include "data/types.h"

namespace slipway::data {

// What was seen of one column. Lengths are code points.
struct ColumnFacts {
  std::string name = {};
  ColumnType type = ColumnType::kNumeric;
  bool integral = false;  // Numeric, and every value is a whole number.
  int64_t count = 0;      // All rows.
  int64_t missing = 0;
  double distinct = 0;  // Of present values.
  bool distinct_exact = false;
  double min = 0, max = 0;  // Of present numbers and times.
  // Of texts: all of them, or some where `categories_complete` is false.
  std::vector<CategoryCount> categories = {};
  bool categories_complete = false;
  int64_t min_length = 0, max_length = 0;
  // Distinct texts, up to about 1,000, the same ones for the same table.
  std::vector<std::string> sample = {};
};

struct InferenceOptions {
  // Seconds since the epoch: times up to it get `max: now`. 0 where it is not known: no `max`.
  double now = 0;
};

// One column of the schema for each of `facts`, in their order. No checks between columns.
config::TableSchema InferSchema(const std::vector<ColumnFacts>& facts,
                                const InferenceOptions& options = {});

// The expression that all of `samples` match, for identifiers, addresses, dates and codes of one
// shape: "AB-1234" → "^[A-Z]{2}-[0-9]{4}$". "" for fewer than 20 samples and where there is no
// shape.
std::string InferPattern(const std::vector<std::string>& samples);

}  // namespace slipway::data
