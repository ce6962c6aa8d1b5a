"""Numbers to estimate, judged by scikit-learn and onnxruntime."""
import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from conftest import basic_config
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import (mean_absolute_error, mean_absolute_percentage_error, mean_squared_error, r2_score,
                             root_mean_squared_error)
from test_oracle import predictions, test_part_of

TRAINERS = ["random_forest", "gradient_boosting", "linear_regression", "ridge"]


def house_table(rows=1500, seed=4, missing=0.0):
    """A price around 100,000 that three of four columns and a city tell."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 4)), columns=[f"feature{i + 1}" for i in range(4)])
    frame["city"] = rng.choice(["Bonn", "Oslo", "東京"], rows)
    signal = frame["feature1"] * frame["feature2"] + 2 * frame["feature3"] + (frame["city"] == "Oslo")
    frame["target"] = 100_000 + 20_000 * signal + 8_000 * rng.normal(size=rows)
    if missing:
        frame.loc[rng.random(rows) < missing, "feature3"] = np.nan
    return frame


def regression_config(trainer="random_forest", **changes):
    return basic_config(**{"model__model_type": trainer, "model__evaluation_metrics": ["r2", "rmse", "mae"],
                           "model__hyperparameters": {}, "model__performance_thresholds": {"r2": 0.2}, **changes})


@pytest.mark.parametrize("trainer", TRAINERS)
def test_metrics_equal_scikit_learn(project, trainer):
    frame = house_table(missing=0.02)
    project.write_table(frame)
    project.write_config(regression_config(trainer))
    last = project.run()
    test, _ = test_part_of(project, last, frame)
    truth, estimate = test["target"], predictions(project, test)["prediction"]
    expected = {"rmse": root_mean_squared_error(truth, estimate), "mse": mean_squared_error(truth, estimate),
                "mae": mean_absolute_error(truth, estimate), "r2": r2_score(truth, estimate),
                "mape": mean_absolute_percentage_error(truth, estimate)}
    assert last["metrics"].keys() == expected.keys()
    for name, value in expected.items():
        assert last["metrics"][name] == pytest.approx(value, rel=1e-9), name
        low, high = last["intervals"][name]
        assert low < value < high
    assert {gate["name"] for gate in last["gates"]} >= {"r2", "parity", "baseline", "single_latency", "size"}


@pytest.mark.parametrize("trainer", TRAINERS)
def test_onnxruntime_gives_the_same_estimates(project, trainer):
    frame = house_table(missing=0.02)
    project.write_table(frame)
    project.write_config(regression_config(trainer))
    last = project.run()
    digest = last["digest"].removeprefix("sha256:")
    model = project.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:] / "model.onnx"
    onnx.checker.check_model(str(model), full_check=True)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    (output,) = session.get_outputs()
    assert (output.name, output.type) == ("prediction", "tensor(double)")
    feeds = {field.name: frame[field.name].to_numpy(object if field.type == "tensor(string)" else np.float64)
             for field in session.get_inputs()}
    (theirs,) = session.run(None, feeds)
    assert theirs.shape == (len(frame),)
    np.testing.assert_allclose(predictions(project, frame)["prediction"], theirs, rtol=1e-12)


# With all rows and all columns nothing of a tree is left to chance.
@pytest.mark.parametrize("options", [
    {"max_depth": 6},
    {"max_leaf_nodes": 20},
    {"min_samples_leaf": 40},
    {"criterion": "squared_error", "min_impurity_decrease": 2e6},
    {"min_weight_fraction_leaf": 0.05},
], ids=str)
def test_a_tree_is_scikit_learns(project, options):
    frame = house_table(rows=3000).drop(columns="city")
    project.write_table(frame)
    options = {"n_estimators": 1, "bootstrap": False, "max_features": None, "min_samples_leaf": 5, **options}
    project.write_config(regression_config(data__preprocessing_steps=[], model__hyperparameters={**options, "max_bins": 5000}))
    test, train = test_part_of(project, project.run(), frame)
    ours = predictions(project, test)["prediction"].to_numpy()
    spread = train["target"].std()
    furthest = []
    for seed in range(10):
        forest = RandomForestRegressor(**options, random_state=seed).fit(train.drop(columns="target"), train["target"])
        assert forest.estimators_[0].get_n_leaves() > 3
        furthest.append(np.abs(ours - forest.predict(test.drop(columns="target"))).max() / spread)
    assert min(furthest) < 1e-5


def test_a_forest_is_as_good_as_scikit_learns(project):
    frame = house_table(rows=3000).drop(columns="city")
    project.write_table(frame)
    project.write_config(regression_config(data__preprocessing_steps=[], model__hyperparameters={"n_estimators": 200}))
    last = project.run()
    test, train = test_part_of(project, last, frame)
    ours = predictions(project, test)["prediction"].to_numpy()
    theirs = [RandomForestRegressor(n_estimators=200, random_state=seed, n_jobs=2)
              .fit(train.drop(columns="target"), train["target"]).predict(test.drop(columns="target")) for seed in range(3)]
    noise = max(np.abs(theirs[0] - other).mean() for other in theirs[1:])
    assert np.abs(ours - theirs[0]).mean() < 1.5 * noise
    assert last["metrics"]["r2"] == pytest.approx(r2_score(test["target"], theirs[0]), abs=0.01)


# With fewer values than bins both choose among the same thresholds by the same gains.
@pytest.mark.parametrize("options", [
    {},
    {"max_depth": 6, "min_samples_leaf": 20},
    {"max_depth": None, "max_leaf_nodes": 15, "l2_regularization": 2.0},
    {"learning_rate": 0.3, "loss": "squared_error"},
], ids=str)
def test_gradient_boosting_is_scikit_learns(project, options):
    frame = house_table(rows=4000).drop(columns="city").round({f"feature{i + 1}": 1 for i in range(4)})
    project.write_table(frame)
    options = {"learning_rate": 0.1, "max_depth": 3, "min_samples_leaf": 5, **options}
    project.write_config(regression_config("gradient_boosting", data__preprocessing_steps=[],
                                           model__hyperparameters={**options, "n_estimators": 20}))
    test, train = test_part_of(project, project.run(), frame)
    ours = predictions(project, test)["prediction"].to_numpy()
    options.setdefault("max_leaf_nodes", None)
    fitted = HistGradientBoostingRegressor(max_iter=20, early_stopping=False, **options)
    theirs = fitted.fit(train.drop(columns="target"), train["target"]).predict(test.drop(columns="target"))
    # Two splits that gain the same part the ways of a few rows.
    difference = np.abs(ours - theirs) / train["target"].std()
    assert np.quantile(difference, 0.95) < 1e-3
    assert difference.mean() < 1e-3


@pytest.mark.parametrize("trainer, estimator, options", [
    ("linear_regression", LinearRegression, {}),
    ("linear_regression", LinearRegression, {"fit_intercept": False}),
    ("ridge", Ridge, {}),
    ("ridge", Ridge, {"alpha": 300.0}),
    ("ridge", Ridge, {"alpha": 0.5, "fit_intercept": False, "solver": "cholesky"}),
], ids=str)
def test_least_squares_is_scikit_learns(project, trainer, estimator, options):
    frame = house_table().drop(columns="city")
    # Columns of different scales (scikit-learn drops what is a millionth of another), one that repeats another, and one that does not vary.
    frame["feature2"] *= 100
    frame["feature4"] *= 0.01
    frame["again"] = 2 * frame["feature1"]
    frame["constant"] = 3.0
    frame = frame[[name for name in frame if name != "target"] + ["target"]]
    project.write_table(frame)
    project.write_config(regression_config(trainer, data__preprocessing_steps=[], model__hyperparameters=options,
                                           model__performance_thresholds={"rmse": 1e9}, model__gates={"beats_baseline": False}))
    test, train = test_part_of(project, project.run(), frame)
    ours = predictions(project, test)["prediction"].to_numpy()
    # The very float32 values that ours learns from.
    fitted = estimator(**options).fit(train.drop(columns="target").astype("float32").astype(float), train["target"])
    theirs = fitted.predict(test.drop(columns="target").astype("float32").astype(float))
    assert np.abs(ours - theirs).max() / train["target"].std() < 1e-6


def test_one_hot_columns_beside_an_intercept(project):
    frame = house_table()
    project.write_table(frame)
    project.write_config(regression_config("linear_regression", data__preprocessing_steps=[]))
    test, train = test_part_of(project, project.run(), frame)
    fitted = LinearRegression().fit(pd.get_dummies(train.drop(columns="target"), dtype=float), train["target"])
    theirs = fitted.predict(pd.get_dummies(test.drop(columns="target"), dtype=float))
    np.testing.assert_allclose(predictions(project, test)["prediction"], theirs, rtol=1e-5)


@pytest.mark.parametrize("shift", [0.0, 1.6e9], ids=["around 0", "seconds since 1970"])
@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_large_mean_costs_no_precision(project, trainer, shift):
    frame = house_table().drop(columns="city")
    frame["target"] = (frame["target"] - 100_000) / 1000
    values = {}
    for name, by in (("plain", 0.0), ("shifted", shift)):
        project.write_table(frame.assign(target=frame["target"] + by))
        project.write_config(regression_config(trainer, project_name="ml-classifier"))
        project.run()
        values[name] = predictions(project, frame)["prediction"] - by
    np.testing.assert_allclose(values["shifted"], values["plain"], atol=0.02)


def test_stops_when_held_out_rows_see_no_progress(project):
    project.write_table(house_table())
    project.write_config(regression_config("gradient_boosting",
                                           model__hyperparameters={"n_estimators": 2000, "n_iter_no_change": 5, "max_depth": 6}))
    answer = project.call("run", "--env", "development")
    assert answer.code == 0, answer.err
    assert "held-out rows saw no progress" in answer.out


@pytest.mark.parametrize("trainer, expected", [
    ("random_forest", "of 1000 trees, as more answered rows out of bag no better"),
    ("gradient_boosting", "of 1000 rounds, as"),
])
def test_early_stopping(project, trainer, expected):
    project.write_table(house_table())
    project.write_config(regression_config(trainer, model__hyperparameters={"n_estimators": 1000, "max_depth": 5},
                                           model__training_config={"cross_validation": 2, "early_stopping": True}))
    answer = project.call("run", "--env", "development")
    assert answer.code == 0, answer.err
    assert expected in answer.out


def test_predictions_as_json_lines_and_json(project):
    frame = house_table(rows=300)
    project.write_table(frame)
    project.write_config(regression_config())
    project.run()
    rows = project.write_table(frame.head(5).drop(columns="target"), name="rows.csv")
    answer = project.call("predict", "ml-classifier", "--input", rows, "--output", "json")
    assert answer.code == 0, answer.err
    assert "probabilities" not in answer.last
    out = project.folder / "out.jsonl"
    assert project.call("predict", "ml-classifier", "--input", rows, "--output-file", out).code == 0
    assert pd.read_json(out, lines=True)["prediction"].tolist() == pytest.approx(answer.last["predictions"])
    parquet = project.folder / "out.parquet"
    assert project.call("predict", "ml-classifier", "--input", rows, "--output-file", parquet).code == 0
    assert pd.read_parquet(parquet)["prediction"].tolist() == answer.last["predictions"]


def test_a_target_that_nothing_tells_fails_the_baseline(project):
    frame = house_table()
    frame["target"] = np.random.default_rng(3).normal(size=len(frame))
    project.write_table(frame)
    project.write_config(regression_config("gradient_boosting", model__performance_thresholds={"rmse": 5.0},
                                           model__hyperparameters={"n_estimators": 300, "max_depth": 8}))
    last = project.run(expect=1)
    (baseline,) = [gate for gate in last["gates"] if gate["name"] == "baseline"]
    assert baseline["verdict"] == "fail" and baseline["value"] < 0
    assert "always answering with the mean of the test rows" in baseline["reason"]


def test_compares_with_production_by_r2(project):
    project.write_table(house_table(rows=4000))
    project.write_config(regression_config())
    project.run()
    assert project.call("models", "promote", "ml-classifier:1", "--to", "production").code == 0
    project.write_config(regression_config("linear_regression"))
    last = project.run(expect=1)
    (gate,) = [gate for gate in last["gates"] if gate["name"] == "production"]
    assert gate["verdict"] == "fail" and gate["value"] < -0.05
    assert gate["reason"].startswith("r2 -") and gate["evidence"]["metric"] == "r2"
    assert gate["evidence"]["lower"] < gate["value"] < gate["evidence"]["upper"]


@pytest.mark.parametrize("changes, expected", [
    ({"model__model_type": "logistic_regression"}, "learns classes, and the target is a number to estimate"),
    ({"model__hyperparameters": {"criterion": "gini"}}, "this criterion parts classes"),
    ({"model__class_weight": "balanced"}, "there are no classes to weigh"),
    ({"model__task": "regression", "model__evaluation_metrics": ["auc"]}, '"auc" is no metric of a regression'),
    ({"model__task": "regression", "model__model_type": "logistic_regression"}, "learns classes"),
], ids=str)
def test_mistakes(project, changes, expected):
    project.write_table(house_table(rows=300))
    project.write_config(regression_config(**changes))
    answer = project.call("run", "--env", "development")
    assert answer.code == 2
    assert expected in answer.err


def test_numbers_are_no_trainer_for_classes(project):
    frame = house_table(rows=300)
    frame["target"] = (frame["target"] > 100_000).astype(int)
    project.write_table(frame)
    project.write_config(basic_config(model__model_type="ridge", model__hyperparameters={}))
    answer = project.call("run", "--env", "development")
    assert answer.code == 2
    assert "ridge estimates numbers, and the target has classes" in answer.err


NUMBERS = [f"feature{i + 1}" for i in range(4)]


def test_a_graph_that_estimates_is_judged_and_registered(project):
    frame = house_table()
    project.write_table(frame)
    model = RandomForestRegressor(21, max_depth=8, random_state=0).fit(frame[NUMBERS].head(500).to_numpy("float32"), frame["target"].head(500))
    (project.folder / "models").mkdir()
    onnx.save(to_onnx(model, initial_types=[("X", FloatTensorType([None, 4]))]), project.folder / "models/model.onnx")
    project.write_config(regression_config("onnx", model__onnx={"path": "models/model.onnx"}, data__preprocessing_steps=[],
                                           data__exclude_columns=["city"], model__training_config={"cross_validation": 0}))
    last = project.run()
    assert last["status"] == "passed"
    assert {gate["name"] for gate in last["gates"]} >= {"r2", "parity", "baseline", "single_latency"}
    test, _ = test_part_of(project, last, frame)
    theirs = model.predict(test[NUMBERS].to_numpy("float32"))
    np.testing.assert_allclose(predictions(project, test)["prediction"], theirs, rtol=1e-6)
    assert last["metrics"]["r2"] == pytest.approx(r2_score(test["target"], theirs), abs=1e-5)


REGRESSION_PROGRAM = """
import json, os, pathlib
import pandas as pd
from skl2onnx import to_onnx
from sklearn.linear_model import Ridge
assert os.environ["SLIPWAY_TASK"] == "regression" and json.loads(os.environ["SLIPWAY_CLASSES"]) == []
rows = pd.read_parquet(os.environ["SLIPWAY_TRAIN"])
x = rows[json.loads(os.environ["SLIPWAY_FEATURES"])].to_numpy("float64")
model = Ridge(**json.loads(os.environ["SLIPWAY_HYPERPARAMETERS"])).fit(x, rows[os.environ["SLIPWAY_TARGET"]].to_numpy())
pathlib.Path(os.environ["SLIPWAY_OUTPUT"], "model.onnx").write_bytes(to_onnx(model, x[:1]).SerializeToString())
"""


def test_a_program_may_train_what_estimates(project):
    frame = house_table().drop(columns="city")
    project.write_table(frame)
    (project.folder / "training").mkdir()
    (project.folder / "training/train.py").write_text(REGRESSION_PROGRAM)
    project.write_config(regression_config("command", model__command={"run": f"{sys.executable} training/train.py"},
                                           data__preprocessing_steps=[], model__hyperparameters={"alpha": 3.0},
                                           model__training_config={"cross_validation": 2}))
    last = project.run()
    test, train = test_part_of(project, last, frame)
    theirs = Ridge(alpha=3.0).fit(train[NUMBERS], train["target"]).predict(test[NUMBERS])
    np.testing.assert_allclose(predictions(project, test)["prediction"], theirs, rtol=1e-6)
