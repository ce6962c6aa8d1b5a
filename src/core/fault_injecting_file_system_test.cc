#include "core/fault_injecting_file_system.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace slipway {
namespace {

using Loss = FaultInjectingFileSystem::Loss;

class FaultInjectingFileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "faultsXXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = root_ + "/d";
    ASSERT_TRUE(LocalFileSystem().CreateDirectories(directory_).ok());
  }
  void TearDown() override { (void)LocalFileSystem().RemoveTree(root_); }

  void Write(const std::string& name, std::string_view bytes, bool sync) {
    Result<std::unique_ptr<WritableFile>> file = faulty_->CreateFile(Path(name));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Append(bytes).ok());
    if (sync) {
      ASSERT_TRUE((*file)->Sync().ok());
    }
    ASSERT_TRUE((*file)->Close().ok());
  }
  std::string Path(const std::string& name) { return directory_ + "/" + name; }
  std::string Read(const std::string& name) {
    return LocalFileSystem().ReadFile(Path(name)).value_or("(none)");
  }

  std::string root_, directory_;
  std::unique_ptr<FaultInjectingFileSystem> faulty_;
  void Reset() {
    faulty_ = std::make_unique<FaultInjectingFileSystem>(LocalFileSystem(), root_ + "/trash");
  }
};

TEST_F(FaultInjectingFileSystemTest, ForgetsBytesThatWereNotSynced) {
  Reset();
  Write("synced", "abc", true);
  Write("unsynced", "abc", false);
  ASSERT_TRUE(faulty_->LoseUnsynced(Loss::kContents).ok());
  EXPECT_EQ(Read("synced"), "abc");
  EXPECT_EQ(Read("unsynced"), "");
}

TEST_F(FaultInjectingFileSystemTest, ForgetsNamesWhoseDirectoryWasNotSynced) {
  Reset();
  Write("kept", "abc", true);
  ASSERT_TRUE(faulty_->SyncDirectory(directory_).ok());
  Write("lost", "abc", true);
  ASSERT_TRUE(faulty_->LoseUnsynced(Loss::kNames).ok());
  EXPECT_EQ(Read("kept"), "abc");
  EXPECT_EQ(Read("lost"), "(none)");
}

TEST_F(FaultInjectingFileSystemTest, UndoesARenameOverAFile) {
  Reset();
  Write("target", "old", true);
  ASSERT_TRUE(faulty_->SyncDirectory(directory_).ok());
  Write("temporary", "new", true);
  ASSERT_TRUE(faulty_->Rename(Path("temporary"), Path("target")).ok());
  EXPECT_EQ(Read("target"), "new");
  ASSERT_TRUE(faulty_->LoseUnsynced(Loss::kEverything).ok());
  EXPECT_EQ(Read("target"), "old");
  EXPECT_EQ(Read("temporary"), "(none)");
}

TEST_F(FaultInjectingFileSystemTest, UndoesSeveralRenamesOverOneFile) {
  Reset();
  Write("target", "old", true);
  ASSERT_TRUE(faulty_->SyncDirectory(directory_).ok());
  ASSERT_TRUE(faulty_->CreateDirectories(Path("made")).ok());
  for (const char* bytes : {"newer", "newest"}) {
    Write("made/temporary", bytes, true);
    ASSERT_TRUE(faulty_->Rename(Path("made/temporary"), Path("target")).ok());
  }
  EXPECT_EQ(Read("target"), "newest");
  ASSERT_TRUE(faulty_->LoseUnsynced(Loss::kEverything).ok());
  EXPECT_EQ(Read("target"), "old");
  EXPECT_FALSE(LocalFileSystem().Exists(Path("made")));
}

TEST_F(FaultInjectingFileSystemTest, ADurableReplacementStays) {
  Reset();
  Write("target", "old", false);
  Write("temporary", "new", true);
  ASSERT_TRUE(faulty_->Rename(Path("temporary"), Path("target")).ok());
  ASSERT_TRUE(faulty_->SyncDirectory(directory_).ok());
  ASSERT_TRUE(faulty_->LoseUnsynced(Loss::kEverything).ok());
  EXPECT_EQ(Read("target"), "new");
}

TEST_F(FaultInjectingFileSystemTest, WhatWasRemovedDurablyDoesNotComeBack) {
  Reset();
  ASSERT_TRUE(faulty_->CreateDirectories(Path("made")).ok());
  Write("made/file", "abc", false);
  ASSERT_TRUE(faulty_->RemoveTree(Path("made")).ok());
  ASSERT_TRUE(faulty_->SyncDirectory(directory_).ok());
  ASSERT_TRUE(faulty_->LoseUnsynced(Loss::kEverything).ok());
  EXPECT_FALSE(LocalFileSystem().Exists(Path("made")));
}

TEST_F(FaultInjectingFileSystemTest, ADurableRenameDoesNotMakeTheFilesInsideDurable) {
  Reset();
  ASSERT_TRUE(faulty_->CreateDirectories(Path("made")).ok());
  Write("made/file", "abc", true);
  ASSERT_TRUE(faulty_->Rename(Path("made"), Path("moved")).ok());
  ASSERT_TRUE(faulty_->SyncDirectory(directory_).ok());
  ASSERT_TRUE(faulty_->LoseUnsynced(Loss::kEverything).ok());
  EXPECT_TRUE(LocalFileSystem().Exists(Path("moved")));
  EXPECT_EQ(Read("moved/file"), "(none)");
}

TEST_F(FaultInjectingFileSystemTest, ARemovalNotSyncedComesBack) {
  Reset();
  Write("file", "abc", true);
  ASSERT_TRUE(faulty_->SyncDirectory(directory_).ok());
  ASSERT_TRUE(faulty_->RemoveFile(Path("file")).ok());
  EXPECT_EQ(Read("file"), "(none)");
  ASSERT_TRUE(faulty_->LoseUnsynced(Loss::kNames).ok());
  EXPECT_EQ(Read("file"), "abc");
}

TEST_F(FaultInjectingFileSystemTest, EverythingFailsFromTheCrashOn) {
  Reset();
  faulty_->CrashAt(2);
  Result<std::unique_ptr<WritableFile>> file = faulty_->CreateFile(Path("file"));
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE((*file)->Append("abcdef").ok());
  EXPECT_TRUE(faulty_->crashed());
  EXPECT_EQ(Read("file"), "abc") << "a crashing append is torn";
  EXPECT_FALSE(faulty_->ReadFile(Path("file")).ok());
  EXPECT_FALSE(faulty_->RemoveFile(Path("file")).ok());
}

TEST_F(FaultInjectingFileSystemTest, OneOperationCanFailAlone) {
  Reset();
  faulty_->FailAt(1, Error(ErrorCode::kIo, "No space left on device"));
  EXPECT_FALSE(faulty_->CreateFile(Path("a")).ok());
  EXPECT_TRUE(faulty_->CreateFile(Path("b")).ok());
  EXPECT_EQ(faulty_->operations(), 2);
}

}  // namespace
}  // namespace slipway
