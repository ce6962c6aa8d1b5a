"""`slipway deploy` and `slipway rollout`: real processes, real requests, and what a user sees of it."""
import collections
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import urllib.request

import pytest
from rollouts import GOOD, OTHER, REFUSED, SWAPPED, Shop, end_all, free_port, processes_of, project_of_shop, shop, takes, trained, wait_until  # noqa: F401

VERBS = (["pause"], ["resume"], ["promote"], ["set-weight", "50"], ["abort"])


def texts_of(events, kind):
    return [event["text"] for event in events if event.get("event") == kind]


def versions_of(shop):
    return {version["registry_version"]: version for version in shop.call("models", "list", "--output", "json").last}


def stages_of(shop):
    return {number: version["status"] for number, version in versions_of(shop).items()}


def test_a_first_deployment_serves(shop):
    *events, last = shop.deploy(GOOD)
    assert {event["service"] for event in events} == {"shop-development"}
    assert all(set(event) == {"event", "at", "service", "revision", "text", "detail"} for event in events)
    assert (last["state"], last["phase"], last["revision"], last["strategy"]) == ("serving", "completed", 1, "canary")
    assert (last["stable"]["version"], last["stable"]["weight"], last["canary"], last["paused"]) == (1, 100, None, False)
    assert last["address"] == f"http://127.0.0.1:{shop.port}" and last["controller_runs"]
    assert shop.version() == "1"
    [listed] = shop.rollout("list")
    assert (listed["service"], listed["environment"]) == (shop.name, "development")
    assert f"{GOOD} is what {shop.name} serves already" in shop.refuse(
        "deploy", GOOD, "--env", "development", "--set", f"deployment.port={shop.port}")
    text = shop.refuse("deploy", OTHER, "--env", "development", "--set", "deployment.port=1")
    assert f"listens on 127.0.0.1:{shop.port}" in text and "slipway down first" in text


def test_a_canary_promotes_itself_and_the_stages_move(project_of_shop):
    shop = Shop(project_of_shop, "production")
    shop.deploy(GOOD)
    wait_until(lambda: stages_of(shop)[1] == "production", "version 1 in production")
    with shop.customers() as customers:
        *events, last = shop.deploy(OTHER)
    assert texts_of(events, "stage") == ["25 % of the traffic", "100 % of the traffic"]
    assert texts_of(events, "phase")[-1] == f"{OTHER} is stable"
    assert any(text.startswith("check: pass") or text.startswith("pass") for text in texts_of(events, "check"))
    assert last["stable"]["version"] == 2 and last["standby"]["version"] == 1
    assert not customers.failures and customers.versions["1"] and customers.versions["2"]
    wait_until(lambda: stages_of(shop)[2] == "production", "version 2 in production")
    assert stages_of(shop)[1] == "archived"


def test_a_bad_version_rolls_itself_back_and_says_why(shop):
    # Its labels were swapped in training and in test: only what the customers say afterwards shows it.
    shop.deploy(GOOD)
    with shop.customers() as customers:
        *events, last = shop.deploy(SWAPPED, expect=1)
    reason = last["reason"]
    assert re.match(r"accuracy worse by > 5 points: yes \(e = .+ of \d+\) · wrong \d+\.\d % beside \d+\.\d %", reason)
    assert (last["state"], last["stable"]["version"]) == ("rolled back", 1)
    assert texts_of(events, "phase")[-1] == f"{GOOD} has all traffic again"
    [accuracy] = [finding for finding in last["last_check"]["findings"] if finding["metric"] == "accuracy"]
    assert accuracy["verdict"] == "fail" and accuracy["evidence"]["p_value"] < 0.01
    assert not customers.failures and shop.version() == "1"
    # Who comes later can see why.
    wait_until(lambda: "slipway.rollback" in shop.call("models", "show", SWAPPED).out, "the tag of the version")
    assert f"{shop.name} revision 2: {reason}" in shop.call("models", "show", SWAPPED).out
    again = shop.call("deploy", SWAPPED, "--set", f"deployment.port={shop.port}", "--detach")
    assert again.code == 0 and f"warning: {SWAPPED} was rolled back before: {shop.name} revision 2: accuracy worse" in again.err
    shop.rollout("abort")
    history = shop.call("rollout", "history")
    assert history.code == 0 and "rolled back" in history.out and reason in history.out
    assert [entry["revision"] for entry in shop.rollout("history")] == [1, 2, 3]
    assert shop.call("rollout", "report", "--revision", "2", "--to", "report.html").code == 0
    html = (shop.project.folder / "report.html").read_text(encoding="utf-8")
    assert html.startswith("<!") and "accuracy worse by &gt; 5 points" in html
    markdown = shop.call("rollout", "report", "--revision", "2", "--format", "markdown", "--to", "-")
    assert "accuracy worse by" in markdown.out.replace("\\", "")
    assert "error: " in shop.refuse("rollout", "report", "--revision", "7")


