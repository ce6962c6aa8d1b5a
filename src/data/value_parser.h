// Texts of a table's cells, and of a request's values: trimming, missing values, numbers,
// timestamps and UTF-8. Pure functions, safe from several threads; what a text is not, they say by
// false, 0 or nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

// Without blanks, tabs and line ends at both ends; inline, because it runs once a value.
inline std::string_view TrimValue(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The texts that stand for a missing value. The empty text always does.
class MissingValues {
 public:
  explicit MissingValues(const std::vector<std::string>& values);

  // `text` is trimmed.
  bool Contains(std::string_view text) const {
    if (text.empty()) return true;
    return first_bytes_[static_cast<unsigned char>(text.front())] && IsListed(text);
  }

  // A listed "-999" stands for every spelling of the number, and for a number that never was text.
  bool ContainsNumber(double number) const {
    return std::ranges::find(numbers_, number) != numbers_.end();
  }

 private:
  bool IsListed(std::string_view text) const;

  std::vector<std::string> values_;
  std::vector<double> numbers_;  // Those of the texts that are numbers.
  std::array<bool, 256> first_bytes_{};
};

// A finite decimal number: optional sign, digits with an optional point, optional exponent. No
// hexadecimal, no thousands separators, no "inf" or "nan"; what overflows a double is no number,
// what underflows is 0.
std::optional<double> ParseNumber(std::string_view text);

// The same with a comma for its point; points may stand between groups of three digits before it.
std::optional<double> ParseCommaNumber(std::string_view text);

// How texts of a table are taken.
struct ValueRules {
  MissingValues missing;
  bool decimal_comma = false;  // "1.234,5" is a number, "1,234.5" is not.

  std::optional<double> Number(std::string_view text) const {
    return decimal_comma ? ParseCommaNumber(text) : ParseNumber(text);
  }
};

// Whether a text that is no number would be one with a point for its comma: "1,5".
bool HasDecimalComma(std::string_view text);

// Seconds since 1970-01-01T00:00Z of an ISO 8601 date (YYYY-MM-DD) or date and time ("T" or a
// blank, HH:MM, optional seconds with a fraction, optional Z or ±HH:MM; UTC without).
std::optional<double> ParseTimestamp(std::string_view text);

// Whether `text` begins with a number that JSON has not, though other writers put it out: NaN,
// Infinity, None.
bool IsForeignNumber(std::string_view text);

// Whether `text`, a whole number without point or exponent, is another number than `value`, the
// double read from it.
bool LosesPrecision(std::string_view text, double value);

// The length of the valid UTF-8 character (RFC 3629) at the front of `text`, which is not empty; 0
// for none.
size_t Utf8Length(std::string_view text);
bool IsValidUtf8(std::string_view text);
// What to try where it is not.
inline constexpr const char* kToUtf8 = "iconv -f LATIN1 -t UTF-8, if it is Western European text";
// Each byte that is no part of valid UTF-8 becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

// Valid UTF-8 of at most 100 bytes, "…" at its end where something was cut off: a value for a
// message.
std::string Excerpt(std::string_view text);

}  // namespace slipway::data
