// What every ArtifactStore must do. A test instantiates the suite with a factory for its
// implementation.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "core/testing.h"
#include "registry/artifact_store.h"
#include "registry/test_artifacts.h"

namespace slipway::registry {

// An empty store, with files (if any) under the directory.
using ArtifactStoreFactory =
    std::function<std::unique_ptr<ArtifactStore>(const std::string& directory)>;

class ArtifactStoreConformance : public ::testing::TestWithParam<ArtifactStoreFactory> {
 protected:
  void SetUp() override {
    store_ = GetParam()(directory_.path());
    ASSERT_NE(store_, nullptr);
  }

  slipway::testing::TemporaryDirectory directory_;
  std::unique_ptr<ArtifactStore> store_;
};

TEST_P(ArtifactStoreConformance, GivesBackWhatWasPut) {
  const TestArtifact artifact = MakeArtifact(1);
  EXPECT_FALSE(*store_->Contains(artifact.digest));
  const Status put = store_->Put(artifact.digest, artifact.files);
  ASSERT_TRUE(put.ok()) << put.error().ToString();
  EXPECT_TRUE(*store_->Contains(artifact.digest));
  const Result<std::string> place = store_->Fetch(artifact.digest);
  ASSERT_TRUE(place.ok()) << place.error().ToString();
  for (const auto& [name, bytes] : artifact.files) {
    EXPECT_EQ(LocalFileSystem().ReadFile(JoinPath(*place, name)).value_or("(none)"), bytes) << name;
  }
  EXPECT_EQ(*model::VerifyArtifact(LocalFileSystem(), *place), artifact.digest);
  EXPECT_TRUE(store_->Verify(artifact.digest).ok());
}

TEST_P(ArtifactStoreConformance, PuttingTwiceIsNoError) {
  const TestArtifact artifact = MakeArtifact(1);
  ASSERT_TRUE(store_->Put(artifact.digest, artifact.files).ok());
  EXPECT_TRUE(store_->Put(artifact.digest, artifact.files).ok());
  EXPECT_THAT(*store_->List(), ::testing::ElementsAre(artifact.digest));
}

TEST_P(ArtifactStoreConformance, RefusesFilesThatAreNotTheDigests) {
  const TestArtifact artifact = MakeArtifact(1);
  auto put = [&](const std::function<void(std::map<std::string, std::string>&)>& change) {
    std::map<std::string, std::string> files = artifact.files;
    change(files);
    const Status status = store_->Put(artifact.digest, files);
    EXPECT_FALSE(status.ok());
    return status.ok() ? ErrorCode::kInternal : status.error().code();
  };
  EXPECT_EQ(put([](auto& files) { files["model.onnx"] += 'x'; }), ErrorCode::kIntegrity);
  EXPECT_EQ(put([](auto& files) { files.erase("model.onnx"); }), ErrorCode::kIntegrity);
  EXPECT_EQ(put([](auto& files) { files["extra"] = "x"; }), ErrorCode::kIntegrity);
  EXPECT_EQ(put([](auto& files) { files["../../escape"] = "x"; }), ErrorCode::kIntegrity);
  EXPECT_EQ(put([](auto& files) { files["manifest.json"] += ' '; }), ErrorCode::kIntegrity);
  EXPECT_EQ(put([](auto& files) { files.erase("manifest.json"); }), ErrorCode::kIntegrity);
  EXPECT_TRUE(store_->List()->empty());
}

TEST_P(ArtifactStoreConformance, ADigestIsNoPath) {
  for (const std::string& digest : std::vector<std::string>{
           "", "sha256:..", "../../etc", "sha256:ab", "sha256:" + std::string(63, 'a') + "/"}) {
    EXPECT_EQ(store_->Put(digest, {}).error().code(), ErrorCode::kInvalidInput) << digest;
    EXPECT_EQ(store_->Contains(digest).error().code(), ErrorCode::kInvalidInput) << digest;
    EXPECT_EQ(store_->Fetch(digest).error().code(), ErrorCode::kInvalidInput) << digest;
    EXPECT_EQ(store_->Verify(digest).error().code(), ErrorCode::kInvalidInput) << digest;
    EXPECT_EQ(store_->Remove(digest).error().code(), ErrorCode::kInvalidInput) << digest;
    EXPECT_EQ(store_->PutMetadata(digest, "{}").error().code(), ErrorCode::kInvalidInput) << digest;
    EXPECT_EQ(store_->GetMetadata(digest).error().code(), ErrorCode::kInvalidInput) << digest;
  }
}

TEST_P(ArtifactStoreConformance, WhatIsNotThereIsNotFound) {
  const std::string digest = MakeArtifact(1).digest;
  EXPECT_EQ(store_->Fetch(digest).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->Verify(digest).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->PutMetadata(digest, "{}").error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(store_->Remove(digest).ok());
  EXPECT_TRUE(store_->List()->empty());
}

TEST_P(ArtifactStoreConformance, ListsDigestsSortedAndForgetsRemovedOnes) {
  std::vector<std::string> digests;
  for (int i = 0; i < 3; ++i) {
    const TestArtifact artifact = MakeArtifact(i);
    ASSERT_TRUE(store_->Put(artifact.digest, artifact.files).ok());
    digests.push_back(artifact.digest);
  }
  std::ranges::sort(digests);
  EXPECT_EQ(*store_->List(), digests);
  ASSERT_TRUE(store_->Remove(digests[1]).ok());
  EXPECT_FALSE(*store_->Contains(digests[1]));
  EXPECT_EQ(store_->Fetch(digests[1]).error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(*store_->List(), ::testing::ElementsAre(digests[0], digests[2]));
}

TEST_P(ArtifactStoreConformance, MetadataMayChangeAndIsNoPartOfTheDigest) {
  const TestArtifact artifact = MakeArtifact(1);
  ASSERT_TRUE(store_->Put(artifact.digest, artifact.files).ok());
  EXPECT_EQ(*store_->GetMetadata(artifact.digest), "");
  ASSERT_TRUE(store_->PutMetadata(artifact.digest, "{\"a\":1}").ok());
  ASSERT_TRUE(store_->PutMetadata(artifact.digest, "{\"a\":2}").ok());
  EXPECT_EQ(*store_->GetMetadata(artifact.digest), "{\"a\":2}");
  EXPECT_TRUE(store_->Fetch(artifact.digest).ok());
  EXPECT_TRUE(store_->Put(artifact.digest, artifact.files).ok());
  EXPECT_EQ(*store_->GetMetadata(artifact.digest), "{\"a\":2}");
}

TEST_P(ArtifactStoreConformance, ThreadsMayPutTheSameArtifact) {
  const TestArtifact artifact = MakeArtifact(1);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        const Status status = store_->Put(artifact.digest, artifact.files);
        EXPECT_TRUE(status.ok()) << status.error().ToString();
      });
    }
  }
  EXPECT_TRUE(store_->Fetch(artifact.digest).ok());
  EXPECT_THAT(*store_->List(), ::testing::ElementsAre(artifact.digest));
}

}  // namespace slipway::registry
