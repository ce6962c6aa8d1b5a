"""Preprocessing inside the graph, judged by scikit-learn, pandas and onnxruntime."""
import json

import jsonschema
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, TargetEncoder

from conftest import basic_config
from test_parity import answer_of_onnxruntime, assert_equal_answers


def prepared_columns(model, frame):
    """What the graph hands to its trees, as onnxruntime computes it, a column a feature."""
    proto = onnx.load(str(model))
    trees = next(node for node in proto.graph.node if node.op_type == "TreeEnsembleRegressor")
    proto.graph.output.append(onnx.helper.make_tensor_value_info(trees.input[0], onnx.TensorProto.FLOAT, ["N", None]))
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {}
    for field in session.get_inputs():
        column = frame[field.name]
        if field.type == "tensor(double)":
            feeds[field.name] = seconds(column) if column.dtype.kind == "M" else column.to_numpy(np.float64)
        else:
            feeds[field.name] = np.array(["" if pd.isna(text) else str(text) for text in column], object)
    return session.run([trees.input[0]], feeds)[0]


def seconds(column):
    """Epoch seconds in double, NaN where there is no time."""
    values = column.to_numpy("datetime64[us]").astype(np.int64) / 1e6
    return np.where(column.isna(), np.nan, values)


def trained(project, frame, steps, **changes):
    """The answer of a run, the model's directory, and the rows that it was trained on."""
    project.write_table(frame)
    project.write_config(basic_config(data__preprocessing_steps=steps, model__performance_thresholds={},
                                      model__gates={"beats_baseline": False}, **changes))
    answer = project.run()
    model = project.folder / "model"
    downloaded = project.call("models", "download", f"{answer['model']}:{answer['version']}", "--to", str(model))
    assert downloaded.code == 0, downloaded.err
    split = pd.read_parquet(project.folder / ".slipway" / "runs" / answer["run_id"] / "split.parquet")
    return answer, model, frame.iloc[np.flatnonzero(split["part"] == "train")]


def report_of(project, answer):
    return json.loads((project.folder / ".slipway" / "runs" / answer["run_id"] / "report.json").read_text())


def dropped_of(project, answer):
    return {feature["name"]: feature["reason"] for feature in report_of(project, answer)["dropped_features"]}


def mixed_table(rows=1500, seed=1):
    """Categories of each kind, missing values, and times over two years, as text."""
    rng = np.random.default_rng(seed)
    city = np.array([f"city {k:03}" for k in range(200)])[(200 * rng.random(rows) ** 3).astype(int)]
    when = pd.Timestamp("2022-12-30") + pd.to_timedelta(rng.integers(0, 2 * 365 * 86400, rows), unit="s")
    frame = pd.DataFrame({
        "amount": rng.gamma(2, 50, rows),
        "created": when.strftime("%Y-%m-%d %H:%M:%S"),
        "city": city,
        "shop": rng.choice(["Zürich", "東京", "a,b", 'say "x"', "rare"], rows, p=[.4, .3, .2, .095, .005]),
        "payment": rng.choice(["card", "cash", "transfer"], rows),
        "code": [f"c{number}" for number in rng.integers(0, 90, rows)],
    })
    late = when.hour >= 18
    odd = pd.Series(city).str[-1].astype(int).to_numpy() % 2 == 1
    score = 0.8 * late + 0.9 * odd + 0.004 * frame["amount"] + 0.3 * rng.normal(size=rows)
    frame["target"] = np.select([score > 1.5, score > 0.9], ["high", "middle"], "low")
    for name in ("amount", "created", "city", "payment"):
        frame.loc[rng.random(rows) < 0.05, name] = None
    return frame


MIXED = [
    {"timestamp_features": {"features": ["elapsed", "year", "month", "day_of_week", "is_weekend", "hour", "minute"],
                            "cyclic": True}},
    {"encode": {"columns": {"city": "target", "code": "frequency", "payment": "rank"}, "min_frequency": 12,
                "unknown": "infrequent"}},
    "normalize",
    {"feature_selection": {"methods": ["variance", "correlation"]}},
]


