"""Slices of the test part and importances by shuffling, judged by pandas, scipy and scikit-learn."""
import json

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from conftest import basic_config, number_table
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, mean_absolute_error, roc_auc_score
from test_graphs import column_pipeline, onnx_config, text_table
from test_oracle import predictions, test_part_of
from test_regression import house_table, regression_config


def sliced_table(rows=3000, seed=3):
    """A target whose noise is large for one city among the older ones; `sex` is no feature."""
    rng = np.random.default_rng(seed)
    frame = number_table(rows=rows, seed=seed)
    frame["age"] = rng.integers(18, 80, rows)
    frame["city"] = rng.choice(["Bonn", "Oslo", "東京"], rows, p=[0.5, 0.3, 0.2])
    frame.loc[rng.random(rows) < 0.05, "city"] = ""
    frame["sex"] = rng.choice(["f", "m"], rows)
    turned = (frame["city"] == "Oslo") & (frame["age"] > 48) & (rng.random(rows) < 0.45)
    frame["target"] = np.where(turned, 1 - frame["target"], frame["target"])
    return frame[["feature1", "feature2", "feature3", "feature4", "age", "city", "sex", "target"]]


def slices_config(**changes):
    return basic_config(**{"data__exclude_columns": ["sex"], "data__split": {"train": 0.5, "validation": 0.1, "test": 0.4},
                           "model__slices": {"columns": ["sex", "city", "age"]}, **changes})


def report_of(project, last):
    return json.loads((project.folder / last["report"]).parent.joinpath("report.json").read_text())


@pytest.fixture
def sliced(project):
    project.frame = sliced_table()
    project.write_table(project.frame)
    project.write_config(slices_config())
    return project


def masks(test, train):
    """The slices, as pandas cuts them."""
    edges = np.quantile(train["age"], [0.25, 0.5, 0.75])
    ages = pd.cut(test["age"], [-np.inf, *edges, np.inf], labels=False)
    names = [f"≤ {edges[0]:.6g}", *(f"in ({a:.6g}, {b:.6g}]" for a, b in zip(edges, edges[1:])), f"> {edges[-1]:.6g}"]
    found = {f"sex = {value}": test["sex"] == value for value in ("f", "m")}
    found |= {f"city = {value}": test["city"] == value for value in ("Bonn", "Oslo", "東京")}
    found["city missing"] = test["city"] == ""
    return found | {f"age {name}": ages == i for i, name in enumerate(names)}


def test_named_slices_equal_pandas_and_scipy(sliced):
    last = sliced.run()
    test, train = test_part_of(sliced, last, sliced.frame)
    answers = predictions(sliced, test)
    right = answers["label"].to_numpy() == test["target"].to_numpy()
    slices = report_of(sliced, last)["slices"]
    assert slices["metric"] == "accuracy" and slices["whole"] == pytest.approx(right.mean(), abs=1e-12)
    expected = masks(test, train)
    assert {one["name"] for one in slices["named"]} == set(expected)
    p_values = []
    for one in slices["named"]:
        mask = expected[one["name"]].to_numpy()
        assert one["rows"] == mask.sum()
        assert one["metrics"]["accuracy"] == pytest.approx(accuracy_score(test["target"][mask], answers["label"][mask]))
        assert one["metrics"]["auc"] == pytest.approx(roc_auc_score(test["target"][mask], answers["probability_1"][mask]))
        assert one["difference"] == pytest.approx(right[mask].mean() - right.mean(), abs=1e-12)
        wilson = stats.binomtest(int(right[mask].sum()), int(mask.sum())).proportion_ci(method="wilson")
        assert one["intervals"]["accuracy"] == pytest.approx(list(wilson), abs=1e-9)
        low, high = one["intervals"]["auc"]
        assert low < one["metrics"]["auc"] < high
        wrong = 1.0 - right
        p_values.append(stats.ttest_ind(wrong[mask], wrong[~mask], equal_var=False).pvalue)
        assert one["p_value"] == pytest.approx(p_values[-1], rel=1e-6)
        effect = np.sqrt(2) * (wrong[mask].mean() - wrong[~mask].mean()) / np.sqrt(
            wrong[mask].var(ddof=1) + wrong[~mask].var(ddof=1))
        assert one["effect"] == pytest.approx(effect, rel=1e-6)
    q_values = stats.false_discovery_control(p_values)
    assert [one["q_value"] for one in slices["named"]] == pytest.approx(list(q_values), rel=1e-6)


