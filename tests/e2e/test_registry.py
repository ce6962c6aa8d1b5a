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
