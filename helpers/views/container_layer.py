"""A running container's layers: the layer explorer, with the container's own layer on top.

    layer = LiveLayers(open_watch(...), here.at_end)
    layer.show()                      displays what was seen so far, and goes on from there

The image's files are told once, in the explorer's own columns. A frame of the time line has
the rows that the container's layer makes different, and what its acts cost. There is a frame
for each change, none while nothing changes, and none while nobody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from helpers.analysis import container_layer as analysis
from helpers.analysis.layers import resolve
from helpers.errors import LabError
from helpers.records.container_layer import Act, LayerLook
from helpers.records.layers import ImageStack
from helpers.text import _
from helpers.views import layer_explorer as explorer
from helpers.views.layer_explorer import Parts, Version
from helpers.views.layers import printable, size
from helpers.views.showing import Frame, Showing
from helpers.views.still import Still

if TYPE_CHECKING:
    from helpers.views.live import Widget

EVERY: Final = 0.3  # seconds between two looks: a walk through one folder
MOST_ACTS: Final = 8  # of the last ones, that a frame tells
SIGNS: Final = ("added", "changed", "deleted")

Rows = Mapping[Parts, Sequence[Version]]


def state(base: ImageStack) -> dict[str, Any]:
    """Return what the front end draws all frames with: the layers of the image."""
    made = explorer.state(base)
    return {**made, "live": True, "own": _("the container's own layer"), "shared": len(base.layers)}


@dataclass(frozen=True)
class Ground:
    """The layers of an image, worked out once for all frames."""

    base: ImageStack
    rows: Rows

    @classmethod
    def of(cls, base: ImageStack) -> Ground:
        """Work out what each layer of `base` made of each path."""
        return cls(base, explorer.versions_of(resolve(base)))


def frame(
    ground: Ground, look: LayerLook, began: float, acts: Sequence[Sequence[Any]] = ()
) -> dict[str, Any]:
    """Return a look as plain JSON. acts: the last ones, as `told` makes them.

    layers: stored, hidden, hides and twins of each, the container's own last. files: columns
    as in the state, with whole paths, of what the container's layer makes different. counts:
    how much it added, changed and deleted. blind: opaque directories cannot be told here.
    """
    resolved = resolve(analysis.on_top(ground.base, look.own))
    rows = explorer.versions_of(resolved)
    patch = {parts: found for parts, found in rows.items() if found != ground.rows.get(parts)}
    missing = {
        parts[:length]
        for parts in patch
        for length in range(1, len(parts))
        if parts[:length] not in ground.rows
    }
    paths = sorted(missing | patch.keys())
    return {
        "at": round(max(look.at - began, 0), 1),
        "layers": [[a.stored, a.hidden, a.hides, a.twins] for a in resolved.accounts],
        "files": explorer.columns(paths, patch, whole=True) if paths else None,
        "counts": counts(patch, look.own.number),
        "acts": [list(act) for act in acts[-MOST_ACTS:]],
        "blind": not look.opaque_known,
    }


def counts(patch: Rows, own: int) -> list[int]:
    """Return how many paths the layer `own` added, changed and deleted.

    As the explorer marks them when it shows that layer alone.
    """
    found = dict.fromkeys(SIGNS, 0)
    for versions in patch.values():
        before: Version | None = None
        folder = ""
        for each in versions:
            replaces = before is not None and (before.hidden_by, before.how) == (own, "r")
            if each.kind == "w" and each.layer == own:
                found["deleted"] += 1
            elif each.kind == "q" and each.layer == own:
                folder = folder or "changed"
            elif each.kind not in "wqi" and each.layer == own:
                found["changed" if replaces else "added"] += 1
                folder = "counted" if each.kind == "d" else folder
            elif each.hidden_by == own and each.how != "r":
                found["deleted"] += 1
            before = each
        found["changed"] += folder == "changed"
    return [found[sign] for sign in SIGNS]


def told(act: Act, cost: int) -> tuple[str, float, int]:
    """Return an act for a frame: its words, milliseconds, bytes."""
    return printable(f"{act.verb} {act.path}"), round(act.ms, 2), cost


# -- in words


def title(base: ImageStack) -> str:
    """Return the widget's one message."""
    return _("What a container of {image} has of its own").format(image=printable(base.name))


