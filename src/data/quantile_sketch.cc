#include "data/quantile_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include "core/random.h"
#include "data/quantile_internal.h"

namespace slipway::data {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr uint64_t kSeed = 0x51195a7;
// A level below the top keeps at least so many values: fewer would compact at every turn.
constexpr size_t kLeastCapacity = 8;
// Runs are merged while they are short, so that values that come one by one make few runs.
constexpr size_t kShortRun = 4096;

using Values = std::vector<double>;

// The capacity of the level below one of this capacity.
size_t RoomBelow(size_t capacity) { return std::max(capacity * 2 / 3, kLeastCapacity); }

// Without a branch on the values, which nothing could predict.
Values MergeAscending(const Values& a, const Values& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  Values merged(a.size() + b.size());
  const double* first = a.data();
  const double* second = b.data();
  const double* const first_end = first + a.size();
  const double* const second_end = second + b.size();
  double* out = merged.data();
  while (first != first_end && second != second_end) {
    const double one = *first;
    const double other = *second;
    *out++ = std::min(one, other);
    const auto from_second = static_cast<ptrdiff_t>(other < one);
    second += from_second;
    first += 1 - from_second;
  }
  out = std::copy(first, first_end, out);
  std::copy(second, second_end, out);
  return merged;
}

// Neighbours in pairs: n · log(runs) steps.
Values MergeRuns(std::vector<Values> runs) {
  if (runs.empty()) return {};
  while (runs.size() > 1) {
    size_t kept = 0;
    for (size_t i = 0; i < runs.size(); i += 2) {
      const bool paired = i + 1 < runs.size();
      Values merged = paired ? MergeAscending(runs[i], runs[i + 1]) : std::move(runs[i]);
      runs[kept++] = std::move(merged);
    }
    runs.resize(kept);
  }
  return std::move(runs.front());
}

// Every `step`-th value from `offset`.
Values EveryOther(std::span<const double> values, size_t step, size_t offset) {
  Values picked(values.size() / step);
  // Adding 0 makes 0 of -0.
  for (size_t i = 0; i < picked.size(); ++i) picked[i] = values[i * step + offset] + 0.0;
  return picked;
}

// Tells buffers of different values apart; wraps around.
uint64_t SumOfBits(std::span<const double> values, size_t step) {
  uint64_t sum = values.size();
  for (size_t i = 0; i < values.size(); i += step) sum += std::bit_cast<uint64_t>(values[i] + 0.0);
  return sum;
}

std::span<const double> FinitePart(std::span<const double> ascending) {
  while (!ascending.empty() && ascending.front() == -kInfinity) ascending = ascending.subspan(1);
  const auto end = std::ranges::lower_bound(ascending, kInfinity);
  return ascending.first(static_cast<size_t>(end - ascending.begin()));
}

int64_t CountAtMost(const Values& ascending, double value) {
  return std::ranges::upper_bound(ascending, value) - ascending.begin();
}

struct Weighted {
  double value;
  int64_t weight;
};

QuantileSketch::WeightedValues WithoutTies(const std::vector<Weighted>& items) {
  QuantileSketch::WeightedValues result;
  result.values.reserve(items.size());
  result.weights.reserve(items.size());
  for (const Weighted& item : items) {
    if (!result.values.empty() && result.values.back() == item.value) {
      result.weights.back() += item.weight;
    } else {
      result.values.push_back(item.value);
      result.weights.push_back(item.weight);
    }
  }
  return result;
}

}  // namespace

QuantileSketch::QuantileSketch(int k, int64_t exact_limit)
    : k_(std::clamp(k, kMinK, kMaxK)),
      smallest_k_(k_),
      exact_limit_(std::max<int64_t>(exact_limit, 0)),
      min_(kInfinity),
      max_(-kInfinity),
      coin_(kSeed),
      levels_(1) {}

double QuantileSketch::min() const { return count_ == 0 ? kNaN : min_; }

