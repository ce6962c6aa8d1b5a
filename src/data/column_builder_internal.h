// Columns out of pieces: each piece takes the values of one column in one block of rows, on any
// thread; MergePieces joins them in row order, so that the result does not depend on how the rows
// were cut or scheduled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "data/block.h"
#include "data/column_tally_internal.h"
#include "data/dictionary_internal.h"
#include "data/types.h"
#include "data/value_parser.h"

namespace slipway::data {

class ColumnPiece {
 public:
  // `rules` must outlive it.
  ColumnPiece(const ColumnPlan& plan, const ValueRules& rules)
      : type_(plan.type), forced_(plan.forced), rules_(&rules) {}

  // One value as text; trims it.
  void AddText(std::string_view raw);
  // One value of a column that is numeric or a timestamp in the file itself; NaN is missing.
  void AddNumber(double value);
  void AddMissing();
  // The number added last stands for `text`, which a double can't hold.
  void AddPrecisionLoss(std::string_view text) { tally_.precision_loss.Add(rows() - 1, text); }

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

  // Call once, when all values are in: what is told of them. Texts that are not UTF-8 are repaired
  // from now on.
  const ColumnTally& Finish();
  // The values, for as long as the piece lives; after Finish.
  ColumnView View() const;

 private:
  friend class ColumnMerger;

  void AddNumericText(std::string_view text);
  void AddTimestampText(std::string_view text);
  void AddUnreadable(std::string_view text);
  void FinishCategories();

  ColumnType type_;
  bool forced_;
  const ValueRules* rules_;
  std::vector<double> numbers_;
  std::vector<int32_t> codes_;
  Dictionary dictionary_;
  std::vector<std::string> texts_;  // Of the dictionary, repaired; filled by Finish.
  ColumnTally tally_;
};

struct MergedColumn {
  Column column;
  ColumnVerdict verdict;
};

// Takes the values out of `pieces` as it goes, so that a column is in memory twice only for the
// piece at hand. Finishes pieces that are not yet.
MergedColumn MergePieces(const ColumnPlan& plan, std::span<ColumnPiece* const> pieces);

}  // namespace slipway::data
