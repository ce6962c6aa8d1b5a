#include "monitor/drift_watch.h"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "core/clock.h"
#include "core/random.h"
#include "core/testing.h"
#include "data/packed_columns.h"

namespace slipway::monitor {
namespace {

using slipway::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kNow = 1'764'398'467'000;
constexpr int64_t kMinute = 60'000;
const std::string kDigest = "sha256:11";

data::Table Training() {
  Random random(3);
  data::Table table;
  table.rows = 3000;
  table.columns.resize(2);
  table.columns[0].name = "age";
  table.columns[1].name = "city";
  table.columns[1].type = data::ColumnType::kCategory;
  table.columns[1].categories = {"Bonn", "Ulm"};
  for (int64_t row = 0; row < table.rows; ++row) {
    table.columns[0].numbers.push_back(random.Uniform());
    table.columns[1].codes.push_back(static_cast<int32_t>(random.Below(2)));
  }
  return table;
}

// A log as `slipway serve` writes it.
class DriftWatchTest : public ::testing::Test {
 protected:
  std::string Path(int64_t begun_ms, const std::string& name) const {
    std::string time = FormatTimestamp(Clock::WallTime(std::chrono::milliseconds(begun_ms)));
    const std::string day = folder.path() + "/churn/predictions/" + time.substr(0, 10);
    std::filesystem::create_directories(day);
    std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
    return day + "/" + time + "-" + name + ".parquet";
  }
  void Write(int64_t begun_ms, const std::string& name, int rows, double moved,
             const std::string& digest = kDigest, const std::string& service = "shop") {
    using data::PackedType;
    std::vector<data::PackedColumn> columns(service.empty() ? 5 : 6);
    columns[0].name = "time";
    columns[0].type = PackedType::kTime;
    columns[1].name = "row";
    columns[1].type = PackedType::kInteger;
    columns[2].name = "digest";
    columns[2].type = PackedType::kCategory;
    columns[2].categories = {digest};
    columns[3].name = "input.age";
    columns[4].name = "input.city";
    columns[4].type = PackedType::kText;
    if (!service.empty()) {
      columns[5].name = "service";
      columns[5].type = PackedType::kCategory;
      columns[5].categories = {service};
    }
    for (int row = 0; row < rows; ++row) {
      columns[0].integers.push_back(begun_ms * 1000);
      columns[1].integers.push_back(0);
      columns[2].codes.push_back(0);
      columns[3].doubles.push_back(random.Uniform() + moved);
      columns[4].AddText(random.Below(2) == 0 ? "Bonn" : "Ulm");
      if (!service.empty()) columns[5].codes.push_back(0);
    }
    auto file = data::MakePackedFile();
    ASSERT_TRUE(file.ok()) << file.error().ToString();
    ASSERT_TRUE((*file)->Add(columns, rows).ok());
    std::ofstream(Path(begun_ms, name), std::ios::binary) << *(*file)->Finish({});
  }
  LiveDrift Look(int64_t now_ms) {
    const Result<LiveDrift> drift = watch.Look(folder.path(), now_ms);
    EXPECT_TRUE(drift.ok()) << drift.error().ToString();
    const Json stored = Json::parse(CompactJson(watch.ToJson()));
    auto read = DriftWatch::FromJson(stored, bins, {});
    EXPECT_TRUE(read.ok()) << read.error().ToString();
    EXPECT_EQ(read->ToJson(), stored);
    watch = *std::move(read);
    return drift.ok() ? *drift : LiveDrift();
  }

