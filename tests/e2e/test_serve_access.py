"""Who may ask the server, what it logs of it, and where a request stands in a trace."""
import datetime
import json
import os
import signal
import socket
import time

import pytest
from test_serve import serving, trained  # noqa: F401

TOKEN, OTHER, ADMIN = "a-token-of-24-characters", "b-token-of-24-characters", "the-token-of-an-operator"
QUESTION = {"features": [1, 2, 3, 4]}
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def write(folder, name, text, mode=0o600):
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


def until(what):
    """What `what` answers once it is something; or the last that it answered."""
    deadline = time.time() + 20
    while not (found := what()) and time.time() < deadline:
        time.sleep(0.05)
    return found


def log_lines(path):
    """The lines that are whole."""
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []


def exchange(port, text):
    """What the server sends until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(text.encode())
        received = b""
        while part := connection.recv(65536):
            received += part
    return received.decode()


def test_predictions_want_a_token_and_health_pages_none(trained):
    tokens = write(trained.folder, "tokens", f"# the shop's\n{TOKEN}\n\n{OTHER}\n")
    with serving(trained.folder, "ml-classifier", "--tokens", tokens) as server:
        for page in ("/health", "/ready", "/ping", "/v2/health/live", "/v2/health/ready", "/"):
            assert server.ask("GET", page)[0] == 200, page
        pages = [("POST", "/predict"), ("POST", "/models/ml-classifier/predict"), ("POST", "/invocations"),
                 ("POST", "/v2/models/ml-classifier/infer"), ("GET", "/v2/models/ml-classifier"), ("GET", "/metrics"),
                 ("GET", "/openapi.json"), ("GET", "/nowhere"), ("GET", "/v2")]
        for method, page in pages:
            for headers in ({}, bearer("c-token-of-24-characters"), bearer(TOKEN[:-1]), {"Authorization": f"Basic {TOKEN}"}):
                status, answer, told = server.ask(method, page, QUESTION if method == "POST" else None, headers)
                assert status == 401 and told["WWW-Authenticate"].startswith("Bearer"), (page, headers)
                assert answer["error"] and TOKEN[:-1] not in json.dumps(answer)
        for token in (TOKEN, OTHER):
            assert server.ask("POST", "/predict", QUESTION, bearer(token))[0] == 200
            assert server.ask("GET", "/metrics", None, {"authorization": f"bearer {token}"})[0] == 200
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and error == ""


def test_tokens_of_the_environment(trained, monkeypatch):
    monkeypatch.setenv("SLIPWAY_SERVE_TOKENS", f"{TOKEN}, {OTHER}")
    monkeypatch.setenv("SLIPWAY_SERVE_ADMIN_TOKENS", ADMIN)
    with serving(trained.folder, "ml-classifier") as server:
        assert server.ask("POST", "/predict", QUESTION)[0] == 401
        for token in (TOKEN, OTHER, ADMIN):
            assert server.ask("POST", "/predict", QUESTION, bearer(token))[0] == 200
        assert server.ask("POST", "/admin/reload", None, bearer(ADMIN))[0] == 200


def test_tokens_are_read_anew_and_a_broken_file_changes_nothing(trained):
    tokens = write(trained.folder, "tokens", TOKEN)
    with serving(trained.folder, "ml-classifier", "--tokens", tokens) as server:
        def status_of(token):
            return server.ask("POST", "/predict", QUESTION, bearer(token))[0]

        write(trained.folder, "tokens", OTHER)
        assert (status_of(TOKEN), status_of(OTHER)) == (200, 401)
        server.process.send_signal(signal.SIGHUP)
        assert until(lambda: status_of(OTHER) == 200) and status_of(TOKEN) == 401
        write(trained.folder, "tokens", f"{TOKEN}\nshort-secret\n")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert (status_of(TOKEN), status_of(OTHER)) == (401, 200)
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and f"{tokens}:2" in error and "short-secret" not in error


@pytest.mark.parametrize("text, words", [("only-15-letters", ["tokens:1", "16"]), (f"{TOKEN}\n\nwith a blank inside it", ["tokens:3"]),
                                         ("# nothing yet\n", ["tokens"]), (None, ["tokens"])], ids=["short", "blank", "empty", "missing"])
@pytest.mark.parametrize("flag", ["--tokens", "--admin-tokens"])
def test_a_server_does_not_start_with_tokens_that_are_wrong(trained, flag, text, words):
    path = trained.folder / "tokens"
    if text is not None:
        write(trained.folder, "tokens", text)
    answer = trained.call("serve", "ml-classifier", "--port", 0, flag, path, timeout=20)
    assert answer.code in (2, 3) and all(word in answer.err for word in words), answer.err
    assert not text or text.split("\n")[-1] == "" or text.split("\n")[-1] not in answer.err


def test_an_empty_variable_does_not_open_the_server(trained):
    answer = trained.call("serve", "ml-classifier", "--port", 0, env={"SLIPWAY_SERVE_TOKENS": ""}, timeout=20)
    assert answer.code == 2 and "SLIPWAY_SERVE_TOKENS" in answer.err


def test_a_file_that_others_may_read_is_warned_of(trained):
    tokens = write(trained.folder, "tokens", TOKEN, 0o644)
    with serving(trained.folder, "ml-classifier", "--tokens", tokens) as server:
        assert server.ask("POST", "/predict", QUESTION, bearer(TOKEN))[0] == 200
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and str(tokens) in error and "chmod 600" in error


def test_only_allowed_names_are_answered(trained):
    with serving(trained.folder, "ml-classifier", "--allowed-hosts", "a.example,b.example:8443,*.c.example,[::1]") as server:
        def status_of(host, page="/predict"):
            return server.ask("POST" if page == "/predict" else "GET", page, QUESTION if page == "/predict" else None, {"Host": host})[0]

        for host in ("a.example", "A.Example:8080", "a.example.", "b.example:8443", "x.y.C.example:1", "[0:0::1]:8080"):
            assert status_of(host) == 200, host
        for host in ("evil.example", "127.0.0.1", f"localhost:{server.port}", "b.example", "b.example:8080", "c.example",
                     "a.example.evil", "xa.example", "[::2]", ""):
            assert status_of(host) == 403, host
            # A probe asks by the address of a pod.
            assert status_of(host, "/health") == status_of(host, "/ready") == 200
        status, answer, _ = server.ask("GET", "/metrics", None, {"Host": "evil.example"})
        assert status == 403 and "evil.example" in answer["error"] and "--allowed-hosts" in answer["error"]
        # The name in the target is the one that counts.
        for target, host, status in (("a.example", "evil.example", 200), ("evil.example", "a.example", 403)):
            text = exchange(server.port, f"GET http://{target}/openapi.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            assert text.startswith(f"HTTP/1.1 {status} "), text[:200]
        # HTTP/1.0 has names only where it wants to.
        assert exchange(server.port, "GET /openapi.json HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 403 ")
        assert exchange(server.port, "GET http://a.example/openapi.json HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 200 ")


def test_a_name_that_is_none_is_told(trained):
    answer = trained.call("serve", "ml-classifier", "--port", 0, "--allowed-hosts", "a.example,http://b.example", timeout=20)
    assert answer.code == 2 and "http://b.example" in answer.err


def test_reloading_is_for_operators(trained):
    tokens, admin = write(trained.folder, "tokens", TOKEN), write(trained.folder, "admin", ADMIN)
    with serving(trained.folder, "ml-classifier", "--tokens", tokens, "--admin-tokens", admin) as server:
        def reload(headers):
            return server.ask("POST", "/admin/reload", None, headers)

        status, _, told = reload({})
        assert status == 401 and "Bearer" in told["WWW-Authenticate"]
        assert reload(bearer(OTHER))[0] == 401 and reload(bearer(TOKEN))[0] == 403
        status, answer, _ = reload(bearer(ADMIN))
        assert status == 200 and [one["version"] for one in answer["models"]] == ["1"]
        assert server.ask("POST", "/predict", QUESTION, bearer(ADMIN))[0] == 200
        # The new version is there as soon as the answer is.
        trained.run("--set", "model.hyperparameters.random_state=1")
        status, answer, _ = reload(bearer(ADMIN))
        assert status == 200 and [one["version"] for one in answer["models"]] == ["2"]
        assert server.ask("POST", "/predict", QUESTION, bearer(TOKEN))[1]["version"] == "2"
        # A damaged one is not taken.
        digest = trained.run("--set", "model.hyperparameters.random_state=2")["digest"].removeprefix("sha256:")
        graph = trained.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:] / "model.onnx"
        os.chmod(graph, 0o644)
        graph.write_bytes(graph.read_bytes()[:-1])
        status, answer, _ = reload(bearer(ADMIN))
        assert status == 409 and answer["error"]
        assert server.ask("POST", "/predict", QUESTION, bearer(TOKEN))[1]["version"] == "2"
        assert server.stop(signal.SIGINT)[0] == 0


def test_without_admin_tokens_nobody_reloads(trained):
    with serving(trained.folder, "ml-classifier") as server:
        assert server.ask("POST", "/admin/reload")[0] == 403
        assert server.ask("POST", "/admin/reload", None, bearer(TOKEN))[0] == 403


def test_a_request_stays_in_its_trace(trained):
    log = trained.folder / "access.log"
    with serving(trained.folder, "ml-classifier", "--threads", "1", "--access-log", log) as server:
        def traced(*texts):
            lines = "".join(f"TraceParent: {text}\r\n" for text in texts)
            answer = exchange(server.port, f"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n")
            return dict(line.lower().split(": ", 1) for line in answer.split("\r\n\r\n")[0].split("\r\n")[1:]).get("traceresponse")

        assert traced() is None
        for flags in ("00", "01"):
            version, trace, span, told = traced(f"00-{TRACE}-{PARENT}-{flags}").split("-")
            assert (version, trace, told) == ("00", TRACE, flags) and span not in (PARENT, "0" * 16)
        assert traced(f"cc-{TRACE}-{PARENT}-01-what-will-be")[3:35] == TRACE
        begun = [traced(f"00-{TRACE.upper()}-{PARENT}-01"), traced(f"00-{'0' * 32}-{PARENT}-01"), traced("nonsense"),
                 traced(f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01")]
        assert len({text[3:35] for text in begun} | {TRACE}) == 5 and all(text.endswith("-00") for text in begun)
        assert server.stop(signal.SIGINT)[0] == 0
    lines = log_lines(log)
    assert len(lines) == 8 and len({line["span_id"] for line in lines}) == 8
    assert [line["trace_id"] == TRACE for line in lines] == [False, True, True, True] + 4 * [False]
    assert [line.get("parent_id") for line in lines] == [None, PARENT, PARENT, PARENT] + 4 * [None]
    assert [line["trace_id"] for line in lines[4:]] == [text[3:35] for text in begun]


def test_a_line_tells_of_each_request(trained):
    log = trained.folder / "access.log"
    with serving(trained.folder, "ml-classifier", "--threads", "1", "--access-log", log) as server:
        before = time.time()
        server.ask("POST", "/predict?token=secret", {"instances": [[1, 2, 3, 4]] * 3},
                   {"X-Request-Id": "mine-1", "User-Agent": 'an "agent"\\'})
        server.ask("POST", "/predict", "{")
        server.ask("GET", "/nowhere")
        assert exchange(server.port, "nonsense\r\n\r\n").startswith("HTTP/1.1 400 ")
        # All of it is there after a clean stop, however short the time.
        assert server.stop(signal.SIGINT)[0] == 0
    predicted, refused, missing, none = log_lines(log)
    assert (predicted["method"], predicted["path"], predicted["status"]) == ("POST", "/predict", 200)
    assert (predicted["request_id"], predicted["peer"], predicted["rows"]) == ("mine-1", "127.0.0.1", 3)
    assert (predicted["model"], predicted["version"]) == ("ml-classifier", "1")
    assert predicted["user_agent"] == 'an "agent"\\' and predicted["bytes"] > 100
    assert 0 < predicted["duration_ms"] < 20_000
    assert predicted["time"].endswith("Z") and abs(datetime.datetime.fromisoformat(predicted["time"]).timestamp() - before) < 20
    assert refused["status"] == 400 and "rows" not in refused
    assert (missing["method"], missing["path"], missing["status"]) == ("GET", "/nowhere", 404)
    assert (none["method"], none["path"], none["status"]) == (None, None, 400)
    assert "secret" not in log.read_text() and log.stat().st_mode & 0o137 == 0


def test_no_request_can_forge_a_line(trained):
    log = trained.folder / "access.log"
    with serving(trained.folder, "ml-classifier", "--threads", "1", "--access-log", log) as server:
        # What is no target is no request; what is one has its escapes in the log.
        exchange(server.port, 'GET /a"}{"b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        exchange(server.port, 'GET /a%22%0a%7b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: a"}\t{"b\r\n\r\n')
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: \xff\xc2\x9b\xc3\r\n\r\n")
            while connection.recv(65536):
                pass
        assert server.stop(signal.SIGINT)[0] == 0
    assert all(byte == 10 or 32 <= byte < 127 for byte in log.read_bytes())
    first, second, third = log_lines(log)
    assert first["path"] is None and first["status"] == 400
    assert second["path"] == "/a%22%0a%7b" and second["user_agent"] == 'a"}\t{"b'
    assert third["user_agent"] == "\ufffd\u009b\ufffd"


def test_logs_are_rotated(trained):
    log, old = trained.folder / "access.log", trained.folder / "access.log.1"
    with serving(trained.folder, "ml-classifier", "--threads", "1", "--access-log", log) as server:
        server.ask("GET", "/health", None, {"X-Request-Id": "before"})
        assert until(lambda: log_lines(log))
        log.rename(old)
        server.ask("GET", "/health", None, {"X-Request-Id": "between"})
        assert until(lambda: len(log_lines(old)) == 2)
        server.process.send_signal(signal.SIGHUP)
        assert until(log.exists)
        server.ask("GET", "/health", None, {"X-Request-Id": "behind"})
        assert server.stop(signal.SIGINT)[0] == 0
    assert [line["request_id"] for line in log_lines(old)] == ["before", "between"]
    assert [line["request_id"] for line in log_lines(log)] == ["behind"]


def test_the_log_on_standard_output(trained):
    with serving(trained.folder, "ml-classifier", "--access-log", "-") as server:
        for _ in range(3):
            server.ask("GET", "/health")
        server.process.send_signal(signal.SIGINT)
        out, error = server.process.communicate(timeout=30)
        assert server.process.returncode == 0 and error == ""
    assert [line["path"] for line in map(json.loads, out.splitlines()) if "path" in line] == 3 * ["/health"]


def test_a_log_that_can_not_be_opened_is_told(trained):
    answer = trained.call("serve", "ml-classifier", "--port", 0, "--access-log", "nowhere/access.log", timeout=20)
    assert answer.code in (2, 3) and "nowhere/access.log" in answer.err


def test_a_full_disk_is_told_and_predictions_go_on(trained):
    with serving(trained.folder, "ml-classifier", "--access-log", "/dev/full") as server:
        for _ in range(5):
            assert server.ask("POST", "/predict", QUESTION)[0] == 200
            time.sleep(0.2)
        code, error = server.stop(signal.SIGINT)
        assert code == 0 and error.count("/dev/full") == 1
