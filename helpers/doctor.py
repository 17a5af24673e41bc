"""`labs doctor`: one line for each thing a lab may need, good or with its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from helpers.records.host import Capabilities, Engine, Finding, Unavailable
from helpers.text import _

GIB = 2**30
LEAST_MEMORY = 2 * GIB
LEAST_DISK = 5 * GIB
OLDEST_API = (1, 41)  # Engine 20.10, the oldest the book is tested on


def findings(seen: Capabilities) -> tuple[Finding, ...]:
    """Judge a probe of the machine. Pure: the same probe gives the same lines."""
    return (
        *_engine(seen.engine),
        _program("docker command", seen.docker_cli, needed=True),
        _cgroup(seen),
        _trial(
            "privileged containers",
            seen.privileged,
            _("refused here; labs ask for exact capabilities instead, so nothing is lost"),
        ),
        _trial(
            "user namespaces",
            seen.user_namespaces,
            _("not allowed for this user; rootless labs are recorded"),
        ),
        _trial(
            "registry",
            seen.registry,
            _("out of reach; base images are made from Debian packages, or loaded from a file"),
            _("Set LABS_REGISTRY to a mirror, or `labs images load FILE`."),
        ),
        _program("kind", seen.kind, needed=False),
        _program("qemu", seen.qemu, needed=False),
        _size("memory", seen.memory, LEAST_MEMORY, _("Give Docker Desktop's machine more memory.")),
        *([] if seen.disk_free is None else [_disk(seen.disk_free)]),
        Finding("cores", True, str(seen.cores)),
    )


def _engine(engine: Engine | Unavailable) -> Iterable[Finding]:
    if isinstance(engine, Unavailable):
        yield Finding("engine", False, engine.reason, engine.remedy, needed=True)
        return
    traits = [engine.storage, f"API {engine.api}", engine.system]
    traits += ["rootless"] * engine.rootless
    text = f"{engine.name} {engine.version} ({', '.join(traits)}), {engine.endpoint.source}"
    api = tuple(int(part) for part in engine.api.split(".") if part.isdigit())
    good = api >= OLDEST_API
    remedy = "" if good else _("Update the engine: the labs are tested from Docker 20.10 on.")
    yield Finding("engine", good, text, remedy, needed=True)


def _program(name: str, found: str | Unavailable, *, needed: bool) -> Finding:
    if isinstance(found, Unavailable):
        return Finding(name, not needed, found.reason, found.remedy, needed)
    return Finding(name, True, found, needed=needed)


def _cgroup(seen: Capabilities) -> Finding:
    if seen.cgroup == "v2":
        return Finding("control groups", True, _("v2, kernel {k}").format(k=seen.kernel))
    text = _("{mode}, kernel {k}: labs show this kernel's own files and name the v2 ones").format(
        mode=seen.cgroup, k=seen.kernel
    )
    return Finding("control groups", True, text)


def _trial(name: str, tried: bool | None, otherwise: str, remedy: str = "") -> Finding:
    if tried is None:
        return Finding(name, True, _("not tried"))
    return Finding(name, True, _("yes") if tried else otherwise, "" if tried else remedy)


def _size(name: str, have: int, least: int, remedy: str) -> Finding:
    good = have >= least
    return Finding(name, good, f"{have / GIB:.1f} GiB", "" if good else remedy, needed=True)


def _disk(free: int) -> Finding:
    remedy = _("Free some space; `docker system df` shows what the engine holds.")
    return _size("disk", free, LEAST_DISK, remedy)


def healthy(lines: Sequence[Finding]) -> bool:
    """Tell whether the labs can run live: everything needed is good."""
    return all(line.good for line in lines if line.needed)


def render(lines: Sequence[Finding]) -> str:
    """Return the findings as text, a line each, remedies beneath what is not good."""
    width = max(len(line.name) for line in lines)
    shown = []
    for line in lines:
        mark = "ok " if line.good else "NO "
        shown.append(f"{mark} {line.name:<{width}}  {line.text}")
        if line.remedy:
            shown.append(f"{'':<{width + 5}} → {line.remedy}")
    return "\n".join(shown)
