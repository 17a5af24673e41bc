"""Have root try its acts in containers that lack one capability each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from helpers.analysis.rights import parse
from helpers.drivers.engine import engine_errors
from helpers.records.rights import Trial

if TYPE_CHECKING:
    from docker import DockerClient

AT_ONCE: Final = 4
ACTS: Final = ["python3", "-I", "-S", "/acts.py"]
# Docker opens low ports to everybody; as on a usual host, so that its capability can be seen.
SYSCTLS: Final = {"net.ipv4.ip_unprivileged_port_start": "1024"}


def tried(
    client: DockerClient, image: str, labels: Mapping[str, str], drops: Sequence[str]
) -> tuple[Trial, ...]:
    """Try all acts in one container for each of `drops`, "" for none. Raises EngineError."""

    def one(dropped: str) -> Trial:
        with engine_errors():
            said = client.containers.run(
                image, ACTS, labels=dict(labels), sysctls=SYSCTLS, remove=True,
                cap_drop=[dropped] if dropped else None,
            )  # fmt: skip
        return Trial(dropped, parse(said.decode()))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(one, drops))
