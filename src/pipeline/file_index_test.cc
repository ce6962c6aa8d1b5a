#include "pipeline/file_index.h"

#include <gtest/gtest.h>

#include "core/hash.h"
#include "core/testing.h"
#include "registry/data_snapshot.h"

namespace slipway::pipeline {
namespace {

using namespace std::chrono_literals;

// The local file system, with the times that the test says and a count of what was asked.
class StampedFiles : public FileSystem {
 public:
  int64_t modified_ns = 0;
  int64_t step_ns = 0;  // The file is modified this much later after each look at it.

  Result<FileStat> Stat(const std::string& path) override {
    SLIPWAY_ASSIGN_OR_RETURN(FileStat stat, local_.Stat(path));
    modified_ns += step_ns;
    stat.modified_ns = modified_ns;
    stat.changed_ns = modified_ns;
    return stat;
  }
  Result<std::string> ReadFile(const std::string& path) override { return local_.ReadFile(path); }
  Result<std::unique_ptr<WritableFile>> CreateFile(const std::string& path) override {
    return local_.CreateFile(path);
  }
  Status CreateDirectories(const std::string& path) override {
    return local_.CreateDirectories(path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return local_.Rename(from, to);
  }
  Status RemoveFile(const std::string& path) override { return local_.RemoveFile(path); }
  Status RemoveTree(const std::string& path) override { return local_.RemoveTree(path); }
  Status SyncDirectory(const std::string& path) override { return local_.SyncDirectory(path); }
  Result<std::vector<std::string>> List(const std::string& path) override {
    return local_.List(path);
  }

 private:
  FileSystem& local_ = LocalFileSystem();
};

class FileIndexTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), path_, text).ok());
  }
  void WriteInPlace(const std::string& text) {
    // Same inode and, by StampedFiles, the same times.
    FILE* file = std::fopen(path_.c_str(), "r+");
    ASSERT_NE(file, nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  std::string Digest(bool verify = false) {
    FileIndex index(files_, index_path_, clock_);
    auto digest = index.Digest(path_, verify);
    return digest.ok() ? digest->digest : digest.error().ToString();
  }

  testing::TemporaryDirectory directory_;
  std::string path_ = directory_.File("table.csv");
  std::string index_path_ = directory_.File("index/files.json");
  StampedFiles files_;
  testing::FakeClock clock_{Clock::WallTime(1'000'000s)};
  const int64_t now_ns_ = std::chrono::nanoseconds(1'000'000s).count();
};

TEST_F(FileIndexTest, RemembersAnUnchangedFile) {
  Write("old");
  files_.modified_ns = now_ns_ - std::chrono::nanoseconds(1h).count();
  EXPECT_EQ(Digest(), DigestOf("old"));
  // The content changes behind the index's back: only the memory can answer "old".
  WriteInPlace("new");
  EXPECT_EQ(Digest(), DigestOf("old"));
  EXPECT_EQ(Digest(/*verify=*/true), DigestOf("new"));
}

TEST_F(FileIndexTest, HashesAgainWhenTheTimesChange) {
  Write("old");
  files_.modified_ns = now_ns_ - std::chrono::nanoseconds(1h).count();
  EXPECT_EQ(Digest(), DigestOf("old"));
  WriteInPlace("new");
  files_.modified_ns += 1;
  EXPECT_EQ(Digest(), DigestOf("new"));
}

TEST_F(FileIndexTest, DoesNotTrustAFileModifiedJustBeforeItWasHashed) {
  Write("old");
  files_.modified_ns = now_ns_ - std::chrono::nanoseconds(500ms).count();
  EXPECT_EQ(Digest(), DigestOf("old"));
  WriteInPlace("new");
  EXPECT_EQ(Digest(), DigestOf("new"));
  // Hashed again later with the same times, it is trusted from then on.
  clock_.Advance(1h);
  EXPECT_EQ(Digest(), DigestOf("new"));
  WriteInPlace("odd");
  EXPECT_EQ(Digest(), DigestOf("new"));
}

TEST_F(FileIndexTest, ABrokenIndexOnlyCostsHashing) {
  Write("old");
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), index_path_, "{broken").ok());
  EXPECT_EQ(Digest(), DigestOf("old"));
}

