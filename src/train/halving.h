// Successive halving: many candidates are judged by few rows, and the better ones go on to more
// (Jamieson and Talwalkar 2016, Non-stochastic best arm identification and hyperparameter
// optimization; scikit-learn's HalvingRandomSearchCV).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "train/train.h"
#include "train/types.h"

namespace slipway::train {

// One of three goes on, with three times the rows.
inline constexpr int kHalvingFactor = 3;

struct Rung {
  double share = 1;  // Of a fold's training rows, in (0, 1].
  int trials = 0;    // That reach it.
};

// The last rung has all rows, each before it a third of the next one's, at least 500 of them; the
// first has all trials. Never empty.
std::vector<Rung> PlanHalving(int trials, int64_t rows);

struct Search {
  std::vector<Json> candidates;  // Hyper-parameters of each trial.
  std::string metric;
  int folds = 1;
  int64_t rows = 0;        // Training rows of a fold, in the mean.
  int64_t least_rows = 0;  // Of the smallest fold.
  int threads = 1;
};

struct SearchCalls {
  // The metric of a trial in a fold, fitted with so many threads on a share of the fold's training
  // rows; NaN where it is not defined. Called from several threads. kInvalidInput and kTimeout end
  // the trial, any other error the search.
  std::function<Result<double>(int trial, double share, int fold, int threads)> score;
  // Asked before each fit: true ends the search with what is known by then.
  std::function<bool()> out_of_time;
  // After each fit, from any thread.
  std::function<void(int64_t done, int64_t total)> progress;
};

// The best trial is the one with the best mean among those that got furthest, the earlier of equal
// ones. The first trial's error where none could be scored; kTimeout where there was no time for
// one.
Result<SearchOutcome> SearchByHalving(const Search& search, const SearchCalls& calls);

// A share of the rows to learn from and to score: of each class (of a regression of all) the first
// ones of a shuffled order, so that a larger share holds a smaller one. At least 1,000 rows are
// scored where there are as many, and no class loses its last five rows.
FoldRows TakeShare(const FoldRows& rows, const data::Target& target, double share, uint64_t seed);

}  // namespace slipway::train
