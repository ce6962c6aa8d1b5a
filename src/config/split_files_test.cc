// model_config.yaml and deployment_config.yaml beside a config.yaml.
#include "config/test_directory_internal.h"

namespace slipway::config {
namespace {

TEST(SplitFiles, Compose) {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("config.yaml",
                                 "development:\n"
                                 "  project_name: p\n"
                                 "  data: {source_path: a.csv, target_column: y}\n"
                                 "production:\n"
                                 "  project_name: p\n"
                                 "  data: {source_path: b.csv, target_column: y}\n"
                                 "  model: {task: classification}\n");
  directory.Write("model_config.yaml",
                  "development: {model_type: random_forest}\n"
                  "production:\n"
                  "  model: {model_type: random_forest, hyperparameters: {n_estimators: 7}}\n");
  directory.Write("deployment_config.yaml",
                  "deployment: {target: kubernetes}\n"
                  "default: {deployment_strategy: canary}\n"
                  "production: {deployment_strategy: blue-green}\n");
  const auto checked = CheckConfig(options);
  ASSERT_TRUE(checked.ok()) << checked.error().Render();
  EXPECT_EQ(checked->paths.size(), 3U);
  EXPECT_EQ(LoadOk(options).config.deployment.deployment_strategy, "canary");
  options.environment = "production";
  const LoadedConfig loaded = LoadOk(options);
  EXPECT_EQ(loaded.config.environment, "production");
  EXPECT_EQ(loaded.config.model.task, "classification");
  EXPECT_EQ(loaded.config.model.hyperparameters["n_estimators"], 7);
  EXPECT_EQ(loaded.config.deployment.deployment_strategy, "blue-green");
  EXPECT_EQ(loaded.config.deployment.all["target"], "kubernetes");
  EXPECT_EQ(directory.WithoutPath(SourceOf(loaded, "model.hyperparameters.n_estimators")),
            "model_config.yaml:3:70");
}

LoadedConfig LoadWithModelFile(const std::string& main, const std::string& model,
                               const std::string& environment = "development") {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("config.yaml", main);
  options.environment = environment;
  directory.Write("model_config.yaml", model);
  return LoadOk(options);
}

const char* const kWithoutModel =
    "development:\n"
    "  project_name: p\n"
    "  data: {source_path: a.csv, target_column: y}\n";

TEST(SplitFiles, FlatKeysServeEveryEnvironment) {
  const Config config =
      LoadWithModelFile(std::string(kWithoutModel) + "  model: {task: classification}\n",
                        "model_type: random_forest\n"
                        "hyperparameters: {n_estimators: 9}\n"
                        "development:\n"
                        "  averaging: macro\n")
          .config;
  EXPECT_EQ(config.model.model_type, "random_forest");
  EXPECT_EQ(config.model.hyperparameters["n_estimators"], 9);
  EXPECT_EQ(config.model.averaging, "macro");
  EXPECT_EQ(config.model.task, "classification");
}

TEST(SplitFiles, AKeyWithoutAValueIsNotGiven) {
  const Config config = LoadWithModelFile(std::string(kWithoutModel) + "  model:\n",
                                          "development:\n"
                                          "default: {model_type: random_forest}\n")
                            .config;
  EXPECT_EQ(config.model.model_type, "random_forest");
}

TEST(SplitFiles, NameEnvironmentsThatTheDefaultServes) {
  std::string main = kWithoutModel;
  main.replace(0, std::string("development").size(), "default");
  const Config config = LoadWithModelFile(main,
                                          "default: {model_type: random_forest}\n"
                                          "europe: {model_type: random_forest, name: eu}\n",
                                          "europe")
                            .config;
  EXPECT_EQ(config.environment, "europe");
  EXPECT_EQ(config.model.name, "eu");
}

std::string ErrorsWithModelFile(const std::string& main, const std::string& model) {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("config.yaml", main);
  directory.Write("model_config.yaml", model);
  const auto loaded = LoadConfig(options);
  const auto checked = CheckConfig(options);
  EXPECT_EQ(loaded.ok(), checked.ok());
  return loaded.ok() ? "" : directory.WithoutPath(loaded.error().Render());
}

TEST(SplitFiles, ClashesAndSlipsAreTold) {
  EXPECT_EQ(ErrorsWithModelFile(kMinimal, "name: n\nmodel_type: random_forest\n"),
            "error: model_config.yaml:2:1: model.model_type: given already in config.yaml:7:5; "
            "expected each key in one file\n");
  EXPECT_EQ(ErrorsWithModelFile(kMinimal, "developmnt: {name: n}\n"),
            "error: model_config.yaml:1:1: unknown key \"developmnt\"; expected development, "
            "default, model, or a key of `model`; try development\n");
  EXPECT_EQ(ErrorsWithModelFile(kMinimal, "x-a: 1\navreaging: macro\nqqq: 1\n"),
            "error: model_config.yaml:2:1: unknown key \"avreaging\"; expected development, "
            "default, model, or a key of `model`; try averaging\n"
            "error: model_config.yaml:3:1: unknown key \"qqq\"; expected development, default, "
            "model, or a key of `model`\n");
  for (const std::string shape : {"model: 5\n", "development:\n  model: 5\n"}) {
    const std::string told = ErrorsWithModelFile(kMinimal, shape);
    EXPECT_NE(told.find(": model: wrong type: the number 5; expected a mapping\n"),
              std::string::npos)
        << told;
    EXPECT_EQ(told.find("given already"), std::string::npos);
  }
  std::string main = kMinimal;
  main.replace(0, std::string("development").size(), "default");
  EXPECT_EQ(ErrorsWithModelFile(main, "defualt: {name: n}\n"),
            "error: model_config.yaml:1:1: unknown key \"defualt\"; expected default, model, or a "
            "key of `model`; try default\n");
}

TEST(SplitFiles, NameBothPlaces) {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("config.yaml", kMinimal);
  directory.Write("model_config.yaml", "development:\n  model_type: random_forest\n  nme: x\n");
  const auto loaded = LoadConfig(options);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(directory.WithoutPath(loaded.error().Render()),
            "error: model_config.yaml:2:3: model.model_type: given already in config.yaml:7:5; "
            "expected each key in one file\n"
            "error: model_config.yaml:3:3: model: unknown key \"nme\"; expected model_type, name, "
            "task, averaging, class_weight, hyperparameters, training_config, search_space, "
            "search, onnx, command, calibration, decision_threshold, evaluation_metrics, "
            "performance_thresholds, slices, permutation_importance, gates or card; try name\n");
}

}  // namespace
}  // namespace slipway::config
