"""A table in PostgreSQL, against a real server of the machine's own."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

import numpy as np
import pandas as pd
import pytest
from conftest import BINARY, basic_config, number_table

BINARIES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
PASSWORD = "s3cr3t-word"

pytestmark = pytest.mark.skipif(not BINARIES, reason="no PostgreSQL server is installed: databases are NOT tested")


class Server:
    """A server in a folder of its own, on a free port of this machine."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = BINARIES[-1]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # The server refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(folder, user="postgres")
            folder.chmod(0o700)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        self.call("initdb", "-D", folder / "data", "-U", "owner", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C",
                  f"--pwfile={folder / 'password'}")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        self.call("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start")

    def call(self, program, *arguments):
        command = [str(self.bin / program), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "HOME=/tmp",
                       *command]
        completed = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        assert completed.returncode == 0, completed.stderr + completed.stdout

    def sql(self, text):
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        completed = subprocess.run([str(self.bin / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", self.uri()],
                                   input=text, text=True, capture_output=True, env=environment, check=False)
        assert completed.returncode == 0, completed.stderr

    def copy(self, frame, table):
        kinds = {"f": "double precision", "i": "bigint", "O": "text"}
        columns = ", ".join(f'"{name}" {kinds[frame[name].dtype.kind]}' for name in frame)
        self.sql(f'CREATE TABLE {table} ({columns});\nCOPY {table} FROM STDIN WITH (FORMAT csv);\n'
                 + frame.to_csv(index=False, header=False) + "\\.\n")

    def uri(self, rest=""):
        return f"postgresql://owner@127.0.0.1:{self.port}/postgres{rest}"

    def stop(self):
        self.call("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = pathlib.Path(subprocess.run(["mktemp", "-d", "/tmp/slipway-postgres-XXXXXX"], check=True,
                                         capture_output=True, text=True).stdout.strip())
    running = Server(folder)
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture
def password(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


def profile(project, *arguments, expect=0):
    answer = project.call("data", "profile", *arguments, "--output", "json")
    assert answer.code == expect, answer.err
    return answer.last if expect == 0 else answer.err


def test_types_go_by_the_databases_own(server, project, password):
    server.sql('''
        CREATE SCHEMA IF NOT EXISTS shop;
        CREATE TYPE mood AS ENUM ('good', 'bad');
        CREATE TABLE shop.kinds (i smallint, big bigint, f real, n numeric, b boolean, t text, d date,
            ts timestamp, tz timestamptz, m mood, j jsonb, a int[], u uuid, "odd; name|""x""" int, code text);
        INSERT INTO shop.kinds VALUES
            (1, 9007199254740993, 0.5, 1.25, true, 'a, "b"', '2024-01-02', '2024-01-02 03:04:05.25',
             '2024-01-02 03:04:05+02', 'good', '{"x": 1}', '{1,2}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 7, '007'),
            (2, 2, 'NaN', 'NaN', false, E'two\\nlines,1\\n2,3', '1969-12-31', NULL, NULL, 'bad', NULL, '{}', NULL, NULL,
             '12'),
            (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    ''')
    answer = project.call("data", "profile", server.uri("?table=shop.kinds"), "--output", "json")
    assert answer.code == 0, answer.err
    assert "1 whole number of big past 2^53 lost" in answer.err
    columns = {column["name"]: column for column in answer.last["columns"]}
    types = {name: column["type"] for name, column in columns.items()}
    assert types == {"i": "numeric", "big": "numeric", "f": "numeric", "n": "numeric", "b": "category", "t": "category",
                     "d": "timestamp", "ts": "timestamp", "tz": "timestamp", "m": "category", "j": "category",
                     "a": "category", "u": "category", 'odd; name|"x"': "numeric", "code": "category"}
    assert answer.last["rows"] == 3
    missing = {name: column["missing"] for name, column in columns.items()}
    assert missing["i"] == 1 and missing["f"] == 2 and missing["n"] == 2 and missing["tz"] == 2
    assert {one["value"] for one in columns["b"]["top"]} == {"True", "False"}
    assert {one["value"] for one in columns["t"]["top"]} == {'a, "b"', "two\nlines,1\n2,3"}
    assert {one["value"] for one in columns["code"]["top"]} == {"007", "12"}
    assert columns["ts"]["max"] == pd.Timestamp("2024-01-02 03:04:05.25").timestamp()
    assert columns["tz"]["max"] == pd.Timestamp("2024-01-02 03:04:05+02:00").timestamp()
    assert columns["d"]["min"] == -86400


def test_a_run_is_that_of_the_same_rows_in_a_file(server, project, password):
    frame = number_table(2000)
    frame.insert(0, "row", np.arange(len(frame)))
    server.copy(frame, "training")
    project.write_table(frame)
    project.write_config(basic_config(data__exclude_columns=["row"]))
    from_file = project.run("--local")
    config = basic_config(data__source_path=server.uri(), data__exclude_columns=["row"],
                          data__query='SELECT * FROM training ORDER BY "row";')
    project.write_config(config)
    from_database = project.run("--local")
    assert from_database["metrics"] == from_file["metrics"]
    assert project.run("--local")["run_id"] == from_database["run_id"], "the same rows: nothing is done again"
    server.sql("UPDATE training SET feature1 = feature1 + 1 WHERE row = 3")
    changed = project.run("--local")
    assert changed["run_id"] != from_database["run_id"] and changed["digest"] != from_database["digest"]
    answer = project.call("data", "validate")
    assert answer.code == 0, answer.err


def test_bounded_memory_and_the_same_rows_in_every_pass(server, project, password):
    server.sql("""CREATE TABLE big AS SELECT i, repeat(md5(i::text), 10) AS text, i / 7.0 AS x
                  FROM generate_series(1, 400000) AS i;""")
    script = f"ulimit -v 1500000; exec '{BINARY}' data profile '{server.uri('?table=big')}' --output json --columns i,x"
    completed = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=project.folder, check=False)
    assert completed.returncode == 0, completed.stderr
    assert '"rows":400000' in completed.stdout


def test_errors_say_what_to_try(server, project, password, monkeypatch):
    server.sql("CREATE TABLE public.customers (a int); INSERT INTO customers VALUES (1)")
    uri = server.uri
    assert "try table=public.customers" in profile(project, uri("?table=custmers"), expect=2)
    error = profile(project, uri(), "--query", "SELECT a FRM customers", expect=2)
    assert "syntax error" in error and "at character" in error
    assert "data-modifying statement" in profile(
        project, uri(), "--query", "WITH x AS (DELETE FROM customers RETURNING a) SELECT * FROM x", expect=2)
    assert "no table and no query was named" in profile(project, uri(), expect=2)
    assert "gives no columns" in profile(project, uri(), "--query", "DELETE FROM customers", expect=2)
    assert "both named 'a'" in profile(project, uri(), "--query", "SELECT a, a FROM customers", expect=2)
    assert "database \"none\" does not exist" in profile(project, uri().replace("/postgres", "/none") + "?table=t", expect=2)
    timeout = "&options=-c%20statement_timeout%3D200"
    slow = project.call("data", "profile", uri(f"?connect_timeout=5{timeout}"), "--query", "SELECT pg_sleep(60)")
    assert slow.code == 3 and "statement timeout" in slow.err, slow.err
    nobody = f"postgresql://owner@127.0.0.1:{server.port + 1 if server.port < 65535 else 1}/postgres?table=t"
    answer = project.call("data", "profile", nobody)
    assert answer.code == 3 and "pg_isready" in answer.err
    monkeypatch.setenv("PGPASSWORD", "wrong")
    answer = project.call("data", "profile", uri("?table=customers"))
    assert answer.code == 3 and "password authentication failed" in answer.err and "PGPASSWORD" in answer.err


def test_passwords_come_from_files_and_variables_and_are_never_shown(server, project, tmp_path):
    frame = number_table(600)
    server.copy(frame, "secret_training")
    with_variable = server.uri("?table=secret_training").replace("owner@", "owner:${DB_PASSWORD}@")
    project.write_config(basic_config(data__source_path=with_variable))
    answer = project.call("run", "--local", env={"DB_PASSWORD": PASSWORD})
    assert answer.code == 0, answer.err
    validated = project.call("data", "validate", env={"DB_PASSWORD": PASSWORD})
    failed = project.call("run", "--local", env={"DB_PASSWORD": "wrong-word"})
    assert failed.code == 3
    told = answer.out + answer.err + validated.out + validated.err + failed.out + failed.err
    assert PASSWORD not in told and "wrong-word" not in told
    for path in project.folder.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
    pgpass = tmp_path / "pgpass"
    pgpass.write_text(f"127.0.0.1:{server.port}:*:owner:{PASSWORD}\n")
    pgpass.chmod(0o600)
    answer = project.call("data", "profile", server.uri("?table=secret_training"), env={"PGPASSFILE": str(pgpass)})
    assert answer.code == 0, answer.err


def test_a_query_can_be_interrupted(server, project, password):
    process = subprocess.Popen([str(BINARY), "data", "profile", server.uri(), "--query", "SELECT pg_sleep(120)"],
                               cwd=project.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130, error
    server.sql("""DO $$ BEGIN PERFORM pg_sleep(0.5); IF (SELECT count(*) FROM pg_stat_activity WHERE query LIKE
                  '%pg_sleep(120)%' AND pid <> pg_backend_pid()) > 0 THEN RAISE 'still running'; END IF; END $$""")


def test_rows_that_change_between_digest_and_reading_are_a_conflict(server, project, password):
    frame = number_table(600)
    server.copy(frame, "moving")
    config = basic_config(data__source_path=server.uri())
    config["development"]["data"]["query"] = "SELECT feature1, random() AS feature2, target FROM moving"
    project.write_config(config)
    answer = project.call("run", "--local")
    assert answer.code != 0 and "the rows changed while they were read" in answer.err
