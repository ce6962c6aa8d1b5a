"""`slipway data` on files, its statistics beside SciPy's on the same tables."""
import html.parser
import json
import xml.etree.ElementTree

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


def shares(left, right, whole):
    """Evidently's binning (get_binned_data): by value up to 20 of them, else as many bins as Sturges says."""
    if left.nunique() <= 20:
        keys = sorted(set(left) | set(right))
        return [np.array([(side == key).mean() for key in keys]) for side in (left, right)]
    both = np.concatenate([left, right])
    bins = np.histogram_bin_edges(both.astype(int) if whole else both, bins="sturges")
    return [np.histogram(side, bins)[0] / len(side) for side in (left, right)]


def filled(share):
    """Evidently's feel_zeroes."""
    least = share[share > 0].min()
    return np.where(share == 0, least / 1e6 if least <= 1e-4 else 1e-4, share)


# Tables with values, whole numbers, few values and categories that only one side has.
def test_measures_are_evidentlys(project):
    rng = np.random.default_rng(5)

    def table(rows, shift, words):
        return pd.DataFrame({"plain": rng.normal(shift, size=rows).round(4), "whole": rng.poisson(30 + 9 * shift, rows),
                             "few": rng.integers(0, 6, rows) + int(shift * 4), "word": rng.choice(words, rows)})

    before, after = table(4000, 0, ["a", "b", "c"]), table(3000, 0.5, ["b", "c", "d"])
    found = drift(project, project.write_table(before, name="before.csv"), project.write_table(after, name="after.csv"))
    for column in found["columns"]:
        name, measures = column["column"], column["measures"]
        left, right = before[name], after[name]
        p, q = shares(left, right, name in ("whole", "few"))
        assert measures["jensen_shannon"] == pytest.approx(scipy.spatial.distance.jensenshannon(p, q), rel=1e-9), name
        assert measures["psi"] == pytest.approx(np.sum((filled(p) - filled(q)) * np.log(filled(p) / filled(q))), rel=1e-9), name
        if name == "word":
            counts = [[(side == word).sum() for word in "abcd"] for side in (left, right)]
            assert measures["hellinger"] == pytest.approx(np.sqrt(1 - np.sum(np.sqrt(p * q))), rel=1e-9)
            assert measures["chi_square_one_way"] is None  # A category that the reference lacks: infinite.
            assert measures["total_variation"] == pytest.approx(np.abs(np.array(counts[0]) / 4000 - np.array(counts[1]) / 3000).sum() / 2)
            continue
        edges = np.histogram_bin_edges(np.array(sorted(set(left) | set(right))), bins="sturges")
        h = [np.histogram(side, edges)[0] / len(side) for side in (left, right)]
        assert measures["hellinger"] == pytest.approx(np.sqrt(1 - min(np.sum(np.sqrt(h[0] * h[1])), 1)), rel=1e-9), name
        assert measures["ks"] == pytest.approx(scipy.stats.ks_2samp(left, right).statistic, abs=1e-12)


def test_a_stored_profile_stands_for_its_table(project):
    before, after = tables(30_000)
    paths = [project.write_table(frame, name=name) for frame, name in zip((before, after), ("before.csv", "after.csv"))]
    assert project.call("data", "profile", paths[0], "--save", "before.json").code == 0
    exact, stored = drift(project, *paths), drift(project, "before.json", paths[1])
    assert stored["drifted_features"] == exact["drifted_features"]
    for one, other in zip(exact["columns"], stored["columns"]):
        error = other.get("rank_error", 0)
        assert other["statistic"] == pytest.approx(one["statistic"], abs=2 * error + 1e-12)
        assert other["effect_value"] == pytest.approx(one["effect_value"], abs=20 * error + 1e-12)
    # Halves, saved apart, make the same profile.
    halves = [before.iloc[:20_000], before.iloc[20_000:]]
    for number, half in enumerate(halves):
        path = project.write_table(half, name=f"half{number}.csv")
        assert project.call("data", "profile", path, "--save", f"half{number}.json").code == 0
    merged = json.loads(project.call("data", "profile", "half0.json", "half1.json", "--output", "json").out)
    whole = json.loads(project.call("data", "profile", paths[0], "--output", "json").out)
    for one, other in zip(whole["columns"], merged["columns"]):
        assert (one["count"], one["missing"]) == (other["count"], other["missing"])
        if one["type"] == "numeric":
            assert other["mean"] == pytest.approx(one["mean"], abs=1e-9) and other["max"] == one["max"]
        else:
            assert other["top"] == one["top"]


