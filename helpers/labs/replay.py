"""Answer cells from their recording where the machine lacks what they need.

An input transformer looks at each cell before it runs. A cell whose source is exactly the
book's is answered with its recorded outputs, under a ribbon that says so, and what it imports
is imported. A cell the reader has edited is never answered from a recording: where it would
need what is missing, one sentence says so; where it needs nothing, it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from helpers.errors import MissingNeed
from helpers.labs import cells
from helpers.labs.recording import RIBBON_MARK, WIDGET_VIEW
from helpers.records.host import Unavailable
from helpers.records.lab import Lab, StoredCell
from helpers.text import _
from helpers.views import cards

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# What a session answers by itself: `here.hint("till")` needs no engine.
ENGINE_FREE: Final = frozenset(
    {"clean_up", "engine", "files", "hint", "image", "lab", "labels", "live", "name", "port"}
    | {"predict", "quiz", "run"}
)


@dataclass(frozen=True)
class Answer:
    """What to do with a cell: run it, replay `cell`, or refuse it."""

    action: str  # "run" | "replay" | "refuse"
    cell: StoredCell | None = None


@dataclass
class Replay:
    """Decides for each cell of one lab. Knows where the reader last was, because a page may
    hold the same source twice (a check before and after an exercise)."""

    lab: Lab
    last: int = -1
    given: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        recorded = [cell for cell in self.lab.cells if not cell.runs_anywhere]
        trees = [tree for cell in recorded if (tree := cells.parse(cell.source))]
        self.given = frozenset(name for tree in trees for name in cells.assigned(tree))

    def decide(self, source: str, known: Iterable[str] = ()) -> Answer:
        """Say what to do with `source`. known: names that exist in the notebook already."""
        cell = self._match(source.strip())
        if cell is None:
            needs = needs_engine(source, self.given - set(known))
            return Answer("refuse" if needs else "run")
        return Answer("run" if cell.runs_anywhere else "replay", cell)

    def _match(self, source: str) -> StoredCell | None:
        places = [i for i, cell in enumerate(self.lab.cells) if cell.source == source]
        if not places:
            return None
        return self.lab.cells[next((i for i in places if i > self.last), places[0])]

    def answered(self, cell: StoredCell) -> None:
        """Note that the reader was here. (Not when deciding: a kernel may ask twice.)"""
        self.last = self.lab.cells.index(cell)


def needs_engine(source: str, unavailable: Iterable[str]) -> bool:
    """Tell whether a cell that is not the book's would need what is missing: it calls docker,
    or uses the session's engine or a name that only a recorded cell would have made."""
    tree = cells.parse(source)
    if tree is None:
        return False  # Python says so better than we could
    if cells.calls_docker(tree):
        return True
    lacking = set(unavailable)
    used = cells.filled_in(tree)
    if any(name.partition(".")[0] in lacking or _asks_engine(name) for name in used):
        return True
    free = {node.value for node in ast.walk(tree) if _is_free(node)}
    loads = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not cells.is_store(node) and node not in free
    }
    return bool(loads & ({"here"} | (lacking - cells.assigned(tree))))


def _asks_engine(dotted: str) -> bool:
    name, _dot, attribute = dotted.partition(".")
    return name == "here" and attribute.partition(".")[0] not in ENGINE_FREE


def _is_free(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "here"
        and node.attr in ENGINE_FREE
    )


