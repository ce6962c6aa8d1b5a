// What every RolloutStore must do. A test instantiates the suite with a factory for its
// implementation.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <thread>

#include "core/testing.h"
#include "deploy/rollout_store.h"

namespace slipway::deploy {

// An empty store, with files (if any) under the directory.
using RolloutStoreFactory =
    std::function<std::unique_ptr<RolloutStore>(const std::string& directory, const Clock& clock)>;

inline constexpr int64_t kAnyNumber = std::numeric_limits<int64_t>::max();

inline RolloutEvent MakeEvent(int64_t revision, const std::string& text) {
  RolloutEvent event;
  event.revision = revision;
  event.kind = "verb";
  event.text = text;
  return event;
}

inline Effect MakeEffect(const std::string& kind, int64_t due_ms) {
  Effect effect;
  effect.kind = kind;
  effect.due_ms = due_ms;
  return effect;
}

class RolloutStoreConformance : public ::testing::TestWithParam<RolloutStoreFactory> {
 protected:
  void SetUp() override {
    store_ = GetParam()(directory_.path(), clock_);
    ASSERT_NE(store_, nullptr);
  }

  // The new generation.
  int64_t Write(const ServiceChange& change) {
    const Result<int64_t> generation = store_->Write(change);
    EXPECT_TRUE(generation.ok()) << generation.error().ToString();
    return generation.value_or(-1);
  }
  int64_t Make(const std::string& service, std::vector<RolloutEvent> events = {},
               std::vector<Effect> effects = {}) {
    return Write({service, 0, Json::object(), std::move(events), std::move(effects)});
  }
  std::vector<std::string> Texts(const std::string& service, int64_t revision = 0) {
    std::vector<std::string> texts;
    const auto events = store_->Events(service, revision, 0, kAnyNumber);
    EXPECT_TRUE(events.ok());
    for (const RolloutEvent& event : events.value_or(std::vector<RolloutEvent>())) {
      texts.push_back(event.text);
    }
    return texts;
  }
  std::vector<Effect> Due(int64_t now_ms, int64_t limit = kAnyNumber) {
    const auto effects = store_->DueEffects(now_ms, limit);
    EXPECT_TRUE(effects.ok());
    return effects.value_or(std::vector<Effect>());
  }
  std::vector<std::string> DueKinds(int64_t now_ms, int64_t limit = kAnyNumber) {
    std::vector<std::string> kinds;
    for (const Effect& effect : Due(now_ms, limit)) kinds.push_back(effect.kind);
    return kinds;
  }

