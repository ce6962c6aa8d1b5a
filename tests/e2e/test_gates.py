"""Gates on slices, groups, robustness and leakage: verdicts and figures, judged by pandas, scipy and onnxruntime."""
import json

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from conftest import basic_config, number_table
from scipy import stats
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from test_graphs import NUMBERS, column_pipeline, onnx_config, text_table
from test_oracle import predictions, test_part_of
from test_regression import TRAINERS, house_table, regression_config
from test_slices import graph_path, report_of, slices_config, sliced_table

CLASSIFIERS = ["random_forest", "gradient_boosting", "logistic_regression"]


def gate(last, name):
    found = [one for one in last["gates"] if one["name"] == name]
    assert len(found) == 1, [one["name"] for one in last["gates"]]
    return found[0]


@pytest.fixture
def grouped(project):
    project.frame = sliced_table(rows=6000)
    project.write_table(project.frame)
    return project


def test_a_slice_below_its_floor_fails_the_run(grouped):
    grouped.write_config(slices_config(model__gates={"slice_floor": {"accuracy": 0.5}}))
    last = grouped.run()
    verdict = gate(last, "slice_floor")
    slices = {one["name"]: one for one in report_of(grouped, last)["slices"]["named"]}
    worst = min(slices.values(), key=lambda one: one["metrics"]["accuracy"])
    assert verdict["verdict"] == "pass" and verdict["value"] == worst["metrics"]["accuracy"]
    assert {one["slice"] for one in verdict["evidence"]["slices"]} == set(slices)
    floor = worst["metrics"]["accuracy"] + 0.001
    grouped.write_config(slices_config(model__gates={"slice_floor": {"accuracy": floor}}))
    last = grouped.run(expect=1)
    assert last["failed_step"] == "gates" and gate(last, "slice_floor")["verdict"] == "fail"
    assert worst["name"] in gate(last, "slice_floor")["reason"]
    grouped.write_config(slices_config(model__gates={"slice_floor": {"accuracy": floor}, "dry_run": ["slice_floor"]}))
    assert gate(grouped.run(), "slice_floor")["dry_run"]


def test_a_small_slice_decides_nothing(grouped):
    grouped.write_config(slices_config(model__slices={"columns": ["city"], "min_rows": 400},
                                       model__gates={"slice_floor": {"f1_score": 0.1}}))
    verdict = gate(grouped.run(), "slice_floor")
    assert verdict["verdict"] == "inconclusive" and "city missing" in verdict["reason"]


def test_a_floor_of_another_task_is_no_pass(grouped):
    grouped.write_config(slices_config(model__gates={"slice_floor": {"rmse": 0.5}}))
    verdict = gate(grouped.run(expect=1), "slice_floor")
    assert verdict["verdict"] == "fail" and "there is no metric rmse" in verdict["reason"]


def test_intervals_are_of_whole_groups(project):
    rng = np.random.default_rng(4)
    # Twenty rows of one customer, which are right or wrong together.
    one = pd.DataFrame({"customer": [f"c{i}" for i in range(300)], "x": rng.normal(size=300)})
    one["target"] = ((one["x"] > 0) ^ (rng.random(300) < 0.2)).astype(int)
    frame = one.loc[one.index.repeat(20)].reset_index(drop=True)
    project.write_table(frame)
    project.write_config(basic_config(
        data__id_columns=["customer"], data__split={"train": 0.6, "validation": 0.0, "test": 0.4, "group": "customer"},
        model__model_type="logistic_regression", model__hyperparameters={}, model__training_config={}))
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    right = predictions(project, test)["label"].to_numpy() == test["target"].to_numpy()
    groups = pd.Series(right).groupby(test["customer"].to_numpy()).mean().to_numpy()
    means = [rng.choice(groups, len(groups)).mean() for _ in range(4000)]
    low, high = last["intervals"]["accuracy"]
    assert [low, high] == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.02)
    assert high - low > 3 * 2 * 1.96 * right.std() / np.sqrt(len(right))


