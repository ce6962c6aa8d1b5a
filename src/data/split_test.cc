#include "data/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/random.h"
#include "data/shared_rows.h"
#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::array<Part, 3> kParts = {Part::kTrain, Part::kValidation, Part::kTest};

// Classes of the given sizes in a mixed order.
std::vector<int32_t> MixedClasses(const std::vector<int>& sizes) {
  std::vector<int32_t> classes;
  for (size_t cls = 0; cls < sizes.size(); ++cls) {
    classes.insert(classes.end(), static_cast<size_t>(sizes[cls]), static_cast<int32_t>(cls));
  }
  Random(7).Shuffle(std::span(classes));
  return classes;
}

Table RowsOnly(size_t rows) { return MakeTable({Numbers("x", std::vector<double>(rows, 1))}); }

int64_t CountIn(const Split& split, const std::vector<int32_t>& classes, Part part, int32_t cls) {
  int64_t count = 0;
  for (size_t row = 0; row < classes.size(); ++row) {
    count += split.parts[row] == part && classes[row] == cls ? 1 : 0;
  }
  return count;
}

int64_t CountInFold(const Split& split, const std::vector<int32_t>& classes, int32_t fold,
                    int32_t cls) {
  int64_t count = 0;
  for (size_t row = 0; row < classes.size(); ++row) {
    count += split.folds[row] == fold && classes[row] == cls ? 1 : 0;
  }
  return count;
}

TEST(SplitTest, IsTheSameOnEveryMachine) {
  const std::vector<int32_t> classes = MixedClasses({60, 40});
  const auto split = MakeSplit(RowsOnly(100), classes, 2, {}, 5, 42);
  ASSERT_TRUE(split.ok());
  // Computed outside, in Python: SplitMix64 streams, Lemire's bound, Fisher-Yates, shares of 48/6/6
  // and 32/4/4, folds dealt in turn. A split belongs to a model's lineage, so it must not change
  // from build to build.
  EXPECT_EQ(DigestOf(*split),
            "sha256:3e244a8d6fbdf2818b470bbfa32393ea938b536d918a8f691224dc5c62ddb8ac");
}

TEST(SplitTest, PartsAndFoldsAreWithinOneRowOfTheirShareOfEachClass) {
  for (const std::vector<int>& sizes : {std::vector<int>{4979, 5021}, {997, 13, 30}, {500, 31}}) {
    const std::vector<int32_t> classes = MixedClasses(sizes);
    const auto split =
        MakeSplit(RowsOnly(classes.size()), classes, static_cast<int>(sizes.size()), {}, 5, 1);
    ASSERT_TRUE(split.ok()) << split.error().ToString();
    const std::array<double, 3> shares = {0.8, 0.1, 0.1};
    for (size_t cls = 0; cls < sizes.size(); ++cls) {
      for (size_t part = 0; part < kParts.size(); ++part) {
        const auto count =
            static_cast<double>(CountIn(*split, classes, kParts[part], static_cast<int32_t>(cls)));
        EXPECT_LT(std::abs(count - shares[part] * sizes[cls]), 1);
      }
      const auto training =
          static_cast<double>(CountIn(*split, classes, Part::kTrain, static_cast<int32_t>(cls)));
      for (int32_t fold = 0; fold < 5; ++fold) {
        const auto count =
            static_cast<double>(CountInFold(*split, classes, fold, static_cast<int32_t>(cls)));
        EXPECT_LT(std::abs(count - training / 5), 1);
      }
    }
  }
}

TEST(SplitTest, TotalsComeOutRightOverAllClasses) {
  const std::vector<int32_t> classes = MixedClasses({4979, 5021});
  const auto split = MakeSplit(RowsOnly(10000), classes, 2, {}, 5, 42);
  EXPECT_EQ(split->RowsOf(Part::kTrain).size(), 8000U);
  EXPECT_EQ(split->RowsOf(Part::kValidation).size(), 1000U);
  EXPECT_EQ(split->RowsOf(Part::kTest).size(), 1000U);
  for (int32_t fold = 0; fold < 5; ++fold) EXPECT_EQ(std::ranges::count(split->folds, fold), 1600);
}

