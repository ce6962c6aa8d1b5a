// Stages of the registry against what serves where.
#include "deploy/stage_moves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slipway::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ServiceRecord Serving(const std::string& service, const std::string& environment, int64_t version) {
  ServiceRecord record;
  record.name = service;
  record.document = {{"environment", environment},
                     {"stable", {{"model", "m"}, {"version", version}}}};
  return record;
}

Effect StageOf(const std::string& service, int64_t version, const std::string& stage) {
  Effect effect;
  effect.service = service;
  effect.kind = "stage";
  effect.detail = {{"model", "m"}, {"version", version}, {"stage", stage}};
  return effect;
}

std::vector<std::string> MovesOf(const StageDecision& decision) {
  std::vector<std::string> moves;
  for (const StageMove& move : decision.moves)
    moves.push_back(std::to_string(move.version) + " " + move.stage + (move.forced ? "!" : ""));
  return moves;
}

TEST(StageMovesTest, TheStableVersionGetsTheStage) {
  const StageDecision decision = DecideStage(StageOf("p", 2, "production"),
                                             {Serving("p", "production", 2)}, {.production = 1});
  EXPECT_THAT(MovesOf(decision), ElementsAre("2 production"));
  EXPECT_EQ(decision.note, "");
}

TEST(StageMovesTest, ForcedIsForced) {
  Effect effect = StageOf("p", 2, "production");
  effect.detail["forced"] = true;
  EXPECT_THAT(MovesOf(DecideStage(effect, {Serving("p", "production", 2)}, {})),
              ElementsAre("2 production!"));
}

// It was tried again after the undo that followed it.
TEST(StageMovesTest, WhatIsNotStableAnyMoreMovesNothing) {
  const std::vector<ServiceRecord> services = {Serving("p", "production", 1)};
  EXPECT_THAT(MovesOf(DecideStage(StageOf("p", 2, "production"), services, {.production = 1})),
              ElementsAre());
  EXPECT_THAT(MovesOf(DecideStage(StageOf("gone", 2, "production"), services, {})), ElementsAre());
}

TEST(StageMovesTest, StagingTakesNothingFromProduction) {
  const StageDecision decision =
      DecideStage(StageOf("s", 1, "staging"),
                  {Serving("p", "production", 1), Serving("s", "staging", 1)}, {.production = 1});
  EXPECT_THAT(MovesOf(decision), ElementsAre());
  EXPECT_THAT(decision.note,
              HasSubstr("m:1 keeps its stage in the registry, production: p serves"));
}

TEST(StageMovesTest, ProductionTakesFromStaging) {
  EXPECT_THAT(MovesOf(DecideStage(StageOf("p", 2, "production"),
                                  {Serving("p", "production", 2), Serving("s", "staging", 2)},
                                  {.staging = 2, .production = 1})),
              ElementsAre("2 production"));
}

// In whatever environment it serves, also one that is down and one that has no stage.
TEST(StageMovesTest, WhatServesIsNotArchived) {
  EXPECT_THAT(MovesOf(DecideStage(StageOf("p", 2, "production"),
                                  {Serving("p", "production", 2), Serving("s", "staging", 1)},
                                  {.staging = 3, .production = 1})),
              ElementsAre("1 staging!", "2 production"));
  EXPECT_THAT(MovesOf(DecideStage(StageOf("s", 2, "staging"),
                                  {Serving("d", "development", 1), Serving("s", "staging", 2)},
                                  {.staging = 1})),
              ElementsAre("1 development!", "2 staging"));
  // The stage that it would get is another's that serves.
  EXPECT_THAT(MovesOf(DecideStage(StageOf("p", 2, "production"),
                                  {Serving("d", "development", 3), Serving("p", "production", 2),
                                   Serving("s", "staging", 1)},
                                  {.staging = 3, .production = 1})),
              ElementsAre("1 development!", "2 production"));
  // It has staging and serves in production: what was not done yet, or was done wrongly once.
  EXPECT_THAT(MovesOf(DecideStage(StageOf("s", 2, "staging"),
                                  {Serving("p", "production", 1), Serving("s", "staging", 2)},
                                  {.staging = 1, .production = 4})),
              ElementsAre("1 production!", "2 staging"));
}

TEST(StageMovesTest, OfTwoServicesInOneEnvironmentTheFirstKeepsTheStage) {
  const StageDecision decision = DecideStage(
      StageOf("b", 2, "production"), {Serving("a", "production", 1), Serving("b", "production", 2)},
      {.production = 1});
  EXPECT_THAT(MovesOf(decision), ElementsAre());
  EXPECT_THAT(decision.note, HasSubstr("does not get the stage production"));
  EXPECT_THAT(decision.note, HasSubstr("a serves m:1"));
}

TEST(StageMovesTest, OtherModelsAndWhatHasNothingStableAreLeftOut) {
  ServiceRecord other = Serving("o", "production", 1);
  other.document["stable"]["model"] = "other";
  ServiceRecord empty;
  empty.name = "e";
  EXPECT_THAT(
      MovesOf(DecideStage(StageOf("p", 2, "production"),
                          {empty, other, Serving("p", "production", 2)}, {.production = 1})),
      ElementsAre("2 production"));
}

}  // namespace
}  // namespace slipway::deploy
