"""Layers: what hides what, who shares what, and how it is told.

A naive model, which builds the tree that the layers unpack to, is the judge of the fast one.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layers_support import TYPES, Member, Model, build, file, folder

from helpers.analysis import layers as analysis
from helpers.records.layers import Change, FileEntry, ImageStack, Layer
from helpers.views import layers as views

# -- the fast one against the naive one

NAMES = st.sampled_from(["a", "b", "c", "\udcff"])
MARKS = st.sampled_from([".wh.a", ".wh.b", ".wh..wh..opq", ".wh.", ".wh..", ".wh..wh.plnk"])
FOLDERS = st.lists(NAMES, max_size=2)
PREFIX = st.sampled_from(["", "/", "./", "a/../", "//"])


@st.composite
def member(draw: st.DrawFn) -> Member:
    """Draw one member of a layer's archive, as an engine or a prankster might write it."""
    folder, prefix = draw(FOLDERS), draw(PREFIX)
    if draw(st.integers(0, 4)) == 0:
        return prefix + "/".join([*folder, draw(MARKS)]), "file", 0, ""
    name = prefix + "/".join([*folder, draw(NAMES)])
    kind = draw(st.sampled_from(sorted(TYPES)))
    target = "/".join([*draw(FOLDERS), draw(NAMES)]) if kind.endswith("link") else ""
    return name, kind, draw(st.integers(0, 9)), target if kind == "hardlink" else target[:1]


STACKS = st.lists(st.lists(member(), max_size=7), min_size=1, max_size=5)


@pytest.mark.slow  # some seconds: hundreds of examples
@given(STACKS)
@settings(max_examples=400, deadline=None)
@example([[file("a", 3), ("b", "hardlink", 0, "a"), file("a", 5)], [file(".wh.a")]])
@example([[file("a", 3), ("b", "hardlink", 0, "a")], [file(".wh.a")], [file(".wh.b")]])
@example([[folder("a"), file("a/b")], [file("a")], [folder("a")]])
@example([[file("a")], [file("a/b")], [file("a/.wh.b")]])
@example([[folder("a"), file("a/b", 4)], [file("a/.wh..wh..opq"), file("a/b", 2)]])
def test_fast_and_naive_agree(layers: list[list[Member]]) -> None:
    """What is visible, what hides each entry, and every byte count are those of the tree."""
    model = Model()
    for number, members in enumerate(layers, 1):
        model.apply(number, members)
    resolved = analysis.resolve(build(layers))
    expected = {node.entry: node for node in model.root.walk() if node.entry is not None}
    got = {(fate.layer, path): fate.entry for path, fate in resolved.visible.items()}
    assert got.keys() == expected.keys()
    for key, entry in got.items():
        assert (entry.kind, entry.size) == (expected[key].kind, expected[key].size)
    hidden = {(f.layer, f.entry.path): f.hidden_by for f in resolved.fates if f.hidden_by}
    assert hidden == model.hidden_by
    for account in resolved.accounts:
        stored = {i: n for i, n in model.stored.items() if i[0] == account.layer}
        visible = {i: n for i, n in model.seen().items() if i[0] == account.layer}
        assert account.stored == sum(stored.values())
        assert account.visible == sum(visible.values())
        assert account.hides == model.hides[account.layer]


@pytest.mark.slow  # some seconds: hundreds of examples
@given(STACKS)
@settings(max_examples=60, deadline=None)
def test_a_path_ends_where_its_history_ends(layers: list[list[Member]]) -> None:
    """The last step of a path's history says whether a container sees it, and whose it is."""
    resolved = analysis.resolve(build(layers))
    for path in {fate.entry.path for fate in resolved.fates}:
        last = analysis.history(resolved, path)[-1]
        seen = resolved.visible.get(path)
        assert (last.action == "deleted") == (seen is None)
        assert seen is None or seen.layer == last.layer


# -- smaller facts


