"""A layer read from its folder against `find` over the same files, in one run.

upper: 10,000 changed files of an image of 100,000; "together" in 100 of its 1000 folders (as
`chmod -R` or a package leaves them), "spread" over all of them. find prints of each file type,
permissions, size, owner, time and path; `layer` reads the same and finds whiteouts and opaque
folders; `differences` looks up each name in the image, too, to tell added from changed (to do
that with find one would list the image as well: `find both`).

table: a generated image of 500 MB (sparse) in 20,000 files.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.kernel.files import LocalFiles
from helpers.kernel.overlay import find_folders, read_layer, table
from helpers.kernel.overlay_changes import differences
from helpers.records.host import Unavailable
from helpers.records.overlay import OverlayMount
from tools.performance import in_turn, judge

FORMAT = r"%y %m %s %U %G %T@ %P\n"
ROUNDS = 9


def fill(folder: Path, folders: range, files: range, size: int = 6) -> None:
    for number in folders:
        here = folder / f"part-{number // 50}" / f"package-{number}"
        here.mkdir(parents=True)
        for each in files:
            path = here / f"module-{each}.py"
            path.write_bytes(b"pass\n\n")
            if size > 6:
                os.truncate(path, size)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image's files, and two upper layers."""
    folder = tmp_path_factory.mktemp("image")
    fill(folder / "lower", range(1000), range(100))
    fill(folder / "together", range(100), range(100))
    fill(folder / "spread", range(1000), range(10))
    return folder


@pytest.fixture(scope="module")
def half_gigabyte(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of 20,000 files of 25 kB each."""
    folder = tmp_path_factory.mktemp("half")
    fill(folder, range(1000), range(20), size=25_000)
    return folder


@pytest.fixture(scope="module")
def files() -> Iterator[LocalFiles]:
    made = LocalFiles()
    yield made
    made.close()


def find(*folders: Path) -> int:
    done = subprocess.run(["find", *folders, "-printf", FORMAT], capture_output=True, check=True)
    return done.stdout.count(b"\n") - 1


@pytest.mark.parametrize("how", ["together", "spread"])
def test_upper_layer(benchmark: Any, image: Path, files: LocalFiles, how: str) -> None:
    """What a layer changed is read in at most twice the time of `find` over its files."""
    benchmark.group = f"upper layer, {how}"
    upper = image / how
    times = in_turn(
        benchmark, lambda: read_layer(files, str(upper)), lambda: find(upper), rounds=ROUNDS
    )
    assert len(read_layer(files, str(upper)).entries) > 10_000
    assert find(upper) > 10_000
    stated(benchmark, f"upper-{how}", times)


@pytest.mark.parametrize("how", ["together", "spread"])
def test_differences(benchmark: Any, image: Path, files: LocalFiles, how: str) -> None:
    """Added or changed? Each name is looked up in the image, too: less work than listing it."""
    benchmark.group = f"differences, {how}"
    mount = OverlayMount("/m", "/", (str(image / "lower"),), str(image / how), None, (), (), "")
    folders = find_folders(files, mount)
    both = (image / how, image / "lower")
    times = in_turn(
        benchmark, lambda: differences(files, folders), lambda: find(*both), rounds=ROUNDS
    )
    found = differences(files, folders)
    assert not isinstance(found, Unavailable)
    assert {each.action for each in found} == {"changed"}
    assert find(*both) > 110_000
    stated(benchmark, f"differences-{how}", times)


def test_image(benchmark: Any, half_gigabyte: Path, files: LocalFiles) -> None:
    """The table of all files of an image of 500 MB takes at most twice as long as `find`."""
    folder = str(half_gigabyte)
    times = in_turn(
        benchmark, lambda: table(files, folder), lambda: find(half_gigabyte), rounds=ROUNDS
    )
    rows = [each for each in table(files, folder) if each.stat.st_mode >> 12 == 8]
    assert sum(each.stat.st_size for each in rows) == 500 * 10**6
    assert find(half_gigabyte) > 20_000
    stated(benchmark, "image-table", times)


def stated(benchmark: Any, claim: str, times: tuple[list[float], list[float]]) -> None:
    """State a claim by the quickest rounds of ours and theirs."""
    mine, theirs = map(min, times)
    judge(benchmark, claim, mine / theirs, f"{mine * 1e3:.0f} ms", f"{theirs * 1e3:.0f} ms")
