"""The page at / in a browser: what a person who opens it sees, fills in and is told."""
import contextlib
import shutil
import socket

import numpy as np
import pytest
from conftest import number_table
from playwright.sync_api import sync_playwright
from served import INPUTS, as_json, customers, train, train_customers
from test_serve import serving

MILLISECONDS = 10_000  # More than a tab takes on a slow machine.


@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium: the page is NOT opened in a browser")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--disable-dev-shm-usage", "--disable-gpu"])
        yield made.new_context()
        made.close()


class Visit:
    """A tab, and what went wrong in it."""

    def __init__(self, browser, server):
        self.tab = browser.new_page()
        self.tab.set_default_timeout(MILLISECONDS)
        self.complaints, self.asked = [], []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.address = f"http://127.0.0.1:{server.port}/"
        self.tab.goto(self.address)
        self.tab.wait_for_selector("#ask button")

    def fill(self, values):
        """These, and nothing else."""
        for field in self.tab.locator("#ask input").all():
            field.fill("")
        for name, value in values.items():
            self.tab.get_by_label(name, exact=True).fill("" if value is None else str(value))

    def predict(self, press=None):
        """Presses the button, and waits for what is said."""
        self.tab.evaluate("document.getElementById('answer').replaceChildren()")
        (press or (lambda: self.tab.click("#ask button")))()
        self.tab.wait_for_selector("#answer > *")

    def said(self, which):
        return self.tab.locator(f"#answer {which}").all_inner_texts()

    def shares(self):
        """By class, the most probable first."""
        return dict(one.split() for one in self.said(".bar"))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return train_customers(tmp_path_factory.mktemp("page") / "project")


@pytest.fixture(scope="module")
def server(project):
    with serving(project.folder, "ml-classifier") as server:
        yield server


@pytest.fixture(scope="module")
def shared(browser, server):
    return Visit(browser, server)


@pytest.fixture
def page(shared):
    """One tab for all: a person does not open the page anew either."""
    shared.complaints.clear()
    shared.fill({})
    return shared


def shown(shares):
    return {name: f"{share:.4f}" for name, share in shares.items()}


def test_a_prediction_is_tried(page, server, project):
    assert page.tab.title() == page.tab.inner_text("h1") == "ml-classifier"
    assert "Version 1" in page.tab.inner_text("#about")
    assert page.tab.locator("#ask label").all_inner_texts() == INPUTS
    assert page.tab.locator("datalist option").evaluate_all("all => all.map(one => one.value)") == [
        "Bonn", "Oslo", "東京", "False", "True"]
    rows = project.frame.dropna()
    for cls in (0, 1):
        row = as_json(rows[rows["target"] == cls][INPUTS].head(1))[0]
        page.fill(row)
        page.predict()
        _, expected, _ = server.ask("POST", "/predict", {"features": row})
        assert page.said("h2") == [str(expected["prediction"])]
        assert page.shares() == shown(expected["probability"])
        shares = sorted(expected["probability"].values(), reverse=True)
        assert list(page.shares().values()) == [f"{share:.4f}" for share in shares]
        widths = page.tab.locator("#answer .bar i").evaluate_all("all => all.map(one => parseFloat(one.style.width))")
        np.testing.assert_allclose(widths, [100 * share for share in shares], rtol=1e-4)
        assert page.said("p.muted")[0].startswith("request ")
    assert not page.complaints
    assert set(page.asked) <= {page.address + path for path in ("", "openapi.json", "predict", "favicon.ico")}


@pytest.mark.parametrize("values, meant", [
    ({}, {}), ({"age": "41", "city": "Oslo"}, {"age": 41, "city": "Oslo"}), ({"joined": "2024-03-01"}, {"joined": "2024-03-01"}),
    # The field's own hint: a date, a time, or seconds since 1970.
    ({"joined": "1709251200"}, {"joined": 1709251200}), ({"age": " "}, {}), ({"city": "1"}, {"city": "1"}),
    ({"member": "true"}, {"member": True}), ({"age": "4.1e1"}, {"age": 41})],
    ids=["nothing", "some", "date", "seconds", "blank", "number-as-text", "truth", "exponent"])
def test_what_is_written_is_what_is_meant(page, server, values, meant):
    page.fill(values)
    page.predict()
    status, expected, _ = server.ask("POST", "/predict", {"features": meant})
    assert status == 200 and page.shares() == shown(expected["probability"]), page.said("")
    assert not page.complaints


@pytest.mark.parametrize("name, value", [("age", "old"), ("age", "1,5"), ("joined", "yesterday"), ("age", "1e999"),
                                         ("age", "Infinity")])
