// What all reports say of the search for hyper-parameters.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {

std::vector<train::Trial> BestTrials(const train::SearchOutcome& search) {
  std::vector<train::Trial> trials = search.trials;
  std::ranges::stable_sort(trials, [&](const train::Trial& a, const train::Trial& b) {
    return train::IsBetter(a, b, search.metric);
  });
  return trials;
}

std::string SearchSentence(const train::SearchOutcome& search) {
  const size_t rungs = search.chosen().rungs.size();
  std::string sentence = fmt::format(
      "{} judged by {} on rows that none of them learned from{}.",
      Plural(std::ssize(search.trials), "trial", "trials"), MetricTitle(search.metric),
      rungs > 1 ? "; the better third goes on to three times the rows (successive halving)" : "");
  if (search.out_of_time) sentence += " The time of model.search.seconds ended it early.";
  return sentence;
}

}  // namespace slipway::report
