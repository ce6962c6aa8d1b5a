"""The watch of a service in steady state: what people are told, what is undone and what is trained anew."""
import contextlib
import json
import os
import re
import signal
import threading
import time

import numpy as np
from conftest import basic_config, number_table
from rollouts import DEPLOYMENT, GOOD, OTHER, SWAPPED, Customers, ask, free_port, processes_of, project_of_shop, trained, wait_until  # noqa: F401
from watching import WEBHOOK_SECRET, ask_in_bulk, documented, swapped, watched  # noqa: F401

is_from_slipway = documented("is_from_slipway")

ERRORS = {"window_seconds": 1.5, "alert_thresholds": {"error_rate": 0.02}}
LABELS = {"window_seconds": 1, "alert_thresholds": {"accuracy_drop": 0.1}}


def is_signed(message, secret=WEBHOOK_SECRET, **options):
    return is_from_slipway(secret, message.headers["X-Slipway-Signature"], message.body, **options)


def break_down_until_told(watched):
    """Requests fail until there is an alert."""
    def is_told():
        watched.break_down()
        time.sleep(0.5)
        return watched.alerts()
    return wait_until(is_told, "an alert that is open")


def test_an_alert_reaches_everybody_once_and_so_does_its_end(watched):
    (watched.project.folder / "tell.sh").write_text('#!/bin/sh\ntest "$SLIPWAY_EVENT" = "$(cat "$SLIPWAY_EVENT_FILE")" || exit 1\n'
                                                    'echo "$SLIPWAY_EVENT" >> told.jsonl\n')
    (watched.project.folder / "tell.sh").chmod(0o755)
    # What the controller's variables hold is no part of a command.
    watched.env["WATCH_EVIL"] = "x'; touch injected; echo '"
    watched.targets += [{"type": "slack", "url": "${WATCH_SLACK}"}, {"type": "log"}, {"type": "command", "run": "./tell.sh"},
                        {"type": "command", "run": "echo '${WATCH_EVIL}' >> run; mv ${SLIPWAY_EVENT_FILE} moved.json"}]
    watched.configure(ERRORS)
    watched.deploy(GOOD)
    with watched.customers() as customers:
        wait_until(lambda: customers.versions["1"] > 100, "customers")
        assert watched.alerts() == []
        [alert] = break_down_until_told(watched)
        assert (alert["alert"], alert["level"], alert["limit"]) == ("error_rate", "raised", 0.02)
        assert alert["value"] > 0.02 and re.fullmatch(r"error_rate [\d.]+ % of \d+ requests is above 2 %", alert["text"])
        assert f"alert  {alert['text']}" in watched.call("rollout", "status").out
        # To and fro around the limit is one alert.
        time.sleep(1.5)
        watched.break_down()
        watched.told("alert recovered")
        assert watched.alerts() == []
        # A third time it may be anything but told again.
        time.sleep(1)
    assert watched.webhook.events() == ["promoted", "alert raised", "alert recovered"]

    raised, recovered = watched.webhook.messages[1:]
    for message in watched.webhook.messages:
        assert is_signed(message)
        assert not is_signed(message, secret="another") and not is_signed(message, tolerance=-1)
        tampered = message.body.replace(b"error_rate", b"error_bait").replace(b"stable", b"staple")
        assert not is_from_slipway(WEBHOOK_SECRET, message.headers["X-Slipway-Signature"], tampered)
        stale = re.sub(r"t=(\d+)", lambda found: f"t={int(found[1]) - 400}", message.headers["X-Slipway-Signature"])
        assert not is_from_slipway(WEBHOOK_SECRET, stale, message.body)
        assert message.headers["Content-Type"] == "application/json"
        assert message.headers["Idempotency-Key"] == message.id
    assert len({message.id for message in watched.webhook.messages}) == 3
    assert raised.json | {"id": "", "at": "", "text": "", "detail": {}} == {
        "schema": "slipway.notification/1", "id": "", "event": "alert raised", "at": "", "service": watched.name, "environment": "development",
        "model": "ml-classifier", "version": 1, "revision": 1, "text": "", "detail": {}}
    detail = raised.json["detail"]
    assert (detail["change"], detail["alert"], detail["action"], detail["estimated"]) == ("raised", "error_rate", "notify", False)
    assert detail["value"] > detail["limit"] == 0.02 and detail["evidence"]["requests"] > 0
    assert recovered.json["detail"]["change"] == "recovered" and recovered.json["detail"]["value"] <= 0.02

    for message in watched.slack.messages:
        assert set(message.json) == {"text", "blocks"} and "X-Slipway-Signature" not in message.headers
    texts = [message.json["text"] for message in watched.slack.messages]
    assert [re.match(r"shop-development \(development\): ([a-z ]+): ", text)[1] for text in texts] == watched.webhook.events()
    assert texts[1].endswith(raised.json["text"])

    assert (watched.project.folder / "run").read_text() == "${WATCH_EVIL}\n" * 3
    assert not (watched.project.folder / "injected").exists()
    told = [json.loads(line) for line in (watched.project.folder / "told.jsonl").read_text().splitlines()]
    assert [(one["event"], one["text"]) for one in told] == [(one.event, one.json["text"]) for one in watched.webhook.messages]
    for message in watched.webhook.messages:
        line = f"shop-development (development): {message.event}: {message.json['text']}"
        assert watched.log().count(line) == 1
    assert [json.loads(line)["text"] for line in watched.call("rollout", "watch", "--output", "json").out.splitlines()
            if json.loads(line).get("event") == "alert"] == [raised.json["text"], recovered.json["text"]]


