"""The DockerCoins monitor: what logs and counters tell, and what is shown of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from helpers.analysis import coins_monitor as analysis
from helpers.errors import LabError
from helpers.records.coins_monitor import Look, Report, Usage
from helpers.views import coins_monitor as view
from helpers.views import live
from helpers.waiting import wait_until

CORES = {"worker": 0.0184, "rng": 0.03, "hasher": 0.02, "redis": 0.004, "webui": 0.001}
TEN = Look(142.4, 10, 1, 9.93, 0.8004, 0.1101, CORES)


def log(*lines: dict[str, Any] | str) -> str:
    """Return a worker's log."""
    return "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)


def reported(at: float, hashes: int, rng: float = 0.1, hasher: float = 0.1) -> dict[str, Any]:
    """Return a line as the book's worker writes it."""
    seconds = {"rng": rng, "hasher": hasher}
    return {"time": at, "event": "reported", "hashes": hashes, "seconds": seconds}


def steady(count: int, every: float, hashes: int, start: float = 0.0) -> tuple[Report, ...]:
    """Return the reports of a worker that makes `hashes` in each `every` seconds."""
    times = [start + number * every for number in range(count + 1)]
    return tuple(Report(a, b, hashes, 0.1, 0.1) for a, b in pairwise(times))


# -- from logs


def test_a_report_covers_the_time_since_the_one_before() -> None:
    """The first one in sight has no beginning unless the worker's own is in sight too."""
    found = analysis.reports(
        log(reported(5.0, 4), {"time": 5.5, "event": "retry"}, reported(6.2, 3))
    )
    assert [(each.begin, each.at, each.hashes) for each in found] == [(None, 5.0, 4), (5.0, 6.2, 3)]
    begun = analysis.reports(log({"time": 1.0, "event": "ready"}, reported(2.1, 3)))
    assert [(each.begin, each.hashes) for each in begun] == [(None, 0), (1.0, 3)]


def test_a_worker_that_began_anew_made_nothing_in_between() -> None:
    """After `docker restart` the log goes on, and the time it was away is nobody's."""
    found = analysis.reports(
        log(reported(5.0, 4), {"time": 60.0, "event": "ready"}, reported(61.0, 3))
    )
    assert found[-1].begin == 60.0


@pytest.mark.parametrize("line", ["no JSON", "[1]", '{"time": "now"}', '{"event": "reported"}', ""])
def test_other_lines_are_passed_over(line: str) -> None:
    """A log holds what a program writes, and a reader may change the program."""
    assert analysis.reports(log(line, reported(2.0, 1)))[0].hashes == 1


@pytest.mark.parametrize(("workers", "every", "hashes"), [(1, 1.2, 4), (10, 1.0, 1), (20, 2.0, 1)])
def test_the_rate_has_no_steps(workers: int, every: float, hashes: int) -> None:
    """Whenever one looks, evenly made hashes give the same rate, exactly."""
    made = {str(n): steady(12, every, hashes, start=n * 0.07) for n in range(workers)}
    for now in (10.4, 10.9, 11.3):
        seen = {name: [r for r in told if r.at <= now] for name, told in made.items()}
        span = analysis.span(seen, now)
        assert span is not None
        assert analysis.rate(seen, *span) == pytest.approx(workers * hashes / every)
        assert now - span[1] <= every + 0.1


def test_a_silent_worker_makes_nothing() -> None:
    """Where reports end, the rate goes to 0 within the patience and the window."""
    made = {"a": steady(10, 1.0, 3)}
    rates = []
    for now in (10.5, 15.0, 30.0):
        span = analysis.span(made, now)
        assert span is not None
        rates.append(analysis.rate(made, *span))
    assert rates[0] == pytest.approx(3)
    assert 0 < rates[1] < 3
    assert rates[2] == 0


def test_slow_workers_are_waited_for() -> None:
    """A hundred workers report every ten seconds, and are not silent for that."""
    made = {"a": steady(4, 10.0, 1)}
    assert analysis.span(made, 49.0) == (35.0, 40.0)


