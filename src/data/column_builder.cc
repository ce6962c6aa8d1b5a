#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/text.h"
#include "data/column_builder_internal.h"

namespace slipway::data {
namespace {

constexpr size_t kMaxExamples = 10;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
// From this share of words on a column of numbers is a category.
constexpr double kMixedShare = 0.1;

bool IsWhole(double value) {
  return std::fabs(value) <= kExactIntegers && value == std::trunc(value);
}

Issue MakeIssue(std::string kind, Severity severity, const Column& column, const Findings& findings,
                std::string message) {
  Issue issue;
  issue.kind = std::move(kind);
  issue.severity = severity;
  issue.column = column.name;
  issue.value = static_cast<double>(findings.count) / static_cast<double>(column.size());
  issue.count = findings.count;
  issue.examples = findings.examples;
  issue.message = std::move(message);
  if (!issue.examples.empty()) {
    issue.message += fmt::format(", the first in row {}: '{}'", issue.examples.front().row,
                                 issue.examples.front().value);
  }
  return issue;
}

// Words that others write for a missing value.
bool MeansMissing(const std::string& text) {
  constexpr std::array<std::string_view, 11> kWords = {
      "n/a", "#n/a", "na", "nan", "none", "nil", "null", "-", "missing", "unknown", "<na>"};
  return std::ranges::find(kWords, ToLower(text)) != kWords.end();
}

// What to try for values that are no numbers, by the first of them; "" where nothing is known.
std::string UnreadableHint(const Findings& unreadable) {
  const std::string& text = unreadable.examples.front().value;
  if (MeansMissing(text)) return fmt::format("; try data.missing_values: [..., '{}']", text);
  if (HasDecimalComma(text)) return "; try a decimal point, and no separators of thousands";
  return "";
}

// Where every finding is one and the same text, it most likely stands for a missing value.
std::string OnlyText(const Findings& findings, bool one_text) {
  if (!one_text || findings.count < 2) return "";
  return fmt::format("data.missing_values: [..., '{}']", findings.examples.front().value);
}

}  // namespace

void Findings::Add(int64_t row, std::string_view text) {
  ++count;
  if (examples.size() >= kMaxExamples) return;
  Example& example = examples.emplace_back();
  example.row = row;
  example.value = Excerpt(text);
}

ColumnType Evidence::Type() const {
  const auto most = [&](int64_t count) { return count * 10 >= present * 9; };
  if (most(numbers)) return ColumnType::kNumeric;
  if (most(timestamps)) return ColumnType::kTimestamp;
  return ColumnType::kCategory;
}

void Evidence::Add(const Evidence& other) {
  present += other.present;
  numbers += other.numbers;
  timestamps += other.timestamps;
}

void ColumnPiece::AddText(std::string_view raw) {
  const std::string_view text = TrimValue(raw);
  if (missing_->Contains(text)) return AddMissing();
  ++evidence_.present;
  switch (type_) {
    case ColumnType::kNumeric: return AddNumericText(text);
    case ColumnType::kTimestamp: return AddTimestampText(text);
    case ColumnType::kCategory:
      codes_.push_back(dictionary_.CodeOf(CanonicalBoolean(text)));
      return;
  }
}

void ColumnPiece::AddNumber(double value) {
  if (std::isinf(value)) return AddUnreadable(fmt::format("{}", value));
  if (type_ == ColumnType::kNumeric && missing_->ContainsNumber(value)) return AddMissing();
  numbers_.push_back(value);
}

void ColumnPiece::AddNumbersAsTheyAre(std::span<const double> values) {
  numbers_.insert(numbers_.end(), values.begin(), values.end());
}

int32_t ColumnPiece::CodeOf(std::string_view raw) {
  const std::string_view text = TrimValue(raw);
  return missing_->Contains(text) ? kMissingCode : dictionary_.CodeOf(CanonicalBoolean(text));
}

void ColumnPiece::AddMissing() {
  if (type_ == ColumnType::kCategory) {
    codes_.push_back(kMissingCode);
  } else {
    numbers_.push_back(kMissingNumber);
  }
}

void ColumnPiece::AddNumericText(std::string_view text) {
  const std::optional<double> number = ParseNumber(text);
  if (!number) {
    if (!forced_ && ParseTimestamp(text)) ++evidence_.timestamps;
    return AddUnreadable(text);
  }
  if (missing_->ContainsNumber(*number)) {
    --evidence_.present;
    return AddMissing();
  }
  ++evidence_.numbers;
  numbers_.push_back(*number);
  if (LosesPrecision(text, *number)) AddPrecisionLoss(text);
}

void ColumnPiece::AddTimestampText(std::string_view text) {
  if (const std::optional<double> time = ParseTimestamp(text)) {
    ++evidence_.timestamps;
    numbers_.push_back(*time);
    return;
  }
  const std::optional<double> number = ParseNumber(text);
  if (number) ++evidence_.numbers;
  // Whoever says that a column of numbers is one of times means seconds since the epoch.
  if (number && forced_) {
    numbers_.push_back(*number);
  } else {
    AddUnreadable(text);
  }
}

void ColumnPiece::AddUnreadable(std::string_view text) {
  unreadable_.Add(rows(), text);
  numbers_.push_back(kMissingNumber);
}

// Joins the pieces of one column.
class ColumnMerger {
 public:
  ColumnMerger(const ColumnPlan& plan, std::span<ColumnPiece* const> pieces)
      : plan_(plan), pieces_(pieces) {}

