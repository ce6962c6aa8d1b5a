// The typed configuration of one environment: what every later stage reads. Owned by whoever loaded
// it; plain values, immutable after loading, shared freely between threads.
//
// Field names are the keys of the YAML file. Defaults are those of docs/configuration.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace slipway::config {

struct ValidationRules {
  std::optional<int64_t> min_rows;
  std::optional<double> max_missing_ratio;    // In [0, 1], for each column.
  std::optional<double> max_duplicate_ratio;  // Of rows that repeat an earlier one.
  std::optional<double> max_outlier_ratio;    // Of a column's values, beyond Tukey's outer fences.
  std::optional<double> max_association;      // Of a feature with the target, in [0, 1].
  std::optional<double> max_age_days;         // Of the newest value of `timestamp_column`.
  std::vector<std::string> required_columns;
};

// A step of preprocessing: its name and its options, {} where none were given.
struct PreprocessingStep {
  std::string name;  // "handle_missing", "normalize", …: one of config's PreprocessingSteps.
  Json options = Json::object();
};

struct SplitConfig {
  double train = 0.8;  // Shares of the rows; the three sum to 1.
  double validation = 0.1;
  double test = 0.1;
  bool stratify = true;
  std::optional<uint64_t> seed;  // model.hyperparameters.random_state where absent.
  std::string group;             // Column whose equal values stay in one part; "" for none.
  std::string time;              // Column to order by, oldest into training; "" for none.
};

struct DriftConfig {
  std::string reference;
  double alpha = 0.05;
  double min_effect = 0.1;
};

struct DataConfig {
  std::string source_path;
  bool snapshot = false;        // A run keeps the source's bytes in the artifact store.
  std::string format = "auto";  // "auto", "csv", "tsv", "jsonl", "parquet", "arrow".
  std::string query;            // SQL, where `source_path` is a database.
  std::string decimal = ".";    // Or ",".
  std::vector<std::string> missing_values = {"", "NA", "NaN", "null", "?"};
  ValidationRules validation_rules;
  std::vector<PreprocessingStep> preprocessing_steps;
  std::vector<std::string> feature_columns;  // Empty: all but target, ids and excluded ones.
  std::string target_column;
  std::vector<std::string> exclude_columns;
  std::vector<std::string> id_columns;
  std::vector<std::string> categorical_columns;
  std::string timestamp_column;
  std::string weight_column;  // How much each row counts in training; "" for all alike.
  std::string positive_class;
  std::string schema;
  SplitConfig split;
  DriftConfig drift;
};

struct TrainingConfig {
  int cross_validation = 0;  // Folds; 0 for none, else at least 2.
  bool early_stopping = false;
  bool hyperparameter_tuning = false;
};

struct SearchConfig {
  int trials = 30;
  double seconds = 600;
  std::string metric;  // "" for auc, or r2 of a regression.
};

// A graph that somebody made elsewhere.
struct GraphFile {
  std::string path;  // Of the ONNX file; empty where the model is another.
};

struct CommandTrainer {
  std::string run;     // Empty where the model is not trained by a command.
  std::string folder;  // Of the program; "" for that of the file which `run` names.
  double timeout_seconds = 3600;
  std::string memory;
};

struct ProductionGate {
  double margin = 0.01;
  double confidence = 0.95;
};

// The largest gap of a metric between the groups that a column makes.
struct GroupGap {
  std::string column;
  std::string metric;
  double max = 0;
};

struct RobustnessGate {
  bool enabled = true;
  // How much accuracy, or r2, may fall where `missing_share` of the values are missing.
  std::optional<double> max_drop;
  double missing_share = 0.05;
};

struct LeakageGate {
  std::optional<double> max_association;  // Of one feature with the target, in [0, 1].
  std::optional<double> max_shared_rows;  // Share of test rows that training has, too.
};

