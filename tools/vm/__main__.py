"""The command line of `tools.vm`; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from packaging.requirements import Requirement

from helpers.drivers import images
from helpers.drivers.engine import open_client
from helpers.drivers.image_makers import ARCHIVE, host_mirror, package_sources
from helpers.errors import CommandFailed, LabError, MissingNeed
from helpers.host import look_for_engine
from helpers.paths import ROOT
from helpers.records.host import Unavailable
from tools.vm import __doc__ as usage

MACHINE: Final = Path(__file__).with_name("machine.sh")
HOME: Final = ROOT / ".cache" / "vm"
FIXTURES: Final = ROOT / "tests" / "fixtures"
PACKAGES: Final = ("pytest", "hypothesis", "docker", "psutil", "PyYAML", "packaging", "pyroute2")
IMAGES: Final = ("base", "busybox", "python")
TESTS: Final = ("tests/unit/test_kernel_files.py", "tests/integration/test_kernel_*.py")
NAMES: Final = {"skipped": "skipped", "failure": "failed", "error": "failed"}


def machine(*words: str, stdin: bytes | None = None, show: bool = False, check: bool = True) -> str:
    """Let machine.sh do something; return what it printed. Raises CommandFailed.

    show: also print it as it comes.
    """
    # Not through helpers.command: archives go in, and what it prints is shown meanwhile.
    argv = [str(MACHINE), *words]
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "VM_HOME": str(HOME), "VM_SOURCES": sources()},
    ) as running:
        if stdin is not None:
            assert running.stdin is not None
            running.stdin.write(stdin)
            running.stdin.close()
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line.decode("utf-8", "replace"))
            if show:
                print(lines[-1], end="", flush=True)
    if check and running.returncode != 0:
        raise CommandFailed(argv, running.returncode, "".join(lines[-12:]))
    return "".join(lines)


def sources() -> str:
    """Return where the machine's packages come from: where this machine's own do."""
    return "\n".join(package_sources(host_mirror() or ARCHIVE))


# -- what the machine is given


def ours() -> list[str]:
    """Return the files of this repository, committed or not, by their paths below its root."""
    line = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


def packages(names: Iterable[str]) -> Iterator[Path]:
    """Yield the files of installed packages and of all they need."""
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # needed on other systems only
        needs = [Requirement(each) for each in found.requires or []]
        waiting += [n.name for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]
        for file in found.files or []:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                yield Path(str(file.locate()))


def archive(folder: Path, names: Iterable[str]) -> bytes:
    """Return a tar of some files of a folder."""
    with tempfile.NamedTemporaryFile("w", suffix=".list") as listed:
        listed.write("\0".join(names))
        listed.flush()
        line = ["tar", "-C", str(folder), "--null", "-T", listed.name, "-cf", "-"]
        return subprocess.run(line, capture_output=True, check=True).stdout


def furnish() -> None:
    """Bring the code, its packages and the base images into the machine. Raises LabError."""
    if sys.version_info[:2] != (3, 11):
        raise MissingNeed("The machine runs Python 3.11 and needs packages made for it.")
    machine("run", "rm -rf /root/book /root/site; mkdir -p /root/book /root/site")
    machine("run", "tar -C /root/book -xf -", stdin=archive(ROOT, ours()))
    site = Path(distribution("pytest").locate_file("")).resolve()  # type: ignore[arg-type]
    names = [str(path.resolve().relative_to(site)) for path in packages(PACKAGES)]
    machine("run", "tar -C /root/site -xf -", stdin=archive(site, names))
    for image in saved():
        machine("run", "docker load -q", stdin=image)


def saved() -> Iterator[bytes]:
    """Yield the base images that the tests use, as `docker save` writes them."""
    engine = look_for_engine()
    if isinstance(engine, Unavailable):
        raise MissingNeed(engine.reason, remedy=engine.remedy)
    with closing(open_client(engine.endpoint)) as client:
        images.ensure(client, IMAGES, images.show_progress())
        for name in IMAGES:
            yield b"".join(client.api.get_image(images.reference(name)))


# -- what it says


def counts(report: str) -> dict[str, int]:
    """Count the results in a JUnit report."""
    found = {"passed": 0, "failed": 0, "skipped": 0}
    for case in ElementTree.fromstring(report).iter("testcase"):
        outcomes = [NAMES[each.tag] for each in case if each.tag in NAMES]
        found[outcomes[0] if outcomes else "passed"] += 1
    return found


def modules(report: str) -> list[str]:
    """Return which modules a JUnit report tells of."""
    names = {case.get("classname", "") for case in ElementTree.fromstring(report).iter("testcase")}
    return sorted({name.split(".Test")[0] for name in names})


def about() -> dict[str, str]:
    """Return date and versions of a run."""
    line = (
        "uname -r; docker version -f '{{.Server.Version}}'; stat -fc %T /sys/fs/cgroup;"
        "docker info -f '{{.CgroupDriver}} cgroup v{{.CgroupVersion}}'; . /etc/os-release;"
        'echo "$PRETTY_NAME"'
    )
    kernel, engine, filesystem, driver, system = machine("run", line).splitlines()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "system": system,
        "kernel": kernel,
        "engine": f"Docker {engine}",
        "cgroups": f"{filesystem}, {driver}",
    }


def inside(command: str, *, show: bool = False, check: bool = True) -> str:
    """Run a command in the machine's copy of the repository."""
    env = "PYTHONPATH=/root/site PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1"
    return machine("run", f"cd /root/book && {env} {command}", show=show, check=check)


def test() -> int:
    """Run the kernel's tests in the machine; return the exit status. Raises LabError."""
    machine("up")
    furnish()
    line = f"python3 -m pytest -q -p no:cacheprovider --junitxml=/root/report.xml {' '.join(TESTS)}"
    inside(f"{line} || true", show=True)
    report = machine("run", "cat /root/report.xml")
    found, seen = counts(report), about()
    FIXTURES.mkdir(exist_ok=True)
    if found["passed"] and not found["failed"]:
        recorded = json.loads(inside("python3 -m tools.vm.record"))
        write("cgroup-v2.json", {"about": seen, **recorded})
    write("vm.json", {**seen, **found, "modules": modules(report)})
    print(", ".join(f"{count} {name}" for name, count in found.items()))
    return 0 if found["passed"] and not found["failed"] else 1


def write(name: str, content: object) -> None:
    """Write a fixture."""
    text = json.dumps(content, indent=1, ensure_ascii=True, sort_keys=True)
    (FIXTURES / name).write_text(text + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    top = argparse.ArgumentParser(
        "tools.vm", description=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("verb", choices=["test", "up", "down"])
    verb = top.parse_args(arguments).verb
    try:
        if verb != "test":
            machine(verb, show=True)
            return 0
        return test()
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if verb == "test" and not os.environ.get("KEEP"):
            machine("down", check=False)


if __name__ == "__main__":
    sys.exit(main())
