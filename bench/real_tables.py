#!/usr/bin/env python3
"""Scores on real tables beside scikit-learn, XGBoost and LightGBM with equal settings, trained and tested on the same rows.

Slipway keeps the split of each run (split.parquet: row, part, fold); the peers get exactly these rows. A forest of 100 trees of
depth 10, and boosting of 100 of depth 6. Judged by AUC (one-versus-rest of several classes), or R²; within noise of the best
peer is what is not below it by more than half our 95 % interval.

Telco and adult are found through SLIPWAY_DATA; the others come from packages (package_tables.py).
real_tables.py [--table NAME] [--check]      PEERS_PYTHON names an interpreter with the packages of peers/requirements.txt.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile
from dataclasses import dataclass

import package_tables
import pandas as pd
from measure import PEERS, Measured, Targets, require_program, run_project, write_project

MODELS = {"forest": ("random_forest", 10), "boosting": ("gradient_boosting", 6)}
LIBRARIES = ["sklearn", "xgboost", "lightgbm"]
METRICS = {"binary": "auc", "multiclass": "auc", "regression": "r2"}


@dataclass
class RealTable:
    task: str
    target: str
    file: str = ""  # Below SLIPWAY_DATA; "" for what a package has.
    positive: str = ""
    identifiers: tuple = ()


TABLES = {
    "telco": RealTable("binary", "Churn", "telco-churn.csv", "Yes", ("customerID",)),
    "adult": RealTable("binary", "income", "adult-train.csv", ">50K"),
    "flights": RealTable("binary", "late", positive="yes"),
    "segment": RealTable("multiclass", "category"),
    "diamonds": RealTable("regression", "price"),
}


def find(name, table):
    """The path of its file; None where it is not there."""
    if not table.file:
        return package_tables.fetch(name)
    path = pathlib.Path(os.environ.get("SLIPWAY_DATA", ""), table.file)
    return path.resolve() if os.environ.get("SLIPWAY_DATA") and path.is_file() else None


def run_ours(folder, path, table, kind):
    model_type, depth = MODELS[kind]
    data = {"target_column": table.target}
    if table.positive:
        data |= {"positive_class": table.positive}
    if table.identifiers:
        data |= {"id_columns": list(table.identifiers)}
    write_project(folder, path, {
        "model_type": model_type, "hyperparameters": {"n_estimators": 100, "max_depth": depth, "random_state": 42},
        "task": "regression" if table.task == "regression" else "classification", "performance_thresholds": {}}, **data)
    run = run_project(folder)
    split = pd.read_parquet(run.kept / "split.parquet")
    return run.result, split.sort_values("row").reset_index(drop=True)["part"]


def write_parts(folder, path, table, part):
    """The raw rows of each part, as pandas reads them."""
    frame = pd.read_csv(path, skipinitialspace=True, na_values=["", " ", "?"])
    assert len(frame) == len(part), f"{len(part)} rows in split.parquet, {len(frame)} in {path.name}"
    for column in frame.columns.drop(table.target):
        if frame[column].dtype == object:  # A column of numbers with blanks in it is read as text.
            numbers = pd.to_numeric(frame[column], errors="coerce")
            if numbers.notna().sum() >= 0.9 * frame[column].notna().sum():
                frame[column] = numbers
    if table.task == "binary":
        frame[table.target] = (frame[table.target] == table.positive).astype(int)
    frame = frame.drop(columns=list(table.identifiers))
    for name in ("train", "test"):
        frame[(part == name).to_numpy()].to_parquet(folder / f"{name}.parquet")


def compare(name, table, path, kind, targets):
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as project:
        folder = pathlib.Path(project)
        result, part = run_ours(folder, path, table, kind)
        write_parts(folder, path, table, part)
        python = os.environ.get("PEERS_PYTHON", sys.executable)
        peers = {}
        for library in LIBRARIES:
            output = Measured([python, PEERS / "fit_table.py", library, kind, table.task, table.target,
                               folder / "train.parquet", folder / "test.parquet"]).output
            peers[library] = json.loads(output.splitlines()[-1])["score"]
    metric = METRICS[table.task]
    ours = result["metrics"][metric]
    low, high = result["intervals"][metric]
    noise = (high - low) / 2
    print(f"{name}, {kind}: {(part == 'train').sum():,} rows to train, {(part == 'test').sum():,} to test")
    print(f"  {metric}: slipway {ours:.4f} [{low:.4f}, {high:.4f}], " +
          ", ".join(f"{library} {score:.4f}" for library, score in peers.items()), flush=True)
    behind = max(peers.values()) - ours
    targets.expect(f"{name}, {kind}: {metric} {-behind:+.4f} of the best, at most {noise:.4f} below", behind <= noise)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", choices=TABLES, action="append")
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    require_program()
    targets = Targets()
    for name in options.table or TABLES:
        path = find(name, TABLES[name])
        if path is None:
            print(f"SKIPPED: {name}: SLIPWAY_DATA does not name the folder with it")
            continue
        for kind in MODELS:
            compare(name, TABLES[name], path, kind, targets)
    targets.finish(options.check)


if __name__ == "__main__":
    main()
