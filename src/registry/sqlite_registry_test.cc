#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "core/testing.h"
#include "registry/registry_store.h"
#include "registry/sqlite_schema_internal.h"
#include "registry/test_artifacts.h"
#include "sqlite/database.h"
#include "sqlite/other_program.h"

namespace slipway::registry {
namespace {

using ::testing::HasSubstr;

class SqliteRegistryTest : public ::testing::Test {
 protected:
  std::string Path() const { return directory_.File("registry.db"); }
  Result<std::unique_ptr<RegistryStore>> Open(bool create = true, int busy_timeout_ms = 10'000) {
    return OpenSqliteRegistry(Path(), SystemClock(), {create, busy_timeout_ms});
  }
  // Runs `sql` as another program would.
  void Run(const char* sql) { sqlite::OtherProgram(Path()).Run(sql); }

  slipway::testing::TemporaryDirectory directory_;
};

TEST_F(SqliteRegistryTest, AnotherConnectionSeesWhatWasRegistered) {
  auto first = Open();
  ASSERT_TRUE(first.ok());
  auto second = Open();
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE((*first)->Register(MakeVersion("m", FakeDigest(1))).ok());
  EXPECT_EQ((*second)->List("m")->size(), 1U);
}

TEST_F(SqliteRegistryTest, IsInWalModeAndForItsOwnerOnly) {
  auto store = Open();
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->Register(MakeVersion("m", FakeDigest(1))).ok());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info{};
    ASSERT_EQ(::stat((Path() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST_F(SqliteRegistryTest, ReadingDoesNotMakeARegistry) {
  const auto store = Open(false);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(store.error().ToString(), HasSubstr("slipway run"));
  EXPECT_TRUE(LocalFileSystem().List(directory_.path())->empty());
}

TEST_F(SqliteRegistryTest, AFileThatIsNoDatabaseIsAnError) {
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), Path(), std::string(8192, 'x')).ok());
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(store.error().ToString(), HasSubstr("registry.db: not a registry database"));
  EXPECT_EQ(LocalFileSystem().ReadFile(Path())->substr(0, 3), "xxx");
}

TEST_F(SqliteRegistryTest, TheDatabaseOfAnotherProgramStaysAsItIs) {
  Run("CREATE TABLE theirs (a)");
  const auto before = LocalFileSystem().ReadFile(Path());
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(store.error().ToString(), HasSubstr("another program"));
  EXPECT_EQ(*LocalFileSystem().ReadFile(Path()), *before);
}

TEST_F(SqliteRegistryTest, ANewerSchemaIsAnError) {
  ASSERT_TRUE(Open().ok());
  Run("PRAGMA user_version=1000");
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(store.error().ToString(), HasSubstr("newer slipway"));
}

// What registries of users are marked with: another number would make this build refuse them.
TEST_F(SqliteRegistryTest, TheFileIsMarkedAsItAlwaysWas) {
  ASSERT_TRUE(Open().ok());
  sqlite::OtherProgram other(Path());
  EXPECT_EQ(other.Query("PRAGMA application_id"), "1397512025");
  EXPECT_EQ(other.Query("PRAGMA user_version"), "1");
}

TEST_F(SqliteRegistryTest, ALockHeldTooLongIsAClearError) {
  auto store = Open(true, 50);
  ASSERT_TRUE(store.ok());
  sqlite::OtherProgram other(Path());
  ASSERT_TRUE(other.Run("BEGIN IMMEDIATE"));
  const auto blocked = (*store)->Register(MakeVersion("m", FakeDigest(1)));
  ASSERT_FALSE(blocked.ok());
  EXPECT_EQ(blocked.error().code(), ErrorCode::kTimeout);
  EXPECT_THAT(blocked.error().ToString(), HasSubstr("another process"));
  EXPECT_TRUE((*store)->List("")->empty()) << "reading goes on";
  ASSERT_TRUE(other.Run("COMMIT"));
  EXPECT_EQ((*store)->Register(MakeVersion("m", FakeDigest(1)))->registry_version, 1);
}

TEST_F(SqliteRegistryTest, ADamagedRowIsAnIntegrityErrorThatNamesTheDatabase) {
  auto store = Open();
  ASSERT_TRUE((*store)->Register(MakeVersion("m", FakeDigest(1))).ok());
  const std::pair<const char*, const char*> damages[] = {
      {"UPDATE versions SET training_config = '{'", "UPDATE versions SET training_config = '{}'"},
      {"UPDATE versions SET feature_schema = '{}'", "UPDATE versions SET feature_schema = '[]'"},
      {"UPDATE versions SET performance_metrics = '1'",
       "UPDATE versions SET performance_metrics = '{}'"},
      {"UPDATE versions SET digest = 'sha256:../../x'", ""},
  };
  for (const auto& [damage, repair] : damages) {
    Run(damage);
    const auto listed = (*store)->List("");
    ASSERT_FALSE(listed.ok()) << damage;
    EXPECT_EQ(listed.error().code(), ErrorCode::kIntegrity) << damage;
    EXPECT_THAT(listed.error().ToString(), HasSubstr(Path()));
    EXPECT_THAT(listed.error().ToString(), HasSubstr("m:1"));
    Run(repair);
  }
  Run("UPDATE audit SET detail = 'x'");
  EXPECT_EQ((*store)->Audit("", 10).error().code(), ErrorCode::kIntegrity);
}

TEST_F(SqliteRegistryTest, AnEmptyFileIsNoRegistryToReadFrom) {
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), Path(), "").ok());
  EXPECT_EQ(Open(false).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(LocalFileSystem().Stat(Path())->size, 0) << "asking made a registry";
  SqliteOptions options;
  options.must_have_versions = true;
  const auto emptied = OpenSqliteRegistry(Path(), SystemClock(), options);
  EXPECT_EQ(emptied.error().code(), ErrorCode::kIntegrity);
  EXPECT_TRUE(Open().ok()) << "somebody began to make it";
}

