"""What of a system can be attacked, as far as one can count it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Surface:
    """Counts of one running system.

    packages: installed. programs: executable files, links not counted. setuid: those that run
    with their owner's rights, whoever starts them. ports: open, TCP and UDP. processes: running.
    """

    name: str
    packages: int
    files: int
    programs: int
    setuid: int
    ports: int
    processes: int
