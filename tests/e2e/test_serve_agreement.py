"""The same row is the same to everybody: /predict, /invocations, the Open Inference Protocol and `slipway predict`, for values as clients write them."""
import json

import numpy as np
import pandas as pd
import pytest
from served import train
from test_serve import serving

# A row that lacks nothing, as JSON.
ROW = {"age": "40", "income": "52.5", "city": '"Bern"', "member": "true", "grade": '"10"', "joined": '"2021-01-01"'}

# What is taken, by input: JSON's own text of the value.
GOOD = [(name, value) for name, values in {
    "age": ["41", "41.0", "4.1e1", "410E-1", "-0", "-0.0", "1e-400", "4.9e-324", "9007199254740993", "12345678901234567890", "true", "false", "null",
            '"41"', '" 41 "', '"+41"', '".5e2"', '""', '" "', '"NA"', '"none"', '" none"', '"-999"', '"-999.0"', "-999", "-999.0", "-9.99e2"],
    "income": ["0.1", "0.1000000000000000055511151231257827", "123456.789e-3", "7"],
    "city": ['"Genf"', '"Bern "', '"\\tBern"', '"\\u000bBern"', '"B\\u0065rn"', '"Z\\u00fcrich"', '"Zürich"', '"bern"', '"\\u00a0Bern"',
             '"nowhere"', '"\\u0000"', "5", "5.0", "true", "false", "null", '""', '"none"', '"NA"', '"?"', "-999", "-999.0", '"-999"'],
    "member": ["false", '"true"', '"TRUE"', '"False"', '" true "', '"yes"', "1", "0", "null"],
    "grade": ["10", "10.0", "1e1", '"10.0"', '" 10"', "3", "3.0", "-0", "null", '"none"'],
    "joined": ['"2021-06-30"', '" 2021-06-30 "', '"2021-06-30T10:00:00+01:00"', '"2021-06-30 10:00"', '"2021-06-30T10:00:00.25 Z"', '"2021-06-30t10:00z"',
               "1609459200", "1609459200.5", "1.6094592e9", '"1609459200"', '" +1609459200 "', "0", "-86400", '"0000-01-01"', "null", '""', '"none"', '"?"',
               "-999", '"-999"', "-999.0", '"-999.0"'],
}.items() for value in values]

# What is refused.
BAD = [(name, value) for name, values in {
    "age": ["1e309", "-1e309", "NaN", "Infinity", "-Infinity", "nan", "1.", "+1", '"abc"', '"1,5"', '"true"', '"nan"', '"1e999"', '"0x10"', "{}"],
    "joined": ['"2021-13-01"', '"01/02/2021"', '"2021-06-30T10"', "true", '"yesterday"', "1e309"],
    "city": ['"\\ud800"', '"a\nb"', "tru"],
}.items() for value in values]


def row_of(name, value):
    return "{" + ", ".join(f'"{one}": {value if one == name else ROW[one]}' for one in ROW) + "}"


def tensor_of(name, value):
    """Of the datatype that the value has: the protocol takes no text for a number, unless the tensor says so."""
    datatype = "BYTES" if value.startswith('"') else "BOOL" if value in ("true", "false") else "FP64"
    return f'{{"name": "{name}", "shape": [1], "datatype": "{datatype}", "data": [{value}]}}'