  slipway::testing::TemporaryDirectory directory_;
  slipway::testing::FakeClock clock_{Clock::WallTime(std::chrono::seconds(1'700'000'000))};
  std::unique_ptr<RolloutStore> store_;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(RolloutStoreConformance, GivesBackWhatWasWritten) {
  const Json document = {{"z", {1, 2.5, nullptr}}, {"a", "größe\n\"'"}, {"n", INT64_MAX}};
  EXPECT_EQ(Write({"risk", 0, document, {}, {}}), 1);
  const auto found = store_->Find("risk");
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->name, "risk");
  EXPECT_EQ((*found)->generation, 1);
  EXPECT_EQ((*found)->document.dump(), document.dump()) << "with its keys in their order";
}

TEST_P(RolloutStoreConformance, AServiceThatIsNotThereIsNoError) {
  EXPECT_THAT(*store_->Services(), IsEmpty());
  EXPECT_FALSE(store_->Find("risk")->has_value());
  EXPECT_THAT(Texts("risk"), IsEmpty());
}

TEST_P(RolloutStoreConformance, ServicesComeByName) {
  for (const char* name : {"b", "a", "B", "ab"}) Make(name);
  std::vector<std::string> names;
  const auto services = store_->Services();
  for (const ServiceRecord& record : *services) names.push_back(record.name);
  EXPECT_THAT(names, ElementsAre("B", "a", "ab", "b"));
}

TEST_P(RolloutStoreConformance, ADocumentMayBeAnyJson) {
  Make("none");
  EXPECT_EQ(Write({"none", 1, Json(), {}, {}}), 2);
  EXPECT_TRUE((*store_->Find("none"))->document.is_null()) << "which is no removed service";
  Write({"nan", 0, Json::array({std::numeric_limits<double>::quiet_NaN(), "\xff"}), {}, {}});
  EXPECT_EQ((*store_->Find("nan"))->document, Json::parse("[null, \"\xEF\xBF\xBD\"]"));
}

TEST_P(RolloutStoreConformance, AChangeGivesTheNextGeneration) {
  EXPECT_EQ(Make("a"), 1);
  EXPECT_EQ(Write({"a", 1, 10, {}, {}}), 2);
  EXPECT_EQ(Make("b"), 1);
  EXPECT_EQ(Write({"a", 2, 20, {}, {}}), 3);
  EXPECT_EQ((*store_->Find("a"))->document, 20);
  EXPECT_EQ((*store_->Find("a"))->generation, 3);
}

TEST_P(RolloutStoreConformance, AChangeOfAnotherGenerationIsAConflictAndLeavesNothing) {
  Make("a", {MakeEvent(1, "first")});
  Write({"a", 1, 2, {}, {}});
  for (const int64_t generation : {0, 1, 3}) {
    const auto refused =
        store_->Write({"a", generation, 9, {MakeEvent(1, "lost")}, {MakeEffect("lost", 0)}});
    ASSERT_FALSE(refused.ok()) << generation;
    EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
    EXPECT_EQ(store_->Remove("a", generation).error().code(), ErrorCode::kConflict);
  }
  EXPECT_EQ((*store_->Find("a"))->document, 2);
  EXPECT_THAT(Texts("a"), ElementsAre("first"));
  EXPECT_THAT(Due(kAnyNumber), IsEmpty());
  const auto missing = store_->Write({"b", 1, 9, {}, {}});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kConflict);
  EXPECT_FALSE(store_->Find("b")->has_value());
}

TEST_P(RolloutStoreConformance, ARemovedServiceTakesWhatIsItsAlong) {
  Make("a", {MakeEvent(1, "a's")}, {MakeEffect("a's", 1)});
  Make("b", {MakeEvent(1, "b's")}, {MakeEffect("b's", 1)});
  ASSERT_TRUE(store_->Remove("a", 1).ok());
  EXPECT_FALSE(store_->Find("a")->has_value());
  EXPECT_EQ(store_->Services()->size(), 1U);
  EXPECT_THAT(Texts("a"), IsEmpty());
  EXPECT_THAT(Texts("b"), ElementsAre("b's"));
  EXPECT_THAT(DueKinds(1), ElementsAre("b's"));
  EXPECT_EQ(store_->Remove("a", 1).error().code(), ErrorCode::kConflict);
}

// Who read a service before it was removed and deployed anew must not change the new one.
TEST_P(RolloutStoreConformance, AGenerationIsNeverUsedAgain) {
  Make("a");
  ASSERT_TRUE(store_->Remove("a", 1).ok());
  EXPECT_EQ(Make("a"), 2);
  EXPECT_EQ(store_->Write({"a", 1, 9, {}, {}}).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(Write({"a", 2, 3, {}, {}}), 3);
}

TEST_P(RolloutStoreConformance, AnEventIsKeptWhole) {
  RolloutEvent given = MakeEvent(7, "error rate 5.1 % > 5 %");
  given.kind = "verdict";
  given.detail = Json{{"z", 0.051}, {"a", {"b"}}};
  given.id = 99;
  given.service = "of another";
  RolloutEvent earlier = MakeEvent(7, "seen before it was written");
  earlier.at = "2023-11-14T22:13:19.500Z";
  Make("a", {given, earlier});
  const auto events = store_->Events("a", 0, 0, kAnyNumber);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(events->front().id, 1);
  EXPECT_EQ(events->front().service, "a");
  EXPECT_EQ(events->front().revision, 7);
  EXPECT_EQ(events->front().at, "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(events->front().kind, given.kind);
  EXPECT_EQ(events->front().text, given.text);
  EXPECT_EQ(events->front().detail.dump(), given.detail.dump());
  EXPECT_EQ(events->back().at, earlier.at);
}

TEST_P(RolloutStoreConformance, EventsComeInTheOrderOfWriting) {
  Make("a", {MakeEvent(1, "one"), MakeEvent(1, "two")});
  Make("b", {MakeEvent(1, "of another")});
  Write({"a", 1, 1, {MakeEvent(2, "three")}, {}});
  Write({"a", 2, 1, {MakeEvent(1, "four")}, {}});
  EXPECT_THAT(Texts("a"), ElementsAre("one", "two", "three", "four"));
  EXPECT_THAT(Texts("a", 1), ElementsAre("one", "two", "four"));
  EXPECT_THAT(Texts("a", 2), ElementsAre("three"));
  EXPECT_THAT(Texts("a", 3), IsEmpty());
}

TEST_P(RolloutStoreConformance, EventsAreReadInParts) {
  Make("a", {MakeEvent(1, "one"), MakeEvent(2, "two"), MakeEvent(1, "three")});
  const auto first = store_->Events("a", 0, 0, 2);
  ASSERT_EQ(first->size(), 2U);
  const int64_t seen = first->back().id;
  const auto rest = store_->Events("a", 0, seen, 2);
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_EQ(rest->front().text, "three");
  EXPECT_EQ(store_->Events("a", 1, seen, 2)->size(), 1U);
  EXPECT_THAT(*store_->Events("a", 2, seen, 2), IsEmpty());
  for (const int64_t none : {0, -1}) EXPECT_THAT(*store_->Events("a", 0, 0, none), IsEmpty());
}

TEST_P(RolloutStoreConformance, EventsOfOldRevisionsArePruned) {
  Make("a", {MakeEvent(1, "1"), MakeEvent(2, "2"), MakeEvent(4, "4"), MakeEvent(5, "5")});
  Make("b", {MakeEvent(1, "b's")});
  Write({"a", 1, 1, {MakeEvent(4, "4 again")}, {}});
  ASSERT_TRUE(store_->Prune("a", 10).ok());
  EXPECT_EQ(Texts("a").size(), 5U);
  ASSERT_TRUE(store_->Prune("a", 2).ok());
  EXPECT_THAT(Texts("a"), ElementsAre("4", "5", "4 again"));
  ASSERT_TRUE(store_->Prune("a", 0).ok());
  EXPECT_THAT(Texts("a"), ElementsAre("5")) << "the newest stays";
  EXPECT_THAT(Texts("b"), ElementsAre("b's"));
  EXPECT_TRUE(store_->Prune("c", 2).ok());
}

TEST_P(RolloutStoreConformance, TheIdOfAnEventIsNeverUsedAgain) {
  Make("a", {MakeEvent(1, "one")});
  const int64_t seen = store_->Events("a", 0, 0, 1)->front().id;
  ASSERT_TRUE(store_->Remove("a", 1).ok());
  Make("a", {MakeEvent(1, "two")});
  EXPECT_EQ(store_->Events("a", 0, seen, 1)->size(), 1U)
      << "who has read up to it sees the new one";
}

TEST_P(RolloutStoreConformance, EffectsComeWhenTheyAreDueOldestFirst) {
  Make("a", {}, {MakeEffect("late", 300), MakeEffect("first", 100), MakeEffect("also first", 100)});
  Make("b", {}, {MakeEffect("between", 200)});
  EXPECT_THAT(DueKinds(99), IsEmpty());
  EXPECT_THAT(DueKinds(100), ElementsAre("first", "also first"));
  EXPECT_THAT(DueKinds(1000), ElementsAre("first", "also first", "between", "late"));
  EXPECT_THAT(DueKinds(1000, 3), ElementsAre("first", "also first", "between"));
  for (const int64_t none : {0, -1}) EXPECT_THAT(DueKinds(1000, none), IsEmpty());
}

TEST_P(RolloutStoreConformance, EffectsOfOneKindAreNotHiddenByThoseOfOthers) {
  Make("a", {}, {MakeEffect("tag", 1), MakeEffect("notify", 2), MakeEffect("stage", 3)});
  const auto kinds = [&](const std::vector<std::string>& asked, int64_t limit) {
    std::vector<std::string> found;
    const Result<std::vector<Effect>> due = store_->DueEffects(10, limit, asked);
    for (const Effect& effect : *due) found.push_back(effect.kind);
    return found;
  };
  EXPECT_THAT(kinds({"notify"}, 1), ElementsAre("notify"));
  EXPECT_THAT(kinds({"stage", "tag"}, 9), ElementsAre("tag", "stage"));
  EXPECT_THAT(kinds({"'; DROP TABLE effects"}, 9), IsEmpty());
}

TEST_P(RolloutStoreConformance, WhatIsDueTooLateWasWrittenByAClockThatWasAhead) {
  Make("a", {},
       {MakeEffect("late", 1 + kFarthestDueMs), MakeEffect("too late", 2 + kFarthestDueMs)});
  EXPECT_THAT(DueKinds(1), ElementsAre("too late"));
}

TEST_P(RolloutStoreConformance, AnEffectIsKeptWhole) {
  Effect given = MakeEffect("notify", 100);
  given.detail = Json{{"url", "https://hooks.example/x"}, {"alert", 1}};
  given.id = 99;
  given.service = "of another";
  given.attempts = 9;
  given.last_error = "of another";
  Make("a", {}, {given});
  const auto due = Due(100);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].id, 1);
  EXPECT_EQ(due[0].service, "a");
  EXPECT_EQ(due[0].kind, "notify");
  EXPECT_EQ(due[0].detail.dump(), given.detail.dump());
  EXPECT_EQ(due[0].due_ms, 100);
  EXPECT_EQ(due[0].attempts, 0);
  EXPECT_EQ(due[0].last_error, "");
}

TEST_P(RolloutStoreConformance, AnEffectStaysUntilItIsFinished) {
  Make("a", {}, {MakeEffect("tag", 100), MakeEffect("stage", 100)});
  const int64_t id = Due(100)[0].id;
  EXPECT_EQ(Due(100).size(), 2U) << "reading takes nothing";
  ASSERT_TRUE(store_->FinishEffect(id).ok());
  EXPECT_TRUE(store_->FinishEffect(id).ok()) << "somebody else may have been faster";
  EXPECT_THAT(DueKinds(100), ElementsAre("stage"));
}

TEST_P(RolloutStoreConformance, AnEffectThatFailedIsDueAgainLater) {
  Make("a", {}, {MakeEffect("tag", 100), MakeEffect("stage", 150)});
  const int64_t id = Due(100)[0].id;
  ASSERT_TRUE(store_->RetryEffect(id, 200, "connection refused").ok());
  ASSERT_TRUE(store_->RetryEffect(id, 300, "503").ok());
  EXPECT_THAT(DueKinds(299), ElementsAre("stage"));
  EXPECT_THAT(DueKinds(300), ElementsAre("stage", "tag"));
  const Effect again = Due(300)[1];
  EXPECT_EQ(again.id, id);
  EXPECT_EQ(again.attempts, 2);
  EXPECT_EQ(again.last_error, "503");
  ASSERT_TRUE(store_->FinishEffect(id).ok());
  EXPECT_TRUE(store_->RetryEffect(id, 400, "late").ok());
  EXPECT_THAT(DueKinds(1000), ElementsAre("stage")) << "what is finished does not come back";
}

// Who finishes an effect twice must not finish another one.
TEST_P(RolloutStoreConformance, TheIdOfAnEffectIsNeverUsedAgain) {
  Make("a", {}, {MakeEffect("old", 1)});
  const int64_t id = Due(1)[0].id;
  ASSERT_TRUE(store_->FinishEffect(id).ok());
  Write({"a", 1, 1, {}, {MakeEffect("new", 1)}});
  ASSERT_TRUE(store_->FinishEffect(id).ok());
  EXPECT_THAT(DueKinds(1), ElementsAre("new"));
}

TEST_P(RolloutStoreConformance, TheChangeCounterTellsEveryChange) {
  int64_t before = *store_->ChangeCounter();
  auto changed = [&] {
    const int64_t now = *store_->ChangeCounter();
    return std::exchange(before, now) != now;
  };
  EXPECT_FALSE(changed());
  Make("a", {MakeEvent(1, "1"), MakeEvent(2, "2")}, {MakeEffect("x", 1)});
  EXPECT_TRUE(changed());
  Due(1);
  Texts("a");
  EXPECT_FALSE(store_->Write({"a", 9, 1, {}, {}}).ok());
  EXPECT_FALSE(changed()) << "reading and what was refused are no changes";
  Write({"a", 1, 1, {}, {}});
  EXPECT_TRUE(changed());
  ASSERT_TRUE(store_->RetryEffect(1, 2, "").ok());
  EXPECT_TRUE(changed());
  ASSERT_TRUE(store_->FinishEffect(1).ok());
  EXPECT_TRUE(changed());
  ASSERT_TRUE(store_->Prune("a", 1).ok());
  EXPECT_TRUE(changed());
  ASSERT_TRUE(store_->Remove("a", 2).ok());
  EXPECT_TRUE(changed());
}

TEST_P(RolloutStoreConformance, WhatCanBeNoChangeIsRefused) {
  RolloutEvent without_kind = MakeEvent(1, "x");
  without_kind.kind = "";
  for (const ServiceChange& change :
       {ServiceChange{"", 0, 1, {}, {}}, ServiceChange{"a", -1, 1, {}, {}},
        ServiceChange{"a", 0, 1, {MakeEvent(0, "of no revision")}, {}},
        ServiceChange{"a", 0, 1, {without_kind}, {}},
        ServiceChange{"a", 0, 1, {}, {MakeEffect("", 1)}}}) {
    EXPECT_EQ(store_->Write(change).error().code(), ErrorCode::kInternal);
  }
  EXPECT_THAT(*store_->Services(), IsEmpty());
}

// As a controller and the verbs of users do: read, change, and read again where somebody was
// faster.
TEST_P(RolloutStoreConformance, ConcurrentWritersLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 10;
  Write({"a", 0, 0, {}, {}});
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this] {
      for (int done = 0; done < kEach;) {
        const ServiceRecord read = **store_->Find("a");
        const auto written = store_->Write(
            {"a", read.generation, read.document.get<int>() + 1, {MakeEvent(1, "+1")}, {}});
        if (written.ok()) ++done;
        if (!written.ok() && written.error().code() != ErrorCode::kConflict) return;
      }
    });
  }
  threads.clear();
  EXPECT_EQ((*store_->Find("a"))->document, kThreads * kEach);
  EXPECT_EQ((*store_->Find("a"))->generation, kThreads * kEach + 1);
  EXPECT_EQ(Texts("a").size(), static_cast<size_t>(kThreads * kEach));
}

}  // namespace slipway::deploy
