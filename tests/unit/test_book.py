"""The book's parts that can be tried without building it: outputs, labels, look, contents."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
import yaml
from plotly.offline import get_plotlyjs_version
from pygments.token import Error, Generic, Name

from helpers import paths
from helpers.labs import recording
from helpers.views import cards, theme
from tools.sphinx import (
    cell_lexer,
    icons,
    mathml,
    page_assets,
    plotly_figures,
    provenance,
    stored_outputs,
)

HTML = "text/html"
TITLE = "rng is full at <b>10</b> hashes/s"
ALT = 'Speed stays level at 10; "full" & <flat>.'


def _plot() -> dict[str, Any]:
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4], name="</script>"))
    return theme.plot(figure, title=TITLE, alt=ALT).as_json()


def _notebook(*outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {"tags": list(tags)}, "outputs": list(outputs)}
    return {"cells": [{"cell_type": "markdown", "source": "# A"}, cell]}


def _shown(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data}


def _prepared(notebook: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    faults: list[str] = []
    cell = stored_outputs.prepare(notebook, faults.append)["cells"][1]
    return cell["outputs"], faults


# -- stored outputs


def test_a_figure_becomes_html_with_its_words() -> None:
    """The title is text, the words are there twice (label and prose), the data is kept."""
    html = plotly_figures.figure_html(_plot())
    assert "rng is full at  10  hashes/s</figcaption>" in html
    assert html.count("Speed stays level at 10; &quot;full&quot; &amp; &lt;flat&gt;.") == 2
    (data,) = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    spec = json.loads(data)
    assert spec["data"][0]["name"] == "</script>"
    assert "title" not in spec["layout"]


def test_a_figure_gives_back_the_space_of_its_title() -> None:
    """Height and upper margin shrink alike, so that the drawing keeps its size."""
    spec = _plot()
    before = spec["layout"]["template"]["layout"]
    html = plotly_figures.figure_html(spec)
    layout = json.loads(re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)[0])["layout"]
    assert before["height"] - layout["height"] == before["margin"]["t"] - layout["margin"]["t"] > 0
    assert f"min-height:{layout['height']}px" in html


def test_a_figure_with_buttons_is_a_group() -> None:
    """One picture has the role img; something to operate must stay reachable."""
    spec = _plot()
    assert 'role="img"' in plotly_figures.figure_html(spec)
    spec["layout"]["updatemenus"] = [{"buttons": []}]
    assert 'role="group"' in plotly_figures.figure_html(spec)


def test_the_stored_figure_replaces_only_plotlys_json() -> None:
    """The text equivalent stays for builders without HTML."""
    ((output,), faults) = _prepared(
        _notebook(_shown(**{plotly_figures.MIME: _plot(), "text/plain": ALT}))
    )
    assert set(output["data"]) == {HTML, "text/plain"}
    assert faults == []


def test_a_mute_figure_is_a_fault() -> None:
    """A figure without words is named with the number of its cell."""
    spec = _plot() | {"layout": {"title": {"text": "A"}}}
    _outputs, (fault,) = _prepared(_notebook(_shown(**{plotly_figures.MIME: spec})))
    assert fault.startswith("cell 2: a figure without a text equivalent")


def test_a_figure_of_a_kind_the_page_cannot_draw_is_a_fault() -> None:
    """The site's plotly.js draws few kinds; another one is named, not left blank."""
    spec = theme.plot(go.Figure(go.Heatmap(z=[[1, 2]])), title=TITLE, alt=ALT).as_json()
    _outputs, (fault,) = _prepared(_notebook(_shown(**{plotly_figures.MIME: spec})))
    assert fault == (
        "cell 2: a figure of a kind (heatmap) the page cannot draw; it draws bar, pie, scatter"
    )


def test_data_and_drawing_come_from_the_same_plotly() -> None:
    """The bundle pinned for the site is of the version inside the pinned Python package."""
    lock = json.loads((paths.ROOT / "tools/npm/package-lock.json").read_text(encoding="utf-8"))
    pinned = lock["packages"][f"node_modules/{plotly_figures.PACKAGE}"]["version"]
    assert pinned == get_plotlyjs_version()


def test_an_error_is_a_fault_unless_it_is_the_lesson() -> None:
    """A stored error stops the book, but not in a cell tagged raises-exception."""
    error = {"output_type": "error", "ename": "KeyError", "evalue": "", "traceback": []}
    assert "KeyError" in _prepared(_notebook(error))[1][0]
    assert _prepared(_notebook(error, tags=("raises-exception",)))[1] == []