def test_a_models_folder_is_a_reference(project):
    frame = number_table()
    project.write_table(frame)
    project.write_config(basic_config())
    project.run()
    assert project.call("models", "download", "ml-classifier:1", "--to", "model").code == 0
    moved = project.write_table(frame.assign(feature1=frame["feature1"] + 1), name="moved.csv")
    assert drift(project, "model", moved)["drifted_features"] == ["feature1"]
    # The model's predictions are two further columns.
    found = drift(project, project.write_table(frame, name="same.csv"), moved, "--model", "ml-classifier:1")
    names = [column["column"] for column in found["columns"]]
    assert names[-3:] == ["prediction", "probability_0", "probability_1"]
    assert "probability_1" in found["drifted_features"]
    # The folder has its own, for rows of the test part.
    kept = json.loads((project.folder / "model/profile.json").read_text())["predictions"]
    scores = {column["name"]: column for column in kept["columns"]}
    assert kept["part"] == "test" and kept["rows"] == round(0.1 * len(frame)) == scores["probability_1"]["count"]
    same = drift(project, "model", project.folder / "same.csv", "--model", "./model")
    assert [column["column"] for column in same["columns"]][-3:] == names[-3:]
    assert "probability_1" in drift(project, "model", moved, "--model", "./model")["drifted_features"]
    assert project.call("data", "profile", moved, "--save", "moved.json").code == 0
    answer = project.call("data", "drift", "moved.json", moved, "--model", "./model")
    assert answer.code == 2 and "no rows to predict" in answer.err


def test_what_no_column_shows(project):
    rng = np.random.default_rng(9)
    x, noise = rng.normal(size=(2, 6000)), rng.normal(size=6000)
    before = pd.DataFrame({"a": x[0], "b": 0.8 * x[0] + 0.6 * x[1], "c": noise})
    after = pd.DataFrame({"a": x[1], "b": 0.8 * x[0] + 0.6 * x[0][::-1], "c": noise[::-1]})
    paths = [project.write_table(frame.round(4), name=name) for frame, name in zip((before, after), ("before.csv", "after.csv"))]
    alone = drift(project, *paths)
    assert alone["drifted_features"] == [] and "multivariate" not in alone
    together = drift(project, *paths, "--multivariate", "--fail-on-drift", expect=1)["multivariate"]
    assert together["drifted"] and together["auc"] > 0.6
    assert {driver["column"] for driver in together["drivers"][:2]} == {"a", "b"}
    halves = [project.write_table(before.iloc[start::2].round(4), name=f"half{start}.csv") for start in (0, 1)]
    assert not drift(project, *halves, "--multivariate", "--fail-on-drift")["multivariate"]["drifted"]


def test_a_schema_says_that_digits_are_text(project):
    frame = number_table(600)
    frame["zip"] = [f"0{1000 + i % 7}" for i in range(len(frame))]
    path = project.write_table(frame)
    (project.folder / "schema.yaml").write_text("version: 1\ncolumns: {zip: {type: text, pattern: '^0[0-9]{4}$'}}\n")
    answer = project.call("data", "validate", path, "--schema", "schema.yaml", "--output", "json")
    assert answer.code == 0 and "zip" not in {issue["column"] for issue in answer.last["issues"]}, answer.out
    project.write_config(basic_config())
    before = project.run("--local")
    project.write_config(basic_config(data__schema="schema.yaml"))
    run = project.run("--local")
    assert run["digest"] != before["digest"], "what is text is another feature"
    (project.folder / "new.csv").write_text(frame.drop(columns="target").head(5).assign(zip="01003").to_csv(index=False))
    answer = project.call("predict", "ml-classifier", "--input", "new.csv")
    assert answer.code == 0 and answer.err == "", answer.err
    answer = project.call("predict", "ml-classifier", "--input", project.write_table(frame.head(5).assign(zip="99999"), name="odd.csv"))
    assert "zip" in answer.err and "99999" in answer.err


