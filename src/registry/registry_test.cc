#include "registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/plugin.h"
#include "core/testing.h"
#include "registry/artifact_config.h"
#include "registry/artifact_facts.h"
#include "registry/artifact_files_internal.h"
#include "registry/diff.h"
#include "registry/download.h"
#include "registry/fake_artifact_store.h"
#include "registry/fake_registry_store.h"
#include "registry/import.h"
#include "registry/test_artifacts.h"

namespace slipway::registry {
namespace {

class PluginsClosed : public ::testing::Environment {
 public:
  void TearDown() override { ClosePlugins(); }
};
const ::testing::Environment* const kPluginsClosed =
    ::testing::AddGlobalTestEnvironment(new PluginsClosed);

using ::testing::HasSubstr;

class RegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = OpenEmbedded(slipway_);
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    registry_ = *std::move(opened);
  }

  ModelVersion Add(const std::string& name, int number, const std::string& verdict = "passed") {
    const TestArtifact artifact = MakeArtifact(number);
    ModelVersion version = MakeVersion(name, artifact.digest);
    version.verdict = verdict;
    auto registered = registry_->Register(version, artifact.files);
    EXPECT_TRUE(registered.ok()) << registered.error().ToString();
    return registered.value_or(ModelVersion());
  }
  ModelVersion AddLoadable(const std::string& name, const std::string& verdict = "passed") {
    const TestArtifact artifact = MakeLoadableArtifact();
    ModelVersion version = MakeVersion(name, artifact.digest);
    version.verdict = verdict;
    return registry_->Register(version, artifact.files).value();
  }
  std::string PlaceOf(const ModelVersion& version) {
    return registry_->artifacts().Fetch(version.digest).value_or("");
  }
  Json MetadataOf(const ModelVersion& version) {
    return *ParseJson(*registry_->artifacts().GetMetadata(version.digest), "metadata.json");
  }
  void Damage(const ModelVersion& version) {
    std::ofstream(PlaceOf(version) + "/model.onnx", std::ios::app) << "x";
  }

  slipway::testing::TemporaryDirectory directory_;
  const std::string slipway_ = directory_.File(".slipway");
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, FindsAndFetchesAVerifiedDirectory) {
  const ModelVersion version = Add("m", 1);
  for (const std::string& reference : {std::string("m"), std::string("m:1"), version.digest}) {
    const auto found = registry_->Find(reference);
    ASSERT_TRUE(found.ok()) << found.error().ToString();
    EXPECT_EQ(found->registry_version, 1);
    EXPECT_TRUE(LocalFileSystem().Exists(*registry_->Fetch(*found) + "/model.onnx"));
  }
  EXPECT_EQ(registry_->Find(PlaceOf(version)).error().code(), ErrorCode::kInvalidInput);
}

TEST_F(RegistryTest, ADamagedArtifactIsNotFetched) {
  const ModelVersion version = Add("m", 1);
  Damage(version);
  const auto fetched = registry_->Fetch(version);
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().code(), ErrorCode::kIntegrity);
  EXPECT_THAT(fetched.error().ToString(), HasSubstr("m:1 does not verify"));
  EXPECT_THAT(fetched.error().ToString(), HasSubstr("model.onnx"));
  EXPECT_EQ(registry_->Verify(version).error().code(), ErrorCode::kIntegrity);
}

TEST_F(RegistryTest, AnArtifactThatIsGoneIsAnIntegrityError) {
  const ModelVersion version = Add("m", 1);
  std::filesystem::remove_all(PlaceOf(version));
  EXPECT_EQ(registry_->Verify(version).error().code(), ErrorCode::kIntegrity);
}

TEST_F(RegistryTest, RegisteringAgainRepairsDamage) {
  const ModelVersion version = Add("m", 1);
  Damage(version);
  EXPECT_EQ(Add("m", 1).registry_version, 1);
  EXPECT_TRUE(registry_->Verify(version).ok());
}