TEST_F(FileIndexTest, AFileThatChangesMeanwhileHasNoDigest) {
  Write("old");
  files_.step_ns = 1;
  EXPECT_NE(Digest().find("changed while it was read"), std::string::npos);
}

TEST_F(FileIndexTest, RefusesADirectory) {
  FileIndex index(LocalFileSystem(), index_path_, clock_);
  const auto digest = index.Digest(directory_.path(), false);
  ASSERT_FALSE(digest.ok());
  EXPECT_EQ(digest.error().code(), ErrorCode::kInvalidInput);
  EXPECT_NE(digest.error().ToString().find("is a directory"), std::string::npos);
}

// Files of a folder.
class SourceIndexTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    const std::string path = directory_.File(name);
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(DirectoryOf(path)).ok());
    ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), path, text).ok());
  }
  IndexedSource Index(const std::string& name) {
    FileIndex index(LocalFileSystem(), directory_.File("index/files.json"));
    auto source = index.DigestSource(directory_.File(name), false);
    EXPECT_TRUE(source.ok()) << source.error().ToString();
    return source.ok() ? *source : IndexedSource();
  }
  Status Check(const std::string& name, const IndexedSource& before) {
    return CheckUnchanged(LocalFileSystem(), directory_.File(name), before);
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(SourceIndexTest, OneFileHasItsOwnDigest) {
  Write("t/a.csv", "a");
  EXPECT_EQ(Index("t/a.csv").digest, DigestOf("a"));
}

TEST_F(SourceIndexTest, SeveralHaveTheDigestOfTheListOfASnapshot) {
  Write("t/y=1/a.csv", "a");
  Write("t/b.csv", "bc");
  const std::string expected =
      DigestOf(registry::SetList({{"b.csv", 2, DigestOf("bc")}, {"y=1/a.csv", 1, DigestOf("a")}}));
  EXPECT_EQ(Index("t").digest, expected);
  EXPECT_EQ(Index("t/**/*.csv").digest, expected);
  // Wherever the folder is.
  Write("u/y=1/a.csv", "a");
  Write("u/b.csv", "bc");
  EXPECT_EQ(Index("u").digest, expected);
}

TEST_F(SourceIndexTest, NamesAndBytesOfEveryFileCount) {
  Write("t/y=1/a.csv", "a");
  const std::string first = Index("t").digest;
  EXPECT_NE(first, DigestOf("a")) << "a partition is a part of the table";
  Write("u/y=2/a.csv", "a");
  EXPECT_NE(Index("u").digest, first);
  Write("t/y=1/a.csv", "b");
  EXPECT_NE(Index("t").digest, first);
}

TEST_F(SourceIndexTest, FilesThatChangeComeOrGoAreAConflict) {
  Write("t/a.csv", "a");
  Write("t/b.csv", "b");
  const IndexedSource before = Index("t");
  EXPECT_TRUE(Check("t", before).ok());
  Write("t/c.csv", "c");
  EXPECT_EQ(Check("t", before).error().code(), ErrorCode::kConflict);
  ASSERT_TRUE(LocalFileSystem().RemoveFile(directory_.File("t/a.csv")).ok());
  EXPECT_EQ(Check("t", before).error().code(), ErrorCode::kConflict);
  ASSERT_TRUE(LocalFileSystem().RemoveFile(directory_.File("t/c.csv")).ok());
  Write("t/a.csv", "x");
  EXPECT_EQ(Check("t", before).error().code(), ErrorCode::kConflict);
}

}  // namespace
}  // namespace slipway::pipeline
