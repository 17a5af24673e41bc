"""The exercise of containers/020-from-scratch: a container that leaks in two places.

The check runs the reader's script in the workshop and looks at the kernel from outside: which
mounts its namespace has, and which processes its /proc shows. `judge` decides from that alone.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from helpers.checks import Met, NotYet, Outcome, exercise
from helpers.command import run
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

    from helpers.labs.session import Session

WORKSHOP: Final = "workshop"
SCRIPT: Final = "leaky.py"
STEPS: Final = "limit,names,processes,files,apart"
COMMAND: Final = ("sleep", "4321")  # what the check runs in the container
OPTIONS: Final = ("seccomp=unconfined", "apparmor=unconfined")
CAPABILITIES: Final = ("SYS_ADMIN", "NET_ADMIN")
FOLDERS: Final = ("image", "upper", "work", "root")


@dataclass(frozen=True)
class Seen:
    """What the check saw. error: the script's last words where it did not get that far.

    leaks: mounts through which the workshop's files can be reached. shown: how many processes
    its /proc shows; own: how many there are in its pid namespace.
    """

    error: str = ""
    mounts: tuple[str, ...] = ("/", "/proc")
    leaks: tuple[str, ...] = ()
    shown: int = 1
    own: int = 1


def judge(seen: Seen) -> Outcome:
    """Decide from what was seen."""
    if seen.error:
        return NotYet(
            _("The script ends with: {error}").format(error=seen.error),
            _("`docker exec -w /box` runs it by hand, as `container.py` was run above."),
        )
    if seen.leaks:
        return NotYet(
            _("Of its {count} mounts, `{leak}` leads to all of the workshop's files.").format(
                count=len(seen.mounts), leak=seen.leaks[0]
            ),
            _("What does `container.py` do with the old root?"),
        )
    if seen.own > 1:
        return NotYet(
            _("Its process shares a pid namespace with {count} others.").format(count=seen.own - 1),
            _("Who makes the pid namespace, and who is born into it?"),
        )
    if not seen.shown:
        return NotYet(
            _("Nothing is left in the open, but it has no /proc."),
            _("`ps` must work in there: mount one, at the right time."),
        )
    if seen.shown > seen.own:
        return NotYet(
            _("One process runs in its pid namespace, and its /proc shows {count}.").format(
                count=seen.shown
            ),
            _("A /proc shows the namespace of whoever mounts it. Who mounts this one, and when?"),
        )
    return Met(
        _(
            "From outside: {count} mounts ({mounts}), and its /proc shows its own process alone."
        ).format(count=len(seen.mounts), mounts=", ".join(seen.mounts))
    )


@exercise("containers/020-from-scratch", "leak")
class Leak:
    """Somebody's container script that works, and leaks."""

    hints = (
        "`diff` shows what the script does otherwise than `container.py`.",
        "After pivot_root the old root is a mount like any other, at /old: with all below it.",
        "A pid namespace is for children: who mounts /proc before the fork mounts the old one.",
        'In `files`: `kernel("umount2", b"/old", DETACH)` at its end; and `processes` before '
        "`files` in the last loop.",
    )

    def start(self, here: Session) -> None:
        """Open a workshop, if there is none, and put the leaking script into the scratch folder."""
        with engine_errors():
            _workshop(here)
        (here.scratch / SCRIPT).write_text(_read(here, SCRIPT), encoding="utf-8")

    def check(self, here: Session) -> Outcome:
        """Run the reader's script, and look at it from outside."""
        with engine_errors():
            return judge(look(here))

    def solve(self, here: Session) -> None:
        """Let go of the old root, and fork before /proc is mounted."""
        text = (here.scratch / SCRIPT).read_text(encoding="utf-8")
        proc = '    kernel("mount", b"proc", b"/proc", b"proc", 0, None)\n'
        cure = '    kernel("umount2", b"/old", DETACH)\n    Path("old").rmdir()\n'
        if cure not in text:
            text = text.replace(proc, proc + cure)
        order = "(limit, names, files, processes, apart)"
        text = text.replace(order, "(limit, names, processes, files, apart)")
        (here.scratch / SCRIPT).write_text(text, encoding="utf-8")


def look(here: Session) -> Seen:
    """Run the script and look at its process. Raises whatever keeps it from looking."""
    script = (here.scratch / SCRIPT).read_text(encoding="utf-8")
    workshop = here.container(WORKSHOP)
    _put(workshop, f"/{SCRIPT}", script)
    _end(workshop)
    line = ["python3", f"/{SCRIPT}", STEPS]
    done = workshop.exec_run([*line, "true"], workdir="/box")
    if done.exit_code != 0:
        lines = _text(done.output).splitlines()
        return Seen(error=lines[-1] if lines else _("exit code {code}").format(code=done.exit_code))
    try:
        workshop.exec_run([*line, *COMMAND], workdir="/box", detach=True)
        found = wait_until(
            lambda: _look(workshop, _read(here, "look.py")),
            lambda seen: seen is not None,
            what=_("the container's process to run"),
        )
    finally:
        _end(workshop)
    assert found is not None
    return found


def _look(workshop: Container, program: str) -> Seen | None:
    said = workshop.exec_run(["python3", "-c", program, *COMMAND])
    if said.exit_code != 0:
        raise LabError(_text(said.output).splitlines()[-1])
    found = json.loads(_text(said.output))
    if found is None:
        return None
    return Seen(
        mounts=tuple(found["mounts"]),
        leaks=tuple(found["leaks"]),
        shown=len(found["shown"]),
        own=found["own"],
    )


def _end(workshop: Container) -> None:
    """End what the check started, here or before."""
    _sh(workshop, f"pkill -KILL -xf {shlex.quote(' '.join(COMMAND))} || true")


def _workshop(here: Session) -> None:
    """Open the workshop as the lab's first cells do, where it is not open."""
    from docker.errors import NotFound

    try:
        here.docker.containers.get(here.name(WORKSHOP))
        return
    except NotFound:
        pass
    workshop = here.docker.containers.run(
        here.image(WORKSHOP),
        name=here.name(WORKSHOP),
        hostname=WORKSHOP,
        labels=here.labels,
        cap_add=list(CAPABILITIES),
        security_opt=list(OPTIONS),
        cgroupns="private",
        tmpfs={"/box": "exec"},
        init=True,
        detach=True,
    )
    wait_until(
        lambda: _sh(workshop, "test -e /open") == 0, what=_("the workshop to open"), seconds=20
    )
    _sh(workshop, f"cd /box && mkdir {' '.join(FOLDERS)}")
    _unpack(here, workshop)


def _unpack(here: Session, workshop: Container) -> None:
    """Put an image's files into the box, with the commands that the page shows."""
    # Not `put_archive`: it does not reach /box, which is in memory; and with some engines of
    # 2026 it fails on kernels before 6.6.
    made = here.docker.containers.create(here.image("busybox"), labels=here.labels)
    pipe = 'docker export "$0" | docker exec -i "$1" tar -x -C /box/image'
    try:
        run(["sh", "-c", pipe, str(made.id), str(workshop.id)])
    finally:
        made.remove()


def _put(workshop: Container, path: str, text: str) -> None:
    workshop.exec_run(["sh", "-c", 'printf %s "$1" > "$0"', path, text])


def _sh(workshop: Container, script: str) -> int | None:
    return workshop.exec_run(["sh", "-c", script]).exit_code


def _text(output: object) -> str:
    return output.decode("utf-8", "replace").strip() if isinstance(output, bytes) else ""


def _read(here: Session, name: str) -> str:
    return (here.files / name).read_text(encoding="utf-8")
