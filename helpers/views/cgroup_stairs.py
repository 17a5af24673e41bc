"""CPU time against the clock: a quota is a staircase. Usages in, a Plot out."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from helpers.analysis.cgroup_spells import stairs
from helpers.records.cgroup_spells import Usage
from helpers.records.cgroups import CpuMax
from helpers.text import _
from helpers.views import theme
from helpers.views.theme import COLOURS, Plot


def staircase(usages: Sequence[Usage], quota: CpuMax | None = None) -> Plot:
    """Draw the CPU time used over time; with a quota, the even pace it would have on average."""
    if len(usages) < 2:
        raise ValueError("one moment is no line")
    begin = usages[0]
    x = [each.at - begin.at for each in usages]
    y = [(each.usec - begin.usec) / 1000 for each in usages]
    figure = go.Figure()
    if quota is not None and quota.quota_usec is not None:
        pace = 1000 * quota.quota_usec / quota.period_usec
        figure.add_scatter(
            x=[0, x[-1]], y=[0, pace * x[-1]], mode="lines", name=_("the quota, spread evenly"),
            line={"color": COLOURS["limit"], "dash": "dash", "width": 1.5},
        )  # fmt: skip
    figure.add_scatter(
        x=x, y=y, mode="lines", name=_("measured"), line={"color": COLOURS["measured"], "width": 2},
        hovertemplate="%{x:.2f} s: %{y:.0f} ms<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title=_("seconds"))
    figure.update_yaxes(title=_("CPU time used (ms)"), rangemode="tozero")
    count = stairs(usages)
    title = (
        _("It runs, stands still, and runs again")
        if count >= 2
        else _("It runs without a pause to be seen")
    )
    words = _("In {seconds:.1f} s it used {used:.0f} ms of CPU time and stood still {count} times.")
    alt = words.format(seconds=x[-1], used=y[-1], count=count)
    return theme.plot(figure, title=title, alt=f"{title}. {alt}")
