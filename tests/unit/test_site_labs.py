"""What a lab's page offers: an exercise in a box, hints folded, links to where it runs."""

from __future__ import annotations

import pytest
from docutils import nodes

from helpers import checks
from helpers.errors import BookError
from tools.sphinx import exercises, launch

LAB = "docker/010-run"


def _cell(source: str, *tags: str) -> nodes.container:
    cell = nodes.container(classes=["cell", *(f"tag_{tag}" for tag in tags)])
    cell += nodes.literal_block(text=source)
    return cell


def _section(*after: nodes.Node, name: str = "till") -> nodes.section:
    section = nodes.section("", nodes.title(text="Exercise: the till"))
    section += [nodes.paragraph(text="Mend it."), _cell(f'here.start("{name}")')]
    section += [_cell(f'here.check("{name}")', "exercise"), nodes.paragraph(text="A solution")]
    section += [_cell(f'here.check("{name}")', "exercise"), *after]
    return section


def test_an_exercise_is_boxed_from_its_task_to_its_last_check() -> None:
    """The title stays the section's, what follows the last check stays outside."""
    section = _section(nodes.paragraph(text="Afterwards."))
    exercises.box(section, LAB)
    title, box, after = section.children
    assert (title.astext(), after.astext()) == ("Exercise: the till", "Afterwards.")
    assert box["classes"] == ["lab-exercise-box"]
    assert box.children[0].astext() == "Mend it."
    assert "here.check" in box.children[-1].astext()


def test_the_hints_of_a_page_are_those_of_the_notebook() -> None:
    """Each hint of the exercise's class stands folded after the first check."""
    section = _section()
    exercises.box(section, LAB)
    kinds = [type(child).__name__ for child in section.children[1].children]
    assert kinds == ["paragraph", "container", "container", "raw", "paragraph", "container"]
    html = section.children[1].children[3].astext()
    hints = checks.find(LAB, "till").hints
    assert html.count("<details") == html.count("</details>") == len(hints) > 1
    assert "open" not in html.partition(">")[0]
    assert "<summary>Hint 1</summary>" in html


def test_an_unknown_exercise_is_refused() -> None:
    """A page that checks what no class defines is a fault of the book."""
    with pytest.raises(BookError, match="no exercise called tyll"):
        exercises.box(_section(name="tyll"), LAB)


@pytest.mark.parametrize(
    ("repository", "url"),
    [
        (
            "https://github.com/some/book",
            "https://mybinder.org/v2/gh/some/book/HEAD?urlpath=lab%2Ftree%2Fbook%2Fdocker%2F010-run.ipynb",
        ),
        (
            "https://gitlab.com/some/book.git",
            "https://mybinder.org/v2/gl/some%2Fbook/HEAD?urlpath=lab%2Ftree%2Fbook%2Fdocker%2F010-run.ipynb",
        ),
    ],
)
def test_binder_opens_the_lab_in_jupyterlab(repository: str, url: str) -> None:
    """The link names repository and notebook as Binder wants them."""
    assert launch.binder_url(repository, LAB) == url


def test_binder_is_not_promised_for_other_places() -> None:
    """An address that Binder cannot build from is refused."""
    with pytest.raises(launch.NoSuchRepository):
        launch.binder_url("https://example.org/some/book", LAB)


def test_no_repository_no_binder_button() -> None:
    """Without an address there is one link, with it there are two."""
    links = list(launch.buttons(LAB, "").findall(nodes.reference))
    assert [link["refuri"] for link in links] == [
        "http://127.0.0.1:8888/lab/tree/book/docker/010-run.ipynb"
    ]
    both = launch.buttons(LAB, "https://github.com/some/book").findall(nodes.reference)
    assert [link.astext() for link in both] == ["Open in your JupyterLab", "Run on Binder"]


def test_the_link_leads_where_make_start_answers() -> None:
    """Port and root are those that the start program gives JupyterLab."""
    from tools import start

    assert f"http://127.0.0.1:{start.PORT}/lab/tree/" == launch.JUPYTERLAB
    assert start.FRONT.startswith("lab/tree/book/")
