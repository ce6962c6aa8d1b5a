"""Requests as bytes, and answers read as strictly as they can be: for what no library would send."""
import contextlib
import datetime
import ipaddress
import os
import socket
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROW = b'{"features": [1, 2, 3, 4]}'
POST = b"POST /predict HTTP/1.1\r\nHost: a\r\n"
# Behind what is tried, on its connection: is answered where that was whole requests, and by itself.
LAST = b"GET /health HTTP/1.1\r\nHost: last\r\nConnection: close\r\n\r\n"


class Answers:
    """What the bytes of a connection hold, read as strictly as they can be."""

    def __init__(self, data, heads=()):
        self.statuses, self.headers, self.bodies = [], [], []
        while data:
            head, found, data = data.partition(b"\r\n\r\n")
            assert found, f"half an answer: {head[:200]}"
            first, *lines = head.decode("ascii").split("\r\n")
            version, status, _ = first.split(" ", 2)
            assert version == "HTTP/1.1"
            if status == "100":
                continue
            headers = dict(line.split(": ", 1) for line in lines)
            assert len(headers) == len(lines), f"a header twice: {lines}"
            size = 0 if len(self.statuses) in heads else int(headers["Content-Length"])
            assert len(data) >= size, "half a body"
            self.statuses.append(int(status))
            self.headers.append(headers)
            self.bodies.append(data[:size])
            data = data[size:]


def send(client, data):
    """As far as the server takes it."""
    with contextlib.suppress(ConnectionError):
        client.sendall(data)


def receive(client):
    """All that comes, until the server ends the connection."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while more := client.recv(1 << 16):
            data += more
    return data


def converse(server, *pieces, heads=(), pause=0.0):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            send(client, piece)
            if pause:
                time.sleep(pause)
        return Answers(receive(client), heads)


def sized(body, head=POST):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*lines, head=POST):
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"\r\n".join(lines)


def resident(server):
    """Bytes of memory that the server has."""
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def write_certificate(folder):
    """PEM files for 127.0.0.1: a certificate, which is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
            .add_extension(addresses, critical=False).sign(key, hashes.SHA256()))
    (folder / "chain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / "chain.pem", folder / "key.pem"
