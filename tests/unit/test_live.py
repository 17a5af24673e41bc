"""Widgets: one text for JupyterLab, a time line that grows, and nobody sampled in vain."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.errors import LabError
from helpers.views import live
from helpers.views.still import MOST_ROWS, Still
from helpers.waiting import wait_until

STILL = Still("3 layers.", ("layer", "bytes"), (("1", "10"), ("<2>", "0")))
MODULE = 'import { house } from "./house.mjs";\nexport default { render: house };\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Front ends of the tests' own, so that none of the book's has to exist."""
    (tmp_path / "house.mjs").write_text("export function house() {}\n")
    (tmp_path / "probe.mjs").write_text(MODULE)
    monkeypatch.setattr(live, "FOLDER", tmp_path)
    live.front_end.cache_clear()
    yield tmp_path
    live.front_end.cache_clear()


def made(**more: Any) -> live.Widget:
    """Return a widget of the tests' own."""
    texts = {"said": "{n} layers"}
    return live.show("probe", title="A probe", state={"n": 3}, texts=texts, still=STILL, **more)


def test_the_front_end_is_one_text(folder: Path) -> None:
    """The shared part stands in front, and nothing is imported any more."""
    assert live.front_end("probe") == (
        "export function house() {}\nexport default { render: house };\n"
    )
    (folder / "stray.mjs").write_text("export default {};\n")
    with pytest.raises(ValueError, match=r"import from \./house\.mjs"):
        live.front_end("stray")


def test_a_front_end_may_have_modules_of_its_own(folder: Path) -> None:
    """What it imports stands before it, each module once, whoever imports it."""
    (folder / "model.mjs").write_text('import { house } from "./house.mjs";\nexport const a = 1;\n')
    imports = 'import { a } from "./model.mjs";\n'
    (folder / "probe.mjs").write_text(imports + MODULE)
    assert live.front_end("probe") == (
        "export function house() {}\nexport const a = 1;\nexport default { render: house };\n"
    )


def test_a_view_comes_with_words_and_a_table() -> None:
    """Whoever cannot run the widget still gets what it says, as text and not as HTML."""
    data, _metadata = made()._repr_mimebundle_()
    assert data["text/plain"] == "3 layers."
    assert "<td>&lt;2&gt;</td>" in data["text/html"]
    assert data[live.VIEW]["model_id"]


def test_a_long_table_says_how_much_it_leaves_out() -> None:
    """The still table is for reading; the widget's own has the rest."""
    html = Still("", ("n",), [(str(n),) for n in range(MOST_ROWS + 7)]).html()
    assert html.count("<td>") == MOST_ROWS
    assert "… and 7 more" in html


def test_appending_sends_the_frame_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is kept here; the front end is told of what is new."""
    sent: list[Any] = []
    widget = made()
    monkeypatch.setattr(widget, "send", sent.append)
    widget.append({"at": 0.0, "x": 1})
    widget.append({"at": 1.0, "x": 2})
    assert sent == [{"frame": {"at": 0.0, "x": 1}}, {"frame": {"at": 1.0, "x": 2}}]
    assert [frame["x"] for frame in widget.frames] == [1, 2]
    assert widget.get_state("frames")["frames"] == widget.frames


def test_a_long_time_line_is_thinned_out() -> None:
    """It keeps its beginning and its end, and a bounded number of frames."""
    widget = made()
    for n in range(live.MOST_FRAMES * 3):
        widget.append({"at": float(n)})
    assert len(widget.frames) <= live.MOST_FRAMES
    assert widget.frames[0]["at"] == 0.0
    assert widget.frames[-1]["at"] >= live.MOST_FRAMES * 3 - 4


def test_nothing_is_sampled_while_nobody_looks() -> None:
    """Out of sight, the sampler waits; in sight again, it goes on."""
    widget, taken = made(), threading.Event()
    widget.watched = False
    following = live.follow(widget, lambda: taken.set() or {"at": 0.0}, every=0.01)
    assert not taken.wait(0.2)
    widget.watched = True
    assert taken.wait(5)
    following.stop()
    assert not following.running


def test_an_error_is_shown_and_ends_the_sampling() -> None:
    """One sentence for the reader, in the widget; no traceback from a thread."""

    def gone() -> None:
        raise LabError("The container is gone.", remedy="Start it again.")

    widget = made()
    following = live.follow(widget, gone, every=0.01)
    wait_until(lambda: widget.error, what="the sentence")
    assert "The container is gone." in widget.error
    wait_until(lambda: not following.running, what="the end")


def test_a_sampler_ends_with_its_widget() -> None:
    """A thread must not keep a closed widget alive, nor run on without it."""
    widget = made()
    following = live.follow(widget, lambda: {"at": 0.0}, every=0.01)
    known = weakref.ref(widget)
    widget.close()
    del widget
    wait_until(lambda: not following.running, what="the end")
    gc.collect()
    assert known() is None


def test_a_recorded_widget_says_so() -> None:
    """Restored from a notebook, it has its state, a date, and today's front end."""
    stored = {**made(frames=[{"at": 1.0}]).get_state(), "_esm": "an old one"}
    widget = live.restore(stored, "2026-11-24")
    assert (widget.level, widget.recorded) == ("recorded", "2026-11-24")
    assert (widget.state, widget.frames) == ({"n": 3}, [{"at": 1.0}])
    assert widget._esm == live.front_end("probe")


def ask(widget: live.Widget, monkeypatch: pytest.MonkeyPatch, content: Any) -> list[Any]:
    """Return what the front end hears after it has sent `content`."""
    sent: list[Any] = []
    monkeypatch.setattr(widget, "send", sent.append)
    widget._handle_custom_msg(content, [])
    return sent


def test_the_front_end_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it asks reaches the handler as it is; the handler's sentence goes back."""
    widget, heard = made(), []

    def handle(question: Any) -> str:
        heard.append(question)
        return "cpu.max is now 20000 100000."

    assert not widget.answers
    live.answer(widget, handle)
    assert widget.answers
    sent = ask(widget, monkeypatch, {"ask": {"cpus": 0.2}})
    assert heard == [{"cpus": 0.2}]
    assert sent == [{"answer": {"done": True, "said": "cpu.max is now 20000 100000."}}]
    assert ask(widget, monkeypatch, {"frame": {}}) == []
    assert ask(widget, monkeypatch, "ask") == []
    assert len(heard) == 1


def test_a_refusal_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong, the reader who waits hears of it; nothing stays unanswered."""
    widget = made()

    def refuse(question: Any) -> str:
        raise LabError("That is not yours.", remedy="Leave it.") if question else KeyError("id")

    live.answer(widget, refuse)
    (refused,) = ask(widget, monkeypatch, {"ask": {"cpus": 1}})
    assert not refused["answer"]["done"]
    assert "That is not yours." in refused["answer"]["said"]
    (failed,) = ask(widget, monkeypatch, {"ask": {}})
    assert failed["answer"]["said"] == "KeyError: 'id'"
    live.answer(widget, None)
    assert not widget.answers
    (alone,) = ask(widget, monkeypatch, {"ask": {"cpus": 1}})
    assert not alone["answer"]["done"]
