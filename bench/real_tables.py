#!/usr/bin/env python3
"""AUC on real tables beside a scikit-learn pipeline with the same model, trained and tested on the same rows.

Slipway keeps the split of each run (split.parquet: row, part, fold); scikit-learn gets exactly these rows. The tables are
found through SLIPWAY_DATA. real_tables.py [--check]
"""
import json
import os
import pathlib
import sys
import tempfile

import pandas as pd
from measure import SLIPWAY, Measured, Targets, require_program
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

AUC_WITHIN = 0.01
TABLES = [
    # File, target, positive class, identifiers.
    ("telco-churn.csv", "Churn", "Yes", ["customerID"]),
    ("adult-train.csv", "income", ">50K", []),
]
FOREST = {"n_estimators": 100, "max_depth": 10, "random_state": 42}


def run_ours(folder, table, target, positive, identifiers):
    config = {"development": {
        "project_name": "real-table",
        "version": "1.0.0",
        "data": {"source_path": str(table), "target_column": target, "positive_class": positive,
                 "id_columns": identifiers, "preprocessing_steps": ["handle_missing", "normalize"],
                 "split": {"train": 0.8, "validation": 0.0, "test": 0.2}},
        "model": {"model_type": "random_forest", "hyperparameters": FOREST,
                  "evaluation_metrics": ["accuracy", "f1", "auc"], "performance_thresholds": {"accuracy": 0.5}},
        "deployment": {"environment": "development", "deployment_strategy": "rolling"},
    }}
    (folder / "configs").mkdir()
    (folder / "configs" / "config.yaml").write_text(json.dumps(config, indent=1))
    measured = Measured([SLIPWAY, "run", "--output", "json"], cwd=folder, expect=(0, 1))
    result = json.loads(measured.output.splitlines()[-1])
    split = pd.read_parquet(folder / ".slipway" / "runs" / result["run_id"] / "split.parquet")
    return result, split.sort_values("row").reset_index(drop=True)


def peer_auc(table, target, positive, identifiers, split):
    frame = pd.read_csv(table, skipinitialspace=True, na_values=["", " ", "?"])
    assert len(frame) == len(split), f"{len(split)} rows in split.parquet, {len(frame)} in {table.name}"
    # A column of numbers with blanks in it is read as text.
    for column in frame.columns.drop(target):
        if frame[column].dtype == object:
            numbers = pd.to_numeric(frame[column], errors="coerce")
            if numbers.notna().sum() >= 0.9 * frame[column].notna().sum():
                frame[column] = numbers
    y = (frame[target] == positive).astype(int)
    x = frame.drop(columns=[target, *identifiers])
    train, test = split["part"] == "train", split["part"] == "test"
    numeric = make_pipeline(SimpleImputer(), StandardScaler())
    category = make_pipeline(SimpleImputer(strategy="constant", fill_value=""), OneHotEncoder(handle_unknown="ignore"))
    prepare = make_column_transformer((numeric, make_column_selector(dtype_include="number")),
                                      (category, make_column_selector(dtype_exclude="number")))
    model = make_pipeline(prepare, RandomForestClassifier(n_jobs=-1, **FOREST))
    model.fit(x[train], y[train])
    return roc_auc_score(y[test], model.predict_proba(x[test])[:, 1]), int(train.sum()), int(test.sum())


def main():
    folder = os.environ.get("SLIPWAY_DATA", "")
    if not pathlib.Path(folder, TABLES[0][0]).is_file():
        print("SKIPPED: SLIPWAY_DATA does not name the folder with the real tables")
        return
    require_program()
    targets = Targets()
    for name, target, positive, identifiers in TABLES:
        table = pathlib.Path(folder, name).resolve()
        with tempfile.TemporaryDirectory(prefix="slipway-bench-") as project:
            result, split = run_ours(pathlib.Path(project), table, target, positive, identifiers)
        theirs, train_rows, test_rows = peer_auc(table, target, positive, identifiers, split)
        ours = result["metrics"]["auc"]
        print(f"{name}: {train_rows:,} rows to train, {test_rows:,} to test")
        print(f"  slipway       auc {ours:.4f}\n  scikit-learn  auc {theirs:.4f}")
        targets.expect(f"{name}: auc {ours - theirs:+.4f}, within {AUC_WITHIN} or better", ours >= theirs - AUC_WITHIN)
    targets.finish("--check" in sys.argv[1:])


if __name__ == "__main__":
    main()
