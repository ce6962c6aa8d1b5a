// Loading right configurations: what the example means, where values come from, how files compose.
#include <gmock/gmock.h>

#include <cstdlib>

#include "config/test_directory_internal.h"
#include "core/file_system.h"
#include "core/random.h"

namespace slipway::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

LoadedConfig LoadExample(const std::string& environment, bool local = false) {
  LoadOptions options;
  options.path = ExamplePath();
  options.environment = environment;
  options.local = local;
  return LoadOk(options);
}

LoadedConfig LoadText(const std::string& yaml, std::vector<std::string> overrides = {},
                      const std::string& environment = "development") {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("c.yaml", yaml);
  options.environment = environment;
  options.overrides = std::move(overrides);
  LoadedConfig loaded = LoadOk(options);
  for (Origin& origin : loaded.origins) origin.source = directory.WithoutPath(origin.source);
  return loaded;
}

TEST(Example, EveryKeyHasItsTypedField) {
  const Config config = LoadExample("production").config;
  EXPECT_EQ(config.environment, "production");
  EXPECT_EQ(config.project_name, "ml-classifier");
  EXPECT_EQ(config.model_name(), "ml-classifier");
  EXPECT_EQ(config.version, "1.0.0");
  EXPECT_EQ(config.data.source_path, "s3://data-bucket/production/train.csv");
  EXPECT_EQ(config.data.validation_rules.min_rows, 10000);
  EXPECT_EQ(config.data.validation_rules.max_missing_ratio, 0.02);
  EXPECT_THAT(config.data.validation_rules.required_columns,
              ElementsAre("feature1", "feature2", "target"));
  ASSERT_EQ(config.data.preprocessing_steps.size(), 4U);
  EXPECT_EQ(config.data.preprocessing_steps[0].name, "normalize");
  EXPECT_EQ(config.data.preprocessing_steps[1].name, "handle_missing");
  EXPECT_EQ(config.data.preprocessing_steps[2].name, "feature_selection");
  EXPECT_EQ(config.data.preprocessing_steps[3].name, "outlier_removal");
  EXPECT_EQ(config.data.feature_columns.size(), 5U);
  EXPECT_EQ(config.data.target_column, "target");
  EXPECT_EQ(config.model.model_type, "random_forest");
  EXPECT_EQ(config.model.hyperparameters.dump(),
            R"({"n_estimators":500,"max_depth":20,"random_state":42})");
  EXPECT_EQ(config.model.training_config.cross_validation, 10);
  EXPECT_TRUE(config.model.training_config.early_stopping);
  EXPECT_TRUE(config.model.training_config.hyperparameter_tuning);
  EXPECT_THAT(config.model.evaluation_metrics,
              ElementsAre("accuracy", "precision", "recall", "f1", "auc"));
  EXPECT_THAT(config.model.performance_thresholds,
              ElementsAre(Pair("accuracy", 0.9), Pair("f1", 0.88), Pair("auc", 0.92)));
  EXPECT_EQ(config.deployment.environment, "production");
  EXPECT_EQ(config.deployment.deployment_strategy, "blue-green");
  const Json& all = config.deployment.all;
  EXPECT_EQ(all["resource_requirements"]["memory"], "4Gi");
  EXPECT_EQ(all["scaling_config"]["max_replicas"], 10);
  EXPECT_EQ(all["monitoring_config"]["enable_metrics"], true);
  EXPECT_EQ(all["monitoring_config"]["alert_thresholds"]["error_rate"], 0.01);
  EXPECT_EQ(config.artifact_store, "s3://ml-artifacts-production");
  EXPECT_EQ(config.model_registry, "mlflow-production");
}

TEST(Example, SaysWhereEachValueCameFrom) {
  const LoadedConfig loaded = LoadExample("development");
  EXPECT_EQ(SourceOf(loaded, "model.hyperparameters.max_depth"), ExamplePath() + ":17:18");
  EXPECT_EQ(SourceOf(loaded, "data.feature_columns"), ExamplePath() + ":11:22");
  EXPECT_EQ(SourceOf(loaded, "data.split.train"), "default");
  EXPECT_EQ(SourceOf(loaded, "model.gates.production.margin"), "default");
}

