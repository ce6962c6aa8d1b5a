"""The Open Inference Protocol, asked by NVIDIA's tritonclient as its users ask, and by hand where the client would not.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""
import json

import numpy as np
import onnx
import pandas as pd
import pytest
import tritonclient.http as triton
from served import INPUTS, NUMBERS, as_json, train_customers
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from test_oracle import predictions
from test_serve import serving
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

MODEL = "/v2/models/ml-classifier"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return train_customers(tmp_path_factory.mktemp("open-inference") / "project")


@pytest.fixture(scope="module")
def server(project):
    with serving(project.folder, "ml-classifier") as server:
        yield server
        assert server.process.poll() is None


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


def tensor(name, values, datatype, shape=None, binary=False):
    array = np.array(values, dtype=triton_to_np_dtype(datatype)).reshape(shape or [len(values)])
    made = triton.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def tensors(rows, numbers="FP64", shape=None, binary=False):
    """All inputs of the model but times, which are left out."""
    made = [tensor(name, rows[name], numbers, shape, binary) for name in NUMBERS]
    made.append(tensor("city", rows["city"], "BYTES", shape, binary))
    return [*made, tensor("member", rows["member"], "BOOL", shape, binary)]


def values_of(answer, name):
    return answer.as_numpy(name)


def infer(server, body, path=MODEL, headers=None):
    return server.ask("POST", f"{path}/infer", body, headers)


def one_input(name="age", shape=(1,), datatype="FP64", data=(41,), **more):
    return {"inputs": [{"name": name, "shape": list(shape), "datatype": datatype, "data": list(data)}], **more}


def score(server, name, datatype, value):
    """Of the question with this one value: status, and the probability or the error."""
    status, answer, _ = infer(server, one_input(name, datatype=datatype, data=[value], outputs=[{"name": "probability_1"}]))
    return status, answer["outputs"][0]["data"][0] if status == 200 else answer


def score_by_predict(server, name, value):
    status, answer, _ = server.ask("POST", "/predict", {"features": {name: value}})
    return status, answer["probability"]["1"] if status == 200 else answer


def test_health_and_metadata(client, server):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("ml-classifier") and client.is_model_ready("ml-classifier", "1")
    assert not client.is_model_ready("other") and not client.is_model_ready("ml-classifier", "2")
    about = client.get_server_metadata()
    # Binary tensors, shared memory, model repositories and what else Triton knows are extensions; none is served.
    assert about["name"] == "slipway" and about["version"] and about["extensions"] == []
    for ask in (client.get_model_config, client.get_inference_statistics, client.load_model):
        with pytest.raises(InferenceServerException, match="404"):
            ask("ml-classifier")
    model = client.get_model_metadata("ml-classifier")
    assert model == client.get_model_metadata("ml-classifier", "1")
    assert model["name"] == "ml-classifier" and model["versions"] == ["1"] and model["platform"]
    assert {one["name"]: one["datatype"] for one in model["inputs"]} == {
        **dict.fromkeys(INPUTS, "FP64"), "city": "BYTES", "member": "BYTES"}
    assert {one["name"]: one["datatype"] for one in model["outputs"]} == {
        "label": "INT64", "probability_0": "FP32", "probability_1": "FP32"}
    assert all(one["shape"] == [-1] for one in model["inputs"] + model["outputs"])


@pytest.mark.parametrize("path, answer", [
    ("/v2/health/live", {"live": True}), ("/v2/health/ready", {"ready": True}),
    (f"{MODEL}/ready", {"name": "ml-classifier", "ready": True}),
    (f"{MODEL}/versions/1/ready", {"name": "ml-classifier", "ready": True})])
def test_health_in_words(server, path, answer):
    """KServe's own client reads the body and not the status."""
    status, told, _ = server.ask("GET", path)
    assert status == 200 and answer.items() <= told.items(), told


@pytest.mark.parametrize("numbers", ["FP64", "FP32", "INT64", "INT32", "INT16", "UINT8"])
@pytest.mark.parametrize("columns", [None, [-1, 1]], ids=["rows", "rows_by_one"])
def test_answers_are_those_of_predict(project, client, numbers, columns):
    rows = project.frame.dropna().head(40).astype({"age": float, "income": float, "visits": float}).assign(joined=None)
    rows[NUMBERS] = rows[NUMBERS].astype(triton_to_np_dtype(numbers)).astype(float)
    expected = predictions(project, rows)
    answer = client.infer("ml-classifier", tensors(rows, numbers, columns), model_version="1", request_id="q-7")
    told = answer.get_response()
    assert told["model_name"] == "ml-classifier" and told["model_version"] == "1" and told["id"] == "q-7"
    assert [one["name"] for one in told["outputs"]] == ["label", "probability_0", "probability_1"]
    assert all(one["shape"] == [40] for one in told["outputs"])
    assert values_of(answer, "label").tolist() == expected["label"].tolist()
    assert values_of(answer, "label").dtype == np.int64 and set(expected["label"]) == {0, 1}
    for cls in ("probability_0", "probability_1"):
        np.testing.assert_allclose(values_of(answer, cls), expected[cls], rtol=0, atol=1e-6)


