"""What varies without being a fact is replaced; what is a fact stays."""

from __future__ import annotations

import re
import secrets
import uuid
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyterquiz import display_quiz

from helpers.errors import BookError
from helpers.records.lab import Level
from helpers.views import cards
from tools.notebooks import sanitise

v4 = nbformat.v4
CLEAN = sanitise.load()
ID = "4f1c2d9ab37e"
ID64 = "9" + "4f1c2d9ab37e5d6a" * 3 + "4f1c2d9ab37e5d6"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{ID}   caas-book/redis:1", "0a1b2c3d4e5f   caas-book/redis:1"),
        (ID64, "0" * 63 + "a"),
        (f"sha256:{ID64}", f"sha256:{'ab' * 32}"),
        ("run-7f3a-web", "run-00c4-web"),
        (str(uuid.UUID(int=1)), str(uuid.UUID(int=2**127 + 5))),
        ("172.17.0.2  rng", "192.168.200.13  rng"),
        ("02:42:ac:11:00:02", "02:42:10:11:00:99"),
        ("fe80::42:acff:fe11:2/64", "fd00:1::3/64"),
        ("127.0.0.1:32768->80/tcp", "127.0.0.1:49154->80/tcp"),
        ("0.0.0.0:8080->80/tcp, :::8080->80/tcp", "0.0.0.0:33001->80/tcp, [::]:33001->80/tcp"),
        ('"HostPort": "32768"', '"HostPort": "41000"'),
        ("2026-11-23T07:16:01.123456789Z", "2027-01-02T17:06:59Z"),
        ("2026-11-23 07:16:01 +0000 UTC", "2026-11-24 08:00:00.5 +0100"),
        ("Mon, 23 Nov 2026 07:16:01 GMT", "Tue, 1 Dec 2026 17:00:00 GMT"),
        ("[23/Nov/2026:07:16:01 +0000]", "[24/Nov/2026:07:16:02 +0000]"),
        ("1:M 23 Nov 2026 07:16:01.123 * Ready", "1:M 24 Nov 2026 00:00:00.001 * Ready"),
        ("Mon Nov 23 07:16:01 UTC 2026", "Tue Dec  1 17:00:00 UTC 2026"),
        ("Up 3 seconds", "Up About a minute"),
        ("Up Less than a second (healthy)", "Up 2 minutes (healthy)"),
        ("Exited (137) 2 seconds ago", "Exited (137) Less than a second ago"),
        ("took 1.52 s", "took 0.3s"),
        ("in 250 ms", "in 31.7ms"),
        ("pid: 31337", "pid: 512"),
        ('"Pid": 31337', '"Pid": 40000'),
        ("<object at 0x7f0faecf2750>", "<object at 0x7f0fafcf7410>"),
        ("net:[4026531840] pipe:[1240943]", "net:[4026532251] pipe:[99173]"),
        ("/tmp/caas-book-7f3a/rng", "/tmp/tmpab12cd_x/rng"),
        ("veth1a2b3c4@if5", "veth0000000@if17"),
        ("NAMES      STATUS\nweb        Up", "NAMES           STATUS\nweb             Up"),
        ("10 %\r50 %\rdone", "3 %\rdone"),
    ],
)
def test_what_varies_is_the_same(one: str, other: str) -> None:
    """Ids, names, addresses, times and durations do not tell two runs apart."""
    assert CLEAN(one) == CLEAN(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Exited (137)", "Exited (143)"),
        ("PID 1", "PID 7"),
        ("waits 10 seconds", "waits 2 seconds"),
        ("-p 127.0.0.1:80", "-p 127.0.0.1:81"),
        ("bound to 127.0.0.1:8080", "bound to 0.0.0.0:8080"),
        ("run-7f3a-web", "run-7f3a-db"),
        ("172.17.0.0/16", "172.17.0.0/24"),
        ("Up 3 seconds (healthy)", "Up 3 seconds (unhealthy)"),
        ("INFO ready", "WARN ready"),
        ("2026-11-23 07:16:01 INFO ready", "2026-11-23 07:16:01 WARN ready"),
        ("125MB", "126MB"),
        ("Docker 20.10.24", "Docker 28.5.2"),
        ("/etc/hostname", "/etc/hosts"),
        ("cafe", "beef"),
        ("    indented", "indented"),
        ("a b", "ab"),
        ("one\ntwo", "one\n\ntwo"),
        ("8.8.8.8", "1.1.1.1"),
    ],
)
def test_facts_stay_apart(one: str, other: str) -> None:
    """Exit codes, states, sizes, versions, whole seconds and names do."""
    assert CLEAN(one) != CLEAN(other)