TEST_F(RegistryTest, MetadataFollowsTheRecord) {
  const ModelVersion version = Add("m", 1);
  EXPECT_EQ(MetadataOf(version), ToJson(version));
  ASSERT_TRUE(registry_->Promote(version, "production", "ada").ok());
  EXPECT_EQ(MetadataOf(version)["status"], "production");
  ASSERT_TRUE(registry_->SetTag(version, "team", "risk", "ada").ok());
  EXPECT_EQ(MetadataOf(version)["tags"]["team"], "risk");
  ASSERT_TRUE(registry_->SetAlias(version, "champion", "ada").ok());
  EXPECT_EQ(MetadataOf(version)["aliases"], Json::array({"champion"}));
  const ModelVersion next = Add("m", 2);
  ASSERT_TRUE(registry_->Promote(next, "production", "ada").ok());
  EXPECT_EQ(MetadataOf(version)["status"], "archived") << "of the one that was displaced, too";
  ASSERT_TRUE(registry_->SetAlias(next, "champion", "ada").ok());
  EXPECT_EQ(MetadataOf(version)["aliases"], Json::array());
  ASSERT_TRUE(registry_->RemoveAlias("m", "champion", "ada").ok());
  EXPECT_EQ(MetadataOf(next)["aliases"], Json::array());
}

TEST_F(RegistryTest, FetchingAndVerifyingCorrectStaleMetadata) {
  const ModelVersion version = Add("m", 1);
  ASSERT_TRUE(registry_->artifacts().PutMetadata(version.digest, "stale").ok());
  ASSERT_TRUE(registry_->Fetch(version).ok());
  EXPECT_EQ(MetadataOf(version), ToJson(version));
  ASSERT_TRUE(registry_->artifacts().PutMetadata(version.digest, "stale").ok());
  ASSERT_TRUE(registry_->Verify(version).ok());
  EXPECT_EQ(MetadataOf(version), ToJson(version));
}

TEST_F(RegistryTest, AFailedVerdictIsNotPromotedUnlessForced) {
  const ModelVersion version = Add("m", 1, "failed");
  for (const char* stage : {"staging", "production"}) {
    const auto refused = registry_->Promote(version, stage, "ada");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
    EXPECT_THAT(refused.error().ToString(), HasSubstr("verdict"));
  }
  EXPECT_TRUE(registry_->Promote(version, "archived", "ada").ok()) << "no harm in that";
  ASSERT_TRUE(registry_->Promote(version, "staging", "ada", true).ok());
  const auto audit = registry_->versions().Audit("m", 1);
  EXPECT_EQ((*audit)[0].detail["forced"], true);
}

TEST_F(RegistryTest, ForceDoesNotHelpADamagedArtifact) {
  const ModelVersion version = Add("m", 1, "failed");
  Damage(version);
  EXPECT_EQ(registry_->Promote(version, "production", "ada", true).error().code(),
            ErrorCode::kIntegrity);
  EXPECT_EQ(registry_->Find("m")->status, "development");
}

TEST_F(RegistryTest, ForcingAPassedVersionIsNotRecordedAsForced) {
  ASSERT_TRUE(registry_->Promote(Add("m", 1), "staging", "ada", true).ok());
  EXPECT_FALSE(registry_->versions().Audit("m", 1)->front().detail.contains("forced"));
}

TEST_F(RegistryTest, DeletingKeepsAnArtifactThatAnotherVersionHas) {
  const ModelVersion first = Add("m", 1);
  const ModelVersion second = Add("n", 1);
  ASSERT_TRUE(registry_->Delete("n", 1, "ada").ok());
  EXPECT_TRUE(registry_->Verify(first).ok());
  EXPECT_EQ(MetadataOf(first)["name"], "m");
  ASSERT_TRUE(registry_->Delete("m", 1, "ada").ok());
  EXPECT_FALSE(*registry_->artifacts().Contains(first.digest));
  EXPECT_EQ(registry_->Delete("m", 1, "ada").error().code(), ErrorCode::kNotFound);
}

TEST_F(RegistryTest, RegisteringAndDeletingTheSameArtifactAtOnceLosesNothing) {
  constexpr int kRounds = 12;
  const TestArtifact artifact = MakeArtifact(1);
  const int failures = slipway::testing::FailuresInProcesses(4, [&](int p) -> Status {
    const std::string name = fmt::format("m{}", p);
    SLIPWAY_ASSIGN_OR_RETURN(const auto registry, OpenEmbedded(slipway_));
    for (int i = 0; i < kRounds; ++i) {
      SLIPWAY_ASSIGN_OR_RETURN(
          const ModelVersion version,
          registry->Register(MakeVersion(name, artifact.digest), artifact.files));
      SLIPWAY_RETURN_IF_ERROR(registry->Verify(version));
      SLIPWAY_RETURN_IF_ERROR(registry->Delete(name, version.registry_version, "ada"));
    }
    return {};
  });
  EXPECT_EQ(failures, 0);
  EXPECT_FALSE(*registry_->artifacts().Contains(artifact.digest));
}

