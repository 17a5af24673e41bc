"""Labs side by side, and those that want to be alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from helpers.waiting import wait_until
from tools.notebooks import quiet

SHORT = 0.2  # seconds in which somebody would have come in


def visitor(folder: Path, *, alone: bool) -> tuple[threading.Event, Callable[[], None]]:
    """Somebody who goes in as soon as there is a place: the event of that, and how to leave."""
    inside, leave = threading.Event(), threading.Event()

    def visit() -> None:
        with quiet.place(alone=alone, folder=folder):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=visit)
    thread.start()

    def end() -> None:
        leave.set()
        thread.join(10)

    return inside, end


def test_others_are_in_together(tmp_path: Path) -> None:
    """Two that measure nothing do not wait for each other."""
    first, end_first = visitor(tmp_path, alone=False)
    second, end_second = visitor(tmp_path, alone=False)
    assert first.wait(5)
    assert second.wait(5)
    end_first()
    end_second()


def test_alone_is_alone(tmp_path: Path) -> None:
    """One that measures waits until all have left, and nobody passes it meanwhile."""
    other, end_other = visitor(tmp_path, alone=False)
    assert other.wait(5)
    alone, end_alone = visitor(tmp_path, alone=True)
    assert not alone.wait(SHORT)
    late, end_late = visitor(tmp_path, alone=False)
    assert not late.wait(SHORT)
    end_other()
    assert alone.wait(5)
    assert not late.wait(SHORT)
    end_alone()
    assert late.wait(5)
    end_late()


def test_a_place_is_given_back_by_one_who_fails(tmp_path: Path) -> None:
    """An error inside leaves nothing locked."""
    try:
        with quiet.place(alone=True, folder=tmp_path):
            raise RuntimeError("the lab failed")
    except RuntimeError:
        pass
    inside, end = visitor(tmp_path, alone=True)
    wait_until(inside.is_set, what="the place", seconds=5)
    end()


def test_a_notebook_says_what_it_wants() -> None:
    """Quiet is asked for in the metadata, and not by default."""
    assert quiet.wanted({"metadata": {"labs": {"quiet": True}}})
    assert not quiet.wanted({"metadata": {"labs": {"lab": "x"}}})
    assert not quiet.wanted({"metadata": {}})