@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(
                [ID, ID64, "172.17.0.2", ":::8080", "12:34:56", "  ", "1.5 s", "a-1b2c-d"]
            ),
        ),
        max_size=8,
    ).map(" ".join)
)
def test_sanitising_twice_changes_nothing_more(text: str) -> None:
    """What stands in the place of a value is not itself replaced."""
    assert CLEAN(CLEAN(text)) == CLEAN(text)


@given(st.integers(0, 2**48 - 1))
def test_every_id_that_could_be_drawn_is_recognised(number: int) -> None:
    """Any twelve hex digits but for twelve letters (one id in 128,000) count as an id."""
    ident = f"{number:012x}"
    assert CLEAN(ident) == "ID" or ident.isalpha()


def test_known_words_are_replaced_only_whole() -> None:
    """A run id inside a longer word or number is none."""
    clean = CLEAN.knowing({"7f3a": "RUN"})
    assert clean("7f3a run_7f3a. x7f3a 7f3a9") == "RUN run_RUN. x7f3a 7f3a9"


def test_a_broken_pattern_file_is_refused(tmp_path: Path) -> None:
    """A `regex:` without its `replace:`, or one that is no expression, is an error."""
    path = tmp_path / "sanitize.cfg"
    path.write_text("regex: a\n\nreplace: b\n")
    with pytest.raises(BookError, match="right under it"):
        sanitise.load(path)
    path.write_text("regex: (a\nreplace: b\n")
    with pytest.raises(BookError, match="no regular expression"):
        sanitise.load(path)


def test_nbval_reads_the_same_patterns() -> None:
    """The file keeps nbval's own format: `pytest --nbval-sanitize-with` alone takes it."""
    from nbval.plugin import get_sanitize_patterns

    text = sanitise.CONFIG.read_text()
    found = [(re.compile(regex), new) for regex, new in get_sanitize_patterns(text)]
    assert tuple(found) == CLEAN.patterns


# --- whole outputs


def shown(**data: Any) -> Any:
    return v4.new_output("display_data", data={k.replace("__", "/"): v for k, v in data.items()})


def figure(values: list[float], title: str = "One bar at 1.5", kind: str = "bar") -> Any:
    spec = {"data": [{"type": kind, "y": values}], "layout": {"title": {"text": title}}}
    return v4.new_output("display_data", data={sanitise.PLOTLY: spec, "text/plain": title})


def facts(*outputs: Any, loose: bool = False, widgets: Any = None) -> Any:
    return sanitise.canonical(outputs, CLEAN, loose=loose, widgets=widgets)


def test_figures_are_compared_whole_to_nine_digits() -> None:
    """A figure's values count; the last bits of a float do not."""
    assert facts(figure([1.5])) == facts(figure([1.5 + 1e-12]))
    assert facts(figure([1.5])) != facts(figure([1.6]))


def test_of_a_measured_figure_the_dress_counts() -> None:
    """Where values vary, kind and title still count, the numbers in a title do not."""
    first = facts(figure([1.5]), loose=True)
    assert first == facts(figure([9.0, 2.0], "One bar at 9"), figure([3.0]), loose=True)
    assert first != facts(figure([1.5], kind="box"), loose=True)
    assert first != facts(figure([1.5], "Another message"), loose=True)
    assert first != facts(loose=True)


def test_text_of_an_ignored_cell_is_free() -> None:
    """Streams and plain results of a loose cell never count."""
    stream = v4.new_output("stream", name="stdout", text="anything")
    assert facts(stream, shown(text__plain="x"), loose=True) == []


def html(card: cards.Card) -> Any:
    data, _metadata = card._repr_mimebundle_()
    return v4.new_output("display_data", data=data)


