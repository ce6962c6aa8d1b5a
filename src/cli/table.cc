#include "cli/table.h"

#include <algorithm>

#include "core/text.h"

namespace slipway::cli {
namespace {

// A width beyond which the rest of a line is read anyway.
constexpr size_t kWidest = 60;

std::vector<size_t> ColumnWidths(const std::vector<Row>& rows, const TableStyle& style) {
  std::vector<size_t> widths(1, style.first_width);
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(kWidest, TextWidth(Printable(row[i].text))));
    }
  }
  return widths;
}

}  // namespace

std::string Table(const std::vector<Row>& rows, const Session& session, const TableStyle& style) {
  const std::vector<size_t> widths = ColumnWidths(rows, style);
  std::string table;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line(style.indent, ' ');
    for (size_t i = 0; i < rows[r].size(); ++i) {
      const Cell& cell = rows[r][i];
      const std::string text = Printable(cell.text);
      const std::string padding(widths[i] - std::min(widths[i], TextWidth(text)), ' ');
      const char* sgr = style.header && r == 0 ? "1" : cell.sgr;
      const bool last = i + 1 == rows[r].size();
      if (cell.right) line += padding;
      line += *sgr == '\0' ? text : session.Paint(sgr, text);
      if (!cell.right && !last) line += padding;
      if (!last) line += "  ";
    }
    line.resize(line.find_last_not_of(' ') + 1);
    table += line + "\n";
  }
  return table;
}

}  // namespace slipway::cli
