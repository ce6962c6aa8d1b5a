#!/usr/bin/env python3
"""`slipway serve` at full rate for minutes, while an alias moves between two versions and each move is followed by a reload.

Asked: no error, no request lost, and memory that does not grow once both versions have answered. Half of the reloads come by SIGHUP,
half by POST /admin/reload. The prediction log is on.

serve_endurance.py [--minutes 10] [--pause 2] [--check]
"""
import argparse
import http.client
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time

from measure import SLIPWAY, Targets, run_project
from serve_speed import LOAD_CORE, Bench, closed_loop, require_tools

GROWTH_AT_MOST = 1.1  # Of the memory after the first tenth.


def reload_by_admin(server, token):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("POST", "/admin/reload", headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status == 200
    finally:
        connection.close()


def point_at(folder, version):
    subprocess.run([SLIPWAY, "models", "alias", f"bench:{version}", "live"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


class Reloads:
    """Moves the alias and reloads until the load is over."""

    def __init__(self, bench, server, pause, token):
        self.bench, self.server, self.pause, self.token = bench, server, pause, token
        self.done, self.failed, self.resident = 0, 0, []

    def run(self, over):
        while not over.wait(self.pause):
            point_at(self.bench.folder, 1 + self.done % 2)
            if self.done % 4 < 2:
                self.server.child.send_signal(signal.SIGHUP)
            elif not reload_by_admin(self.server, self.token):
                self.failed += 1
            self.done += 1
            self.resident.append(self.server.resident() / 1e6)


def run(options, folder):
    bench = Bench(options, folder)
    bench.train()
    run_project(folder, "--no-cache", "--set", "model.hyperparameters.random_state=7")
    point_at(folder, 1)
    os.sched_setaffinity(0, {LOAD_CORE})
    token = secrets.token_hex(16)
    os.environ["SLIPWAY_SERVE_ADMIN_TOKENS"] = token
    seconds = int(60 * options.minutes)
    with bench.slipway_server("--log-predictions", "--prediction-log", folder / "predictions", model="bench@live") as server:
        reloads, over = Reloads(bench, server, options.pause, token), threading.Event()
        thread = threading.Thread(target=reloads.run, args=(over,))
        thread.start()
        try:
            answer = bench.show(f"{options.minutes:g} minutes", closed_loop(server, bench.one, seconds))
        finally:
            over.set()
            thread.join()
    begun, ended = reloads.resident[max(2, len(reloads.resident) // 10)], max(reloads.resident[-5:])
    expect = bench.targets.expect
    expect(f"{answer['answered']:,} answers, {answer['non_2xx']} without success, {answer['errors']} errors: none of either", answer["clean"])
    expect(f"{reloads.done} reloads, {reloads.failed} failed: none", reloads.failed == 0 and reloads.done > 0)
    expect(f"{ended:.1f} MB resident at the end, {begun:.1f} after a tenth: at most {GROWTH_AT_MOST} ×", ended <= GROWTH_AT_MOST * begun)
    bench.targets.finish(options.check)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pause", type=float, default=2, help="seconds between two reloads")
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    options.only, options.with_mlflow = "slipway", False
    require_tools(["slipway"])
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        run(options, pathlib.Path(name))


if __name__ == "__main__":
    main()
