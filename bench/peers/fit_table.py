"""fit_table.py LIBRARY forest|boosting TASK TARGET TRAIN.parquet TEST.parquet: a pipeline on a raw table, as a Python user writes it.

Numbers are imputed by their mean, categories one-hot; then 100 trees of depth 10 (forest) or 6 (boosting, learning rate 0.1).
TASK is binary, multiclass or regression. Prints {"score"} of the test rows: AUC (one-versus-rest, weighted), or R².
"""
import json
import os
import sys

import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder

library, kind, task, target, train_path, test_path = sys.argv[1:]
train, test = pd.read_parquet(train_path), pd.read_parquet(test_path)
regression = task == "regression"
threads = os.cpu_count()


def make(columns):
    if library == "sklearn":
        from sklearn import ensemble
        suffix = "Regressor" if regression else "Classifier"
        if kind == "forest":
            return getattr(ensemble, f"RandomForest{suffix}")(n_estimators=100, max_depth=10, random_state=42, n_jobs=threads)
        return getattr(ensemble, f"HistGradientBoosting{suffix}")(max_iter=100, max_depth=6, max_leaf_nodes=None, learning_rate=0.1,
                                                                  early_stopping=False, random_state=42)
    share = 1.0 if regression else columns ** 0.5 / columns
    suffix = "Regressor" if regression else "Classifier"
    if library == "xgboost":
        import xgboost
        if kind == "forest":
            return getattr(xgboost, f"XGBRF{suffix}")(n_estimators=100, max_depth=10, random_state=42, n_jobs=threads,
                                                      colsample_bynode=share, tree_method="hist")
        return getattr(xgboost, f"XGB{suffix}")(n_estimators=100, max_depth=6, learning_rate=0.1, random_state=42,
                                                n_jobs=threads, tree_method="hist")
    import lightgbm
    settings = {"n_estimators": 100, "random_state": 42, "n_jobs": threads, "verbose": -1}
    if kind == "forest":
        settings |= {"boosting_type": "rf", "max_depth": 10, "num_leaves": 1024, "bagging_freq": 1, "bagging_fraction": 0.632,
                     "feature_fraction_bynode": share}
    else:
        settings |= {"max_depth": 6, "num_leaves": 64, "learning_rate": 0.1}
    return getattr(lightgbm, f"LGBM{suffix}")(**settings)


prepare = make_column_transformer(
    (SimpleImputer(), make_column_selector(dtype_include="number")),
    (make_pipeline(SimpleImputer(strategy="constant", fill_value=""), OneHotEncoder(handle_unknown="ignore", sparse_output=False)),
     make_column_selector(dtype_exclude="number")))
x, x_test = prepare.fit_transform(train.drop(columns=target)), prepare.transform(test.drop(columns=target))
if regression:
    model = make(x.shape[1]).fit(x, train[target])
    score = r2_score(test[target], model.predict(x_test))
else:
    classes = LabelEncoder().fit(train[target])
    model = make(x.shape[1]).fit(x, classes.transform(train[target]))
    scores, truth = model.predict_proba(x_test), classes.transform(test[target])
    score = roc_auc_score(truth, scores[:, 1]) if task == "binary" else roc_auc_score(truth, scores, multi_class="ovr",
                                                                                      average="weighted")
print(json.dumps({"score": score}))