TEST_F(RegistryTest, NothingIsRemovedWhileArtifactsAreHeld) {
  const ModelVersion version = Add("m", 1);
  auto hold = registry_->HoldArtifacts();
  ASSERT_TRUE(hold.ok() && *hold != nullptr);
  std::atomic<bool> deleted = false;
  const std::jthread other([&] {
    const auto opened = OpenEmbedded(slipway_);
    EXPECT_TRUE((*opened)->Delete("m", 1, "ada").ok());
    deleted = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(deleted);
  EXPECT_TRUE(*registry_->artifacts().Contains(version.digest));
  Add("n", 1);  // Who holds them may register.
  hold->reset();
}

TEST_F(RegistryTest, DownloadIsAVerifiedCopyWithItsOwnMetadata) {
  const ModelVersion version = Add("m", 1);
  Add("n", 1);
  const std::string target = directory_.File("copies/model");
  const Status downloaded = DownloadVersion(*registry_, LocalFileSystem(), version, target + "/");
  ASSERT_TRUE(downloaded.ok()) << downloaded.error().ToString();
  EXPECT_EQ(*model::VerifyArtifact(LocalFileSystem(), target), version.digest);
  EXPECT_EQ(*ReadJsonFile(LocalFileSystem(), target + "/metadata.json"), ToJson(version));
  EXPECT_THAT(*LocalFileSystem().ReadFile(target + "/MLmodel"), HasSubstr("mlflow.onnx"));
  EXPECT_EQ(LocalFileSystem().List(directory_.File("copies"))->size(), 1U) << "no leftovers";
  EXPECT_EQ(DownloadVersion(*registry_, LocalFileSystem(), version, target).error().code(),
            ErrorCode::kAlreadyExists);
  Damage(version);
  const std::string other = directory_.File("copies/other");
  EXPECT_EQ(DownloadVersion(*registry_, LocalFileSystem(), version, other).error().code(),
            ErrorCode::kIntegrity);
  EXPECT_FALSE(LocalFileSystem().Exists(other));
}

TEST_F(RegistryTest, ADownloadedVersionCanBeRegisteredElsewhere) {
  ModelVersion version = AddLoadable("m");
  ASSERT_TRUE(registry_->SetTag(version, "team", "risk", "ada").ok());
  version = *registry_->Find("m");
  const std::string target = directory_.File("model");
  ASSERT_TRUE(DownloadVersion(*registry_, LocalFileSystem(), version, target).ok());
  const auto imported = ImportArtifact(LocalFileSystem(), target);
  ASSERT_TRUE(imported.ok()) << imported.error().ToString();
  EXPECT_EQ(imported->version.digest, version.digest);
  EXPECT_EQ(imported->version.version, "1.0.0");
  EXPECT_EQ(imported->version.training_config, version.training_config);
  EXPECT_EQ(imported->version.tags, version.tags);
  auto elsewhere = OpenEmbedded(directory_.File("elsewhere/.slipway"));
  ImportedArtifact given = *imported;
  given.version.name = "copy";
  EXPECT_EQ(RegisterImported(**elsewhere, given)->verdict, "failed") << "not judged there";
  EXPECT_EQ(RegisterImported(*registry_, given)->verdict, "passed") << "judged here";
  const auto audit = registry_->versions().Audit("copy", 1);
  EXPECT_EQ(audit->front().detail["imported_from"], target);
}

TEST_F(RegistryTest, NoEditOfMetadataMakesAFailedModelPass) {
  const ModelVersion version = AddLoadable("m", "failed");
  const std::string target = directory_.File("model");
  ASSERT_TRUE(DownloadVersion(*registry_, LocalFileSystem(), version, target).ok());
  Json record = ToJson(version);
  record["verdict"] = "passed";
  ASSERT_TRUE(
      WriteFileAtomically(LocalFileSystem(), target + "/metadata.json", CompactJson(record)).ok());
  auto imported = ImportArtifact(LocalFileSystem(), target);
  ASSERT_TRUE(imported.ok()) << imported.error().ToString();
  imported->version.name = "m";
  EXPECT_EQ(RegisterImported(*registry_, *imported)->verdict, "failed");
  record["framework"] = "\x1b[2J";
  ASSERT_TRUE(
      WriteFileAtomically(LocalFileSystem(), target + "/metadata.json", CompactJson(record)).ok());
  imported = ImportArtifact(LocalFileSystem(), target);
  imported->version.name = "n";
  EXPECT_EQ(RegisterImported(*registry_, *imported).error().code(), ErrorCode::kInvalidInput);
}

// What it was made by and is for is in its config.yaml, which the digest covers.
TEST_F(RegistryTest, NoEditOfMetadataChangesWhatAModelWasMadeBy) {
  const ModelVersion version = AddLoadable("m");
  const std::string target = directory_.File("model");
  ASSERT_TRUE(DownloadVersion(*registry_, LocalFileSystem(), version, target).ok());
  Json record = ToJson(version);
  record["algorithm"] = "ridge";
  record["training_config"] = {{"card", {{"intended_use", "anything"}}}};
  ASSERT_TRUE(
      WriteFileAtomically(LocalFileSystem(), target + "/metadata.json", CompactJson(record)).ok());
  const auto imported = ImportArtifact(LocalFileSystem(), target);
  ASSERT_TRUE(imported.ok()) << imported.error().ToString();
  EXPECT_EQ(imported->version.algorithm, "random_forest");
  EXPECT_EQ(imported->version.training_config, version.training_config);
}

TEST_F(RegistryTest, AHyperparameterSearchIsToldByTheLineage) {
  const auto config =
      ReadArtifactConfig("model:\n  model_type: ridge\n  hyperparameters:\n    alpha: 1\n",
                         Json{{"hyperparameters", {{"alpha", 0.5}}}}, "config.yaml");
  ASSERT_TRUE(config.ok()) << config.error().ToString();
  EXPECT_EQ(config->trainer(), "ridge");
  EXPECT_EQ(config->model["hyperparameters"]["alpha"], 0.5);
  EXPECT_EQ(ReadArtifactConfig("", nullptr, "config.yaml")->trainer(), "");
}

TEST_F(RegistryTest, WhatCannotBeAModelIsNotImported) {
  const auto refusal = [&](TestArtifact artifact, const std::string& name) {
    model::Seal(&artifact.files, TestSchema());
    EXPECT_TRUE(WriteFilesDurably(LocalFileSystem(), directory_.File(name), artifact.files).ok());
    const auto imported = ImportArtifact(LocalFileSystem(), directory_.File(name));
    EXPECT_FALSE(imported.ok() && !name.starts_with("good")) << name;
    if (imported.ok()) return std::string();
    EXPECT_EQ(imported.error().code(), ErrorCode::kInvalidInput) << name;
    return imported.error().ToString();
  };
  TestArtifact artifact = MakeLoadableArtifact();
  EXPECT_EQ(refusal(artifact, "good"), "");
  artifact.files["a\x1b[2J"] = "x";
  const std::string told = refusal(artifact, "control");
  EXPECT_THAT(told, HasSubstr("is no file of an artifact"));
  EXPECT_EQ(told.find('\x1b'), std::string::npos);
  artifact = MakeLoadableArtifact();
  artifact.files.erase("golden.jsonl");
  EXPECT_THAT(refusal(artifact, "missing"), HasSubstr("golden.jsonl"));
  artifact = MakeLoadableArtifact();
  artifact.files["model.onnx"] = "not really a graph";
  EXPECT_THAT(refusal(artifact, "no graph"), HasSubstr("model.onnx"));
  artifact = MakeLoadableArtifact();
  std::string& golden = artifact.files["golden.jsonl"];
  golden.replace(golden.find("0.75"), 4, "0.74");
  EXPECT_THAT(refusal(artifact, "other scores"), HasSubstr("predictions of golden.jsonl"));
}

TEST_F(RegistryTest, AnImportWithoutARecordTellsWhatItsFilesTell) {
  const std::string place = PlaceOf(AddLoadable("m"));
  const std::string copy = directory_.File("copy");
  std::filesystem::copy(place, copy);
  std::filesystem::remove(copy + "/metadata.json");
  const auto imported = ImportArtifact(LocalFileSystem(), copy);
  ASSERT_TRUE(imported.ok()) << imported.error().ToString();
  EXPECT_EQ(imported->version.verdict, "failed") << "nothing says that it passed";
  EXPECT_EQ(imported->version.performance_metrics["accuracy"], 0.9);
  EXPECT_EQ(imported->version.training_data_hash, "sha256:feed");
  EXPECT_EQ(imported->version.task, "classification");
  // A record of another artifact proves nothing.
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), copy + "/metadata.json",
                                  CompactJson(ToJson(MakeVersion("m", FakeDigest(1)))))
                  .ok());
  EXPECT_EQ(ImportArtifact(LocalFileSystem(), copy)->version.verdict, "failed");
}

