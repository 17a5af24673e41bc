"""A registry's log is read as it is written; a push and its figure say what crossed the wire."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.analysis.shipping import brought, fetched, found_there, mounted, read_log
from helpers.drivers.registries import Registry
from helpers.errors import LabError
from helpers.records.shipping import Answer, Request, Traits, Transfer
from helpers.views import shipping as figures

A, B, C, D = (f"sha256:{letter * 64}" for letter in "abcd")
AGENT = '"" "docker/28.5.2 go/go1.27 UpstreamClient(Docker-Client/28.5.2 \\\\(linux\\\\))"'


def line(method: str, target: str, status: int) -> str:
    """A line of the access log."""
    when = "[28/Nov/2026:20:24:00 +0000]"
    return f'172.17.0.1 - - {when} "{method} {target} HTTP/1.1" {status} 0 {AGENT}'


def escaped(digest: str) -> str:
    """A digest as Docker's classic stores write it into a query."""
    return digest.replace(":", "%3A")


# What three kinds of engines have written, in one.
LOG = "\n".join(
    [
        f'time="2026-11-28T20:24:00Z" level=info msg="x" uri="/v2/shop/blobs/{D}" status=200',
        line("HEAD", f"/v2/shop/blobs/{A}", 200),
        line("HEAD", f"/v2/shop/blobs/{B}", 404),
        line("POST", "/v2/shop/blobs/uploads/", 202),
        line("PATCH", "/v2/shop/blobs/uploads/1?_state=x%3D%3D", 202),
        line("PUT", f"/v2/shop/blobs/uploads/1?_state=x&digest={escaped(B)}", 201),
        line("HEAD", f"/v2/shop/blobs/{B}", 200),
        line("POST", f"/v2/shop/blobs/uploads/?from=till&mount={escaped(C)}", 201),
        line("HEAD", f"/v2/shop/blobs/{C}", 200),
        line("POST", f"/v2/shop/blobs/uploads/?mount={D}&from=till", 202),
        line("PUT", "/v2/shop/manifests/1", 201),
    ]
)


def test_a_push_is_read() -> None:
    """Sent, taken over, there already: each blob in one of them, refused mounts in none."""
    requests = read_log(LOG)
    assert len(requests) == 10
    assert brought(requests) == (B,)
    assert mounted(requests) == (C,)
    assert found_there(requests) == (A,)
    assert fetched(requests) == ()


def test_a_pull_is_read() -> None:
    """What was got counts, what was not there does not, and nothing twice."""
    got = line("GET", f"/v2/shop/blobs/{A}", 200)
    assert fetched(read_log(f"{got}\n{got}\n{line('GET', f'/v2/shop/blobs/{B}', 404)}")) == (A,)


def test_other_lines_are_no_requests() -> None:
    """Nothing is made of what a registry says besides."""
    assert read_log("listening on [::]:5000\n\n") == ()


class FakeContainer:
    """A registry's container: its counters and its log."""

    name = "registry"

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.received = 100

    def exec_run(self, argv: list[str]) -> Any:
        said = b"4711\t/blobs\n" if argv[0] == "du" else f"{self.received}\n7\n".encode()
        return type("Done", (), {"exit_code": 0, "output": said})

    def logs(self, **_streams: bool) -> bytes:
        return "\n".join(self.lines).encode()


class Deaf(Registry):
    """A registry that logs what it is asked, without a network."""

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> Answer:
        assert isinstance(self.container, FakeContainer)
        self.container.lines.append(line(method, f"/v2/{path}", 200))
        return Answer(200, {"docker-content-digest": A}, b'{"manifests": [{"digest": "x"}]}')


def test_what_crosses_within_is_measured() -> None:
    """Requests before and after do not count, nor do those that find the place in the log."""
    container: Any = FakeContainer()
    registry = Deaf(container, 1)
    container.lines.append(line("GET", "/v2/before", 200))
    with registry.watch("a push"):
        container.received += 50
        container.lines.append(line("PUT", "/v2/shop/manifests/1", 201))
    container.lines.append(line("GET", "/v2/after", 200))
    transfer = Transfer("a push", 50, 0, (Request("PUT", "/v2/shop/manifests/1", {}, 201),))
    assert registry.transfers == [transfer]
    assert registry.stored() == 4711


def test_an_index_and_what_it_lists() -> None:
    """Whoever deletes an image of a newer engine has to name all of it."""
    assert Deaf(FakeContainer(), 1).manifests("shop", "1") == (A, "x")  # type: ignore[arg-type]


def test_no_registry_no_answer() -> None:
    """Nothing answers at a port where nobody listens, and the error tells where to look."""
    container: Any = FakeContainer()
    with pytest.raises(LabError, match=r"port 1 .*(?s:.)*docker logs registry"):
        Registry(container, 1).ask("GET", "")


def push(what: str, received: int) -> Transfer:
    """A push of so many bytes."""
    return Transfer(what, received, 10, read_log(LOG))


@pytest.mark.parametrize(
    ("second", "title"),
    [
        (17_500, "Only the first push is heavy: 9.12 MB"),
        (9_000_000, "Bytes that the registry received"),
    ],
)
def test_the_figure_says_what_was_measured(second: int, title: str) -> None:
    """Its title is no promise: where the second push is heavy too, it does not say otherwise."""
    plot = figures.pushes([push("one", 9_120_000), push("two", second)])
    spec = plot.as_json()
    assert spec["layout"]["title"]["text"] == title
    assert plot.alt.startswith(f"{title}. one: 9.12 MB. two: ")
    assert spec["data"][0]["x"] == [9.12, second / 1_000_000]


def test_a_push_as_a_table() -> None:
    """Each kind of blob that occurred, with its count."""
    table = figures.requests(push("one", 9_120_000))
    assert table.caption == "one: 10 requests, 9.12 MB in, 10 B out"
    assert [row[1] for row in table.rows] == ["1", "1", "1"]


def test_ways_are_compared_with_the_first() -> None:
    """Kept, other or none, and whose name came along."""
    before = Traits("sha256:1", ("a", "b"), 5, ("sh",), ("A=1",), ("shop:1",))
    flat = Traits("sha256:2", ("c",), 1, (), ("A=2",), ())
    table = figures.ways({"before": before, "flat": flat}, {"flat": 1000}, "What came back")
    by = {row[0]: row[1:] for row in table.rows}
    assert by["archive"] == ("–", "1 kB")
    assert by["layers"] == ("2", "1")
    assert by["`CMD`"] == ("there", "**none**")
    assert by["`ENV`"] == ("there", "**other**")
    assert by["name it comes with"] == ("yes", "none")
    assert by["id"] == ("–", "another")
