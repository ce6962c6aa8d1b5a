"""The line as a whole: what it prints, keeps, caches and refuses."""
import json
import re

import pyarrow.parquet as pq
import pytest
from conftest import Project, basic_config, number_table


def test_last_line_is_the_contract(ready):
    last = ready.run()
    assert last["status"] == "passed"
    assert last["model"] == "ml-classifier" and last["version"] == 1 and last["label"] == "1.0.0"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", last["digest"])
    assert last["environment"] == "development"
    for name in ("accuracy", "precision", "recall", "f1", "f1_score", "auc", "log_loss"):
        assert isinstance(last["metrics"][name], float), name
    low, high = last["intervals"]["accuracy"]
    assert low < last["metrics"]["accuracy"] < high
    gates = {gate["name"]: gate for gate in last["gates"]}
    assert {"accuracy", "single_latency", "batch_latency", "size", "parity", "baseline"} <= set(gates)
    assert gates["accuracy"]["verdict"] == "pass" and gates["accuracy"]["limit"] == 0.6
    assert gates["accuracy"]["value"] == last["metrics"]["accuracy"]
    assert (ready.folder / last["report"]).exists()


def test_artifact_directory_is_complete_and_named_by_its_manifest(ready):
    import hashlib
    last = ready.run()
    digest = last["digest"].removeprefix("sha256:")
    folder = ready.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:]
    names = {path.name for path in folder.iterdir()}
    assert {"model.onnx", "schema.json", "profile.json", "metrics.json", "golden.jsonl", "config.yaml",
            "lineage.json", "manifest.json", "MLmodel"} <= names
    assert hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest() == digest
    text = "".join(path.read_text() for path in folder.iterdir() if path.suffix in (".json", ".yaml", ".jsonl"))
    assert str(ready.folder) not in text, "an absolute path reached the artifact"


def test_reports_are_written(ready):
    last = ready.run()
    folder = (ready.folder / last["report"]).parent
    html = (folder / "report.html").read_text()
    assert "<svg" in html and len(html) < 2_000_000
    assert "http://" not in re.sub(r"http://www\.w3\.org/[^\"']*", "", html), "the report must not fetch anything"
    assert "| " in (folder / "report.md").read_text()
    assert json.loads((folder / "report.json").read_text())
    import xml.etree.ElementTree
    suites = xml.etree.ElementTree.parse(folder / "junit.xml").getroot()
    assert len(suites.findall(".//testcase")) >= 6


def test_split_is_kept_and_stratified(ready):
    last = ready.run()
    split = pq.read_table((ready.folder / last["report"]).parent / "split.parquet").to_pandas()
    assert list(split["row"]) == list(range(600))
    assert dict(split["part"].value_counts()) == {"train": 480, "validation": 60, "test": 60}
    folds = split.loc[split["part"] == "train", "fold"]
    assert sorted(folds.unique()) == [0, 1, 2]
    assert (split.loc[split["part"] != "train", "fold"] == -1).all()


def test_second_run_does_nothing_and_says_so(ready):
    first = ready.run()
    again = ready.run()
    assert again["unchanged"] is True and again["run_id"] == first["run_id"]
    assert len(list((ready.folder / ".slipway/runs").iterdir())) == 1
    text = ready.call("run").out
    assert "nothing changed since run " + first["run_id"] in text


def test_verify_sees_a_change_that_the_times_hide(ready):
    import os
    path = ready.folder / "data/train.csv"
    first = ready.run()
    stat = path.stat()
    text = path.read_text()
    flipped = text[:-2] + ("1" if text[-2] == "0" else "0") + "\n"
    path.write_text(flipped)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert ready.run("--verify")["digest"] != first["digest"]


def test_changed_hyperparameter_keeps_what_does_not_depend_on_it(ready):
    ready.run()
    second = ready.run("--set", "model.hyperparameters.n_estimators=25")
    assert {"data", "split"} <= set(second["cached"])
    assert not {"train", "evaluate", "gates"} & set(second["cached"])
    assert second["version"] == 2


def test_changed_threshold_trains_nothing(ready):
    ready.run()
    second = ready.run("--set", "model.performance_thresholds.accuracy=0.7")
    assert {"data", "split", "train", "evaluate"} <= set(second["cached"])
    assert "gates" not in second["cached"]


def test_changed_validation_rule_only_validates_again(ready):
    ready.run()
    second = ready.run("--set", "data.validation_rules.min_rows=11")
    assert "data" not in second["cached"]
    assert {"split", "train", "evaluate"} <= set(second["cached"])
    refused = ready.run("--set", "data.validation_rules.min_rows=100000", expect=1)
    assert refused["issues"][0]["kind"] == "too_few_rows"


def test_a_log_says_what_was_done_and_when(ready):
    last = ready.run()
    lines = (ready.folder / last["report"]).with_name("run.log").read_text().splitlines()
    steps = ["data", "split", "train", "evaluate", "gates", "register"]
    assert [line.split()[1] for line in lines if line.endswith("started")] == steps
    assert [line.split()[1] for line in lines if " passed after " in line] == steps


def test_changed_data_redoes_everything(ready):
    ready.run()
    ready.write_table(number_table(seed=4))
    assert ready.run()["cached"] == []


def test_going_back_takes_everything_from_the_cache(ready):
    first = ready.run()
    ready.run("--set", "model.hyperparameters.max_depth=3")
    again = ready.run()
    assert again["unchanged"] is True and again["run_id"] == first["run_id"]


