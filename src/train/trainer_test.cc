#include "train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <numeric>

#include "core/build_info.h"
#include "core/file_system.h"
#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/plugin.h"
#include "core/random.h"
#include "model/tree_ensemble.h"
#include "train/plugin_internal.h"
#include "train/test_sample_internal.h"

namespace slipway::train {
namespace {

using ::testing::HasSubstr;

// Class by a noisy sum of the first two columns; the others are noise.
Sample MakeSample(int64_t rows, int64_t columns, int classes, uint64_t seed = 1) {
  Random random(seed);
  Sample sample = UniformSample(rows, columns, classes, &random);
  for (int64_t row = 0; row < rows; ++row) {
    const double signal =
        sample.matrix.Column(0)[row] + sample.matrix.Column(columns > 1 ? 1 : 0)[row];
    const double share = (signal + 0.3 * (random.Uniform() - 0.5) + 2.2) / 4.4;
    sample.classes.push_back(std::clamp(static_cast<int32_t>(share * classes), 0, classes - 1));
  }
  return sample;
}

// The trees of a fitted forest with probabilities of sum 1, but for the grid they were put on.
struct Forest {
  std::vector<model::FittedTree> trees;
  std::vector<double> importances;
};

Forest ForestOf(const FittedModel& fitted, int class_count) {
  Forest forest{{}, fitted.importances};
  for (const model::Tree& tree : std::get<model::TreeEnsemble>(fitted.scorer.body).trees) {
    model::FittedTree& own = forest.trees.emplace_back();
    for (const model::TreeNode& node : tree.nodes)
      own.nodes.push_back({node.feature, node.threshold, node.left, node.right});
    const auto classes = static_cast<size_t>(class_count);
    for (size_t leaf = 0; leaf < tree.leaf_values.size(); leaf += classes) {
      const float* values = tree.leaf_values.data() + leaf;
      const double sum = std::accumulate(values, values + classes, 0.0);
      for (size_t cls = 0; cls < classes; ++cls) own.values.push_back(values[cls] / sum);
    }
  }
  return forest;
}

Forest FitOrDie(const Sample& sample, const Json& hyperparameters, int threads = 2,
                uint64_t seed = 5) {
  const auto trainer = MakeTrainer("random_forest");
  EXPECT_TRUE(trainer.ok());
  const auto fitted = (*trainer)->Fit(sample.set(), hyperparameters, {seed, threads});
  EXPECT_TRUE(fitted.ok()) << (fitted.ok() ? "" : fitted.error().ToString());
  return fitted.ok() ? ForestOf(*fitted, sample.class_count) : Forest{};
}

size_t LeafOf(const model::FittedTree& tree, const data::Matrix& matrix, int64_t row) {
  size_t node = 0;
  while (tree.nodes[node].feature >= 0) {
    const auto& split = tree.nodes[node];
    node = static_cast<size_t>(matrix.Column(split.feature)[row] <= split.threshold ? split.left
                                                                                    : split.right);
  }
  return static_cast<size_t>(tree.nodes[node].left);
}

int32_t Vote(const Forest& forest, const Sample& sample, int64_t row) {
  std::vector<double> sums(static_cast<size_t>(sample.class_count));
  for (const auto& tree : forest.trees) {
    const size_t leaf = LeafOf(tree, sample.matrix, row);
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += tree.values[leaf * sums.size() + i];
  }
  return static_cast<int32_t>(std::ranges::max_element(sums) - sums.begin());
}

double Accuracy(const Forest& forest, const Sample& sample) {
  int64_t hits = 0;
  for (int64_t row = 0; row < sample.matrix.rows; ++row) {
    hits += Vote(forest, sample, row) == sample.classes[static_cast<size_t>(row)] ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(sample.matrix.rows);
}

int Depth(const model::FittedTree& tree, size_t node = 0) {
  if (tree.nodes[node].feature < 0) return 0;
  return 1 + std::max(Depth(tree, static_cast<size_t>(tree.nodes[node].left)),
                      Depth(tree, static_cast<size_t>(tree.nodes[node].right)));
}

size_t Leaves(const model::FittedTree& tree) {
  return static_cast<size_t>(
      std::ranges::count_if(tree.nodes, [](const auto& node) { return node.feature < 0; }));
}

// What must hold of any forest: whole trees, features that exist, leaves whose probabilities sum
// to 1.
void ExpectSound(const Forest& forest, const Sample& sample) {
  for (const auto& tree : forest.trees) {
    const size_t leaves = Leaves(tree);
    EXPECT_EQ(tree.nodes.size(), 2 * leaves - 1);
    ASSERT_EQ(tree.values.size(), leaves * static_cast<size_t>(sample.class_count));
    for (const auto& node : tree.nodes) ASSERT_LT(node.feature, sample.matrix.columns);
    for (size_t leaf = 0; leaf < leaves; ++leaf) {
      const auto* first = tree.values.data() + leaf * static_cast<size_t>(sample.class_count);
      EXPECT_NEAR(std::accumulate(first, first + sample.class_count, 0.0), 1.0, 1e-9);
    }
  }
  const double total = std::accumulate(forest.importances.begin(), forest.importances.end(), 0.0);
  EXPECT_TRUE(std::abs(total - 1) < 1e-9 || total == 0) << total;
}

void ExpectSame(const Forest& left, const Forest& right) {
  EXPECT_EQ(left.importances, right.importances);
  ASSERT_EQ(left.trees.size(), right.trees.size());
  for (size_t i = 0; i < left.trees.size(); ++i) {
    ASSERT_EQ(left.trees[i].values, right.trees[i].values) << "tree " << i;
    ASSERT_TRUE(std::ranges::equal(left.trees[i].nodes, right.trees[i].nodes,
                                   [](const auto& a, const auto& b) {
                                     return a.feature == b.feature && a.threshold == b.threshold &&
                                            a.left == b.left && a.right == b.right;
                                   }))
        << "tree " << i;
  }
}

TEST(Trainers, AnUnknownModelTypeListsTheValidOnes) {
  EXPECT_THAT(TrainerNames(), ::testing::Contains("random_forest"));
  const auto trainer = MakeTrainer("random_forrest");
  ASSERT_FALSE(trainer.ok());
  EXPECT_THAT(trainer.error().ToString(),
              HasSubstr("expected random_forest, gradient_boosting, logistic_regression, "
                        "linear_regression or ridge; "
                        "try random_forest"));
}

TEST(Trainers, HyperparametersNeedNoPlugin) {
  const auto trainer = MakeTrainer("random_forest");
  ASSERT_TRUE(trainer.ok());
  EXPECT_GE((*trainer)->hyperparameters().size(), 14U);
  EXPECT_TRUE((*trainer)->CheckHyperparameters({{"max_depth", 10}, {"n_estimators", 100}}).ok());
  EXPECT_FALSE((*trainer)->CheckHyperparameters({{"max_dept", 10}}).ok());
}

TEST(Trainers, AnotherPluginUnderTheirNameIsAnError) {
  const std::string folder = ::testing::TempDir() + "/posing";
  std::filesystem::create_directories(folder);
  const std::string own = ExecutableDirectory() + "/../lib/slipway/libslipway_tables.so";
  std::filesystem::copy_file(own, JoinPath(folder, kTrainerPlugin),
                             std::filesystem::copy_options::overwrite_existing);
  const auto plugin = LoadPlugin(kTrainerPlugin, {folder});
  ASSERT_FALSE(plugin.ok());
  EXPECT_THAT(plugin.error().ToString(), HasSubstr("it is libslipway_tables.so"));
}

TEST(RandomForest, LearnsAndTellsWhatMattered) {
  const Sample train = MakeSample(2000, 5, 2), test = MakeSample(1000, 5, 2, 2);
  const Forest forest = FitOrDie(train, {{"max_depth", 8}});
  ASSERT_EQ(forest.trees.size(), 100U);
  ExpectSound(forest, train);
  EXPECT_GT(Accuracy(forest, test), 0.92);
  EXPECT_GT(forest.importances[0] + forest.importances[1], 0.8);
  for (const auto& tree : forest.trees) EXPECT_LE(Depth(tree), 8);
}

TEST(RandomForest, IsTheSameOnAnyNumberOfThreads) {
  for (const int classes : {2, 5}) {
    const Sample sample = MakeSample(6000, 6, classes);
    const Forest one = FitOrDie(sample, {{"n_estimators", 30}}, 1);
    ExpectSame(one, FitOrDie(sample, {{"n_estimators", 30}}, 2));
    ExpectSame(one, FitOrDie(sample, {{"n_estimators", 30}}, 4));
  }
}

TEST(RandomForest, FitsSideBySideDoNotDisturbEachOther) {
  const Sample sample = MakeSample(3000, 5, 2);
  const Forest alone = FitOrDie(sample, {{"n_estimators", 20}}, 1);
  std::vector<Forest> forests(4);
  ASSERT_TRUE(ParallelFor(forests.size(), 4, [&](size_t i) -> Status {
                forests[i] = FitOrDie(sample, {{"n_estimators", 20}}, i % 2 == 0 ? 1 : 2);
                return {};
              }).ok());
  for (const Forest& forest : forests) ExpectSame(alone, forest);
}

TEST(RandomForest, TheSeedDecides) {
  const Sample sample = MakeSample(500, 5, 2);
  const auto threshold = [&](const Json& options, uint64_t seed) {
    return FitOrDie(sample, options, 1, seed).trees[0].nodes[0].threshold;
  };
  EXPECT_NE(threshold({{"n_estimators", 1}}, 1), threshold({{"n_estimators", 1}}, 2));
  EXPECT_NE(threshold({{"n_estimators", 1}}, 1),
            threshold({{"n_estimators", 1}}, 1 + (1ULL << 32U)));
  EXPECT_EQ(threshold({{"n_estimators", 1}, {"random_state", 7}}, 1),
            threshold({{"n_estimators", 1}, {"random_state", 7}}, 2));
}

// Without bootstrap a leaf's probabilities are the weighted shares of the training rows that reach
// it.
TEST(RandomForest, LeavesHoldTheWeightedSharesOfTheirRows) {
  for (const bool weighted : {false, true}) {
    // Enough rows that values share bins.
    Sample sample = MakeSample(9000, 4, 3);
    if (weighted) sample.class_weights = {0.5, 3, 6};
    const Forest forest =
        FitOrDie(sample, {{"n_estimators", 3}, {"bootstrap", false}, {"max_depth", 4}});
    ExpectSound(forest, sample);
    for (const auto& tree : forest.trees) {
      std::vector<double> mass(tree.values.size());
      std::vector<double> total(Leaves(tree));
      for (int64_t row = 0; row < sample.matrix.rows; ++row) {
        const size_t leaf = LeafOf(tree, sample.matrix, row);
        const auto cls = static_cast<size_t>(sample.classes[static_cast<size_t>(row)]);
        const double weight = weighted ? sample.class_weights[cls] : 1.0;
        mass[leaf * 3 + cls] += weight;
        total[leaf] += weight;
      }
      for (size_t i = 0; i < mass.size(); ++i) {
        ASSERT_NEAR(mass[i] / total[i / 3], tree.values[i], 1e-6) << "leaf " << i / 3;
      }
    }
  }
}

TEST(RandomForest, WeightsMoveTheDecision) {
  Sample sample = MakeSample(2000, 3, 2);
  const auto ones = [&](const Forest& forest) {
    int64_t count = 0;
    for (int64_t row = 0; row < sample.matrix.rows; ++row) count += Vote(forest, sample, row);
    return count;
  };
  const Json options = {{"max_depth", 2}, {"n_estimators", 20}};
  const int64_t plain = ones(FitOrDie(sample, options));
  sample.class_weights = {1, 10};
  EXPECT_GT(ones(FitOrDie(sample, options)), plain + 100);
}

TEST(RandomForest, LimitsHold) {
  const Sample sample = MakeSample(1000, 4, 2);
  for (const auto& tree : FitOrDie(sample, {{"n_estimators", 5}, {"max_leaf_nodes", 6}}).trees) {
    EXPECT_LE(Leaves(tree), 6U);
    EXPECT_GT(Leaves(tree), 2U);
  }
  for (const auto& tree :
       FitOrDie(sample, {{"n_estimators", 5}, {"min_samples_leaf", 100}, {"bootstrap", false}})
           .trees) {
    std::vector<int> reached(Leaves(tree));
    for (int64_t row = 0; row < sample.matrix.rows; ++row)
      ++reached[LeafOf(tree, sample.matrix, row)];
    EXPECT_GE(*std::ranges::min_element(reached), 100);
  }
  const auto large = FitOrDie(sample, {{"n_estimators", 5}}),
             small = FitOrDie(sample, {{"n_estimators", 5}, {"max_samples", 50}});
  EXPECT_LT(small.trees[0].nodes.size(), large.trees[0].nodes.size() / 2);
  for (const auto& tree :
       FitOrDie(sample, {{"n_estimators", 5}, {"min_impurity_decrease", 0.6}}).trees) {
    EXPECT_EQ(tree.nodes.size(), 1U);
  }
}

TEST(RandomForest, OddShapes) {
  Sample constant = MakeSample(300, 3, 2);
  std::ranges::fill(constant.matrix.values, 1.5F);
  const Forest stumps = FitOrDie(constant, Json::object());
  ExpectSound(stumps, constant);
  EXPECT_EQ(stumps.importances, std::vector<double>(3, 0.0));

  Sample two = MakeSample(2, 2, 2);
  two.classes = {0, 1};
  ExpectSound(FitOrDie(two, Json::object()), two);

  Sample one = MakeSample(1, 1, 2);
  ExpectSound(FitOrDie(one, Json::object()), one);

  Sample single = MakeSample(100, 2, 2);
  std::ranges::fill(single.classes, 1);
  ExpectSound(FitOrDie(single, Json::object()), single);

  const Sample many = MakeSample(2000, 3, 50);
  ExpectSound(FitOrDie(many, {{"n_estimators", 10}}), many);

  const Sample plain = MakeSample(500, 3, 2);
  for (const auto& tree : FitOrDie(plain, {{"n_estimators", 1}, {"max_depth", 1}}).trees)
    EXPECT_EQ(Depth(tree), 1);
  ExpectSound(FitOrDie(plain, {{"max_depth", 1000000}, {"max_bins", 65535}, {"n_estimators", 7}}),
              plain);
  ExpectSound(FitOrDie(plain, {{"max_bins", 2}, {"n_estimators", 7}}), plain);
}

TEST(RandomForest, ValuesThatAreNoNumbersAreAnError) {
  Sample sample = MakeSample(100, 3, 2);
  sample.matrix.Column(1)[41] = std::nanf("");
  const auto forest = (*MakeTrainer("random_forest"))->Fit(sample.set(), Json::object(), {1, 1});
  ASSERT_FALSE(forest.ok());
  EXPECT_THAT(forest.error().ToString(),
              HasSubstr("prepared column 2 has a value that is not a finite number in its row 42"));
}

TEST(RandomForest, AnEmptySetIsAnError) {
  const Sample sample = MakeSample(0, 3, 2);
  const auto forest = (*MakeTrainer("random_forest"))->Fit(sample.set(), Json::object(), {1, 1});
  ASSERT_FALSE(forest.ok());
  EXPECT_EQ(forest.error().code(), ErrorCode::kInvalidInput);
}

// scikit-learn draws by weight and lets each draw count the same: a rare class that weighs as much
// as the rest takes half of each tree, so that the mean probability of leaves is about half.
TEST(RandomForest, BootstrapDrawsByWeight) {
  Sample sample = MakeSample(3000, 3, 2);
  int64_t rare = 0;
  for (size_t row = 0; row < sample.classes.size(); ++row) {
    sample.classes[row] = row % 30 == 0 ? 1 : 0;
    rare += sample.classes[row];
  }
  sample.class_weights = {1, 29};
  const Forest forest = FitOrDie(sample, {{"max_depth", 1}, {"n_estimators", 50}});
  double sum = 0;
  for (const auto& tree : forest.trees) {
    for (int64_t row = 0; row < sample.matrix.rows; ++row)
      sum += tree.values[LeafOf(tree, sample.matrix, row) * 2 + 1];
  }
  EXPECT_EQ(rare, 100);
  EXPECT_NEAR(sum / (50 * 3000), 0.5, 0.05);
}

TEST(RandomForest, AClassThatWeighsNothingIsNeverDrawn) {
  for (const bool bootstrap : {false, true}) {
    Sample sample = MakeSample(500, 3, 3);
    sample.class_weights = {1, 0, 2};
    for (const auto& tree :
         FitOrDie(sample, {{"n_estimators", 5}, {"bootstrap", bootstrap}}).trees) {
      for (size_t i = 1; i < tree.values.size(); i += 3) EXPECT_EQ(tree.values[i], 0);
    }
  }
}

// Only their ratio counts, whatever their size.
TEST(RandomForest, HugeAndTinyWeightsAreRatios) {
  Sample sample = MakeSample(800, 3, 2);
  for (const bool bootstrap : {false, true}) {
    const Json options = {{"n_estimators", 5}, {"max_depth", 4}, {"bootstrap", bootstrap}};
    sample.class_weights = {1, 4};
    const Forest plain = FitOrDie(sample, options);
    for (const double scale : {0x1p-120, 0x1p+120}) {
      sample.class_weights = {scale, 4 * scale};
      ExpectSame(plain, FitOrDie(sample, options));
    }
  }
}

// The plug-in has a copy of the flag, which must follow the program's.
TEST(RandomForest, StopsWhenInterrupted) {
  const auto end_with_the_code = [] {
    InstallInterruptHandlers();
    const Sample sample = MakeSample(100, 3, 2);
    const auto plugin = LoadPlugin(kTrainerPlugin, PluginFolders());
    std::raise(SIGTERM);
    const auto forest = static_cast<const TrainerFunctions*>(*plugin)->fit_forest(
        sample.set(), *PlanForest(ForestOptions{}, {100, 3}, {1, 1}));
    std::_Exit(forest.ok() ? 0 : static_cast<int>(forest.error().code()));
  };
  EXPECT_EXIT(end_with_the_code(),
              ::testing::ExitedWithCode(static_cast<int>(ErrorCode::kInterrupted)), "");
}

}  // namespace
}  // namespace slipway::train
