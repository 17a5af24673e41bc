"""Tables with a source in each row, and figures of scaling whose titles follow the numbers."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml

from helpers.errors import BookError
from helpers.paths import LABS
from helpers.views import orchestrators, scaling
from helpers.views.tables import Link, Table

FOLDER = LABS / "containers" / "090-why-orchestrate"


def rows(name: str) -> list[dict[str, object]]:
    """The rows of one of the lab's files."""
    found = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["rows"]
    assert isinstance(found, list)
    return found


def test_every_orchestrator_has_a_source() -> None:
    """Five of them, each with an address to read its row at."""
    shown = orchestrators.history(FOLDER / "orchestrators.yml")
    assert len(shown.rows) == 5
    for row in shown.rows:
        sources = row[-1]
        assert isinstance(sources, list)
        assert sources
        assert all(each.url.startswith("https://") for each in sources)
    assert shown.caption.startswith("5 orchestrators, of which 2 have ended")


def test_a_claim_has_a_source_and_a_date_and_a_measurement_a_place() -> None:
    """There is no third kind of row, and no row without a basis."""
    for row in rows("comparison.yml"):
        if row["kind"] == "claim":
            assert isinstance(row["date"], datetime.date)
            assert str(row["source"][1]).startswith("https://")  # type: ignore[index]
        else:
            assert row["kind"] == "measured"
            assert row["where"]


def test_the_old_claim_is_dated() -> None:
    """ "Five times faster" stands there with its year and who paid."""
    shown = orchestrators.comparison(FOLDER / "comparison.yml")
    (claim,) = (row for row in shown.rows if "five times" in str(row[1]))
    assert "Docker had ordered" in str(claim[1])
    assert str(claim[-1]).startswith("2016")


def test_a_row_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """Neither measured nor claimed: then it does not belong there."""
    file = tmp_path / "rows.yml"
    file.write_text("{read: now, rows: [{about: x, swarm: a, kubernetes: b, kind: hearsay}]}")
    with pytest.raises(BookError, match="x is neither"):
        orchestrators.comparison(file)
    file.write_text("read: now")
    with pytest.raises(BookError, match="no rows"):
        orchestrators.comparison(file)


def test_links_and_bold_in_a_table() -> None:
    """HTML has the address; words have the text alone. Nothing is trusted."""
    link = Link("a<b", "https://example.org/?a=1&b='")
    made = Table("One", ["", "x"], [["**ended**, `now`", [link, link]]])
    assert "<strong>ended</strong>, <code>now</code>" in made.html()
    assert "<a href='https://example.org/?a=1&amp;b=&#x27;'>a&lt;b</a>, <a" in made.html()
    assert str(made).splitlines()[-1] == "ended, now  a<b, a<b"


def test_the_gains_say_who_is_deaf_to_more_cpu() -> None:
    """The title names programs for which up does nothing; where there is none it says so."""
    shown = scaling.gains({"calculates": (2.0, 2.1), "waits": (1.0, 1.9)})
    assert shown.alt.startswith("More CPU does nothing for what waits; another copy does.")
    assert "What calculates: 2.0 times as much by up, 2.1 by out." in shown.alt
    assert scaling.gains({"calculates": (2.0, 2.0)}).alt.startswith("Both ways bring more")


def test_the_autoscalers_figure_tells_each_round() -> None:
    """Copies and wait of every round, and the limit of the rule."""
    shown = scaling.autoscaler([(1, 0.6), (2, 0.2), (3, 0.11)], 0.15)
    assert shown.alt == (
        "From 1 rng to 3: the wait falls from 600 ms to 110. "
        "1 rng: 600 ms, 2 rng: 200 ms, 3 rng: 110 ms."
    )
    assert shown.figure.layout.annotations[0].text == "more than 150 ms: one more"
