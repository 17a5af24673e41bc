"""Exercises: something to repair or build, a check that looks at the real system, hints in
steps, and a reference solution that tests play.

An exercise is a class registered for its lab:

    @exercise("docker/010-run", "graceful")
    class Graceful:
        hints = ("Which process is PID 1?", "`docker exec NAME ps` shows it.")
        def start(self, here): ...            # sets the scene; anew when called again
        def check(self, here) -> Outcome: ... # looks, changes nothing
        def solve(self, here): ...            # one way to do it

`helpers/checks/` is searched: a module there needs no further registration.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from helpers.checks.outcome import Broken, Met, NotYet, Outcome
from helpers.errors import BookError, LabError
from helpers.text import _

if TYPE_CHECKING:
    from helpers.labs.session import Session

__all__ = ["Broken", "Exercise", "Met", "NotYet", "Outcome", "exercise", "find", "run_check"]


class Exercise(Protocol):
    """What every exercise offers. Methods may raise LabError."""

    hints: tuple[str, ...]

    def start(self, here: Session) -> None:
        """Set the scene; when it stands already, set it anew."""

    def check(self, here: Session) -> Outcome:
        """Look at the real system and say what was seen."""

    def solve(self, here: Session) -> None:
        """Play one solution."""


_registered: dict[tuple[str, str], Exercise] = {}
_Class = TypeVar("_Class", bound=Callable[[], Any])


def exercise(lab: str, ident: str) -> Callable[[_Class], _Class]:
    """Register the decorated class as the exercise `ident` of `lab`."""

    def register(made: _Class) -> _Class:
        if (lab, ident) in _registered:
            raise BookError(
                _("Two exercises are called {ident} in {lab}.").format(ident=ident, lab=lab)
            )
        _registered[lab, ident] = made()
        return made

    return register


@cache
def _search() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def everything() -> dict[tuple[str, str], Exercise]:
    """Return all exercises of the book by (lab, id)."""
    _search()
    return dict(_registered)


def find(lab: str, ident: str) -> Exercise:
    """Return the exercise `ident` of `lab`. Raises BookError where there is none."""
    found = everything().get((lab, ident))
    if found is None:
        names = ", ".join(sorted(name for where, name in everything() if where == lab)) or "none"
        raise BookError(
            _("{lab} has no exercise called {ident}.").format(lab=lab, ident=ident),
            remedy=_("It has: {names}.").format(names=names),
        )
    return found


def run_check(found: Exercise, here: Session) -> Outcome:
    """Run a check; whatever keeps it from looking makes it Broken, never NotYet."""
    try:
        return found.check(here)
    except LabError as error:
        return Broken(str(error))
    except Exception as error:
        return Broken(_("{kind}: {error}").format(kind=type(error).__name__, error=error))
