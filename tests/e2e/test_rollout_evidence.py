"""What counts for or against a version: its answers to predictions, and those that it did not give."""
import collections
import contextlib
import http.client
import os
import signal
import threading

from rollouts import GOOD, OTHER, SWAPPED, ask, project_of_shop, shop, trained, wait_until  # noqa: F401

# Latencies of processes that are killed, beside tests that share the cores, say nothing.
BY_ERRORS = ["--set", 'deployment.canary.dry_run=["predictions","latency"]', "--set", "deployment.canary.thresholds={error_rate: 0.05}"]


@contextlib.contextmanager
def meanwhile(work, pause=0.0):
    """Calls `work` again and again beside what the `with` does."""
    ends = threading.Event()

    def run():
        while not ends.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                work()
            ends.wait(pause)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


def customers_at_once(shop, count, rate):
    """Several customers who ask at the same time."""
    stack = contextlib.ExitStack()
    return stack, [stack.enter_context(shop.customers(rate=rate)) for _ in range(count)]


def get(port, page):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", page)
        return connection.getresponse().read()
    finally:
        connection.close()


def met_by(shop, names):
    """Which version each of them meets."""
    return {name: ask(shop.port, {"features": [0, 0, 0, 0]}, customer=name)[1]["version"] for name in names}


def kill_one(shop, set_number):
    """kill -9 of a replica of that set, if there is one."""
    for name, pid in shop.replicas().items():
        if name.startswith(f"r{set_number}-"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return True
    return False


def test_probes_and_feedback_promote_nothing(shop):
    # The version is a bad one, and nobody asks it for a prediction.
    shop.deploy(GOOD)

    def probe():
        for page in ("/health", "/nonexistent", "/metrics"):
            get(shop.port, page)
        ask(shop.port, {"request_id": "nobody's", "label": 1}, "/feedback")

    with meanwhile(probe, pause=0.005):
        last = shop.deploy(SWAPPED, expect=1)[-1]
    assert (last["state"], last["stable"]["version"]) == ("paused", 1), last
    assert last["reason"].startswith("too few requests to judge by: 0 of 50")


def test_a_canary_that_dies_on_requests_is_rolled_back(shop):
    shop.deploy(GOOD)
    # Long ones, so that some are in flight whenever it dies.
    body = {"instances": [[0, 0, 0, 0]] * 400}
    statuses, answered, killed_at = collections.Counter(), collections.Counter(), [0]

    def come():
        status, answer = ask(shop.port, body)
        statuses[status] += 1
        answered[answer.get("version")] += 1

    def kill():
        if answered["2"] >= killed_at[0] + 20 and kill_one(shop, 2):
            killed_at[0] = answered["2"]

    with contextlib.ExitStack() as stack:
        for work, pause in [(come, 0.005)] * 8 + [(kill, 0.01)]:
            stack.enter_context(meanwhile(work, pause))
        last = shop.deploy(OTHER, "--set", "deployment.canary.stages=[50,100]", "--set", "deployment.canary.stage_seconds=60",
                           *BY_ERRORS, expect=1)[-1]
    assert killed_at[0] and (last["state"], last["stable"]["version"]) == ("rolled back", 1), last
    assert "errors worse by > 0.5 points: yes" in last["reason"] or "error_rate" in last["reason"]
    # Clients have noticed none of it: others answered.
    assert set(statuses) == {200}


def test_a_replica_that_is_killed_takes_no_version_back(shop):
    three = ["--set", "deployment.scaling_config.min_replicas=3"]
    shop.deploy(GOOD, *three)
    stack, customers = customers_at_once(shop, 6, rate=40)
    with stack:
        shop.deploy(OTHER, *three, *BY_ERRORS, "--set", "deployment.canary.stages=[50,100]", "--set",
                    "deployment.canary.stage_seconds=4", "--detach")
        wait_until(lambda: sum(one.versions["2"] for one in customers) > 100, "customers of the new version", seconds=30)
        assert kill_one(shop, 2)
        seen = sum(one.versions["2"] for one in customers)
        wait_until(lambda: sum(one.versions["2"] for one in customers) > seen + 100, "more of them", seconds=30)
        assert kill_one(shop, 1)
        last = shop.rollout("watch")
        assert last["stable"]["version"] == 2
        shop.deploy(GOOD, *three, *BY_ERRORS, "--strategy", "blue-green", "--set", "deployment.blue_green.watch_seconds=5", "--detach")
        wait_until(lambda: shop.version() == "1", "the switch", seconds=30)
        assert kill_one(shop, 3)
        last = shop.rollout("watch")
        assert last["stable"]["version"] == 1, last
    assert [failure for one in customers for failure in one.failures] == []


def test_who_leaves_an_experiment_moves_no_client_of_others(shop):
    shop.deploy(GOOD)
    experiment = ["--strategy", "experiment", "--set", "deployment.experiment.check_interval_seconds=0.5", "--set",
                  "deployment.experiment.min_labels=60"]
    shop.deploy(SWAPPED, OTHER, *experiment, "--detach")
    wait_until(lambda: shop.status()["state"] == "trying out", "the experiment", seconds=30)
    names = [f"again{number}" for number in range(60)]
    before = met_by(shop, names)
    assert set(before.values()) == {"1", "2", "3"}
    with shop.customers():
        wait_until(lambda: any(one["left"] for one in shop.status()["experiment"]["versions"]), "the bad version's end", seconds=60)
    wait_until(lambda: shop.status()["stable"]["weight"] > 60, "its share at the stable version")
    after = met_by(shop, names)
    assert {name: after[name] for name in names if before[name] != "3"} == {name: before[name] for name in names if before[name] != "3"}
    assert {after[name] for name in names if before[name] == "3"} == {"1"}
    # And who comes after a splitter was killed.
    os.kill(shop.splitter(), signal.SIGKILL)
    shop.answers()
    assert met_by(shop, names) == after
    shop.rollout("abort")
    wait_until(lambda: shop.status()["state"] == "rolled back", "the end", seconds=30)


def test_each_canary_meets_other_customers(shop):
    names = [f"c{number}" for number in range(80)]
    half = ["--set", "deployment.canary.stages=[50,100]", "--set", "deployment.canary.stage_seconds=60", "--detach"]

    def met_new():
        wait_until(lambda: shop.status()["weight"] == 50, "half of the traffic", seconds=30)
        return {name for name, version in met_by(shop, names).items() if version == "2"}

    shop.deploy(GOOD)
    shop.deploy(OTHER, *half)
    first = met_new()
    assert 20 < len(first) < 60
    shop.rollout("pause")
    assert met_new() == first
    shop.rollout("resume")
    assert met_new() == first
    shop.rollout("abort")
    wait_until(lambda: shop.status()["state"] == "rolled back", "the way back", seconds=30)
    shop.deploy(OTHER, *half)
    # Of those who met the first one half are spared.
    assert 0.2 * len(first) < len(met_new() & first) < 0.8 * len(first)
    shop.rollout("abort")
    wait_until(lambda: shop.status()["state"] == "rolled back", "the way back", seconds=30)