def test_a_failed_latency_is_measured_again(project):
    project.write_table(number_table())
    project.write_config(basic_config())
    slow = ("--set", "model.gates.single_latency_seconds=0.0000000001")
    assert gate(project.run(*slow, expect=1), "single_latency")["verdict"] == "fail"
    again = project.run(*slow, expect=1)
    assert not again["unchanged"] and "gates" not in again["cached"] and "train" in again["cached"]
    project.run()
    assert project.run()["unchanged"]


def test_a_floor_needs_slices(grouped):
    grouped.write_config(basic_config(model__gates={"slice_floor": {"accuracy": 0.5}}))
    answer = grouped.call("config", "check")
    assert answer.code == 2 and "columns under model.slices.columns" in answer.err


def newcombe(a, b, z):
    """The interval of a difference of two shares, each (hits, rows), from scipy's score intervals."""
    (p, pl, pu), (q, ql, qu) = [
        (hits / rows, *stats.binomtest(int(hits), int(rows)).proportion_ci(2 * stats.norm.cdf(z) - 1, "wilson"))
        for hits, rows in (a, b)]
    return p - q - np.hypot(p - pl, qu - q), p - q + np.hypot(pu - p, q - ql)


SHARES = {
    "accuracy": lambda t: ((t.label == t.target).sum(), len(t)),
    "selection_rate": lambda t: (t.label.sum(), len(t)),
    "recall": lambda t: ((t.label & t.target).sum(), t.target.sum()),
    "false_positive_rate": lambda t: ((t.label & (1 - t.target)).sum(), (1 - t.target).sum()),
    "precision": lambda t: ((t.label & t.target).sum(), t.label.sum()),
}


@pytest.mark.parametrize("metric", SHARES)
def test_gaps_between_groups_equal_pandas_and_scipy(grouped, metric):
    asked = [{"column": column, "metric": metric, "max": 0.5} for column in ("sex", "city")]
    grouped.write_config(slices_config(model__slices=None, model__gates={"group_gap": asked}))
    last = grouped.run()
    test, _ = test_part_of(grouped, last, grouped.frame)
    table = pd.DataFrame({"target": test["target"].to_numpy(), "label": predictions(grouped, test)["label"].to_numpy(),
                          "sex": test["sex"].to_numpy(), "city": test["city"].to_numpy()})
    verdict = gate(last, "group_gap")
    assert verdict["verdict"] == "pass" and len(verdict["evidence"]["gaps"]) == 2
    for gap in verdict["evidence"]["gaps"]:
        groups = [SHARES[metric](part) for _, part in table.groupby(gap["column"])]
        groups = sorted((group for group in groups if group[1] >= 30), key=lambda group: group[0] / group[1])
        assert len(gap["groups"]) == len(groups)
        assert gap["gap"] == pytest.approx(groups[-1][0] / groups[-1][1] - groups[0][0] / groups[0][1])
        pairs = len(groups) * (len(groups) - 1) / 2
        z = stats.norm.ppf(1 - 0.05 / (2 * pairs))
        bounds = [newcombe(b, a, z) for i, a in enumerate(groups) for b in groups[i + 1:]]
        assert gap["lower"] == pytest.approx(max(0, *(low for low, _ in bounds)), abs=1e-9)
        assert gap["upper"] == pytest.approx(max(max(high, -low) for low, high in bounds), abs=1e-9)


def test_a_gap_is_decided_by_its_interval(grouped):
    frame = grouped.frame
    # Of one sex hardly anybody is positive, and a feature says so.
    frame["sexed"] = (frame["sex"] == "m") * 1.0
    frame.loc[(frame["sex"] == "f") & (np.arange(len(frame)) % 4 > 0), "target"] = 0
    grouped.write_table(frame)

    def ask(limit, expect=0):
        gates = {"group_gap": [{"column": "sex", "metric": "selection_rate", "max": limit}]}
        grouped.write_config(slices_config(model__gates=gates))
        return gate(grouped.run(expect=expect), "group_gap")

    verdict = ask(0.05, expect=1)
    assert verdict["verdict"] == "fail" and "selection_rate by sex" in verdict["reason"]
    assert ask(round(verdict["value"], 3))["verdict"] == "inconclusive"
    assert ask(0.9)["verdict"] == "pass"


