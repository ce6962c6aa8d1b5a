#!/usr/bin/env python3
"""The main job beside its peer: `slipway run` and peers/train_sklearn.py on the same table, in turns.

Both are whole processes, from start to exit: read, check, impute, scale, 5-fold cross-validation, a forest of 100 trees
of depth 10, metrics on 20 % test rows, model saved. Slipway also gates, registers and reports. Each of its runs has a
fresh project folder, so that nothing comes from its cache.

run_main_job.py [--rows 10000] [--features 5] [--rounds 5] [--data FILE.csv] [--check]
"""
import argparse
import ast
import pathlib
import subprocess
import sys
import tempfile

from measure import PEERS, Measured, Targets, median, require_program, run_project, spread, write_project

# Least ratio of the peer's median time to ours.
TIMES_FASTER = {(10_000, 5): 10.0, (200_000, 20): 12.0}
AUC_WITHIN = 0.01


def run_ours(table):
    """The peer's job as a configuration, in a fresh project."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        folder = pathlib.Path(name)
        write_project(
            folder, table,
            {"model_type": "random_forest", "hyperparameters": {"n_estimators": 100, "max_depth": 10, "random_state": 42},
             "training_config": {"cross_validation": 5}, "evaluation_metrics": ["accuracy", "f1", "auc"]},
            validation_rules={"min_rows": 1000, "max_missing_ratio": 0.1}, preprocessing_steps=["handle_missing", "normalize"])
        return run_project(folder)


def run_peer(table):
    measured = Measured([sys.executable, PEERS / "train_sklearn.py", table])
    # A dict of floats, which numpy may write as np.float64(…).
    text = measured.output.splitlines()[-1].replace("np.float64(", "").replace(")", "")
    measured.result = ast.literal_eval(text)
    return measured


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=pathlib.Path, help="this table instead of a generated one")
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    require_program()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as name:
        table = options.data.resolve() if options.data else pathlib.Path(name, "train.csv")
        if not options.data:
            subprocess.run([sys.executable, PEERS / "make_data.py", str(options.rows), str(options.features), table],
                           check=True)
        print(f"{options.rows:,} × {options.features}, {options.rounds} rounds, in turns", flush=True)
        ours, peers = [], []
        for number in range(options.rounds):
            ours.append(run_ours(table))
            peers.append(run_peer(table))
            print(f"  round {number + 1}: slipway {ours[-1].seconds:.3f} s, scikit-learn {peers[-1].seconds:.3f} s",
                  flush=True)
    report(options, ours, peers)


def report(options, ours, peers):
    seconds = [run.seconds for run in ours], [run.seconds for run in peers]
    ratio = median(seconds[1]) / median(seconds[0])
    auc = ours[-1].result["metrics"]["auc"], peers[-1].result["auc"]
    peak = median([run.peak_bytes for run in ours]), median([run.peak_bytes for run in peers])
    print(f"  slipway       {spread(seconds[0])}  auc {auc[0]:.4f}  peak {peak[0] / 1e6:.0f} MB"
          f"  CPU {median([run.cpu_seconds for run in ours]):.2f} s")
    print(f"  scikit-learn  {spread(seconds[1])}  auc {auc[1]:.4f}  peak {peak[1] / 1e6:.0f} MB"
          f"  CPU {median([run.cpu_seconds for run in peers]):.2f} s")
    print("  slipway's steps  " + "  ".join(f"{step} {value:.3f}" for step, value in ours[-1].result["timings"].items()))
    targets = Targets()
    least = TIMES_FASTER.get((options.rows, options.features))
    if least and not options.data:
        targets.expect(f"{ratio:.1f} × faster, at least {least:g} ×", ratio >= least)
    else:
        print(f"  {ratio:.1f} × faster")
    targets.expect(f"auc {auc[0] - auc[1]:+.4f}, within {AUC_WITHIN} or better", auc[0] >= auc[1] - AUC_WITHIN)
    targets.expect(f"peak memory {peak[0] / peak[1]:.2f} of the peer's, less than 1", peak[0] < peak[1])
    targets.finish(options.check)


if __name__ == "__main__":
    main()
