"""What the documents show is what the program says: pictures of the same samples, lines of Python, examples of files."""
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, Project, basic_config

FOLDER = ROOT / "docs/pictures"
sys.path.insert(0, str(FOLDER))
import draw  # noqa: E402
import formulas  # noqa: E402
import samples  # noqa: E402


def words_of(name):
    return re.sub(r"<[^>]+>", " ", (FOLDER / f"{name}.svg").read_text(encoding="utf-8"))


def answer_of(project, *words):
    answer = project.call(*words, "--output", "json")
    assert answer.code == 0, answer.err
    return answer.last


def drift(project, before, after):
    tables = [project.write_table(pd.DataFrame(table), f"{side}.csv") for side, table in (("a", before), ("b", after))]
    return answer_of(project, "data", "drift", *tables)["columns"][0]


def repeated(counts, side):
    return {"value": [name for name, pair in counts.items() for _ in range(pair[side])]}


def test_drift_of_numbers_is_as_drawn(project):
    before, after = samples.number_samples()
    found = drift(project, {"value": before}, {"value": after})
    words = words_of("drift-numbers")
    assert found["drifted"] and "drifted" in words
    for figure in (f"D = {found['statistic']:.3f}", f"p = {draw.tiny(found['p_value'])}",
                   f"W₁ / s = {found['effect_value']:.3f}", f"limit {found['effect_limit']:.3f}"):
        assert figure in words


def test_drift_of_categories_is_as_drawn(project):
    found = drift(project, *(repeated(samples.PAYMENTS, side) for side in (0, 1)))
    words = words_of("drift-categories")
    for figure in (f"= {100 * found['effect_value']:.1f} %", f"limit {found['effect_limit']:.3f}",
                   f"χ² = {found['statistic']:.1f}", f"p = {draw.tiny(found['p_value'])}"):
        assert figure in words


def test_other_measures_are_as_drawn(project):
    measures = drift(project, *(repeated(samples.AGES, side) for side in (0, 1)))["measures"]
    words = words_of("measures")
    for figure in (f"= {measures['jensen_shannon']:.3f}", f"= {measures['hellinger']:.3f}", f"PSI {measures['psi']:.3f}"):
        assert figure in words


def test_leakage_and_outliers_are_as_drawn(project):
    features, labels = samples.leaking_features()
    columns = samples.outlying_columns()
    table = pd.DataFrame({**features, **columns, "label": ["yes" if label else "no" for label in labels]})
    path = project.write_table(table)
    profile = answer_of(project, "data", "profile", path, "--target", "label")
    told = {column["name"]: column.get("association") for column in profile["columns"]}
    for name in features:
        assert f"U = {100 * told[name]:.1f} %" in words_of("leakage")
    schema = project.write_table("version: 1\ncolumns:\n  label: category\n", "schema.yaml")
    issues = answer_of(project, "data", "validate", path, "--schema", schema, "--target", "label")["issues"]
    outliers = [issue for issue in issues if issue["kind"] == "outliers"]
    assert [issue["column"] for issue in outliers] == [next(iter(columns))]
    assert f"1 of 2,000 values ({100 * outliers[0]['value']:.2f} %)" in words_of("outliers")


def test_multivariate_limit_is_as_drawn(project):
    tables = [pd.DataFrame(table, columns=["x", "y"]) for table in samples.clouds()]
    paths = [project.write_table(table, f"{i}.csv") for i, table in enumerate(tables)]
    found = answer_of(project, "data", "drift", *paths, "--multivariate")["multivariate"]
    words = words_of("multivariate")
    assert f"limit {found['limit']:.3f}" in words
    # The drawn forest is another one than the program's.
    drawn = float(re.search(r"AUC ([0-9.]+)", words)[1])
    assert drawn == pytest.approx(found["auc"], abs=0.03)


def test_formulas_agree_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    before, after = samples.number_samples()
    distance = formulas.number_distances(before, after)[0]
    expected = stats.ks_2samp(before, after, method="exact")
    assert distance == pytest.approx(expected.statistic)
    assert formulas.smirnov_tail(len(before), len(after), distance) == pytest.approx(expected.pvalue)
    counts = list(zip(*samples.PAYMENTS.values()))
    assert formulas.chi_square_test(*counts) == pytest.approx(stats.chi2_contingency(counts)[:2])


def test_every_picture_is_small_described_and_shown():
    text = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(pictures/([a-z-]+)\.svg\)", text)
    assert sorted(shown) == sorted(draw.PICTURES) == sorted(path.stem for path in FOLDER.glob("*.svg"))
    for path in FOLDER.glob("*.svg"):
        svg = path.read_text(encoding="utf-8")
        assert len(svg.encode()) < 15_000
        assert re.match(r'<svg [^>]*width="720" height="\d+" viewBox="0 0 720 \d+"', svg)
        assert "<title>" in svg and "<desc>" in svg and "prefers-color-scheme:dark" in svg
        assert not re.search(r"<script|href=|url\(|@import", svg)


def block_of(document, language, words):
    """The first block of code of that language that has these words."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return next(block for block in blocks if words in block)


def test_the_lines_for_onnxruntime_run_as_they_stand(project):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"age": rng.integers(18, 80, 500), "workclass": rng.choice(["Private", "State-gov"], 500)})
    frame["income"] = np.where(frame["age"] + 30 * (frame["workclass"] == "Private") > 60, ">50K", "<=50K")
    project.write_table(frame)
    project.write_config(basic_config(data__target_column="income"))
    project.run()
    assert project.call("models", "download", "ml-classifier", "--to", "model").code == 0
    code = block_of("docs/models.md", "python", "InferenceSession")
    assert len(code.strip().splitlines()) == 3
    told = subprocess.run([sys.executable, "-c", code + "\nprint([list(map(str, values)) for values in outputs])"],
                          cwd=project.folder, capture_output=True, text=True, check=True).stdout
    path = project.write_table("age,workclass\n41,Private\n", "one.csv")
    answer = project.call("predict", "ml-classifier", "--input", path, "--output", "json").last
    [label], *scores = eval(told)  # noqa: S307
    assert label == answer["predictions"][0]
    expected = list(answer["probabilities"][0].values())
    assert [float(score[0]) for score in scores] == pytest.approx(expected, abs=1e-6)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo's project after its run."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    shutil.copytree(ROOT / "examples/demo", folder)
    project = Project(folder)
    project.run()
    return project


def test_the_demo_passes_its_tests(demo):
    answer = demo.call("test", "--output", "json")
    assert answer.code == 0, answer.out
    groups = {test["group"] for test in answer.last["tests"]}
    assert groups == {"data", "model", "performance", "robustness", "rows", "invariance", "directional", "metrics"}
    assert answer.last["counts"]["skipped"] == 0


def test_the_expectations_of_the_document_pass_on_the_demo(demo, tmp_path):
    path = tmp_path / "document.yaml"
    path.write_text(block_of("docs/testing.md", "yaml", "invariance:"), encoding="utf-8")
    answer = demo.call("test", "--expectations", path, "--select", "rows::", "--select", "invariance", "--select",
                       "directional", "--select", "metrics", "--output", "json")
    assert answer.code == 0, answer.out
    assert answer.last["counts"] == {"passed": 4, "failed": 0, "skipped": 0}


def test_the_document_names_every_built_in_test(demo):
    text = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
    for test in demo.call("test", "--list", "--output", "json").last:
        group, name = test["id"].split("::")
        assert f"`{group}::…`" in text or "at" in test, test["id"]
        if group == "performance":
            assert f"`{name}`" in text