  MergedColumn Merge() {
    merged_.column.name = plan_.name;
    merged_.column.type = plan_.type;
    if (plan_.type == ColumnType::kCategory) {
      MergeCategories();
    } else {
      MergeNumbers();
    }
    if (!plan_.forced && evidence_.Type() != plan_.type) {
      merged_.better_type = evidence_.Type();
    } else if (!plan_.forced && plan_.type == ColumnType::kCategory) {
      CheckMixedValues();
    }
    return std::move(merged_);
  }

 private:
  static void Append(Findings& all, const Findings& piece, int64_t first_row) {
    all.count += piece.count;
    for (const Example& example : piece.examples) {
      if (all.examples.size() >= kMaxExamples) return;
      all.examples.push_back(example);
      all.examples.back().row += first_row + 1;
    }
  }

  size_t TotalRows() const {
    return std::accumulate(pieces_.begin(), pieces_.end(), size_t{0},
                           [](size_t sum, const ColumnPiece* piece) {
                             return sum + static_cast<size_t>(piece->rows());
                           });
  }

  void MergeNumbers() {
    Column& column = merged_.column;
    Findings unreadable;
    Findings precision_loss;
    if (pieces_.size() == 1) {
      column.numbers = std::move(pieces_[0]->numbers_);
    } else {
      column.numbers.reserve(TotalRows());
    }
    int64_t first_row = 0;
    for (ColumnPiece* piece : pieces_) {
      Append(unreadable, piece->unreadable_, first_row);
      Append(precision_loss, piece->precision_loss_, first_row);
      evidence_.Add(piece->evidence_);
      first_row += piece->rows();
      if (pieces_.size() == 1) break;
      const std::vector<double> numbers = std::exchange(piece->numbers_, {});
      column.numbers.insert(column.numbers.end(), numbers.begin(), numbers.end());
    }
    FinishNumbers(unreadable, precision_loss);
  }

  void FinishNumbers(const Findings& unreadable, const Findings& precision_loss) {
    Column& column = merged_.column;
    bool any = false;
    bool whole = column.type == ColumnType::kNumeric;
    for (const double value : column.numbers) {
      if (std::isnan(value)) continue;
      any = true;
      if (whole && !IsWhole(value)) whole = false;
    }
    column.integral = any && whole;
    if (unreadable.count > 0) {
      const char* expected = column.type == ColumnType::kTimestamp ? "timestamps" : "numbers";
      merged_.issues.push_back(MakeIssue(
          "unreadable_value", Severity::kError, column, unreadable,
          fmt::format("{} of {} can't be read as {}", Plural(unreadable.count, "value", "values"),
                      column.name, expected)));
      merged_.issues.back().message += UnreadableHint(unreadable);
    }
    if (precision_loss.count > 0) {
      merged_.issues.push_back(MakeIssue(
          "precision_loss", Severity::kWarning, column, precision_loss,
          fmt::format("{} of {} past 2^53 lost their last digits (an identifier "
                      "belongs into id_columns or categorical_columns)",
                      Plural(precision_loss.count, "whole number", "whole numbers"), column.name)));
    }
  }

  // The text that stands for a piece's category in the table, and whether it had to be repaired.
  static std::pair<std::string, bool> Repaired(std::string_view text) {
    if (IsValidUtf8(text)) return {std::string(text), false};
    return {ReplaceInvalidUtf8(text), true};
  }

  void MergeCategories() {
    Dictionary all;
    std::vector<std::vector<int32_t>> to_all(pieces_.size());
    for (size_t i = 0; i < pieces_.size(); ++i) to_all[i] = AddDictionary(*pieces_[i], all);
    const std::vector<int32_t> ranks = SortCategories(all);

    Column& column = merged_.column;
    column.codes.reserve(TotalRows());
    std::vector<int64_t> counts(column.categories.size());
    for (size_t i = 0; i < pieces_.size(); ++i) {
      for (const int32_t code : std::exchange(pieces_[i]->codes_, {})) {
        if (code == kMissingCode) {
          column.codes.push_back(kMissingCode);
          continue;
        }
        const int32_t in_all = to_all[i][static_cast<size_t>(code)];
        const int32_t rank = ranks[static_cast<size_t>(in_all)];
        column.codes.push_back(rank);
        ++counts[static_cast<size_t>(rank)];
      }
    }
    if (!plan_.forced) CollectEvidence(counts);
    AddInvalidTexts();
  }

