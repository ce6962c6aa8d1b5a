// What every report says of slices, in words.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {

std::vector<std::string> SliceMetrics(const RunReport& report) {
  constexpr size_t kMost = 4;
  std::vector<std::string> metrics = ShownMetrics(report);
  std::erase(metrics, report.slices.metric);
  metrics.insert(metrics.begin(), report.slices.metric);
  metrics.resize(std::min(metrics.size(), kMost));
  return metrics;
}

std::string NamedSlicesNote(const RunReport& report) {
  return fmt::format(
      "{} is {} on all test rows. q is the chance of such a difference from all other rows where "
      "there is none, adjusted for all of these slices; of fewer than {} it is not asked.",
      MetricTitle(report.slices.metric), FormatMetric(report.slices.whole),
      Plural(report.slices.min_rows, "row", "rows"));
}

std::string FoundSlicesNote(const RunReport& report) {
  const train::SliceReport& slices = report.slices;
  const std::string looked = fmt::format("{} of {} or more, by one feature or two, on {}",
                                         Plural(slices.looked_at, "slice", "slices"),
                                         Plural(slices.min_rows, "row", "rows"),
                                         Plural(slices.searched_rows, "test row", "test rows"));
  if (slices.found.empty())
    return "None is shown to be much worse than the rest, among " + looked + ".";
  return "Among " + looked +
         "; q is adjusted for all of them. As these were looked for, their own figures are likely "
         "a "
         "little too bad.";
}

}  // namespace slipway::report
