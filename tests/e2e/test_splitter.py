"""`slipway splitter` as a process: what its controller tells it outlives it, and its clients notice no end."""
import contextlib
import http.client
import http.server
import json
import os
import resource
import signal
import socket
import subprocess
import threading
import time

from conftest import BINARY

TOKEN = "0123456789abcdef" * 2
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Splitter:
    """On free ports, ended by its id."""

    def __init__(self, folder, *arguments, token=TOKEN, descriptors=None):
        environment = {**os.environ, "SLIPWAY_SPLITTER_TOKEN": token}
        command = [str(BINARY), "splitter", "--output", "json", "--port", "0", "--threads", "1", "--routes", "state/routes.json"]
        limit = descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)))
        self.process = subprocess.Popen([*command, *map(str, arguments)], cwd=folder, env=environment, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, preexec_fn=limit)
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.event = json.loads(line)

    @staticmethod
    def _ask(url, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers

    def ask(self, path="/", headers=None):
        return self._ask(self.event["url"], "GET", path, None, headers)

    def control(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body)
        status, text, _ = self._ask(self.event["control"], method, path, data, BEARER if headers is None else headers)
        return status, json.loads(text)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        _, error = self.process.communicate(timeout=30)
        return self.process.returncode, error


@contextlib.contextmanager
def splitting(folder, *arguments, **options):
    splitter = Splitter(folder, *arguments, **options)
    try:
        yield splitter
    finally:
        if splitter.process.poll() is None:
            splitter.end(signal.SIGKILL)


@contextlib.contextmanager
def replica(name):
    """Answers its name; "/slow" after a while."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path == "/slow":
                time.sleep(1)
            self.send_response(200)
            self.send_header("Content-Length", str(len(name)))
            self.end_headers()
            self.wfile.write(name.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def version(name, weight, port):
    return {"id": name, "weight": weight, "replicas": [{"host": "127.0.0.1", "port": port}]}


def test_what_it_was_told_outlives_it(tmp_path):
    with replica("old") as old, replica("new") as new:
        with splitting(tmp_path) as splitter:
            first = splitter.event
            assert splitter.ask()[0] == 503
            routes = {"versions": [version("8", 30, new), version("7", 70, old)], "sticky": {"cookie": "who"}}
            assert splitter.control("PUT", "/routes", routes)[0] == 200
            answers = [splitter.ask() for _ in range(60)]
            assert {text for _, text, _ in answers} == {"old", "new"}
            splitter.end(signal.SIGKILL)
        with splitting(tmp_path) as splitter:
            assert splitter.event["instance"] != first["instance"]
            # Who was given a cookie by the one that is gone stays where he was.
            for _, text, headers in answers:
                cookie = headers["Set-Cookie"].split(";")[0]
                assert splitter.ask(headers={"Cookie": cookie})[1] == text
            status, snapshot = splitter.control("GET", "/snapshot")
            assert status == 200 and snapshot["instance"] == splitter.event["instance"]
            assert sum(each["others"]["requests"] for each in snapshot["versions"]) == 60
            assert splitter.control("GET", "/drained?version=7") == (200, {"version": "7", "drained": False})
            assert splitter.control("PUT", "/routes", {"versions": [version("8", 1, new)]})[0] == 200
            assert splitter.control("GET", "/drained?version=7")[1]["drained"]


def test_what_has_begun_is_answered_at_its_end(tmp_path):
    with replica("it") as port, splitting(tmp_path) as splitter:
        splitter.control("PUT", "/routes", {"versions": [version("7", 1, port)]})
        answers = []
        asking = threading.Thread(target=lambda: answers.append(splitter.ask("/slow")))
        asking.start()
        while splitter.control("GET", "/snapshot")[1]["in_flight"] == 0:
            time.sleep(0.01)
        code, error = splitter.end()
        asking.join()
        assert (code, error) == (0, "")
        assert answers[0][:2] == (200, "it")


def test_orders_come_through_whatever_clients_do(tmp_path):
    with replica("old") as old, replica("new") as new, splitting(tmp_path, descriptors=200) as splitter:
        assert splitter.control("PUT", "/routes", {"versions": [version("7", 1, old)]})[0] == 200
        address = splitter.event["url"].removeprefix("http://").split(":")
        idle = [socket.create_connection(address) for _ in range(260)]
        try:
            assert splitter.ask()[:2] == (200, "old")
            assert splitter.control("PUT", "/routes", {"versions": [version("8", 1, new)]})[0] == 200
            assert splitter.ask()[:2] == (200, "new")
            assert splitter.control("GET", "/snapshot")[1]["connections"] < 60
            # Who came last is still there.
            idle[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert idle[-1].recv(100).startswith(b"HTTP/1.1 200 ")
        finally:
            for one in idle:
                one.close()


def test_a_silent_server_is_given_up_in_time(tmp_path):
    with replica("it") as port, splitting(tmp_path, "--answer-timeout", 0.1) as splitter:
        splitter.control("PUT", "/routes", {"versions": [version("7", 1, port)]})
        status, text, _ = splitter.ask("/slow")
        assert (status, text) == (504, '{"error":"the replica did not answer in time"}')


def test_wrong_calls(tmp_path):
    with splitting(tmp_path) as splitter:
        assert splitter.control("GET", "/snapshot", headers={})[0] == 401
        assert splitter.control("GET", "/snapshot", headers={"Authorization": "Bearer " + TOKEN[:-1]})[0] == 401
        status, mistakes = splitter.control("PUT", "/routes", {"versions": [version("", -1, 0)]})
        assert status == 400
        assert [each["field"] for each in mistakes["errors"]] == ["versions[0].id", "versions[0].weight", "versions[0].replicas[0].port"]
        assert not (tmp_path / "state").exists()
    (tmp_path / "state").mkdir()
    (tmp_path / "state/routes.json").write_text("{")
    environment = {**os.environ, "SLIPWAY_SPLITTER_TOKEN": TOKEN}
    command = [str(BINARY), "splitter", "--port", "0", "--routes", "state/routes.json"]
    broken = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=20)
    assert broken.returncode == 2 and "state/routes.json" in broken.stderr
    del environment["SLIPWAY_SPLITTER_TOKEN"]
    closed = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=20)
    assert closed.returncode == 2 and "SLIPWAY_SPLITTER_TOKEN is not set" in closed.stderr
