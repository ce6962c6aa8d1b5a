#include "data/repeated_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <thread>
#include <vector>

#include "core/random.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Hashes = std::vector<uint64_t>;

RepeatedRow Repeat(int64_t row, int64_t first) { return {.row = row, .first = first}; }

// `count` rows, each one of `kinds` at random: other rows for each seed.
Hashes Rows(size_t count, uint64_t kinds, uint64_t seed) {
  Random random(seed);
  Hashes hashes(count);
  for (uint64_t& hash : hashes) hash = MixBits((seed << 40U) + random.Below(kinds));
  return hashes;
}

RepeatedRowsSummary TruthOf(const Hashes& hashes) {
  std::map<uint64_t, std::vector<int64_t>> rows;
  for (size_t i = 0; i < hashes.size(); ++i) rows[hashes[i]].push_back(static_cast<int64_t>(i));
  RepeatedRowsSummary truth;
  truth.rows = static_cast<int64_t>(hashes.size());
  truth.repeated = truth.rows - static_cast<int64_t>(rows.size());
  for (const auto& [hash, found] : rows) {
    if (found.size() > 1) truth.examples.push_back(Repeat(found[1], found[0]));
  }
  std::ranges::sort(truth.examples, {}, &RepeatedRow::row);
  return truth;
}

double RepeatsOf(Hashes hashes) {
  const size_t rows = hashes.size();
  std::ranges::sort(hashes);
  hashes.erase(std::ranges::unique(hashes).begin(), hashes.end());
  return static_cast<double>(rows - hashes.size());
}

void AddBlocks(const Hashes& hashes, const std::vector<size_t>& blocks, size_t block_rows,
               RepeatedRowsSketch* sketch) {
  for (const size_t block : blocks) {
    const size_t begin = block * block_rows;
    const size_t count = std::min(block_rows, hashes.size() - begin);
    sketch->AddAll(std::span(hashes).subspan(begin, count), static_cast<int64_t>(begin));
  }
}

std::vector<size_t> Blocks(size_t count) {
  std::vector<size_t> blocks(count);
  std::iota(blocks.begin(), blocks.end(), size_t{0});
  return blocks;
}

