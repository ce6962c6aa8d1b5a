// Crashes at every operation that changes a file, of SQLite's and of the artifact store's, with and
// without losing what was not synced; afterwards the registry must be whole and hold everything
// that was acknowledged.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "core/crash_testing.h"
#include "core/fault_injecting_file_system.h"
#include "core/testing.h"
#include "registry/registry.h"
#include "registry/test_artifacts.h"
#include "sqlite/fault_injecting_vfs.h"
#include "sqlite/other_program.h"

namespace slipway::registry {
namespace {

using slipway::testing::Acknowledgements;
using slipway::testing::CrashOutcome;
using slipway::testing::InMemory;
using sqlite::FaultInjectingVfs;
using Loss = FaultInjectingFileSystem::Loss;

constexpr int kRegistrations = 3;

enum class Layer { kFiles, kDatabase };

// What the child did, one byte each, sent to the parent as soon as the call returned.
constexpr char kRegistered = 'R';
constexpr char kPromoted = 'P';  // Version 1 to production.
constexpr char kDeleted = 'D';   // Version 2.

// The work whose every step is interrupted.
void Work(const std::string& directory, Layer layer, int64_t crash_at, Loss loss,
          Acknowledgements acknowledgements) {
  FaultInjectingVfs& vfs = FaultInjectingVfs::Instance();
  vfs.Install();
  FaultInjectingFileSystem files(LocalFileSystem(), directory + "/trash");
  auto crash = [&] {
    if (loss != Loss::kNothing) vfs.LoseUnsynced();
    const Status lost = files.LoseUnsynced(loss);
    if (!lost.ok()) fmt::print(stderr, "{}", lost.error().Render());
    ::_exit(lost.ok() ? slipway::testing::kCrashed : 99);
  };
  if (layer == Layer::kDatabase) {
    vfs.CrashAt(crash_at, crash);
  } else {
    files.OnCrash(crash);
    files.CrashAt(crash_at);
  }
  auto registry = OpenEmbedded(directory + "/.slipway", files);
  if (!registry.ok()) ::_exit(97);
  std::vector<ModelVersion> versions;
  for (int i = 1; i <= kRegistrations; ++i) {
    const TestArtifact artifact = MakeArtifact(i);
    auto version = (*registry)->Register(MakeVersion("m", artifact.digest), artifact.files);
    acknowledgements.Add(version.ok(), kRegistered);
    versions.push_back(*version);
  }
  acknowledgements.Add((*registry)->Promote(versions[0], "production", "ada").ok(), kPromoted);
  acknowledgements.Add((*registry)->Delete("m", 2, "ada").ok(), kDeleted);
  // Closing copies the WAL into the database: more operations to crash at.
}

void CheckAcknowledged(Registry& registry, const std::string& acknowledged) {
  const auto listed = registry.versions().List("m");
  ASSERT_TRUE(listed.ok()) << listed.error().ToString();
  std::set<int64_t> numbers;
  for (const ModelVersion& version : *listed) {
    const Status verified = registry.Verify(version);
    EXPECT_TRUE(verified.ok()) << verified.error().ToString();
    EXPECT_EQ(version.digest, MakeArtifact(static_cast<int>(version.registry_version)).digest);
    numbers.insert(version.registry_version);
  }
  const auto registered = std::ranges::count(acknowledged, kRegistered);
  for (int64_t number = 1; number <= registered; ++number) {
    // Only the last step, never acknowledged before the others, may have taken version 2 away.
    if (number == 2 && acknowledged.ends_with(kPromoted)) continue;
    if (number == 2 && acknowledged.ends_with(kDeleted)) continue;
    EXPECT_TRUE(numbers.contains(number))
        << "version " << number << " was acknowledged and is lost";
  }
  EXPECT_LE(numbers.size(), static_cast<size_t>(registered) + 1);
  if (acknowledged.find(kPromoted) != std::string::npos) {
    EXPECT_EQ(registry.Find("m@production").value_or(ModelVersion()).registry_version, 1);
  }
  if (acknowledged.find(kDeleted) != std::string::npos) {
    EXPECT_FALSE(numbers.contains(2));
  }
}

// What a new process finds, and that it can go on.
void CheckAfterwards(const std::string& directory, const std::string& acknowledged) {
  auto opened = OpenEmbedded(directory + "/.slipway");
  ASSERT_TRUE(opened.ok()) << opened.error().ToString();
  Registry& registry = **opened;
  CheckAcknowledged(registry, acknowledged);
  const auto artifacts = registry.artifacts().List();
  ASSERT_TRUE(artifacts.ok());
  for (const std::string& digest : *artifacts) {
    const auto fetched = registry.artifacts().Fetch(digest);
    EXPECT_TRUE(fetched.ok()) << "a half-written artifact stands in place: "
                              << fetched.error().ToString();
  }
  for (int i = 1; i <= kRegistrations + 1; ++i) {
    const TestArtifact artifact = MakeArtifact(i);
    const auto version = registry.Register(MakeVersion("m", artifact.digest), artifact.files);
    ASSERT_TRUE(version.ok()) << version.error().ToString();
    EXPECT_TRUE(registry.Verify(*version).ok());
  }
  EXPECT_EQ(
      sqlite::OtherProgram(directory + "/.slipway/registry.db").Query("PRAGMA integrity_check"),
      "ok");
}

class RegistryCrashTest : public ::testing::TestWithParam<std::tuple<Layer, Loss>> {
 private:
  InMemory in_memory_;
};

TEST_P(RegistryCrashTest, NothingHalfRegisteredAndNothingAcknowledgedLost) {
  const auto [layer, loss] = GetParam();
  int64_t crash_at = 1;
  for (;; ++crash_at) {
    SCOPED_TRACE(fmt::format("crash at operation {}", crash_at));
    const slipway::testing::TemporaryDirectory directory;
    const Result<CrashOutcome> outcome =
        slipway::testing::RunInChild([&](Acknowledgements acknowledgements) {
          Work(directory.path(), layer, crash_at, loss, acknowledgements);
        });
    ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
    if (!outcome->crashed) {
      EXPECT_EQ(outcome->acknowledged, "RRRPD");
    }
    ASSERT_NO_FATAL_FAILURE(CheckAfterwards(directory.path(), outcome->acknowledged));
    if (!outcome->crashed || HasFailure()) break;
  }
  EXPECT_GT(crash_at, 50) << "the faults do not reach the registry";
}

INSTANTIATE_TEST_SUITE_P(Files, RegistryCrashTest,
                         ::testing::Combine(::testing::Values(Layer::kFiles),
                                            ::testing::Values(Loss::kNothing, Loss::kContents,
                                                              Loss::kNames, Loss::kEverything)));
INSTANTIATE_TEST_SUITE_P(Database, RegistryCrashTest,
                         ::testing::Combine(::testing::Values(Layer::kDatabase),
                                            ::testing::Values(Loss::kNothing, Loss::kEverything)));

// A full disk at every operation: an error, and nothing that a second try can't do.
TEST(RegistryFaultTest, AFullDiskIsAnErrorAndLeavesNothingHalf) {
  const InMemory in_memory;
  const TestArtifact artifact = MakeArtifact(1);
  bool failed = true;
  int64_t failures = 0;
  for (int64_t operation = 1; failed; ++operation) {
    SCOPED_TRACE(fmt::format("disk full at operation {}", operation));
    const slipway::testing::TemporaryDirectory directory;
    FaultInjectingFileSystem files(LocalFileSystem(), directory.File("trash"));
    auto registry = OpenEmbedded(directory.File(".slipway"), files);
    ASSERT_TRUE(registry.ok());
    files.FailAt(operation, SystemError("write", "somewhere", ENOSPC));
    const auto first = (*registry)->Register(MakeVersion("m", artifact.digest), artifact.files);
    failed = files.operations() >= operation;
    if (!first.ok()) {
      ++failures;
      EXPECT_NE(first.error().ToString().find("No space left"), std::string::npos)
          << first.error().ToString();
      EXPECT_TRUE((*registry)->versions().List("")->empty());
    } else {
      EXPECT_TRUE((*registry)->Verify(*first).ok());
    }
    const auto stored = (*registry)->artifacts().List();
    ASSERT_TRUE(stored.ok());
    for (const std::string& digest : *stored) {
      EXPECT_TRUE((*registry)->artifacts().Fetch(digest).ok())
          << "a half-written artifact stands in place";
    }
    files.FailAt(0, Error(ErrorCode::kInternal, "none"));  // There is room again.
    const auto second = (*registry)->Register(MakeVersion("m", artifact.digest), artifact.files);
    ASSERT_TRUE(second.ok()) << second.error().ToString();
    EXPECT_EQ(second->registry_version, 1);
    EXPECT_TRUE((*registry)->Verify(*second).ok());
  }
  EXPECT_GT(failures, 15);
}

}  // namespace
}  // namespace slipway::registry