TEST_F(RegistryTest, OnlyWholeArtifactDirectoriesAreImported) {
  const std::string place = PlaceOf(AddLoadable("m"));
  const auto onnx = ImportArtifact(LocalFileSystem(), place + "/model.onnx");
  ASSERT_FALSE(onnx.ok());
  EXPECT_EQ(onnx.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(onnx.error().ToString(), HasSubstr("a bare ONNX file"));
  EXPECT_EQ(ImportArtifact(LocalFileSystem(), directory_.path()).error().code(),
            ErrorCode::kInvalidInput);
  std::ofstream(place + "/model.onnx", std::ios::app) << "x";
  EXPECT_EQ(ImportArtifact(LocalFileSystem(), place).error().code(), ErrorCode::kIntegrity);
}

TEST_F(RegistryTest, ComparesMetricsConfigurationAndInputs) {
  const ModelVersion left = Add("m", 1);
  const TestArtifact artifact = MakeArtifact(2);
  ModelVersion given = MakeVersion("m", artifact.digest);
  given.performance_metrics["accuracy"] = 0.8;
  given.training_config["hyperparameters"]["n_estimators"] = 200;
  given.feature_schema = Json::array({Json{{"name", "age"}}});
  const ModelVersion right = *registry_->Register(given, artifact.files);
  std::vector<std::string> told;
  for (const VersionDifference& one : DiffVersions(left, right)) {
    told.push_back(fmt::format("{} {} {} {}", one.section, one.key, CompactJson(one.left),
                               CompactJson(one.right)));
  }
  EXPECT_THAT(told, ::testing::ElementsAre(HasSubstr("record digest"), "metrics accuracy 0.9 0.8",
                                           "config model.hyperparameters.n_estimators 100 200",
                                           "schema age null {\"name\":\"age\"}"));
  EXPECT_TRUE(DiffVersions(left, left).empty());
}

TEST_F(RegistryTest, IsFoundInADirectoryAbove) {
  const std::string deep = directory_.File("a/b");
  std::filesystem::create_directories(deep);
  EXPECT_EQ(FindRegistryDirectory("", deep, LocalFileSystem()), slipway_);
  EXPECT_EQ(FindRegistryDirectory("", directory_.path(), LocalFileSystem()), slipway_);
  EXPECT_EQ(FindRegistryDirectory(directory_.path(), "/", LocalFileSystem()), slipway_);
  EXPECT_EQ(FindRegistryDirectory(slipway_ + "/", "/", LocalFileSystem()), slipway_);
  EXPECT_EQ(FindRegistryDirectory("/elsewhere", deep, LocalFileSystem()), "/elsewhere");
}

TEST_F(RegistryTest, AskingDoesNotMakeARegistry) {
  const std::string none = directory_.File("none/.slipway");
  const auto opened = OpenExisting(none);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(LocalFileSystem().Exists(directory_.File("none")));
  EXPECT_TRUE(OpenExisting(slipway_).ok());
}

TEST_F(RegistryTest, StoresOutOfReachNameTheKeyAndLocal) {
  config::Config config;
  config.project_directory = directory_.File("project");
  config.config_path = "config.yaml";
  config.artifact_store = "gs://ml-artifacts";
  const auto opened = OpenRegistry(config);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kInvalidInput);
  for (const char* part :
       {"artifact_store", "gs://ml-artifacts", "--local", "file:///PATH", "s3://BUCKET/PREFIX"}) {
    EXPECT_THAT(opened.error().ToString(), HasSubstr(part));
  }
  config.artifact_store = "";
  config.model_registry = "mlflow";
  EXPECT_THAT(OpenRegistry(config).error().ToString(), HasSubstr("model_registry"));
  EXPECT_FALSE(LocalFileSystem().Exists(directory_.File("project"))) << "an error makes nothing";
}