def test_a_recording_of_another_source_is_a_fault() -> None:
    """A cell edited after it was recorded is named; an untouched or unrecorded one is not."""
    notebook = _notebook(_shown(**{"text/plain": "3"}))
    cell = notebook["cells"][1]
    cell["source"] = ["1 +\n", " 2"]
    assert _prepared(notebook)[1] == []
    cell["metadata"]["recorded"] = {"source": recording.source_digest("1 +\n 2")}
    assert _prepared(notebook)[1] == []
    cell["source"] = "1 + 3"
    assert "changed since its outputs were recorded" in _prepared(notebook)[1][0]


def test_a_lab_that_was_never_recorded_is_a_fault() -> None:
    """A lab's page without provenance would show commands and no answers."""
    notebook = _notebook() | {"metadata": {"labs": {"level": "live"}}}
    assert "never recorded" in _prepared(notebook)[1][0]
    notebook["metadata"]["provenance"] = RECORDED
    assert _prepared(notebook)[1] == []


@pytest.mark.parametrize(("level", "kept"), [("live", 0), ("recorded", 1), ("simulated", 1)])
def test_a_page_does_not_claim_to_be_live(level: Any, kept: int) -> None:
    """The live ribbon of the recording machine is left out; the other levels stay."""
    html = cards.ribbon(level, "on Docker").html()
    outputs, faults = _prepared(_notebook(_shown(**{HTML: html.splitlines(keepends=True)})))
    assert len(outputs) == kept
    assert faults == []


# -- provenance and formulas

RECORDED = {
    "date": "2026-11-03T10:00:00+00:00",
    "engine": "Docker 28.5.2",
    "storage": "overlay2",
    "kernel": "6.18.3",
    "cgroup": "v2",
}


@pytest.mark.parametrize(
    ("labs", "recorded", "said"),
    [
        (
            {"level": "live"},
            RECORDED,
            "Recorded on 3 November 2026 on Docker 28.5.2 (overlay2), Linux 6.18.3, cgroup v2.",
        ),
        ({"level": "live"}, {"date": "2026-11-03"}, "Recorded on 3 November 2026."),
        (
            {"level": "live"},
            {"date": "2026-11-03", "engine": "Podman 5.4"},
            "Recorded on 3 November 2026 on Podman 5.4.",
        ),
        ({"level": "live"}, {}, ""),
        (
            {"level": "simulated"},
            RECORDED,
            "Simulated: the outputs on this page come from a model, not from a real system.",
        ),
    ],
)
def test_the_line_says_where_outputs_come_from(
    labs: dict[str, Any], recorded: dict[str, Any], said: str
) -> None:
    """Date and system are named as far as they are known; a model is called a model."""
    assert provenance.outputs_line(labs, recorded) == said


@pytest.mark.parametrize(
    ("labs", "said"),
    [
        ({"needs": ["docker"], "minutes": 20}, "Live it needs Docker, and about 20 minutes."),
        ({"needs": ["docker", "root"]}, "Live it needs Docker and root."),
        ({"needs": []}, "Live it needs nothing but Python."),
    ],
)
def test_the_line_says_what_running_takes(labs: dict[str, Any], said: str) -> None:
    """Needs and minutes are put in words."""
    assert provenance.running_line(labs) == said


@pytest.mark.parametrize(
    "source",
    [
        "!docker run -d \\\n    --name {web} \\\n    {image}\nprint(1)",
        "busy = !docker stats --format '{share}' \\\n    {web} | sort\nprint(busy != 3)",
        "for n in range(3):\n    !docker rm {n}\nprint(n)",
        '%%writefile Dockerfile\nFROM base\nCMD ["sh"]',
        "x = 1 if not a != b else 2",
    ],
)
def test_cells_are_coloured_without_a_fault(source: str) -> None:
    """Shell commands of several lines end where they end, and nothing is an error token."""
    found = list(cell_lexer.CellLexer().get_tokens(source))
    assert [text for kind, text in found if kind in Error] == []
    assert "".join(text for _kind, text in found).strip() == source
    if "\nprint" in source:
        assert (Name.Builtin, "print") in found


@pytest.mark.parametrize(
    ("source", "prompts"),
    [
        ("!docker ps\n!docker rm \\\n    {web}", ["!", "!"]),
        ("# the log\n!docker logs {web}", ["!"]),
        ("%%bash\ndocker ps | wc -l", ["%%bash\n"]),
        ("web = here.name('web')\n!docker run {web}", []),
        ("busy = !docker ps", []),
        ("print('!')", []),
        ("# your commands here", []),
    ],
)
def test_only_cells_of_commands_have_prompts(source: str, prompts: list[str]) -> None:
    """A copy button leaves prompts out, so a cell with Python in it has none."""
    found = list(cell_lexer.CellLexer().get_tokens(source))
    assert [text for kind, text in found if kind is Generic.Prompt] == prompts
    assert "".join(text for _kind, text in found).strip() == source


