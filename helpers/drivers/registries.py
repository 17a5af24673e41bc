"""A registry in a container: ask it by HTTP, read its log, see what crosses its network card."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, Final

from helpers.analysis.shipping import read_log
from helpers.drivers.engine import engine_errors
from helpers.errors import LabError
from helpers.records.shipping import Answer, Request, Transfer
from helpers.text import _
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from docker.models.containers import Container

# Whoever names no kind gets the oldest one, converted: then its digest is another.
KINDS: Final = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
BLOBS: Final = "/var/lib/registry/docker/registry/v2/blobs"
_COUNTERS: Final = "/sys/class/net/eth0/statistics"


class Registry:
    """A registry that answers on `port` of 127.0.0.1, and the container that it runs in."""

    def __init__(self, container: Container, port: int) -> None:
        self.container = container
        self.port = port
        self._read = 0  # how many requests of its log were told of
        self.transfers: list[Transfer] = []

    # -- HTTP

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> Answer:
        """Send one request for `/v2/` + `path`. Raises LabError where nothing answers.

        kind: of the body; without one, what the answer may be.
        """
        headers = {"Content-Type": kind} if kind else {"Accept": KINDS}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, f"/v2/{path}", body or None, headers)
            reply = connection.getresponse()
            named = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, named, reply.read())
        except (OSError, HTTPException) as error:
            raise LabError(
                _("The registry on port {port} does not answer: {why}.").format(
                    port=self.port, why=error
                ),
                remedy=_("`docker logs {name}` tells more.").format(name=self.container.name),
            ) from error
        finally:
            connection.close()

    def wait(self) -> None:
        """Return when it answers, be it that one has to log in. Raises TimedOut."""

        def answers() -> int:
            try:
                return self.ask("GET", "").status
            except LabError:
                return 0

        wait_until(answers, lambda status: status in (200, 401), what=_("the registry's answer"))

    def json(self, path: str) -> Any:
        """Return what `/v2/` + `path` answers, as JSON."""
        return json.loads(self.ask("GET", path).body)

    def digest(self, repository: str, reference: str) -> str:
        """Return which manifest a tag stands for; empty where there is none."""
        answer = self.ask("HEAD", f"{repository}/manifests/{reference}")
        return answer.headers.get("docker-content-digest", "") if answer.status == 200 else ""

    def manifests(self, repository: str, reference: str) -> tuple[str, ...]:
        """Return the digest of a manifest, and of those that it lists if it is an index."""
        answer = self.ask("GET", f"{repository}/manifests/{reference}")
        listed = json.loads(answer.body).get("manifests", []) if answer.status == 200 else []
        own = answer.headers.get("docker-content-digest", "")
        return (own, *(str(each["digest"]) for each in listed))

    # -- what it has, and what crosses its network card

    def stored(self) -> int:
        """Return how many bytes its blobs are."""
        return int(self._told("du", "-sb", BLOBS).split()[0])

    @contextmanager
    def watch(self, what: str) -> Iterator[None]:
        """Measure what crosses the network card within; it is then the last of `transfers`."""
        self._requests()
        before = self._counters()
        yield
        after = self._counters()
        received, sent = (b - a for a, b in zip(before, after, strict=True))
        self.transfers.append(Transfer(what, received, sent, self._requests()))

    def _counters(self) -> tuple[int, int]:
        """Return how many bytes its network card has received and sent so far."""
        told = self._told("cat", f"{_COUNTERS}/rx_bytes", f"{_COUNTERS}/tx_bytes").split()
        return int(told[0]), int(told[1])

    def _requests(self) -> tuple[Request, ...]:
        """Return the requests that were logged since the last time."""
        mark = secrets.token_hex(8)  # a request of our own: what came before it is in the log
        self.ask("GET", f"?mark={mark}")

        def log() -> str:
            with engine_errors():
                return self.container.logs(stdout=True, stderr=True).decode("utf-8", "replace")

        text = wait_until(log, lambda seen: f"mark={mark} HTTP" in seen, what=_("the log"))
        requests = tuple(each for each in read_log(text) if "mark" not in each.query)
        new, self._read = requests[self._read :], len(requests)
        return new

    def _told(self, *argv: str) -> str:
        with engine_errors():
            done = self.container.exec_run([*argv])
        said = done.output.decode("utf-8", "replace") if isinstance(done.output, bytes) else ""
        if done.exit_code != 0:
            raise LabError(
                _("`{command}` in the registry: {said}").format(
                    command=" ".join(argv), said=said.strip()
                )
            )
        return said
