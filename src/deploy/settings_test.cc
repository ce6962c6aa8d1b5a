// The configuration's defaults and those of the deploy stage are the same.
#include "deploy/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <fstream>

#include "config/config.h"
#include "core/testing.h"

namespace slipway::deploy {
namespace {

std::string TextOf(const Settings& s) {
  const CanarySettings& c = s.canary;
  const ComparisonSettings& p = c.comparison;
  return fmt::format("scaling {} {} {} {}\n", s.scaling.min_replicas, s.scaling.max_replicas,
                     s.scaling.target_utilization, s.scaling.scale_down_seconds) +
         fmt::format("blue-green {} {} {} {} {}\n", s.blue_green.ready_timeout_seconds,
                     s.blue_green.watch_seconds, s.blue_green.check_interval_seconds,
                     s.blue_green.validation_requests, s.blue_green.scale_down_delay_seconds) +
         fmt::format("canary {} {} {} {} {} {} {} {}\n", c.stages, c.stage_seconds,
                     c.check_interval_seconds, c.ready_timeout_seconds, c.success_ratio,
                     c.scale_down_delay_seconds, c.thresholds, c.dry_run) +
         fmt::format("comparison {} {} {} {} {} {} {} {} {} {}\n", p.alpha, p.error_margin,
                     p.latency_margin, p.accuracy_margin, p.mae_margin, p.prediction_limit,
                     p.min_requests, p.warmup_requests, p.cluster_size, p.promote_early) +
         fmt::format("traffic {} {} {} {} {} '{}' '{}' '{}' '{}'\n", c.shadow.seconds,
                     c.shadow.share, c.shadow.max_disagreement, c.shadow.tolerance.relative,
                     c.shadow.tolerance.absolute, c.sticky.header, c.sticky.cookie, c.header.name,
                     c.header.value) +
         fmt::format("rolling {} {} {} {}\n", s.rolling.max_surge, s.rolling.max_unavailable,
                     s.rolling.min_ready_seconds, s.rolling.progress_deadline_seconds);
}

Result<config::LoadedConfig> Load(const std::string& deployment) {
  const testing::TemporaryDirectory folder;
  std::ofstream(folder.File("config.yaml"))
      << "development:\n  project_name: p\n  data: {source_path: a.csv, target_column: y}\n"
         "  model: {model_type: random_forest}\n  deployment: "
      << deployment << "\n";
  config::LoadOptions options;
  options.path = folder.File("config.yaml");
  return config::LoadConfig(options);
}

class SettingsOf : public ::testing::TestWithParam<const char*> {};

TEST_P(SettingsOf, AStrategyAreTheDefaults) {
  const auto loaded = Load(fmt::format("{{deployment_strategy: {}}}", GetParam()));
  ASSERT_TRUE(loaded.ok()) << loaded.error().Render();
  const Json& deployment = loaded->config.resolved["deployment"];
  const auto read = ReadSettings(deployment);
  const auto fresh = ReadSettings({{"deployment_strategy", GetParam()}});
  ASSERT_TRUE(read.ok() && fresh.ok());
  EXPECT_EQ(TextOf(*read), TextOf(*fresh));
  // Nothing that is read has another default in the types.
  Settings types;
  types.scaling.max_replicas = fresh->scaling.max_replicas;
  EXPECT_EQ(TextOf(*fresh), TextOf(types));
}
INSTANTIATE_TEST_SUITE_P(All, SettingsOf, ::testing::Values("blue-green", "canary", "rolling"));

TEST(Settings, WhatIsWrittenIsRead) {
  const auto loaded = Load(
      "{deployment_strategy: canary, scaling_config: {min_replicas: 2, max_replicas: 4, "
      "target_utilization: 0.5, scale_down_seconds: 9}, canary: {stages: [50, 100], "
      "ready_timeout_seconds: 7, scale_down_delay_seconds: 8, dry_run: [errors, latency_p95], "
      "shadow: {seconds: 3, share: 0.5, max_disagreement: 0.1, relative_tolerance: 0.02, "
      "absolute_tolerance: 0.5}, sticky: {cookie: who}, "
      "header: {name: X-New, value: yes please}, comparison: {accuracy_margin: 0.2, mae_margin: "
      "0.4, "
      "prediction_limit: 0.3, cluster_size: 4, promote_early: true}}}");
  ASSERT_TRUE(loaded.ok()) << loaded.error().Render();
  const auto read = ReadSettings(loaded->config.resolved["deployment"]);
  ASSERT_TRUE(read.ok()) << read.error().Render();
  const std::string text = TextOf(*read);
  EXPECT_THAT(text, ::testing::HasSubstr("scaling 2 4 0.5 9\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("canary [50, 100] 300 30 7 0.8 8 "));
  EXPECT_THAT(text, ::testing::HasSubstr("[\"errors\", \"latency_p95\"]\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("0.2 0.4 0.3 100 50 4 true\n"));
  EXPECT_THAT(text,
              ::testing::HasSubstr("traffic 3 0.5 0.1 0.02 0.5 '' 'who' 'X-New' 'yes please'\n"));
}

TEST(Settings, AnExperimentDecidesNothingBeforeItsLeastTime) {
  const auto read = [](const char* experiment) {
    const auto loaded = Load(fmt::format("{{experiment: {}}}", experiment));
    EXPECT_TRUE(loaded.ok()) << loaded.error().Render();
    return ReadSettings(loaded->config.resolved["deployment"]);
  };
  EXPECT_EQ(read("{}")->experiment.min_seconds, 0);
  EXPECT_EQ(read("{seconds: 60, min_seconds: 60}")->experiment.min_seconds, 60);
  const auto longer = read("{seconds: 60, min_seconds: 61}");
  ASSERT_FALSE(longer.ok());
  EXPECT_THAT(longer.error().Render(), ::testing::HasSubstr("deployment.experiment.min_seconds"));
}

}  // namespace
}  // namespace slipway::deploy