double QuantileSketch::max() const { return count_ == 0 ? kNaN : max_; }

double QuantileSketch::rank_error() const {
  return exact() ? 0 : 2.296 / std::pow(smallest_k_, 0.9723);
}

void QuantileSketch::AddSorted(std::span<const double> ascending) {
  ascending = FinitePart(ascending);
  if (ascending.empty()) return;
  count_ += static_cast<int64_t>(ascending.size());
  min_ = std::min(min_, ascending.front() + 0.0);
  max_ = std::max(max_, ascending.back() + 0.0);
  const bool keep_all = exact() && count_ <= exact_limit_;
  if (!keep_all && ascending.size() > LongRun()) {
    AddLongRun(ascending);
  } else {
    PushRun(EveryOther(ascending, 1, 0));
  }
  if (!keep_all) Settle();
}

void QuantileSketch::Merge(const QuantileSketch& other) {
  if (&other == this) return Merge(QuantileSketch(other));
  if (other.exact()) {
    for (const Values& run : other.runs_) AddSorted(run);
    return;
  }
  smallest_k_ = std::min(smallest_k_, other.smallest_k_);
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  for (const Values& run : other.runs_) PushRun(run);
  for (size_t level = 1; level < other.levels_.size(); ++level) {
    MergeIntoLevel(level, other.levels_[level]);
  }
  Settle();
}

void QuantileSketch::PushRun(Values run) {
  runs_.push_back(std::move(run));
  while (runs_.size() > 1) {
    const Values& last = runs_.back();
    Values& before = runs_[runs_.size() - 2];
    if (before.size() >= 2 * last.size() || before.size() + last.size() > kShortRun) return;
    before = MergeAscending(before, last);
    runs_.pop_back();
  }
}

// One of each 2^j neighbours; those left over are fewer than 2^j and the next in turn.
void QuantileSketch::AddLongRun(std::span<const double> ascending) {
  while (ascending.size() > LongRun()) {
    size_t level = 1;
    while (ascending.size() >> level > LongRun()) ++level;
    const size_t step = size_t{1} << level;
    const uint64_t bits = DrawBits(SumOfBits(ascending, step));
    MergeIntoLevel(level, EveryOther(ascending, step, bits & (step - 1)));
    ascending = ascending.last(ascending.size() & (step - 1));
  }
  if (!ascending.empty()) PushRun(EveryOther(ascending, 1, 0));
}

void QuantileSketch::MergeIntoLevel(size_t level, Values values) {
  if (level >= levels_.size()) levels_.resize(level + 1);
  levels_[level] =
      levels_[level].empty() ? std::move(values) : MergeAscending(levels_[level], values);
}

size_t QuantileSketch::LevelSize(size_t level) const {
  if (level > 0) return levels_[level].size();
  return std::transform_reduce(runs_.begin(), runs_.end(), size_t{0}, std::plus<>(),
                               [](const Values& run) { return run.size(); });
}

// From the top down: k, two thirds of it, and so on.
size_t QuantileSketch::LevelCapacity(size_t level) const {
  auto capacity = static_cast<size_t>(k_);
  for (size_t above = level + 1; above < levels_.size(); ++above) capacity = RoomBelow(capacity);
  return capacity;
}

bool QuantileSketch::IsTooFull() const {
  size_t held = 0;
  size_t room = 0;
  auto capacity = static_cast<size_t>(k_);
  for (size_t level = levels_.size(); level-- > 0; capacity = RoomBelow(capacity)) {
    held += LevelSize(level);
    room += capacity;
  }
  return held > room;
}

// Runs that were kept while the sketch was exact.
void QuantileSketch::TakeInLongRuns() {
  std::vector<Values> runs;
  runs.swap(runs_);
  for (Values& run : runs) {
    if (run.size() > LongRun()) {
      AddLongRun(run);
    } else {
      PushRun(std::move(run));
    }
  }
}

