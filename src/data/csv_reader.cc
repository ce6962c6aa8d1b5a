#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/text.h"
#include "data/csv_blocks_internal.h"
#include "data/csv_header_internal.h"
#include "data/csv_quotes_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {
namespace {

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

// Blank lines are no rows, but of one column a blank line is how a missing value is written:
// whoever predicts such a file wants an answer for each line.
bool BlankLinesAreRows(int column_count) { return column_count == 1; }

arrow::csv::ParseOptions MakeOptions(char delimiter, int column_count) {
  arrow::csv::ParseOptions options = arrow::csv::ParseOptions::Defaults();
  options.delimiter = delimiter;
  options.newlines_in_values = true;
  options.ignore_empty_lines = !BlankLinesAreRows(column_count);
  return options;
}

// Parses blocks on one thread.
class BlockReader {
 public:
  BlockReader(char delimiter, int column_count, const std::vector<ColumnPlan>& plans,
              const MissingValues& missing)
      : options_(MakeOptions(delimiter, column_count)),
        column_count_(column_count),
        plans_(plans),
        missing_(missing) {
    options_.invalid_row_handler = [this](const arrow::csv::InvalidRow& row) {
      fields_ = row.actual_columns;
      multiline_ = row.text.find('\n') != std::string_view::npos;
      return arrow::csv::InvalidRowResult::Error;
    };
    parser_ = std::make_unique<arrow::csv::BlockParser>(options_, column_count);
  }
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  // What is first wrong in the block, if anything is. Where the file was read before, its quotes
  // are known to be right.
  std::optional<CsvFault> Read(const CsvBlock& block, bool check_quotes, ParsedBlock& parsed) {
    if (std::optional<CsvFault> fault = CheckBytes(block)) return fault;
    std::optional<CsvFault> ragged = Parse(block, parsed);
    if (!check_quotes || !MayHoldLineEnds(block, parsed.rows)) return ragged;
    std::optional<CsvFault> swallowed = CheckQuotes(block);
    return swallowed && (!ragged || swallowed->row <= ragged->row) ? swallowed : ragged;
  }

 private:
  std::optional<CsvFault> Parse(const CsvBlock& block, ParsedBlock& parsed) {
    for (const ColumnPlan& plan : plans_) parsed.pieces.emplace_back(plan, missing_);
    for (size_t at = FirstRow(block); at < block.data.size();) {
      const std::string_view rest = block.data.substr(at);
      uint32_t size = 0;
      fields_ = -1;
      const arrow::Status status =
          block.last ? parser_->ParseFinal(rest, &size) : parser_->Parse(rest, &size);
      if (!status.ok() || size == 0) return RaggedRow(block, at, parsed.rows, status);
      AddRows(parsed);
      at = SkipBlankLines(block.data, at + size);
    }
    return std::nullopt;
  }

  size_t FirstRow(const CsvBlock& block) const {
    const bool rest_of_line_end = block.after_return && block.data.starts_with('\n');
    return SkipBlankLines(block.data, rest_of_line_end ? 1 : 0);
  }

  size_t SkipBlankLines(std::string_view data, size_t at) const {
    if (BlankLinesAreRows(column_count_)) return at;
    while (at < data.size() && (data[at] == '\n' || data[at] == '\r')) ++at;
    return at;
  }

  // False where there are no more line ends than rows: no quoted value holds one.
  static bool MayHoldLineEnds(const CsvBlock& block, int64_t rows) {
    if (!block.has_quotes) return false;
    return std::ranges::count(block.data, '\n') + std::ranges::count(block.data, '\r') > rows;
  }

  // Two quotes that were opened by mistake, far apart, are one long value to the parser.
  std::optional<CsvFault> CheckQuotes(const CsvBlock& block) const {
    if (column_count_ < 2) return std::nullopt;
    const auto swallowed =
        FindSwallowedRows(block.data, options_.delimiter,
                          [this](std::string_view line) { return LooksLikeRow(line); });
    if (!swallowed) return std::nullopt;
    CsvFault fault{block.index, swallowed->quote.rows_before, 0, "", "", ""};
    fault.offset = block.offset + static_cast<int64_t>(swallowed->quote.offset);
    fault.message = fmt::format("the quote that is opened here takes in {} that look like rows",
                                Plural(swallowed->rows, "line", "lines"));
    fault.hint = "closing it, or doubling quotes inside a value";
    return fault;
  }

  // Whether a line inside a quoted value could be a row: it has as many fields, and numbers where
  // the table has numbers, which lines of prose have not.
  bool LooksLikeRow(std::string_view line) const {
    if (std::ranges::count(line, options_.delimiter) != column_count_ - 1) return false;
    std::vector<std::string_view> fields;
    for (size_t at = 0; at <= line.size();) {
      const size_t end = std::min(line.find(options_.delimiter, at), line.size());
      fields.push_back(TrimValue(line.substr(at, end - at)));
      at = end + 1;
    }
    return std::ranges::all_of(plans_, [&](const ColumnPlan& plan) {
      return Fits(fields[static_cast<size_t>(plan.source)], plan.type);
    });
  }