  TemporaryDirectory folder;
  Random random{7};
  std::vector<FeatureBins> bins = MakeBins(data::ProfileTable(Training()), {"age", "city"});
  DriftWatch watch = *DriftWatch::Make({"shop", "churn", kDigest, kNow}, bins, {});
};

TEST_F(DriftWatchTest, ReadsEachNewSegmentOfItsVersionOnce) {
  EXPECT_EQ(Look(kNow).segments, 0);
  Write(kNow - kMinute, "before", 50, 5);
  Write(kNow + kMinute, "a", 40, 0);
  Write(kNow + kMinute, "other", 50, 5, "sha256:22");
  LiveDrift drift = Look(kNow + 2 * kMinute);
  EXPECT_EQ(drift.segments, 1);
  EXPECT_EQ(drift.read_rows, 40);
  EXPECT_EQ(drift.trouble, "");
  // One that began earlier and came later is taken all the same.
  Write(kNow + kMinute - 1000, "b", 30, 0);
  EXPECT_EQ(Look(kNow + 3 * kMinute).read_rows, 30);
  EXPECT_EQ(Look(kNow + 4 * kMinute).read_rows, 0);
  // On the next day the names of this one are forgotten, and not read again.
  Write(kNow + 1440 * kMinute, "c", 20, 0);
  EXPECT_EQ(Look(kNow + 1441 * kMinute).read_rows, 20);
  EXPECT_EQ(Look(kNow + 1442 * kMinute).read_rows, 0);
  EXPECT_LT(CompactJson(watch.ToJson()["reader"]).size(), 260U);
}

// One version may serve in several environments, and by a server that is none of a service.
TEST_F(DriftWatchTest, RowsOfAnotherServiceAreNotItsOwn) {
  Write(kNow + kMinute, "own", 40, 0);
  Write(kNow + kMinute, "staging", 2000, 0.5, kDigest, "shop-staging");
  Write(kNow + kMinute, "alone", 2000, 0.5, kDigest, "");
  const LiveDrift drift = Look(kNow + 2 * kMinute);
  EXPECT_EQ(drift.read_rows, 40);
  EXPECT_EQ(drift.segments, 1);
  EXPECT_EQ(drift.share, 0);
  EXPECT_EQ(drift.trouble, "");
}

TEST_F(DriftWatchTest, GoesOnWhereTheClockIsSetBack) {
  constexpr int64_t kBack = 120 * kMinute;
  Write(kNow + kMinute, "a", 40, 0);
  EXPECT_EQ(Look(kNow + 2 * kMinute).read_rows, 40);
  EXPECT_EQ(Look(kNow + 3 * kMinute - kBack).read_rows, 0);
  Write(kNow + 3 * kMinute - kBack, "b", 30, 0);
  EXPECT_EQ(Look(kNow + 4 * kMinute - kBack).read_rows, 30);
  // When the time has come again, nothing is read twice.
  EXPECT_EQ(Look(kNow + 2 * kMinute).read_rows, 0);
  Write(kNow + 3 * kMinute, "c", 20, 0);
  EXPECT_EQ(Look(kNow + 4 * kMinute).read_rows, 20);
}

TEST_F(DriftWatchTest, TellsWhichFeaturesDriftedAndByHowMuch) {
  for (int i = 1; i <= 8; ++i) Write(kNow + i * kMinute, "a", 200, 0.5);
  const LiveDrift next = Look(kNow + 9 * kMinute);
  EXPECT_EQ(next.rows, 1600);
  EXPECT_EQ(next.share, 0.5);
  EXPECT_THAT(next.Text(), HasSubstr("1 of 2 features drifted: age (total variation 0.5"));
  const Json evidence = next.Evidence();
  EXPECT_EQ(evidence["features"][0]["drifted"], true);
  EXPECT_NEAR(evidence["features"][0]["wasserstein"].get<double>(), 1.3, 0.4);
  EXPECT_EQ(evidence["features"][1]["drifted"], false);
}

TEST_F(DriftWatchTest, OneSegmentIsEnough) {
  Write(kNow + kMinute, "a", 1200, 0.5);
  EXPECT_EQ(Look(kNow + 2 * kMinute).share, 0.5);
}

TEST_F(DriftWatchTest, WhatIsNoSegmentIsPassedOver) {
  std::ofstream(Path(kNow + kMinute, "broken")) << "PAR1 and no more";
  std::ofstream(folder.path() + "/note.txt") << "of somebody";
  Write(kNow + kMinute, "good", 25, 0);
  LiveDrift drift = Look(kNow + 2 * kMinute);
  EXPECT_EQ(drift.read_rows, 25);
  EXPECT_THAT(drift.trouble, HasSubstr("broken"));
  drift = Look(kNow + 3 * kMinute);
  EXPECT_EQ(drift.read_rows, 0);
  EXPECT_EQ(drift.trouble, "");
}

TEST_F(DriftWatchTest, MuchThatIsNewIsReadLookByLook) {
  for (int i = 0; i < 40; ++i) Write(kNow + kMinute + i, "a", 5, 0);
  EXPECT_EQ(Look(kNow + 2 * kMinute).segments, 32);
  EXPECT_EQ(Look(kNow + 2 * kMinute).segments, 8);
  EXPECT_EQ(Look(kNow + 2 * kMinute).segments, 0);
}

TEST_F(DriftWatchTest, AModelWithoutItsProfileIsRefused) {
  EXPECT_FALSE(DriftWatch::Make({"shop", "churn", kDigest, kNow}, {}, {}).ok());
  EXPECT_FALSE(DriftWatch::FromJson(Json::object(), bins, {}).ok());
}

}  // namespace
}  // namespace slipway::monitor
