#include "sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "core/file_system.h"
#include "core/testing.h"
#include "sqlite/other_program.h"

namespace slipway::sqlite {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr DatabaseKind kNotes{
    .application_id = 1001, .name = "notebook", .repair = "another notebook"};
constexpr DatabaseKind kLetters{
    .application_id = 1002, .name = "letter box", .repair = "another letter box"};
constexpr std::array<const char*, 1> kSchema = {"CREATE TABLE notes (text TEXT NOT NULL) STRICT"};
constexpr int kPatience = 1000;
constexpr int kLittlePatience = 50;

class DatabaseTest : public ::testing::Test {
 protected:
  std::string Path() const { return directory_.File("notes.db"); }
  Result<Database> Open(bool create = true, int busy_timeout_ms = kPatience) const {
    return Database::Open(Path(), kNotes, create, busy_timeout_ms);
  }
  // With its table, as a program of ours has it.
  Result<Database> OpenWithSchema(int busy_timeout_ms = kPatience) const {
    Result<Database> database = Open(true, busy_timeout_ms);
    if (!database.ok()) return database;
    SLIPWAY_RETURN_IF_ERROR(Migrate(*database, kSchema));
    return database;
  }

  slipway::testing::TemporaryDirectory directory_;
};

int64_t CountNotes(Database& database) {
  return database.QueryInteger("SELECT count(*) FROM notes").value_or(-1);
}

TEST_F(DatabaseTest, IsInWalModeDurableAndForItsOwnerOnly) {
  auto database = OpenWithSchema();
  ASSERT_TRUE(database.ok()) << database.error().ToString();
  EXPECT_EQ(*database->QueryText("PRAGMA journal_mode"), "wal");
  constexpr int64_t kFull = 2;
  EXPECT_EQ(*database->QueryInteger("PRAGMA synchronous"), kFull);
  EXPECT_EQ(*database->QueryInteger("PRAGMA foreign_keys"), 1);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info{};
    ASSERT_EQ(::stat((Path() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST_F(DatabaseTest, IsNotMadeUnlessAskedFor) {
  const auto database = Open(false);
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(database.error().code(), ErrorCode::kPermission);
  struct stat info{};
  EXPECT_NE(::stat(Path().c_str(), &info), 0);
}

TEST_F(DatabaseTest, ValuesComeBackAsTheyWereBound) {
  auto database = OpenWithSchema();
  ASSERT_TRUE(database.ok());
  const std::string odd("größe'\"\0x", 10);
  auto insert = database->Prepare("INSERT INTO notes (text) VALUES (?), (?), (?)");
  ASSERT_TRUE(insert.ok());
  constexpr int64_t kNumber = INT64_MIN;
  ASSERT_TRUE(insert->Bind(odd).Bind(std::string_view()).Bind(kNumber).Run().ok());
  auto select = database->Prepare("SELECT text, CAST(text AS INTEGER) FROM notes ORDER BY rowid");
  ASSERT_TRUE(select.ok());
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->Text(0), odd);
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->Text(0), "") << "an empty text is no NULL";
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->Integer(1), kNumber);
  EXPECT_FALSE(*select->Step());
}

TEST_F(DatabaseTest, AParameterTooManyIsAnError) {
  auto database = OpenWithSchema();
  ASSERT_TRUE(database.ok());
  auto insert = database->Prepare("INSERT INTO notes (text) VALUES (?)");
  ASSERT_TRUE(insert.ok());
  EXPECT_FALSE(insert->Bind("a").Bind("b").Run().ok());
  EXPECT_EQ(CountNotes(*database), 0);
}

TEST_F(DatabaseTest, ATransactionThatIsNotCommittedLeavesNothing) {
  auto database = OpenWithSchema();
  ASSERT_TRUE(database.ok());
  {
    auto transaction = Transaction::Begin(*database);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(database->Execute("INSERT INTO notes VALUES ('lost')").ok());
    EXPECT_EQ(CountNotes(*database), 1);
  }
  EXPECT_EQ(CountNotes(*database), 0);
  auto transaction = Transaction::Begin(*database);
  ASSERT_TRUE(transaction.ok()) << "the lock was given back";
  ASSERT_TRUE(database->Execute("INSERT INTO notes VALUES ('kept')").ok());
  ASSERT_TRUE(transaction->Commit().ok());
  EXPECT_EQ(OtherProgram(Path()).Query("SELECT text FROM notes"), "kept");
}

TEST_F(DatabaseTest, ALockHeldTooLongIsATimeoutThatNamesTheKind) {
  auto database = OpenWithSchema(kLittlePatience);
  ASSERT_TRUE(database.ok());
  OtherProgram other(Path());
  ASSERT_TRUE(other.Run("BEGIN IMMEDIATE"));
  const auto blocked = Transaction::Begin(*database);
  ASSERT_FALSE(blocked.ok());
  EXPECT_EQ(blocked.error().code(), ErrorCode::kTimeout);
  EXPECT_THAT(blocked.error().ToString(),
              AllOf(HasSubstr(Path()), HasSubstr("held the notebook's lock for 0.05 s")));
  EXPECT_EQ(CountNotes(*database), 0) << "reading goes on";
  ASSERT_TRUE(other.Run("ROLLBACK"));
  EXPECT_TRUE(Transaction::Begin(*database).ok());
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsRefusedAndLeft) {
  const std::string text(8192, 'x');
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), Path(), text).ok());
  const auto database = Open();
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(database.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(database.error().ToString(), HasSubstr("not a notebook database"));
  EXPECT_EQ(*LocalFileSystem().ReadFile(Path()), text);
}

