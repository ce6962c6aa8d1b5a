"""Raw bytes at the running server: what is no request, or could be taken for two, is refused, and others are answered."""
import contextlib
import http.client
import json
import random
import signal
import socket
import ssl
import struct
import threading
import time

import pytest
from conftest import number_table
from raw_http import (LAST, POST, ROW, Answers, chunked, converse, descriptors, receive, resident, send, sized,
                      write_certificate)
from served import train
from test_serve import serving

# What an attacker would have answered: 404 where anybody reads it as a request.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\nX: "
LARGEST = 100_000


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return train(tmp_path_factory.mktemp("attacks") / "project", number_table())


@pytest.fixture(scope="module")
def server(project):
    with serving(project.folder, "ml-classifier", "--max-body", LARGEST, "--threads", "2") as server:
        server.descriptors = descriptors(server)
        yield server
        assert server.stop(signal.SIGINT) == (0, "")


class Slow(threading.Thread):
    """Clients that send a head a byte at a time, from before the first test on until the last."""

    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.begun = time.monotonic()
        self.clients = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(count)]
        self.start()

    def run(self):
        for client in self.clients:
            client.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nX: ")
        # 408 comes by itself after ten seconds, however much trickles in.
        while time.monotonic() - self.begun < 12:
            time.sleep(0.5)
            for client in self.clients:
                with contextlib.suppress(OSError):
                    client.send(b"x")


@pytest.fixture(scope="module", autouse=True)
def slow(server):
    return Slow(server.port, 40)


@pytest.fixture(scope="module")
def bystander(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    yield connection
    connection.close()


def ask(connection):
    begun = time.monotonic()
    connection.request("POST", "/predict", ROW)
    answer = connection.getresponse()
    assert answer.status == 200 and json.loads(answer.read())["prediction"] in (0, 1)
    assert time.monotonic() - begun < 5


@pytest.fixture(autouse=True)
def others_are_answered(server, bystander):
    """Before and after each test: on a connection that stays, and on a new one."""
    ask(bystander)
    yield
    assert server.process.poll() is None, "the server has ended"
    ask(bystander)
    fresh = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    ask(fresh)
    fresh.close()


def check_refused(server, data, status, before=()):
    """One answer, which says what is wrong, and the end: what stands behind is read by nobody."""
    answers = converse(server, data + LAST)
    assert answers.statuses == [*before, status], answers.bodies
    assert json.loads(answers.bodies[-1])["error"] and answers.headers[-1]["Connection"] == "close"


WHOLE = chunked(b"1a", ROW, b"0", b"", b"")
# The front reads one of the two, the back the other: each has what the other takes for a request of its own.
CL_TE = b"0\r\n\r\n" + SMUGGLED
TE_CL = b"%x\r\n" % (len(SMUGGLED) + 4) + SMUGGLED + b"\r\n\r\n\r\n0\r\n\r\n"
TE_LINES = {
    "blank-before-colon": (b"Transfer-Encoding : chunked", 400), "tab-before-colon": (b"Transfer-Encoding\t: chunked", 400),
    "leading-blank": (b" Transfer-Encoding: chunked", 400), "folded-value": (b"Transfer-Encoding:\r\n chunked", 400),
    "folded-name": (b"Transfer-Encoding\r\n : chunked", 400), "bare-line-feed": (b"X: y\nTransfer-Encoding: chunked", 400),
    "bare-return": (b"X: y\rTransfer-Encoding: chunked", 400), "vertical-tab": (b"Transfer-Encoding: \x0bchunked", 400),
    "form-feed": (b"Transfer-Encoding: chunked\x0c", 400), "nul": (b"Transfer-Encoding: chunked\0", 400),
    "nul-in-name": (b"Transfer\0-Encoding: chunked", 400), "beyond-ascii-name": (b"Transfer-Encod\xc4\xb1ng: chunked", 400),
    "unknown": (b"Transfer-Encoding: xchunked", 501), "quoted": (b'Transfer-Encoding: "chunked"', 501),
    "twice": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501),
    "first-of-two": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", 501),
    "second-of-two": (b"Transfer-Encoding: x\r\nTransfer-encoding: chunked", 501),
    "list": (b"Transfer-Encoding: chunked, identity", 501), "list-of-one": (b"Transfer-Encoding: ,chunked", 501),
    "parameter": (b"Transfer-Encoding: chunked;q=1", 501), "identity": (b"Transfer-Encoding: identity", 501),
    "empty": (b"Transfer-Encoding:", 501), "beyond-ascii": (b"Transfer-Encoding: chunked\xa0", 501),
}


