#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "data/category_column.h"
#include "data/column_builder_internal.h"

namespace slipway::data {
namespace {

// Notes the first rows of one kind of finding in a column of codes.
void FindRows(std::span<const int32_t> codes, const std::vector<bool>& found,
              const std::vector<std::string>& texts, Findings& findings) {
  if (std::ranges::find(found, true) == found.end()) return;
  for (size_t row = 0; row < codes.size(); ++row) {
    const int32_t code = codes[row];
    if (code == kMissingCode || !found[static_cast<size_t>(code)]) continue;
    findings.Add(static_cast<int64_t>(row), texts[static_cast<size_t>(code)]);
  }
}

}  // namespace

void ColumnPiece::AddText(std::string_view raw) {
  const std::string_view text = TrimValue(raw);
  if (rules_->missing.Contains(text)) return AddMissing();
  switch (type_) {
    case ColumnType::kNumeric: ++tally_.evidence.present; return AddNumericText(text);
    case ColumnType::kTimestamp: ++tally_.evidence.present; return AddTimestampText(text);
    case ColumnType::kCategory:
      codes_.push_back(dictionary_.CodeOf(CanonicalBoolean(text)));
      return;
  }
}

void ColumnPiece::AddNumber(double value) {
  if (std::isinf(value)) return AddUnreadable(fmt::format("{}", value));
  if (type_ == ColumnType::kNumeric && rules_->missing.ContainsNumber(value)) return AddMissing();
  numbers_.push_back(value);
}

void ColumnPiece::AddNumbersAsTheyAre(std::span<const double> values) {
  numbers_.insert(numbers_.end(), values.begin(), values.end());
}

int32_t ColumnPiece::CodeOf(std::string_view raw) {
  const std::string_view text = TrimValue(raw);
  return rules_->missing.Contains(text) ? kMissingCode : dictionary_.CodeOf(CanonicalBoolean(text));
}

void ColumnPiece::AddMissing() {
  if (type_ == ColumnType::kCategory) {
    codes_.push_back(kMissingCode);
  } else {
    numbers_.push_back(kMissingNumber);
  }
}

void ColumnPiece::AddNumericText(std::string_view text) {
  const std::optional<double> number = rules_->Number(text);
  if (!number) {
    if (!forced_ && ParseTimestamp(text)) ++tally_.evidence.timestamps;
    return AddUnreadable(text);
  }
  if (rules_->missing.ContainsNumber(*number)) {
    --tally_.evidence.present;
    return AddMissing();
  }
  ++tally_.evidence.numbers;
  numbers_.push_back(*number);
  if (LosesPrecision(text, *number)) AddPrecisionLoss(text);
}

void ColumnPiece::AddTimestampText(std::string_view text) {
  if (const std::optional<double> time = ParseTimestamp(text)) {
    ++tally_.evidence.timestamps;
    numbers_.push_back(*time);
    return;
  }
  const std::optional<double> number = rules_->Number(text);
  if (number) ++tally_.evidence.numbers;
  // Whoever says that a column of numbers is one of times means seconds since the epoch.
  if (number && forced_) {
    numbers_.push_back(*number);
  } else {
    AddUnreadable(text);
  }
}

void ColumnPiece::AddUnreadable(std::string_view text) {
  tally_.unreadable.Add(rows(), text);
  numbers_.push_back(kMissingNumber);
}

const ColumnTally& ColumnPiece::Finish() {
  if (tally_.rows == rows()) return tally_;
  tally_.rows = rows();
  if (type_ == ColumnType::kCategory) FinishCategories();
  return tally_;
}

// Each text is looked at once, whatever number of rows has it.
void ColumnPiece::FinishCategories() {
  const auto size = static_cast<size_t>(dictionary_.size());
  std::vector<int64_t> counts(size);
  for (const int32_t code : codes_) {
    if (code != kMissingCode) ++counts[static_cast<size_t>(code)];
  }
  std::vector<bool> invalid(size), no_number(size), no_time(size), comma(size);
  std::vector<std::string> raw;
  for (size_t code = 0; code < size; ++code) {
    const std::string_view text = dictionary_.TextOf(static_cast<int32_t>(code));
    invalid[code] = !IsValidUtf8(text);
    if (invalid[code] && raw.empty()) raw.resize(size);
    if (invalid[code]) raw[code] = text;
    texts_.push_back(invalid[code] ? ReplaceInvalidUtf8(text) : std::string(text));
    if (forced_) continue;
    tally_.evidence.present += counts[code];
    no_number[code] = !rules_->Number(text);
    no_time[code] = no_number[code] && !ParseTimestamp(text);
    comma[code] = no_number[code] && HasDecimalComma(text);
    if (!no_number[code]) {
      tally_.evidence.numbers += counts[code];
      no_time[code] = true;
    } else if (!no_time[code]) {
      tally_.evidence.timestamps += counts[code];
    }
  }
  if (!raw.empty()) FindRows(codes_, invalid, raw, tally_.invalid_utf8);
  if (forced_) return;
  FindRows(codes_, no_number, texts_, tally_.no_numbers);
  FindRows(codes_, no_time, texts_, tally_.no_times);
  FindRows(codes_, comma, texts_, tally_.decimal_commas);
}

ColumnView ColumnPiece::View() const { return {type_, numbers_, codes_, &texts_}; }

// Joins the pieces of one column.
class ColumnMerger {
 public:
  ColumnMerger(const ColumnPlan& plan, std::span<ColumnPiece* const> pieces)
      : plan_(plan), pieces_(pieces) {}

