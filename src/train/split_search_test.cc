#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "train/split_search_internal.h"

namespace slipway::train {
namespace {

struct Case {
  data::Matrix matrix;
  std::vector<ColumnBins> columns;
  std::vector<TreeRow> rows;
  std::vector<double> class_weights;
  ForestPlan plan;

  TreeGoal goal() const { return {.class_weights = class_weights, .numbers = {}}; }
  std::vector<double> Draws() const {
    std::vector<double> draws(class_weights.size());
    for (const TreeRow& row : rows) draws[row.cls] += row.times;
    return draws;
  }
};

// Few distinct values, so that bins are shared and some are empty in the node.
Case MakeCase(int64_t all, size_t in_node, int classes, int64_t values, uint64_t seed) {
  Random random(seed);
  Case made;
  made.matrix = {all, 4, std::vector<float>(static_cast<size_t>(all) * 4)};
  for (float& value : made.matrix.values) value = static_cast<float>(random.Below(values)) / 3;
  made.columns = *CutColumns(made.matrix, 256, 1);
  std::vector<uint32_t> order(static_cast<size_t>(all));
  std::iota(order.begin(), order.end(), 0U);
  random.Shuffle(std::span(order));
  for (size_t i = 0; i < in_node; ++i) {
    made.rows.push_back({order[i], static_cast<uint16_t>(random.Below(classes)),
                         static_cast<uint16_t>(1 + random.Below(3))});
  }
  made.class_weights.assign(static_cast<size_t>(classes), 1.0);
  made.plan.features_per_node = 4;
  made.plan.min_leaf = 1;
  return made;
}

double ImpurityTimesWeight(Criterion criterion, std::span<const double> mass) {
  const double total = std::accumulate(mass.begin(), mass.end(), 0.0);
  double impurity = criterion == Criterion::kGini ? 1 : 0;
  for (const double one : mass) {
    const double share = one / total;
    if (criterion == Criterion::kGini) impurity -= share * share;
    if (criterion == Criterion::kEntropy && share > 0) impurity -= share * std::log2(share);
  }
  return total * impurity;
}

// The least weighted impurity of all splits of the node, told by values instead of bins; infinity
// where none is allowed.
double BestByBruteForce(const Case& given, double least_weight) {
  double best = std::numeric_limits<double>::infinity();
  for (int64_t column = 0; column < given.matrix.columns; ++column) {
    const float* values = given.matrix.Column(column);
    std::set<float> distinct;
    for (const TreeRow& row : given.rows) distinct.insert(values[row.row]);
    for (const float cut : distinct) {
      std::vector<double> side[2];
      size_t rows[2] = {0, 0};
      for (auto& mass : side) mass.resize(given.class_weights.size());
      for (const TreeRow& row : given.rows) {
        const int right = values[row.row] > cut ? 1 : 0;
        ++rows[right];
        side[right][row.cls] += given.class_weights[row.cls] * row.times;
      }
      const auto least_rows = static_cast<size_t>(given.plan.min_leaf);
      if (rows[0] < least_rows || rows[1] < std::max<size_t>(least_rows, 1)) continue;
      const auto weight = [&](int i) {
        return std::accumulate(side[i].begin(), side[i].end(), 0.0);
      };
      if (weight(0) < least_weight || weight(1) < least_weight) continue;
      best = std::min(best, ImpurityTimesWeight(given.plan.criterion, side[0]) +
                                ImpurityTimesWeight(given.plan.criterion, side[1]));
    }
  }
  return best;
}

template <typename Bin>
void ExpectBest(const Case& given, double least_weight) {
  const auto binned = BinRows<Bin>(given.matrix, given.columns, 1);
  ASSERT_TRUE(binned.ok());
  SplitSearch<Bin> search(*binned, given.columns, given.plan, given.goal());
  const std::vector<double> draws = given.Draws();
  std::vector<double> mass(draws.size());
  std::ranges::transform(draws, given.class_weights, mass.begin(), std::multiplies<>());
  const double best = BestByBruteForce(given, least_weight);
  Random random(1);
  // Twice: the first call must leave nothing behind.
  for (int call = 0; call < 2; ++call) {
    const Split split = search.Find({given.rows, draws}, least_weight, &random);
    ASSERT_EQ(split.column >= 0, std::isfinite(best));
    if (split.column < 0) continue;
    // A node's impurity less its children's is what the split adds to purity.
    const double before = Purity(given.plan.criterion, mass);
    const double all = ImpurityTimesWeight(given.plan.criterion, mass);
    EXPECT_NEAR(split.purity - before, all - best, 1e-7);

    const double threshold = given.columns[static_cast<size_t>(split.column)].Threshold(
        static_cast<size_t>(split.last_left), static_cast<size_t>(split.first_right));
    std::vector<double> left(draws.size());
    uint32_t rows_left = 0;
    for (const TreeRow& row : given.rows) {
      if (given.matrix.Column(split.column)[row.row] > threshold) continue;
      left[row.cls] += row.times;
      ++rows_left;
    }
    EXPECT_EQ(rows_left, split.rows_left);
    EXPECT_TRUE(std::ranges::equal(left, search.left_tally()));
  }
}

TEST(SplitSearch, FindsWhatBruteForceFinds) {
  uint64_t seed = 0;
  for (const auto criterion : {Criterion::kGini, Criterion::kEntropy}) {
    for (const int classes : {2, 3, 7}) {
      // As many rows as bins or more, and far fewer.
      for (const size_t in_node : {2U, 9U, 60U, 400U}) {
        for (const int64_t values : {2, 40, 200}) {
          Case made = MakeCase(400, in_node, classes, values, ++seed);
          made.plan.criterion = criterion;
          ExpectBest<uint8_t>(made, 0);
          ExpectBest<uint16_t>(made, 0);
          made.plan.min_leaf = 3;
          for (size_t cls = 0; cls < made.class_weights.size(); ++cls)
            made.class_weights[cls] = 0.5 + static_cast<double>(cls);
          ExpectBest<uint8_t>(made, 4.5);
        }
      }
    }
  }
}

// Of numbers: the least sum of squared distances to the mean of a side, by its definition.
double SquaresAround(std::span<const double> numbers, std::span<const TreeRow> rows) {
  double draws = 0, sum = 0, squares = 0;
  for (const TreeRow& row : rows) {
    draws += row.times;
    sum += row.times * numbers[row.row];
  }
  for (const TreeRow& row : rows)
    squares += row.times * std::pow(numbers[row.row] - sum / draws, 2);
  return squares;
}

double LeastSquares(const Case& given, std::span<const double> numbers) {
  double best = std::numeric_limits<double>::infinity();
  for (int64_t column = 0; column < given.matrix.columns; ++column) {
    const float* values = given.matrix.Column(column);
    for (const TreeRow& cut : given.rows) {
      std::vector<TreeRow> sides[2];
      for (const TreeRow& row : given.rows)
        sides[values[row.row] > values[cut.row] ? 1 : 0].push_back(row);
      if (sides[0].size() < static_cast<size_t>(given.plan.min_leaf) ||
          sides[1].size() < static_cast<size_t>(given.plan.min_leaf)) {
        continue;
      }
      best = std::min(best, SquaresAround(numbers, sides[0]) + SquaresAround(numbers, sides[1]));
    }
  }
  return best;
}

TEST(SplitSearch, FindsWhatBruteForceFindsForNumbers) {
  uint64_t seed = 100;
  for (const size_t in_node : {2U, 9U, 60U, 300U}) {
    for (const int64_t values : {2, 40, 200}) {
      Case made = MakeCase(400, in_node, 1, values, ++seed);
      made.plan.criterion = Criterion::kSquaredError;
      made.plan.min_leaf = in_node > 9 ? 3 : 1;
      Random random(seed);
      std::vector<double> numbers;
      for (int i = 0; i < 400; ++i)
        numbers.push_back(std::round((random.Uniform() - 0.5) * 1'000'000));
      std::vector<double> tally(2);
      for (const TreeRow& row : made.rows) {
        tally[0] += row.times;
        tally[1] += row.times * numbers[row.row];
      }
      const auto binned = BinRows<uint8_t>(made.matrix, made.columns, 1);
      SplitSearch<uint8_t> search(*binned, made.columns, made.plan,
                                  {.class_weights = {}, .numbers = numbers});
      const double best = LeastSquares(made, numbers);
      // Twice: the first call must leave nothing behind.
      for (int call = 0; call < 2; ++call) {
        const Split split = search.Find({made.rows, tally}, 0, &random);
        ASSERT_EQ(split.column >= 0, std::isfinite(best));
        if (split.column < 0) continue;
        const double gained = split.purity - Purity(Criterion::kSquaredError, tally);
        const double all = SquaresAround(numbers, made.rows);
        EXPECT_NEAR((all - gained) / all, best / all, 1e-9);
      }
    }
  }
}

TEST(SplitSearch, TheThresholdLiesBetweenTheValuesOfTheNode) {
  Case made = MakeCase(400, 0, 2, 300, 3);
  made.plan.features_per_node = 1;
  made.matrix.columns = 1;
  made.matrix.values.resize(400);
  std::iota(made.matrix.values.begin(), made.matrix.values.end(), 0.0F);
  made.columns = *CutColumns(made.matrix, 400, 1);
  made.rows = {{10, 0, 1}, {30, 1, 1}};
  const auto binned = BinRows<uint16_t>(made.matrix, made.columns, 1);
  SplitSearch<uint16_t> search(*binned, made.columns, made.plan, made.goal());
  Random random(1);
  const Split split = search.Find({made.rows, made.Draws()}, 0, &random);
  ASSERT_EQ(split.column, 0);
  EXPECT_EQ(made.columns[0].Threshold(static_cast<size_t>(split.last_left),
                                      static_cast<size_t>(split.first_right)),
            20);
}

// Where the drawn columns are constant, others are drawn until one is not.
TEST(SplitSearch, LooksOnWhileColumnsAreConstant) {
  Case made = MakeCase(50, 50, 2, 20, 4);
  for (int64_t column = 0; column < 3; ++column) std::fill_n(made.matrix.Column(column), 50, 1.0F);
  made.columns = *CutColumns(made.matrix, 256, 1);
  made.plan.features_per_node = 1;
  const auto binned = BinRows<uint8_t>(made.matrix, made.columns, 1);
  SplitSearch<uint8_t> search(*binned, made.columns, made.plan, made.goal());
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    EXPECT_EQ(search.Find({made.rows, made.Draws()}, 0, &random).column, 3);
  }
}

TEST(Purity, OfNothingIsNothing) {
  EXPECT_EQ(Purity(Criterion::kGini, std::vector<double>{0, 0}), 0);
  EXPECT_EQ(Purity(Criterion::kEntropy, std::vector<double>{0, 0}), 0);
}

}  // namespace
}  // namespace slipway::train