@pytest.mark.parametrize("steps", [
    MIXED,
    [{"encode": {"method": "target", "smoothing": 5}}, {"handle_missing": {"categorical": "most_frequent"}},
     {"timestamp_features": {}}],
    [{"encode": {"method": "frequency", "min_frequency": 0.02}},
     {"timestamp_features": {"columns": {"created": ["quarter", "day_of_year", "day_of_month"]}}}],
    [{"handle_missing": {"categorical": "most_frequent"}},
     {"encode": {"method": "one_hot", "min_frequency": 30, "columns": {"code": "rank"}}}],
    [{"encode": {"high_cardinality": "target", "max_one_hot": 3}},
     {"feature_selection": {"method": "mutual_information", "k": 5}}],
], ids=["mixed", "target", "frequency", "grouped", "by cardinality"])
def test_every_engine_says_the_same(project, steps):
    answer, model, _ = trained(project, mixed_table(), steps)
    new = mixed_table(seed=2).drop(columns="target")
    new.loc[new.index % 5 == 0, "city"] = "nowhere"
    new.loc[new.index % 7 == 0, "shop"] = "never seen 🚀"
    new.loc[new.index % 11 == 0, "payment"] = "cheque"
    new.loc[new.index % 13 == 0, "code"] = None
    new.loc[3, "created"] = "1900-02-28 23:59:59"
    new.loc[4, "created"] = "2400-02-29T00:00:00"
    project.write_table(new, "new.csv")
    frame = new.assign(created=seconds(pd.Series(new["created"].astype("datetime64[s]"))))
    labels, scores = answer_of_onnxruntime(model / "model.onnx", frame)
    # The artifact, and the bare graph: that it reads times is told by the graph alone.
    for reference in (answer["model"], str(model / "model.onnx")):
        predicted = project.call("predict", reference, "--input", "new.csv", "--output-file", "out.parquet")
        assert predicted.code == 0, predicted.err
        table = pd.read_parquet(project.folder / "out.parquet")
        assert_equal_answers(table["label"], {name: table[f"probability_{name}"] for name in scores}, labels, scores)
    assert len(set(labels)) == 3


def calendar_table(seed=4):
    """Times of the years 1678 to 2262, which pandas can hold: leap days, ends of years, and any others."""
    rng = np.random.default_rng(seed)
    edges = [f"{year}-{day}" for year in (1678, 1700, 1899, 1900, 1969, 1970, 1999, 2000, 2023, 2024, 2100, 2261)
             for day in ("01-01 00:00:00", "02-28 23:59:59", "03-01 00:00:00", "12-31 23:59:59", "06-15 12:30:30")]
    edges += [f"{year}-02-29 {time}" for year in (1680, 1904, 2000, 2024, 2096) for time in ("00:00:00", "23:59:59")]
    low, high = pd.Timestamp("1678-01-01").value // 10**9, pd.Timestamp("2262-01-01").value // 10**9
    other = pd.to_datetime(rng.integers(low, high, 1500), unit="s").strftime("%Y-%m-%d %H:%M:%S")
    return pd.DataFrame({"at": [*edges, *other]}).sample(frac=1, random_state=seed, ignore_index=True)


