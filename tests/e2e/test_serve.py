"""The server, asked as clients ask it: over real sockets, judged by `slipway predict` and scikit-learn."""
import contextlib
import http.client
import json
import os
import signal
import subprocess
import threading
import time

import numpy as np
import onnx
import pandas as pd
import pytest
from conftest import BINARY, basic_config, number_table
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from test_oracle import predictions

FEATURES = [f"feature{i + 1}" for i in range(4)]


class Server:
    """`slipway serve` on a free port, stopped by its id."""

    def __init__(self, folder, *arguments):
        self.process = subprocess.Popen([str(BINARY), "serve", "--output", "json", "--port", "0", *map(str, arguments)],
                                        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.events = []
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1].get("event") == "listening":
                break
        else:
            raise AssertionError(self.process.stderr.read())
        self.port = int(self.events[-1]["url"].rsplit(":", 1)[1])

    def ask(self, method, path, body=None, headers=None):
        """Status, JSON (or text) and headers of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        data = body if isinstance(body, (str, bytes)) or body is None else json.dumps(body)
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        kind = answer.getheader("Content-Type", "")
        return answer.status, json.loads(text) if kind.startswith("application/json") and text else text, answer.headers

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        _, error = self.process.communicate(timeout=30)
        return self.process.returncode, error


@contextlib.contextmanager
def serving(folder, *arguments):
    server = Server(folder, *arguments)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


@pytest.fixture
def trained(project):
    project.frame = number_table()
    project.write_table(project.frame)
    project.write_config(basic_config())
    project.run()
    return project


def test_answers_are_those_of_predict(trained):
    rows = trained.frame.head(50)
    expected = predictions(trained, rows)
    with serving(trained.folder, "ml-classifier") as server:
        plain = rows[FEATURES].astype(object).where(rows[FEATURES].notna(), None)
        status, answer, _ = server.ask("POST", "/predict", {"instances": plain.to_numpy().tolist()})
        assert status == 200 and answer["model"] == "ml-classifier" and answer["version"] == "1"
        assert answer["predictions"] == expected["label"].tolist()
        for cls in ("0", "1"):
            np.testing.assert_allclose([one[cls] for one in answer["probabilities"]], expected[f"probability_{cls}"], atol=1e-7)
        # The same as named columns, in another order, and one by one.
        shuffled = [dict(reversed(one.items())) for one in plain.to_dict("records")]
        assert server.ask("POST", "/predict", {"instances": shuffled})[1]["predictions"] == answer["predictions"]
        for row, label in zip(plain.to_numpy().tolist()[:5], answer["predictions"]):
            status, one, headers = server.ask("POST", "/predict", {"features": row}, {"X-Request-Id": "mine-1"})
            assert status == 200 and one["prediction"] == label
            assert one["request_id"] == headers["X-Request-Id"] == "mine-1"
            assert set(one["probability"]) == {"0", "1"}


def test_mlflows_questions(trained):
    rows = trained.frame.head(20).dropna()
    expected = predictions(trained, rows)["label"].tolist()
    split = {"columns": FEATURES, "data": rows[FEATURES].to_numpy().tolist()}
    questions = [{"dataframe_split": split}, {"dataframe_records": rows[FEATURES].to_dict("records")},
                 {"inputs": {name: rows[name].tolist() for name in FEATURES}}, {"instances": split["data"]}]
    with serving(trained.folder, "ml-classifier") as server:
        for question in questions:
            status, answer, _ = server.ask("POST", "/invocations", question)
            assert status == 200, answer
            assert [one["label"] for one in answer["predictions"]] == expected


@pytest.mark.parametrize("body, status, words", [
    ("{", 400, []),
    ('{"features": [1, 2, 3]}', 400, ["4"]),
    ('{"features": [1, 2, 3, "x"]}', 400, ["feature4"]),
    ('{"instances": [[1, 2, 3, 4], [1, 2, 3, []]]}', 400, ["feature4"]),
    ('{"instances": [{"feature1": 1, "featur2": 3}]}', 400, ["featur2", "feature2"]),
    ('{"instances": []}', 400, []),
    ('{"features": [1, 2, 3, NaN]}', 400, []),
    ('{"features": [1, 2, 3, 1e999]}', 400, []),
    ('{"rows": [1]}', 400, ["features", "instances"]),
    ("[" * 200, 400, []),
], ids=range(10))
def test_wrong_questions_are_told_what_is_wrong(trained, body, status, words):
    with serving(trained.folder, "ml-classifier") as server:
        told, answer, _ = server.ask("POST", "/predict", body)
        assert told == status and answer["error"], answer
        assert all(word in json.dumps(answer) for word in words), answer
        if "instances" in body and "feature4" in words:
            assert answer["row"] == 1 and answer["field"] == "feature4"
        # And the next one is answered.
        assert server.ask("POST", "/predict", {"features": [1, 2, 3, 4]})[0] == 200


def test_pages(trained):
    with serving(trained.folder, "ml-classifier") as server:
        assert server.ask("GET", "/health")[:2] == (200, {"status": "ok"})
        assert server.ask("GET", "/ready")[:2] == (200, {"status": "ready"})
        status, answer, headers = server.ask("GET", "/predict")
        assert status == 405 and headers["Allow"] == "POST"
        assert server.ask("GET", "/nowhere")[0] == 404
        assert server.ask("POST", "/models/other/predict", {"features": [1, 2, 3, 4]})[0] == 404
        assert server.ask("POST", "/models/ml-classifier/predict", {"features": [1, 2, 3, 4]})[0] == 200


def test_open_inference_protocol(trained):
    rows = trained.frame.head(20).dropna()
    expected = predictions(trained, rows)
    with serving(trained.folder, "ml-classifier") as server:
        assert server.ask("GET", "/v2")[1]["name"] == "slipway"
        assert server.ask("GET", "/v2/health/live")[0] == server.ask("GET", "/v2/health/ready")[0] == 200
        _, about, _ = server.ask("GET", "/v2/models/ml-classifier")
        assert [one["name"] for one in about["inputs"]] == FEATURES and about["versions"] == ["1"]
        assert server.ask("GET", "/v2/models/ml-classifier/versions/1/ready")[0] == 200
        named = {"id": "q7", "inputs": [{"name": name, "shape": [len(rows)], "datatype": "FP64", "data": rows[name].tolist()}
                                        for name in reversed(FEATURES)]}
        status, answer, _ = server.ask("POST", "/v2/models/ml-classifier/infer", named)
        assert status == 200 and answer["id"] == "q7" and answer["model_version"] == "1"
        outputs = {one["name"]: one for one in answer["outputs"]}
        assert outputs["label"]["data"] == expected["label"].tolist() and outputs["label"]["datatype"] == "INT64"
        np.testing.assert_allclose(outputs["probability_1"]["data"], expected["probability_1"], atol=1e-7)
        matrix = {"inputs": [{"name": "input-0", "shape": [len(rows), 4], "datatype": "FP32", "data": rows[FEATURES].to_numpy().tolist()}],
                  "outputs": [{"name": "label"}]}
        status, answer, _ = server.ask("POST", "/v2/models/ml-classifier/versions/1/infer", matrix)
        assert status == 200 and [one["name"] for one in answer["outputs"]] == ["label"]
        assert answer["outputs"][0]["data"] == expected["label"].tolist()
        assert server.ask("POST", "/v2/models/other/infer", named)[0] == 404
        assert server.ask("POST", "/v2/models/ml-classifier/versions/9/infer", named)[0] == 404
        assert server.ask("GET", "/v2/models/ml-classifier/infer")[0] == 405


def test_the_page_and_the_description(trained):
    with serving(trained.folder, "ml-classifier") as server:
        status, page, headers = server.ask("GET", "/")
        assert status == 200 and "<form" in page and "default-src 'none'" in headers["Content-Security-Policy"]
        _, api, _ = server.ask("GET", "/openapi.json")
        assert api["openapi"].startswith("3.1") and {"/predict", "/models/ml-classifier/predict", "/ready"} <= set(api["paths"])
        named = api["components"]["schemas"]["Model1RowMapping"]
        assert list(named["properties"]) == FEATURES


def test_metrics_count_predictions_only(trained):
    with serving(trained.folder, "ml-classifier") as server:
        for _ in range(20):
            server.ask("POST", "/predict", {"features": [1, 2, 3, 4]})
        for _ in range(5):
            server.ask("POST", "/predict", "{")
        server.ask("GET", "/health")
        _, metrics, _ = server.ask("GET", "/metrics")
        assert metrics["request_count"] == 25 and metrics["error_count"] == 0
        assert metrics["client_error_rate"] == pytest.approx(0.2)
        assert 0 < metrics["latency_p50"] <= metrics["latency_p95"] <= metrics["latency_p99"] < 1000
        assert metrics["model"] == "ml-classifier" and metrics["version"] == "1" and metrics["window_seconds"] == 60
        status, text, _ = server.ask("GET", "/metrics?format=prometheus")
        assert status == 200 and "slipway_requests_total" in text and 'version="1"' in text


def test_a_new_version_is_taken_without_a_lost_request(trained):
    with serving(trained.folder, "ml-classifier") as server:
        failures, versions, stop = [], set(), threading.Event()

        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            while not stop.is_set():
                connection.request("POST", "/predict", '{"features": [1, 2, 3, 4]}')
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != 200:
                    failures.append(text)
                versions.add(json.loads(text)["version"])

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        trained.write_config(basic_config(model__hyperparameters={"n_estimators": 10, "random_state": 1}))
        assert trained.run()["version"] == 2
        server.process.send_signal(signal.SIGHUP)
        deadline = time.time() + 20
        while versions != {"1", "2"} and time.time() < deadline:
            time.sleep(0.05)
        stop.set()
        for thread in asking:
            thread.join()
        assert not failures and versions == {"1", "2"}
        # A version that is damaged is not taken.
        trained.write_config(basic_config(model__hyperparameters={"n_estimators": 11, "random_state": 1}))
        digest = trained.run()["digest"].removeprefix("sha256:")
        graph = trained.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:] / "model.onnx"
        os.chmod(graph, 0o644)
        graph.write_bytes(graph.read_bytes()[:-1])
        server.process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert server.ask("POST", "/predict", {"features": [1, 2, 3, 4]})[1]["version"] == "2"
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and "not reloaded" in error


def test_drains_in_order(trained):
    with serving(trained.folder, "ml-classifier", "--drain", "1.5") as server:
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert server.ask("GET", "/ready")[0] == 503
        assert server.ask("GET", "/health")[0] == 200
        assert server.ask("POST", "/predict", {"features": [1, 2, 3, 4]})[0] == 200
        begun = time.time()
        _, error = server.process.communicate(timeout=30)
        assert server.process.returncode == 0 and error == "" and time.time() - begun < 10


def test_a_model_of_scikit_learn(project):
    frame = number_table(missing=0)
    x, y = frame[FEATURES].to_numpy("float32"), frame["target"]
    model = LogisticRegression().fit(x, y)
    onnx.save(to_onnx(model, initial_types=[("X", FloatTensorType([None, 4]))], options={"zipmap": False}),
              project.folder / "churn.onnx")
    with serving(project.folder, "./churn.onnx", "--feature-columns", ",".join(FEATURES)) as server:
        assert server.events[0]["engine"] == "onnxruntime" and server.events[0]["model"] == "churn"
        status, answer, _ = server.ask("POST", "/predict", {"instances": x[:30].tolist()})
        assert status == 200, answer
        assert answer["predictions"] == model.predict(x[:30]).tolist()
        np.testing.assert_allclose([one["1"] for one in answer["probabilities"]], model.predict_proba(x[:30])[:, 1], atol=1e-5)


def test_texts_that_training_did_not_have(project):
    frame = number_table()
    frame["city"] = np.where(frame["feature1"] > 0, "Bern", "Genf")
    project.write_table(frame)
    project.write_config(basic_config())
    project.run()
    row = {"feature1": 1, "feature2": 1, "feature3": 0, "feature4": 0, "city": "Bren"}
    with serving(project.folder, "ml-classifier") as server:
        assert server.ask("POST", "/predict", {"instances": [row]})[0] == 200
    with serving(project.folder, "ml-classifier", "--unknown-categories", "reject") as server:
        status, answer, _ = server.ask("POST", "/predict", {"instances": [{**row, "city": "Genf"}, row]})
        assert status == 422 and answer["field"] == "city" and answer["row"] == 1 and "Bern" in answer["error"]


def test_mistakes_of_the_call(trained):
    assert trained.call("serve", "nobody").code == 2
    with serving(trained.folder, "ml-classifier") as server:
        answer = trained.call("serve", "ml-classifier", "--port", server.port)
        assert answer.code == 3 and str(server.port) in answer.err
    answer = trained.call("serve", "ml-classifier", "--tls-key", "nowhere.pem")
    assert answer.code == 2 and "nowhere.pem" in answer.err or "certificate" in answer.err