def test_a_schema_is_inferred_and_checked(project):
    frame, _ = tables(2000)
    frame["code"] = [f"AB-{number:04d}" for number in range(2000)]
    frame["until"] = frame["still"] + frame["moved"].abs()
    path = project.write_table(frame, name="table.csv")
    assert project.call("data", "schema", path, "--save", "schema.yaml").code == 0
    assert project.call("data", "validate", path, "--schema", "schema.yaml", "--fail-on", "error").code == 0
    assert project.call("data", "schema", path, "--save", "schema.yaml").code == 2
    text = (project.folder / "schema.yaml").read_text()
    assert "categories: [Aachen, Berlin, Celle]" in text and "^[A-Z]{2}-[0-9]{4}$" in text
    (project.folder / "schema.yaml").write_text(text + "checks:\n  - until >= still\n")
    bad = frame.copy()
    bad.loc[7, "code"], bad.loc[8, "city"], bad.loc[9, "until"] = "XX", "Dresden", -99
    answer = project.call("data", "validate", project.write_table(bad, name="bad.csv"), "--schema", "schema.yaml", "--output", "json")
    assert answer.code == 1, answer.err
    issues = {issue["kind"]: issue for issue in answer.last["issues"] if issue["severity"] == "error"}
    assert issues["pattern_mismatch"]["examples"] == [{"row": 8, "value": "XX"}]
    assert issues["unexpected_category"]["examples"] == [{"row": 9, "value": "Dresden"}]
    assert issues["failed_check"]["examples"][0]["row"] == 10 and issues["failed_check"]["count"] == 1
    # A run asks the same, and asks anew when the schema changes.
    project.write_config(basic_config(data__schema="schema.yaml"))
    project.write_table(number_table())
    failed = project.run(expect=1)
    assert "missing_columns" in {issue["kind"] for issue in failed["issues"]}
    (project.folder / "schema.yaml").write_text("version: 1\ncolumns: {feature1: {type: number}}\n")
    assert project.run()["status"] == "passed"


def test_a_sample_is_some_rows_of_the_table(project):
    frame, _ = tables(5000)
    frame["when"] = pd.date_range("2024-01-01", periods=5000, freq="h").strftime("%Y-%m-%dT%H:%M:%SZ")
    path = project.write_table(frame, name="table.csv")
    assert project.call("data", "sample", path, "--rows", "500", "--save", "some.csv").code == 0
    some = pd.read_csv(project.folder / "some.csv")
    # Midnight is written as a date.
    some["when"] = pd.to_datetime(some["when"], utc=True, format="ISO8601").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(some) == 500 and some["when"].is_monotonic_increasing
    merged = some.merge(frame, how="inner", on=list(frame.columns))
    assert len(merged) == 500
    again = project.call("data", "sample", path, "--rows", "500", "--threads", "1")
    assert again.out == (project.folder / "some.csv").read_text()
    other = project.call("data", "sample", path, "--rows", "500", "--seed", "1")
    assert other.out != again.out
    rows = [json.loads(line) for line in project.call("data", "sample", path, "--rows", "3", "--output", "json").out.splitlines()]
    assert len(rows) == 3 and set(rows[0]) == set(frame.columns)
    assert project.call("data", "sample", path, "--save", "some.txt").code == 2


def test_leakage_is_told(project):
    frame = number_table()
    project.write_table(frame.assign(copy=frame["target"] * 2.0 + 0.1))
    project.write_config(basic_config())
    report = project.call("data", "validate", "--output", "json").last
    assert "copy" in [issue["column"] for issue in report["issues"] if issue["kind"] == "target_leakage"]
    project.write_config(basic_config(data__validation_rules={"max_association": 0.9}))
    assert project.call("data", "validate").code == 1


def test_a_person_sees_what_and_why(project):
    before, after = tables(2000)
    answer = project.call("data", "drift", project.write_table(before, name="before.csv"),
                          project.write_table(after, name="after.csv"))
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert [line.split()[1] for line in lines[1:5]] == ["moved", "city", "gaps", "still"]
    assert "missing 1.8 % → 20.6 %" in lines[3] and "drift: 3 of 4 columns" in lines[-1]


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


class Page(html.parser.HTMLParser):
    """A page that closes what it opens; counts elements by name and class, and keeps its words."""
    VOID = {"meta", "wbr", "br", "rect", "circle", "line", "path"}

    def __init__(self, path):
        super().__init__()
        self.open, self.names, self.words = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self.open
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.names.append((tag, dict(attrs).get("class")))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append((tag, dict(attrs).get("class")))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def count(self, tag, css=None):
        return sum(name == tag and (css is None or kind == css) for name, kind in self.names)


def cases(path):
    """Test cases of a JUnit file by name: "failure", "skipped", "system-out" or None."""
    root = xml.etree.ElementTree.parse(path).getroot()
    found = {case.get("name"): next((child.tag for child in case), None) for case in root.iter("testcase")}
    assert int(root.get("tests")) == len(list(root.iter("testcase"))) == len(found)
    assert int(root.get("failures")) == len(list(root.iter("failure")))
    return found


def report(project, *arguments, name="report", expect=0):
    """The command's reports of all four forms."""
    folder = project.folder / "reports"
    files = [folder / f"{name}.{ending}" for ending in ("html", "md", "xml", "json")]
    answer = project.call("data", *arguments, *(word for file in files for word in ("--report", file)))
    assert answer.code == expect, answer.err
    page, markdown, junit, document = files
    assert page.stat().st_size < 2_000_000 and markdown.stat().st_size < 60_000
    return Page(page), markdown.read_text(), cases(junit), json.loads(document.read_text())


