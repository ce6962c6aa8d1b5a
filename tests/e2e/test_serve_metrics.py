"""/metrics, read by Prometheus' own parsers, and its figures held against what was asked."""
import json
import math
import socket
import time

import pytest
from conftest import number_table
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser
from served import train
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from test_serve import FEATURES, serving

TEXT = "/metrics?format=prometheus"
ROW = {"features": [1, 2, 3, 4]}
MATRIX = {"inputs": [{"name": "x", "shape": [3, 4], "datatype": "FP64", "data": [0.5] * 12}]}
# What Prometheus 3 sends.
SCRAPE = ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
          "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return train(tmp_path_factory.mktemp("metrics") / "project", number_table())


@pytest.fixture
def server(project):
    # One thread counts an answer before it reads the next question.
    with serving(project.folder, "ml-classifier", "--threads", "1") as server:
        yield server


def read_text(server, path=TEXT, accept=None):
    """Families by name, by the parser that the answer's type asks for."""
    status, text, headers = server.ask("GET", path, headers={"Accept": accept} if accept else None)
    assert status == 200
    kind = headers["Content-Type"].split(";")[0]
    parse = {"text/plain": parser.text_string_to_metric_families,
             "application/openmetrics-text": openmetrics_parser.text_string_to_metric_families}[kind]
    return {family.name: family for family in parse(text)}


def samples(family):
    return {(one.name, *sorted(one.labels.items())): one.value for one in family.samples}


def ask_many(server):
    """Predictions of all kinds and other pages: how many were answered in 2xx and 4xx, and their rows."""
    good = ([("/predict", ROW)] * 30 + [("/predict", {"instances": [ROW["features"]] * 20})] * 5 +
            [("/models/ml-classifier/predict", ROW)] * 4 + [("/invocations", {"inputs": [ROW["features"]] * 2})] * 3 +
            [("/v2/models/ml-classifier/infer", MATRIX)] * 6)
    bad = ([("/predict", "{")] * 3 + [("/predict", {"features": ["x", 1, 1, 1]})] * 2 + [("/invocations", {})] * 2 +
           [("/v2/models/ml-classifier/infer", {})] * 2 + [("/models/other/predict", ROW)] * 2 +
           [("/v2/models/other/infer", MATRIX)])
    for expected, questions in ((200, good), (400, bad)):
        for path, body in questions:
            status = server.ask("POST", path, body)[0]
            assert status == expected or (status == 404 and "other" in path), path
    for path in ("/", "/health", "/ready", "/metrics", TEXT, "/openapi.json", "/nowhere", "/v2", "/v2/models/ml-classifier"):
        server.ask("GET", path)
    return len(good), len(bad), 30 + 5 * 20 + 4 + 3 * 2 + 6 * 3


def test_figures_are_those_of_what_was_asked(server):
    good, bad, rows = ask_many(server)
    status, told, headers = server.ask("GET", "/metrics")
    assert status == 200 and headers["Content-Type"] == "application/json"
    assert told["request_count"] == told["total_requests"] == good + bad
    assert told["error_count"] == 0 and told["error_rate"] == 0
    assert told["client_error_rate"] == pytest.approx(bad / (good + bad))
    assert told["client_error_count"] == bad and told["prediction_rows"] == told["total_rows"] == rows
    assert 0 < told["latency_p50"] <= told["latency_p95"] <= told["latency_p99"] < 5000
    assert told["model"] == "ml-classifier" and told["version"] == "1" and told["window_seconds"] == 60
    assert 0 < told["uptime_seconds"] < 60 and isinstance(told["in_flight"], int) and told["in_flight"] >= 0

    families = read_text(server)
    assert samples(families["slipway_requests"]) == {("slipway_requests_total", ("code", code)): count for code, count in
                                                     (("2xx", good), ("3xx", 0), ("4xx", bad), ("5xx", 0))}
    assert samples(families["slipway_rows"]) == {("slipway_rows_total",): rows}
    assert samples(families["slipway_request_duration_seconds"])["slipway_request_duration_seconds_count",] == good + bad


def test_the_text_is_well_formed(server):
    ask_many(server)
    families = read_text(server)
    for name, family in families.items():
        assert name.startswith("slipway_") and family.documentation, name
        assert family.type in ("counter", "gauge", "histogram", "summary") and family.samples, name
        assert len(samples(family)) == len(family.samples), f"{name} says something twice"
    durations = families["slipway_request_duration_seconds"]
    buckets = [(float(one.labels["le"]), one.value) for one in durations.samples if one.name.endswith("_bucket")]
    bounds, counts = zip(*buckets)
    assert list(bounds) == sorted(bounds) and math.isinf(bounds[-1]) and list(counts) == sorted(counts)
    found = samples(durations)
    assert counts[-1] == found["slipway_request_duration_seconds_count",] > 0
    # All were quick, and the sum is of seconds.
    assert 0 < found["slipway_request_duration_seconds_sum",] < 10 and bounds[0] <= 0.001 and bounds[-2] >= 10