TEST(Load, KnowsWhereEachValueStands) {
  const LoadedConfig loaded =
      LoadText(std::string(kMinimal) +
                   "    hyperparameters: {n_estimators: 5, weights: [{a: 1}]}\n"
                   "    averaging:\n",
               {"model.hyperparameters.max_depth=3"});
  const auto place = [&](const std::string& key) {
    const Location at = loaded.PositionOf(key);
    EXPECT_EQ(at.field, key);
    EXPECT_EQ(at.file.ends_with("c.yaml"), at.line > 0) << key;
    return std::pair(static_cast<int>(at.line), static_cast<int>(at.column));
  };
  EXPECT_EQ(place("project_name"), std::pair(2, 17));
  EXPECT_EQ(place("model.hyperparameters"), std::pair(8, 22));
  EXPECT_EQ(place("model.hyperparameters.n_estimators"), std::pair(8, 37));
  EXPECT_EQ(place("model.hyperparameters.weights[0].a"), std::pair(8, 54));
  EXPECT_EQ(place("model.hyperparameters.max_depth"), std::pair(0, 0));  // --set
  EXPECT_EQ(place("model.task"), std::pair(0, 0));                       // A default.
  EXPECT_EQ(loaded.PositionOf("model.task").file, "");
}

TEST(Example, TellsWhatWaitsForALaterStage) {
  std::vector<std::string> keys;
  const LoadedConfig loaded =
      LoadText(std::string(kMinimal) +
               "  deployment: {namespace: models}\n  approvals: {production: {minimum: 2}}\n");
  for (const Origin& later : loaded.later) keys.push_back(later.key);
  EXPECT_THAT(keys, ElementsAre("deployment.namespace", "approvals"));
  EXPECT_THAT(LoadText(kMinimal).later, IsEmpty());
  EXPECT_THAT(LoadExample("production").later, IsEmpty());
}

TEST(Example, EnvironmentsAreListedInFileOrder) {
  const auto names = ListEnvironments(ExamplePath());
  ASSERT_TRUE(names.ok());
  EXPECT_THAT(*names, ElementsAre("development", "staging", "production"));
  LoadOptions options;
  options.path = ExamplePath();
  EXPECT_TRUE(CheckConfig(options).ok());
}

TEST(Load, DefaultsAreThoseOfTheTypes) {
  const Config config = LoadText(kMinimal).config;
  const Config fresh;
  EXPECT_EQ(config.data.missing_values, fresh.data.missing_values);
  EXPECT_EQ(config.data.format, fresh.data.format);
  EXPECT_EQ(config.data.split.train, fresh.data.split.train);
  EXPECT_EQ(config.data.split.seed, fresh.data.split.seed);
  EXPECT_EQ(config.model.averaging, fresh.model.averaging);
  EXPECT_TRUE(config.model.class_weight.is_null());
  EXPECT_EQ(config.model.hyperparameters, fresh.model.hyperparameters);
  EXPECT_EQ(config.model.gates.max_size_mb, fresh.model.gates.max_size_mb);
  EXPECT_EQ(config.model.gates.production.confidence, fresh.model.gates.production.confidence);
  EXPECT_EQ(config.deployment.deployment_strategy, fresh.deployment.deployment_strategy);
  EXPECT_EQ(config.artifact_store, "local");
  EXPECT_EQ(config.resolved["model"]["gates"]["max_size_mb"], 100);
  EXPECT_EQ(config.resolved["deployment"]["port"], 8080);
}

TEST(Load, AbsentEnvironmentFallsBackToDefault) {
  std::string text = kMinimal;
  text.replace(0, std::string("development").size(), "default");
  const Config config = LoadText(text, {}, "production").config;
  EXPECT_EQ(config.environment, "default");
  EXPECT_EQ(config.project_name, "churn");
}

TEST(Load, AKeyWithoutAValueIsNotGiven) {
  const Config config = LoadText(std::string(kMinimal) +
                                 "    hyperparameters: {max_depth: null}\n"
                                 "    training_config:\n"
                                 "    class_weight: ~\n")
                            .config;
  EXPECT_EQ(config.resolved["model"]["training_config"]["cross_validation"], 0);
  EXPECT_TRUE(config.model.class_weight.is_null());
  EXPECT_TRUE(config.model.hyperparameters.at("max_depth").is_null());
}