def texts() -> dict[str, str]:
    """Return the front end's sentences: the explorer's, some in other words, and a few more."""
    return explorer.texts() | {
        "shared": _("read-only"),
        "same": _("from the image"),
        "twins": _("{size} only for owner or permissions"),
        "twins score": _("Copied for a label"),
        "twins rule": _(
            "Files of the same size and time as the one below: owner or permissions changed, "
            "and the whole file was copied."
        ),
        "same bytes": _("size and time as in layer {layer}: owner or permissions changed"),
        "says twin": _("copied it for another owner or other permissions ({size})"),
        "shared score": _("From the image"),
        "shared rule": _("Read-only, and the same for every container of this image."),
        "acts": _("What each act cost"),
        "act": _("{ms} ms, {bytes}"),
        "says act": _("Last act: {what}, {ms} ms, {bytes}."),
        "says blind": _("Marks of opaque directories cannot be read here."),
        "grown": _("+{size}"),
        "shrunk": _("−{size}"),
    }


def words(frames: Sequence[Frame], state: Mapping[str, Any]) -> str:
    """Return the last frame in sentences, as the front end says them of any."""
    said = texts()
    if not frames:
        return said["says only"].format(
            number=len(state["layers"]) + 1, stored=size(0), by=state["own"], hides=size(0),
            **dict.fromkeys(SIGNS, 0),
        )  # fmt: skip
    seen = frames[-1]
    stored, _hidden, hides, _twins = seen["layers"][-1]
    parts = [
        said["says only"].format(
            number=len(seen["layers"]), stored=size(stored), by=state["own"], hides=size(hides),
            **dict(zip(SIGNS, seen["counts"], strict=True)),
        )
    ]  # fmt: skip
    if seen["acts"]:
        what, ms, cost = seen["acts"][-1]
        parts.append(said["says act"].format(what=what, ms=f"{ms:g}", bytes=_grown(cost)))
    if seen["blind"]:
        parts.append(said["says blind"])
    return " ".join(parts)


def _grown(cost: int) -> str:
    if cost == 0:
        return size(0)
    return texts()["grown" if cost > 0 else "shrunk"].format(size=size(abs(cost)))


def still(frames: Sequence[Frame], state: Mapping[str, Any]) -> Still:
    """Return words, and the acts that frames tell of as a table, with the layer's size then."""
    head = [_("seconds"), _("the layer then stores"), _("last act"), _("ms"), _("bytes")]
    rows = []
    for each in frames:
        what, ms, cost = each["acts"][-1] if each["acts"] else ("", "", 0)
        stored = size(each["layers"][-1][0])
        rows.append((f"{each['at']:g}", stored, what, f"{ms}", _grown(cost) if what else ""))
    return Still(words(frames, state), head, rows)


# -- live


class Watching(Protocol):
    """Who looks: helpers.drivers.container_layer.LayerWatch, or a test."""

    base: ImageStack

    def look(self) -> LayerLook:
        """Look once. Raises LabError."""


class LiveLayers:
    """Shows what `watch` sees change, while somebody can see it.

    at_end: is given what to call when the lab ends.
    """

    def __init__(
        self, watch: Watching, at_end: Callable[[Callable[[], object]], object], *,
        every: float = EVERY,
    ) -> None:  # fmt: skip
        self._watch = watch
        self._state = state(watch.base)
        self._ground = Ground.of(watch.base)
        self._began: float | None = None
        self._last: LayerLook | None = None
        self._acts: list[tuple[str, float, int]] = []
        self._showing = Showing(self._sample, still, every)
        at_end(self.stop)

    def show(self) -> Widget:
        """Display what was seen so far, and go on; what was shown before stands still."""
        from helpers.views import live  # not at the top: it takes its time to import

        self._catch_up()
        return self._showing.show(
            lambda frames: live.show(
                "layers",
                title=title(self._watch.base),
                state=self._state,
                frames=frames,
                texts=texts(),
                still=still(frames, self._state),
            )
        )

    def stop(self) -> None:
        """Look once more, then no more; what is shown stays."""
        self._catch_up()
        self._showing.settle()

    def _catch_up(self) -> None:
        """Have the time line end with what is so now."""
        self._showing.pause()
        widget = self._showing.widget
        if widget is not None and not widget.error:
            with suppress(LabError):
                last = self._sample()
                if last is not None:
                    widget.append(last)

    def _sample(self) -> Frame | None:
        look = self._watch.look()
        before = self._last
        if before is not None and (look.own, look.acts) == (before.own, before.acts):
            return None
        self._began = look.at if self._began is None else self._began
        was = analysis.sizes(before.own) if before is not None else {}
        done = look.acts[len(before.acts) if before is not None else 0 :]
        for act, cost in analysis.costs(done, was, analysis.sizes(look.own)):
            self._acts.append(told(act, cost))
        self._last = look
        return frame(self._ground, look, self._began, self._acts)