def feedback_of(shop):
    """Labels that met their prediction, over all replicas."""
    matched = 0
    for log in (shop.up / shop.name / "replicas").glob("*/log"):
        url = next(event["url"] for event in map(json.loads, log.read_text().splitlines()) if event["event"] == "listening")
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            matched += sum(model["matched"] for model in json.load(answer)["feedback"])
    return matched


def test_a_client_that_asks_and_tells_by_turns_sees_both_versions(shop):
    shop.deploy(GOOD)
    slow = ["--set", "deployment.canary.sticky.header=", "--set", "deployment.canary.stages=[50,100]", "--set",
            "deployment.canary.stage_seconds=60"]
    shop.deploy(OTHER, "--detach", *slow)
    wait_until(lambda: shop.status()["weight"] == 50, "half of the traffic")
    connection, versions = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=10), collections.Counter()

    def post(page, body):
        connection.request("POST", page, json.dumps(body))
        return json.loads(connection.getresponse().read())

    for _ in range(200):
        answer = post("/predict", {"features": [0, 0, 0, 0]})
        versions[answer["version"]] += 1
        post("/feedback", {"request_id": answer["request_id"], "label": 1})
    connection.close()
    assert min(versions["1"], versions["2"]) > 60, versions
    # Questions and labels take turns of their own.
    wait_until(lambda: feedback_of(shop) == 200, "each label met its prediction")


def test_blue_green_switches_once_and_undo_is_instant(shop):
    shop.deploy(GOOD, "--strategy", "blue-green")
    with shop.customers() as customers:
        *events, last = shop.deploy(OTHER, "--strategy", "blue-green")
        assert texts_of(events, "stage") == ["switched"]
        assert (last["stable"]["version"], last["standby"]["version"]) == (2, 1)
        undone = shop.rollout("undo")
        assert undone["revision"] == 3
        wait_until(lambda: shop.version() == "1", "version 1 again", seconds=2)
        wait_until(lambda: shop.status()["phase"] == "completed", "the end of the undo")
    assert not customers.failures
    assert [entry["revision"] for entry in shop.rollout("history")] == [1, 2, 3]
    # And to a revision by its number.
    shop.rollout("undo", "--to", "2")
    assert shop.rollout("watch")["stable"]["version"] == 2
    assert "expected one of" in shop.refuse("rollout", "undo", "--to", "9")


def test_rolling_exchanges_three_replicas_one_by_one(shop):
    three = ["--strategy", "rolling", "--set", "deployment.scaling_config.min_replicas=3"]
    assert shop.deploy(GOOD, *three)[-1]["stable"]["replicas"] == {"ready": 3, "wanted": 3}
    with shop.customers() as customers:
        *events, last = shop.deploy(OTHER, *three)
    assert texts_of(events, "stage") == [*(f"{count} of 3 replicas are new" for count in (1, 2, 3)), "watched for 1 s"]
    assert last["stable"]["version"] == 2 and not customers.failures
    wait_until(lambda: len(shop.replicas()) == 3, "three replicas and no more")


def test_what_fails_goes_back_while_it_is_paused_too(shop):
    held = ["--strategy", "blue-green", "--set", "deployment.blue_green.watch_seconds=60"]
    shop.deploy(GOOD, *held)
    shop.deploy(OTHER, "--detach", *held)
    wait_until(lambda: shop.status()["weight"] == 100, "the switch")
    with shop.customers() as customers:
        wait_until(lambda: customers.versions["2"] > 100, "customers of version 2")
        shop.rollout("pause")
        [new] = [pid for name, pid in shop.replicas().items() if name.startswith("r2-")]
        os.kill(new, signal.SIGSTOP)
        try:
            wait_until(lambda: shop.status()["phase"] == "rolled back", "the way back", seconds=40)
        finally:
            # It may have been killed for that.
            with contextlib.suppress(ProcessLookupError):
                os.kill(new, signal.SIGCONT)
    assert "error_rate" in shop.status()["reason"] and shop.version() == "1"


