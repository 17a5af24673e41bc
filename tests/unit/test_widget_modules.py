"""Every widget's front end is one valid module, as JupyterLab gets it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from helpers.views import live
from tools import npm
from tools.notebooks.widgets import ESM_LIMIT

WIDGETS = sorted(
    path.stem for path in live.FOLDER.glob("*.mjs") if "\nexport default" in path.read_text()
)


def test_there_are_widgets() -> None:
    """The tests below would pass with none at all."""
    assert "layers" in WIDGETS


@pytest.mark.parametrize("name", WIDGETS)
def test_the_joined_text_is_a_module(name: str, tmp_path: Path) -> None:
    """No name is taken twice, nothing is imported any more, and there is something to render."""
    text = live.front_end(name)
    assert not re.search(r"^import\b", text, re.MULTILINE)
    assert len(text) <= ESM_LIMIT
    (tmp_path / "joined.mjs").write_text(text, encoding="utf-8")
    (tmp_path / "try.mjs").write_text(
        "import widget from './joined.mjs';\nconsole.log(typeof widget.render);\n"
    )
    done = subprocess.run(
        npm.node(str(tmp_path / "try.mjs")), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("function\n", "")
