// What every RegistryStore must do. A test instantiates the suite with a factory for its
// implementation.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "core/testing.h"
#include "registry/registry_store.h"
#include "registry/test_artifacts.h"

namespace slipway::registry {

// An empty store, with files (if any) under the directory.
using RegistryStoreFactory =
    std::function<std::unique_ptr<RegistryStore>(const std::string& directory, const Clock& clock)>;

class RegistryStoreConformance : public ::testing::TestWithParam<RegistryStoreFactory> {
 protected:
  void SetUp() override {
    store_ = GetParam()(directory_.path(), clock_);
    ASSERT_NE(store_, nullptr);
  }

  ModelVersion Add(const std::string& name, int artifact) {
    Result<ModelVersion> version = store_->Register(MakeVersion(name, FakeDigest(artifact)));
    EXPECT_TRUE(version.ok()) << version.error().ToString();
    return version.value_or(ModelVersion());
  }
  Result<ModelVersion> Get(const std::string& reference) {
    return store_->Get(*ParseModelReference(reference));
  }
  int64_t NumberOf(const std::string& reference) {
    Result<ModelVersion> version = Get(reference);
    EXPECT_TRUE(version.ok()) << reference << ": " << version.error().ToString();
    return version.ok() ? version->registry_version : 0;
  }
  std::string StatusOf(const std::string& reference) {
    Result<ModelVersion> version = Get(reference);
    return version.ok() ? version->status : version.error().ToString();
  }
  ErrorCode CodeOf(const std::string& reference) {
    Result<ModelVersion> version = Get(reference);
    EXPECT_FALSE(version.ok()) << reference;
    return version.ok() ? ErrorCode::kInternal : version.error().code();
  }

