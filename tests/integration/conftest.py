"""Places beside others for the tests of a module: see tools/notebooks/quiet.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.notebooks import quiet


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module on one worker; the exercises, many and independent, go to any."""
    for item in items:
        module = item.nodeid.partition("::")[0]
        if "tests/integration" in module and not module.endswith("test_exercises.py"):
            item.add_marker(pytest.mark.xdist_group(module))


@pytest.fixture(scope="module", autouse=True)
def place(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a module marked `quiet` while nothing else runs; exercises look for places themselves."""
    if request.module.__name__.endswith("test_exercises"):
        yield
        return
    marks = getattr(request.module, "pytestmark", [])
    marks = marks if isinstance(marks, list) else [marks]
    with quiet.place(alone=any(mark.name == "quiet" for mark in marks)):
        yield