def test_slow_answers_are_an_alert(watched):
    watched.configure({"window_seconds": 1.5, "alert_thresholds": {"latency_p95": 40}})
    watched.deploy(GOOD)
    ends = threading.Event()

    def hold_up():
        while not ends.is_set():
            [pid] = watched.replicas().values()
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.1)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.02)

    with contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(watched.customers(rate=8))
        slow = threading.Thread(target=hold_up)
        slow.start()
        try:
            raised = watched.told("alert raised")
        finally:
            ends.set()
            slow.join()
        watched.told("alert recovered")
    assert re.fullmatch(r"latency_p95 [\d.]+ ms of \d+ requests is above 40 ms", raised.json["text"])
    assert raised.json["detail"]["value"] > 40
    assert watched.webhook.events() == ["promoted", "alert raised", "alert recovered"]


def test_a_message_outlives_receivers_that_are_away_and_a_killed_controller(watched):
    watched.targets.append({"type": "slack", "url": "${WATCH_SLACK}"})
    watched.configure(ERRORS)
    watched.webhook.close()
    watched.slack.status = 500
    watched.deploy(GOOD)
    with watched.customers():
        break_down_until_told(watched)
        wait_until(lambda: len(watched.slack.refused) > 1, "a first attempt")
        watched.kill_controller()
        watched.webhook.reopen()
        watched.slack.status = 200
        time.sleep(1)
        assert watched.webhook.messages == watched.slack.messages == []
        assert watched.call("up").code == 0
        watched.told("alert raised")
        watched.told("alert recovered")
        assert f"{watched.name}: webhook (${{WATCH_HOOK}}): can't connect: Connection refused; it is tried again" in watched.log()
        assert f"{watched.name}: slack (${{WATCH_SLACK}}): answered 500; it is tried again" in watched.log()
        wait_until(lambda: len(watched.slack.messages) > 2, "all of it at Slack")
    # Once each, whatever came first.
    assert sorted(watched.webhook.events()) == ["alert raised", "alert recovered", "promoted"]
    keys = [message.headers["Idempotency-Key"] for message in watched.slack.messages]
    assert len(keys) == len(set(keys)) == 3
    assert {message.headers["Idempotency-Key"] for message in watched.slack.refused} < set(keys)
    # Signed when it was sent, and not when it was written.
    assert all(is_signed(message, tolerance=10) for message in watched.webhook.messages)


def test_what_may_have_arrived_comes_again_under_its_id(watched):
    watched.configure(ERRORS)
    watched.deploy(GOOD)
    watched.told("promoted")
    watched.webhook.silent.set()
    with watched.customers():
        break_down_until_told(watched)
        first = watched.told("alert raised")
        watched.kill_controller()
        watched.webhook.silent.clear()
        assert watched.call("up").code == 0
        wait_until(lambda: len(watched.webhook.of("alert raised")) > 1, "the message once more")
        again = watched.webhook.of("alert raised")[1]
        assert (again.id, again.body) == (first.id, first.body)
        watched.told("alert recovered")
    assert watched.webhook.events() == ["promoted", "alert raised", "alert raised", "alert recovered"]


def test_a_killed_controller_neither_forgets_an_alert_nor_tells_it_twice(watched):
    watched.configure(ERRORS)
    watched.deploy(GOOD)
    with watched.customers():
        break_down_until_told(watched)
        for _ in range(3):
            watched.kill_controller()
            watched.break_down()
            assert watched.call("up").code == 0
            time.sleep(1)
        assert [alert["alert"] for alert in watched.alerts()] == ["error_rate"]
        watched.told("alert recovered")
    assert len(watched.webhook.ids("alert raised")) == len(watched.webhook.ids("alert recovered")) == 1


