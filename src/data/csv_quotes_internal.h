// Quoted values of CSV text: the only ones that can hold line ends, and so swallow rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace slipway::data {

// Where a quoted value begins.
struct OpenQuote {
  size_t offset = 0;
  int64_t rows_before = 0;
};

// Walks over quoted values by the quoting rules of the parser: a quote opens only at the start of a
// field, a doubled one stands for itself.
class QuotedValues {
 public:
  QuotedValues(std::string_view data, char delimiter) : data_(data), delimiter_(delimiter) {}

  // Goes to the next quoted value; false when there is none. One that nothing closes is the last.
  bool Next();

  OpenQuote begin() const { return begin_; }
  // What stands between the quotes.
  std::string_view value() const { return value_; }
  bool closed() const { return closed_; }

 private:
  void Close(size_t opened);

  std::string_view data_;
  const char delimiter_;
  size_t at_ = 0;
  size_t line_start_ = 0;
  int64_t rows_ = 0;
  bool field_start_ = true;

  OpenQuote begin_;
  std::string_view value_;
  bool closed_ = true;
};

// An opening quote that nothing closes.
std::optional<OpenQuote> FindOpenQuote(std::string_view data, char delimiter);

// A quoted value that took in rows.
struct SwallowedRows {
  OpenQuote quote;
  int64_t rows = 0;
};

// The first quoted value that has at least two whole lines in it for which `is_row` holds.
std::optional<SwallowedRows> FindSwallowedRows(std::string_view data, char delimiter,
                                               const std::function<bool(std::string_view)>& is_row);

}  // namespace slipway::data
