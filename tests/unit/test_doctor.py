"""The doctor judges a probe; each fault comes with its remedy."""

from __future__ import annotations

from dataclasses import replace

from helpers import doctor
from helpers.records.engine import Endpoint
from helpers.records.host import Capabilities, Engine, Unavailable

ENGINE = Engine(
    endpoint=Endpoint("unix:///var/run/docker.sock", "the usual socket"), name="Docker",
    version="28.5.2", api="1.51", storage="overlay2", image_store="graph driver", cgroup="v2",
    kernel="6.12", system="Debian", rootless=False, desktop=False,
)  # fmt: skip
GOOD = Capabilities(
    engine=ENGINE, cgroup="v2", kernel="6.12", root=False, cores=4, memory=8 * doctor.GIB,
    docker_cli="/usr/bin/docker", kind=Unavailable("no kind", "get it"), user_namespaces=True,
    privileged=True, registry=True, disk_free=50 * doctor.GIB,
)  # fmt: skip


def line(seen: Capabilities, name: str) -> doctor.Finding:
    return next(found for found in doctor.findings(seen) if found.name == name)


def test_good_machine_is_healthy() -> None:
    """With everything there, nothing is marked NO; kind is a wish, not a need."""
    found = doctor.findings(GOOD)
    assert doctor.healthy(found)
    assert "NO" not in doctor.render(found)


def test_missing_engine_is_ill_and_says_what_to_do() -> None:
    """Without an engine the exit is bad and the remedy stands beneath."""
    seen = replace(GOOD, engine=Unavailable("nothing answers", "Install Docker."))
    assert not doctor.healthy(doctor.findings(seen))
    assert "→ Install Docker." in doctor.render(doctor.findings(seen))


def test_no_emulator_is_a_wish_with_its_remedy() -> None:
    """Only one lab needs QEMU: without it the machine is healthy, and the way to it is named."""
    seen = replace(GOOD, qemu=Unavailable("no program", "`labs install qemu`"))
    assert doctor.healthy(doctor.findings(seen))
    assert "→ `labs install qemu`" in doctor.render(doctor.findings(seen))


def test_old_engine_little_memory_and_full_disk_are_found() -> None:
    """Each shortage is a line of its own with a remedy."""
    old = replace(GOOD, engine=replace(ENGINE, api="1.40"))
    assert not line(old, "engine").good
    assert "Update" in line(old, "engine").remedy
    assert not line(replace(GOOD, memory=doctor.GIB), "memory").good
    full = line(replace(GOOD, disk_free=doctor.GIB), "disk")
    assert not full.good
    assert "docker system df" in full.remedy


def test_refused_privilege_is_no_fault() -> None:
    """Hosts that bound capabilities are fine: the labs do without."""
    seen = replace(GOOD, privileged=False, registry=False, user_namespaces=False)
    assert doctor.healthy(doctor.findings(seen))
    assert "exact capabilities" in line(seen, "privileged containers").text
    assert "LABS_REGISTRY" in line(seen, "registry").remedy
