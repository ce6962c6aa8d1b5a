#include "pipeline/step_keys.h"

#include <gtest/gtest.h>

namespace slipway::pipeline {
namespace {

StepKeys KeysOf(const config::Config& config) {
  return ComputeStepKeys(config, "sha256:source", "", {}, "rules", "");
}

config::Config Forest() {
  config::Config config;
  config.resolved = Json::object();
  config.model.model_type = "random_forest";
  config.model.hyperparameters = {{"max_depth", 4}};
  return config;
}

// A search that time ended, or a program of chance, need not come to the same again.
TEST(StepKeys, WhatCameOutIsPartOfWhatIsBehindIt) {
  const StepKeys before = KeysOf(Forest());
  StepKeys deep = before, shallow = before;
  AddHyperparameters({{"max_depth", 9}}, &deep);
  AddHyperparameters({{"max_depth", 2}}, &shallow);
  EXPECT_EQ(deep.search, before.search);
  EXPECT_NE(deep.train, before.train);
  EXPECT_NE(deep.train, shallow.train);
  EXPECT_NE(deep.evaluate, shallow.evaluate);
  EXPECT_NE(deep.gates, shallow.gates);
  EXPECT_EQ(deep.run, before.run) << "known before anything is read";

  StepKeys one = before, other = before;
  AddModel("a graph", &one);
  AddModel("another graph", &other);
  EXPECT_EQ(one.train, before.train);
  EXPECT_NE(one.evaluate, other.evaluate);
  EXPECT_NE(one.gates, other.gates);
  EXPECT_EQ(one.run, before.run);
}

// A trial is a fit and its score, whatever is done to the answers of the model that is chosen.
TEST(StepKeys, ATrialIsFoundByWhatItsFitDependsOn) {
  const config::Config plain = Forest();
  const auto trial = [](const config::Config& config) {
    return TrialKey(KeysOf(config), config, "", 1, 0);
  };
  config::Config calibrated = plain;
  calibrated.model.calibration = "sigmoid";
  calibrated.model.decision_threshold.value = 0.3;
  EXPECT_EQ(trial(calibrated), trial(plain));
  EXPECT_EQ(KeysOf(calibrated).search, KeysOf(plain).search);
  EXPECT_NE(KeysOf(calibrated).train, KeysOf(plain).train);

  config::Config parallel = plain;
  parallel.model.hyperparameters["n_jobs"] = 2;
  parallel.model.hyperparameters["verbose"] = 0;
  EXPECT_EQ(trial(parallel), trial(plain));
  parallel.model.model_type = "command";
  config::Config program = plain;
  program.model.model_type = "command";
  EXPECT_NE(trial(parallel), trial(program)) << "a program is told";

  config::Config deeper = plain;
  deeper.model.hyperparameters["max_depth"] = 5;
  EXPECT_NE(trial(deeper), trial(plain));
}

// A trial that took too long may end in time when it gets more.
TEST(StepKeys, ASearchDependsOnTheLimitsOfItsProgram) {
  config::Config program = Forest();
  program.model.model_type = "command";
  config::Config longer = program;
  longer.model.command.timeout_seconds = program.model.command.timeout_seconds + 1;
  EXPECT_NE(KeysOf(longer).search, KeysOf(program).search);
  EXPECT_EQ(KeysOf(longer).train, KeysOf(program).train);
}

}  // namespace
}  // namespace slipway::pipeline
