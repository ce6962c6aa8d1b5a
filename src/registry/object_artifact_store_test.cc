// What only a store of objects meets: a service that fails half-way, damage that the local copy
// does not show, another machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/testing.h"
#include "data/fake_object_store.h"
#include "registry/artifact_store.h"
#include "registry/test_artifacts.h"

namespace slipway::registry {
namespace {

using ::testing::HasSubstr;

class ObjectArtifactStoreTest : public ::testing::Test {
 protected:
  // A machine is a cache of its own.
  std::unique_ptr<ArtifactStore> Open(const std::string& machine) {
    auto store = OpenObjectArtifactStore(objects_, LocalFileSystem(), directory_.File(machine));
    EXPECT_TRUE(store.ok());
    return *std::move(store);
  }
  std::string KeyOf(const std::string& name) const {
    const std::string hex = artifact_.digest.substr(7);
    return fmt::format("sha256/{}/{}/{}", hex.substr(0, 2), hex.substr(2), name);
  }

  slipway::testing::TemporaryDirectory directory_;
  std::shared_ptr<data::FakeObjectStore> objects_ = std::make_shared<data::FakeObjectStore>();
  const TestArtifact artifact_ = MakeArtifact(1);
};

TEST_F(ObjectArtifactStoreTest, AnotherMachineFetchesOnceAndThenNeedsNoService) {
  ASSERT_TRUE(Open("here")->Put(artifact_.digest, artifact_.files).ok());
  const auto there = Open("there");
  ASSERT_TRUE(there->Fetch(artifact_.digest).ok());
  objects_->FailWith([](const auto&, const auto&) -> Status {
    return Error(ErrorCode::kUnavailable, "the network is down");
  });
  const auto kept = there->Fetch(artifact_.digest);
  ASSERT_TRUE(kept.ok()) << kept.error().ToString();
  EXPECT_EQ(*LocalFileSystem().ReadFile(*kept + "/model.onnx"), artifact_.files.at("model.onnx"));
  EXPECT_TRUE(Open("here")->Fetch(artifact_.digest).ok()) << "who puts it has it";
  EXPECT_EQ(there->Verify(artifact_.digest).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(Open("third")->Fetch(artifact_.digest).error().code(), ErrorCode::kUnavailable);
}

TEST_F(ObjectArtifactStoreTest, ADamagedCopyIsFetchedAgain) {
  const auto store = Open("here");
  ASSERT_TRUE(store->Put(artifact_.digest, artifact_.files).ok());
  const std::string path = *store->Fetch(artifact_.digest) + "/model.onnx";
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), path, "damaged").ok());
  ASSERT_TRUE(store->Fetch(artifact_.digest).ok());
  EXPECT_EQ(*LocalFileSystem().ReadFile(path), artifact_.files.at("model.onnx"));
}

TEST_F(ObjectArtifactStoreTest, DamageInTheStoreIsFoundAndRepaired) {
  ASSERT_TRUE(Open("here")->Put(artifact_.digest, artifact_.files).ok());
  std::string same_size = artifact_.files.at("model.onnx");
  same_size.back() = '!';
  const std::vector<std::pair<std::string, std::string>> damages = {{"model.onnx", same_size},
                                                                    {"model.onnx", ""},
                                                                    {"manifest.json", "{}"},
                                                                    {"extra.bin", "x"},
                                                                    {"MLmodel", "flavors: {}"}};
  for (const auto& [name, bytes] : damages) {
    ASSERT_TRUE(objects_->Put(KeyOf(name), bytes).ok());
    const Status verified = Open("here")->Verify(artifact_.digest);
    ASSERT_FALSE(verified.ok()) << name;
    EXPECT_EQ(verified.error().code(), ErrorCode::kIntegrity) << verified.error().ToString();
    EXPECT_EQ(verified.error().location().file, objects_->UriOf(KeyOf(name)));
    EXPECT_EQ(Open("new " + name)->Fetch(artifact_.digest).error().code(), ErrorCode::kIntegrity);
    ASSERT_TRUE(Open("here")->Put(artifact_.digest, artifact_.files).ok());
    EXPECT_TRUE(Open("here")->Verify(artifact_.digest).ok()) << name;
  }
  ASSERT_TRUE(objects_->Delete(KeyOf("schema.json")).ok());
  EXPECT_EQ(Open("here")->Verify(artifact_.digest).error().code(), ErrorCode::kIntegrity);
}

TEST_F(ObjectArtifactStoreTest, PuttingAgainWritesNothing) {
  const auto store = Open("here");
  ASSERT_TRUE(store->Put(artifact_.digest, artifact_.files).ok());
  const int writes = objects_->writes();
  EXPECT_EQ(writes, std::ssize(artifact_.files));
  ASSERT_TRUE(store->Put(artifact_.digest, artifact_.files).ok());
  ASSERT_TRUE(Open("there")->Put(artifact_.digest, artifact_.files).ok());
  EXPECT_EQ(objects_->writes(), writes);
}

// Whichever call of a Put fails, the artifact is there whole or not at all, and the next Put brings
// it there.
TEST_F(ObjectArtifactStoreTest, AServiceThatFailsLeavesAnArtifactWholeOrNot) {
  bool whole = false;
  for (int at = 1; !whole; ++at) {
    objects_ = std::make_shared<data::FakeObjectStore>();
    int calls = 0;
    std::mutex mutex;
    objects_->FailWith([&](const auto&, const auto&) -> Status {
      const std::scoped_lock lock(mutex);
      if (++calls < at) return {};
      return Error(ErrorCode::kUnavailable, "gone");
    });
    const std::string machine = fmt::format("m{}", at);
    const Status put = Open(machine)->Put(artifact_.digest, artifact_.files);
    whole = put.ok();
    EXPECT_TRUE(put.ok() || put.error().code() == ErrorCode::kUnavailable);
    objects_->FailWith(nullptr);
    const std::string other = machine + "-other";
    EXPECT_EQ(*Open(other)->Contains(artifact_.digest), Open(other)->Fetch(artifact_.digest).ok());
    EXPECT_EQ(*Open(other)->Contains(artifact_.digest), whole);
    ASSERT_TRUE(Open(machine)->Put(artifact_.digest, artifact_.files).ok());
    EXPECT_TRUE(Open(machine)->Verify(artifact_.digest).ok());
    ASSERT_LT(at, 100);
  }
}

TEST_F(ObjectArtifactStoreTest, RemovingTakesTheManifestFirst) {
  const auto store = Open("here");
  ASSERT_TRUE(store->Put(artifact_.digest, artifact_.files).ok());
  objects_->FailWith([](const std::string& call, const std::string&) -> Status {
    if (call != "List") return {};
    return Error(ErrorCode::kUnavailable, "gone");
  });
  EXPECT_FALSE(store->Remove(artifact_.digest).ok());
  objects_->FailWith(nullptr);
  EXPECT_FALSE(*store->Contains(artifact_.digest));
  EXPECT_TRUE(store->List()->empty());
  ASSERT_TRUE(store->Remove(artifact_.digest).ok());
  EXPECT_TRUE(objects_->List("")->empty());
}

TEST_F(ObjectArtifactStoreTest, OtherObjectsAreNoArtifacts) {
  ASSERT_TRUE(objects_->Put("sha256/readme.txt", "x").ok());
  ASSERT_TRUE(objects_->Put("sha256/ab/manifest.json", "x").ok());
  ASSERT_TRUE(objects_->Put("data/sha256/ab/" + std::string(62, '0'), "x").ok());
  EXPECT_TRUE(Open("here")->List()->empty());
}

}  // namespace
}  // namespace slipway::registry
