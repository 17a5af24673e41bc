"""What it takes to keep one program running, in a container or in a virtual machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Footprint:
    """Memory in bytes. program: what the program itself takes. around: what there is only for
    its sake: the shim beside a container; emulator and kernel around a machine's program."""

    name: str
    program: int
    around: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.program + self.around


@dataclass(frozen=True)
class Comparison:
    """One thing measured of both. unit: as it is written behind the numbers."""

    what: str
    container: float
    machine: float
    unit: str

    @property
    def times(self) -> float:
        """How many times as much the machine takes."""
        return self.machine / self.container
