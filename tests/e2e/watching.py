"""What the tests of the steady watch share: a service that is watched, and those who are told of it."""
import collections
import contextlib
import http.client
import http.server
import json
import os
import re
import signal
import threading
import time

import pytest
from conftest import ROOT, basic_config
from rollouts import DEPLOYMENT, FEATURES, Shop, processes_of, wait_until

WEBHOOK_SECRET = "a-secret-of-the-signature"
PATH_SECRET = "T0KEN-0F-THE-URL"  # The path of a URL that is all it takes to write to a channel.


def documented(name):
    """A function that docs/monitoring.md shows to receivers."""
    [block] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/monitoring.md").read_text(encoding="utf-8"), re.DOTALL)
    scope = {}
    exec(block, scope)  # pylint: disable=exec-used
    return scope[name]


class Message:
    """One POST that came."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.json = json.loads(body)

    @property
    def event(self):
        return self.json["event"]

    @property
    def id(self):
        return self.json["id"]


class Receiver:
    """Listens for messages; away, out of order or silent where it is told to be."""

    def __init__(self, status=200):
        self.messages, self.refused, self.status = [], [], status
        self.silent = threading.Event()  # Takes messages, and answers none.
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message = Message(self.path, dict(self.headers), body)
                status = receiver.status
                (receiver.messages if status == 200 else receiver.refused).append(message)
                if receiver.silent.is_set():
                    while receiver.silent.is_set():
                        time.sleep(0.02)
                    self.close_connection = True
                    return
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._handler = Handler
        self._server = None
        self.open()
        self.port = self._server.server_port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hooks/{PATH_SECRET}"

    def open(self, port=0):
        """Listens; at the same port, where it was closed."""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def reopen(self):
        self.open(self.port)

    def events(self):
        return [message.event for message in self.messages]

    def of(self, event):
        """The messages of that event, once there is one."""
        return [message for message in self.messages if message.event == event]

    def ids(self, event):
        return {message.id for message in self.of(event)}


class Watched(Shop):
    """The service of a project whose configuration says what is watched, and who is told."""

    def __init__(self, project):
        super().__init__(project)
        self.webhook, self.slack = Receiver(), Receiver()
        self.env = {"WATCH_HOOK": self.webhook.url, "WATCH_SLACK": self.slack.url, "SLIPWAY_WEBHOOK_SECRET": WEBHOOK_SECRET}
        self.targets = [{"type": "webhook", "url": "${WATCH_HOOK}"}]

    def configure(self, monitoring, **changes):
        """As of the next deployment, and of the next run."""
        section = basic_config(**changes)["development"]
        section["deployment"] = {**DEPLOYMENT, "port": self.port, "monitoring_config": monitoring}
        section["notifications"] = self.targets
        self.project.write_config({"development": section})

    def call(self, *words, **options):
        return super().call(*words, **{"env": self.env, **options})

    def told(self, event, seconds=60):
        """The first message of that event."""
        return wait_until(lambda: self.webhook.of(event), f"{event!r}", seconds)[0]

    def log(self):
        return (self.up / "controller/controller/log").read_text()

    def alerts(self):
        """Those that are open."""
        return self.status()["alerts"]

    def break_down(self):
        """Ends the replicas, so that requests fail until others are there."""
        for pid in self.replicas().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_controller(self):
        pid = self.controller()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in processes_of(self.project.folder), "the end of the controller")

    def runs(self):
        """How many runs were begun."""
        return len(self.call("runs", "list", "--output", "json").last)

    def outputs(self):
        """All that a person can ask about it."""
        asked = (["rollout", "status"], ["rollout", "history"], ["rollout", "report", "--format", "html", "--to", "-"],
                 ["rollout", "report", "--format", "json", "--to", "-"], ["rollout", "list"], ["config", "show", "--env", "development"],
                 ["models", "list"], ["runs", "list"])
        answers = [self.call(*words) for words in asked]
        return "\n".join(answer.out + answer.err for answer in answers)

    def check_secrets(self):
        """No secret stands in what is kept, logged, told or passed on as an argument."""
        secrets = (PATH_SECRET, WEBHOOK_SECRET, str(self.webhook.port) + "/hooks")
        texts = {"outputs": self.outputs(), "arguments": "\n".join(processes_of(self.project.folder).values())}
        for path in self.project.folder.rglob("*"):
            if path.is_file():
                texts[path] = path.read_bytes().decode(errors="replace")
        found = [(where, secret) for where, text in texts.items() for secret in secrets if secret in text]
        assert not found, found


@pytest.fixture
def watched(project_of_shop):
    service = Watched(project_of_shop)
    yield service
    service.check_secrets()
    for receiver in (service.webhook, service.slack):
        with contextlib.suppress(OSError):
            receiver.close()


def swapped(table):
    """A world in which all is the other way round."""
    return table.assign(target=1 - table["target"])


def ask_in_bulk(port, table, rows, rows_a_request=100):
    """Asks about so many rows of the table, over two connections; the versions that answered."""
    records = table[FEATURES].astype(object).where(table[FEATURES].notna(), None).to_dict("records")
    versions, count = collections.Counter(), rows // rows_a_request

    def come(numbers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for number in numbers:
            first = number * rows_a_request % len(records)
            instances = (records + records)[first:first + rows_a_request]
            connection.request("POST", "/predict", json.dumps({"instances": instances}), {"X-Customer": f"b{number}"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            versions[json.loads(body)["version"]] += 1
        connection.close()

    threads = [threading.Thread(target=come, args=(range(place, count, 2),)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions.total() == count
    return versions
