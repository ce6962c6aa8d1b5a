#include "data/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/reader_test_files_internal.h"

namespace slipway::data {
namespace {

using ::testing::HasSubstr;

class ReaderTest : public ReaderTestFiles {
 protected:
  static Error ErrorFor(const std::string& path, const ReadOptions& options = {}) {
    const Result<ReadResult> result = ReadTable(path, options);
    EXPECT_FALSE(result.ok());
    return result.ok() ? Error(ErrorCode::kInternal, "no error") : result.error();
  }
};

TEST_F(ReaderTest, MissingFileNamesANearOne) {
  Write("churn.csv", "a\n1\n");
  const Error error = ErrorFor(PathOf("chrun.csv"));
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.hint(), PathOf("churn.csv"));
  EXPECT_EQ(ErrorFor(PathOf("none/churn.csv")).code(), ErrorCode::kNotFound);
  ASSERT_EQ(::symlink(PathOf("gone").c_str(), PathOf("train.csv").c_str()), 0);
  EXPECT_THAT(ErrorFor(PathOf("train.csv")).ToString(),
              HasSubstr("a link to a file that is not there"));
}

TEST_F(ReaderTest, PipesAndEmptyFilesAreRefused) {
  ASSERT_EQ(::mkfifo(PathOf("pipe").c_str(), 0600), 0);
  EXPECT_THAT(ErrorFor(PathOf("pipe")).ToString(), HasSubstr("is a pipe or a device"));
  EXPECT_THAT(ErrorFor(Write("empty.csv", "")).ToString(), HasSubstr("the file is empty"));
  EXPECT_THAT(ErrorFor("").ToString(), HasSubstr("no table was named"));
}

TEST_F(ReaderTest, UnreadableFilesAreAMatterOfPermission) {
  constexpr uid_t kNobody = 65534;
  const std::string path = Write("secret.csv", "a\n1\n");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
  // Root may read every file: look as somebody else.
  const uid_t me = ::geteuid();
  if (me == 0) {
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  const Result<ReadResult> result = ReadTable(path, {});
  if (me == 0) {
    ASSERT_EQ(::seteuid(me), 0);
  }
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kPermission);
  EXPECT_EQ(result.error().location().file, path);
}

TEST_F(ReaderTest, RemotePathsNameTheWayOut) {
  for (const char* path : {"gs://bucket/table.csv", "https://example.org/table.csv"}) {
    const Error error = ErrorFor(path);
    EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
    EXPECT_THAT(error.ToString(), HasSubstr("this build can't read it"));
  }
}

TEST_F(ReaderTest, FormatsThatAreNotTablesAreNamed) {
  EXPECT_THAT(ErrorFor(Write("t.xlsx", "PK\x03\x04")).ToString(),
              HasSubstr("a ZIP archive or an Excel sheet"));
  ReadOptions options;
  options.format = "parqet";
  EXPECT_THAT(
      ErrorFor(Write("t.csv", "a\n1\n"), options).ToString(),
      HasSubstr("unknown format 'parqet'; expected auto, csv, tsv, jsonl, parquet or arrow; "
                "try parquet"));
}

// Appends to the file when the reader tells of its first block.
class GrowingFile : public ProgressSink {
 public:
  explicit GrowingFile(std::string path) : path_(std::move(path)) {}
  void StepStarted(std::string_view) override {}
  void Advance(std::string_view step, int64_t done, int64_t total, std::string_view unit) override {
    EXPECT_EQ(step, "data");
    EXPECT_EQ(unit, "bytes");
    EXPECT_LE(done, total);
    if (!std::exchange(grown_, true)) std::ofstream(path_, std::ios::app) << "2\n";
  }
  void StepFinished(std::string_view, bool, bool, std::string_view, double, const Json&) override {}
  void Warn(std::string_view) override {}

 private:
  std::string path_;
  bool grown_ = false;
};

TEST_F(ReaderTest, FilesThatChangeMeanwhileAreAConflict) {
  const std::string path = Write("log.csv", "a\n1\n");
  GrowingFile sink(path);
  const Result<ReadResult> result = ReadTable(path, {}, sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kConflict);
  EXPECT_THAT(result.error().ToString(), HasSubstr("the file changed while it was read"));
}

}  // namespace
}  // namespace slipway::data