TEST(Load, AThresholdIsANumberAutoOrAGoal) {
  const auto threshold = [](const std::string& value) {
    const std::string text = std::string(kMinimal) + "    decision_threshold: " + value + "\n";
    return LoadText(text).config.model.decision_threshold;
  };
  EXPECT_FALSE(LoadText(kMinimal).config.model.decision_threshold.wanted());
  EXPECT_EQ(threshold("0.3").value, 0.3);
  EXPECT_EQ(threshold("0").value, 0);
  EXPECT_TRUE(threshold("0.3").maximize.empty());
  EXPECT_EQ(threshold("auto").maximize, "balanced_accuracy");
  EXPECT_EQ(threshold("{maximize: f1}").maximize, "f1");
  const auto priced = threshold("{maximize: cost, cost: {false_positive: 2, false_negative: 7.5}}");
  EXPECT_EQ(priced.false_positive, 2);
  EXPECT_EQ(priced.false_negative, 7.5);
  EXPECT_FALSE(priced.value);
}

TEST(Load, ACardIsWhatPeopleWrote) {
  const Config config = LoadText(std::string(kMinimal) +
                                 "    card:\n"
                                 "      intended_use: To know whom to call.\n"
                                 "      owners: [ada, team churn]\n")
                            .config;
  EXPECT_EQ(config.model.card.intended_use, "To know whom to call.");
  EXPECT_EQ(config.model.card.owners, (std::vector<std::string>{"ada", "team churn"}));
  EXPECT_FALSE(LoadText(kMinimal).config.resolved["model"].contains("card"));
}

TEST(Load, LabelsKeepTheirText) {
  const Config config =
      LoadText(
          "development:\n"
          "  project_name: p\n"
          "  version: 1.10\n"
          "  data: {source_path: a.csv, target_column: 007, positive_class: Yes, "
          "missing_values: [-999, null, NA]}\n"
          "  model: {model_type: random_forest, class_weight: {1: 2, \"no\": 0.5}}\n")
          .config;
  EXPECT_EQ(config.version, "1.10");
  EXPECT_EQ(config.data.target_column, "007");
  EXPECT_EQ(config.data.positive_class, "Yes");
  EXPECT_THAT(config.data.missing_values, ElementsAre("-999", "null", "NA"));
  EXPECT_EQ(config.model.class_weight, (Json{{"1", 2}, {"no", 0.5}}));
}

TEST(Load, StepsTakeOptions) {
  const Config config = LoadText(
                            "development:\n"
                            "  project_name: p\n"
                            "  data:\n"
                            "    source_path: a.csv\n"
                            "    target_column: y\n"
                            "    preprocessing_steps:\n"
                            "      - handle_missing: {numeric: median}\n"
                            "      - normalize:\n"
                            "      - outlier_removal: {}\n"
                            "  model: {model_type: random_forest}\n")
                            .config;
  const auto& steps = config.data.preprocessing_steps;
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].name, "handle_missing");
  EXPECT_EQ(steps[0].options, (Json{{"numeric", "median"}}));
  EXPECT_EQ(steps[1].options, Json::object());
  EXPECT_EQ(config.resolved["data"]["preprocessing_steps"].dump(),
            R"([{"handle_missing":{"numeric":"median"}},"normalize","outlier_removal"])");
}

TEST(Load, SlicesAndTheGatesOnThem) {
  const Config config = LoadText(
                            "development:\n"
                            "  project_name: p\n"
                            "  data: {source_path: t.csv, target_column: y}\n"
                            "  model:\n"
                            "    model_type: random_forest\n"
                            "    slices: {columns: [sex, age]}\n"
                            "    permutation_importance: {repeats: 5}\n"
                            "    gates:\n"
                            "      slice_floor: {accuracy: 0.7}\n"
                            "      group_gap: [{column: sex, metric: recall, max: 0.1}]\n"
                            "      robustness: {max_drop: 0.2}\n")
                            .config;
  EXPECT_THAT(config.model.slices.columns, ElementsAre("sex", "age"));
  EXPECT_EQ(config.model.slices.min_rows, 30);
  EXPECT_EQ(config.model.permutation_importance.repeats, 5);
  EXPECT_THAT(config.model.gates.slice_floor, ElementsAre(Pair("accuracy", 0.7)));
  ASSERT_EQ(config.model.gates.group_gap.size(), 1U);
  EXPECT_EQ(config.model.gates.group_gap[0].column, "sex");
  EXPECT_EQ(config.model.gates.group_gap[0].metric, "recall");
  EXPECT_EQ(config.model.gates.group_gap[0].max, 0.1);
  EXPECT_TRUE(config.model.gates.robustness.enabled);
  EXPECT_EQ(config.model.gates.robustness.max_drop, 0.2);
}

