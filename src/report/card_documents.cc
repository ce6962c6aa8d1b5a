// A card as Markdown, HTML and JSON.
#include <fmt/format.h>

#include "report/card_internal.h"
#include "report/html_internal.h"
#include "report/markdown_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kLongest = 4000;  // Of what somebody wrote.

std::string HtmlTable(const CardSection& section) {
  const CardTable& table = section.table;
  if (table.rows.empty()) return "";
  std::string head, rows;
  for (const std::string& name : table.head)
    head += fmt::format(R"(<th scope="col">{}</th>)", Escape(name));
  for (const std::vector<std::string>& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      rows += i == 0 ? fmt::format(R"(<tr><th scope="row">{}</th>)", Label(row[i], 80))
                     : fmt::format("<td>{}</td>", Label(row[i], 400));
    }
    rows += "</tr>\n";
  }
  return TableMarkup(section.title, head, rows);
}

std::string MarkdownTable(const CardTable& table) {
  if (table.rows.empty()) return "";
  std::string text = "|", rule = "|";
  for (const std::string& name : table.head) {
    text += " " + Plain(name) + " |";
    rule += ":--|";
  }
  text += "\n" + rule + "\n";
  for (const std::vector<std::string>& row : table.rows) {
    text += '|';
    for (const std::string& cell : row) text += " " + Plain(cell, 400) + " |";
    text += '\n';
  }
  return text + "\n";
}

Json TableJson(const CardTable& table) {
  Json rows = Json::array();
  for (const std::vector<std::string>& row : table.rows) {
    Json json = Json::object();
    for (size_t i = 0; i < row.size(); ++i) json[table.head[i]] = CleanText(row[i]);
    rows.push_back(std::move(json));
  }
  return rows;
}

Json TextsJson(const std::vector<std::string>& texts) {
  Json json = Json::array();
  for (const std::string& text : texts) json.push_back(CleanText(text));
  return json;
}

}  // namespace

std::string SectionHtml(const CardSection& section) {
  std::string out;
  for (const std::string& text : section.paragraphs)
    out += "<p>" + Label(text, kLongest) + "</p>\n";
  std::string points;
  for (const std::string& text : section.points) points += "<li>" + Label(text, kLongest) + "</li>";
  if (!points.empty()) out += "<ul class=\"points\">" + points + "</ul>\n";
  return out + HtmlTable(section);
}

std::string SectionMarkdown(const CardSection& section) {
  std::string out;
  for (const std::string& text : section.paragraphs) out += Plain(text, kLongest) + "\n\n";
  for (const std::string& text : section.points) out += "- " + Plain(text, kLongest) + "\n";
  if (!section.points.empty()) out += '\n';
  return out + MarkdownTable(section.table);
}

std::string RenderCardMarkdown(const Card& card) {
  std::string out =
      fmt::format("# Model card: {}\n\n{}\n\n", Plain(card.title, 160), Plain(card.lede, kLongest));
  for (const CardSection& section : card.sections)
    out += "## " + section.title + "\n\n" + SectionMarkdown(section);
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string RenderCardHtml(const Card& card) {
  const bool passed = card.status == "passed";
  Page page;
  page.title = Label(card.title) + " · model card";
  page.top = TopMarkup({"Slipway model card", card.title, passed ? "pass" : "fail",
                        passed ? "Passed" : "Not passed", card.lede, ""});
  for (const CardSection& section : card.sections)
    page.sections.push_back({section.id.c_str(), section.title.c_str(), SectionHtml(section)});
  page.footer = "Model cards: Mitchell et al. 2019";
  return PageMarkup(page);
}

Json RenderCardJson(const Card& card) {
  Json sections = Json::array();
  for (const CardSection& section : card.sections) {
    sections.push_back({{"id", section.id},
                        {"title", section.title},
                        {"paragraphs", TextsJson(section.paragraphs)},
                        {"points", TextsJson(section.points)},
                        {"table", TableJson(section.table)}});
  }
  return {{"model", card.title},
          {"status", card.status},
          {"summary", CleanText(card.lede)},
          {"sections", std::move(sections)}};
}

}  // namespace slipway::report