@pytest.mark.parametrize("cyclic", [False, True], ids=["plain", "cyclic"])
def test_calendar_of_pandas(project, cyclic):
    frame = calendar_table()
    at = frame["at"].astype("datetime64[s]")
    frame["target"] = (at.dt.hour + at.dt.dayofweek + at.dt.month) % 2
    names = ["elapsed", "year", "quarter", "month", "day_of_month", "day_of_year", "day_of_week", "is_weekend", "hour",
             "minute"]
    step = {"timestamp_features": {"features": names, "cyclic": cyclic}}
    answer, model, _ = trained(project, frame, [step], data__timestamp_column="at")
    parts = {"elapsed": seconds(at), "year": at.dt.year, "quarter": at.dt.quarter, "month": at.dt.month,
             "day_of_month": at.dt.day, "day_of_year": at.dt.dayofyear, "day_of_week": at.dt.dayofweek,
             "is_weekend": at.dt.dayofweek >= 5, "hour": at.dt.hour, "minute": at.dt.minute}
    periods = {"month": 12, "day_of_year": 366, "day_of_week": 7, "hour": 24, "minute": 60} if cyclic else {}
    expected = []
    for name in names:
        values = np.asarray(parts[name], float)
        if name in periods:
            angle = 2 * np.pi * (values - (name in ("month", "day_of_year"))) / periods[name]
            expected += [np.sin(angle), np.cos(angle)]
        else:
            expected.append(values)
    columns = prepared_columns(model / "model.onnx", frame.assign(at=at))
    np.testing.assert_allclose(columns, np.column_stack(expected).astype(np.float32), rtol=0, atol=1e-7)
    if not cyclic:
        assert np.array_equal(columns, np.column_stack(expected).astype(np.float32)), "whole numbers are exact"

    project.write_table(frame.drop(columns="target"), "new.csv")
    predicted = project.call("predict", answer["model"], "--input", "new.csv", "--output-file", "out.parquet")
    assert predicted.code == 0, predicted.err
    table = pd.read_parquet(project.folder / "out.parquet")
    labels, scores = answer_of_onnxruntime(model / "model.onnx", frame.assign(at=seconds(at)))
    assert_equal_answers(table["label"].astype(str), {name: table[f"probability_{name}"] for name in scores}, labels,
                         scores)


def text_column(frame, name):
    """The column as scikit-learn takes it, and as the program's categories are: missing is one of them."""
    return frame[[name]].astype(object).where(frame[[name]].notna(), np.nan)


def test_target_encoding_of_scikit_learn(project):
    frame = mixed_table()
    _, model, rows = trained(project, frame, [{"encode": {"method": "target"}}],
                             data__feature_columns=["city", "code"])
    new = mixed_table(seed=2)
    new.loc[:20, "city"] = "nowhere"
    columns = prepared_columns(model / "model.onnx", new)
    expected = []
    for name in ("city", "code"):
        encoder = TargetEncoder(smooth="auto").fit(text_column(rows, name), rows["target"])
        assert list(encoder.classes_) == ["high", "low", "middle"]
        expected.append(encoder.transform(text_column(new, name)))
    np.testing.assert_allclose(columns, np.hstack(expected), rtol=0, atol=1e-6)


@pytest.mark.parametrize("min_frequency", [40, 0.02])
@pytest.mark.parametrize("unknown, handle", [("ignore", "ignore"), ("infrequent", "infrequent_if_exist")])
def test_one_hot_encoding_of_scikit_learn(project, min_frequency, unknown, handle):
    frame = mixed_table()
    step = {"encode": {"method": "one_hot", "min_frequency": min_frequency, "unknown": unknown}}
    _, model, rows = trained(project, frame, [step], data__feature_columns=["city"])
    new = mixed_table(seed=2)
    new.loc[:20, "city"] = "nowhere"
    encoder = OneHotEncoder(min_frequency=min_frequency, handle_unknown=handle, sparse_output=False)
    encoder.fit(text_column(rows, "city"))
    expected = encoder.transform(text_column(new, "city"))
    columns = prepared_columns(model / "model.onnx", new)
    names = [name.removeprefix("city_") for name in encoder.get_feature_names_out()]
    if "nan" in names:  # Missing is the last category there, and the first here.
        expected = np.roll(expected[:, :-1], 1, axis=1)
        expected = np.column_stack([expected, encoder.transform(text_column(new, "city"))[:, -1]])
    assert names[-1] == "infrequent_sklearn"
    assert np.array_equal(columns, expected.astype(np.float32))


