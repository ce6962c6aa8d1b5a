"""Wrong input: a clear error with file, row and column, the right exit code, and nothing lost."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from conftest import ROOT, basic_config, number_table


def refused(project, *arguments, code=2):
    answer = project.call("run", *arguments)
    assert answer.code == code, f"exit {answer.code}\n{answer.out}\n{answer.err}"
    assert answer.err.startswith("error: "), answer.err
    assert "terminate called" not in answer.err and "Sanitizer" not in answer.err
    return answer.err


def csv_lines(rows=300):
    return number_table(rows).to_csv(index=False).splitlines()


def test_ragged_row_is_named(project):
    lines = csv_lines()
    lines[100] += ",17"
    project.write_table("\n".join(lines) + "\n")
    project.write_config(basic_config())
    error = refused(project)
    assert "data/train.csv" in error and "row 100" in error and "6" in error and "5" in error


def test_words_in_a_number_column_are_named_and_fail_validation(project):
    frame = number_table().astype(object)
    frame.loc[41, "feature2"] = "broken"
    project.write_table(frame)
    project.write_config(basic_config())
    last = project.run(expect=1)
    issue = next(issue for issue in last["issues"] if issue["kind"] == "unreadable_value")
    assert issue["column"] == "feature2" and issue["count"] == 1
    assert issue["examples"] == [{"row": 42, "value": "broken"}]


def test_each_error_of_the_data_is_told_with_its_file(project):
    frame = number_table().astype(object)
    frame.loc[41, "feature2"] = "broken"
    frame.loc[43, "feature3"] = "broken too"
    project.write_table(frame)
    project.write_config(basic_config())
    answer = project.call("run")
    assert answer.code == 1
    errors = [line for line in answer.err.splitlines() if line.startswith("error: data/train.csv: ")]
    assert len(errors) == 2 and "feature2" in errors[0] and "42" in errors[0] and "feature3" in errors[1]


def test_a_feature_named_as_an_output_is_told_before_training(project):
    project.write_table(number_table().rename(columns={"feature2": "label"}))
    project.write_config(basic_config())
    answer = project.call("run")
    assert answer.code == 2 and "label" in answer.err and "train " not in answer.out


@pytest.mark.parametrize("unused", [{"data__exclude_columns": ["feature2"]}, {"data__id_columns": ["feature2"]},
                                    {"data__feature_columns": ["feature1", "feature3"]}])
def test_words_in_a_column_that_nobody_uses_stop_nothing(project, unused):
    frame = number_table().astype(object)
    frame.loc[41, "feature2"] = "broken"
    project.write_table(frame)
    project.write_config(basic_config(**unused))
    assert project.run()["status"] == "passed"


@pytest.mark.parametrize("content", [b"\x00\x01\x02\xff\xfe" * 4000, os.urandom(70000), b"\x89PNG\r\n\x1a\n" + bytes(5000)])
def test_binary_garbage(project, content):
    project.write_table(content)
    project.write_config(basic_config())
    assert "data/train.csv" in refused(project)


def test_empty_file(project):
    project.write_table(b"")
    project.write_config(basic_config())
    assert "empty" in refused(project)


def test_header_only(project):
    project.write_table("feature1,target\n")
    project.write_config(basic_config())
    last = project.run(expect=1)
    assert "too_few_rows" in {issue["kind"] for issue in last["issues"]}


def test_directory(project):
    project.write_config(basic_config())
    (project.folder / "data/train.csv").mkdir(parents=True)
    assert "directory" in refused(project)


def test_missing_file_names_a_near_one(project):
    project.write_table(number_table(), name="data/train.csv")
    project.write_config(basic_config(data__source_path="data/tran.csv"))
    error = refused(project)
    assert "data/tran.csv" in error and "train.csv" in error


def test_truncated_parquet(project):
    path = project.write_table(number_table(), name="data/train.parquet")
    path.write_bytes(path.read_bytes()[:-200])
    project.write_config(basic_config(data__source_path="data/train.parquet"))
    assert "data/train.parquet" in refused(project)


def test_target_with_one_class(project):
    frame = number_table()
    frame["target"] = 1
    project.write_table(frame)
    project.write_config(basic_config())
    answer = project.call("run", "--output", "json")
    assert answer.code in (1, 2)
    assert "target" in answer.out + answer.err and "class" in answer.out + answer.err


def test_missing_label_is_named_by_row(project):
    frame = number_table().astype({"target": object})
    frame.loc[9, "target"] = ""
    project.write_table(frame)
    project.write_config(basic_config())
    answer = project.call("run", "--output", "json")
    assert answer.code in (1, 2)
    assert "10" in answer.out + answer.err and "target" in answer.out + answer.err


def test_missing_feature_names_the_nearest(project):
    project.write_table(number_table())
    project.write_config(basic_config(data__feature_columns=["feature1", "featur2"]))
    answer = project.call("run", "--output", "json")
    assert answer.code in (1, 2)
    assert "featur2" in answer.out + answer.err and "feature2" in answer.out + answer.err


def test_predict_with_a_missing_feature(ready):
    ready.run()
    path = ready.write_table(number_table().drop(columns=["feature2", "target"]), name="new.csv")
    answer = ready.call("predict", "ml-classifier", "--input", path)
    assert answer.code == 2 and "feature2" in answer.err and answer.out == ""


def test_predict_names_the_row_that_it_cannot_read(ready):
    ready.run()
    frame = number_table().drop(columns="target").astype(object)
    frame.loc[6, "feature3"] = "abc"
    path = ready.write_table(frame, name="new.csv")
    answer = ready.call("predict", "ml-classifier", "--input", path)
    assert answer.code == 2 and "feature3" in answer.err and "7" in answer.err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small file system: a full disk is NOT tested")
def test_full_disk_is_a_clear_error_and_loses_nothing(ready, tmp_path):
    ready.run()
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("can't mount a tmpfs here: a full disk is NOT tested")
    try:
        shutil.copytree(ready.folder / "configs", small / "configs")
        (small / "data").mkdir()
        number_table(600).to_csv(small / "data/train.csv", index=False)
        answer = ready.call("run", cwd=small, env={"HOME": str(small)})
        if answer.code == 0:  # The disk was large enough after all: fill it.
            pytest.fail("the disk did not fill; make it smaller")
        assert answer.code == 3, answer.err
        assert "No space left" in answer.err or "full" in answer.err, answer.err
        listed = ready.call("models", "list", "--output", "json", cwd=small)
        if listed.code == 0 and listed.out.strip():
            for version in json.loads(listed.out):
                verified = ready.call("models", "verify", f"{version['name']}:{version['registry_version']}", cwd=small)
                assert verified.code == 0, verified.err
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def open_to_all(folder):
    """Lets other users reach a folder: pytest's are for their owner only."""
    for level in [folder, *folder.parents]:
        if level == pathlib.Path(tempfile.gettempdir()):
            break
        level.chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None,
                    reason="needs root and setpriv to drop rights: missing permission is NOT tested")
