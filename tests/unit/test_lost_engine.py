"""An engine that goes away is told in one sentence, whatever a cell met first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from helpers.drivers import engine
from helpers.errors import EngineUnavailable, TimedOut
from helpers.labs import lost_engine
from helpers.records.engine import Endpoint

pytestmark = pytest.mark.slow

LOST = "The container engine at unix:///x.sock does not answer any more."


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """A shell whose engine is watched."""
    made = InteractiveShell()
    lost_engine.watch(made, Endpoint("unix:///x.sock", "test"))
    yield made
    made.history_manager.end_session() if made.history_manager else None


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers."""

    def answer(_endpoint: Endpoint) -> None:
        raise EngineUnavailable("unix:///x.sock")

    monkeypatch.setattr(engine, "answer", answer)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> list[Endpoint]:
    """The engine answers; each question is noted."""
    asked: list[Endpoint] = []
    monkeypatch.setattr(engine, "answer", asked.append)
    return asked


def said(shell: InteractiveShell, source: str) -> str:
    """Return all that a cell shows, as text."""
    with capture_output() as captured:
        shell.run_cell(source)
    return str(captured.stdout + captured.stderr)


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize(
    "source",
    [
        "!true docker",
        "out = !true docker",
        "for n in range(3):\n    !true docker {n}",
        "%%bash\nfalse",
        "assert False",
        "no_such_name",
        "raise OSError('broken')",
    ],
)
def test_whatever_fails_the_engine_is_named(shell: InteractiveShell, source: str) -> None:
    """A command, an assertion, a missing name: one sentence, once, and no traceback."""
    shown = said(shell, source)
    assert shown.count(LOST) == 1
    assert "run this notebook from the top" in shown
    assert "Traceback" not in shown
    assert "test_lost_engine" not in shown


@pytest.mark.usefixtures("away")
def test_cell_that_needs_no_engine_runs(shell: InteractiveShell) -> None:
    """Arithmetic, and commands without docker, run as ever."""
    assert said(shell, "print(6 * 7)\n!echo plain").split() == ["42", "plain"]


def test_engine_that_answers_changes_nothing(
    shell: InteractiveShell, there: list[Endpoint]
) -> None:
    """An error of the reader's own is shown with its traceback; the last value is displayed."""
    shown = said(shell, "1 / 0")
    assert "ZeroDivisionError" in shown
    assert "Traceback" in shown
    assert said(shell, "!true docker\n6 * 7").strip().endswith("42")
    assert len(there) == 2


def test_names_of_a_function_reach_the_command(
    shell: InteractiveShell, there: list[Endpoint]
) -> None:
    """The look behind a command does not come between it and the caller's names."""
    source = "def f(inner):\n    !echo docker {inner}\nf('within')"
    assert said(shell, source).strip() == "docker within"
    assert len(there) == 1


def test_slow_engine_is_not_lost(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine too busy to answer at once is still there."""

    def answer(_endpoint: Endpoint) -> None:
        raise TimedOut("an answer", 3)

    monkeypatch.setattr(engine, "answer", answer)
    assert said(shell, "!echo docker").strip() == "docker"


@pytest.mark.usefixtures("away")
def test_unwatched_cells_are_left_alone(shell: InteractiveShell) -> None:
    """Where no engine is needed any more, errors are Python's own."""
    lost_engine.unwatch(shell)
    assert LOST not in said(shell, "!true docker\n1 / 0")