def test_a_version_that_turns_out_bad_is_undone(watched):
    watched.configure({**LABELS, "actions": {"accuracy_drop": "rollback"}})
    watched.deploy(GOOD, "--strategy", "blue-green")
    # Without customers nobody can tell that its labels were swapped.
    watched.deploy(SWAPPED, "--strategy", "blue-green")
    assert watched.version() == "3"
    with watched.customers() as customers:
        raised = watched.told("alert raised")
        wait_until(lambda: watched.version() == "1", "version 1 again")
        watched.told("alert recovered")
        # The version before is as good as it was, and stays.
        seen = customers.versions["1"]
        wait_until(lambda: customers.versions["1"] > seen + 300, "more customers")
    assert not customers.failures
    assert re.match(r"accuracy [\d.]+ % of \d+ labelled rows, [\d.]+ % on the test part: accuracy_drop [\d.]+ % is above [\d.]+ % "
                    r"\(10 %, and [\d.]+ % that the size of the test part leaves open\)", raised.json["text"])
    assert (raised.json["version"], raised.json["revision"], raised.json["detail"]["action"]) == (3, 2, "rollback")
    assert [event for event in watched.webhook.events() if event != "promoted"] == ["alert raised", "rolled back", "alert recovered"]
    back = watched.told("rolled back")
    assert (back.json["version"], back.json["revision"], back.json["text"]) == (3, 2, raised.json["text"])
    assert "ml-classifier:3, which is watched no longer" in watched.told("alert recovered").json["text"]

    status = watched.status()
    assert (status["state"], status["stable"]["version"], status["kind"], status["reason"]) == ("serving", 1, "undo", raised.json["text"])
    history = watched.rollout("history")
    assert [(entry["revision"], entry["version"], entry["kind"]) for entry in history] == [(1, 1, "deploy"), (2, 3, "deploy"), (3, 1, "undo")]
    assert (history[2]["actor"], history[2]["outcome"], history[2]["reason"]) == ("monitor", "completed", raised.json["text"])
    assert raised.json["text"] in watched.call("rollout", "history").out
    for revision in ("2", "3"):
        report = watched.call("rollout", "report", "--revision", revision, "--format", "markdown", "--to", "-")
        assert "accuracy_drop" in report.out.replace("\\", ""), report.out
    tag = f"{watched.name} revision 2: {raised.json['text']}"
    wait_until(lambda: tag in watched.call("models", "show", SWAPPED).out, "the tag of the version")


ROLLBACK = {**LABELS, "actions": {"accuracy_drop": "rollback"}}


def told_of(watched, kind="alert"):
    """The service's events of that kind, in words: `watch` would wait for what is in progress."""
    revisions = [entry["revision"] for entry in watched.rollout("history")]
    reports = [json.loads(watched.call("rollout", "report", "--revision", revision, "--format", "json", "--to", "-").out)
               for revision in revisions]
    return [event["text"] for report in reports for event in report["decisions"] if event["kind"] == kind]


def test_a_rollback_waits_for_the_rollout_that_is_in_its_way(watched):
    watched.configure(ROLLBACK)
    watched.deploy(GOOD, "--strategy", "blue-green")
    watched.deploy(SWAPPED, "--strategy", "blue-green")
    on_its_way = watched.call("deploy", OTHER, "--env", "development", "--detach", "--set", "deployment.canary.stage_seconds=600",
                              "--set", f"deployment.port={watched.port}")
    assert on_its_way.code == 0, on_its_way.err
    with watched.customers():
        raised = watched.told("alert raised")
        wait_until(lambda: told_of(watched)[-1:] == ["no rollback for accuracy_drop: another version is being rolled out"], "why not")
        watched.rollout("abort")
        wait_until(lambda: watched.version() == "1", "version 1", seconds=30)
    last = watched.rollout("history")[-1]
    assert (last["version"], last["kind"], last["actor"], last["reason"]) == (1, "undo", "monitor", raised.json["text"])
    assert told_of(watched).count("no rollback for accuracy_drop: another version is being rolled out") == 1


def test_a_version_that_was_deployed_twice_is_undone_to_another_one(watched):
    watched.configure(LABELS)
    watched.deploy(GOOD, "--strategy", "blue-green")
    watched.deploy(SWAPPED, "--strategy", "blue-green")
    # Other settings of what serves are no new revision, another size is.
    watched.configure(ROLLBACK)
    watched.deploy(SWAPPED, "--strategy", "blue-green", "--set", "deployment.scaling_config.max_replicas=2")
    with watched.customers():
        wait_until(lambda: watched.version() == "1", "version 1", seconds=60)
    assert [(entry["version"], entry["kind"]) for entry in watched.rollout("history")] == [(1, "deploy"), (3, "deploy"), (3, "deploy"), (1, "undo")]


