"""A running container's own layer: read from folders, told as frames, shown live."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.analysis import container_layer as analysis
from helpers.drivers.container_layer import LayerWatch
from helpers.errors import LabError
from helpers.kernel.files import LocalFiles
from helpers.paths import BOOK
from helpers.records.container_layer import Act, LayerLook
from helpers.records.layers import FileEntry, ImageStack, Layer
from helpers.views import container_layer as view
from helpers.views import cow, live
from helpers.waiting import wait_until

PID = 42
LINE = "9 1 0:7 / / rw - overlay overlay rw,lowerdir=/init:/two:/one,upperdir=/up,workdir=/work\n"


def file(path: str, size: int = 1, *, at: int = 0, inode: int = 0, mode: int = 0o644) -> FileEntry:
    return FileEntry(path, "file", size, mode=mode, digest=f"{size}@{at}", inode=inode)


def folder(path: str, inode: int = 99) -> FileEntry:
    return FileEntry(path, "directory", mode=0o755, inode=inode)


BASE = ImageStack(
    "cow",
    (
        Layer(1, "", "FROM", (folder("/srv"), file("/srv/big", 100, inode=1))),
        Layer(2, "", "RUN", (folder("/srv/old", 5), file("/srv/old/one", 2, inode=6))),
    ),
)


def look(*entries: FileEntry, at: float = 10.0, acts: tuple[Act, ...] = (), **marks: Any) -> Any:
    own = Layer(3, "", "the container's own layer", entries, **marks)
    return LayerLook(at, own, True, acts)


def versions(frame: dict[str, Any]) -> list[tuple[str, str, int, int, str, str]]:
    """Return the rows of a frame: path, kind, layer, hidden by, how, marks."""
    files = frame["files"]
    numbers = [[int(n or 0) for n in files[key].split(",")] for key in ("layers", "hidden")]
    columns = (files["names"].split("\n"), files["kinds"], *numbers, files["how"], files["marks"])
    return list(zip(*columns, strict=True))


# -- from folders


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The folders of a container with two layers, the engine's own, and a log of acts."""
    for name in ("one/srv", "two", "init", "up/srv", f"proc/{PID}", "inside/run"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / f"proc/{PID}/mountinfo").write_text(LINE)
    (tmp_path / f"proc/{PID}/root").symlink_to("/inside")
    (tmp_path / "one/srv/big").write_bytes(b"x" * 100)
    return tmp_path


def test_layers_are_folders_that_mountinfo_names(tree: Path) -> None:
    """The bottom first, called by their instructions; the engine's own stands on top of them."""
    watch = LayerWatch(LocalFiles(tree), PID, name="cow", made_by=["FROM", "RUN"])
    assert [layer.created_by for layer in watch.base.layers[:2]] == ["FROM", "RUN"]
    assert "the engine" in watch.base.layers[2].created_by
    assert [layer.size for layer in watch.base.layers] == [100, 0, 0]
    fewer = LayerWatch(LocalFiles(tree), PID, name="cow", made_by=["FROM"])
    assert [layer.created_by for layer in fewer.base.layers[:2]] == ["FROM", "settings alone"]
    unknown = LayerWatch(LocalFiles(tree), PID, name="cow", made_by=list("abc"))
    assert {layer.created_by for layer in unknown.base.layers[:2]} == {"a layer of the image"}


def test_a_look_has_what_was_copied_up_and_what_it_took(tree: Path) -> None:
    """The container's own notes are read where it keeps them."""
    watch = LayerWatch(LocalFiles(tree), PID, name="cow")
    assert watch.look().own.entries[0].path == "/srv"
    shutil.copy2(tree / "one/srv/big", tree / "up/srv/big")
    (tree / "inside/run/acts").write_text('{"verb": "chmod", "path": "/srv/big", "ms": 2}\n')
    seen = watch.look()
    assert seen.acts == (Act("chmod", "/srv/big", 2.0),)
    assert analysis.sizes(seen.own) == {"/srv/big": 100}
    assert seen.own.number == 4


