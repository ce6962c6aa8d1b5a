// What only a store in a file can do: be used by several, be opened again, be refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/file_system.h"
#include "core/testing.h"
#include "deploy/rollout_store.h"
#include "sqlite/other_program.h"

namespace slipway::deploy {
namespace {

using sqlite::OtherProgram;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kPatience = 10'000;
constexpr int kLittlePatience = 50;
constexpr int64_t kMany = 1'000'000;

class SqliteRolloutStoreTest : public ::testing::Test {
 protected:
  std::string Path() const { return directory_.File("rollouts.db"); }
  Result<std::unique_ptr<RolloutStore>> Open(bool create = true, int busy_timeout_ms = kPatience) {
    return OpenRolloutStore(Path(), SystemClock(), {create, busy_timeout_ms});
  }

  slipway::testing::TemporaryDirectory directory_;
};

ServiceChange MakeChange(const std::string& service, int64_t generation, Json document) {
  ServiceChange change{service, generation, std::move(document), {}, {}};
  RolloutEvent event;
  event.revision = 1;
  event.kind = "stage";
  change.events = {event};
  Effect effect;
  effect.kind = "tag";
  change.effects = {effect};
  return change;
}

TEST_F(SqliteRolloutStoreTest, IsThereAfterwards) {
  ASSERT_TRUE((*Open())->Write(MakeChange("a", 0, 1)).ok());
  auto store = Open(false);
  ASSERT_TRUE(store.ok()) << store.error().ToString();
  EXPECT_EQ((*(*store)->Find("a"))->generation, 1);
  EXPECT_EQ((*store)->Events("a", 0, 0, kMany)->size(), 1U);
  EXPECT_EQ((*store)->DueEffects(0, kMany)->size(), 1U);
}

TEST_F(SqliteRolloutStoreTest, IsForItsOwnerOnlyAndMarked) {
  auto store = Open();
  ASSERT_TRUE((*store)->Write(MakeChange("a", 0, 1)).ok());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info{};
    ASSERT_EQ(::stat((Path() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << suffix;
  }
  OtherProgram other(Path());
  EXPECT_EQ(other.Query("PRAGMA application_id"), "1397510735");
  EXPECT_EQ(other.Query("PRAGMA user_version"), "1");
}

TEST_F(SqliteRolloutStoreTest, ReadingDoesNotMakeOne) {
  const auto store = Open(false);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(store.error().ToString(), HasSubstr("slipway deploy"));
  EXPECT_TRUE(LocalFileSystem().List(directory_.path())->empty());
}

TEST_F(SqliteRolloutStoreTest, AnotherConnectionSeesWhatWasWrittenAndThatSomethingWas) {
  auto first = Open();
  auto second = Open();
  ASSERT_TRUE(first.ok() && second.ok());
  const int64_t before = *(*second)->ChangeCounter();
  EXPECT_EQ(*(*second)->ChangeCounter(), before);
  ASSERT_TRUE((*first)->Write(MakeChange("a", 0, 1)).ok());
  const int64_t after_write = *(*second)->ChangeCounter();
  EXPECT_NE(after_write, before);
  EXPECT_EQ((*(*second)->Find("a"))->generation, 1);
  EXPECT_EQ(*(*second)->ChangeCounter(), after_write);
  ASSERT_TRUE((*second)->Write(MakeChange("a", 1, 2)).ok());
  const int64_t after_own = *(*second)->ChangeCounter();
  EXPECT_NE(after_own, after_write);
  ASSERT_TRUE((*first)->FinishEffect(1).ok());
  EXPECT_NE(*(*second)->ChangeCounter(), after_own);
  EXPECT_EQ((*first)->Write(MakeChange("a", 1, 3)).error().code(), ErrorCode::kConflict);
}

TEST_F(SqliteRolloutStoreTest, ALockHeldTooLongIsAClearError) {
  auto store = Open(true, kLittlePatience);
  ASSERT_TRUE(store.ok());
  OtherProgram other(Path());
  ASSERT_TRUE(other.Run("BEGIN IMMEDIATE"));
  const auto blocked = (*store)->Write(MakeChange("a", 0, 1));
  ASSERT_FALSE(blocked.ok());
  EXPECT_EQ(blocked.error().code(), ErrorCode::kTimeout);
  EXPECT_THAT(blocked.error().ToString(), HasSubstr("rollout store's lock"));
  EXPECT_TRUE((*store)->Services()->empty()) << "reading goes on";
  EXPECT_TRUE((*store)->ChangeCounter().ok());
  ASSERT_TRUE(other.Run("ROLLBACK"));
  EXPECT_EQ(*(*store)->Write(MakeChange("a", 0, 1)), 1);
}

TEST_F(SqliteRolloutStoreTest, TheRegistrysDatabaseIsRefusedAndLeft) {
  // As the registry marks it.
  ASSERT_TRUE(OtherProgram(Path()).Run(
      "CREATE TABLE models (name TEXT); PRAGMA application_id=0x534c5759; PRAGMA user_version=1"));
  const auto before = LocalFileSystem().ReadFile(Path());
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(store.error().ToString(), HasSubstr("a rollout store made by slipway"));
  EXPECT_EQ(*LocalFileSystem().ReadFile(Path()), *before);
}

TEST_F(SqliteRolloutStoreTest, ANewerSchemaIsRefused) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(OtherProgram(Path()).Run("PRAGMA user_version=1000"));
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(store.error().ToString(), HasSubstr("newer slipway"));
}

TEST_F(SqliteRolloutStoreTest, ADamagedRowIsAnIntegrityErrorThatNamesIt) {
  auto store = Open();
  ASSERT_TRUE((*store)->Write(MakeChange("a", 0, 1)).ok());
  OtherProgram other(Path());
  ASSERT_TRUE(other.Run("UPDATE services SET document = '{'"));
  const auto found = (*store)->Find("a");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), ErrorCode::kIntegrity);
  EXPECT_THAT(found.error().ToString(), AllOf(HasSubstr(Path()), HasSubstr("service 'a'")));
  EXPECT_EQ((*store)->Services().error().code(), ErrorCode::kIntegrity);
  ASSERT_TRUE(other.Run("UPDATE events SET detail = ''"));
  EXPECT_THAT((*store)->Events("a", 0, 0, kMany).error().ToString(), HasSubstr("event 1"));
  ASSERT_TRUE(other.Run("UPDATE effects SET detail = '}'"));
  EXPECT_THAT((*store)->DueEffects(0, kMany).error().ToString(), HasSubstr("effect 1"));
}

TEST_F(SqliteRolloutStoreTest, ConcurrentProcessesLoseNothing) {
  constexpr int kProcesses = 6;
  constexpr int kEach = 15;
  const auto add_one = [](RolloutStore& store) -> Status {
    SLIPWAY_ASSIGN_OR_RETURN(const auto found, store.Find("a"));
    const int64_t generation = found ? found->generation : 0;
    const int64_t count = found ? found->document.get<int64_t>() : 0;
    SLIPWAY_RETURN_IF_ERROR(store.Write(MakeChange("a", generation, count + 1)));
    return {};
  };
  const int failures = slipway::testing::FailuresInProcesses(kProcesses, [&](int) -> Status {
    // All of them make the database at once, too.
    SLIPWAY_ASSIGN_OR_RETURN(const auto store, Open());
    for (int done = 0; done < kEach;) {
      const Status added = add_one(*store);
      if (!added.ok() && added.error().code() != ErrorCode::kConflict) return added;
      if (added.ok()) ++done;
    }
    return {};
  });
  EXPECT_EQ(failures, 0);
  auto store = Open();
  EXPECT_EQ((*(*store)->Find("a"))->document, kProcesses * kEach);
  EXPECT_EQ((*store)->Events("a", 0, 0, kMany)->size(), static_cast<size_t>(kProcesses * kEach));
  EXPECT_EQ((*store)->DueEffects(0, kMany)->size(), static_cast<size_t>(kProcesses * kEach));
}

}  // namespace
}  // namespace slipway::deploy