TEST(Load, AnchorsAndMergesLendValues) {
  const LoadedConfig loaded = LoadText(
      "x-model: &model\n"
      "  model_type: random_forest\n"
      "  hyperparameters: {n_estimators: 10}\n"
      "default: &base\n"
      "  project_name: p\n"
      "  data: {source_path: a.csv, target_column: y}\n"
      "  model: *model\n"
      "development:\n"
      "  <<: *base\n"
      "  model:\n"
      "    <<: [*model]\n"
      "    hyperparameters: {n_estimators: 99}\n");
  EXPECT_EQ(loaded.config.model.hyperparameters["n_estimators"], 99);
  EXPECT_EQ(loaded.config.project_name, "p");
  EXPECT_EQ(SourceOf(loaded, "project_name"), "c.yaml:5:17");
  EXPECT_EQ(SourceOf(loaded, "model.model_type"), "c.yaml:2:15");
}

TEST(Load, VariablesAreExpandedInFieldsAndNotInWhatIsShown) {
  setenv("SLIPWAY_TEST_ROWS", "250", 1);
  setenv("SLIPWAY_TEST_URI", "postgresql://u:hunter2@db", 1);
  unsetenv("SLIPWAY_TEST_UNSET");
  const LoadedConfig loaded = LoadText(
      "development:\n"
      "  project_name: p\n"
      "  data:\n"
      "    source_path: ${SLIPWAY_TEST_UNSET:-data}/$$x/${SLIPWAY_TEST_ROWS}.csv\n"
      "    target_column: y\n"
      "    validation_rules: {min_rows: \"${SLIPWAY_TEST_ROWS}\"}\n"
      "  model:\n"
      "    model_type: random_forest\n"
      "    hyperparameters: {n_estimators: \"${SLIPWAY_TEST_ROWS}\", max_depth: "
      "\"${SLIPWAY_TEST_UNSET:-}\"}\n"
      "  model_registry: prod\n"
      "  registries: {prod: \"${SLIPWAY_TEST_URI}\"}\n");
  const Config& config = loaded.config;
  EXPECT_EQ(config.data.source_path, "data/$x/250.csv");
  EXPECT_EQ(config.data.validation_rules.min_rows, 250);
  EXPECT_EQ(config.model.hyperparameters["n_estimators"], 250);
  EXPECT_TRUE(config.model.hyperparameters["max_depth"].is_null());
  EXPECT_EQ(config.resolved["data"]["validation_rules"]["min_rows"], "${SLIPWAY_TEST_ROWS}");
  EXPECT_EQ(config.resolved["data"]["source_path"],
            "${SLIPWAY_TEST_UNSET:-data}/$$x/${SLIPWAY_TEST_ROWS}.csv");
  EXPECT_EQ(SourceOf(loaded, "data.source_path"),
            "c.yaml:4:18, SLIPWAY_TEST_UNSET not set, its default, SLIPWAY_TEST_ROWS set");
  EXPECT_EQ(RenderWithOrigins(loaded).find("hunter2"), std::string::npos);
  EXPECT_EQ(CompactJson(ToJson(loaded)).find("hunter2"), std::string::npos);
  const StoreLocation location = LocateModelRegistry(config);
  EXPECT_FALSE(location.embedded);
  EXPECT_EQ(location.uri, "postgresql://u:hunter2@db");
  EXPECT_EQ(location.shown, "${SLIPWAY_TEST_URI}");
}

