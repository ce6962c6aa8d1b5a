#!/usr/bin/env python3
"""Requests lost or failed while versions of a real service on this machine come and go, and what minutes of that leave behind.

A constant load on the service's address, eight kept-alive connections of wrk and a thread that opens a connection for each request,
goes on through a deployment of each strategy, promote --full, abort, undo while the standby is warm, `kill -9` of the controller and of
a replica. Then --minutes at full rate with ten rollouts: memory and descriptors of what runs, and what is left after `slipway down`.

rollout_traffic.py [--minutes 10] [--only blue-green,undo,…] [--check]
Needs the Debian package wrk.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from measure import PEERS, SLIPWAY, Targets, median, require_program, run_project, write_project
from serve_speed import free_port

CONNECTIONS = 8
UNDO_MS, GROWTH_AT_MOST, DESCRIPTORS = 100, 1.1, 2
ROLLOUTS, UNDOS = 10, 5
ROWS, FEATURES = 5_000, 5
BODY = json.dumps({"features": [0.5, -1.25, 0.125, 2.0, -0.75]})
HEADERS = {"Content-Type": "application/json"}
# Short, so that a rollout takes seconds. Replicas, load and this script share the cores: latencies are told, and not acted on.
SETTINGS = {
    "canary.stages": "[25, 50, 100]", "canary.stage_seconds": 3, "canary.check_interval_seconds": 0.5,
    "canary.comparison.min_requests": 50, "canary.comparison.warmup_requests": 20, "canary.dry_run": '["predictions", "latency"]',
    "canary.scale_down_delay_seconds": 1, "blue_green.watch_seconds": 2, "blue_green.check_interval_seconds": 0.5,
    "blue_green.scale_down_delay_seconds": 30}


class Newcomers(threading.Thread):
    """Opens a connection for each request, until told to stop."""

    def __init__(self, port):
        super().__init__()
        self.port, self.over, self.answered, self.failures = port, threading.Event(), 0, []

    def run(self):
        while not self.over.wait(0.001):
            begun = time.time()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                with contextlib.closing(connection):
                    connection.request("POST", "/predict", BODY, HEADERS)
                    answer = connection.getresponse()
                    text = answer.read()
                if answer.status == 200:
                    self.answered += 1
                else:
                    self.failures.append(f"{begun:.3f}: {answer.status} {text[:200]!r}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{begun:.3f}: {error!r}")


class Load:
    """Both kinds of clients while the `with` lasts; then what they met."""

    def __init__(self, port, body):
        self.port, self.body = port, body

    def __enter__(self):
        self.wrk = subprocess.Popen(
            ["wrk", "-t1", f"-c{CONNECTIONS}", "-d36000s", "--timeout", "30s", "-s", str(PEERS / "post.lua"),
             f"http://127.0.0.1:{self.port}/predict", "--", str(self.body)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.newcomers = Newcomers(self.port)
        self.newcomers.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        time.sleep(0.5)
        self.newcomers.over.set()
        self.newcomers.join()
        self.wrk.send_signal(signal.SIGINT)  # It ends, and tells.
        kept = json.loads(self.wrk.communicate(timeout=60)[0].splitlines()[-1])
        self.answered = kept["answered"] + self.newcomers.answered
        self.lost = kept["non_2xx"] + kept["errors"] + len(self.newcomers.failures)
        self.story = (f"{kept['non_2xx']} answers without success and {kept['errors']} errors of wrk; of new connections: "
                      f"{self.newcomers.failures[:3] or 'none'}; longest {kept['max']:.0f} ms")


class Poller(threading.Thread):
    """Asks a thousand times a second which version answers; when `version` first did."""

    def __init__(self, port, version):
        super().__init__()
        self.port, self.version, self.over, self.at = port, version, threading.Event(), None

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            while self.at is None and not self.over.wait(0.001):
                connection.request("POST", "/predict", BODY, HEADERS)
                if json.loads(connection.getresponse().read()).get("version") == self.version:
                    self.at = time.perf_counter()


def resident_mb(pid):
    line = next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def command_of(pid):
    """The words of its command line; "" of one that has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(bytes(1), b" ").decode()
    except OSError:
        return ""


def processes_of(folder):
    """Whatever has the folder in its command line, environment or as its place, this script aside."""
    found, name = [], str(folder).encode()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes() + os.fsencode(os.readlink(process / "cwd"))
            if name in text:
                found.append(f"{process.name} {command_of(process.name)}")
    return found


