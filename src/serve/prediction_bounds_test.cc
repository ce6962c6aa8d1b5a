#include "serve/prediction_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/json.h"
#include "core/testing.h"
#include "data/profile.h"

namespace slipway::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PredictionBoundsTest : public ::testing::Test {
 protected:
  PredictionBoundsTest() { schema_.target = "price"; }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), JoinPath(folder_.path(), name), text).ok());
  }
  static data::TableProfile ProfileOf(const std::string& name, double scale) {
    data::Table table;
    constexpr int kRows = 1001;
    table.rows = kRows;
    data::Column column;
    column.name = name;
    for (int i = 0; i < kRows; ++i) column.numbers.push_back(scale * i);
    table.columns.push_back(std::move(column));
    return data::ProfileTable(table, {}, 1);
  }

  testing::TemporaryDirectory folder_;
  model::ModelSchema schema_;
};

TEST_F(PredictionBoundsTest, AreTheTwentiethsOfTheProfiledPredictions) {
  data::TableProfile profile = ProfileOf("price", 1);
  profile.predictions = std::make_shared<data::TableProfile>(ProfileOf("prediction", 2));
  Write("profile.json", CompactJson(data::ToStoredJson(profile)));
  const std::vector<double> bounds = PredictionBoundsOf(folder_.path(), schema_);
  ASSERT_THAT(bounds, SizeIs(19));
  for (size_t i = 0; i < bounds.size(); ++i)
    EXPECT_NEAR(bounds[i], 100.0 * static_cast<double>(i + 1), 20);
  EXPECT_TRUE(CheckPredictionBounds(bounds).ok());
  EXPECT_EQ(PredictionBoundsOf(folder_.path(), schema_), bounds);
  EXPECT_THAT(PredictionBoundsOf(folder_.path()), IsEmpty());
  Write("schema.json", CompactJson(model::ToJson(schema_)));
  EXPECT_EQ(PredictionBoundsOf(folder_.path()), bounds);
}

TEST_F(PredictionBoundsTest, ElseOfTheTarget) {
  Write("profile.json", CompactJson(data::ToStoredJson(ProfileOf("price", 1))));
  Write("golden.jsonl", "{\"prediction\":7}\n");
  const std::vector<double> bounds = PredictionBoundsOf(folder_.path(), schema_);
  ASSERT_THAT(bounds, SizeIs(19));
  EXPECT_NEAR(bounds[9], 500, 10);
}

TEST_F(PredictionBoundsTest, ElseOfTheGoldenRows) {
  for (const char* profile : {"", "{}", "no JSON"}) {
    if (*profile != '\0') Write("profile.json", profile);
    std::string golden;
    for (const int value : {3, 1, 2, 1, 1}) golden += CompactJson({{"prediction", value}}) + "\n";
    Write("golden.jsonl", golden);
    const std::vector<double> bounds = PredictionBoundsOf(folder_.path(), schema_);
    ASSERT_FALSE(bounds.empty()) << profile;
    EXPECT_EQ(bounds.front(), 1);
    EXPECT_LE(bounds.back(), 3);
    EXPECT_TRUE(CheckPredictionBounds(bounds).ok());
  }
}

TEST_F(PredictionBoundsTest, EqualOnesAreOne) {
  Write("golden.jsonl", "{\"prediction\":4}\n{\"prediction\":4}\n");
  EXPECT_THAT(PredictionBoundsOf(folder_.path(), schema_), ElementsAre(4));
}

TEST_F(PredictionBoundsTest, ThereAreNoneWithoutFilesOrOfClasses) {
  EXPECT_THAT(PredictionBoundsOf(folder_.path(), schema_), IsEmpty());
  Write("golden.jsonl", "{\"prediction\":4}\n");
  schema_.classes = {"no", "yes"};
  EXPECT_THAT(PredictionBoundsOf(folder_.path(), schema_), IsEmpty());
}

TEST(CheckPredictionBoundsTest, TakesAscendingNumbersOnly) {
  const auto check = [](const std::vector<double>& bounds) {
    return CheckPredictionBounds(bounds).ok();
  };
  EXPECT_TRUE(check({}));
  EXPECT_TRUE(check({-3, 0, 1e300}));
  EXPECT_FALSE(check({1, 1}));
  EXPECT_FALSE(check({2, 1}));
  EXPECT_FALSE(check({1, std::nan("")}));
  EXPECT_FALSE(check({std::numeric_limits<double>::infinity()}));
  std::vector<double> many;
  for (int i = 0; i < 19; ++i) many.push_back(i);
  EXPECT_TRUE(check(many));
  many.push_back(19);
  EXPECT_FALSE(check(many));
}

}  // namespace
}  // namespace slipway::serve
