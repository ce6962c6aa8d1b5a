"""What `slipway test` asks: which version, of which rows, and what becomes of a table or an answer that does not do."""
import xml.etree.ElementTree as ElementTree

import numpy as np
import onnx
import pandas as pd
import pytest
from conftest import basic_config
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from test_graphs import NUMBERS, text_table
from test_test_command import customer_config, customers, expect, run_tests


def train(project, frame, config):
    project.frame = frame
    project.write_table(frame)
    project.write_config(config)
    project.last = project.run()
    return project


@pytest.fixture
def trained(project):
    return train(project, customers(), customer_config())


@pytest.fixture
def line(project):
    """A regression: whole numbers, a straight line of `age`."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(600, 2)), columns=["age", "size"])
    frame["target"] = (50 + 10 * frame["age"] + rng.normal(size=600)).round()
    return train(project, frame, basic_config(
        model__model_type="ridge", model__hyperparameters={}, model__evaluation_metrics=["r2"],
        model__performance_thresholds={"r2": 0.5}))


def failed(answer):
    return {name for name, test in answer.by_id.items() if test["outcome"] == "failed"}


def test_the_version_is_the_one_with_which_the_last_run_ended(trained):
    def tested(*arguments):
        answer = run_tests(trained, "--select", "size", *arguments)
        return answer.last["model"], answer.err
    trained.run("--set", "model.hyperparameters.n_estimators=5")
    assert tested() == ("ml-classifier:2", "")
    assert trained.run()["unchanged"]
    model, said = tested()
    assert model == "ml-classifier:1" and "not the newest version, ml-classifier:2" in said
    assert tested("--model", "ml-classifier")[0] == "ml-classifier:2"

    other = customer_config(model__hyperparameters={"n_estimators": 7, "random_state": 42})
    trained.write_config({**customer_config(), "staging": other["development"]})
    assert trained.run("--env", "staging")["version"] == 3
    assert tested()[0] == "ml-classifier:1"
    assert tested("--env", "staging") == ("ml-classifier:3", "")
    # Where it is gone, the newest.
    assert trained.call("models", "delete", "ml-classifier:1", "--yes").code == 0
    assert tested() == ("ml-classifier:3", "")


@pytest.mark.parametrize("setting", [
    "model.slices.columns=[sex]", "model.gates.group_gap=[{column: sex, metric: recall, max: 0.1}]"])
def test_slices_of_a_column_that_the_table_lacks_are_told(trained, setting):
    answer = trained.call("test", "--set", setting)
    assert answer.code == 2 and "the data has no column 'sex'" in answer.err, answer.err


def test_a_table_without_a_feature_fails_its_test_and_is_reported(trained):
    trained.write_table(trained.frame.drop(columns="age"), "data/bad.csv")
    expect(trained, {"rows": [{"name": "r", "features": {"income": 180, "plan": "pro"}, "label": "yes"}],
                     "invariance": [{"name": "region", "where": "age >= 40", "change": {"region": "north"}}],
                     "metrics": [{"name": "young", "where": "age < 40", "metrics": {"accuracy": 0.1}}]})
    answer = run_tests(trained, "--data", "data/bad.csv", "--junit", "junit.xml", expect_code=1)
    assert failed(answer) == {"data::columns"}
    assert answer.by_id["data::columns"]["reason"] == "age: the required column is missing"
    for name in ("model::accuracy", "robustness::one_by_one", "invariance::region", "metrics::young: accuracy"):
        assert answer.by_id[name]["outcome"] == "skipped", name
        assert answer.by_id[name]["reason"].startswith("the table is not fit for it: "), name
    assert "age" in answer.by_id["robustness::one_by_one"]["reason"]
    assert answer.by_id["rows::r"]["outcome"] == "passed"
    suites = ElementTree.parse(trained.folder / "junit.xml").getroot()
    assert suites.get("failures") == "1"


def test_a_table_without_its_target_has_no_labels(trained):
    trained.write_table(trained.frame.drop(columns="stays"), "data/bad.csv")
    answer = run_tests(trained, "--data", "data/bad.csv", expect_code=1)
    assert failed(answer) == {"data::columns", "data::target"}
    assert answer.by_id["data::target"]["reason"] == "the table has no column 'stays'"


def test_of_no_rows_nothing_is_asked(trained):
    trained.write_table(trained.frame.head(0), "data/none.csv")
    answer = run_tests(trained, "--data", "data/none.csv", expect_code=1)
    assert "data::min_rows" in failed(answer)
    assert answer.by_id["robustness::one_by_one"]["outcome"] == "skipped"


def test_what_the_model_refuses_is_a_failed_test(line):
    expect(line, {"directional": [{"name": "far", "change": {"age": {"add": 1e308}}, "must": "rise"},
                                  {"name": "near", "change": {"age": {"add": 1}}, "must": "rise"}]})
    answer = run_tests(line, "--select", "directional", expect_code=1)
    assert failed(answer) == {"directional::far"}
    assert answer.by_id["directional::near"]["outcome"] == "passed"


def test_a_graph_that_names_no_columns_is_tested(project):
    frame = text_table()[[*NUMBERS, "target"]]
    model = LogisticRegression().fit(frame[NUMBERS], frame["target"])
    onnx.save(to_onnx(model, initial_types=[("X", FloatTensorType([None, 3]))]), project.folder / "model.onnx")
    project.write_table(frame)
    project.write_config(basic_config(data__preprocessing_steps=[], model__gates={"robustness": {"enabled": False}}))
    expect(project, {"rows": [{"name": "r", "features": {"a": 3, "b": 3, "c": 0}, "label": "yes"}]})
    answer = run_tests(project, "--model", "./model.onnx")
    for name in ("performance::single_latency", "performance::batch_latency", "model::reload", "rows::r"):
        assert answer.by_id[name]["outcome"] == "passed", answer.by_id[name]
    # Its columns are the table's, whichever tests are chosen.
    assert run_tests(project, "--model", "./model.onnx", "--select", "rows::").last["counts"]["passed"] == 1


def test_booleans_are_those_of_the_table(project):
    frame = customers().drop(columns="stays")
    frame["active"] = np.random.default_rng(1).random(len(frame)) < 0.5
    frame["stays"] = frame["active"] ^ (np.random.default_rng(2).random(len(frame)) < 0.02)
    train(project, frame, customer_config())
    usual = {"income": 100, "age": 40, "region": "north", "plan": "pro"}
    expect(project, {
        "rows": [{"name": "on", "features": {**usual, "active": True}, "label": True, "probability": {"true": {"min": 0.6}}},
                 {"name": "off", "features": {**usual, "active": False}, "label": False}],
        "invariance": [{"name": "slip", "change": {"active": "treu"}, "share": 0.001}],
        "directional": [{"name": "active", "where": "active == false", "change": {"active": True},
                         "probability": "true", "must": "rise", "share": 0.9}]})
    answer = run_tests(project, "--select", "rows::", "--select", "invariance", "--select", "directional")
    assert answer.err.count("training had no") == 1
    # A slip of the pen is told of changes too.
    assert "invariance::slip: active: training had no 'treu'; did you mean 'True'?" in answer.err


def test_a_table_may_have_some_of_the_classes(project):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(size=900), "z": rng.normal(size=900)})
    frame["target"] = np.select([frame["x"] < -0.4, frame["x"] < 0.4], [1, 2], 3)
    train(project, frame, basic_config())
    expect(project, {"metrics": [{"name": "all", "on": "all", "metrics": {"accuracy": 0.9}}]})
    project.write_table(frame[frame["target"] > 1], "data/some.csv")
    answer = run_tests(project, "--data", "data/some.csv", "--select", "metrics")
    assert answer.by_id["metrics::all: accuracy"]["evidence"]["rows"] == (frame["target"] > 1).sum()
    # Metrics are of the test part too.
    assert "another split" in answer.err

    project.write_table(frame.assign(target=frame["target"] + 1), "data/other.csv")
    other = project.call("test", "--data", "data/other.csv")
    assert other.code == 2 and "the model has no class 4;" in other.err and "1, 2 or 3" in other.err


def test_the_task_is_the_models(line):
    few = line.frame[line.frame["target"].between(45, 55)]
    assert few["target"].nunique() < 20
    line.write_table(few, "data/few.csv")
    expect(line, {"metrics": [{"name": "all", "on": "all", "metrics": {"rmse": 5}}]})
    answer = run_tests(line, "--data", "data/few.csv", "--select", "metrics")
    assert answer.by_id["metrics::all: rmse"]["evidence"]["rows"] == len(few)


def test_columns_are_read_as_what_training_had(project):
    frame = customers()
    frame["region"] = np.random.default_rng(5).choice(["0123", "A12", "B7"], len(frame))
    train(project, frame, customer_config())
    project.write_table(frame[frame["region"] == "0123"], "data/new.csv")
    answer = run_tests(project, "--data", "data/new.csv", "--select", "one_by_one")
    assert answer.by_id["robustness::one_by_one"]["outcome"] == "passed"


def test_the_same_rows_in_another_order_are_told(project):
    split = {"train": 0.8, "validation": 0.1, "test": 0.1, "stratify": False}
    train(project, customers(), customer_config(data__split=split))
    assert run_tests(project, "--select", "reload").err == ""
    project.write_table(project.frame[::-1], "data/turned.csv")
    assert "another table than this one" in run_tests(project, "--select", "reload", "--data", "data/turned.csv").err


def test_a_time_is_written_as_one(project):
    frame = customers()
    frame["since"] = (pd.Timestamp("2019-01-01") + pd.to_timedelta(np.arange(len(frame)), "D")).strftime("%Y-%m-%d")
    train(project, frame, customer_config(data__timestamp_column="since"))
    row = "rows:\n  - features: {income: 180, plan: pro, since: %s}\n    label: yes\n"
    expect(project, row % "2020-02-29")
    assert run_tests(project, "--select", "rows::").last["passed"]
    expect(project, row % "2019")
    answer = project.call("test", "--select", "rows::")
    assert answer.code == 2 and "'2019' is no value of 'since'; expected a date or time" in answer.err
    assert "tests/customers.yaml:2:47" in answer.err


def test_both_ends_of_a_probability_are_included(trained):
    row = {"name": "r", "features": {"income": 111, "age": 41, "region": "north", "plan": "pro"}}
    expect(trained, {"rows": [{**row, "probability": {"yes": {"min": 0.0001}}}]})
    answer = run_tests(trained, "--select", "rows::")
    score = float(str(np.float32(answer.by_id["rows::r"]["evidence"]["probabilities"]["yes"])))
    expect(trained, {"rows": [{**row, "probability": {"yes": {"min": score, "max": score}}}]})
    assert run_tests(trained, "--select", "rows::").last["passed"]


def test_numbers_that_differ_look_different(line):
    row = {"name": "r", "features": {"age": 1, "size": 0.5}}
    expect(line, {"rows": [{**row, "prediction": 60, "tolerance": 1000}]})
    value = run_tests(line, "--select", "rows::").by_id["rows::r"]["evidence"]["prediction"]
    expect(line, {"rows": [{**row, "prediction": value + 1e-5}],
                  "invariance": [{"name": "size", "change": {"size": {"add": 1e-4}}, "rows": ["r"]}]})
    answer = run_tests(line, "--select", "rows::", "--select", "invariance", expect_code=1)
    words = answer.by_id["rows::r"]["reason"].split()
    assert words[0] == "prediction" and float(words[1]) == value + 1e-5 and float(words[-1]) == value
    before, after = answer.by_id["invariance::size"]["evidence"]["broken"][0]["answers"].split(" → ")
    assert before != after


def test_names_are_those_of_all_files(trained):
    row = {"name": "r", "features": {"income": 180, "plan": "pro"}, "label": "yes"}
    expect(trained, {"rows": [row]}, "tests/a.yaml")
    path = expect(trained, {"rows": [row]}, "tests/b.yaml")
    answer = trained.call("test")
    assert answer.code == 2 and "tests/b.yaml:3:3" in answer.err
    assert "'rows::r' is the name of one in tests/a.yaml too" in answer.err
    # A file that is named twice is one.
    path.unlink()
    answer = run_tests(trained, "--expectations", "tests", "--expectations", "./tests/../tests/a.yaml", "--select", "rows::")
    assert list(answer.by_id) == ["rows::r"]


def test_a_choice_that_chooses_nothing_is_told(trained):
    answer = trained.call("test", "--select", "performance", "--select", "robustnes::one", "--deselect", "nobody")
    assert answer.code == 2 and "--select: no test has such a name: 'robustnes::one'" in answer.err
    answer = trained.call("test", "--deselect", "nobody")
    assert answer.code == 2 and "--deselect: no test has such a name: 'nobody'" in answer.err
    answer = trained.call("test", "--select", "size", "--deselect", "performance::")
    assert answer.code == 2 and "--deselect: leaves no test" in answer.err


def test_results_are_told_though_a_file_can_not_be_written(trained):
    answer = trained.call("test", "--output", "json", "--select", "size", "--junit", "data/train.csv/junit.xml",
                          "--markdown", "tests.md")
    assert answer.code not in (0, 1) and answer.err.startswith("error: ")
    assert [test["id"] for test in answer.lines[0]["tests"]] == ["performance::size"]
    assert (trained.folder / "tests.md").exists()


def test_names_do_not_steer_a_terminal(project):
    project.write_table(customers())
    project.write_config(customer_config(project_name="a\x1b[31mb", version="1\x1b[2J", model__name="m"))
    for command in (["run"], ["config", "check"], ["test"]):
        answer = project.call(*command)
        assert answer.code == 2 and "\x1b" not in answer.out + answer.err, command
        assert answer.err.count("holds control characters") == 2 and "config.yaml:" in answer.err
