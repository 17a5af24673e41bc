"""A machine's first file system is an archive as Linux unpacks it."""

from __future__ import annotations

from collections.abc import Iterator

from helpers.drivers import initramfs


def entries(archive: bytes) -> Iterator[tuple[str, int, tuple[int, int], bytes]]:
    """Yield (name, mode, device, content), read as the kernel's init/initramfs.c does."""
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        size, called = fields[6], fields[11]
        name = archive[at + 110 : at + 110 + called - 1].decode()
        start = (at + 110 + called + 3) // 4 * 4
        if name == "TRAILER!!!":
            return
        yield name, fields[1], (fields[9], fields[10]), archive[start : start + size]
        at = (start + size + 3) // 4 * 4


def test_programs_folders_and_a_console_are_in_it() -> None:
    """Every program is there whole and may be run; the console is the device 5:1."""
    content = b"#!/bin/sh\n" * 7 + b"x"
    found = {
        name: rest for name, *rest in entries(initramfs.build({"init": content, "bin/x": b""}))
    }
    assert found["init"] == [0o100755, (0, 0), content]
    assert found["bin/x"] == [0o100755, (0, 0), b""]
    assert found["dev/console"] == [0o020600, (5, 1), b""]
    assert all(found[name][0] == 0o040755 for name in initramfs.FOLDERS)


def test_no_two_files_share_a_number() -> None:
    """Linux would take them for links of each other."""
    archive = initramfs.build({"a": b"1", "b": b"2"})
    numbers = [
        archive[at + 6 : at + 14]
        for at in range(len(archive))
        if archive[at:].startswith(b"070701")
    ]
    assert len(numbers) == len(set(numbers))
