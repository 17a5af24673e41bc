"""Reading images from archives: every form engines write, and none that is damaged."""

from __future__ import annotations

import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layers_support import (
    archive,
    build,
    digest,
    file,
    folder,
    image_settings,
    layer_tar,
    oci_archive,
    old_archive,
)

from helpers.drivers import layer_archives as driver
from helpers.errors import LabError


def test_all_forms_of_archive_hold_the_same_image() -> None:
    """Docker's old archive, the OCI layout with and without Docker's manifest: one image."""
    tars = [layer_tar([file("a", 4)]), layer_tar([]), layer_tar([file("b")]), layer_tar([])]
    old = driver.parse(old_archive(tars), "image")
    assert [layer.number for layer in old.layers] == [1, 2, 3, 4]
    assert [layer.created_by for layer in old.layers] == [f"RUN step {n}" for n in (1, 2, 3, 4)]
    assert old.layers[0].digest == f"sha256:{digest(tars[0])}"
    for compat in (True, False):
        assert driver.parse(oci_archive(tars, compat=compat), "image") == old


def test_progress_counts_every_byte() -> None:
    """The last report of progress is the whole archive."""
    data = old_archive([layer_tar([file("a", 99)])]).getvalue()
    seen: list[int] = []
    chunks = [data[at : at + 700] for at in range(0, len(data), 700)]
    driver.parse(driver.Arriving(chunks, lambda done, _all: seen.append(done)), "image")
    assert seen == sorted(seen)
    assert seen[-1] == len(data)


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "/../x"])
@pytest.mark.parametrize("kind", ["file", "hardlink"])
def test_a_name_that_leads_out_is_refused(name: str, kind: str) -> None:
    """Neither a file nor the target of a hard link may lie outside of the layer."""
    members = [file(name) if kind == "file" else ("a", "hardlink", 0, name)]
    with pytest.raises(LabError, match="leads out"):
        build([members])


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (b"\x28\xb5\x2f\xfd" + b"0" * 600, "zstd"),
        (b"no tar at all", "no tar archive"),
        (b"\x1f\x8bnot gzip either", "cannot be read"),
        (layer_tar([file("a", 5000)])[:2000], "cannot be read"),
        (gzip.compress(layer_tar([file("a", 5000)]), mtime=0)[:-20], "cannot be read"),
    ],
)
def test_a_damaged_layer_is_named_as_such(layer: bytes, words: str) -> None:
    """Garbage, a cut-off archive and an unknown compression each give one sentence."""
    with pytest.raises(LabError, match=words) as caught:
        driver.parse(old_archive([layer]), "image")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "files",
    [
        [],
        [("manifest.json", b"{}")],
        [("manifest.json", b'[{"Config": "x", "Layers": ["y"]}]')],
        [
            ("s", b'{"history": ["x"], "rootfs": {"diff_ids": []}}'),
            ("manifest.json", b'[{"Config": "s", "Layers": []}]'),
        ],
        [("manifest.json", b"["), ("index.json", b'{"manifests": []}')],
        [
            ("a", "b"),
            ("b", "a"),
            ("s", image_settings([b""])),
            ("manifest.json", b'[{"Config": "s", "Layers": ["a"]}]'),
        ],
    ],
)
def test_papers_that_make_no_sense_are_an_error(files: list[tuple[str, bytes | str]]) -> None:
    """A missing, empty or contradictory manifest, and links in a circle, give a LabError."""
    with pytest.raises(LabError):
        driver.parse(archive(files), "image")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damage_never_passes_for_the_image(data: st.DataObject) -> None:
    """Bytes changed anywhere give the same image or a LabError: never another one, never
    another error."""
    tars = [layer_tar([folder("a"), file("a/b", 700)]), layer_tar([file("a/.wh.b")])]
    whole = data.draw(st.sampled_from([old_archive(tars), oci_archive(tars)])).getvalue()
    at = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=12))
    damaged = whole[:at] + patch + whole[at + len(patch) :]
    try:
        got = driver.parse(io.BytesIO(damaged), "image")
    except LabError:
        return
    image = driver.parse(io.BytesIO(whole), "image")
    assert [layer.entries for layer in got.layers] == [layer.entries for layer in image.layers]
    assert [layer.whiteouts for layer in got.layers] == [layer.whiteouts for layer in image.layers]
