"""Calibration and decision threshold, judged by scikit-learn and by onnxruntime."""
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import basic_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, confusion_matrix, f1_score, log_loss
from sklearn.model_selection import TunedThresholdClassifierCV
from test_oracle import calibration_error
from test_parity import answer_of_onnxruntime


def table(rows=1200, classes=2, seed=7):
    """Numbers that tell some of the class; the first class is the rarest."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    score = x[:, 0] + 0.5 * x[:, 1] ** 2 + 1.5 * rng.normal(size=rows)
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(4)])
    frame["target"] = np.digitize(score, [1.2] if classes == 2 else [-0.4, 0.9])
    return frame


def config(model_type="random_forest", folds=0, **changes):
    hyperparameters = {"random_forest": {"n_estimators": 20, "max_depth": 8, "random_state": 1},
                       "gradient_boosting": {"n_estimators": 30, "random_state": 1},
                       "logistic_regression": {"tol": 1e-10, "max_iter": 1000}}[model_type]
    return basic_config(**{"data__preprocessing_steps": [], "model__performance_thresholds": {},
                           "data__split": {"train": 0.5, "validation": 0.25, "test": 0.25, "seed": 4},
                           "model__gates": {"beats_baseline": False}, "model__model_type": model_type,
                           "model__hyperparameters": hyperparameters,
                           "model__training_config": {"cross_validation": folds}, **changes})


class Answers:
    """What a version of the project's model says of all rows of a table."""

    def __init__(self, project, frame, **settings):
        project.write_table(frame)
        project.write_config(config(**settings))
        self.last = project.run()
        folder = (project.folder / self.last["report"]).parent
        self.report = json.loads((folder / "report.json").read_text())
        self.split = pq.read_table(folder / "split.parquet").to_pandas()
        rows = project.write_table(frame.drop(columns="target"), "rows.csv")
        out = project.folder / "answers.csv"
        version = f"{self.last['model']}:{self.last['version']}"
        answer = project.call("predict", version, "--input", rows, "--output-file", out)
        assert answer.code == 0, answer.err
        self.answers = pd.read_csv(out)
        self.model = project.folder / f"model-{self.last['version']}"
        assert project.call("models", "download", version, "--to", self.model).code == 0
        labels, scores = answer_of_onnxruntime(self.model / "model.onnx", frame)
        assert labels == [str(label) for label in self.answers["label"]]
        for name, values in scores.items():
            np.testing.assert_allclose(values, self.answers[f"probability_{name}"], rtol=0, atol=1e-6)

    def scores(self, rows=slice(None)):
        """Probabilities, a column a class."""
        return self.answers.filter(like="probability_").to_numpy("float64")[rows]

    def rows_of(self, part):
        return np.flatnonzero(self.split["part"] == part)


class Scored(ClassifierMixin, BaseEstimator):
    """A classifier whose scores are known: the rows of X are their numbers."""

    def __init__(self, scores=None, classes=(0, 1)):
        self.scores, self.classes = scores, classes

    def fit(self, X, y):
        return self

    @property
    def classes_(self):
        return np.array(self.classes)

    def __sklearn_is_fitted__(self):
        return True

    def decision_function(self, X):
        return self.scores[np.asarray(X)[:, 0].astype(int)]

    def predict(self, X):
        scores = self.decision_function(X)
        return self.classes_[scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(int)]


def calibrated_by_scikit_learn(method, raw, truth, fitted_on):
    numbers = np.arange(len(raw)).reshape(-1, 1)
    scored = FrozenEstimator(Scored(raw, tuple(range(truth.max() + 1))))
    calibrated = CalibratedClassifierCV(scored, method=method).fit(numbers[fitted_on], truth[fitted_on])
    return calibrated.predict_proba(numbers)


def test_isotonic_calibration_of_a_forest_is_scikit_learns(project):
    """A forest's scores are shares as float32, so that the curve can be fitted again from what `predict` says."""
    frame = table()
    truth = frame["target"].to_numpy()
    before = Answers(project, frame)
    after = Answers(project, frame, model__calibration="isotonic")
    fitted_on = before.rows_of("validation")
    assert (after.rows_of("validation") == fitted_on).all()
    curve = IsotonicRegression(out_of_bounds="clip").fit(before.scores(fitted_on)[:, 1], truth[fitted_on])
    np.testing.assert_allclose(after.scores()[:, 1], curve.predict(before.scores()[:, 1]), rtol=0, atol=1e-6)
    assert after.report["calibration"]["fitted_on"] == "validation"
    assert after.report["calibration"]["rows"] == len(fitted_on)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("model_type, classes", [("random_forest", 2), ("random_forest", 3), ("gradient_boosting", 2),
                                                 ("logistic_regression", 2)])
