"""Graphs that skl2onnx exported: predicted as they are, evaluated as `onnx` models, trained by a `command`."""
import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pandas as pd
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from conftest import BINARY, ROOT, basic_config

# What float32 inside a graph may differ from scikit-learn's double.
TOLERANCE = 1e-5
NUMBERS = ["a", "b", "c"]


def text_table(rows=500, seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)).astype(np.float32), columns=NUMBERS).astype(float)
    frame["city"] = rng.choice(["Zürich", "東京", "Rome"], rows)
    score = frame["a"] + frame["b"] + (frame["city"] == "Rome") + 0.2 * rng.normal(size=rows)
    frame["target"] = np.where(score > 0.3, "yes", "no")
    return frame


def predict(project, model, frame, *arguments):
    project.write_table(frame, "new.csv")
    answer = project.call("predict", model, "--input", "new.csv", "--output-file", "out.csv", *arguments)
    assert answer.code == 0, answer.err
    return pd.read_csv(project.folder / "out.csv", dtype={"label": str})


def assert_answers(table, model, x):
    assert list(table["label"]) == [str(label) for label in model.predict(x)]
    for name, scores in zip(model.classes_, model.predict_proba(x).T):
        np.testing.assert_allclose(table[f"probability_{name}"], scores, rtol=0, atol=TOLERANCE)


MODELS = {
    "linear": lambda: LogisticRegression(),
    "scaled": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    # An odd number: the engines sum in another order, and a tie would be anybody's.
    "forest": lambda: RandomForestClassifier(21, random_state=0),
    "network": lambda: MLPClassifier(max_iter=50, random_state=0),
}


@pytest.mark.parametrize("zipmap", [True, False], ids=["maps", "matrix"])
@pytest.mark.parametrize("integers", [True, False], ids=["numbers", "texts"])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore")
def test_a_graph_of_sklearn_is_predicted_as_sklearn_does(project, name, integers, zipmap):
    frame = text_table()
    labels = (frame["target"] == "yes").astype(int) if integers else frame["target"]
    x = frame[NUMBERS].to_numpy(np.float32)
    model = MODELS[name]().fit(x, labels)
    graph = to_onnx(model, initial_types=[("X", FloatTensorType([None, 3]))],
                    options={id(model): {"zipmap": zipmap}})
    onnx.save(graph, project.folder / "model.onnx")
    table = predict(project, "./model.onnx", frame, "--feature-columns", "a,b,c")
    assert_answers(table, model, x)


def column_pipeline(frame):
    """A pipeline over columns, and its graph, which names them."""
    model = make_pipeline(make_column_transformer((StandardScaler(), NUMBERS), (OneHotEncoder(), ["city"])),
                          LogisticRegression()).fit(frame[[*NUMBERS, "city"]], frame["target"])
    inputs = [(name, DoubleTensorType([None, 1])) for name in NUMBERS] + [("city", StringTensorType([None, 1]))]
    return model, to_onnx(model, initial_types=inputs)


def test_a_pipeline_over_columns_needs_no_names(project):
    frame = text_table()
    model, graph = column_pipeline(frame)
    onnx.save(graph, project.folder / "model.onnx")
    new = text_table(seed=2)
    answer = predict(project, "./model.onnx", new)
    assert_answers(answer, model, new[[*NUMBERS, "city"]])


def test_a_matrix_without_names_is_asked_for_them(project):
    frame = text_table()
    model = LogisticRegression().fit(frame[NUMBERS], frame["target"])
    onnx.save(to_onnx(model, initial_types=[("X", FloatTensorType([None, 3]))]), project.folder / "model.onnx")
    project.write_table(frame, "new.csv")
    answer = project.call("predict", "./model.onnx", "--input", "new.csv")
    assert answer.code == 2
    assert "model.onnx" in answer.err and "3 columns" in answer.err and "--feature-columns" in answer.err


def test_without_the_library_the_error_says_what_to_do(project):
    frame = text_table()
    onnx.save(column_pipeline(frame)[1], project.folder / "model.onnx")
    project.write_table(frame, "new.csv")
    bare = project.folder / "bare"
    (bare / "bin").mkdir(parents=True)
    shutil.copy(BINARY, bare / "bin")
    call = subprocess.run([bare / "bin" / BINARY.name, "predict", "./model.onnx", "--input", "new.csv"],
                          cwd=project.folder, capture_output=True, text=True, timeout=60, check=False)
    assert call.returncode == 3, call.stderr
    assert "libonnxruntime.so.1" in call.stderr and "SLIPWAY_PLUGIN_PATH" in call.stderr


def onnx_config(**changes):
    return basic_config(**{
        "model__model_type": "onnx", "model__onnx": {"path": "models/model.onnx"}, "model__hyperparameters": {},
        "data__preprocessing_steps": [], "model__training_config": {}, **changes})