def test_what_was_gone_back_from_is_not_deployed_by_a_run(watched):
    monitoring = {"window_seconds": 1, "alert_thresholds": {"accuracy_drop": 0.1, "client_error_rate": 0.2}, "retrain_interval_seconds": 0,
                  "actions": {"accuracy_drop": "rollback", "client_error_rate": "retrain"}}
    watched.configure(monitoring)
    watched.deploy(GOOD, "--strategy", "blue-green")
    # The newest data are wrong, and so is what is learnt of them.
    watched.project.write_table(swapped(watched.table))
    bad = f"ml-classifier:{watched.project.run(env=watched.env)['version']}"
    watched.deploy(bad, "--strategy", "blue-green")
    with watched.customers():
        watched.told("rolled back")
        wait_until(lambda: watched.version() == "1", "version 1", seconds=30)
    # A run comes to the same version once more, from its cache.
    def is_told():
        for _ in range(20):
            ask(watched.port, ["no", "request"])
        return watched.webhook.of("retrained")
    [told] = wait_until(is_told, "what came of the run", seconds=60)
    assert told.json["text"] == f"the run came to {bad}, which is not deployed: it was gone back from"
    assert told.json["detail"] == {"outcome": "not deployed", "trained": bad}
    assert watched.version() == "1"
    assert [entry["version"] for entry in watched.rollout("history")] == [1, int(bad.split(":")[1]), 1]


def shift(table):
    """Features 1 and 2 moved, and what is to be learnt of them with them."""
    moved = table.copy()
    moved[["feature1", "feature2"]] += 2.5
    return moved


def test_drift_is_named_by_feature_and_what_was_learnt_anew_is_deployed(watched):
    watched.configure({"log_predictions": True, "window_seconds": 2, "alert_thresholds": {"drift": 0.3}, "actions": {"drift": "retrain"},
                       "drift": {"window_seconds": 60}})
    watched.deploy(GOOD)
    newest = shift(number_table(seed=8))
    watched.project.write_table(newest)
    # A segment of the log has 100,000 rows; what a busy machine has no room for is left out.
    for _ in range(25):
        assert set(ask_in_bulk(watched.port, newest, 10_000)) == {"1"}
        if watched.webhook.of("alert raised"):
            break
    with Customers(watched.port, newest) as customers:
        raised = watched.told("alert raised")
        assert re.match(r"2 of 4 features drifted: feature\d \(total variation 0\.\d+\), feature\d \(0\.\d+\); a share of 50\.0 % is above 30 %",
                        raised.json["text"])
        features = {one["feature"]: one for one in raised.json["detail"]["evidence"]["features"]}
        assert {name for name, one in features.items() if one["drifted"]} == {"feature1", "feature2"}
        assert features["feature1"]["wasserstein"] > 1 > 0.5 > features["feature3"]["wasserstein"]
        assert features["feature1"]["total_variation"] > 0.5 and features["feature1"]["rows"] > 50_000
        assert watched.told("retraining").json["detail"]["alert"] == "drift"
        retrained = watched.told("retrained")
        assert retrained.json["text"] == "trained ml-classifier:5, which is being deployed"
        assert retrained.json["detail"] == {"outcome": "deployed", "trained": "ml-classifier:5"}
        wait_until(lambda: len(watched.webhook.of("promoted")) > 1, "the new version", seconds=60)
        assert watched.version() == "5"
    assert not customers.failures
    # By the same way as any other version; history says by whom, and why.
    last = watched.rollout("history")[-1]
    assert (last["actor"], last["reason"]) == ("monitor", raised.json["text"])
    assert [(entry["revision"], entry["version"], entry["strategy"]) for entry in watched.rollout("history")] == [(1, 1, "canary"), (2, 5, "canary")]
    stages = [json.loads(line)["text"] for line in watched.call("rollout", "watch", "--output", "json").out.splitlines()
              if json.loads(line).get("event") == "stage"]
    assert stages == ["25 % of the traffic", "100 % of the traffic"]