def test_whether_a_check_was_met_counts_everywhere() -> None:
    """What a check observed may vary in a loose cell; its verdict may not."""
    met, other = cards.Card("met", "Met.", "3 lines"), cards.Card("met", "Met.", "4 lines")
    not_yet = cards.Card("not-yet", "Not yet.", "3 lines")
    assert facts(html(met), loose=True) == facts(html(other), loose=True)
    assert facts(html(met), loose=True) != facts(html(not_yet), loose=True)
    assert facts(html(met)) != facts(html(other))


def test_of_a_loose_widget_the_sentences_count() -> None:
    """Its state is measured; its sentences are the book's, and must be those of today."""

    def seen(name: str = "layers", said: str = "{n} layers", n: int = 1) -> Any:
        state = {"name": name, "texts": {"said": said}, "state": {"n": n}}
        view = {sanitise.WIDGET: {"model_id": "1"}}
        output = {"output_type": "display_data", "data": view, "metadata": {}}
        return facts(output, loose=True, widgets={"1": {"state": state}})

    assert seen() == seen(n=2)
    assert seen() != seen(said="{n} files")
    assert seen() != seen(name="rates")


@pytest.mark.parametrize("loose", [True, False])
def test_of_a_ribbon_the_level_counts(loose: bool) -> None:
    """The engine's version may differ from the recording's; live or recorded may not."""

    def ribbon(level: Level, text: str) -> Any:
        return facts(html(cards.ribbon(level, text)), loose=loose)

    assert ribbon("live", "on Docker 20.10") == ribbon("live", "on Docker 28.5")
    assert ribbon("live", "on Docker 20.10") != ribbon("recorded", "on Docker 20.10")


def quiz(question: str) -> list[Any]:
    """Return what jupyterquiz publishes for one question: HTML and a script."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    InteractiveShell.instance()
    answers = [{"answer": "4", "correct": True}, {"answer": "5", "correct": False}]
    asked = [{"question": question, "type": "multiple_choice", "answers": answers}]
    with capture_output() as captured:
        display_quiz(asked)
    return [v4.new_output("display_data", data=out.data) for out in captured.outputs]


def test_quizzes_are_the_same_but_for_their_random_ids() -> None:
    """jupyterquiz draws a new id each time; questions and answers count."""
    one, same, other = (quiz(text) for text in ("2 + 2?", "2 + 2?", "1 + 3?"))
    assert one != same
    assert facts(*one) == facts(*same)
    assert facts(*one) != facts(*other)


def test_widgets_count_with_their_state_where_it_is_known() -> None:
    """The recorder sees the state; the tests see that there is a widget."""

    def view(ident: str) -> Any:
        return v4.new_output("display_data", data={sanitise.WIDGET: {"model_id": ident}})

    def state(ident: str, value: int) -> Any:
        inner = secrets.token_hex(16)
        return {
            ident: {"state": {"children": [f"IPY_MODEL_{inner}"]}},
            inner: {"state": {"value": value, "parent": f"IPY_MODEL_{ident}"}},
        }

    assert facts(view("a")) == facts(view("b")) != facts()
    known = [facts(view("a"), widgets=state("a", 3)), facts(view("b"), widgets=state("b", 3))]
    assert known[0] == known[1]
    assert known[0] != facts(view("a"), widgets=state("a", 4))


def test_a_time_line_and_a_front_end_are_no_facts() -> None:
    """Two runs measure different frames; another state of the book's widget is news."""

    def told(**state: Any) -> Any:
        view = v4.new_output("display_data", data={sanitise.WIDGET: {"model_id": "a"}})
        return facts(view, widgets={"a": {"state": {"_anywidget_id": "w", **state}}})

    assert told(state={"n": 1}, frames=[1], _esm="a") == told(state={"n": 1}, frames=[], _esm="b")
    assert told(state={"n": 1}) != told(state={"n": 2})


def test_streams_count_whole_wherever_they_were_cut() -> None:
    """The kernel cuts streams by time; stdout and stderr reach the page in no fixed order."""

    def stream(text: str, name: str = "stdout") -> Any:
        return v4.new_output("stream", name=name, text=text)

    assert facts(stream("ab"), stream("e", "stderr")) == facts(
        stream("a"), stream("e", "stderr"), stream("b")
    )
    assert facts(stream("a")) != facts(stream("a", "stderr"))