TEST(Load, WhatAVariableHoldsIsTypedByItsKey) {
  setenv("SLIPWAY_TEST_BALANCED", "balanced", 1);
  setenv("SLIPWAY_TEST_YES", "yes\n", 1);
  setenv("SLIPWAY_TEST_ROWS", " 250 \r\n", 1);
  setenv("SLIPWAY_TEST_FORMAT", "csv\n", 1);
  const LoadedConfig loaded = LoadText(
      "development:\n"
      "  project_name: p\n"
      "  data:\n"
      "    source_path: a.csv\n"
      "    target_column: y\n"
      "    format: ${SLIPWAY_TEST_FORMAT}\n"
      "    validation_rules: {min_rows: \"${SLIPWAY_TEST_ROWS}\"}\n"
      "    split: {stratify: \"${SLIPWAY_TEST_YES}\"}\n"
      "  model:\n"
      "    model_type: random_forest\n"
      "    class_weight: ${SLIPWAY_TEST_BALANCED}\n"
      "    hyperparameters: {n_estimators: \"${SLIPWAY_TEST_ROWS}\"}\n"
      "    training_config:\n"
      "      early_stopping: ${SLIPWAY_TEST_YES}\n");
  const Config& config = loaded.config;
  EXPECT_EQ(config.model.class_weight, "balanced");
  EXPECT_EQ(config.resolved["model"]["class_weight"], "${SLIPWAY_TEST_BALANCED}");
  EXPECT_EQ(config.data.format, "csv");
  EXPECT_EQ(config.data.validation_rules.min_rows, 250);
  EXPECT_EQ(config.model.hyperparameters["n_estimators"], 250);
  EXPECT_TRUE(config.data.split.stratify);
  EXPECT_TRUE(config.model.training_config.early_stopping);
}

TEST(Load, WholeNumbersMayBeWrittenAsFractions) {
  const Config config = LoadText(std::string(kMinimal) +
                                     "    training_config: {cross_validation: 5.0}\n"
                                     "    search: {trials: 1e3}\n",
                                 {"data.validation_rules.min_rows=1E+3"})
                            .config;
  EXPECT_EQ(config.model.training_config.cross_validation, 5);
  EXPECT_EQ(config.model.search.trials, 1000);
  EXPECT_EQ(config.data.validation_rules.min_rows, 1000);
  EXPECT_EQ(CompactJson(config.resolved["model"]["search"]["trials"]), "1000");
}

TEST(Load, OverridesReplaceValues) {
  const LoadedConfig loaded = LoadText(
      kMinimal, {"model.hyperparameters.n_estimators=50", "model.hyperparameters.new=[1, a]",
                 "data.feature_columns=[a, b]", "project_name=first", "project_name=second"});
  EXPECT_EQ(loaded.config.model.hyperparameters.dump(), R"({"n_estimators":50,"new":[1,"a"]})");
  EXPECT_THAT(loaded.config.data.feature_columns, ElementsAre("a", "b"));
  EXPECT_EQ(loaded.config.project_name, "second");
  EXPECT_EQ(SourceOf(loaded, "project_name"), "--set");
  EXPECT_EQ(SourceOf(loaded, "model.hyperparameters.new"), "--set");
  EXPECT_EQ(SourceOf(loaded, "model.model_type"), "c.yaml:7:17");
}

TEST(Load, LocalMapsRemoteStoresOnly) {
  const LoadedConfig loaded = LoadExample("production", true);
  EXPECT_EQ(loaded.config.artifact_store, "local");
  EXPECT_EQ(loaded.config.model_registry, "local");
  EXPECT_EQ(loaded.config.resolved["model_registry"], "local");
  EXPECT_EQ(loaded.config.data.source_path, "s3://data-bucket/production/train.csv");
  EXPECT_EQ(SourceOf(loaded, "artifact_store"), "--local");

  const TestDirectory directory;
  LoadOptions options;
  options.local = true;
  options.path = directory.Write("c.yaml", std::string(kMinimal) +
                                               "  artifact_store: ./store\n"
                                               "  model_registry: team\n"
                                               "  registries: {team: \"https://mlflow\"}\n");
  const LoadedConfig mixed = LoadOk(options);
  EXPECT_EQ(mixed.config.artifact_store, "./store");
  EXPECT_EQ(mixed.config.model_registry, "local");
}

