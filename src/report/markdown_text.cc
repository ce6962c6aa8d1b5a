#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/markdown_internal.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// GitHub cuts a comment at 65,536 characters.
constexpr size_t kMostBytes = 59'000;
constexpr size_t kMostIssues = 20;
constexpr size_t kMostColumns = 60;
constexpr std::string_view kZeroWidthSpace = "\xE2\x80\x8B";

// Whether GitHub makes a link of what is around this character: the first slash of https://, or the
// point of www.
bool MakesLink(std::string_view text, size_t at) {
  if (text[at] == '/') return at >= 1 && text.substr(at - 1, 3) == "://";
  return text[at] == '.' && at >= 3 && ToLower(text.substr(at - 3, 3)) == "www";
}

std::string CodeSpan(std::string_view text, size_t limit, bool in_table) {
  std::string inside;
  size_t longest = 0;
  size_t ticks = 0;
  for (const char c : Shorten(CleanText(text), limit)) {
    ticks = c == '`' ? ticks + 1 : 0;
    longest = std::max(longest, ticks);
    if (c == '|' && in_table) inside += '\\';
    inside += c == '\n' || c == '\t' ? ' ' : c;
  }
  if (inside.empty()) return "–";
  const std::string fence(longest + 1, '`');
  const char* room = longest > 0 ? " " : "";
  return fence + room + inside + room + fence;
}

}  // namespace

std::string Plain(std::string_view text, size_t limit) {
  constexpr std::string_view kMarks = "\\`*_{}[]()<>#|~!$";
  const std::string cleaned = Shorten(CleanText(text), limit);
  std::string plain;
  for (size_t at = 0; at < cleaned.size(); ++at) {
    const char c = cleaned[at];
    if (c == '\n' || c == '\t') {
      plain += ' ';
    } else if (c == '@') {
      plain += c;
      plain += kZeroWidthSpace;
    } else if (c == '&') {
      plain += "&amp;";
    } else {
      if (MakesLink(cleaned, at)) plain += kZeroWidthSpace;
      if (kMarks.find(c) != std::string_view::npos) plain += '\\';
      plain += c;
    }
  }
  return plain;
}

std::string Code(std::string_view text, size_t limit) { return CodeSpan(text, limit, false); }

std::string CodeCell(std::string_view text, size_t limit) { return CodeSpan(text, limit, true); }

std::string Details(const std::string& summary, const std::string& body) {
  if (body.empty()) return "";
  return fmt::format("<details><summary>{}</summary>\n\n{}\n</details>\n\n", summary, body);
}

std::string IssueList(const data::DatasetReport& data, std::string_view rest) {
  std::string out;
  for (size_t i = 0; i < std::min(kMostIssues, data.issues.size()); ++i) {
    const data::Issue& issue = data.issues[i];
    out +=
        fmt::format("- {}: {}", issue.severity == data::Severity::kError ? "**error**" : "warning",
                    Plain(issue.message));
    std::string examples;
    for (size_t e = 0; e < std::min<size_t>(3, issue.examples.size()); ++e) {
      const data::Example& example = issue.examples[e];
      examples += fmt::format("{}row {} {}", e == 0 ? "" : ", ", FormatCount(example.row),
                              example.missing ? "missing" : Code(example.value, 40));
    }
    out += examples.empty() ? "\n" : " (" + examples + ")\n";
  }
  if (data.issues.size() > kMostIssues) {
    out += fmt::format("- {} more in `{}`\n",
                       FormatCount(static_cast<int64_t>(data.issues.size() - kMostIssues)), rest);
  }
  return out + "\n";
}

std::string ColumnTable(const std::vector<data::ColumnProfile>& profiles, std::string_view rest) {
  if (profiles.empty()) return "";
  std::string rows;
  for (size_t i = 0; i < std::min(kMostColumns, profiles.size()); ++i) {
    const data::ColumnProfile& column = profiles[i];
    std::string range = "–";
    if (column.type != data::ColumnType::kCategory) {
      if (column.count > column.missing)
        range = FormatIn(column, column.min) + " – " + FormatIn(column, column.max);
    } else if (!column.top.empty()) {
      range = "mostly " + CodeCell(column.top[0].value, 30);
    }
    rows += fmt::format("| {} | {} | {} | {} | {} |\n", CodeCell(column.name, 50),
                        data::ToString(column.type), FormatShare(MissingShare(column)),
                        DistinctText(column), range);
  }
  if (profiles.size() > kMostColumns) {
    rows += fmt::format("| {} more in `{}` | | | | |\n", profiles.size() - kMostColumns, rest);
  }
  return "| Column | Type | Missing | Distinct | Range |\n|:--|:--|--:|--:|:--|\n" + rows;
}

std::string FitParts(const std::vector<std::string>& parts, std::string_view rest) {
  std::string text;
  bool dropped = false;
  for (const std::string& part : parts) {
    if (text.size() + part.size() > kMostBytes) {
      dropped = true;
    } else {
      text += part;
    }
  }
  if (dropped) text += fmt::format("Some parts are too long for a comment; `{}` has all.\n", rest);
  return text;
}

}  // namespace slipway::report