def asked(server, name, value):
    """What each page answers: its status, and the probability or the error."""
    row = row_of(name, value)
    values = [value if one == name else ROW[one] for one in ROW]
    tensors = ", ".join(tensor_of(one, given) for one, given in zip(ROW, values))
    bodies = {
        "features": ("/predict", f'{{"features": {row}}}', lambda answer: answer["probability"]["1"]),
        "list": ("/predict", f'{{"instances": [[{", ".join(values)}]]}}', lambda answer: answer["probabilities"][0]["1"]),
        "records": ("/invocations", f'{{"dataframe_records": [{row}]}}', lambda answer: answer["predictions"][0]["probability_1"]),
        "split": ("/invocations", f'{{"dataframe_split": {{"data": [[{", ".join(values)}]], "columns": {json.dumps(list(ROW))}}}}}',
                  lambda answer: answer["predictions"][0]["probability_1"]),
        "columns": ("/invocations", "{\"inputs\": {" + ", ".join(f'"{one}": [{given}]' for one, given in zip(ROW, values)) + "}}",
                    lambda answer: answer["predictions"][0]["probability_1"]),
        "tensors": ("/v2/models/ml-classifier/infer", f'{{"inputs": [{tensors}]}}',
                    lambda answer: next(one["data"][0] for one in answer["outputs"] if one["name"] == "probability_1")),
    }
    told = {}
    for shape, (path, body, score) in bodies.items():
        status, answer, _ = server.ask("POST", path, body.encode("utf-8", "surrogatepass"))
        told[shape] = (status, score(answer) if status == 200 else answer)
    return told


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A model that every input moves, and a missing value too."""
    rng = np.random.default_rng(5)
    count = 800
    frame = pd.DataFrame({"age": rng.integers(18, 80, count), "income": rng.normal(50, 10, count).round(2),
                          "city": rng.choice(["Bern", "Genf", "Zürich"], count), "member": rng.random(count) < 0.5,
                          "grade": rng.choice(["3.0", "10", "2"], count),
                          "joined": pd.date_range("2019-01-01", periods=count, freq="D").strftime("%Y-%m-%d")})
    signal = (frame["age"] / 40 + frame["income"] / 20 + (frame["city"] == "Bern") + frame["member"] + (frame["grade"] == "10")
              + np.arange(count) / 400 + rng.normal(size=count))
    frame["target"] = (signal > signal.median()).astype(int)
    for name in ROW:
        frame[name] = frame[name].astype(object).mask(rng.random(count) < 0.05)
    return train(tmp_path_factory.mktemp("agreement") / "project", frame,
                 model__model_type="logistic_regression", model__hyperparameters={}, model__performance_thresholds={"accuracy": 0.5},
                 data__categorical_columns=["grade", "city", "member"], data__timestamp_column="joined",
                 data__missing_values=["", "NA", "-999", "?", "none"])


@pytest.fixture(scope="module")
def server(project):
    with serving(project.folder, "ml-classifier") as server:
        yield server


@pytest.fixture(scope="module")
def predicted(project):
    """What `slipway predict` says of each good value: a line of JSON each."""
    path = project.write_table("".join(row_of(*one) + "\n" for one in GOOD), name="rows.jsonl")
    answer = project.call("predict", "ml-classifier", "--input", path, "--output", "json")
    assert answer.code == 0, answer.err
    return {one: probabilities["1"] for one, probabilities in zip(GOOD, answer.last["probabilities"], strict=True)}


@pytest.mark.parametrize("name, value", GOOD)
def test_values_that_are_taken(server, predicted, name, value):
    assert asked(server, name, value) == dict.fromkeys(["features", "list", "records", "split", "columns", "tensors"], (200, predicted[name, value]))


@pytest.mark.parametrize("name, value", BAD)
def test_values_that_are_refused(project, server, name, value):
    path = project.write_table(row_of(name, value) + "\n", name="row.jsonl")
    assert project.call("predict", "ml-classifier", "--input", path).code == 2
    for shape, (status, answer) in asked(server, name, value).items():
        assert status == 400, (shape, answer)
        # dataframe_split is walked over before its columns are known.
        if shape != "split" or "not JSON" not in answer["error"]:
            assert answer["field"] == name and answer["row"] == 0, (shape, answer)
            assert not answer["error"].startswith(name), answer


def test_values_differ_where_they_should(predicted):
    """Else the tests above could not fail."""
    for name in ROW:
        assert len({score for (one, _), score in predicted.items() if one == name}) > 1, name
    for name, value, other in (("age", "41", "-999"), ("city", '"Genf"', '"none"'), ("grade", "10", "10.0"), ("grade", "3.0", "3"),
                               ("joined", "-999", "-999.0")):
        assert predicted[name, value] != predicted[name, other], (name, value, other)
    assert predicted["age", '"-999.0"'] == predicted["age", "null"] != predicted["age", "41"]


def test_unknown_texts_are_refused_alike(project):
    with serving(project.folder, "ml-classifier", "--unknown-categories", "reject") as server:
        for name, value in (("city", '"nowhere"'), ("city", '"bern"'), ("city", "5"), ("grade", "10.0"), ("grade", "3")):
            for shape, (status, answer) in asked(server, name, value).items():
                assert status == 422 and answer["field"] == name and answer["row"] == 0, (shape, name, value, answer)
        for name, value in (("city", '"Bern "'), ("city", '"none"'), ("grade", "10"), ("grade", "3.0"), ("member", '"TRUE"')):
            assert {status for status, _ in asked(server, name, value).values()} == {200}, (name, value)
