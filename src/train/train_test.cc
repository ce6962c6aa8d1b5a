#include "train/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/random.h"
#include "model/scorer.h"

namespace slipway::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Class by `size` and `colour`; `noise` says nothing.
struct Project {
  data::Table table;
  data::Target target;
  data::Split split;
  config::Config config;
  std::vector<std::string> features = {"size", "colour", "noise"};

  FitInput Input(int threads = 2) const { return {table, features, target, config, 3, threads}; }
  std::vector<int64_t> AllRows() const {
    std::vector<int64_t> rows(static_cast<size_t>(table.rows));
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
  }
};

Project MakeProject(int64_t rows = 1500) {
  Random random(11);
  Project project;
  data::Column size, colour, noise;
  size.name = "size";
  noise.name = "noise";
  colour.name = "colour";
  colour.type = data::ColumnType::kCategory;
  colour.categories = {"blue", "green", "red"};
  project.target.column = "bought";
  project.target.labels = {"No", "Yes"};
  project.target.positive = 1;
  for (int64_t row = 0; row < rows; ++row) {
    size.numbers.push_back(random.Uniform() * 10);
    noise.numbers.push_back(random.Uniform());
    colour.codes.push_back(static_cast<int32_t>(random.Below(3)));
    const double limit = colour.codes.back() == 2 ? 2 : 8;
    const bool yes = size.numbers.back() + random.Uniform() - 0.5 > limit;
    project.target.classes.push_back(yes ? 1 : 0);
    const bool test = row % 5 == 4;
    project.split.parts.push_back(test ? data::Part::kTest : data::Part::kTrain);
    project.split.folds.push_back(test ? -1 : static_cast<int32_t>(row % 5 % 4));
  }
  project.table.rows = rows;
  project.table.columns = {size, colour, noise};
  project.config.model.model_type = "random_forest";
  project.config.model.hyperparameters = {{"n_estimators", 30}, {"max_depth", 6}};
  return project;
}

std::unique_ptr<Trainer> Forest() { return *MakeTrainer("random_forest"); }

TEST(Fit, GivesAModelAndWhatMattered) {
  const Project project = MakeProject();
  const auto trained = Fit(*Forest(), project.Input(), project.AllRows());
  ASSERT_TRUE(trained.ok()) << trained.error().ToString();
  EXPECT_EQ(trained->scorer.classes(), 2);
  EXPECT_EQ(std::get<model::TreeEnsemble>(trained->scorer.body).trees.size(), 30U);
  ASSERT_EQ(trained->importances.size(), 3U);
  EXPECT_EQ(trained->importances[2].feature, "noise");
  EXPECT_LT(trained->importances[2].importance, 0.1);
  double total = 0;
  for (const FeatureImportance& importance : trained->importances) total += importance.importance;
  EXPECT_NEAR(total, 1, 1e-9);
}

TEST(Fit, IsTheSameOnAnyNumberOfThreads) {
  const Project project = MakeProject();
  const auto one = Fit(*Forest(), project.Input(1), project.AllRows());
  const auto four = Fit(*Forest(), project.Input(4), project.AllRows());
  ASSERT_TRUE(one.ok() && four.ok());
  const auto& trees = std::get<model::TreeEnsemble>(one->scorer.body).trees;
  const auto& others = std::get<model::TreeEnsemble>(four->scorer.body).trees;
  for (size_t i = 0; i < trees.size(); ++i) EXPECT_EQ(trees[i].leaf_values, others[i].leaf_values);
  for (size_t i = 0; i < one->importances.size(); ++i) {
    EXPECT_EQ(one->importances[i].feature, four->importances[i].feature);
    EXPECT_EQ(one->importances[i].importance, four->importances[i].importance);
  }
}

TEST(Fit, OutliersGoBeforeTheFit) {
  Project project = MakeProject();
  project.table.columns[0].numbers[7] = 1e6;
  project.config.data.preprocessing_steps = {{"normalize", Json::object()}};
  const auto with = Fit(*Forest(), project.Input(), project.AllRows());
  project.config.data.preprocessing_steps.insert(project.config.data.preprocessing_steps.begin(),
                                                 {"outlier_removal", Json::object()});
  const auto without = Fit(*Forest(), project.Input(), project.AllRows());
  ASSERT_TRUE(with.ok() && without.ok());
  EXPECT_GT(with->plan.features[0].scale, 1000);
  EXPECT_LT(without->plan.features[0].scale, 10);
}

TEST(Fit, OutliersMustLeaveARowOfEachClass) {
  Project project = MakeProject();
  project.config.data.preprocessing_steps = {{"outlier_removal", Json::object()}};
  for (size_t row = 0; row < project.target.classes.size(); ++row) {
    if (project.target.classes[row] == 1) project.target.classes[row] = row < 3 ? 1 : 0;
    if (row < 3) project.table.columns[0].numbers[row] = 1e6;
  }
  project.target.classes[0] = 1;
  const auto trained = Fit(*Forest(), project.Input(), project.AllRows());
  ASSERT_FALSE(trained.ok());
  EXPECT_THAT(trained.error().ToString(),
              HasSubstr("outlier_removal.factor: outlier_removal drops every training row of the "
                        "class 'Yes'; try a larger factor"));
}

