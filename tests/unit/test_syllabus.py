"""The syllabus: every topic of the course stands in it, and every entry resolves."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
import yaml

from helpers import paths
from tools.sphinx import syllabus

TEXT = (paths.BOOK / "syllabus.yml").read_text(encoding="utf-8")
CHAPTERS = syllabus.read(TEXT)
TOPICS = {topic.id: topic for chapter in CHAPTERS for topic in chapter.topics}

# The course's own list, so that no topic can be lost without a test noticing.
COURSE = {
    "cloud": """cloud: definition why-economic why-technical nist self-service network-access
        pooling elasticity measured models iaas paas saas responsibility public-private hybrid
        aws-history public-iaas private-iaas openstack public-paas private-paas demo-ec2
        demo-lambda gartner gartner-nine""",
    "containers": """containers: vm-pros-cons idea vs-vm in-cloud system-process ephemeral engines
        lxc rkt docker-short podman demo-podman os-classic os-philosophy os-list os-coreos
        os-rancheros os-atomic os-photon linux namespaces cgroups cow orchestration-why
        microservices iac scaling orchestrators k8s-vs-swarm-first""",
    "docker": """docker: history oci promise layers registry container-layer volumes volume-drivers
        networks ports discovery build dockerfile ship run demo-dockercoins""",
    "orchestration": """orch: axes compose compose-use demo-compose swarm swarm-features
        swarm-nodes swarm-services demo-swarm k8s-project cncf k8s-releases kubecon k8s-objects
        k8s-namespaces k8s-pods k8s-deployments k8s-daemonsets k8s-statefulsets k8s-services
        demo-k8s terms features""",
    "caas": """caas: definition how fit change vs layers uses providers demo-ecs demo-eks
        benefit-deploy benefit-scale benefit-portable benefit-cost benefit-devops limit-security
        limit-orchestrator limit-storage""",
    "migration": """mig: goals skills governance security collect workload platform tooling plans
        environment automate checklist tests cutover bp-security bp-monitoring bp-storage
        bp-network bp-lifecycle bp-orchestration""",
}


def _course(chapter: str) -> list[str]:
    prefix, names = COURSE[chapter].split(":")
    return [f"{prefix}.{name}" for name in names.split()]


def test_the_course_has_132_topics() -> None:
    """The fixture itself is whole: six chapters, 132 topics."""
    counts = {chapter: len(_course(chapter)) for chapter in COURSE}
    assert counts == {
        "cloud": 26,
        "containers": 29,
        "docker": 16,
        "orchestration": 23,
        "caas": 18,
        "migration": 20,
    }
    assert sum(counts.values()) == 132


def test_the_syllabus_is_the_course() -> None:
    """Every topic of the course is in the syllabus, once, in the course's order."""
    for chapter in CHAPTERS:
        assert [topic.id for topic in chapter.topics] == _course(chapter.id)
    assert [chapter.id for chapter in CHAPTERS] == list(COURSE)


def test_every_demonstration_is_marked() -> None:
    """A topic is a demonstration by kind exactly when its name says so."""
    demos = {name for name, topic in TOPICS.items() if topic.kind == "demo"}
    assert demos == {name for name in TOPICS if ".demo-" in name}
    assert len(demos) == 9


def test_every_entry_resolves() -> None:
    """Each topic that is taught names a page and a heading that exist; the others say null."""
    assert syllabus.faults(CHAPTERS, paths.BOOK) == []


def test_chapter_pages_say_what_the_syllabus_says() -> None:
    """Status and tables are up to date (python -m tools.sphinx.syllabus --write)."""
    for page, text in syllabus.chapter_pages(CHAPTERS, paths.BOOK).items():
        assert page.read_text(encoding="utf-8") == text, page