def test_outputs_that_are_asked_for(client, project):
    rows = project.frame.dropna().head(5)
    # Binary outputs, which the client asks for by default, may be answered in JSON.
    for wanted in (triton.InferRequestedOutput("probability_1"), triton.InferRequestedOutput("probability_1", binary_data=False)):
        told = client.infer("ml-classifier", tensors(rows), outputs=[wanted]).get_response()
        assert [one["name"] for one in told["outputs"]] == ["probability_1"] and len(told["outputs"][0]["data"]) == 5
    with pytest.raises(InferenceServerException, match="nothing.*probability_1") as error:
        client.infer("ml-classifier", tensors(rows), outputs=[triton.InferRequestedOutput("nothing")])
    assert error.value.status() == "400"


def test_data_nested_and_flat(server):
    def ask(shape, data):
        status, answer, _ = infer(server, one_input("age", shape, "INT64", data))
        return status, answer.get("outputs")

    status, expected = ask([3], [20, 40, 60])
    assert status == 200 and expected[0]["shape"] == [3]
    for shape, data in (([3], [[20], [40], [60]]), ([3, 1], [[20], [40], [60]]), ([3, 1], [20, 40, 60])):
        assert ask(shape, data) == (200, expected)


@pytest.mark.parametrize("name, datatype", [("age", "FP64"), ("city", "BYTES"), ("member", "BOOL"), ("joined", "FP64")])
def test_missing_values(server, project, name, datatype):
    """null, an input that is left out, and an empty text are missing, as they were in training."""
    expected = predictions(project, project.frame.head(1).assign(**dict.fromkeys(INPUTS, None)))["probability_1"][0]
    status, told = score(server, name, datatype, None)
    assert status == 200 and told == pytest.approx(expected, abs=1e-7)
    if datatype == "BYTES":
        assert score(server, name, datatype, "") == (200, told)


def test_nan_of_the_client_is_told(client):
    """It writes NaN, which JSON does not have: the answer says so, and what to write instead."""
    with pytest.raises(InferenceServerException, match="(?i)nan|null") as error:
        client.infer("ml-classifier", [tensor("age", [1.0, np.nan], "FP64")])
    assert error.value.status() == "400"
    assert client.infer("ml-classifier", [tensor("age", [1.0], "FP64")]).as_numpy("label").shape == (1,)


@pytest.mark.parametrize("name, datatype, value", [
    ("city", "BYTES", "Oslo"), ("city", "BYTES", " Oslo "), ("city", "BYTES", "NA"), ("city", "BYTES", "Bern"),
    ("city", "BYTES", "東京"), ("member", "BOOL", True), ("member", "BYTES", "true"), ("age", "BOOL", True),
    ("age", "FP64", 1e300), ("joined", "BYTES", "2024-03-01"), ("joined", "FP64", 1.7e9), ("joined", "BYTES", "NA"),
    ("joined", "BYTES", "yesterday"), ("joined", "BOOL", True), ("age", "BYTES", "41")])
def test_values_mean_what_they_mean_to_predict(server, name, datatype, value):
    status, told = score(server, name, datatype, value)
    expected_status, expected = score_by_predict(server, name, value)
    assert status == expected_status, told
    if status == 200:
        assert told == pytest.approx(expected, abs=1e-7)
    else:
        assert told["field"] == expected["field"] == name and told["row"] == expected["row"] == 0


def test_unknown_texts_are_refused_where_they_are_to_be(project):
    with serving(project.folder, "ml-classifier", "--unknown-categories", "reject") as server:
        assert score(server, "city", "BYTES", "Oslo")[0] == 200
        status, told = score(server, "city", "BYTES", "Bern")
        assert status == 422 and told["field"] == "city" and told["row"] == 0