// Settings that count rows, and preprocessing: all see the others only.
TEST(Fit, RowsOfWeight0AreNotThere) {
  Project project = MakeProject();
  project.config.data.preprocessing_steps = {{"outlier_removal", Json::object()},
                                             {"normalize", Json::object()}};
  project.config.model.class_weight = "balanced";
  std::vector<double> weights;
  std::vector<int64_t> counted;
  for (int64_t row = 0; row < project.table.rows; ++row) {
    const bool counts = row % 3 != 0;
    weights.push_back(counts ? 0.5 + static_cast<double>(row % 2) : 0);
    if (counts) counted.push_back(row);
    // As little as possible is right in the others.
    if (!counts) project.target.classes[static_cast<size_t>(row)] = row % 2 == 0 ? 1 : 0;
    if (!counts) project.table.columns[0].numbers[static_cast<size_t>(row)] *= -50;
  }
  for (const auto& [name, options] :
       {std::pair<const char*, Json>{"random_forest",
                                     {{"n_estimators", 5}, {"min_samples_leaf", 0.05}}},
        std::pair<const char*, Json>{"gradient_boosting",
                                     {{"n_estimators", 5}, {"min_samples_leaf", 0.05}}},
        std::pair<const char*, Json>{"logistic_regression", Json::object()}}) {
    project.config.model.hyperparameters = options;
    FitInput input = project.Input();
    input.row_weights = weights;
    const auto trainer = *MakeTrainer(name);
    const auto all = Fit(*trainer, input, project.AllRows());
    const auto without = Fit(*trainer, input, counted);
    ASSERT_TRUE(all.ok() && without.ok()) << name;
    EXPECT_EQ(data::ToJson(all->plan), data::ToJson(without->plan)) << name;
    const auto matrix = *data::ApplyPreprocessing(without->plan, project.table, counted);
    EXPECT_EQ(model::RawScores(all->scorer, matrix), model::RawScores(without->scorer, matrix))
        << name;
  }
}

TEST(Fit, WithoutARowThatCountsThereIsNothingToLearn) {
  const Project project = MakeProject(100);
  const std::vector<double> weights(100, 0);
  FitInput input = project.Input();
  input.row_weights = weights;
  const auto trained = Fit(*Forest(), input, project.AllRows());
  ASSERT_FALSE(trained.ok());
  EXPECT_THAT(trained.error().ToString(),
              HasSubstr("data.weight_column: every row to learn from weighs 0"));
}

TEST(Fit, ATrainerOfAnotherTaskIsAnError) {
  const Project project = MakeProject();
  const auto trained = Fit(**MakeTrainer("ridge"), project.Input(), project.AllRows());
  ASSERT_FALSE(trained.ok());
  EXPECT_EQ(trained.error().code(), ErrorCode::kInvalidInput);
}

TEST(Fit, ClassWeightCountsFromEitherPlaceButNotFromTwo) {
  Project project = MakeProject();
  const auto ones = [&] {
    const auto trained = Fit(*Forest(), project.Input(), project.AllRows());
    EXPECT_TRUE(trained.ok());
    const auto matrix = data::ApplyPreprocessing(trained->plan, project.table, project.AllRows());
    const auto labels = model::PredictMatrix(trained->scorer, *matrix).labels;
    return std::accumulate(labels.begin(), labels.end(), 0);
  };
  project.config.model.hyperparameters["max_depth"] = 1;
  const int plain = ones();
  project.config.model.class_weight = {{"Yes", 20}};
  const int outer = ones();
  EXPECT_GT(outer, plain + 50);
  project.config.model.hyperparameters["class_weight"] = {{"Yes", 20}};
  EXPECT_EQ(ones(), outer);
  project.config.model.class_weight = "balanced";
  const auto twice = Fit(*Forest(), project.Input(), project.AllRows());
  ASSERT_FALSE(twice.ok());
  EXPECT_THAT(twice.error().ToString(), HasSubstr("model.class_weight"));
  const auto error = [&] {
    return Fit(*Forest(), project.Input(), project.AllRows()).error().ToString();
  };
  project.config.model.class_weight = Json();
  project.config.model.hyperparameters["class_weight"] = {{"yes", 2}};
  EXPECT_THAT(error(), ::testing::StartsWith("model.hyperparameters.class_weight.yes: "));
  project.config.model.hyperparameters.erase("class_weight");
  project.config.model.class_weight = {{"yes", 2}};
  EXPECT_THAT(error(), ::testing::StartsWith("model.class_weight.yes: "));
}