# -- what a page loads


def test_icons_are_the_themes_own_shapes() -> None:
    """Each icon is drawn from the theme's script, filled; one it does not have is an error."""
    outlined = 'x={moon:[1,2,[],"f1","OUTLINE"],"arrow-up":[3,4,[8593],"f2","UP"]}'
    script = outlined + ';y={moon:[5,6,[],"f1","FULL"]}'
    drawn = icons.shapes(script, ["moon", "arrow-up"])
    assert 'viewBox="0 0 5 6"><path d="FULL"/>' in drawn["moon"]
    assert 'd="UP"' in drawn["arrow-up"]
    with pytest.raises(icons.NoSuchIcon):
        icons.shapes(script, ["sun"])


def test_an_icon_without_a_rule_is_noticed() -> None:
    """What a page asks for is compared with what the stylesheet draws."""
    html = '<i class="fa-solid fa-moon fa-lg"></i><span class="fas fa-dragon"></span>'
    assert icons.unknown(html) == {"dragon"}


def test_scripts_are_taken_out_by_name() -> None:
    """Only the named script goes, with its element."""
    html = (
        '<a>\n  <script defer src="../x/search.js?v=1"></script>\n<script src="keep.js"></script>'
    )
    assert page_assets.without_scripts(html, "search.js") == '<a>\n<script src="keep.js"></script>'


def test_formulas_become_mathml() -> None:
    """The book's own formula is written without a script to draw it."""
    written = mathml.to_mathml(r"X \le \min(N/0.3, 10R)", block=True)
    assert written.startswith("<math")
    assert 'display="block"' in written
    assert "≤" in written


# -- look and contents


def test_every_colour_of_the_labels_has_its_meaning_in_the_palette() -> None:
    """The CSS names the palette's colours, and JupyterLab's fall-backs are the same."""
    css = (paths.BOOK / "_static" / "book.css").read_text(encoding="utf-8")
    labels = dict(re.findall(r"--lab-(\w+): (#\w{6});", css))
    assert {colour.upper() for colour in labels.values()} <= set(theme.COLOURS.values())
    used = {kind: _edge(css, kind) for kind in ("live", "simulated", "recorded")}
    for kind, name in used.items():
        assert labels[name].upper() in cards.ribbon(kind, "").html()  # type: ignore[arg-type]


def _edge(css: str, kind: str) -> str:
    rule = re.search(rf"\.lab-ribbon-{kind}\b[^{{]*{{\s*--edge: var\(--lab-(\w+)\)", css)
    assert rule, kind
    return rule[1]


def _in_toc(entry: Any) -> set[str]:
    if isinstance(entry, dict):
        own = {entry[key] for key in ("root", "file") if key in entry}
        return own.union(*(_in_toc(value) for value in entry.values()))
    return set().union(*(_in_toc(item) for item in entry)) if isinstance(entry, list) else set()


def test_contents_and_pages_agree() -> None:
    """Every entry of the contents exists, and no page is left out (notebooks: see the census)."""
    toc = _in_toc(yaml.safe_load((paths.ROOT / "_toc.yml").read_text(encoding="utf-8")))
    files = {
        suffix: {
            file.relative_to(paths.BOOK).with_suffix("").as_posix()
            for file in paths.BOOK.rglob(f"*{suffix}")
            if ".ipynb_checkpoints" not in file.parts
        }
        for suffix in (".md", ".ipynb")
    }
    assert files[".md"] <= toc <= files[".md"] | files[".ipynb"]


def test_no_script_but_modules_lies_in_the_static_folder() -> None:
    """jupyter-book puts every .js file there on every page; ours load where they are used."""
    assert not list((paths.BOOK / "_static").rglob("*.js"))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_files_resolve(name: str) -> None:
    """Every relative link in the project's own documents names something that exists."""
    text = (paths.ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    assert [link for link in links if not (paths.ROOT / link).exists()] == []


def test_the_readme_is_short() -> None:
    """A README that is read has fewer than 150 lines."""
    assert len((paths.ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150


def test_the_course_and_its_author_are_credited_once() -> None:
    """The course stands among the sources, and nowhere else in the book's pages."""
    pages = {page: page.read_text(encoding="utf-8") for page in paths.BOOK.rglob("*.md")}
    naming = [page.relative_to(paths.BOOK) for page, text in pages.items() if "Hamdi" in text]
    assert naming == [Path("about/sources.md")]
