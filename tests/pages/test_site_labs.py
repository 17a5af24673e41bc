"""A lab's page in Chromium: exercises in boxes, hints and solutions folded, links to run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from helpers import checks
from tests.pages.visiting import Visit

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LABS = sorted({lab for lab, _name in checks.everything()})


@pytest.mark.parametrize("lab", LABS)
def test_every_exercise_is_a_box_with_its_hints_folded(
    lab: str, visit: Callable[..., Visit]
) -> None:
    """Each exercise of a lab is in a box; its hints open by keyboard, one at a time."""
    exercises = [found for (where, _name), found in checks.everything().items() if where == lab]
    with visit(f"{lab}.html") as seen:
        boxes = seen.page.locator(".lab-exercise-box")
        assert boxes.count() == len(exercises)
        hints = boxes.locator("details.lab-hint")
        assert hints.count() == sum(len(each.hints) for each in exercises)
        assert boxes.locator("details[open]").count() == 0
        hints.first.locator("summary").press("Enter")
        expect(hints.first.locator("p")).to_be_visible()
        assert boxes.locator("details[open]").count() == 1


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_can_be_opened_where_it_runs(
    lab: str, built: Path, visit: Callable[..., Visit]
) -> None:
    """A named link leads to the reader's own JupyterLab, and none to a Binder not set up."""
    with visit(f"{lab}.html") as seen:
        link = seen.page.get_by_role("link", name="Open in your JupyterLab")
        link.focus()
        expect(link).to_be_focused()
        assert (link.get_attribute("href") or "").endswith(f":8888/lab/tree/book/{lab}.ipynb")
        assert seen.foreign == []
    assert "mybinder.org" not in (built / f"{lab}.html").read_text(encoding="utf-8")
