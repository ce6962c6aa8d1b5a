#include "pipeline/step_cache.h"

#include <gtest/gtest.h>

#include "core/fault_injecting_file_system.h"
#include "core/testing.h"

namespace slipway::pipeline {
namespace {

class StepCacheTest : public ::testing::Test {
 protected:
  testing::TemporaryDirectory directory_;
  FileSystem& files_ = LocalFileSystem();
  StepCache cache_{files_, directory_.File("steps"), true};
  const std::string key_ = StepKey({"a step", "its input"});
};

TEST_F(StepCacheTest, GivesBackWhatWasPut) {
  EXPECT_EQ(cache_.Get(key_, "model"), std::nullopt);
  const std::string bytes("zero\0and\nnewline", 16);
  ASSERT_TRUE(cache_.Put(key_, "model", bytes).ok());
  EXPECT_EQ(cache_.Get(key_, "model"), bytes);
  EXPECT_EQ(cache_.Get(key_, "other"), std::nullopt);
  ASSERT_TRUE(cache_.PutJson(key_, "facts", {{"rows", 3}}).ok());
  EXPECT_EQ(cache_.GetJson(key_, "facts"), Json({{"rows", 3}}));
}

TEST_F(StepCacheTest, ATornEntryIsAMiss) {
  ASSERT_TRUE(cache_.Put(key_, "model", "0123456789").ok());
  const auto path = cache_.PathFor(key_, "model");
  ASSERT_TRUE(path.ok());
  auto bytes = files_.ReadFile(*path);
  ASSERT_TRUE(bytes.ok());
  for (size_t length = 0; length < bytes->size(); ++length) {
    ASSERT_TRUE(WriteFileAtomically(files_, *path, bytes->substr(0, length)).ok());
    EXPECT_EQ(cache_.Get(key_, "model"), std::nullopt) << length;
  }
}

TEST_F(StepCacheTest, AFileOfOthersIsFoundWhileItHasItsDigest) {
  const auto path = cache_.PathFor(key_, "table");
  ASSERT_TRUE(WriteFileAtomically(files_, *path, "rows").ok());
  EXPECT_EQ(cache_.FindFile(key_, "table"), std::nullopt) << "not sealed yet";
  ASSERT_TRUE(cache_.Seal(key_, "table").ok());
  EXPECT_EQ(cache_.FindFile(key_, "table"), *path);
  ASSERT_TRUE(WriteFileAtomically(files_, *path, "rowz").ok());
  EXPECT_EQ(cache_.FindFile(key_, "table"), std::nullopt);
}

TEST_F(StepCacheTest, AFailedPutLeavesNothing) {
  FaultInjectingFileSystem full(files_, directory_.File("trash"));
  StepCache cache(full, directory_.File("full"), true);
  full.FailAt(4, SystemError("write", "somewhere", ENOSPC));
  EXPECT_FALSE(cache.Put(key_, "model", "bytes").ok());
  EXPECT_EQ(files_.List(directory_.File("full") + "/" + key_.substr(0, 2))->size(), 0U);
}

TEST_F(StepCacheTest, ATakenTemporaryNameIsLeftAloneAndAnotherOneTried) {
  FaultInjectingFileSystem taken(files_, directory_.File("trash"));
  StepCache cache(taken, directory_.File("taken"), true);
  taken.FailAt(2, SystemError("create", "somewhere", EEXIST));
  ASSERT_TRUE(cache.Put(key_, "model", "bytes").ok());
  EXPECT_EQ(cache.Get(key_, "model"), "bytes");
  const int64_t before = taken.operations();
  taken.FailAt(before + 2, SystemError("create", "somewhere", ENOSPC));
  EXPECT_FALSE(cache.Put(key_, "model", "more").ok());
  EXPECT_EQ(taken.operations(), before + 2) << "removed what it had not made";
}

TEST_F(StepCacheTest, DoesNotReadWhenToldNotTo) {
  ASSERT_TRUE(cache_.Put(key_, "model", "bytes").ok());
  StepCache blind(files_, directory_.File("steps"), false);
  EXPECT_EQ(blind.Get(key_, "model"), std::nullopt);
  ASSERT_TRUE(blind.Put(key_, "model", "newer").ok());
  EXPECT_EQ(cache_.Get(key_, "model"), "newer");
}

TEST_F(StepCacheTest, PruneRemovesTheOldestFirst) {
  const std::string bytes(1000, 'x');
  std::vector<std::string> keys;
  for (int i = 0; i < 4; ++i) {
    keys.push_back(StepKey({"step", std::to_string(i)}));
    ASSERT_TRUE(cache_.Put(keys.back(), "model", bytes).ok());
    const auto path = cache_.PathFor(keys.back(), "model");
    const auto age = std::filesystem::file_time_type::clock::now() - std::chrono::hours(10 - i);
    std::filesystem::last_write_time(*path, age);
  }
  cache_.Prune(2500);
  EXPECT_EQ(cache_.Get(keys[0], "model"), std::nullopt);
  EXPECT_EQ(cache_.Get(keys[1], "model"), std::nullopt);
  EXPECT_EQ(cache_.Get(keys[2], "model"), bytes);
  EXPECT_EQ(cache_.Get(keys[3], "model"), bytes);
}

TEST_F(StepCacheTest, PruneSweepsWhatKilledProcessesWereWriting) {
  ASSERT_TRUE(cache_.Put(key_, "model", "bytes").ok());
  const std::string shelf = directory_.File("steps") + "/" + key_.substr(0, 2);
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const auto& [name, age] : {std::pair("old", 61), std::pair("young", 59)}) {
    const std::string path = shelf + "/.tmp-" + name;
    ASSERT_TRUE(WriteFileAtomically(files_, path, "half").ok());
    std::filesystem::last_write_time(path, now - std::chrono::minutes(age));
  }
  cache_.Prune(1'000'000);
  EXPECT_FALSE(files_.Exists(shelf + "/.tmp-old"));
  EXPECT_TRUE(files_.Exists(shelf + "/.tmp-young")) << "its process may still be writing";
  cache_.Prune(0);
  EXPECT_TRUE(files_.Exists(shelf + "/.tmp-young")) << "no entry that may be pruned";
}

TEST(StepKey, TellsFieldsApart) {
  EXPECT_NE(StepKey({"ab", "c"}), StepKey({"a", "bc"}));
  EXPECT_NE(StepKey({"a"}), StepKey({"a", ""}));
  EXPECT_EQ(StepKey({"a", "b"}).size(), 64U);
}

}  // namespace
}  // namespace slipway::pipeline
