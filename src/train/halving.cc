#include "train/halving.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>

#include "core/parallel.h"
#include "core/random.h"
#include "core/text.h"

namespace slipway::train {
namespace {

constexpr int64_t kLeastRows = 500;
constexpr int64_t kLeastScored = 1000;
constexpr int64_t kLeastOfClass = 5;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Another trial may do where this one can't be fitted, or not in time.
bool EndsTrialOnly(ErrorCode code) {
  return code == ErrorCode::kInvalidInput || code == ErrorCode::kTimeout;
}

// The rungs of one search, one after another.
class Halving {
 public:
  Halving(const Search& search, const SearchCalls& calls) : search_(search), calls_(calls) {
    outcome_.metric = search.metric;
    for (size_t i = 0; i < search.candidates.size(); ++i) {
      Trial trial;
      trial.number = static_cast<int>(i) + 1;
      trial.hyperparameters = search.candidates[i];
      outcome_.trials.push_back(std::move(trial));
      alive_.push_back(static_cast<int>(i));
    }
    first_errors_.resize(search.candidates.size());
  }

  Result<SearchOutcome> Run() {
    const std::vector<Rung> rungs =
        PlanHalving(static_cast<int>(search_.candidates.size()), search_.least_rows);
    for (const Rung& rung : rungs) total_ += int64_t{rung.trials} * search_.folds;
    for (const Rung& rung : rungs) {
      if (std::ssize(alive_) > rung.trials) alive_.resize(static_cast<size_t>(rung.trials));
      if (alive_.empty() || outcome_.out_of_time) break;
      SLIPWAY_RETURN_IF_ERROR(ClimbTo(rung));
      KeepScored();
    }
    return Finish();
  }

 private:
  struct Score {
    double value = kUnknown;
    bool done = false;
    std::optional<Error> error;
  };

  // Scores all that are alive; what there was no time for stays undone.
  Status ClimbTo(const Rung& rung) {
    const auto folds = static_cast<size_t>(search_.folds);
    std::vector<Score> scores(alive_.size() * folds);
    const int threads_each = std::max(1, search_.threads / static_cast<int>(scores.size()));
    std::atomic<bool> late{false};
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(scores.size(), search_.threads, [&](size_t i) -> Status {
      if (late || calls_.out_of_time()) {
        late = true;
        return {};
      }
      auto value =
          calls_.score(alive_[i / folds], rung.share, static_cast<int>(i % folds), threads_each);
      if (value.ok()) {
        scores[i].value = *value;
      } else if (EndsTrialOnly(value.error().code())) {
        scores[i].error = std::move(value).error();
      } else {
        return std::move(value).error();
      }
      scores[i].done = true;
      calls_.progress(++done_, total_);
      return {};
    }));
    outcome_.out_of_time = late;
    for (size_t i = 0; i < alive_.size(); ++i) {
      Note(alive_[i], rung, {scores.begin() + static_cast<std::ptrdiff_t>(i * folds), folds});
    }
    return {};
  }

  void Note(int trial, const Rung& rung, std::span<const Score> scores) {
    Trial& noted = outcome_.trials[static_cast<size_t>(trial)];
    RungScore reached;
    reached.rows = std::llround(rung.share * static_cast<double>(search_.rows));
    for (const Score& score : scores) {
      if (score.error && noted.failure.empty()) {
        noted.failure = score.error->message();
        first_errors_[static_cast<size_t>(trial)] = score.error;
      }
      if (!score.done) return;
      if (std::isfinite(score.value)) reached.scores.push_back(score.value);
    }
    if (!noted.failure.empty()) return;
    if (reached.scores.empty()) {
      noted.failure = fmt::format("{} is not defined in any fold", search_.metric);
      return;
    }
    noted.rungs.push_back(std::move(reached));
  }

