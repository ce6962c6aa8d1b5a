"""What the tests of `slipway serve` share: models to serve, and rows to ask about."""
import numpy as np
import pandas as pd
from conftest import Project, basic_config

NUMBERS = ["age", "income", "visits"]
INPUTS = [*NUMBERS, "city", "member", "joined"]


def customers(rows=400, seed=11):
    """Numbers, whole numbers, texts beyond ASCII, truths and times; some of them missing."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.integers(18, 80, rows), "income": rng.normal(100, 25, rows).round(2),
                          "visits": rng.integers(0, 50, rows), "city": rng.choice(["Bonn", "Oslo", "東京"], rows),
                          "member": rng.random(rows) < 0.5,
                          "joined": pd.date_range("2024-01-01", periods=rows, freq="7h").strftime("%Y-%m-%dT%H:%M:%SZ")})
    signal = (frame["income"] + frame["age"] + 20 * (frame["city"] == "Oslo") + 15 * frame["member"]
              + np.arange(rows) / 5 + 4 * rng.normal(size=rows))
    frame["target"] = (signal > signal.median()).astype(int)
    frame.loc[rng.random(rows) < 0.05, "income"] = np.nan
    frame.loc[rng.random(rows) < 0.05, "city"] = None
    return frame


def train(folder, frame, **changes):
    """A project whose model "ml-classifier" has learnt from the frame."""
    project = Project(folder)
    project.frame = frame
    project.write_table(frame)
    project.write_config(basic_config(**changes))
    project.run()
    return project


def train_customers(folder, **changes):
    return train(folder, customers(), **changes)


def as_json(frame):
    """Rows as mappings, with null for what is missing."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