TEST(Load, DataOptionStartsAtTheWorkingDirectory) {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("p/configs/config.yaml", kMinimal);
  options.data_path = "/data/x.csv";
  EXPECT_EQ(DataPath(LoadOk(options).config), "/data/x.csv");
  options.data_path = "s3://bucket/x.csv";
  EXPECT_EQ(DataPath(LoadOk(options).config), "s3://bucket/x.csv");
  options.data_path = "x.csv";
  const LoadedConfig loaded = LoadOk(options);
  EXPECT_EQ(SourceOf(loaded, "data.source_path"), "--data");
  EXPECT_TRUE(std::filesystem::path(loaded.config.data.source_path).is_relative());
  EXPECT_EQ(std::filesystem::path(DataPath(loaded.config)).lexically_normal(),
            std::filesystem::current_path() / "x.csv");
}

TEST(Load, ProjectIsTheParentOfConfigs) {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("p/configs/config.yaml", kMinimal);
  EXPECT_EQ(LoadOk(options).config.project_directory, directory.path() + "/p");
  EXPECT_EQ(DataPath(LoadOk(options).config), directory.path() + "/p/data/train.csv");
  options.path = directory.path() + "/p";  // A folder: its configs/config.yaml.
  EXPECT_EQ(LoadOk(options).config.config_path, directory.path() + "/p/configs/config.yaml");
  options.path = directory.Write("other/my.yaml", kMinimal);
  EXPECT_EQ(LoadOk(options).config.project_directory, directory.path() + "/other");

  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path() + "/p");
  options.path = "";
  const Config found = LoadOk(options).config;
  EXPECT_EQ(found.config_path, "configs/config.yaml");
  EXPECT_EQ(found.project_directory, ".");
  EXPECT_EQ(DataPath(found), "data/train.csv");
  std::filesystem::current_path(directory.path() + "/p/configs");
  EXPECT_EQ(LoadOk(options).config.project_directory, "..");
  std::filesystem::current_path(before);
}

TEST(Diff, TellsKeysThatDiffer) {
  const Config staging = LoadExample("staging").config;
  const Config production = LoadExample("production").config;
  EXPECT_THAT(Diff(staging, staging), IsEmpty());
  EXPECT_EQ(RenderDiff(staging, staging), "staging and staging are the same\n");
  const auto differences = Diff(staging, production);
  const auto find = [&](const std::string& key) {
    for (const Difference& difference : differences) {
      if (difference.key == key) return std::pair(difference.left, difference.right);
    }
    return std::pair(Json("none"), Json("none"));
  };
  EXPECT_EQ(find("model.hyperparameters.max_depth"), std::pair(Json(15), Json(20)));
  EXPECT_EQ(find("deployment.monitoring_config.alert_thresholds.error_rate"),
            std::pair(Json(), Json(0.01)));
  EXPECT_EQ(find("project_name").first, "none");
  EXPECT_EQ(differences.size(), 52U);
}

// scikit-learn reads 1.0 as a share and 1 as a count.
TEST(Hyperparameters, AShareOfAllIsNotACountOfOne) {
  const LoadedConfig loaded = LoadText(
      std::string(kMinimal) + "    hyperparameters: {max_features: 1.0, n_estimators: 7}\n",
      {"model.hyperparameters.max_samples=1.0"});
  EXPECT_EQ(loaded.config.model.hyperparameters.dump(),
            R"({"max_features":1.0,"n_estimators":7,"max_samples":1.0})");
  EXPECT_NE(ToYaml(loaded.config).find("max_features: 1.0"), std::string::npos);
}

TEST(Load, ExpandsATextThatWasKeptAsItIsWritten) {
  EXPECT_EQ(*ExpandText("a$$b ${SLIPWAY_TEST_UNSET:-c}"), "a$b c");
  const auto unset = ExpandText("https://${SLIPWAY_TEST_UNSET}/x");
  ASSERT_FALSE(unset.ok());
  EXPECT_THAT(unset.error().ToString(), testing::HasSubstr("SLIPWAY_TEST_UNSET is not set"));
}

