"""Every page of the real book comes from its own site, whole."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages.visiting import Visit, pages

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_no_page_asks_another_host_or_reports_an_error(
    built: Path, visit: Callable[..., Visit]
) -> None:
    """Read to its end, a page has asked nobody else for anything and complained of nothing."""
    found = pages(built)
    assert len(found) >= 15
    for page in found:
        with visit(page) as seen:
            seen.to_the_end()
        assert (seen.foreign, seen.faults) == ([], []), page


def test_the_site_is_served_under_a_path(site: str) -> None:
    """The server the pages are tried on answers below its prefix, with a module's type."""
    local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with local.open(site + "_static/figures.mjs", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/javascript"
    assert site.endswith("/book/")
