// What is said of wrong configurations, word for word.
#include <fmt/format.h>

#include <cstdlib>

#include "config/test_directory_internal.h"

namespace slipway::config {
namespace {

TEST(Errors, NoneForTheMinimalConfiguration) {
  EXPECT_EQ(ErrorsOf(kMinimal), "");
  EXPECT_EQ(ErrorsWith(""), "");
}

TEST(Errors, AllAtOnceInFileOrder) {
  EXPECT_EQ(ErrorsOf("development:\n"
                     "  project_name: 12\n"
                     "  versoin: \"1.0.0\"\n"
                     "  data:\n"
                     "    source_path: data/train.csv\n"
                     "    source_path: data/other.csv\n"
                     "    validation_rules:\n"
                     "      min_rows: many\n"
                     "      max_missing_ratio: 1.5\n"
                     "  model:\n"
                     "    model_type: randm_forest\n"),
            "error: c.yaml:2:17: project_name: wrong type: the number 12; expected text; try "
            "\"12\" in quotes\n"
            "error: c.yaml:3:3: unknown key \"versoin\"; expected project_name, version, data, "
            "model, deployment, artifact_store, model_registry, registries, stores, notifications "
            "or approvals; try version\n"
            "error: c.yaml:4:3: data.target_column: missing key; expected text\n"
            "error: c.yaml:6:5: duplicate key \"source_path\", given first in line 5; expected "
            "each key once\n"
            "error: c.yaml:8:17: data.validation_rules.min_rows: wrong type: the text \"many\"; "
            "expected a whole number, 0 or more\n"
            "error: c.yaml:9:26: data.validation_rules.max_missing_ratio: 1.5 is out of range; "
            "expected a number from 0 to 1\n"
            "error: c.yaml:11:17: model.model_type: unknown name \"randm_forest\"; expected "
            "random_forest, gradient_boosting, logistic_regression, linear_regression, ridge, "
            "command or onnx; try random_forest\n");
}

struct Case {
  const char* data;
  const char* model;
  const char* rest;
  const char* expected;
};

class OneMistake : public testing::TestWithParam<Case> {};

TEST_P(OneMistake, IsToldWithPlaceExpectationAndNearestName) {
  EXPECT_EQ(ErrorsWith(GetParam().data, GetParam().model, GetParam().rest), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Data, OneMistake,
    testing::Values(
        Case{"    target_colum: y\n", "", "",
             "error: c.yaml:6:5: data: unknown key \"target_colum\"; expected source_path, "
             "snapshot, "
             "format, query, decimal, missing_values, validation_rules, preprocessing_steps, "
             "feature_columns, "
             "target_column, exclude_columns, id_columns, categorical_columns, timestamp_column, "
             "weight_column, positive_class, schema, split or drift; try target_column\n"},
        Case{"    validation_rules: {min_rows: -5}\n", "", "",
             "error: c.yaml:6:34: data.validation_rules.min_rows: -5 is out of range; expected a "
             "whole number, 0 or more\n"},
        Case{"    validation_rules: {min_rows: 10.5}\n", "", "",
             "error: c.yaml:6:34: data.validation_rules.min_rows: wrong type: the number 10.5; "
             "expected a whole number, 0 or more\n"},
        Case{"    validation_rules: {min_rows: \"10\"}\n", "", "",
             "error: c.yaml:6:34: data.validation_rules.min_rows: wrong type: the text \"10\"; "
             "expected a whole number, 0 or more; try 10 without quotes\n"},
        Case{"    validation_rules: {min_rows: 99999999999999999999}\n", "", "",
             "error: c.yaml:6:34: data.validation_rules.min_rows: wrong type: the number "
             "99999999999999999999; expected a whole number, 0 or more\n"},
        Case{"    validation_rules: [1]\n", "", "",
             "error: c.yaml:6:23: data.validation_rules: wrong type: a list; expected a mapping\n"},
        Case{"    feature_columns: age\n", "", "",
             "error: c.yaml:6:22: data.feature_columns: wrong type: the text \"age\"; expected a "
             "list; try [age]\n"},
        Case{"    feature_columns: [age, income, age]\n", "", "",
             "error: c.yaml:6:36: data.feature_columns: \"age\" is listed twice; expected each "
             "once\n"},
        Case{"    feature_columns: [age, [b]]\n", "", "",
             "error: c.yaml:6:28: data.feature_columns[1]: wrong type: a list; expected text\n"},
        Case{"    feature_columns: [age, target]\n", "", "",
             "error: c.yaml:6:5: data.feature_columns: \"target\" is the target_column; expected "
             "columns other than the one to predict\n"},
        Case{"    feature_columns: [age]\n    id_columns: [age]\n", "", "",
             "error: c.yaml:7:5: data.id_columns: \"age\" is one of feature_columns; expected each "
             "column in one of the lists\n"},
        Case{"    preprocessing_steps: [normalise]\n", "", "",
             "error: c.yaml:6:27: data.preprocessing_steps[0]: unknown name \"normalise\"; "
             "expected handle_missing, normalize, feature_selection, outlier_removal, "
             "timestamp_features or encode; try "
             "normalize\n"},
        Case{"    preprocessing_steps: [{handle_missing: {numeric: medain}}]\n", "", "",
             "error: c.yaml:6:54: data.preprocessing_steps[0].handle_missing.numeric: unknown name "
             "\"medain\"; expected mean, median or constant; try median\n"},
        Case{"    preprocessing_steps: [{handle_missing: {numerc: mean}}]\n", "", "",
             "error: c.yaml:6:45: data.preprocessing_steps[0].handle_missing: unknown key "
             "\"numerc\"; expected numeric, fill_value or categorical; try numeric\n"},
        Case{"    preprocessing_steps: [{normalise: {}}]\n", "", "",
             "error: c.yaml:6:28: data.preprocessing_steps[0]: unknown name \"normalise\"; "
             "expected handle_missing, normalize, feature_selection, outlier_removal, "
             "timestamp_features or encode; try "
             "normalize\n"},
        Case{"    preprocessing_steps: [normalize, {normalize: {method: minmax}}]\n", "", "",
             "error: c.yaml:6:38: data.preprocessing_steps: \"normalize\" is listed twice; "
             "expected each once\n"},
        Case{"    preprocessing_steps: [{normalize: {}, handle_missing: {}}]\n", "", "",
             "error: c.yaml:6:27: data.preprocessing_steps[0]: wrong type: a mapping; expected "
             "handle_missing, normalize, feature_selection, outlier_removal, timestamp_features or "
             "encode\n"},
        Case{"    preprocessing_steps: [{encode: {columns: {city: targt}}}]\n", "", "",
             "error: c.yaml:6:53: data.preprocessing_steps[0].encode.columns.city: unknown name "
             "\"targt\"; expected auto, one_hot, rank, frequency or target; try target\n"},
        Case{"    preprocessing_steps: [{encode: {unknown: error}}]\n", "", "",
             "error: c.yaml:6:46: data.preprocessing_steps[0].encode.unknown: \"error\" can't be "
             "done "
             "inside a model's graph: `slipway predict` warns of them; expected ignore or "
             "infrequent\n"},
        Case{"    preprocessing_steps: [{timestamp_features: {columns: {at: [hours]}}}]\n", "", "",
             "error: c.yaml:6:64: data.preprocessing_steps[0].timestamp_features.columns.at[0]: "
             "unknown name \"hours\"; expected elapsed, year, quarter, month, day_of_month, "
             "day_of_year, day_of_week, is_weekend, hour or minute; try hour\n"},
        Case{"    preprocessing_steps: [{timestamp_features: {columns: {at: hour}}}]\n", "", "",
             "error: c.yaml:6:63: data.preprocessing_steps[0].timestamp_features.columns.at: wrong "
             "type: the text \"hour\"; expected a list; try [hour]\n"},
        Case{"    format: cvs\n", "", "",
             "error: c.yaml:6:13: data.format: unknown name \"cvs\"; expected auto, csv, tsv, "
             "parquet, jsonl or "
             "arrow; try csv\n"},
        Case{"    split: {train: 0.8, validation: 0.1, test: 0.2}\n", "", "",
             "error: c.yaml:6:5: data.split: train 0.8 + validation 0.1 + test 0.2 is 1.1; "
             "expected a sum of 1 (0.8, 0.1 and 0.1 where not given)\n"},
        Case{"    split: {train: 0.7}\n", "", "",
             "error: c.yaml:6:5: data.split: train 0.7 + validation 0.1 + test 0.1 is 0.9; "
             "expected a sum of 1 (0.8, 0.1 and 0.1 where not given)\n"},
        Case{"    split: {train: 0}\n", "", "",
             "error: c.yaml:6:20: data.split.train: 0 is out of range; expected a number above 0 "
             "and at most 1\n"},
        Case{"    split: {stratify: 1}\n", "", "",
             "error: c.yaml:6:23: data.split.stratify: wrong type: the number 1; expected true or "
             "false\n"}));

INSTANTIATE_TEST_SUITE_P(
    Model, OneMistake,
    testing::Values(
        Case{"", "    averaging: weigthed\n", "",
             "error: c.yaml:8:16: model.averaging: unknown name \"weigthed\"; expected weighted, "
             "binary, macro or micro; try weighted\n"},
        Case{"", "    task: regresion\n", "",
             "error: c.yaml:8:11: model.task: unknown name \"regresion\"; expected auto, "
             "classification or regression; try regression\n"},
        Case{"", "    task: classification\n    evaluation_metrics: [rmse]\n", "",
             "error: c.yaml:9:5: model.evaluation_metrics: \"rmse\" is no metric of a "
             "classification; expected accuracy, precision, recall, f1, f1_score, auc, log_loss, "
             "balanced_accuracy, pr_auc, average_precision, brier, brier_score, calibration_error "
             "or ece\n"},
        Case{"", "    cross_validation: 5\n", "",
             "error: c.yaml:8:5: model: unknown key \"cross_validation\"; expected model_type, "
             "name, task, averaging, class_weight, hyperparameters, training_config, search_space, "
             "search, onnx, command, calibration, decision_threshold, evaluation_metrics, "
             "performance_thresholds, slices, permutation_importance, gates or card; try "
             "model.training_config.cross_validation\n"},
        Case{"", "    calibration: isotone\n", "",
             "error: c.yaml:8:18: model.calibration: unknown name \"isotone\"; expected none, "
             "sigmoid, platt or isotonic; try isotonic\n"},
        Case{
            "", "    calibration: platt\n    task: regression\n", "",
            "error: c.yaml:8:5: model.calibration: a regression has no scores of classes; expected "
            "model.task: classification\n"},
        Case{"    split: {train: 0.8, validation: 0, test: 0.2}\n", "    calibration: platt\n", "",
             "error: c.yaml:9:5: model.calibration: no rows are held out to find it on; expected "
             "model.training_config.cross_validation: 5, or a data.split.validation above 0\n"},
        Case{"    split: {train: 0.8, validation: 0, test: 0.2}\n",
             "    decision_threshold: 0.25\n    calibration: none\n", "", ""},
        Case{"", "    decision_threshold: 25\n", "",
             "error: c.yaml:8:25: model.decision_threshold: 25 is out of range; expected auto, a "
             "number from 0 to 1, or a mapping with maximize\n"},
        Case{
            "", "    decision_threshold: best\n", "",
            "error: c.yaml:8:25: model.decision_threshold: wrong type: the text \"best\"; expected "
            "auto, a number from 0 to 1, or a mapping with maximize\n"},
        Case{"", "    decision_threshold: {cost: {false_positive: 1, false_negative: 2}}\n", "",
             "error: c.yaml:8:5: model.decision_threshold.maximize: missing key; expected "
             "balanced_accuracy, f1, youden or cost\n"},
        Case{"", "    decision_threshold: {maximize: cost}\n", "",
             "error: c.yaml:8:26: model.decision_threshold.maximize: cost needs prices; expected "
             "cost: {false_positive: 1, false_negative: 5}\n"},
        Case{"",
             "    decision_threshold: {maximize: f1, cost: {false_positive: 1, false_negative: "
             "2}}\n",
             "",
             "error: c.yaml:8:40: model.decision_threshold.cost: read by maximize: cost only; "
             "expected maximize: cost\n"},
        Case{"",
             "    decision_threshold: {maximize: cost, cost: {false_positive: 0, false_negative: "
             "0}}\n",
             "",
             "error: c.yaml:8:42: model.decision_threshold.cost: mistakes cost nothing; expected a "
             "price above 0\n"},
        Case{"", "    class_weight: {yes: -1}\n", "",
             "error: c.yaml:8:25: model.class_weight.yes: -1 is out of range; expected a number "
             "above 0\n"},
        Case{"", "    class_weight: balnced\n", "",
             "error: c.yaml:8:19: model.class_weight: wrong type: the text \"balnced\"; expected "
             "balanced, or a mapping of labels to weights\n"},
        Case{"", "    training_config: {cross_validation: 1}\n", "",
             "error: c.yaml:8:23: model.training_config.cross_validation: 1 fold can't be tested; "
             "expected 0 for none, or 2 or more\n"},
        Case{"", "    training_config: {early_stopping: maybe}\n", "",
             "error: c.yaml:8:39: model.training_config.early_stopping: wrong type: the text "
             "\"maybe\"; expected true or false\n"},
        Case{"", "    evaluation_metrics: [acuracy]\n", "",
             "error: c.yaml:8:26: model.evaluation_metrics[0]: unknown name \"acuracy\"; expected "
             "accuracy, precision, recall, f1, f1_score, auc, log_loss, balanced_accuracy, pr_auc, "
             "average_precision, brier, brier_score, calibration_error, ece, rmse, mse, mae, r2 or "
             "mape; try accuracy\n"},
        Case{"", "    performance_thresholds: {accuracy: 85}\n", "",
             "error: c.yaml:8:40: model.performance_thresholds.accuracy: 85 is out of range; "
             "expected a number from 0 to 1\n"},
        Case{"", "    performance_thresholds: {accuracy: high}\n", "",
             "error: c.yaml:8:40: model.performance_thresholds.accuracy: wrong type: the text "
             "\"high\"; expected a number from 0 to 1\n"},
        Case{"", "    performance_thresholds: {f2: 0.5}\n", "",
             "error: c.yaml:8:30: model.performance_thresholds: unknown name \"f2\"; expected "
             "accuracy, precision, recall, f1, f1_score, auc, log_loss, balanced_accuracy, pr_auc, "
             "average_precision, brier, brier_score, calibration_error, ece, rmse, mse, mae, r2 or "
             "mape; try f1\n"},
        Case{"", "    performance_thresholds: {accuracy: 0.8, rmse: 0.2}\n", "", ""},
        Case{
            "", "    gates: {slice_floor: {accuracy: 0.7}}\n", "",
            "error: c.yaml:8:13: model.gates.slice_floor: there are no slices that it is asked of; "
            "expected columns under model.slices.columns\n"},
        Case{"", "    gates: {group_gap: [{column: sex, metric: recall}]}\n", "",
             "error: c.yaml:8:25: model.gates.group_gap[0].max: missing key; expected a number, 0 "
             "or more\n"},
        Case{"", "    gates: {group_gap: [{column: sex, metric: recall, max: 10}]}\n", "",
             "error: c.yaml:8:60: model.gates.group_gap[0].max: shares are never 10 apart; "
             "expected a number from 0 to 1\n"},
        Case{"", "    gates: {group_gap: [{column: sex, metric: mean_error, max: 10}]}\n", "", ""},
        Case{"",
             "    task: regression\n"
             "    gates: {group_gap: [{column: sex, metric: recall, max: 0.1}]}\n",
             "",
             "error: c.yaml:9:47: model.gates.group_gap[0].metric: \"recall\" is not compared for "
             "a regression; expected mae, mean_error or mean_estimate\n"},
        Case{"", "    performance_thresholds: {f1: 0.6, auc: 0.7, f1_score: 0.8}\n", "",
             "error: c.yaml:8:49: model.performance_thresholds.f1_score: \"f1\" and \"f1_score\" "
             "are one metric; expected one limit for each metric\n"},
        Case{"",
             "    slices: {columns: [a]}\n"
             "    gates: {slice_floor: {average_precision: 0.7, pr_auc: 0.7}}\n",
             "",
             "error: c.yaml:9:51: model.gates.slice_floor.pr_auc: \"average_precision\" and "
             "\"pr_auc\" are one metric; expected one limit for each metric\n"},
        Case{
            "",
            "    task: regression\n    slices: {columns: [a]}\n    gates: {slice_floor: {f1: 1}}\n",
            "",
            "error: c.yaml:10:27: model.gates.slice_floor.f1: \"f1\" is no metric of a regression; "
            "expected rmse, mse, mae, r2 or mape\n"},
        Case{"", "    evaluation_metrics: [accuracy, brier, rmse]\n", "", ""},
        Case{"", "    hyperparameters: {c: .inf}\n", "",
             "error: c.yaml:8:26: model.hyperparameters.c: the number .inf is not finite; expected "
             "a finite number\n"},
        Case{"", "    hyperparameters: [1]\n", "",
             "error: c.yaml:8:22: model.hyperparameters: wrong type: a list; expected a mapping\n"},
        Case{"", "    command: {timeout_seconds: 5}\n", "",
             "error: c.yaml:8:5: model.command.run: missing key; expected text\n"},
        Case{"", "    gates: {dry_run: [sise]}\n", "",
             "error: c.yaml:8:23: model.gates.dry_run[0]: unknown name \"sise\"; expected "
             "single_latency, batch_latency, size, parity, baseline, slice_floor, group_gap, "
             "robustness, "
             "leakage, train_test_gap, production, "
             "accuracy, "
             "precision, recall, f1, f1_score, auc, log_loss, balanced_accuracy, pr_auc, "
             "average_precision, brier, brier_score, calibration_error, ece, rmse, mse, mae, r2 or "
             "mape; try size\n"},
        Case{"", "    name: my model\n", "",
             "error: c.yaml:8:5: model.name: can't name a model; expected 1 to 128 letters, "
             "digits, '.', '_' or '-', the first a letter or digit\n"}));

INSTANTIATE_TEST_SUITE_P(
    Rest, OneMistake,
    testing::Values(
        Case{"", "", "  deployment: {deployment_strategy: blue_green}\n",
             "error: c.yaml:8:37: deployment.deployment_strategy: unknown name \"blue_green\"; "
             "expected blue-green, canary or rolling; try blue-green\n"},
        Case{"", "", "  deployment: {resource_requirements: {cpu: 500x}}\n",
             "error: c.yaml:8:45: deployment.resource_requirements.cpu: wrong type: the text "
             "\"500x\"; expected a quantity such as 500m, 2 or 1Gi\n"},
        Case{"", "", "  deployment: {scaling_config: {min_replicas: 4, max_replicas: 3}}\n",
             "error: c.yaml:8:50: deployment.scaling_config.max_replicas: 3 is less than "
             "min_replicas 4; expected 4 or more\n"},
        Case{"", "", "  deployment: {canary: {stages: [10, 5]}}\n",
             "error: c.yaml:8:25: deployment.canary.stages: [10, 5] does not lead to all of the "
             "traffic; expected ascending percentages that end in 100\n"},
        Case{"", "", "  deployment: {canary: {header: {name: A}}}\n",
             "error: c.yaml:8:25: deployment.canary.header: a header, and no value that it is to "
             "have; expected both: {name: X-Version, value: new}\n"},
        Case{"", "", "  deployment:\n    canary:\n      header: {name: \"\", value: new}\n",
             "error: c.yaml:10:7: deployment.canary.header: a value, and no name of the header "
             "that is to have it; expected both: {name: X-Version, value: new}\n"},
        Case{"", "", "  deployment: {canary: {header: {name: my header, value: 1}}}\n",
             "error: c.yaml:8:34: deployment.canary.header.name: \"my header\" is no name of a "
             "header; expected letters, digits and hyphens, such as X-Customer\n"},
        Case{"", "", "  deployment: {canary: {header: {name: A, value: \"new \"}}}\n",
             "error: c.yaml:8:43: deployment.canary.header.value: \"new \" is no value that a "
             "request can bring; expected printable characters, no blank at either end\n"},
        Case{"", "", "  deployment: {canary: {sticky: {header: \"X Customer\"}}}\n",
             "error: c.yaml:8:34: deployment.canary.sticky.header: \"X Customer\" is no name of a "
             "header; expected letters, digits and hyphens, such as X-Customer\n"},
        Case{"", "", "  deployment: {canary: {sticky: {cookie: \"a;b\"}}}\n",
             "error: c.yaml:8:34: deployment.canary.sticky.cookie: \"a;b\" is no name of a "
             "cookie; expected letters, digits and hyphens, such as X-Customer\n"},
        Case{"", "", "  deployment: {canary: {sticky: {cookie: a, header: b}}}\n",
             "error: c.yaml:8:25: deployment.canary.sticky: header and cookie are both given; "
             "expected one of the two\n"},
        Case{"", "", "  deployment: {canary: {thresholds: {error_rate: 5}}}\n",
             "error: c.yaml:8:50: deployment.canary.thresholds.error_rate: 5 is out of range; "
             "expected a number from 0 to 1; try 0.05, which is 5 %: it is a share\n"},
        Case{"", "", "  deployment: {canary: {thresholds: {client_error_rate: 500}}}\n",
             "error: c.yaml:8:57: deployment.canary.thresholds.client_error_rate: 500 is out of "
             "range; expected a number from 0 to 1\n"},
        Case{"", "", "  deployment: {port: 70000}\n",
             "error: c.yaml:8:22: deployment.port: 70000 is out of range; expected a whole number "
             "from 1 to 65535\n"},
        Case{"", "", "  model_registry: prod\n  registries: {prd: \"postgresql://db\"}\n",
             "error: c.yaml:8:3: model_registry: unknown name \"prod\"; expected local, prd, a "
             "URI, or a path with a slash; try prd\n"},
        Case{"", "", "  deployment: {canary: {thresholds: {eror_rate: 0.1}}}\n",
             "error: c.yaml:8:38: deployment.canary.thresholds: unknown name \"eror_rate\"; "
             "expected "
             "error_rate, client_error_rate, latency_p50, latency_p95 or latency_p99; try "
             "error_rate\n"},
        Case{"", "",
             "  deployment:\n    monitoring_config:\n      alert_thresholds: {latency_95: 5}\n",
             "error: c.yaml:10:26: deployment.monitoring_config.alert_thresholds: unknown name "
             "\"latency_95\"; expected error_rate, client_error_rate, latency_p50, latency_p95, "
             "latency_p99, accuracy_drop or drift; try latency_p95\n"},
        Case{"", "",
             "  deployment:\n    monitoring_config:\n"
             "      actions: {drfit: retrain, drift: retrian}\n",
             "error: c.yaml:10:17: deployment.monitoring_config.actions: unknown name \"drfit\"; "
             "expected error_rate, client_error_rate, latency_p50, latency_p95, latency_p99, "
             "accuracy_drop or drift; try drift\n"
             "error: c.yaml:10:40: deployment.monitoring_config.actions.drift: unknown name "
             "\"retrian\"; expected notify, rollback or retrain; try retrain\n"},
        Case{
            "", "",
            "  deployment:\n    monitoring_config:\n"
            "      alert_thresholds: {error_rate: 5, latency_p95: 500, drift: 30}\n",
            "error: c.yaml:10:38: deployment.monitoring_config.alert_thresholds.error_rate: 5 is "
            "out of range; expected a number from 0 to 1; try 0.05, which is 5 %: it is a share\n"
            "error: c.yaml:10:66: deployment.monitoring_config.alert_thresholds.drift: 30 is "
            "out of range; expected a number from 0 to 1; try 0.3, which is 30 %: it is a share\n"},
        Case{"", "",
             "  deployment:\n    monitoring_config:\n      alert_thresholds: {drift: 0.3}\n"
             "      actions: {drift: retrain, error_rate: rollback}\n",
             "error: c.yaml:11:33: deployment.monitoring_config.actions.error_rate: there is no "
             "alert that it follows from; expected its limit in alert_thresholds; try "
             "alert_thresholds: {error_rate: …}\n"},
        Case{"", "", "  model_registry: ~/reg\n",
             "error: c.yaml:8:3: model_registry: \"~/reg\" starts with ~, which stands for nothing "
             "here; expected a path that is written out; try ${HOME}/reg\n"},
        Case{"", "", "  artifact_store: s3:/b\n",
             "error: c.yaml:8:3: artifact_store: \"s3:/b\" is neither a path nor a URI; expected a "
             "URI such as s3://bucket, or a path such as ./store or /srv/store; try s3://b\n"},
        Case{"", "", "  artifact_store: s3//bucket\n",
             "error: c.yaml:8:3: artifact_store: \"s3//bucket\" is neither a path nor a URI; "
             "expected a URI such as s3://bucket, or a path such as ./store or /srv/store; try "
             "s3://bucket\n"},
        Case{"", "", "  model_registry: team\n  registries: {team: \"https:/x/y\"}\n",
             "error: c.yaml:9:16: registries.team: \"https:/x/y\" is neither a path nor a URI; "
             "expected a URI such as s3://bucket, or a path such as ./store or /srv/store; try "
             "https://x/y\n"},
        Case{"", "", "  artifact_store: artifacts\n",
             "error: c.yaml:8:3: artifact_store: unknown name \"artifacts\"; expected local, a "
             "URI, or a path with a slash; try ./artifacts\n"},
        Case{"", "", "  notifications: [{type: slak, url: x}]\n",
             "error: c.yaml:8:26: notifications[0].type: unknown name \"slak\"; expected slack, "
             "webhook, log or command; try slack\n"},
        Case{"", "",
             "  notifications: [{type: slack}, {type: log, url: x}, {type: command, run: a, url: "
             "b}, "
             "{type: command}]\n",
             "error: c.yaml:8:26: notifications[0].type: slack needs url; expected url: "
             "${VARIABLE}\n"
             "error: c.yaml:8:51: notifications[1].url: not read by type: log; expected type: "
             "slack or type: webhook\n"
             "error: c.yaml:8:84: notifications[2].url: not read by type: command; expected type: "
             "slack or type: webhook\n"
             "error: c.yaml:8:95: notifications[3].type: command needs run; expected run: "
             "./tell.sh\n"},
        Case{"", "", "  notifications: [{type: slack, url: \"${SLIPWAY_TEST_NONE}\"}]\n",
             "error: c.yaml:8:38: notifications[0].url: environment variable SLIPWAY_TEST_NONE is "
             "not set; try export SLIPWAY_TEST_NONE=… or ${SLIPWAY_TEST_NONE:-default}\n"},
        Case{"", "", "  deployment: {canary: {dry_run: [error]}}\n",
             "error: c.yaml:8:35: deployment.canary.dry_run[0]: unknown name \"error\"; expected "
             "error_rate, client_error_rate, latency_p50, latency_p95, latency_p99, errors, "
             "latency, accuracy, predictions or disagreement; try errors\n"},
        Case{"", "", "  approvals: {production: {minimum: 0}}\n",
             "error: c.yaml:8:37: approvals.production.minimum: 0 is out of range; expected a "
             "whole number, 1 or more\n"}));

TEST(Errors, ATypeWithASectionOfItsOwnNeedsIt) {
  const auto with = [](const std::string& model) {
    return ErrorsOf(
        "development:\n"
        "  project_name: p\n"
        "  data: {source_path: a.csv, target_column: y}\n"
        "  model: {" +
        model + "}\n");
  };
  EXPECT_EQ(with("model_type: onnx"),
            "error: c.yaml:4:11: model.model_type: onnx needs the section model.onnx; expected "
            "model.onnx: {path: model.onnx}\n");
  EXPECT_EQ(with("model_type: command"),
            "error: c.yaml:4:11: model.model_type: command needs the section model.command; "
            "expected model.command: {run: python3 training/train.py}\n");
  EXPECT_EQ(with("model_type: random_forest, onnx: {path: a.onnx}"), "")
      << "may be what several environments share";
  EXPECT_EQ(with("model_type: onnx, onnx: {path: a.onnx}"), "");
}

TEST(Errors, RequiredTextsAreNotEmpty) {
  setenv("SLIPWAY_TEST_EMPTY", "", 1);
  EXPECT_EQ(ErrorsOf("development:\n"
                     "  project_name: p\n"
                     "  data:\n"
                     "    source_path: ${SLIPWAY_TEST_EMPTY}\n"
                     "    target_column: \"\"\n"
                     "  model: {model_type: random_forest}\n"),
            "error: c.yaml:4:18: data.source_path: the value of the text "
            "\"${SLIPWAY_TEST_EMPTY}\" is empty; expected text\n"
            "error: c.yaml:5:20: data.target_column: empty; expected text\n");
}

// A shell's variables are the shell's, and so are its forms of them.
TEST(Errors, NoneForVariablesOfAShell) {
  EXPECT_EQ(ErrorsWith("", "",
                       "  notifications: [{type: command, run: \"mv ${SLIPWAY_EVENT_FILE} "
                       "${SLIPWAY_TEST_NONE:?none} $$\"}]\n"),
            "");
  EXPECT_EQ(
      ErrorsWith("", "", "  notifications: [{type: command, run: curl https://u:secret@host/x}]\n"),
      "error: c.yaml:8:40: notifications[0].run: a password in clear; expected a variable "
      "in its place; try ${NAME}, from the environment\n");
}

TEST(Errors, NoneForWhatASplitterTakes) {
  EXPECT_EQ(ErrorsWith("", "",
                       "  deployment: {canary: {sticky: {header: \"\"}, header: {name: X-Version, "
                       "value: 2}, thresholds: {error_rate: 1, latency_p95: 5}}}\n"),
            "");
}

TEST(Errors, AHeaderInAVariableIsCheckedAndNotTold) {
  setenv("SLIPWAY_TEST_HEADER", "my header", 1);
  EXPECT_EQ(
      ErrorsWith("", "",
                 "  deployment: {canary: {sticky: {header: \"${SLIPWAY_TEST_HEADER}\"}}}\n"),
      "error: c.yaml:8:34: deployment.canary.sticky.header: \"${SLIPWAY_TEST_HEADER}\" is no name "
      "of a header; expected letters, digits and hyphens, such as X-Customer\n");
}

TEST(Errors, SharesSumToOneWithinRounding) {
  EXPECT_EQ(ErrorsWith("    split: {train: 0.7, validation: 0.2, test: 0.1}\n"), "");
  EXPECT_EQ(ErrorsWith("    split: {train: 0.8, validation: 0.1, test: 0.1000000001}\n"), "");
  EXPECT_NE(ErrorsWith("    split: {train: 0.8, validation: 0.1, test: 0.10000001}\n"), "");
}

TEST(Errors, FilesThatAreNoConfiguration) {
  const std::string environments =
      "expected environments (development, staging, production or others) with their keys below";
  EXPECT_EQ(ErrorsOf(""), "error: c.yaml: names no environment; " + environments + "\n");
  EXPECT_EQ(ErrorsOf("x-only: {a: 1}\n"),
            "error: c.yaml: names no environment; " + environments + "\n");
  EXPECT_EQ(ErrorsOf("5\n"), "error: c.yaml:1:1: not a mapping; " + environments + "\n");
  EXPECT_EQ(ErrorsOf("development: 5\n"),
            "error: c.yaml:1:14: not a mapping; expected the keys of an environment\n");
  const std::string indent =
      "; try \"default:\" as the first line, and the rest indented below it\n";
  EXPECT_EQ(ErrorsOf("project_name: x\ndata: {}\n"),
            "error: c.yaml:1:1: \"project_name\" stands where environments are named; " +
                environments + indent +
                "error: c.yaml:2:1: \"data\" stands where environments are named; " + environments +
                indent);
  const std::string mixed =
      ErrorsOf("version: 1\n" + std::string(kMinimal) + "    task: x\nstores: {}\n");
  EXPECT_EQ(mixed, "error: c.yaml:1:1: \"version\" stands where environments are named; " +
                       environments + "; try it inside an environment, indented\n" +
                       "error: c.yaml:9:11: model.task: unknown name \"x\"; expected auto, "
                       "classification or regression\n" +
                       "error: c.yaml:10:1: \"stores\" stands where environments are named; " +
                       environments + "; try it inside an environment, indented\n");
  EXPECT_EQ(ErrorsOf(std::string("a: \0\n", 5)), "error: c.yaml:1:4: not a text file in UTF-8\n");
  EXPECT_EQ(ErrorsOf("a:\n  b: \xC0\xAF\n"), "error: c.yaml:2:6: not a text file in UTF-8\n");
}

TEST(Errors, LongTextsAreCutBetweenCharacters) {
  const std::string told = ErrorsWith("", "    averaging: \"" + std::string(59, 'x') + "äöü\"\n");
  EXPECT_NE(told.find("unknown name \"" + std::string(59, 'x') + "…\";"), std::string::npos)
      << told;
}

TEST(Errors, UnknownEnvironmentListsThoseThereAre) {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("c.yaml", "staging: {}\nproduction: {}\nx-base: {}\n");
  options.environment = "prodction";
  const auto loaded = LoadConfig(options);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(directory.WithoutPath(loaded.error().Render()),
            "error: c.yaml: no environment \"prodction\"; expected staging or production; try "
            "production\n");
}

TEST(Errors, OverridesAreToldAsWritten) {
  EXPECT_EQ(
      ErrorsOf(kMinimal, {"modl.name=x", "foo", "data.feature_columns=[a, b",
                          "data.validation_rules.min_rows=few", "project_name.first=x"}),
      "error: --set modl.name=x: unknown key \"modl\"; expected project_name, version, data, "
      "model, "
      "deployment, artifact_store, model_registry, registries, stores, notifications or approvals; "
      "try model\n"
      "error: --set foo: no key and value; expected KEY=VALUE, such as "
      "model.hyperparameters.n_estimators=50\n"
      "error: --set data.feature_columns=[a, b: not valid YAML: end of sequence flow not found; "
      "expected a YAML value: 50, true, text, [a, b], {a: 1}\n"
      "error: --set data.validation_rules.min_rows=few: data.validation_rules.min_rows: wrong "
      "type: the text \"few\"; expected a whole number, 0 or more\n"
      "error: --set project_name.first=x: project_name: wrong type: a mapping; expected text\n");
}

TEST(Errors, VariablesAreNamedAndTheirValuesNeverTold) {
  unsetenv("SLIPWAY_TEST_UNSET");
  setenv("SLIPWAY_TEST_SECRET", "hunter2", 1);
  const std::string told = ErrorsWith(
      "    source_path2: x\n"
      "    validation_rules: {min_rows: \"${SLIPWAY_TEST_SECRET}\", max_missing_ratio: "
      "\"${SLIPWAY_TEST_UNSET}\"}\n"
      "    format: ${SLIPWAY_TEST_SECRET}\n",
      "    hyperparameters: {a: \"${\", b: \"${1A}\"}\n",
      "  model_registry: ${SLIPWAY_TEST_SECRET}\n");
  EXPECT_EQ(told.find("hunter2"), std::string::npos) << told;
  EXPECT_EQ(
      told.substr(told.find('\n') + 1),
      "error: c.yaml:7:34: data.validation_rules.min_rows: the value of the text "
      "\"${SLIPWAY_TEST_SECRET}\" has the wrong type; expected a whole number, 0 or more\n"
      "error: c.yaml:7:79: data.validation_rules.max_missing_ratio: environment variable "
      "SLIPWAY_TEST_UNSET is not set; try export SLIPWAY_TEST_UNSET=… or "
      "${SLIPWAY_TEST_UNSET:-default}\n"
      "error: c.yaml:8:13: data.format: unknown name \"${SLIPWAY_TEST_SECRET}\"; expected auto, "
      "csv, tsv, parquet, jsonl or arrow\n"
      "error: c.yaml:11:26: model.hyperparameters.a: \"${\" without a variable's name and \"}\"; "
      "expected ${NAME} or ${NAME:-default}; try \"$$\" for a dollar\n"
      "error: c.yaml:11:35: model.hyperparameters.b: \"${\" without a variable's name and \"}\"; "
      "expected ${NAME} or ${NAME:-default}; try \"$$\" for a dollar\n"
      "error: c.yaml:12:3: model_registry: unknown name \"${SLIPWAY_TEST_SECRET}\"; expected "
      "local, a URI, or a path with a slash; try ./${SLIPWAY_TEST_SECRET}\n");
}

TEST(Errors, APasswordInClearIsRefusedAndNotTold) {
  setenv("SLIPWAY_TEST_SECRET", "hunter2", 1);
  const std::string told = ErrorsWith("", "", "  artifact_store: s3://me:hunter2@host/bucket\n");
  EXPECT_EQ(told,
            "error: c.yaml:8:19: artifact_store: a password in clear; expected a variable in its "
            "place; try ${NAME}, from the environment\n");
  EXPECT_EQ(ErrorsWith("", "", "  artifact_store: s3://me:${SLIPWAY_TEST_SECRET}@host/bucket\n"),
            "");
  for (const char* good :
       {"s3://me@host:9000/bucket", "s3://host:9000/a@b", "s3://host/a:b@c", "./a:b@c"}) {
    EXPECT_EQ(ErrorsWith("", "", fmt::format("  artifact_store: {}\n", good)), "") << good;
  }
  for (const char* bad :
       {"s3://me:hun/ter2@h/b", "s3://me:${SLIPWAY_TEST_SECRET:-hunter2}@h/b",
        "s3://me:hunter2${SLIPWAY_TEST_SECRET}@h/b", "s3://h/b?u=s3://me:hunter2@h"}) {
    EXPECT_NE(ErrorsWith("", "", fmt::format("  artifact_store: {}\n", bad)), "") << bad;
  }
}

TEST(Errors, ShellFormsThatAreNotThereAreTold) {
  unsetenv("SLIPWAY_TEST_UNSET");
  setenv("SLIPWAY_TEST_SECRET", "hunter2", 1);
  EXPECT_EQ(ErrorsWith("", "    name: ${SLIPWAY_TEST_UNSET:-${SLIPWAY_TEST_SECRET}}\n"),
            "error: c.yaml:8:11: model.name: \"${\" inside the default of SLIPWAY_TEST_UNSET; "
            "expected a default without variables\n");
  for (const std::string form : {"-x", ":?x", ":=x", "+x", ":", " ", "?"}) {
    EXPECT_EQ(ErrorsWith("", "    name: ${SLIPWAY_TEST_SECRET" + form + "}\n"),
              "error: c.yaml:8:11: model.name: unknown form of variable SLIPWAY_TEST_SECRET; "
              "expected ${SLIPWAY_TEST_SECRET} or ${SLIPWAY_TEST_SECRET:-default}\n");
  }
  EXPECT_EQ(ErrorsWith("", "    class_weight: ${SLIPWAY_TEST_SECRET}\n"),
            "error: c.yaml:8:19: model.class_weight: wrong type: the text "
            "\"${SLIPWAY_TEST_SECRET}\"; expected balanced, or a mapping of labels to weights\n");
}

TEST(Errors, CheckTellsThoseOfAllEnvironmentsAndEachOnce) {
  const TestDirectory directory;
  LoadOptions options;
  options.path =
      directory.Write("c.yaml",
                      "x-data: &data {source_path: a.csv, target_column: y, format: cvs}\n"
                      "development:\n"
                      "  project_name: p\n"
                      "  data: *data\n"
                      "  model: {model_type: random_forest}\n"
                      "production:\n"
                      "  project_name: p\n"
                      "  data: *data\n"
                      "  model: {}\n");
  const auto checked = CheckConfig(options);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(directory.WithoutPath(checked.error().Render()),
            "error: c.yaml:1:62: data.format: unknown name \"cvs\"; expected auto, csv, tsv, "
            "parquet, jsonl or "
            "arrow; try csv\n"
            "error: c.yaml:9:3: model.model_type: missing key; expected random_forest, "
            "gradient_boosting, logistic_regression, linear_regression, ridge, command or onnx\n");
}

}  // namespace
}  // namespace slipway::config
