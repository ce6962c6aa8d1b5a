"""Rows that count more or less, judged by scikit-learn's sample_weight."""
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from test_oracle import predictions, test_part_of
from test_regression import house_table, regression_config
from test_search import class_table, search_config

TRAINERS = ["random_forest", "gradient_boosting", "logistic_regression"]


def weighted(frame, seed=9):
    """With a column of weights that has nothing to do with the target, some of them 0."""
    frame = frame.copy()
    frame["weight"] = np.random.default_rng(seed).choice([0.0, 0.5, 1.0, 4.0], len(frame))
    return frame


def config_of(trainer, hyperparameters=None, **changes):
    return search_config(trainer, hyperparameters, model__training_config={"cross_validation": 0},
                         data__weight_column="weight", **changes)


def test_logistic_regression_is_scikit_learns(project):
    frame = weighted(class_table(900))
    project.write_table(frame)
    project.write_config(config_of("logistic_regression", {"tol": 1e-9, "max_iter": 1000}, data__preprocessing_steps=[]))
    test, train = test_part_of(project, project.run(), frame)
    columns = [column for column in frame if column not in ("target", "weight")]
    model = LogisticRegression(tol=1e-9, max_iter=1000).fit(train[columns], train["target"], train["weight"])
    ours = predictions(project, test)
    assert list(ours) == ["label", "probability_0", "probability_1"]
    np.testing.assert_allclose(ours["probability_1"], model.predict_proba(test[columns])[:, 1], atol=1e-5)
    plain = LogisticRegression(tol=1e-9, max_iter=1000).fit(train[columns], train["target"])
    assert np.abs(ours["probability_1"] - plain.predict_proba(test[columns])[:, 1]).max() > 1e-3


@pytest.mark.parametrize(("trainer", "model"), [("ridge", Ridge(alpha=2.0)), ("linear_regression", LinearRegression())])
def test_least_squares_are_scikit_learns(project, trainer, model):
    frame = weighted(house_table(700).drop(columns="city"))
    project.write_table(frame)
    project.write_config(regression_config(trainer, model__hyperparameters={"alpha": 2.0} if trainer == "ridge" else {},
                                           data__weight_column="weight", data__preprocessing_steps=[],
                                           model__training_config={"cross_validation": 0}))
    test, train = test_part_of(project, project.run(), frame)
    columns = [column for column in frame if column not in ("target", "weight")]
    model.fit(train[columns], train["target"], train["weight"])
    np.testing.assert_allclose(predictions(project, test)["prediction"], model.predict(test[columns]), rtol=1e-6)


@pytest.mark.parametrize("trainer", TRAINERS)
def test_rows_of_weight_0_are_not_learned_from(project, trainer):
    frame = class_table(3000)
    wrong = np.random.default_rng(4).random(len(frame)) < 0.6
    frame["weight"] = np.where(wrong, 0.0, 1.0)
    clean = frame["target"].copy()
    frame.loc[wrong, "target"] = 1 - frame.loc[wrong, "target"]
    project.write_table(frame)

    def auc(config):
        project.write_config(config)
        test, _ = test_part_of(project, project.run(expect=0), frame)
        return roc_auc_score(clean[test.index], predictions(project, test)["probability_1"])

    changes = {"model__performance_thresholds": {}}
    options = {"n_estimators": 60} if trainer != "logistic_regression" else {}
    weighed = auc(config_of(trainer, options, **changes))
    assert weighed > 0.7
    # Most labels are wrong: without weights the model learns the contrary.
    assert auc(search_config(trainer, options, model__training_config={"cross_validation": 0},
                             data__exclude_columns=["weight"], **changes)) < 0.5 < weighed


@pytest.mark.parametrize("trainer", ["random_forest", "gradient_boosting"])
def test_estimates_of_trees_are_drawn_to_heavy_rows(project, trainer):
    frame = house_table(1500).drop(columns="city")
    high = np.arange(len(frame)) % 2 == 0
    frame["target"] = np.where(high, 200.0, 100.0) + np.random.default_rng(1).normal(size=len(frame))
    frame["weight"] = np.where(high, 9.0, 1.0)
    project.write_table(frame)
    project.write_config(regression_config(
        trainer, model__hyperparameters={"n_estimators": 80, "max_depth": 2}, data__weight_column="weight",
        model__performance_thresholds={}, model__gates={"beats_baseline": False},
        model__training_config={"cross_validation": 0}))
    test, _ = test_part_of(project, project.run(), frame)
    # Nothing tells the two kinds apart: the weighted mean is 190.
    assert predictions(project, test)["prediction"].mean() == pytest.approx(190, abs=3)


def test_folds_without_a_row_that_counts_are_named(project):
    frame = class_table(400)
    frame["when"] = np.arange(400.0)
    config = search_config("logistic_regression", model__training_config={"cross_validation": 3},
                           data__weight_column="weight", data__exclude_columns=["when"],
                           data__split={"train": 0.8, "validation": 0.0, "test": 0.2, "time": "when"})

    def error():
        project.write_table(frame)
        project.write_config(config)
        answer = project.call("run", "--output", "json")
        assert answer.code == 2, answer.out
        assert "config.yaml:" in answer.err
        assert not any(line.get("step") == "train" for line in answer.lines)
        return answer.err

    # Of 320 training rows in order fold 0 learns from the first 80.
    frame["weight"] = np.where(frame["when"] < 150, 0.0, 1.0)
    assert "every row to learn from weighs 0 in fold 0" in error() and "try fewer folds" in error()
    frame["weight"] = np.where((frame["when"] < 80) & (frame["target"] == 1), 0.0, 1.0)
    assert "every row of the class '1' that fold 0 learns from weighs 0" in error()
    frame["weight"] = 1.0 - frame["target"]
    assert "every row of the class '1' that the model learns from weighs 0" in error()


def test_mistakes_name_their_row(project):
    frame = weighted(class_table(400))
    frame["name"] = "x"

    def error(table, config):
        project.write_table(table)
        project.write_config(config)
        answer = project.call("run")
        assert answer.code == 2, answer.out
        return answer.err

    below = frame.copy()
    below.loc[6, "weight"] = -1
    assert "row 7: weight: -1 can't be a weight" in error(below, config_of("random_forest"))
    below.loc[6, "weight"] = np.nan
    assert "row 7: weight: a row's weight is missing" in error(below, config_of("random_forest"))
    assert "bootstrap: true, gradient_boosting" in error(frame, config_of("random_forest", {"bootstrap": False}))
    assert "'weight' is the weight_column as well as a feature" in error(
        frame, config_of("random_forest", data__feature_columns=["feature1", "weight"]))
    assert "\"target\" is the target_column" in error(
        frame, search_config("random_forest", data__weight_column="target"))
    frame["weight"] = 0
    assert "every row to learn from weighs 0" in error(frame, config_of("random_forest"))