TEST_F(DatabaseTest, TheFileOfAnotherProgramIsRefusedAndLeft) {
  ASSERT_TRUE(OtherProgram(Path()).Run("CREATE TABLE theirs (a)"));
  const auto before = LocalFileSystem().ReadFile(Path());
  for (const auto& database : {Open(), Database::OpenReadOnly(Path(), kNotes, kPatience)}) {
    ASSERT_FALSE(database.ok());
    EXPECT_EQ(database.error().code(), ErrorCode::kInvalidInput);
    EXPECT_THAT(database.error().ToString(),
                AllOf(HasSubstr("another program"), HasSubstr("a notebook made by slipway")));
  }
  EXPECT_EQ(*LocalFileSystem().ReadFile(Path()), *before);
}

TEST_F(DatabaseTest, ADatabaseOfAnotherKindIsRefusedAndLeft) {
  ASSERT_TRUE(OpenWithSchema().ok());
  const auto before = LocalFileSystem().ReadFile(Path());
  const auto database = Database::Open(Path(), kLetters, true, kPatience);
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(database.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(database.error().ToString(), HasSubstr("a letter box made by slipway"));
  EXPECT_EQ(*LocalFileSystem().ReadFile(Path()), *before);
  EXPECT_TRUE(OpenWithSchema().ok());
}

TEST_F(DatabaseTest, ANewerSchemaIsRefused) {
  ASSERT_TRUE(OpenWithSchema().ok());
  ASSERT_TRUE(OtherProgram(Path()).Run("PRAGMA user_version=1000"));
  const auto database = OpenWithSchema();
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(database.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(database.error().ToString(),
              HasSubstr("the notebook was written by a newer slipway (its schema is 1000"));
}

TEST_F(DatabaseTest, MigrationsAreDoneOnceEachInOrder) {
  constexpr std::array<const char*, 1> kBad = {"CREATE TABLE a (x) STRICT"};
  constexpr std::array<const char*, 1> kOld = {"CREATE TABLE a (x TEXT) STRICT"};
  constexpr std::array<const char*, 3> kNew = {kOld[0], "ALTER TABLE a ADD COLUMN y TEXT",
                                               "INSERT INTO a (x, y) VALUES ('1', '2')"};
  auto database = Open();
  ASSERT_TRUE(database.ok());
  EXPECT_FALSE(Migrate(*database, kBad).ok()) << "a STRICT column needs a type";
  EXPECT_EQ(*database->QueryInteger("PRAGMA user_version"), 0)
      << "a failed migration leaves nothing";
  EXPECT_EQ(*database->QueryInteger("PRAGMA application_id"), 0);
  ASSERT_TRUE(Migrate(*database, kOld).ok());
  EXPECT_EQ(*database->QueryInteger("PRAGMA user_version"), 1);
  EXPECT_EQ(*database->QueryInteger("PRAGMA application_id"), kNotes.application_id);
  ASSERT_TRUE(Migrate(*database, kNew).ok());
  ASSERT_TRUE(Migrate(*database, kNew).ok());
  EXPECT_EQ(*database->QueryInteger("SELECT count(*) FROM a"), 1);
  EXPECT_EQ(*database->QueryInteger("PRAGMA user_version"), 3);
}

TEST_F(DatabaseTest, ADamagedFileIsAnIntegrityErrorThatSaysWhatToDo) {
  ASSERT_TRUE(OpenWithSchema().ok());
  // The header stays; the page that lists the tables does not.
  std::string bytes = *LocalFileSystem().ReadFile(Path());
  constexpr size_t kHeader = 100;
  std::fill(bytes.begin() + kHeader, bytes.end(), '\x7f');
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), Path(), bytes).ok());
  const auto database = Open();
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(database.error().code(), ErrorCode::kIntegrity);
  EXPECT_THAT(database.error().ToString(), AllOf(HasSubstr("the notebook database is damaged"),
                                                 HasSubstr("try another notebook")));
}

TEST_F(DatabaseTest, WithoutSharedMemoryThereIsNoDatabase) {
  const WithoutSharedMemory without_shared_memory;
  const auto database = Open();
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(database.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(database.error().ToString(), HasSubstr("the notebook can't keep a write-ahead log"));
}

TEST_F(DatabaseTest, OneForReadingRefusesToWrite) {
  {
    auto database = OpenWithSchema();
    ASSERT_TRUE(database->Execute("INSERT INTO notes VALUES ('a')").ok());
  }
  auto database = Database::OpenReadOnly(Path(), kNotes, kPatience);
  ASSERT_TRUE(database.ok()) << database.error().ToString();
  EXPECT_EQ(CountNotes(*database), 1);
  EXPECT_EQ(database->Execute("DELETE FROM notes").error().code(), ErrorCode::kPermission);
}

TEST_F(DatabaseTest, ProcessesThatMakeItAtOnceAllOpenIt) {
  constexpr int kProcesses = 8;
  constexpr int kPatienceOfMany = 60'000;
  const int failures =
      slipway::testing::FailuresInProcesses(kProcesses, [&](int /*process*/) -> Status {
        SLIPWAY_ASSIGN_OR_RETURN(Database database, OpenWithSchema(kPatienceOfMany));
        return database.Execute("INSERT INTO notes VALUES ('mine')");
      });
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(OtherProgram(Path()).Query("SELECT count(*) FROM notes"), std::to_string(kProcesses));
}

}  // namespace
}  // namespace slipway::sqlite
