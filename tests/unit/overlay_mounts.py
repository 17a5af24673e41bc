"""Overlay mounts for tests: made with mount(2) where the machine lets us."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.kernel.files import LocalFiles
from helpers.kernel.overlay import read_overlays
from helpers.records.overlay import OverlayMount


@contextmanager
def overlay(folder: Path, lower: list[Path], *options: str) -> Iterator[OverlayMount]:
    """Mount `lower` (topmost first) below folder/upper at folder/merged; skip where refused."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts everywhere")
    upper, work, merged = (folder / name for name in ("upper", "work", "merged"))
    for each in (*lower, upper, work, merged):
        each.mkdir(parents=True, exist_ok=True)
    said = [f"lowerdir={':'.join(map(str, lower))}", f"upperdir={upper}", f"workdir={work}"]
    argv = ["mount", "-t", "overlay", "overlay", "-o", ",".join([*said, *options]), str(merged)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine mounts no overlay here: {done.stderr.strip()}")
    files = LocalFiles()
    try:
        yield next(each for each in read_overlays(files) if each.point == str(merged))
    finally:
        files.close()
        subprocess.run(["umount", str(merged)], check=True)
