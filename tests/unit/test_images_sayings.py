"""What the reader is told about base images: errors, lists, progress."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from images_engine import Engine, ensure, write_recipes

from helpers.drivers import image_builds, images
from helpers.drivers.image_progress import show_progress
from helpers.drivers.image_states import parse_state
from helpers.records import labels
from helpers.records.images import Recipe


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Recipe, ...]:
    """Three recipes: base, mid on base, top on mid; with a lock file of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LABS_APT_MIRROR", raising=False)
    return write_recipes(tmp_path / "images")


def test_a_failed_build_shows_its_last_lines_and_a_remedy() -> None:
    """The output of the failed step is what explains it."""
    error = image_builds.build_failed("python", "returned code: 100", ["E: broken package"])
    assert error.what == (
        "The image python could not be built: returned code: 100\nE: broken package"
    )
    assert "nothing half-made" in error.remedy


def test_a_build_without_network_points_at_mirror_proxy_and_bundle() -> None:
    """These are the three ways out."""
    lines = ["Err:1 http://deb.debian.org/debian Temporary failure resolving 'deb.debian.org'"]
    remedy = image_builds.build_failed("python", "code 100", lines).remedy
    assert all(way in remedy for way in ("LABS_APT_MIRROR", "http_proxy", "labs bundle"))


def test_proxies_pass_as_dockers_own_arguments(tmp_path: Path) -> None:
    """From the environment, else from the CLI's settings; never one on the loopback address."""
    settings = {"httpsProxy": "http://set.example:1", "httpProxy": "http://set.example:2"}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": {"default": settings}}))
    environ = {
        "DOCKER_CONFIG": str(tmp_path),
        "http_proxy": "http://127.0.0.1:3128",
        "https_proxy": "http://env.example:3",
        "no_proxy": "localhost,127.0.0.1",
    }
    assert image_builds.proxies(environ) == {
        "HTTP_PROXY": "http://set.example:2",
        "http_proxy": "http://set.example:2",
        "HTTPS_PROXY": "http://env.example:3",
        "https_proxy": "http://env.example:3",
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
    }


def test_the_list_tells_of_each_image_and_of_missing_ones(
    recipes: tuple[Recipe, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name, origin, size, state, date, title; for what is missing, how large it will be."""
    from helpers.drivers import image_states

    monkeypatch.setattr(image_states, "catalogue", lambda: recipes)
    engine = Engine()
    ensure(engine, recipes, "base")
    lines = images.table(engine).splitlines()  # type: ignore[arg-type]
    base = next(line for line in lines if "caas-book/base:1" in line)
    date = str(engine.named["caas-book/base:1"]["Config"]["Labels"]["caas-book.date"])
    assert base.split() == ["caas-book/base:1", "pulled", "5", "MB", "ready", date[:10], "base"]
    top = next(line for line in lines if "caas-book/top:1" in line)
    assert top.split() == ["caas-book/top:1", "~0", "MB", "missing", "top"]


def test_states_of_our_images_come_from_their_labels(recipes: tuple[Recipe, ...]) -> None:
    """An origin that we do not know is not passed on."""
    marks = {labels.RECIPE: "base", labels.ORIGIN: "grown", labels.RECIPE_DIGEST: "other"}
    raw = {"Id": "sha256:1", "Size": 7, "Created": "2026-01-02", "Config": {"Labels": marks}}
    state = parse_state(recipes[0], raw)
    assert (state.presence, state.origin, state.date) == ("stale", "built", "2026-01-02")


def test_away_from_a_terminal_each_step_is_one_line() -> None:
    """A hundred lines of apt's become one line in a log."""
    out = io.StringIO()
    show = show_progress(out)
    for number in range(100):
        show("python", "build", number / 100, f"Get:{number}")
    show("python", "ready", 1.0, "built, 131 MB, 6 s")
    assert out.getvalue().splitlines() == [
        "python: building (Get:0)",
        "python: ready (built, 131 MB, 6 s)",
    ]


def test_on_a_terminal_the_bar_gives_way_to_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Square brackets in apt's lines are text, and the last word stays on the screen."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    out = io.StringIO()
    out.isatty = lambda: True  # type: ignore[method-assign]
    show = show_progress(out)
    show("python", "build", 0.5, "Get:1 [12 kB] [/bold]")
    show("python", "ready", 1.0, "built")
    assert "Get:1 [12 kB] [/bold]" in out.getvalue()
    assert out.getvalue().endswith("python: ready (built)\n")