class Service:
    """A real service of two versions in a folder of its own."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.up = folder / ".slipway" / "up"
        self.own = self.up / "bench-development"
        self.body = folder / "one.json"
        self.body.write_text(BODY)
        self.environment = os.environ | {"PWD": str(folder)}
        self.version = 0

    def train(self):
        table = self.folder / "table.csv"
        subprocess.run([sys.executable, PEERS / "make_data.py", str(ROWS), str(FEATURES), table], check=True)
        write_project(self.folder, table, {"model_type": "random_forest", "evaluation_metrics": ["accuracy"],
                                           "hyperparameters": {"n_estimators": 20, "max_depth": 6, "random_state": 42}})
        run_project(self.folder)
        run_project(self.folder, "--no-cache", "--set", "model.hyperparameters.random_state=7")

    def say(self, *words, expect=(0,)):
        command = [str(word) for word in (SLIPWAY, *words)]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        if done.returncode not in expect:
            raise RuntimeError(f"'{' '.join(command)}' ended with exit code {done.returncode}:\n{done.stdout[-3000:]}")
        return done.stdout

    def deploy(self, strategy, *flags, replicas=1, **settings):
        """The other version than the one that serves."""
        self.version = 2 if self.version == 1 else 1
        chosen = SETTINGS | {"port": self.port, "scaling_config.min_replicas": replicas, "scaling_config.max_replicas": replicas} | settings
        words = [word for key, value in chosen.items() for word in ("--set", f"deployment.{key}={value}")]
        return self.say("deploy", f"bench:{self.version}", "--env", "development", "--strategy", strategy, *words, *flags)

    def status(self):
        return json.loads(self.say("rollout", "status", "--output", "json", expect=(0, 1)))

    def wait(self, what, is_so, seconds=60):
        until = time.monotonic() + seconds
        while not is_so(status := self.status()):
            if time.monotonic() > until:
                raise RuntimeError(f"waited {seconds} s for {what}: {json.dumps(status)}\n{self.say('rollout', 'history')}")
            time.sleep(0.05)
        return status

    def begin_canary(self, **settings):
        """A canary that has traffic, and stays."""
        self.deploy("canary", "--detach", **({"canary.stage_seconds": 60} | settings))
        self.wait("the canary's share", lambda status: status["canary"] and status["canary"]["weight"] > 0)

    def ended(self, phase):
        self.wait(f"the rollout to be {phase}", lambda status: status["phase"] == phase)
        if phase == "rolled back":
            self.version = 2 if self.version == 1 else 1

    def pid(self, path):
        return int((self.up / path / "pid").read_text())

    def controller(self):
        return int((self.up / "controller.lock").read_text())

    def splitter(self):
        return self.pid(self.own / "splitter" / "splitter")

    def replicas(self):
        """Those that live; a pid of one that has ended may be somebody else's."""
        pids = [int(path.read_text()) for path in self.own.glob("replicas/*/pid")]
        return [pid for pid in pids if str(self.folder) in command_of(pid) and " serve " in command_of(pid)]

    def down(self):
        self.say("down")