def test_a_log_of_acts_is_whatever_a_container_wrote() -> None:
    """Lines that are none are passed over."""
    log = b'{"verb": "append", "path": "/a", "ms": 1.5}\n[1]\nnonsense\n{"verb": "x"}\n\xff\n'
    assert analysis.acts(log) == (Act("append", "/a", 1.5),)


def test_a_root_that_is_no_overlay_is_said(tree: Path) -> None:
    """And so is a container that has gone."""
    watch = LayerWatch(LocalFiles(tree), PID, name="cow")
    shutil.rmtree(tree / "up")
    with pytest.raises(LabError, match="cannot be read"):
        watch.look()
    (tree / f"proc/{PID}/mountinfo").write_text("9 1 0:7 / / rw - btrfs /dev/x rw\n")
    with pytest.raises(LabError, match="btrfs"):
        LayerWatch(LocalFiles(tree), PID, name="cow")


def test_bytes_go_to_the_act_that_made_the_layer_grow() -> None:
    """Of two on one path the first has them; deleting a copy gives them back."""
    append, chmod = Act("append", "/a", 2.0), Act("chmod", "/b", 1.0)
    told = analysis.costs([append, append, chmod], {"/b": 7}, {"/a": 100})
    assert [cost for _act, cost in told] == [100, 0, -7]


# -- to frames


def test_a_frame_tells_only_what_the_layer_makes_different() -> None:
    """A changed file, an added one with its way, a deleted one; the rest stays in the state."""
    ground = view.Ground.of(BASE)
    own = (folder("/srv"), file("/srv/big", 101, at=1, inode=7), file("/new/a/b", 3, inode=8))
    made = view.frame(ground, look(*own, whiteouts=frozenset({"/srv/old/one"})), 8.0)
    assert versions(made) == [
        ("/new", "i", 0, 0, ".", "0"),
        ("/new/a", "i", 0, 0, ".", "0"),
        ("/new/a/b", "f", 3, 0, ".", "0"),
        ("/srv/big", "f", 1, 3, "r", "0"),
        ("", "f", 3, 0, ".", "0"),
        ("/srv/old/one", "f", 2, 3, "w", "0"),
    ]
    assert made["layers"] == [[100, 100, 0, 0], [2, 2, 0, 0], [104, 0, 102, 0]]
    assert (made["at"], made["counts"]) == (2.0, [1, 1, 1])
    assert view.frame(ground, look(), 8.0)["files"] is None


def test_a_copy_for_an_owner_alone_is_marked() -> None:
    """Size and time are those of the file below: the whole file was copied for a label."""
    own = (folder("/srv"), file("/srv/big", 100, inode=7, mode=0o600))
    made = view.frame(view.Ground.of(BASE), look(*own), 0.0)
    assert versions(made)[-1] == ("", "f", 3, 0, ".", "1")
    assert made["layers"][2] == [100, 0, 100, 100]


def test_an_opaque_directory_counts_as_changed_once() -> None:
    """Made anew, it hides what lower layers have in it."""
    own = (folder("/srv"), folder("/srv/old", 9))
    made = view.frame(view.Ground.of(BASE), look(*own, opaque=frozenset({"/srv/old"})), 0.0)
    assert ("", "q", 3, 0, ".", "0") in versions(made)
    assert made["counts"] == [0, 1, 1]


def test_words_say_the_layer_and_the_last_act() -> None:
    """With bytes as one says them, and that opaque directories may not be known."""
    acts = [view.told(Act("append", "/srv/big", 204.031), 100_000_000)]
    made = view.frame(view.Ground.of(BASE), look(), 0.0, acts)
    assert view.words([made], view.state(BASE)) == (
        "Layer 3 stores 0 B (the container's own layer): 0 added, 0 changed, 0 deleted. "
        "It hides 0 B of the layers below. Last act: append /srv/big, 204.03 ms, +100 MB."
    )
    assert "cannot be read here" in view.words([{**made, "blind": True}], view.state(BASE))
    assert "0 added" in view.words([], view.state(BASE))
    assert view.still([made], view.state(BASE)).rows[0][2:] == (
        "append /srv/big",
        "204.03",
        "+100 MB",
    )


