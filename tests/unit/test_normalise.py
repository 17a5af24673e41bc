"""A notebook takes one form, and keeps it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.labs.recording import RIBBON_MARK, outputs_digest, source_digest
from tools.notebooks import widgets
from tools.notebooks.book import dumps
from tools.notebooks.normalise import BOOK_STANDS_AT, normalise, of_this_machine, stamp

v4 = nbformat.v4
WORDS = {"/srv/books/mine": BOOK_STANDS_AT, "build-17": "my-machine"}

# Text with all that terminals act on.
printed = st.lists(
    st.one_of(
        st.sampled_from(
            ["\n", "\r", "\r\n", "\b", "\t", "\x1b[2K", "\x1b[1A", "\x1b[3D", "\x1b[J"]
        ),
        st.sampled_from(["\x1b[31m", "\x1b[0m", "\x1b[", "\x1b]0;x\x07", "build-17", "\x07"]),
        st.text(max_size=6),
    ),
    max_size=12,
).map("".join)
outputs = st.one_of(
    st.builds(
        lambda name, text: v4.new_output("stream", name=name, text=text),
        st.sampled_from(["stdout", "stderr"]),
        printed,
    ),
    st.builds(
        lambda text: v4.new_output("display_data", data={"text/plain": text}), st.text(max_size=9)
    ),
)
cells = st.one_of(
    st.builds(v4.new_markdown_cell, st.text(max_size=9)),
    st.builds(
        lambda source, made, count: v4.new_code_cell(source, outputs=made, execution_count=count),
        st.text(max_size=9),
        st.lists(outputs, max_size=4),
        st.one_of(st.none(), st.integers(1, 99)),
    ),
)
notebooks = st.builds(lambda made: v4.new_notebook(cells=made), st.lists(cells, max_size=5))


def one_cell(*made: Any, **more: Any) -> Any:
    cell = v4.new_code_cell("print()", outputs=list(made), execution_count=7, **more)
    return v4.new_notebook(cells=[cell])


def stream(text: str, name: str = "stdout") -> Any:
    return v4.new_output("stream", name=name, text=text)


@pytest.mark.slow  # some seconds: a hundred notebooks
@given(notebooks)
def test_normalising_twice_changes_nothing_more(notebook: Any) -> None:
    """The stored form is a fixed point, also after a round trip through its file."""
    once = normalise(notebook, WORDS)
    assert dumps(normalise(once, WORDS)) == dumps(once)
    again = nbformat.reads(dumps(once), as_version=4)
    assert dumps(normalise(again, WORDS)) == dumps(once)


@pytest.mark.slow
@given(notebooks)
def test_the_original_is_left_alone(notebook: Any) -> None:
    """Normalising returns a copy."""
    before = copy.deepcopy(notebook)
    normalise(notebook, WORDS)
    assert notebook == before


def test_pieces_of_a_stream_are_joined_stdout_first() -> None:
    """How a stream was cut into pieces, and which of two came first, depends on luck."""
    made = [stream("a"), stream("e", "stderr"), stream("b\n")]
    joined = normalise(one_cell(*made), {}).cells[0].outputs
    assert [(out.name, out.text) for out in joined] == [("stdout", "ab\n"), ("stderr", "e")]


def test_a_display_keeps_its_place_between_prints() -> None:
    """Only neighbouring pieces are joined: a page keeps the order of what it shows."""
    shown = v4.new_output("display_data", data={"text/plain": "figure"})
    kinds = [
        out.output_type
        for out in normalise(one_cell(stream("a"), shown, stream("b")), {}).cells[0].outputs
    ]
    assert kinds == ["stream", "display_data", "stream"]


def test_counts_follow_the_order_of_cells() -> None:
    """Execution counts are 1, 2, 3, whatever the kernel counted; unrun cells have none."""
    result = v4.new_output("execute_result", data={"text/plain": "4"}, execution_count=9)
    notebook = v4.new_notebook(
        cells=[
            v4.new_code_cell("2 + 2", outputs=[result], execution_count=9),
            v4.new_code_cell("x", execution_count=None),
        ]
    )
    first, second = normalise(notebook, {}).cells
    assert (first.execution_count, first.outputs[0].execution_count) == (1, 1)
    assert second.execution_count is None


def test_random_cell_ids_come_from_the_source_and_others_stay() -> None:
    """Two writers of the same notebook give the same ids; a readable id is the author's."""
    cells = [v4.new_code_cell("x = 1"), v4.new_code_cell("x = 1"), v4.new_markdown_cell("# A")]
    other = [v4.new_code_cell("x = 1"), v4.new_code_cell("x = 1"), v4.new_markdown_cell("# A")]
    cells[2].id = other[2].id = "the-title"
    one, two = (
        [cell.id for cell in normalise(v4.new_notebook(cells=made), {}).cells]
        for made in (cells, other)
    )
    assert one == two
    assert len(set(one)) == 3
    assert one[2] == "the-title"


