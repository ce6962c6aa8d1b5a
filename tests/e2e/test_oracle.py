"""Any figure of a run, computed again outside from what the run kept."""
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import basic_config, number_table
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_score, recall_score, roc_auc_score
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
                "auc": roc_auc_score(truth, score),
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
