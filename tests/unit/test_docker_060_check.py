"""The verdicts on docker/060-networks' mall, from what was seen alone."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.checks import Met, NotYet
from helpers.checks.docker_060 import GOOD, Part, Seen, _published, judge

YARD, BOTH = Part(networks=("yard",)), Part(networks=("mall", "yard"))
SHY = Part(listening=("127.0.0.1",))
OPEN = ("127.0.0.1", 18080, 80)


def seen(
    window: Part | None = None, stock: Part | None = None, ledger: Part | None = None,
    port: tuple[str, int, int] | None = OPEN,
) -> Seen:  # fmt: skip
    fine = Part()
    parts = {"window": window or fine, "stock": stock or fine, "ledger": ledger or fine}
    return Seen(parts, port, GOOD)


def test_a_customer_who_hears_both_is_enough() -> None:
    """Whatever the reader did to get there."""
    outcome = judge(seen(stock=BOTH))
    assert isinstance(outcome, Met)
    assert "12 cups, 3 sales" in outcome.observed


@pytest.mark.parametrize(
    ("what", "says", "hints"),
    [
        (seen(stock=Part(state="")), "`stock` is not there", "log"),
        (seen(ledger=Part(state="exited")), "`ledger` is exited", "log"),
        (seen(port=None), "No port of the machine", "-p 127.0.0.1"),
        (seen(port=("0.0.0.0", 8080, 80)), "published at 0.0.0.0", "-p 127.0.0.1:8080:80"),
        (Seen(seen().parts, ("127.0.0.1", 1, 8080), {}), "leads to port 8080", "docker port"),
        (Seen(seen(stock=YARD).parts, OPEN, GOOD | {"stock": "unknown name"}),
         "It is on mall, `stock` on yard", "share no network"),
        (Seen(seen(stock=BOTH).parts, OPEN, GOOD | {"stock": "unknown name"}),
         "`stock` on mall and yard", "--alias"),
        (Seen(seen(ledger=SHY).parts, OPEN, GOOD | {"ledger": "connection refused"}),
         "it listens at 127.0.0.1", "LISTEN"),
        (Seen(seen().parts, OPEN, GOOD | {"ledger": "timed out"}),
         "`ledger: timed out`", "--network container"),
    ],
)  # fmt: skip
def test_each_way_to_fall_short_is_told(what: Seen, says: str, hints: str) -> None:
    """What was seen is said, and the hint fits it."""
    outcome = judge(what)
    assert isinstance(outcome, NotYet)
    assert says in outcome.observed
    assert hints in outcome.hint


def test_where_a_port_is_published() -> None:
    """An engine may leave the address out, which means all of them."""

    def attrs(ports: Any) -> dict[str, Any]:
        return {"NetworkSettings": {"Ports": ports}}

    binding = [{"HostIp": "127.0.0.1", "HostPort": "18080"}]
    assert _published(attrs({"80/tcp": binding, "90/tcp": None})) == OPEN
    assert _published(attrs({"80/tcp": [{"HostIp": "", "HostPort": "5"}]})) == ("0.0.0.0", 5, 80)
    assert _published(attrs({})) is None
    assert _published(attrs(None)) is None
