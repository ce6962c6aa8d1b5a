// What a project expects of its model's answers: single rows, what may not matter, which way it
// goes, and metrics of a part of the rows. docs/testing.md documents the format of the file.
//
// Plain values. Columns, classes and filters are kept as text with their places, because only who
// has the model and the table knows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"

namespace slipway::config {

struct PlacedText {
  std::string text = {};
  Location at = {};
};

// A value as it is written; whoever knows the column's type reads it.
struct PlacedValue {
  std::string text = {};              // Of a value that is there.
  std::optional<double> number = {};  // Where the text is one and not quoted.
  bool missing = false;               // null.
  Location at = {};
};

struct PlacedCell {
  PlacedText column = {};
  PlacedValue value = {};
};

// Both ends included.
struct ProbabilityRange {
  PlacedText label = {};
  double min = 0;
  double max = 1;
};

struct RowExpectation {
  std::string name = {};
  Location at = {};
  std::vector<PlacedCell> features = {};  // Those left out are missing.
  // At least one of these three.
  std::optional<PlacedValue> label = {};
  std::vector<ProbabilityRange> probabilities = {};
  std::optional<double> prediction = {};  // Of a regression, within `tolerance`.
  double tolerance = 1e-6;
  Location prediction_at = {};
};

// What becomes of a column's value.
struct ColumnChange {
  enum class Kind {
    kSet,            // One of `values`, each in turn.
    kAdd,            // `amount` more.
    kAddDeviations,  // So many standard deviations more.
    kNoise,          // Drawn evenly from within so many deviations around it.
    kShuffle,        // That of another row.
  };
  PlacedText column = {};
  Kind kind = Kind::kSet;
  std::vector<PlacedValue> values = {};
  double amount = 0;
};

// Rows of the table or of the file, and what is changed in them.
struct ChangedRows {
  std::string name = {};
  Location at = {};
  std::vector<ColumnChange> changes = {};  // All at once.
  PlacedText where = {};                   // A filter; "" for all rows.
  int64_t sample = 1000;                   // So many at most.
  std::vector<PlacedText> rows = {};       // Names of `rows` of the file, instead of the table's.
  double share = 1;                        // Of the rows, that must hold.
};

struct InvarianceExpectation {
  ChangedRows rows = {};
  // How far a score, or the prediction, may move; without it the label must stay.
  std::optional<double> tolerance = {};
};

enum class Direction { kRise, kFall, kNotRise, kNotFall };
const char* ToString(Direction direction);  // "rise", "fall", "not_rise", "not_fall"

struct DirectionalExpectation {
  ChangedRows rows = {};
  PlacedText label = {};  // Whose probability; "" for a regression's prediction.
  Direction direction = Direction::kRise;
  double tolerance = 0;  // What counts as no change.
};

struct MetricExpectation {
  std::string name = {};
  Location at = {};
  PlacedText where = {};
  bool all_rows = false;  // Else those of the test part.
  std::string metric = {};
  double limit = 0;  // At least; at most where lower is better.
  Location limit_at = {};
};

struct Expectations {
  std::string file = {};
  uint64_t seed = 42;  // Of samples, noise and shuffles.
  std::vector<RowExpectation> rows = {};
  std::vector<InvarianceExpectation> invariance = {};
  std::vector<DirectionalExpectation> directional = {};
  std::vector<MetricExpectation> metrics = {};
};

// All mistakes at once, in file order, as one Error with others(). Reads at most 64 MB.
Result<Expectations> LoadExpectations(const std::string& path);
// `file` is what errors name.
Result<Expectations> ParseExpectations(const std::string& text, const std::string& file);

}  // namespace slipway::config
