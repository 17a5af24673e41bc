"""The exercise of containers/080-container-os: a page that a whole Debian serves, to be shrunk.

The check counts the running container's surface and fetches its page. `judge` decides from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers import pages, surface
from helpers.drivers.engine import engine_errors
from helpers.records.surface import Surface
from helpers.text import _

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

KIOSK: Final = "kiosk"
PAGE: Final = "open from nine to five"
MOST_PROGRAMS: Final = 5
WRITE: Final = f"mkdir -p /www; echo {PAGE} > /www/index.html; "
FAT: Final = WRITE + "exec python3 -m http.server 80 -d /www"
LEAN: Final = WRITE + "exec httpd -f -h /www"


@dataclass(frozen=True)
class Seen:
    """found: what was counted; None where no such container runs. page: what it serves."""

    found: Surface | None
    page: str = PAGE


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    if seen.found is None:
        return NotYet(
            _("No container called `kiosk` runs."), _("`here.start('kiosk')` makes it anew.")
        )
    found = seen.found
    counted = _("{packages} packages, {programs} programs, {setuid} setuid files.").format(
        packages=found.packages, programs=found.programs, setuid=found.setuid
    )
    if seen.page != PAGE:
        return NotYet(
            _("{counted} The page says: {page}").format(
                counted=counted, page=seen.page or _("nothing")
            ),
            _("It must still say `{page}`, on the same port of this machine.").format(page=PAGE),
        )
    if found.packages or found.setuid or found.programs > MOST_PROGRAMS:
        return NotYet(
            _("It serves its page, out of {counted}").format(counted=counted),
            _("Which of these does it need to hand out one file?"),
        )
    return Met(_("It serves its page, out of {counted}").format(counted=counted))


@exercise("containers/080-container-os", "kiosk")
class Kiosk:
    """One page, served by Python on Debian."""

    hints = (
        "No removing makes Debian small: begin with an image that has nothing to remove.",
        "The book's busybox has a web server: `httpd -f -h FOLDER`, on port 80.",
        "The new container takes the old one's name and port: `docker rm -f` it first.",
    )

    def start(self, here: Session) -> None:
        """Run the page on Debian."""
        _serve(here, "python", FAT)

    def check(self, here: Session) -> Outcome:
        """Count, and fetch the page."""
        return judge(look(here))

    def solve(self, here: Session) -> None:
        """Serve the same page with busybox alone."""
        _serve(here, "busybox", LEAN)
        pages.await_page(here.port(KIOSK))


def look(here: Session) -> Seen:
    """Look at the container. Raises whatever keeps it from looking."""
    running = _found(here, all_states=False)
    if not running:
        return Seen(None)
    found = surface.of_container(here.docker, here.name(KIOSK))
    ports = running[0].ports.get("80/tcp") or [{"HostPort": "0"}]
    return Seen(found, pages.page(int(ports[0]["HostPort"])) or "")


def _found(here: Session, *, all_states: bool) -> list[Container]:
    with engine_errors():
        found: list[Container] = here.docker.containers.list(
            all=all_states, filters={"name": f"^/?{here.name(KIOSK)}$"}
        )
    return found


def _serve(here: Session, image: str, command: str) -> None:
    for old in _found(here, all_states=True):
        with engine_errors():
            old.remove(force=True)
    with engine_errors():
        here.docker.containers.run(
            here.image(image),
            ["sh", "-c", command],
            name=here.name(KIOSK),
            labels=here.labels,
            ports={"80/tcp": ("127.0.0.1", here.port(KIOSK))},
            init=True,
            detach=True,
        )