void ExpectSame(const RepeatedRowsSketch& a, const RepeatedRowsSketch& b) {
  const RepeatedRowsSummary left = a.Summary(1'000);
  const RepeatedRowsSummary right = b.Summary(1'000);
  EXPECT_EQ(left.rows, right.rows);
  EXPECT_EQ(left.repeated, right.repeated);
  EXPECT_EQ(left.relative_error, right.relative_error);
  EXPECT_EQ(left.sampled_share, right.sampled_share);
  EXPECT_EQ(left.examples, right.examples);
}

TEST(RepeatedRowsSketchTest, IsEmptyAtFirst) {
  RepeatedRowsSketch sketch;
  sketch.AddAll({}, 0);
  EXPECT_EQ(sketch.rows(), 0);
  EXPECT_EQ(sketch.RepeatedRows(), 0);
  EXPECT_EQ(sketch.relative_error(), 0);
  EXPECT_EQ(sketch.sampled_share(), 1);
  EXPECT_THAT(sketch.Examples(5), IsEmpty());
}

TEST(RepeatedRowsSketchTest, CountsRepeatsAndShowsTheFirstOfEach) {
  RepeatedRowsSketch sketch;
  // 0 and ~0 are hashes as any other.
  sketch.AddAll(Hashes{7, 0, 7, ~uint64_t{0}, 0, 7}, 100);
  EXPECT_EQ(sketch.rows(), 6);
  EXPECT_EQ(sketch.RepeatedRows(), 3);
  EXPECT_THAT(sketch.Examples(9), ElementsAre(Repeat(102, 100), Repeat(104, 101)));
  EXPECT_THAT(sketch.Examples(1), ElementsAre(Repeat(102, 100)));
  EXPECT_THAT(sketch.Examples(0), IsEmpty());
  // Earlier rows that come later are the first ones.
  sketch.AddAll(Hashes{0, 5, ~uint64_t{0}}, 0);
  EXPECT_THAT(sketch.Examples(9), ElementsAre(Repeat(101, 0), Repeat(102, 100), Repeat(103, 2)));
}

TEST(RepeatedRowsSketchTest, OfEqualRowsAllButOneRepeat) {
  RepeatedRowsSketch sketch(64);
  // More than 16 bits can count.
  sketch.AddAll(Hashes(200'000, MixBits(1)), 0);
  EXPECT_EQ(sketch.RepeatedRows(), 199'999);
  EXPECT_EQ(sketch.sampled_share(), 1);
  EXPECT_THAT(sketch.Examples(9), ElementsAre(Repeat(1, 0)));
}

TEST(RepeatedRowsSketchTest, IsExactUpToItsLimit) {
  for (const uint64_t kinds : {10U, 5'000U, 80'000U}) {
    const Hashes hashes = Rows(60'000, kinds, kinds);
    const RepeatedRowsSummary truth = TruthOf(hashes);
    RepeatedRowsSketch sketch(truth.rows - truth.repeated);
    sketch.AddAll(hashes, 0);
    const RepeatedRowsSummary found = sketch.Summary(hashes.size());
    EXPECT_EQ(found.sampled_share, 1);
    EXPECT_EQ(found.relative_error, 0);
    EXPECT_EQ(found.rows, truth.rows);
    EXPECT_EQ(found.repeated, truth.repeated);
    EXPECT_EQ(found.examples, truth.examples);
    if (truth.rows - truth.repeated <= RepeatedRowsSketch::kMinLimit) continue;
    RepeatedRowsSketch smaller(truth.rows - truth.repeated - 1);
    smaller.AddAll(hashes, 0);
    EXPECT_EQ(smaller.sampled_share(), 0.5);
  }
}

// Of 200 runs the estimates average to the truth within four standard errors; the stated error is
// one standard deviation: 1.96 of it are exceeded by 10 ± 3.1.
TEST(RepeatedRowsSketchTest, TheSampleIsUnbiasedAndStatesItsError) {
  constexpr int kRuns = 200;
  for (const uint64_t kinds : {6'000U, 20'000U, 200'000U}) {
    int beyond = 0;
    double sum = 0;
    double squares = 0;
    double truths = 0;
    for (uint64_t seed = 1; seed <= kRuns; ++seed) {
      const Hashes hashes = Rows(20'000, kinds, seed);
      const double truth = RepeatsOf(hashes);
      RepeatedRowsSketch sketch(1'500);
      sketch.AddAll(hashes, 0);
      ASSERT_LT(sketch.sampled_share(), 1);
      const auto estimate = static_cast<double>(sketch.RepeatedRows());
      beyond += std::abs(estimate - truth) > 1.96 * sketch.relative_error() * estimate ? 1 : 0;
      sum += estimate - truth;
      squares += (estimate - truth) * (estimate - truth);
      truths += truth;
    }
    EXPECT_LE(std::abs(sum), 4 * std::sqrt(squares)) << kinds;
    EXPECT_LE(beyond, 10 + 4 * 3.1) << kinds;
    // The bounds above would hold for an estimate that knows nothing, too.
    EXPECT_LE(std::sqrt(squares / kRuns), 0.25 * truths / kRuns) << kinds;
  }
}

TEST(RepeatedRowsSketchTest, SaysWhenTheSampleHoldsNoRepeat) {
  RepeatedRowsSketch sketch(100);
  Hashes hashes(10'000);
  for (size_t i = 0; i < hashes.size(); ++i) hashes[i] = MixBits(i);
  sketch.AddAll(hashes, 0);
  EXPECT_EQ(sketch.RepeatedRows(), 0);
  EXPECT_EQ(sketch.relative_error(), 1);
  EXPECT_LE(sketch.sampled_share(), 1.0 / 64);
  EXPECT_GE(sketch.sampled_share(), 1.0 / 256);
}

TEST(RepeatedRowsSketchTest, OrderDoesNotMatter) {
  for (const int64_t limit : {1'000, 1'000'000}) {
    const Hashes hashes = Rows(100'000, 30'000, 5);
    RepeatedRowsSketch forward(limit);
    forward.AddAll(hashes, 0);
    std::vector<size_t> blocks = Blocks(100);
    Random random(3);
    random.Shuffle(std::span(blocks));
    RepeatedRowsSketch shuffled(limit);
    AddBlocks(hashes, blocks, 1'000, &shuffled);
    ExpectSame(forward, shuffled);
  }
}

TEST(RepeatedRowsSketchTest, ThreadsDoNotMatter) {
  constexpr size_t kThreads = 4;
  // Limits that are passed at other moments: the level must rise as often on any schedule.
  for (const int64_t limit : {64, 500, 2'000, 3'000, 7'000, 1'000'000}) {
    const Hashes hashes = Rows(200'000, 120'000, 6);
    RepeatedRowsSketch alone(limit);
    alone.AddAll(hashes, 0);
    RepeatedRowsSketch shared(limit);
    {
      std::vector<std::jthread> threads;
      for (size_t thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
          std::vector<size_t> blocks = Blocks(200);
          std::erase_if(blocks, [&](size_t block) { return block % kThreads != thread; });
          AddBlocks(hashes, blocks, 1'000, &shared);
        });
      }
    }
    ExpectSame(alone, shared);
  }
}

TEST(RepeatedRowsSketchTest, MergedPartitionsAreOnePass) {
  for (const int64_t limit : {700, 1'000'000}) {
    const Hashes hashes = Rows(50'000, 30'000, 7);
    RepeatedRowsSketch whole(limit);
    whole.AddAll(hashes, 0);
    RepeatedRowsSketch merged(limit);
    for (const size_t block : {3U, 0U, 4U, 1U, 2U}) {
      RepeatedRowsSketch part(limit);
      AddBlocks(hashes, {block}, 10'000, &part);
      merged.Merge(part);
    }
    ExpectSame(whole, merged);
  }
}

TEST(RepeatedRowsSketchTest, MergesWithASketchOfASmallerShare) {
  const Hashes hashes = Rows(40'000, 30'000, 8);
  const std::span<const uint64_t> all(hashes);
  RepeatedRowsSketch exact(100'000);
  exact.AddAll(all.first(20'000), 0);
  RepeatedRowsSketch sampled(500);
  sampled.AddAll(all.last(20'000), 20'000);
  RepeatedRowsSketch into(100'000);
  into.Merge(exact);
  into.Merge(sampled);
  EXPECT_EQ(into.sampled_share(), sampled.sampled_share());
  EXPECT_EQ(into.rows(), 40'000);
  const double truth = RepeatsOf(hashes);
  EXPECT_NEAR(static_cast<double>(into.RepeatedRows()), truth, 4 * into.relative_error() * truth);
}

}  // namespace
}  // namespace slipway::data
