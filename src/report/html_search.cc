// What the page says of the search for hyper-parameters.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/html_internal.h"
#include "report/summary_internal.h"
#include "report/svg_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr size_t kMostTrials = 30;

std::string TrialRow(const train::SearchOutcome& search, const train::Trial& trial) {
  const bool chosen = trial.number == search.chosen().number;
  std::string score = "–";
  std::string rows = "–";
  if (!trial.rungs.empty()) {
    const train::Spread spread = train::SpreadOf(trial.rungs.back().scores);
    score = fmt::format("{} ± {}", FormatMetric(spread.mean), FormatMetric(spread.deviation));
    rows = FormatCount(trial.rungs.back().rows);
  }
  return fmt::format(
      R"(<tr><th scope="row">{}{}</th><td>{}</td><td class="num">{}</td><td class="num{}">{}</td></tr>)"
      "\n",
      trial.number, chosen ? " " + Badge("pass", "chosen") : "",
      Label(trial.failure.empty() ? train::InWords(trial) : trial.failure, 160), rows,
      chosen ? " strong" : "", score);
}

// All means lie between these.
struct Extent {
  double low = 0, high = 0;
};

Extent ExtentOf(const train::SearchOutcome& search) {
  Extent extent{search.chosen().rungs.back().mean(), search.chosen().rungs.back().mean()};
  for (const train::Trial& trial : search.trials) {
    for (const train::RungScore& rung : trial.rungs) {
      extent.low = std::min(extent.low, rung.mean());
      extent.high = std::max(extent.high, rung.mean());
    }
  }
  return extent;
}

std::string Ends(const std::vector<std::string>& words) {
  std::string out = R"(<p class="ends">)";
  for (const std::string& word : words) out += "<span>" + Escape(word) + "</span>";
  return out + "</p>\n";
}

// One rung: the trials as dots on a scale; several: a line a trial from rung to rung.
std::string Picture(const train::SearchOutcome& search) {
  const Extent extent = ExtentOf(search);
  const std::vector<train::RungScore>& rungs = search.chosen().rungs;
  if (rungs.size() > 1) {
    std::vector<std::string> rows;
    for (const train::RungScore& rung : rungs) rows.push_back(FormatCount(rung.rows) + " rows");
    return fmt::format("<p class=\"soft\">{}, from {} to {}, by the rows learned from</p>\n",
                       Escape(MetricTitle(search.metric)), FormatMetric(extent.low),
                       FormatMetric(extent.high)) +
           TrialsSvg(search, extent.low, extent.high) + Ends(rows);
  }
  std::vector<double> means;
  for (const train::Trial& trial : search.trials) {
    if (!trial.rungs.empty()) means.push_back(trial.rungs.back().mean());
  }
  return DotsSvg(means, rungs.back().mean(), 0, extent.low, extent.high) +
         Ends({FormatMetric(extent.low), FormatMetric(extent.high)});
}

}  // namespace

std::string SearchBody(const RunReport& report) {
  const train::SearchOutcome& search = report.search;
  if (search.trials.empty()) return "";
  const std::vector<train::Trial> best = BestTrials(search);
  std::string rows;
  for (size_t i = 0; i < std::min(kMostTrials, best.size()); ++i) rows += TrialRow(search, best[i]);
  return Picture(search) +
         TableMarkup(
             "Trials",
             fmt::format(
                 R"(<th scope="col">Trial</th><th scope="col">Hyper-parameters</th><th scope="col" class="num">Rows</th><th scope="col" class="num">{}</th>)",
                 Escape(MetricTitle(search.metric))),
             rows) +
         MoreIn(best.size() - std::min(kMostTrials, best.size()), "report.json") +
         fmt::format("<p class=\"soft\">{}</p>\n", Escape(SearchSentence(search)));
}

}  // namespace slipway::report