def test_an_error_is_shown_and_goes_again(page, name, value):
    page.fill({name: value})
    page.predict()
    assert len(page.said(".wrong")) == 1 and name in page.said(".wrong")[0] and not page.said("h2")
    page.fill({})
    page.predict()
    assert not page.said(".wrong") and len(page.said("h2")) == 1
    # A browser tells by itself of a status that is no success.
    assert all("400" in complaint for complaint in page.complaints)


def test_the_keyboard_is_enough(page):
    page.tab.get_by_label("age", exact=True).focus()
    page.tab.keyboard.type("41")
    page.predict(lambda: page.tab.keyboard.press("Enter"))
    assert page.said("h2") and page.tab.url == page.address and not page.complaints


def test_a_server_that_is_gone_is_told(browser, project):
    with serving(project.folder, "ml-classifier") as server:
        page = Visit(browser, server)
        server.process.kill()
        server.process.wait()
        page.predict()
        assert "does not answer" in page.said(".wrong")[0]
        page.tab.close()


HOSTILE = '<img src=x onerror="document.title=1">'


def test_names_and_texts_are_never_markup(browser, tmp_path):
    """A column, a category and a class with markup in them are shown as they are."""
    frame = number_table(missing=0)
    frame.insert(0, HOSTILE, np.where(frame["feature1"] > 0, "<script>document.title=2</script>", "</datalist><b>x</b>"))
    frame["target"] = np.where(frame["target"] == 1, "<i>yes</i>", "no & never")
    project = train(tmp_path / "project", frame)
    with serving(project.folder, "ml-classifier") as server:
        page = Visit(browser, server)
        assert page.tab.locator("#ask label").first.inner_text() == HOSTILE
        page.fill({HOSTILE: "<script>document.title=2</script>", "feature1": 3, "feature2": 3})
        page.predict()
        assert page.said("h2") == ["<i>yes</i>"]
        page.fill({"feature1": HOSTILE})
        page.predict()
        assert HOSTILE in page.said(".wrong")[0]
        assert page.tab.title() == "ml-classifier" and page.tab.locator("img, b").count() == 0
        page.tab.close()


class Outside:
    """Where nobody may call."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def heard(self):
        """All that was said; a browser connects ahead of what it then does not ask."""
        self.listener.setblocking(False)
        said = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                caller, _ = self.listener.accept()
                caller.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    said += caller.recv(1000)
                caller.close()
        return said


def test_the_policy_holds(browser, server):
    """Were a script to get in, it could load nothing, send nothing away and be framed nowhere."""
    outside = Outside()
    page = Visit(browser, server)
    broken = page.tab.evaluate("""async outside => {
      const broken = [];
      document.addEventListener("securitypolicyviolation", event => broken.push(event.effectiveDirective));
      const add = (name, attributes) => document.body.append(Object.assign(document.createElement(name), attributes));
      add("img", { src: outside }); add("script", { src: outside }); add("iframe", { src: outside });
      add("base", { href: outside }); add("link", { rel: "stylesheet", href: outside });
      const form = Object.assign(document.createElement("form"), { action: outside, method: "post" });
      document.body.append(form);
      form.submit();
      await fetch(outside).catch(() => 0);
      for (let waits = 0; new Set(broken).size < 7 && waits < 100; ++waits) await new Promise(done => setTimeout(done, 50));
      return broken;
    }""", outside.address)
    assert {"img-src", "script-src-elem", "frame-src", "base-uri", "style-src-elem", "form-action", "connect-src"} <= set(broken)
    assert outside.heard() == b""
    outside.listener.close()
    headers = server.ask("GET", "/")[2]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"
    page.tab.goto("about:blank")
    page.tab.set_content(f'<iframe src="{page.address}"></iframe>')
    page.tab.wait_for_timeout(300)
    assert len(page.tab.frames) == 2 and "<form" not in page.tab.frames[1].content()
    page.tab.close()


def test_a_regression_in_the_dark_on_a_phone(browser, tmp_path):
    frame = customers()
    frame["target"] = frame["age"] * 1.5 + frame["visits"]
    project = train(tmp_path / "project", frame, model__task="regression", model__evaluation_metrics=["r2"],
                    model__performance_thresholds={"r2": 0})
    with serving(project.folder, "ml-classifier") as server:
        page = Visit(browser, server)
        page.tab.emulate_media(color_scheme="dark")
        page.tab.set_viewport_size({"width": 360, "height": 640})
        page.fill({"age": 41})
        page.predict()
        expected = server.ask("POST", "/predict", {"features": {"age": 41}})[1]["prediction"]
        assert float(page.said("h2")[0]) == pytest.approx(expected) and not page.said(".bar")
        assert page.tab.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        # Nothing has to be moved sideways.
        assert page.tab.evaluate("document.documentElement.scrollWidth") <= 360
        page.tab.close()
