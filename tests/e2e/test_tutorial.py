"""Each command of docs/tutorial.md, as it stands there but for the port, does what the text says that it does."""
import os
import re
import shutil
import subprocess

from conftest import BINARY, ROOT, Project
from rollouts import end_all, free_port, processes_of, wait_until


def commands_of(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


def run_as_written(folder, commands, port):
    """All in one shell, each followed by its exit code; the configuration gets the port that the test may have."""
    lines = ["exec 2>&1"]
    for command in commands:
        lines += [f"echo {command!r}" if "'" not in command else "echo …", command.replace("8080", str(port)), 'echo "[$?]"']
        if command.startswith("cp "):
            lines.append(f"sed -i 's/^  deployment:$/&\\n    port: {port}/' configs/config.yaml")
    path = folder / "tutorial.sh"
    path.write_text("\n".join(lines), encoding="utf-8")
    environment = {**os.environ, "PATH": f"{BINARY.parent}:{os.environ['PATH']}"}
    told = subprocess.run(["bash", "-m", str(path)], cwd=folder, env=environment, text=True, capture_output=True, timeout=150,
                          stdin=subprocess.DEVNULL, check=False)
    return told.stdout


def test_the_tutorial_runs_as_it_stands(tmp_path):
    (tmp_path / "examples").mkdir()
    shutil.copytree(ROOT / "examples/demo", tmp_path / "examples/demo")
    commands = commands_of("docs/tutorial.md")
    try:
        told = run_as_written(tmp_path, commands, free_port())
        codes = re.findall(r"^\[(\d+)\]$", told, re.MULTILINE)
        expected = []
        for command in commands:
            refused = command == "slipway rollout undo" and "2" not in expected
            expected.append("1" if command == "slipway deploy credit-risk:3 --env development" else "2" if refused else "0")
        assert codes == expected, told
        for words in ("credit-risk:2 is stable", "rolls back: accuracy worse by > 5 points", "there is nothing to undo",
                      "slipway.rollback=", "rollout-3.html", "failed: 0 ", "is down"):
            assert words in told, told
        wait_until(lambda: not processes_of(tmp_path), "the end of all processes", seconds=5)
        project = Project(tmp_path / "shop")
        assert project.call("rollout", "list", "--output", "json").last[0]["stable"]["version"] == 2
    finally:
        end_all(tmp_path)
