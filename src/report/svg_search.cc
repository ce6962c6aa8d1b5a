// The picture of a search for hyper-parameters.
#include <fmt/format.h>

#include "report/svg_internal.h"

namespace slipway::report {
namespace {

std::string TrialPath(const train::Trial& trial, double low, double high) {
  const double height = high > low ? high - low : 1;
  std::string path;
  for (size_t rung = 0; rung < trial.rungs.size(); ++rung) {
    path += fmt::format("{}{} {}", rung == 0 ? "M" : "L", rung,
                        At(100 - 100 * (trial.rungs[rung].mean() - low) / height));
  }
  // Who got no further is a short stroke.
  if (trial.rungs.size() == 1) path += "h0.04";
  return path;
}

}  // namespace

std::string TrialsSvg(const train::SearchOutcome& search, double low, double high) {
  std::string lines;
  for (const train::Trial& trial : search.trials) {
    if (trial.rungs.empty() || trial.number == search.chosen().number) continue;
    lines += fmt::format(R"(<path d="{}"/>)", TrialPath(trial, low, high));
  }
  // Last, so that nothing lies over it.
  lines += fmt::format(R"(<path class="chosen" d="{}"/>)", TrialPath(search.chosen(), low, high));
  return fmt::format(
      R"(<svg class="trials" role="img" viewBox="0 0 {} 100" preserveAspectRatio="none">{}{}</svg>)"
      "\n",
      search.chosen().rungs.size() - 1,
      Described("Trials",
                fmt::format("A line a trial over {} steps of more rows; trial {} is chosen.",
                            search.chosen().rungs.size(), search.chosen().number)),
      lines);
}

}  // namespace slipway::report
