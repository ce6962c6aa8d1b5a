"""Any figure of a run, computed again outside from what the run kept."""
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import basic_config, number_table
from sklearn.calibration import calibration_curve
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (accuracy_score, average_precision_score, balanced_accuracy_score, brier_score_loss, f1_score,
                             log_loss, precision_score, recall_score, roc_auc_score)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def test_part_of(project, last, frame):
    """Rows of the test part, their order as in the file."""
    split = pq.read_table((project.folder / last["report"]).parent / "split.parquet").to_pandas()
    return frame.loc[(split["part"] == "test").to_numpy()], frame.loc[(split["part"] == "train").to_numpy()]


test_part_of.__test__ = False


def predictions(project, frame, target="target"):
    path = project.write_table(frame.drop(columns=target), name="test-part.csv")
    out = project.folder / "predictions.csv"
    answer = project.call("predict", "ml-classifier", "--input", path, "--output-file", out)
    assert answer.code == 0, answer.err
    return pd.read_csv(out)


def calibration_error(truth, score):
    """Guo et al. 2017 over the bins of scikit-learn's calibration_curve."""
    share, mean = calibration_curve(truth, score, n_bins=10)
    rows = np.bincount(np.searchsorted(np.linspace(0, 1, 11)[1:-1], score), minlength=10)
    return (np.abs(share - mean) * rows[rows > 0] / len(truth)).sum()


@pytest.mark.parametrize("averaging", ["weighted", "macro", "micro", "binary"])
def test_binary_metrics_equal_scikit_learn(project, averaging):
    frame = number_table(rows=1500)
    project.write_table(frame)
    project.write_config(basic_config(model__averaging=averaging))
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    answers = predictions(project, test)
    truth, label, score = test["target"], answers["label"], answers["probability_1"]
    options = {"average": averaging, "zero_division": 0}
    expected = {"accuracy": accuracy_score(truth, label), "precision": precision_score(truth, label, **options),
                "recall": recall_score(truth, label, **options), "f1": f1_score(truth, label, **options),
                "auc": roc_auc_score(truth, score), "pr_auc": average_precision_score(truth, score),
                "balanced_accuracy": balanced_accuracy_score(truth, label), "brier": brier_score_loss(truth, score),
                "calibration_error": calibration_error(truth, score),
                "log_loss": log_loss(truth, answers[["probability_0", "probability_1"]].to_numpy(dtype="float64"))}
    for name, value in expected.items():
        assert last["metrics"][name] == pytest.approx(value, abs=1e-6 if name == "log_loss" else 1e-9), name


