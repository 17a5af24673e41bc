"""The map on the Docker chapter's page, from `book/docker/commands.yml`.

Which mechanism of the kernel each Docker command uses. Plain Markdown, written into the page by
`python -m tools.sphinx.syllabus --write`, so that JupyterLab shows it as the site does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tools.sphinx.syllabus import page_file, sections, with_part

# As commands.yml has them: what the page calls each.
MECHANISMS: Final = {
    "namespaces": "Namespaces",
    "cgroups": "Control groups",
    "layers": "Copy-on-write",
    "network": "Network",
    "rights": "Rights",
}


@dataclass(frozen=True)
class Command:
    """One Docker command. does: mechanism -> what it does to that; lab: where it is tried."""

    command: str
    lab: str
    does: dict[str, str]


def read(text: str) -> tuple[Command, ...]:
    """Read a commands.yml. Raises ValueError for a mechanism that nobody knows."""
    found = []
    for raw in yaml.safe_load(text):
        command, lab = raw.pop("command"), raw.pop("lab")
        if not raw or set(raw) - set(MECHANISMS):
            raise ValueError(f"{command}: the mechanisms are {', '.join(MECHANISMS)}")
        found.append(Command(command, lab, raw))
    return tuple(found)


def table(commands: tuple[Command, ...], book: Path) -> str:
    """Return the map: a row for each command, a column for each mechanism."""
    head = ["Command", *MECHANISMS.values(), "Try it in"]
    rows = [head, ["---"] * len(head)]
    for each in commands:
        names = ", ".join(f"`{name}`" for name in each.command.split(", "))
        rows.append([names, *(each.does.get(key, "") for key in MECHANISMS), _where(each, book)])
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows) + "\n"


def _where(command: Command, book: Path) -> str:
    file = page_file(book, command.lab)
    if file is None:
        return "not written yet"
    title = next(iter(sections(file).values()))
    folder, _, name = command.lab.partition("/")
    return f"[{title}]({'' if folder == 'docker' else f'../{folder}/'}{name}{file.suffix})"


def with_map(text: str, book: Path) -> str:
    """Return the text of the chapter's page with today's map; as it is where there is no map."""
    source = book / "docker" / "commands.yml"
    if not source.is_file():
        return text
    commands = read(source.read_text(encoding="utf-8"))
    return with_part(text, "commands", table(commands, book), "commands.yml")