TEST(SplitTest, OnlyTrainingRowsHaveFoldsAndPartsDoNotDependOnThem) {
  const std::vector<int32_t> classes = MixedClasses({60, 40});
  const auto with = MakeSplit(RowsOnly(100), classes, 2, {}, 4, 3);
  const auto without = MakeSplit(RowsOnly(100), classes, 2, {}, 0, 3);
  EXPECT_EQ(with->parts, without->parts);
  for (size_t row = 0; row < 100; ++row) {
    EXPECT_EQ(with->folds[row] >= 0, with->parts[row] == Part::kTrain);
    EXPECT_EQ(without->folds[row], -1);
  }
}

TEST(SplitTest, SeedsDifferAndTheConfiguredOneGoesFirst) {
  const std::vector<int32_t> classes = MixedClasses({60, 40});
  const auto one = MakeSplit(RowsOnly(100), classes, 2, {}, 0, 1);
  const auto two = MakeSplit(RowsOnly(100), classes, 2, {}, 0, 2);
  EXPECT_NE(one->parts, two->parts);
  config::SplitConfig config;
  config.seed = 2;
  EXPECT_EQ(MakeSplit(RowsOnly(100), classes, 2, config, 0, 1)->parts, two->parts);
}

TEST(SplitTest, PartsWithoutAShareStayEmpty) {
  const std::vector<int32_t> classes = MixedClasses({60, 40});
  config::SplitConfig config;
  config.train = 1;
  config.validation = config.test = 0;
  const auto split = MakeSplit(RowsOnly(100), classes, 2, config, 5, 1);
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(split->RowsOf(Part::kTrain).size(), 100U);
}

TEST(SplitTest, RegressionIsSplitAsOne) {
  const std::vector<int32_t> classes(57, 0);
  const auto split = MakeSplit(RowsOnly(57), classes, 1, {}, 3, 1);
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(split->RowsOf(Part::kTrain).size(), 45U);
  EXPECT_EQ(split->RowsOf(Part::kTest).size(), 6U);
}

TEST(SplitTest, GroupsStayTogetherInPartsAndFolds) {
  Random random(11);
  std::vector<double> groups;
  std::vector<int32_t> classes;
  for (int i = 0; i < 3000; ++i) {
    groups.push_back(static_cast<double>(random.Below(200)));
    classes.push_back(random.Below(10) < 3 ? 1 : 0);
  }
  groups[5] = groups[6] = kMissingNumber;
  const Table table = MakeTable({Numbers("patient", groups)});
  config::SplitConfig config;
  config.group = "patient";
  const auto split = MakeSplit(table, classes, 2, config, 5, 42);
  ASSERT_TRUE(split.ok()) << split.error().ToString();
  std::map<double, std::set<std::pair<Part, int32_t>>> places;
  for (size_t row = 0; row < groups.size(); ++row) {
    if (!std::isnan(groups[row])) places[groups[row]].emplace(split->parts[row], split->folds[row]);
  }
  for (const auto& [group, where] : places) EXPECT_EQ(where.size(), 1U) << group;
  const std::array<double, 3> shares = {0.8, 0.1, 0.1};
  for (size_t part = 0; part < kParts.size(); ++part) {
    for (const int32_t cls : {0, 1}) {
      const auto all = static_cast<double>(std::ranges::count(classes, cls));
      const auto in_part = static_cast<double>(CountIn(*split, classes, kParts[part], cls));
      EXPECT_NEAR(in_part / all, shares[part], 0.02);
    }
  }
  for (int32_t fold = 0; fold < 5; ++fold) {
    EXPECT_NEAR(static_cast<double>(std::ranges::count(split->folds, fold)), 480, 40);
  }
  EXPECT_EQ(MakeSplit(table, classes, 2, config, 5, 42)->folds, split->folds);
}

TEST(SplitTest, TooFewGroupsAreAnError) {
  const Table table = MakeTable({Texts("g", {"a", "a", "b", "b"})});
  const std::vector<int32_t> classes = {0, 0, 0, 0};
  config::SplitConfig config;
  config.group = "g";
  const auto split = MakeSplit(table, classes, 1, config, 0, 1);
  ASSERT_FALSE(split.ok());
  EXPECT_THAT(split.error().message(), HasSubstr("too few groups for a"));
}