@pytest.mark.parametrize(
    ("history", "instruction"),
    [
        ("/bin/sh -c rm /a", "RUN rm /a"),
        ('/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        ("|1 NAME=left /bin/sh -c echo ${NAME} > /n", "RUN echo ${NAME} > /n"),
        ("RUN |1 NAME=left /bin/sh -c echo hi # buildkit", "RUN echo hi"),
        ("RUN /bin/sh -c rm /a # buildkit", "RUN rm /a"),
        ("COPY a.py /srv/ # buildkit", "COPY a.py /srv/"),
        ("Imported from -", "Imported from -"),
    ],
)
def test_instructions_read_as_in_a_dockerfile(history: str, instruction: str) -> None:
    """What the two builders note down is one and the same instruction."""
    assert analysis.instruction(history) == instruction


def test_the_same_bytes_again_are_found() -> None:
    """A layer that only changes an owner stores the file once more, and is told apart."""
    one = FileEntry("/a", "file", 9, digest="d", inode=1)
    again = FileEntry("/a", "file", 9, uid=7, digest="d", inode=1)
    image = ImageStack("x", (Layer(1, "1", "", (one,)), Layer(2, "2", "RUN chown 7 /a", (again,))))
    resolved = analysis.resolve(image)
    assert [account.twins for account in resolved.accounts] == [0, 9]
    assert analysis.history(resolved, "/a")[-1].altered == ("owner",)
    assert "same bytes " in views.history(image, "/a").text


def test_a_layer_is_shared_only_with_all_below_it() -> None:
    """The same layer on another base is stored again."""

    def image(name: str, *sizes: int) -> ImageStack:
        files = [FileEntry("/a", "file", size, inode=1) for size in sizes]
        layers = [Layer(n, str(f.size), "", (f,)) for n, f in enumerate(files, 1)]
        return ImageStack(name, tuple(layers))

    found = analysis.share([image("a", 10, 5), image("b", 10, 7), image("c", 3, 5)])
    assert [(each.shared, each.own) for each in found.images] == [(10, 5), (10, 7), (0, 8)]
    assert (found.added_up, found.on_disk) == (15 + 17 + 8, 10 + 5 + 7 + 8)


NASTY = "/\udcff<b>$x$</b>\n\x1b[31m"


def test_names_of_any_bytes_are_shown_as_text() -> None:
    """No name becomes markup, a formula or a terminal's command, or breaks the notebook file."""
    image = build([[file(NASTY, 3)], [file("/.wh." + NASTY[1:])]])
    layer = Layer(3, "3", "RUN echo '" + NASTY + "'", (FileEntry("/x", "file", 5, inode=1),))
    image = ImageStack("image", (*image.layers, layer))
    entry = image.layers[0].entries[0]
    plots = [views.stack(image), views.changes([Change(entry.path, "deleted", None, entry)])]
    for spec in (plot.as_json() for plot in plots):
        drawn = json.dumps(spec["layout"]["annotations"], ensure_ascii=False)
        assert drawn.encode()
        assert json.dumps(spec, ensure_ascii=False).encode()
        assert not {"$", "\x1b"} & set(drawn)
        assert "<b>" not in drawn
    for shown in (views.tree(image), views.history(image, entry.path)):
        assert "<b>" not in shown.html
        assert "\x1b" not in shown.text
        assert shown.text.encode()


def test_figures_say_in_words_what_they_show() -> None:
    """Each text equivalent holds the message, a line for each row, and each row's bytes."""
    image = build([[folder("srv"), file("srv/a", 4_000_000)], [file("srv/.wh.a")]])
    told = views.stack(image).alt.splitlines()
    assert told[0] == "2 layers store 4 MB; a container sees 0 B."
    assert told[1:] == ["2  RUN step 2: 0 B, hides 4 MB", "1  RUN step 1: 4 MB, all hidden"]
    assert "srv/\n  a " in views.tree(image).text.replace("/srv", "srv")
    assert "✗ deleted by layer 2" in views.tree(image).text
    assert "in no layer" in views.history(image, "/nothing").text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (8_388_608, "8.39 MB"), (999_900, "1 MB")],
)
def test_sizes_read_as_docker_writes_them(count: int, text: str) -> None:
    """Decimal units, three digits."""
    assert views.size(count) == text
