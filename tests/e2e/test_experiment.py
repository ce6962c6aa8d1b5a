"""`slipway deploy … --strategy experiment`: versions side by side until labels tell which is best."""
import http.client
import json
import os
import signal
import time

from rollouts import GOOD, OTHER, SWAPPED, ask, project_of_shop, shop, trained, wait_until  # noqa: F401

EXPERIMENT = ["--strategy", "experiment", "--set", "deployment.experiment.check_interval_seconds=0.5", "--set",
              "deployment.experiment.min_labels=60"]


def versions_of(shop, customers):
    answers = [ask(shop.port, {"features": [0, 0, 0, 0]}, customer=customer) for customer in customers]
    return [answer["version"] for _, answer in answers]


def test_a_better_version_is_found_and_a_person_takes_it(shop):
    shop.deploy(SWAPPED)
    with shop.customers() as customers:
        *events, last = shop.deploy(GOOD, *EXPERIMENT)
        # Whoever comes again meets the version that she met.
        names = [f"again{number}" for number in range(40)]
        first = versions_of(shop, names)
        assert versions_of(shop, names) == first and set(first) == {"1", "3"}
        assert (last["state"], last["strategy"], last["paused"]) == ("paused", "experiment", True)
        assert f"{GOOD} is better than {SWAPPED}: accuracy" in last["reason"] and "slipway rollout promote" in last["next"]
        [one] = last["experiment"]["versions"]
        result = one["result"]
        assert last["experiment"]["better"] == one["version"] == 1 and result["verdict"] == "better"
        assert result["lower"] > 0 and result["lower"] <= result["improvement"] <= result["upper"]
        assert result["labels"] >= 60 and result["stable_labels"] >= 60
        assert result["value"] > 0.7 > 0.3 > result["stable_value"]
        assert (last["tried"][0]["version"], last["tried"][0]["weight"], last["stable"]["weight"]) == (1, 50, 50)
        text = shop.call("rollout", "status", shop.name).out
        assert "tried" in text and "better by" in text and "to take it" in text
        shop.rollout("promote")
        wait_until(lambda: shop.status()["state"] == "serving", "the promoted version", seconds=30)
        assert shop.status()["stable"]["version"] == 1
    assert not customers.failures
    report = json.loads(shop.call("rollout", "report", shop.name, "--format", "json", "--to", "-").out)
    assert report["strategy"] == "experiment" and report["outcome"] == "completed"
    assert any("is better than" in decision["text"] for decision in report["decisions"])
    assert shop.rollout("undo")["phase"] != "failed"
    wait_until(lambda: shop.status()["state"] == "serving" and shop.status()["stable"]["version"] == 3, "the undo", seconds=30)


def test_a_worse_version_goes_and_the_better_of_two_takes_over_by_itself(shop):
    shop.deploy(OTHER)
    with shop.customers() as customers:
        # One that predicts the opposite does harm, and leaves; the other is as good, which time ends.
        *events, last = shop.deploy(SWAPPED, GOOD, *EXPERIMENT, "--set", "deployment.experiment.seconds=12", expect=1)
    assert not customers.failures
    texts = [event.get("text", "") for event in events]
    assert any(text.startswith(f"{SWAPPED} leaves the experiment: accuracy") for text in texts), texts
    assert last["phase"] == "rolled back" and f"no version was found to be better than {OTHER}" in last["reason"]
    assert customers.versions["1"] and customers.versions["2"] and customers.versions["3"]
    # What is shown of the end was seen behind it.
    assert last["stable"]["weight"] == 100 and all(one["weight"] == 0 for one in last["leaving"]), last
    assert all(one["version"] in (1, 3) for one in last["leaving"])
    assert f"{SWAPPED} and :1" in shop.call("rollout", "history").out
    assert shop.rollout("history")[-1]["versions"] == [3, 1]
    wait_until(lambda: "slipway.experiment" in shop.call("models", "show", GOOD).out, "the tag of what was not better")
    assert "slipway.rollback" not in shop.call("models", "show", GOOD).out
    wait_until(lambda: "slipway.rollback" in shop.call("models", "show", SWAPPED).out, "the tag of what did harm")
    assert shop.call("rollout", "report", "--to", "report.html").code == 0
    html = (shop.project.folder / "report.html").read_text(encoding="utf-8")
    assert f"<h1>{SWAPPED} and :1</h1>" in html and "Improvement by check: :1" in html
    left = {one["version"]: one["left"] for one in last["experiment"]["versions"]}
    assert left[3] and not left[1]
    wait_until(lambda: set(shop.replicas()) and shop.status()["stable"]["weight"] == 100, "all at the stable version", seconds=30)
    with shop.customers() as customers:
        shop.deploy(SWAPPED, "--strategy", "rolling")
        last = shop.deploy(GOOD, OTHER, *EXPERIMENT, "--set", "deployment.experiment.promote=true")[-1]
    assert last["state"] == "serving" and last["stable"]["version"] in (1, 2)
    assert not customers.failures


