"""A notebook in the form in which the book stores it.

Done to every notebook, run or not; doing it twice changes nothing more:

- ids of cells: readable ones stay; random or missing ones are made from the cell's source
- widgets renumbered in order, scripts over 64 KiB cut (`widgets`)
- pieces of a stream joined, stdout before stderr; cursor movements done (`terminal`)
- this machine's paths, name and mirrors replaced by neutral ones
- execution counts 1, 2, 3, ...; no timings, no state of an editor
- per code cell, digests of source and outputs, by which replay knows a recording

Container ids, times and addresses stay what they were: a reader should see real ones. That
they change no recording is the business of `sanitise` and `record`.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from helpers.labs.recording import is_ribbon, outputs_digest, source_digest
from tools.notebooks import widgets
from tools.notebooks.book import nodes
from tools.notebooks.sanitise import text_of, whole_word
from tools.notebooks.terminal import screen

_RANDOM_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?")
_KEPT_OF_NOTEBOOK: Final = (
    "kernelspec",
    "language_info",
    "labs",
    "provenance",
    "widgets",
    "mystnb",
)
_DROPPED_OF_CELLS: Final = (
    *("execution", "ExecuteTime", "collapsed", "scrolled", "trusted", "vscode", "jupyter"),
    *("jp-MarkdownHeadingCollapsed", "outputId", "colab", "pycharm", "is_executing"),
)
_KERNEL: Final = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_LANGUAGE: Final = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
_MIRRORS: Final = (
    *("LABS_REGISTRY", "LABS_APT_MIRROR", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy"),
    *("https_proxy", "PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "NPM_CONFIG_REGISTRY"),
)
BOOK_STANDS_AT: Final = "/home/reader/containers-book"


def of_this_machine(root: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what only this machine is called, and what a page says instead."""
    hosts = {urlsplit(_as_url(environ[name])).netloc for name in _MIRRORS if environ.get(name)}
    words = {host.rpartition("@")[2]: "mirror.example" for host in hosts if host}
    name = socket.gethostname()
    if len(name) > 3 and name != "localhost":
        words[name] = "my-machine"
    if tempfile.gettempdir() != "/tmp":
        words[tempfile.gettempdir()] = "/tmp"
    if len(root.parts) > 2:  # a book at /app would rewrite the /app of every container
        words[str(root)] = BOOK_STANDS_AT
    return dict(sorted(words.items(), key=lambda item: -len(item[0])))


def _as_url(value: str) -> str:
    return value if "//" in value else f"//{value}"


def normalise(notebook: Any, words: Mapping[str, str]) -> Any:
    """Return a copy of `notebook` in stored form. words: of_this_machine(...)."""
    made = nodes(dict(notebook))
    made.nbformat, made.nbformat_minor = 4, 5
    made = nodes(widgets.renumber(made))
    widgets.cut_large_scripts(made)
    _metadata(made)
    _cell_ids(made.cells)
    replace = _Replacer(words)
    if "widgets" in made.metadata:
        made.metadata["widgets"] = nodes(replace(made.metadata["widgets"]))
    for number, cell in enumerate(code_cells(made), 1):
        cell.outputs = _outputs(cell.outputs, replace)
        cell.execution_count = number if cell.source.strip() and _was_run(cell) else None
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return made


def stamp(notebook: Any) -> None:
    """Write into each code cell that its outputs are the recorder's, for exactly its source."""
    for cell in code_cells(notebook):
        cell.metadata.recorded = {
            "source": source_digest(cell.source),
            "outputs": outputs_digest(cell.outputs),
        }


def code_cells(notebook: Any) -> list[Any]:
    """Return the notebook's code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _was_run(cell: Any) -> bool:
    return cell.execution_count is not None


def _metadata(notebook: Any) -> None:
    kept = {key: notebook.metadata[key] for key in _KEPT_OF_NOTEBOOK if key in notebook.metadata}
    kept |= {"kernelspec": _KERNEL, "language_info": _LANGUAGE}
    notebook.metadata = nodes(kept)
    for cell in notebook.cells:
        for key in _DROPPED_OF_CELLS:
            cell.metadata.pop(key, None)
        if "tags" in cell.metadata and not cell.metadata.tags:
            del cell.metadata["tags"]


def _cell_ids(cells: list[Any]) -> None:
    taken: set[str] = set()
    for cell in cells:
        ident = str(cell.get("id", ""))
        if not ident or _RANDOM_ID.fullmatch(ident):
            digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
            ident = f"{'code' if cell.cell_type == 'code' else 'text'}-{digest}"
        cell.id = _free(ident, taken)
        taken.add(cell.id)


def _free(ident: str, taken: set[str]) -> str:
    number, free = 1, ident
    while free in taken:
        number += 1
        free = f"{ident}-{number}"
    return free


class _Replacer:
    """Replaces whole words in texts, however deep they lie."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self.patterns = [(whole_word(word), new) for word, new in words.items()]

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            for pattern, new in self.patterns:
                value = pattern.sub(new.replace("\\", r"\\"), value)
            return value
        if isinstance(value, Mapping):
            return {key: self(item) for key, item in value.items()}
        return [self(item) for item in value] if isinstance(value, list) else value


def _outputs(outputs: list[Any], replace: _Replacer) -> list[Any]:
    shown = [output for output in outputs if not is_ribbon(output)]
    return [nodes(replace(output)) for output in _joined(shown)]


def _joined(outputs: list[Any]) -> list[Any]:
    """Join neighbouring pieces of each stream, and draw them as a terminal would."""
    made: list[Any] = []
    run: dict[str, str] = {}

    def close() -> None:
        for name in sorted(run, reverse=True):  # stdout first: their order varies
            text = screen(run[name])
            made.append({"output_type": "stream", "name": name, "text": text})
        run.clear()

    for output in outputs:
        if output.output_type == "stream":
            run[output.name] = run.get(output.name, "") + text_of(output.text)
        else:
            close()
            made.append(output)
    close()
    return made
