// Blocks of CSV text into pieces of columns.
#pragma once

#include <arrow/csv/options.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/column_builder_internal.h"
#include "data/csv_blocks_internal.h"

namespace arrow::csv {
class BlockParser;
}  // namespace arrow::csv

namespace slipway::data {

// What is wrong in a block. Its row in the file is known when all blocks before it are parsed.
struct CsvFault {
  size_t block = 0;
  int64_t row = 0;     // From 0, within the block; -1 where only the line is known.
  int64_t offset = 0;  // Of the byte whose line is told.
  std::string message;
  std::string expected;
  std::string hint;
};

struct ParsedBlock {
  int64_t rows = 0;
  std::vector<ColumnPiece> pieces;  // One a planned column.
};

arrow::csv::ParseOptions CsvOptions(char delimiter, int column_count);

// Parses blocks on one thread.
class CsvParser {
 public:
  CsvParser(char delimiter, int column_count, const std::vector<ColumnPlan>& plans,
            const ValueRules& rules);
  CsvParser(const CsvParser&) = delete;
  CsvParser& operator=(const CsvParser&) = delete;
  ~CsvParser();

  // What is first wrong in the block, if anything is. Where the file was read before, its quotes
  // are known to be right.
  std::optional<CsvFault> Parse(const CsvBlock& block, bool check_quotes, ParsedBlock& parsed);

 private:
  std::optional<CsvFault> ParseRows(const CsvBlock& block, ParsedBlock& parsed);
  size_t FirstRow(const CsvBlock& block) const;
  size_t SkipBlankLines(std::string_view data, size_t at) const;
  std::optional<CsvFault> CheckQuotes(const CsvBlock& block) const;
  bool LooksLikeRow(std::string_view line) const;
  bool Fits(std::string_view text, ColumnType type) const;
  void AddRows(ParsedBlock& parsed) const;
  CsvFault RaggedRow(const CsvBlock& block, size_t at, int64_t rows_before,
                     const std::string& message) const;

  arrow::csv::ParseOptions options_;
  const int column_count_;
  const std::vector<ColumnPlan>& plans_;
  const ValueRules& rules_;
  std::unique_ptr<arrow::csv::BlockParser> parser_;
  // Of the row that the parser stopped at.
  int fields_ = -1;
  bool multiline_ = false;
};

}  // namespace slipway::data
