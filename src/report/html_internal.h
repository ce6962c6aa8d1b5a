// The page, section by section. Each function gives markup, "" where the run has nothing for it.
#pragma once

#include <string>

#include "report/types.h"

namespace slipway::report {

// The style sheet: light and dark by the reader's preference, narrow pages, print.
const char* StyleSheet();

std::string Masthead(const RunReport& report);
std::string MetricTiles(const RunReport& report);
std::string GatesBody(const RunReport& report);
std::string IssuesBody(const RunReport& report);
std::string SplitBody(const RunReport& report);
std::string CrossValidationBody(const RunReport& report);
std::string MetricsBody(const RunReport& report);
std::string PicturesBody(const RunReport& report);
std::string ImportancesBody(const RunReport& report);
std::string ColumnsBody(const RunReport& report);
std::string TimingsBody(const RunReport& report);
std::string LineageBody(const RunReport& report);
std::string CommandsBody(const RunReport& report);

// A badge in colour and words.
std::string Badge(const std::string& kind, const std::string& words);
// A name from the data that may be broken between its words, for narrow cells.
std::string Breakable(const std::string& name);
// A table that scrolls in its own box where the page is narrower. `head` and `rows` are markup;
// `name` is plain text.
std::string TableMarkup(const std::string& name, const std::string& head, const std::string& rows);
// <dt> and <dd> of a list of facts; both plain text.
std::string Fact(const std::string& term, const std::string& value);

}  // namespace slipway::report
