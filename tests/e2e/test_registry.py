"""The registry as users and their mistakes meet it."""
import json


def folder_of(project, digest):
    digits = digest.removeprefix("sha256:")
    return project.folder / ".slipway/artifacts/sha256" / digits[:2] / digits[2:]


def test_a_failed_model_does_not_pass_by_an_edited_word(ready):
    ready.run("--set", "model.performance_thresholds.accuracy=0.999", expect=1)
    assert ready.call("models", "download", "ml-classifier", "dl").code == 0
    path = ready.folder / "dl/metadata.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "verdict": "passed"}))
    answer = ready.call("models", "register", "./dl", "--name", "copy")
    assert answer.code == 0 and "marked as not passed" in answer.out, answer.err
    assert json.loads(ready.call("models", "show", "copy", "--output", "json").out)["verdict"] == "failed"
    assert ready.call("models", "promote", "copy", "--to", "staging").code != 0


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