TEST_F(SqliteRegistryTest, WithoutSharedMemoryThereIsNoRegistry) {
  const sqlite::WithoutSharedMemory without_shared_memory;
  const auto store = Open();
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().ToString(), HasSubstr("write-ahead log"));
}

TEST_F(SqliteRegistryTest, CanBeReadWhereNothingCanBeWritten) {
  ASSERT_TRUE((*Open())->Register(MakeVersion("m", FakeDigest(1))).ok());
  const std::string odd = directory_.File("50% #1?.db");
  std::filesystem::copy(Path(), odd);
  auto database = sqlite::Database::OpenReadOnly(odd, kRegistryDatabase, 1000);
  ASSERT_TRUE(database.ok()) << database.error().ToString();
  EXPECT_EQ(*database->QueryInteger("SELECT count(*) FROM versions"), 1);
  const Status changed = database->Execute("DELETE FROM versions");
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().code(), ErrorCode::kPermission);
  EXPECT_FALSE(LocalFileSystem().Exists(odd + "-shm"));
}

TEST_F(SqliteRegistryTest, ConcurrentProcessesGetNumbersOfTheirOwn) {
  constexpr int kProcesses = 8;
  constexpr int kEach = 25;
  const int failures = slipway::testing::FailuresInProcesses(kProcesses, [&](int p) -> Status {
    // All of them make the database at once, too.
    SLIPWAY_ASSIGN_OR_RETURN(const auto store, Open(true, 60'000));
    for (int i = 0; i < kEach; ++i) {
      SLIPWAY_RETURN_IF_ERROR(store->Register(MakeVersion("m", FakeDigest(p * kEach + i))));
    }
    return {};
  });
  EXPECT_EQ(failures, 0);
  auto store = Open();
  const auto versions = (*store)->List("m");
  std::set<int64_t> numbers;
  for (const ModelVersion& version : *versions) numbers.insert(version.registry_version);
  EXPECT_EQ(versions->size(), static_cast<size_t>(kProcesses * kEach));
  EXPECT_EQ(numbers.size(), versions->size());
  EXPECT_EQ(*numbers.begin(), 1);
  EXPECT_EQ(*numbers.rbegin(), kProcesses * kEach);
}

}  // namespace
}  // namespace slipway::registry
