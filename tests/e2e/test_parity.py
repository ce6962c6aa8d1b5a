"""onnxruntime and Slipway's own predictor give equal labels and scores, on every row."""
import json
import os
import subprocess

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest

from conftest import BINARY, Project, basic_config

TOLERANCE = 1e-6


def answer_of_onnxruntime(model, frame):
    """Labels as text, and a score column a class, of an ONNX file for a table of its inputs."""
    onnx.checker.check_model(str(model), full_check=True)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    feeds = {}
    for field in session.get_inputs():
        column = frame[field.name]
        if field.type == "tensor(double)":
            feeds[field.name] = column.to_numpy(np.float64)
        else:
            assert field.type == "tensor(string)"
            feeds[field.name] = np.array(["" if pd.isna(text) else str(text) for text in column], object)
    outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))
    assert all(values.shape == (len(frame),) for values in outputs.values()), "outputs of rank 1"
    if "prediction" in outputs:
        return [], outputs
    labels = [str(label) for label in outputs.pop("label")]
    return labels, {name.removeprefix("probability_"): scores for name, scores in outputs.items()}


def golden_answer(rows):
    """The same of the lines of a golden.jsonl."""
    if "prediction" in rows[0]:
        return [], {"prediction": [row["prediction"] for row in rows]}
    return ([str(row["label"]) for row in rows],
            {name: [row["probabilities"][name] for row in rows] for name in rows[0]["probabilities"]})


def assert_equal_answers(labels, scores, expected_labels, expected_scores):
    assert list(labels) == list(expected_labels)
    assert list(scores) == list(expected_scores)
    for name, values in scores.items():
        np.testing.assert_allclose(np.asarray(values, float), expected_scores[name], rtol=0, atol=TOLERANCE)


def test_random_models(tmp_path):
    """Forests and plans made at random, values at thresholds and one step beside them; of two thirds of the classifiers
    from the tenth on with calibrations, and of most of two classes with a decision threshold that some row just reaches."""
    program = BINARY.parent / "model_test"
    if not program.exists():
        pytest.skip(f"{program} is not built: random models are NOT compared with onnxruntime")
    subprocess.run([program, "--gtest_filter=OnnxTest.WritesCasesForOtherRuntimes"], check=True, timeout=120,
                   env={**os.environ, "SLIPWAY_PARITY_DIR": str(tmp_path)}, stdout=subprocess.DEVNULL)
    models = sorted(tmp_path.glob("*.onnx"))
    assert len(models) >= 50
    for model in models:
        rows = [json.loads(line) for line in model.with_suffix(".jsonl").read_text().splitlines()]
        frame = pd.DataFrame([row["input"] for row in rows])
        labels, scores = answer_of_onnxruntime(model, frame)
        assert_equal_answers(labels, scores, *golden_answer(rows))


