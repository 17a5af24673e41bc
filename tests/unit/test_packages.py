"""Packages of an image: dpkg's list, a bill of materials, and versions in dpkg's order."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.analysis.packages import affected, compare, installed, purl, spdx
from helpers.records.packages import Advisory, Package

STATUS = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Source: zlib (1:1.2.13)
Version: 1:1.2.13.dfsg-1
Description: compression library - runtime
 zlib is a library implementing the deflate compression method found
 in gzip and PKZIP.

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4+deb12u12
"""
# Each before the next, by deb-version(7).
ASCENDING = (
    *("0~~", "0~~a", "0~", "0", "0+x", "1.0~rc1-1", "1.0-1~bpo1", "1.0-1", "1.0-1+b1", "1.0-2"),
    *("1.0a-1", "1.0+dfsg-1", "1.2.13.dfsg-1", "1.3.1", "1.10", "1:0.1", "1:1.2.13.dfsg-1"),
    *("1:1.3.1", "1:1.3.dfsg-1", "2:0"),
)
ZLIB = Package("zlib1g", "1:1.2.13.dfsg-1", "amd64", "zlib")


def test_only_what_is_installed_counts() -> None:
    """Sorted by name, with the source each was built from; descriptions are no fields."""
    base = Package("base-files", "12.4+deb12u12", "amd64", "base-files")
    assert installed(STATUS) == (base, ZLIB)


def test_a_bill_names_each_package_for_other_tools() -> None:
    """Version and package URL, with `:` and `+` as URLs have them."""
    bill = spdx("image", "sha256:ab", installed(STATUS), "2026-11-28T00:00:00Z")
    assert [each["name"] for each in bill["packages"]] == ["base-files", "zlib1g"]
    assert bill["documentNamespace"].endswith("sha256-ab")
    assert purl(ZLIB) == "pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64"
    assert "12.4%2Bdeb12u12" in purl(installed(STATUS)[0])


@pytest.mark.parametrize(("fixed", "hit"), [("1:1.3.1", True), ("1:1.2.13.dfsg-1", False)])
def test_an_advisory_means_lower_versions_of_its_source(fixed: str, hit: bool) -> None:
    """The version that mends it is not affected, nor are other sources."""
    found = affected(installed(STATUS), Advisory("x", "zlib", fixed, ""))
    assert found == ((ZLIB,) if hit else ())
    assert affected(installed(STATUS), Advisory("x", "zlib1g", "9:9", "")) == ()


def test_versions_are_in_order() -> None:
    """Tildes before the end, letters before signs, numbers as numbers, epochs above all."""
    for lower, higher in pairwise(ASCENDING):
        assert compare(lower, higher) < 0 < compare(higher, lower), (lower, higher)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="no dpkg to ask")
def test_dpkg_agrees() -> None:
    """The order above is dpkg's own."""
    for lower, higher in pairwise(ASCENDING):
        asked = ["dpkg", "--compare-versions", lower, "lt", higher]
        assert subprocess.run(asked, check=False).returncode == 0, (lower, higher)


VERSIONS = st.from_regex(r"(?:[0-3]:)?[0-9][0-9a-z.+~]{0,6}(?:-[0-9a-z+.~]{1,4})?", fullmatch=True)


@settings(deadline=None)  # a busy machine is no fault of the order
@given(VERSIONS, VERSIONS)
def test_an_order_is_one_way(one: str, other: str) -> None:
    """Swapped, the answer is the opposite; a version equals itself."""
    sign = (compare(one, other) > 0) - (compare(one, other) < 0)
    assert sign == (compare(other, one) < 0) - (compare(other, one) > 0)
    assert compare(one, one) == 0
