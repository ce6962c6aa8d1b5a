"""predict_sklearn.py MODEL.joblib DATA.csv: scores of all rows; with a third word, trains that model on DATA.csv first."""
import sys
import joblib, pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

data = pd.read_csv(sys.argv[2])
if len(sys.argv) > 3:
    model = make_pipeline(SimpleImputer(), StandardScaler(),
                          RandomForestClassifier(n_estimators=100, max_depth=10, random_state=42, n_jobs=-1))
    joblib.dump(model.fit(data.drop(columns="target"), data["target"]), sys.argv[1])
else:
    joblib.load(sys.argv[1]).predict_proba(data.drop(columns="target"))
