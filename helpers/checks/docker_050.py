"""The exercise of docker/050-volumes: a bakery that may not write into its own volume.

The check looks into the running container. `judge` then decides from what was seen alone, so
that each verdict can be tested without an engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

LAB: Final = "docker/050-volumes"
BAKERY: Final = "bakery"  # the container
ORDERS: Final = "orders"  # its volume
BAKER: Final = 1000  # the user of its process
OLD: Final = ("order 1", "order 2", "order 3")  # what was there before
BOOK: Final = "/srv/book"
PATIENCE: Final = 5.0  # seconds for another order; there is one every fifth of a second
# The book is appended to; `last` is made anew each time, so the folder must let it, too.
WORK: Final = (
    "n=$(wc -l < /srv/book); "
    'while n=$((n+1)); echo "order $n" >> /srv/book && echo $n > /srv/new '
    "&& mv /srv/new /srv/last || exit 1; do sleep 0.2; done"
)


@dataclass(frozen=True)
class Seen:
    """What the check saw. state: "" where there is no such container; said: its log's last line.

    uid: whose its first process is. mounted: the volume at /srv. kept: whether the old orders
    are there. open_to_all: what everybody may write to. grew: whether orders come in.
    """

    state: str = "running"
    said: str = ""
    uid: int = BAKER
    mounted: bool = True
    kept: bool = True
    open_to_all: tuple[str, ...] = ()
    grew: bool = True


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    return (
        _absent(seen)
        or _wrong(seen)
        or Met(
            _(
                "User {uid} writes orders into the volume, the old ones are there, and nobody "
                "else was let in."
            ).format(uid=seen.uid)
        )
    )


def _absent(seen: Seen) -> NotYet | None:
    if not seen.state:
        return NotYet(
            _("There is no container `bakery`."), _("`here.start('orders')` sets the scene anew.")
        )
    if seen.state == "running":
        return None
    return NotYet(
        _("`bakery` is {state}. Its last words: `{said}`").format(
            state=seen.state, said=seen.said.replace("`", "'")
        ),
        _("Who asks, and whose is what it asks for? Compare numbers, for the folder and the file."),
    )


def _wrong(seen: Seen) -> NotYet | None:
    if not seen.mounted:
        return NotYet(
            _("`bakery` runs, but the volume `orders` is not at its `/srv`."),
            _("It worked before the customers' orders were there, too."),
        )
    if not seen.kept:
        return NotYet(
            _("`bakery` writes, but the first three orders are not in the book any more."),
            _("The data is what a volume is for. `here.start('orders')` brings them back."),
        )
    if seen.uid != BAKER:
        return NotYet(
            _("`bakery` writes, but as user {uid}, not {baker}.").format(uid=seen.uid, baker=BAKER),
            _("Root may write everywhere, and so may whoever breaks in."),
        )
    if seen.open_to_all:
        return NotYet(
            _("`bakery` writes, but so may everybody: {paths}.").format(
                paths=", ".join(f"`{path}`" for path in seen.open_to_all)
            ),
            _("One user needs to write here. Whose should the files be?"),
        )
    if not seen.grew:
        return NotYet(
            _("`bakery` runs, but no order came in within {seconds:.0f} s.").format(
                seconds=PATIENCE
            ),
            _("What does it run? It must be the same work as before."),
        )
    return None


@exercise(LAB, ORDERS)
class Orders:
    """A container that runs as an ordinary user cannot write into its volume."""

    hints = (
        "What does it say, and who says it? `docker logs`, and `docker inspect --format "
        "'{{.Config.User}}'`.",
        "The kernel compares numbers. Look at them: `docker run --rm -v VOLUME:/srv IMAGE "
        "ls -lan /srv`. There is a folder (`.`) and a file, and the baker needs both.",
        "Owners can be changed by root, and root you are in a container of your own that has "
        "the same volume. The bakery itself need not change.",
        "`docker run --rm -v VOLUME:/srv IMAGE chown -R 1000:1000 /srv`, then `docker start`.",
    )

    def start(self, here: Session) -> None:
        """Make the volume as root, and run the bakery until it has failed."""
        with engine_errors():
            _remove(here)
            here.docker.volumes.create(here.name(ORDERS), labels=here.labels)
            lines = "\\n".join(OLD)
            _as_root(here, f"printf '{lines}\\n' > {BOOK}")
            bakery = here.docker.containers.run(
                here.image("busybox"),
                ["sh", "-c", WORK],
                name=here.name(BAKERY),
                user=f"{BAKER}:{BAKER}",
                init=True,
                detach=True,
                labels=here.labels,
                volumes=_volume(here),
            )
            bakery.wait()

    def check(self, here: Session) -> Outcome:
        """Look at the bakery, and into its volume through its own eyes."""
        with engine_errors():
            return judge(look(here))

    def solve(self, here: Session) -> None:
        """Give folder and files to the baker, and start the bakery again."""
        with engine_errors():
            _as_root(here, f"chown -R {BAKER}:{BAKER} /srv")
            here.container(BAKERY).restart(timeout=0)


def _volume(here: Session) -> dict[str, dict[str, str]]:
    return {here.name(ORDERS): {"bind": "/srv", "mode": "rw"}}


def _as_root(here: Session, script: str) -> None:
    here.docker.containers.run(
        here.image("busybox"),
        ["sh", "-c", script],
        remove=True,
        labels=here.labels,
        volumes=_volume(here),
    )


def _remove(here: Session) -> None:
    from docker.errors import NotFound

    found = _bakery(here)
    if found is not None:
        found.remove(force=True, v=True)
    try:
        here.docker.volumes.get(here.name(ORDERS)).remove(force=True)
    except NotFound:
        return


def _bakery(here: Session) -> Container | None:
    from docker.errors import NotFound

    try:
        found: Container = here.docker.containers.get(here.name(BAKERY))
    except NotFound:
        return None
    return found


def look(here: Session) -> Seen:
    """Look at the bakery. Raises whatever keeps it from looking."""
    bakery = _bakery(here)
    if bakery is None:
        return Seen(state="")
    state = str(bakery.attrs["State"]["Status"])
    if state != "running":
        words = bakery.logs(tail=1).decode("utf-8", "replace").strip()
        return Seen(state=state, said=words)
    places = {each["Destination"]: each.get("Name") for each in bakery.attrs["Mounts"]}
    before = _book(bakery)
    return Seen(
        uid=int(_say(bakery, "stat", "-c", "%u", "/proc/1") or 0),
        mounted=places.get("/srv") == here.name(ORDERS),
        kept=before[: len(OLD)] == list(OLD),
        open_to_all=tuple(_open(bakery)),
        grew=_grows(bakery, len(before)),
    )


def _say(bakery: Container, *argv: str) -> str:
    said = bakery.exec_run(list(argv), stderr=False).output
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else ""


def _book(bakery: Container) -> list[str]:
    return _say(bakery, "cat", BOOK).splitlines()


def _open(bakery: Container) -> list[str]:
    lines = _say(bakery, "stat", "-c", "%a %n", "/srv", BOOK).splitlines()
    modes = [line.split(" ", 1) for line in lines]
    return [path for mode, path in modes if int(mode, 8) & 0o002]


def _grows(bakery: Container, before: int) -> bool:
    try:
        wait_until(lambda: len(_book(bakery)) > before, what=_("another order"), seconds=PATIENCE)
    except LabError:
        return False
    return True
