#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "core/hash.h"
#include "core/testing.h"
#include "registry/artifact_store.h"
#include "registry/test_artifacts.h"

namespace slipway::registry {
namespace {

using ::testing::HasSubstr;

class LocalArtifactStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = *OpenLocalArtifactStore(LocalFileSystem(), root_, clock_);
    ASSERT_TRUE(store_->Put(artifact_.digest, artifact_.files).ok());
  }

  std::string Place() const {
    const std::string hex(HexOf(artifact_.digest));
    return root_ + "/sha256/" + hex.substr(0, 2) + "/" + hex.substr(2);
  }
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(Place() + "/" + name, std::ios::binary) << bytes;
  }
  Error FetchError() {
    const Result<std::string> fetched = store_->Fetch(artifact_.digest);
    EXPECT_FALSE(fetched.ok());
    return fetched.ok() ? Error(ErrorCode::kInternal, "fetched") : fetched.error();
  }

  slipway::testing::TemporaryDirectory directory_;
  slipway::testing::FakeClock clock_{SystemClock().Now()};
  const std::string root_ = directory_.File(".slipway/artifacts");
  const TestArtifact artifact_ = MakeArtifact(1);
  std::unique_ptr<ArtifactStore> store_;
};

TEST_F(LocalArtifactStoreTest, LiesWhereTheContractSays) {
  EXPECT_EQ(*store_->Fetch(artifact_.digest), Place());
  EXPECT_TRUE(LocalFileSystem().Exists(Place() + "/MLmodel"));
  EXPECT_TRUE(LocalFileSystem().List(root_ + "/tmp")->empty());
}

TEST_F(LocalArtifactStoreTest, DirectoriesAreForTheirOwnerOnly) {
  for (const std::string& path : {root_, root_ + "/sha256", Place()}) {
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U) << path;
  }
}

TEST_F(LocalArtifactStoreTest, AChangedFileIsNamed) {
  Write("model.onnx", "something else, and of another length");
  const Error error = FetchError();
  EXPECT_EQ(error.code(), ErrorCode::kIntegrity);
  EXPECT_THAT(error.ToString(), HasSubstr("model.onnx"));
}

TEST_F(LocalArtifactStoreTest, OneFlippedBitIsFound) {
  std::string bytes = artifact_.files.at("model.onnx");
  bytes[3] = static_cast<char>(bytes[3] ^ 1);
  Write("model.onnx", bytes);
  EXPECT_EQ(FetchError().code(), ErrorCode::kIntegrity);
}

TEST_F(LocalArtifactStoreTest, AChangedManifestIsFound) {
  // Consistent in itself, and still another artifact than the one that was asked for.
  const TestArtifact other = MakeArtifact(2);
  for (const auto& [name, bytes] : other.files) Write(name, bytes);
  const Error error = FetchError();
  EXPECT_EQ(error.code(), ErrorCode::kIntegrity);
  EXPECT_THAT(error.ToString(), HasSubstr("manifest.json"));
}

TEST_F(LocalArtifactStoreTest, AMissingFileIsFound) {
  std::filesystem::remove(Place() + "/schema.json");
  EXPECT_EQ(FetchError().code(), ErrorCode::kIntegrity);
}

TEST_F(LocalArtifactStoreTest, AMissingManifestIsFound) {
  std::filesystem::remove(Place() + "/manifest.json");
  EXPECT_EQ(FetchError().code(), ErrorCode::kIntegrity);
}

TEST_F(LocalArtifactStoreTest, AnExtraFileIsFound) {
  Write("extra.so", "x");
  const Error error = FetchError();
  EXPECT_EQ(error.code(), ErrorCode::kIntegrity);
  EXPECT_THAT(error.ToString(), HasSubstr("extra.so"));
}

TEST_F(LocalArtifactStoreTest, ALinkIsRefusedEvenToTheRightBytes) {
  const std::string moved = directory_.File("moved.onnx");
  std::filesystem::rename(Place() + "/model.onnx", moved);
  std::filesystem::create_symlink(moved, Place() + "/model.onnx");
  const Error error = FetchError();
  EXPECT_EQ(error.code(), ErrorCode::kIntegrity);
  EXPECT_THAT(error.ToString(), HasSubstr("plain files"));
}

