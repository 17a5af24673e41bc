"""The DockerCoins monitor: hashes against the model, waits, CPU and crew, second by second.

    monitor = Monitor(Watch(here.docker, net), here.at_end)
    monitor.show("rate")              hashes alone
    monitor.show(model=True)          all three plots, and what the model says of each moment

Each `show` displays what was seen so far and goes on from there; the one shown before stands
still. So each section of a page keeps what was to be seen then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from helpers.analysis import queueing
from helpers.records.coins_monitor import Look
from helpers.text import _
from helpers.views.showing import Frame, Showing
from helpers.views.still import MOST_ROWS, Still

if TYPE_CHECKING:
    from helpers.views.live import Widget

PLOTS: Final = ("rate", "wait", "cpu")
SERVICES: Final = ("worker", "rng", "hasher", "redis", "webui")
EVERY: Final = 1.0  # seconds: what looks must not disturb what it looks at


def state(plots: Sequence[str] = PLOTS, *, model: bool = True) -> dict[str, Any]:
    """Return what the front end draws all frames with. Raises ValueError for no such plot."""
    if not plots or not set(plots) <= set(PLOTS):
        raise ValueError(f"plots are some of {', '.join(PLOTS)}, not {', '.join(plots) or 'none'}")
    kept = [plot for plot in PLOTS if plot in plots]
    return {"services": list(SERVICES), "plots": kept, "model": model}


def frame(look: Look, began: float, times: queueing.Times = queueing.DOCKERCOINS) -> dict[str, Any]:
    """Return a look as plain JSON, rounded to what can be seen; None is what is not known.

    began: the time line's 0, on the look's clock. rate, allows and cap are hashes/s (allows:
    what the model gives this crew; cap: what its rngs give any crew), rng, hasher and expects
    milliseconds (expects: the model's wait for rng), cpu percent of a core, in the order of
    SERVICES.
    """
    model = None
    if look.workers and look.rngs:
        model = queueing.deterministic(look.workers, look.rngs, times)
    return {
        "at": round(max(look.at - began, 0), 1),
        "workers": look.workers,
        "rngs": look.rngs,
        "rate": None if look.rate is None else round(look.rate, 1),
        "allows": round(model.throughput, 1) if model else 0,
        "cap": round(queueing.cap(look.rngs, times), 1),
        "rng": _milliseconds(look.rng),
        "expects": _milliseconds(model.rng_latency if model else None),
        "hasher": _milliseconds(look.hasher),
        "cpu": [_percent(look.cores.get(service)) for service in SERVICES],
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _percent(cores: float | None) -> float | None:
    return None if cores is None else round(cores * 100, 1)


# -- in words


def title(state: Mapping[str, Any]) -> str:
    """Return what a monitor with these plots is about."""
    if "wait" in state["plots"]:
        return _("What DockerCoins makes, and what it waits for")
    return _("What DockerCoins makes")


def texts() -> dict[str, str]:
    """Return the front end's sentences."""
    return _texts_of_the_picture() | _texts_in_words()


def _texts_of_the_picture() -> dict[str, str]:
    return {
        "crew": _("Containers"),
        "rate plot": _("Hashes a second"),
        "wait plot": _("Waiting for an answer (ms)"),
        "cpu plot": _("Busiest container's CPU (% of a core)"),
        "measured": _("measured {value}"),
        "model": _("model {value}"),
        "cap": _("cap of rng {value}"),
        "rng": _("rng {value}"),
        "hasher": _("hasher {value}"),
        "one core": _("one core"),
        "percent": _("{service} {value} %"),
        "picture name": _("Hashes, waits and CPU over time"),
    }


def _texts_in_words() -> dict[str, str]:
    return {
        "unknown": _("not known"),
        "number unknown": _("?"),
        "says nothing": _("Nothing has been seen yet."),
        "one worker": _("1 worker"),
        "workers": _("{count} workers"),
        "rngs": _("{count} rng"),
        "says rate": _("At {at} s: {workers} and {rngs} make {rate} hashes/s."),
        "says no rate": _("At {at} s: {workers} and {rngs}; how much they make is not known."),
        "says model": _("The model allows {allows}."),
        "says waits": _("rng takes {rng} ms, hasher {hasher} ms."),
        "says no waits": _("How long rng and hasher take is not known."),
        "says cpu": _("No container uses more than {cpu} % of a core."),
        "says some cpu": _("No container whose CPU is known uses more than {cpu} % of a core."),
        "says no cpu": _("What CPU they use is not known."),
        "head at": _("seconds"),
        "head workers": _("workers"),
        "head rngs": _("rng"),
        "head rate": _("hashes/s"),
        "head allows": _("model"),
        "head rng": _("rng, ms"),
        "head hasher": _("hasher, ms"),
        "head cpu": _("CPU of {service}, %"),
    }


def words(frames: Sequence[Frame], state: Mapping[str, Any]) -> str:
    """Return the last frame in sentences; `coins.mjs` says the same of any frame."""
    if not frames:
        return texts()["says nothing"]
    seen, plots = frames[-1], state["plots"]
    said = [_says_rate(seen)]
    if state["model"]:
        said.append(texts()["says model"].format(allows=_cell(seen["allows"])))
    if "wait" in plots:
        said.append(_says_waits(seen))
    if "cpu" in plots:
        said.append(_says_cpu(seen))
    return " ".join(said)


def _says_rate(seen: Frame) -> str:
    said, one = texts(), seen["workers"] == 1
    return said["says no rate" if seen["rate"] is None else "says rate"].format(
        at=round(seen["at"]),
        workers=said["one worker" if one else "workers"].format(count=seen["workers"]),
        rngs=said["rngs"].format(count=seen["rngs"]),
        rate=_cell(seen["rate"]),
    )


def _says_waits(seen: Frame) -> str:
    if seen["rng"] is None or seen["hasher"] is None:
        return texts()["says no waits"]
    return texts()["says waits"].format(rng=seen["rng"], hasher=seen["hasher"])


def _says_cpu(seen: Frame) -> str:
    known = [part for part in seen["cpu"] if part is not None]
    if not known:
        return texts()["says no cpu"]
    key = "says cpu" if len(known) == len(SERVICES) else "says some cpu"
    return texts()[key].format(cpu=_cell(max(known)))


def still(frames: Sequence[Frame], state: Mapping[str, Any]) -> Still:
    """Return words, and a table of the frames, evenly thinned where they are many."""
    said, names = texts(), columns(state)
    head = [said[f"head {key}"] for key in ("at", *names)]
    cpu = "cpu" in state["plots"]
    if cpu:
        head += [said["head cpu"].format(service=service) for service in SERVICES]
    rows = [
        [str(round(each["at"])), *(_cell(each[name]) for name in names),
         *map(_cell, each["cpu"] if cpu else ())]
        for each in _thinned(frames)
    ]  # fmt: skip
    return Still(words(frames, state), head, rows)


def columns(state: Mapping[str, Any]) -> list[str]:
    """Return what of a frame a table has, besides time and CPU; `coins.mjs` has the same."""
    waits = ["rng", "hasher"] if "wait" in state["plots"] else []
    return ["workers", "rngs", "rate", *(["allows"] if state["model"] else []), *waits]


def _cell(value: float | None) -> str:
    return texts()["unknown"] if value is None else f"{value:g}"


def _thinned(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Return so few frames, evenly, that a table of them can be read; the last is one."""
    step = -(-len(frames) // MOST_ROWS) or 1
    return frames[::-1][::step][::-1]


# -- live


class Watching(Protocol):
    """Who looks: helpers.drivers.coins_monitor.Watch, or a test."""

    def look(self) -> Look:
        """Look once. Raises LabError."""

    def close(self) -> None:
        """Let go of what it looks through."""


class Monitor:
    """Shows what `watch` sees, once a second, while somebody can see it.

    at_end: is given what to call when the lab ends.
    """

    def __init__(
        self, watch: Watching, at_end: Callable[[Callable[[], object]], object], *,
        every: float = EVERY,
    ) -> None:  # fmt: skip
        self._watch = watch
        self._began: float | None = None
        self._showing = Showing(self._sample, still, every)
        at_end(self.stop)

    def show(self, *plots: str, model: bool = False) -> Widget:
        """Display what was seen so far, and go on; what was shown before stands still.

        plots: some of PLOTS, all where none is named. model: draw what the model says, too.
        A cell that is to show it while it works on calls this first.
        """
        from helpers.views import live  # not at the top: it takes its time to import

        given = state(plots or PLOTS, model=model)
        return self._showing.show(
            lambda frames: live.show(
                "coins",
                title=title(given),
                state=given,
                frames=frames,
                texts=texts(),
                still=still(frames, given),
            )
        )

    def stop(self) -> None:
        """Look no more; what is shown stays."""
        self._showing.settle()
        self._watch.close()

    def _sample(self) -> Frame:
        look = self._watch.look()
        if self._began is None:
            self._began = look.at
        return frame(look, self._began)
