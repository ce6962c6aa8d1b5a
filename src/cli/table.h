// Rows in aligned columns, for a person.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace slipway::cli {

struct Cell {
  std::string text;      // Control characters are shown as blanks.
  const char* sgr = "";  // Colour, as Session::Paint takes it.
  bool right = false;    // At the right edge of its column, as numbers stand.
};
using Row = std::vector<Cell>;

struct TableStyle {
  bool header = true;  // The first row is bold.
  size_t indent = 0;
  size_t first_width = 0;  // Least width of the first column, so that several tables line up.
};

// Columns as wide as their widest cell, two blanks apart; a row may be shorter than others.
std::string Table(const std::vector<Row>& rows, const Session& session,
                  const TableStyle& style = {});

// Keys and values below each other, in the style of a section.
inline constexpr TableStyle kSection = {.header = false, .indent = 2, .first_width = 13};
// A section whose lines begin with a mark.
inline constexpr TableStyle kMarked = {.header = false, .indent = 2};

}  // namespace slipway::cli
