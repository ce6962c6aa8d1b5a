"""Runs in an environment with MLflow: loads a model's folder both ways and writes what it predicts.

mlflow_client.py FOLDER COLUMNS.json OUT.json"""
import json
import sys

import mlflow.onnx
import mlflow.pyfunc
import numpy as np
import onnxruntime
import pandas as pd


def main(folder, columns, out):
    with open(columns, encoding="utf-8") as file:
        frame = pd.DataFrame(json.load(file))
    frame = frame.astype({name: float for name in frame.select_dtypes("number").columns})
    loaded = mlflow.pyfunc.load_model(folder)
    answer = loaded.predict(frame)

    graph = mlflow.onnx.load_model(folder)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {name: frame[name].to_numpy() for name in frame.columns})
    direct = {output.name: np.asarray(values).tolist() for output, values in zip(session.get_outputs(), outputs)}
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"pyfunc": {name: np.asarray(answer[name]).ravel().tolist() for name in answer}, "onnx": direct,
                   "inputs": loaded.metadata.get_input_schema().input_names(),
                   "outputs": loaded.metadata.get_output_schema().input_names()}, file)


main(*sys.argv[1:])
