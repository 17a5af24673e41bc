"""The layer explorer's state: columns that say of every path what each layer made of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from layers_support import build, file, folder

from helpers.analysis import layers as analysis
from helpers.paths import BOOK
from helpers.records.layers import FileEntry, ImageStack, Layer
from helpers.views import layer_explorer as explorer
from helpers.views import live

NOTES = build(
    [
        [folder("bin"), file("bin/sh", 20)],
        [folder("srv"), file("srv/data", 8), file("srv/draft", 4), file("srv/settings", 3)],
        [file("srv/settings", 5), file("srv/.wh.draft")],
    ]
)
NASTY = "/\udcff/<script>\n\u202e\x1b[31m"


def rows(made: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the columns as rows: name, depth, kind, layer, size, hidden by, how, marks."""
    files = made["files"]
    numbers = [
        [int(each or 0) for each in files[key].split(",")]
        for key in ("depths", "layers", "sizes", "hidden")
    ]
    depths, layers, sizes, hidden = numbers
    names = files["names"].split("\n")
    columns = (names, depths, files["kinds"], layers, sizes, hidden, files["how"], files["marks"])
    assert len({len(column) for column in (*columns, files["targets"].split("\n"))}) == 1
    return list(zip(*columns, strict=True))


def test_each_path_has_what_every_layer_made_of_it() -> None:
    """Directories stand before what is in them, a path's versions together, names once."""
    assert rows(explorer.state(NOTES)) == [
        ("/", 0, "i", 0, 0, 0, ".", "0"),
        ("bin", 1, "d", 1, 0, 0, ".", "0"),
        ("sh", 2, "f", 1, 20, 0, ".", "0"),
        ("srv", 1, "d", 2, 0, 0, ".", "0"),
        ("data", 2, "f", 2, 8, 0, ".", "0"),
        ("draft", 2, "f", 2, 4, 3, "w", "0"),
        ("settings", 2, "f", 2, 3, 3, "r", "0"),
        ("", 2, "f", 3, 5, 0, ".", "0"),
    ]


def test_marks_of_layers_are_kept_in_place() -> None:
    """An opaque directory and a whiteout that hides nothing are there to be seen."""
    image = build([[folder("a"), file("a/b")], [file("a/.wh..wh..opq"), file("a/.wh.ghost")]])
    found = [(row[0], row[2], row[3], row[5], row[6]) for row in rows(explorer.state(image))]
    assert found == [
        ("/", "i", 0, 0, "."),
        ("a", "d", 1, 0, "."),
        ("", "q", 2, 0, "."),
        ("b", "f", 1, 2, "o"),
        ("ghost", "w", 2, 0, "."),
    ]


def test_a_directory_that_joins_is_not_another_one() -> None:
    """Listed again it is the same, until a layer changes it or takes it away."""
    joins = build([[folder("a"), file("a/b")], [folder("a"), file("a/c")], [file(".wh.a")]])
    assert [row[3:7] for row in rows(explorer.state(joins)) if row[0] == "a"] == [(1, 0, 3, "w")]
    entries = [FileEntry("/a", "directory", mode=mode, inode=1) for mode in (0o755, 0o700)]
    changed = ImageStack(
        "x", tuple(Layer(n, str(n), "", (entry,)) for n, entry in enumerate(entries, 1))
    )
    assert [row[3:7] for row in rows(explorer.state(changed))][1:] == [
        (1, 0, 2, "r"),
        (2, 0, 0, "."),
    ]


def test_the_same_bytes_and_the_same_file_are_marked() -> None:
    """A file stored again for its owner alone, and a second name of one, each have a mark."""
    one = FileEntry("/a", "file", 9, digest="d", inode=1)
    link = FileEntry("/b", "file", 9, digest="d", inode=1)
    again = FileEntry("/a", "file", 9, uid=7, digest="d", inode=1)
    image = ImageStack("x", (Layer(1, "1", "", (one, link)), Layer(2, "2", "RUN", (again,))))
    made = explorer.state(image)
    marks = {(row[0], row[3]): int(row[7]) for row in rows(made)}
    assert marks == {
        ("/", 0): 0,
        ("a", 1): 0,
        ("", 2): explorer.SAME_BYTES,
        ("b", 1): explorer.SAME_FILE,
    }
    assert made["scores"] == {"stored": 18, "seen": 18, "hidden": 0, "twins": 9, "shared": 0}


