#include "monitor/drift_evidence.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "core/random.h"

namespace slipway::monitor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kHour = 3'600'000;

data::Table Training(int64_t rows) {
  Random random(3);
  data::Table table;
  table.rows = rows;
  table.columns.resize(3);
  table.columns[0].name = "age";
  table.columns[1].name = "city";
  table.columns[1].type = data::ColumnType::kCategory;
  table.columns[1].categories = {"Bonn", "Kiel", "Ulm"};
  table.columns[2].name = "constant";
  for (int64_t row = 0; row < rows; ++row) {
    table.columns[0].numbers.push_back(row % 10 == 0 ? data::kMissingNumber : random.Uniform());
    table.columns[1].codes.push_back(static_cast<int32_t>(random.Below(3)));
    table.columns[2].numbers.push_back(7);
  }
  return table;
}

const std::vector<FeatureBins>& Bins() {
  static const std::vector<FeatureBins> bins = MakeBins(
      data::ProfileTable(Training(5000)), {"age", "city", "constant", "not in the profile"});
  return bins;
}

// So many rows of these values.
DriftBatch Batch(const std::vector<double>& ages, const std::vector<std::string>& cities,
                 double constant = 7) {
  DriftBatch batch = EmptyBatch(Bins());
  std::vector<int32_t> codes(cities.size());
  std::iota(codes.begin(), codes.end(), 0);
  const std::vector<double> constants(ages.size(), constant);
  data::ColumnView view;
  view.numbers = ages;
  EXPECT_TRUE(Bins()[0].Count(view, &batch.counts[0]));
  view.numbers = constants;
  EXPECT_TRUE(Bins()[2].Count(view, &batch.counts[2]));
  data::ColumnView texts;
  texts.type = data::ColumnType::kCategory;
  texts.codes = codes;
  texts.categories = &cities;
  EXPECT_TRUE(Bins()[1].Count(texts, &batch.counts[1]));
  EXPECT_FALSE(Bins()[1].Count(view, &batch.counts[1]));
  batch.rows = batch.requests = std::ssize(ages);
  return batch;
}

// Ages as in training, moved by `moved`.
DriftBatch Draw(int rows, double moved, Random* random, double constant = 7) {
  std::vector<double> ages;
  std::vector<std::string> cities;
  for (int row = 0; row < rows; ++row) {
    ages.push_back(random->Below(10) == 0 ? data::kMissingNumber : random->Uniform() + moved);
    cities.emplace_back(random->Below(3) == 0 ? "Bonn" : random->Below(2) == 0 ? "Kiel" : "Ulm");
  }
  return Batch(ages, cities, constant);
}

std::vector<std::string> Drifted(const DriftEvidence& evidence) {
  std::vector<std::string> names;
  for (const FeatureDrift& drift : evidence.Judge(Bins()))
    if (drift.drifted) names.push_back(drift.feature);
  return names;
}

// Read back each time: nothing may be lost by that.
void Take(const DriftBatch& batch, int64_t now_ms, DriftEvidence* evidence) {
  ASSERT_TRUE(evidence->Take(Bins(), batch, now_ms).ok());
  const Json stored = Json::parse(CompactJson(evidence->ToJson()));
  auto read = DriftEvidence::FromJson(stored, Bins(), {});
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->ToJson(), stored);
  *evidence = *std::move(read);
}

TEST(FeatureBins, HaveTheSharesOfTraining) {
  ASSERT_EQ(Bins().size(), 3U);
  for (const FeatureBins& bins : Bins())
    EXPECT_NEAR(std::accumulate(bins.reference.begin(), bins.reference.end(), 0.0), 1, 1e-9);
  const FeatureBins& age = Bins()[0];
  EXPECT_EQ(age.bounds.size(), 12U);  // Below all, the least value, and nine tenths to the largest.
  EXPECT_NEAR(age.reference[5], 0.09, 0.001);
  EXPECT_NEAR(age.reference.back(), 0.1, 1e-9);
  EXPECT_THAT(Bins()[1].categories, ElementsAre("Bonn", "Kiel", "Ulm"));
  EXPECT_THAT(Bins()[2].reference, ElementsAre(0, 1, 0, 0));
}

