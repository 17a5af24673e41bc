"""The book as a site: built with warnings as errors, then read in Chromium.

A lab of our own making (a ribbon, a figure, a formula, a quiz, a check) stands in for what
notebooks store. The site has a sub-path, as project pages have.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import plotly.graph_objects as go
import pytest
import yaml
from playwright.sync_api import Browser, Page

from helpers import command
from helpers.checks.outcome import Met, NotYet
from helpers.labs import recording
from helpers.paths import ROOT
from helpers.views import cards, questions, theme
from tests.pages.visiting import Visit, build

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SITE = "http://127.0.0.1:9/under/a/path/"  # nothing listens there
SAMPLE = "docker/999-sample"
REPOSITORY = "https://github.com/example/book"
PHONE = 360  # px
ALT = "Speed rises from 3 to 10 hashes a second, then stays level: a kittiwake of a curve."


# -- the notebook


def _output(shown: Any) -> Any:
    bundle = shown._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return nbformat.v4.new_output("display_data", data=data)


def _cell(source: str, *shown: Any) -> Any:
    return nbformat.v4.new_code_cell(
        source, execution_count=1, outputs=[_output(one) for one in shown]
    )


def _figure() -> theme.Plot:
    workers = list(range(1, 11))
    bars = go.Scatter(x=workers, y=[min(n / 0.3, 10) for n in workers], name="measured")
    figure = go.Figure(bars)
    figure.update_layout(xaxis_title="workers", yaxis_title="hashes/s", height=400)
    return theme.plot(figure, title="Three workers do what ten workers do: rng is full", alt=ALT)


def _question(name: str) -> questions.Question:
    options = (
        questions.Option("the worker", False, "It waits most of the time."),
        questions.Option("`rng`", True, "It answers one request at a time."),
    )
    return questions.Question(name, "Which service is full when ten workers run?", options)


def _quiz(name: str) -> questions.Shown:
    return questions.quiz(name, (_question(f"{name}-1"),))


def _sample() -> Any:
    prose = nbformat.v4.new_markdown_cell(
        "# A sample lab\n\nAfter this lab you can read every kind of output.\n\n"
        f"## Where it stops\n\nThe log is `/var/lib/docker/{'0123456789' * 6}`.\n\n"
        "Throughput obeys $X \\le \\min(N/0.3, 10R)$.\n\n"
        "```console\n$ docker ps --all \\\n    --quiet\n4f2c\n$ docker images\n```"
    )
    long_line = "a-very-long-word-" * 12
    stream = nbformat.v4.new_output("stream", name="stdout", text=f"CONTAINER ID {long_line}\n")
    run = _cell(f"!docker run --name {long_line} caas-book/nginx:1")
    run.outputs = [stream]
    notebook = nbformat.v4.new_notebook(
        cells=[
            prose,
            _cell("here = lab('x')", cards.ribbon("live", "on Docker 28.5.")),
            _cell("more()", cards.ribbon("recorded", "on Docker 28.5.", ("Install `docker`.",))),
            _cell("here.predict('full')", questions.prediction(_question("full-1"))),
            run,
            _cell("# both\n!docker start {web} \\\n    {db}\n!docker ps"),
            _cell("web = 'web'\n!docker rm {web}"),
            _cell("plot()", _figure()),
            _cell("here.check('a')", cards.outcome(NotYet("rng is at 100 %.", "Add a second."))),
            _cell("here.check('a')", cards.outcome(Met("10 hashes/s became 20."))),
            _cell("here.quiz('first')", _quiz("first")),
            _cell("here.quiz('second')", _quiz("second")),
            nbformat.v4.new_markdown_cell("## After the quiz\n\nThe page goes on."),
        ]
    )
    notebook.metadata.labs = {"needs": ["docker"], "minutes": 20, "level": "live"}
    notebook.metadata.provenance = {
        "date": "2026-11-23",
        "engine": "Docker 28.5.2",
        "storage": "overlay2",
        "kernel": "6.18.3",
        "cgroup": "v2",
    }
    return notebook


# -- the site


def _build(folder: Path, notebook: Any) -> command.Completed:
    """Build a copy of the book with `notebook` as its sample lab, as `make book` does."""
    shutil.copytree(ROOT / "book", folder / "book")
    (folder / "labs").symlink_to(ROOT / "labs")  # notebooks show drawings that lie there
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["sphinx"]["config"]["html_theme_options"]["repository_url"] = REPOSITORY
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    toc["parts"][0]["chapters"].append({"file": SAMPLE})
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    nbformat.write(notebook, folder / "book" / f"{SAMPLE}.ipynb")
    return build(folder, root=folder)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    done = _build(folder, _sample())
    assert done.status == 0, done.stdout + done.stderr
    return folder / "_build" / "html"


def _visit(browser: Browser, html: Path, page: str, **context: Any) -> Visit:
    return Visit(browser, html, SITE, page, **context)


def _draw(page: Page) -> None:
    """Scroll to each figure of the page and wait until it is drawn."""
    for figure in page.locator(".lab-figure").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for()


# -- the tests


def test_no_output_asks_another_host_or_reports_an_error(html: Path, browser: Browser) -> None:
    """Whatever a lab may store loads from its own site, with nothing on the console."""
    with _visit(browser, html, f"{SAMPLE}.html") as visit:
        _draw(visit.page)
        assert not visit.foreign
        assert not visit.faults


def test_no_output_makes_a_phone_scroll_sideways(html: Path, browser: Browser) -> None:
    """At 360 px every kind of output fits; long lines scroll in their own boxes."""
    screen = {"width": PHONE, "height": 740}
    with _visit(browser, html, f"{SAMPLE}.html", viewport=screen) as visit:
        _draw(visit.page)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_a_figure_is_drawn_and_said_in_words(html: Path, browser: Browser) -> None:
    """The plot is drawn near the screen; its title is text and its words stay at hand."""
    with _visit(browser, html, f"{SAMPLE}.html") as visit:
        _draw(visit.page)
        figure = visit.page.locator(".lab-figure")
        assert figure.locator(".main-svg").count() > 0
        assert figure.get_by_role("img", name=ALT).count() == 1
        assert "Three workers do" in figure.locator(".lab-figure-title").inner_text()
        figure.get_by_text("In words").click()
        assert figure.get_by_text(ALT).is_visible()
        assert not visit.faults


def test_without_javascript_title_and_words_remain(html: Path, browser: Browser) -> None:
    """Without scripts a figure still has its title and says what it shows."""
    with _visit(browser, html, f"{SAMPLE}.html", java_script_enabled=False) as visit:
        assert visit.page.get_by_text("Three workers do").is_visible()
        assert visit.page.get_by_text(ALT).is_visible()


def test_a_figure_follows_the_light_and_dark_switch(html: Path, browser: Browser) -> None:
    """The ink of a drawn figure is the page's text colour, before and after the switch."""
    ink = "getComputedStyle(document.querySelector('.xtitle')).fill"
    text = "getComputedStyle(document.body).color"
    with _visit(browser, html, f"{SAMPLE}.html", color_scheme="light") as visit:
        _draw(visit.page)
        light = visit.page.evaluate(ink)
        assert light == visit.page.evaluate(text)
        visit.page.evaluate("document.documentElement.dataset.theme = 'dark'")
        visit.page.wait_for_function(f"{ink} !== {light!r}")
        assert visit.page.evaluate(ink) == visit.page.evaluate(text)


