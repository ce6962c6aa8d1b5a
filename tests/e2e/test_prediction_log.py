"""The prediction log and feedback: asked over real sockets, read back by pandas, with servers that are killed."""
import http.client
import json
import pathlib
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
from conftest import basic_config, number_table
from served import INPUTS, as_json, customers, train
from test_oracle import predictions
from test_serve import FEATURES, serving

ROW = {"features": [1, 2, 3, 4]}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return train(tmp_path_factory.mktemp("log") / "project", number_table())


def logging(project, place, *arguments):
    return serving(project.folder, "ml-classifier", "--log-predictions", "--prediction-log", place, *arguments)


def segments(place, model="ml-classifier", kind="predictions"):
    return sorted(pathlib.Path(place).glob(f"{model}/{kind}/*/*.parquet"))


def waiting(place):
    """Files of rows that are no segments yet."""
    return [path for path in pathlib.Path(place).rglob("*.spool") if path.is_file()]


def read(place, model="ml-classifier", kind="predictions"):
    """All segments at once, as a user reads them."""
    return pd.read_parquet(pathlib.Path(place) / model / kind)


def ask(server, request_id, body=None, path="/predict"):
    status, answer, _ = server.ask("POST", path, body or ROW, {"X-Request-Id": request_id})
    assert status == 200, answer
    return answer


def wait_for(condition, seconds=20):
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline
        time.sleep(0.05)


def feedback_of(server):
    return server.ask("GET", "/metrics")[1]["feedback"]


