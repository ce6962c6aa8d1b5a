"""Requests that ONNX Runtime answers together, beside the same ones answered alone."""
import concurrent.futures
import json

import numpy as np
import pytest
from conftest import number_table
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from test_serve import FEATURES, serving

CLIENTS = 24
COLUMNS = ("--feature-columns", ",".join(FEATURES))
TOO_LARGE = 1e39  # Infinite as the float32 that the graph takes.


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """A scikit-learn model that only ONNX Runtime runs, and its file."""
    frame = number_table(missing=0)
    inputs = frame[FEATURES].to_numpy(np.float32)
    model = LogisticRegression().fit(inputs, frame["target"])
    path = tmp_path_factory.mktemp("batching") / "model.onnx"
    path.write_bytes(to_onnx(model, inputs[:1], options={"zipmap": False}).SerializeToString())
    # One weight turns this into infinity, the other into its negative; their sum is no number.
    path.with_suffix(".json").write_text(json.dumps([*(TOO_LARGE * np.sign(model.coef_[0, :2].astype(float)) * [1, -1]), 0, 0]))
    return path


@pytest.fixture
def batching(graph):
    with serving(graph.parent, graph, *COLUMNS, "--threads", "2", "--batch-rows", "64", "--batch-delay", "20") as server:
        yield server


def rows_of(client, count):
    return [[round(client + row / 8 + feature / 3, 3) for feature in range(4)] for row in range(count)]


def ask_together(server, questions):
    """The answers to `questions`, each asked by a client of its own, all at once."""
    with concurrent.futures.ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(lambda question: server.ask("POST", *question), questions))


def mean_rows(server):
    return server.ask("GET", "/metrics")[1]["batch_mean_rows"]


def same(answer, alone):
    """Labels are the same; scores but for the last bits, which depend on what is added up with what."""
    probabilities = [[*row.values()] for row in answer["probabilities"]]
    expected = [[*row.values()] for row in alone["probabilities"]]
    return answer["predictions"] == alone["predictions"] and np.allclose(probabilities, expected, rtol=0, atol=1e-6)


def test_answers_are_those_of_requests_alone(graph, batching):
    questions = [("/predict", {"instances": rows_of(client, 1 + client % 5)}) for client in range(CLIENTS)]
    together = ask_together(batching, questions * 3)
    assert [status for status, _, _ in together] == [200] * len(together)
    assert mean_rows(batching) > 4  # Of requests with 2.9 rows each.
    with serving(graph.parent, graph, *COLUMNS) as alone:
        for question, (_, answer, _) in zip(questions * 3, together):
            assert same(answer, alone.ask("POST", *question)[1])
        assert "batch_mean_rows" not in alone.ask("GET", "/metrics")[1]


def test_every_protocol_is_batched(batching):
    tensor = {"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP64", "data": [0.5] * 8}]}
    questions = [("/predict", {"features": [0.5] * 4}), ("/invocations", {"inputs": [[0.5] * 4] * 2}), ("/v2/models/model/infer", tensor)]
    answers = ask_together(batching, questions * 8)
    assert [status for status, _, _ in answers] == [200] * len(answers)
    for place, read in enumerate((lambda answer: [answer["prediction"]],
                                  lambda answer: [next(iter(row.values())) for row in answer["predictions"]],
                                  lambda answer: answer["outputs"][0]["data"])):
        found = [read(answer) for _, answer, _ in answers[place::3]]
        assert found == [found[0]] * 8 and len(set(found[0])) == 1
    assert mean_rows(batching) > 2


def test_a_row_that_the_model_refuses_is_refused_to_its_own_request(graph, batching):
    questions = [("/predict", {"instances": rows_of(client, 3)}) for client in range(CLIENTS)]
    questions[7][1]["instances"][1] = json.loads(graph.with_suffix(".json").read_text())
    answers = ask_together(batching, questions)
    refused = [place for place, (status, _, _) in enumerate(answers) if status != 200]
    assert refused == [7], json.dumps(answers[7][1])
    assert answers[7][0] == 422 and answers[7][1]["row"] == 1


def test_requests_larger_than_a_batch_go_alone(batching):
    rows = rows_of(1, 500)
    status, answer, _ = batching.ask("POST", "/predict", {"instances": rows})
    assert status == 200 and len(answer["predictions"]) == 500


def test_what_waits_is_answered_when_the_server_ends(graph):
    with serving(graph.parent, graph, *COLUMNS, "--batch-rows", "64", "--batch-delay", "2000", "--drain", "0") as server:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(server.ask, "POST", "/predict", {"features": [0.5] * 4})
            while not server.ask("GET", "/metrics")[1]["in_flight"] > 1:
                assert not waiting.done()
            server.process.terminate()
            assert waiting.result(10)[0] == 200
        assert server.process.wait(10) == 0
