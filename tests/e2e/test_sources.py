"""Every source of a table, written by the libraries and tools that users have."""
import decimal
import gzip
import json
import shutil
import subprocess
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from conftest import basic_config, number_table


def mixed_table(rows=3000, seed=5):
    rng = np.random.default_rng(seed)
    frame = number_table(rows, seed=seed)
    frame["city"] = rng.choice(["Köln", "a, b", 'say "x"', None], size=rows)
    frame["day"] = pd.date_range("2024-01-01", periods=rows, freq="D").strftime("%Y-%m-%d")
    frame["paid"] = rng.random(rows) < 0.5
    return frame


def compress(tool, path):
    subprocess.run([tool, "-q", "-f", str(path)] if tool == "zstd" else [tool, "-k", "-f", str(path)], check=True)


def write_all(folder, frame):
    """The table in every format; returns the paths by name."""
    folder.mkdir(parents=True)
    typed = frame.assign(day=pd.to_datetime(frame["day"]).dt.date)
    frame.to_csv(folder / "t.csv", index=False)
    shutil.copy(folder / "t.csv", folder / "u.csv")
    compress("gzip", folder / "t.csv")
    compress("zstd", folder / "u.csv")
    frame.to_csv(folder / "t.tsv", index=False, sep="\t")
    # to_json of pandas rounds numbers.
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "t.jsonl").write_text(lines)
    (folder / "t.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    typed.to_parquet(folder / "t.parquet", index=False)
    table = pa.Table.from_pandas(typed, preserve_index=False)
    for codec in ["uncompressed", "lz4", "zstd"]:
        pyarrow.feather.write_feather(table, folder / f"{codec}.feather", compression=codec, chunksize=700)
    with pa.ipc.new_stream(folder / "t.arrows", table.schema) as stream:
        stream.write_table(table, max_chunksize=1000)
    coded = table.set_column(table.schema.get_field_index("city"), "city", table["city"].dictionary_encode())
    with pa.ipc.new_file(folder / "coded.arrow", coded.schema) as out:
        out.write_table(coded, max_chunksize=900)
    (folder / "parts").mkdir()
    for i in range(4):
        frame.iloc[i * 750:(i + 1) * 750].to_csv(folder / f"parts/part-{i}.csv", index=False)
    return {path.name: path for path in folder.iterdir()} | {"glob": folder / "parts/part-*.csv"}


def profile(project, path, *options):
    answer = project.call("data", "profile", path, "--output", "json", *options)
    assert answer.code == 0, answer.err
    return answer.last


def assert_same(found, expected, name):
    """Equal, but for the rounding of sums over rows that come in other blocks."""
    assert found["rows"] == expected["rows"], name
    for column, other in zip(found["columns"], expected["columns"], strict=True):
        for key in column.keys() & {"m2", "mean"}:
            assert column.pop(key) == pytest.approx(other[key]), name
        assert column == {key: other[key] for key in column}, name


def test_every_format_has_the_same_profile(project):
    frame = mixed_table()
    paths = write_all(project.folder / "data", frame)
    expected = profile(project, paths.pop("t.csv"))
    assert expected["rows"] == len(frame)
    assert [column["name"] for column in expected["columns"]] == list(frame.columns)
    by_name = {column["name"]: column for column in expected["columns"]}
    assert by_name["feature1"]["mean"] == pytest.approx(frame["feature1"].mean())
    assert by_name["city"]["missing"] == frame["city"].isna().sum()
    assert by_name["day"]["type"] == "timestamp"
    for name, path in paths.items():
        assert_same(profile(project, path), expected, name)


def test_hive_partitions_are_those_of_pyarrow(project):
    frame = mixed_table(1200)
    frame["year"] = np.repeat([2022, 2023, 2024], 400)
    frame["land"] = np.tile(["Köln/x", "a b", None], 400)
    root = project.folder / "data/hive"
    pyarrow.dataset.write_dataset(pa.Table.from_pandas(frame, preserve_index=False), root, format="parquet",
                                  partitioning=pyarrow.dataset.partitioning(
                                      pa.schema([("year", pa.int64()), ("land", pa.string())]), flavor="hive"))
    found = profile(project, root)
    assert found["rows"] == len(frame)
    columns = {column["name"]: column for column in found["columns"]}
    assert list(columns)[-2:] == ["year", "land"]
    assert columns["year"]["type"] == "numeric" and columns["year"]["mean"] == 2023
    assert columns["land"]["missing"] == 400
    assert {one["value"] for one in columns["land"]["top"]} == {"Köln/x", "a b"}
    assert profile(project, root / "year=2023" / "**")["rows"] == 400


def test_a_run_learns_the_same_from_every_source_and_redoes_only_what_changed(project):
    frame = number_table(900)
    project.write_table(frame)
    for i, part in enumerate(np.array_split(frame, 3)):
        project.write_table(part, name=f"data/parts/part-{i}.csv")
    project.write_config(basic_config())
    one = project.run("--local")
    project.write_config(basic_config(data__source_path="data/parts"))
    many = project.run("--local")
    assert many["metrics"] == one["metrics"]
    assert project.run("--local")["run_id"] == many["run_id"], "an unchanged folder is not read again"
    path = project.folder / "data/parts/part-1.csv"
    path.write_text(path.read_text().replace("0.", "1.", 1))
    changed = project.run("--local")
    assert changed["digest"] != many["digest"]
    # Another name is another order of rows.
    path.rename(project.folder / "data/parts/part-9.csv")
    assert project.run("--local")["digest"] != changed["digest"]


def test_predict_takes_every_source(project):
    frame = number_table(600)
    project.write_table(frame)
    project.write_config(basic_config())
    project.run("--local")
    rows = frame.drop(columns="target")
    for i, part in enumerate(np.array_split(rows, 2)):
        project.write_table(part, name=f"data/new/part-{i}.csv")
    rows.to_json(project.folder / "data/new.jsonl", orient="records", lines=True, double_precision=15)
    answers = {source: project.call("predict", "ml-classifier", "--input", source)
               for source in ["data/train.csv", "data/new", "data/new/*.csv", "data/new.jsonl"]}
    for source, answer in answers.items():
        assert answer.code == 0, answer.err
        assert answer.out == answers["data/train.csv"].out, source


def test_numbers_with_a_decimal_comma(project):
    frame = number_table(600)
    path = project.folder / "data/train.csv"
    path.parent.mkdir(parents=True)
    frame.to_csv(path, index=False, sep=";", decimal=",")
    found = profile(project, path, "--decimal", ",")
    assert found["columns"][0]["mean"] == pytest.approx(frame["feature1"].mean())
    project.write_config(basic_config(data__decimal=","))
    assert project.run("--local")["status"] == "passed"
    project.write_config(basic_config(data__decimal=";"))
    answer = project.call("config", "check")
    assert answer.code == 2 and "data.decimal" in answer.err


def test_a_nested_column_of_parquet_stops_only_who_uses_it(project):
    frame = number_table(600)
    frame["tags"] = [[1, 2]] * len(frame)
    frame["where"] = [{"x": 1, "y": "a"}] * len(frame)
    project.write_table(frame, name="data/train.parquet")
    config = basic_config(data__source_path="data/train.parquet", data__exclude_columns=["tags", "where"])
    project.write_config(config)
    assert project.run("--local")["status"] == "passed"
    config = basic_config(data__source_path="data/train.parquet", data__exclude_columns=["tags"])
    project.write_config(config)
    assert project.run("--local", expect=1)["status"] == "failed"
    answer = project.call("data", "validate", "--output", "json")
    issues = {(issue["kind"], issue["column"]) for issue in answer.last["issues"]}
    assert ("unreadable_column", "where") in issues and ("unreadable_column", "tags") not in issues


def test_truncated_and_changing_files_are_told(project):
    frame = number_table(20_000)
    path = project.write_table(frame)
    compress("gzip", path)
    whole = (path.parent / "train.csv.gz").read_bytes()
    for size in [12, len(whole) // 2, len(whole) - 4]:
        cut = path.parent / "cut.csv.gz"
        cut.write_bytes(whole[:size])
        answer = project.call("data", "profile", cut)
        assert answer.code == 2 and "the file is truncated" in answer.err, answer.err
    (path.parent / "bomb.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"x" * 200_000_000, 9))
    answer = project.call("data", "profile", path.parent / "bomb.csv.gz")
    assert answer.code == 2 and "the row is longer than" in answer.err


def test_streams_of_arrow_end_where_they_end(project):
    table = pa.table({"a": list(range(1000)), "b": ["x"] * 1000})
    whole = pa.BufferOutputStream()
    with pa.ipc.new_stream(whole, table.schema) as stream:
        marks = []
        for batch in table.to_batches(max_chunksize=100):
            stream.write_batch(batch)
            marks.append(whole.tell())
    content = whole.getvalue().to_pybytes()
    for name, damaged, says in [("cut", content[:marks[2]], "no end mark"), ("inside", content[:marks[2] + 9], "damaged or truncated"),
                                ("two", content * 2, "more behind the end"), ("more", content + b"x", "more behind the end")]:
        (project.folder / f"{name}.arrows").write_bytes(damaged)
        answer = project.call("data", "profile", f"{name}.arrows")
        assert answer.code == 2 and says in answer.err, (name, answer.err)
    (project.folder / "two.arrows.gz").write_bytes(gzip.compress(content) * 2)
    assert "more behind the end" in project.call("data", "profile", "two.arrows.gz").err


def test_decimals_are_the_numbers_that_csv_has(project):
    cents = [decimal.Decimal(i) / 100 for i in range(10_000)]
    pq.write_table(pa.table({"p": pa.array(cents, pa.decimal128(10, 2))}), project.folder / "p.parquet")
    (project.folder / "p.csv").write_text("p\n" + "".join(f"{one}\n" for one in cents))
    samples = [project.call("data", "sample", name, "--rows", 10_000).out for name in ("p.parquet", "p.csv")]
    assert samples[0] == samples[1]
    (project.folder / "schema.yaml").write_text("version: 1\ncolumns: {p: {type: number, min: 0, max: 99.99}}\n")
    assert project.call("data", "validate", "p.parquet", "--schema", "schema.yaml").code == 0
    ids = pa.array([decimal.Decimal(2**53 + 1), decimal.Decimal(5)], pa.decimal128(20, 0))
    pq.write_table(pa.table({"id": ids}), project.folder / "ids.parquet")
    assert str(2**53 + 1) in project.call("data", "profile", "ids.parquet").err


def test_uuids_and_bytes_of_one_length_are_text(project):
    ids = [uuid.UUID(int=i) for i in range(3)]
    storage = pa.array([one.bytes for one in ids], pa.binary(16))
    table = pa.table({"id": pa.ExtensionArray.from_storage(pa.uuid(), storage), "code": pa.array([b"ab", b"cd", None], pa.binary(2))})
    pq.write_table(table, project.folder / "t.parquet")
    found = {column["name"]: column for column in profile(project, "t.parquet")["columns"]}
    assert {one["value"] for one in found["id"]["top"]} == {str(one) for one in ids}
    assert {one["value"] for one in found["code"]["top"]} == {"ab", "cd"} and found["code"]["missing"] == 1


def test_a_page_of_parquet_that_is_not_what_was_written(project):
    path = project.folder / "t.parquet"
    pq.write_table(pa.table({"a": list(range(10_000))}), path, write_page_checksum=True, use_dictionary=False, compression="none")
    assert profile(project, path)["rows"] == 10_000
    content = bytearray(path.read_bytes())
    content[20_000] ^= 1
    path.write_bytes(content)
    answer = project.call("data", "profile", path)
    assert answer.code == 2 and "damaged" in answer.err, answer.err


def test_json_is_a_table_unless_a_profile_was_saved(project):
    (project.folder / "t.json").write_text('{"a": 1}\n{"a": 2}\n')
    assert profile(project, "t.json")["rows"] == 2
    (project.folder / "list.json").write_text('[{"a": 1}, {"a": 2}]')
    answer = project.call("data", "profile", "list.json")
    assert answer.code == 2 and "jq -c '.[]'" in answer.err
    assert project.call("data", "profile", "t.json", "--save", "saved.json").code == 0
    assert profile(project, "saved.json")["rows"] == 2


def test_a_file_uri_is_decoded(project):
    frame = number_table(600)
    path = project.write_table(frame, name="data/with blank.csv")
    assert "%20" in path.as_uri()
    assert profile(project, path.as_uri()) == profile(project, path)
    assert profile(project, path.as_uri().replace("file:///", "file://localhost/"))["rows"] == 600
    assert project.call("data", "profile", "file://server/t.csv").code == 2
    project.write_config(basic_config(data__source_path=path.as_uri()))
    assert project.run("--local")["status"] == "passed"


@pytest.mark.parametrize("uri", ["mysql://u:{}@h/db", "s3a://KEY:{}@bucket/a.csv", "postgresql://u:{}/x@127.0.0.1:1/db?table=t",
                                 "postgresql://u:{}?x@127.0.0.1:1/db?table=t", "postgresql://u:a@{}/x@127.0.0.1:1/db?table=t",
                                 "postgresql://u@127.0.0.1:1/db?table=t&pass%77ord={}", "postgresql://u@127.0.0.1:1/db?table=t&PASSWORD={}"])
def test_no_uri_tells_its_password(project, uri):
    answer = project.call("data", "profile", uri.format("TOPSECRET"), "--output", "json")
    assert answer.code in (2, 3) and "TOPSECRET" not in answer.out + answer.err


def test_nothing_is_no_number(project):
    (project.folder / "t.csv").write_text("a,b\n1,\n2,\n")
    columns = {column["name"]: column for column in profile(project, "t.csv")["columns"]}
    assert columns["a"]["mean"] == 1.5
    assert [columns["b"].get(key) for key in ("min", "max", "mean")] == [None] * 3
    assert project.call("data", "profile", "t.csv", "--save", "t.json").code == 0
    assert profile(project, "t.json")["columns"] == list(columns.values())


def test_ten_thousand_columns(project):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.integers(0, 9, size=(60, 10_000)), columns=[f"c{i}" for i in range(10_000)])
    project.write_table(frame, name="wide.csv")
    frame.to_json(project.folder / "wide.jsonl", orient="records", lines=True)
    project.write_table(frame, name="wide.parquet")
    expected = profile(project, "wide.csv")
    assert len(expected["columns"]) == 10_000 and expected["rows"] == 60
    for name in ["wide.jsonl", "wide.parquet"]:
        assert_same(profile(project, name), expected, name)


def test_a_field_of_100_mb_is_refused_in_text_and_read_elsewhere(project):
    huge = "x" * 100_000_000
    (project.folder / "t.csv").write_text(f'a,b\n1,"{huge}"\n2,y\n')
    answer = project.call("data", "profile", "t.csv")
    assert answer.code == 2 and "t.csv:2: row 1: the row is longer than" in answer.err
    (project.folder / "t.jsonl").write_text(json.dumps({"a": 1, "b": huge}) + "\n")
    answer = project.call("data", "profile", "t.jsonl")
    assert answer.code == 2 and "t.jsonl:1: row 1: the line is longer than" in answer.err
    pd.DataFrame({"a": [1, 2], "b": [huge, "y"]}).to_parquet(project.folder / "t.parquet")
    assert profile(project, "t.parquet")["rows"] == 2


def test_invalid_utf8(project):
    (project.folder / "t.csv").write_bytes(b"a,b\n1,caf\xe9\n2,x\n")
    answer = project.call("data", "profile", "t.csv")
    assert answer.code == 0 and "invalid UTF-8 in 1 value of b" in answer.err
    (project.folder / "t.jsonl").write_bytes(b'{"a": 1}\n{"a": "caf\xe9"}\n')
    answer = project.call("data", "profile", "t.jsonl")
    assert answer.code == 2 and "t.jsonl:2:" in answer.err and "not valid UTF-8" in answer.err


def test_what_is_not_there_names_what_is_near(project):
    project.write_table(number_table(100), name="data/part-0.csv")
    for given, expected in [("data/part-1.csv", "data/part-0.csv"), ("data/prat-*.csv", "data/part-0.csv"),
                            ("dta/*.csv", "data"), ("gs://b/x.csv", "a local copy")]:
        answer = project.call("data", "profile", given)
        assert answer.code == 2 and answer.err.rstrip().endswith(f"try {expected}"), answer.err
        assert "--data" not in answer.err


def upload(bucket, path, key):
    bucket.put_object(Key=key, Body=path.read_bytes())
    return f"s3://{bucket.name}/{key}"


def test_objects_are_read_as_files_are(project, bucket):
    frame = mixed_table()
    paths = write_all(project.folder / "data", frame)
    expected = profile(project, paths["t.csv"])
    for name in ["t.csv", "t.csv.gz", "t.jsonl", "t.parquet", "lz4.feather", "t.arrows"]:
        assert_same(profile(project, upload(bucket, paths[name], f"tables/{name}")), expected, name)
    for path in sorted((project.folder / "data/parts").iterdir()):
        upload(bucket, path, f"parts/year=2024/{path.name}")
    upload(bucket, paths["t.csv"], "parts/_SUCCESS")
    assert project.call("data", "profile", f"s3://{bucket.name}/tables/t.csv").err == ""
    assert_same(profile(project, f"s3://{bucket.name}/parts/year=2024/part-*.csv"), expected, "parts")
    found = profile(project, f"s3://{bucket.name}/parts/")
    assert found["rows"] == len(frame) and found["columns"][-1]["name"] == "year"
    answer = project.call("data", "profile", f"s3://{bucket.name}/tables/t.cvs")
    assert answer.code == 2 and "t.csv" in answer.err
    assert project.call("data", "profile", f"s3://{bucket.name}/tables/*.xml").code == 2
    # A key that no file could have is in nobody's way.
    bucket.put_object(Key="odd//x.csv", Body=b"a\n1\n")
    assert profile(project, f"s3://{bucket.name}/parts/")["rows"] == len(frame)
    answer = project.call("data", "profile", f"s3://{bucket.name}/odd/*.csv")
    assert answer.code == 2, answer.err


def test_large_objects_are_read_ahead_in_ranges(project, bucket):
    frame = number_table(330_000)
    path = project.write_table(frame)
    assert path.stat().st_size > 25_000_000
    expected = profile(project, path)
    assert profile(project, upload(bucket, path, "big.csv")) == expected


def test_a_run_on_objects_is_that_of_the_same_files(project, bucket):
    frame = number_table(900)
    for i, part in enumerate(np.array_split(frame, 3)):
        path = project.write_table(part, name=f"data/parts/part-{i}.csv")
        upload(bucket, path, f"parts/part-{i}.csv")
    project.write_config(basic_config(data__source_path="data/parts"))
    local = project.run("--local")
    project.write_config(basic_config(data__source_path=f"s3://{bucket.name}/parts"))
    remote = project.run("--local")
    assert remote["metrics"] == local["metrics"]
    assert project.run("--local")["run_id"] == remote["run_id"], "unchanged objects are not read again"
    bucket.put_object(Key="parts/part-1.csv", Body=path.read_bytes())
    assert project.run("--local")["digest"] != remote["digest"]


def test_a_data_set_of_several_files_is_kept_under_the_digest_of_the_run(project, bucket):
    frame = number_table(900)
    for i, part in enumerate(np.array_split(frame, 3)):
        project.write_table(part, name=f"data/parts/year=2024/part-{i}.csv")
    config = basic_config(data__source_path="data/parts", artifact_store=f"s3://{bucket.name}/team")
    config["development"]["data"]["snapshot"] = True
    project.write_config(config)
    last = project.run()
    kept = project.call("data", "snapshot", "--output", "json")
    assert kept.code == 0, kept.err
    run = project.call("runs", "show", last["run_id"], "--output", "json").last
    assert kept.last["digest"] == run["source"]["digest"]
    assert [one["name"] for one in kept.last["files"]] == [f"year=2024/part-{i}.csv" for i in range(3)]
    shutil.rmtree(project.folder / "data/parts")
    restored = project.call("data", "restore", kept.last["digest"], "--to", "data/parts")
    assert restored.code == 0, restored.err
    assert project.run()["run_id"] == last["run_id"]
