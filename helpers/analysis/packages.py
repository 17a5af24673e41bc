"""Which packages an image holds, as a bill of materials, and which of them an advisory means.

Read from dpkg's own list (deb822 paragraphs, dpkg-query(1)); nothing is run. Versions are
compared by the rules of deb-version(7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final

from helpers.records.packages import Advisory, Package

STATUS: Final = "/var/lib/dpkg/status"
_PARTS: Final = re.compile(r"(\D*)(\d*)")
_END: Final = 0  # of a string: after a tilde, before a letter


def installed(status: str) -> tuple[Package, ...]:
    """Return the installed packages of a dpkg status file, by name."""
    found = []
    for fields in _paragraphs(status):
        if fields.get("Status", "").endswith(" installed"):
            source = fields.get("Source", fields["Package"]).partition(" ")[0]
            found.append(
                Package(fields["Package"], fields["Version"], fields["Architecture"], source)
            )
    return tuple(sorted(found, key=lambda each: each.name))


def _paragraphs(text: str) -> Iterator[Mapping[str, str]]:
    for paragraph in text.split("\n\n"):
        lines = (line.partition(":") for line in paragraph.splitlines() if line[:1].strip())
        fields = {name: value.strip() for name, _colon, value in lines}
        if "Package" in fields:
            yield fields


def spdx(name: str, digest: str, packages: Iterable[Package], created: str) -> dict[str, Any]:
    """Return a bill of materials in the form of SPDX 2.3 (JSON).

    digest: of the image's manifest or configuration, so that it is clear what was looked at.
    """
    listed = [
        {
            "SPDXID": f"SPDXRef-Package-{re.sub('[^a-zA-Z0-9.-]', '-', each.name)}",
            "name": each.name,
            "versionInfo": each.version,
            "downloadLocation": "NOASSERTION",
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": purl(each),
                }
            ],
        }
        for each in packages
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://example.org/sbom/{digest.replace(':', '-')}",
        "creationInfo": {"created": created, "creators": ["Tool: containers-book"]},
        "packages": listed,
    }


def purl(package: Package) -> str:
    """Return a package's URL, the name by which tools of all kinds know it."""
    version = package.version.replace(":", "%3A").replace("+", "%2B")
    return f"pkg:deb/debian/{package.name}@{version}?arch={package.architecture}"


def affected(packages: Iterable[Package], advisory: Advisory) -> tuple[Package, ...]:
    """Return the packages whose version is lower than the one that mends the fault."""
    return tuple(
        each
        for each in packages
        if each.source == advisory.source and compare(each.version, advisory.fixed) < 0
    )


# -- versions


def compare(one: str, other: str) -> int:
    """Return less than, equal to or more than 0 as version `one` is before `other`."""
    mine, theirs = (_split(each) for each in (one, other))
    if mine[0] != theirs[0]:
        return mine[0] - theirs[0]
    for left, right in zip(mine[1:], theirs[1:], strict=True):
        found = _compare_part(left, right)
        if found:
            return found
    return 0


def _split(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return (int(epoch), upstream, revision) if dash else (int(epoch), rest, "")


def _compare_part(one: str, other: str) -> int:
    pairs = zip_longest(_PARTS.findall(one), _PARTS.findall(other), fillvalue=("", ""))
    for (words, number), (other_words, other_number) in pairs:
        for mine, theirs in zip_longest(words, other_words):
            if _order(mine) != _order(theirs):
                return _order(mine) - _order(theirs)
        if int(number or 0) != int(other_number or 0):
            return int(number or 0) - int(other_number or 0)
    return 0


def _order(character: str | None) -> int:
    """Sort as dpkg does: `~` before the end, then letters, then all else."""
    if character is None:
        return _END
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
