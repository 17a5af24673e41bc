"""The book built as `make book` builds it, and a browser's visit to one of its pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Route

from helpers import command
from helpers.paths import ROOT

PREFIX = "/book/"  # project pages have a sub-path; so has the site under test
PHONE = {"width": 360, "height": 740}  # px


def build(output: Path, *, root: Path = ROOT) -> command.Completed:
    """Build the book in `root` into `output`/_build/html, warnings being errors."""
    call = f"book.main(Path({str(output)!r}), Path({str(root)!r}))"
    program = f"import sys; from pathlib import Path; from tools import book; {call}"
    return command.run([sys.executable, "-c", program], cwd=ROOT, timeout=300, check=False)


def pages(html: Path) -> list[str]:
    """Return every page of a built site but the redirect at its root."""
    found = {path.relative_to(html).as_posix() for path in html.rglob("*.html")}
    return sorted(page for page in found - {"index.html"} if not page.startswith("_static/"))


class Visit:
    """A page opened in a fresh context, and all it asked for and complained of.

    The browser gets the site's files from us, not over the network: Chromium drops what it is
    loading (ERR_NETWORK_CHANGED) whenever a container comes or goes on the machine. Whatever
    else a page asks for goes nowhere, and is noted.
    """

    def __init__(self, browser: Browser, html: Path, site: str, page: str, **context: Any) -> None:
        self.asked: list[str] = []  # paths on the site, below its prefix
        self.foreign: list[str] = []  # URLs of other hosts
        self.faults: list[str] = []  # errors on the console, missing files
        self._html, self._site = html, site
        made = browser.new_context(**context)
        made.route("**/*", self._answer)
        self.page: Page = made.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._listen)
        self.page.goto(site + page, wait_until="networkidle")

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if not url.startswith(self._site):
            self.foreign.append(url)
            route.abort()
            return
        path = unquote(urlsplit(url).path).removeprefix(urlsplit(self._site).path)
        self.asked.append(path)
        file = self._html / path
        if file.is_file():
            route.fulfill(path=file)
        else:
            self.faults.append(f"{path} is missing")
            route.fulfill(status=404)

    def _listen(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.faults.append(said.text)

    def to_the_end(self) -> None:
        """Scroll down the whole page, so that all that waits to be seen loads and is drawn."""
        self.page.evaluate(
            """async () => {
                for (let y = 0; y < document.body.scrollHeight; y += innerHeight / 2) {
                    scrollTo({ top: y, behavior: "instant" });
                    await new Promise((done) => setTimeout(done, 30));
                }
            }"""
        )
        for figure in self.page.locator(".lab-figure").all():
            figure.scroll_into_view_if_needed()
            figure.locator(".main-svg").first.wait_for()
        self.page.wait_for_load_state("networkidle")

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_error: object) -> None:
        self.page.context.close()