def test_counters_only_grow(server):
    before = {}
    for _ in range(3):
        ask_many(server)
        families = read_text(server)
        now = {key: value for family in families.values() if family.type in ("counter", "histogram")
               for key, value in samples(family).items()}
        assert all(now[key] >= value for key, value in before.items())
        before = now
    assert before["slipway_requests_total", ("code", "2xx")] == 3 * 48


@pytest.mark.parametrize("accept, kind", [
    (None, "application/json"), ("*/*", "application/json"), ("application/json", "application/json"),
    # axios, and a browser.
    ("application/json, text/plain, */*", "application/json"),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
    ("text/plain", "text"), ("text/plain; version=0.0.4", "text"), ("application/openmetrics-text; version=1.0.0", "text"),
    (SCRAPE, "text")])
def test_who_gets_which_form(server, accept, kind):
    server.ask("POST", "/predict", ROW)
    status, told, headers = server.ask("GET", "/metrics", headers={"Accept": accept} if accept else None)
    assert status == 200
    if kind == "application/json":
        assert headers["Content-Type"] == "application/json" and told["request_count"] == 1
        return
    assert headers["Content-Type"].startswith(("text/plain; version=0.0.4", "application/openmetrics-text; version=1."))
    assert samples(read_text(server, "/metrics", accept)["slipway_rows"]) == {("slipway_rows_total",): 1}


def test_a_name_that_a_label_has_to_escape(tmp_path):
    frame = number_table(missing=0)
    x = frame[FEATURES].to_numpy("float32")
    name = 'a "b" \\ {c}, ü'
    graph = to_onnx(LogisticRegression().fit(x, frame["target"]), x[:1], options={"zipmap": False})
    (tmp_path / f"{name}.onnx").write_bytes(graph.SerializeToString())
    with serving(tmp_path, f"./{name}.onnx", "--feature-columns", ",".join(FEATURES)) as server:
        info = read_text(server)["slipway_model_info"].samples
        assert [(one.labels["model"], one.labels["version"], one.value) for one in info] == [(name, "", 1)]
        assert info[0].labels["digest"] == server.events[0]["digest"]
        assert server.ask("GET", "/metrics")[1]["model"] == name


def test_latency_counts_from_the_first_byte(server):
    body = json.dumps(ROW).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
        time.sleep(0.4)
        slow.sendall(body)
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
    told = server.ask("GET", "/metrics")[1]
    # To within half the width of a bucket, 1/64.
    assert told["request_count"] == 1 and 400 * 63 / 64 <= told["latency_p50"] < 2000
    assert told["latency_p99"] == told["latency_p50"]
    for _ in range(199):
        server.ask("POST", "/predict", ROW)
    told = server.ask("GET", "/metrics")[1]
    assert told["latency_p50"] < 400 and told["latency_p99"] < 400


def test_requests_in_flight(server):
    idle = server.ask("GET", "/metrics")[1]["in_flight"]
    half = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(5)]
    try:
        for one in half:
            one.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{")
        deadline = time.time() + 10
        while server.ask("GET", "/metrics")[1]["in_flight"] != idle + 5 and time.time() < deadline:
            time.sleep(0.02)
        assert server.ask("GET", "/metrics")[1]["in_flight"] == idle + 5
        assert samples(read_text(server)["slipway_in_flight_requests"]) == {("slipway_in_flight_requests",): idle + 5}
    finally:
        for one in half:
            one.close()
    deadline = time.time() + 10
    while server.ask("GET", "/metrics")[1]["in_flight"] != idle and time.time() < deadline:
        time.sleep(0.02)
    assert server.ask("GET", "/metrics")[1]["in_flight"] == idle


def test_shed_requests_are_errors(project):
    """The contract: shed requests (503) count, 4xx do not."""
    with serving(project.folder, "ml-classifier", "--max-connections", "1", "--threads", "1") as server:
        body = json.dumps(ROW).encode()
        question = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as first:
            first.sendall(question)
            assert first.recv(4096).startswith(b"HTTP/1.1 200")
            for _ in range(3):
                status, answer, headers = server.ask("POST", "/predict", ROW)
                assert status == 503 and answer["error"] and headers["Retry-After"]
            first.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            told = json.loads(first.recv(8192).split(b"\r\n\r\n", 1)[1])
        assert told["error_count"] == 3 and told["request_count"] == 4 and told["error_rate"] == 0.75


def test_without_metrics(project):
    with serving(project.folder, "ml-classifier", "--no-metrics") as server:
        assert server.ask("GET", "/metrics")[0] == server.ask("GET", TEXT)[0] == 404
        assert "/metrics" not in server.ask("GET", "/openapi.json")[1]["paths"]
