"""The engine's events become lives, and lives a timeline that says the same in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.analysis import lifecycle
from helpers.records.docker import Event
from helpers.records.lifecycle import Life, Sent
from helpers.views.lifecycle import timeline


def event(at: float, action: str, name: str = "web", **attributes: str) -> Event:
    """Return a container's event as the driver gives it."""
    return Event(at, "container", action, name, tuple(sorted(attributes.items())))


DEAF = (
    event(0.0, "create"),
    event(0.5, "start"),
    event(1.0, "kill", signal="15"),
    event(3.0, "kill", signal="9"),
    event(3.1, "die", exitCode="137"),
    event(3.2, "stop"),
    event(4.0, "destroy"),
)
POLITE = (
    event(0.1, "create", "shop"),
    event(0.6, "start", "shop"),
    event(1.0, "kill", "shop", signal="15"),
    event(1.2, "die", "shop", exitCode="0"),
)


def states(life: Life) -> list[tuple[str, float, float]]:
    """Return a life's states with their beginning and end."""
    return [(span.state, span.begins, span.ends) for span in life.spans]


# -- events to lives


def test_states_follow_each_other_from_creation_to_removal() -> None:
    """Each state lasts until the next one begins, the last one until the removal."""
    (life,) = lifecycle.lives(DEAF)
    assert states(life) == [("created", 0, 0.5), ("running", 0.5, 3.1), ("exited", 3.1, 4.0)]
    assert life.removed == 4.0


def test_a_pause_divides_a_run() -> None:
    """Paused is a state of its own, and what comes after is running again."""
    paused = [event(0, "start"), event(1, "pause"), event(3, "unpause"), event(4, "die")]
    (life,) = lifecycle.lives(paused, until=5)
    assert states(life) == [
        ("running", 0, 1),
        ("paused", 1, 3),
        ("running", 3, 4),
        ("exited", 4, 5),
    ]


def test_an_ending_knows_its_signals_and_how_long_it_took() -> None:
    """The time runs from the first signal of that run to the death of PID 1."""
    (life,) = lifecycle.lives(DEAF)
    (ending,) = life.endings
    assert [signal.name for signal in ending.signals] == ["SIGTERM", "SIGKILL"]
    assert ending.exit_code == 137
    assert ending.seconds == pytest.approx(2.1)


def test_a_second_run_starts_without_the_first_ones_signals() -> None:
    """Signals belong to the run in which they were sent."""
    again = [*POLITE, event(2, "start", "shop"), event(3, "die", "shop", exitCode="1")]
    first, second = lifecycle.lives(again)[0].endings
    assert first.signals == (Sent(1.0, "SIGTERM"),)
    assert (second.signals, second.seconds, second.exit_code) == ((), None, 1)


def test_a_name_used_again_is_another_container() -> None:
    """What is created after a removal has a life of its own, though the name is the same."""
    lives = lifecycle.lives([*DEAF, event(5, "create"), event(6, "start")], until=7)
    assert [states(life)[0] for life in lives] == [("created", 0, 0.5), ("created", 5, 6)]
    assert [life.removed for life in lives] == [4.0, None]


def test_a_life_of_which_the_beginning_is_lost_begins_in_the_middle() -> None:
    """The engine forgets old events; what it still knows is told, nothing is made up."""
    (life,) = lifecycle.lives(DEAF[2:])
    assert states(life) == [("exited", 3.1, 4.0)]
    assert [signal.name for signal in life.signals] == ["SIGTERM", "SIGKILL"]


def test_other_things_events_are_left_out() -> None:
    """Networks and images have events too, and none of them is a container's life."""
    network = Event(0.2, "network", "create", "web-net")
    assert lifecycle.lives([network]) == ()
    assert len(lifecycle.lives([network, *POLITE])) == 1