struct GatesConfig {
  double single_latency_seconds = 0.1;  // One prediction.
  double batch_latency_seconds = 0.01;  // Mean of a batch, per row.
  double max_size_mb = 100;             // Of the artifact directory, 1 MB = 10^6 bytes.
  bool parity = true;
  bool beats_baseline = true;
  bool lower_bound = false;  // Thresholds are held against the interval's worse end.
  std::optional<double> max_train_test_gap;  // Of accuracy, or R²: training's less the test part's.
  std::vector<std::pair<std::string, double>> slice_floor;  // Metric → what each slice must reach.
  std::vector<GroupGap> group_gap;
  RobustnessGate robustness;
  LeakageGate leakage;
  ProductionGate production;
  std::vector<std::string> dry_run;  // Gates that are reported and never fail a run.
};

// Where the label of two classes turns to the positive one, instead of at the higher probability.
struct DecisionThresholdConfig {
  std::optional<double> value;  // Given, or
  // found: "balanced_accuracy", "f1", "youden" or "cost"; "" where nothing is asked for.
  std::string maximize;
  double false_positive = 1;  // What a mistake costs, under "cost".
  double false_negative = 1;

  bool wanted() const { return value.has_value() || !maximize.empty(); }
};

// What people say of a model, for its card.
struct CardConfig {
  std::string description;
  std::string intended_use;
  std::string limitations;
  std::vector<std::string> owners;
  std::string license;
};

// Parts of the test part that are judged by themselves.
struct SlicesConfig {
  std::vector<std::string> columns;  // Each value of one, or range of its values, is a slice.
  bool search = true;                // The worst slices by the features are looked for.
  int min_rows = 30;                 // A smaller slice decides nothing.
};

struct PermutationConfig {
  int repeats = 0;     // 0 for none.
  int rows = 2000;     // Of the test part, at most.
  std::string metric;  // "" for auc, or r2.
};

struct ModelConfig {
  std::string model_type;
  std::string name;                       // "" means project_name.
  std::string task = "auto";              // "auto", "classification", "regression"
  std::string averaging = "weighted";     // "weighted", "binary", "macro", "micro"
  Json class_weight;                      // null, "balanced" or an object label → weight.
  Json hyperparameters = Json::object();  // As written; the trainer checks names and values.
  TrainingConfig training_config;
  std::vector<std::string> evaluation_metrics;
  // Metric name → least value; an object of {min, on: lower_bound} comes later under the same key.
  std::vector<std::pair<std::string, double>> performance_thresholds;
  SlicesConfig slices;
  PermutationConfig permutation_importance;
  Json search_space;
  SearchConfig search;
  GraphFile onnx;
  CommandTrainer command;
  std::string calibration;  // "sigmoid", its other name "platt", "isotonic"; "" or "none" for none.
  DecisionThresholdConfig decision_threshold;
  GatesConfig gates;
  CardConfig card;
};

// The delivery half is checked and kept as written: its stages read it when they come in.
struct DeploymentConfig {
  std::string environment;
  std::string deployment_strategy = "rolling";  // "blue-green", "canary", "rolling"
  Json all = Json::object();
};

struct Config {
  std::string environment;  // The section that was resolved: "development", "default", …
  std::string project_name;
  std::string version;  // A label such as "1.0.0".
  DataConfig data;
  ModelConfig model;
  DeploymentConfig deployment;
  std::string artifact_store;  // A URI, or a path; "" means embedded.
  std::string model_registry;  // "" or "local" means embedded.
  Json notifications = Json::array();
  Json approvals = Json::object();
  std::map<std::string, std::string> registries;  // NAME → URI.
  std::map<std::string, std::string> stores;

  // The whole resolved configuration, defaults included, in documented order, `${VAR}` left
  // unexpanded: what `config show` prints, what saving writes and what the model's config.yaml
  // takes `data` and `model` from.
  Json resolved;
  // Directory that relative data paths and `.slipway/` start from: the parent of `configs/`, else
  // the directory of the configuration file.
  std::string project_directory;
  std::string config_path;

  const std::string& model_name() const { return model.name.empty() ? project_name : model.name; }
};

}  // namespace slipway::config
