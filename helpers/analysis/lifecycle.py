"""From the engine's events to the lives of its containers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from helpers.records.docker import Event
from helpers.records.lifecycle import Ending, Life, Sent, Span, State

# The state an event leads to: the words of Docker's API, and of Podman's where they differ.
LEADS_TO: Final[dict[str, State]] = {
    "create": "created",
    "start": "running",
    "unpause": "running",
    "pause": "paused",
    "die": "exited",
    "died": "exited",
}
REMOVED: Final = frozenset({"destroy", "remove"})

# Linux on x86 and ARM, from 1: signal(7). Containers run Linux whatever the reader's
# machine runs, so Python's own table (macOS: 10 is SIGBUS) will not do.
_NAMES = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT "
    "CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
)
SIGNALS: Final = {n: f"SIG{name}" for n, name in enumerate(_NAMES.split(), 1)}
BY_SIGNAL: Final = 128  # an exit code above it stands for a signal: bash(1), "EXIT STATUS"


def lives(events: Iterable[Event], *, until: float | None = None) -> tuple[Life, ...]:
    """Return the life of each container that `events` speak of, in order of appearance.

    until: up to when a state that no event ends is drawn out (seconds since the epoch;
    default: the last event). The engine keeps only its last 256 events, so a life may
    begin in the middle: then it begins with the first change of state there is.
    """
    told = sorted((e for e in events if e.kind == "container"), key=lambda e: e.at)
    if not told:
        return ()
    end = told[-1].at if until is None else until
    return tuple(_life(chapter, end) for chapter in _by_container(told))


def _by_container(events: Iterable[Event]) -> list[list[Event]]:
    """Divide events by container; a name used again after a removal is another container."""
    found: list[list[Event]] = []
    open_now: dict[str, list[Event]] = {}
    for event in events:
        if event.name not in open_now:
            open_now[event.name] = []
            found.append(open_now[event.name])
        open_now[event.name].append(event)
        if event.action in REMOVED:
            del open_now[event.name]
    return found


def _life(events: list[Event], until: float) -> Life:
    removed = events[-1].at if events[-1].action in REMOVED else None
    return Life(
        name=events[0].name,
        spans=tuple(_spans(events, until if removed is None else removed)),
        signals=tuple(_sent(event) for event in events if event.action == "kill"),
        endings=tuple(_endings(events)),
        removed=removed,
    )


def _spans(events: list[Event], until: float) -> Iterator[Span]:
    changes = [(event.at, LEADS_TO[event.action]) for event in events if event.action in LEADS_TO]
    ends = [at for at, _state in changes[1:]] + [until]
    for (begins, state), ends_at in zip(changes, ends, strict=False):
        if ends_at > begins:
            yield Span(state, begins, ends_at)


def _endings(events: list[Event]) -> Iterator[Ending]:
    signals: list[Sent] = []
    for event in events:
        if event.action == "start":
            signals = []
        elif event.action == "kill":
            signals.append(_sent(event))
        elif LEADS_TO.get(event.action) == "exited":
            code = event.get("exitCode") or event.get("containerExitCode") or "0"
            yield Ending(event.at, int(code), tuple(signals))


def _sent(event: Event) -> Sent:
    return Sent(event.at, signal_name(event.get("signal")))


def signal_name(word: str) -> str:
    """Return "SIGTERM" for "15", "SIGTERM" or "term"; what names no signal comes back as it is."""
    if word.isdecimal():
        return SIGNALS.get(int(word), word)
    full = word.upper() if word.upper().startswith("SIG") else f"SIG{word.upper()}"
    return full if full in SIGNALS.values() else word


def ended_by(exit_code: int) -> str | None:
    """Return the signal that an exit code stands for ("SIGKILL" for 137), None for none."""
    return SIGNALS.get(exit_code - BY_SIGNAL)