  // The best ones first, without those that could not be scored.
  void KeepScored() {
    std::erase_if(alive_, [&](int trial) {
      const Trial& noted = outcome_.trials[static_cast<size_t>(trial)];
      return !noted.failure.empty() || noted.rungs.empty();
    });
    std::ranges::sort(alive_);
    std::ranges::stable_sort(alive_, [&](int a, int b) {
      return IsBetter(outcome_.trials[static_cast<size_t>(a)],
                      outcome_.trials[static_cast<size_t>(b)], search_.metric);
    });
    if (!alive_.empty()) outcome_.best = alive_.front();
  }

  Result<SearchOutcome> Finish() {
    if (outcome_.best >= 0) return std::move(outcome_);
    for (const std::optional<Error>& error : first_errors_) {
      if (error) return *error;
    }
    if (outcome_.out_of_time) {
      return Error(ErrorCode::kTimeout, "there was no time to score one trial")
          .Try("more in model.search.seconds");
    }
    if (outcome_.trials.empty()) return Error(ErrorCode::kInvalidInput, "there is nothing to try");
    return Error(ErrorCode::kInvalidInput, outcome_.trials.front().failure)
        .Try("more rows to score, or another model.search.metric");
  }

  const Search& search_;
  const SearchCalls& calls_;
  SearchOutcome outcome_;
  std::vector<int> alive_;  // Indices of trials, the best of the rung before first.
  std::vector<std::optional<Error>> first_errors_;
  std::atomic<int64_t> done_{0};
  int64_t total_ = 0;
};

// The rows of each class in a shuffled order; of a regression all rows are of one.
std::vector<std::vector<int64_t>> ShuffledByClass(std::span<const int64_t> rows,
                                                  const data::Target& target, uint64_t seed) {
  std::vector<std::vector<int64_t>> strata(static_cast<size_t>(std::max(target.class_count(), 1)));
  for (const int64_t row : rows) {
    const int32_t cls = target.classes.empty() ? 0 : target.classes[static_cast<size_t>(row)];
    strata[static_cast<size_t>(cls)].push_back(row);
  }
  for (size_t i = 0; i < strata.size(); ++i) {
    Random(DeriveSeed(seed, i)).Shuffle(std::span(strata[i]));
  }
  return strata;
}

std::vector<int64_t> ShareOf(std::span<const int64_t> rows, const data::Target& target,
                             double share, uint64_t seed) {
  if (share >= 1) return {rows.begin(), rows.end()};
  std::vector<int64_t> taken;
  for (std::vector<int64_t>& stratum : ShuffledByClass(rows, target, seed)) {
    const auto wanted = std::llround(share * static_cast<double>(stratum.size()));
    const auto count =
        std::min<int64_t>(std::max<int64_t>(wanted, kLeastOfClass), std::ssize(stratum));
    taken.insert(taken.end(), stratum.begin(), stratum.begin() + count);
  }
  std::ranges::sort(taken);
  return taken;
}

}  // namespace

std::vector<Rung> PlanHalving(int trials, int64_t rows) {
  std::vector<Rung> rungs = {{1, 0}};
  for (int left = trials; left >= kHalvingFactor; left /= kHalvingFactor) {
    const double share = rungs.front().share / kHalvingFactor;
    if (share * static_cast<double>(rows) < kLeastRows) break;
    rungs.insert(rungs.begin(), {share, 0});
  }
  int left = trials;
  for (Rung& rung : rungs) {
    rung.trials = left;
    left = (left + kHalvingFactor - 1) / kHalvingFactor;
  }
  return rungs;
}

Result<SearchOutcome> SearchByHalving(const Search& search, const SearchCalls& calls) {
  return Halving(search, calls).Run();
}

FoldRows TakeShare(const FoldRows& rows, const data::Target& target, double share, uint64_t seed) {
  const double scored = std::max(
      share, static_cast<double>(kLeastScored) / static_cast<double>(std::ssize(rows.test)));
  return {ShareOf(rows.train, target, share, DeriveSeed(seed, 0)),
          ShareOf(rows.test, target, scored, DeriveSeed(seed, 1))};
}

}  // namespace slipway::train