def test_a_gap_of_a_regression(project):
    frame = house_table(rows=2000)
    project.write_table(frame)
    project.write_config(regression_config(model__gates={"group_gap": [
        {"column": "city", "metric": "mean_estimate", "max": 1e6}, {"column": "city", "metric": "mae", "max": 1e6}]}))
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    estimates = predictions(project, test)["prediction"].to_numpy()
    means = pd.Series(estimates).groupby(test["city"].to_numpy()).mean()
    gaps = {gap["metric"]: gap for gap in gate(last, "group_gap")["evidence"]["gaps"]}
    assert gaps["mean_estimate"]["gap"] == pytest.approx(means.max() - means.min())
    errors = pd.Series(np.abs(estimates - test["target"].to_numpy())).groupby(test["city"].to_numpy()).mean()
    assert gaps["mae"]["gap"] == pytest.approx(errors.max() - errors.min())


def test_group_gap_says_what_it_needs(grouped):
    grouped.write_config(slices_config(model__gates={"group_gap": [{"column": "sex", "metric": "fairness", "max": 0.1}]}))
    answer = grouped.call("config", "check")
    assert answer.code == 2 and "selection_rate" in answer.err
    grouped.write_config(slices_config(model__gates={"group_gap": [{"column": "gender", "metric": "recall", "max": 0.1}]}))
    answer = grouped.call("run")
    assert answer.code == 2 and "the data has no column 'gender'" in answer.err


def mixed_table(rows=1500):
    frame = sliced_table(rows=rows).drop(columns="sex")
    frame["joined"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(rows) % 700, "D")
    return frame


@pytest.mark.parametrize("trainer", CLASSIFIERS)
def test_every_classifier_is_robust(project, trainer):
    frame = mixed_table()
    project.write_table(frame)
    project.write_config(basic_config(model__model_type=trainer, model__hyperparameters={"random_state": 1},
                                      model__gates={"robustness": {"max_drop": 0.3}}, data__timestamp_column="joined"))
    last = project.run()
    verdict = gate(last, "robustness")
    assert verdict["verdict"] == "pass" and 0 <= verdict["value"] < 0.1
    results = {one["check"]: one["result"] for one in verdict["evidence"]["checks"]}
    for name in [c for c in frame.columns if c != "target"]:
        assert results[f"missing {name}"] == "sound"
    for check in ("all values missing", "unseen categories", "empty text", "very long text", "text beyond ASCII",
                  "tiny numbers", "columns in another order"):
        assert results[check] == "sound", check
    if trainer != "logistic_regression":
        assert set(results.values()) == {"sound"}
    drops = verdict["evidence"]["missing_columns"]["largest"]
    assert len(drops) == 5 and drops[0]["column"] in ("feature1", "feature2") and drops[0]["drop"] > 0.05


@pytest.mark.parametrize("trainer", TRAINERS)
def test_every_regression_is_robust(project, trainer):
    project.write_table(house_table(missing=0.02))
    project.write_config(regression_config(trainer))
    assert gate(project.run(), "robustness")["verdict"] == "pass"


def test_the_drop_of_a_missing_column_is_that_of_onnxruntime(project):
    frame = number_table(rows=1000)
    project.write_table(frame)
    project.write_config(basic_config(model__gates={"robustness": {"max_drop": 0.3}}))
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    session = onnxruntime.InferenceSession(str(graph_path(project, last)), providers=["CPUExecutionProvider"])

    def accuracy(part):
        feeds = {field.name: part[field.name].to_numpy(np.float64) for field in session.get_inputs()}
        return accuracy_score(test["target"], session.run(["label"], feeds)[0])

    for drop in gate(last, "robustness")["evidence"]["missing_columns"]["largest"]:
        assert drop["drop"] == pytest.approx(accuracy(test) - accuracy(test.assign(**{drop["column"]: np.nan})), abs=1e-12)