def test_too_short_a_time_gives_no_rate() -> None:
    """Nobody has reported yet, or has only begun to."""
    assert analysis.span({}, 5.0) is None
    assert analysis.span({"a": ()}, 5.0) is None
    assert analysis.span({"a": steady(1, 1.0, 3)}, 1.5) is None


def test_waits_are_weighed_by_hashes_within_the_span() -> None:
    """A report half within counts half; one from before does not count."""
    made = {"a": [Report(0, 1, 9, 9.0, 9.0), Report(1, 3, 4, 0.2, None), Report(3, 4, 2, 0.8, 0.1)]}
    assert analysis.waits(made, 2, 4) == (pytest.approx(0.5), pytest.approx(0.1))
    assert analysis.waits(made, 5, 6) == (None, None)


def test_the_busiest_container_counts() -> None:
    """Nine idle copies must not hide a busy one; a copy that has only come is left out."""
    idle, busy = [Usage(0, 1.0), Usage(2, 1.02)], [Usage(0, 5.0), Usage(1, 5.5), Usage(2, 6.0)]
    assert analysis.busiest([idle, busy, [Usage(2, 0.3)]]) == pytest.approx(0.5)
    assert analysis.busiest([[Usage(2, 0.3)]]) is None


def test_cpu_that_is_not_counted_is_not_zero() -> None:
    """One container that nobody counts makes its service's figure unknown."""
    assert analysis.busiest([[Usage(0, 1.0), Usage(1, 1.1)], [Usage(0, None)]]) is None
    assert analysis.busiest([[Usage(0, 1.0), Usage(0, 1.0)]]) is None


# -- to what is shown


def test_a_frame_is_rounded_to_what_can_be_seen() -> None:
    """It holds what was measured and what the model says of the same crew."""
    assert view.frame(TEN, began=100.0) == {
        "at": 42.4,
        "workers": 10,
        "rngs": 1,
        "rate": 9.9,
        "allows": 10.0,
        "cap": 10.0,
        "rng": 800,
        "expects": 800,
        "hasher": 110,
        "cpu": [1.8, 3.0, 2.0, 0.4, 0.1],
    }
    assert len(json.dumps(view.frame(TEN, 100.0))) < 200


def test_the_model_allows_nothing_without_a_crew() -> None:
    """No rng, no hashes: no error either."""
    alone = view.frame(Look(0.0, 3, 0, 0.0, None, None, {}), 0.0)
    assert (alone["allows"], alone["cap"], alone["expects"]) == (0, 0, None)
    assert alone["cpu"] == [None] * 5


def test_words_say_the_last_frame() -> None:
    """The sentences are the front end's own, filled with numbers as one says them."""
    two = Look(150.0, 1, 2, 3.3, 0.1, 0.1, {**CORES, "webui": None})
    assert view.words([view.frame(TEN, 100.0)], view.state()) == (
        "At 42 s: 10 workers and 1 rng make 9.9 hashes/s. The model allows 10. "
        "rng takes 800 ms, hasher 110 ms. No container uses more than 3 % of a core."
    )
    assert view.words([view.frame(two, 100.0)], view.state()) == (
        "At 50 s: 1 worker and 2 rng make 3.3 hashes/s. The model allows 3.3. "
        "rng takes 100 ms, hasher 100 ms. "
        "No container whose CPU is known uses more than 3 % of a core."
    )
    assert view.words([], view.state()) == "Nothing has been seen yet."


def test_what_is_not_known_is_said() -> None:
    """In words and in the table, and never as 0."""
    nothing = view.frame(Look(0.0, 1, 1, None, None, None, {}), 0.0)
    assert view.words([nothing], view.state()).count("not known") == 3
    assert view.still([nothing], view.state()).rows[0] == [
        *("0", "1", "1", "not known", "3.3", "not known", "not known"),
        *["not known"] * 5,
    ]


def test_what_is_not_drawn_is_not_said() -> None:
    """A section that asks who holds the others up must not answer before the reader does."""
    given = view.state(["rate"], model=False)
    found = view.still([view.frame(TEN, 100.0)], given)
    assert found.words == "At 42 s: 10 workers and 1 rng make 9.9 hashes/s."
    assert (len(found.head), found.rows) == (4, [["42", "10", "1", "9.9"]])
    assert view.title(given) != view.title(view.state())
    with pytest.raises(ValueError, match="not memory"):
        view.state(["memory"])


