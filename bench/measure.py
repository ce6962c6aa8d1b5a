"""What the benchmarks share: timed child processes, their memory, and tables of medians."""
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
SLIPWAY = pathlib.Path(os.environ.get("SLIPWAY_BIN", ROOT / "build" / "release" / "bin" / "slipway"))


class Measured:
    """One finished child process: seconds of wall time, CPU seconds, peak resident bytes, standard output."""

    def __init__(self, command, cwd=None, expect=(0,)):
        read, write = os.pipe()
        begun = time.perf_counter()
        child = subprocess.Popen([str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=write)
        os.close(write)
        with os.fdopen(read) as pipe:
            self.output = pipe.read()
        # wait4 tells this child's own usage; getrusage would mix all children.
        _, status, usage = os.wait4(child.pid, 0)
        self.seconds = time.perf_counter() - begun
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_bytes = usage.ru_maxrss * 1024
        self.code = os.waitstatus_to_exitcode(status)
        child.returncode = self.code
        if self.code not in expect:
            sys.exit(f"'{' '.join(map(str, command))}' ended with exit code {self.code}:\n{self.output[-2000:]}")


def median(values):
    return statistics.median(values)


def spread(values):
    return f"{median(values):.3f} s ({min(values):.3f} to {max(values):.3f})"


class Targets:
    """Figures and what they should reach. With --check a miss is an exit code of 1."""

    def __init__(self):
        self.missed = []

    def expect(self, what, ok):
        print(f"  {'reached' if ok else 'MISSED ':7}  {what}")
        if not ok:
            self.missed.append(what)

    def finish(self, check):
        if self.missed:
            print(f"{len(self.missed)} of the targets missed")
        if self.missed and check:
            sys.exit(1)


def require_program():
    if not SLIPWAY.exists():
        sys.exit(f"{SLIPWAY} is not built; try 'make build', or SLIPWAY_BIN=…")
