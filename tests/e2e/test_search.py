"""The search for hyper-parameters, and folds in time, judged by scikit-learn."""
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import basic_config
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import TimeSeriesSplit
from test_regression import house_table, regression_config


def class_table(rows=3000, seed=2):
    """Two classes that a sum of products tells, with much noise: a deep tree learns it by heart."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 6)), columns=[f"feature{i + 1}" for i in range(6)])
    score = frame["feature1"] * frame["feature2"] + frame["feature3"] + rng.normal(size=rows)
    frame["target"] = (score > 0).astype(int)
    return frame


def search_config(trainer="random_forest", hyperparameters=None, **changes):
    return basic_config(**{
        "model__model_type": trainer, "model__hyperparameters": hyperparameters or {},
        "model__evaluation_metrics": ["auc"], "model__performance_thresholds": {"auc": 0.5},
        # What ranks best may still answer with one class.
        "model__gates": {"beats_baseline": False},
        "model__training_config": {"cross_validation": 3, "hyperparameter_tuning": True}, **changes})


def report_of(project, last):
    return json.loads((project.folder / last["report"]).with_name("report.json").read_text())


def chosen_of(search):
    return next(trial for trial in search["trials"] if trial["trial"] == search["chosen"])


def test_the_best_trial_is_what_is_trained(project):
    project.write_table(class_table())
    project.write_config(search_config(
        hyperparameters={"n_estimators": 20, "random_state": 3},
        model__search_space={"max_depth": [1, 8], "min_samples_leaf": {"low": 1, "high": 30, "log": True}},
        model__search={"trials": 9}))
    last = project.run()
    report = report_of(project, last)
    search = report["search"]
    assert search["metric"] == "auc" and not search["out_of_time"]
    assert len(search["trials"]) == 9
    chosen = chosen_of(search)
    furthest = max(len(trial["rungs"]) for trial in search["trials"])
    finalists = [trial for trial in search["trials"] if len(trial["rungs"]) == furthest]
    assert chosen["rungs"][-1]["mean"] == max(trial["rungs"][-1]["mean"] for trial in finalists)
    # Nine of 560 of 1,600 rows go to three, which get all.
    assert [len(search["trials"]), len(finalists)] == [9, 3]
    assert report["hyperparameters"] == {"n_estimators": 20, "random_state": 3, **chosen["hyperparameters"]}
    assert chosen["hyperparameters"]["max_depth"] == 8
    # The last rung has all rows of the folds: its scores are those that the report's folds have.
    assert chosen["rungs"][-1]["scores"] == pytest.approx([fold["metrics"]["auc"] for fold in report["folds"]], abs=0)
    lineage = json.loads(next((project.folder / ".slipway/artifacts").glob("sha256/*/*/lineage.json")).read_text())
    assert lineage["hyperparameters"] == report["hyperparameters"]
    page = (project.folder / last["report"]).read_text()
    assert "Search for hyper-parameters" in page and "9 trials judged by AUC" in page
    assert "Search for hyper-parameters" in (project.folder / last["report"]).with_name("report.md").read_text()


def test_a_search_is_the_same_on_any_number_of_threads(project):
    project.write_table(class_table(1500))
    project.write_config(search_config("gradient_boosting", {"n_estimators": 30}, model__search={"trials": 6}))
    one = project.run("--threads", "1", "--no-cache")
    two = project.run("--threads", "2", "--no-cache")
    assert one["digest"] == two["digest"]
    assert report_of(project, one)["search"] == report_of(project, two)["search"]
    assert report_of(project, one)["search"]["trials"][0]["hyperparameters"] == {}
    # Without the cache the folds are fitted again, to the very scores of the search.
    chosen, folds = chosen_of(report_of(project, one)["search"]), report_of(project, one)["folds"]
    assert chosen["rungs"][-1]["scores"] == [fold["metrics"]["auc"] for fold in folds]


def test_scores_are_scikit_learns(project):
    frame = class_table(1200)
    project.write_table(frame)
    project.write_config(search_config("logistic_regression", {"tol": 1e-9, "max_iter": 1000},
                                       data__preprocessing_steps=[], model__search_space={"C": [0.0001, 0.01, 1.0]}))
    last = project.run()
    search = report_of(project, last)["search"]
    split = pq.read_table((project.folder / last["report"]).with_name("split.parquet")).to_pandas()
    x, y = frame.drop(columns="target").to_numpy(), frame["target"].to_numpy()
    for trial in search["trials"]:
        scores = []
        for fold in range(3):
            inside, scored = ((split["part"] == "train") & (split["fold"] != fold)).to_numpy(), (split["fold"] == fold).to_numpy()
            model = LogisticRegression(**trial["hyperparameters"], tol=1e-9, max_iter=1000).fit(x[inside], y[inside])
            scores.append(roc_auc_score(y[scored], model.decision_function(x[scored])))
        assert trial["rungs"][-1]["scores"] == pytest.approx(scores, abs=1e-5)


def test_more_trials_go_on_from_those_that_were_fitted(project):
    project.write_table(class_table(1200))
    space = {"max_depth": {"low": 1, "high": 12}, "max_features": [0.3, 0.6, 1.0]}
    project.write_config(search_config(hyperparameters={"n_estimators": 60}, model__search_space=space,
                                       model__search={"trials": 4}))
    few = project.run()
    project.write_config(search_config(hyperparameters={"n_estimators": 60}, model__search_space=space,
                                       model__search={"trials": 6}))
    more = project.run()
    trials = report_of(project, more)["search"]["trials"]
    assert trials[:4] == report_of(project, few)["search"]["trials"]
    assert len(trials) == 6
    again = project.run("--set", "model.evaluation_metrics=[accuracy]")
    assert "search" in again["cached"]


def test_a_search_ends_in_time(project):
    project.write_table(class_table(3000))
    project.write_config(search_config(hyperparameters={"n_estimators": 1500}, model__search={"trials": 500, "seconds": 1.5}))
    answer = project.call("run", "--output", "json")
    assert answer.code == 0, answer.err
    assert answer.last["timings"]["search"] < 6
    search = report_of(project, answer.last)["search"]
    assert search["out_of_time"]
    assert chosen_of(search)["rungs"]
    assert "The time of model.search.seconds ended it early." in (project.folder / answer.last["report"]).read_text()


def test_a_regression_is_searched_by_r2_or_by_an_error(project):
    project.write_table(house_table(900))
    config = regression_config("ridge", model__training_config={"hyperparameter_tuning": True},
                               data__split={"train": 0.6, "validation": 0.2, "test": 0.2})
    project.write_config(config)
    search = report_of(project, project.run())["search"]
    assert search["metric"] == "r2"
    assert [len(trial["rungs"][-1]["scores"]) for trial in search["trials"][:3]] == [1, 1, 1]
    by_error = report_of(project, project.run("--set", "model.search.metric=mae"))["search"]
    assert by_error["metric"] == "mae"
    assert chosen_of(by_error)["rungs"][-1]["mean"] == min(trial["rungs"][-1]["mean"] for trial in by_error["trials"])


def test_a_program_is_searched_too(project):
    frame = class_table(600)
    project.write_table(frame)
    folder = project.folder / "training"
    folder.mkdir()
    (folder / "fit.py").write_text("""\
