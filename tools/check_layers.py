#!/usr/bin/env python3
"""Which folder of src/ may include what: the rules of direction of docs/architecture.md.

check_layers.py [ROOT]        exits 1 and lists each include that breaks a rule
check_layers.py --self-test   plants one violation of each rule and expects it to be found
"""
import pathlib
import re
import sys
import tempfile

# The delivery line, left to right. A stage may include the public headers of those before it.
LINE = ["core", "config", "data", "model", "train", "gate", "registry", "deploy", "monitor"]

ALLOWED = {stage: set(LINE[:place]) for place, stage in enumerate(LINE)}
ALLOWED["sqlite"] = {"core"}
ALLOWED["registry"] |= {"sqlite"}
ALLOWED["deploy"] |= {"analysis", "sqlite", "http", "splitter"}
ALLOWED["http"] = {"core"}
ALLOWED["splitter"] = {"core", "http"}
ALLOWED["analysis"] = {"core"}
ALLOWED["monitor"] |= {"analysis", "http"}
ALLOWED["workflow"] = {"core", "config"}
UP_TO_REGISTRY = set(LINE[: LINE.index("registry") + 1])
ALLOWED["report"] = UP_TO_REGISTRY | {"deploy"}
ALLOWED["pipeline"] = UP_TO_REGISTRY | {"report"}
ALLOWED["serve"] = {"core", "data", "model", "http", "registry"}
EVERYTHING = set(ALLOWED)
ALLOWED["cli"] = EVERYTHING
ALLOWED["web"] = EVERYTHING

# A library of others has one home: the pattern of its headers and the folders that may name it.
HOMES = [
    (r"(arrow|parquet)/", {"data"}, "Arrow"),
    (r"libpq-fe\.h", {"data"}, "libpq"),
    (r"rapidjson/", {"data"}, "RapidJSON"),
    (r"boost/math/", {"data"}, "Boost.Math"),
    (r"boost/(beast|asio)[/.]", {"http"}, "Boost.Beast"),
    (r"sqlite3\.h", {"sqlite"}, "SQLite"),
    (r"yaml-cpp/", {"config"}, "yaml-cpp"),
    (r"CLI/", {"cli"}, "CLI11"),
    (r"(onnx|google/protobuf)/", {"model"}, "ONNX"),
    (r"re2/", {"core"}, "RE2"),
    (r"openssl/", {"core", "http"}, "OpenSSL"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes_of(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(2)


def check_include(folder, header, folders):
    """What is wrong with `header` in a file of `folder`, or None."""
    for pattern, homes, library in HOMES:
        if re.match(pattern, header) and folder not in homes:
            return f"{library} belongs to {' and '.join(sorted(homes))}"
    target = header.split("/")[0]
    if "/" not in header or target not in folders or target == folder:
        return None
    if target not in ALLOWED.get(folder, set()):
        may = ", ".join(name for name in ALLOWED.get(folder, ()) if name in folders) or "nothing"
        return f"{folder} may not include {target} (only: {may})"
    if header.endswith("_internal.h"):
        return f"{header} is for {target} only"
    return None


def check(root):
    source = root / "src"
    folders = {path.name for path in source.iterdir() if path.is_dir()}
    problems = [f"src/{name}: a folder that tools/check_layers.py has no rule for"
                for name in sorted(folders - set(ALLOWED))]
    files = 0
    for path in sorted(source.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        files += 1
        relative = path.relative_to(source)
        if len(relative.parts) == 1:
            continue  # src/main.cc wires everything.
        for number, header in includes_of(path):
            problem = check_include(relative.parts[0], header, folders)
            if problem:
                problems.append(f"src/{relative}:{number}: {problem}")
    return files, problems


def self_test():
    planted = {
        "core/a.h": '#include "config/types.h"',
        "config/a.cc": '#include "data/types.h"',
        "data/a.cc": "#include <sqlite3.h>",
        "model/a.h": "#include <arrow/api.h>",
        "train/a.cc": '#include "data/reader_internal.h"',
        "gate/a_test.cc": '#include "registry/types.h"',
        "registry/a.h": "#  include <yaml-cpp/yaml.h>",
        "registry/a.cc": "#include <sqlite3.h>",
        "sqlite/a.cc": '#include "registry/types.h"',
        "gate/b.cc": '#include "sqlite/database.h"',
        "deploy/a.cc": '#include "pipeline/run.h"',
        "report/a.cc": '#include "pipeline/run.h"',
        "config/b.cc": "#include <re2/re2.h>",
        "http/a.cc": '#include "config/types.h"',
        "pipeline/a.cc": "#include <CLI/CLI.hpp>",
        "pipeline/c.cc": '#include "deploy/types.h"',
        "report/c.cc": '#include "deploy/planner_internal.h"',
        "cli/a.cc": '#include "onnx/onnx.pb.h"',
        "splitter/a.cc": "#include <boost/beast/http.hpp>",
        "rogue/a.cc": "",
    }
    fine = {
        "data/b.cc": '#include <arrow/api.h>\n#include "data/reader_internal.h"\n#include "config/types.h"',
        "registry/b.cc": '#include "sqlite/database.h"\n#include "gate/types.h"',
        "deploy/b.cc": '#include "sqlite/database.h"\n#include "registry/types.h"',
        "report/b.cc": '#include "deploy/types.h"',
        "sqlite/b.cc": "#include <sqlite3.h>",
        "pipeline/b.cc": '#include "report/types.h"\n#include <vector>',
        "cli/b.cc": '#include "pipeline/run.h"\n#include <CLI/CLI.hpp>',
        "main.cc": '#include "cli/session.h"',
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (planted | fine).items():
            path = pathlib.Path(folder, "src", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        found = {problem.split(":")[0] for problem in check(pathlib.Path(folder))[1]}
    expected = {f"src/{name}" for name in planted if name != "rogue/a.cc"} | {"src/rogue"}
    if found != expected:
        sys.exit(f"self-test: missed {sorted(expected - found)}, false alarms {sorted(found - expected)}")
    print(f"self-test: all {len(expected)} planted violations found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    files, problems = check(root)
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)
    print(f"layers: {files} files keep the rules of direction")


if __name__ == "__main__":
    main()
