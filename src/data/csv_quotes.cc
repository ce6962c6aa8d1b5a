#include "data/csv_quotes_internal.h"

namespace slipway::data {
namespace {

// One line of text can look like a row by chance.
constexpr int64_t kLeastSwallowed = 2;

// The whole lines within `value`: neither what stands before its first line end nor what stands
// behind its last one.
int64_t CountRows(std::string_view value, const std::function<bool(std::string_view)>& is_row) {
  constexpr std::string_view kLineEnds = "\r\n";
  int64_t rows = 0;
  size_t begin = value.find_first_of(kLineEnds);
  while (begin != std::string_view::npos) {
    const size_t end = value.find_first_of(kLineEnds, ++begin);
    if (end == std::string_view::npos) break;
    // Between "\r" and "\n" there is no line.
    if (end > begin && is_row(value.substr(begin, end - begin))) ++rows;
    begin = end;
  }
  return rows;
}

}  // namespace

bool QuotedValues::Next() {
  for (; at_ < data_.size(); ++at_) {
    const char c = data_[at_];
    if (c == '\r' || c == '\n') {
      if (at_ > line_start_) ++rows_;  // Blank lines are no rows.
      if (c == '\r' && at_ + 1 < data_.size() && data_[at_ + 1] == '\n') ++at_;
      line_start_ = at_ + 1;
      field_start_ = true;
    } else if (field_start_ && c == '"') {
      Close(at_);
      return true;
    } else {
      field_start_ = c == delimiter_;
    }
  }
  return false;
}

void QuotedValues::Close(size_t opened) {
  begin_ = {opened, rows_};
  field_start_ = false;
  size_t end = opened;
  while (true) {
    end = data_.find('"', end + 1);
    if (end == std::string_view::npos) break;
    if (end + 1 >= data_.size() || data_[end + 1] != '"') break;
    ++end;
  }
  closed_ = end != std::string_view::npos;
  value_ = data_.substr(opened + 1, closed_ ? end - opened - 1 : end);
  at_ = closed_ ? end + 1 : data_.size();
}

std::optional<OpenQuote> FindOpenQuote(std::string_view data, char delimiter) {
  QuotedValues values(data, delimiter);
  while (values.Next()) {
    if (!values.closed()) return values.begin();
  }
  return std::nullopt;
}

std::optional<SwallowedRows> FindSwallowedRows(
    std::string_view data, char delimiter, const std::function<bool(std::string_view)>& is_row) {
  QuotedValues values(data, delimiter);
  while (values.Next()) {
    const int64_t rows = CountRows(values.value(), is_row);
    if (rows >= kLeastSwallowed) return SwallowedRows{values.begin(), rows};
  }
  return std::nullopt;
}

}  // namespace slipway::data
