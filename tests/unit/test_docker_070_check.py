"""The verdicts on docker/070-safe's till, from what was seen alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.docker_070 import Seen, judge

SAFE = Seen(
    answer="sale 1, rung up by user 1000", user=1000, no_new_privs=True, filtered=True,
    writable=False, pids=50, memory=128 << 20,
)  # fmt: skip


def test_a_hardened_till_that_sells_is_enough() -> None:
    """Its limits are named in the verdict."""
    outcome = judge(SAFE)
    assert isinstance(outcome, Met)
    assert "at most 50 processes and 128 MiB" in outcome.observed


@pytest.mark.parametrize(
    ("what", "says", "hints"),
    [
        (Seen(state=""), "not there", "docker logs"),
        (Seen(state="exited"), "is exited", "docker logs"),
        (replace(SAFE, address="0.0.0.0"), "published at 0.0.0.0", "127.0.0.1:PORT:80"),
        (replace(SAFE, answer=""), "not served", "--tmpfs"),
        (replace(SAFE, user=0), "1 of 7 holes are left: it runs as root", "--user"),
        (replace(SAFE, capabilities=("cap_kill",)), "1 capabilities", "--cap-drop ALL"),
        (replace(SAFE, no_new_privs=False), "setuid", "no-new-privileges"),
        (replace(SAFE, filtered=False), "no filter", "unconfined"),
        (replace(SAFE, writable=True), "can be written", "--read-only"),
        (replace(SAFE, pids=0), "any number", "--pids-limit"),
        (replace(SAFE, memory=0), "any amount", "--memory"),
        (Seen(answer=SAFE.answer), "6 of 7 holes", "--user"),
    ],
)
def test_each_hole_is_told(what: Seen, says: str, hints: str) -> None:
    """What was seen is said, and the hint fits the first of it."""
    outcome = judge(what)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert hints in outcome.hint