def test_bytes_are_those_of_the_analysis() -> None:
    """Stored, hidden, hides and shared are counted once, in one place."""
    base = ImageStack("base", NOTES.layers[:1])
    made = explorer.state(NOTES, base, "srv/settings/")
    accounts = analysis.resolve(NOTES).accounts
    assert [layer["hides"] for layer in made["layers"]] == [each.hides for each in accounts]
    assert (made["shared"], made["scores"]["shared"], made["scores"]["hidden"]) == (1, 20, 7)
    names = [name for name in made["files"]["names"].split("\n") if name]
    assert names[made["selected"]] == "settings"
    assert explorer.state(NOTES, path="/nowhere")["selected"] == -1


def test_names_of_any_bytes_are_valid_json_and_act_on_nothing() -> None:
    """Surrogates, control characters and marks of direction are spelled out, one line a name."""
    entry = FileEntry(NASTY, "symlink", target="\udcfe\n", inode=1)
    layer = Layer(1, "1", f"RUN touch {NASTY}", (entry,), frozenset({"/\udcfd\n"}))
    image = ImageStack(NASTY, (layer,))
    text = json.dumps(explorer.state(image, image), ensure_ascii=False)
    text.encode("utf-8")
    assert not re.search(r"[\x00-\x1f\u200e\u200f\u202a-\u202e\ud800-\udfff]", text)
    found = [row[0] for row in rows(json.loads(text))]
    assert found == ["/", r"\xfd\n", r"\xff", r"<script>\n\u202e\x1b[31m"]
    still = explorer.still(image)
    assert "<script>" not in still.html()


def test_words_and_table_say_what_the_picture_shows() -> None:
    """The still has the sums, what is shared, and a row for each layer, the newest first."""
    found = explorer.still(NOTES, ImageStack("base", NOTES.layers[:1]))
    assert str(found) == (
        "image: 3 layers store 40 B; a container sees 33 B. 20 B are in layers that base has too."
    )
    assert found.rows[0] == ("3", "RUN step 3", "5 B", "0 B", "7 B", "0 B")
    assert len(found.rows) == 3


@pytest.mark.parametrize("module", ["layers", "layer_tree", "layer_words"])
def test_every_sentence_of_the_front_end_is_there(module: str) -> None:
    """A key that Python does not give would stand on the page as it is."""
    source = (BOOK / "_static" / "widgets" / f"{module}.mjs").read_text(encoding="utf-8")
    texts = explorer.texts()
    used = set(re.findall(r'\bt\(\s*"([^"]+)"', source))
    used |= set(re.findall(r'"(says [a-z ]+)"', source))
    assert used <= texts.keys()
    for suffix, names in {
        "score": ("stored", "seen", "hidden", "twins", "shared"),
        "rule": ("stored", "seen", "hidden", "twins", "shared"),
        "letter": ("same", "added", "changed", "deleted", "replaced"),
    }.items():
        assert {f"{name} {suffix}" for name in names} <= texts.keys()


def test_it_is_restored_from_a_recording() -> None:
    """What a notebook stores is enough to make the explorer again where no engine is."""
    stored = json.loads(json.dumps(explorer.explore(NOTES, path="/srv/draft").get_state()))
    again = live.restore(stored, "2026-11-24")
    assert (again.level, again.recorded) == ("recorded", "2026-11-24")
    assert again.state == explorer.state(NOTES, path="/srv/draft")
    assert again.texts["says upto"] == explorer.texts()["says upto"]