  bool Fits(std::string_view text, ColumnType type) const {
    if (type == ColumnType::kCategory || missing_.Contains(text)) return true;
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text = TrimValue(text.substr(1, text.size() - 2));
    }
    return ParseNumber(text) || ParseTimestamp(text);
  }

  // What the parser would read without complaint.
  std::optional<CsvFault> CheckBytes(const CsvBlock& block) const {
    CsvFault fault{block.index, 0, block.offset, "", "", ""};
    if (const void* zero = std::memchr(block.data.data(), 0, block.data.size())) {
      const size_t at = static_cast<size_t>(static_cast<const char*>(zero) - block.data.data());
      fault.row = -1;
      fault.offset += static_cast<int64_t>(at);
      fault.message = "not a text table: there is a zero byte";
      fault.expected = "CSV or TSV in UTF-8";
      return fault;
    }
    if (block.has_quotes && (block.last || block.row_too_long)) {
      if (const auto quote = FindOpenQuote(block.data, options_.delimiter)) {
        fault.row = quote->rows_before;
        fault.offset += static_cast<int64_t>(quote->offset);
        fault.message = "a quote is opened and never closed";
        fault.expected = "a closing quote before the end of the value, quotes inside doubled";
        return fault;
      }
    }
    if (!block.row_too_long) return std::nullopt;
    fault.message = fmt::format("the row is longer than {}",
                                FormatBytes(static_cast<int64_t>(block.data.size())));
    fault.expected = "a line end, or a closing quote";
    return fault;
  }

  void AddRows(ParsedBlock& parsed) const {
    parsed.rows += parser_->num_rows();
    for (size_t i = 0; i < plans_.size(); ++i) {
      ColumnPiece& piece = parsed.pieces[i];
      // The visitor never fails.
      (void)parser_->VisitColumn(plans_[i].source,
                                 [&](const uint8_t* data, uint32_t size, auto...) {
                                   piece.AddText({reinterpret_cast<const char*>(data), size});
                                   return arrow::Status::OK();
                                 });
    }
  }

  // The parser stopped at a row behind `at`; finds which one.
  CsvFault RaggedRow(const CsvBlock& block, size_t at, int64_t rows_before,
                     const arrow::Status& status) const {
    const std::string_view rest = block.data.substr(at);
    const int32_t good_rows = parser_->num_rows();
    uint32_t good_size = 0;
    if (good_rows > 0) {
      arrow::csv::BlockParser again(options_, column_count_, -1, good_rows);
      if (!again.Parse(rest, &good_size).ok()) good_size = 0;
    }
    CsvFault fault{block.index, rows_before + good_rows, 0, "", "", ""};
    fault.offset = block.offset + static_cast<int64_t>(SkipBlankLines(block.data, at + good_size));
    fault.message = fields_ < 0 ? status.message()
                                : fmt::format("the row has {}", Plural(fields_, "field", "fields"));
    fault.expected = fmt::format("{}, as the header has", column_count_);
    if (multiline_) {
      fault.hint = "closing the quote in it: the row goes over several lines";
    } else if (fields_ > column_count_) {
      fault.hint = fmt::format("quoting values that hold a '{}'", options_.delimiter);
    }
    return fault;
  }

  arrow::csv::ParseOptions options_;
  const int column_count_;
  const std::vector<ColumnPlan>& plans_;
  const MissingValues& missing_;
  std::unique_ptr<arrow::csv::BlockParser> parser_;
  // Of the row that the parser stopped at.
  int fields_ = -1;
  bool multiline_ = false;
};

// One pass over the file for some of its columns.
class CsvPass {
 public:
  // `first` where the file was not read before.
  CsvPass(const SourceFile& file, const CsvHeader& header, const MissingValues& missing,
          const ReadTuning& tuning, int threads, bool first)
      : file_(file),
        header_(header),
        missing_(missing),
        tuning_(tuning),
        threads_(threads),
        first_(first) {}