def test_a_profile_is_reported(project):
    frame, _ = tables(3000)
    path = project.write_table(pd.concat([frame, frame.head(50)]), name="table.csv")
    page, markdown, junit, document = report(project, "profile", path, "--target", "city")
    assert page.count("article") == 4 and page.count("svg", "hist s0") == 3 and page.count("script") == 0
    assert "3,050 rows × 4 columns: 3 numeric, 1 category." in page.text and "Repeated rows 50" in page.text
    assert "### table.csv" in markdown and "`still`" in markdown and "Tells of the target" in markdown
    assert set(junit.values()) == {None} and "column: gaps" in junit
    printed = project.call("data", "profile", path, "--target", "city", "--output", "json").last
    assert document["columns"] == printed["columns"] and document["rows"] == printed["rows"]


def test_a_verdict_is_reported(project):
    frame = number_table()
    frame.loc[:399, "feature1"] = np.nan
    project.write_table(frame)
    project.write_config(basic_config())
    page, markdown, junit, document = report(project, "validate", expect=1)
    assert page.count("p", "verdict fail") == 1 and "row 1 missing" in page.text
    assert "✗ train.csv failed" in markdown
    assert junit["high_missing_values: feature1"] == "failure" and list(junit.values()).count("failure") == 1
    printed = project.call("data", "validate", "--output", "json").last
    assert document["issues"] == printed["issues"] and document["passed"] is False and document["profiles"]


def test_drift_is_reported(project):
    before, after = tables(3000)
    paths = [project.write_table(frame, name=name) for frame, name in ((before, "before.csv"), (after.assign(new=1), "after.csv"))]
    page, markdown, junit, document = report(project, "drift", *paths)
    assert page.count("article") == 5 and page.count("svg", "hist pair") == 4 and page.count("svg", "bar pair") == 3
    assert "4 of 5 columns drifted: moved, city, gaps, new." in page.text and "current only" in page.text
    assert "✗ Drift: after.csv against before.csv" in markdown and "`moved`" in markdown
    assert junit == {"still": "system-out", "moved": "failure", "city": "failure", "gaps": "failure", "new": "failure"}
    printed = drift(project, *paths)
    assert all(document[key] == value for key, value in printed.items())
    same = report(project, "drift", paths[0], paths[0], name="same")
    assert "failure" not in same[2].values() and "No drift" in same[0].text


def test_names_from_outside_stay_text(project):
    names = ["<script>alert(1)</script>", "a\"b'c&d", "\u202eevil\x1b[31m", "x" * 5000, "שלום", "| @team `"]
    frame = pd.DataFrame({name: [f"{name[:40]}<img src=x>"] * 60 + ["b"] * 30 for name in names})
    path = project.write_table(frame, name="table.parquet")
    for arguments in (["profile", path], ["drift", path, path]):
        page, markdown, junit, _ = report(project, *arguments)
        assert page.count("script") == page.count("img") == 0
        assert "<script>alert(1)</script>" in page.text and "שלום" in page.text
        assert "\x1b" not in markdown + page.text and "\u202e" not in markdown + page.text
        assert len(junit) >= len(names) - 1


@pytest.mark.parametrize("columns", [500, 2000])
def test_wide_tables_have_small_reports(project, columns):
    rng = np.random.default_rng(3)

    def table(shift):
        texts = [f"{letter * 99}{i}" for i, letter in enumerate("<&abcdefg")]
        return pd.DataFrame({f"column {i} " + "of a long name " * 5:
                             rng.choice(texts, size=80) if i % 3 == 0 else rng.normal(shift * (i % 2), size=80).round(3)
                             for i in range(columns)})

    before, after = project.write_table(table(0), name="before.csv"), project.write_table(table(3), name="after.csv")
    page, _, junit, _ = report(project, "profile", before)
    assert len(junit) == columns + 1 and page.count("article") >= min(columns, 450)
    page, _, junit, _ = report(project, "drift", before, after)
    assert len(junit) == columns and page.count("article") == 100 and list(junit.values()).count("failure") > columns // 4


def test_an_unknown_ending_is_told_before_any_work(project):
    answer = project.call("data", "profile", "nowhere.csv", "--report", "page.html", "--report", "table.pdf")
    assert answer.code == 2 and "nowhere" not in answer.err
    assert all(word in answer.err for word in ["table.pdf", ".html", ".md", ".xml", ".json"])
    path = project.write_table(tables(100)[0], name="table.csv")
    answer = project.call("data", "profile", path, "--report", path / "page.html")
    assert answer.code == 2 and "table.csv: can't create the directory: Not a directory" in answer.err