def test_the_worst_slice_is_found_without_being_named(sliced):
    sliced.write_config(slices_config(model__slices=None))
    last = sliced.run()
    slices = report_of(sliced, last)["slices"]
    assert slices["named"] == [] and slices["looked_at"] > 50
    worst = slices["found"][0]
    assert {one["column"] for one in worst["conditions"]} <= {"city", "age"}
    assert "= Oslo" in worst["name"] and worst["effect"] >= 0.3 and worst["q_value"] <= 0.05
    markdown = (sliced.folder / last["report"]).with_suffix(".md").read_text()
    assert "Worst found" in markdown and "Oslo" in markdown
    assert "Worst slices found" in (sliced.folder / last["report"]).read_text()
    sliced.write_config(slices_config(model__slices={"search": False}))
    assert report_of(sliced, sliced.run())["slices"]["metric"] == ""


def test_slices_do_not_depend_on_threads_and_come_from_the_cache(sliced):
    sliced.write_config(slices_config(model__permutation_importance={"repeats": 3}))
    one = report_of(sliced, sliced.run("--threads", "1", "--no-cache"))
    four = report_of(sliced, sliced.run("--threads", "4", "--no-cache"))
    assert one["slices"] == four["slices"] and one["permutation_importances"] == four["permutation_importances"]
    assert one["digest"] == four["digest"]
    sliced.run()
    cached = sliced.run("--set", "version=2.0.0")
    assert "evaluate" in cached["cached"] and report_of(sliced, cached)["slices"] == one["slices"]


def test_a_column_that_is_not_there_is_told_before_training(sliced):
    sliced.write_config(slices_config(model__slices={"columns": ["ages"]}))
    answer = sliced.call("run")
    assert answer.code == 2
    assert "the data has no column 'ages'" in answer.err and "age" in answer.err and "config.yaml:" in answer.err


def test_slices_of_a_regression_are_compared_by_mae(project):
    frame = house_table(rows=2000)
    project.write_table(frame)
    project.write_config(regression_config(model__slices={"columns": ["city"]}))
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    estimates = predictions(project, test)["prediction"].to_numpy()
    slices = report_of(project, last)["slices"]
    assert slices["metric"] == "mae"
    for one in slices["named"]:
        mask = ("city = " + test["city"] == one["name"]).to_numpy()
        assert mask.sum() == one["rows"]
        assert one["metrics"]["mae"] == pytest.approx(mean_absolute_error(test["target"][mask], estimates[mask]))
        error = estimates[mask] - test["target"][mask]
        assert one["tally"]["error"] == pytest.approx([error.mean(), error.std(ddof=1)])


class Graph(BaseEstimator):
    """model.onnx as scikit-learn calls models, over a data frame."""

    def __init__(self, path=""):
        self.path = path
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def fit(self, x, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def outputs(self, frame):
        feeds = {}
        for field in self.session.get_inputs():
            values = frame[field.name].to_numpy(object if field.type == "tensor(string)" else np.float64)
            feeds[field.name] = values.reshape(-1, 1) if len(field.shape) == 2 else values
        return dict(zip([out.name for out in self.session.get_outputs()], self.session.run(None, feeds)))


class GraphClassifier(ClassifierMixin, Graph):
    classes_ = np.array([0, 1])

    def predict_proba(self, frame):
        scores = self.outputs(frame)
        return np.column_stack([scores["probability_0"], scores["probability_1"]])

    def predict(self, frame):
        return self.outputs(frame)["label"]


class GraphRegressor(RegressorMixin, Graph):
    def predict(self, frame):
        return self.outputs(frame)["prediction"]


def graph_path(project, last):
    digest = last["digest"].removeprefix("sha256:")
    return project.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:] / "model.onnx"


