"""Control groups of each version, read into the same records."""

from __future__ import annotations

import shutil
import string
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cgroup_trees as trees
import pytest
from cgroup_trees import ID
from hypothesis import given
from hypothesis import strategies as st

from helpers.kernel import cgroup_files as parsers
from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.cgroups import Plan, detail, find, sample
from helpers.kernel.files import Files, LocalFiles
from helpers.records.cgroups import (
    Cgroup,
    CgroupDetail,
    CgroupSample,
    CpuMax,
    CpuStat,
    IoDevice,
    MemoryEvents,
    MemoryStat,
    Pressure,
    PressureLine,
    sources,
)
from helpers.records.host import Unavailable

CPU = CpuStat(900, 600, 300, 40, 10, 5000)
PRESSURE = Pressure(PressureLine(1.5, 0.2, 0.0, 4242), PressureLine(0.5, 0.1, 0.0, 1111))
BUILD: dict[str, Callable[[Path], Path]] = {
    "v2": trees.v2,
    "v1": trees.v1,
    "hybrid": lambda root: trees.v1(root, unified=f"/docker/{ID}"),
}


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """The files of a fake machine."""
    made = LocalFiles(tmp_path)
    yield made
    made.close()


def found(files: Files, pid: int = 77) -> Cgroup:
    cgroup = find(files, pid)
    assert isinstance(cgroup, Cgroup)
    return cgroup


def look(files: Files, pid: int = 77) -> tuple[CgroupSample, CgroupDetail]:
    plan = Plan.of(found(files, pid))
    return sample(files, [plan], clock=1.0)[0], detail(files, [plan], clock=1.0)[0]


@pytest.mark.parametrize("version", BUILD)
def test_every_version_reads_the_same(files: Files, tmp_path: Path, version: str) -> None:
    """The same container under v2, v1 and hybrid gives the same figures in v2's units."""
    BUILD[version](tmp_path)
    quick, slow = look(files)
    assert quick.cgroup.version == version
    assert quick.cgroup.path == f"/docker/{ID}"
    assert quick.cpu == CPU
    assert (quick.memory_current, quick.pids_current) == (8192, 3)
    assert slow.cpu_max == CpuMax(50_000, 100_000)
    assert slow.cpu_weight == 100
    assert slow.memory_stat == MemoryStat(4096, 2048, 1024, 1000, 8)
    assert (slow.memory_peak, slow.memory_max, slow.pids_max) == (16_384, 1_048_576, 100)
    assert slow.pids_refused == 7
    assert slow.io == (IoDevice("8:0", 4096, 8192, 1, 2),)
    assert isinstance(slow.memory_events, MemoryEvents)
    assert (slow.memory_events.max, slow.memory_events.oom_kill) == (4, 1)


@pytest.mark.parametrize("version", ["v2", "hybrid"])
def test_pressure_comes_from_the_v2_tree(files: Files, tmp_path: Path, version: str) -> None:
    """Pressure is there wherever a v2 tree is."""
    BUILD[version](tmp_path)
    quick, _slow = look(files)
    assert quick.cpu_pressure == quick.memory_pressure == quick.io_pressure == PRESSURE


def test_the_v2_tree_spares_reading(files: Files, tmp_path: Path) -> None:
    """Where a v2 tree has the CPU time in one file, v1's three are not read."""
    BUILD["hybrid"](tmp_path)
    assert not [path for path in Plan.of(found(files)).quick if "cpuacct" in path]


def test_what_v1_lacks_is_said(files: Files, tmp_path: Path) -> None:
    """No pressure, no memory.high and no oom count in v1: each says so."""
    trees.v1(tmp_path)
    quick, slow = look(files)
    assert quick.cpu_pressure == Unavailable("cgroup v1 has no pressure files")
    assert slow.memory_high == Unavailable("cgroup v1 does not have it")
    assert isinstance(slow.memory_events, MemoryEvents)
    assert slow.memory_events.oom == Unavailable("cgroup v1 does not have it")


def test_no_limit_is_none(files: Files, tmp_path: Path) -> None:
    """Limits that are not set are None in every version."""
    folder = trees.v2(tmp_path)
    trees.write(folder, {"cpu.max": "max 100000\n", "memory.max": "max\n", "pids.max": "max\n"})
    _quick, slow = look(files)
    assert (slow.memory_high, slow.memory_max, slow.pids_max) == (None, None, None)
    assert slow.cpu_max == CpuMax(None, 100_000)
    shutil.rmtree(tmp_path / "sys")
    base = trees.v1(tmp_path)
    tree = f"docker/{ID}"
    trees.write(base / "cpu" / tree, {"cpu.cfs_quota_us": "-1\n"})
    trees.write(base / "memory" / tree, {"memory.limit_in_bytes": "9223372036854771712\n"})
    trees.write(base / "pids" / tree, {"pids.max": "max\n"})
    files.forget()
    _quick, slow = look(files)
    assert (slow.memory_max, slow.pids_max, slow.cpu_max) == (None, None, CpuMax(None, 100_000))


@pytest.mark.parametrize("version", BUILD)
def test_missing_files_are_unavailable(files: Files, tmp_path: Path, version: str) -> None:
    """A controller that is off takes away its figures and no others."""
    BUILD[version](tmp_path)
    for path in tmp_path.rglob("sys/**/memory.*"):
        path.unlink()
    quick, slow = look(files)
    assert quick.cpu == CPU
    assert isinstance(quick.memory_current, Unavailable)
    assert isinstance(slow.memory_stat, Unavailable)
    assert isinstance(slow.memory_events, Unavailable)
    assert (slow.pids_max, slow.pids_refused) == (100, 7)