TEST_F(RegistryTest, AnObjectStoreIsRememberedAndAskedOnlyWhenNeeded) {
  config::Config config;
  config.project_directory = directory_.File("project");
  config.config_path = "config.yaml";
  // Nobody listens on port 9 of this machine.
  config.artifact_store = "team";
  config.stores = {{"team", "s3://bucket/x?endpoint_override=127.0.0.1:9&scheme=http"}};
  ::setenv("AWS_MAX_ATTEMPTS", "1", 1);
  const auto refused = OpenRegistry(config);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
  for (const char* part :
       {"config.yaml: artifact_store: ", "--local", "s3://bucket", "127.0.0.1:9"}) {
    EXPECT_THAT(refused.error().ToString(), HasSubstr(part));
  }
  EXPECT_FALSE(LocalFileSystem().Exists(directory_.File("project"))) << "an error makes nothing";
  // As a run leaves it.
  ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), slipway_ + "/artifact_store",
                                  config.stores.at("team") + "\n")
                  .ok());
  const auto existing = OpenExisting(slipway_);
  ASSERT_TRUE(existing.ok()) << existing.error().ToString();
  EXPECT_TRUE((*existing)->versions().List("").ok());
  EXPECT_EQ((*existing)->artifacts().Contains(MakeArtifact(1).digest).error().code(),
            ErrorCode::kUnavailable);
  ::unsetenv("AWS_MAX_ATTEMPTS");
}