@pytest.mark.parametrize("line, status", TE_LINES.values(), ids=TE_LINES)
def test_transfer_encodings_in_disguise(server, line, status):
    """TE.TE: one of two readers would not see that the body is in chunks."""
    check_refused(server, POST + line + b"\r\n\r\n" + CL_TE, status)
    # Beside a length, each is refused too, whichever is read first.
    length = b"Content-Length: %d\r\n" % len(CL_TE)
    for head in (length + line + b"\r\n", line + b"\r\n" + length):
        answers = converse(server, POST + head + b"\r\n" + CL_TE + LAST)
        assert len(answers.statuses) == 1 and answers.statuses[0] in (400, 501)


@pytest.mark.parametrize("encoding", [b"Transfer-Encoding: chunked", b"transfer-encoding:\tChunked ",
                                      b"TRANSFER-ENCODING: CHUNKED"])
@pytest.mark.parametrize("body", [CL_TE, TE_CL], ids=["CL.TE", "TE.CL"])
def test_a_length_and_chunks(server, encoding, body):
    for length in (len(body), 4, 0):
        for lines in ([b"Content-Length: %d" % length, encoding], [encoding, b"Content-Length: %d" % length]):
            check_refused(server, POST + b"\r\n".join(lines) + b"\r\n\r\n" + body, 400)
    # HTTP/1.0 has no chunks.
    check_refused(server, b"POST /predict HTTP/1.0\r\n" + encoding + b"\r\n\r\n" + body, 400)


@pytest.mark.parametrize("value", [
    "26, 26", "26,0", "+26", "-26", " 2 6", "0x1a", "26.0", "2６", "26;", '"26"', "", "18446744073709551642", "\x0b26", "2\r\n 6",
    "26\r\nContent-Length: 25", "25\r\ncontent-length: 26", "26\r\nContent-Length:"])
def test_lengths_that_two_readers_understand_differently(server, value):
    check_refused(server, POST + b"Content-Length: " + value.encode() + b"\r\n\r\n" + ROW + SMUGGLED + b"\r\n\r\n", 400)


def test_lengths_without_doubt(server):
    assert converse(server, sized(ROW) + LAST).statuses == [200, 200]
    assert converse(server, sized(ROW, POST + b"Content-Length: 26\r\n") + LAST).statuses in ([200, 200], [400])
    assert converse(server, POST + b"Content-Length:026\t\r\n\r\n" + ROW + LAST).statuses in ([200, 200], [400])
    # A name that only looks like it is another header.
    others = b"Content_Length: 3\r\nTransfer_Encoding: chunked\r\n"
    assert converse(server, sized(ROW, POST + others) + LAST).statuses == [200, 200]


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/health", 200), ("POST", "/health", 405), ("DELETE", "/predict", 405), ("GET", "/nowhere", 404),
    ("OPTIONS", "*", 404), ("TRACE", "/", 405), ("GET", "/v2/models/ml-classifier/infer", 405),
    ("POST", "/models/other/predict", 404)])
@pytest.mark.parametrize("form", ["sized", "chunked"])
def test_bodies_that_nobody_asked_for(server, method, path, status, form):
    """CL.0: a page that does not look at the body leaves none of it on the connection."""
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\n".encode()
    smuggled = SMUGGLED + b"\r\n\r\n"
    data = sized(smuggled, head) if form == "sized" else chunked(b"%x" % len(smuggled), smuggled, b"0", b"", b"", head=head)
    answers = converse(server, data + LAST)
    assert answers.statuses == [status, 200] and b"smuggled" not in answers.bodies[0]


