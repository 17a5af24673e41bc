"""What can be attacked in several systems, each count as a share of the first system's.

Pure: surfaces in, a Plot out; its title and its text equivalent are computed from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from helpers.records.surface import Surface
from helpers.text import _
from helpers.views import theme
from helpers.views.theme import SERIES, Plot

MEASURES: Final = ("packages", "files", "programs", "setuid", "ports", "processes")
PIXELS_A_ROW: Final = 66
PIXELS_AROUND: Final = 150  # title, axis, legend


def compare(systems: Sequence[Surface]) -> Plot:
    """Draw for each measure a bar for each system; the first system's is 100 %."""
    words = {
        "packages": _("packages"),
        "files": _("files"),
        "programs": _("programs"),
        "setuid": _("setuid files"),
        "ports": _("open ports"),
        "processes": _("processes"),
    }
    first = systems[0]
    figure = go.Figure()
    for number, system in enumerate(systems):
        counts = [getattr(system, name) for name in MEASURES]
        shares = [
            100 * n / max(getattr(first, m), 1) for n, m in zip(counts, MEASURES, strict=True)
        ]
        figure.add_bar(
            orientation="h",
            name=system.name,
            y=[f"{words[name]} " for name in MEASURES],
            x=shares,
            text=[f"{n:,}" for n in counts],
            textposition="outside",
            cliponaxis=False,
            marker={"color": SERIES[number % len(SERIES)]},
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    axis = _("per cent of what {name} has").format(name=first.name)
    figure.update_xaxes(title={"text": axis}, range=[0, 118])
    figure.update_layout(
        height=PIXELS_AROUND + PIXELS_A_ROW * len(MEASURES),
        barmode="group",
        legend={"orientation": "h", "y": -0.16},
    )
    last = systems[-1]
    title = _("{small}: {files} files of {many}, no package, {ports} open port of {more}").format(
        small=last.name,
        files=f"{last.files:,}",
        many=f"{first.files:,}",
        ports=last.ports,
        more=first.ports,
    )
    if last.packages or last.ports != 1:
        title = _("{small} has {files} files, {large} has {many}").format(
            small=last.name, files=f"{last.files:,}", large=first.name, many=f"{first.files:,}"
        )
    lines = [
        _("{name}: {told}.").format(
            name=each.name,
            told=", ".join(f"{getattr(each, name):,} {words[name]}" for name in MEASURES),
        )
        for each in systems
    ]
    return theme.plot(figure, title=title, alt="\n".join([title, *lines]))
