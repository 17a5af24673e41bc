"""A process's share of memory is read from its smaps_rollup."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from helpers.kernel.cgroup_paths import Garbled
from helpers.kernel.files import LocalFiles
from helpers.kernel.memory import parse_pss, read_pss
from helpers.records.host import Unavailable

ROLLUP = b"""\
00400000-7ffc8a5f6000 ---p 00000000 00:00 0                              [rollup]
Rss:                 508 kB
Pss:                 217 kB
Pss_Dirty:            52 kB
"""


def test_the_share_is_read_in_bytes() -> None:
    """Neither Rss nor Pss_Dirty is taken for it."""
    assert parse_pss(ROLLUP) == 217 * 1024


@pytest.mark.parametrize("text", [b"", b"Pss: many kB\n", b"Rss: 1 kB\n", b"Pss: 1\n"])
def test_anything_else_is_garbled(text: bytes) -> None:
    """No number is guessed."""
    with pytest.raises(Garbled):
        parse_pss(text)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="not a Linux since 4.14")
def test_this_process_has_one() -> None:
    """It is no more than what the process maps; one that is gone has a reason instead."""
    with closing(LocalFiles()) as files:
        share = read_pss(files, os.getpid())
        assert isinstance(share, int)
        assert 0 < share <= 1.2 * psutil.Process().memory_info().rss
        assert isinstance(read_pss(files, 2**22 + 1), Unavailable)