def hard_table(rows=1500, seed=5):
    """Magnitudes from 1e-9 to 1e12, integers past 2^24, odd categories, missing values, a target of text."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=rows)
    frame = pd.DataFrame({
        "tiny": 1e-9 * (signal + rng.normal(size=rows)),
        "huge": 1e12 * (1 + 1e-3 * rng.normal(size=rows)),
        "account": 2**24 + rng.integers(0, 50, rows),
        "exact": 2**53 - 1 - rng.integers(0, 9, rows),
        "city": rng.choice(["Zürich", "東京", "a,b", 'say "x"', "plain"], rows),
        "code": [f"c{number}" for number in rng.integers(0, 90, rows)],
        "weight, kg": rng.normal(70, 10, rows),
    })
    odd = (frame["account"] % 2 == 1) ^ (frame["city"] == "東京")
    frame["target"] = np.where(signal + 1.5 * odd + 0.3 * rng.normal(size=rows) > 0.7, "Yes", "No")
    for name in ("tiny", "city", "weight, kg"):
        frame.loc[rng.random(rows) < 0.05, name] = None
    return frame


STEPS = [["handle_missing", "normalize"], ["normalize"], [],
         [{"handle_missing": {"categorical": "most_frequent"}}, "normalize"]]


@pytest.mark.parametrize("steps", STEPS, ids=["fill and scale", "scale", "raw", "most frequent"])
def test_trained_model(project, steps):
    frame = hard_table()
    project.write_table(frame)
    project.write_config(basic_config(data__preprocessing_steps=steps, model__performance_thresholds={}))
    answer = project.run()
    model = project.folder / "model"
    assert project.call("models", "download", f"{answer['model']}:{answer['version']}", "--to", str(model)).code == 0

    new = hard_table(seed=6).drop(columns="target")
    new.loc[new.index % 7 == 0, "city"] = "never seen 🚀"
    project.write_table(new, "new.csv")
    predicted = project.call("predict", answer["model"], "--input", "new.csv", "--id-columns", "code")
    assert predicted.code == 0, predicted.err
    (project.folder / "out.csv").write_text(predicted.out)
    table = pd.read_csv(project.folder / "out.csv", dtype={"label": str, "code": str})
    assert list(table.columns) == ["code", "label", "probability_No", "probability_Yes"]
    assert list(table["code"]) == list(new["code"]), "rows keep their order"
    labels, scores = answer_of_onnxruntime(model / "model.onnx", pd.read_csv(project.folder / "new.csv"))
    assert_equal_answers(table["label"], {name: table[f"probability_{name}"] for name in scores}, labels, scores)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("trained") / "project")
    project.write_table(hard_table())
    project.write_config(basic_config())
    project.run()
    project.write_table(hard_table(rows=40, seed=9).drop(columns="target"), "new.csv")
    return project


def test_every_form_of_output_says_the_same(trained):
    csv = trained.call("predict", "ml-classifier", "--input", "new.csv")
    rows = [line.split(",") for line in csv.out.splitlines()[1:]]
    for name in ("out.csv", "out.parquet", "out.jsonl"):
        answer = trained.call("predict", "ml-classifier:1", "--input", "new.csv", "--output-file", name)
        assert answer.code == 0, answer.err
    assert (trained.folder / "out.csv").read_text() == csv.out
    parquet = pd.read_parquet(trained.folder / "out.parquet")
    lines = [json.loads(line) for line in (trained.folder / "out.jsonl").read_text().splitlines()]
    machine = trained.call("predict", "ml-classifier", "--input", "new.csv", "--output", "json").last
    assert len(rows) == len(parquet) == len(lines) == len(machine["predictions"]) == 40
    assert machine["model"] == "ml-classifier" and machine["version"] == "1"
    for i, (label, no, yes) in enumerate(rows):
        assert label == parquet["label"][i] == lines[i]["label"] == machine["predictions"][i]
        assert float(yes) == lines[i]["probability_Yes"] == machine["probabilities"][i]["Yes"]
        assert np.float32(no) == np.float32(parquet["probability_No"][i])


def test_parquet_rows_are_predicted_like_csv_rows(trained):
    pd.read_csv(trained.folder / "new.csv").to_parquet(trained.folder / "new.parquet")
    csv = trained.call("predict", "ml-classifier", "--input", "new.csv")
    parquet = trained.call("predict", "ml-classifier", "--input", "new.parquet")
    assert parquet.code == 0 and parquet.out == csv.out


@pytest.mark.parametrize("change, words", [
    (lambda frame: frame.drop(columns="account"), ["new_bad.csv", "account"]),
    (lambda frame: frame.rename(columns={"account": "acount"}), ["new_bad.csv", "account", "acount"]),
    (lambda frame: frame.assign(account=["x" if i == 4 else value for i, value in enumerate(frame["account"])]),
     ["new_bad.csv", "row 5", "account", "'x'"]),
], ids=["missing column", "renamed column", "word among numbers"])
def test_bad_rows(trained, change, words):
    change(pd.read_csv(trained.folder / "new.csv")).to_csv(trained.folder / "new_bad.csv", index=False)
    answer = trained.call("predict", "ml-classifier", "--input", "new_bad.csv", "--output-file", "bad.csv")
    assert answer.code == 2 and answer.out == ""
    assert all(word in answer.err for word in words), answer.err
    assert not (trained.folder / "bad.csv").exists()


@pytest.mark.parametrize("arguments, code, words", [
    (["nobody", "--input", "new.csv"], 2, ["nobody"]),
    (["ml-classifier:9", "--input", "new.csv"], 2, ["ml-classifier"]),
    (["./nowhere", "--input", "new.csv"], 2, ["nowhere"]),
    (["ml-classifier", "--input", "none.csv"], 2, ["none.csv"]),
    (["ml-classifier", "--input", "new.csv", "--output-file", "out.xls"], 2, ["out.xls", ".parquet"]),
    (["ml-classifier", "--input", "new.csv", "--id-columns", "label"], 2, ["label"]),
    (["ml-classifier", "--input", "new.csv", "--id-columns", "nothing"], 2, ["nothing"]),
], ids=["name", "version", "path", "input", "ending", "id is an output", "id is absent"])
def test_bad_calls(trained, arguments, code, words):
    answer = trained.call("predict", *arguments)
    assert answer.code == code, answer.err
    assert all(word in answer.err for word in words), answer.err


def test_a_damaged_artifact_is_refused(trained, tmp_path):
    copy = tmp_path / "copy"
    assert trained.call("models", "download", "ml-classifier:1", "--to", str(copy)).code == 0
    model = copy / "model.onnx"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.chmod(0o644)
    model.write_bytes(data)
    answer = trained.call("predict", str(copy), "--input", "new.csv")
    assert answer.code == 4 and "model.onnx" in answer.err


def test_booleans_of_parquet_and_csv_are_the_same(project):
    """A model trained on one file predicts the same from the other, whatever case the words have."""
    rng = np.random.default_rng(4)
    flag = rng.random(400) < 0.5
    frame = pd.DataFrame({"flag": flag, "x": rng.normal(size=400), "target": flag ^ (rng.random(400) < 0.1)})
    project.write_table(frame, "data/train.parquet")
    project.write_config(basic_config(data__source_path="data/train.parquet", model__performance_thresholds={}))
    answer = project.run()
    new = frame.drop(columns="target").head(50)
    project.write_table(new, "new.parquet")
    project.write_table(new, "new.csv")
    (project.folder / "lower.csv").write_text((project.folder / "new.csv").read_text().lower())
    outputs = [project.call("predict", answer["model"], "--input", f"new.{ending}") for ending in ("parquet", "csv")]
    outputs.append(project.call("predict", answer["model"], "--input", "lower.csv"))
    assert all(output.code == 0 for output in outputs), [output.err for output in outputs]
    assert outputs[0].out == outputs[1].out == outputs[2].out
    assert {line.split(",")[0] for line in outputs[0].out.splitlines()[1:]} == {"False", "True"}