import json, os
import pandas as pd
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
print(json.dumps([os.environ["SLIPWAY_VALIDATION"] != "", os.environ["SLIPWAY_THREADS"]]))
rows = pd.read_parquet(os.environ["SLIPWAY_TRAIN"])
features = json.loads(os.environ["SLIPWAY_FEATURES"])
x = rows[features].to_numpy("float32")
model = LogisticRegression(**json.loads(os.environ["SLIPWAY_HYPERPARAMETERS"])).fit(x, rows[os.environ["SLIPWAY_TARGET"]])
open(os.path.join(os.environ["SLIPWAY_OUTPUT"], "model.onnx"), "wb").write(
    to_onnx(model, x[:1], options={"zipmap": False}).SerializeToString())
""")
    import sys
    changes = {"model__command": {"run": f"{sys.executable} training/fit.py", "folder": "training"},
               "model__training_config": {"hyperparameter_tuning": True},
               "data__split": {"train": 0.6, "validation": 0.2, "test": 0.2}, "data__preprocessing_steps": []}
    project.write_config(search_config("command", {}, **changes))
    answer = project.call("run")
    assert answer.code == 2
    assert "command has no hyper-parameters to try of its own" in answer.err
    project.write_config(search_config("command", {}, model__search_space={"C": [1e-6, 1.0]}, **changes))
    answer = project.call("run", "--output", "json", "--threads", "2")
    assert answer.code == 0, answer.err
    said = [line["line"] for line in answer.lines if line.get("event") == "output"]
    # The validation part scores the trials, and helps the model that is trained in the end.
    assert [json.loads(line) for line in said if line.startswith("[")] == [[False, "2"], [False, "2"], [True, "2"]]
    report = report_of(project, answer.last)
    assert len(report["search"]["trials"]) == 2
    assert report["hyperparameters"] == chosen_of(report["search"])["hyperparameters"]


@pytest.mark.parametrize(("changes", "message"), [
    ({"model__search_space": {"max_dept": [3]}}, "model.search_space.max_dept: random_forest has no such hyper-parameter"),
    ({"model__search_space": {"max_depth": [3, -1]}}, "model.search_space.max_depth: -1 can't be used"),
    ({"model__search_space": {"max_depth": 3}}, "model.search_space.max_depth: 3 is one value"),
    ({"model__search_space": {"max_depth": {"low": 1}}}, "model.search_space.max_depth: not a range"),
    ({"model__search_space": {"random_state": [1, 2]}}, "model.search_space.random_state: a seed is nothing to look for"),
    ({"model__search_space": {}}, "there is nothing to try"),
    ({"model__model_type": "linear_regression", "model__task": "regression", "model__evaluation_metrics": ["r2"],
      "model__performance_thresholds": {}}, "linear_regression has no hyper-parameters to try of its own"),
    ({"model__search": {"metric": "r2"}, "model__task": "classification"}, "\"r2\" is no metric of a classification"),
    ({"model__training_config": {"hyperparameter_tuning": True}, "data__split": {"train": 0.8, "validation": 0.0, "test": 0.2}},
     "a search has no rows to judge by"),
], ids=lambda value: None if isinstance(value, dict) else value[:40])
def test_mistakes_are_told_before_anything_is_read(project, changes, message):
    project.write_table(class_table(300))
    project.write_config(search_config(**changes))
    answer = project.call("run")
    assert answer.code == 2, answer.out
    assert message in answer.err
    assert "config.yaml:" in answer.err


def test_a_metric_of_another_task_is_told_before_anything_is_fitted(project):
    project.write_table(class_table(300))
    project.write_config(search_config(model__search={"metric": "r2"}))  # The task is guessed.
    answer = project.call("run", "--output", "json")
    assert answer.code == 2, answer.out
    assert "config.yaml:" in answer.err and "model.search.metric: \"r2\" is no metric of a classification" in answer.err
    assert "balanced_accuracy" in answer.err and "model.task: regression" in answer.err
    assert not any(line.get("step") == "search" for line in answer.lines)


def test_a_search_by_auc_needs_each_class_among_the_rows_that_it_scores(project):
    frame = class_table(500)
    frame["when"] = np.arange(500.0)
    frame.loc[300:399, "target"] = 0
    project.write_table(frame)
    project.write_config(search_config(
        hyperparameters={"n_estimators": 10}, model__training_config={"hyperparameter_tuning": True},
        model__search={"trials": 2}, model__performance_thresholds={}, data__exclude_columns=["when"],
        data__split={"train": 0.6, "validation": 0.2, "test": 0.2, "time": "when"}))
    answer = project.call("run", "--output", "json")
    assert answer.code == 2, answer.out
    assert answer.err.startswith("error: a search can't be judged by auc: the validation part has no row of the class '1'")
    assert "model.training_config.cross_validation" in answer.err
    assert not any(line.get("step") == "search" for line in answer.lines)
    report = report_of(project, project.run("--set", "model.search.metric=log_loss"))
    assert report["search"]["metric"] == "log_loss"


def test_folds_in_time_are_scikit_learns(project):
    frame = class_table(1003)
    rng = np.random.default_rng(5)
    frame["when"] = rng.permutation(len(frame)).astype(float)
    project.write_table(frame)
    project.write_config(search_config(
        "logistic_regression", {"tol": 1e-9, "max_iter": 1000}, model__training_config={"cross_validation": 4},
        data__split={"train": 0.8, "validation": 0.0, "test": 0.2, "time": "when"}, data__exclude_columns=["when"],
        data__preprocessing_steps=[]))
    last = project.run()
    report = report_of(project, last)
    split = pq.read_table((project.folder / last["report"]).with_name("split.parquet")).to_pandas()
    training = frame[(split["part"] == "train").to_numpy()].sort_values("when")
    assert training["when"].max() < frame[(split["part"] == "test").to_numpy()]["when"].min()
    x, y = training.drop(columns=["target", "when"]).to_numpy(), training["target"].to_numpy()
    folds = split.loc[training.index, "fold"].to_numpy()
    for number, (before, scored) in enumerate(TimeSeriesSplit(4).split(x)):
        assert (np.flatnonzero(folds == number) == scored).all()
        fold = report["folds"][number]
        assert (fold["train_rows"], fold["test_rows"]) == (len(before), len(scored))
        model = LogisticRegression(tol=1e-9, max_iter=1000).fit(x[before], y[before])
        expected = roc_auc_score(y[scored], model.decision_function(x[scored]))
        assert fold["metrics"]["auc"] == pytest.approx(expected, abs=1e-5)