def number_frame(rows=1200, seed=7):
    """Numbers of which some tell of the target, some of one another, and some of nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 8))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(8)])
    frame["x4"] = 3 * frame["x0"] + 0.1 * rng.normal(size=rows)
    frame["x5"] = -frame["x1"] + 0.8 * rng.normal(size=rows)
    frame["x6"] *= 1e-3
    frame = frame.mask(rng.random(frame.shape) < 0.03)
    frame["target"] = (x[:, 0] + 0.5 * x[:, 1] + 0.2 * x[:, 2] + rng.normal(size=rows) > 0).astype(int)
    return frame


def test_f_test_of_scikit_learn(project):
    step = {"feature_selection": {"method": "f_test", "k": 4}}
    answer, _, rows = trained(project, number_frame(), ["handle_missing", step])
    x = rows.drop(columns="target")
    select = SelectKBest(f_classif, k=4).fit(SimpleImputer().fit_transform(x), rows["target"])
    dropped = dropped_of(project, answer)
    assert set(dropped) == set(x.columns[~select.get_support()])
    for name, reason in dropped.items():
        score = select.scores_[list(x.columns).index(name)]
        assert reason == f"F {score:.6g} is not among the 4 best"


def test_variance_of_scikit_learn(project):
    step = {"feature_selection": {"min_variance": 0.01}}
    answer, _, rows = trained(project, number_frame(), ["handle_missing", step])
    x = SimpleImputer().fit_transform(rows.drop(columns="target"))
    select = VarianceThreshold(0.01).fit(x)
    assert dropped_of(project, answer) == {"x6": f"variance {select.variances_[6]:.6g}, not above 0.01"}


def test_correlation_of_pandas(project):
    step = {"feature_selection": {"methods": ["correlation"], "max_correlation": 0.6}}
    answer, _, rows = trained(project, number_frame(), ["handle_missing", step])
    x = rows.drop(columns="target")
    correlations = x.fillna(x.mean()).corr()
    assert dropped_of(project, answer) == {
        "x4": f"correlation {correlations['x0']['x4']:.6g} with 'x0' is above 0.6",
        "x5": f"correlation {correlations['x1']['x5']:.6g} with 'x1' is below -0.6",
    }


def test_what_is_left_out_is_told(project):
    frame = number_frame().assign(flat=3)
    frame.loc[:5, "x7"] = 1e6
    steps = [{"feature_selection": {"methods": ["variance", "correlation"]}}, "outlier_removal"]
    project.write_table(frame)
    project.write_config(basic_config(data__preprocessing_steps=steps, model__performance_thresholds={}))
    told = project.call("run")
    assert told.code == 0, told.err
    assert "dropped 2 features ('x4': correlation 0.96" in told.out and "rows with outliers" in told.out, told.out
    answer = project.run()
    assert dropped_of(project, answer)["flat"] == "constant"
    assert report_of(project, answer)["outlier_rows"] >= 1
    folder = project.folder / ".slipway" / "runs" / answer["run_id"]
    for report in ("report.html", "report.md"):
        text = (folder / report).read_text()
        assert "flat" in text and "constant" in text and "is above 0.95" in text


def test_a_row_does_not_tell_its_own_label(project):
    """A category for every row would make a perfect model of the training rows, were it not cross-fitted."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"id": [f"row {i}" for i in range(800)], "x": rng.normal(size=800)})
    frame["target"] = (frame["x"] + 0.5 * rng.normal(size=800) > 0).astype(int)
    answer, _, _ = trained(project, frame, [{"encode": {"method": "target"}}], data__feature_columns=["id", "x"])
    assert answer["metrics"]["auc"] > 0.8
    importances = {one["feature"]: one["importance"] for one in report_of(project, answer)["importances"]}
    assert importances["x"] > 0.7, importances


