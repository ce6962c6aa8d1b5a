"""fit.py LIBRARY forest|boosting TRAIN.parquet TEST.parquet THREADS: one fit alone, prepared rows in and out.

LIBRARY is sklearn, xgboost or lightgbm; 100 trees, of depth 10 for a forest and 6 for boosting. Prints one line of JSON.
"""
import json
import sys
import time

import numpy as np
import pandas as pd

library, kind, train_path, test_path, threads = sys.argv[1:6]
threads = int(threads)
train, test = pd.read_parquet(train_path), pd.read_parquet(test_path)
x, y = train.drop(columns="target").to_numpy("float32"), train["target"].to_numpy()
x_test, y_test = test.drop(columns="target").to_numpy("float32"), test["target"].to_numpy()


def make():
    if library == "sklearn":
        from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
        if kind == "forest":
            return RandomForestClassifier(n_estimators=100, max_depth=10, random_state=42, n_jobs=threads)
        return HistGradientBoostingClassifier(max_iter=100, max_depth=6, max_leaf_nodes=None, learning_rate=0.1,
                                              early_stopping=False, random_state=42)
    if library == "xgboost":
        import xgboost
        if kind == "forest":
            return xgboost.XGBRFClassifier(n_estimators=100, max_depth=10, random_state=42, n_jobs=threads,
                                           colsample_bynode=x.shape[1] ** 0.5 / x.shape[1], tree_method="hist")
        return xgboost.XGBClassifier(n_estimators=100, max_depth=6, learning_rate=0.1, random_state=42, n_jobs=threads,
                                     tree_method="hist")
    import lightgbm
    if kind == "forest":
        return lightgbm.LGBMClassifier(boosting_type="rf", n_estimators=100, max_depth=10, num_leaves=1024, bagging_freq=1,
                                       bagging_fraction=0.632, feature_fraction_bynode=x.shape[1] ** 0.5 / x.shape[1],
                                       random_state=42, n_jobs=threads, verbose=-1)
    return lightgbm.LGBMClassifier(n_estimators=100, max_depth=6, num_leaves=64, learning_rate=0.1, random_state=42,
                                   n_jobs=threads, verbose=-1)


model = make()
begun = time.perf_counter()
model.fit(x, y)
seconds = time.perf_counter() - begun
print(json.dumps({"seconds": seconds, "accuracy": float(np.mean(model.predict(x_test) == y_test))}))
