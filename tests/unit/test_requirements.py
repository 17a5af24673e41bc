"""The pins and the project agree: what pyproject.toml asks for is what requirements.txt holds."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
FILES = [
    "requirements.txt",
    "binder/requirements.txt",
    *(f"tools/{name}-requirements.txt" for name in ("uv", "build", "node", "go", "binder")),
]
PROJECT = "containers-book (pyproject.toml)"


@dataclass(frozen=True)
class Pin:
    """One pinned package: its requirement, its hashes, and who asked for it."""

    requirement: Requirement
    hashes: tuple[str, ...]
    via: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> Version:
        (exact,) = self.requirement.specifier
        assert exact.operator == "=="
        return Version(exact.version)


def pins(text: str) -> list[Pin]:
    """Read a file as `uv pip compile --generate-hashes` writes it."""
    text = re.sub(r"\A(#.*\n)+", "", text).replace("\\\n", " ")
    found = []
    for block in re.split(r"\n(?=\S)", text.strip()):
        line, *comments = block.splitlines()
        words = line.split(" --hash=")
        via = [c.strip().removeprefix("#").strip().removeprefix("via").strip() for c in comments]
        hashes = tuple(word.strip() for word in words[1:])
        found.append(Pin(Requirement(words[0].strip()), hashes, tuple(filter(None, via))))
    return found


@pytest.fixture(scope="module")
def locked() -> dict[str, Pin]:
    """The pins of requirements.txt by name."""
    return {pin.name: pin for pin in pins((ROOT / "requirements.txt").read_text())}


@pytest.fixture(scope="module")
def direct() -> dict[str, Requirement]:
    """The project's own dependencies by name: the book's and the tests'."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return {canonicalize_name(r.name): r for r in map(Requirement, asked)}


def test_every_direct_dependency_is_pinned_within_its_range(
    locked: dict[str, Pin], direct: dict[str, Requirement]
) -> None:
    """A dependency that was added or raised in pyproject.toml was also locked."""
    outside = {
        name: str(asked)
        for name, asked in direct.items()
        if name not in locked or not asked.specifier.contains(locked[name].version)
    }
    assert not outside, f"run `make lock`: {outside}"


def test_lock_names_exactly_the_direct_dependencies(
    locked: dict[str, Pin], direct: dict[str, Requirement]
) -> None:
    """A dependency that was dropped from pyproject.toml is no longer locked on its account."""
    named = {name for name, pin in locked.items() if PROJECT in pin.via}
    assert named == set(direct), "run `make lock`"


def test_binder_has_the_readers_packages_in_the_same_versions() -> None:
    """Binder installs what the book needs and the tests do not, as it is pinned for all."""
    locked = {(str(p.requirement), p.hashes) for p in pins((ROOT / "requirements.txt").read_text())}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {canonicalize_name(Requirement(each).name) for each in project["dependencies"]}
    found = pins((ROOT / "binder/requirements.txt").read_text())
    assert {pin.name for pin in found if PROJECT in pin.via} == asked, "run `make lock`"
    other = [pin.name for pin in found if (str(pin.requirement), pin.hashes) not in locked]
    assert not other, "run `make lock`"


@pytest.mark.parametrize("file", FILES)
def test_every_pin_is_exact_and_hashed(file: str) -> None:
    """Each package has one version and at least one sha256 digest."""
    found = pins((ROOT / file).read_text())
    assert found
    for pin in found:
        assert pin.version
        assert pin.hashes, pin.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in pin.hashes), pin.name


@pytest.mark.parametrize("file", FILES)
def test_no_host_is_named(file: str) -> None:
    """The pins name no index and no host: each machine uses the index that it is set up for."""
    text = (ROOT / file).read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_build_requirements_hold_the_build_backend() -> None:
    """What [build-system] asks for is among the hashed build requirements."""
    system = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    held = {p.name: p for p in pins((ROOT / "tools/build-requirements.txt").read_text())}
    for asked in map(Requirement, system["requires"]):
        assert asked.specifier.contains(held[canonicalize_name(asked.name)].version)
    assert "editables" in held, "hatchling asks for it when it installs with -e"