TEST(SplitTest, TimeGoesFromTrainingToTest) {
  const Table table = MakeTable({Numbers("when", {9, 1, 8, 2, 7, 3, 6, 4, 5, 5})});
  const std::vector<int32_t> classes(10, 0);
  config::SplitConfig config;
  config.train = 0.6;
  config.validation = config.test = 0.2;
  config.time = "when";
  const auto split = MakeSplit(table, classes, 1, config, 3, 1);
  ASSERT_TRUE(split.ok()) << split.error().ToString();
  EXPECT_THAT(split->RowsOf(Part::kTrain), ElementsAre(1, 3, 5, 7, 8, 9));
  EXPECT_THAT(split->RowsOf(Part::kValidation), ElementsAre(4, 6));
  EXPECT_THAT(split->RowsOf(Part::kTest), ElementsAre(0, 2));
  // Three blocks of 6 / 4 rows, the newest last; the three oldest rows are only learned from.
  EXPECT_THAT(split->folds, ElementsAre(-1, -1, -1, -1, -1, -1, -1, 0, 1, 2));
  EXPECT_TRUE(split->forward());
}

TEST(SplitTest, FoldsInTimeNeedEachClassBeforeTheyScoreIt) {
  const Table table = MakeTable({Numbers("when", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})});
  config::SplitConfig config;
  config.train = 0.8;
  config.validation = 0;
  config.test = 0.2;
  config.time = "when";
  const std::vector<int32_t> late = {0, 0, 0, 0, 1, 0, 1, 0, 1, 0};
  const std::vector<std::string> labels = {"old", "new"};
  const auto split = MakeSplit(table, late, 2, config, 3, 1, labels);
  ASSERT_FALSE(split.ok());
  EXPECT_THAT(
      split.error().ToString(),
      HasSubstr("class 'new' has 2 training rows; none is older than the rows that fold 0"));
}

std::string ErrorOf(const Result<Split>& split) {
  return split.ok() ? "" : split.error().ToString();
}

TEST(SplitTest, ErrorsNameTheClassAndItsCount) {
  const std::vector<std::string> labels = {"common", "rare", "x"};
  // Three of four rows of class x come into training.
  const auto few = MakeSplit(RowsOnly(224), MixedClasses({200, 20, 4}), 3, {}, 5, 1, labels);
  EXPECT_EQ(
      ErrorOf(few),
      "model.training_config.cross_validation: class 'x' has 3 training rows; 5 folds need at "
      "least 5; try 3 folds");
  // Fewer folds than two are none.
  config::SplitConfig other;
  other.train = 0.9;
  other.test = 0;
  EXPECT_THAT(ErrorOf(MakeSplit(RowsOnly(51), MixedClasses({50, 1}), 2, other, 2, 1, labels)),
              HasSubstr("try no cross-validation, or more rows of this class"));
  config::SplitConfig at_random;
  at_random.stratify = false;
  EXPECT_THAT(ErrorOf(MakeSplit(RowsOnly(101), MixedClasses({100, 1}), 2, at_random, 0, 1, labels)),
              HasSubstr("try data.split.stratify: true"));
  const auto test = MakeSplit(RowsOnly(102), MixedClasses({100, 2}), 2, {}, 0, 1, labels);
  EXPECT_THAT(ErrorOf(test), HasSubstr("class 'rare' has 2 rows; the test part gets none of them"));
  config::SplitConfig config;
  config.time = "when";
  const Table table = MakeTable({Numbers("when", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})});
  const auto train =
      MakeSplit(table, std::vector<int32_t>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1}, 2, config, 0, 1, labels);
  EXPECT_THAT(ErrorOf(train),
              HasSubstr("class 'rare' has 2 rows; the train part gets none of them"));
  EXPECT_THAT(ErrorOf(MakeSplit(RowsOnly(3), std::vector<int32_t>{0, 0, 0}, 1, {}, 0, 1)),
              HasSubstr("too few rows for a validation part of 10 %"));
}

config::SplitConfig Shares(double train, double validation, double test) {
  config::SplitConfig config;
  config.train = train;
  config.validation = validation;
  config.test = test;
  return config;
}