  slipway::testing::TemporaryDirectory directory_;
  slipway::testing::FakeClock clock_{Clock::WallTime(std::chrono::seconds(1'700'000'000))};
  std::unique_ptr<RegistryStore> store_;
};

TEST_P(RegistryStoreConformance, NumbersCountFromOneWithinAName) {
  EXPECT_EQ(Add("a", 1).registry_version, 1);
  EXPECT_EQ(Add("a", 2).registry_version, 2);
  EXPECT_EQ(Add("b", 3).registry_version, 1);
  EXPECT_EQ(Add("a", 4).registry_version, 3);
}

TEST_P(RegistryStoreConformance, KeepsTheWholeRecord) {
  ModelVersion given = MakeVersion("a", FakeDigest(1));
  given.verdict = "failed";
  given.task = "classification";
  given.training_data_hash = FakeDigest(9);
  given.feature_schema = Json::array({Json{{"name", "größe"}, {"categories", {"a'b", "c\"d"}}}});
  given.deployment_config = Json{{"canary", {{"stages", {10, 100}}}}};
  given.run_id = "20231114-2213";
  given.size_bytes = 1'100'000;
  given.tags = {{"team", "risk"}, {"note", "line\nbreak"}};
  const Result<ModelVersion> registered = store_->Register(given);
  ASSERT_TRUE(registered.ok()) << registered.error().ToString();
  given.registry_version = 1;
  given.created_at = "2023-11-14T22:13:20.000Z";
  EXPECT_EQ(ToJson(*registered), ToJson(given));
  EXPECT_EQ(ToJson(*Get("a:1")), ToJson(given));
}

TEST_P(RegistryStoreConformance, StatusAndAliasesOfANewVersionAreNotTheCallers) {
  ModelVersion given = MakeVersion("a", FakeDigest(1));
  given.status = "production";
  given.aliases = {"champion"};
  const Result<ModelVersion> registered = store_->Register(given);
  ASSERT_TRUE(registered.ok());
  EXPECT_EQ(registered->status, "development");
  EXPECT_TRUE(registered->aliases.empty());
}

TEST_P(RegistryStoreConformance, RegisteringTheSameAgainGivesTheSameVersion) {
  Add("a", 1);
  Add("a", 2);
  EXPECT_EQ(Add("a", 1).registry_version, 1);
  ModelVersion failed = MakeVersion("a", FakeDigest(1));
  failed.verdict = "failed";
  EXPECT_EQ(store_->Register(failed)->registry_version, 3);
  ModelVersion relabelled = MakeVersion("a", FakeDigest(1));
  relabelled.version = "1.0.1";
  EXPECT_EQ(store_->Register(relabelled)->registry_version, 4);
  EXPECT_EQ(store_->List("a")->size(), 4U);
  EXPECT_EQ(store_->Audit("a", 100)->size(), 4U);
}

TEST_P(RegistryStoreConformance, RefusesAVersionThatIsNone) {
  for (const char* name : {"", "../up", "a/b", "a b", "sha256"}) {
    EXPECT_FALSE(store_->Register(MakeVersion(name, FakeDigest(1))).ok()) << name;
  }
  EXPECT_FALSE(store_->Register(MakeVersion("a", "sha256:ab12")).ok());
  ModelVersion version = MakeVersion("a", FakeDigest(1));
  version.verdict = "maybe";
  EXPECT_FALSE(store_->Register(version).ok());
  version = MakeVersion("a", FakeDigest(1));
  version.tags = {{"a=b", "c"}};
  EXPECT_FALSE(store_->Register(version).ok());
  EXPECT_TRUE(store_->ListNames()->empty());
}

TEST_P(RegistryStoreConformance, FindsByEveryKindOfReference) {
  Add("a", 1);
  Add("a", 2);
  Add("b", 3);
  EXPECT_EQ(NumberOf("a"), 2);
  EXPECT_EQ(NumberOf("a@latest"), 2);
  EXPECT_EQ(NumberOf("a:1"), 1);
  EXPECT_EQ(NumberOf(FakeDigest(1)), 1);
  ASSERT_TRUE(store_->SetAlias("a", "champion", 1, "ada").ok());
  EXPECT_EQ(NumberOf("a@champion"), 1);
  EXPECT_EQ(NumberOf("a@development"), 2);
  ModelReference path;
  path.kind = ModelReference::Kind::kPath;
  path.path = "./a";
  EXPECT_EQ(store_->Get(path).error().code(), ErrorCode::kInvalidInput);
}

TEST_P(RegistryStoreConformance, SaysWhatThereIsInstead) {
  EXPECT_EQ(CodeOf("a"), ErrorCode::kNotFound);
  Add("classifier", 1);
  Add("classifier", 2);
  EXPECT_EQ(CodeOf("clasifier"), ErrorCode::kNotFound);
  EXPECT_THAT(Get("clasifier").error().ToString(), ::testing::HasSubstr("try 'classifier'"));
  EXPECT_EQ(CodeOf("classifier:9"), ErrorCode::kNotFound);
  EXPECT_THAT(Get("classifier:9").error().ToString(), ::testing::HasSubstr("expected 2, 1"));
  EXPECT_EQ(CodeOf("classifier@production"), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf("classifier@nobody"), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf("nobody@production"), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf("sha256:ffffffff"), ErrorCode::kNotFound);
}

TEST_P(RegistryStoreConformance, AShortDigestMustBeUnambiguous) {
  Add("a", 1);
  Add("b", 1);
  const std::string common = FakeDigest(1).substr(0, 7 + 20);
  EXPECT_EQ(Get(common)->name, "b") << "the newest version that has it";
  Add("c", 2);
  EXPECT_EQ(CodeOf(common), ErrorCode::kInvalidInput);
}

TEST_P(RegistryStoreConformance, ListsNewestFirst) {
  Add("b", 1);
  Add("a", 2);
  Add("b", 3);
  EXPECT_THAT(*store_->ListNames(), ::testing::ElementsAre("a", "b"));
  const auto all = store_->List("");
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0].digest, FakeDigest(3));
  EXPECT_EQ((*all)[2].digest, FakeDigest(1));
  EXPECT_EQ(store_->List("a")->size(), 1U);
  EXPECT_TRUE(store_->List("nobody")->empty());
}

TEST_P(RegistryStoreConformance, StagingAndProductionHoldOneVersion) {
  for (int i = 1; i <= 3; ++i) Add("a", i);
  Add("b", 4);
  for (const char* stage : {"staging", "production"}) {
    ASSERT_TRUE(store_->SetStatus("a", 1, stage, "ada").ok());
    ASSERT_TRUE(store_->SetStatus("b", 1, stage, "ada").ok());
    const auto moved = store_->SetStatus("a", 2, stage, "ada");
    ASSERT_TRUE(moved.ok());
    EXPECT_EQ(moved->status, stage);
    EXPECT_EQ(StatusOf("a:1"), "archived");
    EXPECT_EQ(StatusOf("a:2"), stage);
    EXPECT_EQ(StatusOf("b:1"), stage) << "another name is not touched";
    EXPECT_EQ(NumberOf(std::string("a@") + stage), 2);
  }
  ASSERT_TRUE(store_->SetStatus("a", 3, "archived", "ada").ok());
  EXPECT_EQ(StatusOf("a:1"), "archived") << "archived holds many";
}

TEST_P(RegistryStoreConformance, RefusesUnknownStagesAndVersions) {
  Add("a", 1);
  EXPECT_EQ(store_->SetStatus("a", 1, "prod", "ada").error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(store_->SetStatus("a", 2, "staging", "ada").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->SetStatus("b", 1, "staging", "ada").error().code(), ErrorCode::kNotFound);
}

TEST_P(RegistryStoreConformance, AnAliasMovesAndGoes) {
  Add("a", 1);
  Add("a", 2);
  ASSERT_TRUE(store_->SetAlias("a", "champion", 1, "ada").ok());
  ASSERT_TRUE(store_->SetAlias("a", "best", 1, "ada").ok());
  EXPECT_THAT(Get("a:1")->aliases, ::testing::ElementsAre("best", "champion"));
  ASSERT_TRUE(store_->SetAlias("a", "champion", 2, "ada").ok());
  EXPECT_THAT(Get("a:1")->aliases, ::testing::ElementsAre("best"));
  EXPECT_EQ(NumberOf("a@champion"), 2);
  ASSERT_TRUE(store_->SetAlias("a", "champion", 0, "ada").ok());
  EXPECT_EQ(CodeOf("a@champion"), ErrorCode::kNotFound);
  EXPECT_EQ(store_->SetAlias("a", "champion", 0, "ada").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->SetAlias("a", "champion", 9, "ada").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->SetAlias("a", "production", 1, "ada").error().code(), ErrorCode::kInvalidInput);
}

TEST_P(RegistryStoreConformance, TagsAreSetReplacedAndRemoved) {
  Add("a", 1);
  ASSERT_TRUE(store_->SetTag("a", 1, "team", "risk", "ada").ok());
  ASSERT_TRUE(store_->SetTag("a", 1, "team", "fraud", "ada").ok());
  EXPECT_EQ(Get("a:1")->tags.at("team"), "fraud");
  ASSERT_TRUE(store_->SetTag("a", 1, "team", "", "ada").ok());
  EXPECT_TRUE(Get("a:1")->tags.empty());
  EXPECT_EQ(store_->SetTag("a", 1, "team", "", "ada").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->SetTag("a", 2, "team", "x", "ada").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_->SetTag("a", 1, "", "x", "ada").error().code(), ErrorCode::kInvalidInput);
}

TEST_P(RegistryStoreConformance, ANumberIsNeverUsedAgain) {
  Add("a", 1);
  Add("a", 2);
  ASSERT_TRUE(store_->Delete("a", 2, "ada").ok());
  EXPECT_EQ(CodeOf("a:2"), ErrorCode::kNotFound);
  EXPECT_EQ(Add("a", 2).registry_version, 3) << "the same artifact, a new version";
  ASSERT_TRUE(store_->Delete("a", 1, "ada").ok());
  ASSERT_TRUE(store_->Delete("a", 3, "ada").ok());
  EXPECT_TRUE(store_->ListNames()->empty());
  EXPECT_EQ(Add("a", 7).registry_version, 4);
}

TEST_P(RegistryStoreConformance, WhatIsInUseIsNotDeleted) {
  Add("a", 1);
  ASSERT_TRUE(store_->SetAlias("a", "champion", 1, "ada").ok());
  ASSERT_TRUE(store_->SetTag("a", 1, "team", "risk", "ada").ok());
  for (const char* stage : {"staging", "production"}) {
    ASSERT_TRUE(store_->SetStatus("a", 1, stage, "ada").ok());
    EXPECT_EQ(store_->Delete("a", 1, "ada").error().code(), ErrorCode::kConflict);
  }
  ASSERT_TRUE(store_->SetStatus("a", 1, "archived", "ada").ok());
  ASSERT_TRUE(store_->Delete("a", 1, "ada").ok());
  EXPECT_EQ(CodeOf("a@champion"), ErrorCode::kNotFound);
  EXPECT_EQ(store_->Delete("a", 1, "ada").error().code(), ErrorCode::kNotFound);
}

TEST_P(RegistryStoreConformance, EveryChangeIsInTheAuditLog) {
  Add("a", 1);
  Add("a", 2);
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(store_->SetStatus("a", 1, "production", "bob").ok());
  ASSERT_TRUE(store_->SetStatus("a", 2, "production", "bob", Json{{"forced", true}}).ok());
  ASSERT_TRUE(store_->SetAlias("a", "champion", 1, "eve").ok());
  ASSERT_TRUE(store_->SetTag("a", 1, "team", "risk", "eve").ok());
  ASSERT_TRUE(store_->Delete("a", 1, "eve").ok());
  const auto audit = store_->Audit("a", 100);
  ASSERT_TRUE(audit.ok());
  std::vector<std::string> told;
  for (const AuditEntry& entry : *audit) {
    told.push_back(fmt::format("{} {} {}", entry.actor, entry.action, entry.registry_version));
  }
  EXPECT_THAT(told, ::testing::ElementsAre("eve delete 1", "eve tag 1", "eve alias 1",
                                           "bob promote 2", "bob promote 1", "bob promote 1",
                                           "ada register 2", "ada register 1"));
  EXPECT_EQ((*audit)[3].detail,
            (Json{{"from", "development"}, {"to", "production"}, {"forced", true}}));
  EXPECT_EQ((*audit)[4].detail,
            (Json{{"from", "production"}, {"to", "archived"}, {"displaced_by", 2}}));
  EXPECT_EQ((*audit)[0].at, "2023-11-14T22:13:21.000Z");
  EXPECT_EQ(store_->Audit("a", 2)->size(), 2U);
  EXPECT_TRUE(store_->Audit("b", 100)->empty());
  EXPECT_EQ(store_->Audit("", 100)->size(), 8U);
}

TEST_P(RegistryStoreConformance, ThreadsGetNumbersOfTheirOwn) {
  constexpr int kThreads = 4;
  constexpr int kEach = 10;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([this, t] {
        for (int i = 0; i < kEach; ++i) Add("a", t * kEach + i);
      });
    }
  }
  const auto versions = store_->List("a");
  ASSERT_EQ(versions->size(), static_cast<size_t>(kThreads * kEach));
  for (size_t i = 0; i < versions->size(); ++i) {
    EXPECT_EQ((*versions)[i].registry_version, static_cast<int64_t>(versions->size() - i));
  }
}

}  // namespace slipway::registry
