#include "pipeline/run_history.h"

#include <gtest/gtest.h>

#include <chrono>

#include "core/testing.h"

namespace slipway::pipeline {
namespace {

class RunHistoryTest : public ::testing::Test {
 protected:
  void Add(const std::string& run_id, const std::string& started_at, double auc, int depth,
           double train = 0.8) {
    const Json json = {
        {"record", {{"run_id", run_id}, {"status", "passed"}, {"metrics", {{"auc", auc}}}}},
        {"started_at", started_at},
        {"algorithm", "random_forest"},
        {"hyperparameters", {{"max_depth", depth}}},
        {"config",
         {{"data", {{"split", {{"train", train}}}}},
          {"model", {{"hyperparameters", {{"max_depth", depth}}}}}}}};
    const std::string path = directory_.File("runs/" + run_id + "/run.json");
    ASSERT_TRUE(WriteFileAtomically(files_, path, CompactJson(json)).ok());
  }
  void AddModel(const std::string& run_id, const std::string& started_at,
                const std::string& environment, int version, const std::string& model = "m") {
    const Json json = {{"record",
                        {{"run_id", run_id},
                         {"environment", environment},
                         {"model", model},
                         {"version", version == 0 ? Json() : Json(version)}}},
                       {"started_at", started_at}};
    const std::string path = directory_.File("runs/" + run_id + "/run.json");
    ASSERT_TRUE(WriteFileAtomically(files_, path, CompactJson(json)).ok());
  }
  std::string LastOf(const std::string& environment) {
    const auto run = LastRunOfModel(files_, directory_.path(), environment, "m");
    if (!run.ok()) return run.error().ToString();
    return *run ? (*run)->run_id : "none";
  }
  std::string Find(const std::string& run_id) {
    const auto run = FindRun(files_, directory_.path(), run_id);
    return run.ok() ? run->run_id : run.error().ToString();
  }

  testing::TemporaryDirectory directory_;
  FileSystem& files_ = LocalFileSystem();
};

TEST_F(RunHistoryTest, ListsNewestFirstAndLeavesOutInterruptedRuns) {
  Add("20261123-064107-aaaa", "2026-11-23T06:41:07.000Z", 0.9, 5);
  Add("20261124-010000-bbbb", "2026-11-24T01:00:00.000Z", 0.8, 5);
  std::filesystem::create_directories(directory_.File("runs/20261125-000000-cccc"));
  const auto runs = ListRuns(files_, directory_.path());
  ASSERT_TRUE(runs.ok());
  ASSERT_EQ(runs->size(), 2U);
  EXPECT_EQ(runs->front().run_id, "20261124-010000-bbbb");
}

TEST_F(RunHistoryTest, TheLastRunIsTheOneThatARunEndedWithLast) {
  EXPECT_EQ(LastOf("development"), "none");
  AddModel("a", "2026-11-23T06:00:00.000Z", "development", 1);
  AddModel("b", "2026-11-23T07:00:00.000Z", "development", 2);
  // Of another environment, of another model, and without a version.
  AddModel("c", "2026-11-23T08:00:00.000Z", "staging", 3);
  AddModel("d", "2026-11-23T09:00:00.000Z", "development", 4, "other");
  AddModel("e", "2026-11-23T10:00:00.000Z", "development", 0);
  EXPECT_EQ(LastOf("development"), "b");
  EXPECT_EQ(LastOf("staging"), "c");
  // A run with the inputs of the first found nothing changed since.
  testing::FakeClock clock(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24));
  NoteRunAgain(files_, directory_.File("runs/a"), clock);
  EXPECT_EQ(LastOf("development"), "a");
  AddModel("f", "2026-11-25T00:00:00.000Z", "development", 5);
  EXPECT_EQ(LastOf("development"), "f");
}

TEST_F(RunHistoryTest, OneBadRecordHidesNoOtherRun) {
  Add("20261123-064107-aaaa", "2026-11-23T06:41:07.000Z", 0.9, 5);
  const char* const bad[] = {R"({"record": null})",
                             R"("x")",
                             "[1]",
                             "{",
                             "{}",
                             R"({"record": {}})",
                             R"({"record": {"run_id": "b"}, "source": 1})",
                             R"({"record": {"run_id": "b", "metrics": [1]}})",
                             R"({"record": {"run_id": "b"}, "config": 1})",
                             R"({"record": {"run_id": "b"}, "hyperparameters": "x"})"};
  for (size_t i = 0; i < std::size(bad); ++i) {
    const std::string path = directory_.File("runs/bad" + std::to_string(i) + "/run.json");
    ASSERT_TRUE(WriteFileAtomically(files_, path, bad[i]).ok());
  }
  const auto runs = ListRuns(files_, directory_.path());
  ASSERT_TRUE(runs.ok());
  EXPECT_EQ(runs->size(), 1U);
}

TEST_F(RunHistoryTest, FindsByUniqueBeginningAndTellsWhatIsNear) {
  EXPECT_NE(Find("latest").find("no runs in"), std::string::npos);
  Add("20261123-064107-aaaa", "2026-11-23T06:41:07.000Z", 0.9, 5);
  Add("20261123-070000-bbbb", "2026-11-23T07:00:00.000Z", 0.8, 5);
  EXPECT_EQ(Find("20261123-06"), "20261123-064107-aaaa");
  EXPECT_EQ(Find("latest"), "20261123-070000-bbbb");
  EXPECT_EQ(Find("20261123"),
            "'20261123' names 2 runs; try more of its letters, as 'slipway runs list' shows them");
  EXPECT_NE(Find("20261123-064107-aaab").find("20261123-064107-aaaa"), std::string::npos);
}

TEST_F(RunHistoryTest, ComparesWhatDiffers) {
  Add("20261123-064107-aaaa", "2026-11-23T06:41:07.000Z", 0.9, 5);
  Add("20261123-070000-bbbb", "2026-11-23T07:00:00.000Z", 0.8, 7, 0.7);
  const auto left = FindRun(files_, directory_.path(), "20261123-064107-aaaa");
  const auto right = FindRun(files_, directory_.path(), "latest");
  ASSERT_TRUE(left.ok() && right.ok());
  const auto differences = CompareRuns(*left, *right);
  ASSERT_EQ(differences.size(), 3U);
  EXPECT_EQ(differences[0].key, "hyperparameters.max_depth");
  EXPECT_EQ(differences[0].left, 5);
  EXPECT_EQ(differences[1].key, "data.split.train");
  EXPECT_EQ(differences[1].right, 0.7);
  EXPECT_EQ(differences[2].key, "metrics.auc");
  EXPECT_EQ(differences[2].right, 0.8);
  EXPECT_TRUE(CompareRuns(*left, *left).empty());
}

TEST_F(RunHistoryTest, FindsTheNearestFolderUpwards) {
  std::filesystem::create_directories(directory_.File("project/.slipway"));
  std::filesystem::create_directories(directory_.File("project/deep/er"));
  const auto found = FindSlipwayDirectory(files_, directory_.File("project/deep/er"));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, directory_.File("project/.slipway"));
}

}  // namespace
}  // namespace slipway::pipeline
