#!/usr/bin/env python3
"""The traffic splitter beside nginx as a proxy, both in front of an nginx that answers a fixed body.

The proxy runs on core 0 with one worker, the backend and wrk on core 1, as the peer is measured. 32 connections post one row. The
splitter sends 25 of 100 requests to a second version, as in a canary, and counts them by version; both versions are the same backend.

A virtual machine may be twice as fast in one second as in the next, so loads are short and take turns; medians of all are compared. Where
the load's core is busy throughout and the proxy's is not, the rate is the load's limit: how long both are busy is told, too.

splitter_speed.py [--seconds 1] [--rounds 60] [--check]
Needs the Debian packages wrk and nginx-light, and slipway_splitter_load built.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import shutil
import statistics
import sys
import tempfile

from measure import PEERS, SLIPWAY, Targets, median
from serve_speed import LOAD_CORE, NGINX, SERVER_CORE, Server, closed_loop, free_port

SPLITTER = pathlib.Path(os.environ.get("SLIPWAY_SPLITTER", SLIPWAY.parent / "slipway_splitter_load"))
OF_NGINX, P99_OF_NGINX = 1.0, 1.0


class CoreTime:
    """How long a core is busy from here on, of the time that passes, as /proc/stat has it."""

    def __init__(self, core):
        self.name = f"cpu{core}"
        self.before = self.read()

    def read(self):
        with open("/proc/stat", encoding="ascii") as lines:
            _, *ticks = next(line.split() for line in lines if line.split()[0] == self.name)
        ticks = [int(one) for one in ticks[:8]]
        return ticks[3] + ticks[4], sum(ticks)  # Idle, and waiting for a disk.

    def busy(self):
        idle, total = (now - before for now, before in zip(self.read(), self.before))
        return 1 - idle / total


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.targets = options, folder, Targets()
        self.body = folder / "one.json"
        self.body.write_text(json.dumps({"features": [0.5, -1.25, 0.125, 2.0, -0.75]}))

    def nginx(self, name, core, **ports):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        text = (PEERS / f"{name}.conf").read_text()
        for word, port in ports.items():
            text = text.replace(f":{word};", f":{port};")
        (folder / f"{name}.conf").write_text(text)
        return Server([NGINX, "-p", folder, "-c", f"{name}.conf", "-e", "start.err"], ports["PORT"], folder, ready="/", core=core)

    def splitter(self, backend):
        replica = {"host": "127.0.0.1", "port": backend}
        routes = self.folder / "routes.json"
        routes.write_text(json.dumps({"versions": [{"id": "2", "weight": 25, "replicas": [replica]},
                                                   {"id": "1", "weight": 75, "replicas": [replica]}]}))
        port = free_port()
        return Server([SPLITTER, routes, port, 1], port, self.folder, ready="/", core=SERVER_CORE)

    def measure(self, name, server):
        proxy, load = CoreTime(SERVER_CORE), CoreTime(LOAD_CORE)
        answer = closed_loop(server, self.body, self.options.seconds)
        answer["core_us"], answer["load_us"] = (1e6 * core.busy() / answer["rate"] for core in (proxy, load))
        self.targets.expect_clean(name, answer)
        return answer

    def run(self):
        os.sched_setaffinity(0, {LOAD_CORE})
        with contextlib.ExitStack() as stack:
            backend = stack.enter_context(self.nginx("nginx", LOAD_CORE, PORT=free_port()))
            proxies = {"nginx": self.nginx("nginx-proxy", SERVER_CORE, PORT=free_port(), BACKEND=backend.port),
                       "splitter": self.splitter(backend.port)}
            answers = {name: [] for name in proxies}
            for server in proxies.values():
                stack.enter_context(server)
                closed_loop(server, self.body, 1)
            for _ in range(self.options.rounds):
                for name in random.sample(list(proxies), len(proxies)):
                    answers[name].append(self.measure(name, proxies[name]))
        medians = {name: {key: median([answer[key] for answer in of]) for key in ("rate", "p50", "p99", "core_us", "load_us")}
                   for name, of in answers.items()}
        for name, of in medians.items():
            quartiles = statistics.quantiles([answer["rate"] for answer in answers[name]], n=4)
            print(f"  {name:10} {of['rate']:8,.0f} requests/s ({quartiles[0]:,.0f} to {quartiles[2]:,.0f} in half of the loads)  "
                  f"p50 {of['p50']:.3f} ms  p99 {of['p99']:.3f} ms  its core {of['core_us']:.1f} us a request, the load's {of['load_us']:.1f}")
        for what, key, limit, least in (("rate", "rate", OF_NGINX, True), ("p99", "p99", P99_OF_NGINX, False)):
            ratio = medians["splitter"][key] / medians["nginx"][key]
            self.targets.expect(f"{what} {ratio:.2f} × that of nginx as a proxy, at {'least' if least else 'most'} {limit:g}",
                                ratio >= limit if least else ratio <= limit)
        self.targets.finish(self.options.check)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=1, help="of each load")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    if not shutil.which("wrk") or not NGINX:
        sys.exit("wrk or nginx is not installed; try 'apt-get install wrk nginx-light'")
    if not SPLITTER.exists():
        sys.exit(f"{SPLITTER} is not built; try 'scripts/build release slipway_splitter_load'")
    if os.cpu_count() < 2:
        sys.exit("the proxy and its load need a core each, and there is only one")
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        Bench(options, pathlib.Path(name)).run()


if __name__ == "__main__":
    main()
