"""The exercise of containers/030-namespaces: what its check says of what it saw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.analysis.namespace_watch import first_of, shared, with_host
from helpers.checks import Met, NotYet
from helpers.checks.containers_030 import CLERK, COUNTER, Seen, judge
from helpers.records.namespace_watch import Look, Resident

GOOD = Seen()
REFUSED = "wget: can't connect to remote host (127.0.0.1): Connection refused"


def test_a_network_that_a_third_holds_is_met() -> None:
    """It names who holds it, and what the clerk heard."""
    outcome = judge(GOOD)
    assert isinstance(outcome, Met)
    assert "`holder` holds it" in outcome.observed
    assert outcome.observed.endswith("4 coins")


@pytest.mark.parametrize(
    ("seen", "observed", "hint"),
    [
        (
            replace(GOOD, states={COUNTER: "exited", CLERK: "running"}),
            "`counter` is exited",
            "logs",
        ),
        (replace(GOOD, states={COUNTER: "running", CLERK: ""}), "`clerk` is not there", "start"),
        (replace(GOOD, together=False, said=REFUSED), "two different net", "when it starts"),
        (replace(GOOD, host=True), "machine's own", "share one of theirs"),
        (replace(GOOD, said=REFUSED), "Connection refused", "port 8080"),
        (replace(GOOD, said=""), "nothing", "port 8080"),
        (replace(GOOD, lends=""), "that of `counter`, and goes with it", "third"),
        (replace(GOOD, lends=CLERK), "that of `clerk`, and goes with it", "third"),
    ],
)
def test_what_is_missing_is_told(seen: Seen, observed: str, hint: str) -> None:
    """Each fault has its own sentence, and its own next step."""
    outcome = judge(seen)
    assert isinstance(outcome, NotYet)
    assert observed in outcome.observed
    assert hint in outcome.hint


def test_what_is_shared_is_read_from_first_processes() -> None:
    """A second process may live elsewhere; who is not there shares nothing."""
    look = Look(
        0.0,
        {"net": 1, "uts": 2},
        (
            Resident(10, "httpd", COUNTER, {"net": 7, "uts": 2}),
            Resident(11, "sh", COUNTER, {"net": 1, "uts": 9}),
            Resident(20, "sh", CLERK, {"net": 7, "uts": 8}),
        ),
    )
    assert shared(look, COUNTER, CLERK) == ("net",)
    assert with_host(look, COUNTER) == ("uts",)
    assert shared(look, COUNTER, "nobody") == with_host(look, "nobody") == ()
    assert first_of(look, "nobody") is None
