"""Rolling: replicas that die while they are exchanged, numbers that a new version raises, and the watch at its end."""
import contextlib
import os
import signal
import time

from rollouts import GOOD, OTHER, project_of_shop, shop, trained, wait_until  # noqa: F401

ROLLING = ["--strategy", "rolling"]
TWO = [*ROLLING, "--set", "deployment.scaling_config.min_replicas=2"]
SLOWLY = ["--set", "deployment.rolling.min_ready_seconds=3"]


def of_set(shop, number):
    return {name: pid for name, pid in shop.replicas().items() if name.startswith(f"r{number}-")}


def kill(replicas):
    for pid in replicas.values():
        os.kill(pid, signal.SIGKILL)


def comes_back(shop, number, count, killed):
    wait_until(lambda: len(of_set(shop, number)) == count and not set(killed.values()) & set(of_set(shop, number).values()),
               f"{count} other replicas of set {number}", seconds=20)


def test_replicas_that_die_while_it_is_paused_are_started_again(shop):
    shop.deploy(GOOD, *TWO)
    shop.deploy(OTHER, "--detach", *TWO, *SLOWLY)
    wait_until(lambda: shop.status()["weight"] > 0, "traffic of the first new replica")
    shop.rollout("pause")
    old, new = of_set(shop, 1), of_set(shop, 2)
    assert len(old) == 2 and len(new) == 1
    kill(old)
    comes_back(shop, 1, 2, old)
    # And all at once.
    everything = shop.replicas()
    kill(everything)
    comes_back(shop, 1, 2, everything)
    comes_back(shop, 2, 1, everything)
    assert shop.answers()["version"] in "12"
    shop.rollout("resume")
    assert shop.rollout("watch")["stable"]["version"] == 2
    wait_until(lambda: len(shop.replicas()) == 2, "two replicas and no more")


def test_an_old_replica_that_dies_while_others_come_is_started_again(shop):
    shop.deploy(GOOD, *TWO)
    shop.deploy(OTHER, "--detach", *TWO, *SLOWLY)
    wait_until(lambda: of_set(shop, 2), "the first new replica")
    old = of_set(shop, 1)
    kill(old)
    comes_back(shop, 1, 2, old)
    assert shop.rollout("watch")["stable"]["version"] == 2


def test_a_version_that_is_to_have_more_replicas_has_them_before_it_is_stable(shop):
    shop.deploy(GOOD, *ROLLING)
    *events, last = shop.deploy(OTHER, *ROLLING, "--set", "deployment.scaling_config.min_replicas=3")
    assert "3 of 3 replicas are new" in [event["text"] for event in events]
    assert last["stable"]["replicas"] == {"ready": 3, "wanted": 3}


def test_it_is_watched_once_it_serves_alone(shop):
    shop.deploy(GOOD, *ROLLING)
    shop.deploy(OTHER, "--detach", *ROLLING, "--set", "deployment.rolling.watch_seconds=60", "--set",
                "deployment.rolling.progress_deadline_seconds=600")
    wait_until(lambda: shop.status()["state"] == "watched", "the watch")
    assert shop.status()["weight"] == 100 and 30 < shop.status()["stage"]["seconds_left"] <= 60
    [new] = of_set(shop, 2).values()
    with shop.customers(rate=50):
        time.sleep(2)
        os.kill(new, signal.SIGSTOP)
        try:
            # What it gets is answered by nobody: the version before comes up again.
            wait_until(lambda: shop.status()["phase"] == "rolled back", "version 1 again", seconds=60)
        finally:
            # It may have been killed for that.
            with contextlib.suppress(ProcessLookupError):
                os.kill(new, signal.SIGCONT)
    assert shop.version() == "1"
