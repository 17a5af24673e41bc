"""What the labs install when a reader agrees, and that they take back that and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import cli
from helpers.drivers import daemon, installs
from helpers.errors import CommandFailed, LabError, MissingNeed

SIMULATED = """\
NOTE: This is only a simulation!
Inst passwd [1:4.13-1] (1:4.13-2 Debian:12 [amd64])
Inst conmon (2.1.6 Debian:12 [amd64])
Inst podman (4.3.1 Debian:12 [amd64])
Conf conmon (2.1.6 Debian:12 [amd64])
"""
BROUGHT = {"podman", "conmon"}


class Machine:
    """A Debian in little: apt adds and takes packages, and shows what it would do."""

    def __init__(self) -> None:
        self.packages = {"bash", "passwd"}
        self.along: set[str] = set()  # what apt would take along
        self.along_with: dict[str, set[str]] = {}  # and what with one package alone
        self.purged: list[set[str]] = []

    def apt(self, verb: str, *names: str, simulate: bool = False) -> str:
        """Stand in for apt-get."""
        if verb == "install":
            return SIMULATED
        if simulate:
            more = [name for each in names for name in self.along_with.get(each, ())]
            return "".join(f"Purg {name} [1]\n" for name in {*names, *self.along, *more})
        self.purged.append(set(names))
        self.packages -= set(names)
        return ""

    def install(self, _names: list[str], _say: Callable[[str], None]) -> None:
        """Stand in for daemon.install_packages."""
        self.packages |= BROUGHT


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without Podman, on which we are root."""
    made = Machine()
    monkeypatch.setattr(installs, "FOLDER", tmp_path / "installs")
    monkeypatch.setattr(installs, "installed", lambda: set(made.packages))
    monkeypatch.setattr(installs, "apt", made.apt)
    monkeypatch.setattr(daemon, "install_packages", made.install)
    monkeypatch.setattr(daemon, "may_install", lambda: True)
    monkeypatch.setattr(daemon, "program", lambda name: name if name in made.packages else None)
    return made


def test_a_plan_tells_what_comes_and_what_is_brought_up_to_date() -> None:
    """What is there in another version is no newcomer, and will not go again."""
    plan = installs.read_plan(SIMULATED)
    assert (plan.new, plan.upgraded, plan.removed) == (("conmon", "podman"), ("passwd",), ())


def test_what_was_brought_is_taken_back(machine: Machine) -> None:
    """After install and remove the machine has the packages it had."""
    tool = installs.find("podman")
    assert installs.install(tool, print) == ("conmon", "podman")
    assert installs.remove(tool, print) == ("conmon", "podman")
    assert machine.packages == {"bash", "passwd"}
    assert installs.remove(tool, print) == ()
    assert machine.purged == [BROUGHT]


def test_what_was_there_before_stays(machine: Machine) -> None:
    """A package that the reader had is not the labs' to remove."""
    machine.packages.add("conmon")
    tool = installs.find("podman")
    installs.install(tool, print)
    assert installs.remove(tool, print) == ("podman",)
    assert "conmon" in machine.packages


def test_what_others_need_by_now_is_refused_with_its_name(machine: Machine) -> None:
    """Nothing goes along that the labs have not brought."""
    tool = installs.find("podman")
    installs.install(tool, print)
    machine.along = {"cockpit-podman"}
    with pytest.raises(LabError, match="cockpit-podman along"):
        installs.remove(tool, print)
    assert machine.packages >= BROUGHT


def test_what_something_else_needs_is_kept_and_the_rest_goes(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """A library that another program shares by now stays, and it is said why."""
    tool = installs.find("podman")
    installs.install(tool, print)
    machine.along_with = {"conmon": {"cri-o"}}
    assert installs.remove(tool, print) == ("podman",)
    assert "conmon" in machine.packages
    assert "as cri-o needs it: conmon" in capsys.readouterr().out


def test_half_an_installation_is_remembered(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where apt fails midway, what did come can still be taken back."""

    def fail(_names: list[str], _say: Callable[[str], None]) -> None:
        machine.packages.add("conmon")
        raise CommandFailed(["apt-get"], 100, "no space left")

    monkeypatch.setattr(daemon, "install_packages", fail)
    tool = installs.find("podman")
    with pytest.raises(CommandFailed):
        installs.install(tool, print)
    assert installs.remove(tool, print) == ("conmon",)


def test_who_is_not_root_is_told_how(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root nothing is tried."""
    monkeypatch.setattr(daemon, "may_install", lambda: False)
    with pytest.raises(MissingNeed, match="Only root"):
        installs.install(installs.find("podman"), print)
    assert machine.packages == {"bash", "passwd"}


@pytest.mark.usefixtures("machine")
def test_nobody_agrees_by_accident(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal to ask at, the plan is shown and nothing is installed."""
    monkeypatch.setattr(cli.sys.stdin, "isatty", lambda: False, raising=False)
    assert cli.main(["install", "podman"]) == 1
    said = capsys.readouterr().out
    assert "apt will install: conmon, podman" in said
    assert "for good: passwd" in said
    assert said.endswith("Nothing was installed.\n")
    assert machine.packages == {"bash", "passwd"}


def test_who_agrees_gets_it_and_can_give_it_back(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """`labs install --yes`, once more, and `labs remove`: each says what it did."""
    assert cli.main(["install", "podman", "--yes"]) == 0
    assert cli.main(["install", "podman"]) == 0
    assert cli.main(["remove", "podman"]) == 0
    said = capsys.readouterr().out
    assert "Installed 2 packages" in said
    assert "here already" in said
    assert said.endswith("Removed 2 packages.\n")
    assert machine.packages == {"bash", "passwd"}


def test_an_unknown_program_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A misspelt name is answered with the list."""
    assert cli.main(["install", "pod-man", "--yes"]) == 1
    assert "podman, lxc, qemu" in capsys.readouterr().err
