"""What can be attacked is counted from archives and from the kernel's lists."""

from __future__ import annotations

import tarfile

import pytest

from helpers.analysis import surface as count
from helpers.records.surface import Surface
from helpers.views.surface import compare

STATUS = b"""\
Package: base-files
Status: install ok installed

Package: gone
Status: deinstall ok config-files

Package: bash
Status: install ok installed
"""
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   1: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   2: 0100007F:8AE2 0100007F:0016 01 00000000:00000000 00:00000000 00000000     0
"""
UDP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
  10: 00000000:006F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0
"""
HOST = Surface("host", 127, 3823, 419, 11, 4, 6)
SMALL = Surface("small", 0, 8, 1, 0, 1, 1)


def entry(name: str, mode: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """An entry of an archive."""
    made = tarfile.TarInfo(name)
    made.mode, made.type = mode, kind
    return made


def test_only_installed_packages_count() -> None:
    """One that was removed and has left its settings is none."""
    assert count.installed(STATUS) == 2
    assert count.installed(b"") == 0


@pytest.mark.parametrize(
    ("made", "program"),
    [
        (entry("bin/busybox", 0o755), True),
        (entry("./usr/local/sbin/start", 0o755), True),
        (entry("bin/ls", 0o777, tarfile.SYMTYPE), False),
        (entry("bin/ls", 0o755, tarfile.LNKTYPE), False),
        (entry("usr/lib/x/helper", 0o755), False),
        (entry("bin/readme", 0o644), False),
        (entry("bin/folder/x", 0o755), False),
    ],
)
def test_programs_are_executable_files_where_programs_lie(
    made: tarfile.TarInfo, program: bool
) -> None:
    """Links count once, with what they lead to."""
    assert count.is_program(made) is program


def test_setuid_is_a_bit_of_a_file() -> None:
    """Neither setgid nor a folder's bit counts."""
    assert count.is_setuid(entry("bin/su", 0o4755))
    assert not count.is_setuid(entry("bin/wall", 0o2755))
    assert not count.is_setuid(entry("srv", 0o4755, tarfile.DIRTYPE))


def test_open_ports_are_those_that_wait() -> None:
    """A connection is no open port; the same port over IPv4 and IPv6 is one."""
    found = count.open_ports([("tcp", TCP), ("tcp6", TCP), ("udp", UDP), ("udp6", "")])
    assert found == {("tcp", 22), ("tcp", 25), ("udp", 111)}


def test_the_figure_says_what_is_left() -> None:
    """Shares are of the first system; the counts stand beside the bars and in the words."""
    plot = compare([HOST, SMALL])
    assert plot.figure.layout.title.text == "small: 8 files of 3,823, no package, 1 open port of 4"
    assert list(plot.figure.data[0].x) == [100] * 6
    assert list(plot.figure.data[1].text) == ["0", "8", "1", "0", "1", "1"]
    assert plot.figure.data[1].x[4] == 25
    assert "host: 127 packages, 3,823 files" in plot.alt


def test_a_title_does_not_promise_what_is_not_so() -> None:
    """With packages, or more ports, it says files alone."""
    assert compare([SMALL, HOST]).figure.layout.title.text == "host has 3,823 files, small has 8"
