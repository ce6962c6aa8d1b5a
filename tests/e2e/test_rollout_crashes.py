"""A delivery whose processes are killed: what serves goes on, and what was going on is taken up again."""
import os
import signal

from rollouts import GOOD, OTHER, SWAPPED, end_all, processes_of, project_of_shop, shop, trained, wait_until  # noqa: F401


def test_a_controller_that_is_killed_takes_nothing_with_it(shop):
    shop.deploy(GOOD)
    with shop.customers() as customers:
        shop.deploy(OTHER, "--detach")
        wait_until(lambda: customers.versions["2"] > 20, "customers of the new version")
        weight = shop.status()["weight"]
        before = (shop.replicas(), shop.splitter())
        os.kill(shop.controller(), signal.SIGKILL)
        seen = customers.versions.total()
        wait_until(lambda: customers.versions.total() > seen + 50, "more customers")
        status = shop.status()
        assert not status["controller_runs"] and status["weight"] == weight
        assert "slipway up" in shop.refuse("rollout", "watch", code=3)
        assert shop.call("up").code == 0
        assert (shop.replicas(), shop.splitter()) == before
        assert shop.rollout("watch")["stable"]["version"] == 2
    assert not customers.failures


def test_a_replica_that_is_killed_comes_back(shop):
    shop.deploy(GOOD)
    [before] = shop.replicas().values()
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: shop.replicas() and before not in shop.replicas().values(), "another replica")
    assert shop.answers()["version"] == "1"


def test_one_of_two_replicas_is_not_missed(shop):
    shop.deploy(GOOD, "--set", "deployment.scaling_config.min_replicas=2")
    with shop.customers() as customers:
        wait_until(lambda: customers.versions["1"] > 20, "customers")
        victim = next(iter(shop.replicas().values()))
        os.kill(victim, signal.SIGKILL)
        seen = customers.versions.total()
        wait_until(lambda: customers.versions.total() > seen + 100, "more customers")
        wait_until(lambda: len(shop.replicas()) == 2 and victim not in shop.replicas().values(), "two replicas again")
    # Only what was in flight on it.
    assert len(customers.failures) <= 1


def test_a_splitter_that_is_killed_comes_back_at_its_address(shop):
    shop.deploy(GOOD)
    before = shop.splitter()
    os.kill(before, signal.SIGKILL)
    assert shop.answers()["version"] == "1"
    assert shop.splitter() != before


def test_down_leaves_nothing_and_up_brings_back_what_was_stable(shop):
    shop.deploy(GOOD)
    shop.deploy(OTHER, "--strategy", "blue-green")
    shop.deploy(SWAPPED, "--detach")
    down = shop.call("down")
    assert down.code == 0 and f"{shop.name} is down" in down.out
    wait_until(lambda: not processes_of(shop.project.folder), "the end of all processes", seconds=5)
    assert shop.status()["state"] == "down"
    assert shop.call("down").code == 0
    assert shop.call("up").code == 0
    assert shop.answers()["version"] == "2"


def test_everything_killed_at_once_comes_up_again(shop):
    shop.deploy(GOOD)
    assert len(end_all(shop.project.folder)) == 3
    assert shop.call("up").code == 0
    assert shop.answers()["version"] == "1"