def test_multiclass_metrics_equal_scikit_learn(project):
    frame = number_table(rows=1500)
    frame["target"] = np.select([frame["feature1"] > 0.5, frame["feature2"] > 0.3], ["high", "mid"], "low")
    project.write_table(frame)
    project.write_config(basic_config())
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    answers = predictions(project, test)
    scores = answers[["probability_high", "probability_low", "probability_mid"]].to_numpy(dtype="float64")
    assert last["metrics"]["accuracy"] == pytest.approx(accuracy_score(test["target"], answers["label"]), abs=1e-9)
    assert last["metrics"]["auc"] == pytest.approx(
        roc_auc_score(test["target"], scores / scores.sum(axis=1, keepdims=True), multi_class="ovr", average="weighted"), abs=1e-7)
    assert last["metrics"]["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(test["target"], answers["label"]), abs=1e-9)
    assert last["metrics"]["pr_auc"] == pytest.approx(
        average_precision_score(pd.get_dummies(test["target"]), scores, average="weighted"), abs=1e-9)
    truth = pd.get_dummies(test["target"]).to_numpy()
    assert last["metrics"]["brier"] == pytest.approx(((scores - truth) ** 2).sum(axis=1).mean(), abs=1e-9)


# With all rows and all columns nothing of a tree is left to chance, and with enough rows in each leaf hardly any two
# splits are worth the same.
@pytest.mark.parametrize("options", [
    {"max_depth": 5},
    {"max_leaf_nodes": 9},
    {"min_samples_leaf": 0.041},
    {"min_samples_split": 600, "min_samples_leaf": 60},
    {"min_impurity_decrease": 0.004},
    {"min_weight_fraction_leaf": 0.05},
    {"criterion": "entropy", "max_leaf_nodes": 12},
    {"criterion": "log_loss", "max_depth": 4},
    {"class_weight": "balanced", "max_leaf_nodes": 15},
    {"class_weight": "balanced", "criterion": "entropy", "min_impurity_decrease": 0.004},
], ids=str)
@pytest.mark.parametrize("classes", [2, 3])
def test_a_tree_is_scikit_learns(project, options, classes):
    frame = number_table(rows=4000, missing=0)
    noise = np.random.default_rng(5).normal(scale=0.8, size=len(frame))
    signal = frame["feature1"] - frame["feature2"] ** 2 + noise
    frame["target"] = np.select([signal > 1, signal > -0.5], [classes - 1, 1], 0)
    project.write_table(frame)
    options = {"n_estimators": 1, "bootstrap": False, "max_features": None, "min_samples_leaf": 60, **options}
    project.write_config(basic_config(data__preprocessing_steps=[], model__performance_thresholds={"accuracy": 0.1},
                                      model__hyperparameters={**options, "max_bins": 5000}))
    last = project.run()
    test, train = test_part_of(project, last, frame)
    ours = predictions(project, test)[[f"probability_{label}" for label in range(classes)]].to_numpy()
    # Two splits may be worth the same all the same, and then the order of columns decides, which is random.
    furthest = []
    for seed in range(10):
        forest = RandomForestClassifier(**options, random_state=seed).fit(train.drop(columns="target"), train["target"])
        assert forest.estimators_[0].get_n_leaves() > 3
        furthest.append(np.abs(ours - forest.predict_proba(test.drop(columns="target"))).max())
    assert min(furthest) < 1e-6


# With fewer values than bins both choose among the same thresholds by the same gains.
@pytest.mark.parametrize("options", [
    {},
    {"max_depth": 6, "min_samples_leaf": 20},
    {"max_depth": None, "max_leaf_nodes": 15, "l2_regularization": 2.0},
    {"learning_rate": 0.3, "class_weight": "balanced"},
], ids=str)
@pytest.mark.parametrize("classes", [2, 3])
def test_gradient_boosting_is_scikit_learns(project, options, classes):
    frame = number_table(rows=4000, missing=0).round(1)
    noise = np.random.default_rng(5).normal(scale=0.8, size=len(frame))
    signal = frame["feature1"] * frame["feature2"] - frame["feature3"] + noise
    frame["target"] = np.select([signal > 1, signal > -0.5], [classes - 1, 1], 0)
    project.write_table(frame)
    options = {"learning_rate": 0.1, "max_depth": 3, "min_samples_leaf": 5, **options}
    project.write_config(basic_config(data__preprocessing_steps=[], model__model_type="gradient_boosting",
                                      model__performance_thresholds={"accuracy": 0.1},
                                      model__hyperparameters={**options, "n_estimators": 20}))
    test, train = test_part_of(project, project.run(), frame)
    ours = predictions(project, test)[[f"probability_{label}" for label in range(classes)]].to_numpy()
    options.setdefault("max_leaf_nodes", None)
    fitted = HistGradientBoostingClassifier(max_iter=20, early_stopping=False, **options)
    theirs = fitted.fit(train.drop(columns="target"), train["target"]).predict_proba(test.drop(columns="target"))
    # Two splits that gain the same part the ways of a few rows.
    difference = np.abs(ours - theirs).max(axis=1)
    assert np.quantile(difference, 0.95) < 1e-3
    assert difference.mean() < 1e-3


@pytest.mark.parametrize("options", [
    {},
    {"C": 0.03},
    {"C": 5, "class_weight": "balanced"},
    {"C": 0.05, "l1_ratio": 1.0, "solver": "saga"},
    {"C": 0.05, "l1_ratio": 0.4, "solver": "saga"},
    {"fit_intercept": False},
], ids=str)
@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_is_scikit_learns(project, options, classes):
    frame = number_table(rows=1200, missing=0)
    noise = np.random.default_rng(5).logistic(size=len(frame))
    signal = 1.5 * frame["feature1"] - frame["feature2"] + 0.3 * frame["feature3"] + noise
    frame["target"] = np.select([signal > 1, signal > -0.5], [classes - 1, 1], 0)
    project.write_table(frame)
    exact = {**options, "tol": 1e-9, "max_iter": 20000}
    project.write_config(basic_config(data__preprocessing_steps=[], model__model_type="logistic_regression",
                                      model__performance_thresholds={"accuracy": 0.1}, model__hyperparameters=exact))
    last = project.run()
    test, train = test_part_of(project, last, frame)
    ours = predictions(project, test)
    # The very float32 values that ours learns from.
    fitted = LogisticRegression(**exact).fit(train.drop(columns="target").astype("float32").astype(float), train["target"])
    theirs = fitted.predict_proba(test.drop(columns="target").astype("float32").astype(float))
    names = [f"probability_{label}" for label in range(classes)]
    assert np.abs(ours[names].to_numpy() - theirs).max() < 1e-5
    assert (ours["label"] == fitted.classes_[theirs.argmax(axis=1)]).mean() > 0.999


def test_a_search_that_stops_early_is_told(project):
    project.write_table(number_table())
    project.write_config(basic_config(model__model_type="logistic_regression",
                                      model__hyperparameters={"max_iter": 1, "tol": 1e-9}))
    answer = project.call("run", "--env", "development")
    assert answer.code == 0, answer.err
    assert "logistic_regression stopped after 1 iterations" in answer.out + answer.err


def test_a_rare_class_with_weights_is_found_as_scikit_learn_finds_it(project):
    frame = number_table(rows=4000, missing=0)
    rng = np.random.default_rng(8)
    frame["target"] = (frame["feature1"] + frame["feature2"] + rng.normal(size=len(frame)) > 3).astype(int)
    assert 0.02 < frame["target"].mean() < 0.08
    project.write_table(frame)
    options = {"n_estimators": 200, "min_samples_leaf": 5, "class_weight": "balanced", "random_state": 1}
    project.write_config(basic_config(data__preprocessing_steps=[], model__hyperparameters=options,
                                      data__split={"train": 0.5, "validation": 0.0, "test": 0.5},
                                      model__performance_thresholds={"accuracy": 0.1},
                                      model__gates={"beats_baseline": False}))
    test, train = test_part_of(project, project.run(), frame)
    ours = predictions(project, test)["probability_1"].to_numpy()
    rows = test.drop(columns="target")
    forests = [RandomForestClassifier(**{**options, "random_state": seed}).fit(train.drop(columns="target"), train["target"])
               for seed in range(3)]
    theirs = [forest.predict_proba(rows)[:, 1] for forest in forests]
    # As near as scikit-learn's own forests are to each other.
    noise = max(np.abs(theirs[0] - other).mean() for other in theirs[1:])
    assert np.abs(ours - theirs[0]).mean() < 1.5 * noise
    assert abs(ours.mean() - theirs[0].mean()) < 0.01


def sklearn_auc(train, test, target, positive):
    features = train.drop(columns=target)
    numbers = make_column_selector(dtype_include="number")(features)
    texts = [name for name in features if name not in numbers]
    pipeline = make_pipeline(
        ColumnTransformer([("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
                           ("texts", OneHotEncoder(handle_unknown="ignore"), texts)]),
        RandomForestClassifier(n_estimators=100, max_depth=10, random_state=42, n_jobs=2))
    pipeline.fit(features, train[target])
    column = list(pipeline.classes_).index(positive)
    return roc_auc_score(test[target] == positive, pipeline.predict_proba(test.drop(columns=target))[:, column])


def real_config(target, **changes):
    return basic_config(project_name="ml-classifier", data__target_column=target,
                        model__hyperparameters={"n_estimators": 100, "max_depth": 10, "random_state": 42},
                        model__training_config={"cross_validation": 5}, **changes)


def test_telco_within_a_hundredth_of_scikit_learn(project, real_tables):
    source = real_tables / "telco-churn.csv"
    project.write_config(real_config("Churn", data__id_columns=["customerID"]))
    last = project.run("--data", source)
    frame = pd.read_csv(source, na_values=[" "]).drop(columns="customerID")
    test, train = test_part_of(project, last, frame)
    assert last["metrics"]["auc"] == pytest.approx(sklearn_auc(train, test, "Churn", "Yes"), abs=0.01)


def test_adult_within_a_hundredth_of_scikit_learn(project, real_tables):
    source = real_tables / "adult-train.csv"
    project.write_config(real_config("income", data__positive_class=">50K"))
    last = project.run("--data", source)
    frame = pd.read_csv(source, skipinitialspace=True, na_values=["?"])
    test, train = test_part_of(project, last, frame)
    assert last["metrics"]["auc"] == pytest.approx(sklearn_auc(train, test, "income", ">50K"), abs=0.01)


def test_telco_blanks_are_missing_numbers(project, real_tables):
    project.write_config(real_config("Churn", data__id_columns=["customerID"]))
    last = project.run("--data", real_tables / "telco-churn.csv")
    profile = json.loads(((project.folder / last["report"]).parent / "report.json").read_text())
    text = json.dumps(profile)
    assert "TotalCharges" in text
    digest = last["digest"].removeprefix("sha256:")
    schema = json.loads((project.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:] / "schema.json").read_text())
    fields = {field["name"]: field for field in schema["inputs"]}
    assert fields["TotalCharges"]["type"] == "numeric" and "customerID" not in fields