def test_timings_and_editor_state_go_tags_stay() -> None:
    """What an editor or an execution notes in passing is no part of the book."""
    notebook = one_cell(
        metadata={
            "execution": {"iopub.status.busy": "2026-11-23T07:16:01Z"},
            "collapsed": True,
            "tags": ["exercise"],
        }
    )
    notebook.metadata.update(language_info={"name": "python", "version": "3.11.7"}, signature="x")
    made = normalise(notebook, {})
    assert made.cells[0].metadata == {"tags": ["exercise"]}
    assert "version" not in made.metadata.language_info
    assert "signature" not in made.metadata


def test_ribbons_of_a_replay_are_not_stored() -> None:
    """A notebook saved after a recorded session keeps no ribbon that says so."""
    ribbon = v4.new_output("display_data", data={"text/plain": "Recorded"}, metadata=RIBBON_MARK)
    assert normalise(one_cell(ribbon, stream("a")), {}).cells[0].outputs == [stream("a")]


def test_names_of_this_machine_do_not_reach_the_book() -> None:
    """Its name, its mirrors and the place of the book are replaced, inside JSON too."""
    environ = {"LABS_REGISTRY": "registry.internal:5000/hub", "LABS_APT_MIRROR": "http://apt.lan/x"}
    words = of_this_machine(Path("/srv/books/mine"), environ)
    shown = v4.new_output(
        "display_data",
        data={"application/json": {"at": ["/srv/books/mine/labs", "apt.lan"]}},
    )
    text = dumps(normalise(one_cell(stream("pull registry.internal:5000/hub/x"), shown), words))
    assert f"{BOOK_STANDS_AT}/labs" in text
    assert "mirror.example/hub/x" in text
    assert "internal" not in text
    assert "apt.lan" not in text


@pytest.mark.parametrize("root", ["/app", "/"])
def test_a_root_that_containers_share_is_not_replaced(root: str) -> None:
    """`/app` in a container is not this machine's `/app`."""
    assert root not in of_this_machine(Path(root), {})


def test_the_stamp_is_what_replay_looks_for() -> None:
    """Source and outputs are named by the digests that replay computes."""
    notebook = normalise(one_cell(stream("a")), {})
    stamp(notebook)
    cell = notebook.cells[0]
    assert cell.metadata.recorded.source == source_digest(cell.source)
    assert cell.metadata.recorded.outputs == outputs_digest(cell.outputs)


# --- widgets

BOX, SLIDER = "c0ffee" + "0" * 26, "ba5eba11" + "1" * 24


def with_widgets(box: str = BOX, slider: str = SLIDER, esm: str = "") -> Any:
    view = v4.new_output("display_data", data={widgets_view: {"model_id": box}})
    notebook = one_cell(view)
    box_state = {"children": [f"IPY_MODEL_{slider}"], "_esm": esm, "_anywidget_id": "demo.Box"}
    state = {
        slider: {"model_name": "IntSliderModel", "state": {"value": 3}},
        box: {"model_name": "AnyModel", "state": box_state},
    }
    notebook.metadata["widgets"] = {widgets.STATE: {"state": state, "version_major": 2}}
    return notebook


widgets_view = "application/vnd.jupyter.widget-view+json"


def test_widgets_are_numbered_everywhere_they_are_named() -> None:
    """Random model ids become numbers, in the state, in references and in views."""
    made = normalise(with_widgets(), {})
    assert [*widgets.models(made)] == [f"{1:032x}", f"{2:032x}"]
    assert made.cells[0].outputs[0].data[widgets_view]["model_id"] == f"{2:032x}"
    children = widgets.models(made)[f"{2:032x}"]["state"]["children"]
    assert children == [f"IPY_MODEL_{1:032x}"]
    assert dumps(made) == dumps(normalise(with_widgets("a" * 32, "b" * 32), {}))
    assert dumps(normalise(made, {})) == dumps(made)


def test_a_large_script_is_cut_and_says_so_on_the_page() -> None:
    """A widget's script over the limit becomes one that shows a sentence; small ones stay."""
    small = normalise(with_widgets(esm="export default {}"), {})
    large = normalise(with_widgets(esm="x" * (widgets.ESM_LIMIT + 1)), {})
    states = [widgets.models(made)[f"{2:032x}"]["state"]["_esm"] for made in (small, large)]
    assert states == ["export default {}", widgets.CUT_ESM]
    assert "needs a running kernel" in widgets.CUT_ESM
