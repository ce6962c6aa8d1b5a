"""The command line itself: help, completion, terminals, errors for machines."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import time

import pytest
from conftest import BINARY, Project, basic_config, number_table


@pytest.fixture(scope="module")
def run_once(tmp_path_factory):
    """A project with one run that passed, for tests that change nothing."""
    project = Project(tmp_path_factory.mktemp("cli"))
    project.write_table(number_table())
    project.write_config(basic_config())
    project.run()
    return project


def help_of(*command):
    completed = subprocess.run([str(BINARY), *command, "--help"], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def subcommands(text):
    """Names listed under "Subcommands:" of a help text."""
    block = re.search(r"^Subcommands:\n((?:  .*\n?)+)", text, re.MULTILINE)
    return re.findall(r"^  (\w[\w-]*)", block.group(1), re.MULTILINE) if block else []


def all_commands(prefix=()):
    found = []
    for name in subcommands(help_of(*prefix)):
        found.append((*prefix, name))
        found.extend(all_commands((*prefix, name)))
    return found


def test_the_commands_of_this_build_are_listed():
    assert {"run", "test", "runs", "models", "predict", "config", "completion"} <= set(subcommands(help_of()))


def test_every_help_shows_an_example_that_starts_with_the_command():
    commands = all_commands()
    assert len(commands) > 15
    for command in commands:
        text = help_of(*command)
        assert re.search(r"^Examples:\n  .*slipway " + command[0], text, re.MULTILINE), command


def test_version_names_the_program():
    completed = subprocess.run([str(BINARY), "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"slipway \d+\.\d+\.\d+ \(.*\)\n", completed.stdout)


def test_version_for_machines(project):
    for words in (["--version", "--output", "json"], ["-o", "json", "-V"]):
        version = project.call(*words)
        assert version.code == 0 and set(version.last) == {"version", "build"}
        assert f"slipway {version.last['version']} ({version.last['build']})" == project.call("--version").out.strip()


def test_help_promises_json_only_where_there_is_some():
    for command in all_commands():
        assert ("--output json, --no-color" in help_of(*command)) == (command[0] not in ("completion", "help"))


def test_no_command_is_wrong_input_and_lists_them():
    completed = subprocess.run([str(BINARY)], capture_output=True, text=True, check=False)
    assert completed.returncode == 2
    assert completed.stderr.startswith("error: ") and "models" in completed.stderr


@pytest.mark.parametrize("words, told", [
    ("rn", "slipway has no command 'rn'; try slipway run or slipway --help"),
    ("--helpp", "no option '--helpp' for slipway; try '--help', or slipway --help"),
    ("models lst", "slipway models has no command 'lst'; try slipway models list or slipway models --help"),
    ("promote m:1", "slipway has no command 'promote'; try slipway models promote, slipway rollout promote or slipway --help"),
    ("frobnicate", "slipway has no command 'frobnicate'; expected run, test, runs, * or version; try slipway --help"),
    ("config show --evn x", "no option '--evn' for slipway config show; try '--env', or slipway config show --help"),
    ("--set a=b run", "'--set' is an option of slipway run: put it after run"),
    ("--registry=. models list", "'--registry' is an option of slipway models: put it after models"),
    ("run now", "no argument 'now' for slipway run; try slipway run --help"),
    ("help models lst", "slipway models has no command 'lst'; try slipway models list or slipway models --help"),
    ("models", "slipway models needs a command: *; try slipway models --help"),
])
def test_a_wrong_word_is_named_with_the_nearest_one(project, words, told):
    answer = project.call(*words.split())
    assert answer.code == 2 and answer.out == ""
    pattern = re.escape(f"error: {told}\n").replace(re.escape("*"), ".*")
    assert re.fullmatch(pattern, answer.err), answer.err


def test_help_and_version_are_commands_too(project):
    assert project.call("help").out == help_of()
    assert project.call("help", "models", "list").out == help_of("models", "list")
    assert project.call("version").out == project.call("--version").out
    assert set(project.call("version", "--output", "json").last) == {"version", "build"}


def complete(words):
    """What bash completion offers for the last word."""
    script = (f'source <("{BINARY}" completion bash)\n'
              f'COMP_WORDS=({" ".join(repr(word) for word in words)})\n'
              f"COMP_CWORD={len(words) - 1}\n_slipway\n"
              'printf "%s\\n" "${COMPREPLY[@]}"\n')
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()


def test_bash_completion():
    assert {"run", "runs"} == set(complete(["slipway", "ru"]))
    assert "promote" in complete(["slipway", "models", ""])
    assert complete(["slipway", "run", "--env", "x", "--loc"]) == ["--local"]
    assert "--to" in complete(["slipway", "models", "promote", "name:1", "--"])


def test_bash_completes_the_values_of_options():
    assert complete(["slipway", "models", "promote", "name:1", "--to", ""]) == [
        "development", "staging", "production", "archived"]
    assert complete(["slipway", "models", "promote", "name:1", "--to", "=", "st"]) == ["staging"]
    assert complete(["slipway", "run", "--output", ""]) == ["text", "json"]
    assert complete(["slipway", "run", "-o", "j"]) == ["json"]
    assert set(complete(["slipway", "--output", "="])) == {"text", "json"}
    assert {"bash", "zsh", "fish"} <= set(complete(["slipway", "completion", ""]))
    # Nothing, so that the shell completes files.
    for words in (["run", "--data"], ["run", "-c"], ["models", "download", "m:1", "--to"], ["models", "--registry"]):
        assert complete(["slipway", *words, ""]) == []
    assert "--env" in complete(["slipway", "run", "--local", "--"])


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_every_command(shell):
    script = subprocess.run([str(BINARY), "completion", shell], capture_output=True, text=True, check=True).stdout
    for word in ("run", "models", "promote", "local"):
        assert word in script


def on_a_terminal(arguments, folder, env=None):
    leader, follower = pty.openpty()
    process = subprocess.Popen([str(BINARY), *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=follower,
                               stderr=follower, env={**os.environ, "TERM": "xterm-256color", **(env or {})})
    os.close(follower)
    chunks = []
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(leader)
    return process.wait(), b"".join(chunks).decode()


def test_colour_on_a_terminal_only(ready):
    code, text = on_a_terminal(["run"], ready.folder)
    assert code == 0 and "\x1b[32m" in text
    code, text = on_a_terminal(["runs", "list"], ready.folder, env={"NO_COLOR": "1"})
    assert code == 0 and "\x1b[3" not in text
    for env in ({"TERM": "dumb"}, {"TERM": "dumb", "NO_COLOR": ""}):
        assert "\x1b" not in on_a_terminal(["run"], ready.folder, env=env)[1]
    assert "\x1b[3" in on_a_terminal(["runs", "list"], ready.folder, env={"NO_COLOR": ""})[1]
    assert "\x1b" not in ready.call("runs", "list").out


def test_errors_for_machines(project):
    answer = project.call("run", "--output", "json", "--config", "nowhere.yaml")
    assert answer.code == 2 and answer.err.startswith("error: ")
    last = json.loads(answer.out.splitlines()[-1])
    assert last["status"] == "error" and last["errors"][0]["code"] == "not_found"
    assert "nowhere.yaml" in last["errors"][0]["message"]


def test_runs_list_show_compare(ready):
    first = ready.run()
    second = ready.run("--set", "model.hyperparameters.n_estimators=30")
    listed = json.loads(ready.call("runs", "list", "--output", "json").out)
    assert [run["run_id"] for run in listed] == [second["run_id"], first["run_id"]]
    shown = json.loads(ready.call("runs", "show", first["run_id"], "--output", "json").out)
    assert shown["metrics"] == first["metrics"]
    compared = json.loads(ready.call("runs", "compare", first["run_id"], "latest", "--output", "json").out)
    changes = {one["key"]: (one["left"], one["right"]) for one in compared["differences"]}
    assert changes["hyperparameters.n_estimators"] == (20, 30)
    assert ready.call("runs", "show", "nonsense").code == 2


@pytest.mark.parametrize("command", [
    ["predict", "ml-classifier", "--input", "data/train.csv"],
    ["predict", "ml-classifier", "--input", "data/train.csv", "--output", "json"],
    ["config", "show"], ["models", "list"], ["runs", "list"], ["run"], ["run", "--output", "json"],
    ["completion", "bash"], ["--help"], ["run", "--help"], ["--version"]], ids=" ".join)
def test_output_that_cannot_be_written_is_a_failure(run_once, command):
    with open("/dev/full", "wb") as full:
        completed = subprocess.run([str(BINARY), *command], cwd=run_once.folder, stdout=full, stderr=subprocess.PIPE,
                                   text=True, check=False)
    assert completed.returncode == 3
    assert completed.stderr == "error: standard output: can't write: No space left on device\n"


def test_a_reader_that_has_gone_is_no_failure(run_once):
    command = f"'{BINARY}' predict ml-classifier --input data/train.csv; echo exit $? >&2"
    completed = subprocess.run(["bash", "-c", f"({command}) | head -n 0"], cwd=run_once.folder, capture_output=True,
                               text=True, check=True)
    assert completed.stderr == "exit 0\n"


def test_a_registry_elsewhere_is_found_by_every_command(project):
    config = basic_config(model_registry="./reg")
    config["staging"] = {**config["development"], "model_registry": "./other"}
    project.write_table(number_table())
    project.write_config(config)
    project.run()
    rows = ["--input", project.folder / "data/train.csv"]
    assert "ml-classifier" in project.call("models", "list").out
    assert project.call("predict", "ml-classifier", *rows).code == 0
    assert project.call("models", "promote", "ml-classifier:1", "--to", "staging").code == 0
    # Another environment has another registry, which no run has made yet.
    answer = project.call("models", "list", "--env", "staging")
    assert answer.code == 2 and answer.err.startswith("error: ./other: no registry here")
    # From below and from outside of the project.
    below = project.folder / "notebooks"
    below.mkdir()
    assert "ml-classifier" in project.call("models", "list", cwd=below).out
    outside = project.folder.parent
    assert "ml-classifier" in project.call("models", "list", "--config", project.folder, cwd=outside).out
    assert project.call("predict", "ml-classifier", *rows, "--config", project.folder, cwd=outside).code == 0


def test_a_registry_is_asked_without_a_right_configuration(ready):
    ready.run()
    config = basic_config()
    ready.write_config({"production": config["development"]})
    answer = ready.call("models", "list")
    assert answer.code == 0 and "ml-classifier" in answer.out and answer.err == ""
    ready.write_config("development: {project_name: [")
    answer = ready.call("models", "list")
    assert answer.code == 0 and "ml-classifier" in answer.out
    assert answer.err.startswith("warning: configs/config.yaml:1:") and ".slipway is used" in answer.err
    assert ready.call("models", "list", "--config", "configs/config.yaml").code == 2
    (ready.folder / "configs/config.yaml").unlink()
    answer = ready.call("models", "list")
    assert answer.code == 0 and answer.err == ""


@pytest.mark.parametrize("writer", [False, True], ids=["opening", "reading"])
def test_ctrl_c_while_a_pipe_says_nothing(project, writer):
    pipe = project.folder / "config.yaml"
    os.mkfifo(pipe)
    # A pipe opened for both never ends, and opening it waits for nobody.
    held = os.open(pipe, os.O_RDWR) if writer else None
    process = subprocess.Popen([str(BINARY), "config", "show"], cwd=project.folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    asleep = 0
    while asleep < 5:  # Nothing else makes it sleep for so long.
        time.sleep(0.05)
        state = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        asleep = asleep + 1 if state == "S" else 0
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    if held is not None:
        os.close(held)
    assert process.returncode == 130, err
    assert out == "" and err.startswith("error: config.yaml: can't ")


def test_environments_are_compared_for_machines(project):
    config = basic_config()
    config["staging"] = {**config["development"], "version": "1.1.0"}
    project.write_config(config)
    told = project.call("config", "diff", "development", "staging", "--output", "json").last
    assert told == {"left": "development", "right": "staging",
                    "differences": [{"key": "version", "left": "1.0.0", "right": "1.1.0"}]}


def test_a_missing_input_names_what_is_near(run_once):
    answer = run_once.call("predict", "ml-classifier", "--input", "nope.csv")
    assert answer.code == 2
    assert answer.err == "error: nope.csv: no such file\n"
    answer = run_once.call("predict", "ml-classifier", "--input", "data/trian.csv")
    assert answer.err == "error: data/trian.csv: no such file; try data/train.csv\n"
    answer = run_once.call("predict", "ml-classifier", "--input", "gs://bucket/new.csv")
    assert answer.code == 2 and answer.err.endswith("try a local copy\n")


def test_an_option_takes_one_value(run_once):
    answer = run_once.call("config", "show", "--set", "version=2.0.0", "staging")
    assert answer.code == 2 and "no argument 'staging'" in answer.err
    diff = run_once.call("config", "diff", "--set", "version=2.0.0", "development", "development")
    assert diff.code == 0, diff.err
    shown = run_once.call("config", "show", "--set", "version=2.0.0", "--set", "model.name=other", "-o", "json").last
    assert (shown["config"]["version"], shown["config"]["model"]["name"]) == ("2.0.0", "other")
    predicted = run_once.call("predict", "--id-columns", "feature1,feature2", "ml-classifier",
                              "--input", "data/train.csv")
    assert predicted.code == 0 and predicted.out.startswith("feature1,feature2,label,")


def test_long_names_do_not_glue_columns(project):
    name = "a-model-whose-name-is-longer-than-most-columns-are"
    project.write_table(number_table())
    project.write_config(basic_config(model__name=name))
    run = project.run()
    listed = project.call("runs", "list").out.splitlines()
    assert f"{run['run_id']}  {name}:1  development" in listed[1]
    assert listed[1].index("development") == listed[0].index("ENVIRONMENT")


def test_paths_and_digests_are_short(ready):
    first = ready.run()
    report = f".slipway/runs/{first['run_id']}/report.html"
    assert first["report"] == report
    assert ready.call("runs", "show", "-o", "json").last["report"] == report
    assert f"  {report}\n" in ready.call("runs", "show").out
    assert f"  ../{report}\n" in ready.call("runs", "show", cwd=ready.folder / "data").out
    second = ready.run("--set", "model.hyperparameters.n_estimators=30")
    text = ready.call("runs", "compare", first["run_id"], second["run_id"]).out
    cells = re.search(r"^digest +(\w+) +(\w+) *$", text, re.MULTILINE).groups()
    assert cells == tuple(run["digest"].removeprefix("sha256:")[:12] for run in (first, second))


def test_the_first_line_of_a_run_names_the_version_if_there_is_one(ready):
    assert ready.call("run").out.splitlines()[0] == "ml-classifier 1.0.0 · development"
    ready.write_config(basic_config(version=None))
    assert ready.call("run").out.splitlines()[0] == "ml-classifier · development"
