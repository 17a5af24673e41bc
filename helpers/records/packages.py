"""Debian packages of an image, and what is said about their weaknesses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """An installed package. source: what it was built from; the same as name for most."""

    name: str
    version: str
    architecture: str
    source: str


@dataclass(frozen=True)
class Advisory:
    """What somebody found in a source package. fixed: the first version without it.

    note: whatever else one has to know, who says it and when.
    """

    ident: str
    source: str
    fixed: str
    note: str
