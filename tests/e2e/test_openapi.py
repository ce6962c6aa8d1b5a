"""/openapi.json, judged by a validator, and the server held to it by schemathesis, which reads it and tries what breaks."""
import json
import re
import subprocess

import numpy as np
import onnx
import pandas as pd
import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from served import INPUTS, as_json, customers, train, train_customers
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from test_serve import serving


@pytest.fixture(scope="session")
def judges():
    """The folder of an interpreter with schemathesis, which brings more than the other tests need."""
    made = subprocess.run([ROOT / "scripts/python-environment", ROOT / "tests/requirements-openapi.txt"],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no environment with schemathesis: the server is NOT held to its description\n{made.stderr}")
    return made.stdout.strip().removesuffix("/python")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return train_customers(tmp_path_factory.mktemp("openapi") / "project")


@pytest.fixture(scope="module")
def server(project):
    with serving(project.folder, "ml-classifier") as server:
        yield server
        assert server.process.poll() is None


@pytest.fixture
def prices(tmp_path):
    """A regression."""
    frame = customers()
    frame["target"] = frame["age"] * 1.5 + frame["visits"]
    return train(tmp_path / "prices", frame, model__task="regression", model__evaluation_metrics=["r2"],
                 model__performance_thresholds={"r2": 0})


def write_graph(path, columns):
    """A classifier of scikit-learn, whose graph says what its columns are called."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(80, len(columns))).astype("float32")
    label = np.where(x[:, 0] > 0, "ja", "nein")
    graph = to_onnx(LogisticRegression().fit(x, label), x[:1], options={"zipmap": False})
    onnx.helper.set_model_props(graph, {"feature_names": json.dumps(columns)})
    onnx.save(graph, path)


def check_valid(judges, api, folder):
    path = folder / "openapi.json"
    path.write_text(json.dumps(api))
    judged = subprocess.run([f"{judges}/openapi-spec-validator", path], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def template_of(api, path):
    """The described path that stands for this one, its names in braces taken for anything; None for none."""
    for template in api["paths"]:
        pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", template))
        if re.fullmatch(pattern, path):
            return template
    return None


def errors_of(api, schema, value):
    """What is wrong with a value by a schema of the document."""
    registry = Registry().with_resource("urn:api", Resource.from_contents(api, default_specification=DRAFT202012))
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:api#/'))
    return [error.message for error in Draft202012Validator(absolute, registry=registry).iter_errors(value)]


def question_and_answer(api, path):
    post = api["paths"][path]["post"]
    return (post["requestBody"]["content"]["application/json"]["schema"],
            post["responses"]["200"]["content"]["application/json"]["schema"])


def test_the_document_is_valid(judges, server, tmp_path):
    status, api, headers = server.ask("GET", "/openapi.json")
    assert status == 200 and headers["Content-Type"] == "application/json"
    check_valid(judges, api, tmp_path)
    assert api["info"]["title"] == "ml-classifier" and api["info"]["version"] == "1"


def test_a_regression_and_graphs_of_others(judges, prices, tmp_path):
    """Several models at once, one of them with a name that a path has to escape."""
    write_graph(tmp_path / "yes or no {ü}.onnx", ["a b", "~c/d"])
    with serving(prices.folder, "ml-classifier", tmp_path / "yes or no {ü}.onnx") as server:
        api = server.ask("GET", "/openapi.json")[1]
        check_valid(judges, api, tmp_path)
        for path in api["paths"]:
            assert re.fullmatch(r"(/[A-Za-z0-9._~%{}-]*)+", path), f"{path} is no path"
        escaped = "/models/yes%20or%20no%20%7B%C3%BC%7D/predict"
        rows = {"/predict": as_json(prices.frame[INPUTS].head(3)), "/models/ml-classifier/predict": [{"age": 1}],
                escaped: [{"a b": 1, "~c/d": 2}, [1, 2]]}
        for path, instances in rows.items():
            question, expected = question_and_answer(api, template_of(api, path))
            for body in ({"instances": instances}, {"features": instances[0]}):
                assert not errors_of(api, question, body)
                status, answer, _ = server.ask("POST", path, body)
                assert status == 200, answer
                assert not errors_of(api, expected, answer)
        assert "probability" not in json.dumps(question_and_answer(api, "/predict")[1]) and api["components"]["schemas"]


def test_questions_and_answers_are_as_described(server, project):
    """What the server takes the document takes, and the other way round; answers are those that it describes."""
    api = server.ask("GET", "/openapi.json")[1]
    question, expected = question_and_answer(api, "/predict")
    error = {"$ref": "#/components/schemas/Error"}
    row = as_json(project.frame[INPUTS].head(1))[0]
    for body in [
            {"instances": as_json(project.frame[INPUTS].head(20))}, {"instances": [list(row.values()), row]}, {"features": row},
            {"features": {}}, {"features": list(row.values())}, {"features": row, "request_id": "mine-1"},
            {"features": {**row, "age": True}}, {"features": {**row, "city": 5}}, {"features": {**row, "joined": 1.7e9}},
            {"features": {**row, "income": None}}, {"features": {**row, "age": "41"}}, {"features": {**row, "joined": True}},
            {"features": {**row, "age": []}}, {"features": {**row, "agee": 1}}, {"features": list(row.values())[1:]},
            {"features": row, "request_id": ""}, {"features": row, "request_id": 5}, {"features": row, "more": 1},
            {"features": row, "instances": [row]}, {"instances": []}, {"instances": row}, {"instances": [1]}, {}, [], 1, None]:
        status, answer, _ = server.ask("POST", "/predict", body)
        assert status in (200, 400), answer
        assert (not errors_of(api, question, body)) == (status == 200), (body, answer)
        assert not errors_of(api, expected if status == 200 else error, answer)


@pytest.mark.parametrize("method, path", [
    ("post", "/predict"), ("post", "/models/ml-classifier/predict"), ("post", "/invocations"),
    ("post", "/v2/models/ml-classifier/infer"), ("post", "/v2/models/ml-classifier/versions/1/infer"),
    ("get", "/v2"), ("get", "/v2/models/ml-classifier"), ("get", "/v2/models/ml-classifier/ready"), ("get", "/v2/health/live"),
    ("get", "/v2/health/ready"), ("get", "/health"), ("get", "/ping"), ("get", "/ready"), ("get", "/metrics")])
def test_all_pages_are_described(server, method, path):
    """docs/serving.md: these pages in OpenAPI, with the model's inputs."""
    api = server.ask("GET", "/openapi.json")[1]
    template = template_of(api, path)
    assert template is not None and method in api["paths"][template]


def test_schemathesis_finds_nothing(judges, tmp_path):
    """All of its checks: statuses, types and forms as described, what fits is taken, what does not is refused, no 5xx."""
    # Which texts are times no schema says.
    project = train(tmp_path / "project", customers().drop(columns="joined"))
    with serving(project.folder, "ml-classifier") as server:
        run = subprocess.run(
            [f"{judges}/schemathesis", "run", f"http://127.0.0.1:{server.port}/openapi.json", "--checks", "all",
             "--max-examples", "20", "--generation-deterministic", "--continue-on-failure",
             "--suppress-health-check", "all", "--no-color"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        told = server.ask("GET", "/metrics")[1]
        assert told["total_requests"] > 100 and told["total_errors"] == 0


def test_random_rows_of_the_table(server, project):
    """Columns in any order, some left out: the answers fit the document."""
    api = server.ask("GET", "/openapi.json")[1]
    question, expected = question_and_answer(api, "/predict")
    rng = np.random.default_rng(7)
    for _ in range(30):
        names = list(rng.permutation(INPUTS)[:rng.integers(1, len(INPUTS) + 1)])
        rows = as_json(pd.DataFrame(project.frame[names]).sample(3, random_state=int(rng.integers(1000))))
        assert not errors_of(api, question, {"instances": rows})
        status, answer, _ = server.ask("POST", "/predict", {"instances": rows})
        assert status == 200 and not errors_of(api, expected, answer)