def test_predict_warns_of_unknown_categories(project):
    answer, _, _ = trained(project, mixed_table(), [{"encode": {"columns": {"city": "target"}}}])
    new = mixed_table(rows=30, seed=2).drop(columns="target").assign(city="city 000", code="c1", payment="card")
    new.loc[[4, 9, 20], "city"] = ["Atlantis", "Atlantis", "Utopia"]
    new.loc[12, "payment"] = "cheque"
    new.loc[13, "payment"] = None
    project.write_table(new, "new.csv")
    predicted = project.call("predict", answer["model"], "--input", "new.csv")
    assert predicted.code == 0 and len(predicted.out.splitlines()) == 31
    assert predicted.err.splitlines() == [
        "warning: new.csv: city: 3 rows have 2 categories that training did not have, first 'Atlantis' in row 5; "
        "the model takes them as unknown",
        "warning: new.csv: payment: 1 row has a category that training did not have, first 'cheque' in row 13; "
        "the model takes it as unknown"]
    unknown = [{"column": "city", "rows": 3, "categories": 2, "example": "Atlantis", "row": 5},
               {"column": "payment", "rows": 1, "categories": 1, "example": "cheque", "row": 13}]
    for output in ([], ["--output-file", "out.csv"]):
        said = project.call("predict", answer["model"], "--input", "new.csv", "--output", "json", *output)
        assert said.last["unknown_categories"] == unknown
    project.write_table(new.head(3), "known.csv")
    known = project.call("predict", answer["model"], "--input", "known.csv", "--output", "json")
    assert known.err == "" and "unknown_categories" not in known.last


@pytest.mark.parametrize("step, words", [
    ({"encode": {"method": "onehot"}}, ["encode.method", "one_hot"]),
    ({"encode": {"columns": {"city": "targe"}}}, ["encode.columns.city", "target"]),
    ({"encode": {"unknown": "error"}}, ["encode.unknown", "predict"]),
    ({"timestamp_features": {"features": ["weekday"]}}, ["features[0]", "day_of_week"]),
    ({"feature_selection": {"method": "f_test"}}, ["feature_selection", "k or min_score"]),
    ({"feature_selection": {"k": 3}}, ["feature_selection.k", "f_test or mutual_information"]),
], ids=lambda value: json.dumps(value) if isinstance(value, dict) else "")
def test_configuration_is_checked_before_any_data_is_read(project, step, words):
    project.write_config(basic_config(data__preprocessing_steps=[step]))
    answer = project.call("config", "check")
    assert answer.code == 2 and "config.yaml" in answer.err
    assert all(word in answer.err for word in words), answer.err


@pytest.mark.parametrize("step, words", [
    ({"encode": {"columns": {"amount": "rank"}}}, ["amount", "category column", "city"]),
    ({"timestamp_features": {"columns": {"creatd": ["hour"]}}}, ["creatd", "timestamp", "'created'"]),
], ids=["no category", "no timestamp"])
def test_a_column_must_be_of_the_kind(project, step, words):
    project.write_table(mixed_table())
    project.write_config(basic_config(data__preprocessing_steps=[step]))
    answer = project.call("run")
    assert answer.code == 2
    assert all(word in answer.err for word in words), answer.err


def test_the_schema_knows_the_steps(project):
    schema = json.loads(project.call("config", "schema").out)
    validator = jsonschema.Draft202012Validator(schema)
    good = basic_config(data__preprocessing_steps=[*MIXED, {"outlier_removal": {"factor": 2}}])
    good["development"]["data"]["preprocessing_steps"][0]["timestamp_features"]["columns"] = {"at": ["hour", "year"]}
    assert not list(validator.iter_errors(good))
    for step in ({"encode": {"method": "hash"}}, {"encode": {"columns": {"city": "hash"}}},
                 {"timestamp_features": {"columns": {"at": "hour"}}}, {"timestamp_features": {"features": ["week"]}},
                 {"feature_selection": {"k": 0}}, {"feature_selection": {"methods": ["chi2"]}}):
        assert list(validator.iter_errors(basic_config(data__preprocessing_steps=[step]))), step