def test_head_has_no_body(server):
    """Else a client would take the body for its next answer."""
    for path, status in (("/health", 200), ("/openapi.json", 200), ("/predict", 405), ("/nowhere", 404)):
        data = f"HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        answers = converse(server, data + LAST, heads=(0,))
        assert answers.statuses == [status, 200] and int(answers.headers[0]["Content-Length"]) > 0


CHUNKS = {
    "no-size": ((b"", ROW), 400), "blank-before": ((b" 1a", ROW), 400), "blank-behind": ((b"1a ", ROW), 400),
    "sign": ((b"+1a", ROW), 400), "prefix": ((b"0x1a", ROW), 400), "minus": ((b"-1a", ROW), 400),
    "letters": ((b"1ag", ROW), 400), "separator": ((b"1_a", ROW), 400), "too-long": ((b"1b", ROW, b"0", b"", b""), 400),
    "too-short": ((b"19", ROW, b"0", b"", b""), 400), "many-digits": ((b"0" * 15 + b"1a", ROW), 400),
    "overflow": ((b"1000000000000001a", ROW), 413), "largest": ((b"ffffffffffffffff", ROW), 413),
    "beyond-limit": ((b"%x" % (LARGEST + 1), ROW), 413), "line-feed-in-extension": ((b"1a;x\n" + ROW, b"0", b"", b""), 400),
    "return-in-extension": ((b"1a;x\ry", ROW), 400), "nul-in-extension": ((b"1a;\0", ROW), 400),
    "line-feed-behind-size": ((b"1a\n" + ROW, b"0", b"", b""), 400),
    "line-feed-behind-data": ((b"1a", ROW + b"\n0", b"", b""), 400), "no-end-of-data": ((b"1a", ROW + b"0", b"", b""), 400),
    "long-extension": ((b"1a;" + b"x" * 40_000, ROW), 431),
    "folded-trailer": ((b"1a", ROW, b"0", b"A: b", b" c", b"", b""), 400),
    "trailer-without-colon": ((b"1a", ROW, b"0", b"nothing", b"", b""), 400),
    "many-trailers": ((b"1a", ROW, b"0", *[b"A: b"] * 10_000, b"", b""), 431),
    "request-as-trailer": ((b"1a", ROW, b"0", b"GET /smuggled HTTP/1.1", b"Host: a", b"", b""), 400),
}


@pytest.mark.parametrize("lines, status", CHUNKS.values(), ids=CHUNKS)
def test_chunks_that_are_none(server, lines, status):
    check_refused(server, chunked(*lines), status)


def test_chunks_as_they_may_be(server):
    """Extensions, trailers that would be dangerous as headers, zeros in front: one request."""
    rough = chunked(b'00A;a="b;c"', ROW[:10], b"10\t;x", ROW[10:], b"000", b"Content-Length: 99", b"Transfer-Encoding: gzip",
                    b"Host: b", b"Connection: close", b"", b"")
    answers = converse(server, rough + LAST)
    assert answers.statuses == [200, 200]
    # A chunk a byte, of a body with as many blanks as fit.
    body = ROW + b" " * 20_000
    flood = chunked(*[line for byte in body for line in (b"1", bytes([byte]))], b"0", b"", b"")
    assert converse(server, flood + LAST).statuses == [200, 200]


def test_requests_cut_at_each_byte(server):
    data = chunked(b"5;x=y", ROW[:5], b"15", ROW[5:], b"0", b"A: b", b"", b"") + LAST
    for cut in range(1, len(data)):
        answers = converse(server, data[:cut], data[cut:], pause=0.001)
        assert answers.statuses == [200, 200], f"cut at {cut}"
    assert converse(server, *[data[i:i + 1] for i in range(len(data))]).statuses == [200, 200]


