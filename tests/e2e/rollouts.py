"""What the tests of `slipway deploy` and `slipway rollout` share: a project with versions, a service of it, and customers."""
import collections
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import threading
import time

import pytest
from conftest import BINARY, Project, basic_config, number_table

FEATURES = ["feature1", "feature2", "feature3", "feature4"]

# Stages of seconds; a customer stays with one version.
DEPLOYMENT = {
    "deployment_strategy": "canary",
    "service_name": "shop",
    "canary": {"stages": [25, 100], "stage_seconds": 3, "check_interval_seconds": 0.5, "ready_timeout_seconds": 20,
               "sticky": {"header": "X-Customer"}, "comparison": {"min_requests": 50, "warmup_requests": 20}},
    "blue_green": {"watch_seconds": 1, "check_interval_seconds": 0.5, "scale_down_delay_seconds": 30, "ready_timeout_seconds": 20},
    "rolling": {"progress_deadline_seconds": 20, "watch_seconds": 1},
}
GOOD, OTHER, SWAPPED, REFUSED = (f"ml-classifier:{number}" for number in (1, 2, 3, 4))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def takes(listener, port):
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        return True
    except OSError:
        return False


def train_versions(folder):
    """GOOD and OTHER predict well; SWAPPED learnt from swapped labels, which its gates can't notice; REFUSED failed a gate."""
    project = Project(folder)
    table = number_table()
    project.write_table(table)
    project.write_table(table.assign(target=1 - table["target"]), "data/swapped.csv")
    development = {**basic_config()["development"], "deployment": DEPLOYMENT}
    project.write_config({name: development for name in ("development", "staging", "production")})
    project.run()
    project.run("--set", "model.hyperparameters.n_estimators=30")
    project.run("--data", "data/swapped.csv")
    project.run("--set", "model.performance_thresholds.accuracy=1", expect=1)
    return project


def processes_of(folder):
    """Ids and command lines of the program's processes that work in this folder or on it."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            here = pathlib.Path(os.readlink(entry / "cwd")).is_relative_to(folder)
            if words[0] == str(BINARY) and (here or any(str(folder) in word for word in words)):
                found[int(entry.name)] = " ".join(words)
    return found


def wait_until(condition, what, seconds=10):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return found


def ask(port, body, page="/predict", customer=None, timeout=10):
    """One request on a connection of its own: status and JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {"Content-Type": "application/json", **({"X-Customer": customer} if customer else {})}
        connection.request("POST", page, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


class Customers:
    """Ask about one row after the other, in the background, and say afterwards what was true of it."""

    def __init__(self, port, table, rate=200):
        self.port, self.rate = port, rate
        self.rows = [({name: row[name] for name in FEATURES}, int(row["target"]))
                     for row in table.astype(object).where(table.notna(), None).to_dict("records")]
        self.versions = collections.Counter()
        self.failures = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._come)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    def _come(self):
        begun, count = time.monotonic(), 0
        while not self._ends.is_set():
            row, label = self.rows[count % len(self.rows)]
            try:
                status, answer = ask(self.port, {"features": row}, customer=f"c{count}")
                if status == 200:
                    self.versions[answer["version"]] += 1
                    ask(self.port, {"request_id": answer["request_id"], "label": label}, "/feedback", f"c{count}")
                else:
                    self.failures.append((status, answer))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(repr(error))
            count += 1
            self._ends.wait(max(0.0, begun + count / self.rate - time.monotonic()))


class Shop:
    """The service "shop-ENV" of a project."""

    def __init__(self, project, environment="development"):
        self.project, self.environment = project, environment
        self.port = free_port()
        self.table = number_table()
        self.name = f"shop-{environment}"
        self.up = project.folder / ".slipway/up"

    def call(self, *words, **options):
        return self.project.call(*words, **options)

    def deploy(self, reference, *words, expect=0, port=None, **options):
        """`slipway deploy`, to its end: its events, the last of them how it stands."""
        answer = self.call("deploy", reference, "--env", self.environment, "--output", "json", "--set",
                           f"deployment.port={port or self.port}", *words, **options)
        assert answer.code == expect, f"exit {answer.code}\n{answer.err}\n{answer.out[-2000:]}"
        return answer.lines if expect in (0, 1) else answer

    def rollout(self, *words, expect=0):
        answer = self.call("rollout", *words, "--output", "json")
        assert answer.code == expect, f"exit {answer.code}\n{answer.err}\n{answer.out[-2000:]}"
        return answer.last

    def status(self):
        """How it stands, whatever the exit code."""
        return self.call("rollout", "status", self.name, "--output", "json").last

    def refuse(self, *words, code=2):
        """What the command says where it must not do it."""
        answer = self.call(*words)
        assert answer.code == code, f"exit {answer.code}\n{answer.err}\n{answer.out[-2000:]}"
        assert answer.err.startswith("error: ")
        return answer.err

    def version(self):
        """Which version answers."""
        return ask(self.port, {"features": [0, 0, 0, 0]})[1]["version"]

    def answers(self, port=None):
        """The answer, once there is one."""
        def try_it():
            try:
                status, answer = ask(port or self.port, {"features": [0, 0, 0, 0]}, timeout=2)
                return answer if status == 200 else None
            except (OSError, http.client.HTTPException):
                return None
        return wait_until(try_it, "an answer of the service")

    def customers(self, **options):
        return Customers(self.port, self.table, **options)

    def controller(self):
        # Who takes over empties it before he writes.
        return int(wait_until(lambda: (self.up / "controller.lock").read_text(), "who controls"))

    def replicas(self):
        return {path.parent.name: int(path.read_text()) for path in (self.up / self.name / "replicas").glob("*/pid")}

    def splitter(self):
        return int((self.up / self.name / "splitter/splitter/pid").read_text())


def end_all(folder):
    """Ends what a test left, by its id, and says what it was."""
    left = processes_of(folder)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return left


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    return train_versions(tmp_path_factory.mktemp("shop") / "project").folder


@contextlib.contextmanager
def that_ends(folder):
    """The project there, in which nothing runs any more when the `with` has ended."""
    project = Project(folder)
    try:
        yield project
        if (folder / ".slipway/up").exists():
            down = project.call("down")
            assert down.code == 0, down.err
        # A controller that was told to end is still on its way.
        wait_until(lambda: not processes_of(folder), f"the end of {processes_of(folder)}", seconds=5)
    finally:
        end_all(folder)


@pytest.fixture
def project_of_shop(trained, tmp_path):
    """A copy of the project."""
    folder = tmp_path / "project"
    shutil.copytree(trained, folder)
    with that_ends(folder) as project:
        yield project


@pytest.fixture
def shop(project_of_shop):
    return Shop(project_of_shop)
