"""save_mlflow.py DATA.csv FOLDER: the forest of predict_sklearn.py as a model that `mlflow models serve` answers with."""
import sys

import mlflow.sklearn
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

data = pd.read_csv(sys.argv[1])
model = make_pipeline(SimpleImputer(), StandardScaler(),
                      RandomForestClassifier(n_estimators=100, max_depth=10, random_state=42, n_jobs=-1))
model.fit(data.drop(columns="target").to_numpy(), data["target"])
mlflow.sklearn.save_model(model, sys.argv[2], serialization_format="cloudpickle")
