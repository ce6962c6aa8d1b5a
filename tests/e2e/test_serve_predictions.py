"""What each version predicts, by /metrics: held against the answers themselves."""
import math
import signal
import time

import numpy as np
import pytest
from conftest import number_table
from served import as_json, train
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from test_regression import house_table
from test_serve import FEATURES, serving
from test_serve_metrics import ROW, read_text, samples


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return train(tmp_path_factory.mktemp("predictions") / "project", number_table())


def predicted(server):
    """What /metrics tells of the one version that is served."""
    told = server.ask("GET", "/metrics")[1]["predictions"]
    assert len(told) == 1
    return told[0]


def ask_of_rows(server, rows):
    """Predictions of `rows` by every page, in requests of all sizes; the answers by row: label and probabilities."""
    answers = []
    for begin in range(0, len(rows), 10):
        some = rows[begin:begin + 10]
        answer = server.ask("POST", "/predict", {"instances": some})[1]
        answers += zip(answer["predictions"], answer["probabilities"])
        one = server.ask("POST", "/models/ml-classifier/predict", {"features": some[0]})[1]
        answers.append((one["prediction"], one["probability"]))
        flow = server.ask("POST", "/invocations", {"inputs": some[:3]})[1]["predictions"]
        answers += [(row["label"], {cls: row[f"probability_{cls}"] for cls in ("0", "1")}) for row in flow]
        tensor = {"name": "x", "shape": [len(some), 4], "datatype": "FP64", "data": some}
        outputs = server.ask("POST", "/v2/models/ml-classifier/infer", {"inputs": [tensor]})[1]["outputs"]
        columns = {one["name"].removeprefix("probability_"): one["data"] for one in outputs}
        labels = columns.pop("label")
        answers += [(label, {cls: column[row] for cls, column in columns.items()}) for row, label in enumerate(labels)]
    return answers


def expect_answers(told, answers):
    """That `told` counts these answers, and nothing else. Probabilities are float32s, in their shortest decimal form."""
    assert told["rows"] == len(answers) and told["not_finite"] == 0
    for cls in ("0", "1"):
        assert told["classes"][cls] == sum(str(label) == cls for label, _ in answers)
    sure = [probability[str(label)] for label, probability in answers]
    assert told["confidence_sum"] == pytest.approx(sum(sure), rel=1e-5)
    assert told["mean_confidence"] == pytest.approx(np.mean(sure), rel=1e-5)
    scores = [probability["1"] for _, probability in answers]
    assert told["scores"]["bounds"] == [i / 20 for i in range(1, 20)]
    places = np.searchsorted(np.float32(told["scores"]["bounds"]), np.float32(scores), side="left")
    assert told["scores"]["counts"] == np.bincount(places, minlength=20).tolist()
    assert told["scores"]["sum"] == pytest.approx(sum(scores), rel=1e-5)


def plain_rows(project, count):
    return project.frame[FEATURES].dropna().head(count).to_numpy().tolist()


def test_predictions_are_those_that_were_answered(project):
    with serving(project.folder, "ml-classifier", "--threads", "2") as server:
        told = predicted(server)
        assert told["rows"] == 0 and "mean_confidence" not in told and sum(told["scores"]["counts"]) == 0
        answers = ask_of_rows(server, plain_rows(project, 60))
        for path, body in (("/predict", "{"), ("/predict", {"features": ["x", 1, 1, 1]}), ("/models/other/predict", ROW)):
            assert server.ask("POST", path, body)[0] >= 400
        told = predicted(server)
        assert told["model"] == "ml-classifier" and told["version"] == "1" and told["digest"] == server.events[0]["digest"]
        expect_answers(told, answers)


