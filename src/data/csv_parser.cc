#include <arrow/csv/parser.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/text.h"
#include "data/csv_parser_internal.h"
#include "data/csv_quotes_internal.h"

namespace slipway::data {
namespace {

// Blank lines are no rows, but of one column a blank line is how a missing value is written:
// whoever predicts such a file wants an answer for each line.
bool BlankLinesAreRows(int column_count) { return column_count == 1; }

// False where there are no more line ends than rows: no quoted value holds one.
bool MayHoldLineEnds(const TextBlock& block, int64_t rows) {
  if (!block.has_quotes) return false;
  return std::ranges::count(block.data, '\n') + std::ranges::count(block.data, '\r') > rows;
}

// What the parser would read without complaint.
std::optional<TextFault> CheckBytes(const TextBlock& block, char delimiter) {
  TextFault fault{block.index, 0, block.offset, 0, "", "", ""};
  if (const void* zero = std::memchr(block.data.data(), 0, block.data.size())) {
    const size_t at = static_cast<size_t>(static_cast<const char*>(zero) - block.data.data());
    fault.row = -1;
    fault.offset += static_cast<int64_t>(at);
    fault.message = "not a text table: there is a zero byte";
    fault.expected = "CSV or TSV in UTF-8";
    return fault;
  }
  const bool cut_off = block.last || block.row_too_long;
  const auto quote = block.has_quotes && cut_off ? FindOpenQuote(block.data, delimiter)
                                                 : std::optional<OpenQuote>();
  if (quote) {
    fault.row = quote->rows_before;
    fault.offset += static_cast<int64_t>(quote->offset);
    fault.message = "a quote is opened and never closed";
    fault.expected = "a closing quote before the end of the value, quotes inside doubled";
  }
  if (!block.row_too_long) return quote ? std::optional(fault) : std::nullopt;
  fault.message = fmt::format("the row is longer than {}",
                              FormatBytes(static_cast<int64_t>(block.data.size())));
  fault.expected = quote ? "the end of the quoted value that begins here" : "a line end";
  return fault;
}

}  // namespace

arrow::csv::ParseOptions CsvOptions(char delimiter, int column_count) {
  arrow::csv::ParseOptions options = arrow::csv::ParseOptions::Defaults();
  options.delimiter = delimiter;
  options.newlines_in_values = true;
  options.ignore_empty_lines = !BlankLinesAreRows(column_count);
  return options;
}

CsvParser::CsvParser(char delimiter, int column_count, const std::vector<ColumnPlan>& plans,
                     const ValueRules& rules, bool checked)
    : options_(CsvOptions(delimiter, column_count)),
      column_count_(column_count),
      plans_(plans),
      rules_(rules),
      checked_(checked) {
  options_.invalid_row_handler = [this](const arrow::csv::InvalidRow& row) {
    fields_ = row.actual_columns;
    multiline_ = row.text.find('\n') != std::string_view::npos;
    return arrow::csv::InvalidRowResult::Error;
  };
  parser_ = std::make_unique<arrow::csv::BlockParser>(options_, column_count);
}

CsvParser::~CsvParser() = default;

std::optional<TextFault> CsvParser::Parse(const TextBlock& block, ParsedBlock& parsed) {
  if (std::optional<TextFault> fault = CheckBytes(block, options_.delimiter)) return fault;
  std::optional<TextFault> ragged = ParseRows(block, parsed);
  if (checked_ || !MayHoldLineEnds(block, parsed.rows)) return ragged;
  std::optional<TextFault> swallowed = CheckQuotes(block);
  return swallowed && (!ragged || swallowed->row <= ragged->row) ? swallowed : ragged;
}

std::optional<TextFault> CsvParser::ParseRows(const TextBlock& block, ParsedBlock& parsed) {
  for (const ColumnPlan& plan : plans_) parsed.pieces.emplace_back(plan, rules_);
  for (size_t at = FirstRow(block); at < block.data.size();) {
    const std::string_view rest = block.data.substr(at);
    uint32_t size = 0;
    fields_ = -1;
    const arrow::Status status =
        block.last ? parser_->ParseFinal(rest, &size) : parser_->Parse(rest, &size);
    if (!status.ok() || size == 0) return RaggedRow(block, at, parsed.rows, status.message());
    AddRows(parsed);
    at = SkipBlankLines(block.data, at + size);
  }
  return std::nullopt;
}

size_t CsvParser::FirstRow(const TextBlock& block) const {
  const bool rest_of_line_end = block.after_return && block.data.starts_with('\n');
  return SkipBlankLines(block.data, rest_of_line_end ? 1 : 0);
}

size_t CsvParser::SkipBlankLines(std::string_view data, size_t at) const {
  if (BlankLinesAreRows(column_count_)) return at;
  while (at < data.size() && (data[at] == '\n' || data[at] == '\r')) ++at;
  return at;
}

// Two quotes that were opened by mistake, far apart, are one long value to the parser.
std::optional<TextFault> CsvParser::CheckQuotes(const TextBlock& block) const {
  if (column_count_ < 2) return std::nullopt;
  const auto swallowed = FindSwallowedRows(
      block.data, options_.delimiter, [this](std::string_view line) { return LooksLikeRow(line); });
  if (!swallowed) return std::nullopt;
  TextFault fault{block.index, swallowed->quote.rows_before, 0, 0, "", "", ""};
  fault.offset = block.offset + static_cast<int64_t>(swallowed->quote.offset);
  fault.message = fmt::format("the quote that is opened here takes in {} that look like rows",
                              Plural(swallowed->rows, "line", "lines"));
  fault.hint = "closing it, or doubling quotes inside a value";
  return fault;
}

// Whether a line inside a quoted value could be a row: it has as many fields, and numbers where
// the table has numbers, which lines of prose have not.
bool CsvParser::LooksLikeRow(std::string_view line) const {
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

bool CsvParser::Fits(std::string_view text, ColumnType type) const {
  if (type == ColumnType::kCategory || rules_.missing.Contains(text)) return true;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = TrimValue(text.substr(1, text.size() - 2));
  }
  return rules_.Number(text) || ParseTimestamp(text);
}

void CsvParser::AddRows(ParsedBlock& parsed) const {
  parsed.rows += parser_->num_rows();
  for (size_t i = 0; i < plans_.size(); ++i) {
    ColumnPiece& piece = parsed.pieces[i];
    // The visitor never fails.
    (void)parser_->VisitColumn(plans_[i].source, [&](const uint8_t* data, uint32_t size, auto...) {
      piece.AddText({reinterpret_cast<const char*>(data), size});
      return arrow::Status::OK();
    });
  }
}

// The parser stopped at a row behind `at`; finds which one.
TextFault CsvParser::RaggedRow(const TextBlock& block, size_t at, int64_t rows_before,
                               const std::string& message) const {
  const std::string_view rest = block.data.substr(at);
  const int32_t good_rows = parser_->num_rows();
  uint32_t good_size = 0;
  if (good_rows > 0) {
    arrow::csv::BlockParser again(options_, column_count_, -1, good_rows);
    if (!again.Parse(rest, &good_size).ok()) good_size = 0;
  }
  TextFault fault{block.index, rows_before + good_rows, 0, 0, "", "", ""};
  fault.offset = block.offset + static_cast<int64_t>(SkipBlankLines(block.data, at + good_size));
  fault.message =
      fields_ < 0 ? message : fmt::format("the row has {}", Plural(fields_, "field", "fields"));
  fault.expected = fmt::format("{}, as the header has", column_count_);
  if (multiline_) {
    fault.hint = "closing the quote in it: the row goes over several lines";
  } else if (fields_ > column_count_) {
    fault.hint = fmt::format("quoting values that hold a '{}'", options_.delimiter);
  }
  return fault;
}

}  // namespace slipway::data
