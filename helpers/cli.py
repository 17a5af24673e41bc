"""`labs`: doctor, images, bundle, clean, solve, install. Answers are sentences or tables."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.errors import EngineUnavailable, LabError
from helpers.records.host import Engine, Unavailable
from helpers.text import _

if TYPE_CHECKING:
    from docker import DockerClient

    from helpers.records.installs import Plan, Tool


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status (0 good, 1 not, 2 wrong usage)."""
    args = parser().parse_args(argv)
    try:
        return int(args.run(args))
    except LabError as error:
        print(f"labs: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(_("labs: stopped; nothing half-made is kept."), file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the `labs` command."""
    top = argparse.ArgumentParser(prog="labs", description=_("The book's labs, from a terminal."))
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help=_("what this machine has, and remedies"))
    doctor.add_argument("--json", action="store_true", help=_("for programs"))
    doctor.set_defaults(run=_doctor)

    images = commands.add_parser("images", help=_("base images: list, build, load"))
    images.set_defaults(run=_images_list)
    verbs = images.add_subparsers(metavar="VERB")
    verbs.add_parser("list", help=_("the default")).set_defaults(run=_images_list)
    build = verbs.add_parser("build", help=_("make ready what is missing or stale"))
    build.add_argument("names", nargs="*", help=_("which (default: all)"))
    build.set_defaults(run=_images_build)
    load = verbs.add_parser("load", help=_("read a file made by `labs bundle`"))
    load.add_argument("file", type=Path)
    load.set_defaults(run=_images_load)

    bundle = commands.add_parser("bundle", help=_("all base images in one file, for a class"))
    bundle.add_argument("file", type=Path)
    bundle.set_defaults(run=_bundle)

    clean = commands.add_parser("clean", help=_("remove what dead runs left"))
    clean.add_argument("--all", action="store_true", help=_("also what living runs use"))
    clean.set_defaults(run=_clean)

    solve = commands.add_parser("solve", help=_("play an exercise's reference solution"))
    solve.add_argument("exercise", help=_("its name, or chapter/NNN-lab/name"))
    solve.set_defaults(run=_solve)
    _tool_commands(commands)
    return top


def _tool_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    install = commands.add_parser("install", help=_("a program some labs need, if you agree"))
    install.add_argument("tool", help=_("podman, lxc or qemu"))
    install.add_argument("--yes", action="store_true", help=_("agree beforehand"))
    install.set_defaults(run=_install)
    remove = commands.add_parser("remove", help=_("take back what `labs install` brought"))
    remove.add_argument("tool", help=_("podman, lxc or qemu"))
    remove.set_defaults(run=_remove)


def _engine() -> Engine:
    from helpers.host import look_for_engine

    found = look_for_engine()
    if isinstance(found, Unavailable):
        raise EngineUnavailable(_("this machine"), found.reason)
    return found


def _client() -> DockerClient:
    from helpers.drivers.engine import open_client

    return open_client(_engine().endpoint)


def _doctor(args: argparse.Namespace) -> int:
    from helpers import doctor
    from helpers.host import probe

    lines = doctor.findings(probe(trials=True))
    good = doctor.healthy(lines)
    if args.json:
        print(json.dumps({"good": good, "findings": [asdict(line) for line in lines]}, indent=2))
    else:
        print(doctor.render(lines))
    return 0 if good else 1


def _images_list(_args: argparse.Namespace) -> int:
    from helpers.drivers import images

    with closing(_client()) as client:
        print(images.table(client))
    return 0


def _images_build(args: argparse.Namespace) -> int:
    from helpers.drivers import images

    names = args.names or [recipe.name for recipe in images.catalogue()]
    with closing(_client()) as client:
        images.ensure(client, names, images.show_progress())
    return _images_list(args)


def _images_load(args: argparse.Namespace) -> int:
    from helpers.drivers import images

    with closing(_client()) as client:
        images.load(client, args.file, images.show_progress())
    return _images_list(args)


def _bundle(args: argparse.Namespace) -> int:
    from helpers.drivers import images

    names = [recipe.name for recipe in images.catalogue()]
    with closing(_client()) as client:
        images.ensure(client, names, images.show_progress())
        images.bundle(client, args.file, names, images.show_progress())
    size = args.file.stat().st_size / 2**20
    print(
        _("{file}: {size:.0f} MiB. In class: `labs images load {file}`.").format(
            file=args.file, size=size
        )
    )
    return 0


def _clean(args: argparse.Namespace) -> int:
    from helpers.drivers import images
    from helpers.host import look_for_engine
    from helpers.labs import cleaning

    if isinstance(look_for_engine(), Unavailable):
        cleaning.sweep(None, everything=args.all)
        print(_("No engine answers, so only files were looked for."))
        return 0
    with closing(_client()) as client:
        removal = cleaning.sweep(client, everything=args.all)
        images.sweep(client)
    print(cleaning.card(removal))
    return 1 if removal.failed else 0


def _solve(args: argparse.Namespace) -> int:
    from helpers import checks
    from helpers.labs import catalog, session
    from helpers.views import cards

    lab, _slash, ident = args.exercise.rpartition("/")
    wanted = [key for key in checks.everything() if key[1] == ident and (not lab or key[0] == lab)]
    if len(wanted) != 1:
        known = ", ".join(sorted("/".join(key) for key in checks.everything()))
        raise LabError(
            _("There is no single exercise called {name}.").format(name=args.exercise),
            remedy=_("Exercises: {known}.").format(known=known),
        )
    where, name = wanted[0]
    here = session.attach(catalog.load(where), _engine())
    found = checks.find(where, name)
    found.solve(here)
    outcome = checks.run_check(found, here)
    here.leave()
    print(cards.outcome(outcome))
    return 0 if isinstance(outcome, checks.Met) else 1


def _install(args: argparse.Namespace) -> int:
    from helpers.drivers import installs

    tool = installs.find(args.tool)
    if installs.there(tool):
        print(_("{name} is here already; nothing to do.").format(name=tool.name))
        return 0
    installs.demand_rights(tool)
    print(_describe(tool, installs.plan(tool)))
    if not args.yes and not _agreed():
        print(_("Nothing was installed."))
        return 1
    came = installs.install(tool, lambda line: print(line, flush=True))
    print(
        _("Installed {number} packages. `labs remove {name}` takes them back.").format(
            number=len(came), name=tool.name
        )
    )
    return 0


def _describe(tool: Tool, plan: Plan) -> str:
    lines = [_("apt will install: {names}").format(names=", ".join(plan.new))]
    if plan.upgraded:
        names = ", ".join(plan.upgraded)
        lines.append(_("and bring up to date, for good: {names}").format(names=names))
    return "\n".join([*lines, *filter(None, [tool.notice])])


def _agreed() -> bool:
    """Ask at the terminal; who cannot be asked has not agreed."""
    if not sys.stdin.isatty():
        print(_("Nobody can be asked here; `--yes` agrees beforehand."))
        return False
    return input(_("Go on? [y/N] ")).strip().lower() in ("y", "yes")


def _remove(args: argparse.Namespace) -> int:
    from helpers.drivers import installs

    tool = installs.find(args.tool)
    gone = installs.remove(tool, lambda line: print(line, flush=True))
    print(
        _("Removed {number} packages.").format(number=len(gone))
        if gone
        else _("`labs install` has brought nothing for {name}.").format(name=tool.name)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
