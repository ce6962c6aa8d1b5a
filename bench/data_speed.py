#!/usr/bin/env python3
"""The data commands beside their peers: pyarrow's readers, Great Expectations, Evidently, scikit-learn.

data_speed.py [--rows 1000000] [--rounds 5] [--large-gb 5] [--only NAME,…] [--check]

Parts: profile, validate, drift, parquet, large, stored, wide, predict. PEERS_PYTHON is an interpreter with
bench/peers/requirements.txt (scripts/bench makes it); without it the peers of validate and drift are left out.
"""
import argparse
import os
import pathlib
import sys
import tempfile

from measure import PEERS, SLIPWAY, Measured, Targets, median, require_program, spread, write_project

PARTS = ["profile", "validate", "drift", "parquet", "large", "stored", "wide", "predict"]
WIDE_TABLE = """
import sys, numpy as np, pandas as pd
rows, columns, out, seed = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
values = np.random.default_rng(seed).normal(size=(rows, columns)).round(4)
frame = pd.DataFrame(values, columns=[f"c{i}" for i in range(columns)])
frame.to_csv(out, index=False) if out.endswith(".csv") else frame.to_parquet(out)
"""


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.targets = options, pathlib.Path(folder), Targets()
        self.peers = os.environ.get("PEERS_PYTHON")
        self.csv, self.csv2, self.parquet = (self.folder / name for name in ("a.csv", "b.csv", "a.parquet"))
        for path, shift in ((self.csv, 0), (self.csv2, 0.1), (self.parquet, 0)):
            self.python(PEERS / "make_data.py", options.rows, 20, path, shift)

    @staticmethod
    def python(*words):
        return Measured([sys.executable, *words])

    def slipway(self, *words, rounds=None, expect=(0, 1)):
        """The runs of one command line, whole processes."""
        return [Measured([SLIPWAY, *words], cwd=self.folder, expect=expect) for _ in range(rounds or self.options.rounds)]

    def read_seconds(self, *paths):
        """Of pyarrow's calls in fresh processes, summed up over the paths."""
        runs = [self.python(PEERS / "read_pyarrow.py", *paths).output.split() for _ in range(self.options.rounds)]
        return [sum(map(float, run)) for run in runs]

    def compare(self, what, runs, peer, most):
        ours, theirs = [run.seconds for run in runs], median(peer)
        self.targets.expect(f"{what}: {spread(ours)}, pyarrow reads in {spread(peer)}: {median(ours) / theirs:.2f} ×, at most {most} ×",
                            median(ours) <= most * theirs)
        peak = max(run.peak_bytes for run in runs) / 1e6
        self.targets.expect(f"{what}: {peak:.0f} MB at its peak, at most 400", peak <= 400)
        return median(ours)

    def beside(self, what, ours, script, paths, least):
        if not self.peers:
            print(f"  left out  {what} beside {script}: PEERS_PYTHON is not set")
            return
        peer = Measured([self.peers, PEERS / script, *paths])
        self.targets.expect(f"{what} beside {script}: {ours:.2f} s and {peer.seconds:.1f} s ({peer.peak_bytes / 1e6:.0f} MB): "
                            f"{peer.seconds / ours:.1f} ×, at least {least} ×", peer.seconds >= least * ours)

    def profile(self):
        self.compare("data profile, CSV", self.slipway("data", "profile", self.csv), self.read_seconds(self.csv), 2)

    def parquet_part(self):
        self.compare("data profile, Parquet", self.slipway("data", "profile", self.parquet), self.read_seconds(self.parquet), 3)

    def validate(self):
        Measured([SLIPWAY, "data", "schema", self.csv, "--save", self.folder / "schema.yaml", "--force"])
        write_project(self.folder, self.csv, {"model_type": "random_forest"}, preprocessing_steps=[], schema=str(self.folder / "schema.yaml"),
                      validation_rules={"min_rows": 1000, "max_missing_ratio": 0.1, "max_duplicate_ratio": 0.1, "max_outlier_ratio": 0.1})
        runs = self.slipway("data", "validate", "--config", self.folder / "configs" / "config.yaml")
        ours = self.compare("data validate, rules and schema", runs, self.read_seconds(self.csv), 2)
        self.beside("data validate", ours, "validate_gx.py", [self.csv], 6)

    def drift(self):
        runs = self.slipway("data", "drift", self.csv, self.csv2)
        ours = self.compare("data drift of two", runs, self.read_seconds(self.csv, self.csv2), 2)
        self.beside("data drift", ours, "drift_evidently.py", [self.csv, self.csv2], 20)

    def large(self):
        """Several gigabytes: the same rows again and again."""
        if self.options.large_gb <= 0:
            return
        small = median([run.seconds for run in self.slipway("data", "profile", self.csv)]) / self.csv.stat().st_size
        path = self.folder / "large.csv"
        head, body = self.csv.read_bytes().split(b"\n", 1)
        with path.open("wb") as out:
            out.write(head + b"\n")
            while out.tell() < self.options.large_gb * 1e9:
                out.write(body)
        run, = self.slipway("data", "profile", path, rounds=1)
        size = path.stat().st_size
        path.unlink()
        self.targets.expect(f"{size / 1e9:.1f} GB of CSV: {run.peak_bytes / 1e6:.0f} MB at its peak, at most 600", run.peak_bytes <= 600e6)
        rate = small / (run.seconds / size)
        self.targets.expect(f"{size / 1e9:.1f} GB of CSV in {run.seconds:.1f} s: {rate:.2f} of the small file's rate, at least 0.8", rate >= 0.8)

    def stored(self):
        for number in (1, 2):
            path = self.folder / f"wide{number}.parquet"
            self.python("-c", WIDE_TABLE, 20_000, 500, path, number)
            self.slipway("data", "profile", path, "--save", self.folder / f"wide{number}.json", rounds=1)
        runs = self.slipway("data", "drift", "wide1.json", "wide2.json", rounds=4 * self.options.rounds)
        times = [1000 * run.seconds for run in runs]
        self.targets.expect(f"drift of two stored profiles of 500 columns: {median(times):.0f} ms ({min(times):.0f} to {max(times):.0f}), "
                            "at most 50", median(times) <= 50)

    def wide(self):
        times = {}
        for columns in (250, 500, 1000, 2000):
            path = self.folder / "wide.csv"
            self.python("-c", WIDE_TABLE, 100_000 if self.options.rows >= 1_000_000 else 10_000, columns, path, 1)
            run, = self.slipway("data", "profile", path, rounds=1)
            times[columns] = run.seconds
            print(f"            {columns} columns: {run.seconds:.2f} s, {run.peak_bytes / 1e6:.0f} MB")
            path.unlink()
        ratio = (times[2000] / times[250]) / 8
        self.targets.expect(f"2,000 columns beside 250: {ratio:.2f} of 8 times the time, at most 1.25", ratio <= 1.25)

    def predict(self):
        train = self.folder / "train.csv"
        self.python(PEERS / "make_data.py", 20_000, 20, train)
        model, peer_model = self.folder / "model", self.folder / "model.joblib"
        self.python(PEERS / "predict_sklearn.py", peer_model, train, "fit")
        project = self.folder / "project"
        write_project(project, train, {
            "model_type": "random_forest", "hyperparameters": {"n_estimators": 100, "max_depth": 10, "random_state": 42}},
            preprocessing_steps=["handle_missing", "normalize"])
        Measured([SLIPWAY, "run"], cwd=project)
        Measured([SLIPWAY, "models", "download", "bench:1", "--to", model], cwd=project)
        rounds = max(1, self.options.rounds // 2)
        ours = [run.seconds for run in self.slipway("predict", model, "--input", self.csv, "--output-file", "out.csv", rounds=rounds, expect=(0,))]
        peer = [self.python(PEERS / "predict_sklearn.py", peer_model, self.csv).seconds for _ in range(rounds)]
        self.targets.expect(f"predict: {spread(ours)}, scikit-learn {spread(peer)}: {median(peer) / median(ours):.1f} ×, at least 5 ×",
                            median(peer) >= 5 * median(ours))

    def run(self):
        for part in PARTS:
            if part in self.options.only:
                getattr(self, "parquet_part" if part == "parquet" else part)()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large-gb", type=float, default=5)
    parser.add_argument("--only", type=lambda text: text.split(","), default=PARTS)
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    require_program()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        bench = Bench(options, folder)
        bench.run()
        bench.targets.finish(options.check)


if __name__ == "__main__":
    main()
