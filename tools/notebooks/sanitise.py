"""What of an output is a fact: the one place that decides when two outputs are the same.

`canonical` reduces the outputs of a cell to what must not change from run to run. The
recorder keeps an old recording when its canonical form equals the new one's; the tests
compare recorded and new outputs in the same form. So a page keeps real values (a real
container id, a real time), and no test depends on them.

Text         (streams, text/*, SVG, JavaScript, errors' names and messages): movements of
             the cursor done, patterns of `tests/notebooks/sanitize.cfg` applied, in order.
JSON         (plotly figures among it): every string as above, numbers to nine significant
             digits; nothing is left out. A figure of measured values belongs into a cell
             tagged `nbval-ignore-output`.
Pictures     that they are there; not their pixels, which differ with fonts and versions.
Widgets      the recorder compares their whole state, without ids; the tests, which see no
             state, that they are there (and, beside it, their text/plain: its values).
Quizzes      jupyterquiz's random ids are replaced; questions and answers count.
Ribbons      the level ("live") counts; not the versions of engine and kernel behind it.

For cells tagged `nbval-ignore-output` (`loose`) only the dress counts: which rich outputs
there are; of figures the kinds of traces, the titles (without numbers) and the template;
of widgets their name and sentences; of checks whether they were met. Text, streams and
values are free. So it is for the first cell of a notebook, which may have to say how it
prepares images. Ribbons that replay put over recorded outputs (`is_ribbon`) never count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from helpers.errors import BookError
from helpers.labs.recording import is_ribbon
from tools.notebooks.terminal import screen
from tools.notebooks.widgets import VOLATILE

Output = Mapping[str, Any]
PLOTLY: Final = "application/vnd.plotly.v1+json"
WIDGET: Final = "application/vnd.jupyter.widget-view+json"
HTML: Final = "text/html"
CONFIG: Final = Path(__file__).parents[2] / "tests" / "notebooks" / "sanitize.cfg"

_CARD = re.compile(r"class=['\"]lab-(check|ribbon) lab-\1-([\w-]+)['\" ]")
_QUIZ_ID = re.compile(r"<div id=\"([A-Za-z]{12})\" data-shufflequestions=")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Sanitiser:
    """Replaces what varies in a text. patterns: (what, by what), applied in order."""

    patterns: tuple[tuple[re.Pattern[str], str], ...]

    def __call__(self, text: str) -> str:
        """Return `text`, its cursor movements done and its varying parts replaced."""
        text = screen(text)
        for pattern, replacement in self.patterns:
            text = pattern.sub(replacement, text)
        return text

    def knowing(self, words: Mapping[str, str]) -> Sanitiser:
        """Return one that first replaces these whole words (a run id, a path)."""
        known = tuple((whole_word(word), new) for word, new in words.items())
        return Sanitiser(known + self.patterns)


def whole_word(word: str) -> re.Pattern[str]:
    """Return a pattern for `word` not inside a longer word or number."""
    return re.compile(rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])")


@cache
def load(path: Path = CONFIG) -> Sanitiser:
    """Read patterns in nbval's format: pairs of `regex:` and `replace:` lines.

    Raises BookError where a pattern is no regular expression or has no replacement.
    """
    text = path.read_text(encoding="utf-8")
    pairs = re.findall(r"^regex: (.*)$\n^replace: (.*)$", text, flags=re.MULTILINE)
    if len(pairs) != len(re.findall(r"^regex:", text, flags=re.MULTILINE)):
        raise BookError(f"{path}: each `regex:` line needs a `replace:` line right under it.")
    try:
        return Sanitiser(tuple((re.compile(regex), new) for regex, new in pairs))
    except re.error as error:
        raise BookError(f"{path}: {error.pattern!r} is no regular expression: {error}.") from error


def canonical(
    outputs: Iterable[Output],
    clean: Sanitiser,
    *,
    loose: bool = False,
    widgets: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return `outputs` (nbformat 4) reduced to their facts, again as nbformat 4.

    loose: only the dress counts. widgets: the notebook's widget models by id, where known.
    """
    shown = [output for output in outputs if not is_ribbon(output)]
    clean = _without_quiz_ids(shown, clean)
    if loose:
        return _dress_of(shown, clean, widgets)
    streams = [*_streams(shown, clean)]
    return streams + [
        _reduced(output, clean, widgets) for output in shown if output["output_type"] != "stream"
    ]


def _without_quiz_ids(outputs: Sequence[Output], clean: Sanitiser) -> Sanitiser:
    found = {
        ident
        for output in outputs
        for ident in _QUIZ_ID.findall(text_of((output.get("data") or {}).get(HTML, "")))
    }
    # The id is also part of names in the script ("questionsAbC..."), so it is no whole word.
    known = tuple((re.compile(re.escape(ident)), "QUIZ") for ident in sorted(found))
    return Sanitiser(known + clean.patterns)


