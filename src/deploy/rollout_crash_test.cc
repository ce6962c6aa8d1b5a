// Crashes and fills the disk at every operation of SQLite's that changes a file, with and without
// losing what was not synced. Afterwards the store must hold all steps that were acknowledged and
// nothing of a step but the whole of it: what a store in memory holds after the same steps.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/crash_testing.h"
#include "core/testing.h"
#include "deploy/fake_rollout_store.h"
#include "deploy/rollout_store.h"
#include "sqlite/fault_injecting_vfs.h"
#include "sqlite/other_program.h"

namespace slipway::deploy {
namespace {

using slipway::testing::Acknowledgements;
using slipway::testing::CrashOutcome;
using slipway::testing::FakeClock;
using slipway::testing::InMemory;
using sqlite::FaultInjectingVfs;

constexpr int64_t kMany = 1'000'000;
constexpr int kCannotOpen = 97;
constexpr size_t kLongText = 6000;  // Of two pages, so that a step can be torn.

FakeClock StoppedClock() { return FakeClock(Clock::WallTime(std::chrono::seconds(1'700'000'000))); }

ServiceChange MakeChange(const std::string& service, int64_t generation, int64_t revision) {
  ServiceChange change;
  change.service = service;
  change.generation = generation;
  change.document = Json{{"revision", revision}, {"text", std::string(kLongText, 'x')}};
  for (const char* kind : {"phase", "stage"}) {
    RolloutEvent event;
    event.revision = revision;
    event.kind = kind;
    event.text = std::string(kLongText, 'y');
    change.events.push_back(std::move(event));
    Effect effect;
    effect.kind = kind;
    effect.due_ms = revision;
    change.effects.push_back(std::move(effect));
  }
  return change;
}

Status Written(const Result<int64_t>& generation) {
  return generation.ok() ? Status() : Status(generation.error());
}

// Every call that changes something.
constexpr std::array<Status (*)(RolloutStore&), 8> kSteps = {
    [](RolloutStore& store) { return Written(store.Write(MakeChange("a", 0, 1))); },
    [](RolloutStore& store) { return Written(store.Write(MakeChange("b", 0, 1))); },
    [](RolloutStore& store) { return Written(store.Write(MakeChange("a", 1, 2))); },
    [](RolloutStore& store) { return store.RetryEffect(1, 100, "refused"); },
    [](RolloutStore& store) { return store.FinishEffect(2); },
    [](RolloutStore& store) { return store.Remove("b", 1); },
    [](RolloutStore& store) { return store.Prune("a", 1); },
    [](RolloutStore& store) { return Written(store.Write(MakeChange("b", 0, 1))); },
};

// All that the store holds.
std::string Contents(RolloutStore& store) {
  Json all;
  const auto services = store.Services();
  const auto effects = store.DueEffects(kMany, kMany);
  if (!services.ok() || !effects.ok()) return "unreadable";
  for (const ServiceRecord& service : *services) {
    all["services"].push_back({service.name, service.generation, service.document});
    const auto events = store.Events(service.name, 0, 0, kMany);
    if (!events.ok()) return "unreadable";
    for (const RolloutEvent& event : *events) {
      all["events"].push_back({event.id, event.service, event.revision, event.at, event.kind,
                               event.text, event.detail});
    }
  }
  for (const Effect& effect : *effects) {
    all["effects"].push_back({effect.id, effect.service, effect.kind, effect.detail, effect.due_ms,
                              effect.attempts, effect.last_error});
  }
  return CompactJson(all);
}

// After no step, after one, and so on.
std::vector<std::string> ExpectedContents() {
  const FakeClock clock = StoppedClock();
  FakeRolloutStore store(clock);
  std::vector<std::string> contents = {Contents(store)};
  for (const auto& step : kSteps) {
    EXPECT_TRUE(step(store).ok());
    contents.push_back(Contents(store));
  }
  return contents;
}

// What a new process finds, and that it can do what is left.
void CheckAfterwards(const std::string& path, size_t acknowledged,
                     const std::vector<std::string>& expected) {
  const FakeClock clock = StoppedClock();
  auto opened = OpenRolloutStore(path, clock);
  ASSERT_TRUE(opened.ok()) << opened.error().ToString();
  RolloutStore& store = **opened;
  const std::string found = Contents(store);
  // The step that was interrupted may be there, though nobody was told so.
  size_t done = acknowledged;
  if (found != expected[done] && done < kSteps.size()) ++done;
  ASSERT_TRUE(found == expected[done]) << "what it holds is none of what it should";
  for (; done < kSteps.size(); ++done) {
    const Status status = kSteps[done](store);
    ASSERT_TRUE(status.ok()) << "step " << done << ": " << status.error().ToString();
  }
  EXPECT_TRUE(Contents(store) == expected.back());
  EXPECT_EQ(sqlite::OtherProgram(path).Query("PRAGMA integrity_check"), "ok");
}

void WorkUntilCrash(const std::string& path, int64_t crash_at, bool lose_unsynced,
                    Acknowledgements acknowledgements) {
  FaultInjectingVfs& vfs = FaultInjectingVfs::Instance();
  vfs.Install();
  vfs.CrashAt(crash_at, [&] {
    if (lose_unsynced) vfs.LoseUnsynced();
    ::_exit(slipway::testing::kCrashed);
  });
  const FakeClock clock = StoppedClock();
  const auto store = OpenRolloutStore(path, clock);
  if (!store.ok()) ::_exit(kCannotOpen);
  for (const auto& step : kSteps) acknowledgements.Add(step(**store).ok(), '.');
  // Closing copies the WAL into the database: more operations to crash at.
}

class RolloutCrashTest : public ::testing::TestWithParam<bool> {
 private:
  InMemory in_memory_;
};

TEST_P(RolloutCrashTest, NothingAcknowledgedIsLostAndNothingIsHalf) {
  const std::vector<std::string> expected = ExpectedContents();
  int64_t crash_at = 1;
  for (;; ++crash_at) {
    SCOPED_TRACE(fmt::format("crash at operation {}", crash_at));
    const slipway::testing::TemporaryDirectory directory;
    const std::string path = directory.File("state/rollouts.db");
    const Result<CrashOutcome> outcome =
        slipway::testing::RunInChild([&](Acknowledgements acknowledgements) {
          WorkUntilCrash(path, crash_at, GetParam(), acknowledgements);
        });
    ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
    if (!outcome->crashed) {
      EXPECT_EQ(outcome->acknowledged.size(), kSteps.size());
    }
    ASSERT_NO_FATAL_FAILURE(CheckAfterwards(path, outcome->acknowledged.size(), expected));
    if (!outcome->crashed || HasFailure()) break;
  }
  EXPECT_GT(crash_at, 100) << "the faults do not reach the store";
}

INSTANTIATE_TEST_SUITE_P(LosingNothing, RolloutCrashTest, ::testing::Values(false));
INSTANTIATE_TEST_SUITE_P(LosingWhatWasNotSynced, RolloutCrashTest, ::testing::Values(true));

// Each step that fails is an error, leaves what was there, and succeeds when there is room again.
void WorkOnFullDisk(const std::string& path, int64_t full_from,
                    const std::vector<std::string>& expected, Acknowledgements acknowledgements) {
  FaultInjectingVfs& vfs = FaultInjectingVfs::Instance();
  vfs.Install();
  vfs.FillDiskAt(full_from);
  const FakeClock clock = StoppedClock();
  auto store = OpenRolloutStore(path, clock);
  if (!store.ok()) {
    vfs.FillDiskAt(0);
    store = OpenRolloutStore(path, clock);
  }
  if (!store.ok()) ::_exit(kCannotOpen);
  for (size_t done = 0; done < kSteps.size(); ++done) {
    Status status = kSteps[done](**store);
    if (!status.ok()) {
      vfs.FillDiskAt(0);
      const bool as_it_was =
          status.error().code() == ErrorCode::kIo && Contents(**store) == expected[done];
      acknowledgements.Add(as_it_was, 'F');
      status = kSteps[done](**store);
    }
    acknowledgements.Add(status.ok() && Contents(**store) == expected[done + 1], '.');
  }
}

TEST(RolloutFaultTest, AFullDiskIsAnErrorAndLeavesNothingHalf) {
  const InMemory in_memory;
  const std::vector<std::string> expected = ExpectedContents();
  int64_t failures = 0;
  bool more = true;
  for (int64_t full_from = 1; more; ++full_from) {
    SCOPED_TRACE(fmt::format("disk full from operation {}", full_from));
    const slipway::testing::TemporaryDirectory directory;
    const std::string path = directory.File("rollouts.db");
    const Result<CrashOutcome> outcome =
        slipway::testing::RunInChild([&](Acknowledgements acknowledgements) {
          WorkOnFullDisk(path, full_from, expected, acknowledgements);
          if (FaultInjectingVfs::Instance().operations() < full_from) ::_exit(0);
          ::_exit(slipway::testing::kCrashed);
        });
    ASSERT_TRUE(outcome.ok()) << outcome.error().ToString();
    more = outcome->crashed;
    failures += std::ranges::count(outcome->acknowledged, 'F');
    ASSERT_NO_FATAL_FAILURE(CheckAfterwards(path, kSteps.size(), expected));
  }
  EXPECT_GT(failures, 50);
}

}  // namespace
}  // namespace slipway::deploy
