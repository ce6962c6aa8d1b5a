#!/usr/bin/env python3
"""One fit alone beside scikit-learn, XGBoost and LightGBM, on the same prepared rows, in turns.

Ours is the train step of a whole `slipway run` without folds, which also writes the ONNX graph; theirs is the call of fit().
With --busy another process keeps one core busy meanwhile, as on a shared machine; the time is told as a ratio to the idle one.

fit_speed.py [--rows 200000] [--features 20] [--rounds 3] [--kind forest|boosting] [--busy] [--check]
PEERS_PYTHON names an interpreter with the packages of peers/requirements.txt.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import (PEERS, Measured, Targets, median, require_program, run_project, spread, write_prepared_parts,
                     write_project)

LIBRARIES = ["sklearn", "xgboost", "lightgbm"]
MODELS = {"forest": ("random_forest", 10), "boosting": ("gradient_boosting", 6)}
# Least ratio of a peer's time to ours, and how far accuracy may lie below the best.
FASTER = {"forest": {"sklearn": 12.0, "best of xgboost and lightgbm": 1.3}, "boosting": {"best of all": 1.2}}
ACCURACY_WITHIN = {"forest": 0.01, "boosting": 0.003}
BUSY_AT_MOST = 2.2


def run_ours(table, kind, keep=None):
    """Seconds of the train step and accuracy; the rows of each part as Parquet files under `keep`."""
    model_type, depth = MODELS[kind]
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        folder = pathlib.Path(name)
        write_project(folder, table, {
            "model_type": model_type, "hyperparameters": {"n_estimators": 100, "max_depth": depth, "random_state": 42},
            "training_config": {"cross_validation": 0}, "evaluation_metrics": ["accuracy"]})
        run = run_project(folder)
        if keep:
            write_prepared_parts(keep, table, run)
    return run.result["timings"]["train"], run.result["metrics"]["accuracy"]


def run_peer(library, kind, folder):
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    output = Measured([python, PEERS / "fit.py", library, kind, folder / "train.parquet", folder / "test.parquet",
                       os.cpu_count()]).output
    answer = json.loads(output.splitlines()[-1])
    return answer["seconds"], answer["accuracy"]


def busy_process():
    return subprocess.Popen([sys.executable, "-c", "import time\nend = time.time() + 600\nwhile time.time() < end: pass"])


def measure(kind, table, folder, rounds):
    times, accuracy = {name: [] for name in ["slipway", *LIBRARIES]}, {}
    for _ in range(rounds):
        for name in times:
            seconds, accuracy[name] = run_ours(table, kind) if name == "slipway" else run_peer(name, kind, folder)
            times[name].append(seconds)
    return times, accuracy


def report(kind, times, accuracy, targets):
    for name, seconds in times.items():
        print(f"  {name:9} {spread(seconds)}  accuracy {accuracy[name]:.4f}")
    own = median(times["slipway"])
    peers = {name: median(times[name]) / own for name in LIBRARIES}
    ratios = {"sklearn": peers["sklearn"], "best of xgboost and lightgbm": min(peers["xgboost"], peers["lightgbm"]),
              "best of all": min(peers.values())}
    for against, least in FASTER[kind].items():
        targets.expect(f"{ratios[against]:.2f} × faster than {against}, at least {least:g} ×", ratios[against] >= least)
    behind = max(accuracy[name] for name in LIBRARIES) - accuracy["slipway"]
    targets.expect(f"accuracy {-behind:+.4f} of the best, at most {ACCURACY_WITHIN[kind]} below", behind <= ACCURACY_WITHIN[kind])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", choices=MODELS, action="append")
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    require_program()
    targets = Targets()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        folder = pathlib.Path(name)
        table = folder / "table.csv"
        subprocess.run([sys.executable, PEERS / "make_data.py", str(options.rows), str(options.features), table], check=True)
        for kind in options.kind or MODELS:
            run_ours(table, kind, keep=folder)
            print(f"{kind}, {options.rows:,} × {options.features}, {options.rounds} rounds, in turns", flush=True)
            times, accuracy = measure(kind, table, folder, options.rounds)
            report(kind, times, accuracy, targets)
            if not options.busy:
                continue
            other = busy_process()
            try:
                busy, _ = measure(kind, table, folder, options.rounds)
            finally:
                other.kill()
                other.wait()
            slower = {name: median(busy[name]) / median(times[name]) for name in busy}
            print("  beside a busy process: " + ", ".join(f"{name} {ratio:.2f} ×" for name, ratio in slower.items()))
            targets.expect(f"{slower['slipway']:.2f} × the idle time, at most {BUSY_AT_MOST} ×", slower["slipway"] <= BUSY_AT_MOST)
    targets.finish(options.check)


if __name__ == "__main__":
    main()
