"""What the benchmarks share: timed child processes, their memory, projects to run, and tables of medians."""
import json
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


def write_project(folder, table, model, **data):
    """A project that trains `model` on four fifths of `table` and tests on the rest; `data` is added to the section of that name."""
    config = {"development": {
        "project_name": "bench", "version": "1.0.0",
        "data": {"source_path": str(table), "preprocessing_steps": ["handle_missing"], "target_column": "target",
                 "split": {"train": 0.8, "validation": 0.0, "test": 0.2}} | data,
        "model": {"performance_thresholds": {"accuracy": 0.5}} | model,
        "deployment": {"environment": "development", "deployment_strategy": "rolling"}}}
    (folder / "configs").mkdir(parents=True, exist_ok=True)
    # JSON is YAML too.
    (folder / "configs" / "config.yaml").write_text(json.dumps(config, indent=1))


def run_project(folder, *flags):
    """A whole `slipway run` there: what it ended with as `result`, the folder of its report as `kept`."""
    # Gates may say no (exit code 1): the work is the same, and the figures are what is compared.
    measured = Measured([SLIPWAY, "run", "--output", "json", *flags], cwd=folder, expect=(0, 1))
    measured.result = json.loads(measured.output.splitlines()[-1])
    measured.kept = (folder / measured.result["report"]).parent
    if measured.result["cached"]:
        sys.exit(f"a fresh project took {measured.result['cached']} from a cache")
    return measured


def write_prepared_parts(folder, table, run):
    """The rows that a run trained and tested on as train.parquet and test.parquet, numbers filled as its handle_missing does."""
    import pandas as pd  # Not everyone who measures has it.
    part = pd.read_parquet(run.kept / "split.parquet")["part"]
    frame = pd.read_csv(table)
    frame = frame.fillna(frame[(part == "train").to_numpy()].mean())
    for name in ("train", "test"):
        frame[(part == name).to_numpy()].to_parquet(folder / f"{name}.parquet")


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

    def expect_clean(self, name, answer):
        """Of a load: all were answered, with success."""
        if not answer["clean"]:
            self.expect(f"{name}: {answer['non_2xx']} answers without success, {answer['errors']} errors, none of either", False)

    def finish(self, check):
        if self.missed:
            print(f"{len(self.missed)} of the targets missed")
        if self.missed and check:
            sys.exit(1)


def require_program():
    if not SLIPWAY.exists():
        sys.exit(f"{SLIPWAY} is not built; try 'make build', or SLIPWAY_BIN=…")