  // Adds the piece's texts to `all`; returns the code in `all` by the piece's code.
  std::vector<int32_t> AddDictionary(ColumnPiece& piece, Dictionary& all) {
    const Dictionary dictionary = std::exchange(piece.dictionary_, {});
    std::vector<int32_t> codes;
    codes.reserve(static_cast<size_t>(dictionary.size()));
    std::vector<bool> invalid(static_cast<size_t>(dictionary.size()));
    bool any_invalid = false;
    for (int32_t code = 0; code < dictionary.size(); ++code) {
      const auto [text, repaired] = Repaired(dictionary.TextOf(code));
      codes.push_back(all.CodeOf(text));
      invalid[static_cast<size_t>(code)] = repaired;
      any_invalid |= repaired;
    }
    if (any_invalid) FindInvalidRows(piece, dictionary, invalid);
    rows_before_ += piece.rows();
    return codes;
  }

  void FindInvalidRows(const ColumnPiece& piece, const Dictionary& dictionary,
                       const std::vector<bool>& invalid) {
    for (size_t row = 0; row < piece.codes_.size(); ++row) {
      const int32_t code = piece.codes_[row];
      if (code == kMissingCode || !invalid[static_cast<size_t>(code)]) continue;
      invalid_texts_.Add(rows_before_ + static_cast<int64_t>(row) + 1, dictionary.TextOf(code));
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

  void CollectEvidence(const std::vector<int64_t>& counts) {
    for (size_t i = 0; i < counts.size(); ++i) {
      const std::string& text = merged_.column.categories[i];
      evidence_.present += counts[i];
      if (ParseNumber(text)) {
        evidence_.numbers += counts[i];
      } else if (ParseTimestamp(text)) {
        evidence_.timestamps += counts[i];
      }
    }
  }

  // Words in at least a tenth of a column make it a category; where half of it are numbers all the
  // same, that is a mistake in the data rather than its meaning.
  void CheckMixedValues() {
    const bool times = evidence_.timestamps > evidence_.numbers;
    const int64_t fitting = times ? evidence_.timestamps : evidence_.numbers;
    if (evidence_.present == 0) return;
    if (fitting * 2 < evidence_.present) return CheckDecimalCommas();
    const Column& column = merged_.column;
    std::vector<bool> fits;
    for (const std::string& text : column.categories) {
      fits.push_back(times ? ParseTimestamp(text).has_value() : ParseNumber(text).has_value());
    }
    Findings others;
    for (size_t row = 0; row < column.codes.size(); ++row) {
      const int32_t code = column.codes[row];
      if (code == kMissingCode || fits[static_cast<size_t>(code)]) continue;
      others.Add(static_cast<int64_t>(row) + 1, column.categories[static_cast<size_t>(code)]);
    }
    const std::string only = OnlyText(others, std::ranges::count(fits, false) == 1);
    Issue issue = MakeIssue("mixed_values", Severity::kError, column, others,
                            fmt::format("{} of {} of {} are no {}", FormatCount(others.count),
                                        Plural(evidence_.present, "value", "values"), column.name,
                                        times ? "timestamps" : "numbers"));
    issue.limit = kMixedShare;
    issue.message += fmt::format("; try {}data.categorical_columns: [{}]",
                                 only.empty() ? "" : only + ", or ", column.name);
    merged_.issues.push_back(std::move(issue));
  }

  // Numbers of another country than the reader's would be learned from as so many words.
  void CheckDecimalCommas() {
    const Column& column = merged_.column;
    std::vector<bool> commas;
    for (const std::string& text : column.categories) commas.push_back(HasDecimalComma(text));
    Findings found;
    for (size_t row = 0; row < column.codes.size(); ++row) {
      const int32_t code = column.codes[row];
      if (code == kMissingCode || !commas[static_cast<size_t>(code)]) continue;
      found.Add(static_cast<int64_t>(row) + 1, column.categories[static_cast<size_t>(code)]);
    }
    if (found.count == 0 || found.count * 2 < evidence_.present) return;
    Issue issue = MakeIssue("decimal_comma", Severity::kWarning, column, found,
                            fmt::format("{} of {} have a comma and are taken for text",
                                        Plural(found.count, "value", "values"), column.name));
    issue.message += "; try a decimal point, and no separators of thousands";
    merged_.issues.push_back(std::move(issue));
  }

  void AddInvalidTexts() {
    if (invalid_texts_.count == 0) return;
    merged_.issues.push_back(MakeIssue(
        "invalid_utf8", Severity::kError, merged_.column, invalid_texts_,
        fmt::format("invalid UTF-8 in {} of {}; U+FFFD stands in its place",
                    Plural(invalid_texts_.count, "value", "values"), merged_.column.name)));
    merged_.issues.back().message += fmt::format("; try {}", kToUtf8);
  }

  const ColumnPlan& plan_;
  std::span<ColumnPiece* const> pieces_;
  MergedColumn merged_;
  Evidence evidence_;
  Findings invalid_texts_;  // Rows from 1 in the table.
  int64_t rows_before_ = 0;
};

MergedColumn MergePieces(const ColumnPlan& plan, std::span<ColumnPiece* const> pieces) {
  return ColumnMerger(plan, pieces).Merge();
}

}  // namespace slipway::data