TEST(FeatureBins, KnowHowFarTheirSharesMayBeOff) {
  data::Table table;
  table.rows = 450;
  table.columns.resize(1);
  table.columns[0].name = "city";
  table.columns[0].type = data::ColumnType::kCategory;
  for (int32_t city = 0; city < 45; ++city) {
    table.columns[0].categories.push_back("c" + std::to_string(city));
    for (int i = 0; i < 10; ++i) table.columns[0].codes.push_back(city);
  }
  const std::vector<FeatureBins> bins = MakeBins(data::ProfileTable(table), {"city"});
  ASSERT_EQ(bins.size(), 1U);
  // 45 times sqrt(2 · 1/45 · 44/45 / (π · 450)), halved.
  EXPECT_NEAR(bins[0].error, 0.125, 0.001);
  auto evidence = DriftEvidence::Make(bins, {});
  EXPECT_NEAR(evidence->Judge(bins)[0].limit, 0.225, 0.001);
}

// 400 rows of training are no truth: what the same source gives later is no drift.
TEST(DriftEvidence, FewRowsOfTrainingAreNoDrift) {
  constexpr int kCities = 45, kTraining = 400;
  const auto draw = [](int rows, Random* random) {
    data::Column column;
    column.name = "city";
    column.type = data::ColumnType::kCategory;
    for (int i = 0; i < kCities; ++i) column.categories.push_back("c" + std::to_string(i));
    for (int row = 0; row < rows; ++row)
      column.codes.push_back(static_cast<int32_t>(random->Below(kCities)));
    return column;
  };
  int called = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    data::Table table;
    table.rows = kTraining;
    table.columns = {draw(kTraining, &random)};
    const std::vector<FeatureBins> bins = MakeBins(data::ProfileTable(table), {"city"});
    auto evidence = DriftEvidence::Make(bins, {});
    for (int look = 0; look < 40; ++look) {
      const data::Column live = draw(500, &random);
      DriftBatch batch = EmptyBatch(bins);
      data::ColumnView view;
      view.type = live.type;
      view.codes = live.codes;
      view.categories = &live.categories;
      ASSERT_TRUE(bins[0].Count(view, batch.counts.data()));
      batch.rows = batch.requests = 500;
      ASSERT_TRUE(evidence->Take(bins, batch, kHour + look * 60'000).ok());
    }
    called += evidence->Judge(bins)[0].drifted ? 1 : 0;
  }
  EXPECT_EQ(called, 0);
}

TEST(FeatureBins, CountWhatTrainingDidNotHave) {
  const DriftBatch batch = Batch({-1, 0.5, 2, NAN}, {"Bonn", "Rome", "Ulm"}, 8);
  EXPECT_EQ(batch.counts[0].front(), 1);                      // Below.
  EXPECT_EQ(batch.counts[0][batch.counts[0].size() - 2], 1);  // Above.
  EXPECT_EQ(batch.counts[0].back(), 1);                       // Missing.
  EXPECT_THAT(batch.counts[1], ElementsAre(1, 0, 1, 1, 0));   // Rome is another one.
  EXPECT_THAT(batch.counts[2], ElementsAre(0, 0, 4, 0));
}

TEST(FeatureBins, TellTheWassersteinDistance) {
  Random random(5);
  const DriftBatch same = Draw(5000, 0, &random), moved = Draw(5000, 0.1, &random);
  EXPECT_LT(*Bins()[0].NormedWasserstein(same.counts[0]), 0.1);
  // 0.1 of a deviation of 0.289.
  EXPECT_NEAR(*Bins()[0].NormedWasserstein(moved.counts[0]), 0.35, 0.06);
  EXPECT_EQ(Bins()[1].NormedWasserstein(same.counts[1]), std::nullopt);
}

TEST(FeatureBins, ATimestampIsMissingOrNot) {
  data::ColumnProfile profile;
  profile.name = "at";
  profile.type = data::ColumnType::kTimestamp;
  profile.count = 10;
  profile.missing = 2;
  EXPECT_THAT(MakeBins(profile)->reference,
              ElementsAre(testing::DoubleEq(0.8), testing::DoubleEq(0.2)));
  profile.count = 0;
  EXPECT_FALSE(MakeBins(profile).has_value());
}

TEST(DriftEvidence, TrafficLikeTrainingNeverDrifts) {
  Random random(11);
  auto evidence = DriftEvidence::Make(Bins(), {});
  ASSERT_TRUE(evidence.ok());
  // Three days, a look a quarter of an hour.
  for (int look = 0; look < 288; ++look) {
    ASSERT_TRUE(evidence->Take(Bins(), Draw(40, 0, &random), kHour + look * kHour / 4).ok());
    EXPECT_THAT(Drifted(*evidence), IsEmpty()) << look;
  }
}

TEST(DriftEvidence, AnEffectThatIsTooSmallIsNoDrift) {
  Random random(12);
  auto evidence = DriftEvidence::Make(Bins(), {});
  // 5 % of the ages are above all that training had; the limit is 10 %.
  for (int look = 0; look < 60; ++look)
    ASSERT_TRUE(evidence->Take(Bins(), Draw(1000, 0.05, &random), kHour + look * 1000).ok());
  EXPECT_THAT(Drifted(*evidence), IsEmpty());
  EXPECT_NEAR(evidence->Judge(Bins())[0].total_variation, 0.05, 0.02);
}

TEST(DriftEvidence, NamesTheFeatureThatDriftedAndForgetsItWhenItIsOver) {
  Random random(13);
  auto evidence = DriftEvidence::Make(Bins(), {});
  int64_t now = kHour;
  for (int look = 0; look < 10; ++look) Take(Draw(100, 0.4, &random), now += 60'000, &*evidence);
  EXPECT_THAT(Drifted(*evidence), ElementsAre("age"));
  EXPECT_NEAR(evidence->Judge(Bins())[0].total_variation, 0.37, 0.07);
  // The next day: it stands until enough rows say otherwise.
  now += 25 * kHour;
  Take(Draw(10, 0, &random), now, &*evidence);
  EXPECT_THAT(Drifted(*evidence), ElementsAre("age"));
  for (int look = 0; look < 20; ++look) Take(Draw(100, 0, &random), now += 60'000, &*evidence);
  EXPECT_THAT(Drifted(*evidence), IsEmpty());
}

TEST(DriftEvidence, AChangeIsSeenWhateverCameBeforeIt) {
  Random random(14);
  auto evidence = DriftEvidence::Make(Bins(), {});
  int64_t now = kHour;
  for (int look = 0; look < 60; ++look)
    ASSERT_TRUE(evidence->Take(Bins(), Draw(1000, 0, &random), now += kHour / 6).ok());
  EXPECT_THAT(Drifted(*evidence), IsEmpty());
  // 60,000 rows say no. Within two slots of rows that drifted it is known.
  int needed = 0;
  while (Drifted(*evidence).empty() && needed < 40) {
    ASSERT_TRUE(evidence->Take(Bins(), Draw(1000, 0.4, &random), now += kHour / 6).ok());
    ++needed;
  }
  EXPECT_LE(needed, 8);
}

TEST(DriftEvidence, RowsThatComeTogetherCountLess) {
  const auto evidence_of = [](int64_t requests) {
    Random random(15);
    auto evidence = DriftEvidence::Make(Bins(), {});
    DriftBatch batch = Draw(400, 0.4, &random);
    batch.requests = requests;
    EXPECT_TRUE(evidence->Take(Bins(), batch, kHour).ok());
    batch = Draw(400, 0.4, &random);
    EXPECT_TRUE(evidence->Take(Bins(), batch, kHour + 1000).ok());
    return evidence->Judge(Bins())[0].log_e;
  };
  EXPECT_GT(evidence_of(400), 10 * evidence_of(4));
}

TEST(DriftEvidence, AnotherProfileIsRefused) {
  auto evidence = DriftEvidence::Make(Bins(), {});
  Random random(16);
  ASSERT_TRUE(evidence->Take(Bins(), Draw(10, 0, &random), kHour).ok());
  const std::vector<FeatureBins> fewer(Bins().begin(), Bins().begin() + 1);
  EXPECT_FALSE(DriftEvidence::FromJson(evidence->ToJson(), fewer, {}).ok());
  EXPECT_FALSE(DriftEvidence::Make(Bins(), {.min_effect = 0}).ok());
}

TEST(DriftRules, AreThoseOfTheConfiguration) {
  const DriftRules rules = ReadDriftRules(Json::parse(
      R"({"monitoring_config": {"drift": {"alpha": 0.01, "min_effect": 0.2, "window_seconds": 60}}})"));
  EXPECT_EQ(rules.alpha, 0.01);
  EXPECT_EQ(rules.min_effect, 0.2);
  EXPECT_EQ(rules.window_ms, 60'000);
  EXPECT_EQ(ReadDriftRules(Json()).min_effect, 0.1);
}

}  // namespace
}  // namespace slipway::monitor
