"""Which engine runs in the machine: Debian's own, or the current one, both under systemd.

Only one at a time, at the usual socket, as on a reader's machine.
"""

from __future__ import annotations

import shlex
from typing import Final

from tools.engines import current
from tools.engines.current import Store
from tools.vm.furnish import furnish_engine
from tools.vm.machine import get, machine, put

CONTAINERD: Final = """\
[Unit]
Description=The containerd of a current Docker engine
Conflicts=containerd.service

[Service]
Type=notify
Environment=PATH={path}
ExecStart={programs[0]}/containerd --address /run/containerd/current.sock --root {data}/containerd
Delegate=yes
KillMode=process
LimitNOFILE=1048576
TasksMax=infinity
TimeoutStartSec=600
"""
# dockerd starts a containerd by itself, but gives it 15 seconds: too few here.
DOCKER: Final = """\
[Unit]
Description=A current Docker engine
After=containerd-current.service
Requires=containerd-current.service
Conflicts=docker.service docker.socket

[Service]
Type=notify
Environment=PATH={path}
ExecStart={programs[1]}/dockerd --host unix:///var/run/docker.sock \\
  --containerd /run/containerd/current.sock --data-root {data} {options}
KillMode=process
LimitNOFILE=1048576
TasksMax=infinity
TimeoutStartSec=600
"""
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a killed run left there; the machine holds nothing of anybody's.
SWEEP: Final = (
    "docker ps -aq | xargs -r docker rm -f >/dev/null;"
    "docker network prune -f >/dev/null; docker volume prune -f >/dev/null"
)
# In order: dockerd, stopped with containers, waits for each.
LEAVE: Final = (
    f"systemctl is-active -q docker-current && {{ {SWEEP}; }};"
    "systemctl stop docker-current containerd-current 2>/dev/null || true"
)


def units(store: Store) -> dict[str, str]:
    """Return systemd's descriptions of the current engine, by their files' names."""
    engine = current.engine(store)
    forms = {"containerd-current.service": CONTAINERD, "docker-current.service": DOCKER}
    return {
        name: form.format(
            path=search_path(store),
            programs=engine.binaries,
            data=f"/var/lib/docker-current-{store}",
            options=" ".join(engine.options),
        )
        for name, form in forms.items()
    }


def search_path(store: Store) -> str:
    """Return a PATH there with the current engine's programs first."""
    return ":".join([*map(str, current.engine(store).binaries), PATH])


def environment(store: Store) -> str:
    """Return, as shell words, what makes programs there use the current command line."""
    settings = {"PATH": search_path(store), "DOCKER_CONFIG": str(current.FOLDER / "config")}
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())


def use_current(store: Store) -> None:
    """Let the current engine run there, and nothing of it from earlier."""
    furnish_engine()
    said = units(store)
    if "".join(map(get, map(path_of, said))) != "".join(said.values()):
        machine("run", LEAVE)
        for name, text in said.items():
            put(path_of(name), text)
        machine("run", "systemctl daemon-reload")
    machine("run", f"systemctl start docker-current && {{ {SWEEP}; }}")


def use_debian() -> None:
    """Let Debian's own engine run there, and nothing of it from earlier."""
    machine("run", f"{LEAVE}; systemctl start docker && {{ {SWEEP}; }}")


def path_of(unit: str) -> str:
    """Return where systemd looks for a description."""
    return f"/etc/systemd/system/{unit}"