@pytest.mark.parametrize("version", BUILD)
@pytest.mark.parametrize("text", ["", "\n", "garbage", "1 2 3", "\x00" * 50, "9" * 5000, "é\n"])
def test_garbage_is_unavailable(files: Files, tmp_path: Path, version: str, text: str) -> None:
    """Files full of nonsense give reasons, not exceptions."""
    BUILD[version](tmp_path)
    for path in tmp_path.rglob("sys/**/*"):
        if path.is_file():
            path.write_text(text)
    quick, slow = look(files)
    assert isinstance(quick.memory_current, Unavailable)
    assert isinstance(slow.cpu_max, Unavailable)
    if version != "v1":
        assert isinstance(quick.cpu_pressure, Unavailable)


@pytest.mark.parametrize("version", BUILD)
def test_a_cgroup_that_vanishes(files: Files, tmp_path: Path, version: str) -> None:
    """A container that ends between finding and reading leaves reasons, and others stay."""
    BUILD[version](tmp_path)
    plan = Plan.of(found(files))
    gone = replace(
        plan,
        quick=tuple(path.replace(ID, "gone") for path in plan.quick),
        slow=tuple(path.replace(ID, "gone") for path in plan.slow),
    )
    missing, there = sample(files, [gone, plan])
    assert isinstance(missing.memory_current, Unavailable)
    assert there.memory_current == 8192
    assert isinstance(detail(files, [gone])[0].io, Unavailable)


def test_the_file_stands_beside_the_figure(files: Files, tmp_path: Path) -> None:
    """A page can show each file's real path and text, and why one was not there."""
    folder = trees.v2(tmp_path)
    (folder / "io.pressure").unlink()
    quick, slow = look(files)
    base = f"/sys/fs/cgroup/docker/{ID}"
    shown = {source.path: source.text for source in (*sources(quick), *sources(slow))}
    assert shown[f"{base}/cpu.max"] == "50000 100000\n"
    assert shown[f"{base}/memory.stat"] == trees.V2["memory.stat"]
    assert shown[f"{base}/io.pressure"] == Unavailable("No such file or directory")


def test_pressure_switched_off(files: Files, tmp_path: Path) -> None:
    """A kernel booted without pressure says how to switch it on."""
    folder = trees.v2(tmp_path)
    (folder / "cpu.pressure").unlink()
    quick, _slow = look(files)
    assert isinstance(quick.cpu_pressure, Unavailable)
    assert "psi=1" in quick.cpu_pressure.reason


def test_old_kernels_have_no_full_line() -> None:
    """Before 5.13 the CPU's pressure file has one line."""
    seen = parsers.pressure(b"some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n")
    assert seen.some.total == 7
    assert isinstance(seen.full, Unavailable)


@pytest.mark.parametrize(
    ("shares", "weight"), [("1024", 100), ("2", 1), ("512", 50), ("262144", 10_000), ("0", 1)]
)
def test_shares_are_weights(shares: str, weight: int) -> None:
    """v1's shares convert as the kernel itself takes them."""
    assert parsers.weight_of_shares(shares.encode()) == weight


words = st.sampled_from(
    [b"some", b"full", b"avg10=", b"total=", b"max", b"8:0", b"Read", b"rbytes=", b"\n", b" ", b"-"]
)
texts = st.binary(max_size=200) | st.lists(
    words | st.sampled_from([c.encode() for c in string.digits]) | st.binary(max_size=3)
).map(b" ".join)


@given(text=texts, other=texts)
def test_parsers_raise_only_their_own(text: bytes, other: bytes) -> None:
    """Whatever a file holds, a parser returns a record or raises Garbled."""
    for parse in (
        parsers.number,
        parsers.limit,
        parsers.limit_v1,
        parsers.keyed,
        parsers.pressure,
        parsers.cpu_max,
        parsers.io_stat,
        lambda text: parsers.blkio(text, other),
        parsers.weight_of_shares,
    ):
        with suppress(Garbled):
            parse(text)


def test_nonsense_is_shown_harmlessly() -> None:
    """What a hostile file prints to a terminal or a page is written out, not obeyed."""
    with pytest.raises(Garbled) as caught:
        parsers.number(b"\x1b[2J<script>\n")
    assert "\x1b" not in str(caught.value)
    assert "\\x1b" in str(caught.value)


@given(
    some=st.tuples(*[st.floats(0, 100) for _ in range(3)], st.integers(0, 2**63)),
    full=st.none() | st.tuples(*[st.floats(0, 100) for _ in range(3)], st.integers(0, 2**63)),
)
def test_pressure_is_read_back(some, full) -> None:
    """A pressure file written as the kernel writes it is read as it was."""

    def line(name: str, v) -> str:
        return f"{name} avg10={v[0]:.2f} avg60={v[1]:.2f} avg300={v[2]:.2f} total={v[3]}\n"

    text = line("some", some) + (line("full", full) if full else "")
    seen = parsers.pressure(text.encode())
    assert tuple(seen.some) == pytest.approx(some, abs=0.006)
    if full:
        assert tuple(seen.full) == pytest.approx(full, abs=0.006)
