#!/usr/bin/env python3
"""How often `slipway data drift` alarms, by simulation: false alarms without drift, and what it finds of drift that matters.

With PEERS_PYTHON, an interpreter with bench/peers/requirements.txt, Evidently's defaults are asked about the first data sets, too.

Each data set is 20 columns of normal numbers and one of 100 equally frequent categories, reference and current drawn
anew; default settings. Files are Parquet, as the reading is not what is measured.

drift_alarms.py [--sets 400] [--check]
"""
import argparse
import json
import os
import pathlib
import tempfile

import numpy as np
import pandas as pd

from measure import PEERS, SLIPWAY, Measured, Targets, require_program

NUMBERS, CATEGORIES = 20, 100
PEER_SETS = 20  # Evidently takes seconds each.


def sound(rng, rows):
    frame = pd.DataFrame({f"n{i}": rng.standard_normal(rows) for i in range(NUMBERS)})
    return frame.assign(category=np.char.mod("c%02d", rng.integers(0, CATEGORIES, rows)))


def shifted(by):
    def make(rng, rows, current):
        frame = sound(rng, rows)
        return frame.assign(n0=frame["n0"] + by) if current else frame
    return make


def one_number_shifted(by):
    """One column, for rows by the million."""
    return lambda rng, rows, current: pd.DataFrame({"n0": rng.standard_normal(rows) + (by if current else 0)})


def share_moved(rng, rows, current):
    shares = [0.35, 0.25, 0.4] if current else [0.3, 0.3, 0.4]
    return sound(rng, rows).assign(city=rng.choice(["a", "b", "c"], rows, p=shares))


def evidently_alarms(paths, column):
    """What Evidently's defaults say: half of the columns drifted, or `column` did."""
    answer = json.loads(Measured([os.environ["PEERS_PYTHON"], PEERS / "alarm_evidently.py", *paths]).output.splitlines()[-1])
    return answer["columns"][column] if column else (answer["dataset"], answer["any"])


def alarms(make, rows, sets, seed, column=None):
    """Share of data sets that alarm, or in which `column` does."""
    count, peer = 0, []
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        paths = [pathlib.Path(folder, name) for name in ("reference.parquet", "current.parquet")]
        for number in range(sets):
            rng = np.random.default_rng([seed, number])
            for path, current in zip(paths, (False, True)):
                make(rng, rows, current).to_parquet(path, index=False)
            report = json.loads(Measured([SLIPWAY, "data", "drift", *paths, "--output", "json"]).output)
            count += column in report["drifted_features"] if column else report["drift_detected"]
            if "PEERS_PYTHON" in os.environ and number < PEER_SETS:
                peer.append(evidently_alarms(paths, column))
    if column and peer:
        print(f"            Evidently's defaults: found in {sum(peer) / len(peer):.1%} of {len(peer)}")
    elif peer:
        dataset, some = (sum(pair[place] for pair in peer) / len(peer) for place in (0, 1))
        print(f"            Evidently's defaults: {dataset:.1%} of {len(peer)} have data set drift, {some:.1%} a drifted column")
    return count / sets


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--check", action="store_true", help="end with exit code 1 where a target is missed")
    options = parser.parse_args()
    require_program()
    targets = Targets()
    few = max(options.sets // 10, 1)

    def no_drift(rng, rows, current):
        return sound(rng, rows)

    for rows, sets in ((1_000, options.sets), (100_000, few)):
        share = alarms(no_drift, rows, sets, 1)
        targets.expect(f"no drift, {rows:,} rows, {sets} data sets: {share:.1%} alarm, at most 5 %", share <= 0.05)
    share = alarms(shifted(0.25), 10_000, options.sets // 2, 2, "n0")
    targets.expect(f"a mean shifted by 0.25 deviations, 10,000 rows: found in {share:.1%}, at least 99 %", share >= 0.99)
    share = alarms(share_moved, 10_000, options.sets // 2, 3, "city")
    targets.expect(f"a share moved from 30 to 35 %, 10,000 rows: found in {share:.1%}, at least 99 %", share >= 0.99)
    share = alarms(one_number_shifted(0.02), 1_000_000, few, 4)
    targets.expect(f"a shift of 0.02 deviations, 1,000,000 rows: {share:.1%} alarm, at most 5 %", share <= 0.05)
    targets.finish(options.check)


if __name__ == "__main__":
    main()
