// The frame of every page, and the pieces of markup that all sections share.
#include <fmt/format.h>

#include "core/text.h"
#include "report/html_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

std::string Navigation(const std::vector<PageSection>& sections) {
  std::string out = R"(<nav aria-label="Sections"><ul>)";
  for (const PageSection& section : sections) {
    if (section.body.empty()) continue;
    out += fmt::format(R"(<li><a href="#{}">{}</a></li>)", section.id, section.title);
  }
  return out + "</ul></nav>\n";
}

// Nothing is fetched and nothing is run, whatever the data holds.
constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
)";

}  // namespace

std::string Badge(const std::string& kind, const std::string& words) {
  return fmt::format(R"(<span class="badge {}">{}</span>)", kind, Escape(words));
}

std::string Breakable(const std::string& name) {
  std::string out;
  for (const char c : Label(name)) {
    out += c;
    if (c == '_') out += "<wbr>";
  }
  return out;
}

std::string TableMarkup(const std::string& name, const std::string& head, const std::string& rows) {
  return fmt::format(
      R"(<div class="scroll" role="region" aria-label="{0}" tabindex="0"><table><thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>)"
      "\n",
      Escape(name), head, rows);
}

std::string Fact(const std::string& term, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", Escape(term), Escape(value));
}

std::string BarLine(const std::string& name, const std::string& bar, const std::string& value) {
  return fmt::format(R"(<li><span class="name">{}</span>{}<span class="num">{}</span></li>)", name,
                     bar, Escape(value));
}

std::string StackLegend(int index, const char* name, int64_t count, int64_t total) {
  const double share = total > 0 ? static_cast<double>(count) / static_cast<double>(total) : 0;
  return fmt::format(R"(<li><i class="key p{}"></i>{} <b>{}</b> {}</li>)", index, name,
                     FormatCount(count), FormatShare(share));
}

std::string MoreIn(size_t count, std::string_view rest) {
  return count == 0 ? ""
                    : fmt::format("<p class=\"soft\">{} more in {}.</p>\n",
                                  FormatCount(static_cast<int64_t>(count)), rest);
}

std::string TopMarkup(const PageTop& top) {
  const std::string verdict = top.verdict.empty() ? ""
                                                  : fmt::format(R"(<p class="verdict {}">{}</p>)",
                                                                top.kind, Escape(top.verdict));
  return fmt::format(
      R"(<header>
<p class="eyebrow">{}</p>
<div class="title"><h1>{}</h1>{}</div>
<p class="lede">{}</p>
<dl class="facts">{}</dl>
</header>
)",
      Escape(top.eyebrow), Label(top.title, 120), verdict, Label(top.lede, 600), top.facts);
}

std::string PageMarkup(const Page& page) {
  std::string out = kHead;
  out += "<title>" + page.title + " · Slipway</title>\n";
  out += std::string("<style>") + StyleSheet() + "</style>\n</head>\n<body>\n";
  out += R"(<a class="skip" href="#main">Skip to the figures</a>)";
  out += page.top + Navigation(page.sections) + "<main id=\"main\">\n" + page.tiles;
  for (const PageSection& section : page.sections) {
    if (section.body.empty()) continue;
    out += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 "
        "id=\"{0}-title\">{1}</h2>\n{2}</section>\n",
        section.id, section.title, section.body);
  }
  return out + "</main>\n<footer><p>" + page.footer + "</p></footer>\n</body>\n</html>\n";
}

}  // namespace slipway::report