def test_drift_is_that_of_the_services_own_traffic(watched):
    """One version serves in two environments; the customers of one have changed."""
    monitoring = {"log_predictions": True, "window_seconds": 2, "alert_thresholds": {"drift": 0.3}, "drift": {"window_seconds": 600}}
    other_port = free_port()
    section = {**basic_config()["development"], "notifications": watched.targets}
    deployment = {**DEPLOYMENT, "monitoring_config": monitoring}
    watched.project.write_config({"development": {**section, "deployment": {**deployment, "port": watched.port}},
                                  "staging": {**section, "deployment": {**deployment, "port": other_port}}})
    watched.deploy(GOOD, "--strategy", "blue-green")
    answer = watched.call("deploy", GOOD, "--env", "staging", "--strategy", "blue-green")
    assert answer.code == 0, answer.err
    for _ in range(100):
        assert watched.version() == "1"
    # A segment of the log has 100,000 rows.
    moved = shift(watched.table)
    for _ in range(25):
        ask_in_bulk(other_port, moved, 10_000)
        if watched.webhook.of("alert raised"):
            break
    raised = watched.told("alert raised")
    assert raised.json["environment"] == "staging"
    time.sleep(3)
    assert len(watched.webhook.of("alert raised")) == 1 and watched.alerts() == []


def test_a_second_alert_within_the_interval_trains_nothing(watched):
    watched.configure({**LABELS, "actions": {"accuracy_drop": "retrain"}, "retrain_interval_seconds": 3600})
    watched.deploy(GOOD)
    before = watched.runs()
    other_world = swapped(number_table(seed=9))
    watched.project.write_table(other_world)
    with Customers(watched.port, other_world):
        watched.told("retraining")
        assert watched.told("retrained").json["detail"]["outcome"] == "deployed"
        wait_until(lambda: len(watched.webhook.of("promoted")) > 1, "the new version", seconds=60)
        watched.told("alert recovered")
        time.sleep(1)
        assert watched.alerts() == []
    with watched.customers():
        wait_until(lambda: len(watched.webhook.of("alert raised")) > 1, "another alert", seconds=30)
        time.sleep(2)
    assert watched.runs() == before + 1
    assert len(watched.webhook.of("retraining")) == len(watched.webhook.of("retrained")) == 1
    told = [event["text"] for event in map(json.loads, watched.call("rollout", "watch", "--output", "json").out.splitlines())
            if event.get("event") == "alert"]
    assert re.fullmatch(r"a run for accuracy_drop waits .+: there was one a short time ago", told[-1]), told
    assert watched.version() == "5"


def test_what_does_not_pass_its_gates_is_not_deployed_and_told(watched):
    watched.configure({**LABELS, "actions": {"accuracy_drop": "retrain"}})
    watched.deploy(GOOD)
    noise = number_table(seed=10).assign(target=np.random.default_rng(1).integers(0, 2, 600))
    watched.project.write_table(noise)
    with Customers(watched.port, swapped(watched.table)):
        retrained = watched.told("retrained")
    assert retrained.json["text"].startswith("trained ml-classifier:5, which did not pass its gates and is not deployed: "), retrained.json
    assert "accuracy" in retrained.json["text"]
    assert retrained.json["detail"]["outcome"] == "not passed"
    assert [entry["version"] for entry in watched.rollout("history")] == [1]
    assert watched.version() == "1"
    report = watched.call("rollout", "report", "--format", "markdown", "--to", "-").out.replace("\\", "")
    assert "did not pass its gates and is not deployed" in report


def run_of(watched):
    """The id of the run that an alert began; None while there is none."""
    return next((pid for pid, words in processes_of(watched.project.folder).items() if words.split(" ")[1] == "run"), None)


def test_a_run_ends_with_its_controller_and_begins_anew_with_the_next(watched):
    watched.configure({**LABELS, "actions": {"accuracy_drop": "retrain"}})
    watched.deploy(GOOD)
    # Long enough to be in the middle of it.
    watched.configure({**LABELS, "actions": {"accuracy_drop": "retrain"}}, model__hyperparameters={"n_estimators": 20_000, "random_state": 1})
    watched.project.write_table(number_table(rows=20_000, seed=11))
    with Customers(watched.port, swapped(watched.table)):
        first = wait_until(lambda: run_of(watched), "a run")
        watched.kill_controller()
        wait_until(lambda: run_of(watched) is None, "the end of the run")
        assert watched.call("up").code == 0
        second = wait_until(lambda: run_of(watched), "the run once more")
        assert first != second
        # A run holds up no message.
        watched.told("retraining")
    begun = time.monotonic()
    assert watched.call("down").code == 0
    assert time.monotonic() - begun < 12
    wait_until(lambda: not processes_of(watched.project.folder), "the end of all", seconds=5)
    assert "broken off" in watched.log()
    assert not watched.webhook.of("retrained")
