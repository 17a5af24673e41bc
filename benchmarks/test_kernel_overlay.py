"""A layer read from its folder against `find` over the same files, in one run.

upper: 10,000 changed files of an image of 100,000; "together" in 100 of its 1000 folders (as
`chmod -R` or a package leaves them), "spread" over all of them. find prints of each file type,
permissions, size, owner, time and path; `layer` reads the same and finds whiteouts and opaque
folders; `differences` looks up each name in the image, too, to tell added from changed (to do
that with find one would list the image as well: `find both`).

table: a generated image of 500 MB (sparse) in 20,000 files.
"""

from __future__ import annotations

import gc
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.kernel.files import LocalFiles
from helpers.kernel.overlay import find_folders, read_layer, table
from helpers.kernel.overlay_changes import differences
from helpers.records.host import Unavailable
from helpers.records.overlay import OverlayMount

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


def measure(benchmark: Any, act: Callable[..., Any], *args: Any) -> Any:
    # What the last round made is thrown away before the next: no measured call cleans up.
    def tidy() -> None:
        gc.collect()

    benchmark.pedantic(act, args=args, rounds=ROUNDS, warmup_rounds=2, setup=tidy)
    return act(*args)


@pytest.mark.parametrize("how", ["together", "spread"])
@pytest.mark.parametrize("what", ["find", "layer", "differences", "find both"])
def test_upper_layer(benchmark: Any, image: Path, files: LocalFiles, how: str, what: str) -> None:
    """Time one look at an upper layer of 10,000 files."""
    benchmark.group = f"upper layer, {how}"
    upper = image / how
    mount = OverlayMount("/m", "/", (str(image / "lower"),), str(upper), None, (), (), "")
    if what == "find":
        assert measure(benchmark, find, upper) > 10_000
    elif what == "find both":
        assert measure(benchmark, find, upper, image / "lower") > 110_000
    elif what == "layer":
        assert len(measure(benchmark, read_layer, files, str(upper)).entries) > 10_000
    else:
        found = measure(benchmark, differences, files, find_folders(files, mount))
        assert not isinstance(found, Unavailable)
        assert {each.action for each in found} == {"changed"}


@pytest.mark.parametrize("what", ["find", "table"])
def test_image(benchmark: Any, half_gigabyte: Path, files: LocalFiles, what: str) -> None:
    """Time the table of all files of an image of 500 MB."""
    benchmark.group = "500 MB image"
    if what == "find":
        assert measure(benchmark, find, half_gigabyte) > 20_000
    else:
        found = measure(benchmark, table, files, str(half_gigabyte))
        assert (
            sum(each.stat.st_size for each in found if each.stat.st_mode >> 12 == 8) == 500 * 10**6
        )