class Replayer:
    """Puts a Replay to work in a running IPython."""

    def __init__(
        self, shell: InteractiveShell, replay: Replay, lacking: Sequence[tuple[str, Unavailable]]
    ) -> None:
        self.shell = shell
        self.replay = replay
        self.lacking = lacking
        self._answer: Answer = Answer("run")
        self._kept: list[Any] = []  # widgets, which would go with their last reference

    def transform(self, lines: list[str]) -> list[str]:
        """Return the cell's lines, or a call that answers in their stead (IPython's hook)."""
        source = "".join(lines)
        if not source.strip() or "get_ipython().labs_" in source:
            return lines
        self._answer = self.replay.decide(source, self.shell.user_ns)
        if self._answer.action == "run":
            return lines
        return [f"get_ipython().labs_{self._answer.action}()\n"]

    def show(self) -> None:
        """Publish the recording of the cell that was just entered."""
        cell = self._answer.cell
        if cell is None:
            return
        self.replay.answered(cell)
        if not cell.intact:
            raise MissingNeed(
                _("What is stored under this cell is not the book's recording any more."),
                remedy=_("`git restore {path}` brings it back.").format(path=self.replay.lab.path),
            )
        self._import(cell)
        if cell.outputs:
            self._publish_ribbon()
        for output in cell.outputs:
            self._publish(output)

    def _import(self, cell: StoredCell) -> None:
        """Import what the cell imports: cells that run, the reader's own too, build on it."""
        tree = cells.parse(cell.source)
        if tree is not None:
            exec(compile(cells.imports(tree), "<imports>", "exec"), self.shell.user_ns)

    def refuse(self) -> None:
        """Say what an edited cell would need. Raises MissingNeed, always."""
        need, why = self.lacking[0]
        raise MissingNeed(
            _(
                "This cell is not the book's, so no recording answers it; to run it needs "
                "{need}: {reason}."
            ).format(need=need, reason=why.reason),
            remedy=why.remedy,
        )

    def _publish_ribbon(self) -> None:
        text = recorded_on(self.replay.lab)
        data, _metadata = cards.ribbon("recorded", text)._repr_mimebundle_()
        self.shell.display_pub.publish(data, metadata=RIBBON_MARK)

    def _publish(self, output: dict[str, Any]) -> None:
        kind = output["output_type"]
        if kind == "stream":
            text = "".join(output["text"])
            print(text, end="", file=_stream(output["name"]))
        elif kind in ("display_data", "execute_result"):
            data = {mime: _joined(value) for mime, value in output["data"].items()}
            data |= self._widget(data)
            self.shell.display_pub.publish(data, metadata=output.get("metadata", {}))

    def _widget(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return a view of the recorded widget in `data`, made again in this kernel."""
        view = data.pop(WIDGET_VIEW, None)
        state = self.replay.lab.widgets.get((view or {}).get("model_id", ""), {})
        if "name" not in state:
            return {}  # its words and its table remain
        from helpers.views import live  # not at the top: it takes its time to import

        self._kept.append(live.restore(state, self.replay.lab.provenance.date))
        return {WIDGET_VIEW: self._kept[-1].view()}


def _stream(name: str) -> Any:
    import sys

    return sys.stderr if name == "stderr" else sys.stdout


def _joined(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value


def recorded_on(lab: Lab) -> str:
    """Return when and on what the lab's outputs were recorded, a sentence."""
    made = lab.provenance
    if not made.date:
        return _("on the authors' machine.")
    return _("on {date} with {engine}, cgroup {cgroup}, kernel {kernel}.").format(
        date=made.date, engine=made.engine, cgroup=made.cgroup, kernel=made.kernel
    )


def install(shell: InteractiveShell, lab: Lab, lacking: Sequence[tuple[str, Unavailable]]) -> None:
    """From now on, answer this kernel's cells from the recording of `lab`."""
    uninstall(shell)
    replayer = Replayer(shell, Replay(lab), lacking)
    # reachable from the cell as get_ipython().labs_replay(), without a name in its namespace
    vars(shell).update(labs_replay=replayer.show, labs_refuse=replayer.refuse)
    shell.input_transformers_cleanup.insert(0, replayer.transform)


def uninstall(shell: InteractiveShell) -> None:
    """Let this kernel run its cells again."""
    shell.input_transformers_cleanup[:] = [
        transform
        for transform in shell.input_transformers_cleanup
        if not isinstance(getattr(transform, "__self__", None), Replayer)
    ]
