#include "registry/types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/registry_store.h"
#include "registry/test_artifacts.h"

namespace slipway::registry {
namespace {

using ::testing::HasSubstr;
using Kind = ModelReference::Kind;

TEST(ModelReferenceTest, ReadsTheFiveForms) {
  const auto newest = ParseModelReference("ml-classifier");
  ASSERT_TRUE(newest.ok());
  EXPECT_EQ(newest->kind, Kind::kNewest);
  EXPECT_EQ(newest->name, "ml-classifier");

  const auto version = ParseModelReference("ml-classifier:7");
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->kind, Kind::kVersion);
  EXPECT_EQ(version->version, 7);

  const auto alias = ParseModelReference("ml-classifier@production");
  ASSERT_TRUE(alias.ok());
  EXPECT_EQ(alias->kind, Kind::kAlias);
  EXPECT_EQ(alias->alias, "production");

  const auto digest = ParseModelReference("sha256:AB12cd34");
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(digest->kind, Kind::kDigest);
  EXPECT_EQ(digest->digest, "sha256:ab12cd34");

  for (const char* path : {"./dir", "/dir", "x.onnx", "../up", ".", "a/b"}) {
    const auto reference = ParseModelReference(path);
    ASSERT_TRUE(reference.ok()) << path;
    EXPECT_EQ(reference->kind, Kind::kPath) << path;
    EXPECT_EQ(reference->path, path);
  }
}

TEST(ModelReferenceTest, LatestIsTheNewest) {
  const auto reference = ParseModelReference("m@latest");
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->kind, Kind::kNewest);
  EXPECT_EQ(reference->name, "m");
}

TEST(ModelReferenceTest, WritesWhatItReads) {
  for (const char* text : {"m", "m:3", "m@champion", "sha256:ab12cd34", "./dir"}) {
    EXPECT_EQ(ToString(*ParseModelReference(text)), text);
  }
}

TEST(ModelReferenceTest, RefusesWhatCouldMeanAnythingElse) {
  for (const std::string text : {"",
                                 "m:",
                                 "m:0",
                                 "m:-1",
                                 "m:x",
                                 "m:1.0.0",
                                 "m:99999999999999999999",
                                 "m@",
                                 ":1",
                                 "@a",
                                 "sha256:",
                                 "sha256:ab12",
                                 "sha256:ab12zz34",
                                 "C:\\models",
                                 "a b",
                                 "m%2e",
                                 "m@a@b",
                                 "m;x",
                                 "-m",
                                 "mé"}) {
    const auto reference = ParseModelReference(text);
    ASSERT_FALSE(reference.ok()) << text;
    EXPECT_EQ(reference.error().code(), ErrorCode::kInvalidInput) << text;
  }
  EXPECT_FALSE(ParseModelReference(std::string("m\0x", 3)).ok());
  EXPECT_THAT(ParseModelReference("a b").error().ToString(), HasSubstr("NAME@production"));
}

TEST(ModelNameTest, IsPlainAsciiAndNoReference) {
  for (const char* good : {"m", "ml-classifier", "A.b_c-9", "0"})
    EXPECT_TRUE(CheckModelName(good).ok()) << good;
  for (const std::string bad : {"", ".", "..", "../x", "a/b", "a\\b", "a:b", "a@b", "a%2fb", "-a",
                                "sha256", "a.onnx", "a\nb", "ａ"}) {
    EXPECT_FALSE(CheckModelName(bad).ok()) << bad;
  }
  EXPECT_TRUE(CheckModelName(std::string(128, 'a')).ok());
  EXPECT_FALSE(CheckModelName(std::string(129, 'a')).ok());
}

TEST(ModelNameTest, AMessageCarriesNoControlCharacters) {
  EXPECT_EQ(CheckModelName("a\x1b[31mb").error().ToString().find('\x1b'), std::string::npos);
}

TEST(AliasTest, IsNoStageAndNotLatest) {
  EXPECT_TRUE(CheckAlias("champion").ok());
  for (const char* bad :
       {"latest", "production", "staging", "development", "archived", "a b", ""}) {
    EXPECT_FALSE(CheckAlias(bad).ok()) << bad;
  }
}

TEST(StageTest, NamesTheNearest) {
  EXPECT_TRUE(CheckStage("staging").ok());
  EXPECT_THAT(CheckStage("prodution").error().ToString(), HasSubstr("try 'production'"));
}

TEST(TagTest, LimitsKeysAndValues) {
  EXPECT_TRUE(CheckTag("team", "risk").ok());
  EXPECT_FALSE(CheckTag("", "x").ok());
  EXPECT_FALSE(CheckTag("a=b", "x").ok());
  EXPECT_FALSE(CheckTag("a\nb", "x").ok());
  EXPECT_FALSE(CheckTag(std::string(251, 'a'), "x").ok());
  EXPECT_FALSE(CheckTag("a", std::string(8193, 'x')).ok());
  EXPECT_FALSE(CheckTag("a", std::string("x\0y", 3)).ok());
}

TEST(ModelVersionTest, ModelIdIsMadeOfTheDigest) {
  ModelVersion version = MakeVersion("m", "sha256:" + std::string(32, 'a') + std::string(32, 'b'));
  EXPECT_EQ(version.model_id(), "m-" + std::string(32, 'a'));
}

TEST(ModelVersionTest, JsonReadsBackTheSame) {
  ModelVersion version = MakeVersion("m", FakeDigest(1));
  version.registry_version = 3;
  version.status = "staging";
  version.verdict = "failed";
  version.feature_schema = Json::array({Json{{"name", "age"}}});
  version.deployment_config = Json{{"target", "local"}};
  version.created_at = "2026-11-23T06:41:07.123Z";
  version.run_id = "r1";
  version.size_bytes = 42;
  version.tags = {{"team", "risk"}};
  version.aliases = {"champion"};
  const Json json = ToJson(version);
  EXPECT_EQ(json["version"], "1.0.0");
  EXPECT_EQ(json["registry_version"], 3);
  const auto back = ModelVersionFromJson(json);
  ASSERT_TRUE(back.ok()) << back.error().ToString();
  EXPECT_EQ(ToJson(*back), json);
}

TEST(ModelVersionTest, RefusesARecordWithoutNameOrDigest) {
  Json json = ToJson(MakeVersion("m", FakeDigest(1)));
  json.erase("name");
  EXPECT_FALSE(ModelVersionFromJson(json).ok());
  json = ToJson(MakeVersion("m", FakeDigest(1)));
  json["digest"] = "sha256:ab";
  EXPECT_FALSE(ModelVersionFromJson(json).ok());
  json = ToJson(MakeVersion("m", FakeDigest(1)));
  json["tags"] = Json{{"a", 1}};
  EXPECT_FALSE(ModelVersionFromJson(json).ok());
  EXPECT_FALSE(ModelVersionFromJson(Json::array()).ok());
}

TEST(FindByLabelTest, KeepsOrder) {
  ModelVersion a = MakeVersion("a", FakeDigest(1));
  ModelVersion b = MakeVersion("b", FakeDigest(2));
  b.version = "2.0.0";
  ModelVersion c = MakeVersion("c", FakeDigest(3));
  const std::vector<ModelVersion> found = FindByLabel({a, b, c}, "1.0.0");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "a");
  EXPECT_EQ(found[1].name, "c");
}

}  // namespace
}  // namespace slipway::registry
