"""`slipway data` on files, its statistics beside SciPy's on the same tables."""
import json

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from conftest import basic_config, number_table


def tables(rows, seed=1):
    rng = np.random.default_rng(seed)

    def table(shift, shares, missing, count):
        frame = pd.DataFrame({
            "still": rng.normal(size=count).round(3), "moved": rng.normal(shift, size=count).round(3),
            "city": rng.choice(["Aachen", "Berlin", "Celle"], size=count, p=shares)})
        frame["gaps"] = rng.normal(size=count).round(3)
        return frame.assign(gaps=frame["gaps"].mask(rng.random(count) < missing))

    return (table(0, [0.5, 0.3, 0.2], 0.02, rows), table(0.4, [0.3, 0.5, 0.2], 0.2, rows * 2 // 3))


def drift(project, *arguments, expect=0):
    answer = project.call("data", "drift", *arguments, "--output", "json")
    assert answer.code == expect, answer.err
    return answer.last


# Both ways of the Kolmogorov-Smirnov test: exact, and with too many rows for that.
@pytest.mark.parametrize("rows", [900, 30_000])
def test_statistics_are_scipys(project, rows):
    before, after = tables(rows)
    found = drift(project, project.write_table(before, name="before.csv"), project.write_table(after, name="after.csv"))
    columns = {column["column"]: column for column in found["columns"]}
    for name in ["still", "moved", "gaps"]:
        left, right = before[name].dropna(), after[name].dropna()
        test = scipy.stats.ks_2samp(left, right)
        assert columns[name]["statistic"] == pytest.approx(test.statistic, abs=1e-12)
        assert columns[name]["p_value"] == pytest.approx(test.pvalue, rel=1e-6, abs=1e-300)
        distance = scipy.stats.wasserstein_distance(left, right) / left.std(ddof=0)
        assert columns[name]["effect_value"] == pytest.approx(distance, rel=1e-9)
    counts = pd.concat([before["city"].value_counts(), after["city"].value_counts()], axis=1).fillna(0).T
    test = scipy.stats.chi2_contingency(counts)
    assert columns["city"]["statistic"] == pytest.approx(test.statistic, rel=1e-9)
    assert columns["city"]["p_value"] == pytest.approx(test.pvalue, rel=1e-6)
    missing = scipy.stats.chi2_contingency([[frame["gaps"].isna().sum(), frame["gaps"].notna().sum()] for frame in (before, after)])
    p_values = [columns[name]["p_value"] for name in ["still", "moved", "city", "gaps"]] + [missing.pvalue]
    q_values = [columns[name]["q_value"] for name in ["still", "moved", "city", "gaps"]] + [columns["gaps"]["missing"]["q_value"]]
    assert q_values == pytest.approx(scipy.stats.false_discovery_control(p_values), rel=1e-6, abs=1e-300)
    assert found["drift_detected"] and found["drifted_features"] == ["moved", "city", "gaps"]


def test_a_person_sees_what_and_why(project):
    before, after = tables(2000)
    answer = project.call("data", "drift", project.write_table(before, name="before.csv"),
                          project.write_table(after, name="after.csv"))
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert [line.split()[1] for line in lines[1:5]] == ["moved", "city", "gaps", "still"]
    assert "missing 1.8 % → 20.6 %" in lines[3] and "3 of 4 columns drifted" in lines[-1]


def test_drift_can_fail_and_no_drift_passes(project):
    before, after = (project.write_table(frame, name=name) for frame, name in zip(tables(2000), ["before.csv", "after.csv"]))
    assert project.call("data", "drift", before, after, "--fail-on-drift").code == 1
    assert project.call("data", "drift", before, before, "--fail-on-drift").code == 0
    assert project.call("data", "drift", before, after, "--fail-on-drift", "--columns", "still").code == 0


def test_profile_is_pandas(project):
    frame, _ = tables(3000)
    path = project.write_table(frame, name="table.csv")
    answer = project.call("data", "profile", path, "--output", "json")
    assert answer.code == 0, answer.err
    columns = {column["name"]: column for column in json.loads(answer.out)["columns"]}
    for name in ["still", "moved", "gaps"]:
        assert columns[name]["missing"] == frame[name].isna().sum()
        assert columns[name]["mean"] == pytest.approx(frame[name].mean(), rel=1e-12)
        assert columns[name]["min"] == frame[name].min() and columns[name]["max"] == frame[name].max()
        assert columns[name]["distinct"] == frame[name].nunique()
    text = project.call("data", "profile", path, "--columns", "city,gaps")
    assert text.code == 0 and "Aachen" in text.out and "moved" not in text.out


def test_validate_tells_what_a_run_would(project):
    frame = number_table()
    frame.loc[:399, "feature1"] = np.nan
    project.write_table(frame)
    project.write_config(basic_config())
    answer = project.call("data", "validate", "--output", "json")
    assert answer.code == 1, answer.err
    report = answer.last
    run = project.run(expect=1)
    assert report["issues"] == run["issues"] and not report["passed"]
    assert report["rows"] == 600 and report["issues"][0]["kind"] == "high_missing_values"
    assert report["issues"][0]["examples"][0] == {"row": 1, "value": None}
    text = project.call("data", "validate")
    assert "high_missing_values" in text.out and "row 1: missing" in text.out and "failed" in text.out
    assert project.call("data", "validate", "--fail-on", "never").code == 0
    sound = project.write_table(number_table(missing=0), name="sound.csv")
    assert project.call("data", "validate", "--data", sound).code == 0


@pytest.mark.parametrize("arguments, says", [
    (["profile", "nowhere.csv"], "nowhere.csv"),
    (["profile", "table.csv", "--columns", "cty"], "cty"),
    (["drift", "table.csv", "empty.csv"], "empty.csv"),
    (["drift", "table.csv", "table.csv", "--columns", "cty"], "try city"),
    (["drift", "table.csv", "table.csv", "--alpha", "2"], "--alpha"),
])
def test_wrong_input_is_told(project, arguments, says):
    project.write_table(tables(100)[0], name="table.csv")
    (project.folder / "empty.csv").write_text("still,moved\n")
    paths = [str(project.folder / word) if word.endswith(".csv") else word for word in arguments]
    answer = project.call("data", *paths)
    assert answer.code == 2 and says in answer.err