class Bench:
    def __init__(self, options, folder):
        self.options, self.targets, self.service = options, Targets(), Service(folder)
        self.folder = folder

    def step(self, name, act, lost_at_most=0):
        """`act` beside the load."""
        load, begun = Load(self.service.port, self.service.body), time.perf_counter()
        with load:
            note = act()
        seconds = time.perf_counter() - begun
        bound = f"at most {lost_at_most} that were in flight" if lost_at_most else "none"
        self.targets.expect(f"{name}: {load.lost} of {load.answered + load.lost:,} requests lost or failed, {bound} ({seconds:.1f} s"
                            f"{', ' + note if note else ''})", load.lost <= lost_at_most)
        if load.lost:
            print(f"           {load.story}")

    # One step each, in this order; each begins with a stable version and ends with one.

    def blue_green(self):
        self.service.deploy("blue-green")

    def undo_once(self):
        """Milliseconds from the command's start to the first answer of the version before."""
        service, old = self.service, 2 if self.service.version == 1 else 1
        poller = Poller(service.port, str(old))
        poller.start()
        begun = time.perf_counter()
        try:
            service.say("rollout", "undo", expect=(0, 1))
            service.ended("completed")
            poller.join(10)
        finally:
            poller.over.set()
        service.version = old
        return 1000 * (poller.at - begun) if poller.at else float("inf")

    def undo(self):
        for _ in range(UNDOS):
            self.service.deploy("blue-green", **{"blue_green.watch_seconds": 0.5})
            self.undo_ms.append(self.undo_once())
        return f"{UNDOS} of them"

    def canary(self):
        self.service.deploy("canary")

    def rolling(self):
        self.service.deploy("rolling", replicas=3)

    def promote(self):
        self.service.begin_canary()
        self.service.say("rollout", "promote", "--full", expect=(0, 1))
        self.service.ended("completed")

    def abort(self):
        self.service.begin_canary()
        self.service.say("rollout", "abort", "--reason", "a trial")
        self.service.ended("rolled back")

    def kill_controller(self):
        service = self.service
        service.begin_canary(**{"canary.stage_seconds": 3})
        pid = service.controller()
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)
        service.say("up")
        service.ended("completed")
        return f"process {service.controller()} after {pid}"

    def kill_replica(self):
        service = self.service
        victim = service.replicas()[0]
        os.kill(victim, signal.SIGKILL)
        time.sleep(0.5)
        service.wait("a replica in its place", lambda status: status["stable"]["replicas"]["ready"] == status["stable"]["replicas"]["wanted"])
        return f"{len(service.replicas())} replicas again"

    def kill_replica_step(self):
        # Beside two others: who is alone leaves nobody to answer until it is up again.
        self.service.deploy("rolling", replicas=3)
        self.step("kill -9 of one of three replicas", self.kill_replica, CONNECTIONS + 1)

    def undo_step(self):
        self.undo_ms = []
        self.step("undo of a blue-green, standby warm", self.undo)
        self.service.deploy("blue-green", **{"blue_green.watch_seconds": 0.5})
        quiet = self.undo_once()
        middle = median(self.undo_ms)
        self.targets.expect(f"undo while warm: {middle:.0f} ms in the median from the command's start to the first answer "
                            f"({min(self.undo_ms):.0f} to {max(self.undo_ms):.0f}; {quiet:.0f} without load), at most {UNDO_MS}",
                            middle <= UNDO_MS)

    def steps(self):
        return {"blue-green": lambda: self.step("blue-green", self.blue_green), "undo": self.undo_step,
                "canary": lambda: self.step("canary", self.canary), "promote": lambda: self.step("promote --full", self.promote),
                "abort": lambda: self.step("abort", self.abort), "rolling": lambda: self.step("rolling, three replicas", self.rolling),
                "kill-controller": lambda: self.step("kill -9 of the controller in mid-rollout", self.kill_controller),
                "kill-replica": self.kill_replica_step}

    def guarded(self, name, step):
        """A step that does not get where it should is a miss, and the rest is measured all the same."""
        try:
            step()
        except RuntimeError as error:
            self.targets.expect(f"{name}: {error}", False)
            with contextlib.suppress(RuntimeError):
                self.service.say("rollout", "abort", expect=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
            with contextlib.suppress(RuntimeError):
                self.service.version = self.service.status()["stable"]["version"]

    def resident(self):
        service = self.service
        return {"controller": resident_mb(service.controller()), "splitter": resident_mb(service.splitter()),
                "replicas": max(map(resident_mb, service.replicas()))}

    def at_rest(self):
        """Descriptors without load, but behind some: the splitter keeps as many connections to replicas as it had use for."""
        with Load(self.service.port, self.service.body):
            time.sleep(1)
        time.sleep(2)
        return {"controller": descriptors(self.service.controller()), "splitter": descriptors(self.service.splitter())}

    def endurance(self):
        seconds, expect = 60 * self.options.minutes, self.targets.expect
        self.service.deploy("blue-green", **{"blue_green.scale_down_delay_seconds": 1})
        before, samples, pause = self.at_rest(), [], seconds / ROLLOUTS
        load = Load(self.service.port, self.service.body)
        begun = time.monotonic()
        with load:
            for number in range(ROLLOUTS):
                until = begun + pause * (number + 1)
                strategy = ("blue-green", "canary", "rolling")[number % 3]
                self.guarded(f"rollout {number + 1}", lambda: self.service.deploy(
                    strategy, **{"canary.stage_seconds": min(3, pause / 6), "blue_green.scale_down_delay_seconds": 1}))
                while (left := until - time.monotonic()) > 0:
                    time.sleep(min(left, 1))
                    samples.append(self.resident())
        expect(f"{self.options.minutes:g} minutes at full rate with {ROLLOUTS} rollouts: {load.lost} of {load.answered + load.lost:,} requests "
               f"lost or failed, none ({load.answered / seconds:,.0f} a second)", load.lost == 0)
        if load.lost:
            print(f"           {load.story}")
        fifth = max(len(samples) // 5, 1)
        for name in samples[0]:
            first, last = (max(sample[name] for sample in part) for part in (samples[:fifth], samples[-fifth:]))
            expect(f"{name}: {last:.1f} MB resident in the last fifth, {first:.1f} in the first: at most {GROWTH_AT_MOST} ×",
                   last <= GROWTH_AT_MOST * first)
        after = self.at_rest()
        for name, count in after.items():
            expect(f"{name}: {count} descriptors at rest, {before[name]} before, within {DESCRIPTORS}", abs(count - before[name]) <= DESCRIPTORS)

    def run(self):
        names = self.options.only.split(",") if self.options.only else list(self.steps())
        if unknown := [name for name in names if name not in self.steps()]:
            sys.exit(f"--only: no step '{unknown[0]}'; expected some of {', '.join(self.steps())}")
        self.service.train()
        try:
            self.service.deploy("rolling")
            for name in names:
                self.guarded(name, self.steps()[name])
            if self.options.minutes > 0:
                self.guarded("endurance", self.endurance)
        finally:
            self.guarded("down", self.service.down)
            time.sleep(1)
            left = processes_of(self.folder)
            for one in left:  # Of this folder, which is removed.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(one.split()[0]), signal.SIGKILL)
        self.targets.expect(f"{len(left)} processes left after `slipway down`, none{': ' + '; '.join(left) if left else ''}", not left)
        self.targets.finish(self.options.check)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2, help="of the endurance part; 0 for none")
    parser.add_argument("--only", default="", help="these steps")
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    require_program()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed; try 'apt-get install wrk'")
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        Bench(options, pathlib.Path(name)).run()


if __name__ == "__main__":
    main()
