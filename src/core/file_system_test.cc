#include "core/file_system.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "core/replace_file.h"
#include "core/testing.h"

namespace slipway {
namespace {

class FileSystemTest : public ::testing::Test {
 protected:
  FileSystemTest() {
    std::string pattern = ::testing::TempDir() + "slipway_fs_XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  ~FileSystemTest() override { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& name) const { return JoinPath(root_, name); }
  Status Write(const std::string& name, std::string_view bytes) {
    return WriteFileAtomically(files_, Path(name), bytes);
  }

  FileSystem& files_ = LocalFileSystem();
  std::string root_;
};

TEST_F(FileSystemTest, ReadsWhatWasWritten) {
  std::string bytes(200'000, 'x');
  bytes[100] = '\0';
  ASSERT_TRUE(Write("a/b/file", bytes).ok());
  EXPECT_EQ(files_.ReadFile(Path("a/b/file")).value(), bytes);
  ASSERT_TRUE(Write("a/b/file", "").ok());
  EXPECT_EQ(files_.ReadFile(Path("a/b/file")).value(), "");
}

TEST_F(FileSystemTest, AtomicWritesLeaveNoTemporary) {
  ASSERT_TRUE(Write("file", "one").ok());
  ASSERT_TRUE(Write("file", "two").ok());
  EXPECT_EQ(files_.List(root_).value(), std::vector<std::string>{"file"});
}

// A process of another namespace may have our number, and may have been killed while it wrote.
TEST_F(FileSystemTest, AtomicWritesDoNotMeetTemporariesOfOtherProcesses) {
  std::vector<std::string> theirs;
  for (int counter = 0; counter < 200; ++counter) {
    theirs.push_back(".tmp-file-" + std::to_string(::getpid()) + "-" + std::to_string(counter));
    ASSERT_TRUE(files_.CreateFile(Path(theirs.back())).ok());
  }
  ASSERT_TRUE(Write("file", "bytes").ok());
  for (const std::string& name : theirs) EXPECT_TRUE(files_.Exists(Path(name)));
}

TEST_F(FileSystemTest, RandomNamesDiffer) {
  EXPECT_NE(RandomName(), RandomName());
  EXPECT_EQ(RandomName().size(), 32U);
}

TEST_F(FileSystemTest, AtomicWriteOntoADirectoryFailsAndCleansUp) {
  ASSERT_TRUE(files_.CreateDirectories(Path("taken")).ok());
  ASSERT_FALSE(Write("taken", "bytes").ok());
  EXPECT_EQ(files_.List(root_).value(), std::vector<std::string>{"taken"});
}

TEST_F(FileSystemTest, WritersOfOneFileNeverMix) {
  const std::string first(50'000, '1');
  const std::string second(50'000, '2');
  auto write = [&](const std::string& bytes) {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(Write("file", bytes).ok());
  };
  {
    const std::jthread one(write, first);
    const std::jthread two(write, second);
  }
  const std::string bytes = files_.ReadFile(Path("file")).value();
  EXPECT_TRUE(bytes == first || bytes == second);
  EXPECT_EQ(files_.List(root_).value(), std::vector<std::string>{"file"});
}

TEST_F(FileSystemTest, CreateRefusesWhatIsThere) {
  ASSERT_TRUE(files_.CreateFile(Path("file")).ok());
  EXPECT_EQ(files_.CreateFile(Path("file")).error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(FileSystemTest, AppendsInOrder) {
  {
    Result<std::unique_ptr<WritableFile>> file = files_.CreateFile(Path("file"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Append("one ").ok());
    ASSERT_TRUE((*file)->Append("two").ok());
    ASSERT_TRUE((*file)->Sync().ok());
    ASSERT_TRUE((*file)->Close().ok());
  }
  EXPECT_EQ(files_.ReadFile(Path("file")).value(), "one two");
}

TEST_F(FileSystemTest, StatTellsOneContentFromAnother) {
  ASSERT_TRUE(Write("file", "one").ok());
  const FileStat before = files_.Stat(Path("file")).value();
  EXPECT_EQ(before.size, 3);
  EXPECT_FALSE(before.is_directory);
  EXPECT_EQ(files_.Stat(Path("file")).value(), before);
  ASSERT_TRUE(Write("file", "two").ok());
  EXPECT_NE(files_.Stat(Path("file")).value(), before);
  EXPECT_TRUE(files_.Stat(root_).value().is_directory);
}

TEST_F(FileSystemTest, ListsSortedAndRemovesTrees) {
  for (const char* name : {"b", "a", "c/deep/file"}) ASSERT_TRUE(Write(name, "x").ok());
  EXPECT_EQ(files_.List(root_).value(), (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_TRUE(files_.RemoveTree(Path("c")).ok());
  ASSERT_TRUE(files_.RemoveTree(Path("c")).ok());
  EXPECT_FALSE(files_.Exists(Path("c")));
}

TEST_F(FileSystemTest, RenameReplaces) {
  ASSERT_TRUE(Write("old", "old").ok());
  ASSERT_TRUE(Write("new", "new").ok());
  ASSERT_TRUE(files_.Rename(Path("new"), Path("old")).ok());
  EXPECT_EQ(files_.ReadFile(Path("old")).value(), "new");
  EXPECT_FALSE(files_.Exists(Path("new")));
}

TEST_F(FileSystemTest, ErrorsNameThePath) {
  for (const Error& error :
       {files_.ReadFile(Path("absent")).error(), files_.Stat(Path("absent")).error(),
        files_.List(Path("absent")).error(), files_.RemoveFile(Path("absent")).error()}) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_EQ(error.location().file, Path("absent"));
  }
  EXPECT_FALSE(files_.ReadFile(root_).ok());
  ASSERT_TRUE(Write("file", "x").ok());
  EXPECT_FALSE(files_.CreateDirectories(Path("file/below")).ok());
}

TEST_F(FileSystemTest, ATestsDirectoryIsNewWhateverLiesThereAlready) {
  const std::string mine = "slipway-test-" + std::to_string(::getpid()) + "-";
  ::setenv("TMPDIR", root_.c_str(), 1);
  for (int counter = 0; counter < 200; ++counter) {
    ASSERT_TRUE(Write(mine + std::to_string(counter) + "/leftover", "x").ok());
  }
  {
    const slipway::testing::TemporaryDirectory directory;
    EXPECT_TRUE(files_.List(directory.path())->empty());
  }
  ::unsetenv("TMPDIR");
}

TEST(PathTest, PathsJoinAndSplit) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
  EXPECT_EQ(DirectoryOf("a/b/c"), "a/b");
  EXPECT_EQ(DirectoryOf("c"), ".");
  EXPECT_EQ(DirectoryOf("/c"), "/");
  EXPECT_EQ(BaseName("a/b/c"), "c");
  EXPECT_EQ(BaseName("c"), "c");
  EXPECT_EQ(BaseName("a/"), "");
}

}  // namespace
}  // namespace slipway