@pytest.fixture
def given(project):
    """A project whose model is a graph of scikit-learn."""
    frame = text_table()
    project.write_table(frame)
    project.model, graph = column_pipeline(frame.head(300))
    (project.folder / "models").mkdir()
    onnx.save(graph, project.folder / "models/model.onnx")
    project.write_config(onnx_config())
    return project


def test_a_graph_is_judged_and_registered(given):
    answer = given.run()
    assert answer["status"] == "passed" and answer["metrics"]["accuracy"] > 0.9
    assert {gate["name"] for gate in answer["gates"]} >= {"accuracy", "parity", "baseline", "single_latency"}
    new = text_table(seed=2)
    assert_answers(predict(given, answer["model"], new), given.model, new[[*NUMBERS, "city"]])
    assert given.call("models", "download", "ml-classifier:1", "--to", "copy").code == 0
    schema = json.loads((given.folder / "copy/schema.json").read_text())
    assert schema["classes"] == ["no", "yes"] and len(schema["inputs"]) == 4
    assert (given.folder / "copy/model.onnx").read_bytes() == (given.folder / "models/model.onnx").read_bytes()
    lineage = json.loads((given.folder / "copy/lineage.json").read_text())
    assert lineage["onnx"]["digest"].startswith("sha256:")


def test_another_graph_is_another_version(given):
    assert given.run()["version"] == 1
    onnx.save(column_pipeline(text_table().head(200))[1], given.folder / "models/model.onnx")
    assert given.run()["version"] == 2


def test_a_ready_graph_in_production_decides_nothing(given):
    given.run()
    assert given.call("models", "promote", "ml-classifier:1", "--to", "production").code == 0
    onnx.save(column_pipeline(text_table().head(200))[1], given.folder / "models/model.onnx")
    (production,) = [gate for gate in given.run()["gates"] if gate["name"] == "production"]
    assert production["verdict"] == "inconclusive" and "ready graph" in production["reason"]
    card = given.call("models", "card", "ml-classifier")
    assert "whether the graph learned from its rows is not known" in card.out and "by Slipway" in card.out


def test_what_a_ready_graph_has_no_use_for_is_told(given):
    given.write_config(onnx_config(model__training_config={"cross_validation": 3},
                                   data__preprocessing_steps=["normalize"]))
    answer = given.call("run")
    assert answer.code == 0, answer.err
    assert "cross_validation: skipped" in answer.err and "preprocessing_steps: not done" in answer.err


@pytest.mark.parametrize("change, words", [
    (lambda frame: frame.assign(target=frame["target"].map({"yes": "a", "no": "b"})),
     ["the graph's classes are [no, yes]", "[a, b]"]),
    (lambda frame: frame.rename(columns={"city": "town"}), ["input 'city' is no feature"]),
    (lambda frame: frame.assign(a=["x" + str(i % 3) for i in range(len(frame))]), ["'a' takes numbers", "text"]),
], ids=["labels", "input", "type"])
def test_a_graph_of_another_table_is_refused(given, change, words):
    given.write_table(change(text_table()))
    answer = given.call("run")
    assert answer.code == 2, answer.err
    assert all(word in answer.err for word in ["config.yaml", *words]), answer.err


def test_a_graph_that_can_not_do_with_missing_values_is_told_so(given):
    frame = text_table()
    frame.loc[::7, "a"] = np.nan
    given.write_table(frame)
    answer = given.call("run")
    assert answer.code == 2, answer.err
    assert "score of the class 'no' is nan" in answer.err and "try a graph that fills in missing values" in answer.err


def test_a_file_that_is_not_there_is_told_before_anything_is_read(given):
    (given.folder / "models/model.onnx").unlink()
    answer = given.call("run")
    assert answer.code == 2 and "model.onnx.path" in answer.err and "models/model.onnx" in answer.err


@pytest.fixture
def commanded(project):
    """The example's program on a small table, by the interpreter of these tests."""
    project.write_table(text_table())
    shutil.copytree(ROOT / "examples/command/training", project.folder / "training")
    project.write_config(command_config())
    return project


def command_config(run=f"{sys.executable} training/train.py", **changes):
    command = {"run": run, "timeout_seconds": 100, **changes.pop("command", {})}
    return basic_config(**{"model__model_type": "command", "model__command": command,
                           "model__hyperparameters": {"C": 0.5, "random_state": 7},
                           "data__preprocessing_steps": [], "model__training_config": {"cross_validation": 2},
                           **changes})


