// Text for people: counts, sizes, durations, widths on a terminal, and "did you mean".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// "1,204,000".
std::string FormatCount(int64_t count);
// "1.1 MB", in powers of 1000.
std::string FormatBytes(int64_t bytes);
// "0.02 s", "3.1 s", "2 min 05 s".
std::string FormatSeconds(double seconds);
// "1 row", "2 rows", with FormatCount.
std::string Plural(int64_t count, std::string_view singular, std::string_view plural);
// "a", "a or b", "a, b or c".
std::string JoinOr(const std::vector<std::string>& names);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);

// The candidate with the least edit distance (insert, delete, replace, swap of neighbours; case
// ignored), or "" where none is within a third of the name's length, or one edit: of a single
// letter only the same in another case.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

// Columns on a terminal: code points of UTF-8, each taken as one column wide.
size_t TextWidth(std::string_view text);
// With blanks in place of control characters, those of C1 in UTF-8 too: names of columns, tags and
// files come from outside and must not steer a terminal.
std::string Printable(std::string_view text);

std::string ToLower(std::string_view text);
// Without blanks, tabs and line ends at both ends.
std::string_view Trim(std::string_view text);

}  // namespace slipway
