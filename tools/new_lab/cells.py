"""Pure: the notebook that a new lab begins with. It runs; each part waits for its author."""

from __future__ import annotations

from string import Template
from typing import Any, Final

from tools.new_lab.entries import Name

SECTION: Final = "What is left when it ends?"
ANCHOR: Final = "what-is-left-when-it-ends"  # as the site makes it of the heading above
MINUTES: Final = 20

# (kind and tags, id, source). $lab and $title are filled in.
CELLS: Final = (
    (
        "markdown",
        "title",
        """# $title

*Write: after this lab you can … (what the reader can do at work, in two sentences).*

*Needs Docker. Twenty minutes. Without Docker the outputs are recordings, and say so.*""",
    ),
    ("code", "open", 'from helpers import lab\n\nhere = lab("$lab")'),
    (
        "markdown",
        "ending-why",
        f"""## {SECTION}

*Write: a question that a practitioner has.* A container's process prints a line and ends with
the exit code 3. First say what you expect:""",
    ),
    ("code runs-anywhere", "predict", 'here.predict("ending")'),
    (
        "code",
        "run",
        'busybox, first = here.image("busybox"), here.name("first")\n'
        '!docker run --name {first} {busybox} sh -c "echo from inside; exit 3"',
    ),
    ("markdown", "look-why", "*Write: what to look at next, and why.* What does the engine say?"),
    (
        "code",
        "look",
        'ending = "{{.State.Status}}, exit code {{.State.ExitCode}}"\n'
        '!docker inspect --format "{ending}" {first}',
    ),
    (
        "code check-cell",
        "look-check",
        'state = here.container("first").attrs["State"]\n'
        'assert (state["Status"], state["ExitCode"]) == ("exited", 3)',
    ),
    (
        "markdown",
        "explain",
        """*Write: read the result, then say why it is so.* The process is gone; the container is
not. It keeps its files, its log and the exit code until somebody removes it.

### Exercise: a container that stays

*Write: the scene, what is wrong, and what is to be reached.* The container `stayer` ends as soon
as it starts. Make one of that name that keeps running.""",
    ),
    ("code", "exercise-start", 'stayer = here.name("stayer")\nhere.start("stay")'),
    ("code exercise nbval-ignore-output", "exercise-check", 'here.check("stay")'),
    (
        "code",
        "exercise-yours",
        "# your commands here; the container is {stayer} (remove the old one first)",
    ),
    (
        "markdown",
        "exercise-solution",
        """:::{dropdown} One solution, when you are ready
*Write: how, and why that works.* Give it a process that stays:

```bash
!docker rm {stayer}
!docker run -d --name {stayer} {busybox} sleep 600
```

The next cell does the same.
:::""",
    ),
    ("code solution hide-input", "exercise-solve", 'here.solve("stay")'),
    ("code exercise nbval-ignore-output", "exercise-check-again", 'here.check("stay")'),
    (
        "code check-cell",
        "exercise-confirm",
        'assert here.container("stayer").attrs["State"]["Status"] == "running"',
    ),
    ("markdown", "quiz-why", "### What you measured\n\n*Write: one line that leads to the quiz.*"),
    ("code runs-anywhere", "quiz", 'here.quiz("ending")'),
    ("code", "clean-up", "here.clean_up()"),
    (
        "markdown",
        "at-work",
        "## What goes wrong at work\n\n*Write: what happens to those who do not know this.*",
    ),
)


def notebook(name: Name, title: str, topic: str) -> Any:
    """Return the notebook of a new lab, never run (nbformat 4)."""
    import nbformat

    made = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    made.metadata["labs"] = {
        "lab": name.lab,
        "needs": ["docker"],
        "images": ["busybox"],
        "minutes": MINUTES,
        "level": "live",
        "topics": [topic],
    }
    for kind, ident, text in CELLS:
        what, *tags = kind.split()
        source = Template(text).substitute(lab=name.lab, title=title)
        make: Any = getattr(nbformat.v4, f"new_{what}_cell")
        cell = make(source, id=ident)
        if tags:
            cell.metadata["tags"] = tags
        made.cells.append(cell)
    return made