HEADS = {
    "line-feeds": (b"GET /health HTTP/1.1\nHost: a\n\n", 400),
    "line-feed-behind-head": (b"GET /health HTTP/1.1\r\nHost: a\r\n\n", 400),
    "return-only": (b"GET /health HTTP/1.1\rHost: a\r\r", 400),
    "folded": (b"GET /health HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", 400),
    "nul-in-method": (b"GE\0T /health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "nul-in-target": (b"GET /he\0alth HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "nul-in-value": (b"GET /health HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400), "nothing-but-nul": (b"\0" * 100, 400),
    "no-host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "two-hosts": (b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "host-with-user": (b"GET /health HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    "host-with-path": (b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "line-in-host": (b"GET /health HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
    "blank-in-target": (b"GET /health /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "backslash": (b"GET /\\health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "fragment": (b"GET /health#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "half-escape": (b"GET /health%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "proxy": (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "user-in-target": (b"GET http://u:p@a/health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "other-scheme": (b"GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400), "http-0.9": (b"GET /health\r\n", 400),
    "http-1.2": (b"GET /health HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    "http-2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", 505),
    "lower-case": (b"GET /health http/1.1\r\nHost: a\r\n\r\n", 400), "long-method": (b"A" * 10_000, 501),
    "long-target": (b"GET /" + b"a" * 100_000, 414), "long-query": (b"GET /health?" + b"a" * 9000, 414),
    "long-value": (b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000, 431),
    "long-name": (b"GET /health HTTP/1.1\r\n" + b"a" * 100_000, 431),
    "endless-blanks": (b"GET /health HTTP/1.1\r\nHost:" + b" " * 100_000, 431),
    "10000-headers": (b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 10_000, 431),
    "101-headers": (b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 100 + b"\r\n", 431),
    "memcached": (b"stats\r\n", 400), "redis": (b"*1\r\n$4\r\nPING\r\n", 400), "smtp": (b"EHLO a\r\nMAIL FROM:<a>\r\n", 400),
    "ssh": (b"SSH-2.0-x\r\n", 400),
}


@pytest.mark.parametrize("data, status", HEADS.values(), ids=HEADS)
def test_heads_that_are_none(server, data, status):
    check_refused(server, data, status)
    # Behind a request that was one, which is answered first.
    check_refused(server, sized(ROW) + data, status, before=[200])


@pytest.mark.parametrize("data, statuses", [
    (b"GET http://elsewhere:81/health HTTP/1.1\r\nHost: a\r\n\r\n", [200]), (b"GET HTTP://a HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    (b"GET /health HTTP/1.0\r\n\r\n", None), (b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200]),
    (b"\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    (b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 99 + b"\r\n", [200]),
    (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n", [200]),
    (b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", [200]),
    (sized(ROW, POST + b"Expect: 100-continue\r\n"), [200]), (sized(b"", POST + b"Expect: 100-continue\r\n"), [400]),
    (sized(ROW, POST + b"X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /nowhere\r\nX-Rewrite-URL: /nowhere\r\n"), [200]),
    (b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", [404]), (b"GET /%2e%2e/health HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
    (b"GET //health HTTP/1.1\r\nHost: a\r\n\r\n", [404]), (b"GET /health%00 HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
    (b"GET /health;x HTTP/1.1\r\nHost: a\r\n\r\n", [404]), (b"GET /HEALTH HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
    (b"GET /health?/predict HTTP/1.1\r\nHost: a\r\n\r\n", [200]), (WHOLE * 3, [200] * 3)], ids=range(19))
def test_requests_of_an_unusual_kind(server, data, statuses):
    answers = converse(server, data + LAST)
    # HTTP/1.0 ends the connection where nothing is said.
    assert answers.statuses == ([200] if statuses is None else [*statuses, 200])


def test_answers_hold_nothing_of_the_attacker(server):
    """No header and no line of an answer comes out of a request."""
    for name in (b"a\xff\xfe", b'a"b\\c', b"a b", b"a" * 129, b"", b"<script>"):
        answers = converse(server, sized(ROW, POST + b"X-Request-Id: " + name + b"\r\n") + LAST)
        if answers.statuses == [200, 200]:
            told = answers.headers[0]["X-Request-Id"]
            assert told == name.decode("latin1") and told.isascii() and " " not in told or len(told) == 16
    for path in (b"/models/%0d%0aX-Evil:1/predict", b"/models/%22%7d/predict", b"/v2/models/%3Cscript%3E/infer"):
        answers = converse(server, sized(ROW, b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n") + LAST)
        assert answers.statuses == [404, 200] and "X-Evil" not in answers.headers[0]
        assert answers.headers[0]["Content-Type"] == "application/json" and json.loads(answers.bodies[0])["error"]
    evil = json.dumps({"features": [1, 2, 3, 4], "request_id": "a\r\nX-Evil: 1"}).encode()
    assert converse(server, sized(evil) + LAST).statuses == [400, 200]


def test_a_thousand_requests_on_a_heap(server):
    """Pipelined, in both forms of body, with mistakes among them: answered in their order, each once."""
    rng = random.Random(3)
    data, expected = b"", []
    for number in range(1000):
        head = POST + b"X-Request-Id: n%d\r\n" % number
        kind = rng.randrange(4)
        if kind == 0:
            data += chunked(b"4", ROW[:4], b"16", ROW[4:], b"0", b"", b"", head=head)
        elif kind == 1:
            data += sized(b"{", head)
        else:
            data += sized(ROW, head)
        expected.append((400, None) if kind == 1 else (200, f"n{number}"))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        sending = threading.Thread(target=send, args=(client, data + LAST))
        sending.start()
        answers = Answers(receive(client))
        sending.join()
    assert answers.statuses == [status for status, _ in expected] + [200]
    for (status, name), body in zip(expected, answers.bodies):
        told = json.loads(body)
        assert (told["request_id"] == name) if status == 200 else told["error"]
    # What stands behind "close" is not answered.
    closing = sized(ROW, POST + b"Connection: close\r\n")
    assert converse(server, sized(ROW) * 10 + closing + sized(ROW) * 10).statuses == [200] * 11


def test_bodies_that_are_too_large(server):
    """Told at once, and told also to who goes on to send."""
    begun = time.monotonic()
    for head in (b"Content-Length: %d\r\n\r\n" % (LARGEST + 1), b"Content-Length: 9223372036854775807\r\n\r\n"):
        check_refused(server, POST + head, 413)
        check_refused(server, POST + head + b"x" * 3_000_000, 413)
    check_refused(server, chunked(*[b"2710", b"x" * 10_000] * 11), 413)
    assert time.monotonic() - begun < 5
    assert converse(server, sized(ROW + b" " * (LARGEST - len(ROW))) + LAST).statuses == [200, 200]


def test_halves(server):
    """Who goes in the middle of a request gets no answer, and leaves nothing behind."""
    for data in (b"G", b"GET /health HTTP/1.1\r\nHo", POST + b"Content-Length: 26\r\n\r\n" + ROW[:9], chunked(b"1a", ROW[:9]),
                 chunked(b"1a", ROW, b"0", b"A")):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            assert receive(client) == b""
        for _ in range(50):
            client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(data)
            client.close()  # With a reset.


def test_tls_at_a_plain_port(server):
    context = ssl.create_default_context()
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(client, server_hostname="localhost")
    assert time.monotonic() - begun < 5


def test_plain_bytes_at_a_tls_port(project, tmp_path):
    chain, key = write_certificate(tmp_path)
    with serving(project.folder, "ml-classifier", "--tls-certificate", chain, "--tls-key", key) as server:
        for data in (sized(ROW), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\0" * 5000):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
                send(client, data)
                assert b"HTTP/1.1" not in receive(client)
        context = ssl.create_default_context(cafile=chain)
        # The same strictness inside; and a request a byte a record.
        for data, statuses in ((sized(ROW) + LAST, [200, 200]), (POST + b"Transfer-Encoding : chunked\r\n\r\n" + CL_TE, [400])):
            plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
                for byte in data:
                    send(client, bytes([byte]))
                assert Answers(receive(client)).statuses == statuses


def test_after_all_that(server, slow, bystander):
    """Slow heads were told to go after ten seconds, whatever trickled in; nothing of anybody is left."""
    slow.join()
    for client in slow.clients:
        client.settimeout(10)
        answers = Answers(receive(client))
        client.close()
        assert answers.statuses == [408] and answers.headers[0]["Connection"] == "close"
    # The bystander's is the only connection, and its question the only one.
    deadline = time.monotonic() + 15
    while descriptors(server) > server.descriptors + 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert descriptors(server) == server.descriptors + 1
    bystander.request("GET", "/metrics")
    told = json.loads(bystander.getresponse().read())
    assert told["in_flight"] == 1 and told["total_requests"] > 1000
    assert resident(server) < 200 << 20
