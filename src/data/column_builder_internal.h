// Columns out of pieces: each piece takes the values of one column in one block of rows, on any
// thread; MergePieces joins them in row order, so that the result does not depend on how the rows
// were cut or scheduled.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "data/dictionary_internal.h"
#include "data/reader.h"
#include "data/types.h"
#include "data/value_parser_internal.h"

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
  std::vector<Example> examples;  // At most ten, rows from 0 within the piece.

  void Add(int64_t row, std::string_view text);
};

// What a column's present values look like, as text. No value is both a number and a timestamp.
struct Evidence {
  int64_t present = 0;
  int64_t numbers = 0;
  int64_t timestamps = 0;

  // Numeric from 90 % numbers on, timestamp from 90 % timestamps on, else category; numeric without
  // any value.
  ColumnType Type() const;
  void Add(const Evidence& other);
};

class ColumnPiece {
 public:
  ColumnPiece(const ColumnPlan& plan, const MissingValues& missing)
      : type_(plan.type), forced_(plan.forced), missing_(&missing) {}

  // One value as text; trims it.
  void AddText(std::string_view raw);
  // One value of a column that is numeric or a timestamp in the file itself; NaN is missing.
  void AddNumber(double value);
  void AddMissing();
  // The number added last stands for `text`, which a double can't hold.
  void AddPrecisionLoss(std::string_view text) { precision_loss_.Add(rows() - 1, text); }

  // For values of files of our own, taken as they are.
  void AddNumbersAsTheyAre(std::span<const double> values);
  // The code of a category, to be added by AddCode; it is one of the column's categories from now
  // on.
  int32_t CodeAsItIs(std::string_view text) { return dictionary_.CodeOf(text); }
  // The same for a value of a foreign file: trims it, kMissingCode for a missing value.
  int32_t CodeOf(std::string_view raw);
  void AddCode(int32_t code) { codes_.push_back(code); }

  ColumnType type() const { return type_; }

  int64_t rows() const {
    return static_cast<int64_t>(type_ == ColumnType::kCategory ? codes_.size() : numbers_.size());
  }

 private:
  friend class ColumnMerger;

  void AddNumericText(std::string_view text);
  void AddTimestampText(std::string_view text);
  void AddUnreadable(std::string_view text);

  ColumnType type_;
  bool forced_;
  const MissingValues* missing_;
  std::vector<double> numbers_;
  std::vector<int32_t> codes_;
  Dictionary dictionary_;
  Evidence evidence_;  // Of category columns only `present`: their dictionary tells the rest.
  Findings unreadable_;
  Findings precision_loss_;
};

struct MergedColumn {
  Column column;
  std::vector<Issue> issues;
  // Set where the values speak against the planned type and nobody forced it: read the column again
  // as this.
  std::optional<ColumnType> better_type;
};

// Takes the values out of `pieces` as it goes, so that a column is in memory twice only for the
// piece at hand.
MergedColumn MergePieces(const ColumnPlan& plan, std::span<ColumnPiece* const> pieces);

}  // namespace slipway::data