def test_names_from_a_container_act_on_nothing() -> None:
    """Control characters and surrogates of paths are spelled out, in files and in acts."""
    nasty = "/\udcff\n\u202e"
    acts = [view.told(Act("append", nasty, 1.0), 1)]
    made = view.frame(view.Ground.of(BASE), look(file(nasty, inode=3)), 0.0, acts)
    text = json.dumps(made, ensure_ascii=False)
    text.encode("utf-8")
    assert not re.search(r"[\u202e\ud800-\udfff]", text)
    assert made["files"]["names"] == r"/\xff\n\u202e"


@pytest.mark.parametrize("module", ["layers", "layer_live"])
def test_every_sentence_of_the_front_end_is_there(module: str) -> None:
    """A key that Python does not give would stand on the page as it is."""
    source = (BOOK / "_static" / "widgets" / f"{module}.mjs").read_text(encoding="utf-8")
    assert set(re.findall(r'\bt\(\s*"([^"]+)"', source)) <= view.texts().keys()
    assert {"grown", "shrunk"} <= view.texts().keys()


# -- live


class Scripted:
    """A container whose layer gains a file at every look but the second."""

    base = BASE

    def __init__(self) -> None:
        self.looks, self.gone = 0, False

    def look(self) -> LayerLook:
        if self.gone:
            raise LabError("Gone.", remedy="Begin anew.")
        self.looks += 1
        count = min(max(self.looks - 1, 1), 4)
        files = [file(f"/srv/n{n}", 5, inode=10 + n) for n in range(count)]
        acts = tuple(Act("create", each.path, 0.1) for each in files)
        return look(folder("/srv"), *files, at=float(self.looks), acts=acts)


def started(watch: Scripted) -> tuple[view.LiveLayers, list[Callable[[], object]]]:
    at_end: list[Callable[[], object]] = []
    return view.LiveLayers(watch, at_end.append, every=0.01), at_end


def test_there_is_a_frame_for_each_change_and_for_nothing_else() -> None:
    """Acts are told once, with what they cost; what is shown next goes on from there."""
    watch = Scripted()
    layers, at_end = started(watch)
    first = layers.show()
    wait_until(lambda: watch.looks > 9, what="looks")
    assert [each["counts"][0] for each in first.frames] == [1, 2, 3, 4]
    assert first.frames[-1]["acts"] == [[f"create /srv/n{n}", 0.1, 5] for n in range(4)]
    second = layers.show()
    assert second.frames == first.frames
    at_end[0]()
    assert str(first.still).startswith("Layer 3 stores 20 B (the container's own layer): 4 added")
    assert second.get_state("frames")["frames"] == second.frames


def test_what_happened_last_is_seen_at_the_end() -> None:
    """Though nobody looked since: a page that was recorded must not miss the last act."""
    watch = Scripted()
    at_end: list[Callable[[], object]] = []
    layers = view.LiveLayers(watch, at_end.append, every=60)
    widget = layers.show()
    wait_until(lambda: widget.frames, what="the first frame")
    watch.looks = 8
    layers.stop()
    assert [each["counts"][0] for each in widget.frames] == [1, 4]


def test_a_container_that_has_gone_ends_the_looking() -> None:
    """One sentence takes the place of the words, and what was seen stays."""
    watch = Scripted()
    layers, at_end = started(watch)
    widget = layers.show()
    wait_until(lambda: widget.frames, what="a frame")
    watch.gone = True
    wait_until(lambda: widget.error, what="the sentence")
    assert "Gone." in widget.error
    at_end[0]()
    assert isinstance(widget, live.Widget)


# -- the figure


def test_the_figure_says_each_act_and_the_two_that_count() -> None:
    """Its title has the last two, its words all of them, its axis room on both sides."""
    acts = [Act("read", "/a", 0.08), Act("append", "/a\n", 290.04), Act("append", "/a", 0.05)]
    plot = cow.writes(acts)
    assert plot.alt == (
        "The first write to a file takes 290 ms, the second 0.05 ms.\n"
        "read /a: 0.08 ms\nappend /a\\n: 290 ms\nappend /a: 0.05 ms"
    )
    low, high = plot.as_json()["layout"]["xaxis"]["range"]
    assert 10**low < 0.05
    assert 10**high > 1000
    assert cow.writes([Act("append", "/a", 0.0)] * 2).alt
