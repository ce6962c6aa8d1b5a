"""Trains a pipeline of scikit-learn on the rows that Slipway hands over, and writes it as ONNX.

What it is told is in environment variables; docs/models.md lists them.
"""
import json
import os
import pathlib

import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def is_text(column):
    return not pd.api.types.is_numeric_dtype(column)


def main():
    rows = pd.read_parquet(os.environ["SLIPWAY_TRAIN"])
    features = json.loads(os.environ["SLIPWAY_FEATURES"])
    options = json.loads(os.environ["SLIPWAY_HYPERPARAMETERS"])
    options["random_state"] = int(os.environ["SLIPWAY_SEED"])
    texts = [name for name in features if is_text(rows[name])]
    numbers = [name for name in features if name not in texts]
    # As the graph gets them: numbers, NaN and "" for what is missing.
    x = rows[features].astype({name: float for name in numbers}).fillna({name: "" for name in texts})
    model = make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            (OneHotEncoder(handle_unknown="ignore"), texts),
        ),
        LogisticRegression(max_iter=1000, **options),
    )
    model.fit(x, rows[os.environ["SLIPWAY_TARGET"]])
    print(f"accuracy on the {len(rows)} rows of training: {model.score(x, rows[os.environ['SLIPWAY_TARGET']]):.3f}")
    inputs = [(name, (StringTensorType if name in texts else FloatTensorType)([None, 1])) for name in features]
    graph = to_onnx(model, initial_types=inputs)
    pathlib.Path(os.environ["SLIPWAY_OUTPUT"], "model.onnx").write_bytes(graph.SerializeToString())


if __name__ == "__main__":
    main()
