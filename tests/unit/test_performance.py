"""The page of the benchmarks is what was measured, and every promise was measured and kept."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from helpers import paths
from tools import performance
from tools.performance import Claim, Part, Result, judge, parts, results, told

FAST = Claim("fast", "A task", "times as fast", "`other`", at_least=500)
SHORT = Claim("short", "Another", "times as long", "C", at_most=3.5)
MARKS = "head\n<!-- written from benchmarks/results.json: results -->\n{}<!-- end of results -->\n"


def result(value: float, date: str = "2026-11-28") -> Result:
    return Result(value, "2 ms", "1 s", date, "2 cores")


def test_page_and_results_are_in_step() -> None:
    """What the page says is what benchmarks/results.json holds."""
    page = performance.PAGE.read_text(encoding="utf-8")
    assert told(page, parts(), results()) == page


def test_what_was_measured_was_met() -> None:
    """No result misses its bound but those that are said to; those of the kernel are all there."""
    measured, [kernel, *_others] = results(), parts()
    every = {claim.id: claim for part in parts() for claim in part.claims}
    assert set(measured) <= set(every)
    assert {claim.id for claim in kernel.claims} <= set(measured)
    missed = {name for name, each in measured.items() if not every[name].met(each.value)}
    assert missed == {name for name in measured if every[name].missed}


def test_every_claim_is_judged_by_a_benchmark() -> None:
    """Each id stands in a benchmark, so that none of the results is left from a lost one."""
    folder = paths.ROOT / "benchmarks"
    code = "".join(file.read_text(encoding="utf-8") for file in folder.glob("test_*.py"))
    stated = [re.compile(each) for each in _patterns(code)]
    every = [claim.id for part in parts() for claim in part.claims]
    assert [name for name in every if not any(each.fullmatch(name) for each in stated)] == []


def _patterns(code: str) -> list[str]:
    """Return the ids given to `judge` or `stated`; a field in one stands for a word."""
    found = re.findall(r'(?:judge|stated)\(benchmark, f?"([\w{}-]+)"', code)
    return [re.sub(r"\{\w+\}", r"\\w+", each) for each in found]


def test_bounds_hold_in_their_direction() -> None:
    """At most and at least are told apart, in words and in judgement."""
    assert (FAST.bound, SHORT.bound) == ("at least 500", "at most 3.5")
    assert (FAST.met(500), FAST.met(499)) == (True, False)
    assert (SHORT.met(3.5), SHORT.met(3.6)) == (True, False)


def test_a_missed_bound_fails_the_benchmark_and_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ratio is printed beside its bound, whether it is met or not."""
    monkeypatch.setattr(performance, "parts", lambda: (Part("All", (FAST, SHORT)),))

    benchmark = SimpleNamespace(extra_info={})
    judge(benchmark, "fast", 4100.2, "2 ms", "1 s")
    assert "4,100 times as fast (2 ms against 1 s); bound: at least 500" in capsys.readouterr().out
    with pytest.raises(AssertionError, match=r"4\.0 times as long; bound: at most 3\.5"):
        judge(benchmark, "short", 4.0)
    assert benchmark.extra_info["claims"]["short"]["value"] == 4.0


def test_a_new_result_replaces_the_old_one_of_its_claim_alone() -> None:
    """What was not measured this time keeps its value and its date."""
    stated = {"claims": {"stats": {"value": 600, "ours": "", "theirs": ""}}}
    report = {"datetime": "2026-12-01T10:00:00", "benchmarks": [{"extra_info": stated}]}
    before = {"sampling": result(2.9), "stats": result(550)}
    now = performance.taken(report, before)
    assert now["sampling"] == before["sampling"]
    assert (now["stats"].value, now["stats"].date) == (600, "2026-12-01")
    assert list(now) == ["sampling", "stats"]


def test_the_page_tells_what_is_missing_and_what_is_missed() -> None:
    """A claim without result, and one beyond its bound, say so on the page."""
    page = told(MARKS.format(""), [Part("All", (FAST, SHORT))], {"short": result(4)})
    assert "| A task, against `other` | not measured yet | at least 500 times as fast | |" in page
    assert "| **4.0** (bound missed) | at most 3.5 times as long | 2 ms against 1 s |" in page
    assert told(page, [Part("All", (FAST, SHORT))], {"short": result(4)}) == page


def test_parts_of_a_second_are_not_lost() -> None:
    """Large figures have no digits after the point, small ones two that count."""
    assert [performance.figure(n) for n in (4123.4, 74.3, 2.86, 0.0374)] == [
        "4,123",
        "74",
        "2.9",
        "0.037",
    ]
