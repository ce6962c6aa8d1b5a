"""`slipway models diff`: what differs between two models, judged by pandas and onnxruntime."""
import json
import math
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import basic_config
from test_parity import answer_of_onnxruntime
from test_test_command import INPUTS, customer_config, customers


def artifact(project, last):
    digest = last["digest"].removeprefix("sha256:")
    return project.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:]


def read_json(project, last, name):
    return json.loads((artifact(project, last) / name).read_text())


def golden(project, last):
    lines = (artifact(project, last) / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    return pd.DataFrame([json.loads(line)["input"] for line in lines])


def ask(project, last, frame):
    labels, scores = answer_of_onnxruntime(artifact(project, last) / "model.onnx", frame[INPUTS].astype({"age": float}))
    return np.array(labels), np.column_stack([np.asarray(scores[name], float) for name in sorted(scores)])


def diff(project, left, right, *arguments, **options):
    answer = project.call("models", "diff", left, right, *arguments, "--output", "json", **options)
    assert answer.code == 0, answer.err
    return answer.last


@pytest.fixture
def two(project):
    """Two versions: of other data (older, and more of it) and another number of trees."""
    project.frame = customers()
    project.write_table(project.frame)
    project.write_config(customer_config())
    project.first = project.run()
    project.other = customers(rows=1400, seed=12)
    project.other["age"] += 15
    project.write_table(project.other, "data/newer.csv")
    project.second = project.run("--data", "data/newer.csv", "--set", "model.hyperparameters.n_estimators=7",
                                 "--set", "data.validation_rules.max_missing_ratio=0.25")
    return project


def test_settings_are_told_key_by_key(two):
    found = diff(two, "ml-classifier:1", "ml-classifier:2")
    assert (found["left"], found["right"]) == ("ml-classifier:1", "ml-classifier:2")
    changes = {(one["section"], one["key"]): (one["left"], one["right"]) for one in found["differences"]}
    assert changes[("config", "model.hyperparameters.n_estimators")] == (20, 7)
    assert changes[("config", "data.validation_rules.max_missing_ratio")] == (0.2, 0.25)
    assert changes[("config", "data.source_path")] == ("data/train.csv", "data/newer.csv")
    assert changes[("lineage", "source.rows")] == (900, 1400)
    assert changes[("record", "digest")] == (two.first["digest"], two.second["digest"])
    assert [key for section, key in changes if section == "schema" and key.startswith("age.")]
    for side, last in zip(found["models"], (two.first, two.second)):
        folder = artifact(two, last)
        manifest = json.loads((folder / "manifest.json").read_text())
        names = [entry["path"] for entry in manifest["files"]]
        assert side["digest"] == last["digest"]
        assert side["size_bytes"] == sum((folder / name).stat().st_size for name in names)


def test_metrics_come_with_their_noise(two):
    found = {one["metric"]: one for one in diff(two, "ml-classifier:1", "ml-classifier:2")["metrics"]}
    assert set(found) >= {"accuracy", "auc", "f1", "log_loss"}
    files = [read_json(two, last, "metrics.json")["test"] for last in (two.first, two.second)]
    for name, one in found.items():
        left, right = files[0][name], files[1][name]
        assert (one["left"], one["right"]) == (left["value"], right["value"])
        assert one["difference"] == pytest.approx(right["value"] - left["value"])
        half = [(metric["interval"][1] - metric["interval"][0]) / 2 for metric in (left, right)]
        assert one["beyond_noise"] == (abs(one["difference"]) > math.hypot(*half))


def test_data_is_compared_by_the_profiles(two):
    data = diff(two, "ml-classifier:1", "ml-classifier:2")["data"]
    split = [pd.read_parquet((two.folder / last["report"]).parent / "split.parquet") for last in (two.first, two.second)]
    assert [data["left_rows"], data["right_rows"]] == [(parts["part"] == "train").sum() for parts in split]
    assert "age" in data["drift"]["drifted_features"] and "region" not in data["drift"]["drifted_features"]


def test_predictions_are_compared_as_onnxruntime_answers(two):
    found = diff(two, "ml-classifier:1", "ml-classifier:2")["predictions"]
    rows = pd.concat([golden(two, two.first), golden(two, two.second)], ignore_index=True)
    (left, left_scores), (right, right_scores) = ask(two, two.first, rows), ask(two, two.second, rows)
    moved = np.abs(left_scores - right_scores).max(axis=1)
    assert (found["rows"], found["equal"]) == (len(rows), (left == right).sum())
    assert found["equal_share"] == pytest.approx((left == right).mean())
    assert found["largest_difference"] == pytest.approx(moved.max(), abs=1e-6)
    assert found["mean_difference"] == pytest.approx(moved.mean(), abs=1e-6)
    assert len(found["worst"]) == 10
    worst = found["worst"][0]
    at = moved.argmax()
    first = len(golden(two, two.first))
    assert worst["row"] in (f"golden row {at + 1} of ml-classifier:1", f"golden row {at + 1 - first} of ml-classifier:2")
    assert [row["difference"] for row in found["worst"]] == sorted((row["difference"] for row in found["worst"]), reverse=True)


def test_rows_of_a_file_can_be_asked(two):
    found = diff(two, "ml-classifier:2", "ml-classifier:1", "--data", "data/train.csv")["predictions"]
    (left, left_scores), (right, right_scores) = ask(two, two.second, two.frame), ask(two, two.first, two.frame)
    moved = np.abs(left_scores - right_scores).max(axis=1)
    assert (found["rows"], found["equal"]) == (900, (left == right).sum())
    assert found["worst"][0]["row"] == f"row {moved.argmax() + 1}"
    assert found["largest_difference"] == pytest.approx(moved.max(), abs=1e-6)


def test_one_split_has_one_set_of_golden_rows(two):
    two.run("--set", "model.hyperparameters.n_estimators=9")
    found = diff(two, "ml-classifier:1", "ml-classifier:3")
    assert found["predictions"]["rows"] == len(golden(two, two.first))
    assert not found["data"]["drift"]["drift_detected"]
    assert not [one for one in found["differences"] if one["section"] == "schema"]


def test_folders_and_files(two, tmp_path):
    folder = tmp_path / "candidate"
    shutil.copytree(artifact(two, two.second), folder)
    registered = diff(two, "ml-classifier:1", "ml-classifier:2")
    found = diff(two, "ml-classifier:1", folder)
    assert found["right"] == str(folder)
    for part in ("metrics", "data"):
        assert found[part] == registered[part]
    for one in ("rows", "equal", "largest_difference"):
        assert found["predictions"][one] == registered["predictions"][one]
    changes = {one["key"] for one in found["differences"]}
    assert "model.hyperparameters.n_estimators" in changes and "model" not in changes
    # A bare graph has neither rows nor figures; it is asked about those of the other.
    onnx = folder / "model.onnx"
    found = diff(two, onnx, "ml-classifier:1")
    assert found["data"]["not_compared"] and "no golden rows" in found["predictions"]["asked"]
    assert found["predictions"]["rows"] == len(golden(two, two.first))
    assert all(one["left"] is None and one["beyond_noise"] is None for one in found["metrics"])
    nothing = diff(two, onnx, onnx, cwd=tmp_path)["predictions"]
    assert "no golden rows" in nothing["not_compared"]
    assert diff(two, onnx, onnx, "--data", two.folder / "data/train.csv", cwd=tmp_path)["predictions"]["equal"] == 900


def test_rows_that_the_other_does_not_take_are_told(two):
    coded = two.frame.assign(region=two.frame["region"].map({"north": 1.5, "south": 2.5, "東": 4.0}))
    two.write_table(coded, "data/coded.csv")
    two.run("--data", "data/coded.csv")
    found = diff(two, "ml-classifier:1", "ml-classifier:3")
    told = found["predictions"].get("asked") or found["predictions"]["not_compared"]
    assert "ml-classifier:3 can't answer the golden rows of ml-classifier:1" in told and "region" in told
    assert found["metrics"] and found["data"]["drift"]["columns"]


def test_inputs_and_classes_that_differ(two):
    two.run("--set", "data.exclude_columns=[plan]")
    found = diff(two, "ml-classifier:1", "ml-classifier:3")
    assert ("schema", "plan") in {(one["section"], one["key"]) for one in found["differences"]}
    # The third does not take the plan, so that only the first's rows can be asked of both.
    assert found["predictions"]["rows"] == len(golden(two, two.first))
    assert [one["column"] for one in diff(two, "ml-classifier:1", "ml-classifier:1")["data"]["drift"]["columns"]]
    numbers = two.frame[["income", "age"]].fillna(100).assign(stays=two.frame["income"].fillna(100) * 1.5 + 1 / 7)
    two.write_table(numbers, "data/numbers.csv")
    # Its threshold is one of classes, so that the gate says no; it is registered all the same.
    two.run("--data", "data/numbers.csv", "--set", "model.evaluation_metrics=[r2]", expect=1)
    found = diff(two, "ml-classifier:1", "ml-classifier:4")
    assert "classes" in found["predictions"]["not_compared"]
    assert {one["metric"] for one in found["metrics"]} >= {"accuracy", "r2"}


def test_a_person_reads_it(two):
    answer = two.call("models", "diff", "ml-classifier:1", "ml-classifier:2")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["settings", "metrics", "data", "predictions"]
    assert any(line.split() == ["model.hyperparameters.n_estimators", "20", "7", "-13"] for line in lines)
    assert any(line.startswith("  age ") and "numeric" in line for line in lines)
    assert any("% with equal labels" in line for line in lines)
    same = two.call("models", "diff", "ml-classifier:1", "ml-classifier")
    assert same.code == 0
    once = two.call("models", "diff", "ml-classifier:1", "ml-classifier:1")
    assert once.code == 0 and "are one model" in once.out


def test_wrong_input(two):
    for wrong, code in [("ml-classifier:9", 2), ("ml-clasifier:1", 2), ("./nowhere", 2)]:
        answer = two.call("models", "diff", "ml-classifier:1", wrong)
        assert answer.code == code and answer.err.startswith("error: ") and answer.out == ""
    assert two.call("models", "diff", "ml-classifier:1", "ml-classifier:2", "--data", "nowhere.csv").code == 2
    path = artifact(two, two.second) / "model.onnx"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")
    assert two.call("models", "diff", "ml-classifier:1", "ml-classifier:2").code == 4


def test_estimates_of_a_regression(project):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(600, 3)), columns=["a", "b", "c"])
    frame["target"] = 10 * frame["a"] + frame["b"] ** 2 + rng.normal(size=600)
    project.write_table(frame)
    project.write_config(basic_config(model__model_type="ridge", model__hyperparameters={},
                                      model__evaluation_metrics=["r2"], model__performance_thresholds={"r2": 0.1}))
    first = project.run()
    second = project.run("--set", "model.hyperparameters={alpha: 100}")
    found = diff(project, "ml-classifier:1", "ml-classifier:2")["predictions"]
    rows = golden(project, first)
    left, right = (np.asarray(answer_of_onnxruntime(artifact(project, last) / "model.onnx", rows)[1]["prediction"])
                   for last in (first, second))
    assert found["largest_difference"] == pytest.approx(np.abs(left - right).max(), rel=1e-9)
    assert found["mean_difference"] == pytest.approx(np.abs(left - right).mean(), rel=1e-9)
    assert found["equal"] == (left == right).sum()