def test_the_log_has_what_was_asked_and_answered(tmp_path):
    project = train(tmp_path / "project", customers())
    rows = project.frame.head(40)
    expected = predictions(project, rows)
    place = tmp_path / "log"
    begun = pd.Timestamp.now(tz="UTC")
    with logging(project, place) as server:
        many = ask(server, "many", {"instances": as_json(rows[INPUTS])})
        trace = "0af7651916cd43dd8448eb211c80319c"
        server.ask("POST", "/predict", {"features": as_json(rows[INPUTS])[0]},
                   {"X-Request-Id": "one", "traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        assert server.ask("POST", "/predict", "{")[0] == 400
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and error == ""
    ended = pd.Timestamp.now(tz="UTC")
    log = read(place)
    assert list(log.columns) == ["time", "request_id", "row", "model", "version", "digest", "latency_ms", "trace_id",
                                 *[f"input.{name}" for name in INPUTS], "label", "probability_0", "probability_1"]
    assert len(log) == 41 and log["time"].between(begun, ended).all() and log["latency_ms"].between(0, 5000).all()
    assert (log["model"] == "ml-classifier").all() and (log["version"] == "1").all()
    assert log["digest"].str.startswith("sha256:").all()
    one = log[log["request_id"] == "one"]
    assert len(one) == 1 and one["trace_id"].iloc[0] == trace
    log = log[log["request_id"] == "many"].sort_values("row").reset_index(drop=True)
    assert log["row"].tolist() == list(range(40)) and log["trace_id"].isna().all()
    assert log["label"].tolist() == many["predictions"] == expected["label"].tolist()
    np.testing.assert_allclose(log["probability_1"], expected["probability_1"], atol=1e-7)
    for name in ("age", "income", "visits"):
        np.testing.assert_array_equal(log[f"input.{name}"], rows[name].astype(float))
    assert log["input.city"].fillna("?").tolist() == rows["city"].fillna("?").tolist()
    assert log["input.member"].tolist() == ["True" if member else "False" for member in rows["member"]]
    assert (log["input.joined"] == pd.to_datetime(rows["joined"]).reset_index(drop=True)).all()
    # Nothing is left behind.
    assert not waiting(place) and len(segments(place)) == 1


def test_every_protocol_is_logged(project, tmp_path):
    infer = {"id": "its-own", "inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP64", "data": [0.5] * 8}]}
    with logging(project, tmp_path) as server:
        ask(server, "plain")
        ask(server, "named", path="/models/ml-classifier/predict")
        ask(server, "mlflow", {"inputs": [[1, 2, 3, 4]] * 3}, "/invocations")
        ask(server, "v2", infer, "/v2/models/ml-classifier/infer")
        own = server.ask("POST", "/predict", ROW)[1]["request_id"]
        assert server.stop(signal.SIGINT)[0] == 0
    counts = read(tmp_path)["request_id"].value_counts().to_dict()
    assert counts == {"plain": 1, "named": 1, "mlflow": 3, "v2": 2, own: 1}


def test_feedback_is_held_against_what_was_predicted(project, tmp_path):
    rows = project.frame.head(30)
    plain = rows[FEATURES].astype(object).where(rows[FEATURES].notna(), None).to_numpy().tolist()
    with logging(project, tmp_path) as server:
        labels = ask(server, "many", {"instances": plain})["predictions"]
        single = ask(server, "single")["prediction"]
        truth = rows["target"].tolist()
        assert server.ask("POST", "/feedback", {"request_id": "many", "labels": truth})[:2] == (200, {"accepted": 30})
        assert server.ask("POST", "/feedback", {"request_id": "single", "label": str(single)})[:2] == (200, {"accepted": 1})
        assert server.ask("POST", "/feedback", [{"request_id": "nobody", "label": "?"}])[:2] == (200, {"accepted": 1})
        wait_for(lambda: feedback_of(server) and feedback_of(server)[0]["matched"] == 31)
        right = sum(a == b for a, b in zip(labels, truth)) + 1
        metrics = server.ask("GET", "/metrics")[1]
        assert metrics["feedback_count"] == 32
        assert metrics["feedback"] == [{"model": "ml-classifier", "version": "1", "matched": 31, "correct": right,
                                        "accuracy": pytest.approx(right / 31),
                                        "labels": {name: [*map(str, truth), str(single)].count(name)
                                                   for name in ("0", "1")}}]
        assert metrics["feedback_unmatched"] == 1
        assert server.stop(signal.SIGINT)[0] == 0
    log = read(tmp_path, kind="feedback")
    assert len(log) == 32
    many = log[log["request_id"] == "many"].sort_values("row")
    assert many["label"].tolist() == [str(label) for label in truth] and many["label_number"].tolist() == truth
    assert many["predicted"].tolist() == [str(label) for label in labels]
    assert many["correct"].tolist() == [a == b for a, b in zip(labels, truth)]
    assert (many["version"] == "1").all()
    unknown = log[log["request_id"] == "nobody"].iloc[0]
    assert unknown["label"] == "?" and pd.isna(unknown["version"]) and pd.isna(unknown["correct"])
    # Predictions and feedback are joined by request and row.
    joined = read(tmp_path).merge(log, on=["request_id", "row"])
    assert len(joined) == 31 and (joined["label_x"].astype(str) == joined["predicted"]).all()


@pytest.mark.parametrize("body, words", [
    ("{", []),
    ('{"request_id": "a"}', ["label"]),
    ('{"label": 1}', ["request_id"]),
    ('{"request_id": "a", "label": null}', ["label"]),
    ('{"request_id": "a", "label": 1, "lable": 1}', ["lable", "labels"]),
    ('[{"request_id": "a", "label": 1}, 7]', ['"row": 1']),
], ids=range(6))
def test_wrong_feedback_is_told_what_is_wrong(project, body, words):
    with serving(project.folder, "ml-classifier") as server:
        status, answer, _ = server.ask("POST", "/feedback", body)
        assert status == 400 and all(word in json.dumps(answer) for word in words), answer
        assert server.ask("GET", "/metrics")[1]["feedback_count"] == 0
        assert server.ask("GET", "/feedback")[0] == 405


def test_without_the_log_feedback_is_counted_and_nothing_is_kept(project):
    def kept():
        return {path for path in project.folder.rglob("*") if path.suffix in (".parquet", ".spool")}

    before = kept()
    with serving(project.folder, "ml-classifier") as server:
        label = ask(server, "a")["prediction"]
        assert server.ask("POST", "/feedback", {"request_id": "a", "label": label})[1] == {"accepted": 1}
        wait_for(lambda: feedback_of(server))
        assert feedback_of(server)[0]["accuracy"] == 1
        assert server.stop(signal.SIGINT)[0] == 0
    assert kept() == before


def test_its_usual_place_is_beside_the_registry(project):
    with serving(project.folder, "ml-classifier", "--log-predictions") as server:
        ask(server, "a")
        assert server.stop(signal.SIGINT)[0] == 0
    assert read(project.folder / ".slipway/predictions")["request_id"].tolist() == ["a"]


class Load:
    """Clients that ask without a pause; `answered` tells when each request was answered, by its id."""

    def __init__(self, port, clients=4, name="r"):
        self.answered, self.stop = {}, threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(port, f"{name}{client}")) for client in range(clients)]
        for thread in self.threads:
            thread.start()

    def ask(self, port, name):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        number = 0
        while not self.stop.is_set():
            number += 1
            try:
                connection.request("POST", "/predict", json.dumps(ROW), {"X-Request-Id": f"{name}-{number}"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 200
            self.answered[f"{name}-{number}"] = time.monotonic()

    def join(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def test_nothing_is_lost_on_a_clean_stop(project, tmp_path):
    with logging(project, tmp_path, "--drain", "0") as server:
        load = Load(server.port)
        time.sleep(2)
        load.join()
        code, error = server.stop(signal.SIGTERM)
        assert code == 0 and error == ""
    log = read(tmp_path)
    assert log["request_id"].is_unique and set(log["request_id"]) == set(load.answered)


def test_after_kill_9_all_but_the_last_second_is_there(project, tmp_path):
    answered, killed = {}, []
    for turn in range(3):
        with logging(project, tmp_path) as server:
            load = Load(server.port, name=f"turn{turn}-")
            time.sleep(2)
            killed.append(time.monotonic())
            server.process.kill()
            server.process.wait()
            load.join()
        answered[turn] = load.answered
    with logging(project, tmp_path) as server:
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and error == ""
    log = read(tmp_path)
    assert log["request_id"].is_unique
    there = set(log["request_id"])
    for turn, ids in answered.items():
        assert len(ids) > 100
        due = {one for one, when in ids.items() if when < killed[turn] - 1}
        assert due and not due - there, f"{len(due - there)} of {len(due)} are lost"
    assert not waiting(tmp_path)


def test_two_servers_log_into_one_place(project, tmp_path):
    with logging(project, tmp_path) as first, logging(project, tmp_path) as second:
        for number in range(20):
            ask(first, f"first{number}")
            ask(second, f"second{number}")
        # The first goes and comes again while the second's rows wait: they are not taken.
        assert first.stop(signal.SIGINT)[0] == 0
        with logging(project, tmp_path) as again:
            assert again.stop(signal.SIGINT)[0] == 0
        assert set(read(tmp_path)["request_id"]) == {f"first{number}" for number in range(20)}
        assert second.stop(signal.SIGINT)[0] == 0
    assert sorted(read(tmp_path)["request_id"]) == sorted(f"{name}{number}" for name in ("first", "second") for number in range(20))


def test_servers_that_sample_keep_the_same_requests(project, tmp_path):
    kept = []
    for name in ("one", "two"):
        with logging(project, tmp_path / name, "--log-sample", "0.3") as server:
            for number in range(300):
                ask(server, f"id{number}")
            assert server.stop(signal.SIGINT)[0] == 0
        kept.append(sorted(read(tmp_path / name)["request_id"]))
    assert kept[0] == kept[1] and 50 < len(kept[0]) < 140


def test_a_new_version_is_logged_as_such(tmp_path):
    project = train(tmp_path / "project", number_table())
    with logging(project, tmp_path / "log") as server:
        for number in range(10):
            ask(server, f"old{number}")
        project.write_config(basic_config(model__hyperparameters={"n_estimators": 10, "random_state": 1}))
        assert project.run()["version"] == 2
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.ask("POST", "/predict", ROW)[1]["version"] == "2")
        for number in range(10):
            ask(server, f"new{number}")
        assert server.stop(signal.SIGINT)[0] == 0
    log = read(tmp_path / "log").set_index("request_id")
    assert {log.loc[f"old{number}", "version"] for number in range(10)} == {"1"}
    assert {log.loc[f"new{number}", "version"] for number in range(10)} == {"2"}
    assert log["digest"].nunique() == 2 and len(segments(tmp_path / "log")) == 2


def test_to_s3(project, bucket, tmp_path):
    with logging(project, "s3://artifacts/served") as server:
        for number in range(10):
            ask(server, f"id{number}")
        server.ask("POST", "/feedback", {"request_id": "id1", "label": 1})
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and error == "", error
    keys = [one.key for one in bucket.objects.all()]
    found = [key for key in keys if key.startswith("served/ml-classifier/predictions/")]
    assert len(found) == 1 and len([key for key in keys if "/feedback/" in key]) == 1
    bucket.download_file(found[0], str(tmp_path / "segment.parquet"))
    assert sorted(pd.read_parquet(tmp_path / "segment.parquet")["request_id"]) == [f"id{number}" for number in range(10)]


def test_while_s3_cannot_be_reached_rows_wait_for_the_next_start(project, bucket, monkeypatch):
    endpoint = "http://127.0.0.1:1"  # Nobody listens there.
    with monkeypatch.context() as away:
        away.setenv("AWS_ENDPOINT_URL", endpoint)
        away.setenv("AWS_MAX_ATTEMPTS", "1")
        with logging(project, "s3://artifacts/later") as server:
            ask(server, "a")
            code, error = server.stop(signal.SIGINT)
        # The server did what it is there for.
        assert code == 0 and "s3://artifacts/later" in error and "wait" in error
    assert not list(bucket.objects.all())
    with logging(project, "s3://artifacts/later") as server:
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and error == "", error
    assert len([one.key for one in bucket.objects.all() if one.key.endswith(".parquet")]) == 1


def test_a_place_that_cannot_be_written_is_told_at_the_start(project, tmp_path):
    (tmp_path / "file").write_text("")
    answer = project.call("serve", "ml-classifier", "--log-predictions", "--prediction-log", tmp_path / "file", "--port", "0")
    assert answer.code != 0 and str(tmp_path / "file") in answer.err
    answer = project.call("serve", "ml-classifier", "--log-predictions", "--log-sample", "0", "--port", "0")
    assert answer.code == 2