TEST_F(LocalArtifactStoreTest, AnMlModelThatNamesAnotherLoaderIsFound) {
  std::string text = artifact_.files.at("MLmodel");
  text.replace(text.find("mlflow.onnx"), 11, "os");
  Write("MLmodel", text);
  const Error error = FetchError();
  EXPECT_EQ(error.code(), ErrorCode::kIntegrity);
  EXPECT_THAT(error.ToString(), HasSubstr("MLmodel"));
  auto files = artifact_.files;
  files["MLmodel"] = text;
  EXPECT_EQ(store_->Put(artifact_.digest, files).error().code(), ErrorCode::kIntegrity);
}

TEST_F(LocalArtifactStoreTest, ALinkedDirectoryIsRefusedEvenWithTheRightFiles) {
  const std::string place = Place();
  std::filesystem::rename(place, directory_.File("moved"));
  std::filesystem::create_directory_symlink(directory_.File("moved"), place);
  EXPECT_EQ(FetchError().code(), ErrorCode::kIntegrity);
  ASSERT_TRUE(store_->Put(artifact_.digest, artifact_.files).ok());
  EXPECT_TRUE(store_->Fetch(artifact_.digest).ok()) << "putting again repairs this too";
  EXPECT_TRUE(std::filesystem::exists(directory_.File("moved/model.onnx"))) << "not ours to remove";
}

TEST_F(LocalArtifactStoreTest, PuttingAgainRepairsDamage) {
  Write("model.onnx", "damage");
  Write("extra", "x");
  const Status repaired = store_->Put(artifact_.digest, artifact_.files);
  ASSERT_TRUE(repaired.ok()) << repaired.error().ToString();
  EXPECT_TRUE(store_->Fetch(artifact_.digest).ok());
}

TEST_F(LocalArtifactStoreTest, WhatACrashLeftIsRemovedAfterAnHour) {
  const std::string leftover = root_ + "/tmp/0123456789abcdef";
  std::filesystem::create_directories(leftover);
  std::ofstream(leftover + "/model.onnx") << "half";
  const TestArtifact second = MakeArtifact(2);
  clock_.Advance(std::chrono::minutes(30));
  ASSERT_TRUE(store_->Put(second.digest, second.files).ok());
  EXPECT_TRUE(std::filesystem::exists(leftover)) << "another process may still be writing";
  const TestArtifact third = MakeArtifact(3);
  clock_.Advance(std::chrono::minutes(31));
  ASSERT_TRUE(store_->Put(third.digest, third.files).ok());
  EXPECT_FALSE(std::filesystem::exists(leftover));
  EXPECT_EQ(store_->List()->size(), 3U);
}

TEST_F(LocalArtifactStoreTest, StrangersInTheStoreAreNoArtifacts) {
  std::filesystem::create_directories(root_ + "/sha256/zz/short");
  std::ofstream(root_ + "/sha256/file") << "x";
  EXPECT_THAT(*store_->List(), ::testing::ElementsAre(artifact_.digest));
}

TEST_F(LocalArtifactStoreTest, ADirectoryThatCannotBeWrittenIsAClearError) {
  const std::string blocked = directory_.File("file");
  std::ofstream(blocked) << "x";
  auto store = OpenLocalArtifactStore(LocalFileSystem(), blocked + "/artifacts");
  const Status status = (*store)->Put(artifact_.digest, artifact_.files);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().ToString(), HasSubstr(blocked));
}

TEST_F(LocalArtifactStoreTest, ProcessesMayPutTheSameArtifacts) {
  constexpr int kProcesses = 6;
  constexpr int kArtifacts = 5;
  const int failures = slipway::testing::FailuresInProcesses(kProcesses, [&](int) -> Status {
    SLIPWAY_ASSIGN_OR_RETURN(
        const auto store,
        OpenLocalArtifactStore(LocalFileSystem(), directory_.File("shared/artifacts")));
    for (int i = 0; i < kArtifacts; ++i) {
      const TestArtifact artifact = MakeArtifact(i);
      SLIPWAY_RETURN_IF_ERROR(store->Put(artifact.digest, artifact.files));
      SLIPWAY_RETURN_IF_ERROR(store->Fetch(artifact.digest));
    }
    return {};
  });
  EXPECT_EQ(failures, 0);
  auto store = OpenLocalArtifactStore(LocalFileSystem(), directory_.File("shared/artifacts"));
  EXPECT_EQ((*store)->List()->size(), static_cast<size_t>(kArtifacts));
  EXPECT_TRUE(LocalFileSystem().List(directory_.File("shared/artifacts/tmp"))->empty());
}

}  // namespace
}  // namespace slipway::registry