TEST(FitFold, ScoresTheRowsThatItDidNotLearnFrom) {
  const Project project = MakeProject();
  for (int fold = 0; fold < 4; ++fold) {
    const auto rows = RowsOfFold(project.split, fold);
    ASSERT_TRUE(rows.ok()) << rows.error().ToString();
    const auto result = FitFold(*Forest(), project.Input(), *rows, fold);
    ASSERT_TRUE(result.ok()) << result.error().ToString();
    EXPECT_EQ(result->fold, fold);
    EXPECT_EQ(result->train_rows, 900);
    EXPECT_EQ(result->test_rows, 300);
    EXPECT_GT(result->metrics.at("auc"), 0.95);
    EXPECT_LT(result->metrics.at("auc"), 1.0);
  }
}

TEST(RowsOfFold, AFoldWithoutRowsIsAnError) {
  const auto rows = RowsOfFold(MakeProject(100).split, 9);
  ASSERT_FALSE(rows.ok());
  EXPECT_THAT(rows.error().ToString(),
              HasSubstr("fold 9 has 80 rows to learn from and 0 to score"));
}

TEST(RowsOfFold, FoldsThatGoForwardLearnFromOlderRowsOnly) {
  data::Split split;
  split.parts.assign(7, data::Part::kTrain);
  split.parts[6] = data::Part::kTest;
  split.folds = {-1, 1, 0, -1, 1, 0, -1};
  EXPECT_TRUE(split.forward());
  EXPECT_THAT(RowsOfFold(split, 0)->train, ElementsAre(0, 3));
  EXPECT_THAT(RowsOfFold(split, 0)->test, ElementsAre(2, 5));
  EXPECT_THAT(RowsOfFold(split, 1)->train, ElementsAre(0, 2, 3, 5));
  EXPECT_THAT(RowsOfFold(split, 1)->test, ElementsAre(1, 4));
}

TEST(FitFold, BinaryAveragingNeedsTwoClasses) {
  Project project = MakeProject(100);
  project.target.labels.push_back("Maybe");
  project.config.model.averaging = "binary";
  const auto result = FitFold(*Forest(), project.Input(), *RowsOfFold(project.split, 0), 0);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().ToString(),
              HasSubstr("model.averaging: binary averaging is for two classes"));
}

data::Target Labels() {
  data::Target target;
  target.column = "bought";
  target.labels = {"No", "Yes"};
  target.classes = {0, 0, 0, 1, 1};
  return target;
}

TEST(ClassWeights, BalancedGivesEachClassTheSameTotal) {
  const std::vector<int64_t> rows = {0, 1, 2, 3};
  const auto weights = ClassWeights("balanced", Labels(), rows);
  ASSERT_TRUE(weights.ok());
  // 4 / (2 × 3) and 4 / (2 × 1).
  EXPECT_THAT(*weights, ElementsAre(4.0 / 6, 2.0));
}

TEST(ClassWeights, ByLabel) {
  const std::vector<int64_t> rows = {4, 0};
  EXPECT_THAT(*ClassWeights({{"Yes", 2.5}}, Labels(), rows), ElementsAre(1, 2.5));
  EXPECT_THAT(*ClassWeights(nullptr, Labels(), rows), IsEmpty());
}

TEST(ClassWeights, Mistakes) {
  const std::vector<int64_t> rows = {0, 4};
  EXPECT_THAT(
      ClassWeights({{"yes", 2}}, Labels(), rows).error().ToString(),
      HasSubstr("model.class_weight.yes: 'bought' has no label 'yes'; expected No or Yes; try "
                "Yes"));
  EXPECT_FALSE(ClassWeights({{"Yes", -1}}, Labels(), rows).ok());
  EXPECT_FALSE(ClassWeights({{"Yes", "x"}}, Labels(), rows).ok());
  EXPECT_FALSE(ClassWeights({{"Yes", 0}, {"No", 0}}, Labels(), rows).ok());
  EXPECT_FALSE(ClassWeights("equal", Labels(), rows).ok());
}

TEST(FoldResultJson, ComesBackAsItWas) {
  FoldResult fold;
  fold.fold = 2;
  fold.train_rows = 6400;
  fold.test_rows = 1600;
  fold.metrics = {{"accuracy", 0.1 + 0.2}, {"auc", std::nan("")}};
  const auto parsed = ParseJson(CompactJson(ToJson(fold)), "folds.json");
  ASSERT_TRUE(parsed.ok());
  const auto back = FoldResultFromJson(*parsed);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->fold, 2);
  EXPECT_EQ(back->test_rows, 1600);
  EXPECT_EQ(back->metrics.at("accuracy"), 0.1 + 0.2);
  EXPECT_TRUE(std::isnan(back->metrics.at("auc")));
  EXPECT_FALSE(FoldResultFromJson(Json::array()).ok());
}

}  // namespace
}  // namespace slipway::train
