"""kill -9 at many points: nothing half-registered, nothing acknowledged lost, and the next run goes on."""
import json
import os
import random
import signal
import subprocess
import time

from conftest import BINARY, basic_config, number_table


def test_killed_runs_leave_a_sound_registry_and_resume(ready):
    rng = random.Random(11)
    ready.run()
    acknowledged = 1
    for attempt in range(12):
        # Another number of trees each time, so that every run has something to do.
        process = subprocess.Popen([str(BINARY), "run", "--output", "json", "--set",
                                    f"model.hyperparameters.n_estimators={30 + attempt}"],
                                   cwd=ready.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(rng.uniform(0.02, 0.35))
        os.kill(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        lines = out.splitlines()
        if lines and lines[-1].startswith('{"run_id"'):
            acknowledged = max(acknowledged, json.loads(lines[-1])["version"])
        listed = json.loads(ready.call("models", "list", "--output", "json").out)
        numbers = [version["registry_version"] for version in listed]
        assert len(numbers) == len(set(numbers)) and max(numbers) >= acknowledged
        assert ready.call("models", "verify", "--all").code == 0
    last = ready.run("--set", "model.hyperparameters.n_estimators=30")
    assert last["status"] == "passed"


def test_interrupted_run_says_so_and_resumes(project):
    project.write_table(number_table(rows=20000, features=10))
    project.write_config(basic_config(model__hyperparameters={"n_estimators": 300, "max_depth": 12, "random_state": 1},
                                      model__training_config={"cross_validation": 5}))
    process = subprocess.Popen([str(BINARY), "run", "--output", "json"], cwd=project.folder,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        event = json.loads(line)
        if event.get("event") == "progress" and event.get("step") == "train" and event.get("done", 0) >= 2:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "interrupted" in err
    last = project.run()
    assert {"data", "split"} <= set(last["cached"])


def test_two_runs_at_once_get_different_numbers(ready):
    processes = [subprocess.Popen([str(BINARY), "run", "--output", "json", "--set",
                                   f"model.hyperparameters.n_estimators={10 + index}"],
                                  cwd=ready.folder, stdout=subprocess.PIPE, text=True) for index in range(6)]
    versions = []
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        versions.append(json.loads(out.splitlines()[-1])["version"])
    assert sorted(versions) == [1, 2, 3, 4, 5, 6]
