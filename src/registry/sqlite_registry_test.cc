#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>

#include "core/testing.h"
#include "registry/registry_store.h"
#include "registry/sqlite_internal.h"
#include "registry/test_artifacts.h"

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
  void Run(const char* sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(Path().c_str(), &connection), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(connection);
    sqlite3_close(connection);
  }

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

TEST_F(SqliteRegistryTest, ALockHeldTooLongIsAClearError) {
  auto store = Open(true, 50);
  ASSERT_TRUE(store.ok());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto blocked = (*store)->Register(MakeVersion("m", FakeDigest(1)));
  ASSERT_FALSE(blocked.ok());
  EXPECT_EQ(blocked.error().code(), ErrorCode::kTimeout);
  EXPECT_THAT(blocked.error().ToString(), HasSubstr("another process"));
  EXPECT_TRUE((*store)->List("")->empty()) << "reading goes on";
  ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_EQ((*store)->Register(MakeVersion("m", FakeDigest(1)))->registry_version, 1);
}

TEST_F(SqliteRegistryTest, MigrationsAreDoneOnceEachInOrder) {
  constexpr std::array<const char*, 1> kOld = {"CREATE TABLE a (x) STRICT"};
  constexpr std::array<const char*, 1> kOldGood = {"CREATE TABLE a (x TEXT) STRICT"};
  constexpr std::array<const char*, 3> kNew = {kOldGood[0], "ALTER TABLE a ADD COLUMN y TEXT",
                                               "INSERT INTO a (x, y) VALUES ('1', '2')"};
  auto database = Database::Open(Path(), true, 1000);
  ASSERT_TRUE(database.ok());
  EXPECT_FALSE(Migrate(*database, Path(), kOld).ok()) << "a STRICT column needs a type";
  EXPECT_EQ(*database->QueryInteger("PRAGMA user_version"), 0)
      << "a failed migration leaves nothing";
  ASSERT_TRUE(Migrate(*database, Path(), kOldGood).ok());
  EXPECT_EQ(*database->QueryInteger("PRAGMA user_version"), 1);
  ASSERT_TRUE(Migrate(*database, Path(), kNew).ok());
  ASSERT_TRUE(Migrate(*database, Path(), kNew).ok());
  EXPECT_EQ(*database->QueryInteger("SELECT count(*) FROM a"), 1);
  EXPECT_EQ(*database->QueryInteger("PRAGMA user_version"), 3);
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
  sqlite3_vfs* const before = sqlite3_vfs_find(nullptr);
  sqlite3_vfs_register(sqlite3_vfs_find("unix-dotfile"), 1);
  const auto store = Open();
  sqlite3_vfs_register(before, 1);
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().ToString(), HasSubstr("write-ahead log"));
}

TEST_F(SqliteRegistryTest, CanBeReadWhereNothingCanBeWritten) {
  ASSERT_TRUE((*Open())->Register(MakeVersion("m", FakeDigest(1))).ok());
  const std::string odd = directory_.File("50% #1?.db");
  std::filesystem::copy(Path(), odd);
  auto database = Database::OpenReadOnly(odd, 1000);
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
