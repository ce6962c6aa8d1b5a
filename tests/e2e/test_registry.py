"""The registry as users and their mistakes meet it."""
import json
import shutil
import subprocess

import pytest
from conftest import BINARY, number_table


def folder_of(project, digest):
    digits = digest.removeprefix("sha256:")
    return project.folder / ".slipway/artifacts/sha256" / digits[:2] / digits[2:]


def test_a_failed_model_does_not_pass_by_an_edited_word(ready):
    ready.run("--set", "model.performance_thresholds.accuracy=0.999", expect=1)
    assert ready.call("models", "download", "ml-classifier", "--to", "dl").code == 0
    path = ready.folder / "dl/metadata.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "verdict": "passed"}))
    answer = ready.call("models", "register", "./dl", "--name", "copy")
    assert answer.code == 0 and "marked as not passed" in answer.out, answer.err
    assert json.loads(ready.call("models", "show", "copy", "--output", "json").out)["verdict"] == "failed"
    assert ready.call("models", "promote", "copy", "--to", "staging").code != 0


def test_a_version_shows_what_its_gates_said_as_long_as_its_run_is_kept(ready):
    ready.run("--set", "model.performance_thresholds.accuracy=0.999", expect=1)
    shown = json.loads(ready.call("models", "show", "ml-classifier", "--output", "json").out)
    assert {gate["name"]: gate["verdict"] for gate in shown["gates"]}["accuracy"] == "fail"
    text = ready.call("models", "show", "ml-classifier").out
    assert any("✗" in line and "accuracy" in line and "0.999" in line for line in text.splitlines()), text
    shutil.rmtree(ready.folder / ".slipway/runs")
    assert json.loads(ready.call("models", "show", "ml-classifier", "--output", "json").out)["gates"] == []
    assert "✗" not in ready.call("models", "show", "ml-classifier").out


def test_no_edited_record_changes_a_card(ready):
    ready.run()
    assert ready.call("models", "download", "ml-classifier", "--to", "dl").code == 0
    path = ready.folder / "dl/metadata.json"
    record = json.loads(path.read_text())
    record["training_config"]["hyperparameters"]["n_estimators"] = 999
    record["training_config"]["card"] = {"intended_use": "anything"}
    path.write_text(json.dumps(record))
    assert ready.call("models", "register", "./dl", "--name", "copy").code == 0
    card = ready.call("models", "card", "copy")
    assert card.code == 0 and "999" not in card.out and "anything" not in card.out, card.err
    assert "n\\_estimators | 20" in card.out and "Nobody has said what it is for" in card.out


def test_nothing_changed_is_said_only_after_looking(ready):
    first = ready.run()
    path = ready.folder / ".slipway/runs" / first["run_id"] / "run.json"
    for text in (path.read_text().replace('"accuracy"', '"accuracies"'), '{"record": null}', "[1]"):
        path.write_text(text)
        again = ready.run()
        assert not again["unchanged"] and again["digest"] == first["digest"]
        path = ready.folder / ".slipway/runs" / again["run_id"] / "run.json"
    assert ready.run()["unchanged"]


def test_a_damaged_artifact_is_repaired_by_the_next_run(ready):
    first = ready.run()
    model = folder_of(ready, first["digest"]) / "model.onnx"
    for damage in (lambda: model.unlink(), lambda: model.write_bytes(model.read_bytes()[:-1])):
        damage()
        assert not ready.run()["unchanged"]
        assert ready.call("models", "verify", "--all").code == 0


def test_the_report_of_an_unchanged_run_is_found_from_here(ready):
    ready.run()
    again = ready.run("--config", ready.folder / "configs/config.yaml", cwd=ready.folder.parent)
    assert again["unchanged"] and (ready.folder.parent / again["report"]).exists()


def test_a_damaged_version_in_production_lets_no_candidate_pass(ready):
    first = ready.run()
    assert ready.call("models", "promote", "ml-classifier", "--to", "production").code == 0
    model = folder_of(ready, first["digest"]) / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1])
    answer = ready.call("run", "--set", "model.hyperparameters.n_estimators=25")
    assert answer.code == 4 and "ml-classifier:1 does not verify" in answer.err, answer.err
    assert len(json.loads(ready.call("models", "list", "--output", "json").out)) == 1


def test_a_run_that_cannot_finish_leaves_no_directory(ready):
    ready.run()
    runs = ready.folder / ".slipway/runs"
    # The note that a run is done can't be kept where a file stands in the way of the cache's folders.
    steps = ready.folder / ".slipway/cache/steps"
    before = sorted(runs.iterdir())
    for shelf in steps.iterdir():
        for entry in shelf.iterdir():
            if entry.name.endswith("-run"):
                entry.unlink()
                entry.mkdir()
    answer = ready.call("run")
    assert answer.code == 3 or answer.code == 2, answer.err
    assert sorted(runs.iterdir()) == before


def test_a_read_only_mount_can_be_asked(ready):
    last = ready.run()
    rows = ready.write_table(number_table().drop(columns="target").head(3), name="new.csv")

    def on_read_only(*arguments):
        script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'
        return subprocess.run(["unshare", "-rm", "sh", "-c", script, str(ready.folder), *map(str, arguments)],
                              capture_output=True, text=True, check=False)
    if on_read_only("true").returncode != 0:
        pytest.skip("this machine lets nobody mount: reading from a read-only mount is NOT tested")
    assert on_read_only("touch", "new").returncode != 0
    for arguments in (["models", "list"], ["models", "show", "ml-classifier"], ["models", "verify", "--all"],
                      ["predict", "ml-classifier", "--input", rows]):
        answer = on_read_only(BINARY, *arguments)
        assert answer.returncode == 0, (arguments, answer.stderr)
    refused = on_read_only(BINARY, "models", "promote", "ml-classifier", "--to", "staging")
    assert refused.returncode not in (0, 134) and refused.stderr.startswith("error: ")
    assert ready.run()["run_id"] == last["run_id"]


def test_an_emptied_database_is_not_made_anew(ready):
    ready.run()
    database = ready.folder / ".slipway/registry.db"
    for leftover in database.parent.glob("registry.db-*"):
        leftover.unlink()
    database.write_bytes(b"")
    for arguments in (["models", "list"], ["predict", "ml-classifier", "--input", "data/train.csv"], ["run"]):
        answer = ready.call(*arguments)
        assert answer.code == 4 and "registry.db" in answer.err, (arguments, answer.err)
    assert database.stat().st_size == 0
