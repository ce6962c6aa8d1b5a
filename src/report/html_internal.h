// The pages, section by section. Each function gives markup, "" where there is nothing to show.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "report/types.h"

namespace slipway::report {

// The style sheet: light and dark by the reader's preference, narrow pages, print.
const char* StyleSheet();

std::string Masthead(const RunReport& report);
std::string MetricTiles(const RunReport& report);
std::string GatesBody(const RunReport& report);
std::string RunIssues(const RunReport& report);
std::string SplitBody(const RunReport& report);
std::string CrossValidationBody(const RunReport& report);
std::string SearchBody(const RunReport& report);
std::string MetricsBody(const RunReport& report);
std::string PicturesBody(const RunReport& report);
std::string AnswersBody(const RunReport& report);
std::string SlicesBody(const RunReport& report);
std::string ImportancesBody(const RunReport& report);
std::string RunColumns(const RunReport& report);
std::string TimingsBody(const RunReport& report);
std::string LineageBody(const RunReport& report);
std::string CommandsBody(const RunReport& report);

// What is wrong with a table, with examples; `rest` is where what there is no room for stands.
std::string IssueTable(const data::DatasetReport& dataset, std::string_view rest);

// Each column as a card, and in a table those that there is no room for.
struct ColumnsView {
  std::string rows;       // "Of all rows."
  std::string target;     // "" for none.
  size_t most_cards = 0;  // Fewer where they would be too long.
  std::string_view rest;  // Where what there is no room for stands.
};
std::string ColumnsBody(const std::vector<data::ColumnProfile>& profiles, const ColumnsView& view);

// A page: its head, a section for each body that is not empty, with navigation, and a foot.
struct PageSection {
  const char* id;
  const char* title;
  std::string body;
};
struct Page {
  std::string title, top, tiles, footer;  // Markup.
  std::vector<PageSection> sections;
};
std::string PageMarkup(const Page& page);

// The head of a page: plain text but for `facts`. `kind` is pass, fail or warn.
struct PageTop {
  std::string eyebrow, title, kind, verdict, lede, facts;
};
std::string TopMarkup(const PageTop& top);

// A badge in colour and words.
std::string Badge(const std::string& kind, const std::string& words);
// A name from the data that may be broken between its words, for narrow cells.
std::string Breakable(const std::string& name);
// A table that scrolls in its own box where the page is narrower. `head` and `rows` are markup;
// `name` is plain text.
std::string TableMarkup(const std::string& name, const std::string& head, const std::string& rows);
// <dt> and <dd> of a list of facts; both plain text.
std::string Fact(const std::string& term, const std::string& value);
// A line of a list of bars: `name` and `bar` are markup, `value` is plain text.
std::string BarLine(const std::string& name, const std::string& bar, const std::string& value);
// One kind of what a stack of bars is made of, with its count and its share of `total`.
std::string StackLegend(int index, const char* name, int64_t count, int64_t total);

// Items of markup as long as they fit into `most_bytes`, `most` at most, one after the other.
struct Fitted {
  std::string markup;
  size_t shown = 0;
};
template <typename Items, typename Render>
Fitted FitItems(const Items& items, size_t first, size_t most, size_t most_bytes,
                const Render& render) {
  Fitted fitted;
  for (size_t i = first; i < items.size() && fitted.shown < most; ++i) {
    const std::string item = render(items[i]);
    if (fitted.markup.size() + item.size() > most_bytes) break;
    fitted.markup += item;
    ++fitted.shown;
  }
  return fitted;
}
// "<p>12 more in report.json.</p>", "" for none.
std::string MoreIn(size_t count, std::string_view rest);

}  // namespace slipway::report
