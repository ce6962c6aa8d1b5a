#include "core/error.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "core/result.h"

namespace slipway {
namespace {

Error At(const char* message, int64_t line) {
  Location location;
  location.file = "configs/config.yaml";
  location.line = line;
  location.column = 3;
  return Error(ErrorCode::kInvalidInput, message).At(std::move(location));
}

TEST(ErrorTest, ReadsAsOneSentence) {
  const Error error = At("unknown key 'modle'", 12).Expected("a section").Try("'model'");
  EXPECT_EQ(error.ToString(),
            "configs/config.yaml:12:3: unknown key 'modle'; expected a section; try 'model'");
  EXPECT_EQ(error.Render(), "error: " + error.ToString() + "\n");
}

// What is quoted in a message comes from outside.
TEST(ErrorTest, SteersNoTerminal) {
  Location location;
  location.file = "a\x1b[2J.csv";
  location.field = "b\nc";
  const Error error = Error(ErrorCode::kInvalidInput, "unreadable '\x1b]0;x\x07'")
                          .At(std::move(location))
                          .Expected("no \xc2\x9b")
                          .CausedBy(Error(ErrorCode::kIo, "\x7f"));
  EXPECT_EQ(error.Render(), "error: a [2J.csv: b c: unreadable ' ]0;x '; expected no   ( )\n");
  EXPECT_EQ(error.message(), "unreadable '\x1b]0;x\x07'");
}

TEST(ErrorTest, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(Error(ErrorCode::kInternal, "it broke").ToString(), "it broke");
  Location location;
  location.file = "train.csv";
  location.row = 7;
  location.field = "age";
  EXPECT_EQ(Error(ErrorCode::kInvalidInput, "'old' is no number").At(location).ToString(),
            "train.csv: row 7: age: 'old' is no number");
  // A column without a line tells nobody anything.
  location = Location{};
  location.file = "a.yaml";
  location.column = 4;
  EXPECT_EQ(Error(ErrorCode::kInvalidInput, "empty").At(location).ToString(), "a.yaml: empty");
}

TEST(ErrorTest, TellsTheChainOfCauses) {
  const Error error = Error(ErrorCode::kUnavailable, "no registry")
                          .CausedBy(Error(ErrorCode::kIo, "can't open the database")
                                        .CausedBy(SystemError("read", "registry.db", EIO)));
  EXPECT_EQ(error.ToString(),
            "no registry (can't open the database (registry.db: can't read: Input/output error))");
  ASSERT_NE(error.cause(), nullptr);
  EXPECT_EQ(error.cause()->code(), ErrorCode::kIo);
}

TEST(ErrorTest, GathersMistakesFlatAndInOrder) {
  const Error error =
      At("first", 1).Also(At("second", 2).Also(At("third", 3))).Also(At("fourth", 4));
  ASSERT_EQ(error.others().size(), 3U);
  for (const Error& other : error.others()) EXPECT_TRUE(other.others().empty());
  EXPECT_EQ(error.Render(),
            "error: configs/config.yaml:1:3: first\n"
            "error: configs/config.yaml:2:3: second\n"
            "error: configs/config.yaml:3:3: third\n"
            "error: configs/config.yaml:4:3: fourth\n");
}

TEST(ErrorTest, CopiesShareNothingThatChanges) {
  const Error error = At("first", 1).CausedBy(Error(ErrorCode::kIo, "cause"));
  Error copy = error;
  copy = std::move(copy).Try("again");
  EXPECT_EQ(error.hint(), "");
  EXPECT_EQ(copy.hint(), "again");
}

TEST(ErrorTest, ExitCodesAreThoseOfTheContract) {
  EXPECT_EQ(ExitCodeFor(ErrorCode::kInvalidInput), 2);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kNotFound), 2);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kAlreadyExists), 2);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kConflict), 2);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kUnavailable), 3);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kIo), 3);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kTimeout), 3);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kIntegrity), 4);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kInterrupted), 130);
}

TEST(ErrorTest, SystemErrorsBecomeTheirKind) {
  EXPECT_EQ(SystemError("open", "x", ENOENT).code(), ErrorCode::kNotFound);
  EXPECT_EQ(SystemError("create", "x", EEXIST).code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(SystemError("open", "x", EACCES).code(), ErrorCode::kPermission);
  EXPECT_EQ(SystemError("write", "x", EROFS).code(), ErrorCode::kPermission);
  EXPECT_EQ(SystemError("open", "pipe", EINTR).code(), ErrorCode::kInterrupted);
  const Error full = SystemError("write", "runs/log", ENOSPC);
  EXPECT_EQ(full.code(), ErrorCode::kIo);
  EXPECT_EQ(full.ToString(), "runs/log: can't write: No space left on device");
}

Result<int> Half(int number) {
  if (number % 2 != 0) return Error(ErrorCode::kInvalidInput, "odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  SLIPWAY_ASSIGN_OR_RETURN(const int half, Half(number));
  return Half(half);
}

Status CheckQuarter(int number) {
  SLIPWAY_RETURN_IF_ERROR(Quarter(number));
  return {};
}

TEST(ResultTest, MacrosReturnTheFirstError) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(6).error().message(), "odd");
  EXPECT_TRUE(CheckQuarter(12).ok());
  EXPECT_EQ(CheckQuarter(7).error().message(), "odd");
}

}  // namespace
}  // namespace slipway
