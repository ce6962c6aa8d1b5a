#!/usr/bin/env python3
"""Customers, in miniature: asks a service about the rows of a table, one by one, and tells it how each loan ended.

    python3 traffic.py http://localhost:8080 [--seconds 60] [--rate 300]

Needs nothing but Python. Ends by itself, or by a signal; the last line says how many requests there were and how many failed.
"""
import argparse
import collections
import csv
import http.client
import itertools
import json
import signal
import sys
import time
import urllib.parse

TARGET = "Status"


def rows_of(path):
    """Each row's features as JSON, and what turned out to be true of it."""
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            label = row.pop(TARGET)
            yield json.dumps({"features": {name: value or None for name, value in row.items()}}), label


class Client:
    """One connection that is kept, and opened anew when it broke."""

    def __init__(self, address):
        self.host = urllib.parse.urlsplit(address).netloc or address
        self.connection = None
        self.answered = collections.Counter()

    def post(self, page, body, customer):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.host, timeout=10)
            self.connection.request("POST", page, body, {"Content-Type": "application/json", "X-Customer": customer})
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return None
        return json.loads(text) if answer.status == 200 else None

    def ask_and_tell(self, customer, body, label):
        answer = self.post("/predict", body, customer)
        if answer is None:
            self.answered["failed"] += 1
            time.sleep(0.1)
            return
        self.answered[f"version {answer['version']}"] += 1
        self.post("/feedback", json.dumps({"request_id": answer["request_id"], "label": label}), customer)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="of the service: http://localhost:8080")
    parser.add_argument("--table", default="data/credit.csv")
    parser.add_argument("--seconds", type=float, default=600, help="how long")
    parser.add_argument("--rate", type=float, default=300, help="requests a second, at most")
    options = parser.parse_args()
    client = Client(options.address)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    begun = time.monotonic()
    try:
        for count, (body, label) in enumerate(itertools.cycle(list(rows_of(options.table)))):
            if time.monotonic() - begun > options.seconds:
                break
            client.ask_and_tell(f"customer-{count}", body, label)
            time.sleep(max(0.0, begun + count / options.rate - time.monotonic()))
    except (KeyboardInterrupt, SystemExit):
        pass
    client.answered.setdefault("failed", 0)
    print(" · ".join(f"{name}: {count}" for name, count in sorted(client.answered.items())))


if __name__ == "__main__":
    main()
