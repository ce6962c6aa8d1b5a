"""MLflow's own loaders on a model's folder: the answers are those of `slipway predict`."""
import json
import pathlib
import subprocess

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, basic_config

FEATURES = ["age", "income", "city"]


@pytest.fixture(scope="session")
def mlflow_python():
    """An interpreter with MLflow, which wants other packages than the tests."""
    made = subprocess.run([ROOT / "scripts/python-environment", ROOT / "tests/requirements-mlflow.txt"],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no environment with MLflow: its loaders are NOT tested\n{made.stderr}")
    return made.stdout.strip()


def people(rows=600, seed=8):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.integers(18, 80, rows), "income": rng.normal(100, 25, rows).round(2),
                          "city": rng.choice(["Bonn", "Oslo", "東京"], rows)})
    frame.loc[rng.random(rows) < 0.02, "income"] = np.nan
    frame.loc[rng.random(rows) < 0.02, "city"] = None
    frame["signal"] = frame["income"].fillna(100) + frame["age"] + 20 * (frame["city"] == "Oslo") + rng.normal(size=rows)
    return frame


def ask_mlflow(project, python, frame):
    folder = project.folder / "model"
    assert project.call("models", "download", "ml-classifier", "--to", folder).code == 0
    columns = project.folder / "columns.json"
    # NaN and "" are missing.
    columns.write_text(json.dumps({name: frame[name].fillna("" if name == "city" else np.nan).tolist()
                                   for name in FEATURES}))
    out = project.folder / "mlflow.json"
    subprocess.run([python, pathlib.Path(__file__).with_name("mlflow_client.py"), folder, columns, out], check=True,
                   timeout=300, cwd=project.folder)
    return json.loads(out.read_text())


def ask_slipway(project, frame):
    path = project.write_table(frame[FEATURES], "ask.csv")
    answer = project.call("predict", "ml-classifier", "--input", path, "--output-file", project.folder / "answers.csv")
    assert answer.code == 0, answer.err
    return pd.read_csv(project.folder / "answers.csv")


def trained(project, trainer, target, **changes):
    frame = people()
    frame["target"] = target(frame)
    project.write_table(frame.drop(columns="signal"))
    project.write_config(basic_config(model__model_type=trainer, model__hyperparameters={}, **changes))
    project.run()
    return frame.head(200)


@pytest.mark.parametrize("trainer", ["random_forest", "ridge"])
def test_a_regression(project, mlflow_python, trainer):
    frame = trained(project, trainer, lambda frame: frame["signal"] * 1.5 + 1 / 3, model__task="regression",
                    model__evaluation_metrics=["r2"], model__performance_thresholds={"r2": 0.3})
    told = ask_mlflow(project, mlflow_python, frame)
    expected = ask_slipway(project, frame)
    assert told["inputs"] == FEATURES and told["outputs"] == ["prediction"] == list(told["pyfunc"])
    for way in ("pyfunc", "onnx"):
        np.testing.assert_allclose(told[way]["prediction"], expected["prediction"], rtol=1e-6)


@pytest.mark.parametrize("trainer", ["gradient_boosting", "logistic_regression"])
def test_several_classes(project, mlflow_python, trainer):
    frame = trained(project, trainer, lambda frame: pd.qcut(frame["signal"], 3, labels=["low", "middle", "high"]).astype(str),
                    data__preprocessing_steps=["handle_missing", "normalize"])
    told = ask_mlflow(project, mlflow_python, frame)
    expected = ask_slipway(project, frame)
    assert set(expected["label"]) == {"low", "middle", "high"}
    assert told["inputs"] == FEATURES
    assert told["outputs"] == list(expected.columns) == list(told["pyfunc"])
    for way in ("pyfunc", "onnx"):
        assert told[way]["label"] == expected["label"].tolist()
        for name in expected.columns[1:]:
            np.testing.assert_allclose(told[way][name], expected[name], rtol=0, atol=1e-6)