TEST(SplitTest, RefusesWrongConfiguration) {
  const std::vector<int32_t> classes(10, 0);
  const Table table = MakeTable({Texts("text", std::vector<std::string>(10, "a")),
                                 Numbers("when", {1, 2, kMissingNumber, 4, 5, 6, 7, 8, 9, 10})});
  const auto error = [&](const config::SplitConfig& config, int folds = 0) {
    return ErrorOf(MakeSplit(table, classes, 1, config, folds, 1));
  };
  EXPECT_THAT(error(Shares(0, 0.5, 0.5)), HasSubstr("the training share is 0"));
  EXPECT_THAT(error(Shares(0.8, 0.1, 0.2)), HasSubstr("sum to 1.1"));
  EXPECT_THAT(error(Shares(1.2, -0.2, 0)), HasSubstr("negative"));
  EXPECT_THAT(error({}, 1), HasSubstr("0 for none, or at least 2"));
  config::SplitConfig config;
  config.group = "txt";
  EXPECT_THAT(error(config), HasSubstr("try 'text'"));
  config = {};
  config.time = "text";
  EXPECT_THAT(error(config), HasSubstr("'text' is text, which has no time order"));
  config.time = "when";
  EXPECT_THAT(error(config), HasSubstr("row 3: when: the time to split by is missing"));
  config.group = "text";
  EXPECT_THAT(error(config), HasSubstr("not by both"));
}

TEST(SplitTableTest, ReadsBackWhatItWrote) {
  const std::vector<int32_t> classes = MixedClasses({60, 40});
  const auto split = MakeSplit(RowsOnly(100), classes, 2, {}, 5, 42);
  const Table table = ToTable(*split);
  EXPECT_EQ(table.columns[1].categories, (std::vector<std::string>{"test", "train", "validation"}));
  EXPECT_EQ(table.columns[1].TextAt(0), ToString(split->parts[0]));
  const auto read = SplitFromTable(table);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->parts, split->parts);
  EXPECT_EQ(read->folds, split->folds);
  EXPECT_EQ(DigestOf(*read), DigestOf(*split));
}

TEST(SplitTableTest, RefusesOtherTables) {
  const std::vector<int32_t> classes = MixedClasses({60, 40});
  const Table good = ToTable(*MakeSplit(RowsOnly(100), classes, 2, {}, 5, 42));
  const auto error = [](const Table& table) { return ErrorOf(SplitFromTable(table)); };
  Table table = good;
  table.columns.pop_back();
  EXPECT_THAT(error(table), HasSubstr("'fold' of numbers"));
  table = good;
  table.columns[0].numbers[7] = 8;
  EXPECT_THAT(error(table), HasSubstr("row 8: not a split assignment: row 8, expected 7"));
  table = good;
  table.columns[2].numbers[3] = 0.5;
  EXPECT_THAT(error(table), HasSubstr("fold '0.5'"));
  table = good;
  table.columns[1].categories[1] = "training";
  EXPECT_THAT(error(table), HasSubstr("part 'training'"));
}

TEST(SplitTableTest, DigestsTellPartsAndFoldsApart) {
  Split split;
  split.parts = {Part::kTrain, Part::kTest};
  split.folds = {0, -1};
  const std::string digest = DigestOf(split);
  split.folds = {1, -1};
  EXPECT_NE(DigestOf(split), digest);
  split.folds = {0, -1};
  split.parts = {Part::kTrain, Part::kValidation};
  EXPECT_NE(DigestOf(split), digest);
}

TEST(SharedRowsTest, FindsTestRowsThatTrainingHas) {
  const Table table = MakeTable({Numbers("x", {1, 2, 1, kMissingNumber, kMissingNumber, 3}),
                                 Texts("c", {"a", "b", "a", "", "", "b"})});
  Split split;
  split.parts = {Part::kTrain, Part::kTrain, Part::kTest, Part::kTrain, Part::kTest, Part::kTest};
  const std::optional<Issue> issue = FindSharedRows(table, split);
  ASSERT_TRUE(issue.has_value());
  EXPECT_EQ(issue->kind, "shared_rows");
  EXPECT_EQ(issue->count, 2);
  EXPECT_DOUBLE_EQ(issue->value, 2.0 / 3);
  EXPECT_EQ(issue->examples[0].row, 3);
  EXPECT_EQ(issue->examples[0].value, "row 1 of training");
  EXPECT_EQ(issue->examples[1].row, 5);
  split.parts[2] = split.parts[4] = Part::kValidation;
  EXPECT_FALSE(FindSharedRows(table, split).has_value());
}

}  // namespace
}  // namespace slipway::data
