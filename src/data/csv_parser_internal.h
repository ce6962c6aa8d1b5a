// Blocks of CSV text into pieces of columns.
#pragma once

#include <arrow/csv/options.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/column_builder_internal.h"
#include "data/text_pass_internal.h"

namespace arrow::csv {
class BlockParser;
}  // namespace arrow::csv

namespace slipway::data {

arrow::csv::ParseOptions CsvOptions(char delimiter, int column_count);

// Parses blocks on one thread.
class CsvParser : public TextParser {
 public:
  // Where the file was read before (`checked`), its quotes are known to be right.
  CsvParser(char delimiter, int column_count, const std::vector<ColumnPlan>& plans,
            const ValueRules& rules, bool checked);
  CsvParser(const CsvParser&) = delete;
  CsvParser& operator=(const CsvParser&) = delete;
  ~CsvParser() override;

  std::optional<TextFault> Parse(const TextBlock& block, ParsedBlock& parsed) override;

 private:
  std::optional<TextFault> ParseRows(const TextBlock& block, ParsedBlock& parsed);
  size_t FirstRow(const TextBlock& block) const;
  size_t SkipBlankLines(std::string_view data, size_t at) const;
  std::optional<TextFault> CheckQuotes(const TextBlock& block) const;
  bool LooksLikeRow(std::string_view line) const;
  bool Fits(std::string_view text, ColumnType type) const;
  void AddRows(ParsedBlock& parsed) const;
  TextFault RaggedRow(const TextBlock& block, size_t at, int64_t rows_before,
                      const std::string& message) const;

  arrow::csv::ParseOptions options_;
  const int column_count_;
  const std::vector<ColumnPlan>& plans_;
  const ValueRules& rules_;
  const bool checked_;
  std::unique_ptr<arrow::csv::BlockParser> parser_;
  // Of the row that the parser stopped at.
  int fields_ = -1;
  bool multiline_ = false;
};

}  // namespace slipway::data