def test_predictions_in_the_text_are_those_of_the_json(project):
    with serving(project.folder, "ml-classifier") as server:
        ask_of_rows(server, plain_rows(project, 40))
        told, families = predicted(server), read_text(server)
    version = (("model", "ml-classifier"), ("version", "1"))
    assert samples(families["slipway_predictions"]) == {
        ("slipway_predictions_total", ("class", cls), *version): count for cls, count in told["classes"].items()}
    confidence = samples(families["slipway_prediction_confidence"])
    assert confidence == {("slipway_prediction_confidence_sum", *version): pytest.approx(told["confidence_sum"]),
                          ("slipway_prediction_confidence_count", *version): told["rows"]}
    score = families["slipway_prediction_score"]
    buckets = [(one.labels["le"], one.value) for one in score.samples if one.name.endswith("_bucket")]
    assert [float(bound) for bound, _ in buckets] == [*told["scores"]["bounds"], math.inf]
    assert [count for _, count in buckets] == np.cumsum(told["scores"]["counts"]).tolist()
    assert samples(score)["slipway_prediction_score_sum", *version] == pytest.approx(told["scores"]["sum"])
    assert samples(score)["slipway_prediction_score_count", *version] == told["rows"]
    assert samples(families["slipway_predictions_not_finite"])["slipway_predictions_not_finite_total", *version] == 0


def test_predictions_together_are_counted_too(tmp_path):
    frame = number_table(missing=0)
    x = frame[FEATURES].to_numpy("float32")
    model = LogisticRegression().fit(x, frame["target"])
    (tmp_path / "graph.onnx").write_bytes(to_onnx(model, x[:1], options={"zipmap": False}).SerializeToString())
    arguments = ("--feature-columns", ",".join(FEATURES), "--batch-rows", "16", "--threads", "2")
    with serving(tmp_path, "./graph.onnx", *arguments) as server:
        for row in x[:50].tolist():
            assert server.ask("POST", "/predict", {"features": row})[0] == 200
        expected = model.predict(x[:50])
        told = predicted(server)
        assert told["classes"] == {"0": int((expected == 0).sum()), "1": int((expected == 1).sum())}
        assert told["confidence_sum"] == pytest.approx(model.predict_proba(x[:50]).max(axis=1).sum(), rel=1e-4)
        assert sum(told["scores"]["counts"]) == told["rows"] == 50


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    return train(tmp_path_factory.mktemp("prices") / "project", house_table(), model__model_type="random_forest",
                 model__evaluation_metrics=["r2", "rmse", "mae"], model__hyperparameters={},
                 model__performance_thresholds={"r2": 0.2})


def ask_prices(server, project):
    inputs = [*FEATURES, "city"]
    status, answer, _ = server.ask("POST", "/predict", {"instances": as_json(project.frame[inputs].head(400))})
    assert status == 200
    return answer["predictions"]


def expect_estimates(told, estimates):
    assert "classes" not in told and "confidence_sum" not in told and told["rows"] == len(estimates)
    bounds, counts = told["scores"]["bounds"], told["scores"]["counts"]
    places = np.searchsorted(bounds, estimates, side="left")
    assert counts == np.bincount(places, minlength=len(bounds) + 1).tolist()
    assert told["scores"]["sum"] == pytest.approx(sum(estimates))


def test_estimates_are_counted_by_the_models_own_bounds(prices):
    told = []
    for _ in range(2):
        with serving(prices.folder, "ml-classifier") as server:
            estimates = ask_prices(server, prices)
            told.append(predicted(server))
            families = read_text(server)
    expect_estimates(told[0], estimates)
    assert told[0] == told[1], "the same artifact has the same bounds"
    bounds, counts = told[0]["scores"]["bounds"], told[0]["scores"]["counts"]
    assert len(bounds) == 19 and bounds == sorted(set(bounds))
    # Of rows like those that it was tested with each bucket has a share: a twentieth, more or less.
    assert all(0 < count < 80 for count in counts), counts
    assert "slipway_predictions" not in families and "slipway_prediction_confidence" not in families
    assert families["slipway_prediction_score"].samples