def test_a_client_without_a_key_gets_a_cookie(shop):
    shop.deploy(GOOD)
    shop.deploy(OTHER, *EXPERIMENT, "--set", "deployment.canary.sticky.header=''", "--detach")
    wait_until(lambda: shop.status()["tried"] and shop.status()["tried"][0]["weight"] == 50, "the split", seconds=30)

    def come(cookie=None):
        connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=10)
        try:
            connection.request("POST", "/predict", json.dumps({"features": [0, 0, 0, 0]}),
                               {"Content-Type": "application/json", **({"Cookie": cookie} if cookie else {})})
            answer = connection.getresponse()
            return json.loads(answer.read())["version"], answer.getheader("Set-Cookie")
        finally:
            connection.close()

    met = set()
    for _ in range(20):
        version, given = come()
        assert given and given.startswith("slipway-version=")
        met.add(version)
        assert {come(given.split(";")[0])[0] for _ in range(5)} == {version}
    assert met == {"1", "2"}
    shop.rollout("abort")
    wait_until(lambda: shop.status()["state"] == "rolled back", "the end", seconds=30)


def test_what_makes_no_sense_is_refused(shop):
    text = shop.refuse("deploy", GOOD, "--env", "development", *EXPERIMENT, "--set", f"deployment.port={shop.port}")
    assert "serves nothing that an experiment could be compared with" in text
    shop.deploy(GOOD)
    here = ["--env", "development", "--set", f"deployment.port={shop.port}"]
    assert "can't be delivered at once" in shop.refuse("deploy", SWAPPED, OTHER, *here)
    assert "the stable version takes part by itself" in shop.refuse("deploy", OTHER, GOOD, *here, *EXPERIMENT)
    text = shop.refuse("deploy", OTHER, *here, *EXPERIMENT, "--set", "deployment.experiment.goal=outcome")
    assert "deployment.experiment" in text and "outcome" in text
    text = shop.refuse("deploy", OTHER, *here, *EXPERIMENT, "--set", "deployment.experiment.goal=joy")
    assert "accuracy" in text and "joy" in text
    assert "nothing to promote" in shop.refuse("rollout", "promote", "--version", "2")
    shop.deploy(OTHER, *EXPERIMENT, "--detach")
    wait_until(lambda: shop.status()["state"] == "trying out", "the experiment", seconds=30)
    assert "has not found a better version" in shop.refuse("rollout", "promote")
    assert "takes no part" in shop.refuse("rollout", "promote", "--version", "4")
    assert "is an experiment, whose shares stay as they are" in shop.refuse("rollout", "set-weight", "20")
    shop.rollout("promote", "--version", "2")
    wait_until(lambda: shop.status()["state"] == "serving" and shop.status()["stable"]["version"] == 2, "the chosen one", seconds=30)


def test_late_labels_of_old_predictions_decide_nothing(shop):
    """What did not happen is known late, and of the stable version's old predictions only: it is no worse for it."""
    shop.deploy(GOOD)
    rows = shop.customers().rows

    def predict(row, customer):
        status, answer = ask(shop.port, {"features": row}, customer=customer)
        assert status == 200, answer
        return answer["request_id"]

    def label(request, customer, truth):
        status, answer = ask(shop.port, {"request_id": request, "label": truth}, "/feedback", customer)
        assert (status, answer) == (200, {"accepted": 1})

    old = [(predict(row, f"old{number}"), f"old{number}") for number, (row, truth) in enumerate(rows[:300]) if truth == 0]
    shop.deploy(OTHER, *EXPERIMENT, "--set", "deployment.experiment.goal=outcome", "--set", "deployment.experiment.outcome='1'",
                "--set", "deployment.experiment.promote=true", "--set", "deployment.canary.dry_run=[predictions,accuracy]", "--detach")
    wait_until(lambda: shop.status()["tried"] and shop.status()["tried"][0]["weight"] == 50, "the split", seconds=30)
    time.sleep(1.5)  # The replicas have been told of the split with a look.
    for number in range(600):
        row, truth = rows[number % len(rows)]
        request = predict(row, f"new{number}")
        if truth == 1:
            label(request, f"new{number}", 1)
        if number < len(old):
            label(*old[number], 0)

    def result():
        [one] = shop.status()["experiment"]["versions"]
        found = one["result"]
        return found if found and found["labels"] >= 60 and found["stable_labels"] >= 60 else None

    found = wait_until(result, "labels of both", seconds=30)
    assert found["stable_value"] == found["value"] == 1, found
    assert found["verdict"] == "undecided" and shop.status()["state"] == "trying out"
    # A controller that is killed names the same split, and goes on.
    before = found["labels"]
    os.kill(shop.controller(), signal.SIGKILL)
    shop.call("up")
    row = next(row for row, truth in rows if truth == 1)
    for number in range(200):
        label(predict(row, f"more{number}"), f"more{number}", 1)
        label(*old[number % len(old)], 0)
    found = wait_until(lambda: (one := result()) and one["labels"] > before and one, "labels that came since", seconds=30)
    assert found["stable_value"] == found["value"] == 1, found
    shop.rollout("abort")
    wait_until(lambda: shop.status()["state"] == "rolled back", "the end", seconds=30)


def test_a_label_beyond_what_can_be_added_up_is_refused(shop):
    shop.deploy(GOOD)
    status, answer = ask(shop.port, {"features": [0, 0, 0, 0]})
    assert status == 200
    for size in (1e200, -1e200):
        status, told = ask(shop.port, {"request_id": answer["request_id"], "label": size}, "/feedback")
        assert status == 400 and "label: the number is too large: expected -1e+100 to 1e+100" in json.dumps(told), told
    assert ask(shop.port, {"request_id": answer["request_id"], "label": 1}, "/feedback") == (200, {"accepted": 1})