def assert_importances(ours, theirs, names):
    """Means of different shuffles, within what their deviations allow."""
    assert {one["feature"] for one in ours["features"]} == set(names)
    for one in ours["features"]:
        i = names.index(one["feature"])
        spread = np.hypot(one["deviation"], theirs.importances_std[i]) / np.sqrt(ours["repeats"])
        assert one["mean"] == pytest.approx(theirs.importances_mean[i], abs=4.5 * spread + 1e-9), one["feature"]
        # Of 30 repeats a deviation is known to about an eighth.
        assert one["deviation"] == pytest.approx(theirs.importances_std[i], rel=0.75, abs=1e-4), one["feature"]
        assert one["mean"] == pytest.approx(np.mean(one["losses"])) and len(one["losses"]) == ours["repeats"]
    means = [one["mean"] for one in ours["features"]]
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize("metric", ["auc", "accuracy"])
def test_permutation_importances_are_scikit_learns(sliced, metric):
    sliced.write_config(slices_config(model__permutation_importance={"repeats": 30, "metric": metric}))
    last = sliced.run()
    test, _ = test_part_of(sliced, last, sliced.frame)
    model = GraphClassifier(graph_path(sliced, last))
    names = ["feature1", "feature2", "feature3", "feature4", "age", "city"]
    theirs = permutation_importance(model, test[names], test["target"], n_repeats=30, random_state=0,
                                    scoring={"auc": "roc_auc"}.get(metric, metric))
    ours = report_of(sliced, last)["permutation_importances"]
    assert ours["metric"] == metric and ours["rows"] == len(test)
    assert ours["whole"] == pytest.approx(last["metrics"][metric])
    assert_importances(ours, theirs, names)
    assert "By shuffling" in (sliced.folder / last["report"]).read_text()


def test_permutation_importances_of_a_regression_are_scikit_learns(project):
    frame = house_table(rows=2000)
    project.write_table(frame)
    project.write_config(regression_config("gradient_boosting", model__permutation_importance={"repeats": 30},
                                           data__split={"train": 0.5, "validation": 0.1, "test": 0.4}))
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    names = [name for name in frame.columns if name != "target"]
    theirs = permutation_importance(GraphRegressor(graph_path(project, last)), test[names], test["target"],
                                    n_repeats=30, random_state=0)
    ours = report_of(project, last)["permutation_importances"]
    assert ours["metric"] == "r2"
    assert_importances(ours, theirs, names)


def test_a_graph_of_others_is_shuffled_too(project):
    frame = text_table(rows=1500)
    project.write_table(frame)
    model, graph = column_pipeline(frame.head(300))
    (project.folder / "models").mkdir()
    onnx.save(graph, project.folder / "models/model.onnx")
    project.write_config(onnx_config(model__permutation_importance={"repeats": 30, "metric": "accuracy"},
                                     model__slices={"columns": ["city"]}))
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    names = ["a", "b", "c", "city"]
    theirs = permutation_importance(model, test[names], test["target"], n_repeats=30, random_state=0, scoring="accuracy")
    report = report_of(project, last)
    assert_importances(report["permutation_importances"], theirs, names)
    assert {one["name"] for one in report["slices"]["named"]} == {"city = Rome", "city = Zürich", "city = 東京"}


def test_rows_bound_the_shuffling_and_a_metric_must_fit_the_task(sliced):
    sliced.write_config(slices_config(model__permutation_importance={"repeats": 2, "rows": 100}))
    assert report_of(sliced, sliced.run())["permutation_importances"]["rows"] == 100
    sliced.write_config(slices_config(model__permutation_importance={"repeats": 2, "metric": "rmse"}))
    answer = sliced.call("run")
    assert answer.code == 2 and "there is no metric rmse of this task" in answer.err
    sliced.write_config(slices_config(model__task="classification", model__permutation_importance={"metric": "rmse"}))
    answer = sliced.call("config", "check")
    assert answer.code == 2 and '"rmse" is no metric of a classification' in answer.err