  MergedColumn Merge() {
    ColumnTally tally;
    for (ColumnPiece* piece : pieces_) tally.Append(piece->Finish());
    merged_.column.name = plan_.name;
    merged_.column.type = plan_.type;
    if (plan_.type == ColumnType::kCategory) {
      MergeCategories();
    } else {
      MergeNumbers();
    }
    merged_.verdict = Judge(plan_, tally);
    return std::move(merged_);
  }

 private:
  size_t TotalRows() const {
    return std::accumulate(pieces_.begin(), pieces_.end(), size_t{0},
                           [](size_t sum, const ColumnPiece* piece) {
                             return sum + static_cast<size_t>(piece->rows());
                           });
  }

  void MergeNumbers() {
    Column& column = merged_.column;
    if (pieces_.size() == 1) {
      column.numbers = std::move(pieces_[0]->numbers_);
    } else {
      column.numbers.reserve(TotalRows());
      for (ColumnPiece* piece : pieces_) {
        const std::vector<double> numbers = std::exchange(piece->numbers_, {});
        column.numbers.insert(column.numbers.end(), numbers.begin(), numbers.end());
      }
    }
    bool any = false;
    bool whole = column.type == ColumnType::kNumeric;
    for (const double value : column.numbers) {
      if (std::isnan(value)) continue;
      any = true;
      if (whole && !IsWholeNumber(value)) whole = false;
    }
    column.integral = any && whole;
  }

  void MergeCategories() {
    Dictionary all;
    std::vector<std::vector<int32_t>> to_all(pieces_.size());
    for (size_t i = 0; i < pieces_.size(); ++i) {
      for (const std::string& text : std::exchange(pieces_[i]->texts_, {})) {
        to_all[i].push_back(all.CodeOf(text));
      }
      pieces_[i]->dictionary_ = {};
    }
    const std::vector<int32_t> ranks = SortCategories(all);
    Column& column = merged_.column;
    column.codes.reserve(TotalRows());
    for (size_t i = 0; i < pieces_.size(); ++i) {
      for (const int32_t code : std::exchange(pieces_[i]->codes_, {})) {
        if (code == kMissingCode) {
          column.codes.push_back(kMissingCode);
        } else {
          const int32_t in_all = to_all[i][static_cast<size_t>(code)];
          column.codes.push_back(ranks[static_cast<size_t>(in_all)]);
        }
      }
    }
  }

  // Fills the column's categories in byte order; returns each one's place by its code in `all`.
  std::vector<int32_t> SortCategories(const Dictionary& all) {
    const auto size = static_cast<size_t>(all.size());
    std::vector<int32_t> order(size);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](int32_t a, int32_t b) { return all.TextOf(a) < all.TextOf(b); });
    std::vector<int32_t> ranks(size);
    merged_.column.categories.reserve(size);
    for (size_t rank = 0; rank < size; ++rank) {
      ranks[static_cast<size_t>(order[rank])] = static_cast<int32_t>(rank);
      merged_.column.categories.emplace_back(all.TextOf(order[rank]));
    }
    return ranks;
  }

  const ColumnPlan& plan_;
  std::span<ColumnPiece* const> pieces_;
  MergedColumn merged_;
};

MergedColumn MergePieces(const ColumnPlan& plan, std::span<ColumnPiece* const> pieces) {
  return ColumnMerger(plan, pieces).Merge();
}

}  // namespace slipway::data