// Compacts the lowest level that is too full until all of them together are not.
void QuantileSketch::Settle() {
  if (std::ranges::any_of(runs_, [&](const Values& run) { return run.size() > LongRun(); })) {
    TakeInLongRuns();
  }
  while (IsTooFull()) {
    size_t level = 0;
    while (LevelSize(level) <= LevelCapacity(level)) ++level;
    CompactLevel(level);
  }
}

void QuantileSketch::CompactLevel(size_t level) {
  Values values = level == 0 ? MergeRuns(std::move(runs_)) : std::move(levels_[level]);
  if (level == 0) runs_.clear();
  const size_t odd = values.size() % 2;
  const std::span<const double> pairs = std::span<const double>(values).subspan(odd);
  const uint64_t coin = DrawBits(SumOfBits(pairs, 1)) & 1U;
  MergeIntoLevel(level + 1, EveryOther(pairs, 2, coin));
  values.resize(odd);
  if (level > 0) {
    levels_[level] = std::move(values);
  } else if (odd > 0) {
    runs_.push_back(std::move(values));
  }
}

uint64_t QuantileSketch::DrawBits(uint64_t stir) {
  coin_ = Random(coin_ ^ stir).Next();
  return coin_;
}

QuantileSketch::Values QuantileSketch::ExactValues() const { return MergeRuns(runs_); }

double QuantileSketch::Quantile(double share) const { return Quantiles({&share, 1}).front(); }

std::vector<double> QuantileSketch::Quantiles(std::span<const double> shares) const {
  std::vector<double> result(shares.size(), kNaN);
  if (count_ == 0) return result;
  const Values all = exact() ? ExactValues() : Values();
  const WeightedValues sorted = exact() ? WeightedValues() : Sorted();
  std::vector<int64_t> ranks(sorted.weights.size());
  std::inclusive_scan(sorted.weights.begin(), sorted.weights.end(), ranks.begin());
  for (size_t i = 0; i < shares.size(); ++i) {
    if (!(shares[i] > 0) || shares[i] >= 1) {
      result[i] = shares[i] >= 1 ? max_ : min_;
    } else if (exact()) {
      result[i] = data::Quantile(all, shares[i]);
    } else {
      const auto rank = static_cast<int64_t>(std::ceil(shares[i] * static_cast<double>(count_)));
      const auto at = std::ranges::lower_bound(ranks, std::min(rank, count_));
      result[i] = sorted.values[static_cast<size_t>(at - ranks.begin())];
    }
  }
  return result;
}

double QuantileSketch::Rank(double value) const {
  if (count_ == 0 || value < min_) return 0;
  if (value >= max_) return 1;
  int64_t below = 0;
  for (const Values& run : runs_) below += CountAtMost(run, value);
  for (size_t level = 1; level < levels_.size(); ++level) {
    below += CountAtMost(levels_[level], value) << level;
  }
  return static_cast<double>(below) / static_cast<double>(count_);
}

QuantileSketch::WeightedValues QuantileSketch::Sorted() const {
  const Values exact = ExactValues();
  size_t size = exact.size();
  for (size_t level = 1; level < levels_.size(); ++level) size += levels_[level].size();
  std::vector<Weighted> all, merged, items;
  for (std::vector<Weighted>* list : {&all, &merged, &items}) list->reserve(size);
  auto add = [&](const Values& values, int64_t weight) {
    items.clear();
    for (const double value : values) items.push_back({.value = value, .weight = weight});
    merged.resize(all.size() + items.size());
    std::ranges::merge(all, items, merged.begin(), {}, &Weighted::value, &Weighted::value);
    all.swap(merged);
  };
  add(exact, 1);
  for (size_t level = 1; level < levels_.size(); ++level) add(levels_[level], int64_t{1} << level);
  return WithoutTies(all);
}

}  // namespace slipway::data
