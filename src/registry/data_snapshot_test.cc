#include "registry/data_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/hash.h"
#include "core/testing.h"
#include "data/fake_object_store.h"

namespace slipway::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// By hand, so that the layout stays what other programs may rely on.
constexpr const char* kAbcDigest =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kAbcKey =
    "data/sha256/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class DataSnapshotTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = directory_.File(name);
    EXPECT_TRUE(WriteFileAtomically(LocalFileSystem(), path, bytes).ok());
    return path;
  }
  Snapshot Take(const std::vector<std::string>& paths) {
    auto snapshot = TakeSnapshot(store_, paths);
    EXPECT_TRUE(snapshot.ok()) << snapshot.error().ToString();
    return snapshot.ok() ? *std::move(snapshot) : Snapshot();
  }
  Result<std::vector<RestoredFile>> Restore(const std::string& digest, const std::string& to,
                                            bool force = false) {
    return RestoreSnapshot(store_, LocalFileSystem(), digest, {to, force});
  }
  static std::string Read(const std::string& path) {
    return LocalFileSystem().ReadFile(path).value_or("(none)");
  }

  slipway::testing::TemporaryDirectory directory_;
  data::FakeObjectStore store_;
};

TEST_F(DataSnapshotTest, OneFileIsKeptUnderItsOwnDigest) {
  const Snapshot taken = Take({Write("data/train.csv", "abc")});
  EXPECT_EQ(taken.digest, kAbcDigest);
  EXPECT_EQ(taken.bytes, 3);
  EXPECT_EQ(taken.uploaded, 3);
  EXPECT_EQ(*store_.Get(kAbcKey), "abc");
  const int writes = store_.writes();
  EXPECT_EQ(Take({Write("copy.csv", "abc")}).uploaded, 0);
  EXPECT_EQ(store_.writes(), writes) << "what is there is not sent again";
  const auto found = FindSnapshot(store_, kAbcDigest);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->files.front().name, "train.csv");
  ASSERT_TRUE(Restore(kAbcDigest, directory_.File("back.csv")).ok());
  EXPECT_EQ(Read(directory_.File("back.csv")), "abc");
}

TEST_F(DataSnapshotTest, BlocksOfALargeFileComeBackInOrder) {
  std::string large;
  for (int i = 0; large.size() < (size_t{20} << 20U); ++i) large += fmt::format("row {}\n", i);
  const Snapshot taken = Take({Write("large.csv", large)});
  EXPECT_EQ(taken.digest, DigestOf(large));
  ASSERT_TRUE(Restore(taken.digest, directory_.File("back.csv")).ok());
  EXPECT_TRUE(Read(directory_.File("back.csv")) == large);
  EXPECT_EQ(Take({Write("empty.csv", "")}).digest, DigestOf(""));
  ASSERT_TRUE(Restore(DigestOf(""), directory_.File("none.csv")).ok());
  EXPECT_EQ(Read(directory_.File("none.csv")), "");
}