def test_bounds_that_are_told(prices, project):
    with serving(prices.folder, "ml-classifier", "--prediction-bounds", "-50000,80000.5,1.2e5") as server:
        estimates = ask_prices(server, prices)
        told = predicted(server)
        expect_estimates(told, estimates)
        assert told["scores"]["bounds"] == [-50000, 80000.5, 120000]
    # What one version tells is what another is told.
    with serving(project.folder, "ml-classifier", "--prediction-bounds", "1,2") as server:
        server.ask("POST", "/predict", ROW)
        assert predicted(server)["scores"]["bounds"] == [i / 20 for i in range(1, 20)]


@pytest.mark.parametrize("bounds, words", [
    ("2,1", "2 comes before 1"), ("1,1", "1 comes before 1"), ("1,nan", "nan"), ("inf", "inf"), ("1,x", "x"),
    (",".join(map(str, range(20))), "19 at most")])
def test_bounds_that_make_no_sense(prices, bounds, words):
    answer = prices.call("serve", "ml-classifier", "--port", "0", f"--prediction-bounds={bounds}")
    assert answer.code == 2 and words in answer.err, answer.err


def test_bounds_are_one_models(prices):
    answer = prices.call("serve", "ml-classifier", "ml-classifier:1", "--port", "0", "--prediction-bounds", "1,2")
    assert answer.code == 2 and "--prediction-bounds is for one model" in answer.err


def test_a_restart_is_seen_and_a_reload_of_the_same_version_goes_on(project):
    instances = []
    for _ in range(2):
        with serving(project.folder, "ml-classifier") as server:
            assert predicted(server)["rows"] == 0
            server.ask("POST", "/predict", ROW)
            instances.append(server.ask("GET", "/metrics")[1]["instance"])
            server.process.send_signal(signal.SIGHUP)
            time.sleep(1)
            server.ask("POST", "/predict", ROW)
            assert predicted(server)["rows"] == 2
            assert server.ask("GET", "/metrics")[1]["instance"] == instances[-1]
    assert len(set(instances)) == 2 and all(len(one) == 16 for one in instances)


def test_ids_tell_which_replica_answered(project, monkeypatch):
    monkeypatch.setenv("SLIPWAY_REPLICA", "canary-0")
    with serving(project.folder, "ml-classifier", "--threads", "2") as server:
        ids = []
        for path, body in (("/predict", ROW), ("/invocations", {"inputs": [ROW["features"]]}), ("/health", None)):
            status, answer, headers = server.ask("POST" if body else "GET", path, body)
            assert status == 200 and headers["X-Request-Id"].startswith("canary-0.")
            assert len(headers["X-Request-Id"]) == len("canary-0.") + 16
            ids.append(headers["X-Request-Id"])
            if path == "/predict":
                assert answer["request_id"] == ids[-1]
                label = answer["prediction"]
        assert len(set(ids)) == len(ids)
        assert server.ask("POST", "/predict", ROW, {"X-Request-Id": "mine"})[2]["X-Request-Id"] == "mine"
        # It knows its own, and says of others that it does not.
        feedback = [{"request_id": name, "label": label} for name in (ids[0], "stable-0.0123456789abcdef")]
        assert server.ask("POST", "/feedback", feedback)[:2] == (200, {"accepted": 2})
        deadline = time.time() + 10
        while server.ask("GET", "/metrics")[1]["feedback_unmatched"] == 0 and time.time() < deadline:
            time.sleep(0.02)
        told = server.ask("GET", "/metrics")[1]
        assert told["feedback_unmatched"] == 1 and told["feedback_count"] == 2
        assert [(one["matched"], one["correct"], one["accuracy"]) for one in told["feedback"]] == [(1, 1, 1)]
        assert samples(read_text(server)["slipway_feedback_unmatched"]) == {("slipway_feedback_unmatched_total",): 1}


@pytest.mark.parametrize("tag", ["Canary", "a.b", "seventeen-letters"])
def test_a_tag_that_may_not_be(project, tag):
    answer = project.call("serve", "ml-classifier", "--port", "0", env={"SLIPWAY_REPLICA": tag})
    assert answer.code == 2 and "SLIPWAY_REPLICA" in answer.err and "a-z" in answer.err