def test_notebooks_and_syllabus_agree() -> None:
    """A published notebook declares exactly the topics for which the syllabus names it."""
    toc = yaml.safe_load((paths.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    for file in paths.BOOK.rglob("*.ipynb"):
        page = file.relative_to(paths.BOOK).with_suffix("").as_posix()
        if f'"{page}"' not in json.dumps(toc):
            continue
        declared = nbformat.read(file, as_version=4).metadata["labs"].get("topics", [])
        sent = [
            name for name, topic in TOPICS.items() if (topic.taught or "").split("#")[0] == page
        ]
        assert sorted(declared) == sorted(sent), page


# -- the resolver itself


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A small book: one notebook with headings and a fenced `#`, one chapter page."""
    (tmp_path / "docker").mkdir()
    cells = [
        nbformat.v4.new_markdown_cell("# Run a container\n\n## Stop, or kill?"),
        nbformat.v4.new_markdown_cell("```\n# not a heading\n```\n\n## `docker rm`\n\n#### deep"),
        nbformat.v4.new_code_cell("# not a heading either"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "docker" / "010-run.ipynb")
    marks = "".join(
        f"<!-- written from syllabus.yml: {part} -->\nold\n<!-- end of {part} -->\n"
        for part in ("status", "table")
    )
    (tmp_path / "docker" / "index.md").write_text(f"# Docker\n\n{marks}tail\n")
    return tmp_path


def _chapter(taught: str | None) -> syllabus.Chapter:
    topics = (
        syllabus.Topic("docker.run", "Run | stop", taught),
        syllabus.Topic("docker.ship", "Ship", None),
    )
    return syllabus.Chapter("docker", "Docker", topics)


def test_sections_are_headings_only(book: Path) -> None:
    """Anchors come from headings down to the third level, not from code or fences."""
    found = syllabus.sections(book / "docker" / "010-run.ipynb")
    assert found == {
        "run-a-container": "Run a container",
        "stop-or-kill": "Stop, or kill?",
        "docker-rm": "`docker rm`",
    }


@pytest.mark.parametrize(
    ("taught", "said"),
    [
        ("docker/011-run#stop-or-kill", "no page 'docker/011-run'"),
        ("docker/010-run#stop", "no section 'stop'"),
        ("docker/010-run", "no section ''"),
    ],
)
def test_a_dangling_entry_is_a_fault(book: Path, taught: str, said: str) -> None:
    """A missing page, a missing section and a bare page are each said to be faults."""
    (fault,) = syllabus.faults([_chapter(taught)], book)
    assert said in fault
    assert fault.startswith("docker.run: ")


def test_an_entry_without_taught_is_refused() -> None:
    """Silence is no status: a topic must say `taught: null`."""
    raw = {"chapters": [{"id": "x", "title": "X", "topics": [{"id": "x.a", "title": "A"}]}]}
    with pytest.raises(TypeError, match="taught"):
        syllabus.read(yaml.safe_dump(raw))


def test_a_chapter_page_is_written_from_the_syllabus(book: Path) -> None:
    """Status and table link to the section by its heading; the rest of the page stays."""
    chapter = _chapter("docker/010-run#stop-or-kill")
    ((page, text),) = syllabus.chapter_pages([chapter], book).items()
    assert page == book / "docker" / "index.md"
    assert "1 of this chapter's 2 topics are written" in text
    assert "- [Run a container](010-run.ipynb)" in text
    assert r"| Run \| stop | [Stop, or kill?](010-run.ipynb#stop-or-kill) |" in text
    assert "| Ship | not written yet |" in text
    assert "old" not in text
    assert text.endswith("tail\n")


def test_an_unwritten_chapter_says_so(book: Path) -> None:
    """A chapter without a written topic carries that on its page."""
    ((_page, text),) = syllabus.chapter_pages([_chapter(None)], book).items()
    assert "**Not written yet.**" in text


def test_the_command_writes_and_then_is_content(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Checking names the stale page; after --write there is nothing to say."""
    topics = [{"id": "docker.run", "title": "Run", "taught": None}]
    raw = {"chapters": [{"id": "docker", "title": "Docker", "topics": topics}]}
    (book / "syllabus.yml").write_text(yaml.safe_dump(raw))
    assert syllabus.main([], book) == 1
    assert "behind the syllabus" in capsys.readouterr().err
    assert syllabus.main(["--write"], book) == 0
    assert syllabus.main([], book) == 0
