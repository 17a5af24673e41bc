"""The command line of `tools.vm`; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from helpers.errors import LabError
from helpers.paths import ROOT
from tools.vm import __doc__ as usage
from tools.vm import engines, notebooks
from tools.vm.furnish import furnish, say
from tools.vm.machine import get, inside, machine

FIXTURES: Final = ROOT / "tests" / "fixtures"
RESULT: Final = FIXTURES / "vm.json"
REPORT: Final = "/root/report.xml"
IMAGES: Final = ("base", "busybox", "nginx", "python")
TESTS: Final = ("tests/unit/test_kernel_files.py", "tests/integration/test_kernel_*.py")
NAMES: Final = {"skipped": "skipped", "failure": "failed", "error": "failed"}


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


def test(paths: Sequence[Path]) -> int:
    """Run the kernel's tests and labs in the machine; return the exit status.

    paths: only these labs, and no tests. Raises LabError.
    """
    labs = notebooks.chosen(paths) if paths else notebooks.declared()
    machine("up")
    engines.use_debian()
    furnish({*IMAGES, *notebooks.images_of(labs)})
    said = json.loads(RESULT.read_text("utf-8")) if paths else kernel_tests()
    if labs:
        said["labs"] = {**about(), **notebooks.test(labs)}
    write(RESULT.name, said)
    failed = said["failed"] + said.get("labs", {}).get("failed", 0)
    return 0 if said["passed"] and not failed else 1


def kernel_tests() -> dict[str, Any]:
    """Run the kernel's tests there, record its control groups; return the result."""
    line = f".venv/bin/python -m pytest -q -p no:cacheprovider --junitxml={REPORT}"
    inside(f"{line} {' '.join(TESTS)} || true", show=True)
    report = get(REPORT)
    found, seen = counts(report), about()
    say(", ".join(f"{count} {name}" for name, count in found.items()))
    if found["passed"] and not found["failed"]:
        recorded = json.loads(inside(".venv/bin/python -m tools.vm.record"))
        write("cgroup-v2.json", {"about": seen, **recorded})
    return {**seen, **found, "modules": modules(report)}


def write(name: str, content: object) -> None:
    """Write a fixture."""
    FIXTURES.mkdir(exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=True, sort_keys=True)
    (FIXTURES / name).write_text(text + "\n", encoding="utf-8")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    top = argparse.ArgumentParser(
        "tools.vm", description=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("verb", choices=["record", "test", "up", "down"])
    top.add_argument("--store", choices=["graph", "containerd"], default="graph")
    top.add_argument("paths", nargs="*", type=Path, metavar="NOTEBOOK")
    return top.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    asked = parse(arguments)
    try:
        match asked.verb:
            case "record":
                return notebooks.record(asked.paths, asked.store)
            case "test":
                return test(asked.paths)
            case verb:
                machine(verb, show=True)
                return 0
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if asked.verb in ("record", "test") and not os.environ.get("KEEP"):
            machine("down", check=False)


if __name__ == "__main__":
    sys.exit(main())