def test_calibration_on_the_validation_part_is_scikit_learns(project, model_type, classes, method):
    """Of boosting and logistic regression the raw scores are log odds, of a forest probabilities."""
    frame = table(classes=classes)
    truth = frame["target"].to_numpy()
    before = Answers(project, frame, model_type=model_type)
    after = Answers(project, frame, model_type=model_type, model__calibration=method)
    raw = before.scores()
    if model_type != "random_forest":
        raw = np.log(raw[:, 1] / raw[:, 0])
    elif classes == 2:
        raw = raw[:, 1]
    expected = calibrated_by_scikit_learn(method, raw, truth, before.rows_of("validation"))
    # Log odds come back from float32 probabilities with six figures.
    difference = np.abs(after.scores() - expected)
    assert np.quantile(difference, 0.99) < 2e-5 and difference.mean() < 2e-4
    np.testing.assert_allclose(after.scores().sum(axis=1), 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("classes", [2, 3])
def test_calibration_by_folds_is_scikit_learns(project, classes, method):
    """All of it again: fits of the folds, their scores, the curve, the final model."""
    frame = table(classes=classes)
    after = Answers(project, frame, model_type="logistic_regression", folds=4, model__calibration=method)
    train, test = after.rows_of("train"), after.rows_of("test")
    x, y = frame.drop(columns="target").to_numpy(), frame["target"].to_numpy()
    folds = after.split["fold"].to_numpy()[train]
    splits = [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(4)]
    model = CalibratedClassifierCV(LogisticRegression(tol=1e-12, max_iter=10000), method=method, cv=splits, ensemble=False)
    expected = model.fit(x[train], y[train]).predict_proba(x[test])
    difference = np.abs(after.scores(test) - expected)
    assert np.quantile(difference, 0.98) < 1e-4, "but for rows where a step of the curve is"
    assert after.report["calibration"]["fitted_on"] == "cross-validation"
    assert after.report["calibration"]["rows"] == len(train)


def test_the_report_tells_both_sides_on_the_test_part(project):
    frame = table(rows=3000)
    before = Answers(project, frame)
    after = Answers(project, frame, model__calibration="platt")
    test, truth = before.rows_of("test"), frame["target"].to_numpy()
    calibration = after.report["calibration"]
    assert calibration["method"] == "sigmoid", "Platt's by another name"
    for side, model in (("before", before), ("after", after)):
        told, scores = calibration[side], model.scores(test)
        assert told["calibration_error"] == pytest.approx(calibration_error(truth[test], scores[:, 1]), abs=1e-6)
        assert told["brier"] == pytest.approx(brier_score_loss(truth[test], scores[:, 1]), abs=1e-6)
        assert told["log_loss"] == pytest.approx(log_loss(truth[test], scores), abs=1e-5)
        share, mean = calibration_curve(truth[test], scores[:, 1], n_bins=10)
        np.testing.assert_allclose([bin["share"] for bin in told["bins"]], share, rtol=0, atol=1e-9)
        np.testing.assert_allclose([bin["score"] for bin in told["bins"]], mean, rtol=0, atol=1e-6)
        assert sum(bin["rows"] for bin in told["bins"]) == len(test)
    assert after.report["metrics"]["calibration_error"] == pytest.approx(calibration["after"]["calibration_error"])
    metrics = json.loads((after.model / "metrics.json").read_text())
    assert metrics["calibration"] == calibration
    assert json.loads((after.model / "schema.json").read_text())["calibration"] == "sigmoid"
    folder = (project.folder / after.last["report"]).parent
    assert "<title>Reliability</title>" in (folder / "report.html").read_text()
    assert "| Calibration error |" in (folder / "report.md").read_text()


def test_folds_are_scored_as_without_calibration(project):
    frame = table()
    before = Answers(project, frame, folds=3)
    after = Answers(project, frame, folds=3, model__calibration="isotonic", model__decision_threshold="auto")
    assert after.report["folds"] == before.report["folds"]
    assert after.last["digest"] != before.last["digest"]


GOALS = {"f1": f1_score, "balanced_accuracy": balanced_accuracy_score}


@pytest.mark.parametrize("goal", ["auto", "f1", "balanced_accuracy", "youden"])
@pytest.mark.parametrize("calibration", [None, "isotonic"])
def test_no_threshold_is_better_on_the_held_out_rows(project, goal, calibration):
    frame = table()
    truth = frame["target"].to_numpy()
    model = Answers(project, frame, model__calibration=calibration,
                    model__decision_threshold="auto" if goal == "auto" else {"maximize": goal})
    told = model.report["decision_threshold"]
    rows = model.rows_of("validation")
    scores = model.scores()[:, 1]
    assert (model.answers["label"] == (scores >= told["threshold"])).all(), "from the threshold on it is the positive class"
    scoring = "f1" if goal == "f1" else "balanced_accuracy"
    numbers = np.arange(len(frame)).reshape(-1, 1)
    tuned = TunedThresholdClassifierCV(FrozenEstimator(Scored(scores)), scoring=scoring, cv="prefit", refit=False,
                                       response_method="decision_function", thresholds=np.unique(scores[rows]))
    best = tuned.fit(numbers[rows], truth[rows]).best_score_
    reached = GOALS[scoring](truth[rows], model.answers["label"][rows])
    assert reached == pytest.approx(best, abs=1e-12)
    assert told["value"] == pytest.approx(2 * best - 1 if goal == "youden" else best, abs=1e-12)
    half = GOALS[scoring](truth[rows], scores[rows] >= 0.5)
    assert told["value_at_half"] == pytest.approx(2 * half - 1 if goal == "youden" else half, abs=1e-12)
    assert told["maximize"] == ("balanced_accuracy" if goal == "auto" else goal) and told["chosen_on"] == "validation"


def test_a_threshold_by_cost_and_what_it_does_to_metrics(project):
    frame = table()
    truth = frame["target"].to_numpy()
    price = {"false_positive": 1, "false_negative": 8}
    model = Answers(project, frame, model__decision_threshold={"maximize": "cost", "cost": price})
    told, rows, scores = model.report["decision_threshold"], model.rows_of("validation"), model.scores()[:, 1]

    def cost(threshold):
        _, false_positive, false_negative, _ = confusion_matrix(truth[rows], scores[rows] >= threshold, labels=[0, 1]).ravel()
        return (false_positive + 8 * false_negative) / len(rows)

    assert told["value"] == pytest.approx(min(cost(threshold) for threshold in [*np.unique(scores[rows]), 2]))
    assert told["value"] == pytest.approx(cost(told["threshold"])) and told["value_at_half"] == pytest.approx(cost(0.5))
    assert told["threshold"] < 0.5, "missing an event costs more"
    test = model.rows_of("test")
    assert model.report["metrics"]["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(truth[test], scores[test] >= told["threshold"]))
    assert "Cost a row" in (project.folder / model.last["report"]).read_text()


@pytest.mark.parametrize("positive", ["0", "1"])
def test_a_given_threshold_needs_no_rows_and_leaves_probabilities(project, positive):
    frame = table()
    split = {"train": 0.75, "validation": 0, "test": 0.25, "seed": 4}
    plain = Answers(project, frame, data__split=split, data__positive_class=positive)
    model = Answers(project, frame, data__split=split, data__positive_class=positive, model__decision_threshold=0.3)
    np.testing.assert_array_equal(model.scores(), plain.scores())
    reached = model.answers[f"probability_{positive}"] >= 0.3
    assert ((model.answers["label"].astype(str) == positive) == reached).all()
    schema = json.loads((model.model / "schema.json").read_text())
    assert schema["decision_threshold"] == 0.3 and schema["positive_class"] == positive
    assert model.report["decision_threshold"] == {"threshold": 0.3, "positive_class": positive}
    golden = [json.loads(line) for line in (model.model / "golden.jsonl").read_text().splitlines()]
    assert all((str(row["label"]) == positive) == (row["probabilities"][positive] >= 0.3) for row in golden)
    assert all(gate["verdict"] == "pass" for gate in model.last["gates"] if gate["name"] == "parity")


def test_a_row_that_just_reaches_the_threshold_is_positive(project):
    """In every engine: Answers compares with onnxruntime."""
    frame = table()
    plain = Answers(project, frame)
    tie = float(np.sort(plain.scores()[:, 1])[len(frame) // 2])
    model = Answers(project, frame, model__decision_threshold=tie)
    at = model.answers["probability_1"] == tie
    assert at.any() and (model.answers["label"][at] == 1).all()


def test_the_same_on_any_number_of_threads_and_from_the_cache(project):
    frame = table()
    project.write_table(frame)
    project.write_config(config(folds=3, model__calibration="isotonic", model__decision_threshold={"maximize": "f1"}))
    first = project.run("--threads", "1")
    again = project.run("--no-cache", "--threads", "2")
    assert again["digest"] == first["digest"]
    project.write_config(config(folds=3, model__calibration="isotonic", model__decision_threshold={"maximize": "f1"},
                                model__gates={"beats_baseline": False, "max_size_mb": 50}))
    cached = project.run()
    assert "train" in cached["cached"]
    report = json.loads(((project.folder / cached["report"]).parent / "report.json").read_text())
    assert report["calibration"]["method"] == "isotonic" and report["decision_threshold"]["maximize"] == "f1"


NUMBERS = {"target": lambda frame: frame["x0"] * 3.7 + frame["x1"]}


@pytest.mark.parametrize("frame, changes, words", [
    (table().assign(**NUMBERS), {"model__calibration": "isotonic", "model__model_type": "random_forest"},
     ["config.yaml:", "model.calibration", "'target' is a number to estimate"]),
    (table(), {"model__calibration": "sigmoid", "model__task": "regression"},
     ["config.yaml:", "model.calibration: a regression has no scores of classes"]),
    (table(classes=3), {"model__decision_threshold": "auto"},
     ["config.yaml:", "model.decision_threshold", "'target' has 3"]),
    (table(), {"model__calibration": "sigmoid", "data__split": {"train": 0.8, "validation": 0, "test": 0.2}},
     ["config.yaml:", "model.calibration: no rows are held out", "cross_validation: 5"]),
    (table(), {"model__decision_threshold": {"maximize": "cost"}},
     ["config.yaml:", "model.decision_threshold.maximize: cost needs prices"]),
    (table(), {"model__decision_threshold": {"maximize": "f2"}}, ["config.yaml:", "unknown name \"f2\"", "youden"]),
    (table(), {"model__decision_threshold": 1.5}, ["config.yaml:", "1.5 is out of range"]),
    (table(), {"model__calibration": "isotonc"}, ["config.yaml:", "isotonc", "try isotonic"]),
    (table(), {"model__calibration": "isotonic", "model__model_type": "onnx", "model__onnx": {"path": "model.onnx"}},
     ["config.yaml:", "model.calibration: not done for model_type: onnx"]),
], ids=["a number", "regression", "three classes", "nothing held out", "no prices", "goal", "range", "method", "a graph"])
def test_what_cant_be_done_is_told_with_its_line(project, frame, changes, words):
    project.write_table(frame)
    whole = config()
    for key, value in changes.items():
        section, name = key.split("__")
        whole["development"][section][name] = value
    project.write_config(whole)
    answer = project.call("run")
    assert answer.code == 2, answer.out + answer.err
    assert all(word in answer.err for word in words), answer.err


def test_a_class_that_no_held_out_row_has(project):
    frame = table(rows=400)
    place = frame["x0"].rank()
    frame["target"] = ((place % 2 == 0) & ((place < 300) | (place > 370))).astype(int)
    project.write_table(frame)
    project.write_config(config(model__calibration="sigmoid", data__split={
        "train": 0.8, "validation": 0.1, "test": 0.1, "time": "x0", "stratify": False}))
    answer = project.call("run", "--output", "json")
    assert answer.code == 2, answer.out
    assert "class '1'" in answer.err
    assert not any(line.get("step") == "train" for line in answer.lines)


def test_the_card_of_a_version(project):
    frame = table()
    card = {"description": "Tells who will leave.", "intended_use": "Whom to call; not for prices.",
            "limitations": "Knows nothing of firms.", "owners": ["ada@example.org"], "license": "internal"}
    model = Answers(project, frame, folds=3, model__calibration="isotonic", model__decision_threshold="auto", model__card=card)
    name = f"{model.last['model']}:{model.last['version']}"
    text = project.call("models", "card", name)
    assert text.code == 0, text.err
    for words in ["# Model card: ml-classifier:1", "Tells who will leave.", "Whom to call; not for prices.",
                  "Knows nothing of firms.", "ada@", "example.org", model.last["digest"], "## Limits", "## Inputs", "x3", "isotonic regression",
                  "balanced accuracy", "## Lineage"]:
        assert words in text.out.replace("\u200b", ""), words
    assert project.call("models", "card", name, "--output-file", "card.md").code == 0
    assert (project.folder / "card.md").read_text() == text.out
    assert project.call("models", "card", name, "--output-file", "card.html").code == 0
    html = (project.folder / "card.html").read_text()
    assert "<h1>ml-classifier:1</h1>" in html and "Whom to call; not for prices." in html
    told = project.call("models", "card", name, "--output", "json").last
    metrics = next(section for section in told["sections"] if section["id"] == "metrics")
    accuracy = next(row for row in metrics["table"] if row["Metric"] == "Accuracy")
    assert float(accuracy["Test"]) == pytest.approx(model.last["metrics"]["accuracy"], abs=0.0006)
    report = (project.folder / model.last["report"]).read_text()
    assert "Whom to call; not for prices." in report and "Knows nothing of firms." in report
    assert project.call("models", "card", name, "--output-file", "card.pdf").code == 2
    assert project.call("models", "card", "nobody").code == 2


def test_a_card_without_its_run(project):
    model = Answers(project, table())
    folder = (project.folder / model.last["report"]).parent
    for path in folder.iterdir():
        path.unlink()
    text = project.call("models", "card", model.last["model"])
    assert text.code == 0, text.err
    assert "The run that asked them is not kept here." in text.out and "Nobody has said what it is for" in text.out
