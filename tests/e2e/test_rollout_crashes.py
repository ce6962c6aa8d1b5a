"""A delivery whose processes are killed: what serves goes on, and what was going on is taken up again."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest
from conftest import BINARY
from rollouts import (GOOD, OTHER, SWAPPED, Shop, ask, end_all, free_port, processes_of, project_of_shop, shop,  # noqa: F401
                      takes, trained, wait_until)


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


def test_a_replica_that_hangs_is_replaced(shop):
    shop.deploy(GOOD, "--set", "deployment.scaling_config.min_replicas=2")
    victim = next(iter(shop.replicas().values()))
    os.kill(victim, signal.SIGSTOP)
    wait_until(lambda: len(shop.replicas()) == 2 and victim not in shop.replicas().values(), "another replica", seconds=40)
    assert shop.answers()["version"] == "1"
    assert not pathlib.Path(f"/proc/{victim}").exists()


def test_a_splitter_that_hangs_is_replaced_and_holds_up_no_other_service(shop):
    other = Shop(shop.project, "staging")
    for each in (shop, other):
        each.deploy(GOOD)
    hung = shop.splitter()
    os.kill(hung, signal.SIGSTOP)
    other.deploy(OTHER, "--detach", "--strategy", "blue-green", "--set", "deployment.blue_green.watch_seconds=60")
    wait_until(lambda: other.version() == "2", "the switch of the other service", seconds=30)
    assert other.call("rollout", "abort", other.name).code == 0
    wait_until(lambda: other.version() == "1", "the other service's way back", seconds=30)
    wait_until(lambda: not pathlib.Path(f"/proc/{hung}").exists(), "its end", seconds=40)
    assert shop.answers()["version"] == "1"


def test_down_ends_a_splitter_that_hangs(shop):
    shop.deploy(GOOD)
    os.kill(shop.splitter(), signal.SIGSTOP)
    assert shop.call("down").code == 0
    wait_until(lambda: not processes_of(shop.project.folder), "the end of all processes", seconds=5)


def test_down_needs_no_controller_that_lives_on(shop):
    shop.deploy(GOOD)
    # A replica that hangs keeps it waiting.
    [replica] = shop.replicas().values()
    os.kill(replica, signal.SIGSTOP)
    down = subprocess.Popen([str(BINARY), "down"], cwd=shop.project.folder, stdout=subprocess.PIPE, text=True)
    before = shop.controller()
    wait_until(lambda: shop.call("rollout", "status", shop.name, "--output", "json").last["state"] == "down", "that it is told")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: shop.controller() != before, "another controller")
    os.kill(replica, signal.SIGCONT)
    assert down.communicate(timeout=60)[0] and down.returncode == 0
    wait_until(lambda: not processes_of(shop.project.folder), "the end of all processes", seconds=5)


def test_an_address_that_is_taken_is_told_and_waited_for(shop):
    shop.deploy(GOOD)
    os.kill(shop.controller(), signal.SIGSTOP)
    os.kill(shop.splitter(), signal.SIGKILL)
    started = set()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_until(lambda: takes(taken, shop.port), "the address")
        os.kill(shop.controller(), signal.SIGCONT)

        def trouble():
            with contextlib.suppress(OSError, ValueError):
                started.add(shop.splitter())
            return json.loads((shop.up / shop.name / "seen.json").read_text())["traffic_trouble"]
        wait_until(lambda: "the splitter ended" in trouble() and str(shop.port) in trouble(), "why nobody is served")
        ends = time.monotonic() + 4
        while time.monotonic() < ends:
            trouble()
        status = shop.call("rollout", "status", shop.name, "--output", "json")
        assert status.code == 3 and str(shop.port) in status.last["traffic_trouble"]
        # One at once, then after 1, 2 and 4 s.
        assert len(started) <= 5
        assert shop.call("down").code == 0
        refused = shop.call("up")
        assert refused.code != 0 and f"{shop.name} can't come up" in refused.err and str(shop.port) in refused.err
    assert shop.call("up").code == 0
    assert shop.answers()["version"] == "1"


def test_after_half_of_a_down_it_is_deployed_at_another_address(shop):
    shop.deploy(GOOD)
    before = shop.splitter()
    # What runs goes on, told that it is down and with nobody to end it.
    os.kill(shop.controller(), signal.SIGSTOP)
    with subprocess.Popen([str(BINARY), "down"], cwd=shop.project.folder) as down:
        wait_until(lambda: shop.call("rollout", "status", shop.name, "--output", "json").last["state"] == "down", "that it is told")
        down.kill()
    os.kill(shop.controller(), signal.SIGKILL)
    port = free_port()
    shop.deploy(OTHER, "--detach", "--strategy", "blue-green", port=port)
    assert shop.answers(port)["version"] in ("1", "2")
    assert shop.splitter() != before
    with pytest.raises(OSError):
        ask(shop.port, {"features": [0, 0, 0, 0]})


def test_whatever_was_written_to_logs_a_controller_finds_its_processes(shop):
    shop.deploy(GOOD)
    logs = [*(shop.up / shop.name / "replicas").glob("*/log"), shop.up / shop.name / "splitter/splitter/log"]
    assert len(logs) == 2
    for log in logs:
        with log.open("a") as file:
            file.write("warning: the prediction log can not be written: no space left on device\n" * 1000)
    before = shop.replicas(), shop.splitter()
    with shop.customers() as customers:
        os.kill(shop.controller(), signal.SIGKILL)
        assert shop.call("up").code == 0
        seen = customers.versions.total()
        wait_until(lambda: customers.versions.total() > seen + 400, "customers of the new controller")
    assert not customers.failures
    assert (shop.replicas(), shop.splitter()) == before


def test_a_version_that_a_service_needs_is_not_deleted(shop):
    shop.deploy(GOOD)
    shop.deploy(OTHER, "--strategy", "blue-green")
    assert f"{OTHER} is stable in {shop.name}" in shop.refuse("models", "delete", OTHER, "--yes")
    told = shop.refuse("models", "delete", GOOD, "--yes")
    assert f"{GOOD} is kept ready for an undo of {shop.name} and is revision 1 of {shop.name}" in told
    assert shop.call("models", "delete", SWAPPED, "--yes").code == 0
    assert shop.call("models", "delete", GOOD, "--yes", "--force").code == 0
