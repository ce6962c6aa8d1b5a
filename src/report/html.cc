#include <fmt/format.h>

#include <vector>

#include "report/card_internal.h"
#include "report/html_internal.h"
#include "report/report.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

// What the model card says of it, "" where there is no card.
std::string CardBody(const RunReport& report, const char* id) {
  const CardSection* section = FindSection(report.card, id);
  return section == nullptr ? "" : SectionHtml(*section);
}

std::vector<PageSection> Sections(const RunReport& report) {
  return {
      {"gates", "Gates", GatesBody(report)},
      {"metrics", "Metrics", MetricsBody(report)},
      {"pictures", "How it decides", PicturesBody(report)},
      {"answers", "Calibration and threshold", AnswersBody(report)},
      {"slices", "Slices", SlicesBody(report)},
      {"importances", "Feature importances", ImportancesBody(report)},
      {"cross-validation", "Cross-validation", CrossValidationBody(report)},
      {"search", "Search for hyper-parameters", SearchBody(report)},
      {"intended-use", "Intended use", CardBody(report, "intended-use")},
      {"limits", "Limits", CardBody(report, "limits")},
      {"data", "Data quality", RunIssues(report)},
      {"split", "Split", SplitBody(report)},
      {"columns", "Columns", RunColumns(report)},
      {"timings", "Timings", TimingsBody(report)},
      {"lineage", "Lineage", LineageBody(report)},
      {"commands", "Next", CommandsBody(report)},
  };
}

}  // namespace

std::string RenderHtml(const RunReport& report) {
  Page page;
  page.title = fmt::format("{} · {}", Label(Reference(report)), Escape(report.status));
  page.top = Masthead(report);
  page.tiles = MetricTiles(report);
  page.sections = Sections(report);
  page.footer = fmt::format("Slipway {} · run {} · {}", Escape(report.slipway_version),
                            Escape(report.run_id), Escape(ReadableTime(report.started_at)));
  return PageMarkup(page);
}

}  // namespace slipway::report