def test_a_program_trains_the_model_and_each_fold(commanded):
    answer = commanded.call("run", "--output", "json")
    assert answer.code == 0, answer.err
    said = [line["line"] for line in answer.lines if line.get("event") == "output"]
    assert len(said) == 3 and all("accuracy on the" in line for line in said)
    assert answer.last["metrics"]["accuracy"] > 0.85
    log = next((commanded.folder / ".slipway/runs").glob("*/run.log")).read_text()
    assert "train: accuracy on the" in log
    assert commanded.call("models", "download", "ml-classifier:1", "--to", "copy").code == 0
    lineage = json.loads((commanded.folder / "copy/lineage.json").read_text())
    assert lineage["command"]["digest"].startswith("sha256:")
    metrics = json.loads((commanded.folder / "copy/metrics.json").read_text())
    assert len(metrics["cross_validation"]) == 2
    assert not list((commanded.folder / ".slipway/runs").glob("*/command-*"))


def test_a_fit_is_taken_from_the_cache_until_the_program_changes(commanded):
    commanded.run()
    commanded.write_config(command_config(model__performance_thresholds={"accuracy": 0.7}))
    assert "train" in commanded.run()["cached"]
    with open(commanded.folder / "training/train.py", "a") as program:
        program.write("\n# changed\n")
    assert "train" not in commanded.run()["cached"]


def test_a_program_that_changes_while_it_runs_is_not_kept(commanded):
    with open(commanded.folder / "training/train.py", "a") as file:
        file.write("    open(__file__, 'a').write('\\n')\n")
    answer = commanded.call("run")
    assert answer.code == 2, answer.out
    assert "config.yaml" in answer.err and "changed while the run went on" in answer.err
    assert not list((commanded.folder / ".slipway/cache/steps").glob("*/*-model.onnx"))


def test_what_another_graph_was_worth_is_not_taken_for_this_one(commanded):
    fickle = """
import os, pathlib
import pandas as pd
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
rows = pd.read_parquet(os.environ["SLIPWAY_TRAIN"])
x, y = rows[["a", "b", "c"]].to_numpy("float32"), rows["target"]
if os.path.exists("called"):
    y = y.map({"yes": "no", "no": "yes"})
open("called", "w").close()
graph = to_onnx(LogisticRegression().fit(x, y), x[:1], options={"zipmap": False})
pathlib.Path(os.environ["SLIPWAY_OUTPUT"], "model.onnx").write_bytes(graph.SerializeToString())
"""
    commanded.write_config(command_config(program(commanded, fickle), data__exclude_columns=["city"],
                                          model__training_config={"cross_validation": 0}))
    first = commanded.run()
    # The oldest entries of a large cache go, each by itself.
    for entry in (commanded.folder / ".slipway/cache/steps").glob("*/*-model.onnx"):
        entry.unlink()
    again = commanded.run("--set", "model.performance_thresholds.accuracy=0.5", expect=1)
    assert {"data", "split"} == set(again["cached"])
    assert again["metrics"]["accuracy"] < 0.5 < first["metrics"]["accuracy"]


def program(project, text):
    (project.folder / "training/other.py").write_text(text)
    return f"{sys.executable} training/other.py"


@pytest.mark.parametrize("text, command, code, words", [
    ("raise SystemExit('no luck today')", {}, 2, ["exit code 1", "no luck today", "config.yaml"]),
    ("print('done')", {}, 2, ["wrote no model.onnx"]),
    ("import time; time.sleep(60)", {"timeout_seconds": 1}, 3, ["within 1.00 s", "timeout_seconds"]),
    ("b = bytearray(1 << 30)", {"memory": "500Mi"}, 2, ["MemoryError", "500Mi"]),
    ("import os, pathlib; pathlib.Path(os.environ['SLIPWAY_OUTPUT'], 'model.onnx').write_text('x')", {}, 2,
     ["not an ONNX model"]),
], ids=["fails", "no graph", "too long", "memory", "no onnx"])
def test_what_goes_wrong_in_a_program_is_told(commanded, text, command, code, words):
    commanded.write_config(command_config(program(commanded, text), command=command))
    answer = commanded.call("run")
    assert answer.code == code, answer.err
    assert all(word in answer.err for word in words), answer.err


def test_a_program_never_sees_the_test_part(commanded):
    spy = """
import json, os, pandas as pd
frames = [pd.read_parquet(os.environ[name]) for name in ("SLIPWAY_TRAIN", "SLIPWAY_VALIDATION")]
print(json.dumps([[len(frame), list(frame.columns)] for frame in frames]))
print(sorted(os.listdir(os.path.dirname(os.environ["SLIPWAY_TRAIN"]))))
raise SystemExit(1)
"""
    commanded.write_config(command_config(program(commanded, spy)))
    answer = commanded.call("run")
    said = [line.split("│ ")[1] for line in answer.err.splitlines() if "│ " in line]
    assert json.loads(said[0]) == [[400, [*NUMBERS, "city", "target"]], [50, [*NUMBERS, "city", "target"]]]
    assert said[1] == "['output', 'train.parquet', 'validation.parquet']"
