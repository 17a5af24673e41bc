"""What builders print and make, read: logs, Dockerfiles, settings, two images side by side."""

from __future__ import annotations

import pytest

from helpers.analysis.builds import compare, instructions, read_log, settings
from helpers.records.builds import BuildLog, BuildStep, Effect, Papers, Place, Stamped, Start
from helpers.views import builds as figures

# As the command lines 20.10 and 28.5 (buildx 0.29) printed them, shortened.
OLD = """\
#2 [internal] load .dockerignore
#2 sha256:25c751a3a656a310e3a220039a95ce6ac752cf5606f76f71a4d3fcddc8545057
#2 transferring context: 2B done
#2 DONE 0.0s

#6 [internal] load build context
#6 transferring context: 5.03MB 0.1s
#6 transferring context: 20.01MB 0.2s done
#6 DONE 0.2s

#5 [2/3] WORKDIR /srv
#5 sha256:df6aa3e488c4094bffa34b4a259d904e48d5826021774b9c7d82b1d7d7b9855c
#5 CACHED

#7 [3/3] RUN echo [1/2] DONE 9.9s
#7 0.341 [1/2] DONE 9.9s
#7 DONE 2.6s
"""
NEW = """\
#0 building with "default" instance using docker driver

#5 [make 1/2] FROM docker.io/caas-book/python:1
#5 DONE 0.0s

#7 [make 2/2] RUN sleep 1
#8 [stage-2 1/1] FROM docker.io/caas-book/busybox:1
#8 CACHED
#7 DONE 1.1s
#9 exporting to image
#9 DONE 0.0s
"""


def test_a_log_is_read_step_by_step() -> None:
    """Reused steps, times, and how much of the context was sent at most."""
    assert read_log(OLD.splitlines()) == BuildLog(
        (
            BuildStep("WORKDIR /srv", True, 0.0),
            BuildStep("RUN echo [1/2] DONE 9.9s", False, 2.6),
        ),
        context=20_010_000,
    )


def test_steps_of_stages_are_told_apart() -> None:
    """Lines of several steps come in any order; what is no instruction is left out."""
    log = read_log(NEW.splitlines())
    assert [(step.stage, step.cached, step.seconds) for step in log.steps] == [
        ("make", False, 0.0),
        ("make", False, 1.1),
        ("stage-2", True, 0.0),
    ]
    assert (log.reused, log.seconds) == (1, 1.1)


def test_what_is_no_log_has_no_steps() -> None:
    """A build that failed at once leaves words of its own."""
    assert read_log(["ERROR: failed to read Dockerfile", "", "#1 [x"]) == BuildLog((), 0)


def test_instructions_are_joined_and_comments_left_out() -> None:
    """A comment or an empty line between continued lines does not end them."""
    text = "# one\nARG BASE=x\n\nFROM ${BASE}\nRUN a \\\n  # why\n    && b \\\n    && c\nCMD x\n"
    assert instructions(text) == ("ARG BASE=x", "FROM ${BASE}", "RUN a && b && c", "CMD x")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"Env": ["A=1"]}, {"Env": ["A=1", "B=2"]}, ("Env: B=2",)),
        ({"Cmd": ["sh"]}, {"Cmd": None}, ("Cmd: removed",)),
        ({"Cmd": None}, {"Cmd": []}, ()),
        ({}, {"Labels": {"a": "b"}}, ("Labels: a=b",)),
        ({}, {"ExposedPorts": {"80/tcp": {}}}, ("ExposedPorts: 80/tcp",)),
        ({}, {"User": "7"}, ("User: 7",)),
        (
            {},
            {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 1_000_000_000, "Retries": 2}},
            ('Healthcheck: Interval 1 s, Retries 2, Test ["CMD", "x"]',),
        ),
        ({}, {"ArgsEscaped": True}, ()),
    ],
)
def test_settings_that_changed_are_named(
    before: dict[str, object], after: dict[str, object], said: tuple[str, ...]
) -> None:
    """Each kind of setting is said in its own way; what matters to nobody is not said."""
    assert settings(before, after) == said


def papers(time: int = 1, digest: str = "aa", created: str = "now", layer: str = "l1") -> Papers:
    return Papers({"created": created, "rootfs": {}}, ((layer, (Stamped("/a", time, digest),)),))


def test_equal_images_have_no_difference() -> None:
    """Nor do digests in the configuration count beside their causes."""
    assert compare(papers(), papers()) == ()


def test_times_contents_and_settings_are_told_apart() -> None:
    """The first cause is named: a content before its file's time."""
    changed = compare(papers(), papers(time=2, created="then", layer="l2"))
    assert [each.where for each in changed] == ["layer 1: /a, time", "created"]
    assert [e.where for e in compare(papers(), papers(2, "bb", layer="l2"))] == [
        "layer 1: /a, content"
    ]


def test_a_layer_that_differs_is_never_passed_over() -> None:
    """Owners and modes are not compared, yet another digest is another layer."""
    assert [each.where for each in compare(papers(), papers(layer="l2"))] == ["layer 1"]


def test_missing_files_and_layers_are_named() -> None:
    """An entry on one side only, and a layer on one side only."""
    more = Papers({}, (("l1", ()), ("l2", ())))
    assert [e.where for e in compare(Papers({}, (("l1", ()),)), more)] == ["layers"]
    (gone,) = compare(papers(created="now"), Papers(papers().config, (("l9", ()),)))
    assert (gone.where, gone.one, gone.other) == ("layer 1: /a", "there", "missing")


def test_tables_escape_what_they_show() -> None:
    """Names from images are data: shown, never markup, and the text has the same cells."""
    shown = figures.effects([Effect("RUN <b>", 1, 2_000_000, ("Cmd: <i>",))])
    assert "<b>" not in shown.html
    assert "&lt;b&gt;" in shown.html
    assert "RUN <b>" in shown.text
    assert "2 MB" in shown.text


def test_starts_show_what_ran_and_what_was_printed() -> None:
    """A word with a space in it is quoted, and nothing to run is said in words."""
    ran = Start("shell", "none", ("echo", "given"), ("/bin/sh", "-c", "echo entry"), "entry")
    text = figures.starts([ran, Start("none", "none", (), None, "")]).text
    assert '/bin/sh -c "echo entry"' in text
    assert "nothing to run" in text


def test_nothing_found_is_said_in_a_sentence() -> None:
    """An empty table would leave the reader to guess."""
    assert "nowhere in the image" in figures.places([], "The token").text
    assert "No difference" in figures.differences([], "one", "other").text
    assert "layer 3: /key" in figures.places([Place("layer 3: /key", 3)], "The key").text


def test_the_figure_says_in_words_what_ran() -> None:
    """Its text equivalent holds every build, its reused steps and its time."""
    log = read_log(OLD.splitlines())
    plot = figures.steps({"again": log}, title="Only one step ran")
    assert plot.alt.startswith("Only one step ran. again: 2 steps, 1 from the cache, 2.6 s")
    assert {trace.name for trace in plot.figure.data} == {"ran", "from the cache"}
