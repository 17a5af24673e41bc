"""One run of one lab: names, labels, images, ports, checks, and nothing left behind.

The first code cell of a notebook calls `lab("docker/010-run")`. The session it returns
labels what the lab makes with the project, the lab, the run and the owning process, and
removes it all at the end, when the kernel exits or restarts, and, after a crash, when any
lab is opened again on this machine or `labs clean` is run. RETAIN=1 keeps the wreck.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shlex
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import paths
from helpers.drivers import cgroups, images, podman, probe
from helpers.drivers import docker as objects
from helpers.drivers.engine import engine_errors, open_client
from helpers.errors import BookError, EngineError, MissingNeed
from helpers.labs import cleaning, owner, scratch, shell
from helpers.records.docker import Removal
from helpers.records.host import Engine, Unavailable
from helpers.records.lab import Lab
from helpers.records.labels import RunLabels
from helpers.records.podman import Store
from helpers.text import _
from helpers.views import cards, questions

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from helpers.kernel.files import Files


class Session:
    """What a notebook holds on to: `here`. Attribute access does no I/O; methods may."""

    def __init__(self, lab: Lab, run: str, engine: Engine | Unavailable, owned_by: str) -> None:
        self.lab = lab
        self.run = run
        self.engine = engine
        self._labels = RunLabels(lab.ident, run, owned_by)
        self._ports: dict[str, int] = {}
        self._client: DockerClient | None = None
        self._shell: shell.Shell | None = None
        self._files: Files | None = None
        self._last: list[Callable[[], object]] = []
        self._closed = False

    # -- what a lab's objects are called and marked with

    @property
    def live(self) -> bool:
        """Whether the engine is there."""
        return isinstance(self.engine, Engine)

    @property
    def closed(self) -> bool:
        """Whether nothing of this run is left to remove."""
        return self._closed

    @property
    def labels(self) -> dict[str, str]:
        """The labels of everything this run makes."""
        return self._labels.as_dict()

    def name(self, short: str) -> str:
        """Return the name of this run's object `short`: `run-7f3a-web`."""
        return f"{self.lab.slug}-{self.run}-{short}"

    def port(self, short: str) -> int:
        """Return a free port on 127.0.0.1, the same each time the same name is asked for."""
        if short not in self._ports:
            with closing(socket.socket()) as probe:
                probe.bind(("127.0.0.1", 0))
                self._ports[short] = probe.getsockname()[1]
        return self._ports[short]

    @property
    def files(self) -> Path:
        """The folder with this lab's files."""
        return paths.LABS / self.lab.ident

    @property
    def scratch(self) -> Path:
        """A folder of this run's own, removed with it."""
        return scratch.make(self.run, self._labels.owner)

    # -- the engine

    @property
    def docker(self) -> DockerClient:
        """The engine's client (docker SDK). Raises MissingNeed without an engine."""
        if isinstance(self.engine, Unavailable):
            raise MissingNeed(
                _("This needs a container engine: {reason}.").format(reason=self.engine.reason),
                remedy=self.engine.remedy,
            )
        if self._client is None:
            self._client = open_client(self.engine.endpoint)
        return self._client

    @property
    def podman(self) -> Store:
        """This run's own Podman, made if it is not there: see helpers.drivers.podman."""
        return podman.open_store(self.scratch / podman.FOLDER)

    def podman_of_somebody(self) -> tuple[Store, str]:
        """Return an ordinary user's Podman, and a command that runs others as that user.

        Where the reader is no root, both are the reader's own.
        """
        found = podman.somebody()
        if found is None:
            return self.podman, "env"
        folder = scratch.make(self.run + scratch.OTHER_USER, self._labels.owner)
        folder.chmod(0o711)
        store = podman.open_store(folder / podman.FOLDER, uid=found[0], gid=found[1])
        podman.call(store, "info")  # the first command has much to say about the machine
        script = self.scratch / "bin" / "as-user"
        shell.write_script(script, f'cd / && exec {shlex.join(podman.prefix(store))} "$@"')
        return store, script.name

    def container(self, short: str) -> Container:
        """Return this run's container `short`. Raises LabError where there is none."""
        with engine_errors():
            found: Container = self.docker.containers.get(self.name(short))
        return found

    @property
    def kernel(self) -> Files:
        """The files of the engine's kernel, through a probe container where it must be."""
        if isinstance(self.engine, Engine) and self._files is None:
            self._files = cgroups.kernel_files(self.docker, self.engine, self.labels)
            self.at_end(self._leave_kernel)
        if self._files is None:
            raise MissingNeed(_("This needs a container engine."), remedy=_("See `labs doctor`."))
        return self._files

    def _leave_kernel(self) -> None:
        if self._files is not None:
            self._files.close()
            probe.close(self.run)
            self._files = None

    def cgroup(self, short: str) -> cgroups.Group:
        """Return the control group of this run's container `short`. Raises LabError."""
        return cgroups.Group.of(self.container(short), self.kernel)

    def image(self, name: str) -> str:
        """Return the reference of the base image `name`, made ready if it is not."""
        if self.live:
            images.ensure(self.docker, [name], images.show_progress())
        return images.reference(name)

    # -- questions and exercises

    def predict(self, ident: str) -> questions.Shown:
        """Ask the prediction `ident` of this lab."""
        return questions.prediction(self._questions("predict", ident)[0])

    def quiz(self, ident: str) -> questions.Shown:
        """Show the quiz `ident` of this lab."""
        return questions.quiz(ident, self._questions("quiz", ident))

    def _questions(self, part: str, ident: str) -> tuple[questions.Question, ...]:
        language = os.environ.get("LABS_LANG", "en")
        translated = self.files / f"questions.{language}.yml"
        path = translated if translated.is_file() else self.files / "questions.yml"
        return questions.load(path, part, ident)

    def start(self, exercise: str) -> None:
        """Set up an exercise; anew if it stands already."""
        from helpers import checks

        checks.find(self.lab.ident, exercise).start(self)

    def check(self, exercise: str) -> cards.Card:
        """Look whether an exercise is solved, and say what was seen."""
        from helpers import checks

        found = checks.find(self.lab.ident, exercise)
        return cards.outcome(
            checks.run_check(found, self),
            _("`here.hint('{name}')` gives a hint, `here.solve('{name}')` a solution.").format(
                name=exercise
            ),
        )

    def hint(self, exercise: str, step: int = 1) -> cards.Card:
        """Return the hint number `step` (from 1) of an exercise, or the last there is."""
        from helpers import checks

        hints = checks.find(self.lab.ident, exercise).hints
        number = min(max(step, 1), len(hints))
        follows = "" if number == len(hints) else f"here.hint('{exercise}', {number + 1})"
        return cards.hint(hints[number - 1], number, len(hints), follows)

    def solve(self, exercise: str) -> None:
        """Play the reference solution of an exercise."""
        from helpers import checks

        checks.find(self.lab.ident, exercise).solve(self)

    # -- beginning and end

    def open_shell(self) -> None:
        """Make `!docker` in cells speak to this session's engine and label what it makes."""
        if isinstance(self.engine, Engine):
            folder = self.scratch / "bin"
            more = {"podman": self.podman.env} if "podman" in self.lab.needs else {}
            self._shell = shell.enter(folder, self.engine.endpoint, self.labels, more)

    def at_end(self, last: Callable[[], object]) -> None:
        """Have `last` called when the lab ends, before anything is removed; the latest first.

        Nothing it raises is heard of: the end must come.
        """
        self._last.append(last)

    def leave(self) -> None:
        """Let go of the engine and leave all that was made: another process's run, say."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def close(self) -> Removal:
        """Remove all that this run made; a second call does nothing. Never raises.

        Where the engine did not answer the run stays open, and the next call tries again.
        """
        if self._closed:
            return Removal()
        self._closed = True
        while self._last:
            with suppress(Exception):
                self._last.pop()()
        if self._shell is not None:
            self._shell.leave()
        removal = Removal()
        if not os.environ.get("RETAIN"):
            if isinstance(self.engine, Engine):
                try:
                    removal = cleaning.remove_run(self.docker, self.run)
                except EngineError as error:
                    self._closed = False
                    removal = Removal(failed=cleaning.unreachable(self.lab.ident, self.run, error))
            removal += scratch.remove(self.run)
        self.leave()
        return removal

    def clean_up(self) -> cards.Card:
        """End the lab: remove what it made and say what that was."""
        if os.environ.get("RETAIN"):
            self.close()
            return cards.Card(
                "not-yet",
                _("Kept."),
                _("RETAIN=1: this run's objects stay; `labs clean` removes them."),
            )
        return cleaning.card(self.close())


def new_run() -> str:
    """Return a run's name: four hex digits, fixed by LABS_RUN_ID (for recordings)."""
    return os.environ.get("LABS_RUN_ID") or secrets.token_hex(2)