TEST_F(RegistryTest, AnArtifactStoreElsewhereIsFoundWithoutTheConfiguration) {
  config::Config config;
  config.project_directory = directory_.File("project");
  config.artifact_store = directory_.File("shared");
  const TestArtifact artifact = MakeArtifact(1);
  auto opened = OpenRegistry(config);
  ASSERT_TRUE(opened.ok()) << opened.error().ToString();
  ASSERT_TRUE((*opened)->Register(MakeVersion("m", artifact.digest), artifact.files).ok());
  EXPECT_TRUE(LocalFileSystem().Exists(directory_.File("shared/sha256")));
  auto existing = OpenExisting(directory_.File("project/.slipway"));
  ASSERT_TRUE(existing.ok());
  EXPECT_TRUE((*existing)->Verify(*(*existing)->Find("m")).ok());
  // Others may use the store: their artifacts are not ours to remove.
  ASSERT_TRUE((*existing)->Delete("m", 1, "ada").ok());
  EXPECT_TRUE(*(*existing)->artifacts().Contains(artifact.digest));
}

TEST(RegistryOnFakesTest, WorksOnAnyStores) {
  const slipway::testing::TemporaryDirectory scratch;
  Registry registry(std::make_unique<FakeRegistryStore>(),
                    std::make_unique<FakeArtifactStore>(scratch.path()));
  const TestArtifact artifact = MakeArtifact(1);
  const auto version = registry.Register(MakeVersion("m", artifact.digest), artifact.files);
  ASSERT_TRUE(version.ok());
  EXPECT_TRUE(registry.Verify(*registry.Find("m:1")).ok());
  EXPECT_TRUE(registry.Promote(*version, "staging", "ada").ok());
}

TEST(CurrentActorTest, IsTheUserElseTheLoginElseTheNumber) {
  ::setenv("USER", "ada", 1);
  EXPECT_EQ(CurrentActor(), "ada");
  ::unsetenv("USER");
  ::setenv("LOGNAME", "bob", 1);
  EXPECT_EQ(CurrentActor(), "bob");
  ::unsetenv("LOGNAME");
  EXPECT_EQ(CurrentActor(), fmt::format("uid:{}", ::getuid()));
}

}  // namespace
}  // namespace slipway::registry