def test_plotly_is_loaded_only_where_there_is_a_figure(html: Path, browser: Browser) -> None:
    """A page of prose loads neither plotly.js nor the module that draws."""
    with _visit(browser, html, "about/levels.html") as prose:
        assert not [url for url in prose.asked if "plotly" in url or "figures.mjs" in url]
    with _visit(browser, html, f"{SAMPLE}.html") as lab:
        _draw(lab.page)
        assert len([url for url in lab.asked if url.endswith("plotly-basic.min.js")]) == 1


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_quiz_answers_on_the_page(html: Path, browser: Browser, name: str) -> None:
    """Each quiz of a page shows its feedback on a click, and holds nothing that follows it."""
    with _visit(browser, html, f"{SAMPLE}.html") as visit:
        quiz = visit.page.locator(f"#quiz_{name}")
        quiz.get_by_text("rng").click()
        assert quiz.get_by_text("It answers one request at a time.").is_visible()
        assert quiz.get_by_text("The page goes on.").count() == 0
        assert visit.page.get_by_text("The page goes on.").is_visible()
        assert not visit.foreign


@pytest.mark.parametrize(
    ("begins", "copied"),
    [
        ("# both", "# both\ndocker start {web} \\\n    {db}\ndocker ps"),
        ("web = 'web'", "web = 'web'\n!docker rm {web}"),
        ("$ docker ps", "docker ps --all \\\n    --quiet\n\ndocker images"),
        ("more()", "more()"),
    ],
)
def test_what_is_copied_can_be_typed(
    html: Path, browser: Browser, begins: str, copied: str
) -> None:
    """The button leaves out prompts and answers, but takes a cell with Python in it whole."""
    with _visit(browser, html, f"{SAMPLE}.html") as visit:
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        block = visit.page.locator("div.highlight").filter(has_text=begins).first
        block.get_by_role("button", name="Copy").press("Enter")
        assert visit.page.evaluate("navigator.clipboard.readText()") == copied


