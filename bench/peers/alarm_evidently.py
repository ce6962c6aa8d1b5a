"""alarm_evidently.py REFERENCE.parquet CURRENT.parquet: whether Evidently's defaults call the data set, and each column, drifted."""
import json, sys
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

reference, current = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
result = Report([DataDriftPreset()]).run(current, reference).dict()
columns, share = {}, 0
for metric in result["metrics"]:
    config = metric.get("config", {})
    if config.get("type", "").endswith("ValueDrift"):
        # P-values drift below their threshold, distances above it.
        below = "p_value" in config["method"]
        value, threshold = float(metric["value"]), config["threshold"]
        columns[config["column"]] = value < threshold if below else value >= threshold
    elif config.get("type", "").endswith("DriftedColumnsCount"):
        share = metric["value"]["share"]
print(json.dumps({"dataset": share >= 0.5, "any": any(columns.values()), "columns": columns}))
