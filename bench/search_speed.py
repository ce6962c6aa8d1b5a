#!/usr/bin/env python3
"""A search for hyper-parameters beside scikit-learn's HalvingRandomSearchCV: 30 trials of a forest over the same space, five
folds, successive halving by rows with factor 3, the best one fitted on all training rows, both judged on the same test rows.

Ours is the steps `search` and `train` of a whole `slipway run` (train fits the five folds of the report too, which the peer
does not do); theirs is fit().

search_speed.py [--rows 50000] [--features 20] [--trials 30] [--check]
PEERS_PYTHON names an interpreter with the packages of peers/requirements.txt.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import PEERS, Measured, Targets, require_program, run_project, write_prepared_parts, write_project

TIMES_FASTER = 10.0
AUC_WITHIN = 0.003


def run_ours(folder, table, trials):
    write_project(folder, table, {
        "model_type": "random_forest", "hyperparameters": {"n_estimators": 100, "random_state": 42},
        "training_config": {"cross_validation": 5, "hyperparameter_tuning": True},
        "search": {"trials": trials, "seconds": 3600}})
    run = run_project(folder)
    write_prepared_parts(folder, table, run)
    return run, json.loads((run.kept / "report.json").read_text())["search"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    require_program()
    targets = Targets()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        folder = pathlib.Path(name)
        table = folder / "table.csv"
        subprocess.run([sys.executable, PEERS / "make_data.py", str(options.rows), str(options.features), table], check=True)
        run, search = run_ours(folder, table, options.trials)
        last = run.result
        seconds = last["timings"]["search"] + last["timings"]["train"]
        chosen = next(trial for trial in search["trials"] if trial["trial"] == search["chosen"])
        print(f"{options.rows:,} × {options.features}, {len(search['trials'])} trials")
        print(f"  slipway       {seconds:.2f} s (search {last['timings']['search']:.2f})  auc {last['metrics']['auc']:.4f}"
              f"  peak {run.peak_bytes / 1e6:.0f} MB  {chosen['hyperparameters']}", flush=True)
        python = os.environ.get("PEERS_PYTHON", sys.executable)
        peer = json.loads(Measured([python, PEERS / "search_sklearn.py", folder / "train.parquet", folder / "test.parquet",
                                    options.trials]).output.splitlines()[-1])
    print(f"  scikit-learn  {peer['seconds']:.2f} s  auc {peer['auc']:.4f}  {peer['chosen']}")
    ratio = peer["seconds"] / seconds
    targets.expect(f"{ratio:.1f} × faster, at least {TIMES_FASTER:g} ×", ratio >= TIMES_FASTER)
    behind = peer["auc"] - last["metrics"]["auc"]
    targets.expect(f"auc {-behind:+.4f}, within {AUC_WITHIN} or better", behind <= AUC_WITHIN)
    targets.finish(options.check)


if __name__ == "__main__":
    main()
