// Markdown for a pull-request comment: text from the data made harmless, and the parts that several
// reports have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/types.h"

namespace slipway::report {

// Words from the data as plain words: no markup, no table cells, no links, and nobody is mentioned
// by an @.
std::string Plain(std::string_view text, size_t limit = 300);
// A name or a value in a code span.
std::string Code(std::string_view text, size_t limit = 60);
// The same in a table, where a bar would end the cell; out of one its escape would be shown.
std::string CodeCell(std::string_view text, size_t limit = 60);
// A part that is folded away; "" without a body.
std::string Details(const std::string& summary, const std::string& body);

// `rest` is the file that has what there is no room for.
std::string IssueList(const data::DatasetReport& data, std::string_view rest);
std::string ColumnTable(const std::vector<data::ColumnProfile>& profiles, std::string_view rest);

// The parts that fit into a comment, in order; where one does not, that `rest` has it.
std::string FitParts(const std::vector<std::string>& parts, std::string_view rest);

}  // namespace slipway::report