def test_a_lab_says_where_its_outputs_come_from(html: Path, browser: Browser) -> None:
    """Under the title stands the recording's date and system, and no claim to be live."""
    with _visit(browser, html, f"{SAMPLE}.html") as visit:
        line = visit.page.locator("h1 + .lab-provenance").inner_text()
        assert "Recorded on 23 November 2026 on Docker 28.5.2 (overlay2), Linux 6.18.3" in line
        assert "Live it needs Docker, and about 20 minutes. How to run it" in line
        assert visit.page.locator(".lab-ribbon-live").count() == 0
        assert visit.page.locator(".lab-ribbon-recorded").count() == 1


def test_binder_has_a_button_where_the_repository_is_known(html: Path, browser: Browser) -> None:
    """The address set once in the configuration makes a link; nothing is asked of Binder yet."""
    with _visit(browser, html, f"{SAMPLE}.html") as visit:
        link = visit.page.get_by_role("link", name="Run on Binder")
        assert (link.get_attribute("href") or "").startswith(
            "https://mybinder.org/v2/gh/example/book/HEAD?urlpath="
        )
        assert visit.foreign == []


def test_search_finds_words_of_outputs(html: Path, browser: Browser) -> None:
    """The search box finds a word that stands only in a figure's text equivalent."""
    with _visit(browser, html, "search.html?q=kittiwake") as visit:
        found = visit.page.locator("#search-results a").first
        found.wait_for()
        assert SAMPLE in (found.get_attribute("href") or "")


def test_a_bad_stored_output_fails_the_build(tmp_path: Path) -> None:
    """An error, a mute figure, a dropped output, a stale recording: each is named, and stops it."""
    bad = _sample()
    mute = _cell("plot()", _figure())
    mute.outputs[0].data[theme.PLOTLY_MIME]["layout"]["meta"] = {}
    broken = _cell("1 / 0")
    broken.outputs = [nbformat.v4.new_output("error", ename="ZeroDivisionError", traceback=[])]
    dropped = _cell("here.map()")
    dropped.outputs = [nbformat.v4.new_output("display_data", data={"application/geo+json": {}})]
    stale = _cell("print(2)")
    stale.metadata["recorded"] = {"source": recording.source_digest("print(1)")}
    blank = _cell("w")
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "w"}
    blank.outputs = [nbformat.v4.new_output("display_data", data=widget)]
    bad.cells += [mute, broken, dropped, stale, blank]
    done = _build(tmp_path, bad)
    assert done.status != 0
    first = len(bad.cells) - 4
    for number, fault in enumerate(
        (
            "without a text equivalent",
            "ZeroDivisionError",
            "no form of this output can be shown on a page (application/geo+json)",
            "changed since its outputs were recorded",
            "state was not recorded",
        ),
        first,
    ):
        assert re.search(rf"cell {number}: .*{re.escape(fault)}", done.stderr), fault
