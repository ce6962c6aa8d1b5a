"""Bodies that are there to break a reader: the server tells what is wrong with them, and goes on."""
import contextlib
import json
import signal
import socket

import pytest
from conftest import number_table
from raw_http import LAST, POST, ROW, converse, resident, sized
from served import train
from test_serve import serving


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return train(tmp_path_factory.mktemp("json-attacks") / "project", number_table())


@pytest.fixture(scope="module")
def server(project):
    with serving(project.folder, "ml-classifier") as server:
        yield server


def test_promises_take_no_memory(project):
    """A length that is only announced is not set aside."""
    with serving(project.folder, "ml-classifier") as server, contextlib.ExitStack() as clients:
        assert server.ask("POST", "/predict", ROW)[0] == 200
        before = resident(server)
        for _ in range(300):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            client.sendall(POST + b"Content-Length: 16000000\r\n\r\n{")
        assert server.ask("POST", "/predict", ROW)[0] == 200
        assert resident(server) - before < 64 << 20


INFER = "/v2/models/ml-classifier/infer"
DEEP = "[" * 200_000 + "]" * 200_000
TENSOR = '{"name": "feature1", "shape": [1], "datatype": "FP64", "data": [1]}'


@pytest.mark.parametrize("path, body", [
    ("/predict", f'{{"features": {DEEP}}}'), ("/predict", f'{{"more": {DEEP}}}'), ("/predict", '{"a":' * 200_000),
    ("/invocations", f'{{"params": {DEEP}, "inputs": [[1, 2, 3, 4]]}}'),
    ("/invocations", f'{{"dataframe_split": {{"index": {DEEP}}}}}'),
    (INFER, f'{{"parameters": {DEEP}, "inputs": [{TENSOR}]}}'), (INFER, f'{{"inputs": [{TENSOR}], "outputs": {DEEP}}}'),
    (INFER, f'{{"inputs": [{TENSOR.replace("[1]", DEEP, 1)}]}}'), (INFER, f'{{"inputs": {DEEP}}}'), (INFER, '{"a":' * 200_000),
    (INFER, f'{{"parameters": {{"a": {DEEP}}}, "id": "1", "inputs": [{TENSOR}]}}')], ids=range(11))
def test_deep_json(project, path, body):
    """What recursion would end the process at."""
    with serving(project.folder, "ml-classifier") as server:
        status, answer, _ = server.ask("POST", path, body)
        assert status == 400 and answer["error"]
        assert server.ask("POST", "/predict", ROW)[0] == 200
        assert server.stop(signal.SIGINT)[0] == 0


@pytest.mark.parametrize("body", [
    b'{"features": [1, 2, 3, 4]}\0', b'{"features": [1, 2, 3, 4]}{}', b'{"features": [1, 2, 3, 4],}',
    b"{'features': [1, 2, 3, 4]}", b'{"features": [1, 2, 3, 04]}', b'{"features": [1, 2, 3, +4]}',
    b'{"features": [1, 2, 3, 0x4]}', b'{"features": [1, 2, 3, 4], "features": [4, 3, 2, 1]}',
    b'{"features": {"feature1": 1, "feature1": 2}}', b'{"\xff": 1}', b'{"features": [1, 2, 3, 4], "request_id": "\\ud800"}',
    '{"features": [1, 2, 3, 4]}'.encode("utf-16"), b"9" * 90_000, b'"' + b"a" * 90_000,
    b'{"features": {"' + b"a" * 90_000 + b'": 1}}', b'{"features": [1, 2, 3, ' + b"9" * 90_000 + b"]}"], ids=range(16))
def test_json_that_two_readers_understand_differently(server, body):
    answers = converse(server, sized(body) + LAST)
    assert answers.statuses == [400, 200] and len(answers.bodies[0]) < 1000
    assert json.loads(answers.bodies[0])["error"]