  Result<std::vector<MergedColumn>> Run(const std::vector<ColumnPlan>& plans,
                                        ProgressSink& progress) {
    CsvBlocks blocks(file_, header_.delimiter, header_.data_offset, tuning_);
    std::atomic<int64_t> bytes_done{header_.data_offset};
    auto read_blocks = [&](size_t) -> Status {
      BlockReader reader(header_.delimiter, static_cast<int>(header_.names.size()), plans,
                         missing_);
      CsvBlock block;
      while (!failed_) {
        SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
        Result<bool> more = blocks.Next(block);
        if (!more.ok()) {
          failed_ = true;
          return std::move(more).error();
        }
        if (!*more) break;
        ReadBlock(reader, block);
        bytes_done += static_cast<int64_t>(block.data.size());
        progress.Advance("data", bytes_done, file_.size(), "bytes");
      }
      return {};
    };
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(static_cast<size_t>(threads_), threads_, read_blocks));
    if (fault_) return FaultError();
    return MergeColumns(plans);
  }

  int64_t rows() const {
    int64_t sum = 0;
    for (const std::unique_ptr<ParsedBlock>& block : parsed_) sum += block->rows;
    return sum;
  }

 private:
  void ReadBlock(BlockReader& reader, const CsvBlock& block) {
    auto parsed = std::make_unique<ParsedBlock>();
    std::optional<CsvFault> fault = reader.Read(block, first_, *parsed);
    const std::lock_guard lock(mutex_);
    if (parsed_.size() <= block.index) parsed_.resize(block.index + 1);
    parsed_[block.index] = std::move(parsed);
    if (!fault) return;
    // Blocks before this one are all begun: whichever is the first wrong one, it will be found.
    failed_ = true;
    if (!fault_ || fault->block < fault_->block) fault_ = std::move(fault);
  }

  Error FaultError() const {
    int64_t row = fault_->row + 1;
    if (row > 0) {
      for (size_t i = 0; i < fault_->block; ++i) row += parsed_[i]->rows;
    }
    const int64_t line = file_.LineAt(fault_->offset).value_or(0);
    Error error = file_.Invalid(fault_->message, line, row).Expected(fault_->expected);
    return fault_->hint.empty() ? error : std::move(error).Try(fault_->hint);
  }

  Result<std::vector<MergedColumn>> MergeColumns(const std::vector<ColumnPlan>& plans) {
    std::vector<MergedColumn> columns(plans.size());
    auto merge = [&](size_t i) -> Status {
      std::vector<ColumnPiece*> pieces;
      for (const std::unique_ptr<ParsedBlock>& block : parsed_) {
        pieces.push_back(&block->pieces[i]);
      }
      columns[i] = MergePieces(plans[i], pieces);
      return {};
    };
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(plans.size(), threads_, merge));
    return columns;
  }

  const SourceFile& file_;
  const CsvHeader& header_;
  const MissingValues& missing_;
  const ReadTuning tuning_;
  const int threads_;
  const bool first_;

  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // Guards the two below.
  std::vector<std::unique_ptr<ParsedBlock>> parsed_;
  std::optional<CsvFault> fault_;
};

// Types from the first rows: only a guess, which spares a second pass where it is right.
void GuessTypes(const CsvHeader& header, const MissingValues& missing,
                std::vector<ColumnPlan>& plans) {
  constexpr int32_t kSampleRows = 1000;
  arrow::csv::ParseOptions options =
      MakeOptions(header.delimiter, static_cast<int>(header.names.size()));
  options.invalid_row_handler = [](const arrow::csv::InvalidRow&) {
    return arrow::csv::InvalidRowResult::Skip;
  };
  arrow::csv::BlockParser parser(options, static_cast<int32_t>(header.names.size()), -1,
                                 kSampleRows);
  uint32_t size = 0;
  if (!parser.Parse(header.sample, &size).ok()) return;
  for (ColumnPlan& plan : plans) {
    if (plan.forced) continue;
    Evidence evidence;
    (void)parser.VisitColumn(plan.source, [&](const uint8_t* data, uint32_t length, auto...) {
      const std::string_view text = TrimValue({reinterpret_cast<const char*>(data), length});
      if (missing.Contains(text)) return arrow::Status::OK();
      ++evidence.present;
      if (ParseNumber(text))
        ++evidence.numbers;
      else if (ParseTimestamp(text))
        ++evidence.timestamps;
      return arrow::Status::OK();
    });
    plan.type = evidence.Type();
  }
}

}  // namespace

Result<ReadResult> ReadCsv(const SourceFile& file, const ReadOptions& options, char separator,
                           const ReadTuning& tuning, ProgressSink& progress) {
  const int threads = options.threads > 0 ? options.threads : AvailableCores();
  const MissingValues missing(options.missing_values);
  SLIPWAY_ASSIGN_OR_RETURN(CsvHeader header, ReadCsvHeader(file, separator, tuning));
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<ColumnPlan> plans, PlanColumns(header.names, options, file));
  GuessTypes(header, missing, plans);

  CsvPass first(file, header, missing, tuning, threads, true);
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<MergedColumn> columns, first.Run(plans, progress));
  std::vector<size_t> again;
  std::vector<ColumnPlan> again_plans;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].better_type) continue;
    again.push_back(i);
    again_plans.push_back(plans[i]);
    again_plans.back().type = *columns[i].better_type;
    columns[i] = {};
  }
  if (!again.empty()) {
    CsvPass second(file, header, missing, tuning, threads, false);
    SLIPWAY_ASSIGN_OR_RETURN(std::vector<MergedColumn> better,
                             second.Run(again_plans, SilentProgress()));
    for (size_t i = 0; i < again.size(); ++i) columns[again[i]] = std::move(better[i]);
  }

  ReadResult result;
  result.table.rows = first.rows();
  for (MergedColumn& column : columns) {
    result.table.columns.push_back(std::move(column.column));
    std::move(column.issues.begin(), column.issues.end(), std::back_inserter(result.issues));
  }
  return result;
}

}  // namespace slipway::data