def test_no_write_permission(ready, tmp_path):
    # An installed tree, as the libraries of the build tree lie in a cache that other users can't read.
    installed = tmp_path / "installed"
    subprocess.run([ROOT / "scripts/install", installed], check=True, capture_output=True)
    open_to_all(installed)
    open_to_all(ready.folder)
    answer = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                             installed / "bin/slipway", "run"],
                            cwd=ready.folder, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 3, answer.stderr
    assert answer.stderr.startswith("error: ") and ".slipway" in answer.stderr and "ermission" in answer.stderr


def test_remote_stores_name_key_uri_and_local(ready):
    config = basic_config()
    config["development"]["artifact_store"] = "gs://ml-artifacts"
    config["development"]["model_registry"] = "mlflow"
    ready.write_config(config)
    error = refused(ready)
    assert "artifact_store" in error and "gs://ml-artifacts" in error and "--local" in error
    assert "s3://BUCKET/PREFIX" in error and "file:///PATH" in error
    assert ready.run("--local")["status"] == "passed"


def test_wrong_configuration_tells_everything_at_once(ready):
    config = basic_config(model__model_type="random_forst", data__split={"train": 0.8, "test": 0.3, "validation": 0.1})
    config["development"]["data"]["preprocessing_steps"] = ["normalise"]
    config["development"]["modell"] = {}
    ready.write_config(config)
    error = refused(ready)
    assert error.count("error: ") >= 4
    for word in ("random_forest", "normalize", "modell", "a sum of 1"):
        assert word in error
    assert "configs/config.yaml:" in error


def test_unknown_command_and_option_name_the_nearest(project):
    answer = project.call("rnu")
    assert answer.code == 2 and "run" in answer.err
    answer = project.call("run", "--evn", "x")
    assert answer.code == 2 and "--env" in answer.err


def test_what_only_the_target_tells_names_its_line(project):
    frame = number_table()
    frame["target"] = [row % 3 for row in range(len(frame))]
    project.write_table(frame)
    project.write_config(basic_config(model__averaging="binary", model__training_config={"cross_validation": 0}))
    error = refused(project)
    assert "config.yaml:" in error and "model.averaging: binary averaging is for two classes" in error
    project.write_config(basic_config(model__class_weight={"4": 2}))
    error = refused(project)
    assert "config.yaml:" in error and "model.class_weight.4: 'target' has no label '4'" in error
    project.write_config(basic_config(model__hyperparameters={"max_samples": 5000}))
    error = refused(project)
    assert "config.yaml:" in error and "model.hyperparameters.max_samples: 5,000 rows a tree" in error


def test_unknown_hyperparameter_lists_the_nearest(ready):
    error = refused(ready, "--set", "model.hyperparameters.n_estimator=5")
    assert "n_estimators" in error


def test_tampered_artifact_is_integrity(ready):
    last = ready.run()
    digest = last["digest"].removeprefix("sha256:")
    path = ready.folder / ".slipway/artifacts/sha256" / digest[:2] / digest[2:] / "model.onnx"
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    answer = ready.call("models", "verify", "ml-classifier")
    assert answer.code == 4 and "model.onnx" in answer.err
    rows = ready.write_table(number_table().drop(columns="target").head(3), name="new.csv")
    assert ready.call("predict", "ml-classifier", "--input", rows).code == 4


def test_a_cache_that_no_double_holds_is_read_as_none(ready):
    ready.run()
    (ready.folder / ".slipway/cache/files.json").write_text('{"a":1e999}')
    assert ready.run()["status"] == "passed"


def test_a_pipe_or_a_device_is_refused_at_once(ready):
    os.mkfifo(ready.folder / "pipe.csv")
    for path in ("pipe.csv", "/dev/zero"):
        answer = ready.call("run", "--data", path, timeout=20)
        assert answer.code == 2, answer.err
        assert answer.err.startswith("error: ") and path in answer.err and "pipe or a device" in answer.err


def test_mixed_values_fail_validation_unless_nothing_learns_from_them(project):
    frame = number_table().astype(object)
    frame.loc[::5, "feature2"] = "unknown"
    project.write_table(frame)
    project.write_config(basic_config())
    last = project.run(expect=1)
    issue = next(issue for issue in last["issues"] if issue["kind"] == "mixed_values")
    assert issue["column"] == "feature2" and issue["count"] == 120
    assert issue["examples"][1] == {"row": 6, "value": "unknown"}
    project.write_config(basic_config(data__exclude_columns=["feature2"]))
    assert project.run()["status"] == "passed"