_open: list[Session] = []  # of this process; more than one only where an engine went away


def begin(lab: Lab, engine_seen: Engine | Unavailable) -> Session:
    """Open a session in this process, ending the one that was open."""
    end()
    made = Session(lab, new_run(), engine_seen, owner.current())
    _open.append(made)
    made.open_shell()
    return made


def attach(lab: Lab, engine_seen: Engine) -> Session:
    """Return a session on a run of `lab` that lives in another process (a reader's kernel).

    Raises BookError where no such run is to be found. Closing it is the other's business.
    """
    with closing(open_client(engine_seen.endpoint)) as client:
        runs = {
            thing.run: thing.owner
            for thing in objects.lab_objects(client)
            if thing.lab == lab.ident and not owner.is_dead(thing.owner)
        }
    if not runs:
        raise BookError(
            _("No run of {lab} is under way on this engine.").format(lab=lab.ident),
            remedy=_("Open its notebook and run it up to the exercise; then try again."),
        )
    run, owned_by = sorted(runs.items())[-1]
    return Session(lab, run, engine_seen, owned_by)


def end() -> None:
    """Close what is open in this process: one session, and those whose engine had gone."""
    for each in _open:
        each.close()
    _open[:] = [each for each in _open if not each.closed]


atexit.register(end)
