"""The last results of the benchmarks, and the page that tells of them.

    python -m tools.performance                say whether results and page are in step
    python -m tools.performance --take FILE    take over what pytest-benchmark measured (its JSON)
    python -m tools.performance --write        write the page anew

What must hold stands in benchmarks/claims.yml, what was measured in benchmarks/results.json, both
told between two marks on book/about/performance.md. A benchmark states its claim with `judge`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from helpers import paths
from tools.sphinx.syllabus import with_part

FOLDER: Final = paths.ROOT / "benchmarks"
RESULTS: Final = FOLDER / "results.json"
PAGE: Final = paths.BOOK / "about" / "performance.md"
PART, SOURCE = "results", "benchmarks/results.json"
WARM_UP: Final = 2  # rounds that do not count
EXTRA: Final = "claims"  # where a benchmark keeps what it states, in pytest-benchmark's JSON


@dataclass(frozen=True)
class Claim:
    """What must stay so. against: what it is compared with. One of the bounds is given.

    missed: where the last result misses it, a few words on that; a test allows no other miss.
    """

    id: str
    task: str
    unit: str
    against: str = ""
    at_most: float | None = None
    at_least: float | None = None
    missed: str = ""

    @property
    def bound(self) -> str:
        """The bound as words."""
        word, value = ("at least", self.at_least) if self.at_most is None else self._most()
        return f"{word} {value:,g}"

    def _most(self) -> tuple[str, float | None]:
        return "at most", self.at_most

    def met(self, value: float) -> bool:
        """Tell whether a measured value keeps to the bound."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least


@dataclass(frozen=True)
class Result:
    """What was measured of a claim. ours, theirs: as words, `2.6 ms`. date: ISO."""

    value: float
    ours: str
    theirs: str
    date: str
    machine: str


@dataclass(frozen=True)
class Part:
    """A part of the page."""

    title: str
    claims: tuple[Claim, ...]


def parts(text: str | None = None) -> tuple[Part, ...]:
    """Read the claims. An unknown or missing field raises TypeError."""
    raw = yaml.safe_load(text or (FOLDER / "claims.yml").read_text(encoding="utf-8"))
    return tuple(
        Part(each["part"], tuple(Claim(**claim) for claim in each["claims"])) for each in raw
    )


def results(file: Path = RESULTS) -> dict[str, Result]:
    """Read what was measured, by the claims' ids."""
    raw = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {name: Result(**each) for name, each in raw.items()}


def in_turn(
    benchmark: Any,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int,
    clock: Callable[[], float] | None = None,
) -> tuple[list[float], list[float]]:
    """Time two acts in turn; return the seconds of processor time of each, its programs' too.

    In turn, so that a busy machine slows both; processor time, as it interrupts the longer act
    more often. clock: another one to go by.
    """
    times: tuple[list[float], list[float]] = ([], [])

    def both() -> None:
        for act, seconds in zip((ours, theirs), times, strict=True):
            gc.collect()
            seconds.append(timed(act, clock or processor_time))

    benchmark.pedantic(both, rounds=rounds, warmup_rounds=WARM_UP)
    return times[0][WARM_UP:], times[1][WARM_UP:]


def timed(act: Callable[[], object], clock: Callable[[], float] | None = None) -> float:
    """Return the seconds that `act` took, without throwing away what it made.

    clock: what to count; processor time if left out.
    """
    clock = clock or processor_time
    begin = clock()
    made = act()
    took = clock() - begin
    del made
    return took