TEST(Show, FillsTheSectionOfTheChosenStrategy) {
  const LoadedConfig canary =
      LoadText(std::string(kMinimal) + "  deployment: {deployment_strategy: canary}\n");
  const Json& deployment = canary.config.resolved["deployment"];
  EXPECT_EQ(deployment["canary"]["stages"], Json::array({10, 25, 50, 100}));
  EXPECT_EQ(deployment["canary"]["comparison"]["alpha"], 0.05);
  EXPECT_EQ(SourceOf(canary, "deployment.canary.stage_seconds"), "default");
  EXPECT_FALSE(deployment.contains("rolling"));
  EXPECT_EQ(canary.config.deployment.all["canary"]["thresholds"]["latency_p95"], 500);
  EXPECT_EQ(deployment["canary"]["dry_run"], Json::array({"predictions"}));
  EXPECT_EQ(deployment["canary"]["shadow"]["seconds"], 0);
  EXPECT_EQ(deployment["canary"]["comparison"]["promote_early"], false);
  EXPECT_FALSE(deployment["canary"].contains("sticky"));
  EXPECT_EQ(deployment["scaling_config"]["target_utilization"], 0.8);

  const LoadedConfig unsaid = LoadText(kMinimal);
  EXPECT_EQ(unsaid.config.resolved["deployment"]["rolling"]["max_surge"], 1);
  EXPECT_FALSE(unsaid.config.resolved["deployment"].contains("canary"));
  EXPECT_THAT(unsaid.later, IsEmpty());
}

TEST(Show, PutsOriginsBesideValues) {
  const LoadedConfig loaded =
      LoadText(kMinimal, {"data.exclude_columns=[a]", "data.drift.alpha=0.01"});
  const std::string shown = RenderWithOrigins(loaded);
  EXPECT_EQ(shown.substr(0, shown.find("    split:")),
            "development:\n"
            "  project_name: churn                  # c.yaml:2:17\n"
            "  data:\n"
            "    source_path: data/train.csv        # c.yaml:4:18\n"
            "    snapshot: false                    # default\n"
            "    format: auto                       # default\n"
            "    decimal: .                         # default\n"
            "    missing_values:                    # default\n"
            "      - \"\"\n"
            "      - NA\n"
            "      - NaN\n"
            "      - \"null\"\n"
            "      - \"?\"\n"
            "    target_column: target              # c.yaml:5:20\n"
            "    exclude_columns:                   # --set\n"
            "      - a\n");
  EXPECT_EQ(shown.substr(shown.find("\n\n") + 2),
            "# Accepted, and not acted on by this build:\n"
            "#   data.drift: for data drift\n");
  const Json json = ToJson(loaded);
  EXPECT_EQ(json["environment"], "development");
  EXPECT_EQ(json["config"], loaded.config.resolved);
  EXPECT_EQ(json["origins"]["data.exclude_columns"], "--set");
  EXPECT_EQ(json["later"]["data.drift"], "data drift");
}

// Changed, cut and doubled bytes of the example: whatever comes out, it is a configuration or an
// error with a place.
TEST(Mutations, NeverCrash) {
  const auto original = LocalFileSystem().ReadFile(ExamplePath());
  ASSERT_TRUE(original.ok());
  const TestDirectory directory;
  Random random(7);
  const std::string alphabet = "{}[]:,&*#?|-<>=!%@\\\"'`~ \n\t0a.$\x80\xff";
  int failed = 0;
  constexpr int kRounds = 600;
  for (int round = 0; round < kRounds; ++round) {
    std::string text = *original;
    for (uint64_t change = random.Below(4) + 1; change > 0; --change) {
      const size_t at = random.Below(text.size());
      const size_t length = std::min<size_t>(random.Below(40), text.size() - at);
      const uint64_t kind = random.Below(4);
      if (kind == 0) text[at] = alphabet[random.Below(alphabet.size())];
      if (kind == 1) text.erase(at, length);
      if (kind == 2) text.insert(random.Below(text.size()), text.substr(at, length));
      if (kind == 3) text.insert(at, 1, alphabet[random.Below(alphabet.size())]);
    }
    LoadOptions options;
    options.path = directory.Write("c.yaml", text);
    const auto checked = CheckConfig(options);
    if (checked.ok()) continue;
    ++failed;
    EXPECT_EQ(checked.error().location().file, options.path) << text;
    EXPECT_FALSE(checked.error().Render().empty());
  }
  EXPECT_GT(failed, kRounds / 2);
  EXPECT_LT(failed, kRounds);
}

}  // namespace
}  // namespace slipway::config