@pytest.mark.parametrize("body, words", [
    ("", []), ("{", []), ("[]", ["inputs"]), ("{}", ["inputs"]), ({"inputs": []}, ["inputs"]), ({"inputs": {}}, ["inputs"]),
    ({"inputs": [1]}, ["name"]), ({"inputs": [{"name": "age", "shape": [1], "datatype": "FP64"}]}, ["age", "data"]),
    (one_input(datatype="FLOAT"), ["FLOAT", "FP64"]), (one_input(name="agee"), ["agee", "age"]),
    (one_input(shape=[2]), ["age", "1", "2"]), (one_input(shape=[]), ["age", "shape"]), (one_input(shape=[-1]), ["age", "shape"]),
    (one_input(shape=[1.5]), ["shape"]), (one_input(shape=["1"]), ["shape"]), (one_input(shape=[1, 1, 1]), ["shape"]),
    (one_input(shape=[2**31, 2**31]), ["age"]), (one_input(shape=[2**63]), ["shape"]), (one_input(shape=[0], data=[]), ["age"]),
    (one_input(data=["x"]), ["age", "number"]), (one_input(data=[{}]), ["age", "number"]),
    (one_input("city", datatype="BYTES", data=[{}]), ["city", "text"]), (one_input(shape=[1, 2], data=[1, 2]), ["age"]),
    ({"inputs": one_input()["inputs"] * 2}, ["age", "twice"]), ({"inputs": one_input()["inputs"] + [
        {"name": "visits", "shape": [2], "datatype": "FP64", "data": [1, 2]}]}, ["visits", "age"]),
    (one_input(outputs=[{"name": "score"}]), ["score", "label"]), (one_input(outputs={}), ["outputs"]),
    (one_input(id=5), ["id"]), ('{"inputs": [{"name": "age", "shape": [1], "datatype": "FP64", "data": [1e999]}]}', []),
    (json.dumps(one_input()) + "\0", []), (json.dumps(one_input()) + "\0 and more", []), (json.dumps(one_input()) + "{}", []),
], ids=range(32))
def test_wrong_questions_are_told_what_is_wrong(server, body, words):
    status, answer, headers = infer(server, body)
    assert status == 400 and isinstance(answer["error"], str) and answer["error"], answer
    assert headers["Content-Type"] == "application/json"
    assert all(word in json.dumps(answer) for word in words), answer
    assert infer(server, one_input())[0] == 200


def test_what_is_not_there(client, server):
    for ask, words in ((lambda: client.infer("other", [tensor("age", [1], "FP64")]), "other.*ml-classifier"),
                       (lambda: client.infer("ml-classifier", [tensor("age", [1], "FP64")], model_version="7"), "1, not 7"),
                       (lambda: client.get_model_metadata("other"), "other"),
                       (lambda: client.get_model_metadata("ml-classifier", "7"), "7")):
        with pytest.raises(InferenceServerException, match=words) as error:
            ask()
        assert error.value.status() == "404"
    for path in ("/v2/models", "/v2/models/", f"{MODEL}/versions/", f"{MODEL}/nothing", f"{MODEL}/infer/more"):
        status, answer, _ = server.ask("GET", path)
        assert status == 404 and answer["error"]


def test_ids(server):
    """The protocol's own in the body, and X-Request-Id as of all answers."""
    for name in ("42", "", "with blanks and ü"):
        status, answer, _ = infer(server, one_input(id=name))
        assert status == 200 and answer["id"] == name
    assert "id" not in infer(server, one_input())[1]
    assert infer(server, one_input(), headers={"X-Request-Id": "mine-7"})[2]["X-Request-Id"] == "mine-7"
    assert infer(server, one_input())[2]["X-Request-Id"]


def test_binary_tensors_are_refused_in_words(client, project, server):
    """Triton's extension, and its client's default; a wrong answer would be worse than none."""
    rows = project.frame.dropna().head(3)
    with pytest.raises(InferenceServerException, match="(?i)binary|Inference-Header-Content-Length") as error:
        client.infer("ml-classifier", tensors(rows, binary=True))
    assert error.value.status() in ("400", "415")
    # One input in JSON is complete by itself; the other's bytes stand behind.
    for more in (b"\0\0\0\0\0\0\xf0\x3f", b"        "):
        head = one_input()
        head["inputs"].append({"name": "visits", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}})
        text = json.dumps(head).encode()
        status, answer, _ = infer(server, text + more, headers={"Inference-Header-Content-Length": str(len(text))})
        assert status == 400 and answer["error"]
    # No input is binary, and bytes stand behind all the same.
    text = json.dumps(one_input()).encode()
    assert infer(server, text + b"\0\0\0\0", headers={"Inference-Header-Content-Length": str(len(text))})[0] == 400


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
def test_compressed_questions_are_refused_in_words(client, compression):
    with pytest.raises(InferenceServerException, match="(?i)coding|compress") as error:
        client.infer("ml-classifier", [tensor("age", [41], "FP64")], request_compression_algorithm=compression)
    assert error.value.status() in ("400", "415")
    plain = client.infer("ml-classifier", [tensor("age", [41], "FP64")], response_compression_algorithm=compression)
    assert plain.as_numpy("label").shape == (1,)


