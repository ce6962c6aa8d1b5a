#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/sort_numbers.h"
#include "data/column_profiler_internal.h"
#include "data/profile.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

constexpr size_t kMaxExamples = 10;
// Up to so many different numbers are counted one by one.
constexpr size_t kFewNumbers = 256;
constexpr uint64_t kMissingHash = 0x7ff8dead00000000ULL;

void NoteRow(std::vector<int64_t>* rows, size_t row) {
  if (rows->size() < kMaxExamples) rows->push_back(static_cast<int64_t>(row));
}

void AppendRows(std::vector<int64_t>* all, const std::vector<int64_t>& rows, int64_t first_row) {
  for (const int64_t row : rows) {
    if (all->size() < kMaxExamples) all->push_back(first_row + row);
  }
}

// Four sums side by side, as additions wait for each other; always in the same order.
template <typename Term>
double SumOf(std::span<const double> values, Term term) {
  double sums[4] = {};
  const size_t even = values.size() / 4 * 4;
  for (size_t i = 0; i < even; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) sums[lane] += term(values[i + lane]);
  }
  for (size_t i = even; i < values.size(); ++i) sums[0] += term(values[i]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// Equal neighbours counted; empty, and false, where there are more than a few.
bool CountFew(std::span<const double> sorted, std::vector<CategoryCount>* counts) {
  std::vector<std::pair<double, int64_t>> runs;
  for (size_t i = 0; i < sorted.size();) {
    size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    if (runs.size() == kFewNumbers) return false;
    runs.emplace_back(sorted[i], static_cast<int64_t>(end - i));
    i = end;
  }
  for (const auto& [value, count] : runs) counts->push_back({fmt::format("{}", value), count});
  return true;
}

int64_t CodePoints(std::string_view text) {
  return std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

// Bins are half open, the last one closed. A column with one value has one bin.
Histogram MakeHistogram(const QuantileSketch::WeightedValues& sorted, double low, double high) {
  Histogram histogram{.low = low, .high = high, .counts = {}};
  const int bins = low == high ? 1 : kHistogramBins;
  const double range = high - low;
  const double width =
      std::isfinite(range) ? range / kHistogramBins : high / kHistogramBins - low / kHistogramBins;
  size_t at = 0;
  for (int bin = 1; bin <= bins; ++bin) {
    const double end = low + bin * width;
    int64_t count = 0;
    for (; at < sorted.values.size() && (bin == bins || sorted.values[at] < end); ++at) {
      count += sorted.weights[at];
    }
    histogram.counts.push_back(count);
  }
  return histogram;
}

}  // namespace

ColumnProfiler::ColumnProfiler(ColumnHeader header, size_t index, int64_t exact_values)
    : header_(std::move(header)),
      salt_(MixBits(index) | 1U),
      values_(QuantileSketch::kDefaultK, exact_values) {
  profile_.name = header_.name;
  profile_.type = header_.type;
}

ColumnProfiler::Digest ColumnProfiler::Reduce(const ColumnView& view,
                                              std::span<uint64_t> row_hashes) {
  Digest digest;
  if (view.type == ColumnType::kCategory) {
    ReduceCategories(view, row_hashes, &digest);
  } else {
    ReduceNumbers(view.numbers, row_hashes, &digest);
  }
  return digest;
}

void ColumnProfiler::ReduceNumbers(std::span<const double> numbers, std::span<uint64_t> row_hashes,
                                   Digest* digest) {
  std::vector<double>& values = digest->sorted;
  values.reserve(numbers.size());
  std::vector<uint64_t> hashes;
  hashes.reserve(numbers.size());
  for (size_t row = 0; row < numbers.size(); ++row) {
    const double value = numbers[row];
    if (std::isnan(value)) {
      row_hashes[row] += kMissingHash * salt_;
      NoteRow(&digest->missing_rows, row);
      continue;
    }
    const uint64_t hash = HashOf(value);
    row_hashes[row] += hash * salt_;
    hashes.push_back(hash);
    if (std::isinf(value)) {
      NoteRow(&digest->infinite_rows, row);
      ++digest->infinite;
      continue;
    }
    values.push_back(value);
  }
  AddDistinct(hashes);
  digest->missing = std::ssize(numbers) - std::ssize(values) - digest->infinite;
  if (values.empty()) return;
  digest->whole = std::ranges::all_of(values, IsWholeNumber);
  const auto count = static_cast<double>(values.size());
  const double mean = SumOf(values, [](double value) { return value; }) / count;
  digest->mean = mean;
  digest->m2 = SumOf(values, [mean](double value) { return (value - mean) * (value - mean); });
  SortNumbers(&values);
  digest->many_numbers = !CountFew(values, &digest->counts);
}

void ColumnProfiler::ReduceCategories(const ColumnView& view, std::span<uint64_t> row_hashes,
                                      Digest* digest) {
  const std::vector<std::string>& texts = *view.categories;
  std::vector<int64_t> counts(texts.size());
  std::vector<uint64_t> hash_of(texts.size());
  for (size_t row = 0; row < view.codes.size(); ++row) {
    if (view.codes[row] < 0) {
      row_hashes[row] += kMissingHash * salt_;
      NoteRow(&digest->missing_rows, row);
      ++digest->missing;
      continue;
    }
    const auto code = static_cast<size_t>(view.codes[row]);
    if (counts[code]++ == 0) hash_of[code] = HashOf(std::string_view(texts[code]));
    row_hashes[row] += hash_of[code] * salt_;
  }
  std::vector<uint64_t> hashes;
  TextLengths& lengths = digest->lengths;
  for (size_t code = 0; code < texts.size(); ++code) {
    if (counts[code] == 0) continue;
    const int64_t length = CodePoints(texts[code]);
    lengths.min = hashes.empty() ? length : std::min(lengths.min, length);
    lengths.max = std::max(lengths.max, length);
    lengths.mean += static_cast<double>(length * counts[code]);  // The sum, until Finish.
    hashes.push_back(hash_of[code]);
    digest->counts.push_back({texts[code], counts[code]});
  }
  AddDistinct(hashes);
}

void ColumnProfiler::AddDistinct(std::span<const uint64_t> hashes) {
  const std::lock_guard lock(mutex_);
  distinct_.AddAll(hashes);
}

void ColumnProfiler::Fold(Digest digest, int64_t first_row, int64_t rows) {
  AppendRows(&missing_rows_, digest.missing_rows, first_row);
  AppendRows(&infinite_rows_, digest.infinite_rows, first_row);
  profile_.count += rows;
  profile_.missing += digest.missing;
  profile_.infinite += digest.infinite;
  if (header_.type == ColumnType::kCategory) {
    if (digest.counts.empty()) return;
    TextLengths& lengths = profile_.lengths;
    lengths.min = texts_ == 0 ? digest.lengths.min : std::min(lengths.min, digest.lengths.min);
    lengths.max = std::max(lengths.max, digest.lengths.max);
    length_sum_ += digest.lengths.mean;
    texts_ += rows - digest.missing;
    for (const CategoryCount& item : digest.counts) frequent_.Add(item.value, item.count);
    return;
  }
  if (digest.sorted.empty()) return;
  const Moments moments = MergeMoments({values_.count(), profile_.mean, profile_.m2},
                                       {std::ssize(digest.sorted), digest.mean, digest.m2});
  profile_.mean = moments.mean;
  profile_.m2 = moments.m2;
  whole_ = whole_ && digest.whole;
  many_numbers_ = many_numbers_ || digest.many_numbers;
  if (many_numbers_) {
    frequent_ = FrequentValues();
  } else {
    for (const CategoryCount& item : digest.counts) frequent_.Add(item.value, item.count);
    many_numbers_ = frequent_.size() > kFewNumbers;
  }
  values_.AddSorted(digest.sorted);
}

ColumnProfile ColumnProfiler::Finish() {
  profile_.integral = header_.type == ColumnType::kNumeric && whole_ && values_.count() > 0;
  if (many_numbers_) frequent_ = FrequentValues();
  if (texts_ > 0) profile_.lengths.mean = length_sum_ / static_cast<double>(texts_);
  auto sketches = std::make_shared<ColumnSketches>(std::move(values_), std::move(distinct_),
                                                   std::move(frequent_));
  Summarize(*sketches, &profile_);
  profile_.sketches = std::move(sketches);
  return std::move(profile_);
}

Moments MergeMoments(const Moments& left, const Moments& right) {
  const auto n = static_cast<double>(left.count), m = static_cast<double>(right.count);
  if (left.count == 0) return right;
  if (right.count == 0) return left;
  const double difference = right.mean - left.mean;
  return {left.count + right.count, left.mean + difference * (m / (n + m)),
          left.m2 + right.m2 + difference * difference * (n * (m / (n + m)))};
}

void Summarize(const ColumnSketches& sketches, ColumnProfile* profile) {
  profile->distinct = sketches.distinct.Estimate();
  profile->distinct_error = sketches.distinct.relative_error();
  profile->top.clear();
  for (auto& item : sketches.frequent.Top(kTopCategories)) {
    profile->top.push_back({std::move(item.value), item.count});
  }
  profile->top_error = sketches.frequent.error();
  if (sketches.values.count() == 0) return;
  profile->min = sketches.values.min();
  profile->max = sketches.values.max();
  profile->quantiles = sketches.values.Quantiles(kQuantileProbabilities);
  profile->rank_error = sketches.values.rank_error();
  const QuantileSketch::WeightedValues sorted = sketches.values.Sorted();
  profile->histogram = MakeHistogram(sorted, profile->min, profile->max);
  if (profile->rank_error == 0 && profile->infinite == 0) {
    profile->distinct = std::ssize(sorted.values);
    profile->distinct_error = 0;
  }
}

}  // namespace slipway::data
