"""What a client asked of the engine, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.analysis.engine_calls import short
from helpers.records.engine_calls import EngineCall
from helpers.text import _
from helpers.views.tables import Table


def table(calls: Sequence[EngineCall]) -> Table:
    """Return one row for each request, in the order in which they were made."""
    caption = _("{count} requests, in this order").format(count=len(calls))
    rows = [[each.method, f"`{short(each.path)}`", str(each.status or "")] for each in calls]
    return Table(caption, [_("method"), _("address"), _("answer")], rows)
