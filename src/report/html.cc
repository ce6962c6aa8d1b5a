#include <fmt/format.h>

#include <vector>

#include "report/html_internal.h"
#include "report/report.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

struct PageSection {
  const char* id;
  const char* title;
  std::string body;
};

std::vector<PageSection> Sections(const RunReport& report) {
  return {
      {"gates", "Gates", GatesBody(report)},
      {"metrics", "Metrics", MetricsBody(report)},
      {"pictures", "How it decides", PicturesBody(report)},
      {"importances", "Feature importances", ImportancesBody(report)},
      {"cross-validation", "Cross-validation", CrossValidationBody(report)},
      {"data", "Data quality", IssuesBody(report)},
      {"split", "Split", SplitBody(report)},
      {"columns", "Columns", ColumnsBody(report)},
      {"timings", "Timings", TimingsBody(report)},
      {"lineage", "Lineage", LineageBody(report)},
      {"commands", "Next", CommandsBody(report)},
  };
}

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

std::string RenderHtml(const RunReport& report) {
  const std::vector<PageSection> sections = Sections(report);
  std::string page = kHead;
  page += fmt::format("<title>{} · {} · Slipway</title>\n", Label(Reference(report)),
                      Escape(report.status));
  page += std::string("<style>") + StyleSheet() + "</style>\n</head>\n<body>\n";
  page += R"(<a class="skip" href="#main">Skip to the figures</a>)";
  page += Masthead(report) + Navigation(sections) + "<main id=\"main\">\n" + MetricTiles(report);
  for (const PageSection& section : sections) {
    if (section.body.empty()) continue;
    page += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 "
        "id=\"{0}-title\">{1}</h2>\n{2}</section>\n",
        section.id, section.title, section.body);
  }
  page +=
      fmt::format("</main>\n<footer><p>Slipway {} · run {} · {}</p></footer>\n</body>\n</html>\n",
                  Escape(report.slipway_version), Escape(report.run_id),
                  Escape(ReadableTime(report.started_at)));
  return page;
}

}  // namespace slipway::report