def test_a_limit_of_the_drop(project):
    project.write_table(number_table(rows=2000))

    def ask(expect=0, **limits):
        project.write_config(basic_config(model__gates={"robustness": limits}))
        return gate(project.run(expect=expect), "robustness")

    small = ask(max_drop=0.2)
    assert small["verdict"] == "pass" and small["limit"] == 0.2
    assert 0 < small["evidence"]["drop"]["drop"] == small["value"] < 0.1
    large = ask(max_drop=0.05, missing_share=0.5, expect=1)
    assert large["verdict"] == "fail" and large["value"] > 0.1 and "more than 0.050" in large["reason"]
    assert "robustness" not in {one["name"] for one in (project.write_config(basic_config(
        model__gates={"robustness": {"enabled": False}})), project.run())[1]["gates"]}


def test_graphs_of_others_are_asked_too(project):
    """An encoder that refuses unknown text, and an imputer that takes missing numbers."""
    frame = text_table(rows=800)
    project.write_table(frame)
    (project.folder / "models").mkdir()
    onnx.save(column_pipeline(frame.head(300))[1], project.folder / "models/model.onnx")
    project.write_config(onnx_config())
    verdict = gate(project.run(), "robustness")
    assert verdict["verdict"] == "pass", verdict["reason"]
    assert "missing a" not in {one["check"] for one in verdict["evidence"]["checks"]}
    frame.loc[::10, "a"] = np.nan
    project.write_table(frame)
    model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(frame[NUMBERS].to_numpy(), frame["target"])
    onnx.save(to_onnx(model, initial_types=[("X", FloatTensorType([None, 3]))]), project.folder / "models/model.onnx")
    project.write_config(onnx_config(data__feature_columns=NUMBERS))
    results = {one["check"]: one["result"] for one in gate(project.run(), "robustness")["evidence"]["checks"]}
    assert results["missing a"] == "sound" and "missing b" not in results


def test_a_number_that_overflows_is_refused_and_never_answered_with_nan(project):
    frame = number_table()
    project.write_table(frame)
    project.write_config(basic_config(model__model_type="logistic_regression", model__hyperparameters={}))
    project.run()
    wild = frame.drop(columns="target").fillna(0).head(3)
    wild.loc[1, ["feature1", "feature2"]] = [1.7e308, -1.7e308]  # Both weigh more than nothing.
    project.write_table(wild, "wild.csv")
    answer = project.call("predict", "ml-classifier", "--input", "wild.csv")
    assert answer.code == 2 and "the model's answer is" in answer.err and "row 2" in answer.err, answer.err


def test_leakage_is_asked_where_a_limit_is_set(project):
    frame = number_table(rows=1000)
    frame["refund"] = frame["target"] * 3 + (np.arange(1000) % 50 == 0)
    frame = pd.concat([frame, frame.head(200)])
    project.write_table(frame)

    def ask(limits, expect=0):
        project.write_config(basic_config(model__gates={"leakage": limits}))
        return project.run(expect=expect)

    assert "leakage" not in {one["name"] for one in ask({})["gates"]}
    last = ask({"max_association": 0.8}, expect=1)
    verdict = gate(last, "leakage")
    assert verdict["verdict"] == "fail" and verdict["reason"].startswith("refund alone tells")
    (issue,) = [one for one in last["issues"] if one["kind"] == "target_leakage"]
    assert verdict["value"] == pytest.approx(issue["value"])
    last = ask({"max_shared_rows": 0.01}, expect=1)
    test, train = test_part_of(project, last, frame)
    shared = test.merge(train.drop_duplicates(), how="inner")
    assert gate(last, "leakage")["value"] == pytest.approx(len(shared) / len(test))
    assert gate(ask({"max_association": 1, "max_shared_rows": 1}), "leakage")["verdict"] == "pass"


def test_a_gate_of_the_report_has_its_evidence(grouped):
    grouped.write_config(slices_config(model__gates={"slice_floor": {"accuracy": 0.3}, "group_gap": [
        {"column": "sex", "metric": "equalized_odds", "max": 0.9}]}))
    last = grouped.run()
    folder = (grouped.folder / last["report"]).parent
    gates = {one["name"]: one for one in json.loads((folder / "report.json").read_text())["gates"]}
    assert {"slice_floor", "group_gap", "robustness"} <= set(gates)
    assert {gap["metric"] for gap in gates["group_gap"]["evidence"]["gaps"]} == {"recall", "false_positive_rate"}
    assert "slice_floor" in (folder / "report.html").read_text().replace("<wbr>", "")