def _streams(outputs: Sequence[Output], clean: Sanitiser) -> Iterable[dict[str, Any]]:
    """Yield each stream in one piece: stdout and stderr reach the page in no fixed order."""
    for name in ("stdout", "stderr"):
        parts = [
            text_of(output["text"])
            for output in outputs
            if output["output_type"] == "stream" and output["name"] == name
        ]
        if parts:
            yield {"output_type": "stream", "name": name, "text": clean("".join(parts))}


def _reduced(output: Output, clean: Sanitiser, widgets: Mapping[str, Any] | None) -> dict[str, Any]:
    if output["output_type"] == "error":
        return {
            "output_type": "error",
            "ename": output["ename"],
            "evalue": clean(output["evalue"]),
            "traceback": [],
        }
    data = output.get("data") or {}
    card = _CARD.search(text_of(data.get(HTML, "")))
    if card and card[1] == "ribbon":
        facts = {HTML: f"ribbon: {card[2]}"}
    else:
        facts = {mime: _fact(mime, value, clean, widgets) for mime, value in data.items()}
    # "display_data" or "execute_result": readers cannot tell them apart, and neither do we.
    return {"output_type": "display_data", "metadata": {}, "data": facts}


def _fact(mime: str, value: Any, clean: Sanitiser, widgets: Mapping[str, Any] | None) -> str:
    if mime == WIDGET:
        return "a widget" if widgets is None else _as_text(_tree(value["model_id"], widgets), clean)
    if mime.startswith("image/") and mime != "image/svg+xml":
        return "a picture"
    if isinstance(value, str) or (isinstance(value, list) and not mime.endswith("json")):
        return clean(text_of(value))
    return _as_text(value, clean)


def _as_text(value: Any, clean: Sanitiser) -> str:
    return json.dumps(_plain(value, clean), indent=1, sort_keys=True, ensure_ascii=False)


def _plain(value: Any, clean: Sanitiser) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, Mapping):
        return {clean(key): _plain(item, clean) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, clean) for item in value]
    return value


def _tree(model: str, widgets: Mapping[str, Any], above: tuple[str, ...] = ()) -> Any:
    """Return a widget's state with the states of the widgets in it, and no ids."""
    if model in above or model not in widgets:
        return "a widget"

    def expanded(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("IPY_MODEL_"):
            return _tree(value.removeprefix("IPY_MODEL_"), widgets, (*above, model))
        if isinstance(value, Mapping):
            return {key: expanded(item) for key, item in value.items()}
        return [expanded(item) for item in value] if isinstance(value, list) else value

    known = widgets[model]
    if "_anywidget_id" in (known.get("state") or {}):
        # A time line is measured, and a front end is not a fact.
        facts = {key: value for key, value in known["state"].items() if key not in VOLATILE}
        known = {**known, "state": facts}
    return expanded(known)


def _dress_of(
    outputs: Sequence[Output], clean: Sanitiser, widgets: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Return each rich kind of output once: how often one is drawn is the run's affair."""
    found: dict[str, set[str]] = {}
    for output in outputs:
        for mime, value in (output.get("data") or {}).items():
            if mime != "text/plain":
                found.setdefault(mime, set()).add(_dress(mime, value, clean, widgets))
    return [
        {"output_type": "display_data", "metadata": {}, "data": {mime: dress}}
        for mime in sorted(found)
        for dress in sorted(found[mime])
    ]


def _dress(mime: str, value: Any, clean: Sanitiser, widgets: Mapping[str, Any] | None) -> str:
    if mime == PLOTLY:
        return _figure_dress(value, clean)
    if mime == WIDGET and widgets is not None:
        # a front end of today with sentences of yesterday would show their names
        state = widgets.get(value["model_id"], {}).get("state") or {}
        return _as_text({key: state.get(key) for key in ("name", "texts")}, clean)
    card = _CARD.search(text_of(value)) if mime == HTML else None
    return f"{card[1]}: {card[2]}" if card else "shown"


def _figure_dress(figure: Mapping[str, Any], clean: Sanitiser) -> str:
    layout = figure.get("layout") or {}
    titles = {
        name: _NUMBER.sub("#", clean(str(title)))
        for name, part in [("figure", layout), *sorted(layout.items())]
        if isinstance(part, Mapping) and (title := _title(part))
    }
    kinds = {
        f"{trace.get('type', 'scatter')} {trace.get('mode', '')}".strip()
        for trace in figure.get("data") or []
    }
    return _as_text(
        {"kinds": sorted(kinds), "titles": titles, "template": layout.get("template")}, clean
    )


def _title(part: Mapping[str, Any]) -> str:
    title = part.get("title")
    return str(title.get("text") or "") if isinstance(title, Mapping) else str(title or "")


def text_of(value: str | Sequence[str]) -> str:
    """Return a text that nbformat may keep as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def lines(outputs: Iterable[Output]) -> list[str]:
    """Return canonical outputs as lines of text, to show how two of them differ."""
    return [
        line
        for output in outputs
        for text in [
            output.get("text", ""),
            output.get("evalue", ""),
            *output.get("data", {}).values(),
        ]
        for line in text.splitlines()
    ]