TEST_F(DataSnapshotTest, SeveralFilesAreOneSetByTheirPaths) {
  const std::string first = Write("set/2025/part.csv", "abc");
  const std::string second = Write("set/2026/part.csv", "xyz");
  const Snapshot taken = Take({second, first});
  EXPECT_EQ(taken.digest, Take({first, second}).digest) << "in whatever order they are named";
  ASSERT_EQ(taken.files.size(), 2U);
  EXPECT_EQ(taken.files[0].name, "2025/part.csv");
  EXPECT_EQ(
      taken.digest,
      DigestOf(fmt::format("{{\n  \"files\": [\n    {{\n      \"path\": \"2025/part.csv\",\n      "
                           "\"size\": 3,\n      \"sha256\": \"{}\"\n    }},\n    {{\n      "
                           "\"path\": \"2026/part.csv\",\n      \"size\": 3,\n      "
                           "\"sha256\": \"{}\"\n    }}\n  ]\n}}\n",
                           kAbcDigest, DigestOf("xyz"))));
  ASSERT_TRUE(Restore(taken.digest, directory_.File("back")).ok());
  EXPECT_EQ(Read(directory_.File("back/2025/part.csv")), "abc");
  EXPECT_EQ(Read(directory_.File("back/2026/part.csv")), "xyz");
  EXPECT_EQ(TakeSnapshot(store_, {first, first}).error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(TakeSnapshot(store_, {}).error().code(), ErrorCode::kInvalidInput);
}

TEST_F(DataSnapshotTest, WhatIsInTheWayIsNotReplaced) {
  const std::string first = Write("a.csv", "abc");
  const std::string second = Write("b.csv", "xyz");
  const Snapshot taken = Take({first, second});
  const std::string there = Write("back/b.csv", "mine");
  const auto refused = Restore(taken.digest, directory_.File("back"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_THAT(refused.error().ToString(), HasSubstr("--force"));
  EXPECT_EQ(Read(there), "mine");
  EXPECT_FALSE(LocalFileSystem().Exists(directory_.File("back/a.csv")))
      << "nothing of it is written";
  ASSERT_TRUE(Restore(taken.digest, directory_.File("back"), true).ok());
  EXPECT_EQ(Read(there), "xyz");
  const auto again = Restore(taken.digest, directory_.File("back"));
  ASSERT_TRUE(again.ok()) << "the same bytes are not in the way";
  EXPECT_FALSE(again->front().written);
}

TEST_F(DataSnapshotTest, DamageIsFoundAndNothingIsWritten) {
  const Snapshot taken = Take({Write("train.csv", "abc")});
  ASSERT_TRUE(store_.Put(kAbcKey, "abd").ok());
  const auto restored = Restore(taken.digest, directory_.File("back.csv"));
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), ErrorCode::kIntegrity);
  EXPECT_THAT(*LocalFileSystem().List(directory_.path()), ElementsAre("train.csv"));
  // A shorter one, as a broken upload might leave it elsewhere, is sent again.
  ASSERT_TRUE(store_.Put(kAbcKey, "ab").ok());
  EXPECT_EQ(Take({directory_.File("train.csv")}).uploaded, 3);
  EXPECT_TRUE(Restore(taken.digest, directory_.File("back.csv")).ok());
}

TEST_F(DataSnapshotTest, AListCantLeadElsewhere) {
  for (const std::string name : {"../evil", "/etc/evil", "a/../../evil", ""}) {
    const std::string list = SetList({{name, 3, kAbcDigest}, {"b", 3, kAbcDigest}});
    const std::string digest = DigestOf(list);
    ASSERT_TRUE(
        store_
            .Put(fmt::format("data/sha256/{}/{}.files.json", digest.substr(7, 2), digest.substr(9)),
                 list)
            .ok());
    EXPECT_EQ(Restore(digest, directory_.File("back")).error().code(), ErrorCode::kIntegrity)
        << name;
  }
  Take({Write("train.csv", "abc")});
  ASSERT_TRUE(store_.Put(std::string(kAbcKey) + ".name", "../evil").ok());
  EXPECT_EQ((*FindSnapshot(store_, kAbcDigest))->files.front().name, "data-ba7816bf8f01");
}

TEST_F(DataSnapshotTest, AFileThatIsNotTheOneExpectedIsAConflict) {
  const std::string path = Write("train.csv", "abc");
  const auto taken = TakeSnapshot(store_, {path}, DigestOf("abd"));
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(store_.List("")->empty());
  // A known digest that is there already needs no reading.
  Take({path});
  EXPECT_EQ(TakeSnapshot(store_, {path}, kAbcDigest)->uploaded, 0);
}

TEST_F(DataSnapshotTest, MistakesSayWhatToDo) {
  EXPECT_EQ(TakeSnapshot(store_, {directory_.File("none.csv")}).error().code(),
            ErrorCode::kNotFound);
  EXPECT_THAT(TakeSnapshot(store_, {directory_.path()}).error().ToString(),
              HasSubstr("is a directory"));
  EXPECT_EQ(Restore("sha256:1", "x").error().code(), ErrorCode::kInvalidInput);
  const auto missing = Restore(kAbcDigest, directory_.File("x"));
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().ToString(), HasSubstr("slipway data snapshot"));
  store_.FailWith([](const auto&, const auto&) -> Status {
    return Error(ErrorCode::kUnavailable, "the network is down");
  });
  EXPECT_EQ(FindSnapshot(store_, kAbcDigest).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(TakeSnapshot(store_, {Write("a", "abc")}).error().code(), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace slipway::registry