def test_the_same_model_under_another_name_has_the_same_digest(ready):
    first = ready.run()
    renamed = ready.run("--set", "project_name=other")
    assert renamed["model"] == "other" and renamed["digest"] == first["digest"]
    assert ready.run("--set", "project_name=third", "--no-cache")["digest"] == first["digest"]


def test_what_counts_as_missing_goes_with_the_model(project):
    frame = number_table().astype(object)
    project.write_table(frame.where(frame.notna(), "-999"))
    project.write_config(basic_config(data__missing_values=["", "-999"]))
    project.run()
    row = frame.dropna().drop(columns="target").head(1)
    answers = set()
    for index, mark in enumerate(("-999", "")):
        row["feature1"] = mark
        path = project.write_table(row, name=f"new{index}.csv")
        answer = project.call("predict", "ml-classifier", "--input", path)
        assert answer.code == 0, answer.err
        answers.add(answer.out)
    assert len(answers) == 1


def test_production_is_not_compared_on_rows_that_it_learned_from(ready):
    ready.run()
    assert ready.call("models", "promote", "ml-classifier", "--to", "production").code == 0
    ready.write_table(number_table(rows=700))
    gates = {gate["name"]: gate for gate in ready.run()["gates"]}
    assert gates["production"]["verdict"] == "inconclusive" and "may know" in gates["production"]["reason"]


def test_a_damaged_cache_changes_no_model(ready):
    ready.run()
    expected = Project(ready.folder.parent / "fresh")
    expected.write_table(number_table())
    expected.write_config(basic_config())
    expected = expected.run("--set", "model.hyperparameters.max_depth=5")
    for table in (ready.folder / ".slipway/cache/steps").glob("*/*.parquet"):
        content = bytearray(table.read_bytes())
        content[len(content) // 2] ^= 1
        table.write_bytes(content)
    again = ready.run("--set", "model.hyperparameters.max_depth=5")
    assert again["digest"] == expected["digest"] and "data" not in again["cached"]


def test_without_the_cache_the_same_model_comes_out(ready):
    first = ready.run()
    again = ready.run("--no-cache")
    assert again["cached"] == ["register"], "the registry has this model already; all else is done again"
    assert again["digest"] == first["digest"] and again["version"] == first["version"]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_digest_does_not_depend_on_folder_or_threads(tmp_path, threads):
    digests = set()
    for name, options in (("a", ["--threads", 2]), ("b", ["--threads", threads])):
        project = Project(tmp_path / name)
        project.write_table(number_table(rows=3000, features=6))
        project.write_config(basic_config())
        digests.add(project.run(*options)["digest"])
    assert len(digests) == 1


def test_data_option_is_not_part_of_the_digest_by_its_path(tmp_path):
    digests = set()
    for name in ("a", "b"):
        project = Project(tmp_path / name)
        path = project.write_table(number_table(), name="elsewhere/train.csv")
        project.write_config(basic_config())
        digests.add(project.run("--data", path)["digest"])
    assert len(digests) == 1


def test_failed_gate_ends_with_1_and_registers_a_failed_version(ready):
    ready.write_config(basic_config(model__performance_thresholds={"accuracy": 0.999}))
    last = ready.run(expect=1)
    assert last["status"] == "failed" and last["failed_step"] == "gates"
    assert {gate["name"]: gate["verdict"] for gate in last["gates"]}["accuracy"] == "fail"
    assert (ready.folder / last["report"]).exists()
    shown = json.loads(ready.call("models", "show", "ml-classifier", "--output", "json").out)
    assert shown["verdict"] == "failed" and shown["registry_version"] == last["version"]
    refused = ready.call("models", "promote", "ml-classifier", "--to", "staging")
    assert refused.code != 0 and "verdict" in refused.err


def test_failed_validation_ends_with_1_and_reports(ready):
    ready.write_config(basic_config(data__validation_rules={"min_rows": 5000, "max_missing_ratio": 0.0,
                                                            "required_columns": ["feature1", "nope"]}))
    last = ready.run(expect=1)
    assert last["status"] == "failed" and last["failed_step"] == "data" and last["version"] is None
    kinds = {issue["kind"] for issue in last["issues"]}
    assert {"too_few_rows", "high_missing_values", "missing_columns"} <= kinds
    assert "<html" in (ready.folder / last["report"]).read_text()
    assert ready.run(expect=1)["run_id"] == last["run_id"], "a failed run is unchanged too"


def test_text_targets_and_categories_need_no_asking(project):
    frame = number_table()
    frame["colour"] = ["red" if value > 0 else "blue" for value in frame["feature1"].fillna(0)]
    frame["target"] = frame["target"].map({0: "No", 1: "Yes"})
    project.write_table(frame)
    project.write_config(basic_config())
    last = project.run()
    assert last["metrics"]["auc"] > 0.8
    rows = project.write_table(frame.drop(columns="target").head(5), name="new.csv")
    answer = project.call("predict", "ml-classifier", "--input", rows)
    assert answer.code == 0 and answer.out.splitlines()[0].startswith("label,probability_No,probability_Yes")


def test_parquet_gives_the_same_model_figures_as_csv(project):
    frame = number_table()
    project.write_table(frame)
    project.write_config(basic_config())
    from_csv = project.run()
    project.write_table(frame, name="data/train.parquet")
    project.write_config(basic_config(data__source_path="data/train.parquet"))
    assert project.run()["metrics"] == from_csv["metrics"]


def test_plain_output_has_no_control_characters(ready):
    answer = ready.call("run")
    assert answer.code == 0
    assert "\x1b" not in answer.out and "\r" not in answer.out
    for step in ("data", "split", "train", "evaluate", "gates", "register", "report"):
        assert re.search(rf"^\W*{step}\b", answer.out, re.MULTILINE), step
