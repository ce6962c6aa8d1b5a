#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/text.h"
#include "data/csv_header_internal.h"
#include "data/csv_quotes_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Arrow's parser counts the values of 512 rows in 32 bits.
constexpr size_t kMaxColumns = 65536;
// A longer name is a row of data, or an open quote, in the header's place.
constexpr size_t kMaxNameBytes = 1000;

Error NotText(const ByteSource& file, std::string_view what) {
  return file.Invalid(fmt::format("not a text table: {}", what))
      .Expected("CSV or TSV in UTF-8, with a header line");
}

char DetectDelimiter(std::string_view text, char preferred) {
  constexpr std::array<char, 4> kDelimiters = {',', ';', '\t', '|'};
  std::array<int64_t, kDelimiters.size()> counts{};
  bool quoted = false;
  bool any = false;
  for (const char c : text) {
    if ((c == '\n' || c == '\r') && !quoted) {
      if (any) break;
      continue;
    }
    any = true;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == preferred) return preferred;
    for (size_t i = 0; i < kDelimiters.size(); ++i) counts[i] += c == kDelimiters[i] ? 1 : 0;
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  return *most == 0 ? preferred : kDelimiters[static_cast<size_t>(most - counts.begin())];
}

// The names in the first row of `text` and the row's length in bytes, line end included; 0 where
// the row is not whole.
std::pair<std::vector<std::string>, size_t> ParseFirstRow(std::string_view text, char delimiter,
                                                          bool whole_file) {
  arrow::csv::ParseOptions options = arrow::csv::ParseOptions::Defaults();
  options.delimiter = delimiter;
  options.newlines_in_values = true;
  arrow::csv::BlockParser parser(options, -1, -1, 1);
  uint32_t size = 0;
  const arrow::Status status =
      whole_file ? parser.ParseFinal(text, &size) : parser.Parse(text, &size);
  std::vector<std::string> names;
  if (!status.ok() || parser.num_rows() == 0) return {names, 0};
  const arrow::Status visited =
      parser.VisitLastRow([&](const uint8_t* data, uint32_t length, auto...) {
        const std::string_view raw(reinterpret_cast<const char*>(data), length);
        names.emplace_back(TrimValue(raw));
        return arrow::Status::OK();
      });
  if (!visited.ok()) return {{}, 0};
  return {std::move(names), size};
}

Status CheckText(const std::vector<std::string>& names, const ByteSource& file) {
  if (names.size() > kMaxColumns) {
    return file.Invalid(fmt::format("the header has {} columns", names.size()))
        .Expected(fmt::format("at most {}", kMaxColumns));
  }
  for (const std::string& name : names) {
    if (!IsValidUtf8(name)) {
      return NotText(file, "the header is not valid UTF-8").Try(kToUtf8);
    }
    if (name.size() > kMaxNameBytes) {
      return file
          .Invalid(fmt::format("the header has a name of {}: '{}'",
                               FormatBytes(static_cast<int64_t>(name.size())), Excerpt(name)))
          .Expected(fmt::format("at most {}", FormatBytes(kMaxNameBytes)))
          .Try("a header line with the names of the columns above the rows");
    }
    const bool control = std::any_of(name.begin(), name.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') ||
             c == 0x7F;
    });
    if (control) return NotText(file, "the header holds control characters");
  }
  return {};
}

// Where no row could be read of all that the file (or the longest row allowed) holds.
Error NoHeader(const ByteSource& file, std::string_view text, char delimiter, size_t skipped) {
  if (const auto quote = FindOpenQuote(text, delimiter)) {
    const auto line = file.LineAt(static_cast<int64_t>(skipped + quote->offset));
    return file.Invalid("a quote in the header is never closed", line.value_or(0));
  }
  if (TrimValue(text).empty()) {
    return file.Invalid("there are only blank lines").Expected("a header line and rows below it");
  }
  return NotText(file, "its first line has no end");
}

}  // namespace

Result<CsvHeader> ReadCsvHeader(const ByteSource& file, const CsvSeparator& separator,
                                const ReadTuning& tuning) {
  std::string head;
  CsvHeader header;
  size_t wanted = tuning.block_bytes;
  while (true) {
    const size_t used = head.size();
    head.resize(used + wanted);
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count,
                             file.ReadAt(static_cast<int64_t>(used), head.data() + used, wanted));
    head.resize(used + count);
    wanted = head.size();
    const bool whole_file = count == 0;
    std::string_view text = head;
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (text.find('\0') != std::string_view::npos) return NotText(file, "it holds zero bytes");
    header.delimiter =
        separator.certain ? separator.likely : DetectDelimiter(text, separator.likely);
    const bool open = whole_file && FindOpenQuote(text, header.delimiter).has_value();
    auto [names, size] = ParseFirstRow(text, header.delimiter, whole_file && !open);
    if (size > 0) {
      header.names = std::move(names);
      header.data_offset = static_cast<int64_t>(head.size() - text.size() + size);
      break;
    }
    if (whole_file || head.size() > tuning.max_row_bytes) {
      return NoHeader(file, text, header.delimiter, head.size() - text.size());
    }
  }
  SLIPWAY_RETURN_IF_ERROR(CheckText(header.names, file));
  // The header's line end belongs to the header: the line it stands in is that of the byte before.
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t line, file.LineAt(header.data_offset - 1));
  SLIPWAY_RETURN_IF_ERROR(CheckNames(header.names, file, line));
  header.sample = head.substr(static_cast<size_t>(header.data_offset));
  return header;
}

}  // namespace slipway::data
