"""search_sklearn.py TRAIN.parquet TEST.parquet TRIALS: scikit-learn's HalvingRandomSearchCV over forests, as Slipway's
default search space has them; five folds, judged by AUC. Prints {"seconds", "auc", "chosen"} of the refitted best."""
import json
import sys
import time

import pandas as pd
from scipy.stats import loguniform
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import HalvingRandomSearchCV, StratifiedKFold


class WholeNumbers:
    """A log-uniform distribution over whole numbers, as scipy's is over all."""

    def __init__(self, low, high):
        self.continuous = loguniform(low - 0.5, high + 0.5)

    def rvs(self, random_state=None):
        return max(1, round(self.continuous.rvs(random_state=random_state)))


SPACE = {"max_depth": [None, 6, 10, 15, 20], "min_samples_leaf": WholeNumbers(1, 20), "max_features": ["sqrt", 0.3, 0.5, 0.8]}


def main():
    train, test = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
    begun = time.perf_counter()
    search = HalvingRandomSearchCV(
        RandomForestClassifier(n_estimators=100, random_state=42), SPACE, n_candidates=int(sys.argv[3]), factor=3,
        min_resources="exhaust", cv=StratifiedKFold(5, shuffle=True, random_state=42), scoring="roc_auc", random_state=42,
        n_jobs=-1)
    search.fit(train.drop(columns="target"), train["target"])
    seconds = time.perf_counter() - begun
    scores = search.predict_proba(test.drop(columns="target"))[:, 1]
    print(json.dumps({"seconds": seconds, "auc": roc_auc_score(test["target"], scores), "folds_auc": search.best_score_,
                      "chosen": {name: value if isinstance(value, str | None) else float(value)
                                 for name, value in search.best_params_.items()}}))


if __name__ == "__main__":
    main()
