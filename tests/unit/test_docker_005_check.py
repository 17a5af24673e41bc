"""The verdicts on docker/005-what-docker-is' three calls, from what was seen alone."""

from __future__ import annotations

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.docker_005 import STEPS, Seen, about, clients, judge
from helpers.records.engine_calls import EngineCall

IDENT = "ab" * 32
MADE = EngineCall("POST", "/containers/create?name=x-audit", "", 201)
STARTED = EngineCall("POST", "/containers/x-audit/start", "", 204)
WAITED = EngineCall("POST", f"/v1.44/containers/{IDENT[:12]}/wait", "", 200)


def test_three_calls_and_a_sealed_container_are_enough() -> None:
    """Created, started, awaited by hand, and it could not write."""
    assert isinstance(judge(Seen()), Met)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(connected=False), "Nobody listens"),
        (Seen(state=""), "no container `audit`"),
        (Seen(state="created", events=("create",)), "`audit` is created; the engine's events"),
        (Seen(state="created", events=()), "events of it: nothing"),
        (Seen(clients=("docker",)), "Through the door came docker."),
        (Seen(asked=STEPS[:2]), "nobody asked `POST /containers/…/wait`"),
        (Seen(asked=()), "nobody asked `POST /containers/create`"),
        (Seen(labelled=False), "no label of this run"),
        (Seen(sealed=False, said="open"), "said `open`, and the engine's `ReadonlyRootfs`"),
        (Seen(said="open"), "is true"),
        (Seen(sealed=False), "is false"),
    ],
)
def test_each_way_to_fall_short_is_told(seen: Seen, says: str) -> None:
    """What was seen is said, with a hint."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert outcome.hint


def test_only_what_made_this_container_counts() -> None:
    """By name or by a part of its id; refused requests, others' and earlier ones do not count."""
    other = EngineCall("POST", "/containers/y/start", "Docker-Client/28", 204)
    refused = EngineCall("POST", "/containers/create?name=x-audit", "", 409)
    looked = EngineCall("GET", "/containers/x-audit/json", "docker-sdk-python/7", 200)
    earlier = (EngineCall("POST", MADE.path, "Docker-Client/28", 201), STARTED)
    heard = (*earlier, refused, MADE, looked, STARTED, other, WAITED)
    assert about(heard, IDENT, "x-audit") == (MADE, STARTED, WAITED)
    assert about((refused, STARTED), IDENT, "x-audit") == ()
    again = EngineCall("POST", STARTED.path, "", 404)
    assert about((MADE, again), IDENT, "x-audit") == (MADE,)


def test_programs_are_known_by_what_they_call_themselves() -> None:
    """The command and the package introduce themselves; curl and our own script may ask."""
    calls = [
        EngineCall("POST", "/", agent)
        for agent in ("Docker-Client/28.2 (linux)", "curl/7.88", "", "docker-sdk-python/7.2")
    ]
    assert clients(calls) == ("docker", "docker SDK")
