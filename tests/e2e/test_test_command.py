"""`slipway test`: a project's tests of its data and model, judged by pandas, scikit-learn and onnxruntime."""
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from conftest import basic_config, number_table
from sklearn.metrics import accuracy_score, log_loss
from test_oracle import test_part_of
from test_parity import answer_of_onnxruntime

INPUTS = ["income", "age", "region", "plan"]


def customers(rows=900, seed=11):
    """Who stays, by income mostly; the region tells nothing, and some values are missing."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"income": rng.normal(100, 25, rows).round(1), "age": rng.integers(18, 80, rows),
                          "region": rng.choice(["north", "south", "東"], rows),
                          "plan": rng.choice(["basic", "pro"], rows)})
    score = (frame["income"] - 100) / 25 + 0.8 * (frame["plan"] == "pro") + 0.5 * rng.normal(size=rows)
    frame["stays"] = np.where(score > 0.3, "yes", "no")
    frame.loc[rng.random(rows) < 0.03, "income"] = np.nan
    return frame


def customer_config(**changes):
    return basic_config(**{"data__target_column": "stays", "data__preprocessing_steps": ["handle_missing"], **changes})


@pytest.fixture
def trained(project):
    project.frame = customers()
    project.write_table(project.frame)
    project.write_config(customer_config())
    project.last = project.run()
    return project


def model_of(project):
    digest = project.last["digest"].removeprefix("sha256:")
    return project.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:]


def ask(project, frame):
    """Labels, and the probability of "yes" of a classification, by onnxruntime."""
    frame = frame.astype({"age": float}) if "age" in frame else frame
    labels, scores = answer_of_onnxruntime(model_of(project) / "model.onnx", frame)
    return np.array(labels), np.asarray(scores.get("yes", scores.get("prediction")), float)


def expect(project, expectations, name="tests/customers.yaml"):
    path = project.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON is YAML too.
    path.write_text(expectations if isinstance(expectations, str)
                    else json.dumps(expectations, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def run_tests(project, *arguments, expect_code=0):
    answer = project.call("test", "--output", "json", *arguments)
    assert answer.code == expect_code, f"exit {answer.code}\n{answer.err}\n{answer.out[-3000:]}"
    answer.by_id = {test["id"]: test for test in answer.last["tests"]} if expect_code < 2 else {}
    return answer


def test_what_is_built_in_passes(trained):
    answer = run_tests(trained, "--junit", "out/junit.xml", "--markdown", "out/tests.md")
    assert answer.last["passed"] and answer.last["model"] == "ml-classifier:1"
    assert answer.last["digest"] == trained.last["digest"]
    assert set(answer.by_id) >= {"data::min_rows", "data::columns", "data::max_missing_ratio", "data::readable",
                                 "data::target", "model::accuracy", "model::parity", "model::baseline",
                                 "model::reload", "performance::single_latency", "performance::batch_latency",
                                 "performance::size", "robustness::robustness", "robustness::one_by_one"}
    # The gates say what they said in the run.
    gate = next(gate for gate in trained.last["gates"] if gate["name"] == "accuracy")
    assert answer.by_id["model::accuracy"]["evidence"]["value"] == gate["value"]
    assert answer.by_id["performance::single_latency"]["evidence"]["limit"] == 0.1
    assert answer.by_id["performance::batch_latency"]["evidence"]["limit"] == 0.01
    assert answer.by_id["performance::size"]["evidence"]["limit"] == 100

    suites = ElementTree.parse(trained.folder / "out/junit.xml").getroot()
    assert (suites.get("tests"), suites.get("failures")) == (str(len(answer.by_id)), "0")
    cases = {f"{suite.get('name')}::{case.get('name')}" for suite in suites for case in suite.iter("testcase")}
    assert cases == set(answer.by_id)
    markdown = (trained.folder / "out/tests.md").read_text(encoding="utf-8")
    assert markdown.startswith("### ✓") and "data::readable" in markdown


def test_the_list_is_what_runs(trained):
    expect(trained, {"rows": [{"name": "r", "features": {"income": 150}, "label": "yes"}],
                     "invariance": [{"change": {"region": {"shuffle": True}}, "share": 0.1}],
                     "metrics": [{"metrics": {"accuracy": 0.1}}]})
    listed = trained.call("test", "--list", "--output", "json").last
    assert [one["id"] for one in listed] == list(run_tests(trained).by_id)
    places = {one["id"]: one.get("at") for one in listed}
    assert places["data::columns"] is None and places["rows::r"].startswith("tests/customers.yaml:3:")
    # Neither needs the table.
    (trained.folder / "data/train.csv").unlink()
    text = trained.call("test", "--list", "--select", "rows::")
    assert text.code == 0 and text.out.split() == ["rows::r", places["rows::r"]]
    assert run_tests(trained, "--select", "rows::").last["source"] == ""


def test_rows_are_judged_as_onnxruntime_answers(trained):
    rows = pd.DataFrame({"income": [180.0, 40.0, np.nan], "age": [30, 50, np.nan],
                         "region": ["東", "south", None], "plan": ["pro", "basic", None]})
    labels, scores = ask(trained, rows)
    assert set(labels[:2]) == {"yes", "no"}
    features = [{name: value for name, value in row.items() if not pd.isna(value)} for row in rows.to_dict("records")]
    exact = [{"name": f"row {i}", "features": features[i], "label": labels[i],
              "probability": {"yes": {"min": scores[i] - 1e-6, "max": scores[i] + 1e-6}}} for i in range(3)]
    for row, score in zip(exact, scores):
        limits = row["probability"]["yes"]
        limits["min"], limits["max"] = max(0, limits["min"]), min(1, limits["max"])
        assert (limits["min"], limits["max"]) != (0, 1)
    expect(trained, {"rows": exact})
    answer = run_tests(trained, "--select", "rows::")
    assert len(answer.by_id) == 3 and answer.last["counts"]["passed"] == 3

    wrong = [{**row, "label": "no" if row["label"] == "yes" else "yes"} for row in exact]
    wrong[2]["probability"] = {"yes": {"min": min(0.999, scores[2] + 0.001)}}
    expect(trained, {"rows": wrong})
    answer = run_tests(trained, "--select", "rows::", expect_code=1)
    assert answer.last["counts"] == {"passed": 0, "failed": 3, "skipped": 0}
    first = answer.by_id["rows::row 0"]
    assert first["reason"] == f"label {wrong[0]['label']} expected, got {labels[0]}"
    assert "income 180" in first["details"][0] and f"{scores[0]:.3f}" in first["details"][1]
    assert "missing: income, age, region, plan" in answer.by_id["rows::row 2"]["details"][0]
    assert f"{scores[2]:.4f}" in answer.by_id["rows::row 2"]["reason"]


def test_invariance_counts_as_onnxruntime_does(trained):
    frame = trained.frame
    expect(trained, {"invariance": [
        {"name": "region", "change": {"region": ["north", "東"]}, "share": 0.2, "sample": 5000},
        {"name": "income", "change": {"income": {"add": 30}}, "share": 0.999, "sample": 5000},
        {"name": "scores", "change": {"plan": "pro"}, "tolerance": 0.1, "share": 0.01, "sample": 5000,
         "where": "age >= 40 and income is not null"}]})
    answer = run_tests(trained, "--select", "invariance", expect_code=1)

    before, scores = ask(trained, frame[INPUTS])
    kept, changed = np.ones(len(frame), bool), np.zeros(len(frame), bool)
    for value in ["north", "東"]:
        after, _ = ask(trained, frame[INPUTS].assign(region=value))
        kept &= after == before
        changed |= (frame["region"] != value).to_numpy()
    found = answer.by_id["invariance::region"]["evidence"]
    assert (found["rows"], found["held"]) == (changed.sum(), (kept & changed).sum())

    richer, _ = ask(trained, frame[INPUTS].assign(income=frame["income"] + 30))
    present = frame["income"].notna().to_numpy()  # Nothing is added to what is missing.
    found = answer.by_id["invariance::income"]
    assert found["outcome"] == "failed"
    assert (found["evidence"]["rows"], found["evidence"]["held"]) == (present.sum(), (richer == before)[present].sum())
    # The rows that are shown are rows of the file whose label changed.
    for one in found["evidence"]["broken"]:
        row = int(one["row"].removeprefix("row ").replace(",", "")) - 1
        assert before[row] != richer[row]
        assert one["change"] == f"income {frame['income'][row]:g} → {frame['income'][row] + 30:g}"
    assert found["details"][0].startswith(found["evidence"]["broken"][0]["row"] + ": income ")
    assert found["details"][-1] == f"… and {present.sum() - found['evidence']['held'] - 5} more"

    chosen = ((frame["age"] >= 40) & frame["income"].notna() & (frame["plan"] != "pro")).to_numpy()
    _, pro = ask(trained, frame[INPUTS].assign(plan="pro"))
    found = answer.by_id["invariance::scores"]["evidence"]
    assert found["rows"] == chosen.sum()
    assert found["held"] == (np.abs(pro - scores) <= 0.1)[chosen].sum()


@pytest.mark.parametrize("must, holds", [("rise", lambda d: d > 0), ("fall", lambda d: d < 0),
                                         ("not_rise", lambda d: d <= 0), ("not_fall", lambda d: d >= 0)])
def test_directions_count_as_onnxruntime_does(trained, must, holds):
    frame = trained.frame
    deviation = frame["income"].std(ddof=0)
    expect(trained, {"directional": [
        {"name": "added", "change": {"income": {"add": 12.5}}, "probability": "yes", "must": must, "sample": 5000},
        {"name": "deviations", "change": {"income": {"add_deviations": -1}}, "probability": "yes", "must": must,
         "sample": 5000}]})
    answer = run_tests(trained, "--select", "directional", expect_code=1)
    _, before = ask(trained, frame[INPUTS])
    present = frame["income"].notna().to_numpy()
    for name, shift in [("added", 12.5), ("deviations", -deviation)]:
        _, after = ask(trained, frame[INPUTS].assign(income=frame["income"] + shift))
        found = answer.by_id[f"directional::{name}"]["evidence"]
        assert found["rows"] == present.sum()
        assert found["held"] == holds(after - before)[present].sum()


def test_metrics_of_a_slice_equal_scikit_learn(trained):
    frame = trained.frame
    test, _ = test_part_of(trained, trained.last, frame)
    young = test[test["age"] < 40]
    labels, scores = ask(trained, young[INPUTS])
    accuracy = accuracy_score(young["stays"], labels)
    loss = log_loss(young["stays"] == "yes", scores, labels=[False, True])
    expect(trained, {"metrics": [
        {"name": "young", "where": "age < 40", "metrics": {"accuracy": accuracy - 1e-9, "log_loss": loss + 1e-6}},
        {"name": "young, strict", "where": "age < 40", "metrics": {"accuracy": min(1, accuracy + 1e-6)}},
        {"name": "everybody", "on": "all", "metrics": {"accuracy": 0.5}}]})
    answer = run_tests(trained, "--select", "metrics::*", expect_code=0 if accuracy == 1 else 1)
    found = answer.by_id["metrics::young: accuracy"]
    assert found["outcome"] == "passed" and found["evidence"]["rows"] == len(young)
    assert found["evidence"]["value"] == pytest.approx(accuracy, abs=1e-12)
    assert answer.by_id["metrics::young: log_loss"]["evidence"]["value"] == pytest.approx(loss, abs=1e-6)
    assert answer.by_id["metrics::young, strict: accuracy"]["outcome"] == ("passed" if accuracy == 1 else "failed")
    everybody, _ = ask(trained, frame[INPUTS])
    found = answer.by_id["metrics::everybody: accuracy"]["evidence"]
    assert found["value"] == pytest.approx(accuracy_score(frame["stays"], everybody), abs=1e-12)
    assert found["rows"] == len(frame)


def test_gates_that_say_no_fail(trained):
    answer = run_tests(trained, "--set", "model.performance_thresholds={accuracy: 0.999}",
                       "--set", "model.gates.single_latency_seconds=0.0000000001", "--set",
                       "model.gates.max_size_mb=0.001", expect_code=1)
    failed = {name for name, test in answer.by_id.items() if test["outcome"] == "failed"}
    assert failed == {"model::accuracy", "performance::single_latency", "performance::size"}
    assert answer.by_id["model::accuracy"]["reason"].endswith("is below 0.999")
    # Reported, and no failure.
    dry = run_tests(trained, "--set", "model.performance_thresholds={accuracy: 0.999}",
                    "--set", "model.gates.dry_run=[accuracy]")
    assert dry.by_id["model::accuracy"]["outcome"] == "skipped"


def test_bad_data_fails_and_the_model_is_still_asked(trained):
    bad = trained.frame.head(150).copy()
    bad.loc[bad.index[:60], "income"] = np.nan
    trained.write_table(bad, "data/bad.csv")
    answer = run_tests(trained, "--data", "data/bad.csv", "--set", "data.validation_rules.min_rows=200", expect_code=1)
    failed = {name for name, test in answer.by_id.items() if test["outcome"] == "failed"}
    assert {"data::min_rows", "data::max_missing_ratio"} <= failed
    assert answer.by_id["data::min_rows"]["reason"] == "150 rows, at least 200 expected"
    assert "row 1 missing" in answer.by_id["data::max_missing_ratio"]["details"][0]
    assert answer.by_id["robustness::robustness"]["outcome"] == "passed"
    # Its rows are others than those that the model was trained on.
    assert "another split" in answer.err


def test_what_a_table_is_not_fit_for_is_skipped(trained):
    bad = trained.frame.copy()
    bad.loc[3, "stays"] = None
    trained.write_table(bad, "data/bad.csv")
    answer = run_tests(trained, "--data", "data/bad.csv", expect_code=1)
    assert answer.by_id["data::target"]["outcome"] == "failed"
    assert answer.by_id["model::accuracy"]["outcome"] == "skipped"
    assert "not fit" in answer.by_id["model::accuracy"]["reason"]
    assert answer.by_id["robustness::one_by_one"]["outcome"] == "passed"


def test_a_schema_is_a_test(trained):
    schema = trained.write_table("version: 1\ncolumns:\n  age: {type: integer, max: 60}\n", "configs/schema.yaml")
    answer = run_tests(trained, "--set", f"data.schema={schema}", "--select", "data", expect_code=1)
    assert {name for name, test in answer.by_id.items() if test["outcome"] == "failed"} == {"data::schema"}
    count = (trained.frame["age"] > 60).sum()
    assert str(count) in answer.by_id["data::schema"]["reason"]


def test_choosing_by_name(trained):
    ids = list(run_tests(trained, "--select", "LATENCY").by_id)
    assert ids == ["performance::single_latency", "performance::batch_latency"]
    ids = run_tests(trained, "--select", "performance::*", "--select", "data::m?n_rows", "--deselect", "single").by_id
    assert set(ids) == {"data::min_rows", "performance::batch_latency", "performance::size"}
    nothing = trained.call("test", "--select", "perfomance::size")
    assert nothing.code == 2 and nothing.out == ""
    assert "no test has such a name" in nothing.err and "try performance::size" in nothing.err


def test_any_model_is_tested(trained):
    first = trained.last
    trained.run("--set", "model.hyperparameters.n_estimators=5")
    assert run_tests(trained, "--select", "size").last["model"] == "ml-classifier:2"
    for reference in ["ml-classifier:1", first["digest"][:20]]:
        answer = run_tests(trained, "--select", "reload", "--model", reference)
        assert answer.last["digest"] == first["digest"]
    assert trained.call("models", "promote", "ml-classifier:1", "--to", "production").code == 0
    assert run_tests(trained, "--select", "reload", "--model", "ml-classifier@production").last["digest"] == first["digest"]
    directory = run_tests(trained, "--model", model_of(trained))
    assert directory.by_id["model::parity"]["outcome"] == "passed"
    bare = run_tests(trained, "--model", model_of(trained) / "model.onnx")
    # A file has no golden rows, and is as large as it is.
    assert "model::parity" not in bare.by_id
    size = (model_of(trained) / "model.onnx").stat().st_size
    assert bare.by_id["performance::size"]["evidence"]["evidence"]["bytes"] == size
    assert bare.by_id["model::accuracy"]["evidence"]["value"] == directory.by_id["model::accuracy"]["evidence"]["value"]


def test_no_model_yet(ready):
    answer = ready.call("test")
    assert answer.code == 2 and "slipway run" in answer.err
    # What needs none is asked.
    assert run_tests(ready, "--select", "data").last["model"] == ""


def test_a_damaged_model_is_no_failed_test(trained):
    path = model_of(trained) / "model.onnx"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    answer = trained.call("test")
    assert answer.code == 4 and "model.onnx" in answer.err


def test_a_model_of_other_classes_is_told(trained):
    other = trained.frame.assign(stays=np.where(trained.frame["stays"] == "yes", "ja", "nein"))
    trained.write_table(other, "data/other.csv")
    answer = trained.call("test", "--data", "data/other.csv")
    assert answer.code == 2 and "ja or nein" in answer.err and "no or yes" in answer.err


def test_the_same_answers_every_time(trained):
    expect(trained, {"seed": 5, "invariance": [
        {"name": "noise", "change": {"income": {"noise": 0.5}, "age": {"noise": 0.5}}, "sample": 200},
        {"name": "shuffle", "change": {"plan": {"shuffle": True}}, "sample": 300}]})

    def told(*arguments):
        return [{**test, "seconds": 0} for test in run_tests(trained, "--select", "invariance", *arguments,
                                                             expect_code=1).last["tests"]]
    once = told()
    assert once == told("--threads", "1") == told("--threads", "2")
    assert {test["evidence"]["rows"] for test in once} != {0}
    # Noise stays within half a deviation.
    for one in once[0]["evidence"]["broken"]:
        for change in one["change"].split(", "):
            name, old, _, new = change.split()
            assert abs(float(new) - float(old)) <= 0.5 * trained.frame[name].std(ddof=0) + 1e-9
    text = (trained.folder / "tests/customers.yaml").read_text().replace('"seed": 5', '"seed": 6')
    (trained.folder / "tests/customers.yaml").write_text(text)
    assert told() != once


def test_rows_of_the_file_can_be_changed(trained):
    rows = [{"name": "rich", "features": {"income": 170, "age": 40, "region": "north", "plan": "pro"}, "label": "yes"},
            {"name": "poor", "features": {"income": 30, "age": 40, "region": "north", "plan": "basic"}, "label": "no"}]
    expect(trained, {"rows": rows, "invariance": [{"name": "both", "change": {"income": 30}, "rows": ["rich", "poor"]}]})
    answer = run_tests(trained, "--select", "invariance", expect_code=1)
    found = answer.by_id["invariance::both"]
    # Of the poor nothing is changed.
    assert (found["evidence"]["rows"], found["evidence"]["held"]) == (1, 0)
    assert found["details"][0].startswith("rich: income 170 → 30; yes ")


def test_what_asks_nothing_fails(trained):
    expect(trained, {"invariance": [{"name": "nobody", "where": "age > 200", "change": {"region": "north"}},
                                    {"name": "same", "where": "region == 'north'", "change": {"region": "north"}}],
                     "metrics": [{"name": "nobody", "where": "age > 200", "metrics": {"accuracy": 0.5}}]})
    answer = run_tests(trained, "--select", "invariance", "--select", "metrics", expect_code=1)
    assert answer.last["counts"]["failed"] == 3
    assert "no row" in answer.by_id["invariance::nobody"]["reason"]
    assert answer.by_id["invariance::same"]["reason"] == "the change changes no row"


def test_numbers_are_expected_with_a_tolerance(project):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(600, 2)), columns=["age", "size"])
    frame["target"] = 50 + 10 * frame["age"] + rng.normal(size=600)
    project.write_table(frame)
    project.write_config(basic_config(model__model_type="ridge", model__hyperparameters={},
                                      model__evaluation_metrics=["r2"], model__performance_thresholds={"r2": 0.5}))
    project.last = project.run()
    _, values = ask(project, pd.DataFrame({"age": [1.0], "size": [0.5]}))
    row = {"name": "near", "features": {"age": 1, "size": 0.5}, "prediction": values[0] + 0.4, "tolerance": 0.5}
    expect(project, {"rows": [row, {**row, "name": "far", "tolerance": 0.3}],
                     "directional": [{"name": "age", "change": {"age": {"add": 1}}, "must": "rise"}],
                     "invariance": [{"name": "size", "change": {"size": {"add": 0.1}}, "tolerance": 1}],
                     "metrics": [{"metrics": {"rmse": 2}}]})
    answer = run_tests(project, expect_code=1)
    assert {name for name, test in answer.by_id.items() if test["outcome"] == "failed"} == {"rows::far"}
    assert answer.by_id["rows::far"]["reason"].startswith("prediction ")
    expect(project, {"rows": [{"name": "r", "features": {}, "label": "yes"}],
                     "directional": [{"change": {"age": 1}, "must": "rise", "probability": "yes"}],
                     "metrics": [{"metrics": {"accuracy": 0.5}}]})
    wrong = project.call("test")
    assert wrong.code == 2 and wrong.err.count("estimates a number") == 2
    assert "accuracy is no metric of a regression" in wrong.err


@pytest.mark.parametrize("text, place, words", [
    ("rwos: []", "1:1", ["unknown key", "try rows"]),
    ("rows: {}", "1:7", ["not a list"]),
    ("rows:\n  - features: {incme: 3}\n    label: yes", "2:16", ["no input 'incme'", "try income"]),
    ("rows:\n  - features: {income: rich}\n    label: yes", "2:24", ["'rich' is no value of 'income'", "a number"]),
    ("rows:\n  - features: {income: 3}\n    label: yess", "3:12", ["no class 'yess'", "no or yes", "try yes"]),
    ("rows:\n  - features: {income: 3}\n    probability: {maybe: {min: 0.5}}", "3:19", ["no class 'maybe'"]),
    ("rows:\n  - features: {income: 3}\n    probability: {yes: {min: 50}}", "3:30", ["out of range", "0.5 for 50 %"]),
    ("rows:\n  - features: {income: 3}\n    probability: {yes: {min: 0.6, max: 0.5}}", "3:24", ["min is above max"]),
    ("rows:\n  - features: {income: 3}\n    prediction: 3", "3:17", ["answers with classes"]),
    ("rows:\n  - features: {income: 3}", "2:5", ["nothing is expected"]),
    ("rows:\n  - label: yes", "2:5", ["no features"]),
    ("rows:\n  - {name: a, features: {}, label: yes}\n  - {name: a, features: {}, label: no}", "3:5",
     ["name of an earlier one"]),
    ("invariance:\n  - change: {region: north}\n    share: 95", "3:12", ["0.95 for 95 %"]),
    ("invariance:\n  - change: {regin: north}", "2:14", ["no input 'regin'", "try region"]),
    ("invariance:\n  - change: {region: {add: 1}}", "2:14", ["is a category"]),
    ("invariance:\n  - change: {age: {ad: 1}}", "2:20", ["unknown key", "try add"]),
    ("invariance:\n  - change: {age: {add: 0}}", "2:25", ["0 changes nothing"]),
    ("invariance:\n  - change: {age: [1, 2, 3], income: [4, 5]}", "2:13", ["lists of 2 and 3 values"]),
    ("invariance:\n  - name: x", "2:5", ["no change"]),
    ("invariance:\n  - change: {age: 3}\n    where: agee > 3", "3:12", ["agee", "try age"]),
    ("invariance:\n  - change: {age: 3}\n    rows: [nobody]", "3:12", ["no row has the name 'nobody'"]),
    ("directional:\n  - change: {age: 3}\n    must: raise\n    probability: yes", "3:11", ["unknown name", "try rise"]),
    ("directional:\n  - change: {age: 3}\n    must: rise", "2:5", ["of which probability", "no or yes"]),
    ("directional:\n  - change: {age: {shuffle: true}}\n    must: rise\n    probability: yes", "2:14", ["without a direction"]),
    ("metrics:\n  - metrics: {acuracy: 0.5}", "2:15", ["unknown metric", "try accuracy"]),
    ("metrics:\n  - metrics: {accuracy: 85}", "2:25", ["out of range"]),
    ("metrics:\n  - metrics: {r2: 0.5}", "2:19", ["r2 is no metric of a classification"]),
    ("metrics:\n  - where: age <\n    metrics: {accuracy: 0.5}", "2:12", ["unexpected"]),
    ("", "", ["an empty file"]),
])
def test_mistakes_are_told_with_their_place(trained, text, place, words):
    expect(trained, text)
    answer = trained.call("test")
    assert answer.code == 2 and answer.out == "", answer.out
    assert f"tests/customers.yaml:{place}" in answer.err, answer.err
    for word in words:
        assert word in answer.err, answer.err


def test_all_mistakes_at_once(trained):
    expect(trained, "rows:\n  - {name: a, features: {incme: 3}, label: yess}\ninvariance:\n  - change: {regin: north}\n")
    expect(trained, "rwos: []\n", "other/more.yaml")
    answer = trained.call("test")
    assert answer.code == 2 and answer.err.count("error:") == 3
    answer = trained.call("test", "--expectations", "other", "--expectations", "tests/customers.yaml")
    assert answer.code == 2 and "other/more.yaml:1:1" in answer.err
    assert trained.call("test", "--expectations", "nowhere.yaml").code == 2


def test_a_failure_is_readable(trained):
    expect(trained, "rows:\n  - name: poor and happy\n    features: {income: 20, age: 30, region: nrth, plan: basic}\n"
                    "    label: yes\n")
    answer = trained.call("test", "--select", "rows::", "--junit", "junit.xml")
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert lines[0].startswith("ml-classifier 1.0.0 · development · model ml-classifier:1")
    assert "✗ rows::poor and happy   tests/customers.yaml:2:5" in lines
    assert "    label yes expected, got no" in lines
    assert "    income 20, age 30, region nrth, plan basic" in lines
    assert "1 failed" in lines[-1]
    # A slip of the pen is told, whatever comes of it.
    assert "training had no 'nrth'; did you mean 'north'?" in answer.err
    failure = ElementTree.parse(trained.folder / "junit.xml").getroot().find(".//failure")
    assert failure.get("message") == "label yes expected, got no"
    assert "tests/customers.yaml:2:5" in failure.text


def test_numbers_of_a_plain_table(ready):
    """A table without categories, as the example has it."""
    ready.run()
    answer = run_tests(ready)
    assert answer.by_id["robustness::robustness"]["outcome"] == "passed"
    assert answer.last["counts"]["failed"] == 0
    assert len(number_table()) == 600