def test_a_last_check_that_saw_nothing_promotes_nothing(shop):
    shop.deploy(GOOD)
    with shop.customers():
        shop.deploy(OTHER, "--detach", "--set", "deployment.canary.stages=[100]", "--set", "deployment.canary.stage_seconds=6", "--set",
                    "deployment.canary.check_interval_seconds=1", "--set", "deployment.canary.success_ratio=0.5")
        wait_until(lambda: shop.status()["weight"] == 100, "the only stage")
        wait_until(lambda: shop.status()["stage"]["seconds_left"] < 1.8, "the end of its checks but for one")
    last = shop.rollout("watch", expect=1)
    assert last["state"] == "paused" and last["stable"]["version"] == 1
    assert last["reason"] == "the last check of the stage is no answer: no request came since the last check"


def test_who_asks_for_the_new_version_gets_it_from_the_first_stage_on(shop):
    shop.deploy(GOOD)
    shop.deploy(OTHER, "--detach", "--set", "deployment.canary.shadow.seconds=600", "--set", "deployment.canary.stage_seconds=600", "--set",
                "deployment.canary.stages=[1,100]", "--set", "deployment.canary.header={name: X-Version, value: new}")

    def asked():
        request = urllib.request.Request(f"http://127.0.0.1:{shop.port}/predict", b'{"features": [0, 0, 0, 0]}',
                                         {"Content-Type": "application/json", "X-Version": "new"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["version"]

    wait_until(lambda: shop.status()["phase"] == "shadowing", "the shadow")
    assert {asked() for _ in range(20)} == {"1"}
    shop.rollout("promote")
    wait_until(lambda: asked() == "2", "the first stage")


def test_without_traffic_it_pauses_and_a_person_decides(shop):
    shop.deploy(GOOD)
    assert not texts_of(shop.deploy(OTHER, "--detach"), "phase")
    last = shop.rollout("watch", expect=1)
    assert (last["state"], last["paused"]) == ("paused", True)
    assert last["reason"].startswith("too few requests to judge by: 0 of 50")
    assert "0 to 100" in shop.refuse("rollout", "set-weight", "101")
    assert "PERCENT: 'half' is no number" in shop.refuse("rollout", "set-weight", "half")
    shop.rollout("set-weight", "60")
    wait_until(lambda: shop.status()["weight"] == 60, "the weight that was set")
    assert shop.rollout("pause", "--reason", "lunch")["paused"]
    assert "paused already" in shop.refuse("rollout", "pause")
    assert not shop.rollout("resume")["paused"]
    assert "is not paused" in shop.refuse("rollout", "resume")
    assert "slipway rollout abort first" in shop.refuse("rollout", "retry")
    shop.rollout("abort", "--reason", "no customers")
    last = shop.rollout("watch", expect=1)
    assert last["state"] == "rolled back" and last["reason"].endswith(": no customers")
    shop.rollout("retry")
    shop.rollout("promote", "--full")
    assert shop.rollout("watch")["stable"]["version"] == 2 and shop.version() == "2"


def test_verbs_at_rest_say_what_to_do(shop):
    assert "nothing has been deployed" in shop.refuse("rollout", "status")
    assert "nothing has been deployed" in shop.refuse("down")
    shop.deploy(GOOD)
    for verb in VERBS:
        text = shop.refuse("rollout", *verb)
        assert "there is nothing to" in text and "slipway deploy MODEL" in text, verb
    assert "there is nothing to retry" in shop.refuse("rollout", "retry")
    assert "served nothing before" in shop.refuse("rollout", "undo")
    text = shop.refuse("rollout", "status", "shopp-development")
    assert 'there is no service "shopp-development"' in text and shop.name in text
    assert "there is no service" in shop.refuse("rollout", "status", "--env", "production")
    for name in ("ml-classifier", "shop"):  # Of its model, and without the environment.
        assert shop.rollout("status", name)["service"] == shop.name


def test_what_may_not_serve_is_refused(shop):
    words = ["--env", "development", "--set", f"deployment.port={shop.port}"]
    refused = shop.call("deploy", REFUSED, *words)
    assert refused.code == 1 and f"{REFUSED} has not passed its gates: accuracy" in refused.err and "--force" in refused.err
    run = re.search(r"slipway runs show (\S+),", refused.err)[1]
    assert "accuracy" in shop.call("runs", "show", run).out
    assert "blue-green" in shop.refuse("deploy", GOOD, *words, "--strategy", "bluegreen")
    assert "no version 9" in shop.refuse("deploy", "ml-classifier:9", *words)
    assert "ml-classifier" in shop.refuse("deploy", "ml-clasifier", *words)
    assert "65535" in shop.refuse("deploy", GOOD, *words, "--set", "deployment.port=99999")
    assert "--label" not in shop.refuse("deploy", "ml-classifier:x", *words)
    assert "deployment.target" in shop.refuse("deploy", GOOD, *words, "--set", "deployment.target=kubernetes")
    text = shop.call("deploy", GOOD, *words, env={"DEPLOYMENT_STRATEGY": "bluegreen"})
    assert text.code == 2 and 'DEPLOYMENT_STRATEGY: unknown strategy "bluegreen"' in text.err
    # What a splitter would refuse, or a check could never find, is told before anything runs.
    text = shop.refuse("deploy", GOOD, *words, "--set", "deployment.canary.header={name: A}")
    assert "deployment.canary.header: a header, and no value" in text
    text = shop.refuse("deploy", GOOD, *words, "--set", "deployment.canary.sticky={cookie: 'my cookie'}")
    assert "deployment.canary.sticky.cookie" in text and "letters" in text
    text = shop.refuse("deploy", GOOD, *words, "--set", "deployment.canary.thresholds={error_rate: 5}")
    assert "deployment.canary.thresholds.error_rate" in text and "try 0.05, which is 5 %" in text
    assert not shop.up.exists() or not processes_of(shop.project.folder)
    events = shop.deploy(REFUSED, "--force")
    assert events[-1]["stable"]["version"] == 4
    assert any(text.endswith(f"forced: gates not passed, of {REFUSED}") for text in texts_of(events, "verb"))
    assert "canary, forced" in shop.call("rollout", "history").out
    assert [entry["forced"] for entry in shop.rollout("history")] == [True]
    assert "forced: gates not passed" in shop.call("rollout", "report", "--format", "markdown", "--to", "-").out
    wait_until(lambda: "slipway.forced" in shop.call("models", "show", REFUSED).out, "the tag of the version")
    digest = versions_of(shop)[2]["digest"].removeprefix("sha256:")
    model = shop.project.folder / f".slipway/artifacts/sha256/{digest[:2]}/{digest[2:]}/model.onnx"
    model.chmod(0o644)
    model.write_bytes(model.read_bytes()[:-1] + b"!")
    for force in ([], ["--force"]):
        text = shop.refuse("deploy", OTHER, *words, *force, code=4)
        assert "model.onnx" in text
    assert shop.version() == "4"


def test_two_services_have_their_own_addresses(project_of_shop):
    first, second = Shop(project_of_shop), Shop(project_of_shop, "staging")
    first.deploy(GOOD)
    second.deploy(OTHER)
    assert (first.version(), second.version()) == ("1", "2")
    assert [service["service"] for service in first.rollout("list")] == [first.name, second.name]
    text = first.refuse("rollout", "status")
    assert "more than one service" in text and second.name in text
    assert first.rollout("status", "--env", "staging")["service"] == second.name
    assert first.call("down", second.name).code == 0
    assert first.version() == "1"
    with pytest.raises(OSError):
        second.version()
    assert first.call("up", second.name).code == 0
    assert second.answers()["version"] == "2"


def test_a_port_that_is_taken_is_told_and_can_be_had_later(shop):
    with socket.socket() as other:
        other.bind(("127.0.0.1", shop.port))
        other.listen()
        answer = shop.call("deploy", GOOD, "--env", "development", "--set", f"deployment.port={shop.port}")
        assert answer.code == 3
        assert f"127.0.0.1:{shop.port}" in answer.err and "already in use" in answer.err
        assert "deployment.port: " in answer.err and "--set deployment.port=" in answer.err and "0 for a free" not in answer.err
    shop.deploy(GOOD)
    assert shop.rollout("watch")["stable"]["version"] == 1 and shop.version() == "1"


def test_nobody_controls_and_what_is_down_say_so(shop):
    shop.deploy(GOOD)
    os.kill(shop.controller(), signal.SIGKILL)
    wait_until(lambda: shop.call("rollout", "status").code == 3, "status notices")
    answer = shop.call("rollout", "status")
    assert "nobody controls it" in answer.out and "slipway up" in answer.out
    assert shop.call("rollout", "watch").code == 3
    assert "serving, nobody controls it" in shop.call("rollout", "list").out
    assert not shop.rollout("list")[0]["controller_runs"] and shop.version() == "1"
    up = shop.call("up")
    assert up.code == 0 and f"{shop.name} serves {GOOD} at http://127.0.0.1:{shop.port}" in up.out
    assert shop.call("rollout", "status").code == 0
    shop.deploy(OTHER, "--detach")
    assert shop.call("down").code == 0
    assert shop.rollout("status")["state"] == "down"  # Exit code 0, whatever it interrupted.
    assert "the splitter does not answer" not in shop.call("rollout", "status").out
    # `up` waits until it can be asked.
    assert shop.call("up").code == 0
    assert shop.version() == "1"
    # The same by the words that brought it up first.
    assert shop.call("down").code == 0
    last = shop.deploy(GOOD)[-1]
    assert (last["state"], last["stable"]["version"]) == ("rolled back", 1) and shop.version() == "1"
    assert [entry["revision"] for entry in shop.rollout("history")] == [1, 2]


def test_whom_to_tell_changes_without_a_rollout(shop):
    shop.deploy(GOOD)
    log, alerts = "notifications=[{type: log}]", "deployment.monitoring_config.alert_thresholds={error_rate: 0.5}"
    words = ["deploy", GOOD, "--env", "development", "--set", f"deployment.port={shop.port}", "--set", log]
    answer = shop.call(*words, "--set", alerts)
    assert answer.code == 0 and f"{GOOD} goes on serving, with other settings: notifications, alerts" in answer.out, answer.err
    assert "serves already" in shop.refuse(*words, "--set", alerts)
    assert [entry["revision"] for entry in shop.rollout("history")] == [1]
    # It is told by the new way from now on.
    shop.deploy(OTHER, "--strategy", "blue-green", "--set", log)
    told = shop.up / "controller/controller/log"
    wait_until(lambda: f"{OTHER} is stable" in told.read_text(), "the log")


def test_an_undo_to_what_is_stable_is_an_abort(shop):
    shop.deploy(GOOD)
    shop.deploy(OTHER, "--detach")
    assert shop.rollout("undo", "--to", "1")["revision"] == 2
    assert shop.rollout("watch", expect=1)["state"] == "rolled back"
    text = shop.refuse("rollout", "report", "--to", "nowhere/report.html")
    assert "there is no folder nowhere" in text and not (shop.project.folder / "nowhere").exists()
    # A revision that the service has gone on from keeps what it was configured by.
    shop.deploy(OTHER, "--strategy", "blue-green")
    report = json.loads(shop.call("rollout", "report", "--revision", "2", "--format", "json", "--to", "-").out)
    assert report["outcome"] == "rolled back" and report["deployment"]["deployment_strategy"] == "canary"


def test_a_controller_of_no_registry_makes_nothing(project_of_shop):
    answer = project_of_shop.call("up", "--foreground", "--registry", "elsewhere")
    assert answer.code == 2 and not (project_of_shop.folder / "elsewhere").exists(), answer.err


def test_another_port_after_down_while_another_service_is_up(project_of_shop):
    first, second = Shop(project_of_shop), Shop(project_of_shop, "staging")
    first.deploy(GOOD)
    second.deploy(GOOD)
    assert second.call("down", second.name).code == 0
    port = free_port()
    second.deploy(OTHER, "--strategy", "blue-green", "--detach", port=port)
    wait_until(lambda: second.answers(port)["version"] == "2", "version 2 at the other port")


def test_down_after_somebody_took_the_port(shop):
    shop.deploy(GOOD)
    # The controller is away while the splitter ends and another program takes its address.
    os.kill(shop.controller(), signal.SIGKILL)
    os.kill(shop.splitter(), signal.SIGKILL)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_until(lambda: takes(other, shop.port), "the port")
        down = shop.call("down", "--timeout", "10")
        # The fixture's own would not come to an end either.
        if down.code != 0:
            end_all(shop.project.folder)
        assert down.code == 0, down.err


def test_another_port_after_down(shop):
    shop.deploy(GOOD)
    assert shop.call("down").code == 0
    port = free_port()
    assert shop.deploy(OTHER, "--strategy", "blue-green", port=port)[-1]["address"].endswith(f":{port}")
    assert shop.answers(port)["version"] == "2"
