"""The exercise of containers/020-from-scratch: what is seen decides."""

from __future__ import annotations

import ast

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.containers_020 import Seen, judge
from helpers.paths import LABS

FOLDER = LABS / "containers" / "020-from-scratch"


def test_a_tight_container_is_met() -> None:
    """Two mounts and its own process alone."""
    assert isinstance(judge(Seen()), Met)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (Seen(error="NameError: name 'umount' is not defined"), "umount"),
        (Seen(mounts=("/old", "/old/proc", "/", "/proc"), leaks=("/old",)), "/old"),
        (Seen(shown=9, own=9), "8 others"),
        (Seen(shown=0), "no /proc"),
        (Seen(shown=9), "shows 9"),
    ],
)
def test_each_leak_has_its_own_words(seen: Seen, word: str) -> None:
    """What was observed is told."""
    found = judge(seen)
    assert isinstance(found, NotYet)
    assert word in found.observed
    assert found.hint


def test_the_leaking_script_differs_in_two_places_only() -> None:
    """It is container.py without the end of the old root, and in another order."""
    sound, leaky = (
        ast.unparse(ast.parse((FOLDER / name).read_text(encoding="utf-8"))).splitlines()
        for name in ("container.py", "leaky.py")
    )
    gone = [line.strip() for line in sound if line not in leaky]
    new = [line.strip() for line in leaky if line not in sound]
    assert gone[1:-1] == ["kernel('umount2', b'/old', DETACH)", "Path('old').rmdir()"]
    assert new[-1] == "for step in (limit, names, files, processes, apart):"
    assert len(new) == 2  # the docstring, and the order
