#!/usr/bin/env python3
"""A whole `slipway run` with five folds on a large table: its time in fits of the final model, and its peak memory.

Five folds learn from four fifths of the training rows each, so that six fits are worth five of the final one; the rest is reading,
checking, metrics with intervals, gates, registration and reports. One fit is the train step of a run without folds.

large_run.py [--rows 1000000] [--features 20] [--rounds 1] [--check]
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

from measure import PEERS, Targets, median, require_program, run_project, write_project

FITS_AT_MOST = 5.5
# Of the table as float32, and besides.
TIMES_THE_DATA, BESIDES_BYTES = 1.5, 500e6


def run(table, folds):
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        folder = pathlib.Path(name)
        write_project(folder, table, {
            "model_type": "random_forest", "hyperparameters": {"n_estimators": 100, "max_depth": 10, "random_state": 42},
            "training_config": {"cross_validation": folds}, "evaluation_metrics": ["accuracy", "auc"]})
        return run_project(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    require_program()
    targets = Targets()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        table = pathlib.Path(name, "table.csv")
        subprocess.run([sys.executable, PEERS / "make_data.py", str(options.rows), str(options.features), table], check=True)
        fits, whole = [], []
        for _ in range(options.rounds):
            fits.append(run(table, 0).result["timings"]["train"])
            whole.append(run(table, 5))
    last = whole[-1].result
    fit, seconds = median(fits), median([one.seconds for one in whole])
    peak = max(one.peak_bytes for one in whole)
    print(f"{options.rows:,} × {options.features}, five folds: {seconds:.1f} s, one fit {fit:.1f} s, peak {peak / 1e6:.0f} MB,"
          f" auc {last['metrics']['auc']:.4f}")
    print("  steps  " + "  ".join(f"{step} {value:.2f}" for step, value in last["timings"].items()))
    targets.expect(f"{seconds / fit:.2f} fits, at most {FITS_AT_MOST}", seconds / fit <= FITS_AT_MOST)
    allowed = TIMES_THE_DATA * options.rows * options.features * 4 + BESIDES_BYTES
    targets.expect(f"peak {peak / 1e6:.0f} MB, at most {allowed / 1e6:.0f} MB", peak <= allowed)
    targets.finish(options.check)


if __name__ == "__main__":
    main()
