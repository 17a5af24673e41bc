"""Errors speak to readers."""

from __future__ import annotations

import sys

import pytest

from helpers import command, errors
from helpers.waiting import wait_until


def test_error_shows_what_and_remedy() -> None:
    """A LabError is what happened, then what to do next."""
    error = errors.LabError("The port is taken.", remedy="Choose another.")
    assert str(error) == "The port is taken.\n→ Choose another."
    assert error._render_traceback_() == ["The port is taken.", "→ Choose another."]


def test_every_error_of_ours_is_a_lab_error() -> None:
    """The tree in the module's docstring names every class there is."""
    for name, thing in vars(errors).items():
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, errors.LabError)
            assert name in (errors.__doc__ or "")


def test_failed_command_can_be_pasted() -> None:
    """A failing program's error holds its status, its last lines and a pasteable command."""
    program = "import sys; print('first'); print('last', file=sys.stderr); sys.exit(3)"
    with pytest.raises(errors.CommandFailed) as caught:
        command.run([sys.executable, "-c", program])
    assert caught.value.status == 3
    assert caught.value.output.splitlines() == ["first", "last"]
    assert f"{sys.executable} -c '" in caught.value.what
    assert "status 3" in caught.value.what


def test_missing_program_is_named() -> None:
    """A program that is not there gives one sentence that names it."""
    with pytest.raises(errors.CommandFailed) as caught:
        command.run(["no-such-program", "--flag"])
    assert caught.value.status is None
    assert "no-such-program --flag" in caught.value.what


def test_slow_command_times_out() -> None:
    """A program that takes too long is stopped and said to be late."""
    with pytest.raises(errors.TimedOut, match=r"Waited 0\.2 s in vain"):
        command.run([sys.executable, "-c", "import time; time.sleep(30)"], timeout=0.2)


def test_output_that_is_no_text_does_not_break() -> None:
    """Bytes that are not UTF-8 are shown as replacement characters."""
    done = command.run([sys.executable, "-c", r"import sys; sys.stdout.buffer.write(b'a\xffb')"])
    assert done.stdout == "a�b"


def test_tail_keeps_the_last_lines() -> None:
    """Only the last non-empty lines of a long output are shown."""
    assert command.tail("\n".join(map(str, range(100))) + "\n\n", 2) == "98\n99"


def test_wait_until_returns_what_was_met() -> None:
    """The first answer that meets the condition is returned."""
    answers = iter([1, 2, 3])
    assert (
        wait_until(lambda: next(answers), lambda n: n > 1, what="two", sleep=lambda _s: None) == 2
    )


def test_patience_stretches_every_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """LABS_PATIENCE=10 makes one second ten, and the error says so."""
    monkeypatch.setenv("LABS_PATIENCE", "10")
    now = iter(range(100))
    with pytest.raises(errors.TimedOut, match="10 s"):
        wait_until(
            lambda: False,
            what="never",
            seconds=1,
            clock=lambda: float(next(now)),
            sleep=lambda _s: None,
        )
    assert next(now) == 11
    command.run(["sleep", "0.2"], timeout=0.1)


def test_wait_until_tells_what_it_saw_last() -> None:
    """A wait in vain raises, with the state waited for and the last one seen."""
    now = iter(range(100))
    with pytest.raises(errors.TimedOut) as caught:
        wait_until(
            lambda: "starting",
            lambda state: state == "healthy",
            what="redis to be healthy",
            seconds=5,
            clock=lambda: float(next(now)),
            sleep=lambda _s: None,
        )
    assert "redis to be healthy" in caught.value.what
    assert "Last seen: starting" in caught.value.what