ACTIONS = ["create", "start", "pause", "unpause", "die", "kill", "stop", "destroy", "exec_die"]


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from(ACTIONS), st.sampled_from("ab"))))
def test_states_never_overlap_and_never_leave_a_gap(told: list[tuple[int, str, str]]) -> None:
    """Whatever the order of events, a life is one unbroken row of states with positive length."""
    for life in lifecycle.lives([event(at, what, who) for at, what, who in told]):
        assert all(span.seconds > 0 for span in life.spans)
        pairs = zip(life.spans, life.spans[1:], strict=False)
        assert all(before.ends == after.begins for before, after in pairs)


@pytest.mark.parametrize(
    ("word", "name"),
    [("15", "SIGTERM"), ("9", "SIGKILL"), ("SIGHUP", "SIGHUP"), ("int", "SIGINT"), ("99", "99")],
)
def test_signals_have_names(word: str, name: str) -> None:
    """Engines write a signal as a number or as a name; readers get the name."""
    assert lifecycle.signal_name(word) == name


@pytest.mark.parametrize(
    ("code", "name"),
    [(137, "SIGKILL"), (143, "SIGTERM"), (130, "SIGINT"), (0, None), (1, None), (255, None)],
)
def test_exit_codes_above_128_stand_for_signals(code: int, name: str | None) -> None:
    """128 + n is signal n, and ordinary exit codes stand for none."""
    assert lifecycle.ended_by(code) == name


# -- lives to a figure


def test_the_title_names_who_heard_and_who_did_not() -> None:
    """The figure's message is computed from what happened, with the measured seconds."""
    plot = timeline(lifecycle.lives([*DEAF, *POLITE]))
    title = plot.as_json()["layout"]["title"]["text"]
    assert title == "SIGTERM ends shop; web waits 2.1 s for SIGKILL"


def test_one_life_is_told_by_its_states() -> None:
    """A single container's figure names the states it passed through."""
    plot = timeline(lifecycle.lives(DEAF))
    title = plot.as_json()["layout"]["title"]["text"]
    assert title == "One life: created, running, exited, removed"


def test_the_words_say_what_the_figure_shows() -> None:
    """The text equivalent holds every state, signal, exit code and removal, in order."""
    plot = timeline(lifecycle.lives(DEAF))
    assert plot.alt.endswith(
        "web: created from 0.0 to 0.5 s, running from 0.5 to 3.1 s, SIGTERM at 1.0 s, "
        "SIGKILL at 3.0 s, exited from 3.1 to 4.0 s, exit code 137 at 3.1 s, removed at 4.0 s."
    )


def test_every_signal_is_a_mark_at_its_time() -> None:
    """Signals stand at the seconds they were sent, over the bar of their container."""
    spec = timeline(lifecycle.lives([*DEAF, *POLITE])).as_json()
    (marks,) = [trace for trace in spec["data"] if trace.get("text")]
    assert sorted(zip(marks["x"], marks["text"], strict=True)) == [
        (1.0, "SIGTERM"),
        (1.0, "SIGTERM"),
        (3.0, "SIGKILL"),
    ]
    assert len({round(y) for y in marks["y"]}) == 2


def test_an_end_is_told_even_where_nothing_came_after_it() -> None:
    """The last event may be the death itself: no bar follows, the exit code stands all the same."""
    spec = timeline(lifecycle.lives(DEAF[:5])).as_json()
    assert "exit 137" in [words["text"] for words in spec["layout"]["annotations"]]


def test_the_run_prefix_is_left_out() -> None:
    """All names begin with the run's prefix, which tells nothing apart."""
    told = [event(0, "create", "run-7f3a-web"), event(1, "start", "run-7f3a-web")]
    spec = timeline(lifecycle.lives(told), prefix="run-7f3a-").as_json()
    assert spec["layout"]["yaxis"]["ticktext"] == ["web"]


def test_no_events_make_an_empty_figure_that_says_so() -> None:
    """Nothing to draw is not an error."""
    assert timeline([]).alt == "The engine told of no container."
