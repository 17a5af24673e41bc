"""What happens when a notebook's first cell runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from IPython.core.getipython import get_ipython
from IPython.display import clear_output, display

from helpers.drivers import images
from helpers.drivers.engine import engine_errors
from helpers.errors import EngineUnavailable, LabError
from helpers.host import probe
from helpers.labs import catalog, cleaning, lost_engine, replay, session
from helpers.records.host import Capabilities, Engine, Unavailable
from helpers.records.images import Step
from helpers.records.lab import Lab, Level
from helpers.text import _
from helpers.views import cards


def open_lab(ident: str) -> session.Session:
    """See `helpers.labs.lab`."""
    lab = catalog.load(ident)
    seen = probe()
    lacking = catalog.missing(lab.needs, seen)
    shell = get_ipython()
    if shell is not None:
        replay.uninstall(shell)
        lost_engine.unwatch(shell)
    if lacking:
        engine: Engine | Unavailable = lacking[0][1]
        here = session.begin(lab, engine)
        if shell is not None:
            replay.install(shell, catalog.recording(lab), lacking)
    else:
        here = session.begin(lab, seen.engine)
        if "docker" in lab.needs:
            _make_ready(here)
            if shell is not None and isinstance(seen.engine, Engine):
                lost_engine.watch(shell, seen.engine.endpoint)
    display(ribbon(lab, seen, lacking))  # type: ignore[no-untyped-call]
    return here


def _make_ready(here: session.Session) -> None:
    """Sweep what dead runs left, get the base images, and see a container run."""
    cleaning.sweep(here.docker)
    _get_images(here)
    try:
        with engine_errors():
            here.docker.containers.run(
                images.reference("busybox"),
                "true",
                name=here.name("preflight"),
                labels=here.labels,
                remove=True,
                network_mode="none",
            )
    except EngineUnavailable:
        raise
    except LabError as error:
        raise LabError(
            _("The engine answers but cannot run a container: {error}").format(error=error),
            remedy=_("`labs doctor` looks at the rest."),
        ) from error


def _get_images(here: session.Session) -> None:
    """Make the lab's base images ready; what is shown meanwhile goes when they are."""
    shown = False
    show = images.show_progress()

    def progress(image: str, step: Step, done: float | None, line: str) -> None:
        nonlocal shown
        shown = True
        show(image, step, done, line)

    images.ensure(here.docker, ["busybox", *here.lab.images], progress)
    if shown and get_ipython() is not None:
        clear_output()  # type: ignore[no-untyped-call]


def ribbon(lab: Lab, seen: Capabilities, lacking: Sequence[tuple[str, Unavailable]]) -> cards.Card:
    """Return the line under the first cell: which level this page has here, and why."""
    level: Level = "recorded" if lacking else lab.level
    if lacking:
        text = " ".join(
            [
                replay.recorded_on(lab),
                *(
                    _("Here, {reason}. {remedy}").format(reason=why.reason, remedy=why.remedy)
                    for _need, why in lacking
                ),
            ]
        )
        return cards.ribbon(level, text.strip())
    if level == "live" and isinstance(seen.engine, Engine):
        text = _(
            "on {name} {version} ({storage}), cgroup {cgroup}, kernel {kernel}, {date}. "
            "Everything made here goes away at the end."
        ).format(
            # A stored "live" without its day would claim too much when it is read later.
            date=datetime.now(tz=UTC).date().isoformat(),
            name=seen.engine.name,
            version=seen.engine.version,
            storage=seen.engine.storage,
            cgroup=seen.engine.cgroup,
            kernel=seen.engine.kernel,
        )
        return cards.ribbon(level, text)
    return cards.ribbon(level, _("on this machine."))
