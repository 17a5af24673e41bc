"""Digests by which a stored output is known to be the recorder's, for exactly this source.

Used by the recorder when it writes a notebook and by replay before it shows an output.
Only what a reader sees counts: not execution counts, not metadata, not how a stream was
cut into pieces, not whether a value was displayed or returned.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

# Marks what the labs themselves added to a cell's outputs while answering for a missing need.
RIBBON_MARK: Final = {"labs": {"ribbon": True}}
WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE: Final = "application/vnd.jupyter.widget-state+json"


def source_digest(source: str) -> str:
    """Return 16 hex digits naming a cell's source; surrounding blank space does not count."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:16]


def outputs_digest(outputs: Iterable[Mapping[str, Any]]) -> str:
    """Return 16 hex digits naming what a reader sees of `outputs` (nbformat 4)."""
    seen: list[list[object]] = []
    for output in outputs:
        if is_ribbon(output):
            continue
        part = _visible(output)
        if part[0] == "stream" and seen and seen[-1][:2] == part[:2]:
            seen[-1][2] = f"{seen[-1][2]}{part[2]}"
        else:
            seen.append(part)
    text = json.dumps(seen, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_ribbon(output: Mapping[str, Any]) -> bool:
    """Tell whether the labs put this output there to say that the rest is recorded."""
    return bool((output.get("metadata") or {}).get("labs", {}).get("ribbon"))


def _visible(output: Mapping[str, Any]) -> list[object]:
    kind = output["output_type"]
    if kind == "stream":
        return ["stream", output.get("name"), _joined(output.get("text", ""))]
    if kind == "error":
        return ["error", output.get("ename"), output.get("evalue")]
    data = {mime: _joined(value) for mime, value in (output.get("data") or {}).items()}
    if WIDGET_VIEW in data:
        data[WIDGET_VIEW] = "a widget"  # its model's id is another one in each kernel
    return ["data", data]


def _joined(value: object) -> object:
    # nbformat stores long texts as lists of lines; JSON mime types stay what they are
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value