def test_a_long_time_line_makes_a_short_table() -> None:
    """Evenly thinned, with the last moment in it."""
    frames = [view.frame(Look(at, 1, 1, 3.3, 0.1, 0.1, CORES), 0.0) for at in range(151)]
    rows = view.still(frames, view.state()).rows
    assert len(rows) <= 60
    assert (rows[-2][0], rows[-1][0]) == ("147", "150")


# -- live


class Scripted:
    """Stands for a Watch: looks a second apart, and an end."""

    def __init__(self, most: int = 1000) -> None:
        self.looks, self.most, self.closed = 0, most, False

    def look(self) -> Look:
        if self.looks == self.most:
            raise LabError("DockerCoins has gone.", remedy="Begin anew.")
        self.looks += 1
        return Look(100.0 + self.looks, 1, 1, 3.2, 0.1, 0.1, CORES)

    def close(self) -> None:
        self.closed = True


def started(watch: Scripted) -> tuple[view.Monitor, list[Callable[[], object]]]:
    """Return a quick monitor, and what is to be called at the end of its lab."""
    at_end: list[Callable[[], object]] = []
    return view.Monitor(watch, at_end.append, every=0.01), at_end


def test_each_display_keeps_what_was_to_be_seen_then() -> None:
    """The next goes on from there, at the same zero; the one before gets no more."""
    monitor, at_end = started(Scripted())
    first = monitor.show()
    wait_until(lambda: len(first.frames) > 2, what="frames")
    second = monitor.show()
    kept = list(first.frames)
    wait_until(lambda: len(second.frames) > len(kept) + 1, what="more frames")
    at_end[0]()
    assert first.frames == kept
    assert second.frames[: len(kept)] == kept
    assert [each["at"] for each in second.frames] == [float(n) for n in range(len(second.frames))]
    assert "1 worker and 1 rng make 3.2 hashes/s" in str(first.still)
    assert second.get_state("frames")["frames"] == second.frames


def test_the_end_of_the_lab_ends_the_looking() -> None:
    """Nothing is looked at afterwards, and what was looked through is closed."""
    watch = Scripted()
    monitor, at_end = started(watch)
    widget = monitor.show()
    wait_until(lambda: widget.frames, what="a frame")
    at_end[0]()
    looks = watch.looks
    assert watch.closed
    assert _still(watch)
    assert watch.looks == looks
    monitor.stop()  # a second end does no harm


def test_containers_that_have_gone_end_the_looking() -> None:
    """One sentence takes the place of the words; what was seen stays."""
    monitor, _at_end = started(Scripted(most=3))
    widget = monitor.show()
    wait_until(lambda: widget.error, what="the sentence")
    assert "DockerCoins has gone." in widget.error
    assert len(widget.frames) == 3
    monitor.stop()


def test_nobody_looks_while_it_is_out_of_sight() -> None:
    """The engine is left alone until the reader comes back."""
    watch = Scripted()
    monitor, _at_end = started(watch)
    widget = monitor.show()
    wait_until(lambda: widget.frames, what="a frame")
    widget.watched = False
    wait_until(lambda: _still(watch), what="rest")
    widget.watched = True
    looks = watch.looks
    wait_until(lambda: watch.looks > looks, what="another look")
    monitor.stop()


def _still(watch: Scripted) -> bool:
    before = watch.looks
    time.sleep(0.1)
    return watch.looks == before


def test_a_recorded_monitor_is_shown_again() -> None:
    """On Binder it has its time line, says when it was recorded, and looks at nothing."""
    frames = [view.frame(TEN, 100.0)]
    given = {
        "state": view.state(),
        "texts": view.texts(),
        "still": view.still(frames, view.state()),
    }
    stored = live.show("coins", title="T", frames=frames, **given).get_state()
    widget = live.restore(stored, "2026-11-24")
    assert (widget.level, widget.recorded, widget.frames) == ("recorded", "2026-11-24", frames)
    assert widget._esm == live.front_end("coins")
