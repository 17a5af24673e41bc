"""The palette: told apart by readers who see colours differently, and seen on both grounds."""

from __future__ import annotations

import math
import operator
from itertools import combinations

import pytest

from helpers.views.palette import COLOURS

LIGHT, DARK = "#FFFFFF", "#121212"  # the theme's two grounds
AREAS = {COLOURS["image"], COLOURS["changed"]}  # fill areas, with a name beside them
# Machado, Oliveira and Fernandes 2009, full severity: what is left of linear red, green, blue.
SEEN = {
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritan": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
Linear = tuple[float, ...]


def _linear(colour: str) -> Linear:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def _weighed(values: Linear, weights: Linear) -> float:
    return sum(map(operator.mul, values, weights))


def _contrast(one: str, other: str) -> float:
    """Return WCAG's contrast of two colours, 1 to 21."""
    lights = (_weighed(_linear(c), (0.2126, 0.7152, 0.0722)) for c in (one, other))
    dark, light = sorted(lights)
    return (light + 0.05) / (dark + 0.05)


def _lab(linear: Linear) -> Linear:
    """Return CIE L*a*b* of linear sRGB under D65."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = (_weighed(row, linear) for row in rows)
    x, y, z = (
        part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116
        for part in (value / white for value, white in zip(xyz, (0.95047, 1, 1.08883), strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _as_seen(colour: str, kind: str) -> Linear:
    linear = _linear(colour)
    left = (_weighed(row, linear) for row in SEEN[kind])
    return _lab(tuple(min(1.0, max(0.0, part)) for part in left))


def test_contrast_is_measured_as_the_standard_says() -> None:
    """Black on white is 21, a colour on itself 1."""
    assert _contrast("#000000", LIGHT) == pytest.approx(21)
    assert _contrast(DARK, DARK) == 1


def test_colours_are_seen_on_both_grounds() -> None:
    """3:1 on dark for all, on white for all that are ever a line or a sign."""
    for name, colour in COLOURS.items():
        assert _contrast(colour, DARK) >= 3, name
        if colour not in AREAS:
            assert _contrast(colour, LIGHT) >= 3, name


@pytest.mark.parametrize("kind", list(SEEN))
def test_colours_are_told_apart_without_a_kind_of_cone(kind: str) -> None:
    """Any two of the palette keep a clear distance (CIE 1976) for the colour-blind."""
    for one, other in combinations(sorted(set(COLOURS.values())), 2):
        apart = math.dist(_as_seen(one, kind), _as_seen(other, kind))
        assert apart > 9, (one, other)