def processor_time() -> float:
    """Return the seconds of processor time of this process and of the programs it has run."""
    spent = (
        resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return sum(each.ru_utime + each.ru_stime for each in spent)


def judge(benchmark: Any, name: str, value: float, ours: str = "", theirs: str = "") -> None:
    """State what a benchmark has measured of the claim `name`, and assert its bound.

    benchmark: pytest-benchmark's fixture, used already. ours, theirs: what `value` was made of.
    """
    claim = next(each for part in parts() for each in part.claims if each.id == name)
    stated = benchmark.extra_info.setdefault(EXTRA, {})
    stated[name] = {"value": float(f"{value:.3g}"), "ours": ours, "theirs": theirs}
    beside = f" ({ours}{' against ' + theirs if theirs else ''})" if ours else ""
    line = f"{claim.task}: {figure(value)} {claim.unit}{beside}; bound: {claim.bound}"
    print(f"\n{line}")
    assert claim.met(value), line


def figure(value: float) -> str:
    """Write a measured value with two digits, or all before the point."""
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


# -- what was measured


def taken(report: Mapping[str, Any], before: Mapping[str, Result]) -> dict[str, Result]:
    """Return the results, with those of a report of pytest-benchmark's in place of older ones."""
    machine = f"{os.cpu_count()} cores, Linux {platform.release()}, {python()}"
    found = {
        name: Result(**stated, date=str(report["datetime"])[:10], machine=machine)
        for each in report["benchmarks"]
        for name, stated in each["extra_info"].get(EXTRA, {}).items()
    }
    order = [claim.id for part in parts() for claim in part.claims]
    every = {**before, **found}
    return {name: every[name] for name in order if name in every}


def python() -> str:
    """Return what this Python calls itself."""
    return f"Python {platform.python_version()}"


# -- the page


def table(part: Part, measured: Mapping[str, Result]) -> str:
    """Return a part of the page: a heading and a table."""
    rows = "".join(row(claim, measured.get(claim.id)) for claim in part.claims)
    head = "| What | Measured | Bound | Made of |\n| --- | --- | --- | --- |\n"
    return f"\n## {part.title}\n\n{head}{rows}"


def row(claim: Claim, result: Result | None) -> str:
    """Return a claim's row."""
    task = f"{claim.task}, against {claim.against}" if claim.against else claim.task
    if result is None:
        return f"| {task} | not measured yet | {claim.bound} {claim.unit} | |\n"
    value = f"**{figure(result.value)}**"
    if not claim.met(result.value):
        value += f" (bound missed{': ' + claim.missed if claim.missed else ''})"
    made_of = " against ".join(filter(None, [result.ours, result.theirs]))
    return f"| {task} | {value} | {claim.bound} {claim.unit} | {made_of} |\n"


def told(page: str, claims: Sequence[Part], measured: Mapping[str, Result]) -> str:
    """Return the page's text with the results written between its marks."""
    tables = "".join(table(part, measured) for part in claims)
    dates = sorted({each.date for each in measured.values()})
    machines = sorted({each.machine for each in measured.values()})
    when = " to ".join(dict.fromkeys([dates[0], dates[-1]])) if dates else "never"
    said = f"\nMeasured {when}, on {'; '.join(machines)}, while other work ran beside.\n"
    return with_part(page, PART, f"{said}{tables}\n", SOURCE)


def write(results_: Mapping[str, Result], file: Path = RESULTS) -> None:
    """Store the results."""
    text = json.dumps({name: asdict(each) for name, each in results_.items()}, indent=1)
    file.write_text(f"{text}\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit status."""
    top = argparse.ArgumentParser("tools.performance", description=__doc__.partition("\n")[0])
    top.add_argument("--take", type=Path, metavar="FILE", help="pytest-benchmark's JSON")
    top.add_argument("--write", action="store_true", help="write the page anew")
    asked = top.parse_args(arguments)
    measured = results()
    if asked.take:
        measured = taken(json.loads(asked.take.read_text(encoding="utf-8")), measured)
        write(measured)
    before = PAGE.read_text(encoding="utf-8")
    now = told(before, parts(), measured)
    if asked.write or asked.take:
        PAGE.write_text(now, encoding="utf-8")
    elif now != before:
        print(f"{PAGE} is behind {RESULTS}: --write brings it up to date.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
