"""A stream becomes what a terminal would show in the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.notebooks.terminal import screen


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("10 %\r50 %\r100 %\n", "100 %\n"),
        ("working...\rok\n", "okrking...\n"),
        ("working...\r\x1b[Kok\n", "ok\n"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("abc\b\bX", "aXc"),
        ("step 1\nstep 2\n\x1b[2A\x1b[2Kdone 1\n\x1b[2Kdone 2\n", "done 1\ndone 2\n"),
        ("a\nb\nc\n\x1b[3A\x1b[Jnew\n", "new\n"),
        ("\x1b]0;title\x07text\x07", "text"),
        ("\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        ("\x1b[31m10 %\r\x1b[32m99 %\x1b[0m\n", "99 %\n"),
        ("a\tb\n", "a\tb\n"),
        ("\x1b[3Cindented\n", "   indented\n"),
        ("top\x1b[9Alast", "toplast"),
    ],
)
def test_movements_are_done(printed: str, shown: str) -> None:
    """Carriage returns, erasing and the cursor's way up, down and back."""
    assert screen(printed) == shown


@given(st.text(alphabet=st.sampled_from("ab\n\r\b\x1b[]0123;AJKmCD\x07 ")))
def test_what_was_drawn_stays(printed: str) -> None:
    """The last state of a screen has no movements left to do."""
    assert screen(screen(printed)) == screen(printed)


@given(st.text())
def test_plain_text_is_untouched(text: str) -> None:
    """Text without control characters comes back as it is."""
    plain = "".join(char for char in text if char >= " " and char != "\x7f")
    assert screen(plain) == plain