def test_many_at_once(client, project):
    rows = project.frame.dropna().head(4)
    expected = client.infer("ml-classifier", tensors(rows)).get_response()["outputs"]
    pending = [client.async_infer("ml-classifier", tensors(rows), request_id=str(i)) for i in range(50)]
    for number, one in enumerate(pending):
        told = one.get_result(timeout=20).get_response()
        assert told["id"] == str(number) and told["outputs"] == expected


FLOWERS = ["sepal length", "sepal width", "petal length", "petal width"]


@pytest.fixture(scope="module")
def flowers():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 4)).astype("float32")
    label = np.array(["setosa", "versicolor", "virginica"])[np.digitize(x[:, 0] + x[:, 1], [-0.6, 0.6])]
    return x, label


def test_classes_of_scikit_learn(tmp_path, flowers):
    """Texts as classes, one matrix as input, and a name that an address has to escape."""
    x, label = flowers
    model = RandomForestClassifier(n_estimators=15, max_depth=5, random_state=1).fit(x, label)
    onnx.save(to_onnx(model, x[:1], options={"zipmap": False}), tmp_path / "flowers of ü.onnx")
    with serving(tmp_path, "./flowers of ü.onnx", "--feature-columns", ",".join(FLOWERS)) as server:
        with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
            name = server.events[0]["model"]
            assert name == "flowers of ü" and client.is_model_ready(name)
            about = client.get_model_metadata(name)
            assert [one["name"] for one in about["inputs"]] == FLOWERS and about["outputs"][0]["datatype"] == "BYTES"
            matrix = [tensor("anything", x[:100], "FP32", [100, 4])]
            columns = [tensor(feature, x[:100, i], "FP32") for i, feature in enumerate(FLOWERS)]
            for inputs in (matrix, columns):
                answer = client.infer(name, inputs)
                assert answer.as_numpy("label").tolist() == model.predict(x[:100]).tolist()
                for cls, expected in zip(model.classes_, model.predict_proba(x[:100]).T):
                    np.testing.assert_allclose(answer.as_numpy(f"probability_{cls}"), expected, rtol=0, atol=1e-5)


def test_numbers_of_scikit_learn(tmp_path, flowers):
    x, _ = flowers
    model = GradientBoostingRegressor(n_estimators=20, random_state=1).fit(x, 3 * x[:, 0] + x[:, 1] ** 2)
    onnx.save(to_onnx(model, x[:1]), tmp_path / "price.onnx")
    with serving(tmp_path, "./price.onnx", "--feature-columns", ",".join(FLOWERS)) as server:
        with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
            about = client.get_model_metadata("price")
            assert [one["name"] for one in about["outputs"]] == ["prediction"] and "versions" not in about
            answer = client.infer("price", [tensor("x", x, "FP32", [300, 4])])
            np.testing.assert_allclose(answer.as_numpy("prediction").ravel(), model.predict(x), rtol=1e-4, atol=1e-4)
            assert answer.get_response()["outputs"][0]["datatype"] == about["outputs"][0]["datatype"]


def test_rows_of_a_table(project, server):
    """All rows of the table in one question, missing ones too, as /predict and `slipway predict` answer them."""
    rows = project.frame
    names = [{"name": name, "shape": [len(rows)], "datatype": "BYTES" if name in ("city", "joined") else "FP64",
              "data": [one[name] for one in as_json(rows[[name]])]} for name in [*NUMBERS, "city", "joined"]]
    names.append({"name": "member", "shape": [len(rows)], "datatype": "BOOL", "data": rows["member"].tolist()})
    status, answer, _ = infer(server, {"inputs": names})
    assert status == 200, answer
    expected = predictions(project, rows)
    told = pd.DataFrame({one["name"]: one["data"] for one in answer["outputs"]})
    assert told["label"].tolist() == expected["label"].tolist()
    np.testing.assert_allclose(told["probability_1"], expected["probability_1"], rtol=0, atol=1e-6)
    status, asked, _ = server.ask("POST", "/predict", {"instances": as_json(rows[INPUTS])})
    assert status == 200 and asked["predictions"] == told["label"].tolist()
